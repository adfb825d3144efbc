/* SPDX-License-Identifier: Apache-2.0 */
/* --mode, --uid and --gid of what is made. */
#ifndef FAMFS_CLI_OWNER_H
#define FAMFS_CLI_OWNER_H

#include <sys/types.h>

#include "cmd.h"

struct owner {
	bool has_mode, has_uid, has_gid;
	uint32_t mode, uid, gid;
};

/* Their lines in a command's options; the texts say what is taken without them. */
/* clang-format off */
#define OWNER_OPTIONS(mode_text, uid_text, gid_text) \
	{ "mode", 'm', "MODE", 0, mode_text, 0 }, \
	{ "uid", 'u', "USER", 0, uid_text, 0 }, \
	{ "gid", 'g', "GROUP", 0, gid_text, 0 }
#define OWNER_OPTIONS_OF_MAKING(mode) \
	OWNER_OPTIONS("Octal mode (" mode " less the umask)", \
		      "Owner, a number or a name (the effective one)", \
		      "Group, a number or a name (the effective one)")
/* clang-format on */

/* One of the three, by its letter; ARGP_ERR_UNKNOWN for others. */
error_t owner_parse(int key, const char *arg, struct cmd_env *env, struct owner *owner);

/* What a request gets: what was given, else @mode less the umask, and this process's owner. */
void owner_apply(const struct owner *owner, mode_t mode, struct famfs_create_req *req);

#endif
