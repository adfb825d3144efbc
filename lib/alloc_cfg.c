/* SPDX-License-Identifier: Apache-2.0 */
/* .meta/.alloc.cfg: writing it, and reading it with libyaml, which is loaded when first needed. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc_cfg.h"
#include "err.h"
#include "path.h"

#define KEY_TOP "interleaved_alloc"

/* Chunk sizes are powers of two from 2 MiB on, so that they have whole MiB. */
int alloc_cfg_format(const struct famfs_geometry *g, char *buf, size_t len)
{
	char text[160];

	/* A file keeps its size: one that is a little too short is indented less. */
	for (int indent = 2; indent > 0; indent--) {
		int n = snprintf(text, sizeof(text),
				 KEY_TOP ":\n"
					 "%*snbuckets: %" PRIu64 "\n"
					 "%*snstrips: %" PRIu64 "\n"
					 "%*schunk_size: %" PRIu64 "%s\n",
				 indent, "", g->nbuckets, indent, "", g->nstrips, indent, "",
				 g->chunk_size >> 20, g->chunk_size ? "m" : "");

		if (n < 0 || (size_t)n >= sizeof(text) || (size_t)n > len)
			continue;
		memset(buf, '\n', len);
		memcpy(buf, text, (size_t)n);
		return 0;
	}
	return -EFBIG;
}

#ifdef HAVE_LIBYAML
#include <dlfcn.h>
#include <yaml.h>

#define TEXT_MAX 64 /* of a key or value that can be meant */

struct yaml_lib {
	void *handle;
	__typeof__(yaml_parser_initialize) *init;
	__typeof__(yaml_parser_set_input_string) *set_input;
	__typeof__(yaml_parser_parse) *parse;
	__typeof__(yaml_parser_delete) *fini;
	__typeof__(yaml_event_delete) *event_fini;
};

enum { KEY_NBUCKETS = 1 << 0, KEY_NSTRIPS = 1 << 1, KEY_CHUNK = 1 << 2, KEYS_ALL = 7 };

struct reader {
	struct yaml_lib lib;
	yaml_parser_t parser;
	struct famfs_geometry geometry;
	unsigned int seen; /* keys */
	const char *object;
	struct famfs_err *err;
};

/* It stays loaded, as the other libraries do. */
static bool load(struct yaml_lib *lib)
{
	lib->handle = dlopen(FAMFS_SONAME_YAML, RTLD_NOW | RTLD_LOCAL);
	if (!lib->handle)
		return false;
	lib->init = dlsym(lib->handle, "yaml_parser_initialize");
	lib->set_input = dlsym(lib->handle, "yaml_parser_set_input_string");
	lib->parse = dlsym(lib->handle, "yaml_parser_parse");
	lib->fini = dlsym(lib->handle, "yaml_parser_delete");
	lib->event_fini = dlsym(lib->handle, "yaml_event_delete");
	return lib->init && lib->set_input && lib->parse && lib->fini && lib->event_fini;
}

static int no_yaml(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;

	if (p->error == YAML_MEMORY_ERROR)
		return err_nomem(r->err);
	return err_set(r->err, -EUCLEAN, r->object, "is no YAML: line %zu: %s",
		       p->problem_mark.line + 1, p->problem ? p->problem : "cannot be read");
}

/* The next event's type, and its text if it is a scalar. Return: 0 or -errno. */
static int next(struct reader *r, yaml_event_type_t *ret_type, char text[TEXT_MAX])
{
	yaml_event_t event;
	size_t len;

	if (!r->lib.parse(&r->parser, &event))
		return no_yaml(r);
	*ret_type = event.type;
	text[0] = '\0';
	if (event.type == YAML_SCALAR_EVENT) {
		/* What is too long, or has a NUL in it, is nothing that is known. */
		len = event.data.scalar.length;
		if (len >= TEXT_MAX || memchr(event.data.scalar.value, '\0', len))
			len = 0;
		memcpy(text, event.data.scalar.value, len);
		text[len] = '\0';
	}
	r->lib.event_fini(&event);
	return 0;
}

static int expect(struct reader *r, yaml_event_type_t type, char text[TEXT_MAX])
{
	yaml_event_type_t got;
	int rc = next(r, &got, text);

	if (rc || got == type)
		return rc;
	return err_set(r->err, -EUCLEAN, r->object,
		       "is not of the form: " KEY_TOP ", and in it nbuckets, nstrips, chunk_size");
}

/*
 * A number as strtoull() has it with base 0, of which the existing tools take what they understand
 * and leave the rest; here there may be no rest but, if @suffix, k, m or g.
 */
static bool parse_number(const char *text, bool suffix, uint64_t *ret_value)
{
	static const char units[] = "kmg";
	unsigned long long value;
	const char *unit;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno)
		return false;
	*ret_value = value;
	if (!*end)
		return true;
	unit = strchr(units, *end | 0x20);
	if (!suffix || !unit || end[1])
		return false;
	return !__builtin_mul_overflow(value, 1ULL << (10 * (unit - units + 1)), ret_value);
}

static int read_value(struct reader *r, const char *key)
{
	const struct {
		const char *name;
		unsigned int bit;
		uint64_t *value;
	} keys[] = {
		{ "nbuckets", KEY_NBUCKETS, &r->geometry.nbuckets },
		{ "nstrips", KEY_NSTRIPS, &r->geometry.nstrips },
		{ "chunk_size", KEY_CHUNK, &r->geometry.chunk_size },
	};
	char text[TEXT_MAX], shown[PATH_ESCAPED_SIZE];
	size_t i = 0;
	int rc;

	while (i < sizeof(keys) / sizeof(keys[0]) && strcmp(key, keys[i].name) != 0)
		i++;
	if (i == sizeof(keys) / sizeof(keys[0]))
		return err_set(r->err, -EUCLEAN, r->object, "has a key that is not known: \"%s\"",
			       path_escape(key, shown, sizeof(shown)));
	if (r->seen & keys[i].bit)
		return err_set(r->err, -EUCLEAN, r->object, "has %s twice", key);
	r->seen |= keys[i].bit;
	rc = expect(r, YAML_SCALAR_EVENT, text);
	if (rc || parse_number(text, keys[i].bit == KEY_CHUNK, keys[i].value))
		return rc;
	return err_set(r->err, -EUCLEAN, r->object, "%s is no number: \"%s\"", key,
		       path_escape(text, shown, sizeof(shown)));
}

static int read_values(struct reader *r)
{
	yaml_event_type_t type;
	char key[TEXT_MAX];
	int rc;

	while (!(rc = next(r, &type, key)) && type == YAML_SCALAR_EVENT) {
		rc = read_value(r, key);
		if (rc)
			return rc;
	}
	if (rc)
		return rc;
	if (type != YAML_MAPPING_END_EVENT)
		return err_set(r->err, -EUCLEAN, r->object, "has a key that is no word");
	if (r->seen == KEYS_ALL)
		return 0;
	return err_set(r->err, -EUCLEAN, r->object, "has no %s",
		       !(r->seen & KEY_NBUCKETS)  ? "nbuckets"
		       : !(r->seen & KEY_NSTRIPS) ? "nstrips"
						  : "chunk_size");
}

static int read_all(struct reader *r)
{
	static const yaml_event_type_t before[] = { YAML_STREAM_START_EVENT,
						    YAML_DOCUMENT_START_EVENT,
						    YAML_MAPPING_START_EVENT, YAML_SCALAR_EVENT };
	static const yaml_event_type_t after[] = { YAML_MAPPING_END_EVENT, YAML_DOCUMENT_END_EVENT,
						   YAML_STREAM_END_EVENT };
	char text[TEXT_MAX], shown[PATH_ESCAPED_SIZE];
	int rc = 0;

	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]) && !rc; i++)
		rc = expect(r, before[i], text);
	if (!rc && strcmp(text, KEY_TOP) != 0)
		rc = err_set(r->err, -EUCLEAN, r->object,
			     "has a key that is not known: \"%s\", not " KEY_TOP,
			     path_escape(text, shown, sizeof(shown)));
	if (!rc)
		rc = expect(r, YAML_MAPPING_START_EVENT, text);
	if (!rc)
		rc = read_values(r);
	for (size_t i = 0; i < sizeof(after) / sizeof(after[0]) && !rc; i++)
		rc = expect(r, after[i], text);
	return rc;
}

int alloc_cfg_parse(const char *text, size_t len, struct famfs_geometry *ret_geometry,
		    const char *object, struct famfs_err *err)
{
	struct reader r = { .object = object, .err = err };
	int rc;

	if (!load(&r.lib)) {
		rc = err_set(err, -EOPNOTSUPP, FAMFS_SONAME_YAML,
			     "cannot be loaded: %s is not read", object);
		return err_hint(err, rc, "install libyaml");
	}
	if (!r.lib.init(&r.parser))
		return err_nomem(err);
	r.lib.set_input(&r.parser, (const unsigned char *)text, len);
	rc = read_all(&r);
	r.lib.fini(&r.parser);
	if (!rc)
		*ret_geometry = r.geometry;
	return rc;
}

#else

int alloc_cfg_parse(const char *text, size_t len, struct famfs_geometry *ret_geometry,
		    const char *object, struct famfs_err *err)
{
	(void)text, (void)len, (void)ret_geometry;
	return err_set(err, -EOPNOTSUPP, object, "is not read: built without libyaml");
}

#endif
