/* SPDX-License-Identifier: Apache-2.0 */
/* What random.c and what a CPU architecture adds to it share. */
#ifndef RANDOM_IMPL_H
#define RANDOM_IMPL_H

#include "random.h"

/* The vector units of this CPU, the best first. Return: how many there are, at most 2. */
unsigned int random_arch_ops(const struct random_ops *ret_ops[2]);

#endif
