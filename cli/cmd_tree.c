/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "listing.h"

struct tree_opts {
	bool sizes, bytes;
};

enum { OPT_BYTES = OPT_COMMAND };

static const struct argp_option options[] = {
	{ "size", 's', NULL, 0, "The sizes of files too", 0 },
	{ "bytes", OPT_BYTES, NULL, 0, "Sizes in bytes, on terminals too", 0 },
	{ 0 },
};

/* A path has at most 80 bytes, and a part of it at least two with its slash. */
enum { PARTS_MAX = FAMFS_PATH_SIZE / 2 + 2 };

/* A file or directory; @child and @next are indices, and 0 is none, since that is the top. */
struct node {
	const char *name; /* in the listing, not terminated */
	size_t len;
	size_t child, last, next;
	uint64_t size;
	bool dir;
};

struct lines {
	const char *branch, *corner, *bar;
};

static const struct lines unicode_lines = { "├── ", "└── ", "│   " };
static const struct lines ascii_lines = { "|-- ", "`-- ", "|   " };

struct tree {
	struct cmd_env *env;
	const struct tree_opts *opts;
	const struct lines *lines;
	struct famfs *fs;
	struct famfs_entry top;
	struct listing rows;
	struct node *nodes;
	size_t nr, cap;
	struct text prefix;
	uint64_t dirs, files;
};

static error_t parse(int key, char *arg, struct cmd_env *env)
{
	struct tree_opts *opts = env->opts;

	(void)arg;
	switch (key) {
	case 's':
		opts->sizes = true;
		return 0;
	case OPT_BYTES:
		opts->bytes = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static bool wanted(const void *data, const struct famfs_entry *entry)
{
	const struct tree *t = data;
	const char *rest;

	if (entry->type == FAMFS_ENTRY_ADD_DAXDEV)
		return false;
	rest = path_below(entry->path, t->top.path);
	return rest && *rest;
}

static size_t node_add(struct tree *t, size_t parent, const char *name, size_t len)
{
	size_t nr = t->nr;

	t->nodes = mem_grow(t->nodes, &t->cap, nr + 1, sizeof(*t->nodes));
	t->nodes[nr] = (struct node){ .name = name, .len = len, .dir = true };
	t->nr++;
	if (!nr)
		return nr;
	if (t->nodes[parent].child)
		t->nodes[t->nodes[parent].last].next = nr;
	else
		t->nodes[parent].child = nr;
	t->nodes[parent].last = nr;
	return nr;
}

/*
 * The node of the path @rest below the top. Parts that have no node yet get one: the last one, and
 * directories that are not logged. Paths come in order, so a part that is there is a last child.
 */
static size_t node_of(struct tree *t, const char *rest)
{
	size_t at = 0, len, last;

	for (; *rest; rest += len) {
		len = strcspn(rest, "/");
		last = t->nodes[at].child ? t->nodes[at].last : 0;
		if (last && t->nodes[last].len == len && !memcmp(t->nodes[last].name, rest, len))
			at = last;
		else if (len)
			at = node_add(t, at, rest, len);
		len += rest[len] == '/';
	}
	return at;
}

static int build(struct tree *t)
{
	struct famfs_entry entry;
	struct famfs_err err;
	size_t i, at;

	node_add(t, 0, "", 0);
	for (i = 0; i < t->rows.nr && !cmd_cancelled(); i++) {
		if (listing_entry(t->fs, &t->rows.rows[i], &entry, &err))
			return env_error(t->env, &err);
		at = node_of(t, path_below(t->rows.rows[i].u.path, t->top.path));
		t->nodes[at].dir = entry.type != FAMFS_ENTRY_FILE;
		t->nodes[at].size = entry.size;
	}
	for (i = 1; i < t->nr; i++) {
		t->dirs += t->nodes[i].dir;
		t->files += !t->nodes[i].dir;
	}
	return cmd_cancelled() ? EXIT_FAILED : 0;
}

static void add_size(const struct tree *t, struct text *line, uint64_t size)
{
	char buf[24];

	if (t->env->out.human)
		text_addf(line, "[%s]  ", famfs_size_format(size, buf, sizeof(buf)));
	else
		text_addf(line, "[%" PRIu64 "]  ", size);
}

static void draw(struct tree *t, size_t parent)
{
	size_t i, prefix_len = t->prefix.len;

	for (i = t->nodes[parent].child; i && !cmd_cancelled(); i = t->nodes[i].next) {
		const struct node *node = &t->nodes[i];
		const char *part = node->next ? t->lines->bar : "    ";
		char *name = mem_strndup(node->name, node->len);
		struct text line = { 0 };

		if (t->opts->sizes && !node->dir)
			add_size(t, &line, node->size);
		text_add_safe(&line, name, true);
		emit_line(&t->env->out, "%s%s%s", t->prefix.s,
			  node->next ? t->lines->branch : t->lines->corner, line.s);
		text_free(&line);
		free(name);
		text_add(&t->prefix, part, strlen(part));
		draw(t, i);
		t->prefix.len = prefix_len;
		t->prefix.s[prefix_len] = '\0';
	}
}

static void emit_nodes(struct tree *t, size_t parent)
{
	struct emit *out = &t->env->out;
	size_t i;

	emit_list(out, "children", EMIT_SILENT);
	for (i = t->nodes[parent].child; i && !cmd_cancelled(); i = t->nodes[i].next) {
		const struct node *node = &t->nodes[i];
		char *name = mem_strndup(node->name, node->len);

		emit_item(out);
		emit_str(out, "name", NULL, name);
		free(name);
		emit_str(out, "type", NULL, node->dir ? "dir" : "file");
		if (!node->dir)
			emit_u64(out, "size", NULL, node->size);
		if (node->dir || node->child)
			emit_nodes(t, i);
		emit_item_end(out);
	}
	emit_list_end(out);
}

static void show_json(struct tree *t, const struct operand *op)
{
	struct emit *out = &t->env->out;
	bool file = t->top.type == FAMFS_ENTRY_FILE;
	struct text path = { 0 };

	entry_path_text(&path, t->top.path);
	emit_str(out, "device", NULL, op->device);
	emit_str(out, "name", NULL, path.s);
	emit_str(out, "type", NULL, file ? "file" : "dir");
	if (file)
		emit_u64(out, "size", NULL, t->top.size);
	else
		emit_nodes(t, 0);
	emit_u64(out, "dirs", NULL, t->dirs);
	emit_u64(out, "files", NULL, t->files);
	text_free(&path);
}

static void show_text(struct tree *t, const struct operand *op)
{
	struct text line = { 0 };

	if (t->opts->sizes && t->top.type == FAMFS_ENTRY_FILE)
		add_size(t, &line, t->top.size);
	text_add_safe(&line, op->text, true);
	emit_line(&t->env->out, "%s", line.s);
	text_free(&line);
	text_add(&t->prefix, "", 0);
	draw(t, 0);
	text_free(&t->prefix);
	if (!t->env->quiet)
		emit_line(&t->env->out, "\n%" PRIu64 " director%s, %" PRIu64 " file%s", t->dirs,
			  plural(t->dirs, "y", "ies"), t->files, plural(t->files, "", "s"));
}

static int show(struct tree *t, const struct operand *op)
{
	struct famfs_err err;
	int code;

	if (famfs_lookup(t->fs, op->path ? op->path : "/", &t->top, &err))
		return env_error(t->env, &err);
	t->rows = (struct listing){
		.env = t->env, .fs = t->fs, .wanted = wanted, .data = t, .by_parts = true
	};
	code = t->top.type == FAMFS_ENTRY_FILE ? 0 : listing_collect(&t->rows);
	if (!code)
		code = build(t);
	if (t->top.type == FAMFS_ENTRY_FILE)
		t->files = 1;
	if (!code && t->env->json)
		show_json(t, op);
	else if (!code)
		show_text(t, op);
	listing_free(&t->rows);
	free(t->nodes);
	note_unusable(t->env, t->fs, op->device);
	return cmd_cancelled() ? EXIT_FAILED : code;
}

static int run(struct cmd_env *env)
{
	const struct tree_opts *opts = env->opts;
	struct tree t = { .env = env,
			  .opts = opts,
			  .lines = locale_is_utf8() ? &unicode_lines : &ascii_lines };
	struct operand *op;
	struct famfs_err err;
	int code;

	operand_list(env, &op);
	if (opts->bytes)
		env->out.human = false;
	if (famfs_open(env->ctx, op->device, 0, &t.fs, &err))
		return env_error(env, &err);
	code = show(&t, op);
	if (famfs_damage(t.fs, &err))
		code = env_error(env, &err);
	famfs_close(t.fs);
	return code;
}

const struct cmd cmd_tree = {
	.name = "tree",
	.summary = "Draws what is in directories",
	.operands = "[FILE|DEVICE]",
	.example = "famfs tree -s /dev/dax0.0:/data",
	.options = options,
	.parse = parse,
	.run = run,
	.opts_size = sizeof(struct tree_opts),
	.operands_max = 1,
	.flags = CMD_JSON,
};
