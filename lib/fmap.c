/* SPDX-License-Identifier: Apache-2.0 */
/* A file's entry as an fmap message: encoding (FMAP.md 2), and unrolling (FMAP.md 5). */
#include <string.h>

#include "err.h"
#include "fmap_wire.h"
#include "path.h"

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

/* Does every chunk of an interleaved file become an extent? The places must not wrap. */
static int check_unrolls(const struct famfs_entry *entry, const struct famfs_wire *wire,
			 uint64_t *ret_nr, struct famfs_err *err)
{
	uint64_t chunk = entry->chunk_size, nr, off;

	if (!chunk || !entry->size)
		return err_set(err, -EUCLEAN, "", "%s is 0", chunk ? "the size" : "the chunk size");
	nr = entry->size / chunk + (entry->size % chunk != 0);
	if (nr > wire->extents_max)
		return err_set(err, -E2BIG, "",
			       "unrolled, its map has %llu extents, and %s takes %u",
			       (unsigned long long)nr, wire->name, wire->extents_max);
	for (uint64_t i = 0; i < entry->extents_nr && i < nr; i++)
		if (__builtin_add_overflow(entry->extents[i].off,
					   (nr - 1 - i) / entry->extents_nr * chunk, &off))
			return err_set(err, -EUCLEAN, "", "strip %llu goes past 64 bits",
				       (unsigned long long)i);
	*ret_nr = nr;
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

static uint8_t *put_simple(uint8_t *at, const struct famfs_extent *extent)
{
	struct fmap_simple simple = {
		.devindex = le32_of((uint32_t)extent->dev_index),
		.off = le64_of(extent->off),
		.len = le64_of(extent->len),
	};

	return put(at, &simple, sizeof(simple));
}

static uint8_t *put_interleaved(uint8_t *at, const struct famfs_entry *entry)
{
	struct fmap_interleaved interleaved = {
		.nstrips = le32_of((uint32_t)entry->nstrips),
		.chunk_size = le32_of((uint32_t)entry->chunk_size),
		.nbytes = le64_of(entry->size),
	};

	return put(at, &interleaved, sizeof(interleaved));
}

/* Chunk after chunk; the kernel wants the last one's length rounded up. */
static void put_chunks(uint8_t *at, const struct famfs_entry *entry)
{
	uint64_t chunk = entry->chunk_size, left = entry->size, round = 0;
	uint32_t strip = 0;

	while (left) {
		struct famfs_extent extent = entry->extents[strip];
		uint64_t bytes = left < chunk ? left : chunk;

		extent.off += round;
		extent.len = bytes == chunk ? chunk : (bytes + FMAP_ALIGN - 1) & ~(FMAP_ALIGN - 1);
		at = put_simple(at, &extent);
		left -= bytes;
		if (++strip == entry->extents_nr) {
			strip = 0;
			round += chunk;
		}
	}
}

/* @nr: simple extents when it is unrolled, else 0. */
static void put_message(const struct famfs_entry *entry, const struct famfs_wire *wire, uint64_t nr,
			struct famfs_reply *reply)
{
	struct fmap_header header = {
		.file_type = (uint8_t)entry->file_type,
		.fmap_version = le16_of(FMAP_VERSION),
		.ext_type = le32_of(nr ? FAMFS_EXT_SIMPLE : entry->ext_type),
		.nextents = le32_of(nr ? (uint32_t)nr : entry->nextents),
		.fmap_size = le32_of(wire->has_fmap_size ? (uint32_t)reply->len : 0),
		.file_size = le64_of(entry->size),
	};
	uint8_t *at = put(reply->buf, &header, sizeof(header));

	if (nr) {
		put_chunks(at, entry);
		return;
	}
	if (entry->ext_type == FAMFS_EXT_INTERLEAVE)
		at = put_interleaved(at, entry);
	for (uint32_t i = 0; i < entry->extents_nr; i++)
		at = put_simple(at, &entry->extents[i]);
}

int famfs_fmap_encode(const struct famfs_entry *entry, const struct famfs_wire *wire,
		      struct famfs_reply *reply, struct famfs_err *err)
{
	bool interleaved = entry->ext_type == FAMFS_EXT_INTERLEAVE;
	uint64_t nr = 0;
	int rc;

	if (!wire)
		wire = &fmap_wires[FAMFS_WIRE_V1];
	if (entry->type != FAMFS_ENTRY_FILE) {
		rc = err_set(err, -EINVAL, "", "not a file");
		return refuse(entry, rc, "only files have an fmap", err);
	}
	rc = check_fits(entry, err);
	if (!rc && interleaved && !wire->interleaved)
		rc = check_unrolls(entry, wire, &nr, err);
	if (rc == -E2BIG)
		return refuse(entry, rc, "larger chunks make fewer extents", err);
	if (rc)
		return refuse(entry, rc, "run famfs check on the device", err);
	reply->len = sizeof(struct fmap_header) +
		     (nr ? nr : entry->extents_nr) * sizeof(struct fmap_simple);
	if (interleaved && !nr)
		reply->len += sizeof(struct fmap_interleaved);
	if (reply->len > reply->cap) {
		rc = err_set(err, -ENOSPC, "", "the fmap has %zu bytes, the buffer %zu", reply->len,
			     reply->cap);
		return refuse(entry, rc, "give a buffer that holds it", err);
	}
	put_message(entry, wire, nr, reply);
	return 0;
}
