/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accesses to mapped memory that may fault: a SIGBUS under guard_call() ends the call with -EIO
 * instead of the process. The handler is the one process-wide thing of the library: installed with
 * the first open device, counted, chained to what was there before, removed with the last.
 */
#ifndef GUARD_H
#define GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Installs the handler, or counts one more user. Return: 0 or -errno. */
int guard_get(void);

/* One user less; the last one restores the handler that was there before. */
void guard_put(void);

/*
 * Runs @fn(@arg). @fn must hold no lock and own nothing when it can fault: it is left by a jump.
 * Calls may nest. Return: what @fn returns, or -EIO with the faulting address in *@ret_addr.
 */
int guard_call(int (*fn)(void *arg), void *arg, void **ret_addr);

/*
 * Whether the kernel said early (BUS_MCEERR_AO) that memory of the range is lost. Such news come in
 * any thread, outside guarded calls too, and no fault need follow: to be asked behind each access.
 * @ret_addr: the first lost byte of the range that is known.
 */
bool guard_lost(const void *at, size_t len, void **ret_addr);

/* Something else has these addresses now: what was lost of them counts no more. */
void guard_forget(const void *at, size_t len);

/* memcpy under guard. Return: 0 or -EIO. */
int guard_copy(void *dst, const void *src, size_t len, void **ret_addr);

#endif
