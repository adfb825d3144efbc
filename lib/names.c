/* SPDX-License-Identifier: Apache-2.0 */
/* Names to log entries. */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "names.h"
#include "pages.h"

#define SLOTS_MIN 64

int names_key_make(struct names_key *key)
{
	if (getrandom(key->words, sizeof(key->words), 0) != (ssize_t)sizeof(key->words))
		return -errno;
	key->words[1] |= 1;
	return 0;
}

static uint32_t tag_of(uint64_t hash)
{
	uint32_t tag = (uint32_t)(hash >> 32);

	return tag ? tag : 1;
}

/* The tag alone tells the place, so that a table can grow without the names. */
static uint64_t place_of(const struct names *names, uint32_t tag)
{
	return (tag * 0x9e3779b1ULL) & names->mask;
}

void names_prefetch(const struct names *names, uint64_t hash)
{
	__builtin_prefetch(&names->slots[place_of(names, tag_of(hash))], 1);
}

static void put(struct names *names, struct names_slot slot)
{
	uint64_t at = place_of(names, slot.tag);

	while (names->slots[at].tag)
		at = (at + 1) & names->mask;
	names->slots[at] = slot;
}

static int resize(struct names *names, uint64_t slots_nr)
{
	struct names_slot *old = names->slots;
	uint64_t old_nr = old ? names->mask + 1 : 0;
	struct names_slot *slots = pages_alloc(slots_nr, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	names->slots = slots;
	names->mask = slots_nr - 1;
	for (uint64_t i = 0; i < old_nr; i++) {
		if (old[i].tag)
			put(names, old[i]);
	}
	pages_free(old, old_nr, sizeof(*old));
	return 0;
}

int names_init(struct names *names, uint64_t expect)
{
	uint64_t slots_nr = SLOTS_MIN;
	int rc;

	memset(names, 0, sizeof(*names));
	rc = names_key_make(&names->key);
	if (rc)
		return rc;
	while (slots_nr < expect + expect / 2)
		slots_nr *= 2;
	return resize(names, slots_nr);
}

void names_fini(struct names *names)
{
	if (names->slots)
		pages_free(names->slots, names->mask + 1, sizeof(*names->slots));
	names->slots = NULL;
}

int names_add(struct names *names, uint64_t hash, uint64_t entry, bool dir)
{
	int rc;

	if (entry >= NAMES_ENTRIES_MAX)
		return -EFBIG;
	if (names->used + names->used / 4 >= names->mask) {
		rc = resize(names, (names->mask + 1) * 2);
		if (rc)
			return rc;
	}
	put(names, (struct names_slot){ .tag = tag_of(hash), .ref = (uint32_t)(entry << 1 | dir) });
	names->used++;
	return 0;
}

void names_remove(struct names *names, uint64_t hash, uint64_t entry)
{
	uint64_t at = place_of(names, tag_of(hash));
	struct names_slot moved;

	while (names->slots[at].tag && names->slots[at].ref >> 1 != entry)
		at = (at + 1) & names->mask;
	if (!names->slots[at].tag)
		return;
	names->slots[at].tag = 0;
	names->used--;
	/* What was pushed behind it by its presence goes back in. */
	for (at = (at + 1) & names->mask; names->slots[at].tag; at = (at + 1) & names->mask) {
		moved = names->slots[at];
		names->slots[at].tag = 0;
		put(names, moved);
	}
}

int names_find(const struct names *names, uint64_t hash, names_same_fn same, void *data,
	       uint64_t *ret_entry, bool *ret_dir)
{
	uint32_t tag = tag_of(hash);
	uint64_t at = place_of(names, tag);
	int rc;

	for (; names->slots[at].tag; at = (at + 1) & names->mask) {
		if (names->slots[at].tag != tag)
			continue;
		rc = same(data, names->slots[at].ref >> 1);
		if (rc < 0)
			return rc;
		if (rc == 0)
			continue;
		*ret_entry = names->slots[at].ref >> 1;
		*ret_dir = names->slots[at].ref & 1;
		return 1;
	}
	return 0;
}
