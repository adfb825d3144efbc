/* SPDX-License-Identifier: Apache-2.0 */
#include "space.h"
#include "unit.h"

#define AU    FAMFS_AU
#define AUS   317
#define WILD  UINT64_MAX
#define RUNS  400
#define STEPS 120

static uint64_t seed = 7;

static uint64_t any(uint64_t below)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (seed >> 33) % below;
}

struct model {
	bool taken[AUS], strips[AUS];
};

/*
 * The shortest free run that holds @want within [from, to), up to the first that is longer by
 * @long_run; of equal ones the first, or with @downward the last. What is taken is its front, or
 * with @downward its end. Return: where, AUS if there is none.
 */
static uint64_t model_alloc(struct model *m, uint64_t from, uint64_t to, uint64_t want,
			    uint64_t long_run, bool downward)
{
	uint64_t best = AUS, best_nr = UINT64_MAX, nr;

	for (uint64_t at = from; want && at < to; at += nr ? nr : 1) {
		for (nr = 0; at + nr < to && !m->taken[at + nr]; nr++)
			;
		if (nr < want)
			continue;
		if (nr < best_nr || (downward && nr == best_nr)) {
			best = at;
			best_nr = nr;
		}
		if (nr >= want + long_run)
			break;
	}
	if (best == AUS)
		return AUS;
	best += downward ? best_nr - want : 0;
	memset(m->taken + best, true, want);
	return best;
}

static void model_set(struct model *m, uint64_t off, uint64_t len, bool taken)
{
	for (unsigned __int128 at = off / AU; len && at * AU < (unsigned __int128)off + len; at++) {
		if (at >= AUS)
			break;
		m->taken[at] = taken;
		m->strips[at] &= taken;
	}
}

static void model_free(const struct model *m, uint64_t *ret_free, uint64_t *ret_largest)
{
	uint64_t run = 0;

	*ret_free = *ret_largest = 0;
	for (uint64_t i = 0; i < AUS; i++) {
		run = m->taken[i] ? 0 : run + 1;
		*ret_free += m->taken[i] ? 0 : AU;
		if (run * AU > *ret_largest)
			*ret_largest = run * AU;
	}
}

static void compare(const struct space *space, const struct model *m)
{
	uint64_t got_free, got_largest, want_free, want_largest;

	space_free(space, &got_free, &got_largest);
	model_free(m, &want_free, &want_largest);
	CHECK_EQ(got_free, want_free);
	CHECK_EQ(got_largest, want_largest);
	for (uint64_t i = 0; i < AUS; i++)
		if ((space->words[i / 64] >> (i % 64) & 1) != m->taken[i])
			CHECK_MSG(false, "AU %" PRIu64, i);
}

/* Of all buckets of a random length. */
static void compare_loads(struct space *space, const struct model *m)
{
	static const uint64_t lens[] = { 1, 4, 63, 64, 79, 317 };
	uint64_t len = lens[any(UNIT_NR(lens))], nr = AUS / len, want;
	const uint64_t *loads;

	nr = nr < FAMFS_BUCKETS_MAX ? nr : FAMFS_BUCKETS_MAX;
	loads = space_loads(space, len * AU + any(AU), nr);
	for (uint64_t b = 0; b < nr; b++) {
		want = 0;
		for (uint64_t i = b * len; i < (b + 1) * len; i++)
			want += m->taken[i] + 32 * m->strips[i];
		CHECK_EQ(loads[b], want);
	}
}

static void note_strip(struct space *space, struct model *m, uint64_t first, uint64_t nr)
{
	space_note_strip(space, first * AU, nr * AU);
	for (uint64_t i = first; i < first + nr && i < AUS; i++)
		m->strips[i] = true;
}

static void step_alloc(struct space *space, struct model *m)
{
	uint64_t want = any(3) ? 1 + any(9) : 1 + any(AUS / 2), off = WILD, at;
	uint64_t len = want * AU - any(AU);

	at = model_alloc(m, 0, AUS, want, AUS / 16, false);
	CHECK_EQ(space_alloc(space, len, &off), at < AUS);
	CHECK_EQ(off, at < AUS ? at * AU : WILD);
}

static void step_within(struct space *space, struct model *m)
{
	uint64_t from = any(AUS + 20), to = from + any(60), want = 1 + any(12), off = WILD, at;
	struct space_range range = { from * AU - (from ? any(AU) : 0), to * AU + any(AU), any(2) };

	at = model_alloc(m, from, to < AUS ? to : AUS, want, AUS, range.downward);
	CHECK_EQ(space_alloc_within(space, &range, want * AU, &off), at < AUS);
	CHECK_EQ(off, at < AUS ? at * AU : WILD);
	if (at < AUS && any(4))
		note_strip(space, m, at, want);
}

static void step_take(struct space *space, struct model *m)
{
	uint64_t off = any(AUS + 3) * AU + any(2) * any(AU), len = any(2) ? any(9 * AU) : any(2);
	bool was = false;

	for (uint64_t i = off / AU; len && i < AUS && i * AU < off + len; i++)
		was |= m->taken[i];
	model_set(m, off, len, true);
	if (any(2)) {
		space_take(space, off, len);
		if (len && any(2))
			note_strip(space, m, off / AU, (off % AU + len + AU - 1) / AU);
	} else {
		CHECK_EQ(space_take_seen(space, off, len), was);
	}
}

static void step_release(struct space *space, struct model *m)
{
	uint64_t off = any(AUS) * AU, len = any(20) * AU;

	model_set(m, off, len, false);
	space_release(space, off, len);
}

/* Mostly taking, as a writer does, so that what is remembered of earlier searches matters. */
UNIT_TEST(against_a_model)
{
	for (int run = 0; run < RUNS / 4; run++) {
		struct model m = { .taken = { 0 } };
		struct space space;

		REQUIRE(!space_init(&space, AUS * AU + any(AU)));
		for (int step = 0; step < STEPS; step++) {
			uint64_t what = any(16);

			UNIT_ROW("run %d step %d what %" PRIu64, run, step, what);
			if (what < 9)
				step_alloc(&space, &m);
			else if (what < 12)
				step_within(&space, &m);
			else if (what < 15 || run % 2)
				step_take(&space, &m);
			else
				step_release(&space, &m);
			if (step % 8 == 0)
				compare(&space, &m);
			if (any(2))
				compare_loads(&space, &m);
		}
		compare(&space, &m);
		space_fini(&space);
	}
}

/* One AU at a time beside large ones, on a comb: the hints must never skip a hole. */
UNIT_TEST(first_fit_with_mixed_sizes)
{
	for (int run = 0; run < RUNS; run++) {
		struct model m = { .taken = { 0 } };
		struct space space;

		REQUIRE(!space_init(&space, AUS * AU));
		for (uint64_t i = any(5); i < AUS; i += 1 + any(7)) {
			model_set(&m, i * AU, 1, true);
			space_take(&space, i * AU, 1);
		}
		UNIT_ROW("run %d", run);
		for (int step = 0; step < 60; step++)
			step_alloc(&space, &m);
		compare(&space, &m);
		space_fini(&space);
	}
}

UNIT_TEST(pieces)
{
	for (int run = 0; run < RUNS; run++) {
		uint32_t max = 1 + (uint32_t)any(16), nr;
		struct famfs_extent pieces[17] = { [16] = { .off = 99 } };
		uint64_t want, sum = 0, runs[AUS] = { 0 }, runs_nr = 0, best = 0;
		struct model m = { .taken = { 0 } };
		struct space space;

		REQUIRE(!space_init(&space, AUS * AU));
		for (uint64_t i = any(9); i < AUS; i += 1 + any(run % 20 + 2)) {
			model_set(&m, i * AU, 1, true);
			space_take(&space, i * AU, 1);
		}
		for (uint64_t i = 0, len = 0; i <= AUS; i++) {
			if (i < AUS && !m.taken[i]) {
				len++;
				continue;
			}
			runs[runs_nr] = len;
			runs_nr += len > 0;
			len = 0;
		}
		/* The longest runs together, at most @max of them. */
		for (uint32_t i = 0; i < max; i++) {
			uint64_t *top = &runs[0];

			for (uint64_t j = 0; j < runs_nr; j++)
				top = runs[j] > *top ? &runs[j] : top;
			best += *top;
			*top = 0;
		}
		want = 1 + any(best + 4);
		UNIT_ROW("run %d: %" PRIu64 " of %" PRIu64 " in %u", run, want, best, max);
		nr = space_alloc_pieces(&space, want * AU - any(AU), pieces, max);
		CHECK_EQ(nr > 0, want <= best);
		CHECK(nr <= max);
		CHECK_EQ(pieces[16].off, 99);
		for (uint32_t i = 0; i < nr; i++) {
			CHECK_EQ(pieces[i].off % AU, 0);
			CHECK_EQ(pieces[i].len % AU, 0);
			CHECK_EQ(pieces[i].dev_index, 0);
			CHECK(pieces[i].len > 0);
			sum += pieces[i].len;
			for (uint64_t at = pieces[i].off / AU, n = pieces[i].len / AU; n--; at++)
				if (at >= AUS || m.taken[at])
					CHECK_MSG(false, "AU %" PRIu64 " was taken", at);
			model_set(&m, pieces[i].off, pieces[i].len, true);
		}
		CHECK_EQ(sum, nr ? want * AU : 0);
		compare(&space, &m);
		space_fini(&space);
	}
}

static const uint64_t wild[] = {
	0,          1,           AU - 1,     AU,         3 * AU,          AUS *AU - 1,
	AUS *AU,    AUS *AU + 1, 1ULL << 49, 1ULL << 63, UINT64_MAX - AU, UINT64_MAX - 1,
	UINT64_MAX,
};

UNIT_TEST(wild_ranges)
{
	for (size_t i = 0; i < UNIT_NR(wild); i++) {
		for (size_t j = 0; j < UNIT_NR(wild); j++) {
			struct model m = { .taken = { 0 } };
			struct space space;
			uint64_t off = WILD;

			UNIT_ROW("%" PRIx64 "+%" PRIx64, wild[i], wild[j]);
			REQUIRE(!space_init(&space, AUS * AU));
			space_take(&space, wild[i], wild[j]);
			model_set(&m, wild[i], wild[j], true);
			compare(&space, &m);
			CHECK_EQ(space_take_seen(&space, wild[i], wild[j]),
				 wild[j] && wild[i] < AUS * AU);
			space_release(&space, wild[i], wild[j]);
			model_set(&m, wild[i], wild[j], false);
			compare(&space, &m);
			space_free_within(&space, wild[i], wild[j]);
			if (space_alloc_within(&space,
					       &(struct space_range){ wild[i], wild[j], j % 2 },
					       wild[i], &off))
				CHECK(off >= wild[i] && off + wild[i] <= wild[j]);
			space_fini(&space);
		}
	}
}

UNIT_TEST(lengths_that_cannot_be_had)
{
	static const struct space_range all = { 0, UINT64_MAX, false };
	struct famfs_extent pieces[16];
	struct space space;
	uint64_t off = 5;

	REQUIRE(!space_init(&space, AUS * AU));
	CHECK_EQ(space_alloc(&space, 0, &off), 0);
	CHECK_EQ(space_alloc(&space, UINT64_MAX, &off), 0);
	CHECK_EQ(space_alloc(&space, AUS * AU + 1, &off), 0);
	CHECK_EQ(space_alloc_within(&space, &all, UINT64_MAX, &off), 0);
	CHECK_EQ(space_alloc_within(&space, &all, 0, &off), 0);
	CHECK_EQ(space_alloc_pieces(&space, UINT64_MAX, pieces, 16), 0);
	CHECK_EQ(space_alloc_pieces(&space, 0, pieces, 16), 0);
	CHECK_EQ(off, 5);
	CHECK_EQ(space_alloc(&space, AUS * AU, &off), 1);
	CHECK_EQ(off, 0);
	CHECK_EQ(space_alloc(&space, 1, &off), 0);
	space_fini(&space);
}

UNIT_TEST(odd_devices)
{
	static const struct {
		uint64_t size, aus;
	} rows[] = {
		{ 0, 0 },          { AU - 1, 0 },   { AU, 1 },
		{ 2 * AU - 1, 1 }, { 64 * AU, 64 }, { 65 * AU, 65 },
	};

	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		uint64_t bytes, largest, off;
		struct space space;

		UNIT_ROW("%" PRIu64, rows[i].size);
		REQUIRE(!space_init(&space, rows[i].size));
		space_free(&space, &bytes, &largest);
		CHECK_EQ(bytes, rows[i].aus * AU);
		CHECK_EQ(largest, rows[i].aus * AU);
		CHECK_EQ(space_free_within(&space, 0, UINT64_MAX), rows[i].aus * AU);
		for (uint64_t n = 0; n < rows[i].aus; n++) {
			CHECK_EQ(space_alloc(&space, 1, &off), 1);
			CHECK_EQ(off, n * AU);
		}
		CHECK_EQ(space_alloc(&space, 1, &off), 0);
		space_fini(&space);
	}
}

UNIT_TEST(largest_device)
{
	struct space space;

	REQUIRE(!space_init(&space, UINT64_MAX));
	CHECK_EQ(space.aus, FAMFS_DEVICE_MAX / AU);
	space_take(&space, FAMFS_DEVICE_MAX - 1, UINT64_MAX);
	CHECK_EQ(space_free_within(&space, FAMFS_DEVICE_MAX - 2 * AU, UINT64_MAX), AU);
	space_fini(&space);
}

UNIT_MAIN

/* Blocks that are set as a whole are not set again, and are so no longer when a part is freed. */
UNIT_TEST(large_ranges)
{
	enum { BIG = 5 * 4096 + 77 };
	static bool taken[BIG];
	struct space space;

	memset(taken, 0, sizeof(taken));
	REQUIRE(!space_init(&space, BIG * AU));
	for (int round = 0; round < 300; round++) {
		uint64_t first = any(BIG), nr = any(3) ? any(3 * 4096) : any(70);
		bool take = any(3);

		UNIT_ROW("round %d: %d %" PRIu64 "+%" PRIu64, round, take, first, nr);
		for (uint64_t i = first; i < first + nr && i < BIG; i++)
			taken[i] = take;
		if (take)
			space_take(&space, first * AU, nr * AU);
		else
			space_release(&space, first * AU, nr * AU);
		for (uint64_t i = 0; i < BIG; i++)
			if ((space.words[i / 64] >> (i % 64) & 1) != taken[i])
				CHECK_MSG(false, "AU %" PRIu64, i);
	}
	space_fini(&space);
}
