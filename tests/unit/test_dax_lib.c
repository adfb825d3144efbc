/* SPDX-License-Identifier: Apache-2.0 */
/* libdaxctl and libndctl that are not installed, or older than those known here. */
#include <errno.h>

#include "dax_impl.h"
#include "unit.h"
#include "loading.h"

static char said[256];

static void say(void *data, const char *message)
{
	(void)data;
	(void)snprintf(said, sizeof(said), "%s", message);
}

static struct famfs_ctx *telling(void)
{
	struct famfs_ctx *ctx = NULL;

	CHECK_EQ(famfs_ctx_new(&ctx), 0);
	famfs_ctx_set_debug(ctx, say, NULL);
	return ctx;
}

/* @load fails when the library is missing, and when @symbol is; each time nothing stays loaded. */
static void needs(int (*load)(const struct famfs_ctx *ctx), const char *symbol)
{
	struct famfs_ctx *ctx = telling();

	UNIT_ROW("%s", symbol);
	loading.missing = true;
	CHECK_EQ(load(ctx), -ENOENT);
	CHECK_HAS(said, "libmissing.so");
	loading.missing = false;
	if (load(ctx) == 0) {
		loading.symbol = symbol;
		CHECK_EQ(load(ctx), -ENOENT);
		CHECK_HAS(said, symbol);
		loading.symbol = NULL;
	}
	CHECK_EQ(loading.open, 0);
	famfs_ctx_free(ctx);
}

static int load_daxctl(const struct famfs_ctx *ctx)
{
	struct dax_daxctl lib;
	int rc = dax_daxctl_load(ctx, &lib);

	if (!rc)
		dax_daxctl_unload(&lib);
	return rc;
}

UNIT_TEST(libdaxctl)
{
	needs(load_daxctl, "daxctl_new");
	needs(load_daxctl, "daxctl_dev_get_target_node");
}

/* What changes modes is not in every version. */
UNIT_TEST(optional_functions)
{
	struct famfs_ctx *ctx = telling();
	struct dax_daxctl lib;

	loading.symbol = "daxctl_dev_enable_ram";
	if (dax_daxctl_load(ctx, &lib))
		SKIP("libdaxctl is not installed");
	CHECK(lib.dev_enable_ram == NULL);
	CHECK(lib.dev_get_size != NULL);
	dax_daxctl_unload(&lib);
	loading.symbol = NULL;
	famfs_ctx_free(ctx);
}

#ifdef HAVE_LIBNDCTL
static int load_ndctl(const struct famfs_ctx *ctx)
{
	struct dax_ndctl lib;
	int rc = dax_ndctl_load(ctx, &lib);

	if (!rc)
		dax_ndctl_unload(&lib);
	return rc;
}

UNIT_TEST(libndctl)
{
	needs(load_ndctl, "ndctl_region_get_next_badblock");
}
#endif

UNIT_MAIN
