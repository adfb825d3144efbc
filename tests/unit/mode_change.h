/* SPDX-License-Identifier: Apache-2.0 */
/* A device of the bus of files that is opened in the wrong mode. Include behind dax_bus.h. */
#ifndef FAMFS_TESTS_MODE_CHANGE_H
#define FAMFS_TESTS_MODE_CHANGE_H

#include "dev.h"

static inline struct dev *open_dev(struct famfs_ctx *ctx, unsigned int flags, struct famfs_err *err)
{
	struct dev *dev = NULL;

	return dev_open(ctx, BUS_NODE, flags, &dev, err) == 0 ? dev : NULL;
}

static inline bool has_record(void)
{
	return bus_has(BUS_RECORD, "", "", "");
}

static inline void is_refused(int rc, const char *message, const char *driver)
{
	struct famfs_ctx *ctx = bus_ctx(true);
	struct famfs_err err = { 0 };

	UNIT_ROW("%s", message);
	CHECK(open_dev(ctx, 0, &err) == NULL);
	CHECK_EQ(err.rc, rc);
	CHECK_HAS(err.message, message);
	CHECK(bus_is(driver));
	CHECK(!has_record());
	famfs_ctx_free(ctx);
	CHECK(bus_is(driver));
}

#endif
