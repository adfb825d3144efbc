#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # the helpers set stderr
# flush: the command; what it does to cache lines is for the unit tests and real devices.

load helpers

@test "flushes files, and says which" {
	run_famfs 0 mkfs --size 64M "$IMG"
	run_famfs 0 creat -s 2M "$IMG:/a"
	run_famfs 0 creat -s 4M -N 2 -B 2 "$IMG:/b"
	run_famfs 0 flush "$IMG:/a" "$IMG:/b"
	is "$output" ""
	run_famfs 0 flush -w -t 2 --json "$IMG:/a" "$IMG:/b"
	is "$(jq -c '[.flushed[] | [.path, .size]]' <<<"$output")" '[["a",2097152],["b",4194304]]'
}

@test "another host's files, too" {
	run_famfs 0 mkfs --size 64M "$IMG"
	run_famfs 0 creat -s 2M "$IMG:/a"
	FAMFS_SYSTEM_UUID=$OTHER run_famfs 0 flush "$IMG:/a"
}

@test "what is no file" {
	run_famfs 0 mkfs --size 64M "$IMG"
	run_famfs 0 creat -s 2M "$IMG:/a"
	run_famfs 0 mkdir "$IMG:/d"
	run_famfs 1 flush "$IMG:/d" "$IMG:/a" --json
	has "$stderr" "is a directory"
	is "$(jq -c '[.flushed[].path]' <<<"$output")" '["a"]'
	run_famfs 1 flush "$IMG:/no"
	has "$stderr" "no such file"
	run_famfs 2 flush "$IMG"
	has "$stderr" "names no file"
	run_famfs 2 flush
	run_famfs 2 flush -t 0 "$IMG:/a"
}
