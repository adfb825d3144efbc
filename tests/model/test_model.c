/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Long random sequences of what one can do to a file system, beside a simple model of what should
 * be in it; after each step everything is compared.
 *
 *	MODEL_STEPS=N	steps of each sequence
 *	MODEL_SEED=N	that sequence; 0: new ones; only when a process is killed is left to chance
 */
#include "unit.h"
/* The order matters. */
#include "scratch.h"

#include "image.h"

#include "path.h"

#include "model.h"

#include "steps.h"

#include "wounds.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#define SEQUENCES  4
#define STEPS      750
#define STEPS_SLOW 60 /* under sanitizers and valgrind */
#define COUNTERS   (FAMFS_LOG_OFF + 32)

static void open_writer(struct model *m, unsigned int i)
{
	famfs_close(m->writer[i]);
	m->writer[i] = image_open(m->ctx[i], MODEL_IMAGE, FAMFS_OPEN_WRITE);
}

static int make(struct model *m)
{
	struct famfs_mkfs_opts opts = { .size = MODEL_SIZE,
					.log_len = IMAGE_LOG_LEN,
					.flags = FAMFS_MKFS_FORCE };

	return famfs_mkfs(m->ctx[0], MODEL_IMAGE, &opts, NULL, NULL);
}

static void begin(struct model *m)
{
	CHECK_EQ(make(m), 0);
	m->nr = 0;
	m->torn = false;
	m->slots = (IMAGE_LOG_LEN - 48) / 544;
	memset(m->taken, 0, sizeof(m->taken));
}

static void step_mkfs(struct model *m)
{
	begin(m);
	model_renew(m);
}

/* New bytes for a file that is there. */
static int store_salt(void *data, struct famfs_fill *fill, struct famfs_err *err)
{
	struct step s = { .salts = { *(uint64_t *)data }, .fail = STEP_REQS };

	return step_fill(&s, 0, fill, err);
}

static void step_overwrite(struct model *m)
{
	struct famfs *fs = m->writer[model_random(m, 2)];
	struct model_node *node = model_any(m, false);
	uint64_t salt = model_random(m, 1ULL << 62) * 2 + 1;
	struct famfs_data_opts opts = { .data = &salt };
	struct famfs_entry entry;
	struct famfs_err err = { 0 };

	if (!node)
		return;
	CHECK_EQ(famfs_refresh(fs, NULL), 0);
	CHECK_EQ(famfs_lookup(fs, node->path, &entry, NULL), 0);
	CHECK_MSG(!famfs_overwrite(fs, &entry, store_salt, &opts, &err), "overwrite %s: %s",
		  node->path, err.message);
	node->salt = salt;
	model_compare_bytes(fs, node);
}

/* Fills the log to its end: from then on nothing can be made. */
static void step_fill_log(struct model *m)
{
	struct famfs_create_req req = { .path = "one more", .size = 1 };
	struct famfs_create_req *reqs = calloc(m->slots, sizeof(*reqs));
	char(*paths)[16] = calloc(m->slots, sizeof(*paths));
	uint64_t nr = 0;

	for (; reqs && paths && m->nr + nr < m->slots; nr++) {
		(void)snprintf(paths[nr], sizeof(paths[0]), "l%" PRIu64, m->names++);
		reqs[nr] = (struct famfs_create_req){ .path = paths[nr],
						      .flags = FAMFS_CREATE_DIR };
	}
	CHECK_EQ(famfs_create(m->writer[0], reqs, nr, NULL, NULL), 0);
	CHECK_EQ(famfs_create(m->writer[1], &req, 1, NULL, NULL), -ENOSPC);
	for (uint64_t i = 0; i < nr; i++)
		step_make(m, &reqs[i], paths[i], 0);
	if (nr)
		m->torn = false;
	CHECK_EQ(m->nr, m->slots);
	free(reqs);
	free(paths);
}

/* A crash between the two counters, on a machine that cannot store both at once. */
static void step_tear(struct model *m)
{
	struct famfs_entry entry = image_file("torn", IMAGE_DATA, AU);
	uint64_t nr = m->nr;

	if (m->torn || nr == m->slots)
		return;
	if (nr && model_random(m, 2)) {
		/* Published: the count is ahead. */
		image_counters(MODEL_IMAGE, nr - 1, nr);
	} else {
		struct fm_entry raw;

		/* Of a type that no repair keeps: a whole file it would take in, where it has
		 * a place and a name of its own. */
		image_put(MODEL_IMAGE, nr, &entry);
		raw = wound_raw(nr);
		raw.fm_type = le32_of(77);
		wound_put(nr, &raw);
		image_counters(MODEL_IMAGE, nr + 1, nr);
	}
	m->torn = true;
}

/* A killed creat or cp: some of its files, in order, each of them whole; or none. */
static void step_kill_create(struct model *m)
{
	struct step s = { .m = m, .fail = STEP_REQS };
	struct famfs_create_ops ops = { .fill = step_fill, .data = &s };
	struct famfs_info info = { 0 };
	struct famfs *fs;
	uint64_t now;
	pid_t pid;

	for (; s.nr < STEP_REQS; s.nr++) {
		step_new_path(m, s.paths[s.nr]);
		s.reqs[s.nr] = (struct famfs_create_req){ .path = s.paths[s.nr] };
		s.reqs[s.nr].size = 1 + model_random(m, AU);
		s.salts[s.nr] = model_random(m, 1ULL << 62) * 2 + 1;
	}
	pid = fork_silent();
	if (pid == 0) {
		fs = image_open(m->ctx[0], MODEL_IMAGE, FAMFS_OPEN_WRITE);
		_exit(fs ? -famfs_create(fs, s.reqs, s.nr, &ops, NULL) : 1);
	}
	kill_soon(m, pid);
	fs = image_open(m->ctx[0], MODEL_IMAGE, 0);
	REQUIRE(fs && !famfs_info(fs, &info, NULL));
	now = info.log_good;
	CHECK(now >= m->nr);
	/* A file for which there was no room is passed over. */
	for (size_t i = 0; i < s.nr && m->nr < now; i++) {
		struct famfs_entry entry;

		if (!famfs_lookup(fs, s.paths[i], &entry, NULL))
			step_make(m, &s.reqs[i], s.paths[i], s.salts[i]);
	}
	CHECK_EQ(m->nr, now);
	m->torn = info.torn_tail;
	famfs_close(fs);
}

/* A killed mkfs: the old file system, the new one, or none. */
static void step_kill_mkfs(struct model *m)
{
	struct famfs_info old = { 0 }, info = { 0 };
	struct famfs *fs = NULL;
	pid_t pid;

	REQUIRE(!famfs_refresh(m->writer[0], NULL) && !famfs_info(m->writer[0], &old, NULL));
	pid = fork_silent();
	if (pid == 0)
		_exit(-make(m));
	kill_soon(m, pid);
	if (famfs_open(m->ctx[0], MODEL_IMAGE, 0, &fs, NULL)) {
		step_mkfs(m);
		return;
	}
	CHECK_EQ(famfs_info(fs, &info, NULL), 0);
	famfs_close(fs);
	if (memcmp(old.super.uuid, info.super.uuid, sizeof(info.super.uuid)) != 0)
		step_mkfs(m);
}

static void step_create_zeros(struct model *m)
{
	step_create(m, false);
}

static void step_create_filled(struct model *m)
{
	step_create(m, true);
}

static void step_reopen(struct model *m)
{
	open_writer(m, (unsigned int)model_random(m, 2));
}

/* A handle that was open all the time. */
static void step_refresh(struct model *m)
{
	struct famfs_err err = { 0 };

	CHECK_MSG(!famfs_refresh(m->reader, &err), "refresh: %s", err.message);
	model_compare(m, m->reader);
}

static const struct {
	const char *name;
	unsigned int weight;
	void (*fn)(struct model *m);
} steps[] = {
	{ "creat", 40, step_create_zeros },
	{ "cp", 40, step_create_filled },
	{ "overwrite", 15, step_overwrite },
	{ "refresh", 20, step_refresh },
	{ "reopen", 6, step_reopen },
	{ "tear", 6, step_tear },
	{ "killed cp", 8, step_kill_create },
	{ "killed mkfs", 1, step_kill_mkfs },
	{ "mkfs", 1, step_mkfs },
	{ "repair", 12, step_repair },
	{ "fill the log", 1, step_fill_log },
};

static size_t choose(struct model *m)
{
	uint64_t sum = 0, at;
	size_t i = 0;

	for (size_t j = 0; j < UNIT_NR(steps); j++)
		sum += steps[j].weight;
	for (at = model_random(m, sum); at >= steps[i].weight; i++)
		at -= steps[i].weight;
	/* On a full log only a new file system goes on, sooner or later. */
	return m->nr == m->slots && model_random(m, 4) == 0 ? 8 : i;
}

static void run(struct model *m, uint64_t steps_nr)
{
	for (m->step = 0; m->step < steps_nr && !atomic_load(&unit_failures); m->step++) {
		size_t i = choose(m), before = m->nr;

		(void)snprintf(m->what, sizeof(m->what), "%s", steps[i].name);
		UNIT_ROW("seed %" PRIu64 ", step %" PRIu64 ", %s", m->seed, m->step, m->what);
		steps[i].fn(m);
		UNIT_ROW("seed %" PRIu64 ", after step %" PRIu64 ", %s", m->seed, m->step, m->what);
		model_verify(m, before < m->nr ? before : 0);
	}
}

static uint64_t number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

static void sequence(uint64_t seed)
{
	const char *under = getenv("FAMFS_TEST_UNDER");
	struct model *m = calloc(1, sizeof(*m));

	REQUIRE(m);
	m->seed = m->random = seed;
	m->ctx[0] = image_ctx();
	m->ctx[1] = image_ctx();
	(void)unlink(MODEL_IMAGE);
	begin(m);
	open_writer(m, 0);
	open_writer(m, 1);
	m->reader = image_open(m->ctx[1], MODEL_IMAGE, 0);
	run(m, number("MODEL_STEPS", under && *under ? STEPS_SLOW : STEPS));
	printf("# seed %" PRIu64 ": %" PRIu64 " steps, %zu entries at the end\n", seed, m->step,
	       m->nr);
	famfs_close(m->reader);
	for (unsigned int i = 0; i < 2; i++) {
		famfs_close(m->writer[i]);
		famfs_ctx_free(m->ctx[i]);
	}
	free(m);
}

UNIT_TEST(sequences_of_steps)
{
	uint64_t first = number("MODEL_SEED", 1),
		 nr = getenv("MODEL_SEED") && first ? 1 : SEQUENCES;
	struct timespec now;

	if (!first) {
		(void)clock_gettime(CLOCK_REALTIME, &now);
		first = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	}
	for (uint64_t i = 0; i < nr && !atomic_load(&unit_failures); i++)
		sequence(first + i);
}

UNIT_MAIN
