#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# image restore, killed at any moment: the old file system, the new one, or what is marked as
# neither; and as soon as the old one is touched, a whole undo file that brings it back. Files that
# commands write for themselves are there whole, or not at all.

load helpers

SEED=${FAMFS_TEST_SEED:-20260613}
ROUNDS=${FAMFS_TEST_ROUNDS:-20}

# The leak sanitizer, killed while it looks, would report that.
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0

# Restores, and kills it so many microseconds later.
killed_after() { # MICROSECONDS
	local pid
	[ -p never ] || mkfifo never
	"$FAMFS" image restore --force --undo the.undo new.fmi "$IMG" >"$OUT" 2>"$ERR" </dev/null &
	pid=$!
	read -r -t "$(($1 / 1000000)).$(printf %06d $(($1 % 1000000)))" <>never || true
	kill -9 $pid 2>/dev/null || true
	status=0
	wait $pid || status=$?
	[ "$status" -eq 0 ] || [ "$status" -eq 137 ] || fail "seed $SEED: exit $status: $(<"$ERR")"
}

front() {
	slice 0 $((66 * MiB)) | cksum
}

@test "kill -9 in the middle, then the undo file" {
	local i old new state takes start touched=0
	RANDOM=$SEED
	new_image 1G -l 64M
	awk 'BEGIN { for (i = 0; i < 9000; i++) printf "{\"path\":\"n%d\",\"size\":1}\n", i }' >m
	truncate -s 64G "$IMG"
	run_famfs 0 mkfs --force -q -l 64M "$IMG"
	run_famfs 0 creat -q --no-zero --from m "$IMG"
	run_famfs 0 image dump -q "$IMG" new.fmi
	new=$(front)
	run_famfs 0 mkfs --force -q -l 64M "$IMG"
	sed 's/"n/"o/; s/9000/1/' m >m2
	run_famfs 0 creat -q --no-zero --from m2 "$IMG"
	run_famfs 0 creat -q -s 1 "$IMG:/last"
	old=$(front)
	cp --sparse=always "$IMG" old.img
	start=${EPOCHREALTIME/[.,]/}
	run_famfs 0 image restore --force --undo the.undo new.fmi "$IMG"
	takes=$((${EPOCHREALTIME/[.,]/} - start))
	is "$(front)" "$new"
	for ((i = 0; i < ROUNDS; i++)); do
		cp --sparse=always old.img "$IMG"
		rm -f the.undo
		killed_after $(((RANDOM << 15 | RANDOM) % takes))
		echo "round $i of seed $SEED: exit $status"
		state=$(front)
		[ "$status" -ne 0 ] || is "$state" "$new" "after a restore that ended well"
		[ "$state" != "$old" ] || continue
		touched=$((touched + 1))
		run_famfs 0 image show the.undo
		if [ "$state" != "$new" ]; then
			run_famfs 4,8 check --json "$IMG"
			json_is '[.findings[].code] | contains(["log_rewrite"])' true
		fi
		run_famfs 0 image restore --undo "again.$i" the.undo "$IMG"
		is "$(front)" "$old" "what the undo file brought back"
	done
	[ "$touched" -gt 0 ] || [ "$ROUNDS" -lt 20 ] || echo "# none of $ROUNDS rounds was in time" >&3
	# The undo file itself, cut in the middle, is taken up again by the same command.
	cp --sparse=always old.img "$IMG"
	rm -f the.undo
	run_famfs 0 image restore --force --undo the.undo new.fmi "$IMG"
	for ((i = 0; i < ROUNDS / 4; i++)); do
		"$FAMFS" image restore --undo "cut.$i" the.undo "$IMG" >"$OUT" 2>"$ERR" </dev/null &
		local pid=$!
		read -r -t "0.$(printf %06d $(((RANDOM << 5) % 1000000)))" <>never || true
		kill -9 $pid 2>/dev/null || true
		wait $pid || true
	done
	run_famfs 0 image restore --undo last.undo the.undo "$IMG"
	is "$(front)" "$old" "after the undo file was played back to its end"
}

@test "a dump or an archive that is killed leaves nothing behind" {
	local i command
	python3 - . <<-'EOF' || skip "no files without a name on this file system"
		import os, sys
		os.close(os.open(sys.argv[1], os.O_TMPFILE | os.O_WRONLY))
	EOF
	new_image 256M
	run_famfs 0 creat -q --randomize --seed 1 -s 100M "$IMG:/a"
	[ -p never ] || mkfifo never
	mkdir to
	for i in {1..12}; do
		command=(image dump -q "$IMG" to/file)
		[ $((i % 2)) -eq 0 ] || command=(cp -q --tar "$IMG:/a" to/file)
		"$FAMFS" "${command[@]}" >"$OUT" 2>"$ERR" </dev/null &
		read -r -t "0.$(printf %03d $((i * 4)))" <>never || true
		kill -9 $! 2>/dev/null || true
		status=0
		wait $! || status=$?
		echo "round $i: exit $status"
		[ "$status" -eq 0 ] || [ "$status" -eq 137 ] || fail "$(<"$ERR")"
		# Whole, or not there; and under no other name.
		is "$(ls -A to)" "$([ "$status" -ne 0 ] && [ ! -e to/file ] || echo file)"
		[ ! -e to/file ] || [ $((i % 2)) -eq 1 ] || run_famfs 0 image show to/file
		rm -f to/file
	done
}
