#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# Appends that were cut off, and logs that may not be appended to (DESIGN.md 5).

load helpers

SEQNUM=$((LOG + 32))
INDEX=$((LOG + 40))

# /a, /b and /c; the entry of /c is what the cut-off append was writing.
make() {
	new_image 64M
	run_famfs 0 creat -s 2M "$IMG:/a" "$IMG:/b" "$IMG:/c"
}

# Adding goes on, nothing that was reported is lost, and all is well after that.
goes_on() {
	run_famfs 0 creat -s 2M "$IMG:/d"
	clean
	run_famfs 0 mkdir "$IMG:/e"
	clean
	run_famfs 0 ls --json "$IMG"
	json_is '[.entries[].path] | contains(["/a", "/b", "/d", "/e"])' true
}

torn() {
	finds 4 torn_tail
	json_is '[.findings[].code] | tojson' '["torn_tail"]'
	run_famfs 0 df --json "$IMG"
	json_is '.filesystems[0].torn_tail' true
	run_famfs 0 ls "$IMG"
	has "$output" $'^a\nb'
}

@test "next_seqnum is one ahead, the slot holds the unpublished entry" {
	make
	poke "$INDEX" 8 2
	torn
	goes_on
}

@test "next_index is one ahead, the entry is published" {
	make
	poke "$SEQNUM" 8 2
	torn
	run_famfs 0 ls "$IMG"
	is "$output" $'a\nb\nc'
	goes_on
	run_famfs 0 stat "$IMG:/c"
}

@test "the very first append was cut off" {
	new_image
	run_famfs 0 creat -s 2M "$IMG:/a"
	poke "$INDEX" 8 0
	finds 4 torn_tail
	run_famfs 0 creat -s 2M "$IMG:/b"
	clean
	run_famfs 0 stat "$IMG:/b"
}

@test "an entry that nothing counts is no damage" {
	make
	poke "$INDEX" 8 2
	poke "$SEQNUM" 8 2
	clean
	run_famfs 0 ls "$IMG"
	is "$output" $'a\nb'
	run_famfs 0 mkdir "$IMG:/e"
	clean
	is "$(names)" "/a /b /e"
	poke "$(entry_at 3 100)" 8 -1
	clean
	run_famfs 0 mkdir "$IMG:/f"
	clean
}

@test "next_seqnum is one ahead, and the slot holds nothing good" {
	make
	poke "$INDEX" 8 2
	poke "$(entry_at 2 20)" 4 77
	finds 4
	run_famfs 0,1 ls "$IMG"
	is "$output" $'a\nb'
	run_famfs 0,1 creat -s 2M "$IMG:/d"
	if [ "$status" -eq 0 ]; then
		clean
		is "$(names)" "/a /b /d"
	else
		one_error 'check'
		run_famfs 0,1 ls "$IMG"
		is "$output" $'a\nb'
	fi
}

@test "next_index is one ahead, and the slot holds nothing good" {
	make
	poke "$INDEX" 8 4
	finds 4 next_index_range entry_crc
	run_famfs 1 ls "$IMG"
	is "$output" $'a\nb\nc'
	one_error 'check'
	refused 1 'check' creat -s 2M "$IMG:/d"
}

@test "a bad entry in the middle: read as far as it is good, not appended to" {
	make
	poke "$(entry_at 1 20)" 4 77
	local before cmd
	before=$(sum "$IMG")
	run_famfs 1 ls "$IMG"
	is "$output" "a"
	one_error 'entry 1.*check'
	for cmd in "creat -s 2M" mkdir "mkdir -p" "creat --no-zero -s 1"; do
		read -ra args <<<"$cmd"
		refused 1 'entry 1.*check' "${args[@]}" "$IMG:/d"
	done
	run_famfs 1 creat --json -s 2M "$IMG:/d"
	json_error_is EUCLEAN
	refused 1 'check' creat -n -s 2M "$IMG:/d"
	unchanged "$before"
	run_famfs 0 mkfs -f "$IMG"
	clean
}

@test "next_seqnum further apart than one: not appended to" {
	make
	local value before
	for value in 0 1 5 9 -1; do
		poke "$SEQNUM" 8 $value
		before=$(sum "$IMG")
		finds 4 next_seqnum
		refused 1 'next_seqnum|sequence.*check' creat -s 2M "$IMG:/d"
		refused 1 'check' mkdir "$IMG:/d"
		unchanged "$before"
		run_famfs 0,1 ls "$IMG"
		is "$output" $'a\nb\nc'
	done
}

@test "a bad header: not appended to" {
	make
	local off before
	for off in 0 8 16 24; do
		cp --sparse=always "$IMG" saved
		poke $((LOG + off)) 1 $(($(peek $((LOG + off)) 1) ^ 64))
		before=$(sum "$IMG")
		run_famfs 4 check "$IMG"
		run_famfs 1 creat -s 2M "$IMG:/d"
		one_error 'log'
		run_famfs 0,1 ls "$IMG"
		unchanged "$before"
		cp --sparse=always saved "$IMG"
	done
	poke "$INDEX" 8 -1
	run_famfs 1 creat -s 2M "$IMG:/d"
	run_famfs 1 ls "$IMG"
	one_error 'check'
}

@test "a bad superblock: nothing is read or written but by check and mkfs" {
	make
	poke 50 1 $(($(peek 50 1) ^ 1))
	local before cmd
	before=$(sum "$IMG")
	for cmd in ls df "stat :/a" "creat -s 1 :/x" "mkdir :/x" "fmap dump :/a"; do
		read -ra args <<<"$cmd"
		refused 1 'superblock.*(check|mkfs)' -d "$IMG" "${args[@]}"
	done
	unchanged "$before"
}
