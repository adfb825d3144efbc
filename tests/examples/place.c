// SPDX-License-Identifier: Apache-2.0
/*
 * place DEVICE PATH TEXT: places a file of 8 MiB over two strips, maps its bytes where they lie on
 * the device, as one range of addresses, and stores TEXT by plain stores. Then it reads the file
 * back by the library, which proves that the mapping is of the right bytes.
 */
#include <famfs.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FILE_SIZE (8ULL << 20)

static int complain(const struct famfs_err *err)
{
	fprintf(stderr, "place: %s: %s%s%s\n", err->object, err->message, *err->hint ? "; " : "",
		err->hint);
	return -1;
}

static int failed(const char *what)
{
	perror(what);
	return -1;
}

/* Memory for the whole file, at a multiple of what a devdax device wants; nothing is in it yet. */
static char *reserve(size_t len)
{
	char *memory = mmap(NULL, len + FAMFS_AU, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	return memory + (FAMFS_AU - (uintptr_t)memory % FAMFS_AU) % FAMFS_AU;
}

/* Lays each run of the file on the device into its place: chunk by chunk when it is interleaved. */
static char *map_file(int fd, const struct famfs_entry *entry)
{
	struct famfs_extent run;
	struct famfs_err err;
	char *memory = reserve(entry->size);
	uint64_t at;

	if (!memory) {
		failed("mmap");
		return NULL;
	}
	for (at = 0; at < entry->size; at += run.len) {
		if (famfs_resolve(entry, at, &run, &err)) {
			complain(&err);
			return NULL;
		}
		if (mmap(memory + at, run.len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
			 (off_t)run.off) == MAP_FAILED) {
			failed("mmap");
			return NULL;
		}
	}
	return memory;
}

/* TEXT at the end of the first chunk, so that it goes on in the other strip. */
static int store_text(struct famfs *fs, const struct famfs_entry *entry, const char *text)
{
	struct famfs_info info;
	struct famfs_err err;
	size_t len = strlen(text);
	uint64_t at = FAMFS_AU - len / 2;
	char back[4096], *memory;
	int fd;

	if (famfs_info(fs, &info, &err))
		return complain(&err);
	if (len >= sizeof(back)) {
		fprintf(stderr, "place: the text is too long\n");
		return -1;
	}
	fd = open(info.device, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return failed(info.device);
	memory = map_file(fd, entry);
	close(fd);
	if (!memory)
		return -1;
	memcpy(memory + at, text, len);
	/* Other hosts look past their own caches only. */
	if (famfs_flush(fs, entry, FAMFS_FLUSH_WRITE_BACK, NULL, &err) ||
	    famfs_read(fs, entry, at, back, len, &err))
		return complain(&err);
	printf("%s: %llu bytes at %p, at byte %llu: %.*s\n", entry->path,
	       (unsigned long long)entry->size, (void *)memory, (unsigned long long)at, (int)len,
	       back);
	return memcmp(back, text, len) ? -1 : 0;
}

int main(int argc, char **argv)
{
	struct famfs_create_req req = {
		.size = FILE_SIZE,
		.mode = 0644,
		.uid = geteuid(),
		.gid = getegid(),
		.nstrips = 2,
	};
	struct famfs_entry entry;
	struct famfs_ctx *ctx;
	struct famfs_err err;
	struct famfs *fs;
	int rc;

	if (argc != 4) {
		fprintf(stderr, "usage: place DEVICE PATH TEXT\n");
		return 2;
	}
	if (famfs_ctx_new(&ctx))
		return 1;
	req.path = argv[2];
	rc = famfs_open(ctx, argv[1], FAMFS_OPEN_WRITE, &fs, &err);
	if (rc) {
		complain(&err);
		famfs_ctx_free(ctx);
		return 1;
	}
	rc = famfs_create(fs, &req, 1, NULL, &err);
	if (!rc)
		rc = famfs_lookup(fs, argv[2], &entry, &err);
	if (rc)
		complain(&err);
	else
		rc = store_text(fs, &entry, argv[3]);
	famfs_close(fs);
	famfs_ctx_free(ctx);
	return rc ? 1 : 0;
}
