/* SPDX-License-Identifier: Apache-2.0 */
/* DEVICE and DEVICE:/path (DESIGN.md 3), OFFSET[+LENGTH]. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"

struct operand operand_split(struct cmd_env *env, const char *text)
{
	struct operand op = { .text = text, .device = text };
	const char *colon = strstr(text, ":/");

	if (!*text)
		env_usage(env, "", NULL, "an operand is empty");
	if (!colon || !strncmp(text, "./", 2) || !strncmp(text, "../", 3))
		return op;
	op.path = colon + 1;
	if (colon > text)
		op.device = env_keep(env, mem_strndup(text, (size_t)(colon - text)));
	else if (env->device)
		op.device = env->device;
	else
		env_usage(env, text, "write DEVICE:/path, or give --device", "names no device");
	return op;
}

struct operand operand_file(struct cmd_env *env, const char *text)
{
	struct operand op = operand_split(env, text);

	if (!op.path)
		env_usage(env, text, "write DEVICE:/path, or :/path with --device",
			  "names no file inside a famfs");
	return op;
}

/* A device alone; its root is one way to say it. */
const char *operand_device(struct cmd_env *env, const char *text)
{
	struct operand op = operand_split(env, text);

	if (op.path && op.path[strspn(op.path, "/")])
		env_usage(env, text, NULL, "names a file, where a device is wanted");
	return op.device;
}

/* The device of a command that takes one: its operand, or --device. */
const char *operand_only_device(struct cmd_env *env)
{
	if (env->operands_nr)
		return operand_device(env, env->operands[0]);
	if (!env->device)
		env_usage(env, "", NULL, "an operand is missing: DEVICE, or --device");
	return env->device;
}

/* All operands; without any, the root of --device. */
size_t operand_list(struct cmd_env *env, struct operand **ret_list)
{
	size_t i, nr = env->operands_nr;
	struct operand *list = env_keep(env, mem_calloc(nr + 1, sizeof(*list)));

	for (i = 0; i < nr; i++)
		list[i] = operand_split(env, env->operands[i]);
	if (!nr) {
		if (!env->device)
			env_usage(env, "", NULL,
				  "an operand is missing: FILE, DEVICE, or --device");
		list[nr++] = (struct operand){ .text = env->device, .device = env->device };
	}
	*ret_list = list;
	return nr;
}

bool operands_several(const struct operand *list, size_t nr)
{
	size_t i;

	for (i = 1; i < nr; i++)
		if (strcmp(list[i].device, list[0].device))
			return true;
	return false;
}

uint64_t operand_number(struct cmd_env *env, const char *what, const char *text)
{
	unsigned long long value;
	char *end;

	if (strncmp(text, "0x", 2) && strncmp(text, "0X", 2))
		return option_size(env, what, text);
	errno = 0;
	value = strtoull(text + 2, &end, 16);
	if (errno == ERANGE)
		env_usage_value(env, what, text, NULL, "does not fit 64 bits");
	/* strtoull() would also take blanks, a sign and another 0x. */
	if (*end || !text[2] || strspn(text + 2, "0123456789abcdefABCDEF") != strlen(text + 2))
		env_usage_value(env, what, text, NULL, "is not a number");
	return value;
}

struct range operand_range(struct cmd_env *env, const char *text)
{
	const char *plus = strchr(text, '+');
	struct range range = { .text = text, .len = 1, .has_len = plus };
	char *off = env_keep(env, mem_strndup(text, plus ? (size_t)(plus - text) : strlen(text)));
	uint64_t end;

	if (!*off || (plus && !plus[1]))
		env_usage(env, text, NULL, "has no %s", *off ? "length" : "offset");
	range.off = operand_number(env, "OFFSET", off);
	if (plus)
		range.len = operand_number(env, "LENGTH", plus + 1);
	if (!range.len)
		env_usage(env, text, NULL, "has length 0");
	if (__builtin_add_overflow(range.off, range.len, &end))
		env_usage(env, text, NULL, "ends past 64 bits");
	return range;
}
