/* SPDX-License-Identifier: Apache-2.0 */
/* Lines as sha256sum writes and reads them. */
#include <string.h>

#include "verify.h"

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool parse_hex(const char *text, uint8_t ret_sum[FAMFS_SHA256_LEN])
{
	int high, low;
	size_t i;

	for (i = 0; i < FAMFS_SHA256_LEN; i++) {
		high = nibble(text[2 * i]);
		low = nibble(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		ret_sum[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static bool unescape(char *name)
{
	static const char codes[] = "\\nr", bytes[] = "\\\n\r";
	const char *code;
	char *to = name;

	for (; *name; name++) {
		if (*name != '\\') {
			*to++ = *name;
			continue;
		}
		code = strchr(codes, *++name);
		if (!*name || !code)
			return false;
		*to++ = bytes[code - codes];
	}
	*to = '\0';
	return true;
}

char *sums_parse(char *line, size_t len, uint8_t ret_sum[FAMFS_SHA256_LEN])
{
	bool escaped = len && line[0] == '\\';
	char *name;

	line += escaped;
	len -= escaped;
	if (len < DIGEST_HEX + 3 || memchr(line, '\0', len) || !parse_hex(line, ret_sum))
		return NULL;
	line[len] = '\0';
	name = line + DIGEST_HEX + 2;
	if (name[-2] != ' ' || (name[-1] != ' ' && name[-1] != '*'))
		return NULL;
	return escaped && !unescape(name) ? NULL : name;
}

void sums_add(struct text *t, const uint8_t sum[FAMFS_SHA256_LEN], const char *path)
{
	char hex[DIGEST_HEX + 1];

	/* sha256sum takes a lone "-" for its standard input. */
	text_addf(t, "%s%s  %s", strpbrk(path, "\\\n\r") ? "\\" : "", digest_hex(sum, hex),
		  strcmp(path, "-") ? "" : "./");
	for (; *path; path++) {
		if (*path == '\\')
			text_add(t, "\\\\", 2);
		else if (*path == '\n')
			text_add(t, "\\n", 2);
		else if (*path == '\r')
			text_add(t, "\\r", 2);
		else
			text_add(t, path, 1);
	}
	text_add(t, "\n", 1);
}
