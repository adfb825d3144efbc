/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>

#include "err.h"
#include "unit.h"

UNIT_TEST(codes)
{
	CHECK_STR(famfs_err_code(-ENOSPC), "ENOSPC");
	CHECK_STR(famfs_err_code(ENOSPC), "ENOSPC");
	CHECK_STR(famfs_err_code(-EUCLEAN), "EUCLEAN");
	CHECK_STR(famfs_err_code(-EOPNOTSUPP), "EOPNOTSUPP");
	CHECK_STR(famfs_err_code(-EPERM), "EPERM");
	CHECK_STR(famfs_err_code(-EIO), "EIO");
	CHECK_STR(famfs_err_code(-ESTALE), "ESTALE");
	CHECK(famfs_err_code(-100000));
	CHECK(famfs_err_code(100000));
}

UNIT_TEST(codes_of_extreme_numbers)
{
	CHECK(famfs_err_code(INT_MAX));
	CHECK(famfs_err_code(INT_MIN));
}

UNIT_TEST(set_clears_what_was_there)
{
	struct famfs_err err;

	memset(&err, 'x', sizeof(err));
	CHECK_EQ(err_set(&err, -ENOSPC, "dev", "%d of %s", 7, "nine"), -ENOSPC);
	CHECK_EQ(err.rc, -ENOSPC);
	CHECK_EQ(err.off, FAMFS_NONE);
	CHECK_EQ(err.entry, FAMFS_NONE);
	CHECK_STR(err.object, "dev");
	CHECK_STR(err.message, "7 of nine");
	CHECK_STR(err.hint, "");
	CHECK_EQ(err_set(&err, -EIO, NULL, "x"), -EIO);
	CHECK_STR(err.object, "");
}

UNIT_TEST(hint_and_place_leave_the_rest)
{
	struct famfs_err err;
	int rc = err_set(&err, -EUCLEAN, "dev", "bad");

	CHECK_EQ(err_hint(&err, rc, "try %s", "that"), -EUCLEAN);
	CHECK_EQ(err_at(&err, rc, 4096, 17), -EUCLEAN);
	CHECK_EQ(err_inside(&err, rc, "/dev/dax0.0", "//a/b"), -EUCLEAN);
	CHECK_STR(err.object, "/dev/dax0.0:/a/b");
	CHECK_STR(err.message, "bad");
	CHECK_STR(err.hint, "try that");
	CHECK_EQ(err.off, 4096);
	CHECK_EQ(err.entry, 17);
	CHECK_EQ(err_inside(&err, rc, "d", ""), -EUCLEAN);
	CHECK_STR(err.object, "d:/");
}

UNIT_TEST(nobody_listens)
{
	CHECK_EQ(err_set(NULL, -EIO, "dev", "%s", "x"), -EIO);
	CHECK_EQ(err_hint(NULL, -EIO, "%s", "x"), -EIO);
	CHECK_EQ(err_at(NULL, -EIO, 1, 2), -EIO);
	CHECK_EQ(err_inside(NULL, -EIO, "d", "/p"), -EIO);
	CHECK_EQ(err_nomem(NULL), -ENOMEM);
}

UNIT_TEST(nomem)
{
	struct famfs_err err;

	CHECK_EQ(err_nomem(&err), -ENOMEM);
	CHECK_EQ(err.rc, -ENOMEM);
	CHECK_HAS(err.message, "memory");
}

UNIT_TEST(long_texts_are_cut)
{
	struct famfs_err *err = malloc(sizeof(*err));
	char *text = malloc(10000);

	REQUIRE(err && text);
	memset(text, 'a', 9999);
	text[9999] = '\0';
	CHECK_EQ(err_set(err, -EIO, text, "%s", text), -EIO);
	CHECK_EQ(err_hint(err, -EIO, "%s", text), -EIO);
	CHECK_EQ(strlen(err->object), FAMFS_OBJECT_SIZE - 1);
	CHECK_EQ(strlen(err->message), FAMFS_MESSAGE_SIZE - 1);
	CHECK_EQ(strlen(err->hint), FAMFS_HINT_SIZE - 1);
	CHECK_EQ(err_inside(err, -EIO, text, text), -EIO);
	CHECK_EQ(strlen(err->object), FAMFS_OBJECT_SIZE - 1);
	free(text);
	free(err);
}

UNIT_MAIN
