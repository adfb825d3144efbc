/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What memory may hold after a crash. A store is in a cache until its line was written back and the
 * thread that asked for it has fenced; the line may reach memory before that at any time, and in
 * any order with other lines, of its own accord. What reaches memory whole is a word of 8 bytes, or
 * one aligned 16-byte vector store: a line may be torn between them. So each word holds, whatever
 * the others do, what it held when it was last certain, or anything stored to it since. That is
 * more than any x86 CPU does, and so what holds here holds there.
 *
 * Include behind unit.h.
 */
#ifndef FAMFS_TESTS_MODEL_H
#define FAMFS_TESTS_MODEL_H

#include <math.h>

#define LINE          64U
#define WORD          8U
#define WORDS         (LINE / WORD)
#define MODEL_THREADS 16U

/* A line as it is in the cache after one store. @mask: the words that the store changed. */
struct model_version {
	uint64_t words[WORDS];
	uint8_t mask;
	bool whole; /* one vector store: its two words reach memory together */
};

/* A line that memory may hold in several ways. @asked: how many versions a thread wrote back. */
struct model_line {
	uint32_t line, nr, cap;
	uint32_t asked[MODEL_THREADS];
	struct model_version *versions;
};

/* Words of a line that change together: one, or two. */
struct model_unit {
	uint32_t line;
	uint8_t word, span;
	uint8_t nr; /* values that it may have */
};

struct model_pending {
	uint32_t *lines;
	size_t nr, cap;
};

/*
 * @certain: memory as it is for certain; what is not is in @dirty. @place: 1 + the place there.
 * @mirror: a second copy of @certain that is kept up with it.
 */
struct model {
	uint64_t size;
	uint8_t *certain, *mirror;
	uint32_t *place;
	struct model_line *dirty;
	size_t nr, cap;
	struct model_pending pending[MODEL_THREADS];
};

static inline void *model_alloc(void *old, size_t nr, size_t size)
{
	void *mem = reallocarray(old, nr, size);

	if (!mem)
		abort();
	return mem;
}

static inline void model_init(struct model *m, uint64_t size, uint8_t *mirror)
{
	*m = (struct model){ .size = size, .mirror = mirror };
	m->certain = calloc(size, 1);
	m->place = calloc(size / LINE, sizeof(*m->place));
	if (!m->certain || !m->place)
		abort();
}

static inline struct model_line *model_find(const struct model *m, uint32_t line)
{
	return m->place[line] ? &m->dirty[m->place[line] - 1] : NULL;
}

static inline struct model_line *model_add(struct model *m, uint32_t line)
{
	if (m->nr == m->cap) {
		m->cap = m->cap ? m->cap * 2 : 1024;
		m->dirty = model_alloc(m->dirty, m->cap, sizeof(*m->dirty));
	}
	m->dirty[m->nr] = (struct model_line){ .line = line };
	m->place[line] = (uint32_t)++m->nr;
	return &m->dirty[m->nr - 1];
}

static inline void model_remove(struct model *m, struct model_line *l)
{
	free(l->versions);
	m->place[l->line] = 0;
	m->nr--;
	if (l != &m->dirty[m->nr]) {
		*l = m->dirty[m->nr];
		m->place[l->line] = (uint32_t)(l - m->dirty) + 1;
	}
}

static inline void model_fini(struct model *m)
{
	while (m->nr)
		model_remove(m, &m->dirty[m->nr - 1]);
	for (size_t i = 0; i < MODEL_THREADS; i++)
		free(m->pending[i].lines);
	free(m->dirty);
	free(m->place);
	free(m->certain);
}

/* What the caches hold of a line. */
static inline void model_newest(const struct model *m, uint32_t line, uint64_t words[WORDS])
{
	const struct model_line *l = model_find(m, line);

	if (l)
		memcpy(words, l->versions[l->nr - 1].words, LINE);
	else
		memcpy(words, m->certain + (uint64_t)line * LINE, LINE);
}

/* Bytes [@from, @to) of one line. */
static inline void model_store_line(struct model *m, uint32_t line, size_t from, size_t to,
				    const uint8_t *bytes, bool whole)
{
	struct model_version version = { .whole = whole };
	uint64_t before[WORDS];
	struct model_line *l;

	model_newest(m, line, before);
	memcpy(version.words, before, LINE);
	if (bytes)
		memcpy((uint8_t *)version.words + from, bytes, to - from);
	else
		memset((uint8_t *)version.words + from, 0, to - from);
	for (size_t i = 0; i < WORDS; i++)
		version.mask |= (uint8_t)((version.words[i] != before[i]) << i);
	if (!version.mask)
		return;
	l = model_find(m, line);
	if (!l)
		l = model_add(m, line);
	if (l->nr == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 1;
		l->versions = model_alloc(l->versions, l->cap, sizeof(*l->versions));
	}
	l->versions[l->nr++] = version;
}

/* @bytes: NULL for zeros. */
static inline void model_store(struct model *m, uint64_t off, uint64_t len, const uint8_t *bytes,
			       bool whole)
{
	uint64_t end = off + len;

	while (off < end) {
		size_t from = off % LINE;
		size_t part = LINE - from < end - off ? LINE - from : (size_t)(end - off);

		model_store_line(m, (uint32_t)(off / LINE), from, from + part, bytes, whole);
		off += part;
		if (bytes)
			bytes += part;
	}
}

static inline void model_writeback(struct model *m, unsigned int thread, uint64_t off, uint64_t len)
{
	struct model_pending *pending = &m->pending[thread];

	if (!len)
		return;
	for (uint64_t at = off / LINE; at <= (off + len - 1) / LINE; at++) {
		struct model_line *l = model_find(m, (uint32_t)at);

		if (!l)
			continue;
		l->asked[thread] = l->nr;
		if (pending->nr == pending->cap) {
			pending->cap = pending->cap ? pending->cap * 2 : 1024;
			pending->lines = model_alloc(pending->lines, pending->cap,
						     sizeof(*pending->lines));
		}
		pending->lines[pending->nr++] = (uint32_t)at;
	}
}

/* The first @nr versions of a line are older than what memory holds. */
static inline void model_settle(struct model *m, struct model_line *l, uint32_t nr)
{
	memcpy(m->certain + (uint64_t)l->line * LINE, l->versions[nr - 1].words, LINE);
	memcpy(m->mirror + (uint64_t)l->line * LINE, l->versions[nr - 1].words, LINE);
	if (nr == l->nr) {
		model_remove(m, l);
		return;
	}
	l->nr -= nr;
	memmove(l->versions, l->versions + nr, l->nr * sizeof(*l->versions));
	for (size_t i = 0; i < MODEL_THREADS; i++)
		l->asked[i] -= nr < l->asked[i] ? nr : l->asked[i];
}

static inline void model_fence(struct model *m, unsigned int thread)
{
	struct model_pending *pending = &m->pending[thread];

	for (size_t i = 0; i < pending->nr; i++) {
		struct model_line *l = model_find(m, pending->lines[i]);

		if (l && l->asked[thread])
			model_settle(m, l, l->asked[thread]);
	}
	pending->nr = 0;
}

/* Back to memory that is certain everywhere, with the contents of @base. */
static inline void model_reset(struct model *m, const uint8_t *base)
{
	while (m->nr)
		model_remove(m, &m->dirty[m->nr - 1]);
	for (size_t i = 0; i < MODEL_THREADS; i++)
		m->pending[i].nr = 0;
	memcpy(m->certain, base, m->size);
	memcpy(m->mirror, base, m->size);
}

/* ---------------------------------------------------------------- what a unit may be */

/* Are words @word and @word + 1 changed by vector stores only? */
static inline bool model_is_pair(const struct model_line *l, size_t word)
{
	bool any = false;

	for (uint32_t i = 0; i < l->nr; i++) {
		if (!(l->versions[i].mask & (3U << word)))
			continue;
		if (!l->versions[i].whole)
			return false;
		any = true;
	}
	return any;
}

/* The @index'th value of a unit: 0 is what is certain. Return: false if there is none. */
static inline bool model_value(const struct model *m, const struct model_unit *u,
			       unsigned int index, uint64_t ret_words[2])
{
	const struct model_line *l = model_find(m, u->line);
	const unsigned int bits = ((1U << u->span) - 1) << u->word;

	memcpy(ret_words, m->certain + (uint64_t)u->line * LINE + u->word * WORD, u->span * WORD);
	for (uint32_t i = 0; i < l->nr && index; i++) {
		if (!(l->versions[i].mask & bits))
			continue;
		memcpy(ret_words, &l->versions[i].words[u->word], u->span * WORD);
		index--;
	}
	return index == 0;
}

/* The units of a line with more than one value. Return: how many, at most WORDS. */
static inline size_t model_units(const struct model *m, uint32_t line, struct model_unit *units)
{
	const struct model_line *l = model_find(m, line);
	size_t nr = 0;

	for (uint8_t word = 0; l && word < WORDS; word++) {
		struct model_unit u = { .line = line, .word = word, .span = 1, .nr = 1 };
		unsigned int bits;

		if (word % 2 == 0 && model_is_pair(l, word))
			u.span = 2;
		bits = ((1U << u.span) - 1) << word;
		for (uint32_t i = 0; i < l->nr && u.nr < UINT8_MAX; i++)
			u.nr = (uint8_t)(u.nr + ((l->versions[i].mask & bits) != 0));
		if (u.nr > 1)
			units[nr++] = u;
		word = (uint8_t)(word + u.span - 1);
	}
	return nr;
}

/* How many states there are, as a power of 2. */
static inline double model_states(const struct model *m)
{
	struct model_unit units[WORDS];
	double log = 0;

	for (size_t i = 0; i < m->nr; i++) {
		size_t nr = model_units(m, m->dirty[i].line, units);

		for (size_t j = 0; j < nr; j++)
			log += log2(units[j].nr);
	}
	return log;
}

#endif
