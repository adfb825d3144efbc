/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dax_impl.h"

int dax_sysfs_link(const struct famfs_ctx *ctx, const char *path, char *ret_name, size_t len)
{
	char full[PATH_MAX];
	char target[PATH_MAX];
	const char *name;
	ssize_t n;
	int rc = ctx_path(ctx, path, full, sizeof(full));

	if (rc < 0)
		return rc;
	n = readlink(full, target, sizeof(target) - 1);
	if (n < 0)
		return -errno;
	target[n] = '\0';
	name = strrchr(target, '/');
	name = name ? name + 1 : target;
	if (strlen(name) >= len)
		return -ENAMETOOLONG;
	memcpy(ret_name, name, strlen(name) + 1);
	return 0;
}

bool dax_sysfs_is_here(const struct famfs_ctx *ctx)
{
	char path[PATH_MAX];

	return ctx_path(ctx, "/sys/bus", path, sizeof(path)) == 0 && access(path, F_OK) == 0;
}

int dax_sysfs_text(const struct famfs_ctx *ctx, const char *path, char *buf, size_t len)
{
	char full[PATH_MAX];
	ssize_t n;
	int fd;
	int rc = ctx_path(ctx, path, full, sizeof(full));

	if (rc < 0)
		return rc;
	fd = open(full, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, buf, len - 1);
	rc = n < 0 ? -errno : 0;
	(void)close(fd);
	if (rc < 0)
		return rc;
	while (n > 0 && buf[n - 1] == '\n')
		n--;
	buf[n] = '\0';
	return 0;
}

int dax_sysfs_store(const struct famfs_ctx *ctx, const char *path, const char *text)
{
	char full[PATH_MAX];
	size_t len = strlen(text);
	int fd, rc = ctx_path(ctx, path, full, sizeof(full));

	if (rc < 0)
		return rc;
	fd = open(full, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (ctx->sysfs_store)
		rc = ctx->sysfs_store(ctx, path, text);
	else
		rc = write(fd, text, len) == (ssize_t)len ? 0 : -errno;
	(void)close(fd);
	return rc;
}

int dax_sysfs_u64(const struct famfs_ctx *ctx, const char *path, uint64_t *ret_value)
{
	char text[64];
	char *end;
	unsigned long long value;
	int rc = dax_sysfs_text(ctx, path, text, sizeof(text));

	if (rc < 0)
		return rc;
	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno != 0 || *end != '\0')
		return -EINVAL;
	*ret_value = value;
	return 0;
}
