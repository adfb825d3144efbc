/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands about metadata images share. */
#ifndef FAMFS_CLI_IMAGE_H
#define FAMFS_CLI_IMAGE_H

#include "cmd.h"

/* More sections than this are only counted. */
enum { IMAGE_SECTIONS_MAX = 100000 };

/** struct image_sections - the sections of an image, gathered by image_add_section(). */
struct image_sections {
	struct famfs_image_section *list;
	size_t nr, cap;
};

int image_add_section(void *data, const struct famfs_image_section *section);
void image_show_sections(struct emit *out, const struct image_sections *sections, bool text);

/* image_show() - what is in a file, and of which file system it is. */
void image_show(struct emit *out, const struct famfs_image_info *info);

/*
 * image_operands() - two operands, or one together with --device; where @destroys, not one from the
 * environment. @device_first: which of the two is the device.
 */
struct image_operands {
	const char *device, *file;
};
struct image_operands image_operands(struct cmd_env *env, bool device_first, bool destroys);

/* image_source() - opens FILE or "-" for reading. Returns 0, or EXIT_FAILED, said. */
int image_source(struct cmd_env *env, const char *file, struct famfs_image_source *ret_source);

#endif
