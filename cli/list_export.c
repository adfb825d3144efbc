/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "list.h"

static void export_str(struct emit *out, const char *key, const char *value)
{
	struct text quoted = { 0 };

	text_add_shell(&quoted, value, false);
	emit_line(out, "FAMFS_%s=%s", key, quoted.s);
	text_free(&quoted);
}

static void export_u64(struct emit *out, const char *key, uint64_t value)
{
	emit_line(out, "FAMFS_%s=%" PRIu64, key, value);
}

static void export_uuid(struct emit *out, const char *key, const uint8_t uuid[16])
{
	char text[FAMFS_UUID_STR];

	export_str(out, key, famfs_uuid_format(uuid, text));
}

static void export_users(struct emit *out, const struct famfs_device *device)
{
	struct text pids = { 0 };

	for (size_t i = 0; i < device->users_nr && i < FAMFS_USERS_MAX; i++)
		text_addf(&pids, "%s%d", i ? " " : "", device->users[i].pid);
	if (device->mounted_known)
		export_str(out, "MOUNTED", device->mounted);
	export_u64(out, "USERS", device->users_nr);
	export_str(out, "PIDS", pids.s ? pids.s : "");
	text_free(&pids);
}

static void export_famfs(struct emit *out, const struct famfs_info *info)
{
	export_uuid(out, "UUID", info->super.uuid);
	export_uuid(out, "MASTER_UUID", info->super.system_uuid);
	emit_line(out, "FAMFS_VERSION=%" PRIu64, info->super.version);
	export_u64(out, "FILES", info->files);
	export_u64(out, "USED", info->alloc_bytes);
	export_u64(out, "FREE", info->free);
}

void list_export(struct emit *out, const struct famfs_device *device, bool first)
{
	if (!first)
		emit_line(out, "%s", "");
	export_str(out, "DEVNAME", device->path);
	export_str(out, "MODE", list_mode(device));
	export_u64(out, "SIZE", device->size);
	export_u64(out, "ALIGN", device->align);
	if (device->kind == FAMFS_DEV_DAX) {
		export_str(out, "DRIVER", device->driver);
		if (list_mode_before(device)) {
			export_str(out, "MODE_BEFORE", list_mode_before(device));
			export_u64(out, "MODE_LEFT_BEHIND", device->change == FAMFS_CHANGE_LEFT);
		}
		export_str(out, "REGION", device->region);
		export_str(out, "PERSISTENCE", device->persistence);
	}
	if (device->node >= 0)
		export_u64(out, "NODE", (uint64_t)device->node);
	if (device->errors_known) {
		export_u64(out, "MEDIA_ERRORS", device->errors);
		export_u64(out, "MEDIA_ERROR_BYTES", device->error_bytes);
	}
	export_users(out, device);
	export_str(out, "CONTENT", list_content(device));
	if (device->what[0])
		export_str(out, "DETAIL", device->what);
	if (device->content == FAMFS_CONTENT_FAMFS) {
		export_str(out, "ROLE", list_role(device));
		export_famfs(out, &device->info);
	}
}
