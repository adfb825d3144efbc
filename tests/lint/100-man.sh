#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Man pages are well-formed, and tell of every finding.
# shellcheck source=tests/lint/tap.bash
. "$(dirname "$0")/tap.bash"

# What the page does not have: its own database of pages is not its concern.
lint_pages() {
	mandoc -Tlint man/*.8 2>&1 | grep '^mandoc: man/'
}

unnamed_codes() {
	sed -n 's/^	ROW([A-Z_0-9]*, "\([a-z_0-9]*\)".*/\1/p' lib/problem.c | sort -u |
		while read -r code; do
			grep -Eq "^\.(It )?Cm (.* )?$code( |$)" man/famfs-check.8 || echo "$code"
		done
}

if command -v mandoc >/dev/null; then
	lint_pages | none "mandoc has nothing to say of the man pages"
else
	skip "mandoc has nothing to say of the man pages" "mandoc is not installed"
fi
unnamed_codes | none "famfs-check(8) tells of every finding"
plan
