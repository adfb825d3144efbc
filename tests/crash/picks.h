/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which values a group of units is given: all combinations where there are few enough, else the
 * ones most likely to hurt, and random ones. Include behind model.h.
 */
#ifndef FAMFS_TESTS_PICKS_H
#define FAMFS_TESTS_PICKS_H

enum pick_kind {
	PICK_ALL,    /* every unit its @a'th value, or its last */
	PICK_LINES,  /* bits of @a: which lines are new, the others old */
	PICK_LINE,   /* line @a differs from the others */
	PICK_TORN,   /* line @a up to its unit @b, and from there on */
	PICK_UNIT,   /* unit @a has its value @b */
	PICK_PAIR,   /* units @a and @b differ from the others */
	PICK_RANDOM, /* by @seed; @a of 8 are old */
};

/* @flip: what is new in the description is old, and the other way round. */
struct pick {
	enum pick_kind kind;
	bool flip, others;
	uint32_t a, b;
	uint64_t seed;
};

/* A group that a reader has come across. */
struct picks {
	const struct model_unit *units;
	size_t nr, lines;
	uint64_t all;  /* how many combinations there are; UINT64_MAX: more than fit */
	uint64_t most; /* how many are wanted */
	struct pick *list;
	uint64_t list_nr; /* 0: all of them, by counting */
	uint64_t *seed;
};

static inline uint64_t pick_random(uint64_t *state)
{
	uint64_t z = *state += 0x9E3779B97F4A7C15ULL;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ULL;
	z = (z ^ z >> 27) * 0x94D049BB133111EBULL;
	return z ^ z >> 31;
}

static inline uint64_t picks_count(const struct model_unit *units, size_t nr)
{
	uint64_t all = 1;

	for (size_t i = 0; i < nr; i++)
		if (__builtin_mul_overflow(all, units[i].nr, &all))
			return UINT64_MAX;
	return all;
}

static inline void picks_push(struct picks *p, struct pick pick)
{
	if (p->list_nr < p->most)
		p->list[p->list_nr++] = pick;
}

/* With the rest old and with the rest new. */
static inline void picks_push_both(struct picks *p, struct pick pick)
{
	picks_push(p, pick);
	pick.flip = true;
	picks_push(p, pick);
}

/* At most a quarter of what is wanted, evenly spread. */
static inline size_t picks_step(const struct picks *p, size_t nr)
{
	size_t room = (size_t)p->most / 4 + 1;

	return nr / room + 1;
}

static inline void picks_push_lines(struct picks *p)
{
	if (p->lines < 32 && 1ULL << p->lines <= p->most / 4) {
		for (uint32_t set = 0; set < 1U << p->lines; set++)
			picks_push(p, (struct pick){ .kind = PICK_LINES, .a = set });
		return;
	}
	for (size_t i = 0; i < p->lines; i += picks_step(p, p->lines * 2))
		picks_push_both(p, (struct pick){ .kind = PICK_LINE, .a = (uint32_t)i });
}

static inline void picks_push_torn(struct picks *p)
{
	for (size_t i = 0; i < p->lines; i += picks_step(p, p->lines * 2 * WORDS)) {
		for (uint32_t j = 1; j < WORDS; j++) {
			struct pick pick = { .kind = PICK_TORN, .a = (uint32_t)i, .b = j };

			picks_push_both(p, pick);
			pick.others = true;
			picks_push_both(p, pick);
		}
	}
}

static inline void picks_push_units(struct picks *p)
{
	for (size_t i = 0; i < p->nr; i += picks_step(p, p->nr * 2)) {
		for (uint32_t v = 0; v < p->units[i].nr; v++) {
			struct pick pick = { .kind = PICK_UNIT, .a = (uint32_t)i, .b = v };

			picks_push_both(p, pick);
		}
	}
	if (p->nr * p->nr > p->most / 4)
		return;
	for (uint32_t i = 0; i < p->nr; i++)
		for (uint32_t j = i + 1; j < p->nr; j++)
			picks_push_both(p, (struct pick){ .kind = PICK_PAIR, .a = i, .b = j });
}

/* Decides which combinations are tried. @p->units, @p->most and @p->seed are set. */
static inline void picks_make(struct picks *p)
{
	p->all = picks_count(p->units, p->nr);
	p->list_nr = 0;
	p->list = NULL;
	if (p->all <= p->most)
		return;
	p->lines = 1;
	for (size_t i = 1; i < p->nr; i++)
		p->lines += p->units[i].line != p->units[i - 1].line;
	p->list = model_alloc(NULL, (size_t)p->most, sizeof(*p->list));
	for (uint32_t v = 0; v < 3; v++)
		picks_push(p, (struct pick){ .kind = PICK_ALL, .a = v });
	picks_push(p, (struct pick){ .kind = PICK_ALL, .a = UINT8_MAX });
	picks_push_lines(p);
	picks_push_torn(p);
	picks_push_units(p);
	while (p->list_nr < p->most)
		picks_push(p, (struct pick){ .kind = PICK_RANDOM,
					     .a = 1 + p->list_nr % 7,
					     .seed = pick_random(p->seed) });
}

static inline uint64_t picks_nr(const struct picks *p)
{
	return p->list_nr ? p->list_nr : p->all;
}

/* Where a unit stands: its line's number in the group, and its own in the line. */
struct pick_place {
	uint32_t unit, line, in_line;
	uint8_t last;
};

static inline unsigned int pick_value(const struct pick *pick, const struct pick_place *at)
{
	unsigned int last = at->last;
	bool new = false;
	uint64_t seed;

	switch (pick->kind) {
	case PICK_ALL:
		return pick->a < last ? pick->a : last;
	case PICK_RANDOM:
		seed = pick->seed + at->unit * 0x9E3779B97F4A7C15ULL;
		seed = pick_random(&seed);
		return seed % 8 < pick->a ? 0 : 1 + (unsigned int)(seed >> 8) % last;
	case PICK_UNIT:
		if (at->unit == pick->a)
			return pick->b;
		break;
	case PICK_LINES:
		new = pick->a >> at->line & 1;
		break;
	case PICK_LINE:
		new = at->line == pick->a;
		break;
	case PICK_TORN:
		if (at->line != pick->a)
			return pick->others ? last : 0;
		new = at->in_line < pick->b;
		break;
	case PICK_PAIR:
		new = at->unit == pick->a || at->unit == pick->b;
		break;
	}
	return new != pick->flip ? last : 0;
}

/* Calls @fn with the value of each unit in combination @index. */
static inline void
picks_apply(const struct picks *p, uint64_t index,
	    void (*fn)(void *arg, const struct model_unit *u, unsigned int value), void *arg)
{
	struct pick_place at = { 0 };

	for (size_t i = 0; i < p->nr; i++) {
		const struct model_unit *u = &p->units[i];

		if (i && u->line != p->units[i - 1].line) {
			at.line++;
			at.in_line = 0;
		}
		at.unit = (uint32_t)i;
		at.last = (uint8_t)(u->nr - 1);
		if (p->list_nr) {
			fn(arg, u, pick_value(&p->list[index], &at));
		} else {
			fn(arg, u, (unsigned int)(index % u->nr));
			index /= u->nr;
		}
		at.in_line++;
	}
}

#endif
