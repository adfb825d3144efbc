/* SPDX-License-Identifier: Apache-2.0 */
/* Reading, judging and writing the superblock. */
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "err.h"
#include "media.h"
#include "super.h"
#include "text.h"

#define ALLOC_UNIT_SMALL 4096

static unsigned int judge(const struct fm_super *raw, const struct famfs_super *super)
{
	unsigned int problems = 0;

	if (le64_get(raw->fm_magic) != MEDIA_SUPER_MAGIC)
		return SUPER_BAD_MAGIC;
	/* Another version has another layout: nothing behind the version can be judged. */
	if (super->version != FAMFS_VERSION)
		return SUPER_BAD_VERSION;
	if (!media_super_crc_ok(raw))
		problems |= SUPER_BAD_CRC;
	if (super->alloc_unit != FAMFS_AU && super->alloc_unit != ALLOC_UNIT_SMALL)
		problems |= SUPER_BAD_ALLOC_UNIT;
	if (super->log_off != FAMFS_LOG_OFF)
		problems |= SUPER_BAD_LOG_OFF;
	return problems;
}

/* Where there is no superblock, a restore that was cut off left its mark at the log's beginning. */
static int look_for_mark(struct dev *dev, unsigned int *problems, struct famfs_err *err)
{
	struct le64 magic = le64_of(0);
	int rc;

	if (!(*problems & SUPER_BAD_MAGIC) || dev->size < FAMFS_LOG_OFF + sizeof(magic))
		return 0;
	rc = dev_map(dev, FAMFS_LOG_OFF + sizeof(magic), err);
	if (!rc)
		rc = dev_invalidate(dev, FAMFS_LOG_OFF, sizeof(magic), err);
	if (!rc)
		rc = dev_read(dev, FAMFS_LOG_OFF, &magic, sizeof(magic), err);
	if (le64_get(magic) == MEDIA_LOG_REWRITE)
		*problems |= SUPER_CUT_OFF;
	return rc;
}

int super_read(struct dev *dev, struct famfs_super *ret_super, unsigned int *ret_problems,
	       struct famfs_err *err)
{
	struct famfs_super super;
	struct fm_super raw;
	unsigned int problems = 0;
	int rc = dev_map(dev, sizeof(raw), err);

	/* Stale cache lines get one more chance. */
	for (int attempt = 0; !rc && attempt < 2; attempt++) {
		rc = dev_invalidate(dev, 0, sizeof(raw), err);
		if (!rc)
			rc = dev_read(dev, 0, &raw, sizeof(raw), err);
		if (rc)
			break;
		media_super_decode(&raw, &super);
		problems = judge(&raw, &super);
		if (!problems)
			break;
	}
	if (!rc)
		rc = look_for_mark(dev, &problems, err);
	if (rc)
		return rc;
	*ret_super = super;
	*ret_problems = problems;
	return 0;
}

static int bad_field(const struct dev *dev, struct famfs_err *err, size_t off, const char *what,
		     uint64_t value)
{
	int rc = err_set(err, -EUCLEAN, dev->name, "damaged superblock: %s %" PRIu64, what, value);

	rc = err_at(err, rc, off, FAMFS_NONE);
	return err_hint(err, rc,
			"famfs check %s tells everything that is wrong, and mends it with --repair",
			text_shell(dev->name).s);
}

int super_require(const struct dev *dev, const struct famfs_super *super, unsigned int problems,
		  struct famfs_err *err)
{
	int rc;

	if (problems & SUPER_CUT_OFF) {
		rc = err_set(err, -EUCLEAN, dev->name,
			     "no famfs superblock: a restore is under way, or was cut off");
		return err_hint(err, rc,
				"the same restore again completes it, and famfs image restore "
				"with its undo file takes it back");
	}
	if (problems & SUPER_BAD_MAGIC) {
		rc = err_set(err, -EUCLEAN, dev->name, "no famfs superblock");
		return err_hint(err, rc, "famfs mkfs %s makes a file system",
				text_shell(dev->name).s);
	}
	if (problems & SUPER_BAD_VERSION) {
		rc = err_set(err, -EOPNOTSUPP, dev->name,
			     "famfs format version %" PRIu64 ", this program knows %d",
			     super->version, FAMFS_VERSION);
		return err_hint(err, rc, "use the tools of the release that made it");
	}
	if (problems & SUPER_BAD_CRC)
		return bad_field(dev, err, offsetof(struct fm_super, fm_crc),
				 "wrong checksum in format version", super->version);
	if (problems & SUPER_BAD_ALLOC_UNIT)
		return bad_field(dev, err, offsetof(struct fm_super, fm_alloc_unit),
				 "allocation unit", super->alloc_unit);
	if (problems & SUPER_BAD_LOG_OFF)
		return bad_field(dev, err, offsetof(struct fm_super, fm_log_offset), "log offset",
				 super->log_off);
	return 0;
}

uint64_t super_usable_size(const struct dev *dev, const struct famfs_super *super)
{
	return super->dev_size < dev->size ? super->dev_size : dev->size;
}

static int flush(struct dev *dev, uint64_t off, size_t len, struct famfs_err *err)
{
	int rc = dev_writeback(dev, off, len, err);

	return rc ? rc : dev_fence(dev, err);
}

int super_write(struct dev *dev, const struct famfs_super *super, struct famfs_err *err)
{
	static const uint8_t zeros[4096];
	const size_t magic_len = sizeof(((struct fm_super *)0)->fm_magic);
	struct fm_super raw;
	int rc;

	media_super_encode(super, &raw);
	rc = dev_zero(dev, sizeof(zeros), MEDIA_SUPER_LEN - sizeof(zeros), NULL, NULL, err);
	if (!rc)
		rc = dev_store(dev, 0, zeros, sizeof(zeros), err);
	if (!rc)
		rc = dev_store(dev, magic_len, (const uint8_t *)&raw + magic_len,
			       sizeof(raw) - magic_len, err);
	if (!rc)
		rc = flush(dev, 0, sizeof(zeros), err);
	if (!rc)
		rc = dev_store(dev, 0, &raw.fm_magic, magic_len, err);
	return rc ? rc : flush(dev, 0, magic_len, err);
}

int super_kill(struct dev *dev, struct famfs_err *err)
{
	static const struct le64 none;
	int rc = dev_store(dev, offsetof(struct fm_super, fm_magic), &none, sizeof(none), err);

	return rc ? rc : flush(dev, 0, sizeof(none), err);
}
