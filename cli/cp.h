/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cp: all sources are walked first and become items; then the items are copied. The destination is
 * one famfs (cp_in.c: one famfs_create() for all) or local (cp_out.c).
 */
#ifndef FAMFS_CLI_CP_H
#define FAMFS_CLI_CP_H

#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "cmd.h"
#include "kept.h"
#include "owner.h"

struct cp_opts {
	bool recursive, preserve, follow, sparse, overwrite, keep_going, skip_empty, tar;
	bool has_size;
	struct owner owner;
	uint64_t size;
	unsigned int threads;
	struct famfs_create_req req; /* geometry and flags */
};

/* An open famfs. @dev, @ino, @off: the same for two names of one device. */
struct cp_side {
	const char *device;
	struct famfs *fs;
	dev_t dev;
	ino_t ino;
	uint64_t off;
	struct cp_side *next;
};

enum cp_kind { CP_LOCAL, CP_FAMFS, CP_STDIN };

enum cp_status {
	CP_PENDING,
	CP_PRESENT, /* a directory that was there already */
	CP_COPIED,
	CP_SKIPPED,
	CP_FAILED,
};

/**
 * struct cp_item - one file or directory to copy.
 * @source: as shown. @dest: inside the famfs without a first slash, or relative to cp.root.
 * @order: the place among the items.
 * @follow: a local source that may be reached by a symbolic link.
 * @present: a file of the same size is there.
 * @unfinished: a local directory that gets its mode and owner when all is in it.
 * @dev, @ino: what a local source was when it was walked.
 * @side, @entry: a source in a famfs.
 */
struct cp_item {
	char *source, *dest;
	enum cp_kind kind;
	enum cp_status status;
	bool dir, follow, present, unfinished;
	size_t order;
	uint32_t mode, uid, gid;
	uint64_t size;
	dev_t dev;
	ino_t ino;
	struct cp_side *side;
	struct famfs_entry *entry;
	struct kept_error *error;
};

/**
 * struct cp - one run.
 * @sides: famfs that sources are in. @dst: the destination famfs; without @fs it is local.
 * @root: the local directory that @dest is relative to, @root_name its name for people.
 * @stream: a local destination that is written in order, or -1.
 * @into: the destination is a directory that gets the sources' names.
 * @base: what every @dest begins with. @slash: the destination was written with a slash at its end.
 * @stop: nothing else is begun. @halted: the same, seen by all threads that fill.
 * @current: the source last begun, for the progress line.
 */
struct cp {
	struct cmd_env *env;
	const struct cp_opts *opts;
	struct cp_side *sides, dst;
	const char *dst_text;
	int root, stream, input;
	char *root_name, *base;
	bool into, slash;
	struct cp_item **items;
	size_t nr, cap;
	uint32_t mask;
	bool stop;
	atomic_bool halted;
	int code;
	struct progress progress;
	const char *_Atomic current;
	uint64_t bytes_done, bytes_total, bytes_copied;
};

/* cp_item.c */
struct cp_item *cp_add(struct cp *cp, enum cp_kind kind, const char *source, const char *dest);
/* What is taken of a mode where it is not preserved: of directories the sticky bit, too, without
 * which each who may write there could remove what others made. */
uint32_t cp_plain_bits(const struct cp_item *item);
void cp_set_mode(const struct cp *cp, struct cp_item *item, uint32_t mode, uint32_t uid,
		 uint32_t gid);
char *cp_join(const char *dir, const char *name);
char *cp_last_part(const char *path);
char *cp_clean_path(const char *base, const char *path);
void cp_refuse_doubles(struct cp *cp);
void cp_free(struct cp *cp);

/* cp_dest.c: return an exit code. */
int cp_dest_open(struct cp *cp, const struct operand *op);
void cp_side_identify(struct cp_side *side);
bool cp_side_same(const struct cp_side *a, const struct cp_side *b);
void cp_dest_text(const struct cp *cp, const struct cp_item *item, struct text *t);

/* cp_walk.c, cp_walk_famfs.c: sources become items. */
void cp_walk_local(struct cp *cp, const char *operand);
void cp_walk_famfs(struct cp *cp, const struct operand *op);
void cp_walk_stdin(struct cp *cp);
char *cp_dest_name(struct cp *cp, struct cp_item *item, const char *source_name);

/* cp_source.c: the bytes of a source; safe in several threads, but for one item at a time. */
int cp_source_fill(struct cp *cp, struct cp_item *item, struct famfs_fill *fill,
		   struct famfs_err *err);
/* A file of the same size is there: is it the same, or to be stored anew? */
void cp_source_settle(struct cp *cp, struct cp_item *item, const struct famfs_entry *entry);

/**
 * struct cp_bytes - where the bytes of an item come from.
 * @read: the next @len, which begin at @off. Return: 0, 1 when they end before, -errno.
 * @fill: stores all of them.
 * @once: they can be had only once. @open_ended: there may be more than the item's size.
 * @counted: they count for the progress; those of an archive are counted as it is read.
 */
struct cp_bytes {
	int (*read)(void *arg, uint64_t off, char *buf, size_t len, struct famfs_err *err);
	int (*fill)(void *arg, struct famfs_fill *space, struct famfs_err *err);
	void *arg;
	bool once, open_ended, counted;
};

/*
 * cp_settle.c: a file of that name and size is there, @entry. With the same bytes it is skipped,
 * with other ones it is overwritten, if it may be, or refused.
 */
void cp_settle(struct cp *cp, struct cp_item *item, const struct famfs_entry *entry,
	       const struct cp_bytes *bytes);

/* cp_in.c, cp_out.c, cp_stream.c */
void cp_in(struct cp *cp);
void cp_out(struct cp *cp);
int cp_stream(struct cp *cp, struct cp_item *item, bool only, struct famfs_err *err);
void cp_out_progressed(void *data, uint64_t bytes);

/* cp_report.c: what became of an item. */
int cp_err(struct famfs_err *err, int rc, const char *object, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* What to do about it: cp_hint(err, cp_err(err, ...), "try ..."). Returns @rc. */
int cp_hint(struct famfs_err *err, int rc, const char *hint);
#define CP_HINT_CHANGED "copy it again when nobody changes it"
void cp_fail(struct cp *cp, struct cp_item *item, const struct famfs_err *err);
void cp_failf(struct cp *cp, struct cp_item *item, int rc, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void cp_skip(struct cp *cp, struct cp_item *item, const char *why);
void cp_done(struct cp *cp, struct cp_item *item, enum cp_status status);
void cp_progress(struct cp *cp);
int cp_report(struct cp *cp);

#endif
