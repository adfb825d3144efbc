# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034 # others use them
# $ATCALL, which does something at a system call of a command. Load it behind helpers.

ATCALL=$(realpath -m "${BUILD:-$BATS_TEST_DIRNAME/../../build}/tests/atcall")

# The leak sanitizer cannot look at a process that is traced.
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0

requires_tracing() {
	local rc=0
	"$ATCALL" any 1 kill true 2>/dev/null || rc=$?
	[ "$rc" -eq 137 ] || skip "processes cannot be traced here"
}
