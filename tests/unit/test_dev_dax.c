/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done to device memory, with memory of a file that stands for it; where the file ends,
 * accesses fault as they do at a media error. Real devices are in tests/vm.
 */
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ctx.h"
#include "dev.h"
#include "guard.h"
#include "unit.h"
#include "faults.h"

#define MIB (1ULL << 20)

/* Memory of @size bytes of which @good are there. */
static bool make_dev(struct dev *dev, uint64_t size, uint64_t good)
{
	int fd = memfd_create("dax", MFD_CLOEXEC);
	void *map = MAP_FAILED;

	*dev = (struct dev){ .kind = FAMFS_DEV_DAX, .flags = DEV_WRITE, .fd = fd };
	if (famfs_ctx_new(&dev->ctx) == 0 && guard_get() == 0 && ftruncate(fd, (off_t)good) == 0)
		map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	dev->name = (char *)"dax";
	dev->size = size;
	dev->map = map;
	dev->map_len = size;
	dev->ops = persist_cpu();
	return CHECK(map != MAP_FAILED);
}

static void end_dev(struct dev *dev)
{
	munmap(dev->map, dev->map_len);
	close(dev->fd);
	guard_put();
	famfs_ctx_free(dev->ctx);
}

UNIT_TEST(stores_and_reads)
{
	const uint64_t v[2] = { 5, 6 };
	uint64_t back[2] = { 0 };
	struct famfs_err err;
	struct dev dev;

	REQUIRE(make_dev(&dev, 4 * MIB, 4 * MIB));
	CHECK_EQ(dev_map(&dev, MIB, &err), 0);
	CHECK_EQ(dev_map(&dev, 4 * MIB + 1, &err), -EUCLEAN);
	CHECK_HAS(err.message, "too small");
	CHECK_EQ(dev_store(&dev, 48, "entry", 6, &err), 0);
	CHECK_EQ(dev_writeback(&dev, 48, 6, &err), 0);
	CHECK_EQ(dev_fence(&dev, &err), 0);
	CHECK_EQ(dev_publish16(&dev, 32, v, &err), 0);
	CHECK_EQ(dev_finish(&dev, &err), 0);
	CHECK_EQ(dev_invalidate(&dev, 0, 4 * MIB, &err), 0);
	CHECK_EQ(dev_read(&dev, 32, back, 16, &err), 0);
	CHECK(back[0] == 5 && back[1] == 6);
	CHECK_STR((char *)dev.map + 48, "entry");
	CHECK_EQ(dev_reserve(&dev, 0, 4 * MIB, &err), 0);
	CHECK_EQ(dev_resize(&dev, 8 * MIB, &err), -EINVAL);
	end_dev(&dev);
}

UNIT_TEST(media_errors_are_named)
{
	const uint64_t v[2] = { 5, 6 };
	struct famfs_err err;
	struct dev dev;
	char buf[8];

	REQUIRE(make_dev(&dev, 4 * MIB, 2 * MIB));
	CHECK_EQ(dev_read(&dev, 2 * MIB - 4, buf, 8, &err), -EIO);
	CHECK_HAS(err.message, "media error");
	CHECK_HAS(err.hint, "ndctl list");
	CHECK(err.off >= 2 * MIB - 4 && err.off <= 2 * MIB + 4);
	CHECK_EQ(dev_store(&dev, 3 * MIB, buf, 8, &err), -EIO);
	CHECK_EQ(err.off, 3 * MIB);
	CHECK_EQ(dev_publish16(&dev, 3 * MIB, v, &err), -EIO);
	CHECK_EQ(err.off, 3 * MIB);
	CHECK_EQ(dev_read(&dev, 2 * MIB - 8, buf, 8, &err), 0);
	end_dev(&dev);
}

static int write_back(void *addr)
{
	persist_cpu()->writeback(addr, 1);
	return 0;
}

/* Those of emulators do not, and not every CPU has any. */
static bool cache_instructions_fault(void)
{
	struct dev dev;
	void *addr;
	int rc = 0;

	if (make_dev(&dev, 4 * MIB, 2 * MIB))
		rc = guard_call(write_back, dev.map + 3 * MIB, &addr);
	end_dev(&dev);
	return rc == -EIO;
}

UNIT_TEST(media_errors_in_cache_operations)
{
	struct famfs_err err;
	struct dev dev;

	if (!cache_instructions_fault())
		SKIP("cache instructions do nothing here");
	REQUIRE(make_dev(&dev, 4 * MIB, 2 * MIB));
	CHECK_EQ(dev_writeback(&dev, 2 * MIB - 64, 256, &err), -EIO);
	CHECK_EQ(err.off, 2 * MIB);
	CHECK_EQ(dev_invalidate(&dev, 2 * MIB - 64, 256, &err), -EIO);
	CHECK_EQ(err.off, 2 * MIB);
	end_dev(&dev);
}

struct seen {
	uint64_t bytes;
	pthread_t caller;
	unsigned int strangers;
};

static void progress(void *data, uint64_t bytes)
{
	struct seen *seen = data;

	seen->bytes += bytes;
	seen->strangers += !pthread_equal(seen->caller, pthread_self());
}

static uint64_t count_not(const uint8_t *p, uint64_t len, uint8_t value)
{
	uint64_t nr = 0;

	for (uint64_t i = 0; i < len; i++)
		nr += p[i] != value;
	return nr;
}

UNIT_TEST(zeroing_by_threads)
{
	static const uint64_t lens[] = { 0, 1, 4096, 8 * MIB, 8 * MIB + 1, 41 * MIB + 77 };
	struct famfs_err err;
	struct dev dev;

	REQUIRE(make_dev(&dev, 48 * MIB, 48 * MIB));
	for (unsigned int threads = 1; threads <= 4; threads += 3) {
		famfs_ctx_set_threads(dev.ctx, threads);
		for (unsigned int i = 0; i < UNIT_NR(lens); i++) {
			struct seen seen = { .caller = pthread_self() };
			const uint64_t off = MIB + 33;

			UNIT_ROW("%llu bytes", (unsigned long long)lens[i]);
			memset(dev.map, 0x77, dev.size);
			CHECK_EQ(dev_zero(&dev, off, lens[i], progress, &seen, &err), 0);
			CHECK_EQ(seen.bytes, lens[i]);
			CHECK_EQ(seen.strangers, 0);
			CHECK_EQ(count_not(dev.map, off, 0x77), 0);
			CHECK_EQ(count_not(dev.map + off, lens[i], 0), 0);
			CHECK_EQ(count_not(dev.map + off + lens[i], dev.size - off - lens[i], 0x77),
				 0);
			CHECK_EQ(dev_zero(&dev, off, lens[i], NULL, NULL, NULL), 0);
		}
	}
	end_dev(&dev);
}

/* Nothing faults: what the kernel said is enough. */
UNIT_TEST(lost_memory_is_an_error)
{
	const uint64_t v[2] = { 5, 6 };
	struct famfs_err err;
	struct dev dev;
	char buf[8] = "";

	REQUIRE(make_dev(&dev, 4 * MIB, 4 * MIB));
	CHECK_EQ(dev_data_read(&dev, MIB, buf, 8, &err), 0);
	faults_lose(dev.map + MIB + 4096, 12);
	CHECK_EQ(dev_data_read(&dev, MIB, buf, 8, &err), 0);
	CHECK_EQ(dev_data_read(&dev, MIB + 4092, buf, 8, &err), -EIO);
	CHECK_HAS(err.message, "cannot be read at offset 1052672: media error");
	CHECK_EQ(err.off, MIB + 4096);
	CHECK_EQ(dev_read(&dev, MIB + 5000, buf, 8, &err), -EIO);
	CHECK_EQ(err.off, MIB + 5000);
	CHECK_EQ(dev_data_write(&dev, MIB + 4096, buf, 8, &err), -EIO);
	CHECK_HAS(err.message, "cannot be stored to at offset 1052672: media error");
	CHECK_EQ(dev_store(&dev, MIB + 4096, buf, 8, &err), -EIO);
	CHECK_EQ(dev_publish16(&dev, MIB + 4096, v, &err), -EIO);
	CHECK_EQ(dev_zero(&dev, 0, 2 * MIB, NULL, NULL, &err), -EIO);
	CHECK_EQ(err.off, MIB + 4096);
	guard_forget(dev.map, dev.map_len);
	CHECK_EQ(dev_data_read(&dev, MIB + 4092, buf, 8, &err), 0);
	end_dev(&dev);
}

UNIT_TEST(zeroing_meets_a_media_error)
{
	struct famfs_err err;
	struct dev dev;

	FAULTS_REQUIRE_ADDRESSES();
	REQUIRE(make_dev(&dev, 64 * MIB, 20 * MIB));
	for (unsigned int threads = 1; threads <= 4; threads += 3) {
		famfs_ctx_set_threads(dev.ctx, threads);
		CHECK_EQ(dev_zero(&dev, 2 * MIB, 60 * MIB, NULL, NULL, &err), -EIO);
		CHECK(err.off >= 20 * MIB && err.off < 62 * MIB);
		CHECK_HAS(err.message, "media error");
	}
	end_dev(&dev);
}

static void cancel(void *data, uint64_t bytes)
{
	(void)bytes;
	famfs_cancel(data);
}

UNIT_TEST(zeroing_can_be_cancelled)
{
	struct famfs_err err;
	struct dev dev;

	REQUIRE(make_dev(&dev, 64 * MIB, 64 * MIB));
	famfs_ctx_set_threads(dev.ctx, 1);
	memset(dev.map, 0x77, dev.size);
	CHECK_EQ(dev_zero(&dev, 0, 64 * MIB, cancel, dev.ctx, &err), -ECANCELED);
	CHECK_EQ(dev.map[0], 0);
	CHECK_EQ(dev.map[63 * MIB], 0x77);
	end_dev(&dev);
}

UNIT_MAIN
