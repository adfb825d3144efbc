/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_fmap emit|judge|resolve|copy NUMBER: how long the fmap calls of the library take, or, as
 * their limit, copying the bytes of as many messages. Prints nanoseconds of CPU time.
 */
#include <string.h>

#include "bench.h"
#include "famfs.h"

#define M     (1ULL << 20)
#define KINDS 16 /* files of different maps, in turn */

struct sample {
	struct famfs_entry entry;
	uint8_t msg[FAMFS_FMAP_V1_MAX];
	size_t len;
};

static struct sample samples[KINDS];
static uint8_t out[FAMFS_FMAP_V1_MAX];
static volatile uint64_t sink; /* keeps the work from being optimised away */

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

/* Half of them simple, the others over 1 to 8 strips. */
static void make_samples(void)
{
	for (uint32_t i = 0; i < KINDS; i++) {
		struct famfs_entry *entry = &samples[i].entry;
		uint32_t nr = 1 + i / 2;

		*entry = (struct famfs_entry){
			.size = nr * 64 * M - 5,
			.ext_type = i % 2 ? FAMFS_EXT_INTERLEAVE : FAMFS_EXT_SIMPLE,
			.nextents = i % 2 ? 1 : nr,
			.nstrips = i % 2 ? nr : 0,
			.chunk_size = i % 2 ? 2 * M : 0,
			.extents_nr = nr,
		};
		for (uint32_t j = 0; j < nr; j++)
			entry->extents[j] = (struct famfs_extent){ .off = (1024 * j + 16) * M,
								   .len = 64 * M };
	}
}

static void encode(uint64_t i, uint8_t *to, size_t *ret_len)
{
	struct famfs_reply reply = { .buf = to, .cap = FAMFS_FMAP_V1_MAX };

	if (famfs_fmap_encode(&samples[i % KINDS].entry, NULL, &reply, NULL))
		die("famfs_fmap_encode");
	*ret_len = reply.len;
}

static void emit_all(uint64_t nr)
{
	size_t len;

	for (uint64_t i = 0; i < nr; i++) {
		encode(i, out, &len);
		sink += out[len - 1];
	}
}

static void judge_all(uint64_t nr)
{
	const struct famfs_fmap_limits limits = { .dev_size = 1ULL << 40, .data_off = 10 * M };
	struct famfs_fmap_verdict verdict;

	for (uint64_t i = 0; i < nr; i++) {
		const struct sample *s = &samples[i % KINDS];

		famfs_fmap_judge(s->msg, s->len, &limits, &verdict);
		if (verdict.kernel_rc || verdict.unsafe)
			die("famfs_fmap_judge");
	}
}

static void resolve_all(uint64_t nr)
{
	struct famfs_extent where;
	uint64_t off = 1;

	for (uint64_t i = 0; i < nr; i++) {
		const struct famfs_entry *entry = &samples[i % KINDS].entry;

		off = off * 6364136223846793005ULL + 1442695040888963407ULL;
		if (famfs_resolve(entry, (off >> 20) % entry->size, &where, NULL))
			die("famfs_resolve");
		sink += where.off;
	}
}

static void copy_all(uint64_t nr)
{
	for (uint64_t i = 0; i < nr; i++) {
		const struct sample *s = &samples[i % KINDS];

		memcpy(out, s->msg, s->len);
		/* Each message is really copied. */
		__asm__ volatile("" : : "r"(out) : "memory");
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(uint64_t nr);
	} works[] = { { "emit", emit_all },
		      { "judge", judge_all },
		      { "resolve", resolve_all },
		      { "copy", copy_all } };
	uint64_t nr = argc == 3 ? strtoull(argv[2], NULL, 10) : 0, start;

	make_samples();
	for (uint64_t i = 0; i < KINDS; i++)
		encode(i, samples[i].msg, &samples[i].len);
	for (size_t i = 0; nr && i < sizeof(works) / sizeof(works[0]); i++) {
		if (strcmp(argv[1], works[i].name) != 0)
			continue;
		start = cpu_ns();
		works[i].run(nr);
		printf("%llu\n", (unsigned long long)(cpu_ns() - start));
		return 0;
	}
	(void)fprintf(stderr, "usage: bench_fmap emit|judge|resolve|copy NUMBER\n");
	return 2;
}
