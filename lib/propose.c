/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which geometries suit a file. Interleaving is for bandwidth, so what counts is how many strips
 * work at once when the file is used as a whole (its size by the bytes in its fullest strip), less
 * the more space is wasted.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "interleave.h"
#include "plan.h"
#include "text.h"

/* More chunks than this make maps long where they are unrolled, one extent for each. */
#define CHUNKS_MAX 16384

/* One row for each, and one for "not interleaved". */
static const uint64_t strips_tried[] = { 2, 3, 4, 6, 8, 12, 16 };
#define TRIED_MAX (sizeof(strips_tried) / sizeof(strips_tried[0]) + 1)

static uint64_t chunk_for(uint64_t size)
{
	uint64_t chunk = FAMFS_AU;

	while (chunk < FAMFS_CHUNK_MAX && size / chunk > CHUNKS_MAX)
		chunk *= 2;
	return chunk;
}

/* size * 100 / by, which may not fit 64 bits on the way. */
static uint64_t percent(uint64_t size, uint64_t by)
{
	return by ? (uint64_t)((__uint128_t)size * 100 / by) : 0;
}

static void judge(struct famfs_proposal *row)
{
	uint64_t used = percent(row->plan.entry.size, row->plan.taken);

	row->parallel = percent(row->plan.entry.size, row->plan.fullest);
	row->score = row->parallel * used / 100;
}

/* As many buckets as strips spread the file widest; with more of them it may fit all the same. */
static bool try_strips(struct planner *p, uint64_t size, uint64_t nstrips,
		       struct famfs_proposal *row)
{
	struct famfs_create_req req = { .size = size, .nstrips = nstrips };

	req.chunk_size = chunk_for(size);
	/* A strip without a chunk would be taken for nothing. */
	if (size / req.chunk_size + (size % req.chunk_size != 0) < nstrips)
		return false;
	for (req.nbuckets = nstrips; req.nbuckets <= FAMFS_BUCKETS_MAX; req.nbuckets *= 2) {
		if (planner_try(p, &req, &row->plan, NULL))
			continue;
		judge(row);
		return true;
	}
	return false;
}

static bool try_simple(struct planner *p, uint64_t size, struct famfs_proposal *row,
		       struct famfs_err *err)
{
	struct famfs_create_req req = { .size = size };

	if (planner_try(p, &req, &row->plan, err))
		return false;
	judge(row);
	return true;
}

/* Of equals, the simpler one. */
static int by_score(const void *a, const void *b)
{
	const struct famfs_proposal *x = a, *y = b;

	if (x->score != y->score)
		return x->score < y->score ? 1 : -1;
	return (x->plan.entry.nstrips > y->plan.entry.nstrips) -
	       (x->plan.entry.nstrips < y->plan.entry.nstrips);
}

static void explain_simple(const struct famfs_plan *plan, char *why, size_t len)
{
	uint32_t pieces = plan->entry.extents_nr;

	if (plan->entry.size <= FAMFS_AU)
		(void)snprintf(why, len,
			       "not more than one chunk of %s, which lies in one place anyway",
			       text_size(FAMFS_AU).s);
	else if (pieces == 1)
		(void)snprintf(why, len,
			       "in one piece: the shortest map, one part of the device "
			       "does all the work");
	else
		(void)snprintf(why, len, "in %u pieces, since no free run is long enough", pieces);
}

static void explain(const struct famfs_plan *plan, uint64_t parallel, char *why, size_t len)
{
	uint64_t nstrips = plan->entry.nstrips, chunk = plan->entry.chunk_size;
	uint64_t chunks = plan->entry.size / chunk + (plan->entry.size % chunk != 0);
	uint64_t most = chunks / nstrips + (chunks % nstrips != 0), least = chunks / nstrips;
	char waste[64] = "nothing wasted", spread[64] = "", each[64];

	if (plan->wasted)
		(void)snprintf(waste, sizeof(waste), "%s wasted", text_size(plan->wasted).s);
	if (plan->geometry.nbuckets > nstrips)
		(void)snprintf(spread, sizeof(spread), ", in the emptiest of %" PRIu64 " buckets",
			       plan->geometry.nbuckets);
	if (most == least)
		(void)snprintf(each, sizeof(each), "%" PRIu64, most);
	else
		(void)snprintf(each, sizeof(each), "%" PRIu64 " or %" PRIu64, least, most);
	(void)snprintf(why, len,
		       "like %" PRIu64 ".%" PRIu64 " strips at work at once, each with %s chunk%s "
		       "of %s; %s%s",
		       parallel / 100, parallel % 100 / 10, each, most == 1 ? "" : "s",
		       text_size(chunk).s, waste, spread);
}

/* Measures a row that was chosen, and says why it was. */
static int finish(struct planner *p, struct famfs_proposal *row, struct famfs_err *err)
{
	const struct famfs_create_req req = {
		.size = row->plan.entry.size,
		.nstrips = row->plan.geometry.nstrips,
		.nbuckets = row->plan.geometry.nbuckets,
		.chunk_size = row->plan.geometry.chunk_size,
	};
	int rc = planner_measure(p, &req, &row->plan, err);

	if (rc)
		return rc;
	if (row->plan.entry.ext_type == FAMFS_EXT_INTERLEAVE)
		explain(&row->plan, row->parallel, row->why, sizeof(row->why));
	else
		explain_simple(&row->plan, row->why, sizeof(row->why));
	return 0;
}

/* Return: how many rows there are, or -errno when there are none. */
static int collect(struct planner *p, uint64_t size, struct famfs_proposal *rows,
		   struct famfs_err *err)
{
	struct famfs_err why = { 0 };
	int nr = try_simple(p, size, &rows[0], &why);

	for (size_t i = 0; i + 1 < TRIED_MAX; i++)
		nr += try_strips(p, size, strips_tried[i], &rows[nr]);
	if (nr)
		return nr;
	if (err)
		*err = why;
	return why.rc;
}

/* Another does as well with no more strips and no more space. */
static bool is_beaten(const struct famfs_proposal *row, const struct famfs_proposal *by)
{
	return by->parallel >= row->parallel && by->plan.taken <= row->plan.taken &&
	       by->plan.entry.nstrips <= row->plan.entry.nstrips;
}

static bool is_simple(const struct famfs_proposal *row)
{
	return row->plan.entry.ext_type != FAMFS_EXT_INTERLEAVE;
}

/* The best @max rows; what is not interleaved stays, to be compared with. Return: how many. */
static size_t choose(struct famfs_proposal *rows, size_t nr, size_t max)
{
	size_t kept = 0;

	qsort(rows, nr, sizeof(*rows), by_score);
	for (size_t i = 0; i < nr; i++) {
		bool beaten = false;

		for (size_t j = 0; j < kept && !is_simple(&rows[i]); j++)
			beaten |= is_beaten(&rows[i], &rows[j]);
		if (beaten || (kept == max && !is_simple(&rows[i])))
			continue;
		if (kept == max)
			kept--;
		rows[kept++] = rows[i];
	}
	return kept;
}

int famfs_propose(struct famfs *fs, uint64_t size, struct famfs_proposal *rows, size_t max,
		  size_t *ret_nr, struct famfs_err *err)
{
	struct famfs_proposal *all = calloc(TRIED_MAX, sizeof(*all));
	struct planner p;
	size_t nr;
	int rc = all ? planner_init(&p, fs, err) : err_nomem(err);

	if (rc) {
		free(all);
		return rc;
	}
	rc = collect(&p, size, all, err);
	nr = choose(all, rc > 0 ? (size_t)rc : 0, max);
	rc = rc > 0 ? 0 : rc;
	for (size_t i = 0; i < nr && !rc; i++)
		rc = finish(&p, &all[i], err);
	if (!rc) {
		memcpy(rows, all, nr * sizeof(*all));
		*ret_nr = nr;
	}
	planner_fini(&p);
	free(all);
	return rc;
}

void famfs_memory(struct famfs *fs, struct famfs_memory *ret_memory)
{
	struct dax_speed speed = { 0 };
	int node = fs->dev->kind == FAMFS_DEV_DAX ? fs->dev->dax.numa_node : -1;

	dax_node_speed(fs->ctx, node, &speed);
	*ret_memory = (struct famfs_memory){
		.numa_node = node,
		.read_bandwidth = speed.read_bandwidth,
		.write_bandwidth = speed.write_bandwidth,
		.read_latency = speed.read_latency,
		.write_latency = speed.write_latency,
	};
}
