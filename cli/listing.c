/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "listing.h"

const char *path_below(const char *path, const char *top)
{
	size_t len = strlen(top);

	if (!len)
		return path;
	return !strncmp(path, top, len) && path[len] == '/' ? path + len + 1 : NULL;
}

static int compare_bytes(const void *a, const void *b)
{
	const struct listing_row *x = a, *y = b;

	return strcmp(x->u.path, y->u.path);
}

/* A slash comes before all other bytes. */
static int compare_parts(const void *a, const void *b)
{
	const struct listing_row *x = a, *y = b;
	const unsigned char *p = (const unsigned char *)x->u.path;
	const unsigned char *q = (const unsigned char *)y->u.path;

	for (; *p && *p == *q; p++)
		q++;
	if (*p && *q && (*p == '/' || *q == '/'))
		return *p == '/' ? -1 : 1;
	return *p - *q;
}

static int rewritten(struct famfs_err *err)
{
	*err = (struct famfs_err){ .rc = -ESTALE, .off = FAMFS_NONE, .entry = FAMFS_NONE };
	snprintf(err->message, sizeof(err->message), "the log was rewritten while it was read");
	snprintf(err->hint, sizeof(err->hint), "repeat the command");
	return err->rc;
}

/* A repair in between would have mixed the old log and the new one, or leave half of the old. */
static int look_again(struct famfs *fs, int damage, struct famfs_err *err)
{
	if (famfs_wait(fs, 0, err) < 0)
		return err->rc;
	return famfs_damage(fs, NULL) == damage ? 0 : rewritten(err);
}

int listing_collect(struct listing *l)
{
	uint64_t cursor = 0, before = 0;
	int rc, damage = famfs_damage(l->fs, NULL);
	struct famfs_entry entry;
	struct famfs_err err;
	size_t i;

	while ((rc = famfs_next(l->fs, &cursor, &entry, &err)) == 1) {
		if (l->wanted(l->data, &entry)) {
			l->rows = mem_grow(l->rows, &l->cap, l->nr + 1, sizeof(*l->rows));
			l->rows[l->nr].cursor = before;
			l->rows[l->nr++].u.at = l->names.len;
			text_add(&l->names, entry.path, strlen(entry.path) + 1);
		}
		before = cursor;
	}
	if (!rc)
		rc = look_again(l->fs, damage, &err);
	if (rc)
		return env_error(l->env, &err);
	for (i = 0; i < l->nr; i++)
		l->rows[i].u.path = l->names.s + l->rows[i].u.at;
	if (l->nr)
		qsort(l->rows, l->nr, sizeof(*l->rows),
		      l->by_parts ? compare_parts : compare_bytes);
	return 0;
}

void listing_free(struct listing *l)
{
	free(l->rows);
	text_free(&l->names);
	l->rows = NULL;
	l->nr = l->cap = 0;
}

int listing_entry(struct famfs *fs, const struct listing_row *row, struct famfs_entry *ret_entry,
		  struct famfs_err *err)
{
	uint64_t cursor = row->cursor;
	int rc = famfs_next(fs, &cursor, ret_entry, err);

	if (rc < 0)
		return rc;
	return rc && !strcmp(ret_entry->path, row->u.path) ? 0 : rewritten(err);
}

void note_unusable(struct cmd_env *env, struct famfs *fs, const char *device)
{
	struct famfs_info info;
	struct famfs_err err;
	char message[64], shown[320], hint[400];

	if (famfs_info(fs, &info, &err) || !info.unusable)
		return;
	snprintf(message, sizeof(message), "%" PRIu64 " entr%s", info.unusable,
		 info.unusable == 1 ? "y has an unusable name" : "ies have unusable names");
	snprintf(hint, sizeof(hint), "famfs check %s lists %s",
		 famfs_shell_quote(device, true, shown, sizeof(shown)),
		 info.unusable == 1 ? "it" : "them");
	env_note(env, device, message, hint);
}
