/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cp.h"

struct cp_item *cp_add(struct cp *cp, enum cp_kind kind, const char *source, const char *dest)
{
	struct cp_item *item = mem_calloc(1, sizeof(*item));

	item->kind = kind;
	item->source = mem_strndup(source, strlen(source));
	item->dest = mem_strndup(dest, strlen(dest));
	cp->items = mem_grow(cp->items, &cp->cap, cp->nr + 1, sizeof(struct cp_item *));
	cp->items[cp->nr++] = item;
	return item;
}

/* Who may read a directory may enter it, when one mode is given for files and directories. */
static uint32_t mode_given(const struct cp_item *item, uint32_t mode)
{
	return item->dir ? mode | (mode & 0444U) >> 2 : mode;
}

uint32_t cp_plain_bits(const struct cp_item *item)
{
	return item->dir ? 01777U : 0777U;
}

void cp_set_mode(const struct cp *cp, struct cp_item *item, uint32_t mode, uint32_t uid,
		 uint32_t gid)
{
	const struct cp_opts *opts = cp->opts;

	if (opts->owner.has_mode)
		item->mode = mode_given(item, opts->owner.mode);
	else
		item->mode = opts->preserve ? mode & 07777U
					    : mode & cp_plain_bits(item) & ~cp->mask;
	item->uid = opts->owner.has_uid ? opts->owner.uid : opts->preserve ? uid : geteuid();
	item->gid = opts->owner.has_gid ? opts->owner.gid : opts->preserve ? gid : getegid();
}

char *cp_join(const char *dir, const char *name)
{
	struct text t = { 0 };

	text_add(&t, dir, strlen(dir));
	if (*dir && *name && dir[t.len - 1] != '/')
		text_add(&t, "/", 1);
	text_add(&t, name, strlen(name));
	return t.s;
}

/* The last part of a path; empty for a root, "." and "..", whose contents are meant. */
char *cp_last_part(const char *path)
{
	size_t end = strlen(path), start;

	while (end && path[end - 1] == '/')
		end--;
	for (start = end; start && path[start - 1] != '/'; start--)
		;
	if ((end - start == 1 && path[start] == '.') ||
	    (end - start == 2 && !strncmp(path + start, "..", 2)))
		start = end;
	return mem_strndup(path + start, end - start);
}

/* @path below @base, without needless slashes and "."; the library refuses "..". */
char *cp_clean_path(const char *base, const char *path)
{
	struct text t = { 0 };
	size_t len;

	text_addf(&t, "%s", base);
	for (; *path; path += len + (path[len] == '/')) {
		len = strcspn(path, "/");
		if (!len || (len == 1 && *path == '.'))
			continue;
		if (t.len)
			text_add(&t, "/", 1);
		text_add(&t, path, len);
	}
	return t.s;
}

static int by_dest(const void *a, const void *b)
{
	const struct cp_item *x = *(struct cp_item *const *)a, *y = *(struct cp_item *const *)b;
	int order = strcmp(x->dest, y->dest);

	return order ? order : (x->order > y->order) - (x->order < y->order);
}

static bool is_file(const struct cp_item *item)
{
	return item->status == CP_PENDING && !item->dir;
}

/*
 * What one source has brought, another one does not replace; the same source twice is no harm. A
 * directory takes what several bring.
 */
void cp_refuse_doubles(struct cp *cp)
{
	struct cp_item **sorted = mem_calloc(cp->nr, sizeof(*sorted)), *kept = NULL;
	size_t i;

	for (i = 0; i < cp->nr; i++) {
		sorted[i] = cp->items[i];
		sorted[i]->order = i;
	}
	qsort(sorted, cp->nr, sizeof(*sorted), by_dest);
	for (i = 0; i < cp->nr; i++) {
		if (!is_file(sorted[i]))
			continue;
		if (!kept || strcmp(kept->dest, sorted[i]->dest))
			kept = sorted[i];
		else if (strcmp(kept->source, sorted[i]->source))
			cp_failf(cp, sorted[i], -EEXIST, "would replace what %s brings",
				 kept->source);
	}
	free(sorted);
}

static void item_free(struct cp_item *item)
{
	kept_error_free(item->error);
	free(item->entry);
	free(item->source);
	free(item->dest);
	free(item);
}

void cp_free(struct cp *cp)
{
	struct cp_side *side, *next;
	size_t i;

	for (i = 0; i < cp->nr; i++)
		item_free(cp->items[i]);
	free(cp->items);
	for (side = cp->sides; side; side = next) {
		next = side->next;
		famfs_close(side->fs);
		free(side);
	}
	famfs_close(cp->dst.fs);
	if (cp->root >= 0)
		close(cp->root);
	if (cp->input > STDERR_FILENO)
		close(cp->input);
	if (cp->stream > STDERR_FILENO)
		close(cp->stream);
	free(cp->root_name);
	free(cp->base);
}
