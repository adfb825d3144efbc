/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "list.h"

struct list_opts {
	bool all, export, full;
	/* The list so far. */
	size_t shown;
	uint64_t unseen;
	bool errors_unknown, mounts_unknown;
};

enum { OPT_EXPORT = OPT_COMMAND };

static const struct argp_option options[] = {
	{ "all", 'a', NULL, 0, "Devices without memory, too", 0 },
	{ "export", OPT_EXPORT, NULL, 0, "KEY=VALUE lines, for scripts and udev rules", 0 },
	{ "long", 'l', NULL, 0, "Everything, a block of lines for each device", 0 },
	COLUMNS_OPTION,
	{ 0 },
};

static error_t parse(int key, char *arg, struct cmd_env *env)
{
	struct list_opts *opts = env->opts;

	(void)arg;
	switch (key) {
	case 'a':
		opts->all = true;
		return 0;
	case OPT_EXPORT:
		opts->export = true;
		return 0;
	case 'l':
		opts->full = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const char *mode_name(enum famfs_mode mode)
{
	static const char *const names[] = {
		[FAMFS_MODE_DEVDAX] = "devdax",         [FAMFS_MODE_FAMFS] = "famfs",
		[FAMFS_MODE_SYSTEM_RAM] = "system-ram", [FAMFS_MODE_UNBOUND] = "unbound",
		[FAMFS_MODE_OTHER] = "other",
	};

	return names[mode];
}

const char *list_mode(const struct famfs_device *device)
{
	return device->kind == FAMFS_DEV_DAX ? mode_name(device->mode) : "image";
}

const char *list_mode_before(const struct famfs_device *device)
{
	if (device->change != FAMFS_CHANGE_NOW && device->change != FAMFS_CHANGE_LEFT)
		return NULL;
	return mode_name(device->mode_before);
}

static void json_change(struct emit *out, const struct famfs_device *device)
{
	if (!list_mode_before(device))
		return;
	emit_str(out, "mode_before", NULL, list_mode_before(device));
	emit_int(out, "mode_changed_by", device->change_pid);
	emit_bool(out, "mode_left_behind", device->change == FAMFS_CHANGE_LEFT);
	emit_str(out, "put_back", NULL, device->put_back);
}

const char *list_content(const struct famfs_device *device)
{
	static const char *const names[] = {
		[FAMFS_CONTENT_UNKNOWN] = "unknown", [FAMFS_CONTENT_NONE] = "none",
		[FAMFS_CONTENT_FAMFS] = "famfs",     [FAMFS_CONTENT_DAMAGED] = "damaged",
		[FAMFS_CONTENT_OTHER] = "other",
	};

	return names[device->content];
}

const char *list_role(const struct famfs_device *device)
{
	return device->info.role == FAMFS_ROLE_MASTER ? "master" : "client";
}

static void json_users(struct emit *out, const struct famfs_device *device)
{
	emit_list(out, "users", EMIT_SILENT);
	for (size_t i = 0; i < device->users_nr && i < FAMFS_USERS_MAX; i++) {
		emit_item(out);
		emit_int(out, "pid", device->users[i].pid);
		emit_str(out, "command", NULL, device->users[i].command);
		emit_item_end(out);
	}
	emit_list_end(out);
	emit_u64(out, "users_total", NULL, device->users_nr);
	emit_u64(out, "users_unseen", NULL, device->users_unseen);
}

static void json_famfs(struct emit *out, const struct famfs_device *device)
{
	const struct famfs_info *info = &device->info;
	char omf[32];

	snprintf(omf, sizeof(omf), "%u.%u", info->super.omf_major, info->super.omf_minor);
	emit_object(out, "famfs");
	emit_uuid(out, "uuid", NULL, info->super.uuid);
	emit_uuid(out, "system_uuid", NULL, info->super.system_uuid);
	emit_str(out, "role", NULL, list_role(device));
	emit_u64(out, "version", NULL, info->super.version);
	emit_str(out, "omf", NULL, omf);
	emit_u64(out, "size", NULL, info->dev_size);
	emit_u64(out, "used", NULL, info->alloc_bytes);
	emit_u64(out, "free", NULL, info->free);
	emit_u64(out, "files", NULL, info->files);
	emit_u64(out, "dirs", NULL, info->dirs);
	emit_bool(out, "damaged", info->damaged);
	emit_object_end(out);
}

static void show_json(struct emit *out, const struct famfs_device *device)
{
	bool dax = device->kind == FAMFS_DEV_DAX;

	emit_str(out, "device", NULL, device->path);
	emit_str(out, "kind", NULL, dax ? "dax" : "image");
	emit_u64(out, "size", NULL, device->size);
	emit_u64(out, "align", NULL, device->align);
	if (dax) {
		emit_str(out, "name", NULL, device->name);
		emit_str(out, "mode", NULL, list_mode(device));
		json_change(out, device);
		emit_str(out, "driver", NULL, device->driver);
		emit_str(out, "region", NULL, device->region);
		emit_str(out, "persistence", NULL, device->persistence);
	}
	if (device->node >= 0)
		emit_int(out, "node", device->node);
	if (device->errors_known) {
		emit_u64(out, "media_errors", NULL, device->errors);
		emit_u64(out, "media_error_bytes", NULL, device->error_bytes);
	}
	if (device->mounted_known)
		emit_str(out, "mounted", NULL, device->mounted);
	json_users(out, device);
	emit_str(out, "content", NULL, list_content(device));
	emit_str(out, "detail", NULL, device->what);
	if (device->content == FAMFS_CONTENT_FAMFS)
		json_famfs(out, device);
}

static unsigned int percent_used(const struct famfs_info *info)
{
	return info->dev_size
		     ? (unsigned int)((double)info->alloc_bytes * 100 / (double)info->dev_size)
		     : 100;
}

/* The parts of a line of the table that take a few words. */
static void show_user(struct emit *out, const struct famfs_device *device)
{
	char text[48] = "-";

	if (device->mounted[0])
		snprintf(text, sizeof(text), "mounted");
	else if (device->users_nr > 1)
		snprintf(text, sizeof(text), "%d+%" PRIu64, device->users[0].pid,
			 device->users_nr - 1);
	else if (device->users_nr)
		snprintf(text, sizeof(text), "%d", device->users[0].pid);
	emit_text(out, "USER", text);
}

static void show_row(struct emit *out, const struct famfs_device *device)
{
	char number[24] = "-";

	emit_str(out, NULL, "DEVICE", device->path);
	emit_size(out, NULL, "SIZE", device->size);
	emit_size(out, NULL, "ALIGN", device->align);
	emit_text(out, "MODE", list_mode(device));
	if (device->node >= 0)
		snprintf(number, sizeof(number), "%d", device->node);
	emit_text(out, "NODE", number);
	snprintf(number, sizeof(number), "-");
	if (device->errors_known)
		snprintf(number, sizeof(number), "%" PRIu64, device->errors);
	emit_text(out, "ERRORS", number);
	show_user(out, device);
	if (device->content == FAMFS_CONTENT_FAMFS) {
		char text[48];

		snprintf(text, sizeof(text), "famfs %s %u%%", list_role(device),
			 percent_used(&device->info));
		emit_text(out, "HOLDS", text);
	} else {
		emit_str(out, NULL, "HOLDS",
			 device->content == FAMFS_CONTENT_OTHER ? device->what
								: list_content(device));
	}
}

static void long_famfs(struct emit *out, const struct famfs_device *device)
{
	const struct famfs_info *info = &device->info;
	char text[48];

	snprintf(text, sizeof(text), "%" PRIu64 " (OMF %u.%u)", info->super.version,
		 info->super.omf_major, info->super.omf_minor);
	emit_uuid(out, NULL, "uuid", info->super.uuid);
	emit_uuid(out, NULL, "master", info->super.system_uuid);
	emit_str(out, NULL, "this host", list_role(device));
	emit_text(out, "version", text);
	emit_u64(out, NULL, "files", info->files);
	emit_size(out, NULL, "used", info->alloc_bytes);
	emit_size(out, NULL, "free", info->free);
}

static void long_users(struct emit *out, const struct famfs_device *device)
{
	struct text list = { 0 };

	for (size_t i = 0; i < device->users_nr && i < FAMFS_USERS_MAX; i++)
		text_addf(&list, "%s%d %s", i ? ", " : "", device->users[i].pid,
			  device->users[i].command);
	if (device->users_nr > FAMFS_USERS_MAX)
		text_addf(&list, " and %" PRIu64 " more", device->users_nr - FAMFS_USERS_MAX);
	emit_str(out, NULL, "mounted",
		 device->mounted[0] ? device->mounted : (device->mounted_known ? "no" : "unknown"));
	emit_str(out, NULL, "processes", list.s ? list.s : "none");
	text_free(&list);
}

static void long_dax(struct emit *out, const struct famfs_device *device)
{
	char text[80] = "unknown";

	if (list_mode_before(device))
		emit_text(out, "mode before", list_mode_before(device));
	if (device->driver[0])
		emit_str(out, NULL, "driver", device->driver);
	if (device->node >= 0)
		snprintf(text, sizeof(text), "%d", device->node);
	emit_text(out, "NUMA node", text);
	emit_str(out, NULL, "region", device->region[0] ? device->region : "unknown");
	emit_str(out, NULL, "persistence",
		 device->persistence[0] ? device->persistence : "unknown");
	snprintf(text, sizeof(text), "unknown");
	if (device->errors_known)
		snprintf(text, sizeof(text), "%" PRIu64 " (%" PRIu64 " bytes)", device->errors,
			 device->error_bytes);
	emit_text(out, "media errors", text);
}

static void show_long(struct emit *out, const struct famfs_device *device)
{
	emit_str(out, NULL, "device", device->path);
	emit_size(out, NULL, "size", device->size);
	emit_size(out, NULL, "alignment", device->align);
	emit_text(out, "mode", list_mode(device));
	if (device->kind == FAMFS_DEV_DAX)
		long_dax(out, device);
	long_users(out, device);
	if (device->what[0] && device->content != FAMFS_CONTENT_OTHER) {
		struct text line = { 0 };

		text_addf(&line, "%s: %s", list_content(device), device->what);
		emit_str(out, NULL, "holds", line.s);
		text_free(&line);
	} else {
		emit_str(out, NULL, "holds", device->what[0] ? device->what : list_content(device));
	}
	if (device->content == FAMFS_CONTENT_FAMFS)
		long_famfs(out, device);
}

/* A mode that was left behind, or may have been. */
static void note_change(const struct cmd_env *env, const struct famfs_device *device)
{
	char text[128];

	if (device->change == FAMFS_CHANGE_UNSEEN)
		env_note(env, device->path,
			 "its mode was changed by a command; whether that still runs is not for "
			 "this user to see",
			 "run it as root");
	if (device->change != FAMFS_CHANGE_LEFT)
		return;
	snprintf(text, sizeof(text),
		 "was in %s mode before a command (process %d) that did not put it back",
		 list_mode_before(device), device->change_pid);
	env_note(env, device->path, text, device->put_back);
}

/* What needs a word beside the list. */
static void note_device(struct cmd_env *env, const struct famfs_device *device)
{
	struct list_opts *opts = env->opts;

	if (device->users_unseen > opts->unseen)
		opts->unseen = device->users_unseen;
	note_change(env, device);
	if (device->kind == FAMFS_DEV_DAX && !device->errors_known)
		opts->errors_unknown = true;
	opts->mounts_unknown |= !device->mounted_known;
	if (device->content == FAMFS_CONTENT_DAMAGED ||
	    (device->content == FAMFS_CONTENT_FAMFS && device->what[0]) ||
	    (device->content == FAMFS_CONTENT_UNKNOWN && device->mode == FAMFS_MODE_DEVDAX &&
	     device->size))
		env_note(env, device->path, device->what, NULL);
}

static int show(void *data, const struct famfs_device *device)
{
	struct cmd_env *env = data;
	struct list_opts *opts = env->opts;

	if (opts->export) {
		list_export(&env->out, device, !opts->shown);
	} else {
		emit_item(&env->out);
		if (env->json)
			show_json(&env->out, device);
		else if (opts->full)
			show_long(&env->out, device);
		else
			show_row(&env->out, device);
		emit_item_end(&env->out);
	}
	opts->shown++;
	note_device(env, device);
	return 0;
}

static int show_used(void *data, const struct famfs_device *device)
{
	const struct cmd_env *env = data;
	const struct list_opts *opts = env->opts;

	return device->size || opts->all ? show(data, device) : 0;
}

static int show_operand(struct cmd_env *env, const char *path)
{
	struct famfs_device device;
	struct famfs_err err;

	if (famfs_device_get(env->ctx, path, &device, &err))
		return env_error(env, &err);
	return show(env, &device);
}

static int show_host(struct cmd_env *env)
{
	const struct list_opts *opts = env->opts;
	struct famfs_err err;

	if (famfs_device_list(env->ctx, show_used, env, &err))
		return env_error(env, &err);
	if (!opts->shown)
		env_note(env, "", "this host has no DAX device",
			 opts->all ? NULL : "--all shows those without memory, too");
	return 0;
}

static void note_unseen(const struct cmd_env *env)
{
	const struct list_opts *opts = env->opts;
	const char *hint = geteuid() ? "run it as root" : NULL;
	char text[96];

	if (opts->errors_unknown)
		env_note(env, "", "media errors are unknown where the address of the memory is",
			 hint);
	if (opts->mounts_unknown)
		env_note(env, "", "it cannot be seen what is mounted",
			 "let this process read /proc/self/mounts");
	if (!opts->unseen)
		return;
	snprintf(text, sizeof(text), "%" PRIu64 " process%s of others could not be looked into",
		 opts->unseen, plural(opts->unseen, "", "es"));
	env_note(env, "", text, hint);
}

static int run(struct cmd_env *env)
{
	const struct list_opts *opts = env->opts;
	int code = 0;

	if (opts->export && env->json)
		env_usage(env, "--export", NULL, "contradicts --json");
	if (opts->export && opts->full)
		env_usage(env, "--export", NULL, "contradicts --long");
	if (env->columns && (opts->full || opts->export))
		env_usage(env, "--columns", NULL, "contradicts %s",
			  opts->full ? "--long" : "--export");
	if (!opts->export)
		emit_list(&env->out, "devices", opts->full ? EMIT_BLOCK : EMIT_TABLE);
	for (size_t i = 0; i < env->operands_nr; i++)
		code |= show_operand(env, operand_device(env, env->operands[i]));
	if (!env->operands_nr && env->device && !env->device_from_env)
		code = show_operand(env, env->device);
	else if (!env->operands_nr)
		code = show_host(env);
	if (!opts->export)
		emit_list_end(&env->out);
	note_unseen(env);
	return code;
}

const struct cmd cmd_list = {
	.name = "list",
	.summary = "Shows the DAX devices of this host, and what is on them",
	.operands = "[DEVICE...]",
	.example = "famfs list --long",
	.columns = "DEVICE,SIZE,ALIGN,MODE,NODE,ERRORS,USER,HOLDS",
	.options = options,
	.parse = parse,
	.run = run,
	.opts_size = sizeof(struct list_opts),
	.operands_max = UINT_MAX,
	.flags = CMD_JSON | CMD_KEEPS_MODE,
};
