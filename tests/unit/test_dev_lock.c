/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "dev.h"
#include "unit.h"
#include "faults.h"
#include "scratch.h"

#define MIB (1ULL << 20)

static struct dev *open_dev(struct famfs_ctx *ctx, const char *name)
{
	struct dev *dev = NULL;

	CHECK_EQ(dev_open(ctx, name, DEV_WRITE, &dev, NULL), 0);
	return dev;
}

UNIT_TEST(one_writer)
{
	struct famfs_ctx *ctx = NULL;
	struct dev *a, *b;
	struct famfs_err err;

	CHECK_EQ(famfs_ctx_new(&ctx), 0);
	scratch_image("lock.img", MIB);
	a = open_dev(ctx, "lock.img");
	b = open_dev(ctx, "lock.img");
	REQUIRE(a && b);
	CHECK_EQ(dev_lock(a, true, &err), 0);
	CHECK(a->locked);
	CHECK_EQ(dev_lock(a, false, &err), 0);
	CHECK_EQ(dev_lock(b, false, &err), -EBUSY);
	CHECK(!b->locked);
	CHECK_STR(err.object, "lock.img");
	CHECK(err.hint[0] != '\0');
	/* Reservations are another kind of lock. */
	CHECK_EQ(dev_hold(b, 0, MIB, &err), 0);
	dev_unlock(a);
	CHECK_EQ(dev_lock(b, false, &err), 0);
	CHECK_EQ(dev_lock(a, false, &err), -EBUSY);
	dev_close(b);
	CHECK_EQ(dev_lock(a, false, &err), 0);
	dev_close(a);
	famfs_ctx_free(ctx);
}

/* The child takes the lock while the parent has it, and so must wait for the parent's store. */
UNIT_TEST(writers_wait_in_turn)
{
	struct famfs_ctx *ctx = NULL;
	struct dev *dev;
	int status = -1;
	pid_t pid;

	CHECK_EQ(famfs_ctx_new(&ctx), 0);
	scratch_image("turn.img", MIB);
	dev = open_dev(ctx, "turn.img");
	REQUIRE(dev && dev_lock(dev, true, NULL) == 0 && dev_map(dev, 4096, NULL) == 0);
	pid = fork();
	if (pid == 0) {
		struct dev *own = NULL;
		char seen = 0;
		bool good = dev_open(ctx, "turn.img", DEV_WRITE, &own, NULL) == 0 &&
			    dev_lock(own, false, NULL) == -EBUSY &&
			    dev_lock(own, true, NULL) == 0 && dev_map(own, 4096, NULL) == 0 &&
			    dev_read(own, 0, &seen, 1, NULL) == 0 && seen == 'p';

		_exit(good ? 0 : 1);
	}
	usleep(50000);
	CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
	CHECK_EQ(dev_store(dev, 0, "p", 1, NULL), 0);
	dev_unlock(dev);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	dev_close(dev);
	famfs_ctx_free(ctx);
}

UNIT_TEST(lock_of_a_replaced_image)
{
	struct famfs_ctx *ctx = NULL;
	struct dev *dev;
	struct famfs_err err;

	CHECK_EQ(famfs_ctx_new(&ctx), 0);
	scratch_image("old.img", MIB);
	dev = open_dev(ctx, "old.img");
	scratch_image("next.img", MIB);
	CHECK_EQ(rename("next.img", "old.img"), 0);
	CHECK_EQ(dev_lock(dev, true, &err), -ESTALE);
	CHECK(!dev->locked);
	CHECK_EQ(unlink("old.img"), 0);
	CHECK_EQ(dev_lock(dev, true, &err), -ESTALE);
	dev_close(dev);
	famfs_ctx_free(ctx);
}

/* All ranges that others hold, from @off on, as "off+len off+len ..." in MiB. */
static void list_held(struct dev *dev, uint64_t at, char *buf, size_t len)
{
	uint64_t off, held;
	size_t used = 0;

	buf[0] = '\0';
	while (used < len && dev_held_next(dev, at, &off, &held, NULL) == 1) {
		used += (size_t)snprintf(buf + used, len - used, "%llu+%llu ",
					 (unsigned long long)(off / MIB),
					 (unsigned long long)(held / MIB));
		at = off + held;
	}
}

static void check_held(const char *name)
{
	struct famfs_ctx *ctx = NULL;
	struct dev *a, *b, *c;
	struct famfs_err err;
	char list[256];

	CHECK_EQ(famfs_ctx_new(&ctx), 0);
	a = open_dev(ctx, name);
	b = open_dev(ctx, name);
	c = open_dev(ctx, name);
	REQUIRE(a && b && c);
	list_held(c, 0, list, sizeof(list));
	CHECK_STR(list, "");
	/* Taken in no order, so that the kernel's own order cannot be the right one by chance. */
	CHECK_EQ(dev_hold(a, 20 * MIB, 2 * MIB, &err), 0);
	CHECK_EQ(dev_hold(b, 30 * MIB, 4 * MIB, &err), 0);
	CHECK_EQ(dev_hold(a, 4 * MIB, 2 * MIB, &err), 0);
	CHECK_EQ(dev_hold(b, 10 * MIB, 2 * MIB, &err), 0);
	CHECK_EQ(dev_hold(a, 40 * MIB, 0, &err), 0);
	CHECK_EQ(dev_hold(b, 21 * MIB, MIB, &err), -EBUSY);
	CHECK_EQ(err.off, 21 * MIB);
	list_held(c, 0, list, sizeof(list));
	CHECK_STR(list, "4+2 10+2 20+2 30+4 ");
	list_held(c, 5 * MIB, list, sizeof(list));
	CHECK_STR(list, "4+2 10+2 20+2 30+4 ");
	list_held(c, 12 * MIB, list, sizeof(list));
	CHECK_STR(list, "20+2 30+4 ");
	list_held(c, 34 * MIB, list, sizeof(list));
	CHECK_STR(list, "");
	list_held(c, UINT64_MAX, list, sizeof(list));
	CHECK_STR(list, "");
	/* One's own are not seen. */
	list_held(a, 0, list, sizeof(list));
	CHECK_STR(list, "10+2 30+4 ");
	dev_drop(a, 20 * MIB, 2 * MIB);
	list_held(c, 0, list, sizeof(list));
	CHECK_STR(list, "4+2 10+2 30+4 ");
	dev_close(b);
	list_held(c, 0, list, sizeof(list));
	CHECK_STR(list, "4+2 ");
	CHECK_EQ(dev_hold(c, UINT64_MAX - MIB, 2 * MIB, &err), -ERANGE);
	dev_close(a);
	dev_close(c);
	famfs_ctx_free(ctx);
}

UNIT_TEST(reservations_are_listed_in_order)
{
	scratch_image("hold.img", 64 * MIB + 8192);
	check_held("hold.img");
	check_held("hold.img@8k");
}

UNIT_TEST(reservations_die_with_their_process)
{
	struct famfs_ctx *ctx = NULL;
	struct dev *dev;
	char list[64];
	int ready[2], go[2];
	char byte = 0;
	pid_t pid;

	CHECK_EQ(famfs_ctx_new(&ctx), 0);
	scratch_image("die.img", 64 * MIB);
	REQUIRE(pipe(ready) == 0 && pipe(go) == 0);
	pid = fork();
	if (pid == 0) {
		struct dev *own = NULL;

		if (dev_open(ctx, "die.img", DEV_WRITE, &own, NULL) == 0 &&
		    dev_hold(own, 6 * MIB, 2 * MIB, NULL) == 0 && write(ready[1], "r", 1) == 1)
			(void)!read(go[0], &byte, 1);
		_exit(0);
	}
	close(ready[1]);
	CHECK_EQ(read(ready[0], &byte, 1), 1);
	dev = open_dev(ctx, "die.img");
	list_held(dev, 0, list, sizeof(list));
	CHECK_STR(list, "6+2 ");
	CHECK_EQ(dev_hold(dev, 7 * MIB, MIB, NULL), -EBUSY);
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	list_held(dev, 0, list, sizeof(list));
	CHECK_STR(list, "");
	CHECK_EQ(dev_hold(dev, 7 * MIB, MIB, NULL), 0);
	close(ready[0]);
	close(go[0]);
	close(go[1]);
	dev_close(dev);
	famfs_ctx_free(ctx);
}

/* Locks of other programs may be of any shape. */
UNIT_TEST(foreign_locks_are_clipped)
{
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct famfs_ctx *ctx = NULL;
	uint64_t off = 1, len = 0;
	struct dev *dev = NULL;
	int fd;

	CHECK_EQ(famfs_ctx_new(&ctx), 0);
	scratch_image("foreign.img", MIB);
	fd = open("foreign.img", O_RDWR | O_CLOEXEC);
	REQUIRE(fd >= 0);
	CHECK_EQ(fcntl(fd, F_OFD_SETLK, &all), 0);
	CHECK_EQ(dev_open(ctx, "foreign.img@4k", 0, &dev, NULL), 0);
	CHECK_EQ(dev_held_next(dev, 0, &off, &len, NULL), 1);
	CHECK_EQ(off, 0);
	CHECK_EQ(len, (uint64_t)INT64_MAX - 4096);
	CHECK_EQ(dev_held_next(dev, off + len, &off, &len, NULL), 0);
	close(fd);
	dev_close(dev);
	famfs_ctx_free(ctx);
}

static bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return good;
}

/* A namespace in which this process may mount; who is not root is root only there. */
static bool enter_namespace(void)
{
	char users[32], groups[32];

	if (geteuid() == 0)
		return unshare(CLONE_NEWNS) == 0;
	(void)snprintf(users, sizeof(users), "0 %u 1", geteuid());
	(void)snprintf(groups, sizeof(groups), "0 %u 1", getegid());
	return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
	       write_text("/proc/self/uid_map", users) &&
	       write_text("/proc/self/setgroups", "deny") &&
	       write_text("/proc/self/gid_map", groups);
}

/* With a small tmpfs on "mnt". Return: as @doing, 77 if that cannot be had. */
static int in_namespace(int (*doing)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		if (mkdir("mnt", 0755) < 0 && errno != EEXIST)
			_exit(2);
		if (!enter_namespace() ||
		    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
		    mount("famfs-test", "mnt", "tmpfs", 0, "size=1m") < 0)
			_exit(77);
		_exit(doing());
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define EXPECT(cond)                                                                               \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			printf("# %s:%d: %s\n", __FILE__, __LINE__, #cond);                        \
			return 1;                                                                  \
		}                                                                                  \
	} while (0)

static int fill_disk(void)
{
	struct famfs_ctx *ctx = NULL;
	struct famfs_err err;
	struct dev *dev = NULL;
	char page[4096];

	memset(page, 1, sizeof(page));
	EXPECT(famfs_ctx_new(&ctx) == 0);
	scratch_image("mnt/full.img", 64 * MIB);
	EXPECT(dev_open(ctx, "mnt/full.img", DEV_WRITE, &dev, &err) == 0);
	EXPECT(dev_map(dev, 8 * MIB, &err) == 0);
	EXPECT(dev_reserve(dev, 0, 65536, &err) == 0);
	EXPECT(dev_reserve(dev, 65536, 4 * MIB, &err) == -ENOSPC);
	EXPECT(err.off == 65536 && strstr(err.hint, "df mnt/full.img"));
	/* Reserved is reserved, while what is not may not be had. */
	EXPECT(dev_reserve(dev, 65536, MIB - 2 * 65536, &err) == 0);
	EXPECT(dev_store(dev, 65536 - 4096, page, sizeof(page), &err) == 0);
	for (uint64_t off = 2 * MIB; off < 4 * MIB; off += 4096)
		if (dev_store(dev, off, page, sizeof(page), &err) < 0)
			break;
	EXPECT(err.rc == -EIO && strstr(err.message, "full"));
	EXPECT(dev_store(dev, 65536 - 4096, page, sizeof(page), &err) == 0);
	/* Zeroing gives back what it took. */
	EXPECT(dev_zero(dev, 0, 64 * MIB, NULL, NULL, &err) == 0);
	EXPECT(dev_reserve(dev, 0, MIB / 2, &err) == 0);
	dev_close(dev);
	famfs_ctx_free(ctx);
	return 0;
}

UNIT_TEST(full_disk)
{
	int rc = in_namespace(fill_disk);

	if (rc == 77)
		SKIP("no tmpfs can be mounted here");
	CHECK_EQ(rc, 0);
}

static int open_on_readonly(void)
{
	struct famfs_ctx *ctx = NULL;
	struct famfs_err err;
	struct dev *dev = NULL;

	EXPECT(famfs_ctx_new(&ctx) == 0);
	scratch_image("mnt/ro.img", MIB);
	EXPECT(mount("none", "mnt", "none", MS_REMOUNT | MS_RDONLY, NULL) == 0);
	EXPECT(dev_open(ctx, "mnt/ro.img", DEV_WRITE, &dev, &err) == -EROFS);
	EXPECT(strstr(err.hint, "remount,rw"));
	EXPECT(dev_open(ctx, "mnt/ro.img", 0, &dev, &err) == 0);
	EXPECT(dev_map(dev, MIB, &err) == 0);
	dev_close(dev);
	famfs_ctx_free(ctx);
	return 0;
}

UNIT_TEST(readonly_file_system)
{
	int rc = in_namespace(open_on_readonly);

	if (rc == 77)
		SKIP("no tmpfs can be mounted here");
	CHECK_EQ(rc, 0);
}

/* The source of a tmpfs is any text: here it names the image. */
static int mount_from_image(void)
{
	char source[PATH_MAX + 32];
	struct famfs_ctx *ctx = NULL;
	struct dev *dev = NULL;

	EXPECT(famfs_ctx_new(&ctx) == 0);
	scratch_image("with space\\n.img", MIB);
	scratch_image("famfs-test", MIB);
	EXPECT(dev_open(ctx, "with space\\n.img", 0, &dev, NULL) == 0);
	EXPECT(!dev_is_mounted(dev));
	(void)snprintf(source, sizeof(source), "%s/./with space\\n.img", scratch_dir);
	EXPECT(mount(source, "mnt", "tmpfs", 0, NULL) == 0);
	EXPECT(dev_is_mounted(dev));
	dev_close(dev);
	/* This one only has the name that some mount carries. */
	EXPECT(dev_open(ctx, "famfs-test", 0, &dev, NULL) == 0);
	EXPECT(!dev_is_mounted(dev));
	dev_close(dev);
	famfs_ctx_free(ctx);
	return 0;
}

UNIT_TEST(mounted_devices_are_known)
{
	int rc = in_namespace(mount_from_image);

	if (rc == 77)
		SKIP("no tmpfs can be mounted here");
	CHECK_EQ(rc, 0);
}

UNIT_MAIN
