/* SPDX-License-Identifier: Apache-2.0 */
/* Placing a file. */
#include <inttypes.h>
#include <string.h>

#include "err.h"
#include "interleave.h"
#include "place.h"
#include "text.h"

struct geometry {
	uint64_t nstrips, nbuckets, chunk;
};

struct bucket {
	uint64_t index, load;
};

static uint64_t round_up(uint64_t len)
{
	return (len / FAMFS_AU + (len % FAMFS_AU != 0)) * FAMFS_AU;
}

static int no_space(const struct space *space, const char *object, uint64_t len, bool one_piece,
		    struct famfs_err *err)
{
	uint64_t free, largest;
	int rc;

	space_free(space, &free, &largest);
	if (len > free && space->bad)
		return err_hint(err,
				err_set(err, -ENOSPC, object, "no space: %s wanted, %s free",
					text_size(len).s, text_size(free).s),
				"another %s cannot be used: the host knows media errors there; "
				"famfs check names them",
				text_size(space->bad * FAMFS_AU).s);
	if (len > free)
		return err_hint(err,
				err_set(err, -ENOSPC, object, "no space: %s wanted, %s free",
					text_size(len).s, text_size(free).s),
				"at most %s fit; famfs df tells more", text_size(free).s);
	rc = err_set(err, -ENOSPC, object, "no space: %s wanted in %s, largest free run is %s",
		     text_size(len).s, one_piece ? "one piece" : "at most 16 pieces",
		     text_size(largest).s);
	return err_hint(err, rc,
			one_piece ? "leave --contiguous out, or try --nstrips"
				  : "try --nstrips, or a smaller file");
}

static int place_simple(struct space *space, const struct famfs_create_req *req, const char *object,
			struct famfs_entry *entry, struct famfs_err *err)
{
	bool one_piece = req->flags & FAMFS_CREATE_CONTIGUOUS;
	uint64_t len = round_up(req->size), off;

	entry->ext_type = FAMFS_EXT_SIMPLE;
	if (space_alloc(space, len, &off)) {
		entry->extents[0] = (struct famfs_extent){ .off = off, .len = len };
		entry->extents_nr = 1;
	} else if (!one_piece) {
		entry->extents_nr = space_alloc_pieces(space, len, entry->extents,
						       FAMFS_EXTENTS_MAX);
	}
	entry->nextents = entry->extents_nr;
	return entry->extents_nr ? 0 : no_space(space, object, len, one_piece, err);
}

/* The buckets, those with the least load first, so that they fill evenly. */
static void sort_buckets(struct space *space, uint64_t bucket_len, uint64_t nr,
			 struct bucket *buckets)
{
	const uint64_t *loads = space_loads(space, bucket_len, nr);

	for (uint64_t i = 0; i < nr; i++) {
		struct bucket b = { .index = i, .load = loads[i] };
		uint64_t at = i;

		for (; at > 0 && buckets[at - 1].load > b.load; at--)
			buckets[at] = buckets[at - 1];
		buckets[at] = b;
	}
}

static int no_strips(const char *object, const struct geometry *g, uint64_t strip_len,
		     uint32_t found, struct famfs_err *err)
{
	int rc = err_set(err, -ENOSPC, object,
			 "no space for %s of %s in different buckets: of %" PRIu64
			 ", only %u with a free run that long",
			 text_count(g->nstrips, "strip").s, text_size(strip_len).s, g->nbuckets,
			 found);

	if (found > 1)
		return err_hint(err, rc, "try --nstrips %u, or a smaller file", found);
	return err_hint(err, rc, "try fewer --nbuckets, or no interleaving");
}

/*
 * Strips are all of one length, each in another bucket. Buckets of odd number are filled from their
 * end, so that what is free in a bucket and in the one behind it stays one run.
 */
static int place_strips(struct space *space, uint64_t dev_size, const struct geometry *g,
			const char *object, struct famfs_entry *entry, struct famfs_err *err)
{
	uint64_t strip_len = interleave_strip_len(entry->size, g->nstrips, g->chunk);
	uint64_t bucket_len = interleave_bucket_aus(dev_size, g->nbuckets) * FAMFS_AU;
	struct bucket buckets[FAMFS_BUCKETS_MAX];
	uint32_t found = 0;

	sort_buckets(space, bucket_len, g->nbuckets, buckets);
	entry->ext_type = FAMFS_EXT_INTERLEAVE;
	entry->nextents = 1;
	entry->nstrips = g->nstrips;
	entry->chunk_size = g->chunk;
	for (uint64_t i = 0; i < g->nbuckets && found < g->nstrips; i++) {
		uint64_t from = buckets[i].index * bucket_len, off;
		struct space_range range = { from, from + bucket_len, buckets[i].index % 2 };

		if (space_alloc_within(space, &range, strip_len, &off))
			entry->extents[found++] = (struct famfs_extent){ .off = off,
									 .len = strip_len };
	}
	entry->extents_nr = found;
	if (found == g->nstrips) {
		for (uint32_t i = 0; i < found; i++)
			space_note_strip(space, entry->extents[i].off, strip_len);
		return 0;
	}
	place_undo(space, entry);
	if (strip_len > space_free_within(space, 0, dev_size) / g->nstrips)
		return no_space(space, object, strip_len * g->nstrips, false, err);
	return no_strips(object, g, strip_len, found, err);
}

/* Who did not choose the geometry is told where it comes from. */
static int by_default(const struct famfs_create_req *req, int rc, struct famfs_err *err)
{
	if (!rc || !(req->flags & FAMFS_CREATE_BY_DEFAULT))
		return rc;
	return err_hint(err, rc,
			"the geometry is the file system's default; --contiguous, or -N, -B and "
			"-C, place the file otherwise");
}

int place_file(struct space *space, uint64_t dev_size, const struct famfs_create_req *req,
	       const char *object, struct famfs_entry *entry, struct famfs_err *err)
{
	struct geometry g = { req->nstrips, req->nbuckets, req->chunk_size };
	int rc;

	if (!req->size) {
		rc = err_set(err, -EINVAL, object, "size 0: an empty file cannot exist here");
		return err_hint(err, rc, "the smallest is 1 byte");
	}
	if ((g.nstrips || g.nbuckets || g.chunk) && req->flags & FAMFS_CREATE_CONTIGUOUS)
		return err_hint(err,
				err_set(err, -EINVAL, object,
					"interleaved and in one piece contradict each other"),
				"leave --contiguous out, or the geometry");
	if (req->size > dev_size)
		return no_space(space, object, req->size, false, err);
	rc = interleave_check(req->size, dev_size, &g.nstrips, &g.nbuckets, &g.chunk, object, err);
	if (rc)
		return by_default(req, rc, err);
	entry->size = req->size;
	/* Less than a chunk would lie in one strip anyway. */
	if (!g.nstrips || req->size < g.chunk)
		return place_simple(space, req, object, entry, err);
	return by_default(req, place_strips(space, dev_size, &g, object, entry, err), err);
}

void place_undo(struct space *space, const struct famfs_entry *entry)
{
	for (uint32_t i = 0; i < entry->extents_nr; i++)
		space_release(space, entry->extents[i].off, entry->extents[i].len);
}
