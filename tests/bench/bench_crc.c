/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_crc FILE OFFSET LENGTH THREADS: the limit of checking. CRC-32 over a part of a file that is
 * mapped and touched, by threads that are running already. Prints nanoseconds.
 */
#include <fcntl.h>
#include <libdeflate.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

enum { THREADS_MAX = 64 };

/* One thread's share. All begin when the last one is ready. */
struct share {
	pthread_t thread;
	pthread_barrier_t *start;
	const unsigned char *data;
	size_t len;
	uint32_t crc;
	uint64_t began, ended;
};

static void *work(void *arg)
{
	struct share *share = arg;

	/* The first pass touches the memory in this thread's page tables and caches. */
	share->crc = libdeflate_crc32(0, share->data, share->len);
	(void)pthread_barrier_wait(share->start);
	share->began = now_ns();
	share->crc += libdeflate_crc32(0, share->data, share->len);
	share->ended = now_ns();
	return NULL;
}

static uint64_t measure(const unsigned char *data, size_t len, unsigned int threads)
{
	struct share shares[THREADS_MAX];
	pthread_barrier_t start;
	uint64_t began = UINT64_MAX, ended = 0;

	(void)pthread_barrier_init(&start, NULL, threads);
	for (unsigned int i = 0; i < threads; i++) {
		size_t from = len / threads * i;
		size_t to = i + 1 == threads ? len : len / threads * (i + 1);

		shares[i] = (struct share){ .start = &start,
					    .data = data + from,
					    .len = to - from };
		if (pthread_create(&shares[i].thread, NULL, work, &shares[i]))
			die("pthread_create");
	}
	for (unsigned int i = 0; i < threads; i++) {
		(void)pthread_join(shares[i].thread, NULL);
		began = shares[i].began < began ? shares[i].began : began;
		ended = shares[i].ended > ended ? shares[i].ended : ended;
	}
	return ended - began;
}

int main(int argc, char **argv)
{
	unsigned long long off, len;
	unsigned long threads;
	unsigned char *map;
	int fd;

	if (argc != 5) {
		(void)fprintf(stderr, "usage: bench_crc FILE OFFSET LENGTH THREADS\n");
		return 2;
	}
	off = strtoull(argv[2], NULL, 10);
	len = strtoull(argv[3], NULL, 10);
	threads = strtoul(argv[4], NULL, 10);
	if (threads < 1 || threads > THREADS_MAX)
		threads = 1;
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die(argv[1]);
	map = mmap(NULL, len, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, (off_t)off);
	if (map == MAP_FAILED)
		die("mmap");
	printf("%llu\n", (unsigned long long)measure(map, len, (unsigned int)threads));
	return 0;
}
