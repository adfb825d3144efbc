/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a command to a verdict on every crash in it: the command runs once and is recorded, then it
 * is replayed on a model of the memory, and after each of its steps every state that the memory may
 * have is judged. FAMFS_CRASH_BOUND: combinations that are tried of the words of one read.
 */
#ifndef FAMFS_TESTS_CRASH_H
#define FAMFS_TESTS_CRASH_H

#include "famfs.h"
#include "unit.h"
#include "scratch.h"
#include "image.h"
#include "create.h"
#include "fs.h"
#include "filling.h"
#include "trace.h"
#include "stage.h"
#include "model.h"
#include "record.h"
#include "picks.h"
#include "explore.h"
#include "judge.h"

#define CRASH_BOUND 4096

/* @prepare: what is there before. @run: the command; it calls record_reported(). */
struct crash_case {
	const char *name;
	void (*prepare)(void);
	int (*run)(void);
	enum record_publish publish;
	struct promise promise;
};

static struct record crash_record;
static struct model crash_model;
static uint8_t *crash_base;

static inline struct explore_bound crash_bound(void)
{
	const char *text = getenv("FAMFS_CRASH_BOUND");
	const char *under = getenv("FAMFS_TEST_UNDER");
	uint64_t bound = text ? strtoull(text, NULL, 10) : CRASH_BOUND;

	/* The sanitizers look at the library and at the test, not at the states. */
	if (under && *under)
		bound = CRASH_BOUND / 64;

	return (struct explore_bound){ .group_max = bound,
				       .runs_max = 4 * bound,
				       .build_max = bound };
}

/* The bytes that the recorded stores make of the base are those in memory: none went past. */
static inline void crash_check_recorded(void)
{
	uint8_t *mem = crash_model.certain;

	memcpy(mem, crash_base, STAGE_SIZE);
	for (size_t i = 0; i < crash_record.nr; i++) {
		const struct record_event *event = &crash_record.events[i];

		if (event->kind != RECORD_STORE)
			continue;
		if (event->bytes)
			memcpy(mem + event->off, event->bytes, event->len);
		else
			memset(mem + event->off, 0, event->len);
	}
	CHECK_MSG(!memcmp(mem, stage_mem, STAGE_SIZE), "every store was recorded");
}

/* Runs the command. Return: whether there is something to replay. */
static inline bool crash_begin(const struct crash_case *c)
{
	struct explore_bound bound = crash_bound();
	int rc;

	UNIT_ROW("%s", c->name);
	memset(&judge, 0, sizeof(judge));
	judge.ctx = image_ctx();
	judge.promise = c->promise;
	famfs_ctx_set_threads(judge.ctx, 1);
	stage_begin(0xee);
	c->prepare();
	(void)view_take(&judge.before);
	crash_base = model_alloc(NULL, STAGE_SIZE, 1);
	memcpy(crash_base, stage_mem, STAGE_SIZE);
	record_begin(&crash_record, c->publish);
	rc = c->run();
	record_end();
	famfs_ctx_set_threads(judge.ctx, 1);
	model_init(&crash_model, STAGE_SIZE, stage_mem);
	crash_check_recorded();
	explore_begin(&crash_model, &bound);
	return CHECK_EQ(rc, 0) && CHECK(view_take(&judge.after));
}

static inline void crash_end(void)
{
	explore_end();
	record_free(&crash_record);
	model_fini(&crash_model);
	view_drop(&judge.before);
	view_drop(&judge.after);
	free(crash_base);
	stage_end();
	famfs_ctx_free(judge.ctx);
}

/* How many fences of one thread follow each other from event @at on. */
static inline size_t crash_fences(size_t at)
{
	const struct record_event *events = crash_record.events;
	size_t nr = 0;

	while (at + nr < crash_record.nr && events[at + nr].kind == RECORD_FENCE &&
	       events[at + nr].thread == events[at].thread)
		nr++;
	return nr;
}

/*
 * Replays the record, without @nr events from @left_out on, and judges every state after every
 * step. Return: whether all were good; else @ret_at is where one was not, and judge.why tells what
 * was wrong.
 */
static inline bool crash_replay(size_t left_out, size_t nr, size_t *ret_at)
{
	judge.reported = 0;
	explore.stats = (struct explore_stats){ 0 };
	model_reset(&crash_model, crash_base);
	for (size_t i = 0; i < crash_record.nr; i++) {
		const struct record_event *event = &crash_record.events[i];

		*ret_at = i;
		if (i >= left_out && i - left_out < nr)
			continue;
		record_apply(event, &crash_model);
		if (event->kind == RECORD_REPORTED)
			judge.reported = event->len;
		/* A write-back alone changes neither what memory may hold nor what it should. */
		if (event->kind != RECORD_WRITEBACK && !explore_point(judge_any, NULL))
			return false;
	}
	return true;
}

static inline void crash_tell(const struct crash_case *c)
{
	const struct explore_stats *s = &explore.stats;

	printf("# note: %s: %" PRIu64 " points in time, 2^%.1f states (2^%.1f at most at once), "
	       "%" PRIu64 " judged for all",
	       c->name, s->points, s->log_states, s->log_largest, s->runs);
	if (s->reduced_points)
		printf("; reduced at %" PRIu64 " points, of %" PRIu64 " words %" PRIu64
		       " combinations",
		       s->reduced_points, s->largest_group, explore.bound.group_max);
	printf("\n");
}

/* Every crash in this command leaves what it may leave. */
static inline void crash_test(const struct crash_case *c)
{
	char at[128] = "";
	size_t i = 0;

	if (crash_begin(c)) {
		bool good = crash_replay(0, 0, &i);

		if (!good)
			record_describe(&crash_record.events[i], at, sizeof(at));
		CHECK_MSG(good, "after step %zu, %s: %s", i, at, judge.why);
		crash_tell(c);
	}
	crash_end();
}

/* Also with the two counters by two stores. */
static inline void crash_test_both(const struct crash_case *c)
{
	struct crash_case in_order = *c;
	char name[128];

	crash_test(c);
	(void)snprintf(name, sizeof(name), "%s, in order", c->name);
	in_order.name = name;
	in_order.publish = PUBLISH_IN_ORDER;
	crash_test(&in_order);
}

/* Before what must all be in order? The counting of new entries, and the report of success. */
static inline bool crash_is_commit(const struct record_event *event)
{
	const uint64_t off = FAMFS_LOG_OFF + offsetof(struct fm_log, fm_next_index);
	struct le64 count;

	if (event->kind != RECORD_STORE || !event->bytes || event->off > off ||
	    off + sizeof(count) > event->off + event->len)
		return event->kind == RECORD_REPORTED;
	memcpy(&count, event->bytes + (off - event->off), sizeof(count));
	return le64_get(count) > judge.before.nr;
}

/*
 * Does another fence of the same thread do for this one too: one that comes right before it, or,
 * when it is about streaming stores, one that comes before anything is published?
 */
static inline bool crash_is_spare(size_t at)
{
	const struct record_event *event = &crash_record.events[at], *before = NULL;

	if (event->kind != RECORD_FENCE)
		return false;
	for (size_t i = 0; i < at; i++)
		if (crash_record.events[i].thread == event->thread)
			before = &crash_record.events[i];
	if (!before || before->kind == RECORD_FENCE)
		return true;
	while (before->of_data && ++at < crash_record.nr) {
		const struct record_event *later = &crash_record.events[at];

		if (crash_is_commit(later))
			return false;
		if (later->kind == RECORD_FENCE && later->thread == event->thread)
			return true;
	}
	return false;
}

/* One write-back or fence after the other is left out, and missed. Return: how many. */
static inline size_t crash_test_needed(const struct crash_case *c)
{
	size_t end = 0, at, missed = 0;
	char text[128];

	if (!crash_begin(c)) {
		crash_end();
		return 0;
	}
	explore.bound.build_max = 0;
	for (size_t i = 0; i < crash_record.nr; i++)
		end = crash_record.events[i].kind == RECORD_REPORTED ? i : end;
	for (size_t i = 0; i < end; i++) {
		const struct record_event *event = &crash_record.events[i];
		bool want = crash_is_spare(i);

		if (event->kind != RECORD_WRITEBACK && event->kind != RECORD_FENCE)
			continue;
		record_describe(event, text, sizeof(text));
		CHECK_MSG(crash_replay(i, 1, &at) == want, "without step %zu, %s: %s", i, text,
			  want ? judge.why : "nothing is wrong");
		missed += !want;
	}
	CHECK(missed > 0);
	crash_end();
	return missed;
}

/*
 * Commands whose intermediate states are marked as such need less: which of their write-backs (W)
 * and fences (F) are missed when one is left out. In small letters: another one does for it, or
 * any state without it is allowed.
 */
static inline void crash_test_needs(const struct crash_case *c, const char *want)
{
	char got[64] = "";
	size_t nr = 0, at;

	if (!crash_begin(c)) {
		crash_end();
		return;
	}
	explore.bound.build_max = 0;
	for (size_t i = 0; i < crash_record.nr && nr < sizeof(got) - 1; i++) {
		enum record_kind kind = crash_record.events[i].kind;

		if (kind != RECORD_WRITEBACK && kind != RECORD_FENCE)
			continue;
		got[nr] = kind == RECORD_FENCE ? 'F' : 'W';
		/* A second fence right behind the first one would do for it. */
		if (crash_replay(i, kind == RECORD_FENCE ? crash_fences(i) : 1, &at))
			got[nr] = (char)(got[nr] + 'a' - 'A');
		nr++;
	}
	CHECK_STR(got, want);
	crash_end();
}

static inline void crash_tell_missed(size_t missed, size_t commands)
{
	printf("# note: %zu write-backs and fences of %zu commands left out, each was missed\n",
	       missed, commands);
}

static inline void crash_test_all_needed(const struct crash_case *cases, size_t nr)
{
	size_t missed = 0;

	for (size_t i = 0; i < nr; i++)
		missed += crash_test_needed(&cases[i]);
	crash_tell_missed(missed, nr);
}

#endif
