/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options. argp parses them, but what it says about a wrong one takes two lines and loses the word.
 * So the words are looked through first, by the same tables, and a wrong one is named here.
 */
#include <errno.h>
#include <pwd.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"

enum { OPT_PROGRESS = 0x101, OPT_COLOR, OPT_SYNC, OPT_SET_MODE, OPT_HELP, OPT_USAGE, OPT_VERSION };

const struct argp_option global_options[] = {
	{ "device", 'd', "DEVICE", 0, "The device of operands that begin with :/", 0 },
	{ "json", 'j', NULL, 0, "Results and errors as JSON", 0 },
	{ "quiet", 'q', NULL, 0, "Only results and errors", 0 },
	{ "verbose", 'v', NULL, 0, "Say more; twice: what the library does", 0 },
	{ "dry-run", 'n', NULL, 0, "Say what would be written, write nothing", 0 },
	{ "progress", OPT_PROGRESS, "WHEN", 0, "auto, always or never", 0 },
	{ "color", OPT_COLOR, "WHEN", 0, "auto, always or never", 0 },
	{ "sync", OPT_SYNC, NULL, 0, "Images: safe against the machine's death too", 0 },
	{ "set-mode", OPT_SET_MODE, NULL, 0, "Bring a device into devdax mode meanwhile", 0 },
	{ "help", OPT_HELP, NULL, 0, "Print help", -1 },
	{ "usage", OPT_USAGE, NULL, 0, "Print a short usage", -1 },
	{ "version", OPT_VERSION, NULL, 0, "Print the version", -1 },
	{ 0 },
};

bool option_is_short(const struct argp_option *opt)
{
	return opt->key > ' ' && opt->key < 0x7f;
}

static bool option_is_end(const struct argp_option *opt)
{
	return !opt->name && !opt->key && !opt->doc;
}

/* The words of one command line, being looked through. */
struct scan {
	const struct argp_option *tables[2];
	char wrong[256]; /* the first wrong word; empty: none */
	char message[128];
	char hint[128];
	bool json;
};

static void scan_wrong(struct scan *sc, const char *word, const char *message)
{
	if (sc->wrong[0])
		return;
	snprintf(sc->wrong, sizeof(sc->wrong), "%s", word);
	snprintf(sc->message, sizeof(sc->message), "%s", message);
}

static const struct argp_option *find_short(const struct scan *sc, char letter)
{
	const struct argp_option *opt;
	size_t t;

	for (t = 0; t < 2; t++)
		for (opt = sc->tables[t]; opt && !option_is_end(opt); opt++)
			if (option_is_short(opt) && opt->key == letter)
				return opt;
	return NULL;
}

static void unknown_long(struct scan *sc, const char *word, const char *name)
{
	const struct argp_option *opt;
	struct near near = { .word = name };
	size_t t;

	for (t = 0; t < 2; t++)
		for (opt = sc->tables[t]; opt && !option_is_end(opt); opt++)
			if (opt->name && !(opt->flags & OPTION_HIDDEN))
				near_try(&near, opt->name);
	if (near.best && !sc->wrong[0])
		snprintf(sc->hint, sizeof(sc->hint), "did you mean --%s?", near.best);
	scan_wrong(sc, word, "unknown option");
}

/* The option called @name, or the only one that begins so. */
static const struct argp_option *find_long(struct scan *sc, const char *word, const char *name)
{
	const struct argp_option *opt, *found = NULL, *other = NULL;
	size_t t, len = strlen(name);

	for (t = 0; t < 2; t++) {
		for (opt = sc->tables[t]; opt && !option_is_end(opt); opt++) {
			if (!opt->name || strncmp(opt->name, name, len))
				continue;
			if (!opt->name[len])
				return opt;
			other = found;
			found = opt;
		}
	}
	if (!len || !found) {
		unknown_long(sc, word, name);
		return NULL;
	}
	if (other) {
		if (!sc->wrong[0])
			snprintf(sc->hint, sizeof(sc->hint), "--%s or --%s?", other->name,
				 found->name);
		scan_wrong(sc, word, "is short for several options");
		return NULL;
	}
	return found;
}

bool option_takes_file(const struct argp_option *opt)
{
	return !strcmp(opt->arg, "FILE") || !strcmp(opt->arg, "MANIFEST") ||
	       !strcmp(opt->arg, "SUMS");
}

/* @value: NULL where there is none. An empty one may be text, but is no name of anything. */
static void scan_value(struct scan *sc, const struct argp_option *opt, const char *option,
		       const char *value)
{
	if (!value)
		scan_wrong(sc, option, "needs a value");
	else if (!*value && option_takes_file(opt))
		scan_wrong(sc, option, "names no file");
	else if (!*value && (!strcmp(opt->arg, "DEVICE") || !strcmp(opt->arg, "NAME")))
		scan_wrong(sc, option, "names no device");
}

/* Both return how many of the following words the option takes: 0 or 1. */
static int scan_long(struct scan *sc, const char *word, const char *next)
{
	const char *equal = strchr(word, '=');
	char *option = mem_strndup(word, equal ? (size_t)(equal - word) : strlen(word));
	const struct argp_option *opt = find_long(sc, option, option + 2);
	int taken = 0;

	if (opt && opt->key == 'j')
		sc->json = true;
	if (opt && equal && !opt->arg)
		scan_wrong(sc, word, "takes no value");
	if (opt && opt->arg) {
		scan_value(sc, opt, option, equal ? equal + 1 : next);
		taken = !equal;
	}
	free(option);
	return taken;
}

static void unknown_short(struct scan *sc, const char *word, char letter)
{
	char message[32] = "unknown option";

	if (word[2] && letter > ' ' && letter < 0x7f)
		snprintf(message, sizeof(message), "unknown option -%c", letter);
	scan_wrong(sc, word, message);
}

static int scan_short(struct scan *sc, const char *word, const char *next)
{
	const struct argp_option *opt;
	char option[3] = "-";
	const char *c;

	for (c = word + 1; *c; c++) {
		option[1] = *c;
		opt = find_short(sc, *c);
		if (opt && opt->key == 'j')
			sc->json = true;
		if (!opt) {
			unknown_short(sc, word, *c);
			return 0;
		}
		if (!opt->arg)
			continue;
		scan_value(sc, opt, option, c[1] ? c + 1 : next);
		return !c[1];
	}
	return 0;
}

/* The last option of a word of letters: the one that takes a value, or the last letter. */
static const struct argp_option *last_short(const struct scan *sc, const char *word,
					    const char **ret_value)
{
	const struct argp_option *opt = NULL;
	const char *c;

	for (c = word + 1; *c; c++) {
		opt = find_short(sc, *c);
		if (!opt || opt->arg)
			break;
	}
	if (opt && opt->arg && c[1])
		*ret_value = c + 1;
	return opt;
}

const struct argp_option *option_of(const struct cmd *cmd, const char *word, const char **ret_value)
{
	struct scan sc = { .tables = { global_options, cmd ? cmd->options : NULL } };
	const struct argp_option *opt;
	const char *equal = strchr(word, '=');
	char *name;

	*ret_value = NULL;
	if (word[1] != '-')
		return last_short(&sc, word, ret_value);
	name = mem_strndup(word + 2, equal ? (size_t)(equal - word) - 2 : strlen(word) - 2);
	opt = find_long(&sc, word, name);
	free(name);
	if (opt && equal)
		*ret_value = equal + 1;
	return opt;
}

/*
 * options_scan() - looks through the words after argv[0]; ends the program at a wrong option.
 * @stop_at_operand: the options of famfs itself, which end at the command.
 * Returns the index of the first operand, when asked for it, or @argc.
 */
int options_scan(struct cmd_env *env, int argc, char **argv, bool stop_at_operand)
{
	struct scan sc = { .tables = { global_options, env->cmd ? env->cmd->options : NULL } };
	int i;

	for (i = 1; i < argc; i++) {
		const char *word = argv[i], *next = i + 1 < argc ? argv[i + 1] : NULL;

		if (!strcmp(word, "--")) {
			i = stop_at_operand ? i + 1 : argc;
			break;
		}
		if (word[0] != '-' || !word[1]) {
			if (stop_at_operand)
				break;
			continue;
		}
		i += word[1] == '-' ? scan_long(&sc, word, next) : scan_short(&sc, word, next);
	}
	env->json |= sc.json;
	if (sc.wrong[0])
		env_usage(env, sc.wrong, sc.hint[0] ? sc.hint : NULL, "%s", sc.message);
	return i < argc ? i : argc;
}

static enum when option_when(struct cmd_env *env, const char *option, const char *arg)
{
	static const char *const names[] = { "auto", "always", "never" };
	unsigned int i;

	for (i = 0; i < 3; i++)
		if (!strcmp(arg, names[i]))
			return (enum when)i;
	env_usage_value(env, option, arg, NULL, "is not auto, always or never");
}

static error_t parse_global(int key, char *arg, struct argp_state *state)
{
	struct cmd_env *env = state->input;

	switch (key) {
	case 'd':
		env->device = arg;
		env->device_from_env = false;
		return 0;
	case 'j':
		env->json = true;
		return 0;
	case 'q':
		env->quiet = true;
		return 0;
	case 'v':
		env->verbose++;
		return 0;
	case 'n':
		env->dry_run = true;
		return 0;
	case OPT_PROGRESS:
		env->progress = option_when(env, "--progress", arg);
		return 0;
	case OPT_COLOR:
		env->color = option_when(env, "--color", arg);
		return 0;
	case OPT_SYNC:
		env->sync = true;
		return 0;
	case OPT_SET_MODE:
		env->set_mode = true;
		return 0;
	case OPT_HELP:
	case OPT_USAGE:
	case OPT_VERSION:
		env->asked = (enum asked)(ASKED_HELP + (key - OPT_HELP));
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_command(int key, char *arg, struct argp_state *state)
{
	struct cmd_env *env = state->input;

	if (key == ARGP_KEY_INIT) {
		state->child_inputs[0] = env;
		return 0;
	}
	if (key == ARGP_KEY_ARG && env->operands) {
		env->operands[env->operands_nr++] = arg;
		return 0;
	}
	if (key == 'o' && env->cmd && env->cmd->columns) {
		columns_choose(env, arg);
		return 0;
	}
	return env->cmd && env->cmd->parse ? env->cmd->parse(key, arg, env) : ARGP_ERR_UNKNOWN;
}

/* options_parse() - parses what options_scan() found good. */
void options_parse(struct cmd_env *env, int argc, char **argv)
{
	static const struct argp_option none[] = { { 0 } };
	struct argp globals = { .options = global_options, .parser = parse_global };
	struct argp_child children[] = { { .argp = &globals }, { 0 } };
	struct argp argp = {
		.options = env->cmd && env->cmd->options ? env->cmd->options : none,
		.parser = parse_command,
		.children = children,
	};
	error_t rc;

	/* In front of a command there is none. */
	if (env->cmd)
		env->operands = mem_calloc((size_t)argc + 1, sizeof(*env->operands));
	rc = argp_parse(&argp, argc, argv,
			ARGP_NO_ERRS | ARGP_NO_HELP | ARGP_NO_EXIT | ARGP_IN_ORDER, NULL, env);
	if (rc == ENOMEM)
		mem_exhausted();
	if (rc)
		env_usage(env, "", NULL, "the options cannot be understood");
}

uint64_t option_size(struct cmd_env *env, const char *option, const char *arg)
{
	struct famfs_err err;
	uint64_t size;

	if (!famfs_size_parse(arg, &size, &err))
		return size;
	env_usage_value(env, option, arg, err.hint, "%s", err.message);
}

/* A decimal number; no sign, no blanks. Returns 0, -EINVAL or -ERANGE. */
static int parse_number(const char *text, uint64_t *ret_value)
{
	uint64_t value = 0;
	const char *c;

	if (!*text)
		return -EINVAL;
	for (c = text; *c; c++) {
		if (*c < '0' || *c > '9')
			return -EINVAL;
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*c - '0'), &value))
			return -ERANGE;
	}
	*ret_value = value;
	return 0;
}

uint64_t option_between(struct cmd_env *env, const char *option, const char *arg, uint64_t min,
			uint64_t max)
{
	uint64_t value;
	int rc = parse_number(arg, &value);

	if (!rc && value >= min && value <= max)
		return value;
	if (rc == -EINVAL)
		env_usage_value(env, option, arg, NULL, "is not a number");
	env_usage_value(env, option, arg, NULL, "must be %llu to %llu", (unsigned long long)min,
			(unsigned long long)max);
}

uint64_t option_number(struct cmd_env *env, const char *option, const char *arg, uint64_t max)
{
	return option_between(env, option, arg, 1, max);
}

uint64_t option_index(struct cmd_env *env, const char *option, const char *arg, uint64_t max)
{
	return option_between(env, option, arg, 0, max);
}

int parse_mode(const char *text, uint32_t *ret_mode)
{
	uint32_t mode = 0;
	const char *c;

	if (!*text)
		return -EINVAL;
	for (c = text; *c; c++) {
		if (*c < '0' || *c > '7')
			return -EINVAL;
		mode = mode << 3 | (uint32_t)(*c - '0');
		if (mode > 07777)
			return -ERANGE;
	}
	*ret_mode = mode;
	return 0;
}

uint32_t option_mode(struct cmd_env *env, const char *option, const char *arg)
{
	uint32_t mode;

	if (!parse_mode(arg, &mode))
		return mode;
	env_usage_value(env, option, arg, NULL,
			"is not an octal mode from 0 to 7777, such as 0644");
}

/* --uid or --gid: a number, or a name that the system knows. */
const uint8_t *option_uuid(struct cmd_env *env, const char *option, const char *arg,
			   uint8_t uuid[16])
{
	struct famfs_err err;

	if (!famfs_uuid_parse(arg, uuid, &err))
		return uuid;
	env_usage_value(env, option, arg, err.hint, "%s", err.message);
}

uint32_t option_id(struct cmd_env *env, const char *option, const char *arg)
{
	bool group = !strcmp(option, "--gid");
	struct passwd *user;
	struct group *grp;
	uint64_t value;
	int rc = parse_number(arg, &value);

	if (!rc && value < UINT32_MAX)
		return (uint32_t)value;
	if (rc != -EINVAL)
		env_usage_value(env, option, arg, NULL, "must be 0 to %u", UINT32_MAX - 1);
	if (group) {
		grp = getgrnam(arg);
		if (grp)
			return grp->gr_gid;
	} else {
		user = getpwnam(arg);
		if (user)
			return user->pw_uid;
	}
	env_usage_value(env, option, arg, NULL, "no such %s on this host",
			group ? "group" : "user");
}
