/* SPDX-License-Identifier: Apache-2.0 */
/* What famfs_create() reported, kept for the test. Include behind image.h. */
#ifndef FAMFS_TESTS_CREATE_H
#define FAMFS_TESTS_CREATE_H

#define CREATE_MAX 600

struct create_seen {
	size_t nr;
	enum famfs_create_status status[CREATE_MAX];
	struct famfs_entry entry[CREATE_MAX];
	int rc[CREATE_MAX];
	char message[CREATE_MAX][128];
	uint64_t progress, progress_total;
	void (*during)(void *arg);
	void *arg;
};

static inline void create_done(void *data, size_t req_index, enum famfs_create_status status,
			       const struct famfs_entry *entry, const struct famfs_err *err)
{
	struct create_seen *seen = data;

	/* Each request once, in order. */
	CHECK_EQ(req_index, seen->nr);
	if (req_index >= CREATE_MAX)
		return;
	CHECK_EQ(entry == NULL, status == FAMFS_FAILED);
	CHECK_EQ(err != NULL, status == FAMFS_FAILED);
	seen->status[seen->nr] = status;
	if (entry)
		seen->entry[seen->nr] = *entry;
	if (err) {
		seen->rc[seen->nr] = err->rc;
		(void)snprintf(seen->message[seen->nr], 128, "%.127s", err->message);
	}
	seen->nr++;
}

static inline void create_progress(void *data, uint64_t done, uint64_t total)
{
	struct create_seen *seen = data;
	void (*during)(void *arg) = seen->during;

	CHECK(done > seen->progress);
	CHECK_MSG(done <= total, "%" PRIu64 " of %" PRIu64 " bytes are done", done, total);
	seen->progress = done;
	seen->progress_total = total;
	seen->during = NULL;
	if (during)
		during(seen->arg);
}

static inline struct create_seen *create_new_seen(void)
{
	struct create_seen *seen = calloc(1, sizeof(*seen));

	if (!seen)
		abort();
	return seen;
}

static inline struct famfs_create_ops create_ops(struct create_seen *seen)
{
	return (struct famfs_create_ops){ .done = create_done,
					  .progress = create_progress,
					  .data = seen };
}

/* A file of @size bytes; 0: a directory. */
static inline struct famfs_create_req create_req(const char *path, uint64_t size)
{
	return (struct famfs_create_req){
		.path = path,
		.size = size,
		.mode = size ? 0640 : 0750,
		.parent_mode = 0711,
		.uid = 1001,
		.gid = 50,
		.flags = size ? 0 : FAMFS_CREATE_DIR,
	};
}

#endif
