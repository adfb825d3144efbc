/* SPDX-License-Identifier: Apache-2.0 */
/* The threads of a check, each with its part of the log. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "bits.h"
#include "check_impl.h"
#include "ctx.h"
#include "pages.h"

/* Fewer entries than this for each thread are not worth starting one. */
#define THREAD_ENTRIES 8192

/* Each has bits for all names: more would only take memory. */
#define THREADS 16

/* Bits in the table for a name, which sets two of them: one of 80 meets others by chance. */
#define FILTER_BITS 8

static void init_filter(struct famfs_check *check)
{
	struct check_filter *filter = &check->filter;
	uint64_t words = 1;

	while (words * BITS_WORD < check->end * FILTER_BITS)
		words *= 2;
	filter->again = pages_alloc(words, sizeof(*filter->again));
	filter->words = filter->again ? words : 0;
}

bool check_filter_ok(const struct famfs_check *check)
{
	for (unsigned int i = 0; i < check->walks_nr; i++) {
		if (!check->walks[i].seen)
			return false;
	}
	return true;
}

int check_walks_init(struct famfs_check *check)
{
	uint64_t parts = check->end / THREAD_ENTRIES;
	unsigned int nr = ctx_threads(check->ctx, parts < THREADS ? parts : THREADS);

	check->walks = calloc(nr, sizeof(*check->walks));
	if (!check->walks)
		return -ENOMEM;
	check->walks_nr = nr;
	for (unsigned int i = 0; i < nr; i++) {
		check->walks[i].check = check;
		check->walks[i].part = i;
		check->walks[i].first = check->end * i / nr;
		check->walks[i].end = check->end * (i + 1) / nr;
	}
	init_filter(check);
	return 0;
}

void check_filter_fini(struct famfs_check *check)
{
	struct check_filter *filter = &check->filter;

	for (unsigned int i = 0; i < check->walks_nr; i++) {
		pages_free(check->walks[i].seen, filter->words, sizeof(*check->walks[i].seen));
		check->walks[i].seen = NULL;
	}
	pages_free(filter->again, filter->words, sizeof(*filter->again));
	*filter = (struct check_filter){ 0 };
}

void check_walks_fini(struct famfs_check *check)
{
	check_filter_fini(check);
	for (unsigned int i = 0; i < check->walks_nr; i++) {
		problem_fini(&check->walks[i].list);
		free(check->walks[i].suspects);
		space_fini(&check->walks[i].space);
	}
	free(check->walks);
	check->walks = NULL;
	check->walks_nr = 0;
}

static void *run_walk(void *data)
{
	struct check_walk *walk = data;

	walk->run(walk);
	return NULL;
}

/* The work of a thread that cannot be had is done by this one. */
int check_walks_run(struct famfs_check *check, void (*run)(struct check_walk *walk),
		    struct famfs_err *err)
{
	pthread_t threads[THREADS];
	bool started[THREADS] = { false };
	int rc = 0;

	for (unsigned int i = 0; i < check->walks_nr; i++) {
		check->walks[i].run = run;
		if (i > 0)
			started[i] = !pthread_create(&threads[i], NULL, run_walk, &check->walks[i]);
	}
	for (unsigned int i = 0; i < check->walks_nr; i++) {
		if (!started[i])
			run_walk(&check->walks[i]);
	}
	for (unsigned int i = 0; i < check->walks_nr; i++) {
		if (started[i])
			(void)pthread_join(threads[i], NULL);
		if (!rc && check->walks[i].rc) {
			rc = check->walks[i].rc;
			if (err)
				*err = check->walks[i].err;
		}
	}
	return rc;
}
