/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The placement simulator: its model of the existing allocator places as the existing tools did on
 * golden media, and what is promised of ours holds on made-up histories.
 */
#include "unit.h"
#include "../bench/sim.h"

#define AU   FAMFS_AU
#define DEV  (16ULL << 30)
#define AUS  (DEV / AU)
#define SEED 42

static void place_as_existing(struct existing *ex, uint64_t size, uint64_t off,
			      enum existing_outcome outcome)
{
	struct famfs_create_req req = { .size = size };
	struct famfs_entry entry = { 0 };

	CHECK_EQ(existing_place(ex, &req, &entry), outcome);
	CHECK_EQ(entry.extents[0].off, off);
}

/* g13-fragmented: next fit in a session, from the front in the next one. */
UNIT_TEST(the_model_is_next_fit)
{
	struct existing ex;

	REQUIRE(existing_init(&ex, 1ULL << 30));
	existing_take(&ex, 0, 10485760);
	existing_take(&ex, 20971520, 20971520);
	existing_take(&ex, 62914560, 104857600);
	existing_take(&ex, 1071644672, 2097152);
	existing_session(&ex, 1);
	place_as_existing(&ex, 10485760, 10485760, EXISTING_PLACED);
	place_as_existing(&ex, 8388608, 41943040, EXISTING_PLACED);
	place_as_existing(&ex, 31457280, 167772160, EXISTING_PLACED);
	place_as_existing(&ex, 2097152, 199229440, EXISTING_PLACED);
	existing_session(&ex, 1);
	place_as_existing(&ex, 2097152, 50331648, EXISTING_PLACED);
	existing_fini(&ex);
}

/* c13-upstream-overrun: the second file of a session ends 6 MiB behind the device. */
UNIT_TEST(the_model_places_behind_the_end)
{
	struct existing ex;

	REQUIRE(existing_init(&ex, 1ULL << 30));
	existing_take(&ex, 0, 10485760);
	existing_session(&ex, 1);
	place_as_existing(&ex, 943718400, 10485760, EXISTING_PLACED);
	place_as_existing(&ex, 125829120, 954204160, EXISTING_PAST_END);
	existing_fini(&ex);
}

/* FORMAT.md 13.2: a full bucket, and a full first unit behind it, make the strip go elsewhere. */
UNIT_TEST(the_model_spills_out_of_a_full_bucket)
{
	struct famfs_create_req req = {
		.size = 4 * AU, .nstrips = 4, .nbuckets = 4, .chunk_size = AU
	};
	struct famfs_entry entry;
	struct existing ex;

	REQUIRE(existing_init(&ex, 64 * AU));
	existing_take(&ex, 0, 17 * AU);
	existing_session(&ex, 1);
	CHECK_EQ(existing_place(&ex, &req, &entry), EXISTING_SAME_BUCKET);
	CHECK_EQ(entry.extents_nr, 4);
	existing_fini(&ex);
	REQUIRE(existing_init(&ex, 64 * AU));
	existing_take(&ex, 0, 16 * AU);
	existing_session(&ex, 1);
	CHECK_EQ(existing_place(&ex, &req, &entry), EXISTING_REFUSED);
	CHECK_EQ(bits_count(ex.words, 0, 64), 16);
	existing_fini(&ex);
}

/* The longest free run within [from, to), unit by unit. */
static uint64_t longest(const bool *taken, uint64_t from, uint64_t to)
{
	uint64_t run = 0, most = 0;

	for (uint64_t i = from; i < to; i++) {
		run = taken[i] ? 0 : run + 1;
		most = run > most ? run : most;
	}
	return most;
}

/* Could a file of @need units be had in @pieces pieces? Takes the longest runs of a copy. */
static bool fits_in_pieces(const bool *taken, uint64_t need, unsigned int pieces)
{
	static bool copy[AUS];
	uint64_t got = 0, most, run;

	memcpy(copy, taken, sizeof(copy));
	for (; pieces && got < need; pieces--) {
		most = longest(copy, 0, AUS);
		got += most;
		run = 0;
		for (uint64_t i = 0; most && i < AUS; i++) {
			run = copy[i] ? 0 : run + 1;
			if (run < most)
				continue;
			memset(copy + i + 1 - most, true, most);
			break;
		}
	}
	return got >= need;
}

static bool fits(const bool *taken, const struct sim_file *file)
{
	uint64_t bucket, len, found = 0;

	if (!file->nstrips || file->size < file->chunk)
		return fits_in_pieces(taken, (file->size + AU - 1) / AU, FAMFS_EXTENTS_MAX);
	bucket = AUS / file->nbuckets;
	len = interleave_strip_len(file->size, file->nstrips, file->chunk) / AU;
	for (uint64_t b = 0; b < file->nbuckets; b++)
		found += longest(taken, b * bucket, (b + 1) * bucket) >= len;
	return found >= file->nstrips;
}

/* Inside of the device, of nobody else, and strips in different buckets. */
static void judge(bool *taken, const struct sim_file *file, const struct famfs_entry *entry)
{
	uint64_t seen = 0, len = 0, bucket = file->nstrips ? AUS / file->nbuckets * AU : DEV;

	for (uint32_t i = 0; i < entry->extents_nr; i++) {
		const struct famfs_extent *extent = &entry->extents[i];

		REQUIRE(extent->off < DEV && extent->len <= DEV - extent->off && extent->len);
		for (uint64_t au = extent->off / AU; au < (extent->off + extent->len) / AU; au++) {
			if (taken[au])
				CHECK_MSG(false, "unit %" PRIu64 " is taken already", au);
			taken[au] = true;
		}
		len += extent->len;
		if (entry->ext_type != FAMFS_EXT_INTERLEAVE)
			continue;
		CHECK_EQ((extent->off + extent->len - 1) / bucket, extent->off / bucket);
		CHECK(!(seen >> (extent->off / bucket) & 1));
		seen |= 1ULL << (extent->off / bucket);
	}
	CHECK(len >= file->size);
}

UNIT_TEST(ours_never_refuses_what_fits_nor_places_wrongly)
{
	static bool taken[AUS];

	for (size_t kind = 0; kind < SIM_KINDS; kind++) {
		struct sim_history h;
		struct sim sim;

		sim_make(&h, kind, DEV, SEED, 120);
		sim_begin(&sim, &h);
		for (uint64_t i = 0; i < AUS; i++)
			taken[i] = bits_count(sim.space.words, i, 1);
		for (size_t i = 0; i < h.nr; i++) {
			const struct sim_file *f = &h.files[i];
			struct famfs_create_req req = { .size = f->size,
							.nstrips = f->nstrips,
							.nbuckets = f->nbuckets,
							.chunk_size = f->chunk };
			struct famfs_entry entry = { 0 };

			UNIT_ROW("%s %zu", h.name, i);
			if (!place_file(&sim.space, DEV, &req, "", &entry, NULL))
				judge(taken, f, &entry);
			else
				CHECK(!fits(taken, f));
		}
		sim_end(&sim);
		sim_history_free(&h);
	}
}

static struct sim_pair play(size_t kind, uint64_t seed)
{
	struct sim_history h;
	struct sim_pair pair;

	sim_make(&h, kind, DEV, seed, 110);
	pair = sim_play(&h);
	sim_history_free(&h);
	return pair;
}

UNIT_TEST(the_same_seed_gives_the_same_result)
{
	for (size_t kind = 0; kind < SIM_KINDS; kind++) {
		struct sim_pair a = play(kind, SEED), b = play(kind, SEED);
		struct sim_pair other = play(kind, SEED + 1);

		UNIT_ROW("%s", sim_kinds[kind].name);
		CHECK_MEM(&a, &b, sizeof(a));
		CHECK(a.ours.placed_bytes != other.ours.placed_bytes);
	}
}

static void add(struct sim_score *sum, const struct sim_score *one)
{
	sum->placed_bytes += one->placed_bytes;
	sum->past_end += one->past_end;
	sum->same_bucket += one->same_bucket;
	sum->failed += one->failed;
	sum->largest += one->largest;
	sum->runs += one->runs;
	sum->spread += one->spread;
	sum->strips += one->strips;
}

/* In all that is compared. Sums over some seeds: single histories can be luckier with any. */
static void judge_kind(size_t kind, uint64_t dev_size)
{
	struct sim_score ours = { 0 }, existing = { 0 };

	for (uint64_t seed = SEED; seed < SEED + 6; seed++) {
		struct sim_history h;
		struct sim_pair pair;

		sim_make(&h, kind, dev_size, seed, 110);
		pair = sim_play(&h);
		sim_history_free(&h);
		add(&ours, &pair.ours);
		add(&existing, &pair.existing);
	}
	CHECK_EQ(ours.past_end + ours.same_bucket, 0);
	CHECK_MSG(ours.placed_bytes >= existing.placed_bytes, "%" PRIu64 " and %" PRIu64 " bytes",
		  ours.placed_bytes, existing.placed_bytes);
	CHECK_MSG(ours.failed < existing.failed, "failed %" PRIu64 " and %" PRIu64, ours.failed,
		  existing.failed);
	CHECK_MSG(ours.largest >= existing.largest, "largest %f and %f", ours.largest,
		  existing.largest);
	CHECK_MSG(ours.runs <= existing.runs, "runs %f and %f", ours.runs, existing.runs);
	CHECK_MSG(ours.spread <= existing.spread, "spread %f and %f", ours.spread, existing.spread);
	CHECK_MSG(ours.strips <= existing.strips, "strips %f and %f", ours.strips, existing.strips);
}

UNIT_TEST(ours_is_better_in_all)
{
	for (size_t kind = 0; kind < SIM_KINDS; kind++) {
		UNIT_ROW("%s", sim_kinds[kind].name);
		judge_kind(kind, DEV);
		judge_kind(kind, 1ULL << 40);
	}
}

UNIT_TEST(histories_as_text)
{
	static const struct {
		const char *text;
		unsigned long wrong;
	} rows[] = {
		{ "device 1073741824 8388608 4\nfile 0 5\n", 0 },
		{ "# a comment\n\ndevice 1073741824 8388608 4\ntaken 0 4096\nfile 0 5\n"
		  "file 1 8388608 4 8 2097152\n",
		  0 },
		{ "", 1 },
		{ "file 0 5\n", 1 },
		{ "device 1073741824 8388608 4\n", 2 },
		{ "device 1073741824 8388608 65\nfile 0 5\n", 1 },
		{ "device 1073741824 8388608 4\nfile 0 0\n", 2 },
		{ "device 1073741824 8388608 4\nfile 0 5 x\n", 2 },
		{ "device 1073741824 8388608 4\nfile 0 5 4\n", 2 },
		{ "device 1073741824 8388608 4\nfile 0 5 4 2 2097152\n", 2 },
		{ "device 1073741824 8388608 4\nfile 0 5 4 8 3000000\n", 2 },
		{ "device 1073741824 8388608 4\ntaken 1073741824 1\nfile 0 5\n", 2 },
		{ "device 1073741824 8388608 4\nfile 0 5", 2 },
	};

	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		FILE *in = tmpfile();
		struct sim_history h;

		UNIT_ROW("%zu", i);
		REQUIRE(in);
		(void)fputs(rows[i].text, in);
		rewind(in);
		CHECK_EQ(sim_read(&h, in), rows[i].wrong);
		if (!rows[i].wrong)
			CHECK(sim_play(&h).ours.placed == h.nr);
		sim_history_free(&h);
		(void)fclose(in);
	}
}

UNIT_MAIN
