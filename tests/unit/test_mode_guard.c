/* SPDX-License-Identifier: Apache-2.0 */
/* A guardian that cannot be had: no mode is changed without one. */
#include <sys/socket.h>

#include "unit.h"
#include "coverage.h"
#include "scratch.h"
#include "dax_bus.h"
#include "mode_change.h"

/* What the compiler makes of fork() where lines are counted. */
#ifdef COVERAGE
#define REAL_FORK __real___gcov_fork
#define WRAP_FORK __wrap___gcov_fork
#else
#define REAL_FORK __real_fork
#define WRAP_FORK __wrap_fork
#endif

static int forks_left = -1; /* those that work, or any number */
static bool no_sockets;

pid_t REAL_FORK(void);
pid_t WRAP_FORK(void);
int __real_socketpair(int domain, int type, int protocol, int ends[2]);
int __wrap_socketpair(int domain, int type, int protocol, int ends[2]);

/* A child goes on counting where its parent was. */
pid_t WRAP_FORK(void)
{
	if (forks_left == 0) {
		errno = ENOMEM;
		return -1;
	}
	forks_left -= forks_left > 0;
	return REAL_FORK();
}

int __wrap_socketpair(int domain, int type, int protocol, int ends[2])
{
	if (!no_sockets)
		return __real_socketpair(domain, type, protocol, ends);
	errno = EMFILE;
	return -1;
}

static int count_fds(void)
{
	int nr = 0;

	for (int fd = 0; fd < 256; fd++)
		nr += fcntl(fd, F_GETFD) >= 0;
	return nr;
}

UNIT_TEST(no_socket)
{
	bus_make("fsdev_dax");
	no_sockets = true;
	is_refused(-EMFILE, "no guardian", "fsdev_dax");
	no_sockets = false;
}

UNIT_TEST(no_process)
{
	/* That of the library, and the one that the first makes. */
	static const int rc[] = { -ENOMEM, -EAGAIN };

	for (int i = 0; i < 2; i++) {
		int before = count_fds();

		bus_make("fsdev_dax");
		forks_left = i;
		is_refused(rc[i], "no guardian", "fsdev_dax");
		forks_left = -1;
		CHECK_EQ(count_fds(), before);
	}
}

/* With these parts in place the mode is changed. */
UNIT_TEST(a_guardian)
{
	struct famfs_ctx *ctx = bus_ctx(true);
	struct dev *dev;

	bus_make("fsdev_dax");
	forks_left = 2;
	dev = open_dev(ctx, 0, NULL);
	forks_left = -1;
	REQUIRE(dev != NULL);
	CHECK(bus_is("device_dax"));
	dev_close(dev);
	famfs_ctx_free(ctx);
	CHECK(bus_is("fsdev_dax"));
}

UNIT_MAIN
