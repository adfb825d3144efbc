/* SPDX-License-Identifier: Apache-2.0 */
/* What a name inside a file system may be. */
#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "err.h"
#include "path.h"
#include "text.h"

#define META_DIR ".meta"
#define META_CFG META_DIR "/.alloc.cfg"

#define EACH_BYTE(b) ((b)*0x0101010101010101ULL)

/* True when all eight bytes are ASCII and no control characters. */
static bool word_is_plain(uint64_t word)
{
	uint64_t low = word - EACH_BYTE(0x20);  /* borrows below 0x20 */
	uint64_t high = word + EACH_BYTE(0x01); /* carries at 0x7f */

	/* A borrow or a carry can only come from a byte that is not plain itself. */
	return !((word | low | high) & EACH_BYTE(0x80));
}

/* PATH_UTF8, PATH_CONTROL or 0 for the next character of @left bytes, and its length. */
static unsigned int char_problem(const char *s, size_t left, size_t *ret_len)
{
	uint32_t c;
	size_t n = text_char((const unsigned char *)s, left, &c);

	*ret_len = n ? n : 1;
	if (!n)
		return PATH_UTF8;
	return text_is_control(c) ? PATH_CONTROL : 0;
}

static bool plain_at(const char *s)
{
	uint64_t word;

	memcpy(&word, s, sizeof(word));
	return word_is_plain(word);
}

static unsigned int char_problems(const char *s, size_t len)
{
	unsigned int problems = 0;
	size_t at = 0, n;

	while (len - at >= sizeof(uint64_t) && plain_at(s + at))
		at += sizeof(uint64_t);
	/* The rest together with some bytes that are plain already. */
	if (at && len - at < sizeof(uint64_t) && plain_at(s + len - sizeof(uint64_t)))
		return 0;
	for (; at < len; at += n)
		problems |= char_problem(s + at, len - at, &n);
	return problems;
}

static unsigned int part_problems(const char *part, size_t len)
{
	if (!len)
		return PATH_EMPTY;
	if (part[0] != '.' || len > 2)
		return 0;
	if (len == 1)
		return PATH_DOT;
	return part[1] == '.' ? PATH_ESCAPE : 0;
}

static bool part_is(const char *part, size_t len, const char *name)
{
	return len == strlen(name) && !memcmp(part, name, len);
}

/* The length of the part that begins at @part. */
static size_t part_len(const char *part, size_t left)
{
	const char *slash = memchr(part, '/', left);

	return slash ? (size_t)(slash - part) : left;
}

unsigned int path_problems(const char *raw, size_t field_len)
{
	size_t len = strnlen(raw, field_len), n;
	unsigned int problems = char_problems(raw, len);

	if (len == field_len)
		problems |= PATH_UNTERMINATED;
	if (len && raw[0] == '/') {
		problems |= PATH_ABSOLUTE;
		raw++;
		len--;
	}
	n = part_len(raw, len);
	if (part_is(raw, len, META_DIR))
		problems |= PATH_META_DIR;
	else if (part_is(raw, n, META_DIR) && !part_is(raw, len, META_CFG))
		problems |= PATH_META;
	problems |= part_problems(raw, n);
	while (n < len) {
		raw += n + 1;
		len -= n + 1;
		n = part_len(raw, len);
		problems |= part_problems(raw, n);
	}
	return problems;
}

static char escape_letter(char c)
{
	switch (c) {
	case '\n':
		return 'n';
	case '\t':
		return 't';
	case '\r':
		return 'r';
	case '\\':
		return c;
	default:
		return '\0';
	}
}

const char *path_escape(const char *raw, char *buf, size_t len)
{
	size_t left = strlen(raw), used = 0, n;

	if (!len)
		return buf;
	for (; left; raw += n, left -= n) {
		char letter = escape_letter(raw[0]);
		char text[8];
		int text_len;

		if (letter) {
			n = 1;
			text_len = snprintf(text, sizeof(text), "\\%c", letter);
		} else if (char_problem(raw, left, &n)) {
			n = 1;
			text_len = snprintf(text, sizeof(text), "\\x%02x", (unsigned char)raw[0]);
		} else {
			text_len = snprintf(text, sizeof(text), "%.*s", (int)n, raw);
		}
		if ((size_t)text_len >= len - used)
			break;
		memcpy(buf + used, text, (size_t)text_len);
		used += (size_t)text_len;
	}
	buf[used] = '\0';
	return buf;
}

static int too_long(size_t len, const char *object, struct famfs_err *err)
{
	size_t over = len - FAMFS_PATH_WRITE_MAX;
	int rc;

	rc = err_set(err, -ENAMETOOLONG, object,
		     "the path has %zu bytes, at most %d: %zu byte%s "
		     "too long",
		     len, FAMFS_PATH_WRITE_MAX, over, over == 1 ? "" : "s");
	return err_hint(err, rc, "make it shorter");
}

/* A path that breaks a rule before anything else is known of it: the object is the path itself. */
static int refuse_user(const char *user, size_t len, struct famfs_err *err)
{
	int rc;

	if (len) {
		rc = too_long(len, "", err);
	} else {
		rc = err_set(err, -EINVAL, "", "a path may not have a part \"..\"");
		err_hint(err, rc, "write it from the root of the file system");
	}
	if (err)
		path_escape(user, err->object, sizeof(err->object));
	return rc;
}

int path_clean(const char *user, char out[PATH_CLEAN_SIZE], struct famfs_err *err)
{
	char clean[PATH_CLEAN_SIZE];
	const char *part = user;
	size_t len = 0, n;

	for (; *part; part += n) {
		part += strspn(part, "/");
		n = strcspn(part, "/");
		if (part_is(part, n, ".."))
			return refuse_user(user, 0, err);
		if (!n || part_is(part, n, "."))
			continue;
		if (len && len < sizeof(clean))
			clean[len] = '/';
		len += len != 0;
		if (len + n < sizeof(clean))
			memcpy(clean + len, part, n);
		len += n;
	}
	if (len >= sizeof(clean))
		return refuse_user(user, len, err);
	memcpy(out, clean, len);
	out[len] = '\0';
	return 0;
}

/* @clean is at most FAMFS_PATH_WRITE_MAX bytes, with a bad character among them. */
static int bad_char(const char *clean, const char *object, struct famfs_err *err)
{
	size_t len = strlen(clean), first = SIZE_MAX, fixed_len = 0, n;
	char fixed[PATH_CLEAN_SIZE], shown[PATH_ESCAPED_SIZE];
	int rc;

	for (size_t at = 0; at < len; at += n) {
		if (!char_problem(clean + at, len - at, &n)) {
			memcpy(fixed + fixed_len, clean + at, n);
			fixed_len += n;
			continue;
		}
		fixed[fixed_len++] = '_';
		if (first == SIZE_MAX)
			first = at;
	}
	fixed[fixed_len] = '\0';
	rc = err_set(err, -EINVAL, object, "byte %zu of the path (0x%02x) %s", first + 1,
		     (unsigned char)clean[first],
		     char_problem(clean + first, len - first, &n) == PATH_UTF8
			     ? "is not valid UTF-8"
			     : "begins a control character");
	return err_hint(err, rc, "nearest: %s", path_escape(fixed, shown, sizeof(shown)));
}

static int bad_meta(const char *clean, const char *object, struct famfs_err *err)
{
	char shown[PATH_ESCAPED_SIZE];
	int rc;

	if (part_is(clean, strlen(clean), META_DIR)) {
		rc = err_set(err, -EINVAL, object, META_DIR " is always there, it cannot be made");
		return err_hint(err, rc, "use another name");
	}
	rc = err_set(err, -EINVAL, object, "only " META_CFG " may be in " META_DIR ", not %s",
		     path_escape(clean, shown, sizeof(shown)));
	return err_hint(err, rc, "nearest: " META_CFG ", or another directory");
}

int path_may_write(const char *clean, const char *object, struct famfs_err *err)
{
	size_t len = strlen(clean);
	unsigned int problems;
	int rc;

	if (!len) {
		rc = err_set(err, -EINVAL, object, "the root is always there, it cannot be made");
		return err_hint(err, rc, "give a name below it");
	}
	if (len > FAMFS_PATH_WRITE_MAX)
		return too_long(len, object, err);
	problems = path_problems(clean, FAMFS_PATH_SIZE);
	if (problems & (PATH_UTF8 | PATH_CONTROL))
		return bad_char(clean, object, err);
	if (problems & (PATH_META | PATH_META_DIR))
		return bad_meta(clean, object, err);
	if (problems) {
		rc = err_set(err, -EINVAL, object, "not a clean relative path");
		return err_hint(err, rc, "no leading or repeated slashes, no \".\" or \"..\"");
	}
	return 0;
}
