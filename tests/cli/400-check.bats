#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2086,SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# check: what it says of good file systems and of each kind of damage. Each row of the tables changes
# one field of FORMAT.md 1 and names the finding that must come of it.

load helpers

# Three files in a directory: /d (0), /d/a (1), /d/b (2), /wide (3).
make() {
	new_image 128M -l 2M
	run_famfs 0 mkdir "$IMG:/d"
	run_famfs 0 creat -s 4M "$IMG:/d/a" "$IMG:/d/b"
	run_famfs 0 creat -s 8M -N 2 -B 4 "$IMG:/wide"
	slice 0 $((4 * MiB)) >front
}

# The image as make() left it.
again() {
	dd if=front of="$IMG" conv=notrunc status=none bs=1M
}

@test "a good one: text, JSON, exit 0" {
	make
	run_famfs 0 check "$IMG"
	is "$output" "$IMG: clean, 3 files, 1 directory, 4 of 3854 log entries used"
	clean
	json_is .device "$IMG"
	json_is '.summary | "\(.files) \(.dirs) \(.others) \(.bad) \(.file_bytes)"' "3 1 0 0 $((16 * MiB))"
	json_is '.summary | "\(.log_len) \(.log_slots) \(.log_used) \(.size) \(.real_size) \(.role)"' \
		"$AU 3854 4 $((128 * MiB)) $((128 * MiB)) master"
	run_famfs 0 fsck "$IMG"
	has "$output" 'clean'
	FAMFS_DEVICE=$IMG run_famfs 0 check
	run_famfs 0 -d "$IMG" check
}

@test "check changes nothing, whatever is wrong" {
	make
	poke "$(entry_at 1 20)" 1 1
	poke $((LOG + 32)) 8 9
	poke 112 8 0
	local before
	before=$(sum "$IMG")
	run_famfs 4 check "$IMG"
	run_famfs 4 check -n "$IMG"
	run_as fsck.famfs 4 -n "$IMG"
	unchanged "$before"
}

@test "options of fsck(8), by that name" {
	make
	local option
	for option in -a -p -y -n -f -V -v "-C 0" -C0 "-C 5" "-a -f -C0 -V"; do
		read -ra args <<<"$option"
		run_as fsck.famfs 0 "${args[@]}" "$IMG"
		has "$output" 'clean'
		is "$stderr" ""
	done
	run_as fsck.famfs 16 --repair-everything "$IMG"
	run_as fsck.famfs 16
	run_as fsck.famfs 8 missing.img
	poke "$(entry_at 1 20)" 1 1
	for option in -a -p; do
		run_as fsck.famfs 4 $option "$IMG"
		has "$output" 'not repaired'
	done
	run_as fsck.famfs 4 -n "$IMG"
	run_as fsck.famfs 1 -y "$IMG"
	has "$output" 'repaired: removed'
	run_as fsck.famfs 0 -n "$IMG"
}

@test "exit codes: 0, 4, 8, 16" {
	make
	run_famfs 0 check "$IMG"
	poke "$(entry_at 0 536)" 8 0
	run_famfs 4 check "$IMG"
	run_famfs 16 check
	refused 8 'missing.img.*no such' check missing.img
	refused 8 'directory' check .
	filled junk $((16 * MiB)) 252
	run_famfs 8 check junk
	: >empty
	run_famfs 8 check empty
	truncate -s 100 short
	run_famfs 8 check short
	run_famfs 8 check --json junk
	json_is '"\(.clean) \(.findings[0].severity)"' "false fatal"
}

@test "the superblock: each field" {
	make
	while read -r off bytes value rc code; do
		again
		poke "$off" "$bytes" "$value"
		[ "$off" -ge 96 ] || seal_super
		echo "row: $off $bytes $value"
		finds "$rc" $code
		[ "$rc" -ne 0 ] || json_is .clean true
	done <<-END
		0 8 0 8 sb_magic
		3 1 0 8 sb_magic
		8 8 47 4 sb_version
		8 8 49 4 sb_version
		12 4 1 4 sb_version
		16 8 4194304 4 log_offset
		16 8 0 4 log_offset
		24 8 4194304 4 log_len
		24 8 0 4 log_len
		24 8 -1 4 log_len
		32 8 65536 4 alloc_unit
		32 8 0 4 alloc_unit
		32 8 4096 0
		40 4 3 0 omf_version
		44 4 1 0
		96 8 0 4 sb_crc
		100 4 1 4 sb_crc
		104 4 -1 0
		112 8 0 4 dd_size
		112 8 132120576 0 dd_size
		112 8 268435456 4 dd_size
		112 8 -1 4 dd_size
		120 8 -1 0
		136 4 -1 0
		200 8 -1 0
	END
}

@test "the superblock: each byte under its checksum" {
	make
	local off
	for off in 17 30 39 44 48 63 64 79 80 95 96 99 103; do
		again
		poke "$off" 1 $(($(peek "$off" 1) ^ 16))
		finds 4 sb_crc
	done
}

@test "the log header: each field" {
	make
	while read -r off bytes value seal rc code; do
		again
		poke $((LOG + off)) "$bytes" "$value"
		[ "$seal" = no ] || seal_header
		echo "row: $off $bytes $value"
		finds "$rc" $code
	done <<-END
		0 8 0 yes 4 log_magic
		0 1 14 no 4 log_header_crc
		8 8 4194304 yes 4 log_len
		8 8 0 yes 4 log_len
		8 8 -1 yes 4 log_len
		16 8 3 yes 4 last_index
		16 8 3854 yes 4 last_index
		16 8 -1 yes 4 last_index
		16 8 3852 no 4 log_header_crc
		24 8 0 no 4 log_header_crc
		28 4 1 no 4 log_header_crc
		32 8 9 no 4 next_seqnum
		32 8 0 no 4 next_seqnum
		32 8 -1 no 4 next_seqnum
		40 8 3855 no 4 next_index_range
		40 8 1099511627776 no 4 next_index_range
		40 8 -1 no 4 next_index_range
		40 8 6 no 4 next_index_range
	END
}

@test "entries: each field" {
	make
	while read -r entry off bytes value seal rc code; do
		again
		poke "$(entry_at "$entry" "$off")" "$bytes" "$value"
		[ "$seal" = no ] || seal_entry "$entry"
		echo "row: $entry $off $bytes $value"
		finds "$rc" ${code//,/ }
		has "$output" "\"entry\":$entry,"
	done <<-END
		1 0 8 7 yes 4 entry_seqnum
		1 0 8 7 no 4 entry_seqnum,entry_crc
		1 536 8 0 no 4 entry_crc
		1 540 4 1 no 4 entry_crc
		1 535 1 1 no 4 entry_crc
		1 8 4 2 yes 4 entry_type
		1 8 4 4 yes 4 entry_type
		1 8 4 9 yes 4 entry_type
		1 8 4 -1 yes 4 entry_type
		1 16 8 0 yes 4 size_zero
		1 16 8 4194305 yes 4 extent_short
		1 16 8 -1 yes 4 extent_short
		1 36 4 33188 yes 0 mode
		0 24 4 16877 yes 0 mode
		1 40 1 47 yes 4 path_absolute
		1 40 1 0 yes 4 path_empty
		1 40 1 120 yes 4 path_no_parent
		1 42 1 47 yes 4 path_empty
		1 120 4 2 yes 4 ext_type
		1 120 4 -1 yes 4 ext_type
		1 128 4 0 yes 4 nextents_range
		1 128 4 17 yes 4 nextents_range
		1 128 4 -1 yes 4 nextents_range
		1 136 8 1 yes 4 devindex
		1 136 8 -1 yes 4 devindex
		1 144 8 0 yes 4 extent_zero_offset,overlap_meta
		1 144 8 2097152 yes 4 overlap_meta
		1 144 8 4194816 yes 4 extent_misaligned
		1 144 8 132120576 yes 4 extent_beyond_device
		1 144 8 1099511627776 yes 4 extent_beyond_device
		1 144 8 -2097152 yes 4 extent_overflow
		1 152 8 2097152 yes 4 extent_short
		1 152 8 0 yes 4 extent_short
		1 152 8 4194305 yes 4 extent_misaligned
		1 152 8 -2097152 yes 4 extent_overflow
		3 128 4 0 yes 4 nextents_range
		3 128 4 2 yes 4 nextents_range
		3 136 8 0 yes 4 nstrips_range
		3 136 8 17 yes 4 nstrips_range
		3 136 8 1000000 yes 4 nstrips_range
		3 144 8 0 yes 4 chunk_size
		3 144 8 3145728 yes 4 chunk_size
		3 144 8 4294967296 yes 4 chunk_size
		3 152 8 3 yes 4 devindex
		3 168 8 2097152 yes 4 extent_short
		3 160 8 1 yes 4 extent_misaligned
		3 16 8 16777216 yes 4 extent_short
		0 28 1 47 yes 4 path_absolute
		0 28 1 0 yes 4 path_empty
	END
}

@test "names: each way to be wrong" {
	make
	while read -r text rc code; do
		again
		poke_text "$(entry_at 2 40)" "$text\\0"
		seal_entry 2
		echo "row: $text"
		finds "$rc" ${code//,/ }
		[ -z "$code" ] || has "$output" "\"${code%%,*}\",\"severity\":\"[a-z]+\",\"entry\":2,"
	done <<-'END'
		/d/b 4 path_absolute
		../b 4 path_escape
		d/.. 4 path_escape
		d/../b 4 path_escape
		.. 4 path_escape
		. 4 path_dot
		./b 4 path_dot
		d/./b 4 path_dot
		d//b 4 path_empty
		d/ 4 path_empty
		d/a 4 path_duplicate
		d 4 path_duplicate
		e/b 4 path_no_parent
		d/a/b 4 path_under_file
		d/\0377 0 path_utf8
		d/\0303 0 path_utf8
		d/\0001 0 path_control
		d/\n 0 path_control
		..b 0
		d/... 0
	END
	again
	poke_text "$(entry_at 2 40)" "$(printf 'n%.0s' {1..80})"
	seal_entry 2
	finds 4 path_unterminated
	again
	poke_text "$(entry_at 0 28)" "$(printf 'n%.0s' {1..80})"
	seal_entry 0
	finds 4 path_unterminated path_no_parent
}

@test "a parent that comes later is no parent" {
	make
	poke_text "$(entry_at 0 28)" 'e\0'
	seal_entry 0
	poke_text "$(entry_at 2 40)" 'e/b\0'
	seal_entry 2
	finds 4 path_no_parent
	json_is '[.findings[] | select(.code == "path_no_parent").entry] | tojson' '[1]'
}

@test "overlaps: the earliest other owner, and how many more" {
	make
	poke "$(entry_at 2 144)" 8 "$(peek "$(entry_at 1 144)")"
	seal_entry 2
	finds 4 overlap
	json_is '.findings[] | select(.code == "overlap") |
		"\(.entry) \(.path) \(.other_entry) \(.other_path) \(.off) \(.len)"' \
		"2 /d/b 1 /d/a $((4 * MiB)) $((4 * MiB))"
	poke "$(entry_at 3 160)" 8 $((4 * MiB))
	seal_entry 3
	finds 4 overlap
	json_is '[.findings[] | select(.code == "overlap").entry] | tojson' '[2,3]'
	json_is '.findings[] | select(.code == "overlap" and .entry == 3) | "\(.other_entry) \(.more)"' \
		"1 1"
	json_is .errors 2
	again
	poke "$(entry_at 3 160)" 8 "$(peek "$(entry_at 3 184)")"
	seal_entry 3
	finds 4 overlap
	json_is '.findings[] | select(.code == "overlap") | "\(.entry) \(.other_entry)"' "3 3"
}

@test "many damages at once: all are found, and counted" {
	make
	poke 112 8 0
	poke "$(entry_at 1 16)" 8 0
	seal_entry 1
	poke "$(entry_at 2 40)" 1 47
	poke "$(entry_at 2 144)" 8 $((1 << 40))
	seal_entry 2
	poke "$(entry_at 3 536)" 8 5
	poke $((LOG + 32)) 8 77
	finds 4 dd_size size_zero path_absolute extent_beyond_device entry_crc next_seqnum
	json_is .summary.bad 1
	run_famfs 4 check "$IMG"
	has "$output" "$IMG: entry 2: /?/?/b: path_absolute: "
	has "$output" "$IMG: entry 1: /?d/a: size_zero: "
	has "$output" "$IMG: [0-9]+ errors"
	is "$(($(wc -l <"$OUT") - 1))" "$(tail -n 1 "$OUT" | grep -o '[0-9]* errors' | tr -dc 0-9)"
}

@test "a bad entry does not hide those behind it" {
	make
	poke "$(entry_at 1 536)" 8 0
	poke "$(entry_at 2 16)" 8 0
	seal_entry 2
	finds 4 entry_crc size_zero
	json_is '.summary | "\(.files) \(.bad)"' "2 1"
}

@test "a device that is shorter than recorded" {
	make
	truncate -s 6M "$IMG"
	finds 4 dd_size extent_beyond_device
	truncate -s 3M "$IMG"
	run_famfs 4,8 check --json "$IMG"
	json_is '.findings | length > 0' true
	truncate -s 2M "$IMG"
	run_famfs 4,8 check "$IMG"
	truncate -s 4096 "$IMG"
	run_famfs 4,8 check "$IMG"
	truncate -s 96 "$IMG"
	run_famfs 8 check "$IMG"
}

@test "-q prints findings only, -v more" {
	make
	run_famfs 0 check -q "$IMG"
	is "$output" ""
	run_famfs 0 check -v "$IMG"
	has "$output" clean
	poke "$(entry_at 1 36)" 4 33188
	seal_entry 1
	run_famfs 0 check "$IMG"
	has "$output" 'warning'
	has "$output" '1 warning'
}

@test "a slot of zeros between others is one finding" {
	new_image 64M
	run_famfs 0 creat -q -s 2M "$IMG:/a" "$IMG:/b" "$IMG:/c"
	poke "$(entry_at 1)" 544 0
	run_famfs 4 check --json "$IMG"
	json_is '[.findings[] | "\(.entry) \(.code)"] | join(",")' '1 entry_crc'
	run_famfs 1 check -y --salvage "$IMG"
	clean
	is "$(names)" "/a /c"
}
