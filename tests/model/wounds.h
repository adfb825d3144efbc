/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps that damage the file system and have it repaired, and what must be in it then. Include
 * behind model.h and steps.h.
 */
#ifndef FAMFS_TESTS_MODEL_WOUNDS_H
#define FAMFS_TESTS_MODEL_WOUNDS_H

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#define WOUND_UNDO   "repair.undo"
#define WOUND_KILLED "killed.undo"
#define PARENT_MODE  0755

#define KILL_AFTER_NS 3000000

static inline pid_t fork_silent(void)
{
	pid_t pid = fork();

	/* Killed, the child would leave its parent's output half written. */
	if (pid == 0)
		(void)freopen("/dev/null", "w", stdout);
	return pid;
}

static inline void kill_soon(struct model *m, pid_t pid)
{
	struct timespec delay = { .tv_nsec = (long)model_random(m, KILL_AFTER_NS) };

	if (!CHECK(pid > 0))
		return;
	(void)nanosleep(&delay, NULL);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

static inline struct fm_entry wound_raw(size_t at)
{
	struct fm_entry raw;

	image_read(MODEL_IMAGE, image_slot(at), &raw, sizeof(raw));
	return raw;
}

static inline void wound_put(size_t at, struct fm_entry *raw)
{
	media_entry_seal(raw);
	image_write(MODEL_IMAGE, image_slot(at), raw, sizeof(*raw));
}

static inline void wound_insert(struct model *m, size_t at, const struct model_node *node)
{
	memmove(&m->nodes[at + 1], &m->nodes[at], (m->nr - at) * sizeof(*node));
	m->nodes[at] = *node;
	m->nr++;
}

/* The first one in a directory that went has it made again before it. */
static inline void wound_remove(struct model *m, size_t at)
{
	struct model_node gone = m->nodes[at];
	size_t len = strlen(gone.path);

	m->nr--;
	memmove(&m->nodes[at], &m->nodes[at + 1], (m->nr - at) * sizeof(gone));
	for (size_t i = at; gone.dir && i < m->nr; i++) {
		if (strncmp(m->nodes[i].path, gone.path, len) || m->nodes[i].path[len] != '/')
			continue;
		gone.mode = PARENT_MODE;
		gone.uid = gone.gid = 0;
		wound_insert(m, i, &gone);
		return;
	}
}

/* Each: damages entry @at, or something else. Return: whether it could. */
static inline bool hurt_checksum(struct model *m, size_t at)
{
	struct fm_entry raw = wound_raw(at);

	(void)m;
	image_u64(MODEL_IMAGE, image_slot(at) + 536, le64_get(raw.fm_crc) ^ 1);
	return true;
}

static inline bool hurt_number(struct model *m, size_t at)
{
	struct fm_entry raw = wound_raw(at);

	raw.fm_seqnum = le64_of(at + 1 + model_random(m, 9));
	wound_put(at, &raw);
	return true;
}

static inline bool hurt_type(struct model *m, size_t at)
{
	struct fm_entry raw = wound_raw(at);

	raw.fm_type = le32_of(5 + (uint32_t)model_random(m, 1000));
	wound_put(at, &raw);
	return true;
}

/* A file gets the name of an earlier entry. */
static inline bool hurt_name(struct model *m, size_t at)
{
	struct fm_entry raw = wound_raw(at);
	const char *path = at ? m->nodes[model_random(m, at)].path : "";

	if (m->nodes[at].dir || !*path || strlen(path) > 60)
		return false;
	memset(raw.fm_file.fm_path, 0, sizeof(raw.fm_file.fm_path));
	memcpy(raw.fm_file.fm_path, path, strlen(path));
	wound_put(at, &raw);
	(void)snprintf(m->wounded, sizeof(m->wounded), "%s", path);
	return true;
}

static inline bool is_plain(const struct fm_entry *raw)
{
	return le32_get(raw->fm_type) == FAMFS_ENTRY_FILE &&
	       le32_get(raw->fm_file.fm_ext_type) == FAMFS_EXT_SIMPLE &&
	       le32_get(raw->fm_file.fm_nextents) == 1;
}

/* A file gets the place of an earlier one. */
static inline bool hurt_place(struct model *m, size_t at)
{
	size_t other = at ? model_random(m, at) : 0;
	struct fm_entry raw = wound_raw(at), older = wound_raw(other);

	if (other == at || !is_plain(&raw) || !is_plain(&older) ||
	    le64_get(raw.fm_file.fm_simple[0].fm_len) > le64_get(older.fm_file.fm_simple[0].fm_len))
		return false;
	raw.fm_file.fm_simple[0].fm_offset = older.fm_file.fm_simple[0].fm_offset;
	wound_put(at, &raw);
	return true;
}

/* A file is larger than what it has. */
static inline bool hurt_size(struct model *m, size_t at)
{
	struct fm_entry raw = wound_raw(at);

	if (!is_plain(&raw))
		return false;
	raw.fm_file.fm_size = le64_of(le64_get(raw.fm_file.fm_simple[0].fm_len) + 1 +
				      model_random(m, AU));
	wound_put(at, &raw);
	return true;
}

static inline bool hurt_header(struct model *m, size_t at)
{
	(void)at;
	image_u64(MODEL_IMAGE, FAMFS_LOG_OFF + 16, model_random(m, 1000));
	return true;
}

static inline bool hurt_super(struct model *m, size_t at)
{
	(void)at;
	image_u64(MODEL_IMAGE, 48, model_random(m, 1ULL << 62));
	return true;
}

static inline bool hurt_nothing(struct model *m, size_t at)
{
	(void)at;
	return m->torn;
}

/* Each: what the repair makes of it. */
static inline void heal_checksum(struct model *m, size_t at, bool salvage)
{
	if (salvage)
		wound_remove(m, at);
	else
		m->nr = at;
}

static inline void heal_removed(struct model *m, size_t at, bool salvage)
{
	(void)salvage;
	wound_remove(m, at);
}

/* The later one of a name gets a number. */
static inline void heal_name(struct model *m, size_t at, bool salvage)
{
	char path[FAMFS_PATH_SIZE + 24];
	char *name = m->nodes[at].path;

	(void)salvage;
	*name = '\0';
	for (uint64_t number = at; !*name; number++) {
		(void)snprintf(path, sizeof(path), "%s~%" PRIu64, m->wounded, number);
		if (!model_find(m, path))
			(void)snprintf(name, FAMFS_PATH_SIZE, "%.79s", path);
	}
}

static inline void heal_nothing(struct model *m, size_t at, bool salvage)
{
	(void)m, (void)at, (void)salvage;
}

/* @heal: NULL: taken back in any case, for what is in the file then is not known. */
static const struct wound {
	const char *name;
	bool (*hurt)(struct model *m, size_t at);
	void (*heal)(struct model *m, size_t at, bool salvage);
	bool new_uuid;
} wounds[] = {
	{ "checksum", hurt_checksum, heal_checksum, false },
	{ "number", hurt_number, heal_nothing, false },
	{ "type", hurt_type, heal_removed, false },
	{ "name", hurt_name, heal_name, false },
	{ "place", hurt_place, heal_removed, false },
	{ "size", hurt_size, NULL, false },
	{ "log header", hurt_header, heal_nothing, false },
	{ "superblock", hurt_super, heal_nothing, true },
	{ "torn tail", hurt_nothing, heal_nothing, false },
};

static inline int wound_yes(void *data, const struct famfs_finding *finding)
{
	(void)data, (void)finding;
	return 1;
}

static inline int wound_repair(struct model *m, const char *undo, bool salvage,
			       struct famfs_err *err)
{
	const struct famfs_repair_opts opts = { .ask = wound_yes,
						.undo = undo,
						.flags = salvage ? FAMFS_REPAIR_SALVAGE : 0U };
	struct famfs_repair *rep = NULL;
	int rc = famfs_repair_new(m->ctx[0], MODEL_IMAGE, &opts, &rep, err);

	if (!rc)
		rc = famfs_repair_commit(rep, err);
	famfs_repair_free(rep);
	return rc;
}

/* Brings back what was there before a repair, byte for byte. */
static inline void wound_take_back(struct model *m, const char *undo, const uint8_t *before)
{
	static uint8_t now[IMAGE_DATA];
	const struct famfs_restore_opts opts = { .undo = "taken.undo" };
	struct famfs_image_source source = { .fd = open(undo, O_RDONLY | O_CLOEXEC), .name = undo };
	struct famfs_err err = { 0 };

	(void)unlink(opts.undo);
	CHECK_MSG(!famfs_image_restore(m->ctx[1], &source, MODEL_IMAGE, &opts, NULL, &err),
		  "restore: %s", err.message);
	if (source.fd >= 0)
		(void)close(source.fd);
	image_read(MODEL_IMAGE, 0, now, sizeof(now));
	CHECK_MSG(!memcmp(now, before, sizeof(now)), "%s brings other bytes back", undo);
}

/* A repair that is killed: nothing has changed, or its undo file takes it back. */
static inline void wound_kill(struct model *m, const uint8_t *before, bool salvage)
{
	static uint8_t now[IMAGE_DATA];
	pid_t pid;

	(void)unlink(WOUND_KILLED);
	pid = fork_silent();
	if (pid == 0)
		_exit(-wound_repair(m, WOUND_KILLED, salvage, NULL));
	kill_soon(m, pid);
	image_read(MODEL_IMAGE, 0, now, sizeof(now));
	if (memcmp(now, before, sizeof(now)) != 0)
		wound_take_back(m, WOUND_KILLED, before);
}

/* Handles that are open see the damage, as far as it lets them. */
static inline void wound_show(struct model *m)
{
	for (unsigned int i = 0; i < 2; i++)
		(void)famfs_refresh(m->writer[i], NULL);
	(void)famfs_refresh(m->reader, NULL);
}

/* Damages something. Return: what, or NULL. */
static const struct wound *wound_inflict(struct model *m, size_t *ret_at)
{
	for (unsigned int tries = 0; tries < 20; tries++) {
		const struct wound *wound = &wounds[model_random(m, UNIT_NR(wounds))];

		*ret_at = m->nr ? model_random(m, m->nr) : 0;
		if (m->nr && wound->hurt(m, *ret_at))
			return wound;
	}
	return NULL;
}

static inline void wound_settle(struct model *m, const struct wound *wound, size_t at, bool salvage)
{
	wound->heal(m, at, salvage);
	m->torn = false;
	if (wound->new_uuid)
		model_renew(m);
}

static inline void step_repair(struct model *m)
{
	static uint8_t whole[IMAGE_DATA], hurt[IMAGE_DATA];
	bool salvage = model_random(m, 2), kill = model_random(m, 4) == 0;
	const struct wound *wound;
	struct famfs_err err = { 0 };
	size_t at;

	image_read(MODEL_IMAGE, 0, whole, sizeof(whole));
	wound = wound_inflict(m, &at);
	if (!wound)
		return;
	(void)snprintf(m->what, sizeof(m->what), "repair of the %s of entry %zu", wound->name, at);
	UNIT_ROW("seed %" PRIu64 ", step %" PRIu64 ", %s", m->seed, m->step, m->what);
	image_read(MODEL_IMAGE, 0, hurt, sizeof(hurt));
	wound_show(m);
	if (kill)
		wound_kill(m, hurt, salvage);
	(void)unlink(WOUND_UNDO);
	if (!CHECK_MSG(!wound_repair(m, WOUND_UNDO, salvage, &err), "repair: %s", err.message))
		return;
	if (wound->heal && model_random(m, 3)) {
		wound_settle(m, wound, at, salvage);
	} else {
		wound_take_back(m, WOUND_UNDO, hurt);
		image_write(MODEL_IMAGE, 0, whole, sizeof(whole));
	}
	for (unsigned int i = 0; i < 2; i++)
		CHECK_EQ(famfs_refresh(m->writer[i], NULL), 0);
	CHECK_EQ(famfs_refresh(m->reader, NULL), 0);
}

#endif
