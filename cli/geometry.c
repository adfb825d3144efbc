/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "geometry.h"

/* @any: what is too large is left to who tells the nearest; 0 is nothing near. */
static uint64_t count(struct cmd_env *env, const char *option, const char *arg, uint64_t max,
		      bool any)
{
	if (any && arg[strspn(arg, "0")])
		max = UINT64_MAX;
	return option_number(env, option, arg, max);
}

static error_t parse(int key, const char *arg, struct cmd_env *env, struct famfs_create_req *req,
		     bool any)
{
	switch (key) {
	case 'N':
		req->nstrips = count(env, "--nstrips", arg, FAMFS_EXTENTS_MAX, any);
		return 0;
	case 'B':
		req->nbuckets = count(env, "--nbuckets", arg, FAMFS_BUCKETS_MAX, any);
		return 0;
	case 'C':
		req->chunk_size = option_size(env, "--chunksize", arg);
		if (!req->chunk_size)
			env_usage_value(env, "--chunksize", arg, NULL, "must be at least 2M");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

error_t geometry_parse(int key, const char *arg, struct cmd_env *env, struct famfs_create_req *req)
{
	return parse(key, arg, env, req, false);
}

error_t geometry_parse_any(int key, const char *arg, struct cmd_env *env,
			   struct famfs_create_req *req)
{
	return parse(key, arg, env, req, true);
}

bool geometry_given(const struct famfs_create_req *req)
{
	return req->nstrips || req->nbuckets || req->chunk_size;
}

void geometry_check(const struct cmd_env *env, const struct famfs_create_req *req)
{
	if (geometry_given(req) && (req->flags & FAMFS_CREATE_CONTIGUOUS))
		env_usage(env, "--contiguous", NULL,
			  "contradicts --nstrips, --nbuckets and --chunksize");
}

void geometry_text(struct text *t, const struct famfs_geometry *g)
{
	uint64_t mib = g->chunk_size >> 20;
	bool gib = mib >= 1024 && mib % 1024 == 0;

	if (!g->nstrips) {
		text_addf(t, "not interleaved");
		return;
	}
	text_addf(t, "-N %" PRIu64 " -B %" PRIu64 " -C %" PRIu64 "%c", g->nstrips, g->nbuckets,
		  gib ? mib / 1024 : mib, gib ? 'G' : 'M');
}

void geometry_emit(struct emit *out, const struct famfs_geometry *g)
{
	emit_u64(out, "nstrips", NULL, g->nstrips);
	emit_u64(out, "nbuckets", NULL, g->nbuckets);
	emit_u64(out, "chunk_size", NULL, g->chunk_size);
}

static bool wants_default(const struct famfs_create_req *req)
{
	return !geometry_given(req) && !(req->flags & (FAMFS_CREATE_DIR | FAMFS_CREATE_CONTIGUOUS));
}

void geometry_default(const struct cmd_env *env, struct famfs *fs, struct famfs_create_req *reqs,
		      size_t nr)
{
	struct famfs_geometry g;
	struct famfs_err err;
	struct text said = { 0 };
	size_t i = 0;
	int rc;

	while (i < nr && !wants_default(&reqs[i]))
		i++;
	rc = i < nr ? famfs_default_get(fs, &g, &err) : -ENOENT;
	if (rc && rc != -ENOENT) {
		text_addf(&said, "%s; no default geometry is used", err.message);
		env_note(env, err.object, said.s, err.hint);
		text_free(&said);
	}
	for (; !rc && g.nstrips && i < nr; i++) {
		if (!wants_default(&reqs[i]))
			continue;
		reqs[i].nstrips = g.nstrips;
		reqs[i].nbuckets = g.nbuckets;
		reqs[i].chunk_size = g.chunk_size;
		reqs[i].flags |= FAMFS_CREATE_BY_DEFAULT;
	}
}
