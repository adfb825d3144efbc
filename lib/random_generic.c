/* SPDX-License-Identifier: Apache-2.0 */
#if !defined(__x86_64__)

#include "random_impl.h"

unsigned int random_arch_ops(const struct random_ops *ret_ops[2])
{
	ret_ops[0] = ret_ops[1] = NULL;
	return 0;
}

#endif
