/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the repair. Everything is tried on a copy of superblock and log in this process's
 * memory: check it, mend what may be mended, check again, until nothing more can be done. Only then
 * is the difference stored to the device. So what a repair leaves is what a check has seen.
 */
#ifndef REPAIR_IMPL_H
#define REPAIR_IMPL_H

#include "check_impl.h"
#include "dev.h"
#include "log.h"
#include "names.h"
#include "problem.h"
#include "space.h"

#define REPAIR_NO_SLOT UINT32_MAX

/* Blank slots before entries, or behind them but counted, that are dealt with in any case. */
#define REPAIR_BLANK_MAX 8192

/* What has been decided about a finding. */
enum repair_decision { REPAIR_OPEN, REPAIR_YES, REPAIR_NO };

/* A finding as it was first seen; @rec.entry is the slot on the device. */
struct repair_item {
	struct problem_rec rec;
	char *path, *other_path; /* as they were when it was found; NULL: none */
	uint32_t next;           /* of the same slot, or REPAIR_NO_SLOT */
	uint8_t kind;            /* enum famfs_repair_kind */
	uint8_t decision;
	uint8_t round;
	bool left; /* the last check found it still */
};

/* A slot of the copy: where its entry comes from, and the findings about it. */
struct repair_slot {
	uint32_t origin; /* slot on the device, or REPAIR_NO_SLOT for an entry that was made */
	uint32_t items;  /* the first, or REPAIR_NO_SLOT */
	bool removed;    /* leaves with the end of this round */
	bool sealed;     /* whole, though its number or checksum is not right yet */
	bool renamed;    /* in this round */
};

/* An entry that will be put before slot @before. */
struct repair_insert {
	uint32_t before;
	struct repair_slot slot;
	struct fm_entry raw;
};

/* What is believed of the file system's frame. */
struct repair_head {
	bool super_crc_ok; /* as it is on the device */
	bool super_proved; /* its checksum fits once fields with one right value have it */
	struct fm_super proved;
	bool header_ok;    /* magic and checksum of the log header */
	uint64_t log_len;  /* or 0: cannot be told */
	bool log_len_sure; /* a checksum speaks for it */
	bool evidence;     /* there was a file system here */
};

/* What the entries on the device say, up to the last one that validates. */
struct repair_facts {
	uint64_t valid;      /* how many validate, with the right number */
	uint64_t first_byte; /* of all files; UINT64_MAX: there are none */
	bool misfit;         /* some file does not end on the device */
	bool misfit_behind;  /* one that counts if an entry behind it validates */
};

struct famfs_repair {
	struct famfs_ctx *ctx;
	struct famfs_repair_opts opts;
	char *undo_name;
	char *undo_made; /* the undo file that was written */
	struct dev *dev;
	struct famfs_err refusal; /* rc != 0: why nothing may be stored */

	/* The device as it was found. */
	struct fm_super super;
	struct fm_log header;
	uint64_t nr;    /* slots that were read */
	uint64_t *sums; /* of each batch of them, to know a change by */
	struct names_key sums_key;
	uint64_t counted;   /* entries by the header, as far as it can be believed */
	uint64_t valid_end; /* behind the last entry that validates */
	struct repair_facts facts;
	struct famfs_check_summary before, after;

	/* The copy: an image in memory. */
	struct dev *copy;
	struct repair_slot *slots;
	uint64_t slots_nr; /* as many as the log has or will have entries, counted or not */

	struct repair_head head;
	struct repair_item *items;
	uint64_t items_nr, items_cap;
	uint32_t head_items; /* the first that is about no slot */
	uint32_t head_newest
		[PROBLEM_NR]; /* of them, the last noted; there may be as many as slots */
	unsigned int round;
	bool crowded; /* the log had no room for a directory that is missing */
	bool move_up; /* what lies in such a directory moves into one that is there */
	bool asked;   /* something was agreed to */

	/* One round. */
	struct famfs_check *check;
	struct names names; /* see repair_find.c */
	uint32_t *same;     /* for each slot: the next that had the same name, or none */
	uint64_t unique;    /* number for the next name that must be unique */
	struct space kept;  /* taken by entries that stay */
	struct repair_insert *inserts;
	uint64_t inserts_nr, inserts_cap;
	uint64_t cut; /* slots from here on go */

	struct famfs_repair_change *changes;
	uint64_t changes_nr, changes_next;
	uint64_t next; /* item that comes next */
	bool committed;
};

/* One entry in the works. */
struct repair_fix {
	struct famfs_repair *rep;
	uint64_t slot;
	const struct problem_rec *recs; /* the round's findings about it */
	uint64_t nr;
	struct fm_entry *raw; /* in the copy */
	bool altered, removed;
};

/* Entries that are put in are known by numbers behind all slots. */
#define REPAIR_INSERT_REF (1ULL << 30)

/* A name that is looked for, among entries that stay and come before @before. */
struct repair_wanted {
	const char *path;
	size_t len;
	uint64_t before;
	uint64_t but; /* not this slot */
};

struct repair_found {
	uint64_t slot; /* or REPAIR_INSERT_REF + number */
	bool dir;
};

/* repair_copy.c */
int repair_copy_make(struct famfs_repair *rep, struct famfs_err *err);
void repair_copy_free(struct famfs_repair *rep);
/* Is the device still what was copied? Return: 0, -ESTALE, -EIO. */
int repair_copy_is_current(struct famfs_repair *rep, struct famfs_err *err);
struct fm_super *repair_super(struct famfs_repair *rep);
struct fm_log *repair_header(struct famfs_repair *rep);
struct fm_entry *repair_entry(struct famfs_repair *rep, uint64_t slot);
/* A slot as it is on the device; zeros behind those that were read. Return: 0, -EIO. */
int repair_original(const struct famfs_repair *rep, uint64_t slot, struct fm_entry *ret_raw,
		    struct famfs_err *err);

/* repair_rebuild.c */
/* Takes out what goes and puts in what comes; numbers and checksums become right. */
int repair_copy_rebuild(struct famfs_repair *rep, struct famfs_err *err);

/* repair_item.c */
int repair_note(struct famfs_repair *rep, const struct problem_rec *rec, struct famfs_err *err);
/* May it be mended? Asks when nobody has said so yet. Return: 1, 0, -errno. */
int repair_may(struct famfs_repair *rep, const struct problem_rec *rec, struct famfs_err *err);
void repair_item_render(struct famfs_repair *rep, const struct repair_item *item,
			struct famfs_finding *ret_finding);
void repair_items_init(struct famfs_repair *rep);
/* Marks what @check still finds. */
void repair_mark_left(struct famfs_repair *rep, struct famfs_check *check);
void repair_items_free(struct famfs_repair *rep);
/* For an item about to be kept: what can be done about it here and now. */
enum famfs_repair_kind repair_head_kind(const struct famfs_repair *rep, enum problem problem);

/* repair_head.c: superblock and log header. Return: 1 something changed, 0, -errno. */
void repair_head_judge(struct famfs_repair *rep);
int repair_head_fix(struct famfs_repair *rep, struct famfs_err *err);

/* repair_entry.c: the entries, one round. Return: 1 something changed, 0, -errno. */
int repair_entries_fix(struct famfs_repair *rep, struct famfs_err *err);
/* Is one of the round's findings about it of this problem, and may it be mended? */
int repair_fix_may(struct repair_fix *fix, enum problem problem, struct famfs_err *err);
bool repair_fix_has(const struct repair_fix *fix, enum problem problem);

/* repair_map.c: what a file can reach. Return: 0, -errno. */
int repair_fix_map(struct repair_fix *fix, struct famfs_err *err);
int repair_fix_overlap(struct repair_fix *fix, struct famfs_err *err);

/* repair_find.c: names of the entries that stay, in one round. Return: 0, -ENOMEM. */
int repair_names_begin(struct famfs_repair *rep, struct famfs_err *err);
void repair_names_end(struct famfs_repair *rep);
/* Notes a name that no entry has yet. */
int repair_add_name(struct famfs_repair *rep, const char *path, uint64_t ref,
		    struct famfs_err *err);
/* The first entry that has the name, and comes before @want->before. */
bool repair_find(struct famfs_repair *rep, const struct repair_wanted *want,
		 struct repair_found *ret_found);

/* repair_name.c */
int repair_fix_name(struct repair_fix *fix, struct famfs_err *err);

/* repair_change.c: what became of the entries. */
int repair_changes(struct famfs_repair *rep, struct famfs_err *err);

/* repair_store.c: the difference to the device. */
int repair_store(struct famfs_repair *rep, struct famfs_err *err);

#endif
