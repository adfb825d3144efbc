#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the shared library exports is what famfs.h declares and documents.
# shellcheck source=tests/lint/tap.bash
. "$(dirname "$0")/tap.bash"

# "NAME documented" or "NAME bare" for every FAMFS_API declaration: documented when the comment
# right before it begins with /**. Declarations end at a ; outside braces.
declared() {
	awk '
	function declaration(text, name) {
		if (text !~ /FAMFS_API/ || !match(text, /famfs_[a-z0-9_]+[ \t]*\(/))
			return
		name = substr(text, RSTART, RLENGTH)
		sub(/[ \t]*\($/, "", name)
		print name, documented ? "documented" : "bare"
	}
	/^#/ || /^extern "C" \{/ { next }
	{
		rest = $0
		while (rest != "") {
			if (inside) {
				at = index(rest, "*/")
				rest = at ? substr(rest, at + 2) : ""
				inside = !at
				continue
			}
			at = index(rest, "/*")
			code = at ? substr(rest, 1, at - 1) : rest
			text = text code " "
			if (at && text ~ /^[ \t]*$/)
				documented = substr(rest, at, 3) == "/**"
			inside = at > 0
			rest = at ? substr(rest, at + 2) : ""
			opened += gsub(/{/, "{", code)
			opened -= gsub(/}/, "}", code)
			if (opened == 0 && code ~ /;[ \t]*$/) {
				declaration(text)
				text = ""
				documented = 0
			}
		}
	}' lib/famfs.h | sort
}

exported() {
	nm -D --defined-only "$BUILD"/libfamfs.so.0 |
		awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort
}

names() {
	cut -d ' ' -f 1
}

comm -13 <(declared | names) <(exported) | sed 's/$/ is exported and not declared/' |
	none "every exported symbol is declared in famfs.h"
comm -23 <(declared | names) <(exported) | sed 's/$/ is declared and not exported/' |
	none "every declared function is exported"
declared | sed -n 's/ bare$/ has no comment of its own/p' |
	none "every declared function is documented"
[ -n "$(exported)" ] || echo "$BUILD/libfamfs.so.0" | none "the library exports something"
plan
