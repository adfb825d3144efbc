/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json-c keeps the last of two values with the same key and says nothing. So the keys are counted
 * in the text too, and only where there are more of them than json-c has, they are compared.
 */
#include <json-c/json.h>
#include <string.h>

#include "manifest.h"
#include "text.h"

/* @key: where the current one begins, with its quote; @key_len: with both. */
struct walk {
	const char *at, *end, *key;
	size_t key_len;
	unsigned int depth;
};

static void skip_string(struct walk *w)
{
	char quote = *w->at;

	w->key = w->at++;
	while (w->at < w->end && *w->at != quote)
		w->at += *w->at == '\\' ? 2 : 1;
	w->at++;
	w->key_len = (size_t)(w->at - w->key);
}

/* A key is the string in front of a colon that is in no inner object. */
static bool next_key(struct walk *w)
{
	while (w->at < w->end) {
		switch (*w->at) {
		case '"':
		case '\'': /* json-c takes it for a quote around keys */
			skip_string(w);
			continue;
		case '{':
		case '[':
			w->depth++;
			break;
		case '}':
		case ']':
			w->depth--;
			break;
		case ':':
			if (w->depth != 1)
				break;
			w->at++;
			return true;
		}
		w->at++;
	}
	return false;
}

/* As json-c reads it: two spellings may be one key. */
static struct json_object *decode_key(const struct walk *w)
{
	struct json_tokener *tok = json_tokener_new();
	struct json_object *key;

	if (!tok)
		mem_exhausted();
	key = json_tokener_parse_ex(tok, w->key, (int)w->key_len);
	json_tokener_free(tok);
	if (!key)
		mem_exhausted();
	return key;
}

static char *find_twice(struct walk *w)
{
	struct json_object *seen = json_object_new_object();
	char *twice = NULL;

	if (!seen)
		mem_exhausted();
	while (!twice && next_key(w)) {
		struct json_object *key = decode_key(w);
		const char *name = json_object_get_string(key);

		if (json_object_object_get_ex(seen, name, NULL))
			twice = mem_strndup(name, strlen(name));
		else if (json_object_object_add(seen, name, NULL))
			mem_exhausted();
		json_object_put(key);
	}
	json_object_put(seen);
	return twice;
}

char *manifest_key_twice(const char *text, size_t len, const struct json_object *obj)
{
	struct walk counting = { .at = text, .end = text + len }, finding = counting;
	int keys = 0;

	while (next_key(&counting))
		keys++;
	return keys == json_object_object_length(obj) ? NULL : find_twice(&finding);
}
