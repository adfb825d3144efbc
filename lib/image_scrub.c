/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A part of a name is taken as characters, each of a class (small letters, digits, UTF-8 of two
 * bytes, ...). A Feistel network over its two halves moves each character within its class by
 * amounts that hang on the key and on all of the other half: that can be turned back, so different
 * parts become different ones, and only with the key.
 */
#include <stddef.h>
#include <string.h>
#include <sys/random.h>
#include <uuid/uuid.h>

#include "csum.h"
#include "err.h"
#include "image_scrub.h"
#include "path.h"
#include "text.h"

#define ROUNDS 4
#define FILLER 'x'

/* Characters from @first on, @len bytes each in UTF-8. The first class that fits is taken. */
struct class
{
	uint32_t first, nr;
};

static const struct class classes[] = {
	{ 'a', 26 },
	{ 'A', 26 },
	{ '0', 10 },
	{ 0x01, 0x1f }, /* control characters */
	{ 0x20, 15 },   /* up to the slash */
	{ 0x3a, 7 },
	{ 0x5b, 6 },
	{ 0x7b, 4 },
	{ 0x80, 0x20 }, /* more of them */
	{ 0xa0, 0x800 - 0xa0 },
	{ 0x800, 0xd800 - 0x800 },
	{ 0xe000, 0x10000 - 0xe000 },
	{ 0x10000, 0x100000 },
};

struct unit {
	uint32_t c;     /* the character, or a byte that is none */
	uint32_t first; /* of its class */
	uint32_t nr;    /* in its class; 1: stays as it is */
	uint8_t len;    /* bytes */
};

int image_scrub_init(struct image_scrub *scrub)
{
	ssize_t n = getrandom(scrub->key, sizeof(scrub->key), 0);

	return n == (ssize_t)sizeof(scrub->key) ? 0 : -EIO;
}

static void classify(struct unit *unit)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (unit->c - classes[i].first < classes[i].nr) {
			unit->first = classes[i].first;
			unit->nr = classes[i].nr;
			return;
		}
	}
}

static size_t split(const char *part, size_t len, struct unit *units)
{
	size_t nr = 0, n;

	for (size_t at = 0; at < len; at += n) {
		struct unit *unit = &units[nr++];
		const unsigned char *s = (const unsigned char *)part + at;

		*unit = (struct unit){ .nr = 1 };
		n = text_char(s, len - at, &unit->c);
		if (n)
			classify(unit);
		else
			unit->c = *s;
		unit->first = unit->nr == 1 ? unit->c : unit->first;
		n = n ? n : 1;
		unit->len = (uint8_t)n;
	}
	return nr;
}

static void join(const struct unit *units, size_t nr, char *part)
{
	static const uint8_t lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = 0; i < nr; i++) {
		uint32_t c = units[i].c;
		size_t len = units[i].len;

		for (size_t k = len - 1; k > 0; k--, c >>= 6)
			part[k] = (char)(0x80 | (c & 0x3f));
		part[0] = (char)(len > 1 ? lead[len] | c : c);
		part += len;
	}
}

/* SHA-1 of the key and what is given, as libuuid has it; the bits that make it a UUID left out. */
static uint64_t hash(const struct image_scrub *scrub, const void *data, size_t len)
{
	uint64_t h;
	uuid_t out;

	uuid_generate_sha1(out, scrub->key, data, len);
	memcpy(&h, out + 9, 7);
	memcpy((char *)&h + 7, out, 1);
	return h;
}

/* One amount after the other from one hash (splitmix64). */
static uint64_t next_amount(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

/* Moves units [to, to_end) by what units [from, from_end) say. */
static void move_half(const struct image_scrub *scrub, struct unit *units, const size_t half[2][2],
		      unsigned int round)
{
	const size_t *to = half[round & 1], *from = half[!(round & 1)];
	uint32_t said[FAMFS_PATH_SIZE + 2];
	size_t nr = 0;
	uint64_t state;

	said[nr++] = round;
	said[nr++] = (uint32_t)half[1][1];
	for (size_t i = from[0]; i < from[1]; i++)
		said[nr++] = units[i].c;
	state = hash(scrub, said, nr * sizeof(said[0]));
	for (size_t i = to[0]; i < to[1]; i++) {
		struct unit *unit = &units[i];
		uint64_t moved = unit->c - unit->first + next_amount(&state) % unit->nr;

		unit->c = unit->first + (uint32_t)(moved % unit->nr);
	}
}

static bool is_known(const char *part, size_t len)
{
	static const char *const known[] = { "", ".", "..", ".meta", ".alloc.cfg" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (len == strlen(known[i]) && !memcmp(part, known[i], len))
			return true;
	}
	return false;
}

void image_scrub_part(const struct image_scrub *scrub, char *part, size_t len)
{
	struct unit units[FAMFS_PATH_SIZE];
	size_t nr;

	if (is_known(part, len))
		return;
	nr = split(part, len, units);
	const size_t half[2][2] = { { nr / 2, nr }, { 0, nr / 2 } };

	/* Nothing becomes a name that stays: once more turns it into what that would become. */
	do {
		for (unsigned int round = 0; round < ROUNDS; round++)
			move_half(scrub, units, half, round);
		join(units, nr, part);
	} while (is_known(part, len));
}

void image_scrub_rest(void *bytes, size_t len)
{
	uint8_t *p = bytes;

	for (size_t i = 0; i < len; i++)
		p[i] = p[i] ? FILLER : 0;
}

static void scrub_path(const struct image_scrub *scrub, char path[FAMFS_PATH_SIZE])
{
	size_t len = strnlen(path, FAMFS_PATH_SIZE), at = 0;

	image_scrub_rest(path + len, FAMFS_PATH_SIZE - len);
	while (at < len) {
		const char *slash = memchr(path + at, '/', len - at);
		size_t part = slash ? (size_t)(slash - path) - at : len - at;

		image_scrub_part(scrub, path + at, part);
		at += part + 1;
	}
}

void image_scrub_entry(const struct image_scrub *scrub, struct fm_entry *raw)
{
	const size_t covered = offsetof(struct fm_entry, fm_crc);
	uint64_t wrong = le64_get(raw->fm_crc) ^ csum_crc32(raw, covered);

	if (media_entry_is_zero(raw))
		return;
	switch (le32_get(raw->fm_type)) {
	case FAMFS_ENTRY_FILE:
		scrub_path(scrub, raw->fm_file.fm_path);
		break;
	case FAMFS_ENTRY_MKDIR:
		scrub_path(scrub, raw->fm_mkdir.fm_path);
		image_scrub_rest(raw->fm_union + sizeof(raw->fm_mkdir),
				 sizeof(raw->fm_union) - sizeof(raw->fm_mkdir));
		break;
	case FAMFS_ENTRY_ADD_DAXDEV:
		image_scrub_rest(raw->fm_union + sizeof(raw->fm_add_daxdev),
				 sizeof(raw->fm_union) - sizeof(raw->fm_add_daxdev));
		break;
	default:
		image_scrub_rest(raw->fm_union, sizeof(raw->fm_union));
	}
	raw->fm_crc = le64_of(csum_crc32(raw, covered) ^ wrong);
}
