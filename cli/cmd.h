/* SPDX-License-Identifier: Apache-2.0 */
/* What a command is, and what it runs in. */
#ifndef FAMFS_CLI_CMD_H
#define FAMFS_CLI_CMD_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "famfs.h"
#include "emit.h"
#include "text.h"

enum cmd_flags {
	CMD_JSON = 1 << 0,       /* takes --json */
	CMD_DRYRUN = 1 << 1,     /* takes --dry-run */
	CMD_SYNC = 1 << 2,       /* takes --sync */
	CMD_FSCK = 1 << 3,       /* exit codes of fsck(8): usage 16, cancelled 32 */
	CMD_HIDDEN = 1 << 4,     /* not in lists for people */
	CMD_KEEPS_MODE = 1 << 6, /* opens no device in the wrong mode: does not take --set-mode */
	CMD_JUDGE = 1 << 5,      /* exit code 1 is a verdict: what could not be done ends with 8 */
};

/* Exit codes (DESIGN.md 3). */
enum { EXIT_FAILED = 1, EXIT_USAGE = 2 };
enum {
	FSCK_CORRECTED = 1,
	FSCK_UNCORRECTED = 4,
	FSCK_OPERATIONAL = 8,
	FSCK_USAGE = 16,
	FSCK_CANCELLED = 32,
};
enum { JUDGE_UNSAFE = 1, JUDGE_REJECTED = 3, JUDGE_UNREADABLE = 8 };

/* Most threads that --threads takes. */
enum { THREADS_MAX = 1024 };

/* Options of commands without a letter have keys from here on. */
enum { OPT_COMMAND = 0x200 };

struct cmd_env;

/**
 * struct cmd - one command. Everything that shows or completes commands reads these tables.
 * @group: the first word of a command of two, or NULL. @alias: another name, or NULL.
 * @columns: of its tables (struct table @declared), or NULL; then @options has COLUMNS_OPTION.
 * @operands: as the usage line shows them. @operands_min, @operands_max: how many are taken.
 * @options: ends with an empty one. @parse: takes an option's @key, ARGP_ERR_UNKNOWN for others.
 * @opts_size: bytes for env->opts, zeroed before parsing.
 * @run: the exit code.
 */
struct cmd {
	const char *name, *group, *alias;
	const char *summary;
	const char *operands;
	const char *example;
	const char *columns;
	const struct argp_option *options;
	error_t (*parse)(int key, char *arg, struct cmd_env *env);
	int (*run)(struct cmd_env *env);
	size_t opts_size;
	unsigned int operands_min, operands_max;
	unsigned int flags;
};

enum when { WHEN_AUTO, WHEN_ALWAYS, WHEN_NEVER };
enum asked { ASKED_NOTHING, ASKED_HELP, ASKED_USAGE, ASKED_VERSION };

/**
 * struct cmd_env - what a command runs in.
 * @name: how errors begin: "famfs ls", "mkfs.famfs".
 * @device: --device, or $FAMFS_DEVICE (@device_from_env), or NULL.
 * @opts: the command's own options.
 */
struct cmd_env {
	const struct cmd *cmd;
	char name[64];
	struct famfs_ctx *ctx;
	struct emit out;
	const char *device;
	const char *columns; /* that are wanted, or NULL */
	bool device_from_env;
	bool json, quiet, dry_run, sync, set_mode;
	unsigned int verbose;
	enum when progress, color;
	enum asked asked;
	void *opts;
	char **operands;
	size_t operands_nr;
	void **kept; /* memory that is freed at the end */
	size_t kept_nr, kept_cap;
};

/* main.c */
const struct cmd *const *cmd_table(void); /* ends with NULL */
const struct cmd *cmd_find(const char *group, const char *name);
bool cmd_group_exists(const char *name);

/* Ends with an error that names the nearest command: of @group, or of all if that is NULL. */
_Noreturn void cmd_unknown(struct cmd_env *env, const char *group, const char *word);
bool cmd_cancelled(void);

/* env_keep() - hands @memory to @env, which frees it at the end; returns it. */
void *env_keep(struct cmd_env *env, void *memory);

/* options.c */
extern const struct argp_option global_options[];
int options_scan(struct cmd_env *env, int argc, char **argv, bool stop_at_operand);
void options_parse(struct cmd_env *env, int argc, char **argv);
bool option_is_short(const struct argp_option *opt);
bool option_takes_file(const struct argp_option *opt); /* of one that takes a value */
/* The option that @word, which begins with -, ends in; *@ret_value: in the same word, or NULL. */
const struct argp_option *option_of(const struct cmd *cmd, const char *word,
				    const char **ret_value);
uint64_t option_size(struct cmd_env *env, const char *option, const char *arg);
/* A number from @min to @max; option_number(): from 1, option_index(): from 0. */
uint64_t option_between(struct cmd_env *env, const char *option, const char *arg, uint64_t min,
			uint64_t max);
uint64_t option_number(struct cmd_env *env, const char *option, const char *arg, uint64_t max);
uint64_t option_index(struct cmd_env *env, const char *option, const char *arg, uint64_t max);
uint32_t option_mode(struct cmd_env *env, const char *option, const char *arg);
uint32_t option_id(struct cmd_env *env, const char *option, const char *arg);
const uint8_t *option_uuid(struct cmd_env *env, const char *option, const char *arg,
			   uint8_t uuid[16]); /* returns @uuid */
int parse_mode(const char *text, uint32_t *ret_mode);

/*
 * columns.c
 * columns_choose() - the value of --columns; ends the program when it is wrong.
 * columns_text() - adds the names of @columns, in lines of 80 with @indent, or in one line.
 * terminal_columns() - how wide the terminal at @fd is, or 0.
 */
/* clang-format off */
#define COLUMNS_OPTION { "columns", 'o', "COLUMNS", 0, "Only these columns, in this order", 0 }
/* clang-format on */
void columns_choose(struct cmd_env *env, const char *names);
void columns_text(struct text *t, const char *columns, size_t indent);
unsigned int terminal_columns(int fd);

/* help.c */
void help_command(const struct cmd_env *env, unsigned int argp_flags);
void help_group(const char *group);
void help_all(bool full); /* @full: a line for each command */

/* err.c: one line on stderr, or one JSON object. The first two return EXIT_FAILED. */
int env_error(const struct cmd_env *env, const struct famfs_err *err);
int env_errorf(const struct cmd_env *env, int rc, const char *object, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void env_cancelled(const struct cmd_env *env); /* which env_error() says nothing of */
void env_note(const struct cmd_env *env, const char *object, const char *message, const char *hint);
_Noreturn void env_usage(const struct cmd_env *env, const char *object, const char *hint,
			 const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* The same of an option's value, or another word: of "@option @value", as they are typed. */
_Noreturn void env_usage_value(const struct cmd_env *env, const char *option, const char *value,
			       const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/**
 * struct operand - DEVICE or DEVICE:/path.
 * @text: as given. @device: kept by the environment. @path: inside, or NULL for a device.
 */
struct operand {
	const char *text;
	const char *device;
	const char *path;
};

/* struct range - bytes [off, off + len), given as @text: OFFSET[+LENGTH]; else one byte. */
struct range {
	const char *text;
	uint64_t off, len;
	bool has_len;
};

/*
 * operand.c
 * operand_number() - decimal, hexadecimal with 0x, or a size; @what it is, for people. This and
 *	operand_range() end the program when it is none.
 */
struct operand operand_split(struct cmd_env *env, const char *text);
struct operand operand_file(struct cmd_env *env, const char *text);
const char *operand_device(struct cmd_env *env, const char *text);
const char *operand_only_device(struct cmd_env *env);
size_t operand_list(struct cmd_env *env, struct operand **ret_list);
bool operands_several(const struct operand *list, size_t nr);
uint64_t operand_number(struct cmd_env *env, const char *what, const char *text);
struct range operand_range(struct cmd_env *env, const char *text);

/*
 * progress.c: a line on stderr that tells how far long work is.
 * @name: what it is at, or NULL; may change at any time.
 */
struct progress {
	bool shown;
	bool drawn;
	uint64_t start_ns, next_ns;
	const char *what, *name;
};
void progress_init(struct progress *p, const struct cmd_env *env, const char *what);
void progress_show(struct progress *p, uint64_t done, uint64_t total);
void progress_clear(struct progress *p);
uint64_t clock_ns(void);

/* entry.c: a log entry, shown. */
const char *entry_type_name(const struct famfs_entry *entry);
void entry_emit(struct emit *out, const struct famfs_entry *entry);
void entry_layout_text(struct text *t, const struct famfs_entry *entry);
void entry_path_text(struct text *t, const char *path);
void extent_emit(struct emit *out, const struct famfs_extent *ext);
void extent_text(struct text *t, const struct famfs_extent *ext);
/* The same in a table. */
void extent_cells(struct emit *out, const struct famfs_extent *ext);

/* The rules that a map breaks, as a list: "K7", "K15". @bits: bit N for rule N. */
void emit_rules(struct emit *out, const char *key, char letter, uint32_t bits);

/*
 * place.c: runs famfs_create() and reports each request.
 * @seeds: one for each of @reqs: the generator's, or 0 for zeros. @seeded: not all are 0.
 */
struct place_job {
	const char *device;
	struct famfs_create_req *reqs;
	uint32_t *seeds;
	bool seeded;
	size_t nr;
};
struct place_opts {
	bool atomic;
	bool summary; /* say how many at the end */
	bool timing;  /* @parse_ns and the time of famfs_create() in JSON */
	uint64_t parse_ns;
	uint32_t seed; /* of all operands, or 0 */
};
int place_run(struct cmd_env *env, const struct place_job *jobs, size_t nr,
	      const struct place_opts *opts);
int place_operands(struct cmd_env *env, const struct famfs_create_req *model,
		   const struct place_opts *opts);

/* manifest.c */
int manifest_read(struct cmd_env *env, const char *file, const struct famfs_create_req *model,
		  uint32_t seed, struct place_job *ret_job);

extern const struct cmd cmd_cat, cmd_check, cmd_chmaster, cmd_commands, cmd_complete, cmd_cp,
	cmd_creat, cmd_df, cmd_flush, cmd_fmap_check, cmd_fmap_dump, cmd_fmap_resolve, cmd_help,
	cmd_image_dump, cmd_image_restore, cmd_image_show, cmd_interleave_default,
	cmd_interleave_map, cmd_interleave_plan, cmd_interleave_show, cmd_list, cmd_log_follow,
	cmd_log_show, cmd_ls, cmd_mkdir, cmd_mkfs, cmd_stat, cmd_tree, cmd_verify;

#endif
