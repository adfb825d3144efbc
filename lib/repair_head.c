/* SPDX-License-Identifier: Apache-2.0 */
/* Mending the superblock and the log header. */
#include <stdio.h>
#include <string.h>
#include <uuid/uuid.h>

#include "err.h"
#include "repair_impl.h"
#include "role.h"

/* A header of a log of this length: does the checksum on the device speak for it? */
static bool header_sum_fits(const struct famfs_repair *rep, uint64_t len)
{
	const struct media_log log = { .len = len, .last_index = media_log_slots(len) - 1 };
	struct fm_log raw;

	media_log_encode(&log, &raw);
	return le64_get(raw.fm_crc) == le64_get(rep->header.fm_crc);
}

/* Could the log be this long? Room for a file behind it, and for the entries in it. */
static bool len_is_possible(const struct famfs_repair *rep, uint64_t len, uint64_t limit)
{
	uint64_t end;

	return media_log_slots(len) && media_log_slots(len) < UINT32_MAX &&
	       !__builtin_add_overflow(FAMFS_LOG_OFF, len, &end) && end <= limit &&
	       end <= rep->dev->size && rep->dev->size - end >= FAMFS_AU &&
	       media_log_slots(len) >= rep->valid_end;
}

struct len_claim {
	uint64_t len;
	bool sure;
};

/* The shortest of the best claims that is possible: as readers take it. */
static bool pick(struct famfs_repair *rep, const struct len_claim *claims, size_t nr,
		 uint64_t limit)
{
	const struct len_claim *best = NULL;

	for (size_t i = 0; i < nr; i++) {
		const struct len_claim *claim = &claims[i];

		/* mkfs makes whole units; other lengths must have a checksum for them. */
		if (!len_is_possible(rep, claim->len, limit) ||
		    (!claim->sure && claim->len % FAMFS_AU))
			continue;
		if (!best || claim->sure > best->sure ||
		    (claim->sure == best->sure && claim->len < best->len))
			best = claim;
	}
	if (!best)
		return false;
	rep->head.log_len = best->len;
	rep->head.log_len_sure = best->sure;
	return true;
}

/*
 * A claim under a checksum, else one that the header's checksum speaks for, else what is written
 * there, else up to the first file.
 */
static void find_log_len(struct famfs_repair *rep)
{
	uint64_t in_super = le64_get(rep->super.fm_log_len),
		 in_header = le64_get(rep->header.fm_len);
	/* The log ends where a file begins, at the latest. */
	uint64_t first = rep->facts.first_byte;
	struct len_claim claims[64], last;
	size_t nr = 0;

	claims[nr++] = (struct len_claim){ in_super, rep->head.super_crc_ok };
	claims[nr++] = (struct len_claim){ in_header,
					   rep->head.header_ok || header_sum_fits(rep, in_header) };
	claims[1].sure |= in_header == in_super;
	claims[0].sure |= in_header == in_super || header_sum_fits(rep, in_super);
	for (uint64_t len = FAMFS_AU; len < 1ULL << 40 && nr < 60; len *= 2) {
		if (header_sum_fits(rep, len))
			claims[nr++] = (struct len_claim){ len, true };
	}
	if (pick(rep, claims, nr, first) || pick(rep, claims, nr, UINT64_MAX))
		return;
	last = (struct len_claim){ first == UINT64_MAX ? FAMFS_LOG_LEN_DEFAULT
						       : first - FAMFS_LOG_OFF,
				   false };
	(void)pick(rep, &last, 1, UINT64_MAX);
}

/* Fields that have one right value get it: does the checksum then fit what is there? */
static bool prove_super(struct famfs_repair *rep)
{
	const uint64_t lens[] = { le64_get(rep->super.fm_log_len), rep->head.log_len };
	const uint64_t units[] = { le64_get(rep->super.fm_alloc_unit), FAMFS_AU };
	const uint64_t versions[] = { MEDIA_OMF_MAJOR, MEDIA_OMF_MINOR };

	for (unsigned int i = 0; i < 8; i++) {
		struct fm_super raw = rep->super;

		raw.fm_magic = le64_of(MEDIA_SUPER_MAGIC);
		raw.fm_version = le64_of(FAMFS_VERSION);
		raw.fm_log_offset = le64_of(FAMFS_LOG_OFF);
		raw.fm_log_len = le64_of(lens[i & 1]);
		raw.fm_alloc_unit = le64_of(units[i >> 1 & 1]);
		if (i >> 2 & 1) {
			raw.fm_omf_major = le32_of((uint32_t)versions[0]);
			raw.fm_omf_minor = le32_of((uint32_t)versions[1]);
		}
		if (media_super_crc_ok(&raw)) {
			rep->head.proved = raw;
			return true;
		}
	}
	return false;
}

void repair_head_judge(struct famfs_repair *rep)
{
	struct repair_head *head = &rep->head;
	bool magic_ok = le64_get(rep->header.fm_magic) == MEDIA_LOG_MAGIC;

	/* Of another version, the fields lie elsewhere, whatever the checksum. */
	head->super_crc_ok = le64_get(rep->super.fm_magic) == MEDIA_SUPER_MAGIC &&
			     le64_get(rep->super.fm_version) == FAMFS_VERSION &&
			     media_super_crc_ok(&rep->super);
	head->header_ok = magic_ok && media_log_crc_ok(&rep->header);
	find_log_len(rep);
	head->super_proved = prove_super(rep);
	if (head->super_crc_ok) {
		head->super_proved = true;
		head->proved = rep->super;
	}
	head->evidence = head->super_proved || head->header_ok || rep->valid_end > 0;
}

/* Nobody with a right checksum says another length than the one to be written. */
static bool lengths_agree(const struct famfs_repair *rep)
{
	const struct repair_head *head = &rep->head;

	return head->super_crc_ok && le64_get(rep->super.fm_log_len) == head->log_len &&
	       (!head->header_ok || le64_get(rep->header.fm_len) == head->log_len);
}

enum famfs_repair_kind repair_head_kind(const struct famfs_repair *rep, enum problem problem)
{
	enum famfs_repair_kind kind = problem_row(problem)->repair;
	const struct repair_head *head = &rep->head;

	switch (problem) {
	case PROBLEM_SB_VERSION:
		return head->super_proved ? kind : FAMFS_REPAIR_NONE;
	case PROBLEM_SB_MAGIC:
	case PROBLEM_SB_CRC:
	case PROBLEM_LOG_OFFSET:
	case PROBLEM_ALLOC_UNIT:
		return head->evidence && head->log_len ? kind : FAMFS_REPAIR_NONE;
	case PROBLEM_LOG_REWRITE:
	case PROBLEM_LOG_LEN:
		return head->log_len ? kind : FAMFS_REPAIR_NONE;
	case PROBLEM_LOG_MAGIC:
	case PROBLEM_LOG_HEADER_CRC:
	case PROBLEM_LAST_INDEX:
		if (!head->log_len)
			return FAMFS_REPAIR_NONE;
		/* The entries are all good up to where they end: one way to count them. */
		return lengths_agree(rep) && rep->facts.valid == rep->valid_end ? kind
										: FAMFS_REPAIR_ASK;
	case PROBLEM_DD_SIZE:
		/* Where the log leaves no room for a file, no size is right. */
		if (rep->dev->size < rep->check->data_off + FAMFS_AU)
			return FAMFS_REPAIR_NONE;
		/* Files beyond the real end: a reason to look for the rest of the device. */
		return rep->facts.misfit ? FAMFS_REPAIR_ASK : kind;
	default:
		return kind;
	}
}

/* Printable, and not longer than its field: what mkfs recorded. */
static bool daxdev_is_text(const char *text)
{
	size_t len = strnlen(text, sizeof(((struct fm_super *)0)->fm_daxdev));

	for (size_t i = 0; i < len; i++) {
		if (text[i] < ' ' || text[i] > '~')
			return false;
	}
	return len > 0 && text[0] == '/';
}

/* A superblock for what is on the device, whose own cannot be believed. */
static int make_super(struct famfs_repair *rep, struct fm_super *ret_raw, struct famfs_err *err)
{
	struct famfs_super super = { .version = FAMFS_VERSION }, old;
	int rc = role_system_uuid(rep->ctx, !(rep->opts.flags & FAMFS_REPAIR_DRY_RUN),
				  super.system_uuid, err);

	/* A dry run makes no identity, and does without. */
	if (rc && !(rep->opts.flags & FAMFS_REPAIR_DRY_RUN))
		return rc;
	media_super_decode(&rep->super, &old);
	super.log_off = FAMFS_LOG_OFF;
	super.log_len = rep->head.log_len;
	super.alloc_unit = FAMFS_AU;
	super.omf_major = MEDIA_OMF_MAJOR;
	super.omf_minor = MEDIA_OMF_MINOR;
	uuid_generate(super.uuid);
	uuid_generate(super.dev_uuid);
	if (rep->opts.uuid)
		memcpy(super.uuid, rep->opts.uuid, sizeof(super.uuid));
	if (rep->opts.dev_uuid)
		memcpy(super.dev_uuid, rep->opts.dev_uuid, sizeof(super.dev_uuid));
	super.dev_size = rep->dev->size;
	if (old.dev_size >= FAMFS_LOG_OFF + super.log_len + FAMFS_AU &&
	    old.dev_size < rep->dev->size && le64_get(rep->super.fm_magic) == MEDIA_SUPER_MAGIC)
		super.dev_size = old.dev_size;
	(void)snprintf(super.daxdev, sizeof(super.daxdev) - 1, "%s",
		       daxdev_is_text(old.daxdev) ? old.daxdev : rep->dev->path);
	media_super_encode(&super, ret_raw);
	return 0;
}

static int fix_super(struct famfs_repair *rep, struct famfs_err *err)
{
	struct fm_super raw = rep->head.proved;

	if (!rep->head.super_proved) {
		int rc = make_super(rep, &raw, err);

		if (rc)
			return rc;
	}
	raw.fm_log_offset = le64_of(FAMFS_LOG_OFF);
	raw.fm_log_len = le64_of(rep->head.log_len);
	if (le64_get(raw.fm_alloc_unit) != 4096)
		raw.fm_alloc_unit = le64_of(FAMFS_AU);
	media_super_seal(&raw);
	*repair_super(rep) = raw;
	return 0;
}

/* Are slots [from, to) of the copy all good? */
static bool slots_are_good(struct famfs_repair *rep, uint64_t from, uint64_t to)
{
	for (uint64_t i = from; i < to; i++) {
		if (i >= rep->slots_nr || !media_entry_ok(repair_entry(rep, i), i))
			return false;
	}
	return true;
}

static void set_counters(struct famfs_repair *rep, uint64_t count)
{
	repair_header(rep)->fm_next_seqnum = le64_of(count);
	repair_header(rep)->fm_next_index = le64_of(count);
}

/* Whether the counters can be believed though the header around them is damaged. */
static bool counters_are_good(struct famfs_repair *rep)
{
	uint64_t index = le64_get(repair_header(rep)->fm_next_index);

	return index && index == le64_get(repair_header(rep)->fm_next_seqnum) &&
	       index <= media_log_slots(rep->head.log_len) && slots_are_good(rep, 0, index);
}

static void fix_header(struct famfs_repair *rep)
{
	const struct media_log log = { .len = rep->head.log_len,
				       .last_index = media_log_slots(rep->head.log_len) - 1 };
	struct fm_log *header = repair_header(rep), raw;

	media_log_encode(&log, &raw);
	raw.fm_next_index = header->fm_next_index;
	raw.fm_next_seqnum = header->fm_next_seqnum;
	*header = raw;
}

/* Entries that are whole and that only one counter has were being published. */
static void fix_counters(struct famfs_repair *rep)
{
	uint64_t index = le64_get(repair_header(rep)->fm_next_index);
	uint64_t seqnum = le64_get(repair_header(rep)->fm_next_seqnum);

	set_counters(rep, seqnum > index && slots_are_good(rep, index, seqnum) ? seqnum : index);
}

static void fix_count(struct famfs_repair *rep, uint64_t expected)
{
	set_counters(rep, expected < rep->slots_nr ? expected : rep->valid_end);
}

/* Only where that is what ails it: a size that is right stays. */
static void fix_dev_size(struct famfs_repair *rep)
{
	repair_super(rep)->fm_dev_size = le64_of(rep->dev->size);
}

static int fix_one(struct famfs_repair *rep, const struct problem_rec *rec, struct famfs_err *err)
{
	switch (rec->problem) {
	case PROBLEM_SB_MAGIC:
	case PROBLEM_SB_VERSION:
	case PROBLEM_SB_CRC:
	case PROBLEM_ALLOC_UNIT:
	case PROBLEM_LOG_OFFSET:
		return fix_super(rep, err);
	case PROBLEM_LOG_LEN:
		fix_header(rep);
		return fix_super(rep, err);
	case PROBLEM_DD_SIZE:
		fix_dev_size(rep);
		return 0;
	case PROBLEM_LOG_MAGIC:
	case PROBLEM_LOG_HEADER_CRC:
		fix_header(rep);
		if (!counters_are_good(rep))
			set_counters(rep, rep->valid_end);
		return 0;
	case PROBLEM_LOG_REWRITE:
	case PROBLEM_LAST_INDEX:
		fix_header(rep);
		return 0;
	case PROBLEM_NEXT_INDEX_RANGE:
		fix_count(rep, rec->expected);
		return 0;
	case PROBLEM_NEXT_SEQNUM:
	case PROBLEM_TORN_TAIL:
		fix_counters(rep);
		return 0;
	default:
		return 0;
	}
}

int repair_head_fix(struct famfs_repair *rep, struct famfs_err *err)
{
	const struct problem_list *list = &rep->check->list;
	int rc;

	/* One at a time: what others say may be different after it. */
	for (uint64_t i = 0; i < list->nr && list->recs[i].entry == PROBLEM_NO_ENTRY; i++) {
		rc = repair_may(rep, &list->recs[i], err);
		if (rc > 0)
			rc = fix_one(rep, &list->recs[i], err) ?: 1;
		if (rc)
			return rc;
	}
	return 0;
}
