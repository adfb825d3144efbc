#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# Files read while another process moves them: at each call that maps, reads or writes something, a
# file of the same name and size lies elsewhere, and its old place is given away.

load helpers
load traced

# /f has the seed's bytes in both of its places. No other entry changes, the last one least of all.
make() {
	new_image 32M -l 2M
	run_famfs 0 creat -q --randomize --seed 7 -s 4M "$IMG:/f" "$IMG:/g"
	run_famfs 0 creat -q -s 2M "$IMG:/last"
	run_famfs 0 cp "$IMG:/f" want
	slice 0 $((12 * MiB)) >start
	local first second
	first=$(peek "$(entry_at 0 144)")
	second=$(peek "$(entry_at 1 144)")
	poke "$(entry_at 0 144)" 8 "$second"
	poke "$(entry_at 1 144)" 8 "$first"
	seal_entry 0
	seal_entry 1
	dd if=/dev/zero of="$IMG" bs=1M seek="$first" count=4 oflag=seek_bytes conv=notrunc \
		status=none
	clean
	slice 0 $((12 * MiB)) >moved
	export IMG
}

# A command, with that at its N-th CALL, for all of them, or for some where a run takes long; JUDGE
# looks at what came of each.
each_point() { # JUDGE COMMAND...
	local call n step=1
	[ -z "${FAMFS_TEST_UNDER:-}" ] || step=5
	for call in madvise munmap pread64 copy_file_range write; do
		for ((n = 1; ; n += step)); do
			rm -f met out
			dd if=start of="$IMG" bs=1M conv=notrunc status=none
			run_program 0,1,77 "$ATCALL" $call $n \
				'dd if=moved of="$IMG" bs=1M conv=notrunc status=none; : >met' \
				"$FAMFS" "${@:2}"
			[ -e met ] || break
			$1
		done
	done
}

is_whole() {
	is "$status" 0
	json_is '.results | map("\(.path) \(.status)") | join(" ")' '/f ok'
	points=$((points + 1))
}

@test "what can be read again is: its bytes are right wherever it lies" {
	local points=0
	make
	each_point is_whole verify --json -t 1 --seed 7 "$IMG:/f"
	[ "$points" -gt 2 ] || fail "only $points points"
}

whole_or_none() { # FILE
	seen+=" $status"
	[ "$status" -ne 0 ] || { cmp want "$1" && return; }
	one_error 'dev.img:/f: the log was rewritten while it was read: .*read it again'
}

out_or_none() {
	whole_or_none out
	[ "$status" -eq 0 ] || [ ! -e out ]
}

@test "cp: the file, or none and why" {
	local seen=
	make
	each_point out_or_none cp -q -t 1 "$IMG:/f" out
	has "$seen" 0
	has "$seen" 1
}

on_stdout() {
	whole_or_none "$OUT"
}

@test "cat: the file, or an error" {
	local seen=
	make
	each_point on_stdout cat "$IMG:/f"
	has "$seen" 0
	has "$seen" 1
}
