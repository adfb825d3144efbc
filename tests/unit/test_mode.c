/* SPDX-License-Identifier: Apache-2.0 */
/* Modes that are changed for a while, on a bus of files; real ones are in tests/vm. */
#include <linux/capability.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "dev.h"
#include "unit.h"
#include "scratch.h"
#include "dax_bus.h"

static const char *const others[] = { "fsdev_dax", "", "kmem", "strange" };

static struct dev *open_dev(struct famfs_ctx *ctx, unsigned int flags, struct famfs_err *err)
{
	struct dev *dev = NULL;

	return dev_open(ctx, BUS_NODE, flags, &dev, err) == 0 ? dev : NULL;
}

static bool has_record(void)
{
	return bus_has(BUS_RECORD, "", "", "");
}

/* Where it is not allowed, nothing changes. */
UNIT_TEST(refused_unless_allowed)
{
	for (size_t i = 0; i < UNIT_NR(others); i++) {
		struct famfs_ctx *ctx = bus_ctx(false);
		struct famfs_err err;

		UNIT_ROW("%s", others[i]);
		bus_make(others[i]);
		CHECK(open_dev(ctx, 0, &err) == NULL);
		CHECK(err.rc == -ENOTSUP || err.rc == -ENODEV);
		CHECK_HAS(err.hint, "dax0.0");
		CHECK_HAS(err.hint, "--set-mode");
		CHECK(bus_is(others[i]));
		CHECK(!has_record());
		famfs_ctx_free(ctx);
	}
}

UNIT_TEST(changed_and_put_back)
{
	for (size_t i = 0; i < UNIT_NR(others); i++) {
		struct famfs_ctx *ctx = bus_ctx(true);
		struct dev *dev, *again;
		struct famfs_err err;

		UNIT_ROW("%s", others[i]);
		bus_make(others[i]);
		dev = open_dev(ctx, 0, &err);
		REQUIRE(dev != NULL);
		CHECK(bus_is("device_dax"));
		CHECK(has_record());
		/* A second handle is only one more user. */
		again = open_dev(ctx, 0, &err);
		CHECK(again != NULL);
		dev_close(again);
		CHECK(bus_is("device_dax"));
		dev_close(dev);
		CHECK(bus_is("device_dax"));
		CHECK_EQ(famfs_modes_restore(ctx, &err), 0);
		CHECK(bus_is(others[i]));
		CHECK(!has_record());
		CHECK_EQ(famfs_modes_restore(ctx, &err), 0);
		famfs_ctx_free(ctx);
	}
}

/* The context's end is a way out, too. */
UNIT_TEST(put_back_with_the_context)
{
	struct famfs_ctx *ctx = bus_ctx(true);

	bus_make("fsdev_dax");
	dev_close(open_dev(ctx, DEV_WRITE, NULL));
	CHECK(bus_is("device_dax"));
	famfs_ctx_free(ctx);
	CHECK(bus_is("fsdev_dax"));
	CHECK(!has_record());
}

/* A device that is in devdax mode is left alone. */
UNIT_TEST(nothing_to_change)
{
	struct famfs_ctx *ctx = bus_ctx(true);

	bus_make("device_dax");
	dev_close(open_dev(ctx, DEV_WRITE, NULL));
	CHECK(!has_record());
	CHECK_EQ(famfs_modes_restore(ctx, NULL), 0);
	CHECK(bus_is("device_dax"));
	famfs_ctx_free(ctx);
}

static void is_refused(int rc, const char *message, const char *driver)
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

UNIT_TEST(a_device_in_use_is_not_touched)
{
	bus_make("fsdev_dax");
	scratch_link("root/proc/7/fd/3", BUS_NODE);
	scratch_file("root/proc/7/comm", "holder\n");
	is_refused(-EBUSY, "process 7 (holder)", "fsdev_dax");
	bus_make("fsdev_dax");
	scratch_file("root/proc/self/mounts", BUS_NODE " /mnt famfs rw 0 0\n");
	is_refused(-EBUSY, "mounted at /mnt", "fsdev_dax");
	bus_make("fsdev_dax");
	scratch_link("root/proc/self/ns/mnt", "mnt:[1]");
	scratch_link("root/proc/7/ns/mnt", "mnt:[2]");
	scratch_file("root/proc/7/mounts", BUS_NODE " /srv famfs rw 0 0\n");
	is_refused(-EBUSY, "mounted at /srv", "fsdev_dax");
	/* Opened in the instant before it was unbound. */
	bus_make("fsdev_dax");
	bus_flag("opened", true);
	is_refused(-EBUSY, "process 7", "fsdev_dax");
	bus_make("fsdev_dax");
	CHECK_EQ(nftw("root/proc", scratch_rm, 16, FTW_DEPTH | FTW_PHYS), 0);
	is_refused(-EPERM, "cannot be seen who has it open", "fsdev_dax");
}

/* Root's way around permissions, off and on. Return: what was in force. */
static uint32_t set_bypass(uint32_t bypass)
{
	const uint32_t bits = 1U << CAP_DAC_OVERRIDE | 1U << CAP_DAC_READ_SEARCH;
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	uint32_t before;

	if (syscall(SYS_capget, &head, data))
		abort();
	before = data[0].effective & bits;
	data[0].effective = (data[0].effective & ~bits) | bypass;
	if (syscall(SYS_capset, &head, data))
		abort();
	return before;
}

UNIT_TEST(processes_that_cannot_be_seen)
{
	uint32_t bypass = set_bypass(0);

	bus_make("fsdev_dax");
	CHECK_EQ(chmod("root/proc/7/fd", 0), 0);
	is_refused(-EPERM, "cannot be looked into", "fsdev_dax");
	CHECK_EQ(chmod("root/proc/7/fd", 0700), 0);
	(void)set_bypass(bypass);
}

UNIT_TEST(what_the_kernel_refuses)
{
	bus_make("fsdev_dax");
	bus_flag("fsdev_dax-unbind", true);
	is_refused(-EIO, "cannot be changed", "fsdev_dax");
	bus_make("fsdev_dax");
	bus_flag("device_dax-bind", true);
	bus_flag("device_dax-new_id", true);
	is_refused(-EIO, "device_dax/bind", "fsdev_dax");
	bus_make("");
	bus_flag("device_dax-bind", true);
	bus_flag("device_dax-new_id", true);
	is_refused(-EIO, "device_dax/bind", "");
	bus_make("fsdev_dax");
	CHECK_EQ(nftw("root/sys/bus/dax/drivers/device_dax", scratch_rm, 16, FTW_DEPTH | FTW_PHYS),
		 0);
	is_refused(-ENOENT, "no driver device_dax", "fsdev_dax");
	bus_make("fsdev_dax");
	CHECK_EQ(rmdir("root/run"), 0);
	is_refused(-ENOENT, "/run/famfs", "fsdev_dax");
}

static bool blocks_are(const char *want)
{
	char text[16] = "";

	for (char n = '2'; n <= '4'; n++) {
		char name[] = { '3', n, 0 };
		int fd = open(bus_path("root/sys/devices/system/memory/memory", name, "/state", ""),
			      O_RDONLY | O_CLOEXEC);
		ssize_t got = read(fd, text, sizeof(text) - 1);

		close(fd);
		if (got < 1 || strncmp(text, want, strlen(want)) != 0)
			return false;
	}
	return true;
}

UNIT_TEST(memory_that_the_kernel_uses)
{
	struct famfs_ctx *ctx = bus_ctx(true);
	struct famfs_err err;
	struct dev *dev;

	bus_make("kmem");
	dev = open_dev(ctx, 0, &err);
	REQUIRE(dev != NULL);
	CHECK(blocks_are("offline"));
	dev_close(dev);
	famfs_ctx_free(ctx);
	CHECK(bus_is("kmem"));
	CHECK(blocks_are("online"));
	/* One block is pinned: those that went offline come back. */
	bus_make("kmem");
	bus_flag("pinned", true);
	is_refused(-EBUSY, "cannot be taken offline", "kmem");
	CHECK(blocks_are("online"));
	/* What is written there would not last. */
	bus_make("kmem");
	ctx = bus_ctx(true);
	CHECK(open_dev(ctx, DEV_WRITE, &err) == NULL);
	CHECK_EQ(err.rc, -ENOTSUP);
	CHECK_HAS(err.message, "would be lost");
	CHECK(bus_is("kmem"));
	CHECK(!has_record());
	famfs_ctx_free(ctx);
}

/* A child that has the device open in a changed mode, and then ends by @sig; 0: just so. */
static pid_t child_with_device(int ready)
{
	pid_t pid = fork();
	struct famfs_ctx *ctx;

	if (pid)
		return pid;
	(void)setpgid(0, 0);
	/* A sanitizer would report the signal that is sent. */
	(void)signal(SIGSEGV, SIG_DFL);
	ctx = bus_ctx(true);
	if (open_dev(ctx, 0, NULL) && write(ready, "r", 1) == 1)
		pause();
	_exit(9);
}

UNIT_TEST(every_way_to_die)
{
	static const int signals[] = { SIGKILL, SIGSEGV, SIGTERM, SIGHUP, SIGINT, SIGQUIT, 0 };

	for (size_t i = 0; i < UNIT_NR(signals); i++) {
		int ends[2];
		char word = 0;
		pid_t pid;

		UNIT_ROW("signal %d", signals[i]);
		bus_make("fsdev_dax");
		REQUIRE(pipe(ends) == 0);
		pid = child_with_device(ends[1]);
		CHECK_EQ(read(ends[0], &word, 1), 1);
		CHECK(bus_is("device_dax"));
		/* To all of the group, as a terminal does: the guardian is in none of ours. */
		CHECK_EQ(kill(signals[i] ? -pid : pid, signals[i] ? signals[i] : SIGALRM), 0);
		CHECK_EQ(waitpid(pid, NULL, 0), pid);
		CHECK(bus_becomes("fsdev_dax"));
		close(ends[0]);
		close(ends[1]);
	}
}

/* It goes back when the last one has closed it, without anybody's doing. */
UNIT_TEST(somebody_opened_it_meanwhile)
{
	struct famfs_ctx *ctx = bus_ctx(true);
	struct famfs_err err;

	bus_make("fsdev_dax");
	dev_close(open_dev(ctx, 0, NULL));
	scratch_link("root/proc/7/fd/3", BUS_NODE);
	CHECK_EQ(famfs_modes_restore(ctx, &err), -EBUSY);
	CHECK_HAS(err.message, "until all that have it open");
	CHECK_EQ(famfs_modes_restore(ctx, &err), 0);
	famfs_ctx_free(ctx);
	CHECK(bus_is("device_dax"));
	CHECK_EQ(unlink("root/proc/7/fd/3"), 0);
	CHECK(bus_becomes("fsdev_dax"));
}

/* Another command, which did not change the mode, relies on it. */
UNIT_TEST(another_command_uses_it)
{
	struct famfs_ctx *ctx = bus_ctx(true), *other = bus_ctx(false), *third = bus_ctx(true);
	struct famfs_err err;
	struct dev *dev, *late;

	bus_make("fsdev_dax");
	dev_close(open_dev(ctx, 0, NULL));
	dev = open_dev(other, 0, NULL);
	REQUIRE(dev != NULL);
	CHECK_EQ(famfs_modes_restore(ctx, &err), -EBUSY);
	CHECK_HAS(err.message, "other commands");
	late = open_dev(third, 0, NULL);
	REQUIRE(late != NULL);
	dev_close(dev);
	CHECK_EQ(famfs_modes_restore(third, &err), 0);
	CHECK(bus_is("device_dax"));
	dev_close(late);
	CHECK(bus_becomes("fsdev_dax"));
	famfs_ctx_free(ctx);
	famfs_ctx_free(other);
	famfs_ctx_free(third);
}

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
