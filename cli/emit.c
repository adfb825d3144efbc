/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <string.h>

#include "famfs.h"
#include "emit.h"

enum { LABEL_WIDTH = 14 };

void emit_init(struct emit *e, bool json, bool human, bool color)
{
	*e = (struct emit){ .out = stdout, .json = json, .human = human, .color = color };
	e->level[0].shape = EMIT_BLOCK;
}

static struct emit_level *level(struct emit *e)
{
	return &e->level[e->depth];
}

static bool is_text(const struct emit *e, const char *label)
{
	return !e->json && label && e->level[e->depth].shape != EMIT_SILENT;
}

/* The comma and the key in front of a value that is written as it comes. */
static void json_lead(struct emit *e, const char *key)
{
	struct emit_level *l = level(e);

	if (l->any)
		fputc(',', e->out);
	l->any = true;
	if (key && !l->list)
		fprintf(e->out, "\"%s\":", key);
}

static void emit_begin(struct emit *e)
{
	if (!e->json || e->begun)
		return;
	e->begun = true;
	fputc('{', e->out);
	emit_u64(e, "schema", NULL, 1);
}

/* Hands @value to the object, list or stream that is open; owns it. */
static void json_put(struct emit *e, const char *key, struct json_object *value)
{
	struct emit_level *l = level(e);
	const char *s;
	int rc;

	if (!value) {
		e->failed = true;
		return;
	}
	if (l->obj) {
		rc = l->list ? json_object_array_add(l->obj, value)
			     : json_object_object_add_ex(l->obj, key, value,
							 JSON_C_OBJECT_ADD_KEY_IS_NEW);
		if (rc) {
			json_object_put(value);
			e->failed = true;
		}
	} else {
		emit_begin(e);
		json_lead(e, key);
		s = json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN |
								  JSON_C_TO_STRING_NOSLASHESCAPE);
		if (s)
			fputs(s, e->out);
		else
			e->failed = true;
		json_object_put(value);
	}
}

static void push(struct emit *e, const struct emit_level *l)
{
	if (e->depth + 1 < EMIT_DEPTH)
		e->level[++e->depth] = *l;
}

static void push_object(struct emit *e, const char *key, enum emit_shape shape)
{
	struct emit_level l = { .key = key, .shape = shape };

	if (e->json) {
		l.obj = json_object_new_object();
		e->failed |= !l.obj;
	}
	push(e, &l);
}

static void pop(struct emit *e)
{
	struct emit_level l = *level(e);

	e->depth--;
	if (e->json)
		json_put(e, l.key, l.obj);
}

void emit_object(struct emit *e, const char *key)
{
	push_object(e, key, level(e)->shape);
}

void emit_object_end(struct emit *e)
{
	pop(e);
}

void emit_list(struct emit *e, const char *key, enum emit_shape shape)
{
	struct emit_level l = { .key = key, .list = true, .shape = shape };

	if (e->json && !e->depth) {
		emit_begin(e);
		json_lead(e, key);
		fputc('[', e->out);
	} else if (e->json) {
		l.obj = json_object_new_array();
		e->failed |= !l.obj;
	}
	push(e, &l);
}

void emit_rows_flush(struct emit *e)
{
	if (!e->json && table_print(&e->table, e->out, level(e)->shape == EMIT_TABLE))
		e->failed = true;
}

void emit_list_end(struct emit *e)
{
	enum emit_shape shape = level(e)->shape;

	if (e->json && e->depth == 1) {
		e->depth--;
		fputc(']', e->out);
		return;
	}
	if (shape == EMIT_ROWS || shape == EMIT_TABLE)
		emit_rows_flush(e);
	pop(e);
}

void emit_item(struct emit *e)
{
	struct emit_level *l = level(e);

	if (!e->json && l->shape == EMIT_BLOCK && l->any)
		fputc('\n', e->out);
	if (!e->json)
		l->any = true;
	push_object(e, NULL, l->shape);
}

void emit_item_end(struct emit *e)
{
	enum emit_shape shape = level(e)->shape;

	pop(e);
	if (!e->json && (shape == EMIT_ROWS || shape == EMIT_TABLE))
		table_row_end(&e->table);
}

static void text_field(struct emit *e, const char *label, const char *value, bool right)
{
	enum emit_shape shape = level(e)->shape;

	if (shape == EMIT_BLOCK)
		fprintf(e->out, "%-*s %s\n", LABEL_WIDTH, label, value);
	else
		table_cell(&e->table, label, value, right);
}

void emit_text(struct emit *e, const char *label, const char *value)
{
	if (is_text(e, label))
		text_field(e, label, value, false);
}

void emit_line(struct emit *e, const char *fmt, ...)
{
	va_list args;

	if (e->json)
		return;
	va_start(args, fmt);
	vfprintf(e->out, fmt, args);
	va_end(args);
	fputc('\n', e->out);
}

/* Keys in nested objects are copied by json-c; a stream writes them at once. */
static void json_hex(struct emit *e, const char *key, const char *raw)
{
	struct text hex = { 0 };
	char hex_key[64];

	snprintf(hex_key, sizeof(hex_key), "%s_hex", key);
	for (; *raw; raw++)
		text_addf(&hex, "%02x", (unsigned char)*raw);
	json_put(e, hex_key, json_object_new_string_len(hex.s, (int)hex.len));
	text_free(&hex);
}

static void json_str(struct emit *e, const char *key, const char *raw)
{
	struct text clean = { 0 };

	if (utf8_valid(raw)) {
		json_put(e, key, json_object_new_string(raw));
		return;
	}
	text_add_utf8(&clean, raw);
	json_put(e, key, json_object_new_string(clean.s));
	text_free(&clean);
	if (key)
		json_hex(e, key, raw);
}

static bool is_json(const struct emit *e, const char *key, const char *label)
{
	return e->json && (key || (!label && e->level[e->depth].list));
}

void emit_str(struct emit *e, const char *key, const char *label, const char *raw)
{
	struct text safe = { 0 };

	if (is_json(e, key, label))
		json_str(e, key, raw);
	if (!is_text(e, label))
		return;
	text_add_safe(&safe, raw, true);
	text_field(e, label, safe.s, false);
	text_free(&safe);
}

void emit_u64(struct emit *e, const char *key, const char *label, uint64_t value)
{
	char buf[24];

	if (is_json(e, key, label))
		json_put(e, key, json_object_new_uint64(value));
	if (!is_text(e, label))
		return;
	snprintf(buf, sizeof(buf), "%" PRIu64, value);
	text_field(e, label, buf, true);
}

void emit_size(struct emit *e, const char *key, const char *label, uint64_t value)
{
	char buf[24];

	if (e->json || !e->human)
		emit_u64(e, key, label, value);
	else if (is_text(e, label))
		text_field(e, label, famfs_size_format(value, buf, sizeof(buf)), true);
}

void emit_int(struct emit *e, const char *key, int value)
{
	if (e->json)
		json_put(e, key, json_object_new_int(value));
}

void emit_bool(struct emit *e, const char *key, bool value)
{
	if (e->json)
		json_put(e, key, json_object_new_boolean(value));
}

void emit_uuid(struct emit *e, const char *key, const char *label, const uint8_t uuid[16])
{
	char buf[FAMFS_UUID_STR];

	emit_str(e, key, label, famfs_uuid_format(uuid, buf));
}

void emit_mode(struct emit *e, const char *key, const char *label, uint32_t mode)
{
	char buf[16];

	snprintf(buf, sizeof(buf), "%04o", mode);
	emit_str(e, key, label, buf);
}

void emit_end(struct emit *e)
{
	if (e->begun)
		fputs("}\n", e->out);
	table_free(&e->table);
}
