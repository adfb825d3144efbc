/* SPDX-License-Identifier: Apache-2.0 */
/* A pack that another command replaces while it is read. */
#include "unit.h"
#include "scratch.h"

#include <errno.h>

#include "pack.h"

/* One range of bytes behind a header that is always the same. */
static void make(int byte)
{
	const struct famfs_image_info info = { .kind = FAMFS_IMAGE_UNDO, .dev_size = 1 << 20 };
	int fd = open("p", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct pack_writer w = { .fd = fd, .name = "p" };
	uint8_t buf[4096];

	memset(buf, byte, sizeof(buf));
	CHECK_EQ(pack_create(&w, &info, NULL), 0);
	CHECK_EQ(pack_add(&w, 8192, buf, sizeof(buf), NULL), 0);
	CHECK_EQ(pack_finish(&w, NULL), 0);
	pack_writer_fini(&w);
	close(fd);
}

/* Another whole pack is not the one that was judged. */
UNIT_TEST(changed_between_two_looks)
{
	struct famfs_err err = { 0 };
	struct pack_reader r;
	int fd;

	make(1);
	fd = open("p", O_RDONLY | O_CLOEXEC);
	CHECK_EQ(pack_open(&r, fd, 0, "p", NULL), 0);
	CHECK_EQ(pack_each(&r, NULL, NULL, NULL, NULL), 0);
	CHECK_EQ(pack_each(&r, NULL, NULL, NULL, NULL), 0);
	make(2);
	CHECK_EQ(pack_each(&r, NULL, NULL, NULL, &err), -ESTALE);
	CHECK_HAS(err.message, "changed while it was read");
	make(1);
	CHECK_EQ(pack_each(&r, NULL, NULL, NULL, NULL), 0);
	pack_reader_fini(&r);
	close(fd);
}

UNIT_MAIN
