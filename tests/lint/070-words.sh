#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Nothing is left for later, and nothing tells of the machine it was written on. The patterns are
# written so that they do not match themselves.
# shellcheck source=tests/lint/tap.bash
. "$(dirname "$0")/tap.bash"

mapfile -t files < <(tree_files)

unlicensed() {
	local file
	while IFS= read -r file; do
		head -n 2 "$file" | grep -q 'SPDX-License-Identifier: Apache-2[.]0' || echo "$file"
	done < <(tree_files | grep -E '\.([ch]|sh|bash|bats|map|spec)$|/run$|Makefile$')
}

ragged() {
	grep -nE '[[:blank:]]+$' "${files[@]}"
	local file
	for file in "${files[@]}"; do
		[ ! -s "$file" ] || [ -z "$(tail -c 1 "$file")" ] ||
			echo "$file: no newline at the end"
	done
}

grep -nwE 'TOD[O]|FIXM[E]|XX[X]' "${files[@]}" | none "nothing is marked as left to do"
grep -nE '(^|[^A-Za-z0-9_.$}])/(wor[k]|hom[e]/[a-z]|roo[t]/|Users/[a-z])' "${files[@]}" |
	grep -v '/home/me' | none "no path of a machine is named"
unlicensed | none "every source begins with its licence"
ragged | none "no blanks at line ends, a newline at the end of files"
plan
