/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_move WORK THREADS FILE OFFSET LENGTH [SOURCE]: the limits of moving bytes, as bare loops
 * over a part of a file that is mapped and touched, by threads that are running already:
 *
 *	copy	loads from SOURCE, mapped and touched too, and streaming stores
 *	mapcopy	the same, and before that the pages are mapped, and after it no longer
 *	write	writes the bytes to the new file SOURCE
 *	gather	reads the files of the directory SOURCE one after the other into the mapping
 *	scatter	copies them into FILE itself, each to a multiple of 2 MiB: by the kernel, or, as
 *		several threads do it faster, by reading and writing
 *	zero	streaming stores
 *	random	the library's generator by streaming stores, where there are such, else through a
 *		small buffer
 *	verify	the library's generator, and a comparison
 *	hash	SHA-256 by libcrypto, of so many bytes in the cache
 *
 * Prints nanoseconds.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <emmintrin.h>
#endif
#ifdef HAVE_LIBCRYPTO
#include <openssl/evp.h>
#endif

#include "bench.h"
#include "random.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* Linux 5.14 */
#endif

enum { THREADS_MAX = 64, BUF = 256 << 10, WINDOW = 2 << 20, LINE = 64, SEED = 1 };

/* All of it; @data and @source are mapped. @names: the files of the directory @dir. */
struct move {
	pthread_barrier_t start, end;
	unsigned char *data;
	unsigned char *source;
	size_t len;
	struct random_jump jump;
	char **names;
	size_t names_nr, next_name, next_byte;
	int dir, target;
	off_t target_off;
	int (*hash)(const void *data, size_t len, unsigned char *sum);
};

struct share;
typedef void (*work_fn)(struct share *share);

/* One thread's bytes. */
struct share {
	pthread_t thread;
	struct move *move;
	work_fn work;
	unsigned char *buf;
	size_t from, len;
};

/* -------------------------------------------------------------------- the loops */

static void stream_copy(unsigned char *to, const unsigned char *from, size_t len)
{
	size_t i = 0;

#if defined(__x86_64__)
	for (; i + LINE <= len; i += LINE) {
		__m128i *line = (__m128i *)(void *)(to + i);
		const __m128i *src = (const __m128i *)(const void *)(from + i);
		__m128i a = _mm_loadu_si128(src), b = _mm_loadu_si128(src + 1);
		__m128i c = _mm_loadu_si128(src + 2), d = _mm_loadu_si128(src + 3);

		_mm_stream_si128(line, a);
		_mm_stream_si128(line + 1, b);
		_mm_stream_si128(line + 2, c);
		_mm_stream_si128(line + 3, d);
	}
	_mm_sfence();
#endif
	memcpy(to + i, from + i, len - i);
}

static void stream_zero(unsigned char *to, size_t len)
{
	size_t i = 0;

#if defined(__x86_64__)
	const __m128i zero = _mm_setzero_si128();

	for (; i + LINE <= len; i += LINE) {
		__m128i *line = (__m128i *)(void *)(to + i);

		_mm_stream_si128(line, zero);
		_mm_stream_si128(line + 1, zero);
		_mm_stream_si128(line + 2, zero);
		_mm_stream_si128(line + 3, zero);
	}
	_mm_sfence();
#endif
	memset(to + i, 0, len - i);
}

static void work_copy(struct share *share)
{
	struct move *move = share->move;

	stream_copy(move->data + share->from, move->source + share->from, share->len);
}

static void work_mapcopy(struct share *share)
{
	struct move *move = share->move;

	for (size_t at = share->from, end = at + share->len, part; at < end; at += part) {
		part = end - at < WINDOW ? end - at : WINDOW;
		if (madvise(move->source + at, part, MADV_POPULATE_READ) ||
		    madvise(move->data + at, part, MADV_POPULATE_READ))
			die("madvise");
		stream_copy(move->data + at, move->source + at, part);
	}
	if (munmap(move->source + share->from, share->len) ||
	    munmap(move->data + share->from, share->len))
		die("munmap");
}

static void work_write(struct share *share)
{
	const struct move *move = share->move;
	size_t at = share->from, end = at + share->len;
	ssize_t n;

	for (; at < end; at += (size_t)n) {
		n = pwrite(move->target, move->data + at, end - at < WINDOW ? end - at : WINDOW,
			   (off_t)at);
		if (n <= 0)
			die("write");
	}
}

static void work_zero(struct share *share)
{
	stream_zero(share->move->data + share->from, share->len);
}

static void work_random(struct share *share)
{
	struct move *move = share->move;
	struct random_state state = random_seek(&move->jump, SEED, share->from);
	size_t at = random_stream(&move->jump, &state, move->data + share->from, share->len);

	for (size_t part; at < share->len; at += part) {
		part = share->len - at < BUF ? share->len - at : BUF;
		random_fill(&move->jump, &state, share->buf, part);
		stream_copy(move->data + share->from + at, share->buf, part);
	}
}

static void work_verify(struct share *share)
{
	struct move *move = share->move;
	struct random_state state = random_seek(&move->jump, SEED, share->from);

	for (size_t at = 0, part; at < share->len; at += part) {
		part = share->len - at < BUF ? share->len - at : BUF;
		random_fill(&move->jump, &state, share->buf, part);
		if (memcmp(move->data + share->from + at, share->buf, part)) {
			(void)fprintf(stderr, "bench_move: these are other bytes\n");
			exit(1);
		}
	}
}

/* The hash alone: the same few bytes, which stay in the cache. */
static void work_hash(struct share *share)
{
	unsigned char sum[64];

	for (size_t at = 0, part; at < share->len; at += part) {
		part = share->len - at < BUF ? share->len - at : BUF;
		if (share->move->hash(share->buf, part, sum) != 1)
			die("libcrypto");
	}
}

static void read_file(struct move *move, const char *name)
{
	int fd = openat(move->dir, name, O_RDONLY | O_CLOEXEC);
	size_t at = 0, len;
	ssize_t n;
	off_t end;

	end = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
	if (end < 0)
		die(name);
	len = (size_t)end;
	at = __atomic_fetch_add(&move->next_byte, len, __ATOMIC_RELAXED);
	if (at > move->len || len > move->len - at) {
		(void)fprintf(stderr, "bench_move: more bytes than LENGTH\n");
		exit(1);
	}
	for (size_t got = 0; got < len; got += (size_t)n) {
		n = pread(fd, move->data + at + got, len - got, (off_t)got);
		if (n <= 0)
			die(name);
	}
	(void)close(fd);
}

static void work_gather(struct share *share)
{
	struct move *move = share->move;
	size_t i;

	while ((i = __atomic_fetch_add(&move->next_name, 1, __ATOMIC_RELAXED)) < move->names_nr)
		read_file(move, move->names[i]);
}

static void read_and_write(struct share *share, int fd, size_t len, off_t to)
{
	ssize_t n;

	for (size_t at = 0; at < len; at += (size_t)n) {
		n = pread(fd, share->buf, BUF, (off_t)at);
		if (n <= 0 || pwrite(share->move->target, share->buf, (size_t)n, to + at) != n)
			die("write");
	}
}

static void kernel_copy(struct share *share, int fd, size_t len, off_t to)
{
	off_t from = 0;
	ssize_t n;

	for (; len > 0; len -= (size_t)n) {
		n = copy_file_range(fd, &from, share->move->target, &to, len, 0);
		if (n <= 0)
			die("copy_file_range");
	}
}

static void work_scatter(struct share *share)
{
	struct move *move = share->move;
	bool alone = share->len == move->len;
	struct stat st;
	size_t i;

	while ((i = __atomic_fetch_add(&move->next_name, 1, __ATOMIC_RELAXED)) < move->names_nr) {
		int fd = openat(move->dir, move->names[i], O_RDONLY | O_CLOEXEC);
		off_t to = move->target_off + (off_t)(i * WINDOW);

		if (fd < 0 || fstat(fd, &st))
			die(move->names[i]);
		(alone ? kernel_copy : read_and_write)(share, fd, (size_t)st.st_size, to);
		(void)close(fd);
	}
}

static const struct {
	const char *name;
	work_fn work;
} works[] = {
	{ "copy", work_copy },     { "mapcopy", work_mapcopy }, { "write", work_write },
	{ "gather", work_gather }, { "zero", work_zero },       { "random", work_random },
	{ "verify", work_verify }, { "hash", work_hash },       { "scatter", work_scatter },
};

/* ------------------------------------------------------------------- what they need */

enum mapping { READ = 1, WRITE = 2, UNTOUCHED = 4 };

static void *map_file(const char *name, off_t off, size_t len, int how)
{
	bool writes = how & WRITE;
	int fd = open(name, (writes ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	int prot = writes ? PROT_READ | PROT_WRITE : PROT_READ;
	struct stat st;
	void *map;

	/* Behind the end of a device there is no mapping. */
	if (fd < 0 || fstat(fd, &st) || (S_ISREG(st.st_mode) && st.st_size < off + (off_t)len))
		die(name);
	map = mmap(NULL, len, prot, MAP_SHARED | (how & UNTOUCHED ? 0 : MAP_POPULATE), fd, off);
	if (map == MAP_FAILED)
		die(name);
	(void)close(fd);
	return map;
}

static void list(struct move *move, const char *name)
{
	DIR *dir = opendir(name);
	struct dirent *entry;

	move->dir = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!dir || move->dir < 0)
		die(name);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		move->names = realloc(move->names, (move->names_nr + 1) * sizeof(*move->names));
		if (!move->names)
			die("realloc");
		move->names[move->names_nr] = strdup(entry->d_name);
		if (!move->names[move->names_nr++])
			die("strdup");
	}
	(void)closedir(dir);
}

#ifdef HAVE_LIBCRYPTO
static __typeof__(EVP_Digest) *digest;
static __typeof__(EVP_sha256) *sha256;

static int hash(const void *data, size_t len, unsigned char *sum)
{
	return digest(data, len, sum, NULL, sha256(), NULL);
}

static void load_hash(struct move *move)
{
	void *lib = dlopen(FAMFS_SONAME_CRYPTO, RTLD_NOW | RTLD_LOCAL);

	if (lib) {
		digest = dlsym(lib, "EVP_Digest");
		sha256 = dlsym(lib, "EVP_sha256");
	}
	if (digest && sha256)
		move->hash = hash;
}
#else
static void load_hash(struct move *move)
{
	move->hash = NULL;
}
#endif

/* -------------------------------------------------------------------- the measuring */

static void *run_share(void *arg)
{
	struct share *share = arg;

	(void)pthread_barrier_wait(&share->move->start);
	share->work(share);
	(void)pthread_barrier_wait(&share->move->end);
	return NULL;
}

static void start_share(struct share *share, unsigned int i, unsigned int nr)
{
	/* Shares begin at whole buffers. */
	size_t step = (share->move->len / nr + BUF - 1) / BUF * BUF, len = share->move->len;

	share->from = step * i < len ? step * i : len;
	share->len = i + 1 == nr || len - share->from < step ? len - share->from : step;
	share->buf = aligned_alloc(LINE, BUF);
	if (!share->buf)
		die("aligned_alloc");
	memset(share->buf, 1, BUF);
	if (pthread_create(&share->thread, NULL, run_share, share))
		die("pthread_create");
}

static uint64_t measure(struct move *move, work_fn work, unsigned int nr)
{
	static struct share shares[THREADS_MAX];
	uint64_t began, took;

	(void)pthread_barrier_init(&move->start, NULL, nr + 1);
	(void)pthread_barrier_init(&move->end, NULL, nr + 1);
	for (unsigned int i = 0; i < nr; i++) {
		shares[i] = (struct share){ .move = move, .work = work };
		start_share(&shares[i], i, nr);
	}
	(void)usleep(1000); /* until all wait at the barrier */
	began = now_ns();
	(void)pthread_barrier_wait(&move->start);
	(void)pthread_barrier_wait(&move->end);
	took = now_ns() - began;
	for (unsigned int i = 0; i < nr; i++)
		(void)pthread_join(shares[i].thread, NULL);
	return took;
}

/* What is written to, not stored to. */
static int open_target(work_fn work, char **argv)
{
	int fd = -1;

	if (work == work_write)
		fd = open(argv[6], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	else if (work == work_scatter)
		fd = open(argv[3], O_WRONLY | O_CLOEXEC);
	else
		return -1;
	if (fd < 0)
		die(work == work_write ? argv[6] : argv[3]);
	return fd;
}

static void usage(void)
{
	(void)fprintf(stderr, "usage: bench_move copy|mapcopy|write|gather|scatter|zero|random|"
			      "verify|hash THREADS FILE OFFSET LENGTH [SOURCE]\n");
	exit(2);
}

int main(int argc, char **argv)
{
	work_fn work = NULL;
	static struct move move;
	unsigned long nr;
	bool copies, lists;
	off_t off;
	int how;

	for (size_t i = 0; argc >= 6 && i < sizeof(works) / sizeof(works[0]); i++)
		if (strcmp(works[i].name, argv[1]) == 0)
			work = works[i].work;
	copies = work == work_copy || work == work_mapcopy;
	lists = work == work_gather || work == work_scatter;
	how = work == work_mapcopy || work == work_scatter ? UNTOUCHED : 0;
	if (!work || argc != 6 + (copies || lists || work == work_write))
		usage();
	nr = strtoul(argv[2], NULL, 10);
	off = (off_t)strtoull(argv[4], NULL, 10);
	move.len = strtoull(argv[5], NULL, 10);
	if (nr < 1 || nr > THREADS_MAX || !move.len)
		usage();
	how |= work == work_verify || work == work_hash || work == work_write ? READ : WRITE;
	move.data = map_file(argv[3], off, move.len, how);
	if (copies)
		move.source = map_file(argv[6], 0, move.len, (how & UNTOUCHED) | READ);
	if (lists)
		list(&move, argv[6]);
	move.target_off = off;
	move.target = open_target(work, argv);
	if (work == work_hash) {
		load_hash(&move);
		if (!move.hash) {
			(void)fprintf(stderr, "bench_move: there is no libcrypto\n");
			return 1;
		}
	}
	random_jump_init(&move.jump);
	printf("%llu\n", (unsigned long long)measure(&move, work, (unsigned int)nr));
	return 0;
}
