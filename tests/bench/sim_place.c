/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_place [--seed N] [--seeds N] [--device SIZE]... [--kind NAME] [--percent N] [--json]
 * sim_place --history FILE [--json]
 * sim_place --record DEVICE [--session FILES] [--nbuckets N]
 *
 * Compares the library's placement with the existing tools' on histories of creation, made up
 * (several seeds for each, summed up) or recorded (sim_history.h has the format). Of the columns,
 * "together" tells what was refused or placed wrongly while both held the same files (sim.h), and
 * those behind it are means over the time in which they did. --record writes the history of a file
 * system; the log does not tell what one command made, so that is said.
 */
#include <argp.h>

#include "sim.h"

struct options {
	uint64_t seed, seeds, devices[16];
	size_t devices_nr;
	unsigned int percent;
	const char *kind, *history, *record;
	uint64_t session, nbuckets;
	bool json, any;
};

enum { OPT_SEED = 1, OPT_SEEDS, OPT_DEVICE, OPT_KIND, OPT_PERCENT, OPT_JSON, OPT_HISTORY };
enum { OPT_RECORD = 100, OPT_SESSION, OPT_NBUCKETS };

static const struct argp_option option_table[] = {
	{ "seed", OPT_SEED, "N", 0, "First seed (1)", 0 },
	{ "seeds", OPT_SEEDS, "N", 0, "How many seeds (4)", 0 },
	{ "device", OPT_DEVICE, "SIZE", 0, "Size of a device (64G 1T 8T 64T)", 0 },
	{ "kind", OPT_KIND, "NAME", 0, "This kind of history only", 0 },
	{ "percent", OPT_PERCENT, "N", 0, "How much of the device is asked for (110)", 0 },
	{ "history", OPT_HISTORY, "FILE", 0, "A recorded history", 0 },
	{ "json", OPT_JSON, NULL, 0, "JSON", 0 },
	{ "record", OPT_RECORD, "DEVICE", 0, "Write a file system's history", 0 },
	{ "session", OPT_SESSION, "N", 0, "Files of one command, for --record (1)", 0 },
	{ "nbuckets", OPT_NBUCKETS, "N", 0, "Buckets, for --record (16)", 0 },
	{ 0 },
};

static uint64_t number(struct argp_state *state, const char *arg, uint64_t max)
{
	uint64_t value;

	if (famfs_size_parse(arg, &value, NULL) || !value || value > max)
		argp_error(state, "%s is not 1 to %" PRIu64, arg, max);
	return value;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case OPT_SEED:
		o->seed = number(state, arg, UINT32_MAX);
		return 0;
	case OPT_SEEDS:
		o->seeds = number(state, arg, 10000);
		return 0;
	case OPT_DEVICE:
		if (o->devices_nr == 16)
			argp_error(state, "too many devices");
		o->devices[o->devices_nr++] = number(state, arg, FAMFS_DEVICE_MAX);
		return 0;
	case OPT_KIND:
		o->kind = arg;
		return 0;
	case OPT_PERCENT:
		o->percent = (unsigned int)number(state, arg, 1000);
		return 0;
	case OPT_HISTORY:
		o->history = arg;
		return 0;
	case OPT_JSON:
		o->json = true;
		return 0;
	case OPT_RECORD:
		o->record = arg;
		return 0;
	case OPT_SESSION:
		o->session = number(state, arg, UINT32_MAX);
		return 0;
	case OPT_NBUCKETS:
		o->nbuckets = number(state, arg, FAMFS_BUCKETS_MAX);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void json_score(const char *name, const struct sim_score *s)
{
	printf("\"%s\":{\"placed\":%" PRIu64 ",\"placed_bytes\":%" PRIu64 ",\"refused\":%" PRIu64
	       ",\"needless\":%" PRIu64 ",\"past_end\":%" PRIu64 ",\"same_bucket\":%" PRIu64
	       ",\"pieces\":%" PRIu64 ",\"failed_together\":%" PRIu64
	       ",\"largest_share\":%.6f,\"free_runs\":%.3f,\"bucket_spread\":%.6f,"
	       "\"strip_spread\":%.6f}",
	       name, s->placed, s->placed_bytes, s->refused, s->needless, s->past_end,
	       s->same_bucket, s->pieces, s->failed, s->largest, s->runs, s->spread, s->strips);
}

static void table_score(const char *name, const char *size, const char *side,
			const struct sim_score *s, uint64_t dev_size, uint64_t seeds)
{
	printf("%-12s %6s %-8s %7" PRIu64 " %6.1f%% %7" PRIu64 " %8" PRIu64 " %6" PRIu64
	       " %8" PRIu64 " %6.2f%% %8.1f "
	       "%7.1f%% %7.1f%%\n",
	       name, size, side, s->placed,
	       100.0 * (double)s->placed_bytes / (double)dev_size / (double)seeds, s->refused,
	       s->needless, s->past_end + s->same_bucket, s->failed, 100 * s->largest, s->runs,
	       100 * s->spread, 100 * s->strips);
}

static void table_head(void)
{
	printf("%-12s %6s %-8s %7s %7s %7s %8s %6s %8s %7s %8s %8s %8s\n", "history", "device", "",
	       "placed", "filled", "refused", "needless", "wrong", "together", "largest", "runs",
	       "buckets", "strips");
}

static void show(struct options *o, const struct sim_history *h, const struct sim_pair *pair,
		 uint64_t seeds)
{
	char size[24];

	if (o->json) {
		printf("%s{\"history\":\"%s\",\"device\":%" PRIu64 ",\"seeds\":%" PRIu64 ",",
		       o->any ? ",\n" : "", h->name, h->dev_size, seeds);
		json_score("ours", &pair->ours);
		printf(",");
		json_score("existing", &pair->existing);
		printf("}");
	} else {
		famfs_size_format(h->dev_size, size, sizeof(size));
		table_score(h->name, size, "ours", &pair->ours, h->dev_size, seeds);
		table_score("", "", "existing", &pair->existing, h->dev_size, seeds);
	}
	o->any = true;
}

static void add(struct sim_score *sum, const struct sim_score *one, uint64_t seeds)
{
	sum->placed += one->placed;
	sum->placed_bytes += one->placed_bytes;
	sum->refused += one->refused;
	sum->needless += one->needless;
	sum->past_end += one->past_end;
	sum->same_bucket += one->same_bucket;
	sum->pieces += one->pieces;
	sum->failed += one->failed;
	sum->largest += one->largest / (double)seeds;
	sum->runs += one->runs / (double)seeds;
	sum->spread += one->spread / (double)seeds;
	sum->strips += one->strips / (double)seeds;
}

static void made_up(struct options *o, size_t kind, uint64_t dev_size)
{
	struct sim_pair sum = { 0 }, one;
	struct sim_history h;

	for (uint64_t s = 0; s < o->seeds; s++) {
		sim_make(&h, kind, dev_size, o->seed + s, o->percent);
		one = sim_play(&h);
		add(&sum.ours, &one.ours, o->seeds);
		add(&sum.existing, &one.existing, o->seeds);
		sim_history_free(&h);
	}
	show(o, &h, &sum, o->seeds);
	fflush(stdout);
}

static int all_made_up(struct options *o)
{
	static const uint64_t sizes[] = { 64ULL << 30, 1ULL << 40, 8ULL << 40, 64ULL << 40 };

	if (!o->devices_nr) {
		memcpy(o->devices, sizes, sizeof(sizes));
		o->devices_nr = sizeof(sizes) / sizeof(sizes[0]);
	}
	for (size_t d = 0; d < o->devices_nr; d++)
		for (size_t k = 0; k < SIM_KINDS; k++)
			if (!o->kind || !strcmp(o->kind, sim_kinds[k].name))
				made_up(o, k, o->devices[d]);
	return 0;
}

static int recorded(struct options *o)
{
	FILE *in = strcmp(o->history, "-") ? fopen(o->history, "re") : stdin;
	struct sim_history h;
	struct sim_pair pair;
	unsigned long wrong;

	if (!in) {
		perror(o->history);
		return 1;
	}
	wrong = sim_read(&h, in);
	if (wrong) {
		fprintf(stderr, "sim_place: %s: line %lu is no part of a history\n", o->history,
			wrong);
		sim_history_free(&h);
		return 1;
	}
	pair = sim_play(&h);
	show(o, &h, &pair, 1);
	sim_history_free(&h);
	fclose(in);
	return 0;
}

static int record(const struct options *o)
{
	struct famfs_ctx *ctx = NULL;
	struct famfs_entry e;
	struct famfs_info info;
	struct famfs_err err;
	struct famfs *fs = NULL;
	uint64_t cursor = 0, nr = 0;
	int rc = famfs_ctx_new(&ctx);

	if (!rc)
		rc = famfs_open(ctx, o->record, 0, &fs, &err);
	if (!rc)
		rc = famfs_info(fs, &info, &err);
	if (!rc)
		printf("device %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", info.dev_size, info.log_len,
		       o->nbuckets);
	while (!rc && (rc = famfs_next(fs, &cursor, &e, &err)) > 0) {
		rc = 0;
		if (e.type != FAMFS_ENTRY_FILE)
			continue;
		printf("file %" PRIu64 " %" PRIu64, nr++ / o->session, e.size);
		if (e.ext_type == FAMFS_EXT_INTERLEAVE)
			printf(" %" PRIu64 " %" PRIu64 " %" PRIu64, e.nstrips,
			       e.nstrips > o->nbuckets ? e.nstrips : o->nbuckets, e.chunk_size);
		printf("\n");
	}
	if (rc)
		fprintf(stderr, "sim_place: %s\n", err.message);
	famfs_close(fs);
	famfs_ctx_free(ctx);
	return rc ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct options o = { .seed = 1, .seeds = 4, .percent = 110, .session = 1, .nbuckets = 16 };
	const struct argp argp = { .options = option_table, .parser = parse };
	int code;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	if (o.record)
		return record(&o);
	if (o.json)
		printf("{\"schema\":1,\"results\":[");
	else
		table_head();
	code = o.history ? recorded(&o) : all_made_up(&o);
	if (o.json)
		printf("]}\n");
	return code;
}
