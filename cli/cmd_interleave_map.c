/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "map.h"
#include "outfile.h"

enum { WIDTH_MIN = 20, WIDTH_MAX = 4096, WIDTH_DEFAULT = 80 };

enum charset { CHARSET_AUTO, CHARSET_ASCII, CHARSET_UNICODE };

struct map_opts {
	uint64_t nbuckets;
	uint64_t width;
	enum charset charset;
	const char *svg;
};

enum { OPT_WIDTH = OPT_COMMAND, OPT_SVG, OPT_CHARSET };

static const struct argp_option options[] = {
	{ "nbuckets", 'B', "N", 0, "Show it in N buckets (as the default geometry)", 0 },
	{ "svg", OPT_SVG, "FILE", 0, "Draw it into FILE as SVG, - for stdout", 0 },
	{ "width", OPT_WIDTH, "N", 0, "Columns, 20 or more (the terminal's)", 0 },
	{ "charset", OPT_CHARSET, "SET", 0, "ascii, unicode, or auto: as the locale says", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct cmd_env *env)
{
	static const char *const sets[] = { "auto", "ascii", "unicode" };
	struct map_opts *opts = env->opts;
	unsigned int i;

	switch (key) {
	case 'B':
		opts->nbuckets = option_number(env, "--nbuckets", arg, FAMFS_BUCKETS_MAX);
		return 0;
	case OPT_SVG:
		opts->svg = arg;
		return 0;
	case OPT_WIDTH:
		opts->width = option_between(env, "--width", arg, WIDTH_MIN, WIDTH_MAX);
		return 0;
	case OPT_CHARSET:
		for (i = 0; i < 3; i++)
			if (!strcmp(arg, sets[i]))
				opts->charset = (enum charset)i;
		if (strcmp(arg, sets[opts->charset]))
			env_usage_value(env, "--charset", arg, NULL,
					"is not auto, ascii or unicode");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The terminal's columns, or what the environment says of them. */
static size_t terminal_width(void)
{
	const char *columns = getenv("COLUMNS");
	unsigned long width = terminal_columns(STDOUT_FILENO);

	if (!width && columns && *columns >= '0' && *columns <= '9')
		width = strtoul(columns, NULL, 10);
	if (!width)
		return WIDTH_DEFAULT;
	return width < WIDTH_MIN ? WIDTH_MIN : width > WIDTH_MAX ? WIDTH_MAX : width;
}

static void show_text(struct cmd_env *env, struct map *map)
{
	const struct map_opts *opts = env->opts;
	struct map_style style = {
		.width = opts->width ? opts->width : terminal_width(),
		.unicode = opts->charset == CHARSET_AUTO ? locale_is_utf8()
							 : opts->charset == CHARSET_UNICODE,
		.color = env->out.color,
	};
	struct text out = { 0 };

	map_term(map, &style, &out);
	fwrite(out.s, 1, out.len, stdout);
	text_free(&out);
}

static int write_svg(struct cmd_env *env, struct map *map)
{
	const struct map_opts *opts = env->opts;
	struct text out = { 0 };
	int code = 0;

	map_svg(map, &out);
	if (!strcmp(opts->svg, "-"))
		fwrite(out.s, 1, out.len, stdout);
	else
		code = outfile_save(env, opts->svg, map->device, out.s, out.len);
	text_free(&out);
	return code;
}

static int show(struct cmd_env *env, struct map *map)
{
	const struct map_opts *opts = env->opts;
	int code = 0;

	if (opts->svg)
		code = write_svg(env, map);
	if (!code && env->json)
		map_json(map, &env->out);
	else if (!code && !opts->svg)
		show_text(env, map);
	return code;
}

/* Without --nbuckets: those of the default geometry, if the file system has a usable one. */
static uint64_t buckets_of(struct famfs *fs, const struct map_opts *opts)
{
	struct famfs_geometry geometry;

	if (opts->nbuckets || famfs_default_get(fs, &geometry, NULL) || !geometry.nstrips)
		return opts->nbuckets;
	return geometry.nbuckets <= FAMFS_BUCKETS_MAX ? geometry.nbuckets : 0;
}

static int run(struct cmd_env *env)
{
	const struct map_opts *opts = env->opts;
	struct map map = { 0 };
	struct famfs_err err;
	struct famfs *fs;
	int code;

	if (env->json && opts->svg && !strcmp(opts->svg, "-"))
		env_usage(env, "--svg", "give a file, or leave --json out",
			  "and --json cannot both go to standard output");
	map.device = operand_only_device(env);
	if (famfs_open(env->ctx, map.device, 0, &fs, &err))
		return env_error(env, &err);
	map.nbuckets = buckets_of(fs, opts);
	code = map_load(&map, env, fs);
	if (!code)
		code = show(env, &map);
	if (!code && famfs_damage(fs, &err))
		code = env_error(env, &err);
	map_free(&map);
	famfs_close(fs);
	return cmd_cancelled() ? EXIT_FAILED : code;
}

const struct cmd cmd_interleave_map = {
	.name = "map",
	.group = "interleave",
	.summary = "Draws what lies where on a device",
	.operands = "[DEVICE]",
	.example = "famfs interleave map --nbuckets 8 /dev/dax0.0",
	.options = options,
	.parse = parse,
	.run = run,
	.opts_size = sizeof(struct map_opts),
	.operands_max = 1,
	.flags = CMD_JSON,
};
