#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=tests/lint/tap.bash
. "$(dirname "$0")/tap.bash"

# Blanks behind the first word of a line align comments and values: the author's choice.
flatten() {
	sed -E 's/([^[:blank:]])[[:blank:]]+/\1 /g'
}

misformatted() {
	local file
	while IFS= read -r file; do
		diff -U 0 --label "$file" --label "$file (clang-format)" <(flatten <"$file") \
			<(clang-format "$file" | flatten)
	done < <(c_files)
}

if command -v clang-format >/dev/null; then
	misformatted | none "clang-format would change nothing (make format does it)"
else
	skip "clang-format would change nothing" "clang-format is not installed"
fi
plan
