/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/wait.h>

#include "role.h"
#include "unit.h"
#include "scratch.h"

#define TEXT "c15c0289-ec2d-4b11-9d2a-0123456789ab"

static const uint8_t text_uuid[16] = { 0xc1, 0x5c, 0x02, 0x89, 0xec, 0x2d, 0x4b, 0x11,
				       0x9d, 0x2a, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab };

static struct famfs_ctx *rooted(const char *name)
{
	struct famfs_ctx *ctx = NULL;
	char root[PATH_MAX + 64];

	(void)unsetenv("FAMFS_SYSTEM_UUID");
	(void)setenv("HOME", "/home/me", 1);
	(void)unsetenv("XDG_STATE_HOME");
	(void)snprintf(root, sizeof(root), "%s/%s", scratch_dir, name);
	(void)mkdir(root, 0755);
	CHECK_EQ(famfs_ctx_new(&ctx), 0);
	CHECK_EQ(famfs_ctx_set_root(ctx, root), 0);
	return ctx;
}

static size_t read_back(const char *path, char *buf, size_t len)
{
	FILE *file = fopen(path, "re");
	size_t n = file ? fread(buf, 1, len, file) : 0;

	if (file)
		fclose(file);
	return n;
}

UNIT_TEST(variable_comes_first)
{
	struct famfs_ctx *ctx = rooted("a");
	struct famfs_err err;
	uint8_t uuid[16] = { 7 };

	scratch_file("a/opt/famfs/system_uuid", "00000000-0000-4000-8000-000000000001");
	(void)setenv("FAMFS_SYSTEM_UUID", TEXT, 1);
	CHECK_EQ(role_system_uuid(ctx, false, uuid, &err), 0);
	CHECK_MEM(uuid, text_uuid, 16);
	(void)setenv("FAMFS_SYSTEM_UUID", TEXT "0", 1);
	CHECK_EQ(role_system_uuid(ctx, true, uuid, &err), -EINVAL);
	CHECK_STR(err.object, "$FAMFS_SYSTEM_UUID");
	CHECK_MEM(uuid, text_uuid, 16);
	(void)setenv("FAMFS_SYSTEM_UUID", "", 1);
	CHECK_EQ(role_system_uuid(ctx, false, uuid, &err), 0);
	CHECK_EQ(uuid[15], 1);
	famfs_ctx_free(ctx);
}

/* A NUL within cannot be in a string: those rows have their length. */
static const struct {
	const char *name, *text;
	size_t len;
	int rc;
} files[] = {
	{ "as upstream writes it", TEXT, 37, 0 },
	{ "no tail", TEXT, 36, 0 },
	{ "as an editor leaves it", TEXT " \t\r\n", 40, 0 },
	{ "line end, then NUL", TEXT "\n\0\0", 39, 0 },
	{ "empty", "", 0, -EINVAL },
	{ "short", TEXT, 35, -EINVAL },
	{ "more behind", TEXT "7", 37, -EINVAL },
	{ "more behind a NUL", TEXT "\0x", 38, -EINVAL },
	{ "not hexadecimal", "x15c0289-ec2d-4b11-9d2a-0123456789ab", 36, -EINVAL },
	{ "leading space", " " TEXT, 37, -EINVAL },
	{ "dashes elsewhere", "c15c0289ec2d--4b11-9d2a-0123456789ab", 36, -EINVAL },
};

UNIT_TEST(what_a_file_may_hold)
{
	struct famfs_ctx *ctx = rooted("b");

	scratch_file("b/opt/famfs/system_uuid", "");
	for (unsigned int i = 0; i < UNIT_NR(files); i++) {
		FILE *file = fopen("b/opt/famfs/system_uuid", "we");
		struct famfs_err err = { 0 };
		char text[64];
		uint8_t uuid[16];

		REQUIRE(file != NULL);
		fwrite(files[i].text, 1, files[i].len, file);
		fclose(file);
		UNIT_ROW("%s", files[i].name);
		CHECK_EQ(role_system_uuid(ctx, true, uuid, &err), files[i].rc);
		if (files[i].rc == 0) {
			CHECK_MEM(uuid, text_uuid, 16);
			continue;
		}
		CHECK_HAS(err.object, "b/opt/famfs/system_uuid");
		CHECK_HAS(err.hint, "rm ");
		/* Left as it was, for whoever can tell what it meant. */
		CHECK_EQ(read_back("b/opt/famfs/system_uuid", text, sizeof(text)), files[i].len);
	}
	famfs_ctx_free(ctx);
}

UNIT_TEST(long_file_and_directory_are_refused)
{
	struct famfs_ctx *ctx = rooted("c");
	char text[1024] = TEXT;
	struct famfs_err err;
	uint8_t uuid[16];

	memset(text + 36, '\n', sizeof(text) - 37);
	text[sizeof(text) - 1] = '\0';
	scratch_file("c/opt/famfs/system_uuid", text);
	CHECK_EQ(role_system_uuid(ctx, true, uuid, &err), -EINVAL);
	CHECK_EQ(unlink("c/opt/famfs/system_uuid"), 0);
	CHECK_EQ(mkdir("c/opt/famfs/system_uuid", 0755), 0);
	CHECK_EQ(role_system_uuid(ctx, true, uuid, &err), -EINVAL);
	CHECK_EQ(rmdir("c/opt/famfs/system_uuid"), 0);
	CHECK_EQ(mkfifo("c/opt/famfs/system_uuid", 0644), 0);
	CHECK_EQ(role_system_uuid(ctx, true, uuid, &err), -EINVAL);
	famfs_ctx_free(ctx);
}

UNIT_TEST(reading_makes_nothing)
{
	struct famfs_ctx *ctx = rooted("d");
	struct famfs_super super = { 0 };
	struct famfs_err err;
	uint8_t uuid[16] = { 9 };

	CHECK_EQ(role_system_uuid(ctx, false, uuid, &err), -ENOENT);
	CHECK_EQ(uuid[0], 9);
	CHECK_EQ(role_of(ctx, &super), FAMFS_ROLE_CLIENT);
	CHECK_EQ(rmdir("d"), 0);
	famfs_ctx_free(ctx);
}

UNIT_TEST(made_as_the_existing_tools_make_it)
{
	struct famfs_ctx *ctx = rooted("e");
	struct famfs_super super = { 0 };
	mode_t mask = umask(077);
	char text[64] = { 0 };
	char again_text[FAMFS_UUID_STR];
	uint8_t uuid[16], again[16];
	struct famfs_err err;
	struct stat st;

	CHECK_EQ(role_system_uuid(ctx, true, uuid, &err), 0);
	umask(mask);
	CHECK_EQ(stat("e/opt/famfs", &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0755);
	CHECK_EQ(stat("e/opt/famfs/system_uuid", &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0444);
	CHECK_EQ(st.st_nlink, 1);
	CHECK_EQ(read_back("e/opt/famfs/system_uuid", text, sizeof(text)), 37);
	CHECK_EQ(text[36], 0);
	CHECK_STR(text, famfs_uuid_format(uuid, again_text));
	CHECK_EQ(uuid[6] >> 4, 4);
	CHECK_EQ(uuid[8] >> 6, 2);
	CHECK_EQ(role_system_uuid(ctx, true, again, &err), 0);
	CHECK_MEM(again, uuid, 16);
	memcpy(super.system_uuid, uuid, 16);
	CHECK_EQ(role_of(ctx, &super), FAMFS_ROLE_MASTER);
	super.system_uuid[15] ^= 1;
	CHECK_EQ(role_of(ctx, &super), FAMFS_ROLE_CLIENT);
	/* No temporary file stays. */
	CHECK_EQ(unlink("e/opt/famfs/system_uuid"), 0);
	CHECK_EQ(rmdir("e/opt/famfs"), 0);
	famfs_ctx_free(ctx);
}

/* /opt is a file here, so that even root cannot make anything in it. */
UNIT_TEST(state_directory_instead)
{
	struct famfs_ctx *ctx = rooted("f");
	uint8_t uuid[16], again[16];
	struct famfs_err err;

	scratch_file("f/opt", "");
	CHECK_EQ(role_system_uuid(ctx, false, uuid, &err), -ENOENT);
	CHECK_EQ(role_system_uuid(ctx, true, uuid, &err), 0);
	CHECK_EQ(access("f/home/me/.local/state/famfs/system_uuid", R_OK), 0);
	CHECK_EQ(role_system_uuid(ctx, false, again, &err), 0);
	CHECK_MEM(again, uuid, 16);
	(void)setenv("XDG_STATE_HOME", "/state", 1);
	CHECK_EQ(role_system_uuid(ctx, false, again, &err), -ENOENT);
	CHECK_EQ(role_system_uuid(ctx, true, again, &err), 0);
	CHECK_EQ(access("f/state/famfs/system_uuid", R_OK), 0);
	/* One that is not absolute counts as not set. */
	(void)setenv("XDG_STATE_HOME", "state", 1);
	CHECK_EQ(role_system_uuid(ctx, false, again, &err), 0);
	CHECK_MEM(again, uuid, 16);
	(void)unsetenv("XDG_STATE_HOME");
	(void)setenv("HOME", "/opt/below/a/file", 1);
	CHECK(role_system_uuid(ctx, true, again, &err) < 0);
	CHECK_HAS(err.hint, "FAMFS_SYSTEM_UUID");
	(void)unsetenv("HOME");
	CHECK(role_system_uuid(ctx, true, again, &err) < 0);
	CHECK_HAS(err.hint, "FAMFS_SYSTEM_UUID");
	famfs_ctx_free(ctx);
}

UNIT_TEST(unreadable_file_is_an_error)
{
	struct famfs_ctx *ctx = rooted("g");
	struct famfs_super super = { 0 };
	struct famfs_err err;
	uint8_t uuid[16];
	int rc;

	scratch_link("g/opt/famfs/system_uuid", "system_uuid");
	rc = role_system_uuid(ctx, true, uuid, &err);
	CHECK_EQ(rc, -ELOOP);
	CHECK_HAS(err.object, "g/opt/famfs/system_uuid");
	CHECK_HAS(err.hint, "chmod a+r");
	CHECK_EQ(role_of(ctx, &super), FAMFS_ROLE_CLIENT);
	famfs_ctx_free(ctx);
}

/* Eight first-time makers at once, and all of them say the same. */
UNIT_TEST(makers_agree)
{
	struct famfs_ctx *ctx = rooted("h");
	uint8_t first[16], uuid[16];
	int pipes[2];
	int status;

	REQUIRE(pipe(pipes) == 0);
	for (unsigned int i = 0; i < 8; i++) {
		if (fork() == 0) {
			bool good = role_system_uuid(ctx, true, uuid, NULL) == 0 &&
				    write(pipes[1], uuid, 16) == 16;

			_exit(good ? 0 : 1);
		}
	}
	for (unsigned int i = 0; i < 8; i++) {
		CHECK(wait(&status) > 0);
		CHECK_EQ(status, 0);
	}
	CHECK_EQ(role_system_uuid(ctx, false, first, NULL), 0);
	close(pipes[1]);
	for (unsigned int i = 0; i < 8; i++) {
		CHECK_EQ(read(pipes[0], uuid, 16), 16);
		CHECK_MEM(uuid, first, 16);
	}
	close(pipes[0]);
	famfs_ctx_free(ctx);
}

UNIT_MAIN
