/* SPDX-License-Identifier: Apache-2.0 */
/* Running repairs in tests. Include behind image.h. */
#ifndef FAMFS_TESTS_REPAIR_H
#define FAMFS_TESTS_REPAIR_H

/* Who decides: everything, what is safe, or nothing; and how often somebody was asked. */
struct decider {
	bool safe, all;
	unsigned int asked;
};

static inline int decide(void *data, const struct famfs_finding *f)
{
	struct decider *d = data;

	d->asked++;
	CHECK_MSG(f->repair != FAMFS_REPAIR_NONE && f->remedy, "asked about %s", f->code);
	return d->all || (d->safe && f->repair == FAMFS_REPAIR_SAFE);
}

static inline struct famfs_repair *repair_plan(struct famfs_ctx *ctx, struct decider *d,
					       unsigned int flags)
{
	const struct famfs_repair_opts opts = {
		.ask = decide, .data = d, .undo = "a.undo", .flags = flags
	};
	struct famfs_repair *rep = NULL;
	struct famfs_err err = { 0 };

	CHECK_MSG(famfs_repair_new(ctx, "a.img", &opts, &rep, &err) == 0, "repair: %s",
		  err.message);
	return rep;
}

static inline void repair_commit(struct famfs_repair *rep)
{
	struct famfs_err err = { 0 };

	(void)unlink("a.undo");
	CHECK_MSG(famfs_repair_commit(rep, &err) == 0, "commit: %s", err.message);
}

/* Errors that a check finds now. */
static inline uint64_t repair_errors(struct famfs_ctx *ctx)
{
	struct famfs_check *check = NULL;
	uint64_t errors;

	if (!CHECK(famfs_check_new(ctx, "a.img", &check, NULL) == 0))
		return UINT64_MAX;
	errors = famfs_check_summary(check)->errors;
	famfs_check_free(check);
	return errors;
}

/* "a:SIZE b/ ..." in log order. */
static inline const char *repair_listing(struct famfs_ctx *ctx, char *buf, size_t len)
{
	struct famfs *fs = image_open(ctx, "a.img", 0);
	struct famfs_entry entry;
	uint64_t cursor = 0;
	size_t at = 0;

	buf[0] = '\0';
	while (fs && famfs_next(fs, &cursor, &entry, NULL) > 0 && at < len) {
		const char *space = at ? " " : "";

		if (entry.type == FAMFS_ENTRY_FILE)
			at += (size_t)snprintf(buf + at, len - at, "%s%s:%" PRIu64, space,
					       entry.path, entry.size);
		else
			at += (size_t)snprintf(buf + at, len - at, "%s%s/", space, entry.path);
	}
	CHECK(fs && famfs_damage(fs, NULL) == 0);
	famfs_close(fs);
	return buf;
}

#endif
