/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "complete.h"
#include "listing.h"

/* A name that a shell gets back as it is: one line, and no control character in it. */
static bool can_be_typed(const char *name)
{
	for (; *name; name++)
		if ((unsigned char)*name < ' ' || *name == 0x7f)
			return false;
	return true;
}

/* @typed: the word up to the last slash. @base: what the name must begin with. */
static void offer_entry(const struct famfs_entry *entry, const struct famfs_entry *top,
			const char *typed, const char *base)
{
	const char *name = path_below(entry->path, top->path);
	struct text word = { 0 };

	if (entry->type == FAMFS_ENTRY_ADD_DAXDEV || !name || !*name || strchr(name, '/') ||
	    strncmp(name, base, strlen(base)) || !can_be_typed(name))
		return;
	if (entry->type != FAMFS_ENTRY_MKDIR) {
		complete_offer(typed, name, "file");
		return;
	}
	text_addf(&word, "%s/", name);
	complete_offer(typed, word.s, "directory");
	text_free(&word);
}

static void offer_below(struct famfs *fs, const char *dir, const char *typed, const char *base)
{
	struct famfs_entry top, entry;
	uint64_t cursor = 0;

	if (famfs_lookup(fs, dir, &top, NULL) || top.type != FAMFS_ENTRY_MKDIR)
		return;
	while (!cmd_cancelled() && famfs_next(fs, &cursor, &entry, NULL) > 0)
		offer_entry(&entry, &top, typed, base);
}

void complete_inside(struct cmd_env *env, const char *word)
{
	const char *path = strstr(word, ":/") + 1;
	const char *base = strrchr(word, '/') + 1;
	char *named = mem_strndup(word, (size_t)(path - 1 - word));
	char *dir = mem_strndup(path, (size_t)(base - path));
	char *typed = mem_strndup(word, (size_t)(base - word));
	const char *device = *named ? named : env->device;
	struct famfs *fs;

	if (device && !famfs_open(env->ctx, device, 0, &fs, NULL)) {
		offer_below(fs, dir, typed, base);
		famfs_close(fs);
	}
	free(named);
	free(dir);
	free(typed);
}
