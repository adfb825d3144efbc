/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the manifest's reader. */
#ifndef FAMFS_CLI_MANIFEST_H
#define FAMFS_CLI_MANIFEST_H

#include <stddef.h>

struct json_object;

/*
 * manifest_key_twice() - a key that an object gives twice; NULL: there is none.
 * @text: the object, which json-c took for good, in @len bytes. @obj: what it made of it.
 * The caller frees the key.
 */
char *manifest_key_twice(const char *text, size_t len, const struct json_object *obj);

#endif
