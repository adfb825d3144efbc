/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Histories of creation for the simulator: made up from a seed, or read from a file.
 *
 * A history as a file is text, one line for each creation, in order:
 *	device SIZE LOGLEN NBUCKETS		once, first; buckets that balance is counted over
 *	taken OFFSET LENGTH			space that is not free at the beginning
 *	file SESSION SIZE [NSTRIPS NBUCKETS CHUNK]
 * Numbers are decimal, sizes in bytes. Files of one SESSION were made by one command. Empty lines
 * and lines that begin with # do not count.
 */
#ifndef FAMFS_BENCH_SIM_HISTORY_H
#define FAMFS_BENCH_SIM_HISTORY_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "famfs.h"

struct sim_file {
	uint64_t session, size;
	uint64_t nstrips, nbuckets, chunk;
};

struct sim_history {
	const char *name;
	uint64_t dev_size, log_len, nbuckets, seed;
	struct famfs_extent *taken;
	size_t taken_nr, taken_cap;
	struct sim_file *files;
	size_t nr, cap;
};

/* Splitmix64. */
static inline uint64_t sim_rand(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static inline uint64_t sim_between(uint64_t *state, uint64_t low, uint64_t high)
{
	return low + sim_rand(state) % (high - low + 1);
}

static inline void *sim_grow(void *old, size_t *cap, size_t need, size_t size)
{
	void *more = old;

	if (need <= *cap)
		return old;
	*cap = need * 2;
	more = realloc(old, *cap * size);
	if (!more)
		abort();
	return more;
}

static inline void sim_add(struct sim_history *h, struct sim_file file)
{
	h->files = sim_grow(h->files, &h->cap, h->nr + 1, sizeof(*h->files));
	h->files[h->nr++] = file;
}

static inline void sim_add_taken(struct sim_history *h, uint64_t off, uint64_t len)
{
	h->taken = sim_grow(h->taken, &h->taken_cap, h->taken_nr + 1, sizeof(*h->taken));
	h->taken[h->taken_nr++] = (struct famfs_extent){ .off = off, .len = len };
}

static inline void sim_history_free(struct sim_history *h)
{
	free(h->taken);
	free(h->files);
}

/* How a made-up history goes on: the state of the generator, and a unit of size. */
struct sim_maker {
	struct sim_history *h;
	uint64_t state;
	uint64_t unit; /* about 1/4096 of the device */
};

/* The distribution of Pareto, its exponent 1, in units of a quarter, at most @most units. */
static inline uint64_t sim_heavy(struct sim_maker *m, uint64_t most)
{
	uint64_t r = sim_between(&m->state, 1, 1 << 20), size = (m->unit / 4) * (1 << 20) / r;

	return size > most * m->unit ? most * m->unit : size;
}

static inline void sim_uniform(struct sim_maker *m, uint64_t session)
{
	for (unsigned int i = 0; i < 40; i++)
		sim_add(m->h, (struct sim_file){ .session = session,
						 .size = sim_between(&m->state, 1, 2 * m->unit) });
}

static inline void sim_heavy_tail(struct sim_maker *m, uint64_t session)
{
	for (unsigned int i = 0; i < 20; i++)
		sim_add(m->h, (struct sim_file){ .session = session, .size = sim_heavy(m, 256) });
}

/* A few huge files, each with a log beside it. */
static inline void sim_databases(struct sim_maker *m, uint64_t session)
{
	uint64_t nr = sim_between(&m->state, 1, 3);

	for (uint64_t i = 0; i < nr; i++) {
		sim_add(m->h,
			(struct sim_file){ .session = session,
					   .size = sim_between(&m->state, 32, 400) * m->unit });
		sim_add(m->h, (struct sim_file){ .session = session,
						 .size = sim_between(&m->state, 1, 4) * m->unit });
	}
}

/* A model in shards over many strips, and small files with its description. */
static inline void sim_checkpoints(struct sim_maker *m, uint64_t session)
{
	uint64_t shard = sim_between(&m->state, 8, 24) * m->unit;
	uint64_t nr = sim_between(&m->state, 2, 8);

	sim_add(m->h, (struct sim_file){ .session = session, .size = m->unit / 16 + 1 });
	for (uint64_t i = 0; i < nr; i++)
		sim_add(m->h, (struct sim_file){ session, shard, 8, m->h->nbuckets, FAMFS_AU });
}

/* Interleaved files of many sizes and widths. */
static inline void sim_wide(struct sim_maker *m, uint64_t session)
{
	static const uint64_t widths[] = { 2, 4, 8, 16 };

	for (unsigned int i = 0; i < 8; i++)
		sim_add(m->h, (struct sim_file){ session, sim_heavy(m, 128),
						 widths[sim_rand(&m->state) % 4], m->h->nbuckets,
						 FAMFS_AU });
}

static inline void sim_mixed(struct sim_maker *m, uint64_t session)
{
	static void (*const parts[])(struct sim_maker *, uint64_t) = {
		sim_uniform, sim_heavy_tail, sim_databases, sim_checkpoints, sim_wide,
	};

	parts[sim_rand(&m->state) % 5](m, session);
}

/* What repairs, and holes of others, leave: a third of the device is taken here and there. */
static inline void sim_fragment(struct sim_maker *m)
{
	struct sim_history *h = m->h;
	uint64_t off = FAMFS_LOG_OFF + h->log_len;

	for (;;) {
		uint64_t hole = sim_heavy(m, 64) / FAMFS_AU + 1;
		uint64_t len = (sim_heavy(m, 32) / FAMFS_AU + 1) * FAMFS_AU;

		off += hole * FAMFS_AU;
		if (off + len > h->dev_size)
			return;
		sim_add_taken(h, off, len);
		off += len;
	}
}

static const struct {
	const char *name;
	void (*session)(struct sim_maker *m, uint64_t session);
	bool fragmented;
} sim_kinds[] = {
	{ "uniform", sim_uniform, false },
	{ "heavy", sim_heavy_tail, false },
	{ "databases", sim_databases, false },
	{ "checkpoints", sim_checkpoints, false },
	{ "wide", sim_wide, false },
	{ "mixed", sim_mixed, false },
	{ "heavy/frag", sim_heavy_tail, true },
	{ "ckpt/frag", sim_checkpoints, true },
	{ "mixed/frag", sim_mixed, true },
};

#define SIM_KINDS (sizeof(sim_kinds) / sizeof(sim_kinds[0]))

/* Sessions until @percent of the device are asked for, or the log of the default size is full. */
static inline void sim_make(struct sim_history *h, size_t kind, uint64_t dev_size, uint64_t seed,
			    unsigned int percent)
{
	struct sim_maker m = { .h = h, .state = seed * 1000003 + kind, .unit = dev_size / 4096 };
	uint64_t asked = 0, session = 0, limit = dev_size / 100 * percent;
	size_t seen = 0;

	*h = (struct sim_history){ .name = sim_kinds[kind].name,
				   .dev_size = dev_size,
				   .log_len = FAMFS_LOG_LEN_DEFAULT,
				   .nbuckets = 16,
				   .seed = seed };
	if (sim_kinds[kind].fragmented)
		sim_fragment(&m);
	for (size_t i = 0; i < h->taken_nr; i++)
		asked += h->taken[i].len;
	while (asked < limit && h->nr < 15420) {
		sim_kinds[kind].session(&m, session++);
		for (; seen < h->nr; seen++)
			asked += h->files[seen].size;
	}
}

static inline bool sim_parse_line(struct sim_history *h, const char *line)
{
	struct sim_file f = { 0 };
	uint64_t off, len;
	int end = 0, nr;

	if (line[strspn(line, " \t\n")] == '\0' || line[0] == '#')
		return true;
	if (sscanf(line, "device %" SCNu64 " %" SCNu64 " %" SCNu64 " %n", &h->dev_size, &h->log_len,
		   &h->nbuckets, &end) == 3)
		return !line[end] && h->dev_size <= FAMFS_DEVICE_MAX && h->nbuckets >= 1 &&
		       h->nbuckets <= FAMFS_BUCKETS_MAX && h->log_len < h->dev_size / 2;
	if (!h->dev_size)
		return false;
	if (sscanf(line, "taken %" SCNu64 " %" SCNu64 " %n", &off, &len, &end) == 2) {
		if (line[end] || off > h->dev_size || len > h->dev_size - off)
			return false;
		sim_add_taken(h, off, len);
		return true;
	}
	nr = sscanf(line, "file %" SCNu64 " %" SCNu64 " %n%" SCNu64 " %" SCNu64 " %" SCNu64 " %n",
		    &f.session, &f.size, &end, &f.nstrips, &f.nbuckets, &f.chunk, &end);
	if ((nr != 2 && nr != 5) || line[end] || !f.size || f.size > h->dev_size)
		return false;
	if (nr == 5 && (f.nstrips < 1 || f.nstrips > f.nbuckets || f.nstrips > FAMFS_EXTENTS_MAX ||
			f.nbuckets > FAMFS_BUCKETS_MAX || f.chunk < FAMFS_AU ||
			f.chunk > FAMFS_CHUNK_MAX || f.chunk & (f.chunk - 1)))
		return false;
	sim_add(h, f);
	return true;
}

/* Return: 0, or the number of the first line that is wrong; an empty history is wrong at 1. */
static inline unsigned long sim_read(struct sim_history *h, FILE *in)
{
	unsigned long number = 0;
	char line[256];

	*h = (struct sim_history){ .name = "recorded" };
	while (fgets(line, sizeof(line), in)) {
		number++;
		if (!strchr(line, '\n') || !sim_parse_line(h, line))
			return number;
	}
	return h->nr ? 0 : number + 1;
}

#endif
