#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2086,SC2154 # the helpers set them, in each test anew
# Repairs beside others, and repairs that are cut off.

load helpers

# 300 files, of which the second has the place of the first: it goes, and all others move up.
make() {
	rm -f "$IMG"
	run_famfs 0 mkfs -q --size 1G -l 2M "$IMG"
	run_famfs 0 creat -q --no-zero -s 2M "$IMG":/f{1..300}
	damage
	slice 0 $((4 * MiB)) >front
}

damage() {
	poke "$(entry_at 1 144)" 8 "$(peek "$(entry_at 0 144)")"
	seal_entry 1
}

@test "a reader never believes a log that is being rewritten" {
	make
	poke $LOG 8 $((0x2145544952574552))
	finds 4 log_rewrite
	run_famfs 1 ls "$IMG"
	is "$output" ""
	one_error 'rewritten.*--repair'
	run_famfs 1 creat -s 2M "$IMG:/x"
	one_error 'rewritten.*--repair'
	run_famfs 4 check -p "$IMG"
	run_famfs 1 check -y "$IMG"
	clean
}

@test "killed at any time: the old log, the new one, or one that is marked" {
	make
	local i delay
	for i in {1..40}; do
		dd if=front of="$IMG" conv=notrunc status=none bs=1M
		rm -f u
		"$FAMFS" check -y --undo u "$IMG" >/dev/null 2>&1 &
		printf -v delay '0.%03d' $((i % 20 + 1))
		sleep "$delay"
		kill -9 $! 2>/dev/null || true
		wait $! 2>/dev/null || true
		slice 0 $((4 * MiB)) >now
		cmp -s front now && continue
		run_famfs 0,4 check --json "$IMG"
		if [ "$status" -eq 0 ]; then
			json_is .summary.files 299
			continue
		fi
		json_is '.findings[0].code' log_rewrite
		[ -s u ]
		run_famfs 0 image restore --force u "$IMG"
		slice 0 $((4 * MiB)) >now
		cmp front now
	done
}

@test "readers during repairs see all of one log" {
	make
	local i reader
	(
		while [ ! -e stop ]; do
			"$FAMFS" ls "$IMG" >listing 2>listing.err && wc -l <listing
			is "$(sort listing | uniq -d)" ""
		done >counts
	) &
	reader=$!
	for i in {1..20}; do
		run_famfs 1 check -y --undo "u$i" "$IMG"
		damage
	done
	: >stop
	wait $reader
	# One file less each time, and never one that comes back.
	sort -rnc counts
	is "$(awk '$1 < 279 || $1 > 300' counts)" ""
	[ -s counts ]
}

@test "two repairs at once: one repairs, the other finds it done" {
	make
	local i codes
	for i in {1..10}; do
		dd if=front of="$IMG" conv=notrunc status=none bs=1M
		"$FAMFS" check -y --undo "a$i" "$IMG" >/dev/null 2>&1 &
		codes=0
		"$FAMFS" check -y --undo "b$i" "$IMG" >/dev/null 2>&1 || codes=$?
		wait $! || codes=$((codes + $?))
		is "$codes" 1
		clean
	done
}
