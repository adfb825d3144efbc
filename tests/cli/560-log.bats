#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # the helpers set stderr
# log show: the log now and at earlier points. log follow: what comes.

load helpers

make_log() { # a directory and two files
	run_famfs 0 mkfs --size 64M "$IMG"
	run_famfs 0 mkdir "$IMG:/d"
	run_famfs 0 creat -s 2M "$IMG:/d/f" "$IMG:/g"
}

@test "shows every entry" {
	make_log
	run_famfs 0 log show "$IMG"
	is "$(awk '{ print $1, $2, $NF }' <<<"$output")" \
		$'ENTRY TYPE PATH\n0 dir /d\n1 file /d/f\n2 file /g'
	FAMFS_DEVICE=$IMG run_famfs 0 log show
	has "$output" /g
}

@test "an earlier point, and the difference between two" {
	make_log
	run_famfs 0 log show --until 1 "$IMG"
	has "$output" "dir .*/d"
	hasnt "$output" file
	run_famfs 0 log show --since 1 --until 2 "$IMG" --json
	is "$(jq -c '[.since, .until, (.entries | map(.path)), .files, .dirs, .file_bytes]' <<<"$output")" \
		'[1,2,["/d/f"],1,0,2097152]'
	run_famfs 0 log show --until 0 "$IMG" --json
	is "$(jq -c .entries <<<"$output")" '[]'
}

@test "points that are not in the log" {
	make_log
	run_famfs 2 log show --until 4 "$IMG"
	has "$stderr" "until: 4: the log has 3 valid entries"
	run_famfs 2 log show --since 3 --until 2 "$IMG"
	has "$stderr" "since: 3: the log has 2"
	run_famfs 2 log show --since x "$IMG"
	has "$stderr" "since x: is not a number"
	run_famfs 2 log show
	has "$stderr" "operand is missing"
	run_famfs 2 log
	has "$stderr" "no command of this group"
	run_famfs 2 log shwo "$IMG"
	has "$stderr" "did you mean show"
}

@test "a damaged log is shown as far as it is good" {
	make_log
	printf '\1' | dd of="$IMG" bs=1 seek=$((LOG + 48 + ENTRY + 20)) conv=notrunc status=none
	run_famfs 1 log show "$IMG"
	has "$output" "dir .*/d"
	hasnt "$output" "/g"
	has "$stderr" "entry 1 of 3 is invalid"
	run_famfs 0 log show --until 1 "$IMG"
	run_famfs 1 log follow --since 0 "$IMG"
	has "$output" "/d"
	has "$stderr" "entry 1 of 3 is invalid"
}

@test "names from the media are shown safely" {
	run_famfs 0 mkfs --size 64M "$IMG"
	run_famfs 0 creat -s 2M "$IMG:/aXb"
	printf '\033' | dd of="$IMG" bs=1 seek=$((LOG + 48 + 41)) conv=notrunc status=none
	run_famfs 1 log show "$IMG"
	hasnt "$output" $'\033'
}

@test "follows as entries come" {
	make_log
	"$FAMFS" log follow --json --count 3 "$IMG" >follow.json 3>&- &
	local pid=$!
	wait_for_start "$pid"
	run_famfs 0 creat -s 2M "$IMG:/h" "$IMG:/i"
	run_famfs 0 mkdir "$IMG:/e"
	wait "$pid"
	is "$(jq -r .path follow.json | tr '\n' ' ')" "/h /i /e "
	is "$(jq -s 'map(.schema) | unique' -c follow.json)" '[1]'
}

# Until it sleeps between two looks, so that it has read the log.
wait_for_start() { # PID
	local i
	for ((i = 0; i < 500; i++)); do
		[[ "$(cat "/proc/$1/syscall" 2>/dev/null)" != 230\ * ]] || return 0
		sleep 0.02
	done
	fail "does not wait"
}

@test "begins where it is told" {
	make_log
	run_famfs 0 log follow --since 1 --count 2 "$IMG"
	is "$(awk '{ print $1, $NF }' <<<"$output")" $'1 /d/f\n2 /g'
	run_famfs 2 log follow --since 4 "$IMG"
	run_famfs 2 log follow --count 0 "$IMG"
	has "$stderr" "must be 1 to"
}

@test "ends when nothing comes" {
	make_log
	run_famfs 1 log follow --timeout 1 "$IMG"
	has "$stderr" "no new entry within 1 s"
}

# System calls of a run that waits so many seconds for nothing.
calls_in() { # SECONDS
	run_program 1 strace -f -o trace -e trace=all "$FAMFS" log follow --timeout "$1" "$IMG"
	wc -l <trace
}

@test "idle, it sleeps: a look every 20 ms" {
	requires strace
	strace -qq -o /dev/null true 2>/dev/null || skip "strace may not trace here"
	export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0
	make_log
	local one two
	one=$(calls_in 1)
	two=$(calls_in 2)
	echo "$one calls in one second, $two in two"
	[ $((two - one)) -le 200 ]
}

@test "is interrupted, and says so" {
	make_log
	"$FAMFS" log follow "$IMG" 2>err.txt 3>&- &
	local pid=$! rc=0
	wait_for_start "$pid"
	kill -TERM "$pid"
	wait "$pid" || rc=$?
	is "$rc" 143
	has "$(cat err.txt)" cancelled
}

@test "notices that the file system was made anew" {
	make_log
	"$FAMFS" log follow "$IMG" 2>err.txt 3>&- &
	local pid=$! rc=0
	wait_for_start "$pid"
	run_famfs 0 mkfs --force "$IMG"
	wait "$pid" || rc=$?
	is "$rc" 1
	has "$(cat err.txt)" "made anew"
}

@test "notices a repair in the middle that leaves the last entry alone" {
	make_log
	poke "$(entry_at 1 16)" 8 $((AU + 1))
	seal_entry 1
	"$FAMFS" log follow --since 3 "$IMG" 2>err.txt 3>&- &
	local pid=$! rc=0
	wait_for_start "$pid"
	run_famfs 1 check -y "$IMG"
	wait "$pid" || rc=$?
	is "$rc" 1
	has "$(cat err.txt)" "rewritten.*begin again"
}

@test "follows another host's file system, too" {
	make_log
	FAMFS_SYSTEM_UUID=$OTHER run_famfs 0 log follow --since 2 --count 1 "$IMG"
	has "$output" /g
}
