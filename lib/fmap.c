/* SPDX-License-Identifier: Apache-2.0 */
/* The fmap message: its constants, encoding, and the rules in words. */
#include <string.h>

#include "err.h"
#include "fmap_wire.h"
#include "path.h"

const struct fmap_wire fmap_wires[FMAP_GENERATIONS] = {
	[FMAP_V1] = {
		.name = "v1",
		.get_fmap = 54,
		.get_daxdev = 55,
		.init_flag = 1ULL << 43,
		.interleaved = true,
		.extents_max = FMAP_V1_EXTENTS_MAX,
		.strips_max = FMAP_V1_STRIPS_MAX,
		.message_max = FAMFS_FMAP_V1_MAX,
		.devindex_max = 0,
	},
	[FMAP_V2] = {
		.name = "v2",
		.get_fmap = 54,
		.has_fmap_size = true,
		.extents_max = 524288,
		.message_max = 16 << 20,
		.devindex_max = 63,
	},
};

const struct fmap_wire *fmap_wire_find(const char *name)
{
	for (int i = 0; i < FMAP_GENERATIONS; i++)
		if (!strcmp(fmap_wires[i].name, name))
			return &fmap_wires[i];
	return NULL;
}

/* Refuses what the message has no room for; what the kernel thinks of the rest is for the judge. */
static int check_fits(const struct famfs_entry *entry, struct famfs_err *err)
{
	bool interleaved = entry->ext_type == FAMFS_EXT_INTERLEAVE;
	uint64_t nr = interleaved ? entry->nstrips : entry->nextents;

	if (entry->ext_type != FAMFS_EXT_SIMPLE && !interleaved)
		return err_set(err, -EUCLEAN, "", "unknown extent type %u", entry->ext_type);
	if (interleaved && entry->nextents != 1)
		return err_set(err, -EUCLEAN, "", "%u interleaved extents, there can be 1",
			       entry->nextents);
	if (nr < 1 || nr > FAMFS_EXTENTS_MAX || nr != entry->extents_nr)
		return err_set(err, -EUCLEAN, "", "%llu %s, there can be 1 to %d",
			       (unsigned long long)nr, interleaved ? "strips" : "extents",
			       FAMFS_EXTENTS_MAX);
	if (interleaved && entry->chunk_size > UINT32_MAX)
		return err_set(err, -EUCLEAN, "", "chunk size %llu does not fit 32 bits",
			       (unsigned long long)entry->chunk_size);
	for (uint64_t i = 0; i < nr; i++)
		if (entry->extents[i].dev_index > UINT32_MAX)
			return err_set(err, -EUCLEAN, "", "device index %llu does not fit 32 bits",
				       (unsigned long long)entry->extents[i].dev_index);
	return 0;
}

/* The whole of a failure: the object is added here, because only failures need it. */
static int refuse(const struct famfs_entry *entry, int rc, const char *hint, struct famfs_err *err)
{
	if (err) {
		path_escape(entry->path, err->object, sizeof(err->object));
		err->entry = entry->index;
	}
	return err_hint(err, rc, "%s", hint);
}

static uint8_t *put(uint8_t *at, const void *part, size_t len)
{
	memcpy(at, part, len);
	return at + len;
}

static void put_message(const struct famfs_entry *entry, uint8_t *at)
{
	struct fmap_header header = {
		.fmap_version = le16_of(FMAP_VERSION),
		.ext_type = le32_of(entry->ext_type),
		.nextents = le32_of(entry->nextents),
		.file_size = le64_of(entry->size),
	};
	struct fmap_interleaved interleaved = {
		.nstrips = le32_of((uint32_t)entry->nstrips),
		.chunk_size = le32_of((uint32_t)entry->chunk_size),
		.nbytes = le64_of(entry->size),
	};

	at = put(at, &header, sizeof(header));
	if (entry->ext_type == FAMFS_EXT_INTERLEAVE)
		at = put(at, &interleaved, sizeof(interleaved));
	for (uint32_t i = 0; i < entry->extents_nr; i++) {
		struct fmap_simple simple = {
			.devindex = le32_of((uint32_t)entry->extents[i].dev_index),
			.off = le64_of(entry->extents[i].off),
			.len = le64_of(entry->extents[i].len),
		};

		at = put(at, &simple, sizeof(simple));
	}
}

int famfs_fmap_encode(const struct famfs_entry *entry, void *buf, size_t cap, size_t *ret_len,
		      struct famfs_err *err)
{
	size_t len = sizeof(struct fmap_header);
	int rc;

	if (entry->type != FAMFS_ENTRY_FILE) {
		rc = err_set(err, -EINVAL, "", "not a file");
		return refuse(entry, rc, "only files have an fmap", err);
	}
	rc = check_fits(entry, err);
	if (rc)
		return refuse(entry, rc, "run famfs check on the device", err);
	if (entry->ext_type == FAMFS_EXT_INTERLEAVE)
		len += sizeof(struct fmap_interleaved);
	len += entry->extents_nr * sizeof(struct fmap_simple);
	if (len > cap) {
		rc = err_set(err, -ENOSPC, "", "the fmap has %zu bytes, the buffer %zu", len, cap);
		return refuse(entry, rc, "give a buffer of at least 4096 bytes", err);
	}
	put_message(entry, buf);
	*ret_len = len;
	return 0;
}

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
