/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs famfs_create() for creat and mkdir. What becomes of each request is kept in a few bytes
 * while the file system is locked, and shown after that.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "geometry.h"
#include "kept.h"

/*
 * What became of one request. @extent is the first; @more has all when there are several. Memory
 * that is touched here is touched while the file system is locked.
 */
struct place_result {
	uint8_t status;
	bool known;
	uint8_t ext_type;
	uint8_t extents_nr;
	uint32_t mode, uid, gid;
	uint64_t index, nstrips, chunk_size;
	const char *path; /* the request's, or @cleaned; NULL: there is no entry */
	char *cleaned;
	struct famfs_extent extent, *more;
	struct kept_error *error;
};

/* One call of place_run(). */
struct place {
	struct cmd_env *env;
	const struct place_job *job;
	struct place_result *results;
	struct progress progress;
	bool keep;            /* results will be shown one by one */
	bool several;         /* several devices */
	bool batch;           /* many files, told in sum */
	uint64_t failed_here; /* of this job, each with its line on stderr */
	uint64_t done_here;
	uint64_t left;     /* files there already, whose bytes were asked for */
	uint64_t count[3]; /* by enum famfs_create_status */
	uint64_t create_ns;
	const char *_Atomic current; /* the file last begun, for the progress line */
	struct famfs_err last;
};

/* The path that a request names, as entries have it. */
static const char *path_of(const struct famfs_create_req *req)
{
	return req->path + strspn(req->path, "/");
}

static void keep_entry(struct place_result *r, const struct famfs_create_req *req,
		       const struct famfs_entry *entry)
{
	size_t bytes = entry->extents_nr * sizeof(entry->extents[0]);

	r->path = path_of(req);
	if (strcmp(r->path, entry->path))
		r->path = r->cleaned = mem_strndup(entry->path, strlen(entry->path));
	r->mode = entry->mode;
	r->uid = entry->uid;
	r->gid = entry->gid;
	r->index = entry->index;
	r->ext_type = (uint8_t)entry->ext_type;
	r->nstrips = entry->nstrips;
	r->chunk_size = entry->chunk_size;
	r->extents_nr = (uint8_t)entry->extents_nr;
	r->extent = entry->extents[0];
	if (entry->extents_nr < 2)
		return;
	r->more = mem_calloc(1, bytes);
	memcpy(r->more, entry->extents, bytes);
}

/* Called in several threads at once. What is not stored reads as zeros. */
static int fill(void *data, size_t nr, struct famfs_fill *space, struct famfs_err *err)
{
	struct place *p = data;
	uint32_t seed = p->job->seeds[nr];

	p->current = p->job->reqs[nr].path;
	return seed ? famfs_fill_random(space, seed, err) : 0;
}

/* Who wants certain bytes must hear that they were not stored: of each file, or how many. */
static void note_left(struct place *p, const char *object)
{
	char message[80] = "exists with this size: its bytes were left as they are";

	if (!object)
		snprintf(message, sizeof(message), "%" PRIu64 " of the files exist%s: left as %s",
			 p->left, p->left == 1 ? "s" : "", p->left == 1 ? "it is" : "they are");
	progress_clear(&p->progress);
	env_note(p->env, object ? object : p->job->device, message,
		 "famfs verify --seed compares bytes");
}

static void exists(struct place *p, size_t nr)
{
	struct text object = { 0 };

	if (!p->job->seeded || !p->job->seeds[nr])
		return;
	p->left++;
	if (p->batch)
		return;
	text_addf(&object, "%s:/%s", p->job->device, path_of(&p->job->reqs[nr]));
	note_left(p, object.s);
	text_free(&object);
}

static void done(void *data, size_t nr, enum famfs_create_status status,
		 const struct famfs_entry *entry, const struct famfs_err *err)
{
	struct place *p = data;
	struct place_result *r;

	p->count[status]++;
	p->done_here++;
	if (status == FAMFS_FAILED && err) {
		/* What ends everything is the result of all that is left, and said once. */
		if (!p->failed_here || strcmp(p->last.message, err->message) ||
		    strcmp(p->last.object, err->object)) {
			progress_clear(&p->progress);
			env_error(p->env, err);
		}
		p->last = *err;
		p->failed_here++;
	}
	if (status == FAMFS_EXISTS)
		exists(p, nr);
	if (!p->keep)
		return;
	r = &p->results[nr];
	r->known = true;
	r->status = (uint8_t)status;
	if (err)
		r->error = kept_error_new(err);
	if (entry)
		keep_entry(r, &p->job->reqs[nr], entry);
}

static void progressed(void *data, uint64_t bytes_done, uint64_t bytes_total)
{
	struct place *p = data;

	p->progress.name = p->current;
	progress_show(&p->progress, bytes_done, bytes_total);
}

static int create(struct place *p, const struct place_opts *opts)
{
	struct famfs_create_ops ops = {
		.done = done,
		.fill = p->job->seeded ? fill : NULL,
		.progress = progressed,
		.data = p,
		.atomic = opts->atomic,
		.dry_run = p->env->dry_run,
	};
	unsigned int flags = FAMFS_OPEN_WRITE | (p->env->sync ? FAMFS_OPEN_SYNC : 0U);
	struct famfs_err err;
	struct famfs *fs;
	uint64_t start;
	int rc;

	p->failed_here = p->done_here = 0;
	p->current = p->job->nr == 1 ? p->job->reqs[0].path : NULL;
	progress_init(&p->progress, p->env, p->job->seeded ? "randomizing" : "zeroing");
	rc = famfs_open(p->env->ctx, p->job->device, flags, &fs, &err);
	if (rc) {
		p->count[FAMFS_FAILED] += p->job->nr;
		return env_error(p->env, &err);
	}
	start = clock_ns();
	geometry_default(p->env, fs, p->job->reqs, p->job->nr);
	rc = famfs_create(fs, p->job->reqs, p->job->nr, &ops, &err);
	p->create_ns += clock_ns() - start;
	progress_clear(&p->progress);
	famfs_close(fs);
	if (rc && (!p->failed_here || p->done_here < p->job->nr))
		env_error(p->env, &err);
	/* What was not come to was not made. */
	if (rc && p->done_here < p->job->nr)
		p->count[FAMFS_FAILED] += p->job->nr - p->done_here;
	return rc ? EXIT_FAILED : 0;
}

static const char *const status_names[] = { "created", "exists", "failed" };

/* The entry that was logged, put together again from its request and its result. */
static void entry_rebuild(struct famfs_entry *entry, const struct famfs_create_req *req,
			  const struct place_result *r)
{
	const struct famfs_extent *from = r->more ? r->more : &r->extent;

	memset(entry, 0, sizeof(*entry));
	memcpy(entry->path, r->path, strlen(r->path) + 1);
	entry->index = r->index;
	entry->type = req->flags & FAMFS_CREATE_DIR ? FAMFS_ENTRY_MKDIR : FAMFS_ENTRY_FILE;
	entry->mode = r->mode;
	entry->uid = r->uid;
	entry->gid = r->gid;
	entry->size = req->size;
	entry->ext_type = r->ext_type;
	entry->nstrips = r->nstrips;
	entry->chunk_size = r->chunk_size;
	entry->extents_nr = r->extents_nr;
	memcpy(entry->extents, from, r->extents_nr * sizeof(*from));
}

static void show_text(struct place *p, const struct famfs_entry *entry, unsigned int status)
{
	struct emit *out = &p->env->out;
	struct text name = { 0 }, layout = { 0 };
	char size[24];
	const char *word = status == FAMFS_EXISTS ? "exists"
			 : p->env->dry_run        ? "would create"
						  : "created";

	text_add_safe(&name, entry->path, true);
	if (p->several)
		text_addf(&layout, " on %s", p->job->device);
	if (entry->type == FAMFS_ENTRY_FILE && status == FAMFS_CREATED) {
		text_addf(&layout, " %s ", famfs_size_format(entry->size, size, sizeof(size)));
		if (entry->ext_type == FAMFS_EXT_INTERLEAVE)
			text_addf(&layout, "interleaved ");
		if (entry->ext_type != FAMFS_EXT_INTERLEAVE && entry->extents_nr == 1)
			text_addf(&layout, "one extent");
		else
			entry_layout_text(&layout, entry);
		text_addf(&layout, " at 0x%" PRIx64, entry->extents[0].off);
	}
	text_add(&layout, "", 0);
	emit_line(out, "%s /%s%s", word, name.s, layout.s);
	text_free(&name);
	text_free(&layout);
}

static void show_result(struct place *p, size_t nr)
{
	struct emit *out = &p->env->out;
	struct place_result *r = &p->results[nr];
	struct famfs_entry entry;

	if (r->status != FAMFS_FAILED)
		entry_rebuild(&entry, &p->job->reqs[nr], r);
	if (!p->env->json) {
		if (r->status != FAMFS_FAILED)
			show_text(p, &entry, r->status);
		return;
	}
	emit_item(out);
	if (p->several)
		emit_str(out, "device", NULL, p->job->device);
	if (r->status == FAMFS_FAILED) {
		struct text path = { 0 };

		entry_path_text(&path, path_of(&p->job->reqs[nr]));
		emit_str(out, "path", NULL, path.s);
		text_free(&path);
	} else {
		entry_emit(out, &entry);
	}
	emit_str(out, "status", NULL, status_names[r->status]);
	if (r->error)
		emit_kept(out, r->error);
	emit_item_end(out);
}

static void results_free(struct place *p)
{
	struct place_result *r = p->results;
	size_t i;

	for (i = 0; r && i < p->job->nr; i++, r++) {
		free(r->more);
		free(r->cleaned);
		kept_error_free(r->error);
	}
	free(p->results);
	p->results = NULL;
}

static int run_job(struct place *p, const struct place_opts *opts)
{
	size_t i;
	int code;

	if (p->keep)
		p->results = mem_calloc(p->job->nr, sizeof(*p->results));
	code = create(p, opts);
	for (i = 0; p->keep && i < p->job->nr; i++)
		if (p->results[i].known)
			show_result(p, i);
	if (p->batch && p->left)
		note_left(p, NULL);
	results_free(p);
	return code;
}

static void show_counts(struct place *p, const struct place_opts *opts)
{
	struct cmd_env *env = p->env;
	struct emit *out = &env->out;

	emit_u64(out, "created", NULL, p->count[FAMFS_CREATED]);
	emit_u64(out, "existing", NULL, p->count[FAMFS_EXISTS]);
	emit_u64(out, "failed", NULL, p->count[FAMFS_FAILED]);
	emit_bool(out, "dry_run", env->dry_run);
	if (opts->timing) {
		emit_object(out, "timing_ns");
		emit_u64(out, "parse", NULL, opts->parse_ns);
		emit_u64(out, "create", NULL, p->create_ns);
		emit_object_end(out);
	}
	if (opts->summary && !env->quiet)
		emit_line(out, "%" PRIu64 " %s, %" PRIu64 " already there, %" PRIu64 " failed",
			  p->count[FAMFS_CREATED], env->dry_run ? "would be created" : "created",
			  p->count[FAMFS_EXISTS], p->count[FAMFS_FAILED]);
}

int place_run(struct cmd_env *env, const struct place_job *jobs, size_t nr,
	      const struct place_opts *opts)
{
	struct place p = { .env = env, .several = nr > 1, .batch = opts->summary };
	int code = 0;
	size_t i;

	p.keep = env->json || (!env->quiet && (env->verbose || env->dry_run));
	if (!p.several)
		emit_str(&env->out, "device", NULL, jobs[0].device);
	emit_list(&env->out, "results", EMIT_SILENT);
	for (i = 0; i < nr && !cmd_cancelled(); i++) {
		p.job = &jobs[i];
		code |= run_job(&p, opts);
	}
	emit_list_end(&env->out);
	show_counts(&p, opts);
	return cmd_cancelled() && i < nr ? EXIT_FAILED : code;
}

/* Groups the operands by device, in the order in which devices appear first. */
int place_operands(struct cmd_env *env, const struct famfs_create_req *model,
		   const struct place_opts *opts)
{
	size_t nr = env->operands_nr, jobs_nr = 0, i, j;
	struct place_job *jobs = mem_calloc(nr, sizeof(*jobs));
	struct famfs_create_req *reqs = mem_calloc(nr, sizeof(*reqs)), *next = reqs;
	struct operand *ops = mem_calloc(nr, sizeof(*ops));
	uint32_t *seeds = mem_calloc(nr, sizeof(*seeds));
	int code;

	for (i = 0; i < nr; i++) {
		ops[i] = operand_file(env, env->operands[i]);
		seeds[i] = opts->seed;
	}
	for (i = 0; i < nr; i++) {
		struct place_job *job = &jobs[jobs_nr];

		if (!ops[i].text)
			continue;
		*job = (struct place_job){
			.device = ops[i].device, .reqs = next, .seeds = seeds, .seeded = opts->seed
		};
		for (j = i; j < nr; j++) {
			if (!ops[j].text || strcmp(ops[j].device, job->device))
				continue;
			ops[j].text = NULL;
			*next = *model;
			next++->path = ops[j].path;
			job->nr++;
		}
		jobs_nr++;
	}
	if (opts->atomic && jobs_nr > 1)
		env_usage(env, "--atomic", NULL, "cannot span several devices");
	code = place_run(env, jobs, jobs_nr, opts);
	free(jobs);
	free(reqs);
	free(seeds);
	free(ops);
	return code;
}
