/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "image.h"

int image_add_section(void *data, const struct famfs_image_section *section)
{
	struct image_sections *sections = data;

	if (sections->nr == IMAGE_SECTIONS_MAX)
		return 0;
	sections->list = mem_grow(sections->list, &sections->cap, sections->nr + 1,
				  sizeof(*sections->list));
	sections->list[sections->nr++] = *section;
	return 0;
}

void image_show_sections(struct emit *out, const struct image_sections *sections, bool text)
{
	size_t i;

	if (!text && !out->json)
		return;
	emit_list(out, "sections", EMIT_TABLE);
	for (i = 0; i < sections->nr; i++) {
		const struct famfs_image_section *s = &sections->list[i];

		emit_item(out);
		emit_u64(out, "off", "OFFSET", s->off);
		emit_u64(out, "len", "LENGTH", s->len);
		emit_u64(out, "packed_len", "PACKED", s->packed_len);
		emit_bool(out, "zeros", s->zeros);
		emit_text(out, "WHAT", s->zeros ? "zeros" : "bytes");
		emit_item_end(out);
	}
	emit_list_end(out);
}

static void show_time(struct emit *out, uint64_t created)
{
	time_t when = (time_t)created;
	char text[64] = "";
	struct tm tm;

	if (created <= INT64_MAX && gmtime_r(&when, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	emit_str(out, "created", "made", text);
	emit_u64(out, "created_seconds", NULL, created);
}

void image_show(struct emit *out, const struct famfs_image_info *info)
{
	bool undo = info->kind == FAMFS_IMAGE_UNDO;

	emit_str(out, "kind", NULL, undo ? "undo" : "metadata");
	emit_text(out, "what", undo ? "undo file" : "metadata image");
	emit_u64(out, "version", NULL, info->version);
	show_time(out, info->created);
	if (info->device[0] || out->json)
		emit_str(out, "device", "of", info->device);
	emit_size(out, "device_size", "device size", info->dev_size);
	emit_bool(out, "has_super", info->has_super);
	if (info->has_super) {
		emit_uuid(out, "uuid", "uuid", info->uuid);
		emit_uuid(out, "dev_uuid", "device uuid", info->dev_uuid);
		emit_uuid(out, "system_uuid", "system uuid", info->system_uuid);
	} else {
		emit_text(out, "uuid", "none: there was no valid superblock");
	}
	emit_bool(out, "scrubbed", info->scrubbed);
	emit_text(out, "names", info->scrubbed ? "scrubbed" : "as they were");
}

struct image_operands image_operands(struct cmd_env *env, bool device_first, bool destroys)
{
	struct image_operands ops = { .device = env->device };
	size_t nr = env->operands_nr;

	if (nr > 1) {
		ops.device = operand_device(env, env->operands[device_first ? 0 : 1]);
		ops.file = env->operands[device_first ? 1 : 0];
	} else if (!env->device || (destroys && env->device_from_env)) {
		env_usage(env, "", NULL, "an operand is missing: %s", env->cmd->operands);
	} else {
		ops.file = env->operands[0];
	}
	if (!*ops.file)
		env_usage(env, "", NULL, "an operand is empty");
	return ops;
}

int image_source(struct cmd_env *env, const char *file, struct famfs_image_source *ret_source)
{
	ret_source->name = file_name(file);
	ret_source->fd = STDIN_FILENO;
	if (!strcmp(file, "-"))
		return 0;
	ret_source->fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return ret_source->fd < 0 ? env_errorf(env, -errno, file, "%s", strerror(errno)) : 0;
}
