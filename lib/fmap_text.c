/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's rules and the dangers in words (FMAP.md 3 and 4). */
#include "famfs.h"

const char *famfs_fmap_k_text(unsigned int n)
{
	static const char *const texts[] = {
		[1] = "the message is shorter than its 32-byte header",
		[2] = "there are no extents",
		[3] = "there are more than 32 extents",
		[4] = "the extent type is neither 0 (simple) nor 1 (interleaved)",
		[5] = "the extents go past the end of the message",
		[6] = "a device index is not 0",
		[7] = "an extent's offset is not a multiple of 2 MiB",
		[8] = "an extent's length is not a multiple of 2 MiB",
		[9] = "an interleaved extent's header goes past the end of the message",
		[10] = "a chunk size is not a multiple of 2 MiB",
		[11] = "an interleaved extent serves 0 bytes",
		[12] = "the strips go past the end of the message",
		[13] = "an interleaved extent has no strips, or more than 32",
		[14] = "the strips together are shorter than the file",
		[15] = "there are errors in single extents",
		[16] = "the extents together are shorter than the file",
	};

	return n < sizeof(texts) / sizeof(texts[0]) ? texts[n] : NULL;
}

const char *famfs_fmap_u_text(unsigned int n)
{
	static const char *const texts[] = {
		[1] = "a chunk size is 0: the first fault divides by zero in the kernel",
		[2] = "a strip is shorter than the part of the file in it: accesses land behind it",
		[3] = "extents overlap each other, or the superblock and log",
		[4] = "an extent goes past the end of the device: accesses fail",
		[5] = "the interleaved extents serve less than the file: its tail is not reachable",
		[6] = "the sum of all lengths wraps 64 bits",
		[7] = "an unknown file type or version, a reserved field not 0, or bytes at the "
		      "end",
		[8] = "a device index is above 63: undefined in the kernel's bitmap",
		[9] = "the file has 0 bytes: there is nothing to map",
		[10] = "the message is longer than the reader's buffer of 4096 bytes",
	};

	return n < sizeof(texts) / sizeof(texts[0]) ? texts[n] : NULL;
}
