/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fs_image.h"

static int make_file(const char *name, char path[32])
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	FUZZ_REQUIRE(fd >= 0, "memfd_create");
	(void)snprintf(path, 32, "/proc/self/fd/%d", fd);
	return fd;
}

void fuzz_cli_begin(struct fuzz_cli *cli)
{
	cli->image_fd = make_file("image", cli->image);
	cli->input_fd = make_file("input", cli->input);
}

void fuzz_cli_reset(struct fuzz_cli *cli, const uint8_t *data, size_t size)
{
	struct fuzz_fs fs = { .aus = 27 };

	fuzz_fs_fix(&fs);
	fuzz_fs_store(&fs, cli->image_fd);
	FUZZ_REQUIRE(!ftruncate(cli->input_fd, 0) &&
			     pwrite(cli->input_fd, data, size, 0) == (ssize_t)size,
		     "write");
}

void fuzz_cli_env(struct cmd_env *env, const struct cmd *cmd, void *opts)
{
	*env = (struct cmd_env){ .cmd = cmd, .quiet = true, .progress = WHEN_NEVER, .opts = opts };
	(void)snprintf(env->name, sizeof(env->name), "famfs %s", cmd->name);
	env->ctx = fuzz_ctx();
	emit_init(&env->out, false, false, false);
}

void fuzz_cli_free(struct cmd_env *env)
{
	emit_end(&env->out);
	famfs_ctx_free(env->ctx);
	while (env->kept_nr)
		free(env->kept[--env->kept_nr]);
	free(env->kept);
}
