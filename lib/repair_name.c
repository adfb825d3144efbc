/* SPDX-License-Identifier: Apache-2.0 */
/* Mending names: clean ones, one for each entry, each in a directory that is there before it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "fs.h"
#include "path.h"
#include "repair_impl.h"

/* Directories that were missing have nobody's rights but to be looked into. */
#define PARENT_MODE 0755

static bool is_dir(const struct repair_fix *fix)
{
	return le32_get(fix->raw->fm_type) == FAMFS_ENTRY_MKDIR;
}

/* Cuts to what every tool takes, between characters. */
static void cut_path(char *path, size_t max)
{
	size_t len = strlen(path);

	if (len <= max)
		return;
	for (len = max; len > 0 && ((unsigned char)path[len] & 0xc0) == 0x80;)
		len--;
	path[len] = '\0';
}

/* As the kernel would walk it, never above the root. @path has room for what it holds. */
static void clean_path(char *path)
{
	char clean[FAMFS_PATH_SIZE + 1] = "";
	char *part = path;
	size_t len = 0, n;

	for (; *part; part += n) {
		part += strspn(part, "/");
		n = strcspn(part, "/");
		if (!n || (n == 1 && part[0] == '.'))
			continue;
		if (n == 2 && part[0] == '.' && part[1] == '.') {
			while (len && clean[--len] != '/')
				;
			clean[len] = '\0';
			continue;
		}
		if (len)
			clean[len++] = '/';
		memcpy(clean + len, part, n);
		len += n;
		clean[len] = '\0';
	}
	cut_path(clean, FAMFS_PATH_WRITE_MAX);
	while ((len = strlen(clean)) && clean[len - 1] == '/')
		clean[len - 1] = '\0';
	memcpy(path, clean, sizeof(clean));
}

/* Numbers tried, from an entry's own on, before one is taken that none has tried yet. */
#define NEAR_NUMBERS 8

/* Adds "~NUMBER" until the name is free. Names cannot be laid out to be tried again and again. */
static void make_unique(const struct repair_fix *fix, char *path)
{
	uint32_t origin = fix->rep->slots[fix->slot].origin;
	uint64_t number = origin == REPAIR_NO_SLOT ? fix->slot : origin;
	char base[FAMFS_PATH_SIZE + 1], tail[32];
	struct repair_found found;
	unsigned int tries = 0;
	size_t len;

	memcpy(base, path, sizeof(base));
	for (;; number = ++tries < NEAR_NUMBERS ? number + 1 : fix->rep->unique++) {
		struct repair_wanted want = { .path = path, .len = strlen(path) };

		want.before = REPAIR_INSERT_REF;
		want.but = fix->slot;
		if (want.len && strcmp(path, FS_META_DIR) && !repair_find(fix->rep, &want, &found))
			return;
		(void)snprintf(tail, sizeof(tail), "%s~%" PRIu64, *base ? "" : "file", number);
		memcpy(path, base, sizeof(base));
		cut_path(path, FAMFS_PATH_WRITE_MAX - strlen(tail));
		len = strlen(path);
		memcpy(path + len, tail, strlen(tail) + 1);
	}
}

static int set_path(struct repair_fix *fix, const char *path, struct famfs_err *err)
{
	char *field = is_dir(fix) ? fix->raw->fm_mkdir.fm_path : fix->raw->fm_file.fm_path;

	memset(field, 0, FAMFS_PATH_SIZE);
	memcpy(field, path, strlen(path));
	fix->altered = true;
	fix->rep->slots[fix->slot].renamed = true;
	return repair_add_name(fix->rep, path, fix->slot, err);
}

/* A directory that is there already, or is the root, need not be there twice. */
static int rename_to(struct repair_fix *fix, char *path, struct famfs_err *err)
{
	struct repair_wanted want = { .path = path,
				      .len = strlen(path),
				      .before = REPAIR_INSERT_REF };
	struct repair_found found;

	want.but = fix->slot;
	if (is_dir(fix) && (!*path || !strcmp(path, FS_META_DIR) ||
			    (repair_find(fix->rep, &want, &found) && found.dir))) {
		fix->removed = true;
		return 0;
	}
	make_unique(fix, path);
	return set_path(fix, path, err);
}

static void get_path(const struct repair_fix *fix, char path[FAMFS_PATH_SIZE + 1])
{
	memset(path, 0, FAMFS_PATH_SIZE + 1);
	memcpy(path, media_entry_path(fix->raw), FAMFS_PATH_SIZE);
}

/* Return: 1 this was it, 0 not, -errno. */
static int fix_unclean(struct repair_fix *fix, struct famfs_err *err)
{
	static const enum problem problems[] = {
		PROBLEM_PATH_UNTERMINATED, PROBLEM_PATH_EMPTY, PROBLEM_PATH_ABSOLUTE,
		PROBLEM_PATH_ESCAPE,       PROBLEM_PATH_DOT,   PROBLEM_PATH_META_DIR,
	};
	char path[FAMFS_PATH_SIZE + 1];
	int some = 0;

	for (size_t i = 0; i < sizeof(problems) / sizeof(problems[0]); i++) {
		int rc = repair_fix_may(fix, problems[i], err);

		if (rc < 0)
			return rc;
		if (rc == 0 && repair_fix_has(fix, problems[i]))
			return 1;
		some |= rc;
	}
	if (!some)
		return 0;
	get_path(fix, path);
	clean_path(path);
	return rename_to(fix, path, err) ?: 1;
}

/* The same file once more: an entry that was written twice. */
static bool same_file(const struct fm_entry *a, const struct fm_entry *b)
{
	return !memcmp(&a->fm_file, &b->fm_file, sizeof(a->fm_file));
}

static int fix_duplicate(struct repair_fix *fix, struct famfs_err *err)
{
	char path[FAMFS_PATH_SIZE + 1];
	struct repair_wanted want = { .path = path, .before = fix->slot, .but = fix->slot };
	struct repair_found found;
	int rc;

	if (!repair_fix_has(fix, PROBLEM_PATH_DUPLICATE))
		return 0;
	get_path(fix, path);
	want.len = strlen(path);
	if (!repair_find(fix->rep, &want, &found))
		return 0;
	rc = repair_fix_may(fix, PROBLEM_PATH_DUPLICATE, err);
	if (rc <= 0)
		return rc < 0 ? rc : 1;
	if (is_dir(fix) || (found.slot < REPAIR_INSERT_REF && !found.dir &&
			    same_file(fix->raw, repair_entry(fix->rep, found.slot)))) {
		fix->removed = true;
		return 1;
	}
	make_unique(fix, path);
	return set_path(fix, path, err) ?: 1;
}

/* The directory that a name is in; "" is the root. */
static void parent_of(char *path)
{
	char *slash = strrchr(path, '/');

	path[slash ? slash - path : 0] = '\0';
}

/* Is a directory that a name is in a file, and there is no such directory either? */
static bool is_file(const struct repair_fix *fix, const char *path, size_t len)
{
	struct repair_wanted want = {
		.path = path, .len = len, .before = fix->slot, .but = fix->slot
	};
	struct repair_found found;

	if (repair_find(fix->rep, &want, &found))
		return !found.dir;
	/* One that comes later has the name too, and keeps it. */
	want.before = REPAIR_INSERT_REF;
	return repair_find(fix->rep, &want, &found) && !found.dir;
}

/* Leaves out the parts that are files. Return: whether there were any. */
static bool leave_files_out(struct repair_fix *fix, char *path)
{
	bool any = false;
	char *slash = strchr(path, '/');

	while (slash) {
		char *part = slash;

		if (!is_file(fix, path, (size_t)(slash - path))) {
			slash = strchr(slash + 1, '/');
			continue;
		}
		while (part > path && part[-1] != '/')
			part--;
		memmove(part, slash + 1, strlen(slash + 1) + 1);
		slash = strchr(part, '/');
		any = true;
	}
	return any;
}

static int fix_under_file(struct repair_fix *fix, struct famfs_err *err)
{
	enum problem problem = PROBLEM_PATH_UNDER_FILE;
	char path[FAMFS_PATH_SIZE + 1];
	int rc;

	if (!repair_fix_has(fix, problem))
		problem = PROBLEM_PATH_NO_PARENT;
	if (!repair_fix_has(fix, problem))
		return 0;
	get_path(fix, path);
	if (!leave_files_out(fix, path))
		return 0;
	rc = repair_fix_may(fix, problem, err);
	if (rc <= 0)
		return rc < 0 ? rc : 1;
	return rename_to(fix, path, err) ?: 1;
}

/* The directory as a later entry makes it, which then comes earlier, or a plain one. */
static void make_dir(struct repair_fix *fix, const char *path, struct repair_insert *insert)
{
	struct repair_wanted want = { .path = path,
				      .len = strlen(path),
				      .before = REPAIR_INSERT_REF };
	struct famfs_entry dir = { .type = FAMFS_ENTRY_MKDIR, .mode = PARENT_MODE };
	struct repair_found found;

	*insert = (struct repair_insert){
		.before = (uint32_t)fix->slot,
		.slot = { .origin = REPAIR_NO_SLOT, .items = REPAIR_NO_SLOT },
	};
	want.but = fix->slot;
	if (repair_find(fix->rep, &want, &found) && found.dir && found.slot < REPAIR_INSERT_REF) {
		insert->raw = *repair_entry(fix->rep, found.slot);
		insert->slot = fix->rep->slots[found.slot];
		fix->rep->slots[found.slot].removed = true;
		return;
	}
	memcpy(dir.path, path, want.len + 1);
	media_entry_encode(&dir, &insert->raw);
}

static int add_parent(struct repair_fix *fix, const char *path, struct famfs_err *err)
{
	struct famfs_repair *rep = fix->rep;

	if (rep->inserts_nr == rep->inserts_cap) {
		uint64_t cap = rep->inserts_cap ? 2 * rep->inserts_cap : 16;
		struct repair_insert *more = reallocarray(rep->inserts, cap, sizeof(*more));

		if (!more)
			return err_nomem(err);
		rep->inserts = more;
		rep->inserts_cap = cap;
	}
	make_dir(fix, path, &rep->inserts[rep->inserts_nr++]);
	return repair_add_name(rep, path, REPAIR_INSERT_REF + rep->inserts_nr - 1, err);
}

/* Parents of @path that no earlier entry makes, the deepest first. */
static int add_parents(struct repair_fix *fix, char *path, struct famfs_err *err)
{
	int rc = 0;

	for (parent_of(path); !rc && *path && strcmp(path, FS_META_DIR); parent_of(path)) {
		struct repair_wanted want = { .path = path,
					      .len = strlen(path),
					      .before = fix->slot };
		struct repair_found found;

		want.but = fix->slot;
		if (repair_find(fix->rep, &want, &found))
			break;
		rc = add_parent(fix, path, err);
	}
	return rc;
}

/* How many entries the log may yet take; those that leave it in this round do not count yet. */
static uint64_t room_in_log(const struct famfs_repair *rep)
{
	uint64_t used = rep->check->end + rep->inserts_nr;

	return rep->check->log.slots > used ? rep->check->log.slots - used : 0;
}

/* Leaves of a directory's path what earlier entries make. Return: how many parts go. */
static uint64_t leave_missing_out(const struct repair_fix *fix, char *dir)
{
	struct repair_wanted want = { .path = dir, .before = fix->slot, .but = fix->slot };
	struct repair_found found;
	uint64_t nr = 0;

	for (; *dir && strcmp(dir, FS_META_DIR); parent_of(dir), nr++) {
		want.len = strlen(dir);
		if (repair_find(fix->rep, &want, &found))
			break;
	}
	return nr;
}

/* Where the log has no room for a directory, the name moves into one that is there. */
static int move_up(struct repair_fix *fix, const char *dir, char *path, struct famfs_err *err)
{
	size_t len = strlen(dir);
	char *name = strrchr(path, '/') + 1;

	/* Behind @dir there is a slash, and at least one part that goes. */
	memmove(path + len + (len > 0), name, strlen(name) + 1);
	return rename_to(fix, path, err);
}

static int fix_parent(struct repair_fix *fix, struct famfs_err *err)
{
	char path[FAMFS_PATH_SIZE + 1], dir[FAMFS_PATH_SIZE + 1];
	uint64_t missing;
	bool room;
	int rc;

	if (!repair_fix_has(fix, PROBLEM_PATH_NO_PARENT))
		return 0;
	get_path(fix, path);
	memcpy(dir, path, sizeof(dir));
	parent_of(dir);
	missing = leave_missing_out(fix, dir);
	if (!missing)
		return 0;
	room = room_in_log(fix->rep) >= missing;
	fix->rep->crowded |= !room;
	if (!room && !fix->rep->move_up)
		return 0;
	rc = repair_fix_may(fix, PROBLEM_PATH_NO_PARENT, err);
	if (rc <= 0)
		return rc;
	return room ? add_parents(fix, path, err) : move_up(fix, dir, path, err);
}

int repair_fix_name(struct repair_fix *fix, struct famfs_err *err)
{
	int rc;

	if (!media_entry_path(fix->raw))
		return 0;
	rc = fix_unclean(fix, err);
	if (!rc)
		rc = fix_duplicate(fix, err);
	if (!rc)
		rc = fix_under_file(fix, err);
	if (!rc)
		rc = fix_parent(fix, err);
	return rc < 0 ? rc : 0;
}
