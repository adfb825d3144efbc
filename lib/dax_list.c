/* SPDX-License-Identifier: Apache-2.0 */
/* The devices of the dax bus, and the regions that they are parts of. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "dax_impl.h"

#define DEVICES "/sys/bus/dax/devices"

/* The number of the device's node. Return: 0, -errno: it went away meanwhile. */
static int read_number(const struct famfs_ctx *ctx, const char *name, dev_t *ret_rdev)
{
	unsigned int number[2];
	char path[512], text[64];
	int rc;

	if (snprintf(path, sizeof(path), DEVICES "/%s/dev", name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	rc = dax_sysfs_text(ctx, path, text, sizeof(text));
	if (rc < 0)
		return rc;
	if (sscanf(text, "%9u:%9u", &number[0], &number[1]) != 2)
		return -EINVAL;
	*ret_rdev = makedev(number[0], number[1]);
	return 0;
}

static int is_device(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int dax_each(const struct famfs_ctx *ctx, int (*fn)(void *data, const char *name, dev_t rdev),
	     void *data)
{
	char path[PATH_MAX];
	struct dirent **names;
	dev_t rdev;
	int nr, rc = ctx_path(ctx, DEVICES, path, sizeof(path));

	if (rc < 0)
		return rc;
	nr = scandir(path, &names, is_device, versionsort);
	/* A host without such devices has no such bus, but others. */
	if (nr < 0 && errno == ENOENT)
		return dax_sysfs_is_here(ctx) ? 0 : -ENOENT;
	if (nr < 0)
		return -errno;
	for (int i = 0; i < nr; i++) {
		if (rc == 0 && read_number(ctx, names[i]->d_name, &rdev) == 0)
			rc = fn(data, names[i]->d_name, rdev);
		free(names[i]);
	}
	free(names);
	return rc;
}

/* An attribute of a directory that was found under the context's root already. */
static bool read_attr(const struct famfs_ctx *ctx, const char *dir, const char *attr, char *buf,
		      size_t len)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s", dir, attr);

	return n > 0 && (size_t)n < sizeof(path) && dax_sysfs_text(ctx, path, buf, len) == 0;
}

static void copy_name(char *to, size_t len, const char *from)
{
	(void)snprintf(to, len, "%.*s", (int)len - 1, from);
}

/*
 * A region of NVDIMMs tells what it is, and its persistence domain if that is known; one of CXL
 * memory its mode. What is in neither is memory that the firmware set aside.
 */
static bool read_persistence(const struct famfs_ctx *ctx, const char *dir, struct dax_place *place)
{
	char text[DAX_SYSFS_TEXT + 1], type[DAX_SYSFS_TEXT + 1] = "";

	(void)read_attr(ctx, dir, "devtype", type, sizeof(type));
	if (!strcmp(type, "nd_volatile"))
		copy_name(place->persistence, sizeof(place->persistence), "volatile");
	else if (read_attr(ctx, dir, "persistence_domain", text, sizeof(text)))
		copy_name(place->persistence, sizeof(place->persistence), *text ? text : "pmem");
	else if (!strcmp(type, "nd_pmem") ||
		 (read_attr(ctx, dir, "mode", text, sizeof(text)) && !strcmp(text, "pmem")))
		copy_name(place->persistence, sizeof(place->persistence), "pmem");
	return place->persistence[0] != '\0';
}

/* The device below which the kernel made this one names it. */
int dax_namespace(const struct famfs_ctx *ctx, const char *name, char *ret_name, size_t len)
{
	char path[PATH_MAX], text[DAX_SYSFS_TEXT + 1];
	int rc;

	if (snprintf(path, sizeof(path), DEVICES "/%s/../namespace", name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	rc = dax_sysfs_text(ctx, path, text, sizeof(text));
	if (rc)
		return rc;
	if (strncmp(text, "namespace", 9) != 0 || strlen(text) >= len)
		return -ENOENT;
	memcpy(ret_name, text, strlen(text) + 1);
	return 0;
}

void dax_place(const struct famfs_ctx *ctx, const char *name, struct dax_place *ret_place)
{
	struct dax_place place = { 0 };
	char link[PATH_MAX];
	char full[PATH_MAX];
	char *dir, *at, *base;

	*ret_place = place;
	(void)snprintf(link, sizeof(link), DEVICES "/%s", name);
	if (ctx_path(ctx, link, full, sizeof(full)) < 0)
		return;
	dir = realpath(full, NULL);
	if (!dir)
		return;
	/* The directories above the device, up to the root that the context has. */
	at = dir + (strncmp(dir, ctx->root, strlen(ctx->root)) == 0 ? strlen(ctx->root) : 0);
	while ((base = strrchr(at, '/')) != NULL && base != at) {
		if (!place.region[0] && strncmp(base + 1, "dax", 3) != 0)
			copy_name(place.region, sizeof(place.region), base + 1);
		if (read_persistence(ctx, at, &place))
			break;
		*base = '\0';
	}
	if (!place.persistence[0])
		copy_name(place.persistence, sizeof(place.persistence), "volatile");
	free(dir);
	*ret_place = place;
}
