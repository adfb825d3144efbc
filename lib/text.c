/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes, UUIDs and words of a shell as text. */
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

size_t text_char(const unsigned char *s, size_t left, uint32_t *ret_char)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t ones = (size_t)__builtin_clz(~((uint32_t)s[0] << 24));
	size_t len = ones ? ones : 1;
	uint32_t c = s[0] & (0x7fU >> ones);

	if (ones == 1 || ones > 4 || len > left)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < smallest[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret_char = c;
	return len;
}

/* The marks that turn the direction of writing, or break lines, on terminals. */
static bool is_mark(uint32_t c)
{
	return c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069);
}

/* What a shell (and udev) takes for nothing but itself. */
static bool is_plain(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "/._:@%+,-";

	return *word && !word[strspn(word, plain)];
}

/* The bytes of the next character of @word, and whether it can be shown. */
static bool can_be_shown(const char *word, size_t *ret_len)
{
	uint32_t c;
	size_t n = text_char((const unsigned char *)word, strlen(word), &c);

	*ret_len = n ? n : 1;
	return n && !text_is_control(c) && !is_mark(c);
}

static bool all_can_be_shown(const char *word)
{
	for (size_t n; *word; word += n)
		if (!can_be_shown(word, &n))
			return false;
	return true;
}

/* A buffer that knows what it wanted to hold. */
struct quoted {
	char *buf;
	size_t len, used;
};

static void add(struct quoted *q, const char *s, size_t len)
{
	if (q->used < q->len && len < q->len - q->used) {
		memcpy(q->buf + q->used, s, len);
		q->buf[q->used + len] = '\0';
	}
	q->used += len;
}

static void add_single(struct quoted *q, const char *word)
{
	add(q, "'", 1);
	for (; *word; word++) {
		if (*word == '\'')
			add(q, "'\\''", 4);
		else
			add(q, word, 1);
	}
	add(q, "'", 1);
}

/* Three octal digits: after \x some shells take more than two. */
static void add_escaped(struct quoted *q, const char *word)
{
	char octal[8];
	size_t n;

	add(q, "$'", 2);
	for (; *word; word += n) {
		if (*word == '\'' || *word == '\\')
			add(q, "\\", 1);
		if (can_be_shown(word, &n)) {
			add(q, word, n);
			continue;
		}
		for (size_t i = 0; i < n; i++) {
			(void)snprintf(octal, sizeof(octal), "\\%03o", (unsigned char)word[i]);
			add(q, octal, 4);
		}
	}
	add(q, "'", 1);
}

const char *famfs_shell_quote(const char *word, bool is_file, char *buf, size_t len)
{
	struct quoted q = { .buf = buf, .len = len };

	/* Not an option, whatever it is called. */
	if (is_file && *word == '-')
		add(&q, "./", 2);
	if (is_plain(word))
		add(&q, word, strlen(word));
	else if (all_can_be_shown(word))
		add_single(&q, word);
	else
		add_escaped(&q, word);
	if (q.used >= len)
		(void)snprintf(buf, len, "...");
	return buf;
}

struct text_shell text_shell(const char *name)
{
	struct text_shell t;

	famfs_shell_quote(name, true, t.s, sizeof(t.s));
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
