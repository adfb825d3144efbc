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

@test "what every command says of a log that is marked, and of a restore that was cut off" {
	local cmd before
	new_image 64M
	run_famfs 0 creat -q -s 2M "$IMG:/a"
	run_famfs 0 image dump -q "$IMG" good.fmi
	echo hello >local
	run_famfs 0 mkfs -q --size 64M good.img
	poke $LOG 8 $((0x2145544952574552))
	before=$(sum "$IMG")
	for cmd in "ls $IMG" "ls -l $IMG:/a" "tree $IMG" "df $IMG" "stat $IMG:/a" "cat $IMG:/a" \
		"log show $IMG" "log follow $IMG" "flush $IMG:/a" "verify --seed 1 $IMG:/a" \
		"fmap dump $IMG:/a" "interleave show $IMG:/a" "interleave map $IMG" \
		"cp $IMG:/a out" "cp -r $IMG:/ out" "cp $IMG:/a good.img:/a" "cp local $IMG:/b" \
		"creat -s 2M $IMG:/b" "creat -s 2M $IMG:/a" "mkdir $IMG:/d"; do
		echo "famfs $cmd"
		run_famfs 1 $cmd
		has "$stderr" 'rewritten.*undo file.*image restore.*check --repair'
		[ ! -f out ] || fail "something was copied out"
	done
	unchanged "$before"
	run_famfs 1 creat --json -s 2M "$IMG:/b"
	json_error_is EUCLEAN
	run_famfs 4 check "$IMG"
	has "$output" 'log_rewrite.*undo file'
	run_famfs 4 check -p "$IMG"
	unchanged "$before"
	refused 1 'holds famfs.*--force' mkfs "$IMG"

	# Without a superblock it is a restore that was cut off; what it began can be ended.
	poke 0 8 0
	before=$(sum "$IMG")
	for cmd in "ls $IMG" "cat $IMG:/a" "cp $IMG:/a out" "cp local $IMG:/b" \
		"creat -s 2M $IMG:/b" "log follow $IMG" "fmap dump $IMG" "df $IMG"; do
		echo "famfs $cmd"
		run_famfs 1 $cmd
		has "$stderr" 'restore is under way.*again completes it.*undo file'
	done
	run_famfs 8 check --json "$IMG"
	json_is '[.findings[].code] | join(" ")' 'sb_magic log_rewrite'
	refused 1 'holds a famfs whose restore was cut off.*--force' mkfs "$IMG"
	unchanged "$before"
	run_famfs 0 image restore -q good.fmi "$IMG"
	clean
	is "$(names)" /a
}

@test "a log that becomes marked while it is followed ends that" {
	local pid
	new_image 64M
	run_famfs 0 creat -q -s 2M "$IMG:/a"
	"$FAMFS" log follow --since 0 "$IMG" >"$OUT" 2>"$ERR" </dev/null &
	pid=$!
	until [ -s "$OUT" ]; do kill -0 $pid; done
	poke $LOG 8 $((0x2145544952574552))
	status=0
	wait $pid || status=$?
	is "$status" 1
	has "$(<"$ERR")" 'rewritten'
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
		run_famfs 0 image restore u "$IMG"
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

# Ends well, or says why not.
reader() { # ARGUMENT...
	local code=0
	"$FAMFS" "$@" >got 2>got.err || code=$?
	[ "$code" -eq 0 ] || grep -Eq 'rewritten|changes faster|damaged log: entry 1 ' got.err ||
		echo "famfs $*: exit $code: $(<got.err)" >>unexpected
	return "$code"
}

# No entry twice, as half of the old log and half of the new one would have it.
log_is_one() {
	grep -o '"path":"[^"]*"' got >paths
	[ "$(wc -l <paths)" -ge 280 ]
	is "$(sort paths | uniq -d)" ""
}

@test "stat, df, maps, log, cat and cp during repairs: what is there, or a refusal" {
	local i pid
	make
	head -c $((3 * MiB / 2)) /dev/urandom >src
	run_famfs 0 cp -q src "$IMG:/last"
	run_famfs 0 fmap dump --format=raw "$IMG:/last"
	cp "$OUT" map
	(
		for i in {1..20}; do
			damage
			"$FAMFS" check -y --undo "u$i" "$IMG" >/dev/null 2>&1 || true
		done
		: >stop
	) &
	pid=$!
	while [ ! -e stop ]; do
		! reader stat "$IMG:/last" || has "$(<got)" $((3 * MiB / 2))
		! reader fmap dump --format=raw "$IMG:/last" || cmp got map
		! reader cat "$IMG:/last" || cmp got src
		rm -f out
		! reader cp -q "$IMG:/last" out || cmp out src
		! reader log show --json "$IMG" || log_is_one
		reader df "$IMG" || true
		reader interleave map "$IMG" || true
	done
	wait $pid
	[ ! -e unexpected ] || fail "$(<unexpected)"
}
