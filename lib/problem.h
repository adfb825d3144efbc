/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that can be wrong with a file system: one row of one table each. */
#ifndef PROBLEM_H
#define PROBLEM_H

#include "famfs.h"

enum problem {
	PROBLEM_SB_MAGIC,
	PROBLEM_SB_VERSION,
	PROBLEM_SB_CRC,
	PROBLEM_ALLOC_UNIT,
	PROBLEM_OMF_VERSION,
	PROBLEM_LOG_OFFSET,
	PROBLEM_LOG_LEN,
	PROBLEM_DD_SIZE,
	PROBLEM_DD_SIZE_SMALL,
	PROBLEM_LOG_REWRITE,
	PROBLEM_LOG_MAGIC,
	PROBLEM_LOG_HEADER_CRC,
	PROBLEM_LAST_INDEX,
	PROBLEM_NEXT_INDEX_RANGE,
	PROBLEM_NEXT_SEQNUM,
	PROBLEM_TORN_TAIL,
	PROBLEM_ENTRY_SEQNUM,
	PROBLEM_ENTRY_CRC,
	PROBLEM_ENTRY_TYPE,
	PROBLEM_PATH_UNTERMINATED,
	PROBLEM_PATH_EMPTY,
	PROBLEM_PATH_ABSOLUTE,
	PROBLEM_PATH_ESCAPE,
	PROBLEM_PATH_DOT,
	PROBLEM_PATH_META,
	PROBLEM_PATH_META_DIR,
	PROBLEM_PATH_UTF8,
	PROBLEM_PATH_CONTROL,
	PROBLEM_PATH_DUPLICATE,
	PROBLEM_PATH_NO_PARENT,
	PROBLEM_PATH_UNDER_FILE,
	PROBLEM_MODE,
	PROBLEM_SIZE_ZERO,
	PROBLEM_EXT_TYPE,
	PROBLEM_NEXTENTS_RANGE,
	PROBLEM_NSTRIPS_RANGE,
	PROBLEM_CHUNK_SIZE,
	PROBLEM_DEVINDEX,
	PROBLEM_EXTENT_ZERO_OFFSET,
	PROBLEM_EXTENT_MISALIGNED,
	PROBLEM_EXTENT_OVERFLOW,
	PROBLEM_EXTENT_BEYOND_DEVICE,
	PROBLEM_EXTENT_SHORT,
	PROBLEM_OVERLAP_META,
	PROBLEM_OVERLAP,
	PROBLEM_FMAP_REJECTED,
	PROBLEM_FMAP_UNSAFE,
	PROBLEM_DAXDEV_INDEX,
	PROBLEM_DAXDEV_UUID,
	PROBLEM_MEDIA_ERROR,
	PROBLEM_MEDIA_ERROR_FREE,
	PROBLEM_NR
};

/* What a finding's numbers mean, so that they can be put into words. */
enum problem_values {
	PROBLEM_PLAIN,    /* nothing */
	PROBLEM_FOUND,    /* value */
	PROBLEM_HEX,      /* value and expected, as magic numbers and checksums are written */
	PROBLEM_EXPECTED, /* value and expected */
	PROBLEM_RANGE,    /* off and len: an extent */
	PROBLEM_PARTY,    /* range, other entry and more */
	PROBLEM_K_BITS,   /* value: bit set of kernel checks */
	PROBLEM_U_BITS,   /* value: bit set of dangers */
};

/* One row of the table. @remedy, @done: what a repair does, and what it has done; or NULL. */
struct problem_row {
	const char *code;
	enum famfs_severity severity;
	enum problem_values values;
	const char *text;
	enum famfs_repair_kind repair;
	const char *remedy;
	const char *done;
};

const struct problem_row *problem_row(enum problem problem);

/* A finding as it is kept: without texts, which are made when somebody asks. */
struct problem_rec {
	uint32_t entry; /* PROBLEM_NO_ENTRY: none */
	uint16_t problem;
	uint64_t off, len;
	uint64_t value, expected;
	uint64_t other; /* entry, or FAMFS_NONE */
	uint64_t more;
};

#define PROBLEM_NO_ENTRY UINT32_MAX

struct problem_list {
	struct problem_rec *recs;
	uint64_t nr, cap;
	bool failed; /* memory ran out: something is missing */
};

void problem_add(struct problem_list *list, struct problem_rec rec);
/* Moves everything of @from to the end of @to. */
void problem_move(struct problem_list *to, struct problem_list *from);
/* Superblock and log header first, then by entry. */
void problem_sort(struct problem_list *list);
void problem_fini(struct problem_list *list);

/* Everything of a finding but the paths. */
void problem_render(const struct problem_rec *rec, struct famfs_finding *ret_finding);

#endif
