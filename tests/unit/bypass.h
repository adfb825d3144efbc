/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of what may not be read, also where root runs them. Include behind unit.h. */
#ifndef FAMFS_TESTS_BYPASS_H
#define FAMFS_TESTS_BYPASS_H

#include <linux/capability.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Root's way around permissions, off and on. Return: what was in force. */
static inline uint32_t set_bypass(uint32_t bypass)
{
	const uint32_t bits = 1U << CAP_DAC_OVERRIDE | 1U << CAP_DAC_READ_SEARCH;
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	uint32_t before;

	if (syscall(SYS_capget, &head, data))
		abort();
	before = data[0].effective & bits;
	data[0].effective = (data[0].effective & ~bits) | bypass;
	if (syscall(SYS_capset, &head, data))
		abort();
	return before;
}

#endif
