/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The manifest of creat --from: JSON records, in an array or one after the other. The brackets and
 * commas between records are read here and each record by json-c, so that only one is in memory.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "manifest.h"
#include "seed.h"

enum { COMPLAINTS_MAX = 20 };

static const char *const keys[] = { "path",    "size",     "mode",  "uid",  "gid",
				    "nstrips", "nbuckets", "chunk", "seed", NULL };

/*
 * A manifest being read. @at: where the current record begins. @names: the paths, each with NUL.
 * @seeds: one for each of @reqs, 0 for none.
 */
struct manifest {
	struct cmd_env *env;
	const char *file;
	const struct famfs_create_req *model;
	char *text;
	size_t len, at;
	char *names;
	size_t names_len;
	struct famfs_create_req *reqs;
	uint32_t *seeds, model_seed;
	bool seeded;
	size_t nr, cap, seeds_cap;
	uint64_t record;
	unsigned int complaints;
};

/* One line for each record that is wrong, but no flood of them. Always fails. */
static int complain(struct manifest *m, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int complain(struct manifest *m, const char *key, const char *fmt, ...)
{
	struct text what = { 0 };
	char message[256];
	uint64_t line = 1;
	va_list args;
	size_t i;

	m->complaints++;
	if (m->complaints > COMPLAINTS_MAX)
		return -1;
	for (i = 0; i < m->at; i++)
		line += m->text[i] == '\n';
	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	text_addf(&what, "record %llu (line %llu): ", (unsigned long long)m->record,
		  (unsigned long long)line);
	if (key)
		text_addf(&what, "%.80s: ", key);
	text_addf(&what, "%s", message);
	env_errorf(m->env, -EINVAL, m->file, "%s", what.s);
	text_free(&what);
	return -1;
}

static int unknown_key(struct manifest *m, const char *key)
{
	struct near near = { .word = key };
	size_t i;

	for (i = 0; keys[i]; i++)
		near_try(&near, keys[i]);
	if (near.best)
		return complain(m, key, "unknown key; did you mean %s?", near.best);
	return complain(m, key,
			"unknown key; there are path, size, mode, uid, gid, nstrips, "
			"nbuckets, chunk and seed");
}

/* An integer from @min to @max. What json-c cannot hold it makes the largest value. */
static int take_number(struct manifest *m, const char *key, struct json_object *val, uint64_t min,
		       uint64_t max, uint64_t *ret_value)
{
	uint64_t value;

	if (!json_object_is_type(val, json_type_int))
		return complain(m, key, "is not an integer");
	value = json_object_get_uint64(val);
	if (json_object_get_int64(val) < 0 || value == UINT64_MAX || value < min || value > max)
		return complain(m, key, "must be %llu to %llu", (unsigned long long)min,
				(unsigned long long)max);
	*ret_value = value;
	return 0;
}

static int take_size(struct manifest *m, const char *key, struct json_object *val,
		     uint64_t *ret_value)
{
	struct famfs_err err;
	const char *text;

	if (!json_object_is_type(val, json_type_string))
		return take_number(m, key, val, 0, UINT64_MAX - 1, ret_value);
	text = json_object_get_string(val);
	if (strlen(text) == (size_t)json_object_get_string_len(val) &&
	    !famfs_size_parse(text, ret_value, &err))
		return 0;
	return complain(m, key, "\"%.40s\" is not a size such as 4096 or \"1.5G\"", text);
}

/* 0 is refused here: a request that has it asks for no chunk size. */
static int take_chunk(struct manifest *m, struct json_object *val, uint64_t *ret_value)
{
	if (take_size(m, "chunk", val, ret_value))
		return -1;
	return *ret_value ? 0 : complain(m, "chunk", "must be at least 2M");
}

static int take_mode(struct manifest *m, struct json_object *val, uint32_t *ret_mode)
{
	if (!json_object_is_type(val, json_type_string))
		return complain(m, "mode", "must be octal text, such as \"0644\"");
	if (strlen(json_object_get_string(val)) != (size_t)json_object_get_string_len(val) ||
	    parse_mode(json_object_get_string(val), ret_mode))
		return complain(m, "mode", "\"%.40s\" is not an octal mode from 0 to 7777",
				json_object_get_string(val));
	return 0;
}

static int take_id(struct manifest *m, const char *key, struct json_object *val, uint32_t *ret_id)
{
	uint64_t value;

	if (take_number(m, key, val, 0, UINT32_MAX - 1, &value))
		return -1;
	*ret_id = (uint32_t)value;
	return 0;
}

static int take_seed(struct manifest *m, struct json_object *val, uint32_t *ret_seed)
{
	bool number = json_object_is_type(val, json_type_int);
	const char *text, *why;

	if (!number && !json_object_is_type(val, json_type_string))
		return complain(m, "seed", "is neither an integer nor text such as \"0x2a\"");
	/* What json-c cannot hold it makes the largest value. */
	if (number && json_object_get_int64(val) >= 0 && json_object_get_uint64(val) == UINT64_MAX)
		return complain(m, "seed", "does not fit; 64 bits of ones are \"-1\"");
	text = json_object_get_string(val);
	if (!number && strlen(text) != (size_t)json_object_get_string_len(val))
		return complain(m, "seed", "has a NUL in it");
	why = seed_parse(text, ret_seed);
	return why ? complain(m, "seed", "%.40s %s", text, why) : 0;
}

/* Decoded, a path is never longer than in the text, so @names has room. */
static int take_path(struct manifest *m, struct json_object *val, const char **ret_path)
{
	const char *path;
	size_t len;

	if (!json_object_is_type(val, json_type_string))
		return complain(m, "path", "is not a string");
	path = json_object_get_string(val);
	len = (size_t)json_object_get_string_len(val);
	if (strlen(path) != len)
		return complain(m, "path", "has a NUL in it");
	if (!len)
		return complain(m, "path", "is empty");
	/* json-c puts it in place of half a surrogate pair. */
	if (strstr(path, "\xef\xbf\xbd"))
		return complain(m, "path",
				"has U+FFFD in it, the sign of text that was no Unicode");
	*ret_path = memcpy(m->names + m->names_len, path, len + 1);
	m->names_len += len + 1;
	return 0;
}

static int take(struct manifest *m, const char *key, struct json_object *val,
		struct famfs_create_req *req, uint32_t *seed)
{
	if (!strcmp(key, "path"))
		return take_path(m, val, &req->path);
	if (!strcmp(key, "size"))
		return take_size(m, key, val, &req->size);
	if (!strcmp(key, "mode"))
		return take_mode(m, val, &req->mode);
	if (!strcmp(key, "uid"))
		return take_id(m, key, val, &req->uid);
	if (!strcmp(key, "gid"))
		return take_id(m, key, val, &req->gid);
	if (!strcmp(key, "nstrips"))
		return take_number(m, key, val, 1, FAMFS_EXTENTS_MAX, &req->nstrips);
	if (!strcmp(key, "nbuckets"))
		return take_number(m, key, val, 1, FAMFS_BUCKETS_MAX, &req->nbuckets);
	if (!strcmp(key, "chunk"))
		return take_chunk(m, val, &req->chunk_size);
	if (!strcmp(key, "seed"))
		return take_seed(m, val, seed);
	return unknown_key(m, key);
}

static int take_record(struct manifest *m, struct json_object *obj)
{
	struct famfs_create_req req = *m->model;
	uint32_t seed = m->model_seed;

	req.path = NULL;
	json_object_object_foreach(obj, key, val)
	{
		if (take(m, key, val, &req, &seed))
			return -1;
	}
	if (!req.path)
		return complain(m, NULL, "has no path");
	if (!req.size)
		return complain(m, NULL, "has no size, or one of 0, and empty files cannot exist");
	if ((req.flags & FAMFS_CREATE_CONTIGUOUS) &&
	    (req.nstrips || req.nbuckets || req.chunk_size))
		return complain(m, NULL, "--contiguous contradicts nstrips, nbuckets and chunk");
	m->reqs = mem_grow(m->reqs, &m->cap, m->nr + 1, sizeof(*m->reqs));
	/* Every byte is stored, so nothing is left to be zeroed or not. */
	if (seed)
		req.flags &= ~(unsigned int)FAMFS_CREATE_NO_ZERO;
	m->seeds = mem_grow(m->seeds, &m->seeds_cap, m->nr + 1, sizeof(*m->seeds));
	m->seeds[m->nr] = seed;
	m->seeded |= seed;
	m->reqs[m->nr++] = req;
	return 0;
}

static void skip_blanks(struct manifest *m)
{
	while (m->at < m->len && strchr(" \t\r\n", m->text[m->at]) && m->text[m->at])
		m->at++;
}

/* Reads one record from m->at on. Fails only where no next record could be found. */
static int parse_record(struct manifest *m, struct json_tokener *tok)
{
	struct json_object *obj;
	enum json_tokener_error bad;
	char *twice;
	size_t end;

	m->record++;
	if (m->text[m->at] != '{')
		return complain(m, NULL, "does not begin with {");
	json_tokener_reset(tok);
	obj = json_tokener_parse_ex(tok, m->text + m->at, (int)(m->len - m->at));
	bad = json_tokener_get_error(tok);
	if (bad != json_tokener_success) {
		json_object_put(obj);
		return complain(m, NULL, "is not JSON: %s, at its byte %zu",
				bad == json_tokener_continue ? "it does not end"
							     : json_tokener_error_desc(bad),
				json_tokener_get_parse_end(tok));
	}
	end = m->at + json_tokener_get_parse_end(tok);
	twice = manifest_key_twice(m->text + m->at, end - m->at, obj);
	if (twice)
		complain(m, twice, "is given twice; only one can be meant");
	else
		take_record(m, obj);
	free(twice);
	m->at = end;
	json_object_put(obj);
	return 0;
}

/* Records after each other, with blanks between them; or in one array. */
static int parse_all(struct manifest *m, struct json_tokener *tok)
{
	bool array, more;

	skip_blanks(m);
	array = m->at < m->len && m->text[m->at] == '[';
	m->at += array;
	skip_blanks(m);
	more = m->at < m->len && !(array && m->text[m->at] == ']');
	while (more) {
		if (parse_record(m, tok))
			return -1;
		skip_blanks(m);
		more = m->at < m->len;
		if (!array || !more || m->text[m->at] == ']') {
			more = more && !array;
		} else if (m->text[m->at++] != ',') {
			return complain(m, NULL, "is followed by neither a comma nor ]");
		}
		skip_blanks(m);
	}
	if (array && (m->at >= m->len || m->text[m->at++] != ']'))
		return complain(m, NULL, "the array does not end with ]");
	skip_blanks(m);
	if (m->at < m->len)
		return complain(m, NULL, "something follows the array");
	return 0;
}

static int parse_text(struct manifest *m)
{
	struct json_tokener *tok = json_tokener_new();
	unsigned int more;
	int rc;

	if (!tok)
		return env_errorf(m->env, -ENOMEM, m->file, "out of memory");
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_ALLOW_TRAILING_CHARS);
	m->names = mem_calloc(m->len + 1, 1);
	rc = parse_all(m, tok);
	json_tokener_free(tok);
	more = m->complaints > COMPLAINTS_MAX ? m->complaints - COMPLAINTS_MAX : 0;
	if (more)
		env_errorf(m->env, -EINVAL, m->file, "%u more %s wrong", more,
			   plural(more, "record is", "records are"));
	if (rc || m->complaints)
		return EXIT_FAILED;
	if (!m->nr)
		return env_errorf(m->env, -EINVAL, m->file, "has no records");
	return 0;
}

/*
 * manifest_read() - the requests of a manifest; nothing of a manifest with a wrong record is used.
 * @model, @seed: what holds for a record that does not say otherwise.
 * @ret_job: the caller frees its reqs and seeds; @env keeps the paths.
 * Returns 0, or EXIT_FAILED when the reason is printed.
 */
int manifest_read(struct cmd_env *env, const char *file, const struct famfs_create_req *model,
		  uint32_t seed, struct place_job *ret_job)
{
	struct manifest m = { .env = env, .model = model, .model_seed = seed };
	struct text text = { 0 };
	int code = file_read(env, file, &text);

	m.file = file_name(file);
	m.text = text.s;
	m.len = text.len;
	if (!code)
		code = parse_text(&m);
	text_free(&text);
	if (code) {
		free(m.names);
		free(m.reqs);
		free(m.seeds);
		return code;
	}
	env_keep(env, m.names);
	ret_job->reqs = m.reqs;
	ret_job->seeds = m.seeds;
	ret_job->seeded = m.seeded;
	ret_job->nr = m.nr;
	return 0;
}
