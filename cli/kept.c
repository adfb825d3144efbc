/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "kept.h"

struct kept_error {
	int rc;
	char *object, *message, *hint;
};

struct kept_error *kept_error_new(const struct famfs_err *err)
{
	struct kept_error *kept = mem_calloc(1, sizeof(*kept));

	kept->rc = err->rc;
	kept->object = mem_strndup(err->object, sizeof(err->object));
	kept->message = mem_strndup(err->message, sizeof(err->message));
	kept->hint = mem_strndup(err->hint, sizeof(err->hint));
	return kept;
}

void kept_error_free(struct kept_error *kept)
{
	if (!kept)
		return;
	free(kept->object);
	free(kept->message);
	free(kept->hint);
	free(kept);
}

static void emit_parts(struct emit *out, int rc, const char *object, const char *message,
		       const char *hint)
{
	emit_object(out, "error");
	emit_str(out, "code", NULL, famfs_err_code(rc));
	emit_str(out, "object", NULL, object);
	emit_str(out, "message", NULL, message);
	emit_str(out, "hint", NULL, hint);
	emit_object_end(out);
}

void emit_kept(struct emit *out, const struct kept_error *kept)
{
	emit_parts(out, kept->rc, kept->object, kept->message, kept->hint);
}

void emit_err(struct emit *out, const struct famfs_err *err)
{
	emit_parts(out, err->rc, err->object, err->message, err->hint);
}
