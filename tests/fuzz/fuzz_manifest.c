/* SPDX-License-Identifier: Apache-2.0 */
/* A manifest through its reader, and what it takes through a creat that writes nothing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static struct fuzz_cli cli;

static const char *const tokens[] = {
	"{\"path\":\"a\",\"size\":1}",
	"{\"path\":\"d/b\",\"size\":\"1.5M\",\"mode\":\"0644\"}",
	"{\"path\":\"c\",\"size\":4194304,\"nstrips\":2,\"nbuckets\":2,\"chunk\":\"2M\"}",
	"\"path\":",
	"\"size\":",
	"\"mode\":",
	"\"uid\":",
	"\"gid\":",
	"\"nstrips\":",
	"\"nbuckets\":",
	"\"chunk\":",
	"\"seed\":",
	"\"0x2a\"",
	"\"4k\"",
	"\"1MB\"",
	"\"07777\"",
	"0",
	"-1",
	"18446744073709551615",
	"18446744073709551616",
	"1e999",
	"null",
	"true",
	"[",
	"]",
	"{",
	"}",
	",",
	"\n",
	" ",
	"\"",
	"\\u0000",
	"\\ud800",
	"\\ud83d\\ude00",
	"/*",
	"//",
	"..",
	"/",
};

void fuzz_begin(void)
{
	fuzz_cli_begin(&cli);
}

/* Some token of the language, over something or between. */
static size_t put_token(uint8_t *data, size_t size, size_t max, struct fuzz_random *random)
{
	const char *token = tokens[fuzz_below(random, FUZZ_NR(tokens))];
	size_t len = strlen(token), at = fuzz_below(random, size + 1);
	size_t over = fuzz_below(random, 2) ? 0 : fuzz_below(random, size - at + 1) % 16;

	if (size - over + len > max)
		return size;
	memmove(data + at + len, data + at + over, size - at - over);
	memcpy(data + at, token, len);
	return size - over + len;
}

size_t fuzz_mutate(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	struct fuzz_random random = { seed };

	if (fuzz_below(&random, 2))
		return put_token(data, size, max, &random);
	return LLVMFuzzerMutate(data, size, max);
}

static void judge_request(const struct famfs_create_req *req)
{
	FUZZ_REQUIRE(req->path && *req->path, "a request without a path");
	FUZZ_REQUIRE(req->size > 0, "a file of 0 bytes");
	FUZZ_REQUIRE(req->mode <= 07777 && req->nstrips <= FAMFS_EXTENTS_MAX &&
			     req->nbuckets <= FAMFS_BUCKETS_MAX,
		     "what no option would take was taken");
}

static bool is_known(int rc)
{
	static const int known[] = { 0,       EINVAL, ENAMETOOLONG, ENOENT,
				     ENOTDIR, EISDIR, EEXIST,       ENOSPC };

	for (size_t i = 0; i < FUZZ_NR(known); i++)
		if (rc == -known[i])
			return true;
	return false;
}

static void create(struct cmd_env *env, const struct place_job *job)
{
	const struct famfs_create_ops ops = { .dry_run = true };
	struct famfs_err err = { 0 };
	struct famfs *fs;
	int rc = famfs_open(env->ctx, cli.image, FAMFS_OPEN_WRITE, &fs, &err);

	FUZZ_REQUIRE(!rc, "open: %s", err.message);
	rc = famfs_create(fs, job->reqs, job->nr, &ops, &err);
	FUZZ_REQUIRE(is_known(rc), "creat: %d, %s", rc, err.message);
	famfs_close(fs);
}

void fuzz_one(const uint8_t *data, size_t size)
{
	struct famfs_create_req model = { .mode = 0644, .parent_mode = 0755 };
	struct place_job job = { .device = cli.image };
	struct cmd_env env;

	fuzz_cli_reset(&cli, data, size);
	fuzz_cli_env(&env, &cmd_creat, NULL);
	if (!manifest_read(&env, cli.input, &model, 0, &job)) {
		FUZZ_REQUIRE(job.nr, "a manifest of nothing");
		for (size_t i = 0; i < job.nr; i++)
			judge_request(&job.reqs[i]);
		create(&env, &job);
	}
	free(job.reqs);
	free(job.seeds);
	fuzz_cli_free(&env);
}
