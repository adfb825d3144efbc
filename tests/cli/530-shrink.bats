#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# An image that shrinks while it is in use: an error that names it, no signal.

load helpers

# Starts a command that has the image mapped and waits for its lock.
start_waiting() { # ARGUMENT...
	exec 8<>"$IMG"
	flock -x 8
	"$FAMFS" "$@" >"$OUT" 2>"$ERR" </dev/null 8>&- &
	PID=$!
	await grep -q dev.img "/proc/$PID/maps"
}

let_go() {
	exec 8>&-
	status=0
	wait "$PID" || status=$?
}

@test "a writer whose log is cut off under it" {
	requires flock
	local size
	for size in 0 4096 $((2 * MiB)) $((2 * MiB + 4096)) $((3 * MiB)); do
		rm -f "$IMG"
		new_image 8G
		awk 'BEGIN { for (i = 0; i < 3000; i++) printf "{\"path\":\"f%d\",\"size\":1}\n", i }' |
			run_famfs 0 creat -q --no-zero --from - "$IMG"
		start_waiting creat -s 2M "$IMG:/new"
		truncate -s "$size" "$IMG"
		let_go
		is "$status" 1 "exit, cut to $size"
		one_error 'dev.img'
	done
}

@test "a writer: the error names the offset where the image ends" {
	requires flock
	new_image 64M
	start_waiting creat --json -s 2M "$IMG:/new"
	truncate -s $((2 * MiB)) "$IMG"
	let_go
	is "$status" 1
	json_error_is EIO
	has "$(jq -r '.error.object' "$ERR")" 'dev.img'
	is "$(jq '.error.off >= 2097152' "$ERR")" true "an offset behind the end"
}

@test "mkdir, creat --no-zero and a manifest" {
	requires flock
	local cmd
	echo '[{"path":"x","size":1},{"path":"y","size":1}]' >m
	for cmd in "mkdir $IMG:/new" "creat --no-zero -s 1 $IMG:/new" "creat --from m $IMG" \
		"creat --atomic --from m $IMG"; do
		rm -f "$IMG"
		new_image 64M
		read -ra args <<<"$cmd"
		start_waiting "${args[@]}"
		truncate -s 4096 "$IMG"
		let_go
		is "$status" 1 "exit of $cmd"
		has "$(head -n 1 "$ERR")" 'dev.img'
	done
}

@test "readers, cut off at any moment" {
	local cmd pid
	RANDOM=7
	new_image 8G
	awk 'BEGIN { for (i = 0; i < 3000; i++) printf "{\"path\":\"f%d\",\"size\":1}\n", i }' >m
	run_famfs 0 creat -q --no-zero --from m "$IMG"
	cp --sparse=always "$IMG" whole
	for cmd in "check $IMG" "ls -lR $IMG" "df $IMG" "stat $IMG:/f2999" "fmap dump $IMG:/f2999"; do
		read -ra args <<<"$cmd"
		for _ in {1..6}; do
			cp --sparse=always whole "$IMG"
			"$FAMFS" "${args[@]}" >"$OUT" 2>"$ERR" </dev/null &
			pid=$!
			sleep "0.00$((RANDOM % 10))"
			truncate -s $((RANDOM % 2 * 3 * MiB)) "$IMG"
			status=0
			wait $pid || status=$?
			has "$status" '^(0|1|4|8)$'
			[ "$status" -eq 0 ] || has "$(<"$ERR")$(<"$OUT")" 'dev.img'
		done
	done
}

@test "an image that grows while it is in use" {
	requires flock
	new_image 64M
	start_waiting creat -s 2M "$IMG:/new"
	truncate -s 128M "$IMG"
	let_go
	is "$status" 0
	is "$(names)" "/new"
	finds 0 dd_size
}

@test "an image that is removed or replaced while a writer waits" {
	requires flock
	new_image 64M
	run_famfs 0 mkfs -q --size 64M new.img
	start_waiting creat -s 2M "$IMG:/new"
	mv new.img "$IMG"
	let_go
	is "$status" 1
	one_error 'dev.img.*(removed|replaced)'
	clean
	is "$(names)" ""
}
