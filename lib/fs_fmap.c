/* SPDX-License-Identifier: Apache-2.0 */
/* What a FUSE server hands to the kernel: maps of files, and names of devices. */
#include <stdio.h>
#include <string.h>

#include "err.h"
#include "fmap_wire.h"
#include "fs.h"
#include "role.h"
#include "super.h"
#include "text.h"

#define FMAP_V1_FILE_MAX                                                                           \
	(sizeof(struct fmap_header) + (1 + FAMFS_EXTENTS_MAX) * sizeof(struct fmap_simple))

void famfs_limits(const struct famfs *fs, struct famfs_fmap_limits *ret_limits)
{
	uint64_t size = super_usable_size(fs->dev, &fs->super);

	*ret_limits = (struct famfs_fmap_limits){
		/* 0 would mean that it is not known. */
		.dev_size = size ? size : 1,
		.data_off = FAMFS_LOG_OFF + fs->log.len,
		.kernel = FAMFS_KERNEL_V10,
	};
}

static unsigned int lowest(uint32_t bits)
{
	return (unsigned int)__builtin_ctz(bits);
}

static int unsafe(const struct famfs_fmap_verdict *v, struct famfs_err *err)
{
	unsigned int n;

	if (v->kernel_rc) {
		n = lowest(v->rejected);
		return err_set(err, -EUCLEAN, "", "its map is rejected by the kernel: K%u (%s)", n,
			       famfs_fmap_k_text(n));
	}
	n = lowest(v->unsafe);
	return err_set(err, -EUCLEAN, "", "its map is not safe: U%u (%s)", n, famfs_fmap_u_text(n));
}

/* Its v1 message is judged for every generation: what differs between them is how it is sent. */
int fs_require_safe(struct famfs *fs, const struct famfs_entry *entry, struct famfs_err *err)
{
	uint8_t msg[FMAP_V1_FILE_MAX];
	struct famfs_reply v1 = { .buf = msg, .cap = sizeof(msg) };
	struct famfs_fmap_limits limits;
	struct famfs_fmap_verdict verdict;
	char shown[PATH_ESCAPED_SIZE];
	int rc = famfs_fmap_encode(entry, NULL, &v1, err);

	if (!rc) {
		famfs_limits(fs, &limits);
		famfs_fmap_judge(msg, v1.len, &limits, &verdict);
		if (!verdict.kernel_rc && !verdict.unsafe)
			return 0;
		rc = err_hint(err, unsafe(&verdict, err),
			      "famfs check --repair %s mends what can be mended",
			      text_shell(fs->dev->name).s);
	}
	return err_inside(err, rc, fs->dev->name, path_escape(entry->path, shown, sizeof(shown)));
}

int famfs_get_fmap(struct famfs *fs, const struct famfs_entry *entry, const struct famfs_wire *wire,
		   struct famfs_reply *reply, struct famfs_err *err)
{
	int rc = fs_require_safe(fs, entry, err);

	return rc ? rc : famfs_fmap_encode(entry, wire, reply, err);
}

int famfs_get_daxdev(struct famfs *fs, uint64_t dev_index, struct famfs_reply *reply,
		     struct famfs_err *err)
{
	const char *path = fs->dev->path;
	struct fmap_daxdev daxdev = { .index = le16_of(0) };
	int rc;

	if (dev_index) {
		rc = err_set(err, -ENODEV, fs->dev->name, "no path is known for device index %llu",
			     (unsigned long long)dev_index);
		return err_hint(err, rc, "files on device 0 alone can be mapped");
	}
	if (strlen(path) >= sizeof(daxdev.name))
		return err_set(err, -ENAMETOOLONG, fs->dev->name,
			       "its path has %zu bytes, the kernel takes %zu", strlen(path),
			       sizeof(daxdev.name) - 1);
	reply->len = sizeof(daxdev);
	if (reply->len > reply->cap)
		return err_set(err, -ENOSPC, fs->dev->name,
			       "the reply has %zu bytes, the buffer %zu", reply->len, reply->cap);
	memcpy(daxdev.name, path, strlen(path));
	memcpy(reply->buf, &daxdev, sizeof(daxdev));
	return 0;
}

void fs_meta_entry(const struct famfs *fs, enum famfs_file_type type, struct famfs_entry *ret_entry)
{
	bool log = type == FAMFS_FILE_LOG,
	     master = role_of(fs->ctx, &fs->super) == FAMFS_ROLE_MASTER;
	uint64_t len = log ? fs->log.len : FAMFS_LOG_OFF;
	uint64_t aus = len / FAMFS_AU + (len % FAMFS_AU != 0);

	*ret_entry = (struct famfs_entry){
		.index = FAMFS_NONE,
		.type = FAMFS_ENTRY_FILE,
		.file_type = type,
		.mode = log && master ? 0644 : 0444,
		.size = len,
		.nextents = 1,
		.extents_nr = 1,
		.extents = { { .off = log ? FAMFS_LOG_OFF : 0, .len = aus * FAMFS_AU } },
	};
	(void)snprintf(ret_entry->path, sizeof(ret_entry->path), "%s",
		       log ? FS_META_LOG : FS_META_SUPER);
}

int famfs_lookup_meta(struct famfs *fs, const char *path, struct famfs_entry *ret_entry,
		      struct famfs_err *err)
{
	char clean[PATH_CLEAN_SIZE];

	if (path_clean(path, clean, NULL))
		return famfs_lookup(fs, path, ret_entry, err);
	if (!strcmp(clean, FS_META_SUPER))
		fs_meta_entry(fs, FAMFS_FILE_SUPER, ret_entry);
	else if (!strcmp(clean, FS_META_LOG))
		fs_meta_entry(fs, FAMFS_FILE_LOG, ret_entry);
	else
		return famfs_lookup(fs, path, ret_entry, err);
	return 0;
}
