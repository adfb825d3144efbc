/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "cmd.h"

enum { PROGRESS_NS = 100000000 };

uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

void progress_init(struct progress *p, const struct cmd_env *env, const char *what)
{
	*p = (struct progress){ .what = what };
	p->shown = env->progress == WHEN_ALWAYS ||
		   (env->progress == WHEN_AUTO && !env->quiet && isatty(STDERR_FILENO));
	/* Work that ends at once shows nothing, unless it was asked to. */
	if (env->progress == WHEN_AUTO)
		p->next_ns = clock_ns() + PROGRESS_NS;
}

void progress_show(struct progress *p, uint64_t done, uint64_t total)
{
	char a[24], b[24];
	uint64_t now;

	if (!p->shown || !total)
		return;
	now = clock_ns();
	if (now < p->next_ns)
		return;
	p->next_ns = now + PROGRESS_NS;
	p->drawn = true;
	fprintf(stderr, "\r%s %3.0f%%  %s of %s\033[K", p->what,
		100.0 * (double)done / (double)total, famfs_size_format(done, a, sizeof(a)),
		famfs_size_format(total, b, sizeof(b)));
}

void progress_clear(struct progress *p)
{
	if (p->drawn)
		fputs("\r\033[K", stderr);
	p->drawn = false;
}
