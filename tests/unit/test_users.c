/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/mman.h>

#include "ctx.h"
#include "users.h"
#include "unit.h"
#include "scratch.h"

static bool has_us(const struct users *users)
{
	for (uint64_t i = 0; i < users->nr && i < FAMFS_USERS_MAX; i++)
		if (users->first[i].pid == getpid())
			return true;
	return false;
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

/* A /proc of our own: nodes by their number, whatever they are called. */
UNIT_TEST(by_number)
{
	struct famfs_ctx *ctx = NULL;
	char root[PATH_MAX + 8];
	char path[64];
	struct users users;
	struct stat st;

	(void)snprintf(root, sizeof(root), "%s/root", scratch_dir);
	REQUIRE(famfs_ctx_new(&ctx) == 0 && famfs_ctx_set_root(ctx, root) == 0);
	REQUIRE(stat("/dev/zero", &st) == 0);
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
	famfs_ctx_free(ctx);
}

UNIT_TEST(mounts)
{
	struct famfs_ctx *ctx = NULL;
	char where[FAMFS_FILE_PATH_SIZE] = "";
	char root[PATH_MAX + 8];
	struct stat st;

	(void)snprintf(root, sizeof(root), "%s/mounts", scratch_dir);
	REQUIRE(famfs_ctx_new(&ctx) == 0 && famfs_ctx_set_root(ctx, root) == 0);
	REQUIRE(stat("/dev/zero", &st) == 0);
	CHECK(!users_mounted(ctx, &st, "/dev/dax0.0", where));
	scratch_file("mounts/proc/self/mounts", "tmpfs /run tmpfs rw 0 0\n"
						"/dev/dax0.0 /mnt/with\\040space famfs rw 0 0\n");
	CHECK(users_mounted(ctx, &st, "/dev/dax0.0", where));
	CHECK_STR(where, "/mnt/with space");
	CHECK(users_mounted(ctx, &st, "/dev/dax0.0", NULL));
	CHECK(!users_mounted(ctx, &st, "/dev/dax1.0", NULL));
	/* By another name. */
	scratch_file("mounts/proc/self/mounts", "/dev/zero\n");
	CHECK(users_mounted(ctx, &st, "/dev/dax0.0", where));
	CHECK_STR(where, "");
	famfs_ctx_free(ctx);
}

UNIT_MAIN
