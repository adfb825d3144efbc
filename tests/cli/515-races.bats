#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# Commands that meet in the worst moment: strace holds one of them in a system call, the other goes on.

load helpers

# Starts the program with a delay of 1.5 s in front of (or behind) a system call.
slowly() { # CALL:WHERE[:when=N] ARGUMENT...
	local inject=${1%%:*}:${1#*:}
	inject=${inject/enter/delay_enter=1500000}
	inject=${inject/exit/delay_exit=1500000}
	# LeakSanitizer, where the program is built with it, needs to trace by itself.
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 \
		strace -qq -o /dev/null -e "inject=$inject" "$FAMFS" "${@:2}" >slow.out 2>slow.err &
	slow=$!
	sleep 0.5
}

slow_ended() { # RC
	status=0
	wait "$slow" || status=$?
	is "$status" "$1" "exit code of the slow one: $(<slow.err)"
}

needs_strace() {
	requires strace
	strace -qq -o /dev/null true 2>/dev/null || skip "strace may not trace here"
}

@test "mkfs that waited behind another mkfs sees what that one made" {
	needs_strace
	slowly flock:enter:when=1 mkfs --size 24M "$IMG"
	new_image
	run_famfs 0 creat -s 2M "$IMG:/precious"
	slow_ended 1
	has "$(<slow.err)" 'holds famfs file system'
	run_famfs 0 ls "$IMG"
	is "$output" "precious"
}

@test "mkfs that finds another one at work leaves its file alone" {
	needs_strace
	slowly fdatasync:enter mkfs --size 24M "$IMG"
	refused 1 'another command is writing' mkfs --size 24M "$IMG"
	slow_ended 0
	clean
}

@test "mkfs --force does not cut into space that is being zeroed" {
	needs_strace
	new_image 4G
	slowly fallocate:enter:when=1 creat -s 600M "$IMG:/big"
	refused 1 'is filling space' mkfs --force "$IMG"
	refused 1 'is filling space' mkfs --force --kill "$IMG"
	slow_ended 0
	clean
	run_famfs 0 ls "$IMG"
	is "$output" "big"
}

@test "creat that waited while the file system was made anew with the same UUIDs" {
	needs_strace
	local uuids=(--uuid "$OTHER" --dev-uuid "$MASTER")
	new_image 24M "${uuids[@]}"
	run_famfs 0 creat -s 2M "$IMG:/old"
	slowly flock:enter:when=1 creat -s 2M "$IMG:/late"
	run_famfs 0 mkfs -q --force "${uuids[@]}" "$IMG"
	run_famfs 0 creat -s 4M "$IMG:/new"
	slow_ended 0
	clean
	run_famfs 0 ls "$IMG"
	is "$output" $'late\nnew'
}

@test "an image that shrinks while its space is zeroed" {
	needs_strace
	new_image 2G
	slowly fallocate:enter:when=1 creat -s 600M "$IMG:/x"
	truncate -s 100M "$IMG"
	slow_ended 1
	has "$(<slow.err)" 'shrank'
	truncate -s 2G "$IMG"
	clean
	run_famfs 0 ls "$IMG"
	is "$output" ""
}

@test "a file system inside the file of another one" {
	new_image 64M --loglen 2M
	refused 1 'begins at byte 0 of the file' mkfs --loglen 2M "$IMG@2M"
	clean
	rm "$IMG"
	truncate -s 64M "$IMG"
	run_famfs 0 mkfs -q --loglen 2M "$IMG@2M"
	refused 1 'begins at byte 2097152 of the file' mkfs --loglen 2M "$IMG"
	clean "$IMG@2M"
}

@test "check beside mkfs and creat never calls a good file system damaged" {
	new_image 4G
	local i
	for i in {1..60}; do
		printf '{"path":"f%d","size":1}\n' "$i"
	done >manifest
	(
		for i in {1..30}; do
			"$FAMFS" mkfs -q --force "$IMG"
			"$FAMFS" creat -q --no-zero --from manifest "$IMG"
		done
	) 2>>"$ERR" &
	while kill -0 $! 2>/dev/null; do
		# 8: nothing there at that moment, or made anew twice while it looked.
		run_famfs 0,8 check "$IMG"
	done
	clean
}
