#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# Several commands at the same moment.

load helpers

# One of eight: 40 commands of five files each.
worker() { # NUMBER
	local i j files failed=0
	for ((i = 0; i < 40; i++)); do
		files=()
		for ((j = 0; j < 5; j++)); do
			files+=("$IMG:/d/w$1-$((i * 5 + j))")
		done
		"$FAMFS" creat --no-zero -s 3M "${files[@]}" || failed=1
	done
	return $failed
}

# What background jobs ended with.
wait_for() { # PID...
	local pid
	codes=
	for pid; do
		status=0
		wait "$pid" || status=$?
		codes+="$status "
	done
}

@test "eight processes make 200 files each: all 1,600 are there" {
	new_image 16G
	run_famfs 0 mkdir "$IMG:/d"
	local i pids=()
	for i in {1..8}; do
		worker "$i" 2>>"$ERR" &
		pids+=($!)
	done
	# Readers see a good file system at every moment.
	for i in {1..10}; do
		clean
	done
	wait_for "${pids[@]}"
	is "$codes" "0 0 0 0 0 0 0 0 "
	clean
	run_famfs 0 ls --json "$IMG:/d"
	json_is '"\(.entries | length) \([.entries[].path] | unique | length)"' "1600 1600"
	json_is '[.entries[].extents[0].off] | unique | length' 1600
}

@test "manifests at once, the same files in each: every file is there once" {
	new_image 8G
	awk 'BEGIN { for (i = 0; i < 400; i++) printf "{\"path\":\"f%d\",\"size\":1}\n", i }' >m
	local i pids=()
	for i in {1..6}; do
		"$FAMFS" creat --json --from m "$IMG" >"out$i" 2>>"$ERR" &
		pids+=($!)
	done
	wait_for "${pids[@]}"
	is "$codes" "0 0 0 0 0 0 "
	is "$(jq -s 'map(.created) | add' out?)" 400
	is "$(jq -s 'map(.existing) | add' out?)" 2000
	clean
	run_famfs 0 df --json "$IMG"
	json_is '.filesystems[0].files' 400
}

@test "mkfs against mkfs: one of them at a time, and the last is whole" {
	new_image 64M
	local i pids uuids
	for i in {1..8}; do
		pids=()
		"$FAMFS" mkfs --json --force --uuid "$MASTER" "$IMG" >out1 2>>"$ERR" &
		pids+=($!)
		"$FAMFS" mkfs --json --force --uuid "$OTHER" "$IMG" >out2 2>>"$ERR" &
		pids+=($!)
		wait_for "${pids[@]}"
		has "$codes" '^(0 0|0 1|1 0) $'
		uuids=$(jq -s -r 'map(.uuid) | join(" ")' out1 out2)
		clean
		has "$uuids" "$(json .summary.uuid)"
	done
}

@test "mkfs against creat: the old file system or the new one" {
	new_image 64M
	local i pids
	for i in {1..8}; do
		"$FAMFS" mkdir "$IMG:/a" "$IMG:/b" "$IMG:/c" 2>>"$ERR" &
		pids=($!)
		"$FAMFS" mkfs --force "$IMG" >/dev/null 2>>"$ERR" &
		pids+=($!)
		wait_for "${pids[@]}"
		has "$codes" '^[01] [01] $'
		clean
	done
	hasnt "$(grep -v '^famfs' "$ERR")" .
}

@test "a writer waits for the lock, readers do not" {
	requires flock
	new_image 64M
	local pid
	exec 8<>"$IMG"
	flock -x 8
	"$FAMFS" creat -s 2M "$IMG:/a" 2>"$ERR" 8>&- &
	pid=$!
	sleep 0.3
	run_famfs 0 ls "$IMG"
	is "$output" ""
	clean
	kill -0 $pid
	exec 8>&-
	wait_for $pid
	is "$codes" "0 "
	is "$(names)" "/a"
	clean
}

@test "a writer that waits can be cancelled" {
	requires flock
	new_image 64M
	local pid
	exec 8<>"$IMG"
	flock -x 8
	"$FAMFS" creat -s 2M "$IMG:/a" 2>"$ERR" 8>&- &
	pid=$!
	await grep -q dev.img "/proc/$pid/maps"
	kill -INT $pid 2>/dev/null
	kill -TERM $pid
	wait_for $pid
	has "$codes" '^(130|143) $'
	one_error 'cancelled'
	exec 8>&-
	is "$(names)" ""
}

@test "a file system that is made anew while a writer waits" {
	requires flock
	new_image 64M
	local pid
	run_famfs 0 mkfs -q --size 64M other.img
	exec 8<>"$IMG"
	flock -x 8
	"$FAMFS" creat -s 2M "$IMG:/a" 2>"$ERR" 8>&- &
	pid=$!
	await grep -q dev.img "/proc/$pid/maps"
	dd if=other.img of="$IMG" bs=1M count=10 conv=notrunc status=none
	exec 8>&-
	wait_for $pid
	is "$codes" "1 "
	one_error 'anew|another|changed'
	clean
	is "$(names)" ""
}
