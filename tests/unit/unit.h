/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small harness for unit tests that print TAP.
 *
 *	#include "unit.h"
 *
 *	UNIT_TEST(adds_up)
 *	{
 *		CHECK_EQ(add(1, 2), 3);
 *	}
 *
 *	UNIT_TEST(refuses)
 *	{
 *		static const struct { const char *name; int in, rc; } rows[] = { ... };
 *
 *		for (size_t i = 0; i < UNIT_NR(rows); i++) {
 *			UNIT_ROW("%s", rows[i].name);
 *			CHECK_EQ(f(rows[i].in), rows[i].rc);
 *		}
 *	}
 *
 *	UNIT_MAIN
 *
 * Every UNIT_TEST of the file runs, in the order of the file: there is no list
 * in which one could be forgotten. A failed CHECK is reported and the test goes
 * on; a failed REQUIRE ends the test (a void function) at once, as SKIP does.
 * A test that checks nothing fails. Operands on the command line name the tests
 * to run. Exit status: 0 all passed, 1 some failed, 77 all skipped.
 */
#ifndef FAMFS_TESTS_UNIT_H
#define FAMFS_TESTS_UNIT_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNIT_NR(array)         (sizeof(array) / sizeof((array)[0]))
#define UNIT_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

struct unit_case {
	const char *name;
	void (*fn)(void);
	struct unit_case *next;
};

static struct unit_case *unit_first;
static struct unit_case **unit_last = &unit_first;
static atomic_uint unit_checks;
static atomic_uint unit_failures;
static char unit_skipped[256];
static _Thread_local char unit_row[256];

#define UNIT_TEST(test)                                                                            \
	static void unit_fn_##test(void);                                                          \
	static struct unit_case unit_case_##test = { #test, unit_fn_##test, NULL };                \
	__attribute__((constructor)) static void unit_add_##test(void)                             \
	{                                                                                          \
		*unit_last = &unit_case_##test;                                                    \
		unit_last = &unit_case_##test.next;                                                \
	}                                                                                          \
	static void unit_fn_##test(void)

/* Names the row of a table that the checks after it are about. */
#define UNIT_ROW(...) ((void)snprintf(unit_row, sizeof(unit_row), __VA_ARGS__))

/* Conditions and values; all of these may be used in any thread. */
#define CHECK(cond)          unit_check((cond) ? true : false, __FILE__, __LINE__, "%s", #cond)
#define CHECK_MSG(cond, ...) unit_check((cond) ? true : false, __FILE__, __LINE__, __VA_ARGS__)
/* Integers of any type and sign, compared by value. */
#define CHECK_EQ(got, want)                                                                        \
	unit_check_num((__int128)(got), (__int128)(want), #got, #want, __FILE__, __LINE__)
/* Strings; NULL equals only NULL. */
#define CHECK_STR(got, want)      unit_check_str((got), (want), #got, __FILE__, __LINE__)
#define CHECK_MEM(got, want, len) unit_check_mem((got), (want), (len), #got, __FILE__, __LINE__)
/* Passes when the string contains the other. */
#define CHECK_HAS(got, part) unit_check_has((got), (part), #got, __FILE__, __LINE__)

#define REQUIRE(cond)                                                                              \
	do {                                                                                       \
		if (!CHECK(cond))                                                                  \
			return;                                                                    \
	} while (0)

#define SKIP(...)                                                                                  \
	do {                                                                                       \
		(void)snprintf(unit_skipped, sizeof(unit_skipped), __VA_ARGS__);                   \
		return;                                                                            \
	} while (0)

UNIT_PRINTF(4, 5)
static inline bool unit_check(bool ok, const char *file, int line, const char *fmt, ...)
{
	char what[1024];
	va_list ap;

	atomic_fetch_add(&unit_checks, 1);
	if (ok)
		return true;
	atomic_fetch_add(&unit_failures, 1);
	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	printf("# %s:%d:%s%s%s failed: %s\n", file, line, *unit_row ? " row \"" : "", unit_row,
	       *unit_row ? "\"" : "", what);
	return false;
}

/* As decimal, and as hexadecimal too when it is large: offsets are read that way. */
static inline const char *unit_num(__int128 value, char *buf, size_t len)
{
	bool negative = value < 0;
	uint64_t mag = (uint64_t)(negative ? -value : value);

	if (mag > 9999)
		(void)snprintf(buf, len, "%s%" PRIu64 " (%s0x%" PRIx64 ")", negative ? "-" : "",
			       mag, negative ? "-" : "", mag);
	else
		(void)snprintf(buf, len, "%s%" PRIu64, negative ? "-" : "", mag);
	return buf;
}

static inline bool unit_check_num(__int128 got, __int128 want, const char *got_text,
				  const char *want_text, const char *file, int line)
{
	char a[64];
	char b[64];

	return unit_check(got == want, file, line, "%s == %s: got %s, want %s", got_text, want_text,
			  unit_num(got, a, sizeof(a)), unit_num(want, b, sizeof(b)));
}

static inline bool unit_check_str(const char *got, const char *want, const char *text,
				  const char *file, int line)
{
	bool same = got && want ? strcmp(got, want) == 0 : got == want;

	return unit_check(same, file, line, "%s: got \"%s\", want \"%s\"", text,
			  got ? got : "(null)", want ? want : "(null)");
}

static inline bool unit_check_has(const char *got, const char *part, const char *text,
				  const char *file, int line)
{
	return unit_check(got && strstr(got, part), file, line, "%s: no \"%s\" in \"%s\"", text,
			  part, got ? got : "(null)");
}

static inline bool unit_check_mem(const void *got, const void *want, size_t len, const char *text,
				  const char *file, int line)
{
	const unsigned char *a = got;
	const unsigned char *b = want;
	size_t i = 0;

	while (i < len && a[i] == b[i])
		i++;
	return unit_check(i == len, file, line, "%s: byte %zu of %zu: got 0x%02x, want 0x%02x",
			  text, i, len, i < len ? a[i] : 0U, i < len ? b[i] : 0U);
}

static inline bool unit_wanted(const struct unit_case *test, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], test->name) == 0)
			return true;
	return argc < 2;
}

/* Runs one test and prints its line; returns 0, 1 or 77 as the program would. */
static inline int unit_run_one(const struct unit_case *test, unsigned int number)
{
	atomic_store(&unit_checks, 0);
	atomic_store(&unit_failures, 0);
	unit_skipped[0] = '\0';
	unit_row[0] = '\0';
	test->fn();
	if (atomic_load(&unit_failures) > 0) {
		printf("not ok %u - %s\n", number, test->name);
		return 1;
	}
	if (unit_skipped[0]) {
		printf("ok %u - %s # SKIP %s\n", number, test->name, unit_skipped);
		return 77;
	}
	if (atomic_load(&unit_checks) == 0) {
		printf("# %s checks nothing\nnot ok %u - %s\n", test->name, number, test->name);
		return 1;
	}
	printf("ok %u - %s\n", number, test->name);
	return 0;
}

static inline int unit_run(int argc, char **argv)
{
	unsigned int planned = 0;
	unsigned int number = 0;
	unsigned int failed = 0;
	unsigned int skipped = 0;

	/* Each line is out before the next test can crash. */
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	for (const struct unit_case *t = unit_first; t; t = t->next)
		planned += unit_wanted(t, argc, argv);
	printf("1..%u\n", planned);
	for (const struct unit_case *t = unit_first; t; t = t->next) {
		int rc;

		if (!unit_wanted(t, argc, argv))
			continue;
		rc = unit_run_one(t, ++number);
		failed += rc == 1;
		skipped += rc == 77;
	}
	if (failed > 0 || planned == 0)
		return 1;
	return skipped == planned ? 77 : 0;
}

#define UNIT_MAIN                                                                                  \
	int main(int argc, char **argv)                                                            \
	{                                                                                          \
		return unit_run(argc, argv);                                                       \
	}

#endif /* FAMFS_TESTS_UNIT_H */
