/* SPDX-License-Identifier: Apache-2.0 */
/* Errors in results: why something was not done, told again in the JSON about it. */
#ifndef FAMFS_CLI_KEPT_H
#define FAMFS_CLI_KEPT_H

#include "cmd.h"

/* An error without the room that each text could need: a run can keep very many. */
struct kept_error;

struct kept_error *kept_error_new(const struct famfs_err *err);
void kept_error_free(struct kept_error *kept); /* or NULL */

/* emit_kept(), emit_err() - the field "error" of a result. */
void emit_kept(struct emit *out, const struct kept_error *kept);
void emit_err(struct emit *out, const struct famfs_err *err);

#endif
