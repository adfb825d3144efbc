#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Man pages are well-formed, refer to what there is, and tell of every finding and function.
# shellcheck source=tests/lint/tap.bash
. "$(dirname "$0")/tap.bash"

# Pages by another name have one line only.
mapfile -t pages < <(grep -L '^\.so ' man/*.[1-8])

# What the pages do not have: what other pages this system has is not their concern.
lint_pages() {
	mandoc -Tlint "${pages[@]}" 2>/dev/null | grep '^mandoc: man/' |
		grep -v 'referenced manual not found'
}

# Our pages that are referred to, and those that another name stands for.
missing_pages() {
	{
		sed -n 's/^\.Xr \([a-z.-]*famfs[a-z.-]*\) \([0-9]\).*/\1.\2/p' "${pages[@]}"
		sed -n 's|^\.so man[0-9]/||p' man/*.[1-8]
	} | sort -u | while read -r page; do
		[ -f "man/$page" ] || echo "$page"
	done
}

unnamed_codes() {
	sed -n 's/^	ROW([A-Z_0-9]*, "\([a-z_0-9]*\)".*/\1/p' lib/problem.c | sort -u |
		while read -r code; do
			grep -Eq "^\.(It )?Cm (.* )?$code( |$)" man/famfs-check.8 || echo "$code"
		done
}

# The functions of the header against those of the page.
functions_differ() {
	diff <(sed -n 's/^FAMFS_API .*[ *]\(famfs_[a-z0-9_]*\)(.*/\1/p' lib/famfs.h | sort) \
		<(sed -n 's/^\.It Fn \([a-z0-9_]*\)$/\1/p' man/libfamfs.3 | sort) | grep '^[<>]'
}

# The rules of maps, in the words of the program.
rules_differ() {
	diff <(sed -z 's/"\n[\t ]*"//g' lib/fmap_text.c | sed -n 's/.*\] = "\(.*\)",/\1/p') \
		<(sed -n '/^\.It [KU][0-9]*$/{n;p}' man/famfs-fmap-check.8) | grep '^[<>]'
}

# Each block of examples says before it how it is tested, or why it is not.
unmarked_examples() {
	awk '
		FNR == 1 { inside = 0 }
		/^\.Sh / { inside = $2 == "EXAMPLES" }
		inside && /^\.Bd/ && last !~ /^\.\\" (run|run as C|not run: .*)$/ {
			print FILENAME ":" FNR
		}
		{ last = $0 }
	' "${pages[@]}"
	grep -L '^\.Sh EXAMPLES' "${pages[@]}" | sed 's/$/: no examples/'
}

if command -v mandoc >/dev/null; then
	lint_pages | none "mandoc has nothing to say of the man pages"
else
	skip "mandoc has nothing to say of the man pages" "mandoc is not installed"
fi
missing_pages | none "the pages that others refer to are there"
unnamed_codes | none "famfs-check(8) tells of every finding"
functions_differ | none "libfamfs(3) lists the functions of the header"
rules_differ | none "famfs-fmap-check(8) has the rules in the words of the program"
unmarked_examples | none "every example is marked: how it is tested, or why not"
plan
