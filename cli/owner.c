/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "file.h"
#include "owner.h"

error_t owner_parse(int key, const char *arg, struct cmd_env *env, struct owner *owner)
{
	switch (key) {
	case 'm':
		owner->mode = option_mode(env, "--mode", arg);
		owner->has_mode = true;
		return 0;
	case 'u':
		owner->uid = option_id(env, "--uid", arg);
		owner->has_uid = true;
		return 0;
	case 'g':
		owner->gid = option_id(env, "--gid", arg);
		owner->has_gid = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void owner_apply(const struct owner *owner, mode_t mode, struct famfs_create_req *req)
{
	req->mode = owner->has_mode ? owner->mode : mode & ~file_mask();
	req->uid = owner->has_uid ? owner->uid : geteuid();
	req->gid = owner->has_gid ? owner->gid : getegid();
}
