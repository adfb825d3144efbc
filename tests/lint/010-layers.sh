#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The library is a staircase (tests/lint/layers), and the program sees only famfs.h.
# shellcheck source=tests/lint/tap.bash
. "$(dirname "$0")/tap.bash"

declare -A steps
while read -r step names; do
	for name in $names; do
		steps[$name]=$step
	done
done < <(grep -v '^#' tests/lint/layers)

step_of() { # NAME
	local name=$1
	while [ -z "${steps[$name]:-}" ]; do
		[[ "$name" == *_* ]] || return 1
		name=${name%_*}
	done
	echo "${steps[$name]}"
}

includes() { # FILE
	sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"\([^"]*\)".*/\1/p' "$1"
}

unlisted() {
	local file name
	for file in lib/*.[ch]; do
		name=$(basename "${file%.*}")
		step_of "$name" >/dev/null || echo "$file: not in tests/lint/layers"
	done
}

climbing() {
	local file header own other
	for file in lib/*.[ch]; do
		own=$(step_of "$(basename "${file%.*}")") || continue
		for header in $(includes "$file"); do
			other=$(step_of "$(basename "$header" .h)") || continue
			if [ "$own" = all ]; then
				echo "$file: includes $header; it must stand alone"
			elif [ "$other" != all ] && [ "$other" -gt "$own" ]; then
				echo "$file (step $own): includes $header (step $other)"
			fi
		done
	done
}

peeking() {
	local file header
	for file in cli/*.[ch]; do
		[ -e "$file" ] || continue
		for header in $(includes "$file"); do
			[ "$header" = famfs.h ] || [ -e "cli/$header" ] ||
				echo "$file: includes $header, which is neither famfs.h nor in cli/"
		done
	done
}

unlisted | none "every file of lib/ has a step"
climbing | none "no file of lib/ includes a higher step"
peeking | none "cli/ sees only famfs.h"
plan
