/* SPDX-License-Identifier: Apache-2.0 */
/* Modes that are changed for a while, on a bus of files; real ones are in tests/vm. */
#include <signal.h>
#include <sys/wait.h>

#include "unit.h"
#include "coverage.h"
#include "scratch.h"
#include "dax_bus.h"
#include "mode_change.h"
#include "bypass.h"

static const char *const others[] = { "fsdev_dax", "", "kmem", "strange" };

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
	bus_make("fsdev_dax");
	CHECK_EQ(unlink("root/proc/self/mounts"), 0);
	scratch_file("root/proc/self/mounts/x", "");
	is_refused(-EISDIR, "cannot be seen whether it is mounted", "fsdev_dax");
	/* Opened in the instant before it was unbound. */
	bus_make("fsdev_dax");
	bus_flag("opened", true);
	is_refused(-EBUSY, "process 7", "fsdev_dax");
	bus_make("fsdev_dax");
	scratch_link("root/proc/self/ns/pid", "pid:[4026532841]");
	is_refused(-EPERM, "outside of this container", "fsdev_dax");
	bus_make("fsdev_dax");
	CHECK_EQ(nftw("root/proc", scratch_rm, 16, FTW_DEPTH | FTW_PHYS), 0);
	is_refused(-EPERM, "cannot be seen who has it open", "fsdev_dax");
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
	/* That is for the user to try. */
	bus_flag("again", true);
	is_refused(-EAGAIN, "cannot be changed", "fsdev_dax");
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

/* Opens and puts back; by the end the bus has been stored to @stores times, or it did not come. */
static pid_t child_that_ends_early(int stores, int sig)
{
	struct famfs_ctx *ctx;
	pid_t pid = fork();

	if (pid)
		return pid;
	ctx = bus_ctx(true);
	bus_end.pid = getpid();
	bus_end.stores = stores;
	bus_end.sig = sig;
	dev_close(open_dev(ctx, 0, NULL));
	famfs_ctx_free(ctx);
	_exit(bus_end.stores >= 0 ? 42 : 0);
}

/* While the mode is changed, and while it is put back: between any two stores. */
UNIT_TEST(ends_in_the_midst_of_it)
{
	static const int signals[] = { SIGKILL, SIGINT, 0 };
	int status = 0;

	for (size_t i = 0; i < UNIT_NR(others) * UNIT_NR(signals); i++) {
		const char *driver = others[i / UNIT_NR(signals)];
		int stores = 0, sig = signals[i % UNIT_NR(signals)];

		do {
			pid_t pid;

			UNIT_ROW("%s, signal %d before store %d", driver, sig, stores);
			bus_make(driver);
			pid = child_that_ends_early(stores++, sig);
			CHECK_EQ(waitpid(pid, &status, 0), pid);
			CHECK(bus_becomes(driver));
			if (*driver == 'k')
				CHECK(blocks_are("online"));
		} while (status != 42 << 8 && stores < 50);
		CHECK(stores > 2 && stores < 50);
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

UNIT_MAIN
