/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "ctx.h"
#include "users.h"
#include "unit.h"
#include "scratch.h"
#include "bypass.h"

static bool has_us(const struct users *users)
{
	for (uint64_t i = 0; i < users->nr && i < FAMFS_USERS_MAX; i++)
		if (users->first[i].pid == getpid())
			return true;
	return false;
}

/* Has the first thread not ended yet? */
static bool is_running(pid_t pid)
{
	char path[64], target[1];

	(void)snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	return readlink(path, target, sizeof(target)) > 0;
}

/* The processes of this host: this one, as long as it has the file open or mapped. */
UNIT_TEST(open_and_mapped)
{
	struct famfs_ctx *ctx = NULL;
	struct users users;
	struct stat st;
	void *map;
	int fd;

	REQUIRE(famfs_ctx_new(&ctx) == 0);
	scratch_image("used.img", 1 << 20);
	CHECK_EQ(stat("used.img", &st), 0);
	users_scan(ctx, &st, &users);
	CHECK_EQ(users.nr, 0);
	fd = open("used.img", O_RDONLY | O_CLOEXEC);
	users_scan(ctx, &st, &users);
	CHECK_EQ(users.nr, 1);
	CHECK(has_us(&users));
	CHECK(users.first[0].command[0] != '\0');
	map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	REQUIRE(map != MAP_FAILED);
	close(fd);
	users_scan(ctx, &st, &users);
	CHECK_EQ(users.nr, 1);
	CHECK(has_us(&users));
	munmap(map, 4096);
	users_scan(ctx, &st, &users);
	CHECK_EQ(users.nr, 0);
	famfs_ctx_free(ctx);
}

static void *hold_and_wait(void *arg)
{
	const int *ends = arg;
	int fd = open("headless.img", O_RDONLY | O_CLOEXEC);
	char word;

	if (fd < 0 || write(ends[1], "r", 1) != 1)
		_exit(1);
	while (read(ends[0], &word, 1) > 0)
		;
	_exit(0);
}

/* A process whose first thread has ended holds what its others have open. */
UNIT_TEST(first_thread_has_ended)
{
	/* Of the second thread, which finds nothing of the first one's stack. */
	static int ours[2];
	struct famfs_ctx *ctx = NULL;
	struct users users = { 0 };
	int ends[2], more[2];
	struct stat st;
	char word = 0;
	pid_t pid;

	REQUIRE(famfs_ctx_new(&ctx) == 0 && pipe(ends) == 0 && pipe(more) == 0);
	ours[0] = more[0];
	ours[1] = ends[1];
	scratch_image("headless.img", 1 << 20);
	CHECK_EQ(stat("headless.img", &st), 0);
	pid = fork();
	if (pid == 0) {
		pthread_t thread;

		close(more[1]);
		if (pthread_create(&thread, NULL, hold_and_wait, ours))
			_exit(1);
		pthread_exit(NULL);
	}
	/* So that a child that is gone is an end, and nothing to wait for. */
	close(ends[1]);
	CHECK_EQ(read(ends[0], &word, 1), 1);
	/* The first thread ends in its own time. */
	for (int i = 0; i < 1000 && is_running(pid); i++)
		usleep(1000);
	users_scan(ctx, &st, &users);
	CHECK_EQ(users.nr, 1);
	CHECK_EQ(users.first[0].pid, pid);
	close(more[1]);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	close(ends[0]);
	close(more[0]);
	famfs_ctx_free(ctx);
}

/* A host of our own, whose /proc is below @name; /dev/zero plays the device. */
static struct famfs_ctx *make_host(const char *name, struct stat *ret_device)
{
	struct famfs_ctx *ctx = NULL;
	char root[PATH_MAX + 32];

	(void)snprintf(root, sizeof(root), "%s/%s", scratch_dir, name);
	if (CHECK_EQ(famfs_ctx_new(&ctx), 0))
		CHECK_EQ(famfs_ctx_set_root(ctx, root), 0);
	CHECK_EQ(stat("/dev/zero", ret_device), 0);
	return ctx;
}

/* Nodes by their number, whatever they are called. */
UNIT_TEST(by_number)
{
	struct stat st;
	struct famfs_ctx *ctx = make_host("root", &st);
	struct users users;
	char path[64];

	REQUIRE(ctx);
	users_scan(ctx, &st, &users);
	CHECK_EQ(users.nr, 0);
	scratch_link("root/proc/7/fd/3", "/dev/zero");
	scratch_file("root/proc/7/comm", "holder\n");
	scratch_link("root/proc/8/fd/0", "/dev/null");
	scratch_file("root/proc/meminfo", "");
	users_scan(ctx, &st, &users);
	CHECK_EQ(users.nr, 1);
	CHECK_EQ(users.unseen, 0);
	CHECK_EQ(users.first[0].pid, 7);
	CHECK_STR(users.first[0].command, "holder");
	/* More of them than are named. */
	for (unsigned int i = 100; i < 120; i++) {
		(void)snprintf(path, sizeof(path), "root/proc/%u/fd/1", i);
		scratch_link(path, "/dev/zero");
	}
	users_scan(ctx, &st, &users);
	CHECK_EQ(users.nr, 21);
	/* Mapped through another node, which is closed by now; a private mapping is nobody's. */
	scratch_file("root/proc/200/maps", "7f0000000000-7f0000200000 r--s 00000000 00:05 99 /x\n");
	scratch_link("root/proc/200/map_files/7f0000000000-7f0000200000", "/dev/zero");
	scratch_file("root/proc/201/maps", "00400000-00600000 r--p 00000000 00:05 99 /x\n");
	scratch_link("root/proc/201/map_files/400000-600000", "/dev/zero");
	scratch_file("root/proc/202/maps", "00400000-00600000 rw-s 00000000 00:05 99 /x\n");
	scratch_link("root/proc/202/map_files/400000-600000", "/dev/zero");
	scratch_file("root/proc/203/maps", "no line of the kernel's\n");
	users_scan(ctx, &st, &users);
	CHECK_EQ(users.nr, 23);
	famfs_ctx_free(ctx);
}

UNIT_TEST(mounts)
{
	struct stat st;
	struct famfs_ctx *ctx = make_host("mounts", &st);
	char where[FAMFS_FILE_PATH_SIZE] = "";

	REQUIRE(ctx);
	CHECK_EQ(users_mounted(ctx, &st, "/dev/dax0.0", where), 0);
	scratch_file("mounts/proc/self/mounts", "tmpfs /run tmpfs rw 0 0\n"
						"/dev/dax0.0 /mnt/with\\040space famfs rw 0 0\n");
	CHECK_EQ(users_mounted(ctx, &st, "/dev/dax0.0", where), 1);
	CHECK_STR(where, "/mnt/with space");
	CHECK_EQ(users_mounted(ctx, &st, "/dev/dax0.0", NULL), 1);
	CHECK_EQ(users_mounted(ctx, &st, "/dev/dax1.0", NULL), 0);
	/* By another name. */
	scratch_file("mounts/proc/self/mounts", "/dev/zero\n");
	CHECK_EQ(users_mounted(ctx, &st, "/dev/dax0.0", where), 1);
	CHECK_STR(where, "");
	famfs_ctx_free(ctx);
}

/* In the namespaces that are not ours, through whichever of their processes. */
UNIT_TEST(mounts_elsewhere)
{
	struct stat st;
	struct famfs_ctx *ctx = make_host("elsewhere", &st);
	char where[FAMFS_FILE_PATH_SIZE] = "";

	REQUIRE(ctx);
	scratch_file("elsewhere/proc/self/mounts", "");
	scratch_link("elsewhere/proc/self/ns/mnt", "mnt:[1]");
	scratch_link("elsewhere/proc/5/ns/mnt", "mnt:[1]");
	scratch_file("elsewhere/proc/5/mounts", "/dev/zero /own famfs rw 0 0\n");
	scratch_link("elsewhere/proc/6/ns/mnt", "mnt:[2]");
	scratch_link("elsewhere/proc/7/ns/mnt", "mnt:[2]");
	scratch_file("elsewhere/proc/6/mounts", "tmpfs /run tmpfs rw 0 0\n");
	scratch_file("elsewhere/proc/7/mounts", "tmpfs /run tmpfs rw 0 0\n");
	scratch_file("elsewhere/proc/8/mounts", "/dev/zero /without famfs rw 0 0\n");
	CHECK_EQ(users_mounted_anywhere(ctx, &st, "/dev/dax0.0", where), 0);
	scratch_link("elsewhere/proc/9/ns/mnt", "mnt:[3]");
	scratch_file("elsewhere/proc/9/mounts", "/dev/zero /mnt famfs rw 0 0\n");
	CHECK_EQ(users_mounted_anywhere(ctx, &st, "/dev/dax0.0", where), 1);
	CHECK_STR(where, "/mnt");
	famfs_ctx_free(ctx);
}

#define MANY 100 /* more namespaces than are remembered */

/* Each is looked into, whichever of them it is, and in whatever order they are found. */
UNIT_TEST(mounts_in_very_many_namespaces)
{
	struct stat st;
	struct famfs_ctx *ctx = make_host("many", &st);
	char where[FAMFS_FILE_PATH_SIZE], path[64], target[64];

	REQUIRE(ctx);
	scratch_file("many/proc/self/mounts", "");
	scratch_link("many/proc/self/ns/mnt", "mnt:[1]");
	for (unsigned int i = 0; i < 2 * MANY; i++) {
		(void)snprintf(path, sizeof(path), "many/proc/%u/ns/mnt", 1000 + i);
		(void)snprintf(target, sizeof(target), "mnt:[%u]", 1000 + i % MANY);
		scratch_link(path, target);
		(void)snprintf(path, sizeof(path), "many/proc/%u/mounts", 1000 + i);
		scratch_file(path, "");
	}
	CHECK_EQ(users_mounted_anywhere(ctx, &st, "/dev/dax0.0", where), 0);
	for (unsigned int i = 0; i < MANY; i++) {
		UNIT_ROW("%u", i);
		/* Both processes of a namespace see the same. */
		for (unsigned int j = i; j < 2 * MANY; j += MANY) {
			(void)snprintf(path, sizeof(path), "many/proc/%u/mounts", 1000 + j);
			scratch_file(path, "/dev/zero /mnt famfs rw 0 0\n");
		}
		CHECK_EQ(users_mounted_anywhere(ctx, &st, "/dev/dax0.0", where), 1);
		CHECK_STR(where, "/mnt");
		for (unsigned int j = i; j < 2 * MANY; j += MANY) {
			(void)snprintf(path, sizeof(path), "many/proc/%u/mounts", 1000 + j);
			scratch_file(path, "");
		}
	}
	famfs_ctx_free(ctx);
}

/* A process that may not be looked into is passed over, and another one of its namespace is not. */
UNIT_TEST(mounts_that_are_hidden)
{
	struct stat st;
	struct famfs_ctx *ctx = make_host("behind", &st);
	uint32_t bypass = set_bypass(0);
	static const char *const mounts[] = { "behind/proc/6/mounts", "behind/proc/7/mounts" };

	REQUIRE(ctx);
	scratch_file("behind/proc/self/mounts", "");
	scratch_link("behind/proc/self/ns/mnt", "mnt:[1]");
	scratch_link("behind/proc/6/ns/mnt", "mnt:[2]");
	scratch_link("behind/proc/7/ns/mnt", "mnt:[2]");
	for (size_t i = 0; i < UNIT_NR(mounts); i++) {
		scratch_file(mounts[i], "/dev/zero /mnt famfs rw 0 0\n");
		CHECK_EQ(chmod(mounts[i], 0), 0);
	}
	CHECK_EQ(users_mounted_anywhere(ctx, &st, "/dev/dax0.0", NULL), 0);
	for (size_t i = 0; i < UNIT_NR(mounts); i++) {
		CHECK_EQ(chmod(mounts[i], 0600), 0);
		CHECK_EQ(users_mounted_anywhere(ctx, &st, "/dev/dax0.0", NULL), 1);
		CHECK_EQ(chmod(mounts[i], 0), 0);
	}
	/* Our own are always for us to see. */
	CHECK_EQ(chmod("behind/proc/self/mounts", 0), 0);
	CHECK_EQ(users_mounted_anywhere(ctx, &st, "/dev/dax0.0", NULL), -EACCES);
	(void)set_bypass(bypass);
	famfs_ctx_free(ctx);
}

/* What is there and cannot be read does not pass for nothing. */
UNIT_TEST(unreadable)
{
	struct stat st;
	struct famfs_ctx *ctx = make_host("unreadable", &st);
	struct users users;

	REQUIRE(ctx);
	scratch_file("unreadable/proc/self/mounts/x", "");
	scratch_file("unreadable/proc/7/maps/x", "");
	CHECK_EQ(users_mounted(ctx, &st, "/dev/dax0.0", NULL), -EISDIR);
	CHECK_EQ(users_mounted_anywhere(ctx, &st, "/dev/dax0.0", NULL), -EISDIR);
	users_scan(ctx, &st, &users);
	CHECK_EQ(users.nr, 0);
	CHECK_EQ(users.unseen, 1);
	famfs_ctx_free(ctx);
}

/* Descriptors are asked first; where only the mappings are hidden, that must do. */
UNIT_TEST(hidden)
{
	struct stat st;
	struct famfs_ctx *ctx = make_host("hidden", &st);
	uint32_t bypass = set_bypass(0);
	struct users users;

	REQUIRE(ctx);
	scratch_link("hidden/proc/7/fd/3", "/dev/null");
	scratch_file("hidden/proc/7/maps", "");
	CHECK_EQ(chmod("hidden/proc/7/maps", 0), 0);
	users_scan(ctx, &st, &users);
	CHECK_EQ(users.unseen, 0);
	CHECK_EQ(chmod("hidden/proc/7/fd", 0), 0);
	users_scan(ctx, &st, &users);
	CHECK_EQ(users.unseen, 1);
	CHECK_EQ(chmod("hidden/proc/7/fd", 0700), 0);
	(void)set_bypass(bypass);
	famfs_ctx_free(ctx);
}

UNIT_MAIN
