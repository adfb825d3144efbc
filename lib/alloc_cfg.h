/* SPDX-License-Identifier: Apache-2.0 */
/* The text of .meta/.alloc.cfg, as the existing tools read it (FORMAT.md 6.5). */
#ifndef ALLOC_CFG_H
#define ALLOC_CFG_H

#include <stddef.h>

#include "famfs.h"

#define ALLOC_CFG_PATH ".meta/.alloc.cfg"
#define ALLOC_CFG_LEN  4096  /* bytes of one that is made */
#define ALLOC_CFG_MAX  65536 /* longer ones are not read */

/*
 * Reads any bytes. All three keys must be there, once: to the existing tools one that is missing is
 * whatever their memory held. All 0: not interleaved. Which values go together is not judged here.
 * Return: 0; -EUCLEAN: it says nothing that can be used; -EOPNOTSUPP: no libyaml; -ENOMEM.
 */
int alloc_cfg_parse(const char *text, size_t len, struct famfs_geometry *ret_geometry,
		    const char *object, struct famfs_err *err);

/* Writes exactly @len bytes, the rest as line ends. Return: 0, -EFBIG without an error. */
int alloc_cfg_format(const struct famfs_geometry *geometry, char *buf, size_t len);

#endif
