/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every file of every good golden image, through the library: its fields as in the manifest, and
 * its fmap message byte for byte.
 */
#include <errno.h>
#include <glob.h>
#include <json-c/json.h>
#include <unistd.h>

#include "famfs.h"
#include "unit.h"

#define MEDIA "tests/golden/media/"

enum { NAME_SIZE = 256, ENTRIES_MAX = 1 << 16 };

/* One golden image: its manifest, its entries by their slot, and where it was unpacked. */
struct golden {
	char name[NAME_SIZE];
	char image[NAME_SIZE];
	struct json_object *manifest;
	struct json_object *entries[ENTRIES_MAX];
	size_t files;
};

static struct json_object *member(struct json_object *obj, const char *key)
{
	struct json_object *val = NULL;

	(void)json_object_object_get_ex(obj, key, &val);
	return val;
}

static uint64_t number(struct json_object *obj, const char *key)
{
	return json_object_get_uint64(member(obj, key));
}

static void add_entry(struct golden *g, struct json_object *entry)
{
	uint64_t index = number(entry, "index");

	if (!CHECK(index < ENTRIES_MAX) || !CHECK(!g->entries[index]))
		return;
	g->entries[index] = json_object_get(entry);
	g->files += member(entry, "ext_type") != NULL;
}

/* The entries that are too many for the manifest itself: one object per line. */
static void read_lines(struct golden *g)
{
	char command[2 * NAME_SIZE];
	struct json_object *entry;
	char *line = NULL;
	size_t cap = 0;
	FILE *in;

	(void)snprintf(command, sizeof(command), "zstd -qdc %s%s.entries.jsonl.zst", MEDIA,
		       g->name);
	in = popen(command, "r");
	REQUIRE(in);
	while (getline(&line, &cap, in) > 0) {
		entry = json_tokener_parse(line);
		CHECK(entry);
		add_entry(g, entry);
		json_object_put(entry);
	}
	free(line);
	CHECK_EQ(pclose(in), 0);
}

static void read_entries(struct golden *g)
{
	struct json_object *files = member(g->manifest, "files");
	struct json_object *dirs = member(g->manifest, "dirs");

	if (member(g->manifest, "entries_ref")) {
		read_lines(g);
	} else {
		for (size_t i = 0; i < json_object_array_length(files); i++)
			add_entry(g, json_object_array_get_idx(files, i));
		for (size_t i = 0; i < json_object_array_length(dirs); i++)
			add_entry(g, json_object_array_get_idx(dirs, i));
	}
	CHECK_EQ(g->files, number(g->manifest, "n_files"));
}

static void unpack(struct golden *g)
{
	const char *tmp = getenv("TMPDIR");
	char command[3 * NAME_SIZE];

	(void)snprintf(g->image, sizeof(g->image), "%s/golden.%d.img", tmp ? tmp : "/tmp",
		       (int)getpid());
	(void)snprintf(command, sizeof(command), "zstd -qdf --sparse %s%s.img.zst -o '%s'", MEDIA,
		       g->name, g->image);
	CHECK_EQ(system(command), 0);
	CHECK_EQ(truncate(g->image, (off_t)number(g->manifest, "device_size")), 0);
}

static size_t from_hex(const char *text, uint8_t *buf, size_t cap)
{
	size_t len = 0;
	unsigned int byte;

	while (len < cap && sscanf(text + 2 * len, "%2x", &byte) == 1)
		buf[len++] = (uint8_t)byte;
	return len;
}

static void check_message(const struct famfs_entry *entry, struct json_object *want)
{
	uint8_t expected[FAMFS_FMAP_V1_MAX];
	uint8_t msg[FAMFS_FMAP_V1_MAX];
	struct famfs_reply reply = { .buf = msg, .cap = sizeof(msg) };
	struct famfs_fmap_verdict verdict;
	const char *hex = json_object_get_string(member(want, "get_fmap_hex"));

	REQUIRE(hex);
	CHECK_EQ(from_hex(hex, expected, sizeof(expected)), number(want, "get_fmap_nbytes"));
	CHECK_EQ(famfs_fmap_encode(entry, NULL, &reply, NULL), 0);
	CHECK_EQ(reply.len, number(want, "get_fmap_nbytes"));
	CHECK_MEM(msg, expected, reply.len);
	famfs_fmap_judge(msg, reply.len, NULL, &verdict);
	CHECK_EQ(verdict.kernel_rc, 0);
	CHECK_EQ(verdict.unsafe, 0);
}

static void check_extents(const struct famfs_entry *entry, struct json_object *want)
{
	struct json_object *list = member(want, "extents");
	struct json_object *one;

	if (!list)
		list = member(want, "strips");
	REQUIRE(list);
	CHECK_EQ(entry->extents_nr, json_object_array_length(list));
	for (uint32_t i = 0; i < entry->extents_nr; i++) {
		one = json_object_array_get_idx(list, i);
		CHECK_EQ(entry->extents[i].dev_index, number(one, "dev"));
		CHECK_EQ(entry->extents[i].off, number(one, "off"));
		CHECK_EQ(entry->extents[i].len, number(one, "len"));
	}
}

static void check_entry(const struct famfs_entry *entry, struct json_object *want)
{
	bool file = member(want, "ext_type") != NULL;
	const char *mode = json_object_get_string(member(want, "mode"));

	CHECK_EQ(entry->type, file ? FAMFS_ENTRY_FILE : FAMFS_ENTRY_MKDIR);
	CHECK_STR(entry->path, json_object_get_string(member(want, "path")));
	CHECK_EQ(entry->seqnum, entry->index);
	CHECK_EQ(entry->mode, mode ? strtoul(mode, NULL, 8) : 0);
	CHECK_EQ(entry->uid, number(want, "uid"));
	CHECK_EQ(entry->gid, number(want, "gid"));
	if (!file)
		return;
	CHECK_EQ(entry->flags, number(want, "flags"));
	CHECK_EQ(entry->size, number(want, "size"));
	CHECK_EQ(entry->ext_type, number(want, "ext_type"));
	CHECK_EQ(entry->nextents, number(want, "nextents"));
	CHECK_EQ(entry->nstrips, number(want, "nstrips"));
	CHECK_EQ(entry->chunk_size, number(want, "chunk_size"));
	check_extents(entry, want);
	check_message(entry, want);
}

/* Walks the log; every entry of the manifest must come by, once. */
static void check_log(struct golden *g, struct famfs *fs)
{
	struct famfs_entry entry;
	uint64_t cursor = 0;
	size_t left = number(g->manifest, "n_files") + number(g->manifest, "n_dirs");
	int rc;

	while ((rc = famfs_next(fs, &cursor, &entry, NULL)) == 1) {
		if (entry.type == FAMFS_ENTRY_ADD_DAXDEV)
			continue;
		UNIT_ROW("%.200s, entry %" PRIu64, g->name, entry.index);
		REQUIRE(entry.index < ENTRIES_MAX && g->entries[entry.index]);
		check_entry(&entry, g->entries[entry.index]);
		json_object_put(g->entries[entry.index]);
		g->entries[entry.index] = NULL;
		left--;
	}
	UNIT_ROW("%s", g->name);
	CHECK_EQ(rc, 0);
	CHECK_EQ(left, 0);
}

static void check_golden(struct golden *g)
{
	struct famfs_ctx *ctx = NULL;
	struct famfs *fs = NULL;
	struct famfs_err err = { .message = "" };

	read_entries(g);
	unpack(g);
	CHECK_EQ(famfs_ctx_new(&ctx), 0);
	CHECK_MSG(famfs_open(ctx, g->image, 0, &fs, &err) == 0, "%s", err.message);
	if (fs) {
		CHECK_EQ(famfs_damage(fs, NULL), 0);
		check_log(g, fs);
	}
	famfs_close(fs);
	famfs_ctx_free(ctx);
	(void)unlink(g->image);
	for (size_t i = 0; i < ENTRIES_MAX; i++)
		json_object_put(g->entries[i]);
}

/* Returns whether the manifest is one of a good image. */
static bool check_manifest(const char *path)
{
	struct golden *g = calloc(1, sizeof(*g));
	bool good;

	if (!CHECK(g))
		return false;
	g->manifest = json_object_from_file(path);
	UNIT_ROW("%s", path);
	good = g->manifest && json_object_array_length(member(g->manifest, "defects")) == 0;
	CHECK(g->manifest);
	if (good) {
		(void)snprintf(g->name, sizeof(g->name), "%s",
			       json_object_get_string(member(g->manifest, "name")));
		check_golden(g);
	}
	json_object_put(g->manifest);
	free(g);
	return good;
}

UNIT_TEST(every_file_of_every_good_image)
{
	size_t good = 0;
	glob_t found;

	if (system("command -v zstd >/dev/null") != 0)
		SKIP("zstd is not installed");
	REQUIRE(glob(MEDIA "[gc][0-9]*.json", 0, NULL, &found) == 0);
	for (size_t i = 0; i < found.gl_pathc; i++)
		good += check_manifest(found.gl_pathv[i]);
	globfree(&found);
	CHECK(good >= 15);
}

UNIT_MAIN
