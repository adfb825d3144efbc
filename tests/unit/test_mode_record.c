/* SPDX-License-Identifier: Apache-2.0 */
/* Records of changed modes: what lists and later commands make of them, and of what is none. */
#include <sys/file.h>

#include "unit.h"
#include "coverage.h"
#include "scratch.h"
#include "dax_bus.h"
#include "mode_change.h"

static void look(struct famfs_device *device)
{
	struct famfs_ctx *ctx = bus_ctx(false);

	CHECK_EQ(famfs_device_get(ctx, BUS_NODE, device, NULL), 0);
	famfs_ctx_free(ctx);
}

UNIT_TEST(lists_tell)
{
	struct famfs_ctx *ctx = bus_ctx(true);
	struct famfs_device device;

	bus_make("fsdev_dax");
	look(&device);
	CHECK_EQ(device.change, FAMFS_CHANGE_NONE);
	dev_close(open_dev(ctx, 0, NULL));
	look(&device);
	CHECK_EQ(device.change, FAMFS_CHANGE_NOW);
	CHECK_EQ(device.mode, FAMFS_MODE_DEVDAX);
	CHECK_EQ(device.mode_before, FAMFS_MODE_FAMFS);
	CHECK_EQ(device.change_pid, getpid());
	famfs_ctx_free(ctx);
	look(&device);
	CHECK_EQ(device.change, FAMFS_CHANGE_NONE);
}

static void leave_behind(const char *record, const char *now)
{
	bus_make(now);
	scratch_file(BUS_RECORD, record);
}

/* The command and its guardian were killed together: the next one with the option puts it back. */
UNIT_TEST(left_behind)
{
	static const struct {
		const char *record, *now, *before, *put_back;
	} rows[] = {
		{ "famfs-mode 1 dax0.0 1:5 fsdev_dax - 77\n", "device_dax", "fsdev_dax",
		  "echo dax0.0 > /sys/bus/dax/drivers/device_dax/unbind; echo dax0.0 > "
		  "/sys/bus/dax/drivers/fsdev_dax/new_id" },
		{ "famfs-mode 1 dax0.0 1:5 fsdev_dax - 77\n", "", "fsdev_dax",
		  "echo dax0.0 > /sys/bus/dax/drivers/fsdev_dax/new_id" },
		{ "famfs-mode 1 dax0.0 1:5 - - 77\n", "device_dax", "",
		  "echo dax0.0 > /sys/bus/dax/drivers/device_dax/unbind" },
		{ "famfs-mode 1 dax0.0 1:5 kmem online_movable 77\n", "device_dax", "kmem",
		  "daxctl reconfigure-device --mode=system-ram dax0.0" },
		{ "famfs-mode 1 dax0.0 1:5 kmem offline 77\n", "device_dax", "kmem",
		  "daxctl reconfigure-device --mode=system-ram --no-online dax0.0" },
	};

	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		struct famfs_ctx *ctx = bus_ctx(true), *other = bus_ctx(false);
		struct famfs_device device;

		UNIT_ROW("%s on %s", rows[i].record, rows[i].now);
		leave_behind(rows[i].record, rows[i].now);
		look(&device);
		CHECK_EQ(device.change, FAMFS_CHANGE_LEFT);
		CHECK_EQ(device.change_pid, 77);
		CHECK_STR(device.put_back, rows[i].put_back);
		/* Who was not asked to, does not. */
		dev_close(open_dev(other, 0, NULL));
		famfs_ctx_free(other);
		CHECK(bus_is(rows[i].now));
		CHECK(has_record());
		dev_close(open_dev(ctx, 0, NULL));
		CHECK(bus_is("device_dax"));
		famfs_ctx_free(ctx);
		CHECK(bus_is(rows[i].before));
		CHECK(!has_record());
	}
}

/* Put back by hand, of another device, or not readable as a record: it is void. */
UNIT_TEST(records_that_are_void)
{
	static const char *const records[] = {
		"famfs-mode 1 dax0.0 1:5 device_dax - 77\n",
		"famfs-mode 1 dax0.0 1:6 kmem - 77\n",
		"famfs-mode 1 dax1.0 1:5 fsdev_dax - 77\n",
		"famfs-mode 1 dax0.0 1:5 ../x - 77\n",
		"famfs-mode 1 dax0.0 1:5 kmem onlin 77\n",
		"famfs-mode 2 dax0.0\n",
		"",
	};

	for (size_t i = 0; i < UNIT_NR(records); i++) {
		struct famfs_ctx *ctx = bus_ctx(true);

		UNIT_ROW("%s", records[i]);
		leave_behind(records[i], "device_dax");
		dev_close(open_dev(ctx, 0, NULL));
		CHECK(!has_record());
		famfs_ctx_free(ctx);
		CHECK(bus_is("device_dax"));
	}
}

static bool make_hostile(const char *what)
{
	if (!strcmp(what, "fifo"))
		return mkfifo(BUS_RECORD, 0600) == 0;
	if (!strcmp(what, "link"))
		return symlink("../../record", BUS_RECORD) == 0;
	if (!strcmp(what, "directory"))
		return mkdir(BUS_RECORD, 0755) == 0;
	return rename("root/record", BUS_RECORD) == 0 &&
	       (!strcmp(what, "writable") ? chmod(BUS_RECORD, 0666)
					  : chown(BUS_RECORD, 65534, 65534)) == 0;
}

/* What root did not put there says nothing, and stops nobody. */
UNIT_TEST(records_of_others)
{
	static const char *const rows[] = { "fifo", "link", "directory", "writable", "owner" };

	for (size_t i = 0; i < UNIT_NR(rows); i++) {
		struct famfs_ctx *ctx = bus_ctx(true), *other = bus_ctx(false);
		struct famfs_device device;
		struct famfs_err err;

		/* Only root gives its files away. */
		if (!strcmp(rows[i], "owner") && geteuid())
			continue;
		UNIT_ROW("%s", rows[i]);
		bus_make("device_dax");
		scratch_dirs(BUS_RECORD);
		scratch_file("root/record", "famfs-mode 1 dax0.0 1:5 kmem - 77\n");
		CHECK(make_hostile(rows[i]));
		look(&device);
		CHECK_EQ(device.change, FAMFS_CHANGE_NONE);
		dev_close(open_dev(other, 0, NULL));
		famfs_ctx_free(other);
		dev_close(open_dev(ctx, 0, NULL));
		CHECK_EQ(famfs_modes_restore(ctx, NULL), 0);
		CHECK(bus_is("device_dax"));
		/* A device that is changed and put back, as if it were not there. */
		bus_bind("fsdev_dax");
		scratch_file("root/ids/fsdev_dax", "");
		dev_close(open_dev(ctx, 0, &err));
		CHECK(bus_is(strcmp(rows[i], "directory") ? "device_dax" : "fsdev_dax"));
		famfs_ctx_free(ctx);
		CHECK(bus_is("fsdev_dax"));
	}
}

UNIT_TEST(directories_of_others)
{
	bus_make("fsdev_dax");
	CHECK_EQ(mkdir("root/run/famfs", 0777), 0);
	CHECK_EQ(chmod("root/run/famfs", 0777), 0);
	is_refused(-EPERM, "others than root can write to /run/famfs", "fsdev_dax");
	bus_make("fsdev_dax");
	CHECK_EQ(mkdir("root/elsewhere", 0755), 0);
	scratch_link("root/run/famfs", "../elsewhere");
	is_refused(-EPERM, "others than root can write to /run/famfs", "fsdev_dax");
}

/* The record of a device that had the name before, as lists see it. */
UNIT_TEST(record_of_another_number)
{
	struct famfs_device device;

	leave_behind("famfs-mode 1 dax0.0 1:6 fsdev_dax - 77\n", "device_dax");
	look(&device);
	CHECK_EQ(device.change, FAMFS_CHANGE_NONE);
}

/* With the device goes what was to be put back. */
UNIT_TEST(the_device_vanishes)
{
	struct famfs_ctx *ctx = bus_ctx(true);
	struct famfs_err err;

	bus_make("fsdev_dax");
	dev_close(open_dev(ctx, 0, NULL));
	CHECK(has_record());
	CHECK_EQ(unlink("root/sys/dev/char/" BUS_NUMBER), 0);
	CHECK_EQ(famfs_modes_restore(ctx, &err), 0);
	CHECK(!has_record());
	famfs_ctx_free(ctx);
}

/* Another one is just changing modes: who waits for it can be interrupted. */
UNIT_TEST(waiting_is_cancelled)
{
	int fd, allowed;

	for (allowed = 0; allowed < 2; allowed++) {
		struct famfs_ctx *ctx = bus_ctx(allowed);
		struct famfs_err err;

		bus_make("fsdev_dax");
		scratch_file(BUS_RECORD, "famfs-mode 1 dax0.0 1:5 kmem - 77\n");
		scratch_file("root/run/famfs/lock", "");
		fd = open(allowed ? "root/run/famfs/lock" : BUS_RECORD, O_RDONLY | O_CLOEXEC);
		CHECK_EQ(flock(fd, LOCK_EX), 0);
		famfs_cancel(ctx);
		CHECK(open_dev(ctx, 0, &err) == NULL);
		CHECK_EQ(err.rc, -ECANCELED);
		close(fd);
		famfs_ctx_free(ctx);
	}
}

/* The kernel does not take it back: that is told, and what to type; lists go on to tell it. */
UNIT_TEST(cannot_be_put_back)
{
	struct famfs_ctx *ctx = bus_ctx(true);
	struct famfs_device device;
	struct famfs_err err;

	bus_make("fsdev_dax");
	dev_close(open_dev(ctx, 0, NULL));
	bus_flag("fsdev_dax-bind", true);
	bus_flag("fsdev_dax-new_id", true);
	CHECK_EQ(famfs_modes_restore(ctx, &err), -EIO);
	CHECK_HAS(err.message, "could not be put back");
	CHECK_HAS(err.hint, "> /sys/bus/dax/drivers/fsdev_dax/new_id");
	famfs_ctx_free(ctx);
	look(&device);
	CHECK_EQ(device.change, FAMFS_CHANGE_LEFT);
	CHECK_EQ(device.mode, FAMFS_MODE_UNBOUND);
	/* With the cause gone, the next command does it. */
	bus_flag("fsdev_dax-bind", false);
	bus_flag("fsdev_dax-new_id", false);
	ctx = bus_ctx(true);
	dev_close(open_dev(ctx, 0, NULL));
	famfs_ctx_free(ctx);
	CHECK(bus_is("fsdev_dax"));
}

UNIT_MAIN
