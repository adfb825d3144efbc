/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a judge on every state that memory may have. Where there are few, each is built. Where there
 * are many: what the judge never reads cannot change what
 * it says, so a word is decided when it is first read, and the judge is run again for each way to
 * decide it: one run stands for all states that differ only in what it did not look at. The ways
 * are gone through depth first. Include behind record.h and picks.h.
 */
#ifndef FAMFS_TESTS_EXPLORE_H
#define FAMFS_TESTS_EXPLORE_H

#define EXPLORE_DEPTH 256

/*
 * A read that met undecided words: which of the combinations is being tried.
 */
struct explore_node {
	struct picks picks;
	uint64_t index;
	size_t units_cap;
	struct model_unit *units;
};

/*
 * @group_max: combinations that are tried of the words of one read; all, where there are fewer.
 * @runs_max: runs of the judge for one point in time; behind it, some at random. @build_max: where
 * there are no more states than that, each is built.
 */
struct explore_bound {
	uint64_t group_max, runs_max, build_max;
};

/* @log_states: states before the judge, summed over the points, as a power of 2. */
struct explore_stats {
	uint64_t points, runs, reduced_points;
	uint64_t largest_group; /* words of the largest read that was not tried in all ways */
	double log_states, log_largest;
};

static struct {
	struct model *model;
	struct explore_bound bound;
	struct explore_stats stats;
	struct explore_node nodes[EXPLORE_DEPTH];
	size_t depth, nodes_nr;
	bool eager, sampling, reduced;
	uint64_t seed, run;
	uint8_t *decided;  /* for each line, its words */
	bool *touched;     /* for each line */
	uint32_t *journal; /* the lines that were touched */
	size_t journal_nr;
} explore;

static inline void explore_touch(uint32_t line)
{
	if (explore.touched[line])
		return;
	explore.touched[line] = true;
	explore.journal[explore.journal_nr++] = line;
}

static inline void explore_decide(void *arg, const struct model_unit *u, unsigned int value)
{
	uint64_t words[2];

	(void)arg;
	if (!model_value(explore.model, u, value, words))
		abort();
	explore_touch(u->line);
	explore.decided[u->line] |= (uint8_t)(((1U << u->span) - 1) << u->word);
	memcpy(stage_mem + (uint64_t)u->line * LINE + u->word * WORD, words, u->span * WORD);
}

static inline bool explore_is_open(const struct model_unit *u, uint64_t off, uint64_t end)
{
	uint64_t at = (uint64_t)u->line * LINE + u->word * WORD;

	return !(explore.decided[u->line] >> u->word & 1) && at < end && at + u->span * WORD > off;
}

/* Adds the undecided units of a line that lie in the range. */
static inline void explore_collect(struct explore_node *node, size_t *nr, uint32_t line,
				   uint64_t off, uint64_t end)
{
	struct model_unit units[WORDS];
	size_t in_line = model_units(explore.model, line, units);

	if (*nr + in_line > node->units_cap) {
		node->units_cap = 2 * (*nr + WORDS);
		node->units = model_alloc(node->units, node->units_cap, sizeof(*node->units));
	}
	for (size_t i = 0; i < in_line; i++)
		if (explore_is_open(&units[i], off, end))
			node->units[(*nr)++] = units[i];
}

static inline struct explore_node *explore_node(void)
{
	if (explore.depth == EXPLORE_DEPTH)
		abort();
	return &explore.nodes[explore.depth];
}

/* Decides the @nr units that were collected in the next node. */
static inline void explore_choose(struct explore_node *node, size_t nr)
{
	struct picks *picks = &node->picks;
	bool known = explore.depth < explore.nodes_nr;

	if (!nr)
		return;
	/* The same decisions before must lead to the same question. */
	if (known && nr != picks->nr)
		abort();
	if (!known) {
		*picks = (struct picks){ .units = node->units,
					 .nr = nr,
					 .most = explore.bound.group_max,
					 .seed = &explore.seed };
		picks_make(picks);
		node->index = 0;
		explore.nodes_nr++;
	}
	if (picks->list_nr)
		explore.reduced = true;
	if (picks->list_nr && nr > explore.stats.largest_group)
		explore.stats.largest_group = nr;
	picks->units = node->units;
	if (explore.sampling)
		node->index = pick_random(&explore.seed) % picks_nr(picks);
	picks_apply(picks, node->index, explore_decide, NULL);
	explore.depth++;
}

/* Words of [@off, @off + @len) are about to be read. */
static inline void explore_read(uint64_t off, uint64_t len)
{
	struct explore_node *node = explore_node();
	size_t nr = 0;

	for (uint64_t line = off / LINE; line * LINE < off + len; line++)
		if (explore.model->place[line])
			explore_collect(node, &nr, (uint32_t)line, off, off + len);
	explore_choose(node, nr);
}

/* Decides everything. */
static inline void explore_read_all(void)
{
	struct explore_node *node = explore_node();
	size_t nr = 0;

	for (size_t i = 0; i < explore.model->nr; i++)
		explore_collect(node, &nr, explore.model->dirty[i].line, 0, STAGE_SIZE);
	explore_choose(node, nr);
}

enum explore_settling { SETTLE_OLDEST, SETTLE_NEWEST, SETTLE_RANDOM };

/* Decides what is left: all as it was for certain, as stored last, or mixed. Not gone through. */
static inline void explore_settle(enum explore_settling how)
{
	struct model_unit units[WORDS];
	unsigned int value = 0;

	for (size_t i = 0; i < explore.model->nr; i++) {
		size_t nr = model_units(explore.model, explore.model->dirty[i].line, units);

		for (size_t j = 0; j < nr; j++) {
			if (!explore_is_open(&units[j], 0, STAGE_SIZE))
				continue;
			if (how == SETTLE_NEWEST)
				value = units[j].nr - 1U;
			else if (how == SETTLE_RANDOM)
				value = (unsigned int)(pick_random(&explore.seed) % units[j].nr);
			explore_decide(NULL, &units[j], value);
		}
	}
}

/* Bytes are about to be overwritten: whole words are decided by that, the parts at the ends not. */
static inline void explore_write(uint64_t off, uint64_t len)
{
	uint64_t end = off + len;

	if (!len)
		return;
	if (off % 16)
		explore_read(off & ~15ULL, 16);
	if (end % 16)
		explore_read(end & ~15ULL, 16);
	for (uint64_t at = off & ~(uint64_t)(WORD - 1); at < end; at += WORD) {
		explore_touch((uint32_t)(at / LINE));
		explore.decided[at / LINE] |= (uint8_t)(1U << at / WORD % WORDS);
	}
}

static inline void explore_listen(enum trace_kind kind, uint64_t off, uint64_t len,
				  const void *bytes)
{
	(void)bytes;
	if (kind != TRACE_WRITEBACK && kind != TRACE_FENCE)
		explore_write(off, len);
}

/* Memory as it is for certain, for the next run. */
static inline void explore_undo(void)
{
	for (size_t i = 0; i < explore.journal_nr; i++) {
		uint32_t line = explore.journal[i];
		uint64_t off = (uint64_t)line * LINE;

		memcpy(stage_mem + off, explore.model->certain + off, LINE);
		explore.touched[line] = false;
		explore.decided[line] = 0;
	}
	explore.journal_nr = 0;
}

static inline void explore_forget(size_t nodes_nr)
{
	while (explore.nodes_nr > nodes_nr)
		free(explore.nodes[--explore.nodes_nr].picks.list);
}

/* On to the next way. Return: false when there is none. */
static inline bool explore_next(void)
{
	while (explore.nodes_nr) {
		struct explore_node *node = &explore.nodes[explore.nodes_nr - 1];

		if (++node->index < picks_nr(&node->picks))
			return true;
		explore_forget(explore.nodes_nr - 1);
	}
	return false;
}

static inline bool explore_once(bool (*judge)(void *arg), void *arg)
{
	bool ok;

	explore.depth = 0;
	stage_reader = explore_read;
	trace_listener = explore_listen;
	stage_ops = &trace_ops;
	if (explore.eager)
		explore_read_all();
	ok = judge(arg);
	stage_reader = NULL;
	trace_listener = NULL;
	stage_ops = persist_page_cache();
	explore_undo();
	explore.run++;
	explore.stats.runs++;
	return ok;
}

/* Behind the bound: ways at random. */
static inline bool explore_sample(bool (*judge)(void *arg), void *arg)
{
	explore.reduced = explore.sampling = true;
	for (uint64_t i = 0; i < explore.bound.runs_max / 4; i++) {
		explore_forget(0);
		if (!explore_once(judge, arg))
			return false;
	}
	return true;
}

/* One more point with 2^@states states. */
static inline void explore_count(double states)
{
	struct explore_stats *stats = &explore.stats;
	double more = stats->log_states > states ? stats->log_states : states;
	double less = stats->log_states > states ? states : stats->log_states;

	stats->log_states = stats->points++ ? more + log2(1 + exp2(less - more)) : states;
	if (stats->log_largest < states)
		stats->log_largest = states;
	stats->reduced_points += explore.reduced;
}

/* Runs @judge on all states that the model allows now. Return: false as soon as it does. */
static inline bool explore_point(bool (*judge)(void *arg), void *arg)
{
	double states = model_states(explore.model);
	bool ok;

	explore.sampling = explore.reduced = false;
	explore.eager = explore.bound.build_max && states <= log2((double)explore.bound.build_max);
	explore.run = 0;
	do {
		ok = explore_once(judge, arg);
		if (ok && explore.run >= explore.bound.runs_max) {
			ok = explore_sample(judge, arg);
			break;
		}
	} while (ok && explore_next());
	explore_forget(0);
	explore_count(states);
	return ok;
}

/* @base: memory before the first event, on the stage as well. */
static inline void explore_begin(struct model *m, const struct explore_bound *bound)
{
	const size_t lines = STAGE_SIZE / LINE;

	memset(&explore, 0, sizeof(explore));
	explore.model = m;
	explore.bound = *bound;
	explore.seed = 1;
	explore.decided = calloc(lines, 1);
	explore.touched = calloc(lines, sizeof(*explore.touched));
	explore.journal = calloc(lines, sizeof(*explore.journal));
	if (!explore.decided || !explore.touched || !explore.journal)
		abort();
}

static inline void explore_end(void)
{
	for (size_t i = 0; i < EXPLORE_DEPTH; i++)
		free(explore.nodes[i].units);
	free(explore.decided);
	free(explore.touched);
	free(explore.journal);
}

#endif
