/* SPDX-License-Identifier: Apache-2.0 */
/* The steps that make files. Include behind model.h. */
#ifndef FAMFS_TESTS_MODEL_STEPS_H
#define FAMFS_TESTS_MODEL_STEPS_H

#define STEP_REQS 6

/*
 * A call of famfs_create(): requests, what each must end in by its name alone, the salts of their
 * bytes, and what came of each. @fail: the request whose bytes cannot be had, or STEP_REQS.
 */
struct step {
	struct model *m;
	size_t nr, seen, fail;
	struct famfs_create_req reqs[STEP_REQS];
	char paths[STEP_REQS][2 * FAMFS_PATH_SIZE];
	uint64_t salts[STEP_REQS];
	int rc[STEP_REQS];
	enum famfs_create_status status[STEP_REQS];
};

static inline void step_new_path(struct model *m, char *path)
{
	const struct model_node *dir = model_random(m, 3) ? model_any(m, true) : NULL;

	if (dir && strlen(dir->path) > 60)
		dir = NULL;
	(void)snprintf(path, 2 * FAMFS_PATH_SIZE, "%s%s%s%" PRIu64, dir ? dir->path : "",
		       dir ? "/" : "", model_random(m, 2) ? "f" : "\xc3\xa4", m->names++);
}

static inline uint64_t step_size(struct model *m)
{
	switch (model_random(m, 6)) {
	case 0:
		return 1 + model_random(m, 3 * AU);
	case 1:
		return AU * (1 + model_random(m, 2));
	case 2:
		return AU + model_random(m, 3);
	default:
		return 1 + model_random(m, 70000);
	}
}

/* Names that may not be, or cannot be made. */
static inline void step_bad_path(struct model *m, char *path)
{
	static const char *const bad[] = { "a\nb", "x/../y", ".meta/x", ".meta", "\xff", ".." };
	const struct model_node *file = model_any(m, false);

	switch (model_random(m, 4)) {
	case 0:
		(void)snprintf(path, 2 * FAMFS_PATH_SIZE, "%s", bad[model_random(m, UNIT_NR(bad))]);
		break;
	case 1:
		(void)snprintf(path, 2 * FAMFS_PATH_SIZE, "none%" PRIu64 "/f", m->names++);
		break;
	case 2:
		memset(path, 'n', FAMFS_PATH_WRITE_MAX + 1 + model_random(m, 20));
		break;
	default:
		(void)snprintf(path, 2 * FAMFS_PATH_SIZE, "%s/f", file ? file->path : "none");
	}
}

static inline void step_geometry(struct model *m, struct famfs_create_req *req)
{
	switch (model_random(m, 8)) {
	case 0:
		req->flags |= FAMFS_CREATE_CONTIGUOUS;
		break;
	case 1:
		req->nstrips = 1 + model_random(m, 5);
		break;
	default:
		break;
	}
}

/* One request; nearly always one that works. */
static inline void step_add(struct step *s)
{
	struct model *m = s->m;
	struct famfs_create_req *req = &s->reqs[s->nr];
	struct model_node *old = model_any(m, model_random(m, 3) == 0);
	char *path = s->paths[s->nr];
	uint64_t kind = model_random(m, 20);

	*req = (struct famfs_create_req){ .path = path,
					  .size = step_size(m),
					  .mode = (uint32_t)model_random(m, 010000),
					  .parent_mode = 0711,
					  .uid = (uint32_t)model_random(m, 100000),
					  .gid = (uint32_t)model_random(m, 100000) };
	s->salts[s->nr++] = model_random(m, 1ULL << 62) * 2 + 1;
	memset(path, 0, sizeof(s->paths[0]));
	step_new_path(m, path);
	step_geometry(m, req);
	if (kind == 0)
		step_bad_path(m, path);
	else if (kind == 1)
		req->size = MODEL_SIZE;
	else if (kind < 4 && old)
		(void)snprintf(path, sizeof(s->paths[0]), "/%s//", old->path);
	if (kind == 2 && old && !old->dir)
		req->size = old->size;
	if (model_random(m, 4))
		return;
	*req = (struct famfs_create_req){ .path = path, .mode = req->mode, .uid = req->uid };
	req->parent_mode = 0711;
	req->flags = FAMFS_CREATE_DIR | (model_random(m, 2) ? FAMFS_CREATE_PARENTS : 0);
}

/* What the name alone decides: 0, or why not. */
static inline int step_expect(struct model *m, const struct famfs_create_req *req, const char *path)
{
	struct model_node *node = model_find(m, path);
	char part[FAMFS_PATH_SIZE];

	if (node && req->flags & FAMFS_CREATE_DIR)
		return node->dir && req->flags & FAMFS_CREATE_PARENTS ? 0 : -EEXIST;
	if (node && node->dir)
		return -EISDIR;
	if (node)
		return node->size == req->size ? 0 : -EEXIST;
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		(void)snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		node = model_find(m, part);
		if (node && !node->dir)
			return -ENOTDIR;
		if (!node && !(req->flags & FAMFS_CREATE_PARENTS))
			return -ENOENT;
	}
	return 0;
}

/* What lookups make of a path, and whether it may be written. */
static inline int step_clean(const char *path, char clean[PATH_CLEAN_SIZE])
{
	int rc = path_clean(path, clean, NULL);

	return rc ? rc : path_may_write(clean, "", NULL);
}

static inline void step_push(struct model *m, const struct famfs_create_req *req, const char *path,
			     size_t len, uint64_t salt)
{
	struct model_node *node = &m->nodes[m->nr];
	bool whole = !path[len], dir = !whole || req->flags & FAMFS_CREATE_DIR;

	*node = (struct model_node){ .dir = dir, .uid = req->uid, .gid = req->gid };
	(void)snprintf(node->path, sizeof(node->path), "%.*s", (int)len, path);
	node->mode = whole ? req->mode : req->parent_mode;
	node->size = dir ? 0 : req->size;
	node->salt = dir ? 0 : salt;
	if (CHECK(m->nr < m->slots))
		m->nr++;
}

/* The model of making what @req asks for, parents first. */
static inline void step_make(struct model *m, const struct famfs_create_req *req, const char *path,
			     uint64_t salt)
{
	char part[FAMFS_PATH_SIZE];

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		(void)snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		if (!model_find(m, part))
			step_push(m, req, path, (size_t)(slash - path), 0);
	}
	step_push(m, req, path, strlen(path), salt);
}

static inline void step_done(void *data, size_t req_index, enum famfs_create_status status,
			     const struct famfs_entry *entry, const struct famfs_err *err)
{
	struct step *s = data;

	CHECK_EQ(req_index, s->seen);
	CHECK_EQ(entry != NULL, status != FAMFS_FAILED);
	s->status[s->seen] = status;
	s->rc[s->seen++] = err ? err->rc : 0;
}

static inline int step_fill(void *data, size_t req_index, struct famfs_fill *fill,
			    struct famfs_err *err)
{
	uint8_t buf[4096 * 8];
	const struct step *s = data;
	uint64_t size = famfs_fill_entry(fill)->size;
	int rc = 0;

	for (uint64_t at = 0; at < size && !rc; at += sizeof(buf)) {
		size_t len = size - at < sizeof(buf) ? (size_t)(size - at) : sizeof(buf);

		model_bytes(s->salts[req_index], at, buf, len);
		rc = famfs_fill_write(fill, at, buf, len, err);
		if (req_index == s->fail)
			return -EBADMSG;
	}
	return rc;
}

/* Compares what came of one request with what should have, and lets the model follow. */
static inline void step_settle(struct step *s, size_t i, bool filled)
{
	struct model *m = s->m;
	const struct famfs_create_req *req = &s->reqs[i];
	char path[PATH_CLEAN_SIZE];
	int want = step_clean(req->path, path);
	bool dir = req->flags & FAMFS_CREATE_DIR, known;

	known = !want && model_find(m, path);
	if (!want)
		want = step_expect(m, req, path);
	UNIT_ROW("seed %" PRIu64 ", step %" PRIu64 ", %s, request %zu: \"%s\", %" PRIu64, m->seed,
		 m->step, m->what, i, s->paths[i], req->size);
	/* What space there is for it is another matter. */
	if (!want && !known && s->rc[i] == -ENOSPC) {
		CHECK(!dir || m->nr + 8 > m->slots);
		return;
	}
	/* A geometry may be refused, and bytes may not be had. */
	if (!want && !known && !dir &&
	    ((filled && i == s->fail && s->rc[i] == -EBADMSG) ||
	     (req->nstrips && s->rc[i] == -EINVAL)))
		return;
	CHECK_EQ(s->rc[i], want);
	CHECK_EQ(s->status[i], want ? FAMFS_FAILED : known ? FAMFS_EXISTS : FAMFS_CREATED);
	if (s->status[i] == FAMFS_CREATED)
		step_make(m, req, path, filled ? s->salts[i] : 0);
}

static inline void step_create(struct model *m, bool filled)
{
	struct famfs *fs = m->writer[model_random(m, 2)];
	struct step s = { .m = m, .fail = model_random(m, 3 * STEP_REQS) };
	struct famfs_create_ops ops = { .done = step_done, .data = &s };
	uint64_t nr = model_random(m, 2) ? 1 : 1 + model_random(m, STEP_REQS);
	struct famfs_create_req plain;
	int rc;

	while (nr--)
		step_add(&s);
	plain = s.reqs[0];
	if (filled)
		ops.fill = step_fill;
	rc = famfs_create(fs, s.reqs, s.nr, &ops, NULL);
	CHECK_EQ(s.seen, s.nr);
	/* What is there alone finds the room that there is. */
	if (s.nr == 1 && plain.size && !plain.nstrips && m->nr < m->slots &&
	    (!rc || rc == -ENOSPC) && s.status[0] != FAMFS_EXISTS)
		CHECK_EQ(rc == 0, model_fits(m, plain.size, plain.flags & FAMFS_CREATE_CONTIGUOUS));
	for (size_t i = 0; i < s.nr; i++) {
		if (s.status[i] == FAMFS_CREATED)
			m->torn = false;
		step_settle(&s, i, filled);
		CHECK(rc || !s.rc[i]);
	}
}

#endif
