/* SPDX-License-Identifier: Apache-2.0 */
/* What checking and repairing show alike. */
#ifndef FAMFS_CLI_CHECK_H
#define FAMFS_CLI_CHECK_H

#include "cmd.h"

/**
 * struct check_opts - options of check.
 * @repair: any repair was asked for. @preen, @yes: which, without asking; neither: ask.
 * @how: what the library is given; @uuid, @dev_uuid: what it points to.
 */
struct check_opts {
	bool repair, preen, yes;
	bool version_asked;
	struct famfs_repair_opts how;
	uint8_t uuid[16], dev_uuid[16];
};

/* cmd_check.c: a finding's fields, or its line with @tail. */
void check_finding_json(struct emit *out, const struct famfs_finding *f);
void check_finding_text(struct emit *out, const char *device, const struct famfs_finding *f,
			const char *tail);
void check_summary_json(struct emit *out, const struct famfs_check_summary *sum, bool clean);
void check_summary_text(struct cmd_env *env, const char *device,
			const struct famfs_check_summary *sum);

/* check_repair.c: the exit code. */
int check_repair(struct cmd_env *env, const char *device);

#endif
