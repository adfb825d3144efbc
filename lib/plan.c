/* SPDX-License-Identifier: Apache-2.0 */
/* What famfs_create() would do, by the same code, and the nearest geometry that it would take. */
#include "err.h"
#include "interleave.h"
#include "place.h"
#include "plan.h"
#include "super.h"

/* Chunk sizes as powers of two. */
enum { CHUNK_MIN_BITS = 21, CHUNK_MAX_BITS = 31 };

int planner_init(struct planner *p, struct famfs *fs, struct famfs_err *err)
{
	int rc = famfs_damage(fs, err);

	if (!rc)
		rc = fs_require_known(fs, err);
	if (!rc && fs->log.count >= fs->log.slots)
		rc = fs_refuse_full_log(fs, fs->dev->name, err);
	if (rc)
		return rc;
	*p = (struct planner){ .fs = fs };
	if (space_init(&p->space, super_usable_size(fs->dev, &fs->super)))
		return err_nomem(err);
	p->dev_size = p->space.aus * FAMFS_AU;
	rc = fs_take_all(fs, &p->space, err);
	if (!rc)
		rc = fs_take_held(fs, &p->space, err);
	if (rc >= 0)
		rc = fs_take_bad(fs, &p->space, err);
	if (rc < 0) {
		planner_fini(p);
		return rc;
	}
	space_free(&p->space, &p->free, &p->largest_free);
	return 0;
}

void planner_fini(struct planner *p)
{
	space_fini(&p->space);
}

/* Fills in all that follows from the entry. */
static void describe(const struct planner *p, const struct famfs_create_req *req,
		     struct famfs_plan *plan)
{
	const struct famfs_entry *entry = &plan->entry;
	struct famfs_geometry g = { req->nstrips, req->nbuckets, req->chunk_size };
	struct interleave_fill fill;

	for (uint32_t i = 0; i < entry->extents_nr; i++)
		plan->taken += entry->extents[i].len;
	plan->wasted = plan->taken - entry->size;
	plan->fullest = entry->size;
	/* It was judged when the file was placed; here its defaults are wanted. */
	(void)interleave_check(entry->size, p->dev_size, &g.nstrips, &g.nbuckets, &g.chunk_size, "",
			       NULL);
	plan->geometry = g;
	if (entry->ext_type != FAMFS_EXT_INTERLEAVE)
		return;
	plan->bucket_len = interleave_bucket_aus(p->dev_size, g.nbuckets) * FAMFS_AU;
	for (uint32_t i = 0; i < entry->extents_nr; i++)
		plan->buckets[i] = (uint32_t)(entry->extents[i].off / plan->bucket_len);
	fill = interleave_fill_of(entry->size, entry->nstrips, entry->chunk_size);
	plan->fullest = interleave_fill_bytes(&fill, 0);
}

static int try_one(struct planner *p, const struct famfs_create_req *req, bool measure,
		   struct famfs_plan *ret_plan, struct famfs_err *err)
{
	struct famfs_plan plan = { .entry = { .type = FAMFS_ENTRY_FILE } };
	int rc = place_file(&p->space, p->dev_size, req, p->fs->dev->name, &plan.entry, err);

	if (rc)
		return rc;
	describe(p, req, &plan);
	if (measure)
		space_free(&p->space, &plan.free, &plan.largest_free);
	place_undo(&p->space, &plan.entry);
	*ret_plan = plan;
	return 0;
}

int planner_try(struct planner *p, const struct famfs_create_req *req, struct famfs_plan *ret_plan,
		struct famfs_err *err)
{
	return try_one(p, req, false, ret_plan, err);
}

int planner_measure(struct planner *p, const struct famfs_create_req *req,
		    struct famfs_plan *ret_plan, struct famfs_err *err)
{
	return try_one(p, req, true, ret_plan, err);
}

int famfs_plan(struct famfs *fs, const struct famfs_create_req *req, struct famfs_plan *ret_plan,
	       struct famfs_err *err)
{
	struct planner p;
	int rc = planner_init(&p, fs, err);

	if (rc)
		return rc;
	rc = planner_measure(&p, req, ret_plan, err);
	planner_fini(&p);
	return rc;
}

/* The value from @min to @max that is number @k in distance to @want, the lower one first. */
static uint64_t kth_nearest(uint64_t want, uint64_t k, uint64_t min, uint64_t max)
{
	uint64_t below, above, both;

	want = want < min ? min : want > max ? max : want;
	below = want - min;
	above = max - want;
	both = below < above ? below : above;
	if (k <= 2 * both)
		return k % 2 ? want - (k + 1) / 2 : want + k / 2;
	return below > above ? want - (k - both) : want + (k - both);
}

static uint64_t log2_of(uint64_t value)
{
	return value ? 63U - (unsigned int)__builtin_clzll(value) : 0;
}

/* With the strips and chunks of @req, the nearest number of buckets that works. */
static bool search_buckets(struct planner *p, struct famfs_create_req *req, uint64_t want)
{
	uint64_t strip = interleave_strip_len(req->size, req->nstrips, req->chunk_size);
	struct famfs_plan plan;

	if (req->size >= req->chunk_size &&
	    (strip > p->largest_free || strip > p->free / req->nstrips))
		return false;
	for (uint64_t k = 0; k <= FAMFS_BUCKETS_MAX - req->nstrips; k++) {
		req->nbuckets = kth_nearest(want, k, req->nstrips, FAMFS_BUCKETS_MAX);
		if (!planner_try(p, req, &plan, NULL))
			return true;
	}
	return false;
}

/* Strips count most, since they are what is wanted of an interleaved file, then chunks. */
static bool search(struct planner *p, struct famfs_create_req *req)
{
	struct famfs_geometry want = { req->nstrips, req->nbuckets, req->chunk_size };
	uint64_t max_bits = log2_of(req->size), bits;

	/* Larger chunks than the file would not interleave it. */
	if (max_bits < CHUNK_MIN_BITS)
		max_bits = CHUNK_MIN_BITS;
	if (max_bits > CHUNK_MAX_BITS)
		max_bits = CHUNK_MAX_BITS;
	for (uint64_t n = 0; n < FAMFS_EXTENTS_MAX; n++) {
		req->nstrips = kth_nearest(want.nstrips, n, 1, FAMFS_EXTENTS_MAX);
		for (uint64_t c = 0; c <= max_bits - CHUNK_MIN_BITS; c++) {
			bits = kth_nearest(log2_of(want.chunk_size), c, CHUNK_MIN_BITS, max_bits);
			req->chunk_size = 1ULL << bits;
			if (search_buckets(p, req, want.nbuckets ? want.nbuckets : req->nstrips))
				return true;
		}
	}
	return false;
}

/* As many as each get a chunk. */
static uint64_t most_strips(const struct famfs_create_req *req)
{
	uint64_t chunk = req->chunk_size < FAMFS_AU ? FAMFS_AU : req->chunk_size;
	uint64_t chunks = req->size / chunk + (req->size % chunk != 0);

	return chunks < FAMFS_EXTENTS_MAX ? chunks : FAMFS_EXTENTS_MAX;
}

int famfs_plan_nearest(struct famfs *fs, const struct famfs_create_req *req,
		       struct famfs_geometry *ret_geometry, struct famfs_err *err)
{
	struct famfs_create_req near = *req;
	struct planner p;
	int rc = planner_init(&p, fs, err);

	if (rc)
		return rc;
	near.flags &= ~(unsigned int)FAMFS_CREATE_CONTIGUOUS;
	near.nstrips = req->nstrips ? req->nstrips : req->nbuckets;
	if (!near.nstrips)
		near.nstrips = most_strips(req);
	if (req->size && req->size <= p.free && search(&p, &near))
		*ret_geometry = (struct famfs_geometry){ near.nstrips, near.nbuckets,
							 near.chunk_size };
	else
		rc = err_set(err, -ENOSPC, fs->dev->name, "no geometry has room for the file");
	planner_fini(&p);
	return rc;
}
