/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judging an fmap message of generation v1: what the kernel's parser does with it (FMAP.md 3, the
 * numbers K1 to K16), and whether what it accepts is safe (FMAP.md 4, U1 to U10). The message is
 * read once; everything after that works on copies.
 */
#include <errno.h>
#include <string.h>

#include "fmap_wire.h"
#include "interleave.h"

#define BIT(n)     (1U << (n))
#define PIECES_MAX (FMAP_V1_EXTENTS_MAX * FMAP_V1_STRIPS_MAX)

/* An extent or a strip. */
struct piece {
	uint64_t off, len;
};

/*
 * @wire: the generation's constants.
 * @msg, @len, @at: the message and how far it is read.
 * @counted: bits of the counted checks that failed.
 * @unsafe: bits of dangers found on the way.
 * @total: sum of all lengths, as the kernel adds them: modulo 2^64.
 * @pieces, @pieces_nr: extents or strips in their order; only a message that is rejected has more
 *	than PIECES_MAX.
 */
struct walk {
	const struct famfs_wire *wire;
	const uint8_t *msg;
	uint64_t len, at;
	uint32_t counted, unsafe;
	uint64_t total, dev_bitmap;
	struct fmap_header header;
	struct fmap_interleaved *interleaved;
	struct piece *pieces;
	uint32_t pieces_nr;
};

/* ---------------------------------------------------------------- the kernel */

static bool has(const struct walk *w, uint64_t nr, uint64_t each)
{
	return nr <= (w->len - w->at) / each;
}

static void take(struct walk *w, void *ret_part, size_t len)
{
	memcpy(ret_part, w->msg + w->at, len);
	w->at += len;
}

static void take_piece(struct walk *w)
{
	struct fmap_simple simple;
	uint32_t devindex;
	struct piece piece;

	take(w, &simple, sizeof(simple));
	devindex = le32_get(simple.devindex);
	piece = (struct piece){ le64_get(simple.off), le64_get(simple.len) };
	if (devindex > w->wire->devindex_max)
		w->counted |= BIT(6);
	if (piece.off % FMAP_ALIGN)
		w->counted |= BIT(7);
	if (piece.len % FMAP_ALIGN)
		w->counted |= BIT(8);
	if (__builtin_add_overflow(w->total, piece.len, &w->total))
		w->unsafe |= BIT(6);
	if (le32_get(simple.reserved))
		w->unsafe |= BIT(7);
	if (devindex > 63)
		w->unsafe |= BIT(8);
	else
		w->dev_bitmap |= 1ULL << devindex;
	if (w->pieces_nr < PIECES_MAX)
		w->pieces[w->pieces_nr++] = piece;
}

/* These return the number of the check that stops the kernel, 0 for none. */
static unsigned int walk_simple(struct walk *w, uint32_t nextents)
{
	if (!has(w, nextents, sizeof(struct fmap_simple)))
		return 5;
	while (nextents--)
		take_piece(w);
	return 0;
}

static unsigned int walk_strips(struct walk *w, struct fmap_interleaved *ret_ext)
{
	uint32_t nstrips;

	if (!has(w, 1, sizeof(*ret_ext)))
		return 9;
	take(w, ret_ext, sizeof(*ret_ext));
	if (le32_get(ret_ext->chunk_size) % FMAP_ALIGN)
		return 10;
	if (!le64_get(ret_ext->nbytes))
		return 11;
	nstrips = le32_get(ret_ext->nstrips);
	if (!has(w, nstrips, sizeof(struct fmap_simple)))
		return 12;
	if (nstrips < 1 || nstrips > w->wire->strips_max)
		w->counted |= BIT(13);
	while (nstrips--)
		take_piece(w);
	return 0;
}

static unsigned int walk_interleaved(struct walk *w, uint32_t nextents)
{
	uint64_t missing;

	for (uint32_t i = 0; i < nextents; i++) {
		unsigned int stop = walk_strips(w, &w->interleaved[i]);

		if (stop)
			return stop;
	}
	missing = le64_get(w->header.file_size) - w->total;
	return missing && missing <= INT64_MAX ? 14 : 0;
}

static unsigned int walk_message(struct walk *w)
{
	uint32_t nextents, ext_type;
	unsigned int stop;

	if (!has(w, 1, sizeof(w->header)))
		return 1;
	take(w, &w->header, sizeof(w->header));
	nextents = le32_get(w->header.nextents);
	if (nextents < 1)
		return 2;
	if (nextents > w->wire->extents_max)
		return 3;
	ext_type = le32_get(w->header.ext_type);
	if (ext_type != FAMFS_EXT_SIMPLE && ext_type != FAMFS_EXT_INTERLEAVE)
		return 4;
	if (ext_type == FAMFS_EXT_SIMPLE)
		stop = walk_simple(w, nextents);
	else
		stop = walk_interleaved(w, nextents);
	if (stop)
		return stop;
	if (w->counted)
		return 15;
	return w->total < le64_get(w->header.file_size) ? 16 : 0;
}

static int stop_rc(unsigned int stop, enum famfs_fmap_kernel kernel)
{
	if ((stop == 2 || stop == 3) && kernel == FAMFS_KERNEL_V10)
		return -ERANGE;
	return stop == 3 ? -E2BIG : -EINVAL;
}

/* ------------------------------------------------------------------ safety */

static uint32_t header_dangers(const struct walk *w)
{
	const struct fmap_header *h = &w->header;
	uint32_t dangers = 0;

	if (h->file_type > FMAP_FILE_TYPE_MAX || le16_get(h->fmap_version) != FMAP_VERSION ||
	    h->reserved || le32_get(h->fmap_size) || le64_get(h->reserved1) || w->at < w->len)
		dangers |= BIT(7);
	if (!le64_get(h->file_size))
		dangers |= BIT(9);
	if (w->len > w->wire->message_max)
		dangers |= BIT(10);
	return dangers;
}

/* Is one of an extent's strips shorter than what @bytes of the file take of it? */
static bool strip_is_short(const struct piece *strips, uint32_t nstrips, uint32_t chunk,
			   uint64_t bytes)
{
	struct interleave_fill fill = interleave_fill_of(bytes, nstrips, chunk);

	/* Lengths are multiples of 2 MiB here, so rounding up would change nothing. */
	for (uint32_t i = 0; i < nstrips; i++)
		if (strips[i].len < interleave_fill_bytes(&fill, i))
			return true;
	return false;
}

/* U1, U2, U5 and U7. Each extent serves the next min(nbytes, file_size) bytes of the file. */
static uint32_t interleave_dangers(const struct walk *w)
{
	const struct piece *strips = w->pieces;
	uint64_t file_size = le64_get(w->header.file_size);
	uint64_t left = file_size;
	uint32_t dangers = 0;

	for (uint32_t i = 0; i < le32_get(w->header.nextents); i++) {
		const struct fmap_interleaved *ext = &w->interleaved[i];
		uint64_t bytes = le64_get(ext->nbytes);
		uint32_t nstrips = le32_get(ext->nstrips);
		uint32_t chunk = le32_get(ext->chunk_size);

		if (bytes > left)
			bytes = left;
		left -= bytes;
		if (le64_get(ext->reserved))
			dangers |= BIT(7);
		if (!chunk)
			dangers |= BIT(1);
		else if (strip_is_short(strips, nstrips, chunk, bytes))
			dangers |= BIT(2);
		strips += nstrips;
	}
	return left ? dangers | BIT(5) : dangers;
}

/* Shell sort by offset: few pieces are the rule, and no hostile message makes it slow. */
static void sort_pieces(struct piece *pieces, uint32_t nr)
{
	static const uint32_t gaps[] = { 301, 132, 57, 23, 10, 4, 1 };

	for (size_t g = 0; g < sizeof(gaps) / sizeof(gaps[0]); g++) {
		for (uint32_t i = gaps[g]; i < nr; i++) {
			struct piece piece = pieces[i];
			uint32_t to = i;

			for (; to >= gaps[g] && pieces[to - gaps[g]].off > piece.off; to -= gaps[g])
				pieces[to] = pieces[to - gaps[g]];
			pieces[to] = piece;
		}
	}
}

/* U3 and U4. Pieces of length 0 are nowhere. Reorders the pieces. */
static uint32_t place_dangers(const struct walk *w, const struct famfs_fmap_limits *limits)
{
	uint64_t data_off = w->header.file_type == 0 ? limits->data_off : 0;
	struct piece *pieces = w->pieces;
	uint32_t nr = 0, dangers = 0;

	for (uint32_t i = 0; i < w->pieces_nr; i++) {
		struct piece piece = pieces[i];

		if (!piece.len)
			continue;
		if (piece.off < data_off)
			dangers |= BIT(3);
		if (limits->dev_size &&
		    (piece.off > limits->dev_size || piece.len > limits->dev_size - piece.off))
			dangers |= BIT(4);
		pieces[nr++] = piece;
	}
	sort_pieces(pieces, nr);
	/* If any two overlap, then two neighbours do. Ends are never computed: they could wrap. */
	for (uint32_t i = 1; i < nr; i++)
		if (pieces[i].off - pieces[i - 1].off < pieces[i - 1].len)
			dangers |= BIT(3);
	return dangers;
}

void famfs_fmap_judge(const void *msg, size_t len, const struct famfs_fmap_limits *limits,
		      struct famfs_fmap_verdict *ret_verdict)
{
	static const struct famfs_fmap_limits no_limits;
	struct fmap_interleaved interleaved[FMAP_V1_EXTENTS_MAX];
	struct piece pieces[PIECES_MAX];
	struct walk w = {
		.wire = &fmap_wires[FAMFS_WIRE_V1],
		.msg = msg,
		.len = len,
		.interleaved = interleaved,
		.pieces = pieces,
	};
	struct famfs_fmap_verdict v = { 0 };
	unsigned int stop = walk_message(&w);

	if (!limits)
		limits = &no_limits;
	if (stop) {
		v.kernel_rc = stop_rc(stop, limits->kernel);
		v.stop = stop;
		v.rejected = BIT(stop) | w.counted;
		*ret_verdict = v;
		return;
	}
	v.file_type = w.header.file_type;
	v.file_size = le64_get(w.header.file_size);
	v.ext_type = le32_get(w.header.ext_type);
	v.nextents = le32_get(w.header.nextents);
	v.dev_bitmap = w.dev_bitmap;
	v.unsafe = w.unsafe | header_dangers(&w);
	if (v.ext_type == FAMFS_EXT_INTERLEAVE)
		v.unsafe |= interleave_dangers(&w);
	v.unsafe |= place_dangers(&w, limits);
	*ret_verdict = v;
}
