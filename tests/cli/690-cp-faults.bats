#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cp while its source, its destination, or the process itself goes away: nothing is half made.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load helpers
load traced

# Runs the program with what shall happen at its N-th CALL.
run_at() { # RC CALL N ACTION ARGUMENT...
	run_program "$1" "$ATCALL" "$2" "$3" "$4" "$FAMFS" "${@:5}"
}

bytes() { # FILE BYTES: without a pattern that could hide a shift
	seq -f %09.0f "$(($2 / 10 + 1))" | head -c "$2" >"$1"
}

same() { # FILE PATH
	run_shell 0 '"$1" cat "$2" | cmp - "$3"' "$FAMFS" "$IMG:$2" "$1"
}

# Clean, but for an append that was cut off at its last step.
clean_or_torn() {
	run_famfs 0,4 check --json "$IMG"
	has "$(json '[.findings[].code] | unique | join(" ")')" '^(torn_tail)?$'
}

free_space() {
	run_famfs 0 df --json "$IMG"
	json '.filesystems[0].free'
}

# Every call of the whole run, or some of them where a run takes long.
next_call() { # N
	[ -z "${FAMFS_TEST_UNDER:-}" ] && echo $(($1 + 1)) || echo $(($1 + 7))
}

@test "killed before each of its calls, a copy into an image has made whole files or none" {
	local n file free
	mkdir -p A/sub
	bytes A/one 100
	bytes A/sub/two 2500001
	bytes A/three 4194304
	new_image 32M
	cp --sparse=always "$IMG" empty.img
	run_famfs 0 cp -r A "$IMG:/"
	free=$(free_space)
	for ((n = 1; ; n = $(next_call $n))); do
		cp --sparse=always empty.img "$IMG"
		run_at 77,137 any "$n" kill cp -r A "$IMG:/"
		[ "$status" -ne 77 ] || break
		clean_or_torn
		for file in one sub/two three; do
			run_famfs 0,1 stat "$IMG:/A/$file"
			[ "$status" -ne 0 ] || same "A/$file" "/A/$file"
		done
		run_famfs 0 cp -r A "$IMG:/"
		clean
		for file in one sub/two three; do
			same "A/$file" "/A/$file"
		done
		is "$(free_space)" "$free" "free space, killed at call $n"
	done
	[ "$n" -gt 20 ] || fail "only $n calls"
}

@test "killed before each of its calls, a new file is there or is not, with several threads" {
	local n
	bytes f 36000000
	new_image 64M
	cp --sparse=always "$IMG" empty.img
	for ((n = 1; ; n += 37)); do
		cp --sparse=always empty.img "$IMG"
		run_at 77,137 any "$n" kill cp -t 2 f "$IMG:/f"
		[ "$status" -ne 77 ] || break
		clean_or_torn
		run_famfs 0,1 stat "$IMG:/f"
		[ "$status" -ne 0 ] || same f /f
		run_famfs 0 cp f "$IMG:/f"
		clean
	done
	[ "$n" -gt 100 ] || fail "only $n calls"
}

@test "killed before each of its calls, a copy out has left whole files or none" {
	local n
	new_image
	bytes one 2500001
	run_famfs 0 cp one "$IMG:/one"
	for ((n = 1; ; n = $(next_call $n))); do
		rm -rf out
		mkdir out
		echo before >out/one
		run_at 77,137 any "$n" kill cp "$IMG:/one" out
		[ "$status" -ne 77 ] || break
		is "$(ls out)" one
		[ "$(<out/one)" = before ] || cmp one out/one
		run_famfs 0 cp "$IMG:/one" out
		cmp one out/one
	done
	cmp one out/one
	[ "$n" -gt 20 ] || fail "only $n calls"
}

@test "a source that shrinks, grows or is replaced while it is copied" {
	local threads
	for threads in 1 2; do
		rm -f "$IMG"
		new_image
		bytes f 5000000
		bytes g 10
		run_at 1 copy_file_range 2 'truncate -s 2500000 f' cp -t 1 f "$IMG:/f"
		one_error '^famfs cp: f: became shorter .* ends at byte 2500000'
		bytes f 5000000
		run_at 1 copy_file_range 2 'echo more >>f' cp -t 1 f "$IMG:/f"
		one_error '^famfs cp: f: has more than the 5000000 bytes'
		# Known before a byte of it is read, and the others are copied.
		bytes f 5000000
		run_at 1 flock 1 'echo more >>f' cp -t $threads --keep-going f g "$IMG:/"
		one_error '^famfs cp: f: its size was 5000000 and is 5000005 now; copy it again'
		bytes f 5000000
		run_at 1 flock 1 'cp f h; mv h f' cp -t $threads --keep-going f g "$IMG:/"
		one_error '^famfs cp: f: is another file'
		run_at 1 flock 1 'rm f' cp -t $threads --keep-going f g "$IMG:/"
		one_error '^famfs cp: f: no such file'
		is "$(names)" /g
		same g /g
		clean
	done
}

@test "a source that is removed when it is open is copied" {
	new_image
	bytes f 5000000
	cp f kept
	run_at 0 copy_file_range 2 'rm f' cp -t 1 f "$IMG:/f"
	same kept /f
	clean
}

@test "an image that is cut while it is copied to, or from" {
	local cut=$((16 * MiB))
	new_image 96M
	bytes f 30000000
	run_famfs 0 cp f "$IMG:/old"
	run_at 1 copy_file_range 2 "truncate -s $cut $IMG" cp -t 1 f "$IMG:/f"
	one_error "dev.img:/f: .*offset [0-9]+.*shrank"
	rm "$IMG"
	new_image 64M
	run_famfs 0 cp f "$IMG:/f"
	mkdir out
	run_at 1 copy_file_range 2 "truncate -s $cut $IMG" cp -t 1 "$IMG:/f" out
	one_error "dev.img:/f: .*offset $cut.*shrank"
	is "$(ls -A out)" "" "what was copied out"
}

@test "a full disk under the image: what fits is copied, and the rest is given back" {
	requires_root
	requires mount
	local used
	mkdir disk
	mount -t tmpfs -o size=24M none disk 2>/dev/null || skip "cannot mount"
	IMG=disk/dev.img
	new_image 96M
	bytes a 100000
	bytes big 40000000
	bytes c 2000000
	used=$(disk_kib "$IMG")
	run_famfs 1 cp big "$IMG:/big"
	one_error 'dev.img:/big: .*offset [0-9]+: no space left.*df '
	is "$(names)" "" "files"
	[ "$(disk_kib "$IMG")" -lt $((used + 1024)) ] || fail "the disk is still full"
	clean
	run_famfs 1 cp --keep-going a big c "$IMG:/"
	one_error 'dev.img:/big: .*no space left'
	is "$(names)" "/a /c"
	same c /c
	clean
}

teardown() {
	umount "$BATS_TEST_TMPDIR/disk" 2>/dev/null || true
}

@test "cancelled by ^C: nothing half made, said so, exit 130" {
	new_image 64M
	bytes f 30000000
	run_at 130 copy_file_range 2 'kill -INT $PID' cp -t 1 f "$IMG:/f"
	one_error 'cancelled|interrupt'
	is "$(names)" ""
	clean
	[ "$(disk_kib "$IMG")" -lt 4096 ] || fail "the image takes $(disk_kib "$IMG") KiB"
	run_famfs 0 cp f "$IMG:/f"
	mkdir out
	run_at 130 copy_file_range 2 'kill -INT $PID' cp -t 1 "$IMG:/f" out
	one_error 'cancelled|interrupt'
	is "$(ls -A out)" ""
}

@test "destinations that cannot be" {
	local long
	long=$(printf 'x%.0s' {1..79})
	new_image
	bytes f 10
	run_famfs 0 mkdir "$IMG:/d"
	run_famfs 0 mkdir "$IMG:/d/f"
	refused 1 'd/f exists and is a directory' cp f "$IMG:/d"
	run_famfs 0 cp f "$IMG:/g"
	refused 1 '/g' cp f "$IMG:/g/x"
	refused 1 "x{79}: .*too long" cp f "$IMG:/$long"
	refused 1 'too long' cp f "$IMG:/d/$long$long/f"
	is "$(names)" "/d /d/f /g"
	clean
}
