/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <unistd.h>

#include "image.h"

static const struct argp_option options[] = {
	COLUMNS_OPTION,
	{ 0 },
};

static int run(struct cmd_env *env)
{
	struct image_sections sections = { 0 };
	struct famfs_image_source source;
	struct famfs_image_info info;
	struct emit *out = &env->out;
	struct famfs_err err;
	int code = image_source(env, env->operands[0], &source);

	if (code)
		return code;
	if (famfs_image_read(env->ctx, &source, image_add_section, &sections, &info, &err)) {
		code = env_error(env, &err);
	} else {
		emit_str(out, "file", "file", source.name);
		image_show(out, &info);
		emit_size(out, "file_len", "file size", info.file_len);
		emit_u64(out, "sections_nr", "sections", info.sections);
		emit_size(out, "data_len", "bytes in it", info.data_len);
		emit_size(out, "packed_len", "packed", info.packed_len);
		emit_size(out, "zero_len", "zeros", info.zero_len);
		emit_size(out, "end", "end", info.end);
		image_show_sections(out, &sections, env->verbose || env->columns);
	}
	if (source.fd != STDIN_FILENO)
		close(source.fd);
	free(sections.list);
	return code;
}

const struct cmd cmd_image_show = {
	.name = "show",
	.group = "image",
	.summary = "Shows what a metadata image or undo file is",
	.operands = "FILE|-",
	.example = "famfs image show fs.fmi",
	.columns = "OFFSET,LENGTH,PACKED,WHAT",
	.options = options,
	.run = run,
	.operands_min = 1,
	.operands_max = 1,
	.flags = CMD_JSON,
};
