/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "fmap_source.h"

int fmap_read(struct cmd_env *env, const char *file, struct text *ret_msg)
{
	/* The later generation has the longer messages. */
	const struct file_limit limit = {
		famfs_wire(FAMFS_WIRE_V2)->message_max,
		"no fmap message is; famfs fmap dump shows the maps in an image",
	};

	return file_read_most(env, file, &limit, ret_msg);
}

int fmap_source_device(struct fmap_source *s, const char *device)
{
	struct famfs_err err;

	s->device = device;
	if (famfs_open(s->env->ctx, device, 0, &s->fs, &err))
		return env_error(s->env, &err);
	return 0;
}

/* The v1 message of a file holds its whole map, whatever the kernel would say to it. */
static int source_inside(struct fmap_source *s, const struct operand *op)
{
	struct famfs_reply reply = { .cap = FAMFS_FMAP_V1_MAX };
	struct famfs_err err;

	if (fmap_source_device(s, op->device))
		return EXIT_FAILED;
	if (famfs_lookup_meta(s->fs, op->path, &s->entry, &err))
		return env_error(s->env, &err);
	if (s->entry.type != FAMFS_ENTRY_FILE)
		return env_errorf(s->env, -EISDIR, op->text,
				  "is a directory, and only files have maps");
	reply.buf = s->msg.s = mem_calloc(1, reply.cap);
	s->msg.cap = reply.cap;
	if (famfs_fmap_encode(&s->entry, NULL, &reply, &err))
		return env_errorf(s->env, err.rc, op->text, "%s", err.message);
	s->msg.len = reply.len;
	return 0;
}

/* Both a message and an image are regular files; only a message has its version here. */
static bool begins_message(const char *head, size_t len)
{
	return len >= 4 && (uint8_t)head[0] <= FAMFS_FILE_LOG && head[2] == 1 && !head[3];
}

/*
 * By something else one would be translated to places that nobody has. What is too short to tell
 * is left to the one who decodes it.
 */
static int require_message(const struct fmap_source *s)
{
	struct famfs_err err = { .rc = -EUCLEAN, .off = FAMFS_NONE, .entry = FAMFS_NONE };

	if (s->msg.len < 4 || begins_message(s->msg.s, s->msg.len))
		return 0;
	snprintf(err.object, sizeof(err.object), "%s", s->device);
	snprintf(err.message, sizeof(err.message), "is not an fmap message");
	snprintf(err.hint, sizeof(err.hint),
		 "a file of an image is named IMAGE:/path; famfs fmap check judges any message");
	return env_error(s->env, &err);
}

int fmap_source_file(struct fmap_source *s, const char *operand)
{
	struct operand op = operand_split(s->env, operand);
	int code;

	if (op.path)
		return source_inside(s, &op);
	s->device = file_name(operand);
	code = fmap_read(s->env, operand, &s->msg);
	return code ? code : require_message(s);
}

/* What is no regular file, and can be read at all, is taken for a pipe with a message. */
static bool is_message(const char *file)
{
	struct stat st;
	char head[4];
	bool is = false;
	int fd;

	if (!strcmp(file, "-"))
		return true;
	if (stat(file, &st) || S_ISCHR(st.st_mode) || S_ISDIR(st.st_mode))
		return false;
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return false;
	if (!S_ISREG(st.st_mode))
		is = true;
	else
		is = read(fd, head, sizeof(head)) == sizeof(head) &&
		     begins_message(head, sizeof(head));
	close(fd);
	return is;
}

int fmap_source_any(struct fmap_source *s, const char *operand)
{
	struct operand op = operand_split(s->env, operand);

	if ((op.path && op.path[strspn(op.path, "/")]) || (!op.path && is_message(operand)))
		return fmap_source_file(s, operand);
	return fmap_source_device(s, op.device);
}

int fmap_source_close(struct fmap_source *s)
{
	struct famfs_err err;
	int code = s->fs && famfs_damage(s->fs, &err) ? env_error(s->env, &err) : 0;

	famfs_close(s->fs);
	text_free(&s->msg);
	s->fs = NULL;
	return code;
}

void fmap_show_place(struct emit *out, const struct famfs_fmap_piece *piece)
{
	char place[48];

	emit_u64(out, "extent", NULL, piece->extent);
	if (piece->interleaved)
		emit_u64(out, "strip", NULL, piece->strip);
	if (piece->interleaved && !piece->extent)
		snprintf(place, sizeof(place), "strip %u", piece->strip);
	else if (piece->interleaved)
		snprintf(place, sizeof(place), "extent %u strip %u", piece->extent, piece->strip);
	else
		snprintf(place, sizeof(place), "extent %u", piece->extent);
	emit_text(out, "PLACE", place);
}

void fmap_show_hex64(struct emit *out, const char *key, const char *label, uint64_t value)
{
	char text[24];

	emit_u64(out, key, NULL, value);
	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	emit_text(out, label, text);
}
