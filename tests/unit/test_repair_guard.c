/* SPDX-License-Identifier: Apache-2.0 */
/* Repairs beside other writers, without the right to repair, and of very many entries at once. */
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "unit.h"
#include "scratch.h"
#include "image.h"
#include "create.h"
#include "dev.h"
#include "damage.h"
#include "repair.h"

static int try_commit(struct famfs_repair *rep)
{
	struct famfs_err err = { 0 };
	int rc;

	(void)unlink("a.undo");
	rc = famfs_repair_commit(rep, &err);
	CHECK_EQ(rc, err.rc);
	CHECK(!rc || (err.message[0] && err.object[0]));
	return rc;
}

/* Each part of what was looked at: a repair that was decided on other bytes is not stored. */
UNIT_TEST(changed_meanwhile)
{
	static const uint64_t places[] = { 48, 112, HEADER + 40, E(0, 28), E(3, 16), E(4, 0) };
	struct famfs_ctx *ctx = image_ctx();

	damage_make(ctx);
	for (size_t i = 0; i < UNIT_NR(places); i++) {
		struct decider all = { .all = true };
		struct famfs_repair *rep;
		uint64_t before;

		UNIT_ROW("byte %" PRIu64, places[i]);
		damage_undo();
		image_u64("a.img", E(1, 536), 5);
		rep = repair_plan(ctx, &all, 0);
		image_u64("a.img", places[i], image_get64("a.img", places[i]) ^ 1);
		before = damage_sum();
		CHECK_EQ(try_commit(rep), -ESTALE);
		CHECK_EQ(damage_sum(), before);
		CHECK(access("a.undo", F_OK) < 0);
		famfs_repair_free(rep);
	}
	famfs_ctx_free(ctx);
}

/* Nothing is asked of who may not write; only a superblock without a master can be taken over. */
UNIT_TEST(not_the_master)
{
	static const struct {
		const char *name;
		uint64_t off, value;
		unsigned int flags;
		int rc;
	} rows[] = {
		{ "a good superblock", E(1, 536), 5, 0, -EPERM },
		{ "force changes nothing about that", E(1, 536), 5, FAMFS_REPAIR_FORCE, -EPERM },
		{ "one field wrong, the master proved", 16, 5, 0, -EPERM },
		{ "proved, and force", 16, 5, FAMFS_REPAIR_FORCE, -EPERM },
		{ "a damaged one", 48, 5, 0, -EPERM },
		{ "a damaged one, and force", 48, 5, FAMFS_REPAIR_FORCE, 0 },
	};
	struct famfs_ctx *ctx = image_ctx();

	damage_make(ctx);
	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		struct decider all = { .all = true };
		struct famfs_err err = { 0 };
		struct famfs_repair *rep;
		uint64_t before;

		UNIT_ROW("%s", rows[i].name);
		damage_undo();
		image_u64("a.img", rows[i].off, rows[i].value);
		before = damage_sum();
		CHECK_EQ(setenv("FAMFS_SYSTEM_UUID", IMAGE_CLIENT, 1), 0);
		rep = repair_plan(ctx, &all, rows[i].flags);
		CHECK_EQ(famfs_repair_refusal(rep, &err), rows[i].rc);
		CHECK_EQ(all.asked > 0, rows[i].rc == 0);
		CHECK_EQ(try_commit(rep), rows[i].rc);
		CHECK_EQ(damage_sum() == before, rows[i].rc != 0);
		if (rows[i].rc)
			CHECK_HAS(err.message, IMAGE_MASTER);
		else
			CHECK_EQ(repair_errors(ctx), 0);
		famfs_repair_free(rep);
		CHECK_EQ(setenv("FAMFS_SYSTEM_UUID", IMAGE_MASTER, 1), 0);
	}
	famfs_ctx_free(ctx);
}

/* Space that another command is filling, for an entry that it will append. */
UNIT_TEST(beside_a_reservation)
{
	struct famfs_ctx *ctx = image_ctx();
	struct decider none = { .all = true }, all = { .all = true };
	struct famfs_err err = { 0 };
	struct famfs_repair *rep;
	struct dev *dev = NULL;
	uint64_t before;

	damage_make(ctx);
	image_u64("a.img", E(1, 536), 5);
	before = damage_sum();
	CHECK_EQ(dev_open(ctx, "a.img", DEV_WRITE, &dev, NULL), 0);
	CHECK_EQ(dev_hold(dev, SIZE - AU, AU, NULL), 0);
	rep = repair_plan(ctx, &none, 0);
	CHECK_EQ(famfs_repair_refusal(rep, &err), -EBUSY);
	CHECK_HAS(err.message, "filling space");
	CHECK_EQ(none.asked, 0);
	famfs_repair_free(rep);
	dev_drop(dev, SIZE - AU, AU);
	rep = repair_plan(ctx, &all, 0);
	CHECK_EQ(dev_hold(dev, SIZE - AU, AU, NULL), 0);
	CHECK_EQ(try_commit(rep), -EBUSY);
	CHECK_EQ(damage_sum(), before);
	CHECK(access("a.undo", F_OK) < 0);
	dev_drop(dev, SIZE - AU, AU);
	CHECK_EQ(try_commit(rep), 0);
	CHECK_EQ(repair_errors(ctx), 0);
	famfs_repair_free(rep);
	dev_close(dev);
	famfs_ctx_free(ctx);
}

#define MANY 15420

/* A log of 8 MiB, full of files of one name, or in one place. */
static void make_many(struct famfs_ctx *ctx, bool one_name)
{
	struct fm_entry *raw = calloc(MANY, sizeof(*raw));

	REQUIRE(raw);
	image_make(ctx, "a.img", one_name ? (MANY + 5) * AU : SIZE, FAMFS_LOG_LEN_DEFAULT);
	for (uint64_t i = 0; i < MANY; i++) {
		struct famfs_entry entry = image_file("f", 10 * MIB, 4 * MIB);

		if (one_name)
			entry = image_file("f", 10 * MIB + i * AU, AU);
		else
			(void)snprintf(entry.path, sizeof(entry.path), "f%" PRIu64, i);
		entry.seqnum = i;
		media_entry_encode(&entry, &raw[i]);
	}
	image_write("a.img", image_slot(0), raw, MANY * sizeof(*raw));
	image_counters("a.img", MANY, MANY);
	free(raw);
}

/* Each of them gets a name of its own. */
UNIT_TEST(very_many_of_one_name)
{
	struct famfs_ctx *ctx = image_ctx();
	struct decider all = { .all = true };
	struct famfs_repair *rep;
	struct famfs_repair_change c;
	uint64_t changes = 0;

	make_many(ctx, true);
	rep = repair_plan(ctx, &all, 0);
	CHECK_EQ(all.asked, MANY - 1);
	while (famfs_repair_change_next(rep, &c) > 0)
		changes += c.kind == FAMFS_CHANGE_RENAMED;
	CHECK_EQ(changes, MANY - 1);
	repair_commit(rep);
	famfs_repair_free(rep);
	CHECK_EQ(image_check(ctx, "a.img", true), 0);
	famfs_ctx_free(ctx);
}

/* One finding each, and the first stays. */
UNIT_TEST(very_many_overlaps)
{
	struct famfs_ctx *ctx = image_ctx();
	struct decider all = { .all = true };
	struct famfs_repair *rep;
	uint64_t changes = 0;
	struct famfs_repair_change c;
	char listing[1000];

	make_many(ctx, false);
	/* Right behind the log's last slot. */
	image_u64("a.img", 10 * MIB, 77);
	CHECK_EQ(repair_errors(ctx), MANY - 1);
	rep = repair_plan(ctx, &all, 0);
	CHECK_EQ(all.asked, MANY - 1);
	CHECK_EQ(famfs_repair_after(rep)->errors, 0);
	while (famfs_repair_change_next(rep, &c) > 0)
		changes += c.kind == FAMFS_CHANGE_REMOVED;
	CHECK_EQ(changes, MANY - 1);
	repair_commit(rep);
	famfs_repair_free(rep);
	CHECK_STR(repair_listing(ctx, listing, sizeof(listing)), "f0:4194304");
	CHECK_EQ(image_get64("a.img", 10 * MIB), 77);
	/* What went is not there to be found again by a header that is rebuilt. */
	image_u64("a.img", HEADER, 0);
	image_counters("a.img", 9, 0);
	rep = repair_plan(ctx, &all, 0);
	repair_commit(rep);
	famfs_repair_free(rep);
	CHECK_STR(repair_listing(ctx, listing, sizeof(listing)), "f0:4194304");
	famfs_ctx_free(ctx);
}

/* Without a free slot no directory can be made: the file moves into one that is there. */
UNIT_TEST(no_room_for_a_parent)
{
	struct famfs_ctx *ctx = image_ctx();
	struct decider all = { .all = true };
	struct famfs_entry entry;
	struct famfs_repair *rep;
	char name[FAMFS_PATH_SIZE];

	damage_make(ctx);
	for (uint64_t i = 4; i < SLOTS; i++) {
		entry = image_dir("");
		(void)snprintf(entry.path, sizeof(entry.path), "n%" PRIu64, i);
		image_put("a.img", i, &entry);
	}
	entry = image_file("no/such", SIZE - AU, AU);
	image_put("a.img", SLOTS - 1, &entry);
	image_counters("a.img", SLOTS, SLOTS);
	CHECK_EQ(repair_errors(ctx), 1);
	rep = repair_plan(ctx, &all, 0);
	CHECK_EQ(famfs_repair_after(rep)->errors, 0);
	repair_commit(rep);
	famfs_repair_free(rep);
	CHECK_EQ(image_check(ctx, "a.img", true), 0);
	image_read("a.img", image_slot(SLOTS - 1) + 40, name, sizeof(name));
	CHECK_STR(name, "such");
	famfs_ctx_free(ctx);
}

UNIT_TEST(other_entries)
{
	struct famfs_ctx *ctx = image_ctx();
	struct decider all = { .all = true };
	struct famfs_repair *rep;
	char listing[1000];

	damage_make(ctx);
	damage_daxdev(4, 1, 1);
	damage_daxdev(5, 4, 1);
	image_counters("a.img", 6, 6);
	rep = repair_plan(ctx, &all, 0);
	repair_commit(rep);
	famfs_repair_free(rep);
	CHECK_EQ(repair_errors(ctx), 0);
	damage_path(1, 'u');
	rep = repair_plan(ctx, &all, 0);
	repair_commit(rep);
	famfs_repair_free(rep);
	CHECK_EQ(strspn(strstr(repair_listing(ctx, listing, sizeof(listing)), "uu"), "u"), 78);
	famfs_repair_free(NULL);
	famfs_ctx_free(ctx);
}

#define HUGE_SIZE  (1ULL << 40)
#define HUGE_LOG   (1ULL << 39)
#define HUGE_SLOTS ((HUGE_LOG - 48) / 544)

/* Bytes that a repair may need of its own, whatever a sparse image claims. */
#define MEMORY_MAX (64 * MIB)

/* The most that was ever in memory, but for mapped files. In bytes. */
static uint64_t memory_peak(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_SELF, &usage) ? UINT64_MAX : (uint64_t)usage.ru_maxrss * 1024;
}

/* Two entries, and a count of @count, all with right checksums. */
static void make_huge(struct famfs_ctx *ctx, uint64_t count)
{
	const struct famfs_entry entries[] = { image_dir("a"), image_dir("b") };

	image_make(ctx, "a.img", HUGE_SIZE, HUGE_LOG);
	image_put_all("a.img", entries, UNIT_NR(entries));
	image_counters("a.img", count, count);
}

/* valgrind and emulators may have no room in the address space for them. */
static bool maps_huge_images(void)
{
	int fd = memfd_create("huge", MFD_CLOEXEC);
	void *map = MAP_FAILED;

	if (fd >= 0 && ftruncate(fd, HUGE_SIZE) == 0)
		map = mmap(NULL, HUGE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	return map != MAP_FAILED && munmap(map, HUGE_SIZE) == 0;
}

/* A hole of 960 million slots is counted: it takes neither time nor memory to count right again. */
UNIT_TEST(huge_count_over_a_hole)
{
	struct famfs_ctx *ctx = image_ctx();
	struct decider safe = { .safe = true };
	uint64_t before = memory_peak();
	struct famfs_repair *rep;
	char listing[1000];

	if (!maps_huge_images()) {
		famfs_ctx_free(ctx);
		SKIP("no image of 1 TiB can be mapped here");
	}
	make_huge(ctx, HUGE_SLOTS);
	CHECK_EQ(repair_errors(ctx), 2);
	rep = repair_plan(ctx, &safe, 0);
	CHECK_EQ(famfs_repair_after(rep)->errors, 0);
	repair_commit(rep);
	famfs_repair_free(rep);
	CHECK_STR(repair_listing(ctx, listing, sizeof(listing)), "a/ b/");
	CHECK(memory_peak() - before < MEMORY_MAX);
	famfs_ctx_free(ctx);
}

/* Entries with a hole before them are kept up to a limit, and beyond it refused in words. */
UNIT_TEST(entries_among_blank_slots)
{
	static const struct {
		uint64_t at;
		int rc;
	} rows[] = { { 100, 0 }, { 8194, 0 }, { 8195, -EFBIG }, { HUGE_SLOTS - 1, -EFBIG } };
	struct famfs_ctx *ctx = image_ctx();
	const struct famfs_entry last = image_dir("last");
	uint64_t before = memory_peak();

	if (!maps_huge_images()) {
		famfs_ctx_free(ctx);
		SKIP("no image of 1 TiB can be mapped here");
	}
	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		struct decider all = { .all = true };
		struct famfs_repair_opts opts = { .ask = decide, .data = &all, .undo = "a.undo" };
		struct famfs_repair *rep = NULL;
		struct famfs_err err = { 0 };
		char listing[1000];

		UNIT_ROW("slot %" PRIu64, rows[i].at);
		make_huge(ctx, rows[i].at + 1);
		image_put("a.img", rows[i].at, &last);
		opts.flags = FAMFS_REPAIR_SALVAGE;
		CHECK_EQ(famfs_repair_new(ctx, "a.img", &opts, &rep, &err), rows[i].rc);
		if (rows[i].rc) {
			CHECK_HAS(err.message, "blank slots");
			CHECK_HAS(err.hint, "metadata image");
			continue;
		}
		repair_commit(rep);
		famfs_repair_free(rep);
		CHECK_STR(repair_listing(ctx, listing, sizeof(listing)), "a/ b/ last/");
	}
	CHECK(memory_peak() - before < MEMORY_MAX);
	famfs_ctx_free(ctx);
}

UNIT_MAIN
