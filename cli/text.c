/* SPDX-License-Identifier: Apache-2.0 */
#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wchar.h>

#include "famfs.h"
#include "text.h"

#define HUGE (1UL << 21)

/* Programs that judge have codes of their own: another shall not be taken for their judgement. */
static int exit_code = 1;

void mem_exit_code(int code)
{
	exit_code = code;
}

void mem_exhausted(void)
{
	fputs("famfs: out of memory\n", stderr);
	_Exit(exit_code);
}

void *mem_calloc(size_t nr, size_t size)
{
	void *p = calloc(nr ? nr : 1, size);

	if (!p)
		mem_exhausted();
	return p;
}

/*
 * A table of many MiB in small pages would be a page fault for each of them. Only advice; for all
 * of the mapping that @at is in, or the kernel would make two of it, and realloc() copy.
 */
static void want_huge(void *at, size_t bytes)
{
	uintptr_t skew;

	if (bytes < HUGE)
		return;
	skew = (uintptr_t)at % (uintptr_t)sysconf(_SC_PAGESIZE);
	(void)madvise((char *)at - skew, bytes + skew, MADV_HUGEPAGE);
}

void *mem_grow(void *old, size_t *cap, size_t want, size_t size)
{
	size_t next, bytes;
	void *p;

	if (want <= *cap)
		return old;
	if (__builtin_mul_overflow(want, 2, &next) || __builtin_mul_overflow(next, size, &bytes))
		mem_exhausted();
	p = realloc(old, bytes);
	if (!p)
		mem_exhausted();
	want_huge(p, bytes);
	*cap = next;
	return p;
}

char *mem_strndup(const char *s, size_t len)
{
	char *p = strndup(s, len);

	if (!p)
		mem_exhausted();
	return p;
}

void text_add(struct text *t, const char *s, size_t len)
{
	size_t want;

	if (__builtin_add_overflow(t->len, len, &want) || __builtin_add_overflow(want, 1, &want))
		mem_exhausted();
	t->s = mem_grow(t->s, &t->cap, want, 1);
	if (len)
		memcpy(t->s + t->len, s, len);
	t->len += len;
	t->s[t->len] = '\0';
}

void text_addf(struct text *t, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (len < 0)
		return;
	t->s = mem_grow(t->s, &t->cap, t->len + (size_t)len + 1, 1);
	va_start(args, fmt);
	vsnprintf(t->s + t->len, (size_t)len + 1, fmt, args);
	va_end(args);
	t->len += (size_t)len;
}

void text_free(struct text *t)
{
	free(t->s);
	*t = (struct text){ 0 };
}

/* Bytes of the UTF-8 character at @s, which ends with a NUL; 0 if there is none. */
static size_t utf8_char(const char *s, uint32_t *ret_code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *u = (const unsigned char *)s;
	size_t len, i;
	uint32_t code;

	if (u[0] < 0x80) {
		*ret_code = u[0];
		return u[0] ? 1 : 0;
	}
	len = u[0] >= 0xf0 ? 4 : u[0] >= 0xe0 ? 3 : 2;
	if (u[0] < 0xc2 || u[0] > 0xf4)
		return 0;
	code = u[0] & (0x7fU >> len);
	for (i = 1; i < len; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (u[i] & 0x3f);
	}
	if (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*ret_code = code;
	return len;
}

/* Control characters, and the marks that turn the direction of writing or break lines. */
static bool code_unsafe(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x200e || code == 0x200f ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

void text_add_safe(struct text *t, const char *raw, bool name)
{
	uint32_t code;
	size_t len, i;

	while (*raw) {
		len = utf8_char(raw, &code);
		if (len && name && code == '\\') {
			text_add(t, "\\\\", 2);
		} else if (len && !code_unsafe(code)) {
			text_add(t, raw, len);
		} else if (code == '\n' && len) {
			text_add(t, "\\n", 2);
		} else if (code == '\t' && len) {
			text_add(t, "\\t", 2);
		} else {
			len = len ? len : 1;
			for (i = 0; i < len; i++)
				text_addf(t, "\\x%02x", (unsigned char)raw[i]);
		}
		raw += len;
	}
	text_add(t, "", 0);
}

bool utf8_valid(const char *s)
{
	uint32_t code;
	size_t len;

	for (; *s; s += len) {
		len = utf8_char(s, &code);
		if (!len)
			return false;
	}
	return true;
}

void text_add_utf8(struct text *t, const char *raw)
{
	uint32_t code;
	size_t len;

	for (; *raw; raw += len ? len : 1) {
		len = utf8_char(raw, &code);
		if (len)
			text_add(t, raw, len);
		else
			text_add(t, "\xef\xbf\xbd", 3);
	}
	text_add(t, "", 0);
}

void text_add_json(struct text *t, const char *s)
{
	static const char codes[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	const char *code;

	for (; *s; s++) {
		code = strchr(codes, *s);
		if (code)
			text_addf(t, "\\%c", letters[code - codes]);
		else if ((unsigned char)*s < ' ')
			text_addf(t, "\\u%04x", (unsigned int)*s);
		else
			text_add(t, s, 1);
	}
}

void text_add_shell(struct text *t, const char *word, bool is_file)
{
	size_t len = FAMFS_SHELL_SIZE(strlen(word));

	t->s = mem_grow(t->s, &t->cap, t->len + len, 1);
	famfs_shell_quote(word, is_file, t->s + t->len, len);
	t->len += strlen(t->s + t->len);
}

void utf8_locale_begin(struct utf8_locale *l)
{
	*l = (struct utf8_locale){ 0 };
	if (!strcmp(nl_langinfo(CODESET), "UTF-8"))
		return;
	l->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (l->utf8)
		l->before = uselocale(l->utf8);
}

void utf8_locale_end(struct utf8_locale *l)
{
	if (!l->utf8)
		return;
	uselocale(l->before);
	freelocale(l->utf8);
	l->utf8 = (locale_t)0;
}

static size_t ascii_len(const char *s)
{
	size_t len = 0;

	while (s[len] && (unsigned char)s[len] < 0x80)
		len++;
	return len;
}

size_t text_width(const char *s)
{
	size_t width = ascii_len(s), len;
	struct utf8_locale locale;
	uint32_t code;
	int cells;

	s += width;
	if (!*s)
		return width;
	utf8_locale_begin(&locale);
	for (; *s; s += len) {
		len = utf8_char(s, &code);
		cells = len ? wcwidth((wchar_t)code) : 1;
		len = len ? len : 1;
		width += cells < 0 ? 1 : (size_t)cells;
	}
	utf8_locale_end(&locale);
	return width;
}

bool locale_is_utf8(void)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	bool utf8;

	if (!locale)
		return false;
	utf8 = !strcmp(nl_langinfo_l(CODESET, locale), "UTF-8");
	freelocale(locale);
	return utf8;
}

/* Edits (insert, remove, replace, swap of neighbours) from @a to @b; words of up to 31 bytes. */
static size_t distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b), i, j, d[32][32];

	if (la > 31 || lb > 31)
		return SIZE_MAX;
	for (i = 0; i <= la; i++)
		d[i][0] = i;
	for (j = 0; j <= lb; j++)
		d[0][j] = j;
	for (i = 1; i <= la; i++) {
		for (j = 1; j <= lb; j++) {
			size_t best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

			if (d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	}
	return d[la][lb];
}

void near_try(struct near *n, const char *candidate)
{
	size_t dist = distance(n->word, candidate);

	if (dist > 2 || dist >= strlen(candidate) || (n->best && dist >= n->distance))
		return;
	n->best = candidate;
	n->distance = dist;
}
