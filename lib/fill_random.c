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

/* Only on damaged media does a run begin inside one of the generator's words. */
static struct random_state seek(const struct from_random *from, uint64_t off)
{
	return random_seek(from->jump, from->seed, off - off % sizeof(uint32_t));
}

/*
 * The next @len bytes, at most DATA_BUF, of which the first is byte @off, into the worker's second
 * buffer. Return: where they begin in it.
 */
static const uint8_t *generate(struct data_worker *worker, struct random_state *state, uint64_t off,
			       size_t len)
{
	const struct from_random *from = worker->job->arg;
	size_t skip = off % sizeof(uint32_t);

	if (skip)
		*state = seek(from, off);
	random_fill(from->jump, state, worker->buf2, len + skip);
	return worker->buf2 + skip;
}

struct streaming {
	const struct random_jump *jump;
	struct random_state *state;
	size_t len, done;
};

static int stream(void *arg, uint8_t *at)
{
	struct streaming *s = arg;

	s->done = random_stream(s->jump, s->state, at, s->len);
	return 0;
}

/* What can be made where it shall be is made there; the rest goes through the buffer. */
static int random_op(struct data_worker *worker, uint64_t off, uint64_t dev_off, size_t len)
{
	struct data_job *job = worker->job;
	const struct from_random *from = job->arg;
	struct random_state state = seek(from, off);
	struct streaming streaming = { .jump = from->jump, .state = &state, .len = len };
	size_t at, part;
	int rc = -EOPNOTSUPP;

	if (off % sizeof(uint32_t) == 0)
		rc = dev_data_in_place(job->dev, dev_off, len, true, stream, &streaming,
				       &worker->err);
	if (rc && rc != -EOPNOTSUPP)
		return data_error(job, rc, &worker->err);
	rc = 0;
	for (at = streaming.done; at < len && !rc; at += part) {
		part = len - at < DATA_BUF ? len - at : DATA_BUF;
		rc = fill_store(worker, dev_off + at, generate(worker, &state, off + at, part),
				part);
	}
	return rc;
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
	job.part = DATA_PIECE;
	rc = data_run(&job, err);
	free(jump);
	if (!rc)
		fill->known = fill->entry->size;
	return rc;
}

static void note_difference(struct data_worker *worker, uint64_t off)
{
	struct from_random *from = worker->job->arg;

	data_lower(&from->differs, off);
	data_stop_at(worker->job, off);
}

/* At most DATA_BUF bytes. */
static void compare(struct data_worker *worker, struct random_state *state, uint64_t off,
		    const uint8_t *got, size_t len)
{
	const uint8_t *wanted = generate(worker, state, off, len);
	size_t at = 0;

	/* Only where they differ is it worth knowing where. */
	if (memcmp(got, wanted, len) == 0)
		return;
	while (at < len && got[at] == wanted[at])
		at++;
	if (at < len)
		note_difference(worker, off + at);
}

struct verifying {
	struct data_worker *worker;
	struct random_state state;
	uint64_t off;
	size_t len;
};

static int verify_in_place(void *arg, uint8_t *at)
{
	struct verifying *v = arg;

	for (size_t done = 0, part; done < v->len; done += part) {
		part = v->len - done < DATA_BUF ? v->len - done : DATA_BUF;
		compare(v->worker, &v->state, v->off + done, at + done, part);
	}
	return 0;
}

static int verify_op(struct data_worker *worker, uint64_t off, uint64_t dev_off, size_t len)
{
	struct data_job *job = worker->job;
	struct verifying v = { worker, seek(job->arg, off), off, len };
	int rc = dev_data_look(job->dev, dev_off, len, verify_in_place, &v, &worker->err);

	if (rc != -EOPNOTSUPP)
		return rc ? data_error(job, rc, &worker->err) : 0;
	for (size_t done = 0, part; done < len; done += part) {
		part = len - done < DATA_BUF ? len - done : DATA_BUF;
		rc = dev_data_read(job->dev, dev_off + done, worker->buf, part, &worker->err);
		if (rc)
			return data_error(job, rc, &worker->err);
		compare(worker, &v.state, off + done, worker->buf, part);
	}
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
	job.part = DATA_PIECE;
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
