/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files with bytes that tell where they belong, inside and outside of a file system. Include behind
 * image.h and create.h.
 */
#ifndef FAMFS_TESTS_FILLING_H
#define FAMFS_TESTS_FILLING_H

#define FILLING_STEP (1U << 20)

/* Bytes [@off, @off + @len) of the file that @salt stands for. */
static inline void filling_bytes(uint32_t salt, uint64_t off, uint8_t *buf, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf[i] = (uint8_t)(((uint32_t)(off + i) * 2654435761U + salt * 40503U) >> 21);
}

/* A local file of @size such bytes. */
static inline void filling_local(const char *name, uint32_t salt, uint64_t size)
{
	uint8_t *buf = malloc(FILLING_STEP);
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	bool ok = buf && fd >= 0;

	for (uint64_t at = 0; at < size && ok; at += FILLING_STEP) {
		size_t len = size - at < FILLING_STEP ? (size_t)(size - at) : FILLING_STEP;

		filling_bytes(salt, at, buf, len);
		ok = write(fd, buf, len) == (ssize_t)len;
	}
	CHECK_MSG(ok, "make %s", name);
	if (fd >= 0)
		close(fd);
	free(buf);
}

/* Do @len bytes read by @fn, which fills a buffer from an offset, belong to @salt from @off on? */
static inline void filling_check(int (*fn)(void *arg, uint64_t off, uint8_t *buf, size_t len),
				 void *arg, uint32_t salt, uint64_t off, uint64_t size)
{
	uint8_t *got = malloc(FILLING_STEP), *want = malloc(FILLING_STEP);
	bool ok = got && want;

	for (uint64_t at = 0; at < size && ok; at += FILLING_STEP) {
		size_t len = size - at < FILLING_STEP ? (size_t)(size - at) : FILLING_STEP;

		filling_bytes(salt, off + at, want, len);
		ok = CHECK_EQ(fn(arg, at, got, len), 0) && CHECK_MEM(got, want, len);
	}
	CHECK(ok);
	free(got);
	free(want);
}

struct filling_file {
	struct famfs *fs;
	const struct famfs_entry *entry;
};

static inline int filling_read(void *arg, uint64_t off, uint8_t *buf, size_t len)
{
	const struct filling_file *file = arg;
	struct famfs_err err = { 0 };
	int rc = famfs_read(file->fs, file->entry, off, buf, len, &err);

	CHECK_MSG(rc == 0, "%s: %s", err.object, err.message);
	return rc;
}

static inline int filling_pread(void *arg, uint64_t off, uint8_t *buf, size_t len)
{
	return pread(*(int *)arg, buf, len, (off_t)off) == (ssize_t)len ? 0 : -EIO;
}

/* Does a file hold the bytes of @salt? */
static inline void filling_holds(struct famfs *fs, const struct famfs_entry *entry, uint32_t salt)
{
	struct filling_file file = { fs, entry };

	filling_check(filling_read, &file, salt, 0, entry->size);
}

/* The same of the file of this name. */
static inline void filling_named(struct famfs *fs, const char *path, uint32_t salt)
{
	struct famfs_entry entry;

	if (CHECK_MSG(famfs_lookup(fs, path, &entry, NULL) == 0, "%s is there", path))
		filling_holds(fs, &entry, salt);
}

/* A local file that holds @size bytes of @salt from @off on, and no more. */
static inline void filling_local_holds(const char *name, uint32_t salt, uint64_t off, uint64_t size)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	struct stat st = { .st_size = -1 };

	CHECK_MSG(fd >= 0 && fstat(fd, &st) == 0, "open %s", name);
	CHECK_EQ(st.st_size, size);
	if (fd >= 0 && (uint64_t)st.st_size == size)
		filling_check(filling_pread, &fd, salt, off, size);
	if (fd >= 0)
		close(fd);
}

/* Stores a whole file from memory. */
static inline int filling_store(struct famfs_fill *fill, uint32_t salt, struct famfs_err *err)
{
	uint64_t size = famfs_fill_entry(fill)->size;
	uint8_t *buf = malloc(FILLING_STEP);
	int rc = buf ? 0 : -ENOMEM;

	for (uint64_t at = 0; at < size && !rc; at += FILLING_STEP) {
		size_t len = size - at < FILLING_STEP ? (size_t)(size - at) : FILLING_STEP;

		filling_bytes(salt, at, buf, len);
		rc = famfs_fill_write(fill, at, buf, len, err);
	}
	free(buf);
	return rc;
}

typedef int (*filling_fn)(void *data, size_t req_index, struct famfs_fill *fill,
			  struct famfs_err *err);

static inline int filling_salt(void *data, size_t req_index, struct famfs_fill *fill,
			       struct famfs_err *err)
{
	return filling_store(fill, *(const uint32_t *)data + (uint32_t)req_index, err);
}

/* Copies the descriptor in, which calls itself "source". */
static inline int filling_fd(void *data, size_t req_index, struct famfs_fill *fill,
			     struct famfs_err *err)
{
	(void)req_index;
	return famfs_fill_from_fd(fill, *(const int *)data, "source", err);
}

/* One file. */
static inline int filling_one(struct famfs *fs, const struct famfs_create_req *req, filling_fn fn,
			      void *data, struct famfs_err *err)
{
	struct famfs_create_ops ops = { .fill = fn, .data = data };

	return famfs_create(fs, req, 1, &ops, err);
}

/* One file of the bytes of @salt. */
static inline struct famfs_entry filling_make(struct famfs *fs, const struct famfs_create_req *req,
					      uint32_t salt)
{
	struct famfs_entry entry = { 0 };
	struct famfs_err err = { 0 };

	CHECK_MSG(filling_one(fs, req, filling_salt, &salt, &err) == 0, "%s", err.message);
	CHECK_EQ(famfs_lookup(fs, req->path, &entry, NULL), 0);
	return entry;
}

/* Fills a range of the image with old bytes, which nobody may get to see. */
static inline void filling_dirty(const char *name, uint64_t off, uint64_t len)
{
	uint8_t *buf = malloc(len);

	if (!CHECK(buf))
		return;
	memset(buf, 0xee, len);
	image_write(name, off, buf, len);
	free(buf);
}

/* Is every byte of the range of the image 0? */
static inline void filling_zero(const char *name, uint64_t off, uint64_t len)
{
	uint8_t *buf = malloc(len);
	uint64_t i = 0;

	if (!CHECK(buf))
		return;
	image_read(name, off, buf, len);
	while (i < len && !buf[i])
		i++;
	CHECK_MSG(i == len, "byte %" PRIu64 " of %" PRIu64 " at %" PRIu64 " is 0x%02x", i, len, off,
		  i < len ? buf[i] : 0U);
	free(buf);
}

#endif
