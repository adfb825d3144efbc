# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Helpers for the scripts that tests/vm/run runs in the guest. A script sources
# this file, calls the test functions below, and ends with `tap_done`.
# File descriptor 3 is the TAP channel; stdout and stderr are the console.

tap_count=0
tap_failed=0
tap_begun=0
# Where what `run` caught lies.
vm_tmp=${TMPDIR:-/tmp}
# What the last `run` or `run_famfs` gave: exit code, stdout and stderr.
status=0
output=
errors=

tap_say() {
	printf '%s\n' "$*" >&3
}

# tap_note TEXT: each line of TEXT as a TAP comment
tap_note() {
	local line

	while IFS= read -r line; do
		tap_say "# $line"
	done <<<"$1"
}

# tap_ok NAME, tap_not_ok NAME: one result
tap_ok() {
	tap_count=$((tap_count + 1))
	tap_say "ok $tap_count - $1"
}

tap_not_ok() {
	tap_count=$((tap_count + 1))
	tap_failed=$((tap_failed + 1))
	tap_say "not ok $tap_count - $1"
}

# tap_done: the plan, and the script's end. What bash cannot evaluate ends a test without a result.
tap_done() {
	((tap_begun == tap_count)) ||
		tap_not_ok "$((tap_begun - tap_count)) tests broke off: the console says why"
	tap_say "1..$tap_count"
	exit $((tap_failed > 0))
}

# run COMMAND...: sets status, output, errors; a hung command ends after 30 s
run() {
	timeout 30 "$@" >"$vm_tmp/run.out" 2>"$vm_tmp/run.err"
	status=$?
	output=$(tr -d '\0' <"$vm_tmp/run.out")
	errors=$(tr -d '\0' <"$vm_tmp/run.err")
}

# log_run COMMAND...: what the last command was and gave, as TAP comments
log_run() {
	tap_note "command: $*"
	tap_note "exit code: $status"
	[[ -z $output ]] || tap_note "stdout: ${output:0:2000}"
	[[ -z $errors ]] || tap_note "stderr: ${errors:0:2000}"
}

# run_famfs RC ARG...: runs famfs; fails, and logs the command, when the exit
# code is not RC. A failure must be told in one line on stderr.
run_famfs() {
	local rc=$1

	shift
	run famfs "$@"
	if ((status != rc)); then
		log_run famfs "$@"
		tap_note "wanted: exit code $rc"
		return 1
	fi
	return 0
}

# one_line_error PATTERN: the last command said one line on stderr, and the
# extended regular expression PATTERN is in it
one_line_error() {
	if [[ -z $errors || $errors == *$'\n'* || ! $errors =~ $1 ]]; then
		tap_note "wanted: one line on stderr with: $1"
		tap_note "stderr: ${errors:0:2000}"
		return 1
	fi
	return 0
}

# is WANTED GOT: compares two strings
is() {
	if [[ $1 != "$2" ]]; then
		tap_note "wanted: $1"
		tap_note "   got: $2"
		return 1
	fi
	return 0
}

# has TEXT PATTERN: the extended regular expression PATTERN is found in TEXT
has() {
	if [[ ! $1 =~ $2 ]]; then
		tap_note "wanted: $2"
		tap_note "    in: ${1:0:2000}"
		return 1
	fi
	return 0
}

# check NAME COMMAND...: one test: ok when COMMAND (usually a function) succeeds
check() {
	local name=$1

	tap_begun=$((tap_begun + 1))
	shift
	if "$@"; then
		tap_ok "$name"
	else
		tap_not_ok "$name"
	fi
}
