/* SPDX-License-Identifier: Apache-2.0 */
/* Interleave geometry: rules and arithmetic. */
#include <stdio.h>

#include "err.h"
#include "interleave.h"
#include "text.h"

struct geometry {
	uint64_t nstrips, nbuckets, chunk;
};

/* A size that loses nothing, so that it can be typed as it is shown. */
struct exact {
	char s[24];
};

static struct exact exact(uint64_t size)
{
	static const char units[] = "kMG";
	struct exact e;
	int unit = -1;

	while (unit < 2 && size && size % 1024 == 0) {
		size /= 1024;
		unit++;
	}
	if (unit < 0)
		snprintf(e.s, sizeof(e.s), "%llu", (unsigned long long)size);
	else
		snprintf(e.s, sizeof(e.s), "%llu%c", (unsigned long long)size, units[unit]);
	return e;
}

static uint64_t div_up(uint64_t value, uint64_t by)
{
	return value / by + (value % by != 0);
}

uint64_t interleave_strip_len(uint64_t size, uint64_t nstrips, uint64_t chunk)
{
	uint64_t len;

	if (!nstrips || !chunk)
		return UINT64_MAX;
	if (__builtin_mul_overflow(div_up(div_up(size, chunk), nstrips), chunk, &len))
		return UINT64_MAX;
	return len;
}

uint64_t interleave_used(uint64_t size, uint64_t nstrips, uint64_t chunk, uint64_t strip)
{
	struct interleave_fill fill;
	uint64_t len;

	if (!nstrips || !chunk)
		return UINT64_MAX;
	if (strip >= nstrips)
		return 0;
	fill = interleave_fill_of(size, nstrips, chunk);
	if (__builtin_mul_overflow(div_up(interleave_fill_bytes(&fill, strip), FAMFS_AU), FAMFS_AU,
				   &len))
		return UINT64_MAX;
	return len;
}

uint64_t interleave_bucket_aus(uint64_t dev_size, uint64_t nbuckets)
{
	return nbuckets ? dev_size / FAMFS_AU / nbuckets : 0;
}

static int too_many_buckets(unsigned long long nr, const char *object, struct famfs_err *err)
{
	return err_set(err, -EINVAL, object, "too many buckets: %llu, at most %d", nr,
		       FAMFS_BUCKETS_MAX);
}

static int check_counts(const struct geometry *geo, const char *object, struct famfs_err *err)
{
	unsigned long long nstrips = geo->nstrips, nbuckets = geo->nbuckets;
	int rc;

	if (nstrips > FAMFS_EXTENTS_MAX) {
		rc = err_set(err, -EINVAL, object, "too many strips: %llu, at most %d", nstrips,
			     FAMFS_EXTENTS_MAX);
		return err_hint(err, rc, "nearest: %d strips", FAMFS_EXTENTS_MAX);
	}
	if (nbuckets > FAMFS_BUCKETS_MAX) {
		rc = too_many_buckets(nbuckets, object, err);
		return err_hint(err, rc, "nearest: %d buckets", FAMFS_BUCKETS_MAX);
	}
	if (nstrips > nbuckets) {
		rc = err_set(err, -EINVAL, object, "each strip needs a bucket of its own: %s, %s",
			     text_count(nstrips, "strip").s, text_count(nbuckets, "bucket").s);
		return err_hint(err, rc, "nearest: %s, or %s", text_count(nbuckets, "strip").s,
				text_count(nstrips, "bucket").s);
	}
	return 0;
}

/* Without a number of strips there is one in each bucket: for errors, that none was given. */
static int check_given(const struct geometry *geo, const char *object, struct famfs_err *err)
{
	int rc;

	if (geo->nstrips || (geo->nbuckets && geo->nbuckets <= FAMFS_EXTENTS_MAX))
		return 0;
	if (geo->nbuckets > FAMFS_BUCKETS_MAX) {
		rc = too_many_buckets(geo->nbuckets, object, err);
		return err_hint(err, rc, "nearest: %d buckets, with --nstrips 1 to %d",
				FAMFS_BUCKETS_MAX, FAMFS_EXTENTS_MAX);
	}
	if (geo->nbuckets)
		rc = err_set(err, -EINVAL, object,
			     "a strip in each of %llu buckets is too many: at most %d strips",
			     (unsigned long long)geo->nbuckets, FAMFS_EXTENTS_MAX);
	else
		rc = err_set(err, -EINVAL, object,
			     "a chunk size alone does not say how many strips there are to be");
	return err_hint(err, rc, "choose with --nstrips, 1 to %d", FAMFS_EXTENTS_MAX);
}

static int check_chunk(uint64_t chunk, const char *object, struct famfs_err *err)
{
	uint64_t below = FAMFS_AU;
	int rc;

	if (chunk > FAMFS_CHUNK_MAX) {
		rc = err_set(err, -EINVAL, object, "chunk size %s is more than %s", exact(chunk).s,
			     exact(FAMFS_CHUNK_MAX).s);
		return err_hint(err, rc, "nearest: %s", exact(FAMFS_CHUNK_MAX).s);
	}
	if (chunk >= FAMFS_AU && !(chunk & (chunk - 1)))
		return 0;
	rc = err_set(err, -EINVAL, object, "chunk size %llu is not a power of two of at least %s",
		     (unsigned long long)chunk, exact(FAMFS_AU).s);
	if (chunk < FAMFS_AU)
		return err_hint(err, rc, "nearest: %s", exact(FAMFS_AU).s);
	while (below * 2 < chunk)
		below *= 2;
	return err_hint(err, rc, "nearest: %s or %s", exact(below).s, exact(below * 2).s);
}

/* A file smaller than a chunk is placed in one extent, so the buckets do not matter to it. */
static int check_buckets(uint64_t size, uint64_t dev_size, const struct geometry *geo,
			 const char *object, struct famfs_err *err)
{
	uint64_t strip = interleave_strip_len(size, geo->nstrips, geo->chunk);
	uint64_t bucket = interleave_bucket_aus(dev_size, geo->nbuckets) * FAMFS_AU;
	uint64_t fitting;
	int rc;

	if (size < geo->chunk || strip <= bucket)
		return 0;
	fitting = dev_size / FAMFS_AU * FAMFS_AU / strip;
	if (fitting < geo->nstrips) {
		rc = err_set(err, -ENOSPC, object, "no space for %s of %s each: the device has %s",
			     text_count(geo->nstrips, "strip").s, exact(strip).s,
			     exact(dev_size).s);
		return err_hint(err, rc, "use a larger device, or make the file smaller");
	}
	rc = err_set(err, -EINVAL, object, "each strip needs %s, one of %s has %s", exact(strip).s,
		     text_count(geo->nbuckets, "bucket").s, exact(bucket).s);
	return err_hint(err, rc, "nearest: %s", text_count(fitting, "bucket").s);
}

int interleave_check(uint64_t size, uint64_t dev_size, uint64_t *nstrips, uint64_t *nbuckets,
		     uint64_t *chunk, const char *object, struct famfs_err *err)
{
	struct geometry geo = { *nstrips, *nbuckets, *chunk };
	int rc;

	if (!geo.nstrips && !geo.nbuckets && !geo.chunk)
		return 0;
	rc = check_given(&geo, object, err);
	if (rc)
		return rc;
	if (!geo.nstrips)
		geo.nstrips = geo.nbuckets;
	if (!geo.nbuckets)
		geo.nbuckets = geo.nstrips;
	if (!geo.chunk)
		geo.chunk = FAMFS_AU;
	rc = check_counts(&geo, object, err);
	if (!rc)
		rc = check_chunk(geo.chunk, object, err);
	if (!rc)
		rc = check_buckets(size, dev_size, &geo, object, err);
	if (rc)
		return rc;
	*nstrips = geo.nstrips;
	*nbuckets = geo.nbuckets;
	*chunk = geo.chunk;
	return 0;
}
