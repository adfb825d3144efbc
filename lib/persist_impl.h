/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one CPU architecture offers to persist.c. Exactly one of persist_x86_64.c, persist_arm64.c
 * and persist_generic.c defines these; the others compile to nothing.
 */
#ifndef PERSIST_IMPL_H
#define PERSIST_IMPL_H

#include "persist.h"

/* The plain store that every architecture has. */
void persist_store(void *dst, const void *src, size_t len);

/* Two stores, in this order for the other CPUs of the host. */
void persist_publish_in_order(void *dst, const uint64_t v[2]);

/* The operations for memory behind the CPU's caches. */
const struct persist_ops *persist_arch_cpu(void);

/* Does this CPU promise that an aligned 16-byte store is seen whole? */
bool persist_arch_has_store16(void);

/* One 16-byte store at @dst (16-byte aligned). Only for use where the promise is given. */
void persist_arch_store16(void *dst, const uint64_t v[2]);

#endif
