#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2030,SC2031,SC2086,SC2154 # the helpers set them; lists of words
# Who reads what a command writes goes away: it ends as others do, by SIGPIPE and without a word.

load helpers
load atcall

# An image with /f, of more bytes than a pipe holds.
make() {
	new_image 32M
	run_famfs 0 creat -q --randomize --seed 3 -s 3M "$IMG:/f"
}

@test "standard output" {
	local command
	make
	for command in "cp $IMG:/f -" "cp $IMG:/f $IMG:/f -" "cat $IMG:/f" \
		"cp --tar $IMG:/f -" "image dump $IMG -" "verify --make-manifest $IMG"; do
		# It begins when nobody reads any more.
		mkfifo gone
		run_shell 0 '{ read -r <gone || :; '"\"$FAMFS\" $command"'; echo $? >rc; } |
			{ exec <&-; : >gone; }' true
		rm gone
		is "$(<rc)" 141 "$command"
		is "$stderr" "" "$command"
	done
	# Read, but not to its end.
	run_shell 141 'set -o pipefail; "$@" | head -c 1000 >part' "$FAMFS" cp "$IMG:/f" -
	is "$stderr" ""
	run_shell 0 '"$1" cat "$2" | cmp -n 1000 - part' "$FAMFS" "$IMG:/f"
}

@test "a file that is a pipe" {
	local command reader
	requires_tracing
	make
	mkfifo fifo
	for command in "verify --make-manifest -o fifo $IMG" "image dump $IMG fifo" \
		"fmap dump --format=raw -o fifo $IMG:/f"; do
		# shellcheck disable=SC2217 # it holds the pipe open, and reads nothing
		sleep 60 <fifo &
		reader=$!
		run_program 141 "$ATCALL" write 1 \
			"kill -9 $reader; while [ -e /proc/$reader/fd/0 ]; do sleep 0.01; done" \
			"$FAMFS" $command
		is "$stderr" "" "$command"
		wait
	done
	head -c 1000 <fifo >part &
	run_famfs 141 cp "$IMG:/f" fifo
	is "$stderr" ""
	wait
}
