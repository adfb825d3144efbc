#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Runs in the guest: memory fails while a command reads. The kernel tells of it early, when the
# command waits for something else, and never again: what it has is a signal and its address.
# shellcheck disable=SC1091,SC2034,SC2154
. ./guest.bash

dev=/dev/dax0.0
size=12000003

setup_file() {
	echo 1 >/proc/sys/vm/memory_failure_early_kill
}

setup() {
	run_famfs 0 mkfs --force $dev
	run_famfs 0 creat -s $size --randomize --seed 5 $dev:/f
	run_famfs 0 fmap dump --json $dev:/f
	at=$(grep -oE '"off": *[0-9]+' <<<"$output" | head -n 1 | tr -dc 0-9)
	[ "$at" -ge 10485760 ]
	rm -f /tmp/pipe
	mkfifo /tmp/pipe
}

# A command that ran in the background has ended with rc 1 and one line about @file and @offset.
ended() { # FILE OFFSET
	local rc=0
	wait "$!" || rc=$?
	errors=$(cat /tmp/err)
	is 1 $rc && one_line_error "$dev:?$1: .*(at|offset) $2.*media error"
}

poison() { # OFFSET
	daxmem poison $dev "$1" 4096
}

@test "cat waits for its reader: what it gave is right, and then it says where it ends" {
	famfs cat $dev:/f >/tmp/pipe 2>/tmp/err 3>&- &
	exec 9</tmp/pipe
	head -c 4096 <&9 >/tmp/head
	sleep 0.5
	poison $((at + 1048576))
	cat <&9 >/tmp/rest
	ended /f $((at + 1048576))
	exec 9<&-
	cat /tmp/head /tmp/rest >/tmp/got
	[ "$(stat -c %s /tmp/got)" -le 1048576 ]
}

@test "log follow sleeps: it ends when the log's memory is gone" {
	famfs log follow $dev >/tmp/out 2>/tmp/err 3>&- &
	sleep 1
	poison 2097152
	ended '' '[0-9]+'
}

@test "memory that the command does not use disturbs nobody" {
	famfs cat $dev:/f >/tmp/pipe 2>/tmp/err 3>&- &
	exec 9</tmp/pipe
	head -c 4096 <&9 >/tmp/head
	sleep 0.5
	poison $((at + 33554432))
	cat <&9 >/tmp/rest
	wait $!
	[ "$(cat /tmp/head /tmp/rest | wc -c)" -eq $size ]
}
