/* SPDX-License-Identifier: Apache-2.0 */
/*
 * famfs in which one allocation or one system call fails: the program is linked with this in front
 * of the libraries' functions (--wrap), so that the sanitizers see all that follows from it.
 * FAMFS_FAULT=alloc:N or call:N says which, and FAMFS_FAULT_MET where its name is written when it
 * was met. What is not here is in the list "harmless", which says why.
 */
#include <argp.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <json-c/json.h>
#include <libdeflate.h>
#include <locale.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

/* What is done all the same, and then said to have failed. */
#define LATE(type, failed, error, name, parameters, arguments)                                     \
	type __real_##name parameters;                                                             \
	type __wrap_##name parameters;                                                             \
	type __wrap_##name parameters                                                              \
	{                                                                                          \
		bool failing = fails("call", #name, error);                                        \
		type result = __real_##name arguments;                                             \
		if (!failing)                                                                      \
			return result;                                                             \
		errno = error;                                                                     \
		return failed;                                                                     \
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

#define JSON(name, parameters, arguments) \
	FAULT("alloc", struct json_object *, NULL, ENOMEM, name, parameters, arguments)
JSON(json_object_new_object, (void), ())
JSON(json_object_new_array, (void), ())
JSON(json_object_new_boolean, (json_bool value), (value))
JSON(json_object_new_int, (int32_t value), (value))
JSON(json_object_new_uint64, (uint64_t value), (value))
JSON(json_object_new_string, (const char *s), (s))
JSON(json_object_new_string_len, (const char *s, int len), (s, len))
FAULT("alloc", int, -1, ENOMEM, json_object_array_add,
      (struct json_object *list, struct json_object *value), (list, value))
FAULT("alloc", int, -1, ENOMEM, json_object_object_add,
      (struct json_object *obj, const char *key, struct json_object *value), (obj, key, value))
FAULT("alloc", int, -1, ENOMEM, json_object_object_add_ex,
      (struct json_object *obj, const char *key, struct json_object *value, unsigned int opts),
      (obj, key, value, opts))
FAULT("alloc", const char *, NULL, ENOMEM, json_object_to_json_string_ext,
      (struct json_object *obj, int flags), (obj, flags))
FAULT("alloc", struct json_tokener *, NULL, ENOMEM, json_tokener_new, (void), ())
FAULT("alloc", struct libdeflate_compressor *, NULL, ENOMEM, libdeflate_alloc_compressor,
      (int level), (level))
FAULT("alloc", struct libdeflate_decompressor *, NULL, ENOMEM, libdeflate_alloc_decompressor,
      (void), ())
FAULT("alloc", locale_t, (locale_t)0, ENOMEM, newlocale,
      (int mask, const char *name, locale_t base), (mask, name, base))
FAULT("alloc", int, -1, ENOMEM, setenv, (const char *name, const char *value, int anew),
      (name, value, anew))
FAULT("alloc", ssize_t, -1, ENOMEM, __getdelim, (char **line, size_t *room, int end, FILE *file),
      (line, room, end, file))
FAULT("alloc", int, GLOB_NOSPACE, ENOMEM, glob64,
      (const char *pattern, int flags, int (*told)(const char *, int), glob64_t *found),
      (pattern, flags, told, found))
FAULT("alloc", error_t, ENOMEM, ENOMEM, argp_parse,
      (const struct argp *argp, int argc, char **argv, unsigned int flags, int *index, void *input),
      (argp, argc, argv, flags, index, input))

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
CALL(EPERM, int, fchmodat, (int dir, const char *path, mode_t mode, int flags),
     (dir, path, mode, flags))
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
POINTER(EIO, struct dirent64 *, readdir64, (DIR *dir), (dir))
POINTER(EIO, char *, fgets, (char *line, int room, FILE *file), (line, room, file))
POINTER(EIO, struct group *, getgrnam, (const char *name), (name))
POINTER(EIO, struct passwd *, getpwnam, (const char *name), (name))
POINTER(0, void *, dlopen, (const char *name, int flags), (name, flags))
POINTER(0, void *, dlsym, (void *handle, const char *name), (handle, name))
CALL(ENOMEM, int, scandir64,
     (const char *path, struct dirent64 ***names, int (*wanted)(const struct dirent64 *),
      int (*order)(const struct dirent64 **, const struct dirent64 **)),
     (path, names, wanted, order))
LATE(int, -1, EIO, close, (int fd), (fd))
LATE(int, EOF, EIO, fclose, (FILE *file), (file))
LATE(int, -1, ENOMEM, munmap, (void *at, size_t len), (at, len))
CALL(EACCES, int, unlink, (const char *path), (path))
CALL(EACCES, int, unlinkat, (int dir, const char *path, int flags), (dir, path, flags))
CALL(EACCES, int, access, (const char *path, int mode), (path, mode))
CALL(EACCES, int, faccessat, (int dir, const char *path, int mode, int flags),
     (dir, path, mode, flags))
CALL(EPERM, int, chmod, (const char *path, mode_t mode), (path, mode))
CALL(EACCES, ssize_t, readlink, (const char *path, char *to, size_t len), (path, to, len))
CALL(EINVAL, int, madvise, (void *at, size_t len, int advice), (at, len, advice))
CALL(EINVAL, int, sched_getaffinity, (pid_t pid, size_t len, cpu_set_t *cpus), (pid, len, cpus))
CALL(EAGAIN, pid_t, fork, (void), ())
CALL(ECHILD, pid_t, waitpid, (pid_t pid, int *status, int flags), (pid, status, flags))
CALL(EMFILE, int, dup2, (int old, int fd), (old, fd))
CALL(EMFILE, int, socketpair, (int domain, int type, int protocol, int fds[2]),
     (domain, type, protocol, fds))
CALL(EPIPE, ssize_t, send, (int fd, const void *buf, size_t len, int flags), (fd, buf, len, flags))
CALL(ENOMEM, int, poll, (struct pollfd *fds, nfds_t nr, int timeout), (fds, nr, timeout))
CALL(EIO, ssize_t, getrandom, (void *buf, size_t len, unsigned int flags), (buf, len, flags))
/* clang-format on */

/* The stream remembers it, as glibc's does: _IO_ERR_SEEN. */
int __real_fflush(FILE *file);
int __wrap_fflush(FILE *file);
int __wrap_fflush(FILE *file)
{
	if (!fails("call", "fflush", ENOSPC))
		return __real_fflush(file);
	file->_flags |= 0x20;
	errno = ENOSPC;
	return EOF;
}

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

int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	return fails("call", "ioctl", ENOTTY) ? -1 : __real_ioctl(fd, request, arg);
}
