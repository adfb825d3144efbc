/* SPDX-License-Identifier: Apache-2.0 */
/*
 * famfs in which one allocation or one system call fails: the program is linked with this in front
 * of libc's functions (--wrap), so that the sanitizers see all that follows from it.
 * FAMFS_FAULT=alloc:N or call:N says which, and FAMFS_FAULT_MET where its name is written when it
 * was met.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_ulong calls;

static void met(const char *name)
{
	const char *path = getenv("FAMFS_FAULT_MET");
	FILE *file = path ? fopen(path, "w") : NULL;

	if (file) {
		(void)fprintf(file, "%s\n", name);
		(void)fclose(file);
	}
}

static bool fails(const char *kind, const char *name, int error)
{
	const char *fault = getenv("FAMFS_FAULT");
	size_t len = strlen(kind);

	if (!fault || strncmp(fault, kind, len) || fault[len] != ':' ||
	    ++calls != strtoul(fault + len + 1, NULL, 10))
		return false;
	met(name);
	errno = error;
	return true;
}

#define FAULT(kind, type, failed, error, name, parameters, arguments)                              \
	type __real_##name parameters;                                                             \
	type __wrap_##name parameters;                                                             \
	type __wrap_##name parameters                                                              \
	{                                                                                          \
		if (fails(kind, #name, error))                                                     \
			return failed;                                                             \
		return __real_##name arguments;                                                    \
	}

/* clang-format off */
#define ALLOC(name, parameters, arguments) \
	FAULT("alloc", void *, NULL, ENOMEM, name, parameters, arguments)
#define CALL(error, type, name, parameters, arguments) \
	FAULT("call", type, (type)-1, error, name, parameters, arguments)
#define POINTER(error, type, name, parameters, arguments) \
	FAULT("call", type, NULL, error, name, parameters, arguments)

ALLOC(malloc, (size_t size), (size))
ALLOC(calloc, (size_t nr, size_t size), (nr, size))
ALLOC(realloc, (void *old, size_t size), (old, size))
ALLOC(reallocarray, (void *old, size_t nr, size_t size), (old, nr, size))
ALLOC(aligned_alloc, (size_t align, size_t size), (align, size))
ALLOC(strdup, (const char *s), (s))
ALLOC(strndup, (const char *s, size_t len), (s, len))

POINTER(EMFILE, DIR *, opendir, (const char *path), (path))
POINTER(ENOMEM, DIR *, fdopendir, (int fd), (fd))
POINTER(EMFILE, FILE *, fopen64, (const char *path, const char *mode), (path, mode))
POINTER(EACCES, char *, realpath, (const char *path, char *real), (path, real))
FAULT("call", void *, MAP_FAILED, ENOMEM, mmap64,
      (void *at, size_t len, int prot, int flags, int fd, off_t off),
      (at, len, prot, flags, fd, off))
FAULT("call", int, EAGAIN, EAGAIN, pthread_create,
      (pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *data),
      (thread, attr, run, data))
CALL(EIO, ssize_t, read, (int fd, void *buf, size_t len), (fd, buf, len))
CALL(EIO, ssize_t, write, (int fd, const void *buf, size_t len), (fd, buf, len))
CALL(EIO, ssize_t, pread64, (int fd, void *buf, size_t len, off_t off), (fd, buf, len, off))
CALL(ENOSPC, ssize_t, pwrite64, (int fd, const void *buf, size_t len, off_t off),
     (fd, buf, len, off))
CALL(EIO, ssize_t, copy_file_range,
     (int in, off_t *in_off, int out, off_t *out_off, size_t len, unsigned int flags),
     (in, in_off, out, out_off, len, flags))
CALL(EIO, int, msync, (void *at, size_t len, int flags), (at, len, flags))
CALL(EIO, int, fstat64, (int fd, struct stat *st), (fd, st))
CALL(EACCES, int, stat64, (const char *path, struct stat *st), (path, st))
CALL(EACCES, int, lstat64, (const char *path, struct stat *st), (path, st))
CALL(EACCES, int, fstatat64, (int dir, const char *path, struct stat *st, int flags),
     (dir, path, st, flags))
CALL(EINVAL, off_t, lseek64, (int fd, off_t off, int whence), (fd, off, whence))
CALL(ENOSPC, int, fallocate64, (int fd, int mode, off_t off, off_t len), (fd, mode, off, len))
CALL(ENOSPC, int, ftruncate64, (int fd, off_t len), (fd, len))
CALL(EIO, int, fdatasync, (int fd), (fd))
CALL(EIO, int, fsync, (int fd), (fd))
CALL(ENOLCK, int, flock, (int fd, int operation), (fd, operation))
CALL(EPERM, int, fchmod, (int fd, mode_t mode), (fd, mode))
CALL(EPERM, int, fchown, (int fd, uid_t uid, gid_t gid), (fd, uid, gid))
CALL(EMLINK, int, linkat, (int dir, const char *old, int to, const char *path, int flags),
     (dir, old, to, path, flags))
CALL(EMLINK, int, link, (const char *old, const char *path), (old, path))
CALL(ENOSPC, int, mkdirat, (int dir, const char *path, mode_t mode), (dir, path, mode))
CALL(ENOSPC, int, mkdir, (const char *path, mode_t mode), (path, mode))
CALL(EIO, int, renameat2,
     (int dir, const char *old, int to, const char *path, unsigned int flags),
     (dir, old, to, path, flags))
CALL(EIO, int, renameat, (int dir, const char *old, int to, const char *path),
     (dir, old, to, path))
CALL(EIO, int, rename, (const char *old, const char *path), (old, path))
CALL(EMFILE, int, memfd_create, (const char *name, unsigned int flags), (name, flags))
CALL(EMFILE, int, mkostemp64, (char *path, int flags), (path, flags))
CALL(EIO, ssize_t, getrandom, (void *buf, size_t len, unsigned int flags), (buf, len, flags))
/* clang-format on */

/* Those with arguments that there may be or not. */
int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...)
{
	mode_t mode;
	va_list args;

	va_start(args, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
	va_end(args);
	return fails("call", "open64", EMFILE) ? -1 : __real_open64(path, flags, mode);
}

int __real_openat64(int dir, const char *path, int flags, ...);
int __wrap_openat64(int dir, const char *path, int flags, ...);
int __wrap_openat64(int dir, const char *path, int flags, ...)
{
	mode_t mode;
	va_list args;

	va_start(args, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
	va_end(args);
	return fails("call", "openat64", EMFILE) ? -1 : __real_openat64(dir, path, flags, mode);
}

int __real_fcntl64(int fd, int command, ...);
int __wrap_fcntl64(int fd, int command, ...);
int __wrap_fcntl64(int fd, int command, ...)
{
	va_list args;
	void *arg;

	va_start(args, command);
	arg = va_arg(args, void *);
	va_end(args);
	return fails("call", "fcntl64", ENOLCK) ? -1 : __real_fcntl64(fd, command, arg);
}
