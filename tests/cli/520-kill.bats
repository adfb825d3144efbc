#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# kill -9 at any moment: what a command reported is there, and nothing else is wrong than what
# DESIGN.md's first promise allows. The moments come from a seed, so that a round can be repeated.

load helpers

SEED=${FAMFS_TEST_SEED:-20260613}
ROUNDS=${FAMFS_TEST_ROUNDS:-30}

# The leak sanitizer, killed while it looks, would report that.
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0

# Waits for up to so many microseconds.
moment() { # MICROSECONDS
	local us=$(((RANDOM << 15 | RANDOM) % $1))
	[ -p never ] || mkfifo never
	read -r -t "$((us / 1000000)).$(printf %06d $((us % 1000000)))" <>never || true
}

# Runs the program to its end once, to learn how long that takes: TAKES, microseconds.
whole() { # ARGUMENT...
	local start=${EPOCHREALTIME/[.,]/}
	"$FAMFS" "$@" >"$OUT" 2>"$ERR" </dev/null &
	wait $!
	TAKES=$((${EPOCHREALTIME/[.,]/} - start))
}

# Runs the program and kills it at a moment of the time it takes; status is its own, or 137.
killed() { # ARGUMENT...
	local pid
	"$FAMFS" "$@" >"$OUT" 2>"$ERR" </dev/null &
	pid=$!
	moment "$TAKES"
	kill -9 $pid 2>/dev/null || true
	status=0
	wait $pid || status=$?
	[ "$status" -eq 0 ] || [ "$status" -eq 137 ] ||
		fail "seed $SEED: exit $status: $(<"$ERR")"
}

# Clean, but for an append that was cut off at its last step.
clean_or_torn() {
	run_famfs 0,4 check --json "$IMG"
	local codes
	codes=$(json '[.findings[].code] | unique | join(" ")')
	has "$codes" '^(torn_tail)?$'
}

@test "creat of 2,000 files, killed at any moment" {
	local i before now
	RANDOM=$SEED
	awk 'BEGIN { for (i = 0; i < 2000; i++) printf "{\"path\":\"%s-%d\",\"size\":1}\n", "@", i }' >m
	new_image 512G -l 64M
	whole creat --from m "$IMG"
	before=2000
	for ((i = 0; i < ROUNDS; i++)); do
		sed "s/@/$i/" m >round
		killed creat --from round "$IMG"
		echo "round $i of seed $SEED: exit $status"
		local ended=$status
		clean_or_torn
		now=$(json .summary.files)
		[ "$now" -ge "$before" ] || fail "$before files before, now $now"
		[ "$now" -le $((before + 2000)) ]
		[ "$ended" -ne 0 ] || is "$now" $((before + 2000)) "files of a creat that ended well"
		before=$now
	done
	# Whatever the last one left, adding goes on.
	run_famfs 0 creat -s 1 "$IMG:/last"
	clean
	run_famfs 0 ls --json "$IMG"
	json_is '[.entries[].path] | unique | length' $((now + 1))
}

@test "zeroing, killed at any moment: the file is there with zeros, or not at all" {
	local i
	RANDOM=$SEED
	filled "$IMG" $((256 * MiB)) 377
	run_famfs 0 mkfs -q "$IMG"
	whole creat -s 12M "$IMG:/whole"
	for ((i = 0; i < ROUNDS / 2; i++)); do
		killed creat -s 12M "$IMG:/f$i"
		local ended=$status
		clean_or_torn
		run_famfs 0,1 stat --json "$IMG:/f$i"
		[ "$ended" -ne 0 ] || is "$status" 0 "exit of stat of a file that was made"
		[ "$status" -ne 0 ] || all_bytes "$(json '.entries[0].extents[0].off')" $((12 * MiB)) 000
	done
}

@test "mkfs --force, killed at any moment: the old file system, none, or the new one" {
	local i uuid old
	RANDOM=$SEED
	new_image 1G -l 64M
	run_famfs 0 creat -s 1 "$IMG:/a" "$IMG:/b" "$IMG:/c"
	# The log is full of old bytes behind the entries, so that there is something to clear.
	filled junk $((64 * MiB - 4096)) 252
	dd if=junk of="$IMG" bs=1M seek=$((LOG + 4096)) oflag=seek_bytes conv=notrunc status=none
	cp --sparse=always "$IMG" old.img
	old=$(od -An -v -t x1 -j 48 -N 16 old.img)
	whole mkfs --force --loglen 64M "$IMG"
	clean
	for ((i = 0; i < ROUNDS; i++)); do
		cp --sparse=always old.img "$IMG"
		killed mkfs --force --loglen 64M --uuid "$OTHER" "$IMG"
		local ended=$status
		run_famfs 0,8 check --json "$IMG"
		uuid=$(od -An -v -t x1 -j 48 -N 16 "$IMG")
		if [ "$status" -eq 8 ]; then
			json_is '.findings[0].code' sb_magic
			[ "$ended" -ne 0 ] || fail "mkfs ended well and made nothing"
			refused 1 'superblock' ls "$IMG"
			run_famfs 0 mkfs -q "$IMG"
			clean
		elif [ "$uuid" = "$old" ]; then
			[ "$ended" -ne 0 ] || fail "mkfs ended well and changed nothing"
			is "$(names)" "/a /b /c"
		else
			json_is .summary.uuid "$OTHER"
			is "$(names)" ""
		fi
	done
}

@test "mkdir -p one after the other, killed at any moment" {
	requires pgrep
	local i pid
	RANDOM=$SEED
	new_image 64M
	: >reported
	for ((i = 0; i < ROUNDS; i++)); do
		(
			j=0
			while :; do
				"$FAMFS" mkdir -p "$IMG:/r$i/d$j/e" </dev/null || break
				echo "/r$i/d$j/e" >>reported
				j=$((j + 1))
			done
		) &
		pid=$!
		moment 60000
		# Stops the loop, then kills it and what it is running.
		kill -STOP $pid
		local running
		running=$(pgrep -P $pid || true)
		# shellcheck disable=SC2086 # none or one
		kill -9 $pid $running 2>/dev/null || true
		wait $pid 2>/dev/null || true
		clean_or_torn
	done
	[ -s reported ]
	run_famfs 0 mkdir "$IMG:/last"
	clean
	run_famfs 0 ls -R --json "$IMG"
	json '.entries[].path' | sort >there
	is "$(sort reported | comm -23 - there)" "" "reported and not there"
}
