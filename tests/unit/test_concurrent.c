/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writers, readers and checkers at once, as threads and as processes. Whatever of a file can be
 * told from its name is derived from it, so that every reader can tell a whole file from half a one
 * the moment it sees the name.
 *
 * Handles share no mapping: what one stores while another loads lies at two addresses, as it does
 * on two hosts, and a race detector watches what the library itself shares between threads.
 */
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "famfs.h"
#include "persist_impl.h"
#include "unit.h"
#include "scratch.h"
#include "image.h"

#define IMAGE      "a.img"
#define SIZE       (2048 * MIB)
#define WRITERS    3
#define ROLES_MAX  8
#define BATCH      4
#define ROUNDS     30
#define ROUNDS_FEW 6 /* under sanitizers and valgrind */

/* What all roles see; between processes it is shared memory. */
struct stage {
	unsigned int rounds;
	atomic_uint writing; /* writers that are not done */
	atomic_uint seen;    /* files that were looked at while that was so */
	struct famfs_ctx *ctx[2];
};

/* One part, played by a thread or a process. */
struct part {
	struct stage *stage;
	unsigned int number;
	void (*role)(struct part *part);
	pthread_t thread;
	pid_t pid;
};

static uint32_t hash(const char *path)
{
	return csum_crc32(path, strlen(path)) | 1;
}

static struct famfs_create_req request(const char *path)
{
	uint32_t h = hash(path);

	return (struct famfs_create_req){
		.path = path,
		.size = h % 5 ? 1 + h % 90000 : AU + h % (2 * AU),
		.mode = h >> 8 & 0777,
		.uid = h >> 3,
		.gid = h >> 5,
		.nstrips = h % 5 == 1 ? 2 : 0,
	};
}

static int fill(void *data, size_t req_index, struct famfs_fill *f, struct famfs_err *err)
{
	(void)data, (void)req_index;
	return famfs_fill_random(f, hash(famfs_fill_entry(f)->path), err);
}

/* Is it all there? */
static void look_at(struct part *part, struct famfs *fs, const struct famfs_entry *entry)
{
	struct famfs_create_req want = request(entry->path);
	struct famfs_err err = { 0 };
	uint64_t off = 0;

	if (entry->type == FAMFS_ENTRY_MKDIR)
		return;
	CHECK_EQ(entry->size, want.size);
	CHECK_EQ(entry->mode, want.mode);
	CHECK_EQ(entry->uid, want.uid);
	CHECK_EQ(entry->gid, want.gid);
	CHECK_MSG(!famfs_verify_random(fs, entry, hash(entry->path), NULL, &off, &err), "%s: %s",
		  entry->path, err.message);
	CHECK_MSG(off == FAMFS_NONE, "%s is there, byte %" PRIu64 " of %" PRIu64 " is not",
		  entry->path, off, entry->size);
	if (atomic_load(&part->stage->writing))
		atomic_fetch_add(&part->stage->seen, 1);
}

static struct famfs_ctx *context(struct part *part)
{
	return part->stage->ctx[part->number % 2];
}

static void make_files(struct part *part, struct famfs *fs, unsigned int round)
{
	const struct famfs_create_ops ops = { .fill = fill };
	struct famfs_create_req reqs[BATCH];
	char paths[BATCH][64];
	struct famfs_err err = { 0 };

	for (unsigned int i = 0; i < BATCH; i++) {
		(void)snprintf(paths[i], sizeof(paths[i]), "d/w%u-%u-%u", part->number, round, i);
		reqs[i] = request(paths[i]);
	}
	CHECK_MSG(!famfs_create(fs, reqs, BATCH, &ops, &err), "%s: %s", err.object, err.message);
}

/* Half of the rounds by a handle of their own. */
static void write_files(struct part *part)
{
	struct famfs *fs = image_open(context(part), IMAGE, FAMFS_OPEN_WRITE), *once;

	for (unsigned int i = 0; fs && i < part->stage->rounds; i++) {
		once = i % 2 ? image_open(context(part), IMAGE, FAMFS_OPEN_WRITE) : NULL;
		make_files(part, once ? once : fs, i);
		famfs_close(once);
	}
	famfs_close(fs);
	atomic_fetch_sub(&part->stage->writing, 1);
}

/* Goes on with a listing after each refresh, and looks up what it sees. */
static void follow(struct part *part)
{
	struct famfs *fs = image_open(context(part), IMAGE, 0);
	struct famfs_entry entry, found;
	struct famfs_err err = { 0 };
	uint64_t cursor = 0;
	bool last;

	if (!CHECK(fs))
		return;
	do {
		last = !atomic_load(&part->stage->writing);
		CHECK_MSG(!famfs_refresh(fs, &err), "refresh: %s", err.message);
		CHECK_MSG(!famfs_damage(fs, &err), "damage: %s", err.message);
		while (famfs_next(fs, &cursor, &entry, &err) > 0) {
			look_at(part, fs, &entry);
			CHECK_EQ(famfs_lookup(fs, entry.path, &found, NULL), 0);
			CHECK_EQ(found.index, entry.index);
		}
	} while (!last);
	CHECK_EQ(cursor, 1 + WRITERS * BATCH * part->stage->rounds);
	famfs_close(fs);
}

/* Opens anew each time, and looks at the youngest files. */
static void visit(struct part *part)
{
	struct famfs_info info;
	struct famfs_entry entry;
	struct famfs *fs;
	uint64_t cursor;
	bool last;

	do {
		last = !atomic_load(&part->stage->writing);
		fs = image_open(context(part), IMAGE, 0);
		if (!fs)
			return;
		CHECK_EQ(famfs_info(fs, &info, NULL), 0);
		CHECK_EQ(info.damaged, false);
		cursor = info.log_good > BATCH ? info.log_good - BATCH : 0;
		while (famfs_next(fs, &cursor, &entry, NULL) > 0)
			look_at(part, fs, &entry);
		famfs_close(fs);
	} while (!last);
}

/* Where both counters cannot be stored at once, a look between them sees a torn tail. */
static bool may_be_seen(const struct famfs_finding *finding)
{
	return !strcmp(finding->code, "torn_tail") && !persist_arch_has_store16();
}

static void check(struct part *part)
{
	struct famfs_finding finding;
	struct famfs_check *chk;
	struct famfs_err err = { 0 };
	bool last;

	do {
		last = !atomic_load(&part->stage->writing);
		if (!CHECK_MSG(!famfs_check_new(context(part), IMAGE, &chk, &err), "check: %s",
			       err.message))
			return;
		while (famfs_check_next(chk, &finding, NULL) > 0)
			CHECK_MSG(may_be_seen(&finding), "%s, entry %" PRIu64 ": %s", finding.code,
				  finding.entry, finding.text);
		famfs_check_free(chk);
	} while (!last);
}

static void *play(void *arg)
{
	struct part *part = arg;

	part->role(part);
	return NULL;
}

static void cast_roles(struct stage *stage, struct part parts[ROLES_MAX])
{
	static void (*const roles[ROLES_MAX])(struct part * part) = {
		write_files, write_files, write_files, follow, follow, visit, check, check,
	};

	for (unsigned int i = 0; i < ROLES_MAX; i++)
		parts[i] = (struct part){ .stage = stage, .number = i, .role = roles[i] };
}

static void prepare(struct stage *stage)
{
	const char *under = getenv("FAMFS_TEST_UNDER");
	struct famfs_create_req dir = { .path = "d", .mode = 0755, .flags = FAMFS_CREATE_DIR };
	struct famfs *fs;

	stage->rounds = under && *under ? ROUNDS_FEW : ROUNDS;
	atomic_store(&stage->writing, WRITERS);
	atomic_store(&stage->seen, 0);
	stage->ctx[0] = image_ctx();
	stage->ctx[1] = image_ctx();
	image_make(stage->ctx[0], IMAGE, SIZE, IMAGE_LOG_LEN);
	fs = image_open(stage->ctx[0], IMAGE, FAMFS_OPEN_WRITE);
	CHECK_EQ(fs ? famfs_create(fs, &dir, 1, NULL, NULL) : -1, 0);
	famfs_close(fs);
}

static void finish(struct stage *stage)
{
	CHECK(atomic_load(&stage->seen) > 0);
	CHECK_EQ(image_check(stage->ctx[0], IMAGE, true), 0);
	famfs_ctx_free(stage->ctx[0]);
	famfs_ctx_free(stage->ctx[1]);
}

UNIT_TEST(threads_see_whole_files_only)
{
	struct part parts[ROLES_MAX];
	struct stage stage;

	prepare(&stage);
	cast_roles(&stage, parts);
	for (unsigned int i = 0; i < ROLES_MAX; i++)
		CHECK_EQ(pthread_create(&parts[i].thread, NULL, play, &parts[i]), 0);
	for (unsigned int i = 0; i < ROLES_MAX; i++)
		CHECK_EQ(pthread_join(parts[i].thread, NULL), 0);
	finish(&stage);
}

static void in_process(struct part *part)
{
	(void)fflush(stdout);
	part->pid = fork();
	if (part->pid)
		return;
	part->role(part);
	(void)fflush(stdout);
	_exit(atomic_load(&unit_failures) > 0);
}

UNIT_TEST(processes_see_whole_files_only)
{
	struct stage *stage = mmap(NULL, sizeof(*stage), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct part parts[ROLES_MAX];
	int status;

	REQUIRE(stage != MAP_FAILED);
	prepare(stage);
	cast_roles(stage, parts);
	for (unsigned int i = 0; i < ROLES_MAX; i++)
		in_process(&parts[i]);
	for (unsigned int i = 0; i < ROLES_MAX; i++) {
		status = -1;
		CHECK_EQ(waitpid(parts[i].pid, &status, 0), parts[i].pid);
		CHECK_EQ(status, 0);
	}
	finish(stage);
	(void)munmap(stage, sizeof(*stage));
}

UNIT_MAIN
