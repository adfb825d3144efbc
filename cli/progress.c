/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd.h"

enum { PROGRESS_NS = 100000000, SECOND_NS = 1000000000 };

uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * SECOND_NS + (uint64_t)ts.tv_nsec;
}

void progress_init(struct progress *p, const struct cmd_env *env, const char *what)
{
	*p = (struct progress){ .what = what, .start_ns = clock_ns() };
	p->shown = env->progress == WHEN_ALWAYS ||
		   (env->progress == WHEN_AUTO && !env->quiet && isatty(STDERR_FILENO));
	/* Work that ends at once shows nothing, unless it was asked to. */
	if (env->progress == WHEN_AUTO)
		p->next_ns = p->start_ns + PROGRESS_NS;
}

/* Bytes in a second, and the time that the rest will take at that rate. */
static void add_rate(struct text *line, uint64_t ns, uint64_t done, uint64_t total)
{
	double rate = (double)done * SECOND_NS / (double)ns, left;
	char buf[24];

	if (rate < 1.0 || rate > 1e18)
		return;
	left = (double)(total - done) / rate;
	text_addf(line, "  %s/s", famfs_size_format((uint64_t)rate, buf, sizeof(buf)));
	if (left < 360000.0)
		text_addf(line, "  %u:%02u left", (unsigned int)left / 60, (unsigned int)left % 60);
}

/* The name, as far as the line has room for it. */
static void add_name(struct text *line, const char *name)
{
	size_t columns = terminal_columns(STDERR_FILENO), at;

	if (!columns)
		columns = 80;
	text_add(line, "  ", 2);
	text_add_safe(line, name, false);
	for (at = line->len; text_width(line->s) >= columns && at; at--)
		line->s[at - 1] = '\0';
	line->len = strlen(line->s);
}

void progress_show(struct progress *p, uint64_t done, uint64_t total)
{
	struct text line = { 0 };
	char a[24], b[24];
	uint64_t now;

	if (!p->shown || !total)
		return;
	now = clock_ns();
	if (now < p->next_ns)
		return;
	done = done < total ? done : total;
	p->next_ns = now + PROGRESS_NS;
	p->drawn = true;
	text_addf(&line, "%s %3.0f%%  %s of %s", p->what, 100.0 * (double)done / (double)total,
		  famfs_size_format(done, a, sizeof(a)), famfs_size_format(total, b, sizeof(b)));
	if (now > p->start_ns)
		add_rate(&line, now - p->start_ns, done, total);
	if (p->name)
		add_name(&line, p->name);
	fprintf(stderr, "\r%s\033[K", line.s);
	text_free(&line);
}

void progress_clear(struct progress *p)
{
	if (p->drawn)
		fputs("\r\033[K", stderr);
	p->drawn = false;
}
