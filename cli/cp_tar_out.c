/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Out of a famfs into an archive: in the order of the names, with nothing in it that depends on the
 * time or the place, so that the same tree makes the same archive.
 */
#include "cp_tar.h"
#include "tar_lib.h"

#ifdef HAVE_LIBARCHIVE

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "below.h"
#include "file.h"

/* Bytes read at a time; tar's unit, of which an archive has a whole number; bytes written. */
enum { PART = 1 << 20, RECORD = 10240, BLOCK = 100 * RECORD };

/**
 * struct tar_out - one packing.
 * @path: where the archive goes, @last: the last part of it; both NULL for a stream.
 * @file: what it is until it is complete.
 * @rc: what writing failed with.
 * @utf8: without it libarchive takes names for bytes without meaning.
 */
struct tar_out {
	struct cp cp;
	struct cp_opts opts;
	struct tar_lib lib;
	struct archive *a;
	const char *name;
	int fd, rc;
	const char *last;
	char *path;
	struct below_file file;
	char *buf; /* PART */
	struct utf8_locale locale;
};

/* ------------------------------------------------------------- where it goes */

static int out_error(const struct tar_out *out, int rc)
{
	return env_errorf(out->cp.env, rc, out->name, "%s", strerror(-rc));
}

/* An archive that is there is replaced when the new one is complete. */
static int open_tmp(struct tar_out *out, const char *archive)
{
	int rc = file_target(archive, &out->path);

	if (!rc)
		rc = below_file_open_for(&out->file, out->path, &out->last);
	if (rc)
		return out_error(out, rc);
	out->fd = out->file.fd;
	if (fchmod(out->fd, 0666 & ~out->cp.mask))
		return out_error(out, -errno);
	return 0;
}

static int check_target(const struct tar_out *out, int fd, const char *device)
{
	struct stat st;

	if (file_is_device(fd, device))
		return env_errorf(out->cp.env, -EBUSY, out->name,
				  "is the image that is packed, or a device");
	if (!fstat(fd, &st) && S_ISDIR(st.st_mode))
		return env_errorf(out->cp.env, -EISDIR, out->name, "is a directory");
	if (isatty(fd))
		return env_errorf(out->cp.env, -EINVAL, out->name,
				  "is a terminal, and an archive is no text");
	return 0;
}

static int open_archive(struct tar_out *out, const char *archive, const char *device)
{
	struct stat st;
	int fd, code;

	if (!strcmp(archive, "-")) {
		out->fd = STDOUT_FILENO;
		return check_target(out, out->fd, device);
	}
	fd = open(archive, O_PATH | O_CLOEXEC);
	if (fd >= 0) {
		code = check_target(out, fd, device);
		close(fd);
		if (code)
			return code;
	}
	if (out->cp.env->dry_run)
		return 0;
	if (stat(archive, &st) || S_ISREG(st.st_mode))
		return open_tmp(out, archive);
	out->fd = open(archive, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	return out->fd < 0 ? out_error(out, -errno) : check_target(out, out->fd, device);
}

/*
 * libarchive is not told of a failure, for then it would not free what it has; nothing is written
 * after it.
 */
static la_ssize_t write_some(struct archive *a, void *data, const void *buf, size_t len)
{
	struct tar_out *out = data;

	(void)a;
	if (!out->rc)
		out->rc = file_write_all(out->fd, buf, len);
	return (la_ssize_t)len;
}

/* ------------------------------------------------------------------- entries */

static int failed(struct tar_out *out, struct famfs_err *err)
{
	const char *why = out->lib.error_string(out->a);

	if (out->rc == -EPIPE)
		file_reader_gone();
	if (cmd_cancelled())
		return cp_err(err, -ECANCELED, out->name, "cancelled");
	if (out->rc)
		return cp_err(err, out->rc, out->name, "%s", strerror(-out->rc));
	return cp_err(err, -EIO, out->name, "cannot be written: %s",
		      why ? why : "no reason is given");
}

static int write_bytes(struct tar_out *out, const struct cp_item *item, struct famfs_err *err)
{
	uint64_t off;
	size_t len;
	int rc;

	for (off = 0; off < item->size; off += len) {
		len = item->size - off < PART ? (size_t)(item->size - off) : PART;
		if (cmd_cancelled())
			return cp_err(err, -ECANCELED, item->source, "cancelled");
		rc = famfs_read(item->side->fs, item->entry, off, out->buf, len, err);
		if (rc)
			return rc;
		if (out->lib.write_data(out->a, out->buf, len) != (la_ssize_t)len || out->rc)
			return failed(out, err);
		out->cp.bytes_done += len;
		cp_progress(&out->cp);
	}
	return famfs_unmoved(item->side->fs, item->entry, err);
}

static int write_entry(struct tar_out *out, const struct cp_item *item, struct famfs_err *err)
{
	const struct tar_lib *lib = &out->lib;
	struct archive_entry *e = lib->entry_new();
	int rc;

	if (!e)
		return cp_err(err, -ENOMEM, out->name, "out of memory");
	lib->entry_set_pathname(e, item->dest);
	lib->entry_set_filetype(e, item->dir ? AE_IFDIR : AE_IFREG);
	lib->entry_set_perm(e, item->mode);
	lib->entry_set_uid(e, item->uid);
	lib->entry_set_gid(e, item->gid);
	lib->entry_set_size(e, (la_int64_t)item->size);
	lib->entry_set_mtime(e, 0, 0);
	rc = lib->write_header(out->a, e);
	lib->entry_free(e);
	if (rc < ARCHIVE_WARN || out->rc)
		return failed(out, err);
	return item->dir ? 0 : write_bytes(out, item, err);
}

/* A half written entry cannot be taken back, so a failure ends the archive. */
static void write_all(struct tar_out *out)
{
	struct cp *cp = &out->cp;
	struct famfs_err err;
	size_t i;

	for (i = 0; i < cp->nr; i++)
		cp->bytes_total += cp->items[i]->size;
	for (i = 0; i < cp->nr && !cp->stop && !cmd_cancelled(); i++) {
		struct cp_item *item = cp->items[i];

		if (item->status != CP_PENDING)
			continue;
		cp->current = item->source;
		if (!*item->dest) {
			item->status = CP_PRESENT;
		} else if (!cp->env->dry_run && write_entry(out, item, &err)) {
			cp_fail(cp, item, &err);
			cp->stop = true;
		} else {
			cp_done(cp, item, CP_COPIED);
		}
	}
}

/* ----------------------------------------------------------------- the whole */

static int begin(struct tar_out *out)
{
	const struct tar_lib *lib = &out->lib;
	struct famfs_err err;

	utf8_locale_begin(&out->locale);
	out->a = lib->write_new();
	if (!out->a)
		return out_error(out, -ENOMEM);
	lib->write_set_format_pax_restricted(out->a);
	lib->write_set_bytes_per_block(out->a, BLOCK);
	lib->write_set_bytes_in_last_block(out->a, RECORD);
	if (lib->write_open(out->a, out, NULL, write_some, NULL) >= ARCHIVE_WARN)
		return 0;
	failed(out, &err);
	return env_error(out->cp.env, &err);
}

/* The end mark, and the name; neither for an archive that is not complete. */
static int end(struct tar_out *out)
{
	struct famfs_err err;
	int rc;

	if (out->cp.stop || cmd_cancelled())
		return EXIT_FAILED;
	if (out->lib.write_close(out->a) < ARCHIVE_WARN || out->rc) {
		failed(out, &err);
		return env_error(out->cp.env, &err);
	}
	if (!out->last)
		return 0;
	rc = below_file_publish(&out->file, out->last);
	return rc ? out_error(out, rc) : 0;
}

static void cleanup(struct tar_out *out)
{
	/* No end mark for what is not complete. */
	if (!out->rc)
		out->rc = -ECANCELED;
	if (out->a)
		out->lib.write_free(out->a);
	utf8_locale_end(&out->locale);
	if (out->last)
		below_file_close_for(&out->file);
	else if (out->fd > STDERR_FILENO)
		close(out->fd);
	free(out->path);
	free(out->buf);
	cp_free(&out->cp);
}

static int pack(struct tar_out *out, const struct operand *src, const char *archive)
{
	struct cp *cp = &out->cp;
	int code;

	/* One file goes by its own name, a directory gives what is in it. */
	cp_walk_famfs(cp, src);
	if (cp->stop || cmd_cancelled() || cp->items[0]->status != CP_PENDING)
		return cp_report(cp);
	if (!cp->items[0]->dir) {
		free(cp->items[0]->dest);
		cp->items[0]->dest = cp_last_part(cp->items[0]->entry->path);
	}
	code = open_archive(out, archive, src->device);
	if (!code && !cp->env->dry_run)
		code = begin(out);
	if (code)
		return code;
	write_all(out);
	if (!cp->env->dry_run)
		cp->code |= end(out);
	return cp_report(cp);
}

int cp_tar_out(struct cmd_env *env, const struct operand *src, const char *archive,
	       const struct cp_opts *opts)
{
	struct tar_out out = { .opts = *opts, .fd = -1 };
	int code;

	out.cp = (struct cp){ .env = env, .root = -1, .stream = -1, .input = -1 };
	out.cp.opts = &out.opts;
	out.cp.mask = file_mask();
	out.cp.base = mem_strndup("", 0);
	out.cp.root_name = mem_strndup("", 0);
	out.opts.preserve = true;
	out.name = strcmp(archive, "-") ? archive : "standard output";
	out.buf = mem_calloc(1, PART);
	progress_init(&out.cp.progress, env, "packing");
	code = tar_lib_load(env, &out.lib);
	if (!code)
		code = pack(&out, src, archive);
	cleanup(&out);
	return code;
}

#endif
