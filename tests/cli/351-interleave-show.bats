#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# interleave show: how a file is interleaved, and where ranges of it lie.

load helpers

@test "an interleaved file: chunks, bytes and slack of each strip" {
	new_image 256M
	run_famfs 0 creat -s 9M -N 4 -B 8 "$IMG:/wide"
	run_famfs 0 interleave show "$IMG:/wide"
	has "$output" "file +$IMG:/wide"
	has "$output" 'layout +interleaved over 4 strips'
	has "$output" 'chunk +2097152'
	has "$output" 'chunks +5'
	has "$output" 'STRIP +DEVICE OFFSET +LENGTH +CHUNKS +USED +SLACK'
	has "$output" "0 +0x[0-9a-f]+ \\([0-9.]+M\\) +0x400000 \\(4.0M\\) +2 +$((3 * MiB)) +$MiB"
	has "$output" "3 +0x[0-9a-f]+ \\([0-9.]+M\\) +0x400000 \\(4.0M\\) +1 +$AU +$AU"
	has "$output" "slack +$((7 * MiB))"
	run_famfs 0 interleave show --json "$IMG:/wide"
	json_is '"\(.device) \(.path) \(.size) \(.ext_type)"' "$IMG /wide $((9 * MiB)) interleaved"
	json_is '"\(.nstrips) \(.chunk_size) \(.chunks) \(.slack) \(.pieces)"' "4 $AU 5 $((7 * MiB)) null"
	json_is '.extents | map("\(.chunks) \(.used) \(.slack)") | join(",")' \
		"2 $((3 * MiB)) $MiB,1 $AU $AU,1 $AU $AU,1 $AU $AU"
	local shown
	shown=$(json '.extents | map("\(.off) \(.len)") | join(",")')
	is "$shown" "$(extents /wide)" "the strips"
}

@test "where ranges lie: as the bytes do" {
	new_image 256M
	head -c $((9 * MiB)) /dev/urandom >in
	run_famfs 0 cp -N 3 -B 5 -C 2M in "$IMG:/wide"
	run_famfs 0 interleave show --json "$IMG:/wide" 0 "1M+5M" 9437183 "0+9M"
	json_is '.pieces | length' 10
	json_is '.pieces[1:4] | map("\(.file_off) \(.chunk) \(.strip) \(.len)") | join(",")' \
		"$MiB 0 0 $MiB,$AU 1 1 $AU,$((2 * AU)) 2 2 $AU"
	local file_off off len
	json '.pieces[] | "\(.file_off) \(.off) \(.len)"' >pieces
	while read -r file_off off len; do
		cmp <(slice "$file_off" "$len" in) <(slice "$off" "$len") ||
			fail "bytes at $file_off are not at $off"
	done <pieces
	run_famfs 0 interleave show "$IMG:/wide" 3M+2M
	has "$output" 'OFFSET +CHUNK +STRIP +DEVICE OFFSET +LENGTH'
	has "$output" '3145728 +1 +1 +[0-9]+ +1048576'
}

@test "files that are not interleaved" {
	new_image 64M
	run_famfs 0 creat -s 3M "$IMG:/one"
	run_famfs 0 interleave show "$IMG:/one" 1M
	has "$output" 'layout +simple, in one piece'
	has "$output" "EXTENT +DEVICE OFFSET +LENGTH +USED +SLACK"
	has "$output" "0 +0x[0-9a-f]+ \\([0-9.]+M\\) +0x400000 \\(4.0M\\) +$((3 * MiB)) +$MiB"
	has "$output" 'OFFSET +EXTENT +DEVICE OFFSET +LENGTH'
	hasnt "$output" 'chunk'
	run_famfs 0 interleave show --json "$IMG:/one" 1M+2M
	json_is '"\(.ext_type) \(.nstrips) \(.extents | length) \(.slack)"' "simple null 1 $MiB"
	json_is '.pieces | map("\(.file_off) \(.extent) \(.len)") | join(",")' "$MiB 0 $AU"
	# Strips leave gaps, which a file in pieces fills.
	new_image 64M --force
	run_famfs 0 creat -s 26M -N 13 -B 16 "$IMG:/wide"
	run_famfs 0 creat -s 9M "$IMG:/pieces"
	run_famfs 0 interleave show "$IMG:/pieces"
	has "$output" 'layout +simple, in pieces'
	run_famfs 0 interleave show --json "$IMG:/pieces" 0+9M
	json_is '"\(.extents | length > 1) \(.extents | map(.used) | add) \(.slack)"' \
		"true $((9 * MiB)) $MiB"
	json_is '[.pieces, .extents] | map(map("\(.off)") | join(",")) | .[0] == .[1]' true
	json_is '.pieces | map(.extent) == [range(length)]' true
}

@test "a device other than the first is named" {
	new_image 64M
	run_famfs 0 creat -s 8M -N 2 "$IMG:/wide"
	run_famfs 0 interleave show "$IMG:/wide" 0+8M
	hasnt "$output" ' device [0-9]'
	local at off
	at=$(entry_at 0)
	poke $((at + 152 + 24)) 8 3
	seal_entry 0
	off=$(peek $((at + 160 + 24)))
	run_famfs 0 interleave show --json "$IMG:/wide" 0+8M
	json_is '[.extents, .pieces] | map(map(.dev) | join(" ")) | join(",")' "0 3,0 3 0 3"
	run_famfs 0 interleave show "$IMG:/wide" 0+8M
	is "$(grep -c " $off device 3 " "$OUT")" 1 "the first piece of the second strip"
	is "$(grep -c ' device 3 ' "$OUT")" 3 "the strip and its pieces"
	hasnt "$output" 'device 0'
}

@test "refused: ranges, directories, damaged maps" {
	new_image 64M
	run_famfs 0 creat -s 8M -N 2 "$IMG:/wide"
	run_famfs 0 mkdir "$IMG:/d"
	refused 1 'range 8M reaches behind the end: it has 8388608 bytes' interleave show "$IMG:/wide" 8M
	refused 1 'range 7M\+2M' interleave show "$IMG:/wide" 0 7M+2M
	refused 1 'range 1\+16777215T' interleave show "$IMG:/wide" 1+16777215T
	refused 2 'OFFSET 1x: not a size' interleave show "$IMG:/wide" 1x
	refused 2 ' 1\+: has no length' interleave show "$IMG:/wide" 1+
	refused 2 ' \+1: has no offset' interleave show "$IMG:/wide" +1
	refused 2 'length 0' interleave show "$IMG:/wide" 1+0
	refused 1 'is a directory' interleave show "$IMG:/d"
	refused 1 'is a directory' interleave show "$IMG:/"
	refused 1 'no such file' interleave show "$IMG:/none"
	refused 2 'names no file' interleave show "$IMG"
	refused 2 'operand is missing' interleave show
	refused 2 '18446744073709551615\+1: ends past' interleave show "$IMG:/wide" 18446744073709551615+1
	run_famfs 0 interleave show --json "$IMG:/wide" 0x500000+0x100000
	json_is '[.pieces[] | "\(.file_off) \(.len)"] | join(",")' "5242880 1048576"
	run_famfs 1 interleave show --json "$IMG:/wide" 8M
	json_error_is ERANGE
	local at value
	at=$(entry_at 0)
	# Strips, chunk size, length of the first strip.
	for value in "136 0" "136 3" "136 4294967298" "144 0" "168 2097152"; do
		cp --sparse=always "$IMG" damaged
		poke $((at + ${value% *})) 8 "${value#* }"
		seal_entry 0
		refused 1 'damaged map' interleave show "$IMG:/wide"
		refused 1 'damaged map' interleave show "$IMG:/wide" 0+8M
		cp --sparse=always damaged "$IMG"
	done
	run_famfs 0 interleave show "$IMG:/wide" 0+8M
}

@test "a long range comes piece by piece, and its reader may leave" {
	new_image 64G
	run_famfs 0 creat --no-zero -s 40G -N 4 "$IMG:/big"
	run_famfs 0 interleave show --json "$IMG:/big" 0+40G
	json_is '"\(.pieces | length) \(.pieces | map(.len) | add)"' "20480 $((40 << 30))"
	run_shell 0 '"$@" | head -n 3' "$FAMFS" interleave show "$IMG:/big" 0+40G
	is "$(wc -l <"$OUT")" 3
	is "$stderr" ""
}
