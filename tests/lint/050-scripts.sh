#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=tests/lint/tap.bash
. "$(dirname "$0")/tap.bash"

if command -v shellcheck >/dev/null; then
	mapfile -t scripts < <(script_files)
	shellcheck -x -f gcc "${scripts[@]}" 2>&1 | none "shellcheck has no remark on a script"
	mapfile -t bats < <(tree_files | grep '\.bats$')
	if [ ${#bats[@]} -gt 0 ]; then
		shellcheck -x -s bats -f gcc "${bats[@]}" 2>&1 |
			none "shellcheck has no remark on a bats file"
	fi
else
	skip "shellcheck has no remark on a script" "shellcheck is not installed"
fi
plan
