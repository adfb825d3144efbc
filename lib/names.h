/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names to log entries: a hash table of 8 bytes a slot that holds no names. Who looks something up
 * says whether a candidate entry is the one. The hash is keyed anew for each table, so that no
 * media can be made to collide.
 */
#ifndef NAMES_H
#define NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "names_hash.h"

#define NAMES_ENTRIES_MAX (1ULL << 31)

struct names_slot {
	uint32_t tag; /* the name's hash, never 0; 0: a free slot */
	uint32_t ref; /* entry << 1 | is a directory */
};

struct names {
	struct names_key key;
	struct names_slot *slots;
	uint64_t mask; /* slots - 1 */
	uint64_t used;
};

/* @expect: entries to come; the table grows when there are more. Return: 0, -ENOMEM. */
int names_init(struct names *names, uint64_t expect);
void names_fini(struct names *names);

/* A random key. Return: 0, -errno. names_init() makes one as well. */
int names_key_make(struct names_key *key);

/* Adds an entry below NAMES_ENTRIES_MAX; the caller knows that the name is not there yet. */
int names_add(struct names *names, uint64_t hash, uint64_t entry, bool dir);

/* Takes an entry out again that names_add() put in. */
void names_remove(struct names *names, uint64_t hash, uint64_t entry);

/* Has the place of a name that will soon be looked up fetched from memory. */
void names_prefetch(const struct names *names, uint64_t hash);

/* Is @entry the one that is looked for? 1, 0, -errno. */
typedef int (*names_same_fn)(void *data, uint64_t entry);

/* Return: 1 found, 0 not, or what @same failed with. */
int names_find(const struct names *names, uint64_t hash, names_same_fn same, void *data,
	       uint64_t *ret_entry, bool *ret_dir);

#endif
