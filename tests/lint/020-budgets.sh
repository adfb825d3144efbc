#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Sizes that keep a file and a function readable, and no hidden state in the library.
# shellcheck source=tests/lint/tap.bash
. "$(dirname "$0")/tap.bash"

sources() {
	tree_files | grep -E '\.([ch]|sh|bash|bats)$|/run$|Makefile$'
}

# The public header is one file by design, and mostly docstrings.
long_files() {
	local file lines budget
	while IFS= read -r file; do
		lines=$(wc -l <"$file")
		budget=500
		[ "$file" != lib/famfs.h ] || budget=1800
		[ "$lines" -le $budget ] || echo "$file: $lines lines, budget $budget"
	done
}

# A row of a table in a bats file stays on its line.
# A tab reaches to the next multiple of 8; what cannot be broken (a URL) may be longer.
long_lines() {
	local file
	while IFS= read -r file; do
		[ "${file%.bats}" = "$file" ] || continue
		expand "$file" | awk -v file="$file" 'length($0) > 100 && !/:\/\// {
			print file ":" NR ": " length($0) " columns, budget 100" }'
	done
}

functions() {
	mapfile -t files < <(c_files)
	ctags -f - --sort=no --languages=C --langmap=C:.c.h -I FAMFS_API --kinds-C=f \
		--fields=neS "${files[@]}"
}

long_functions() {
	functions | awk -F '\t' '{
		line = end = 0
		for (i = 4; i <= NF; i++) {
			if ($i ~ /^line:/) line = substr($i, 6)
			if ($i ~ /^end:/) end = substr($i, 5)
		}
		if (end - line + 1 > 80)
			print $2 ":" line ": " $1 " has " end - line + 1 " lines, budget 80"
	}'
}

# Advice only: printed, and counted as passed.
many_parameters() {
	functions | awk -F '\t' '{
		for (i = 4; i <= NF; i++)
			if ($i ~ /^signature:/ && gsub(/,/, ",", $i) > 4)
				print "# advice: " $2 ": " $1 " has more than 5 parameters"
	}'
}

# Objects in sections that can be written to after the start, with their thread's ones.
mutable_objects() {
	local object
	for object in "$BUILD"/obj/lib/*.o; do
		[ "${object##*/}" != guard.o ] || continue
		LC_ALL=C objdump -t "$object" | awk -v object="${object##*/}" '
			/ O (\.data|\.bss|\.tdata|\.tbss|\*COM\*)/ && !/\.data\.rel\.ro/ {
				print object ": " $NF " can be written to" }'
	done
}

sources | long_files |
	none "no source file is longer than 500 lines"
sources | long_lines |
	none "no line is longer than 100 columns"
if command -v ctags >/dev/null && ctags --version | grep -q Universal; then
	long_functions | none "no function is longer than 80 lines"
	many_parameters
else
	skip "no function is longer than 80 lines" "universal-ctags is not installed"
fi
if ls "$BUILD"/obj/lib/*.o >/dev/null 2>&1; then
	mutable_objects | none "the library has no mutable file-scope object but the guard's"
else
	echo "$BUILD/obj/lib has no objects; type: make" |
		none "the library has no mutable file-scope object but the guard's"
fi
plan
