/* SPDX-License-Identifier: Apache-2.0 */
/* Text that grows, text that is safe to show, and the nearest word to a misspelt one. */
#ifndef FAMFS_CLI_TEXT_H
#define FAMFS_CLI_TEXT_H

#include <locale.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A string that grows; always NUL-terminated once something was added. */
struct text {
	char *s;
	size_t len, cap;
};

void text_add(struct text *t, const char *s, size_t len);
void text_addf(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void text_free(struct text *t);

/*
 * text_add_safe() - adds @raw so that one line stays one line and a terminal obeys nothing in it:
 * control characters, direction marks and bytes that are no UTF-8 become \n, \t, \xNN. With @name
 * a backslash is doubled too, so that different names never look the same.
 */
void text_add_safe(struct text *t, const char *raw, bool name);

/* utf8_valid() - whether @s is UTF-8 as RFC 3629 has it. */
bool utf8_valid(const char *s);

/* text_add_utf8() - adds @raw with U+FFFD in place of each byte that is no UTF-8. */
void text_add_utf8(struct text *t, const char *raw);

/* text_add_json() - adds @s, which is UTF-8, as it stands between the quotes of JSON. */
void text_add_json(struct text *t, const char *s);

/* text_add_shell() - adds @word as famfs_shell_quote() makes it. */
void text_add_shell(struct text *t, const char *word, bool is_file);

/*
 * Names are UTF-8 in every locale: between the two this thread's locale knows their characters.
 * Nothing is to be done where it does anyway, or where the host has no such locale.
 */
struct utf8_locale {
	locale_t utf8, before;
};

void utf8_locale_begin(struct utf8_locale *l);
void utf8_locale_end(struct utf8_locale *l);

/*
 * text_width() - terminal columns that @s takes: one for each character, two for wide ones and none
 * for those that only change others. Much faster within utf8_locale_begin() where there are many.
 */
size_t text_width(const char *s);

/* plural() - the word that goes with @nr. */
static inline const char *plural(uint64_t nr, const char *one, const char *many)
{
	return nr == 1 ? one : many;
}

/* locale_is_utf8() - whether the locale says that terminals show UTF-8. */
bool locale_is_utf8(void);

/* The best of the words shown so far to near_try(). */
struct near {
	const char *word; /* what was typed */
	const char *best; /* NULL: nothing is near */
	size_t distance;
};

void near_try(struct near *n, const char *candidate);

/* Memory, or the end of the program with an error line, and the code of mem_exit_code() (1). */
void *mem_calloc(size_t nr, size_t size);
void *mem_grow(void *old, size_t *cap, size_t want, size_t size);
char *mem_strndup(const char *s, size_t len);
_Noreturn void mem_exhausted(void);
void mem_exit_code(int code);

#endif
