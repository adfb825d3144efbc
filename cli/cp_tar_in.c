/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Out of an archive into a famfs. An archive is read once: small files are kept in memory and made
 * in groups, the bytes of a large one go from the archive to its place. Either way a file appears
 * when all of its bytes are stored.
 */
#include "cp_tar.h"
#include "file.h"
#include "geometry.h"
#include "tar_group.h"

#ifdef HAVE_LIBARCHIVE

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Larger files are not kept in memory. */
enum { SMALL = 1 << 20 };

/* ------------------------------------------------------------------ entries */

/* In a dry run what is there is compared at once, since no bytes are kept. */
static bool settle_dry(struct tar_in *in, struct cp_item *item)
{
	const struct slot slot = { .item = item };
	struct famfs_entry there;
	struct famfs_err err;

	if (famfs_lookup(in->cp.dst.fs, item->dest, &there, &err) ||
	    there.type != FAMFS_ENTRY_FILE || there.size != item->size)
		return false;
	tar_group_settle(in, &slot);
	return true;
}

static void take_file(struct tar_in *in, struct cp_item *item)
{
	size_t size = (size_t)item->size;
	struct famfs_err err;
	char *bytes = NULL;

	if (in->cp.env->dry_run) {
		if (!settle_dry(in, item))
			tar_group_add(in, item);
		return;
	}
	if (item->size > SMALL) {
		tar_group_add(in, item);
		tar_group_make(in);
		return;
	}
	if (size > GROUP_BYTES - in->used || in->nr >= GROUP_FILES)
		tar_group_make(in);
	bytes = in->buf + in->used;
	if (tar_bytes(&in->r, item->source, bytes, size, &err)) {
		cp_fail(&in->cp, item, &err);
		return;
	}
	tar_group_add(in, item)->bytes = bytes;
	in->used += size;
}

/* The file that a hard link leads to, if this archive had it before. */
static struct cp_item *find_target(const struct tar_in *in, const char *dest)
{
	size_t i;

	for (i = in->cp.nr; i-- > 0;) {
		struct cp_item *item = in->cp.items[i];

		if (item->size && item->status != CP_FAILED && !strcmp(item->dest, dest))
			return item;
	}
	return NULL;
}

static bool has_dotdot(const char *name)
{
	size_t len;

	for (; *name; name += len + (name[len] == '/')) {
		len = strcspn(name, "/");
		if (len == 2 && !strncmp(name, "..", 2))
			return true;
	}
	return false;
}

/* The path below the destination; without slashes in front, which @ret_stripped tells. */
static char *dest_of(const struct tar_in *in, const char *name, bool *ret_stripped)
{
	*ret_stripped = *name == '/';
	return has_dotdot(name) ? NULL : cp_clean_path(in->cp.base, name);
}

static void take_link(struct tar_in *in, struct cp_item *item, const char *to)
{
	struct text why = { 0 };
	struct cp_item *target = NULL;
	struct famfs_entry entry;
	struct famfs_err err;
	bool stripped;
	char *dest = dest_of(in, to, &stripped);

	if (dest)
		target = find_target(in, dest);
	free(dest);
	if (target && target->status == CP_PENDING && !in->cp.env->dry_run)
		tar_group_make(in);
	if (in->ended)
		return;
	if (!target || target->status == CP_FAILED) {
		text_addf(&why, "is a hard link to %.200s, which the archive did not bring before",
			  to);
		cp_skip(&in->cp, item, why.s);
		text_free(&why);
		return;
	}
	item->size = target->size;
	item->mode = target->mode;
	item->uid = target->uid;
	item->gid = target->gid;
	if (!in->cp.env->dry_run) {
		if (famfs_lookup(in->cp.dst.fs, target->dest, &entry, &err)) {
			cp_fail(&in->cp, item, &err);
			return;
		}
		item->entry = mem_calloc(1, sizeof(entry));
		*item->entry = entry;
	}
	tar_group_add(in, item);
}

static bool set_owner(struct tar_in *in, struct cp_item *item, struct archive_entry *e)
{
	const struct tar_lib *lib = &in->r.lib;
	int64_t uid = lib->entry_uid(e), gid = lib->entry_gid(e);

	if (uid < 0 || uid >= UINT32_MAX || gid < 0 || gid >= UINT32_MAX) {
		cp_failf(&in->cp, item, -ERANGE, "owner %lld or group %lld is no number of 32 bits",
			 (long long)uid, (long long)gid);
		return false;
	}
	cp_set_mode(&in->cp, item, (uint32_t)lib->entry_perm(e), (uint32_t)uid, (uint32_t)gid);
	return true;
}

/* What is no directory and no hard link. */
static void take_other(struct tar_in *in, struct cp_item *item, struct archive_entry *e)
{
	int64_t size = in->r.lib.entry_size(e);
	struct cp *cp = &in->cp;
	mode_t type = in->r.lib.entry_filetype(e);

	if (type == AE_IFLNK) {
		cp_skip(cp, item, "is a symbolic link, which a famfs cannot hold");
	} else if (type != AE_IFREG) {
		cp_skip(cp, item, "is a special file, which a famfs cannot hold");
	} else if (!size && cp->opts->skip_empty) {
		item->status = CP_SKIPPED;
	} else if (!size) {
		cp_skip(cp, item, "is empty, which a famfs cannot hold");
	} else if (size < 0) {
		cp_failf(cp, item, -EBADMSG, "has a negative size");
	} else {
		item->size = (uint64_t)size;
		take_file(in, item);
	}
}

static struct cp_item *new_item(struct tar_in *in, const char *name, const char *dest)
{
	struct cp_item *item;
	struct text source = { 0 };

	text_addf(&source, "%s: %s", in->r.name, name);
	item = cp_add(&in->cp, CP_STDIN, source.s, dest ? dest : "");
	text_free(&source);
	in->cp.current = item->source;
	return item;
}

static void note_stripped(struct tar_in *in)
{
	if (!in->noted)
		env_note(in->cp.env, in->r.name,
			 "has absolute names: taken without the first slash", "");
	in->noted = true;
}

static void take(struct tar_in *in, struct archive_entry *e)
{
	const struct tar_lib *lib = &in->r.lib;
	const char *name = lib->entry_pathname(e), *link = lib->entry_hardlink(e);
	bool stripped;
	char *dest = dest_of(in, name ? name : "", &stripped);
	struct cp_item *item;

	/* The destination itself. */
	if (name && dest && !strcmp(dest, in->cp.base) && lib->entry_filetype(e) == AE_IFDIR) {
		free(dest);
		return;
	}
	item = new_item(in, name ? name : "", dest);
	item->dir = !link && lib->entry_filetype(e) == AE_IFDIR;
	if (stripped && dest)
		note_stripped(in);
	if (!name || !*name)
		cp_failf(&in->cp, item, -EBADMSG, "has no name");
	else if (!dest)
		cp_skip(&in->cp, item, "has .. in its name, which could lead anywhere");
	else if (link)
		take_link(in, item, link);
	else if (set_owner(in, item, e) && item->dir)
		tar_group_add(in, item);
	else if (item->status == CP_PENDING)
		take_other(in, item, e);
	free(dest);
}

/* ----------------------------------------------------------------- the whole */

static void progressed(void *data)
{
	struct tar_in *in = data;

	in->cp.bytes_done = in->r.done;
	cp_progress(&in->cp);
}

static void unpack(struct tar_in *in)
{
	struct archive_entry *e;
	struct famfs_err err;
	int rc = 0;

	while (!in->cp.stop && !in->r.broken && !cmd_cancelled()) {
		rc = tar_next(&in->r, &e, &err);
		if (rc != 1)
			break;
		take(in, e);
	}
	/* What was complete before the archive broke, or before something failed, is made. */
	if (!cmd_cancelled())
		tar_group_make(in);
	if (rc < 0) {
		progress_clear(&in->cp.progress);
		in->cp.code = env_error(in->cp.env, &err);
	}
	if (in->cp.stop && !in->r.broken && !cmd_cancelled())
		env_note(in->cp.env, in->r.name, "the rest was not unpacked", "");
	if (!rc)
		tar_drain(&in->r);
}

static int open_dest(struct tar_in *in, const struct operand *dst)
{
	struct famfs_entry entry;
	struct famfs_info info;
	struct famfs_err err;
	struct cp *cp = &in->cp;

	if (cp_dest_open(cp, dst))
		return EXIT_FAILED;
	if (!cp->into && !famfs_lookup(cp->dst.fs, cp->base, &entry, &err))
		return env_errorf(cp->env, -ENOTDIR, dst->text, "is no directory");
	if (famfs_info(cp->dst.fs, &info, &err))
		return env_error(cp->env, &err);
	in->dax = info.kind == FAMFS_DEV_DAX;
	return 0;
}

int cp_tar_in(struct cmd_env *env, const char *archive, const struct operand *dst,
	      const struct cp_opts *opts)
{
	struct tar_in in = { .opts = *opts, .r = { .progress = progressed, .fd = -1 } };
	int code;

	in.cp = (struct cp){ .env = env, .root = -1, .stream = -1, .input = -1 };
	in.cp.opts = &in.opts;
	in.cp.mask = file_mask();
	in.opts.preserve = true;
	in.r.data = &in;
	in.buf = mem_calloc(1, GROUP_BYTES);
	progress_init(&in.cp.progress, env, "unpacking");
	code = open_dest(&in, dst);
	if (!code)
		code = tar_open(env, &in.r, archive);
	if (!code) {
		geometry_default(env, in.cp.dst.fs, &in.opts.req, 1);
		in.cp.bytes_total = in.r.total;
		unpack(&in);
		code = cp_report(&in.cp);
	}
	tar_group_reset(&in);
	tar_close(&in.r);
	cp_free(&in.cp);
	free(in.slots);
	free(in.reqs);
	free(in.buf);
	return code;
}

#endif
