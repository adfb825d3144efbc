#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# fmap resolve: from files to devices, and from devices back to files.

load helpers

# /one: 4M at 10 MiB; /wide: 7M over strips at 16 and 32 MiB (in either order)
make_files() {
	new_image 64M
	run_famfs 0 creat -s 4M "$IMG:/one"
	run_famfs 0 creat -s 7M -N 2 -B 4 -C 2M "$IMG:/wide"
	local strips
	strips=$(extents /wide)
	read -r first _ <<<"${strips%,*}"
	read -r second _ <<<"${strips#*,}"
}

# The pieces of the last run: "FILE-OFF OFF LEN" each.
pieces() {
	json '[.pieces[] | "\(.file_off) \(.off) \(.len)"] | join(",")'
}

owners() {
	json '[.owners[] | "\(.kind) \(.path) \(.file_off) \(.off) \(.len)"] | join(",")'
}

@test "a byte, and how far it goes" {
	make_files
	run_famfs 0 fmap resolve --json "$IMG:/one" 1M
	json_is '"\(.device) \(.path)"' "$IMG /one"
	is "$(pieces)" "$MiB $((11 * MiB)) $((3 * MiB))"
	json_is '.pieces[0] | "\(.dev) \(.extent) \(.strip) \(.physical)"' "0 0 null null"
	run_famfs 0 fmap resolve --json "$IMG:/wide" 0x500000 7340031 0
	is "$(pieces)" "$((5 * MiB)) $((first + 3 * MiB)) $MiB,7340031 $((second + 3 * MiB - 1)) 1,0 $first $AU"
	json_is '[.pieces[].strip] | join(" ")' "0 1 0"
	run_famfs 0 fmap resolve "$IMG:/wide" 0x500000
	has "$output" "0x500000 +0 +$(printf '0x%x' $((first + 3 * MiB))) +0x100000 +strip 0"
}

@test "a range that spans several chunks" {
	make_files
	run_famfs 0 fmap resolve --json "$IMG:/wide" 1M+5M
	is "$(pieces)" "$MiB $((first + MiB)) $MiB,$AU $second $AU,$((4 * MiB)) $((first + AU)) $AU"
	run_famfs 0 fmap resolve --json "$IMG:/wide" 0+7M 0x0+0x1
	json_is '[.pieces[].len] | add' 7340033
	json_is '.pieces | length' 5
}

@test "by a saved message, of either generation" {
	make_files
	run_famfs 0 fmap resolve --json "$IMG:/wide" 0+7M 5M
	local by_device
	by_device=$(pieces)
	for wire in v1 v2; do
		run_famfs 0 fmap dump --format=raw --wire=$wire -o msg "$IMG:/wide"
		run_famfs 0 fmap resolve --json msg 0+7M 5M
		is "$(pieces)" "$by_device"
		json_is .message msg
		run_shell 0 '"$@" <msg' "$FAMFS" fmap resolve --json - 0+7M 5M
		is "$(pieces)" "$by_device"
		run_famfs 0 fmap resolve --reverse --json msg $((second + 5))
		is "$(json '.owners[0] | "\(.kind) \(.file_off)"')" "file $((AU + 5))"
	done
	run_famfs 0 fmap resolve --reverse --json msg 0
	is "$(json '.owners[0].kind')" elsewhere
}

@test "offsets at and past the end, and what is no offset" {
	make_files
	run_famfs 0 fmap resolve "$IMG:/one" 4194303
	run_famfs 1 fmap resolve "$IMG:/one" 4M
	one_error '/one: offset 4194304 is behind its end: it has 4194304 bytes'
	run_famfs 1 fmap resolve "$IMG:/one" 0+4194305
	run_famfs 1 fmap resolve "$IMG:/one" 18446744073709551614
	run_famfs 1 fmap resolve --json "$IMG:/one" 5M 1M
	json_error_is ERANGE
	is "$(pieces)" "$MiB $((11 * MiB)) $((3 * MiB))" "the others are resolved"
	local word
	for word in x 0x 0x-1 '0x 1' 0xg 1+ +1 1+0 0x10000000000000000 18446744073709551616 1kB '' \
		18446744073709551615+1 0x0x1; do
		refused 2 . fmap resolve "$IMG:/one" "$word"
	done
	refused 2 ': OFFSET 5X: not a size' fmap resolve "$IMG:/one" 5X
	refused 2 " 1\\+: has no length" fmap resolve "$IMG:/one" 1+
	refused 2 " \\+1: has no offset" fmap resolve "$IMG:/one" +1
	refused 2 ': LENGTH 0xg: is not a number' fmap resolve "$IMG:/one" 1+0xg
	refused 2 ': ADDRESS 0x: is not a number' fmap resolve --physical 0x
	refused 2 'offset' fmap resolve "$IMG:/one"
	refused 2 'operand' fmap resolve
	refused 2 'contradicts' fmap resolve --reverse --physical "$IMG" 0
	refused 1 'directory' fmap resolve "$IMG:/" 0
	refused 1 'no such' fmap resolve "$IMG:/none" 0
	refused 1 'nothere' fmap resolve nothere 0
	refused 1 'nothere' fmap resolve --reverse nothere 0
}

@test "--reverse: whose a byte is" {
	make_files
	run_famfs 0 fmap resolve --reverse --json "$IMG" 5 2M 11M $((second + AU + 7)) 60M 64M 1T
	json_is .device "$IMG"
	is "$(owners)" "superblock /.meta/.superblock 5 5 1,log /.meta/.log 0 2097152 1,file /one $MiB $((11 * MiB)) 1,file /wide $((6 * MiB + 7)) $((second + AU + 7)) 1,free null null $((60 * MiB)) 1,outside null null $((64 * MiB)) 1,outside null null 1099511627776 1"
	json_is '.owners[3].strip' 1
	run_famfs 0 fmap resolve --reverse "$IMG" 11M 60M
	has "$output" '0xb00000 +0x1 +file +/one +0x100000 +extent 0'
	has "$output" '0x3c00000 +0x1 +free'
	# In the strip, and behind the last byte of the file.
	run_famfs 0 fmap resolve --reverse --json "$IMG" $((second + 3 * MiB))
	is "$(owners)" "file /wide null $((second + 3 * MiB)) 1"
	run_famfs 0 fmap resolve --reverse --json -d "$IMG" :/ 11M
	is "$(owners)" "file /one $MiB $((11 * MiB)) 1"
	run_famfs 0 fmap resolve --reverse --json "$IMG:/one" 11M 60M
	is "$(owners)" "file /one $MiB $((11 * MiB)) 1,elsewhere null null $((60 * MiB)) 1"
}

@test "--reverse of a range: in the order of the device, with what is free" {
	make_files
	run_famfs 0 fmap resolve --reverse --json "$IMG" 0+14M 63M+2M
	is "$(owners)" "superblock /.meta/.superblock 0 0 2097152,log /.meta/.log 0 2097152 8388608,file /one 0 10485760 4194304,free null null $((63 * MiB)) $MiB,outside null null $((64 * MiB)) $MiB"
	run_famfs 0 fmap resolve --reverse --json "$IMG" 0+64M
	json_is '[.owners[].len] | add' $((64 * MiB))
	json_is '[.owners[] | select(.file_off != null and .kind == "file") | .len] | add' $((11 * MiB))
}

@test "--reverse on damaged media: overlaps, foreign names, foreign devices" {
	make_files
	poke "$(entry_at 1 152)" 8 1
	poke_text "$(entry_at 1 40)" 'a\nb\000'
	seal_entry 1
	run_famfs 0 fmap resolve --reverse --json "$IMG" $((first + 1)) $((second + 1))
	json_is '[.owners[].kind] | join(" ")' "free file"
	json_is '.owners[1].path == "/a\nb"' true
	run_famfs 0 fmap resolve --reverse "$IMG" $((second + 1))
	has "$output" '/a\\nb'
	poke "$(entry_at 1 176)" 8 0
	poke "$(entry_at 1 184)" 8 $((10 * MiB))
	seal_entry 1
	run_famfs 0 fmap resolve --reverse --json "$IMG" 10M
	is "$(json '[.owners[] | "\(.path | length) \(.file_off)"] | join(",")')" "4 0,4 $AU"
	run_famfs 0 fmap resolve --json "$IMG:/one" 0
	# A map that leads nowhere.
	poke "$(entry_at 0 152)" 8 "$AU"
	seal_entry 0
	run_famfs 1 fmap resolve "$IMG:/one" 3M
	one_error '/one: .*byte 3145728 is in no extent'
}

@test "a log that is good only to some entry: what it tells, and that it is not all" {
	make_files
	poke "$(entry_at 1 20)" 1 9
	run_famfs 1 fmap resolve --reverse --json "$IMG" 10M $((first + 1))
	json_is '[.owners[].kind] | join(" ")' "file free"
	is "$(jq -r .error.message "$ERR")" \
		"damaged log: entry 1 of 2 is invalid; only what is before it can be read"
	run_famfs 1 fmap resolve --json "$IMG:/one" 0
	is "$(pieces)" "0 $((10 * MiB)) $((4 * MiB))"
	json_error_is EUCLEAN
	run_famfs 1 fmap resolve "$IMG:/wide" 0
	has "$stderr" 'damaged log'
}

@test "what is no message is not translated by" {
	make_files
	refused 1 'dev\.img: larger than 16 MiB: no fmap message is; .*fmap dump' \
		fmap resolve "$IMG" 0
	printf 'no message, but long enough for the header of one' >words
	refused 1 'words: is not an fmap message' fmap resolve words 0
	run_shell 1 '"$@" <words' "$FAMFS" fmap resolve --reverse - 0
	one_error 'standard input: is not an fmap message'
	printf 'abc' >words
	refused 1 'words: 3 bytes: an fmap begins with 32' fmap resolve words 0
}

@test "--physical: an image has no addresses, and foreign addresses no device" {
	make_files
	refused 1 'an image has no physical addresses' fmap resolve -d "$IMG" --physical 0x240000000
	refused 1 '0xfffffffffffff000: no DAX device' fmap resolve --physical 0xfffffffffffff000
	refused 2 'not a size' fmap resolve --physical somewhere
	refused 2 'operand' fmap resolve --physical
}

@test "the metadata's own maps" {
	make_files
	run_famfs 0 fmap resolve --json "$IMG:/.meta/.log" 48
	is "$(pieces)" "48 2097200 8388560"
	run_famfs 0 fmap resolve --json "$IMG:/.meta/.superblock" 0+2M
	is "$(pieces)" "0 0 2097152"
}

@test "device indices of several devices are told, not followed" {
	make_files
	poke "$(entry_at 0 136)" 8 3
	seal_entry 0
	run_famfs 0 fmap resolve --json "$IMG:/one" 0
	json_is '.pieces[0] | "\(.dev) \(.off)"' "3 $((10 * MiB))"
	run_famfs 0 fmap resolve --reverse --json "$IMG" 10M
	is "$(json '.owners[0].kind')" free
}

@test "a closed pipe, and a full disk" {
	new_image 2T
	run_famfs 0 creat -s 600G -N 2 -B 2 -C 2M --no-zero "$IMG:/big"
	run_shell 0 '"$@" | head -n 1 >/dev/null; exit $((PIPESTATUS[0] != 141))' \
		"$FAMFS" fmap resolve "$IMG:/big" 0+600G
	run_shell 1 '"$@" >/dev/full' "$FAMFS" fmap resolve "$IMG:/big" 0
	one_error 'no space'
}
