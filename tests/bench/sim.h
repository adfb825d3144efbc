/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plays a history through the library's own placement and through the model of the existing one,
 * file by file. As long as both hold the same files they can be compared as they are; behind the
 * first file that one of them did not place well, only what each of them placed is counted. Who
 * refused large files then has room for many small ones, so that refusals are compared in a second
 * play: there, a file that one of them did not place well is given to neither.
 */
#ifndef FAMFS_BENCH_SIM_H
#define FAMFS_BENCH_SIM_H

#include "place.h"
#include "sim_existing.h"
#include "sim_history.h"

enum { SIM_POINTS = 8 };

/*
 * struct sim_score - how one side did. Files: @placed well, @refused, of those @needless though as
 * many bytes were free; @past_end or @same_bucket: placed wrongly. @pieces: extents of files that
 * are not interleaved. @failed: refused or placed wrongly while both hold the same files, to the
 * end of the history.
 * Means over the @points at which both sides held the same files: @largest: largest free run in
 * shares of what is free; @runs of free space; @spread: fullest less emptiest bucket, @strips:
 * bytes of strips in the busiest bucket less those in the idlest; both in shares of the mean.
 */
struct sim_score {
	uint64_t placed, placed_bytes, refused, needless, past_end, same_bucket, pieces, failed;
	double largest, runs, spread, strips;
	unsigned int points;
};

struct sim_pair {
	struct sim_score ours, existing;
};

struct sim {
	const struct sim_history *h;
	struct space space;
	struct existing ex;
	uint64_t strips[2][FAMFS_BUCKETS_MAX]; /* bytes: ours, the existing one's */
	bool parted, together;
	struct sim_pair score;
};

static inline double sim_spread(const uint64_t *values, uint64_t nr)
{
	uint64_t low = UINT64_MAX, high = 0, sum = 0;

	for (uint64_t i = 0; i < nr; i++) {
		low = values[i] < low ? values[i] : low;
		high = values[i] > high ? values[i] : high;
		sum += values[i];
	}
	return sum ? (double)(high - low) / ((double)sum / (double)nr) : 0;
}

/* Adds what a bitmap looks like to the means of a side. */
static inline void sim_look(const struct sim *sim, const uint64_t *words, const uint64_t *strips,
			    struct sim_score *score)
{
	uint64_t aus = sim->h->dev_size / FAMFS_AU, bucket = aus / sim->h->nbuckets;
	uint64_t used[FAMFS_BUCKETS_MAX], free = 0, largest = 0, runs = 0, at = 0, end;

	while ((at = bits_next_clear(words, at, aus)) < aus) {
		end = bits_next_set(words, at, aus);
		free += end - at;
		largest = end - at > largest ? end - at : largest;
		runs++;
		at = end;
	}
	for (uint64_t b = 0; b < sim->h->nbuckets; b++)
		used[b] = bits_count(words, b * bucket, bucket);
	score->largest += free ? (double)largest / (double)free : 1;
	score->runs += (double)runs;
	score->spread += sim_spread(used, sim->h->nbuckets);
	score->strips += sim_spread(strips, sim->h->nbuckets);
	score->points++;
}

static inline void sim_point(struct sim *sim)
{
	sim_look(sim, sim->space.words, sim->strips[0], &sim->score.ours);
	sim_look(sim, sim->ex.words, sim->strips[1], &sim->score.existing);
}

static inline void sim_count_strips(const struct sim *sim, const struct famfs_entry *entry,
				    uint64_t *strips)
{
	uint64_t bucket = sim->h->dev_size / FAMFS_AU / sim->h->nbuckets * FAMFS_AU, b;

	for (uint32_t i = 0; i < entry->extents_nr; i++) {
		b = entry->extents[i].off / bucket;
		if (b < sim->h->nbuckets)
			strips[b] += entry->extents[i].len;
	}
}

static inline void sim_count(const struct sim *sim, const struct sim_file *file,
			     const struct famfs_entry *entry, struct sim_score *score,
			     uint64_t *strips)
{
	score->placed++;
	score->placed_bytes += file->size;
	if (file->nstrips && file->size >= file->chunk)
		sim_count_strips(sim, entry, strips);
	else
		score->pieces += entry->extents_nr;
}

/* Takes a file from both sides again. */
static inline void sim_drop(struct sim *sim, const struct famfs_entry *ours,
			    const struct famfs_entry *theirs)
{
	place_undo(&sim->space, ours);
	for (uint32_t i = 0; i < theirs->extents_nr; i++)
		bits_clear(sim->ex.words, theirs->extents[i].off / FAMFS_AU,
			   theirs->extents[i].len / FAMFS_AU);
}

/* A look at both sides without a file that only one of them placed well. */
static inline void sim_part(struct sim *sim, struct famfs_entry *ours, struct famfs_entry *theirs)
{
	sim->parted = true;
	sim_drop(sim, ours, theirs);
	sim_point(sim);
	for (uint32_t i = 0; i < theirs->extents_nr; i++)
		existing_take(&sim->ex, theirs->extents[i].off, theirs->extents[i].len);
	for (uint32_t i = 0; i < ours->extents_nr; i++)
		space_take(&sim->space, ours->extents[i].off, ours->extents[i].len);
}

static inline void sim_refuse(const struct sim *sim, const struct sim_file *file,
			      const uint64_t *words, struct sim_score *score)
{
	uint64_t aus = sim->h->dev_size / FAMFS_AU;

	if (!score)
		return;
	score->refused++;
	score->needless += (aus - bits_count(words, 0, aus)) * FAMFS_AU >= file->size;
}

static inline void sim_one(struct sim *sim, const struct sim_file *file)
{
	struct famfs_create_req req = { .size = file->size,
					.nstrips = file->nstrips,
					.nbuckets = file->nbuckets,
					.chunk_size = file->chunk };
	struct famfs_entry ours = { 0 }, theirs = { 0 };
	bool placed = !place_file(&sim->space, sim->h->dev_size, &req, "", &ours, NULL);
	enum existing_outcome outcome = existing_place(&sim->ex, &req, &theirs);

	if (!placed)
		ours.extents_nr = 0;
	if (sim->together) {
		sim->score.ours.failed += !placed;
		sim->score.existing.failed += outcome != EXISTING_PLACED;
		if (!placed || outcome != EXISTING_PLACED)
			sim_drop(sim, &ours, &theirs);
		return;
	}
	if (!sim->parted && (!placed || outcome != EXISTING_PLACED))
		sim_part(sim, &ours, &theirs);
	if (placed)
		sim_count(sim, file, &ours, &sim->score.ours, sim->strips[0]);
	sim_refuse(sim, file, sim->space.words, placed ? NULL : &sim->score.ours);
	if (outcome == EXISTING_PLACED)
		sim_count(sim, file, &theirs, &sim->score.existing, sim->strips[1]);
	sim_refuse(sim, file, sim->ex.words,
		   outcome == EXISTING_REFUSED ? &sim->score.existing : NULL);
	sim->score.existing.past_end += outcome == EXISTING_PAST_END;
	sim->score.existing.same_bucket += outcome == EXISTING_SAME_BUCKET;
}

static inline void sim_begin(struct sim *sim, const struct sim_history *h)
{
	memset(sim, 0, sizeof(*sim));
	sim->h = h;
	if (space_init(&sim->space, h->dev_size) || !existing_init(&sim->ex, h->dev_size))
		abort();
	space_take(&sim->space, 0, FAMFS_LOG_OFF + h->log_len);
	existing_take(&sim->ex, 0, FAMFS_LOG_OFF + h->log_len);
	for (size_t i = 0; i < h->taken_nr; i++) {
		space_take(&sim->space, h->taken[i].off, h->taken[i].len);
		existing_take(&sim->ex, h->taken[i].off, h->taken[i].len);
	}
}

static inline void sim_end(struct sim *sim)
{
	space_fini(&sim->space);
	existing_fini(&sim->ex);
}

static inline void sim_mean(struct sim_score *score)
{
	score->largest /= score->points;
	score->runs /= score->points;
	score->spread /= score->points;
	score->strips /= score->points;
}

static inline struct sim_pair sim_play_once(const struct sim_history *h, bool together)
{
	uint64_t session = UINT64_MAX;
	struct sim sim;

	sim_begin(&sim, h);
	sim.together = together;
	for (size_t i = 0; i < h->nr; i++) {
		if (h->files[i].session != session)
			existing_session(&sim.ex,
					 (unsigned int)(h->seed * 7919 + h->files[i].session));
		session = h->files[i].session;
		if (!sim.parted && i && i % (h->nr / SIM_POINTS + 1) == 0)
			sim_point(&sim);
		sim_one(&sim, &h->files[i]);
	}
	if (!sim.parted)
		sim_point(&sim);
	sim_end(&sim);
	sim_mean(&sim.score.ours);
	sim_mean(&sim.score.existing);
	return sim.score;
}

static inline struct sim_pair sim_play(const struct sim_history *h)
{
	struct sim_pair pair = sim_play_once(h, false), both = sim_play_once(h, true);

	pair.ours.failed = both.ours.failed;
	pair.existing.failed = both.existing.failed;
	return pair;
}

#endif
