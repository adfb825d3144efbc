/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tar archive into an empty file system, which must then be clean, with names that may be there
 * and nothing outside. The first byte of the input has options, the archive follows. Compressed
 * ones are not aimed at: what a decompressor takes is its own.
 */
#include "cli.h"

#ifdef HAVE_LIBARCHIVE

#include <stdio.h>
#include <string.h>

#include "../../cli/cp_tar.h"

#include "fs_judge.h"
#include "path.h"

#define BLOCK 512

static struct fuzz_cli cli;

void fuzz_begin(void)
{
	fuzz_cli_begin(&cli);
}

static void judge_names(struct famfs *fs)
{
	struct famfs_entry entry;
	uint64_t cursor = 0;

	while (famfs_next(fs, &cursor, &entry, NULL) > 0)
		FUZZ_REQUIRE(!path_may_write(entry.path, "", NULL), "%s was made", entry.path);
}

static void judge_image(struct cmd_env *env)
{
	struct famfs_err err = { 0 };
	struct judge judge;
	struct famfs *fs;

	judge_check(env->ctx, cli.image, &judge);
	FUZZ_REQUIRE(judge.clean, "not clean after cp --tar: %s", judge.first);
	FUZZ_REQUIRE(!famfs_open(env->ctx, cli.image, 0, &fs, &err), "open: %s", err.message);
	judge_open(fs, true);
	judge_names(fs);
	famfs_close(fs);
}

void fuzz_one(const uint8_t *data, size_t size)
{
	unsigned int flags = size ? data[0] : 0;
	struct cp_opts opts = {
		.tar = true,
		.overwrite = flags & 1,
		.keep_going = flags & 2,
		.skip_empty = flags & 4,
		.threads = 1,
	};
	const struct operand dst = { "image", cli.image, flags & 8 ? "/d" : "/" };
	struct cmd_env env;
	int code;

	fuzz_cli_reset(&cli, data + (size ? 1 : 0), size ? size - 1 : 0);
	fuzz_cli_env(&env, &cmd_cp, &opts);
	code = cp_tar_in(&env, cli.input, &dst, &opts);
	FUZZ_REQUIRE(code == 0 || code == EXIT_FAILED, "exit code %d", code);
	judge_image(&env);
	fuzz_cli_free(&env);
}

/* A field of a header: octal numbers and text. */
struct field {
	unsigned int off, len;
	bool number;
};

static const struct field fields[] = {
	{ 0, 100, false },   /* name */
	{ 0, 100, false },   /* name */
	{ 100, 8, true },    /* mode */
	{ 108, 8, true },    /* uid */
	{ 116, 8, true },    /* gid */
	{ 124, 12, true },   /* size */
	{ 124, 12, true },   /* size */
	{ 157, 100, false }, /* link */
	{ 257, 8, false },   /* magic and version */
	{ 345, 155, false }, /* prefix */
};

static const char *const texts[] = {
	"a",
	"d/",
	"d/a",
	"d/e/f",
	"../a",
	"d/../../a",
	"/etc/a",
	"./a",
	"a//b",
	"",
	".meta/x",
	".meta/.alloc.cfg",
	"ustar  ",
	"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
	"a\nb",
	"\xff\xfe",
	"17 path=long/name\n",
	"20 GNU.sparse.size=9\n",
	"22 GNU.sparse.major=1\n",
	"30 SCHILY.realsize=9999999999\n",
	"12 size=77\n",
};

static uint64_t get_octal(const uint8_t *at, unsigned int len)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < len && at[i] >= '0' && at[i] <= '7'; i++)
		value = value * 8 + (at[i] - '0');
	return value;
}

static void fix_sum(uint8_t *header)
{
	unsigned int sum = 0;
	char text[8];

	memset(header + 148, ' ', 8);
	for (unsigned int i = 0; i < BLOCK; i++)
		sum += header[i];
	(void)snprintf(text, sizeof(text), "%06o", sum);
	memcpy(header + 148, text, 7);
}

/* The header after this one, or @end. */
static uint8_t *next_header(uint8_t *header, uint8_t *end)
{
	uint64_t left = (uint64_t)(end - header) / BLOCK, blocks;

	if (!left)
		return end;
	blocks = get_octal(header + 124, 12) / BLOCK + 2;
	return left < blocks ? end : header + blocks * BLOCK;
}

/* Every checksum right again. */
static void fix_sums(uint8_t *data, uint8_t *end)
{
	while (end - data >= BLOCK && *data) {
		fix_sum(data);
		data = next_header(data, end);
	}
}

static void make_header(uint8_t *header, struct fuzz_random *random)
{
	static const char types[] = "0005512367xgLKSV";
	const char *name = texts[fuzz_below(random, FUZZ_NR(texts))];

	memset(header, 0, BLOCK);
	memcpy(header, name, strlen(name));
	memcpy(header + 100, "0000644", 8);
	memcpy(header + 108, "0000000", 8);
	memcpy(header + 116, "0000000", 8);
	(void)snprintf((char *)header + 124, 12, "%011o", (unsigned int)fuzz_below(random, 600));
	memcpy(header + 136, "00000000000", 12);
	header[156] = (uint8_t)types[fuzz_below(random, sizeof(types) - 1)];
	memcpy(header + 257, "ustar\00000", 8);
}

static void change_header(uint8_t *header, struct fuzz_random *random)
{
	const struct field *field = &fields[fuzz_below(random, FUZZ_NR(fields))];
	const char *text = texts[fuzz_below(random, FUZZ_NR(texts))];
	char number[24];

	if (fuzz_below(random, 4) == 0) {
		make_header(header, random);
		return;
	}
	(void)snprintf(number, sizeof(number), "%0*" PRIo64, (int)field->len - 1,
		       fuzz_value(random));
	memset(header + field->off, 0, field->len);
	(void)strncpy((char *)header + field->off, field->number ? number : text, field->len - 1);
	if (field->number && fuzz_below(random, 4) == 0)
		header[field->off] = 0x80; /* base 256 */
}

/* One more entry at the end, with bytes that can be records of a pax header. */
static size_t add_entry(uint8_t *data, size_t size, size_t max, struct fuzz_random *random)
{
	size_t at = 1 + (size ? (size - 1) / BLOCK * BLOCK : 0), body = 2 * BLOCK;
	const char *text = texts[fuzz_below(random, FUZZ_NR(texts))];

	if (at + 3 * BLOCK + body > max)
		return size;
	/* In place of the end mark, if there is one. */
	while (at > BLOCK && !data[at - BLOCK])
		at -= BLOCK;
	memset(data + at, 0, 3 * BLOCK + body);
	make_header(data + at, random);
	memcpy(data + at + BLOCK, text, strlen(text));
	return at + BLOCK + (get_octal(data + at + 124, 12) + BLOCK - 1) / BLOCK * BLOCK +
	       2 * BLOCK;
}

size_t fuzz_mutate(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	struct fuzz_random random = { seed };
	uint8_t *header = data + 1;
	uint64_t skip = fuzz_below(&random, 4);

	switch (fuzz_below(&random, 5)) {
	case 0:
		size = add_entry(data, size, max, &random);
		break;
	case 1:
		size = LLVMFuzzerMutate(data, size, max);
		break;
	case 2:
		if (size)
			data[0] = (uint8_t)fuzz_next(&random);
		break;
	default:
		while (size > 1 && skip--)
			header = next_header(header, data + size);
		if (size > 1 && data + size - header >= BLOCK)
			change_header(header, &random);
	}
	if (size > 1 && fuzz_below(&random, 16))
		fix_sums(data + 1, data + size);
	return size;
}

#else

void fuzz_one(const uint8_t *data, size_t size)
{
	(void)data, (void)size;
}

#endif
