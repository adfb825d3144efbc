/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "seed.h"

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
}

const char *seed_parse(const char *text, uint32_t *ret_seed)
{
	bool negative = *text == '-';
	uint64_t value = 0;
	int base = 10;

	text += negative || *text == '+';
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
	}
	if (!*text)
		return "is not a number";
	for (; *text; text++) {
		if (digit(*text) >= base)
			return "is not a number";
		if (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
		    __builtin_add_overflow(value, (uint64_t)digit(*text), &value))
			return "does not fit 64 bits";
	}
	if (negative && value > 1ULL << 63)
		return "does not fit 64 bits";
	if (negative)
		value = -value;
	if (!(uint32_t)value)
		return "has low 32 bits of 0, which is no seed: such bytes cannot be verified";
	*ret_seed = (uint32_t)value;
	return NULL;
}

uint32_t option_seed(struct cmd_env *env, const char *arg)
{
	uint32_t seed;
	const char *why = seed_parse(arg, &seed);

	if (!why)
		return seed;
	env_usage_value(env, "--seed", arg, NULL, "%s", why);
}
