/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes and UUIDs as text. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <uuid/uuid.h>

#include "err.h"
#include "text.h"

#define FRACTION_DIGITS_MAX 18 /* 10^18 fits 64 bits */

/* The multiplier that a unit stands for; 0: no unit of ours, 1 as well for "kB" and the like. */
static uint64_t unit_value(const char *unit, bool *ret_ambiguous)
{
	static const char letters[] = "kmgt";
	const char *at;

	*ret_ambiguous = false;
	if (!unit[0])
		return 1;
	at = strchr(letters, tolower((unsigned char)unit[0]));
	if (!at)
		return 0;
	if (!unit[1] || !strcmp(unit + 1, "iB"))
		return 1ULL << (10 * (at - letters + 1));
	*ret_ambiguous = (unit[1] == 'b' || unit[1] == 'B') && !unit[2];
	return 0;
}

static int bad_size(struct famfs_err *err, const char *text, bool ambiguous)
{
	int rc;

	if (ambiguous)
		rc = err_set(err, -EINVAL, text, "ambiguous unit: 1000 or 1024");
	else
		rc = err_set(err, -EINVAL, text, "not a size");
	return err_hint(err, rc,
			"write a number with k, M, G, T, or KiB, MiB, GiB, TiB (powers of 1024)");
}

static int too_large(struct famfs_err *err, const char *text)
{
	return err_set(err, -ERANGE, text, "size does not fit 64 bits");
}

/* Digits at *@at; false if there are none. Overflow is told apart through *@ret_over. */
static bool take_digits(const char **at, uint64_t *ret_value, bool *ret_over)
{
	const char *start = *at;
	uint64_t value = 0;

	for (; isdigit((unsigned char)**at); (*at)++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(**at - '0'), &value))
			*ret_over = true;
	}
	*ret_value = value;
	return *at != start;
}

/* Adds the fraction ".ddd" of @unit to *@size; whole bytes only. */
static int add_fraction(const char *text, const char **at, uint64_t unit, uint64_t *size,
			struct famfs_err *err)
{
	const char *digits = ++*at;
	uint64_t numerator, denominator = 1;
	bool over = false;
	ptrdiff_t nr;

	if (!take_digits(at, &numerator, &over))
		return bad_size(err, text, false);
	nr = *at - digits;
	if (nr > FRACTION_DIGITS_MAX)
		return bad_size(err, text, false);
	while (nr--)
		denominator *= 10;
	if ((unsigned __int128)numerator * unit % denominator)
		return err_set(err, -EINVAL, text, "not a whole number of bytes");
	if (__builtin_add_overflow(*size,
				   (uint64_t)((unsigned __int128)numerator * unit / denominator),
				   size))
		return too_large(err, text);
	return 0;
}

int famfs_size_parse(const char *text, uint64_t *ret_size, struct famfs_err *err)
{
	const char *at = text, *tail;
	bool over = false, ambiguous;
	uint64_t value, unit, size;
	int rc;

	if (!take_digits(&at, &value, &over))
		return bad_size(err, text, false);
	tail = at + strspn(at, ".0123456789");
	unit = unit_value(tail, &ambiguous);
	if (!unit)
		return bad_size(err, text, ambiguous);
	if (over || __builtin_mul_overflow(value, unit, &size))
		return too_large(err, text);
	if (*at == '.') {
		rc = add_fraction(text, &at, unit, &size, err);
		if (rc)
			return rc;
	}
	if (at != tail)
		return bad_size(err, text, false);
	*ret_size = size;
	return 0;
}

const char *famfs_size_format(uint64_t size, char *buf, size_t len)
{
	static const char letters[] = "kMGTPE";
	unsigned int shift = 0;
	uint64_t rest;

	while (size >> shift >= 1024)
		shift += 10;
	if (!shift) {
		snprintf(buf, len, "%llu", (unsigned long long)size);
		return buf;
	}
	/* Rounded down: what is printed as free is there. */
	rest = size & ((1ULL << shift) - 1);
	snprintf(buf, len, "%llu.%llu%c", (unsigned long long)(size >> shift),
		 (unsigned long long)(rest * 10 >> shift), letters[shift / 10 - 1]);
	return buf;
}

struct text_size text_size(uint64_t size)
{
	struct text_size t;

	famfs_size_format(size, t.s, sizeof(t.s));
	return t;
}

struct text_count text_count(uint64_t nr, const char *noun)
{
	struct text_count t;

	(void)snprintf(t.s, sizeof(t.s), "%llu %s%s", (unsigned long long)nr, noun,
		       nr == 1 ? "" : "s");
	return t;
}

int famfs_uuid_parse(const char *text, uint8_t ret_uuid[16], struct famfs_err *err)
{
	uuid_t uuid;

	if (strlen(text) != FAMFS_UUID_STR - 1 || uuid_parse(text, uuid))
		return err_hint(err, err_set(err, -EINVAL, text, "not a UUID"),
				"write it as 01234567-89ab-cdef-0123-456789abcdef");
	memcpy(ret_uuid, uuid, sizeof(uuid));
	return 0;
}

const char *famfs_uuid_format(const uint8_t uuid[16], char buf[FAMFS_UUID_STR])
{
	uuid_unparse_lower(uuid, buf);
	return buf;
}
