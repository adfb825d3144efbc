/* SPDX-License-Identifier: Apache-2.0 */
/* What should be in a file system, and whether it is. Include behind unit.h, scratch.h, image.h. */
#ifndef FAMFS_TESTS_MODEL_H
#define FAMFS_TESTS_MODEL_H

#define MODEL_IMAGE     "model.img"
#define MODEL_SIZE      (96 * MIB)
#define MODEL_AUS       (MODEL_SIZE / AU)
#define MODEL_NODES_MAX 4096 /* more than the log has slots */
#define MODEL_STEP      (256 * 1024U)

/* A file or directory that is there. @salt: its bytes; 0: zeros. */
struct model_node {
	char path[FAMFS_PATH_SIZE];
	bool dir;
	uint64_t size, salt;
	uint32_t mode, uid, gid;
};

/*
 * @nodes: in the order of the log. @taken: allocation units that files have, as last seen.
 * @writer, @ctx: two hosts' worth of handles that write in turn. @reader: one that is only
 * refreshed. @torn: the tail is torn, and may be nothing else than that.
 * @what: the step, for people. @wounded: the name that an entry was given to damage it.
 */
struct model {
	uint64_t seed, step, random, names;
	struct famfs_ctx *ctx[2];
	struct famfs *writer[2], *reader;
	struct model_node nodes[MODEL_NODES_MAX];
	size_t nr;
	bool taken[MODEL_AUS];
	uint64_t slots;
	bool torn;
	char what[128];
	char wounded[FAMFS_PATH_SIZE];
};

/* SplitMix64 */
static inline uint64_t model_random(struct model *m, uint64_t below)
{
	uint64_t z = m->random += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return (z ^ (z >> 31)) % below;
}

/* Bytes from @off, a multiple of 8, on. */
static inline void model_bytes(uint64_t salt, uint64_t off, uint8_t *buf, size_t len)
{
	for (size_t i = 0; i < len; i += 8) {
		uint64_t word = salt * ((off + i) / 8 + 1);

		memcpy(buf + i, &word, len - i < 8 ? len - i : 8);
	}
}

static inline struct model_node *model_find(struct model *m, const char *path)
{
	for (size_t i = 0; i < m->nr; i++)
		if (!strcmp(m->nodes[i].path, path))
			return &m->nodes[i];
	return NULL;
}

/* Any file, or directory; NULL if there is none. */
static inline struct model_node *model_any(struct model *m, bool dir)
{
	size_t start = m->nr ? model_random(m, m->nr) : 0;

	for (size_t i = 0; i < m->nr; i++) {
		struct model_node *node = &m->nodes[(start + i) % m->nr];

		if (node->dir == dir)
			return node;
	}
	return NULL;
}

static inline void model_compare_node(const struct model_node *node,
				      const struct famfs_entry *entry)
{
	CHECK_STR(entry->path, node->path);
	CHECK_EQ(entry->type, node->dir ? FAMFS_ENTRY_MKDIR : FAMFS_ENTRY_FILE);
	CHECK_EQ(entry->mode, node->mode);
	CHECK_EQ(entry->uid, node->uid);
	CHECK_EQ(entry->gid, node->gid);
	CHECK_EQ(entry->size, node->size);
}

static inline void model_take(struct model *m, const struct famfs_entry *entry)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < entry->extents_nr; i++) {
		uint64_t au = entry->extents[i].off / AU, nr = entry->extents[i].len / AU;

		CHECK(au >= IMAGE_DATA / AU && au + nr <= MODEL_AUS);
		sum += entry->extents[i].len;
		for (; nr && au < MODEL_AUS; nr--, au++) {
			CHECK_MSG(!m->taken[au], "%s lies on another file", entry->path);
			m->taken[au] = true;
		}
	}
	CHECK(sum >= entry->size);
}

/* Everything but the bytes. */
static inline void model_compare(struct model *m, struct famfs *fs)
{
	struct famfs_entry entry;
	struct famfs_info info;
	uint64_t cursor = 0, free = 0;
	size_t nr = 0;

	memset(m->taken, 0, sizeof(m->taken));
	for (; famfs_next(fs, &cursor, &entry, NULL) > 0; nr++) {
		if (!CHECK_MSG(nr < m->nr, "%s is not expected", entry.path))
			return;
		model_compare_node(&m->nodes[nr], &entry);
		model_take(m, &entry);
	}
	CHECK_EQ(nr, m->nr);
	if (!CHECK_EQ(famfs_info(fs, &info, NULL), 0))
		return;
	for (uint64_t i = IMAGE_DATA / AU; i < MODEL_AUS; i++)
		free += m->taken[i] ? 0 : AU;
	CHECK_EQ(info.free, free);
	CHECK_EQ(info.log_good, m->nr);
	CHECK_EQ(info.unusable, 0);
	CHECK_EQ(info.damaged, false);
	CHECK_EQ(info.torn_tail, m->torn);
}

static inline void model_compare_bytes(struct famfs *fs, const struct model_node *node)
{
	static uint8_t got[MODEL_STEP], want[MODEL_STEP];
	struct famfs_entry entry;
	struct famfs_err err = { 0 };

	if (!CHECK_MSG(famfs_lookup(fs, node->path, &entry, &err) == 0, "%s: %s", node->path,
		       err.message))
		return;
	for (uint64_t at = 0; at < node->size; at += MODEL_STEP) {
		size_t len = node->size - at < MODEL_STEP ? (size_t)(node->size - at) : MODEL_STEP;

		if (!CHECK_MSG(famfs_read(fs, &entry, at, got, len, &err) == 0, "%s: %s",
			       node->path, err.message))
			return;
		model_bytes(node->salt, at, want, len);
		if (!CHECK_MSG(!memcmp(got, want, len), "%s has other bytes", node->path))
			return;
	}
}

/* Clean; or torn, and nothing else. */
static inline void model_check(struct model *m)
{
	struct famfs_check *check;
	struct famfs_finding finding;
	uint64_t torn = 0;

	if (!CHECK_EQ(famfs_check_new(m->ctx[0], MODEL_IMAGE, &check, NULL), 0))
		return;
	while (famfs_check_next(check, &finding, NULL) > 0) {
		if (!strcmp(finding.code, "torn_tail"))
			torn++;
		else
			CHECK_MSG(false, "check: %s, %s: %s", finding.code, finding.path,
				  finding.text);
	}
	CHECK_EQ(torn, m->torn);
	famfs_check_free(check);
}

/* What was read is of another file system: nothing is made in this one unseen. */
static inline void model_renew(struct model *m)
{
	struct famfs_create_req req = { .path = "stale", .size = 1 };

	for (unsigned int i = 0; i < 2; i++) {
		CHECK_EQ(famfs_create(m->writer[i], &req, 1, NULL, NULL), -ESTALE);
		CHECK_EQ(famfs_refresh(m->writer[i], NULL), 0);
	}
}

/* After each step: @first: nodes from here on are new. */
static inline void model_verify(struct model *m, size_t first)
{
	struct famfs *fs = image_open(m->ctx[0], MODEL_IMAGE, 0);
	struct model_node *any = model_any(m, false);

	model_check(m);
	if (!fs)
		return;
	model_compare(m, fs);
	for (size_t i = first; i < m->nr; i++)
		if (!m->nodes[i].dir)
			model_compare_bytes(fs, &m->nodes[i]);
	if (any)
		model_compare_bytes(fs, any);
	famfs_close(fs);
}

/* Would a plain file of @size bytes find room: in at most 16 of the free runs? */
static inline bool model_fits(const struct model *m, uint64_t size, bool one_piece)
{
	uint64_t runs[MODEL_AUS] = { 0 }, nr = 0, need = (size + AU - 1) / AU, sum = 0;

	for (uint64_t i = IMAGE_DATA / AU; i < MODEL_AUS; i++) {
		if (m->taken[i])
			nr++;
		else
			runs[nr]++;
	}
	for (unsigned int pieces = one_piece ? 1 : FAMFS_EXTENTS_MAX; pieces; pieces--) {
		uint64_t best = 0;

		for (uint64_t i = 0; i <= nr; i++)
			best = runs[i] > runs[best] ? i : best;
		sum += runs[best];
		runs[best] = 0;
	}
	return sum >= need;
}

#endif
