/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making names unrecognisable while all that can be wrong with them stays: each part of a path
 * becomes another one of the same length, different parts different ones, the same everywhere.
 * A character becomes one of its kind: a digit a digit, a control character a control character.
 * Bytes that are no UTF-8, ".", ".." and what the file system itself uses (.meta/.alloc.cfg) stay
 * what they are. A right checksum stays right, a wrong one wrong.
 */
#ifndef IMAGE_SCRUB_H
#define IMAGE_SCRUB_H

#include "media.h"

struct image_scrub {
	uint8_t key[16]; /* random: without it no name can be had back */
};

/* Return: 0, -errno. */
int image_scrub_init(struct image_scrub *scrub);

/* A part of a path, in place; @len bytes without slashes, at most FAMFS_PATH_SIZE. */
void image_scrub_part(const struct image_scrub *scrub, char *part, size_t len);

/* A slot of the log, in place; whatever it holds. */
void image_scrub_entry(const struct image_scrub *scrub, struct fm_entry *raw);

/* Bytes that nothing reads: what was not zero says nothing afterwards, but that. */
void image_scrub_rest(void *bytes, size_t len);

#endif
