/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Media errors. The host knows them as bad 512-byte sectors of a region; a device is found in its
 * region by physical address, which only root may read. Without it there is nothing to ask.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dax_impl.h"
#include "err.h"

#define SECTOR  512U
#define REGIONS "/sys/bus/nd/devices"

struct report {
	const struct dax_info *info;
	void (*fn)(void *data, uint64_t off, uint64_t len);
	void *data;
};

/* Does [start, start + len) hold the device's first byte? */
static bool region_has(const struct dax_info *info, uint64_t start, uint64_t len)
{
	return info->resource >= start && info->resource - start < len;
}

/* Clips a run of bad sectors of the region at @start to the device. */
static void report_run(const struct report *report, uint64_t start, uint64_t sector, uint64_t nr)
{
	const struct dax_info *info = report->info;
	uint64_t skip = info->resource - start; /* bytes of the region before the device */
	uint64_t from, len, end;

	if (__builtin_mul_overflow(sector, SECTOR, &from) ||
	    __builtin_mul_overflow(nr, SECTOR, &len) || __builtin_add_overflow(from, len, &end))
		return;
	if (end <= skip)
		return;
	from = from < skip ? 0 : from - skip;
	end -= skip;
	if (end > info->size)
		end = info->size;
	if (from < end)
		report->fn(report->data, from, end - from);
}

/* The attribute: one "SECTOR COUNT" per line. */
static void report_text(const struct report *report, uint64_t start, const char *text)
{
	unsigned long long sector, nr;
	int used;

	while (sscanf(text, "%llu %llu%n", &sector, &nr, &used) == 2) {
		report_run(report, start, sector, nr);
		text += used;
	}
}

static void ask_region_sysfs(const struct famfs_ctx *ctx, const struct report *report,
			     const char *region)
{
	char path[512];
	char text[DAX_SYSFS_TEXT + 1];
	uint64_t start, len;

	(void)snprintf(path, sizeof(path), REGIONS "/%s/resource", region);
	if (dax_sysfs_u64(ctx, path, &start) < 0)
		return;
	(void)snprintf(path, sizeof(path), REGIONS "/%s/size", region);
	if (dax_sysfs_u64(ctx, path, &len) < 0 || !region_has(report->info, start, len))
		return;
	(void)snprintf(path, sizeof(path), REGIONS "/%s/badblocks", region);
	if (dax_sysfs_text(ctx, path, text, sizeof(text)) == 0)
		report_text(report, start, text);
}

static int ask_sysfs(const struct famfs_ctx *ctx, const struct report *report)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;
	int rc = ctx_path(ctx, REGIONS, path, sizeof(path));

	if (rc < 0)
		return rc;
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir)) != NULL)
		if (strncmp(entry->d_name, "region", 6) == 0)
			ask_region_sysfs(ctx, report, entry->d_name);
	(void)closedir(dir);
	return 0;
}

#ifdef HAVE_LIBNDCTL

static void quiet(struct ndctl_ctx *ctx, int priority, const char *file, int line, const char *fn,
		  const char *format, va_list args)
{
	(void)ctx, (void)priority, (void)file, (void)line, (void)fn, (void)format, (void)args;
}

static void ask_region(const struct dax_ndctl *lib, const struct report *report,
		       struct ndctl_region *region)
{
	uint64_t start = lib->region_get_resource(region);
	struct badblock *bad;

	if (!region_has(report->info, start, lib->region_get_size(region)))
		return;
	for (bad = lib->region_get_first_badblock(region); bad;
	     bad = lib->region_get_next_badblock(region))
		report_run(report, start, bad->offset, bad->len);
}

static int ask_ndctl(const struct famfs_ctx *ctx, const struct report *report)
{
	struct dax_ndctl lib;
	struct ndctl_ctx *ndctl;
	struct ndctl_bus *bus;
	struct ndctl_region *region;
	int rc = dax_ndctl_load(ctx, &lib);

	if (rc < 0)
		return rc;
	rc = lib.new(&ndctl);
	if (rc < 0)
		goto unload;
	lib.set_log_fn(ndctl, quiet);
	for (bus = lib.bus_get_first(ndctl); bus; bus = lib.bus_get_next(bus))
		for (region = lib.region_get_first(bus); region;
		     region = lib.region_get_next(region))
			ask_region(&lib, report, region);
	lib.unref(ndctl);
unload:
	dax_ndctl_unload(&lib);
	return rc;
}

#else

static int ask_ndctl(const struct famfs_ctx *ctx, const struct report *report)
{
	(void)ctx, (void)report;
	return -ENOENT;
}

#endif

int dax_media_errors(const struct famfs_ctx *ctx, const struct dax_info *info,
		     void (*fn)(void *data, uint64_t off, uint64_t len), void *data,
		     struct famfs_err *err)
{
	struct report report = { .info = info, .fn = fn, .data = data };
	int rc = -ENOENT;

	/* A host without such regions is not worth loading a library for. */
	if (info->resource == FAMFS_NONE || (!*ctx->root && access(REGIONS, F_OK) < 0))
		return 0;
	/* The library knows only the real /sys. */
	if (!*ctx->root)
		rc = ask_ndctl(ctx, &report);
	if (rc == -ENOENT)
		rc = ask_sysfs(ctx, &report);
	if (rc < 0)
		return err_set(err, rc, info->name, "cannot ask for media errors: %s",
			       strerror(-rc));
	return 0;
}
