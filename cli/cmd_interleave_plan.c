/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "geometry.h"

/* As many proposals as fit a screen beside the rest. */
enum { ROWS_MAX = 5 };

struct plan_opts {
	bool bytes, has_size;
	struct famfs_create_req req;
};

enum { OPT_CONTIGUOUS = OPT_COMMAND, OPT_BYTES };

static const struct argp_option options[] = {
	{ "size", 's', "SIZE", 0, "Size of the file: 4096, 512k, 1.5G", 0 },
	GEOMETRY_OPTIONS,
	{ "contiguous", OPT_CONTIGUOUS, NULL, 0, "In one extent or not at all", 0 },
	{ "bytes", OPT_BYTES, NULL, 0, "Sizes in bytes, on terminals too", 0 },
	COLUMNS_OPTION,
	{ 0 },
};

static error_t parse(int key, char *arg, struct cmd_env *env)
{
	struct plan_opts *opts = env->opts;

	if (!geometry_parse_any(key, arg, env, &opts->req))
		return 0;
	switch (key) {
	case 's':
		opts->req.size = option_size(env, "--size", arg);
		opts->has_size = true;
		return 0;
	case OPT_CONTIGUOUS:
		opts->req.flags |= FAMFS_CREATE_CONTIGUOUS;
		return 0;
	case OPT_BYTES:
		opts->bytes = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* One that was placed is whole, so the use of its extents can always be told. */
static uint64_t used_of(const struct famfs_entry *entry, uint32_t i)
{
	struct famfs_extent_use use = { 0 };

	(void)famfs_extent_use(entry, i, &use, NULL);
	return use.used;
}

static void emit_extents(struct emit *out, const struct famfs_plan *plan, enum emit_shape shape)
{
	const struct famfs_entry *entry = &plan->entry;
	uint32_t i;

	emit_list(out, "extents", shape);
	for (i = 0; i < entry->extents_nr; i++) {
		emit_item(out);
		emit_u64(out, NULL, plan->bucket_len ? "STRIP" : "EXTENT", i);
		if (plan->bucket_len)
			emit_u64(out, "bucket", "BUCKET", plan->buckets[i]);
		extent_cells(out, &entry->extents[i]);
		emit_size(out, "used", "USED", used_of(entry, i));
		emit_item_end(out);
	}
	emit_list_end(out);
}

/* One of the "plans": JSON, and a table of one that was given. @row: NULL for such a one. */
static void emit_plan(struct emit *out, const struct famfs_plan *plan,
		      const struct famfs_proposal *row)
{
	bool interleaved = plan->entry.ext_type == FAMFS_EXT_INTERLEAVE;

	emit_item(out);
	emit_str(out, "ext_type", NULL, interleaved ? "interleaved" : "simple");
	geometry_emit(out, &plan->geometry);
	if (interleaved)
		emit_u64(out, "bucket_len", NULL, plan->bucket_len);
	emit_extents(out, plan, row ? EMIT_SILENT : EMIT_TABLE);
	emit_u64(out, "taken", NULL, plan->taken);
	emit_u64(out, "wasted", NULL, plan->wasted);
	emit_u64(out, "fullest", NULL, plan->fullest);
	emit_u64(out, "free", NULL, plan->free);
	emit_u64(out, "largest_free", NULL, plan->largest_free);
	if (row) {
		emit_u64(out, "parallel_percent", NULL, row->parallel);
		emit_u64(out, "score", NULL, row->score);
		emit_str(out, "why", NULL, row->why);
	}
	emit_item_end(out);
}

static void show_memory(struct emit *out, struct famfs *fs)
{
	struct famfs_memory m;
	struct text line = { 0 };

	famfs_memory(fs, &m);
	if (m.numa_node < 0)
		return;
	text_addf(&line, "NUMA node %d", m.numa_node);
	if (m.read_bandwidth)
		text_addf(&line, ", reads %" PRIu64 " MB/s", m.read_bandwidth);
	if (m.write_bandwidth)
		text_addf(&line, ", writes %" PRIu64 " MB/s", m.write_bandwidth);
	if (m.read_latency)
		text_addf(&line, ", %" PRIu64 " ns", m.read_latency);
	emit_text(out, "memory", line.s);
	text_free(&line);
	if (!out->json)
		return;
	emit_object(out, "memory");
	emit_int(out, "numa_node", m.numa_node);
	if (m.read_bandwidth)
		emit_u64(out, "read_mb_per_s", NULL, m.read_bandwidth);
	if (m.write_bandwidth)
		emit_u64(out, "write_mb_per_s", NULL, m.write_bandwidth);
	if (m.read_latency)
		emit_u64(out, "read_ns", NULL, m.read_latency);
	if (m.write_latency)
		emit_u64(out, "write_ns", NULL, m.write_latency);
	emit_object_end(out);
}

/* What creat and cp take when they are given no geometry. */
static void show_default(struct emit *out, struct famfs *fs)
{
	struct famfs_geometry g;
	struct text line = { 0 };

	if (famfs_default_get(fs, &g, NULL))
		return;
	geometry_text(&line, &g);
	emit_text(out, "default", line.s);
	text_free(&line);
	if (!out->json)
		return;
	emit_object(out, "default");
	geometry_emit(out, &g);
	emit_object_end(out);
}

static void show_head(struct cmd_env *env, struct famfs *fs, const char *device)
{
	const struct plan_opts *opts = env->opts;

	emit_str(&env->out, "device", "device", device);
	emit_size(&env->out, "size", "file size", opts->req.size);
	show_memory(&env->out, fs);
	show_default(&env->out, fs);
}

static void show_layout(struct emit *out, const struct famfs_plan *plan)
{
	const struct famfs_geometry *g = &plan->geometry;
	char bucket[24], chunk[24];
	struct text line = { 0 };

	famfs_size_format(plan->bucket_len, bucket, sizeof(bucket));
	famfs_size_format(g->chunk_size, chunk, sizeof(chunk));
	if (plan->bucket_len)
		text_addf(&line, "%" PRIu64 " %s, from %" PRIu64 " %s of %s, chunks of %s",
			  g->nstrips, plural(g->nstrips, "strip", "strips"), g->nbuckets,
			  plural(g->nbuckets, "bucket", "buckets"), bucket, chunk);
	else if (g->nstrips)
		text_addf(&line, "simple: the file is smaller than a chunk of %s", chunk);
	else
		text_addf(&line, "simple");
	emit_text(out, "layout", line.s);
	text_free(&line);
}

/* What would do in place of a geometry that is refused. */
static void find_remedy(struct cmd_env *env, struct famfs *fs, struct text *hint)
{
	const struct plan_opts *opts = env->opts;
	const struct famfs_create_req simple = { .size = opts->req.size };
	struct famfs_geometry near;
	struct famfs_plan plan;

	if (!famfs_plan_nearest(fs, &opts->req, &near, NULL)) {
		text_addf(hint, "nearest that works: ");
		geometry_text(hint, &near);
		emit_object(&env->out, "nearest");
		geometry_emit(&env->out, &near);
		emit_object_end(&env->out);
	} else if (!famfs_plan(fs, &simple, &plan, NULL)) {
		text_addf(hint, "no geometry works; not interleaved it fits, in %u extent%s",
			  plan.entry.extents_nr, plural(plan.entry.extents_nr, "", "s"));
	} else {
		text_addf(hint, "no way to place that much works; famfs df shows what is free");
	}
}

static int refuse(struct cmd_env *env, struct famfs *fs, struct famfs_err *why)
{
	const struct plan_opts *opts = env->opts;
	struct text hint = { 0 };

	emit_list(&env->out, "plans", EMIT_SILENT);
	emit_list_end(&env->out);
	/* No geometry makes a size possible that is not. */
	if (geometry_given(&opts->req) && opts->req.size &&
	    (why->rc == -EINVAL || why->rc == -ENOSPC))
		find_remedy(env, fs, &hint);
	if (hint.len)
		snprintf(why->hint, sizeof(why->hint), "%s", hint.s);
	text_free(&hint);
	return env_error(env, why);
}

static int plan_given(struct cmd_env *env, struct famfs *fs, const char *device)
{
	const struct plan_opts *opts = env->opts;
	struct emit *out = &env->out;
	struct famfs_plan plan;
	struct famfs_err err;
	int rc = famfs_plan(fs, &opts->req, &plan, &err);

	if (rc && !env->json)
		return refuse(env, fs, &err);
	show_head(env, fs, device);
	if (rc)
		return refuse(env, fs, &err);
	show_layout(out, &plan);
	emit_list(out, "plans", EMIT_SILENT);
	emit_plan(out, &plan, NULL);
	emit_list_end(out);
	if (out->json)
		return 0;
	emit_size(out, NULL, "taken", plan.taken);
	emit_size(out, NULL, "wasted", plan.wasted);
	emit_size(out, NULL, "free then", plan.free);
	emit_size(out, NULL, "largest run", plan.largest_free);
	return 0;
}

/* One clause on each line, since all of them need more than the 80 columns of a terminal. */
static void show_why(struct emit *out, const char *why)
{
	const char *end;

	while ((end = strstr(why, "; "))) {
		emit_line(out, "   %.*s", (int)(end - why), why);
		why = end + 2;
	}
	emit_line(out, "   %s", why);
}

static void show_row(struct emit *out, size_t nr, const struct famfs_proposal *row)
{
	char taken[24], left[24], largest[24];
	struct text line = { 0 };

	geometry_text(&line, &row->plan.geometry);
	emit_line(out, "\n%zu. %s", nr, line.s);
	text_free(&line);
	show_why(out, row->why);
	emit_line(out, "   takes %s; %s are free then, the largest run is %s",
		  famfs_size_format(row->plan.taken, taken, sizeof(taken)),
		  famfs_size_format(row->plan.free, left, sizeof(left)),
		  famfs_size_format(row->plan.largest_free, largest, sizeof(largest)));
}

static int propose(struct cmd_env *env, struct famfs *fs, const char *device)
{
	const struct plan_opts *opts = env->opts;
	struct famfs_proposal *rows = env_keep(env, mem_calloc(ROWS_MAX, sizeof(*rows)));
	struct emit *out = &env->out;
	struct famfs_err err;
	size_t nr, i;
	int rc = famfs_propose(fs, opts->req.size, rows, ROWS_MAX, &nr, &err);

	if (rc && !env->json)
		return env_error(env, &err);
	show_head(env, fs, device);
	if (rc)
		return refuse(env, fs, &err);
	emit_list(out, "plans", EMIT_SILENT);
	for (i = 0; i < nr; i++)
		emit_plan(out, &rows[i].plan, &rows[i]);
	emit_list_end(out);
	for (i = 0; i < nr; i++)
		show_row(out, i + 1, &rows[i]);
	return 0;
}

static int run(struct cmd_env *env)
{
	const struct plan_opts *opts = env->opts;
	const char *device = operand_only_device(env);
	struct famfs_err err;
	struct famfs *fs;
	int code;

	if (!opts->has_size)
		env_usage(env, "--size", "write -s SIZE, such as -s 4G", "is missing");
	geometry_check(env, &opts->req);
	if (opts->bytes)
		env->out.human = false;
	if (famfs_open(env->ctx, device, 0, &fs, &err))
		return env_error(env, &err);
	if (geometry_given(&opts->req) || (opts->req.flags & FAMFS_CREATE_CONTIGUOUS))
		code = plan_given(env, fs, device);
	else
		code = propose(env, fs, device);
	famfs_close(fs);
	return code;
}

const struct cmd cmd_interleave_plan = {
	.name = "plan",
	.group = "interleave",
	.summary = "Shows where a file would go, or how best to interleave it",
	.operands = "-s SIZE [DEVICE]",
	.example = "famfs interleave plan -s 4G -N 8 -B 8 /dev/dax0.0",
	.columns = "STRIP,EXTENT,BUCKET,DEVICE-OFFSET,LENGTH,USED",
	.options = options,
	.parse = parse,
	.run = run,
	.opts_size = sizeof(struct plan_opts),
	.operands_max = 1,
	.flags = CMD_JSON,
};
