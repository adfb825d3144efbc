/* SPDX-License-Identifier: Apache-2.0 */
/* The generator's bytes: filling a file with them, and comparing one with them. */
#include <stdlib.h>
#include <string.h>

#include "data.h"
#include "err.h"
#include "fill.h"
#include "fs.h"
#include "random.h"

struct from_random {
	const struct random_jump *jump;
	uint64_t seed;
	uint64_t differs; /* verify: the first byte that does */
};

/* Bytes [@off, @off + @len) into the worker's second buffer. Return: where they begin in it. */
static const uint8_t *generate(struct data_worker *worker, uint64_t off, size_t len)
{
	const struct from_random *from = worker->job->arg;
	/* Only on damaged media does a run begin inside one of the generator's words. */
	size_t skip = off % sizeof(uint32_t);
	struct random_state state = random_seek(from->jump, from->seed, off - skip);

	random_fill(from->jump, &state, worker->buf2, len + skip);
	return worker->buf2 + skip;
}

static int random_op(struct data_worker *worker, uint64_t off, uint64_t dev_off, size_t len)
{
	return fill_store(worker, dev_off, generate(worker, off, len), len);
}

static int new_jump(uint64_t seed, struct random_jump **ret_jump, struct famfs_err *err)
{
	if (!(uint32_t)seed)
		return err_hint(err,
				err_set(err, -EINVAL, "",
					"a seed whose low 32 bits are 0 stands "
					"for no fixed bytes"),
				"take another seed, such as 1");
	*ret_jump = malloc(sizeof(**ret_jump));
	if (!*ret_jump)
		return err_nomem(err);
	random_jump_init(*ret_jump);
	return 0;
}

int famfs_fill_random(struct famfs_fill *fill, uint64_t seed, struct famfs_err *err)
{
	struct from_random from = { .seed = seed };
	struct data_job job = fill_job(fill, random_op, &from);
	struct random_jump *jump = NULL;
	int rc = new_jump(seed, &jump, err);

	if (rc)
		return data_error(&job, rc, err);
	from.jump = jump;
	rc = data_run(&job, err);
	free(jump);
	if (!rc)
		fill->known = fill->entry->size;
	return rc;
}

static void note_difference(struct data_worker *worker, uint64_t off)
{
	struct from_random *from = worker->job->arg;
	uint64_t now = __atomic_load_n(&from->differs, __ATOMIC_RELAXED);

	while (off < now && !__atomic_compare_exchange_n(&from->differs, &now, off, false,
							 __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
	data_stop_at(worker->job, off);
}

static int verify_op(struct data_worker *worker, uint64_t off, uint64_t dev_off, size_t len)
{
	struct data_job *job = worker->job;
	const uint8_t *wanted = generate(worker, off, len);
	int rc = dev_data_compare(job->dev, dev_off, wanted, len, worker->buf, &worker->err);
	size_t at = 0;

	/* Only where they differ is it worth knowing where. */
	if (rc > 0)
		rc = dev_data_read(job->dev, dev_off, worker->buf, len, &worker->err);
	else if (rc == 0)
		return 0;
	if (rc)
		return data_error(job, rc, &worker->err);
	while (at < len && worker->buf[at] == wanted[at])
		at++;
	if (at < len)
		note_difference(worker, off + at);
	return 0;
}

int famfs_verify_random(struct famfs *fs, const struct famfs_entry *entry, uint64_t seed,
			const struct famfs_data_opts *opts, uint64_t *ret_off,
			struct famfs_err *err)
{
	struct from_random from = { .seed = seed, .differs = FAMFS_NONE };
	struct famfs_fill fill = { .ctx = fs->ctx, .dev = fs->dev, .entry = entry };
	struct data_job job = fill_job(&fill, verify_op, &from);
	struct random_jump *jump = NULL;
	int rc = data_check_range(fs, entry, 0, entry->size, err);

	if (rc)
		return rc;
	rc = new_jump(seed, &jump, err);
	if (rc)
		return data_error(&job, rc, err);
	from.jump = jump;
	job.writes = false;
	if (opts) {
		job.threads = opts->threads;
		job.progress = opts->progress;
		job.progress_data = opts->data;
	}
	rc = data_run(&job, err);
	free(jump);
	if (!rc)
		*ret_off = from.differs;
	return rc;
}
