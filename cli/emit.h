/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The emitter: results are described once, field by field, and come out as text or as JSON.
 *
 * Every field has a JSON key and a text label. Without a label it is JSON only, without a key text
 * only; inside a list, a field without both is an element of the JSON array. The outermost object
 * and the lists in it are written as they come, so that long results need no memory; an object
 * appears on stdout only when something is in it.
 */
#ifndef FAMFS_CLI_EMIT_H
#define FAMFS_CLI_EMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "table.h"

struct json_object;

/* How the text of a list's items looks. */
enum emit_shape {
	EMIT_SILENT, /* no text */
	EMIT_BLOCK,  /* a line for each field: label, value */
	EMIT_ROWS,   /* a line for each item, in columns */
	EMIT_TABLE,  /* the same under a line of labels */
};

/* A path has at most 40 parts, and each is an object in a list. */
enum { EMIT_DEPTH = 96 };

struct emit_level {
	struct json_object *obj; /* NULL: written as it comes */
	const char *key;
	bool list, any;
	enum emit_shape shape;
};

struct emit {
	FILE *out;
	bool json;
	bool human; /* sizes in text: "4.0G", not bytes */
	bool color;
	bool begun;
	bool failed; /* out of memory for JSON */
	unsigned int depth;
	struct emit_level level[EMIT_DEPTH];
	struct table table;
};

void emit_init(struct emit *e, bool json, bool human, bool color);
void emit_end(struct emit *e); /* call once, at the end */

void emit_list(struct emit *e, const char *key, enum emit_shape shape);
void emit_list_end(struct emit *e);
void emit_rows_flush(struct emit *e); /* prints the rows so far; others get their own columns */
void emit_item(struct emit *e);
void emit_item_end(struct emit *e);
void emit_object(struct emit *e, const char *key);
void emit_object_end(struct emit *e);

/* emit_str() - @raw may be any bytes: JSON gets U+FFFD for what is no UTF-8, and KEY_hex. */
void emit_str(struct emit *e, const char *key, const char *label, const char *raw);
void emit_u64(struct emit *e, const char *key, const char *label, uint64_t value);
void emit_size(struct emit *e, const char *key, const char *label, uint64_t value);
void emit_int(struct emit *e, const char *key, int value);
void emit_bool(struct emit *e, const char *key, bool value);
void emit_uuid(struct emit *e, const char *key, const char *label, const uint8_t uuid[16]);
void emit_mode(struct emit *e, const char *key, const char *label, uint32_t mode);

/* emit_text() - a text-only field whose value is safe already. */
void emit_text(struct emit *e, const char *label, const char *value);
/* emit_line() - a whole line of text only. */
void emit_line(struct emit *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
