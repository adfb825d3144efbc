#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# fmap dump: the message that the kernel gets for a file (FMAP.md).

load helpers

hexdump() { # FILE
	od -An -v -t x1 "$1" | tr -d ' \n'
}

# The fields as FMAP.md 2 has them: le BYTES VALUE...
le() {
	local i
	for ((i = 0; i < $1; i++)); do
		printf '%02x' $((($2 >> (8 * i)) & 255))
	done
}

@test "one extent: the worked example, as raw bytes, JSON and text" {
	new_image 64M
	run_famfs 0 creat -s 6M "$IMG:/before"
	run_famfs 0 creat -s 4M "$IMG:/f"
	local expected
	expected=0000010000000000010000000000000000004000000000000000000000000000
	expected+=000000000000000000000001000000000000400000000000
	run_famfs 0 fmap dump --format=raw "$IMG:/f"
	is "$(hexdump "$OUT")" "$expected"
	run_famfs 0 fmap dump --format=raw -o out "$IMG:/f"
	is "$output" ""
	is "$(hexdump out)" "$expected"
	run_famfs 0 fmap dump --json "$IMG:/f"
	json_is .hex "$expected"
	json_is '"\(.device) \(.path) \(.wire) \(.length) \(.file_type) \(.file_size)"' \
		"$IMG /f v1 56 0 4194304"
	json_is '"\(.ext_type) \(.nextents) \(.kernel_rc) \(.rejected) \(.unsafe)"' 'simple 1 0 [] []'
	json_is '.extents[0] | "\(.dev // 0) \(.off) \(.len)"' "0 $((16 * MiB)) $((4 * MiB))"
	cp "$OUT" json
	run_famfs 0 fmap dump --format=json "$IMG:/f"
	cmp "$OUT" json
	run_famfs 0 fmap dump "$IMG:/f"
	has "$output" '/f'
	has "$output" '0x1000000.*0x400000'
	has "$output" 'simple'
	cp "$OUT" text
	run_famfs 0 fmap dump --format=text "$IMG:/f"
	cmp "$OUT" text
}

@test "two strips: the worked example" {
	new_image 64M
	run_famfs 0 creat -s 6M "$IMG:/before"
	run_famfs 0 creat -s 8M -N 2 -B 2 -C 2M "$IMG:/wide"
	local strips first second
	strips=$(extents /wide)
	read -r first _ <<<"${strips%,*}"
	read -r second _ <<<"${strips#*,}"
	is "$(printf '%s\n' "$first" "$second" | sort -n | tr '\n' ' ')" "16777216 62914560 "
	run_famfs 0 fmap dump --format=raw "$IMG:/wide"
	is "$(hexdump "$OUT")" "$(le 4 0x10000)$(le 4 1)$(le 4 1)$(le 4 0)$(le 8 0x800000)$(le 8 0)$(
		le 4 2)$(le 4 0x200000)$(le 8 0x800000)$(le 8 0)$(
		le 8 0)$(le 8 "$first")$(le 8 0x400000)$(le 8 0)$(le 8 "$second")$(le 8 0x400000)"
	is "$(stat -c %s "$OUT")" 104
	run_famfs 0 fmap dump --json "$IMG:/wide"
	json_is '"\(.ext_type) \(.nextents) \(.length) \(.kernel_rc)"' "interleaved 1 104 0"
	json_is '.interleaved[0] | "\(.nstrips) \(.chunk_size) \(.nbytes)"' "2 2097152 8388608"
	json_is '[.interleaved[0].strips[] | "\(.off) \(.len)"] | join(",")' "$strips"
	run_famfs 0 fmap dump "$IMG:/wide"
	has "$output" 'strip'
	has "$output" '0x1000000'
	has "$output" '0x3c00000'
}

@test "sixteen strips, sixteen extents: 440 and 416 bytes" {
	new_image 512M -l 2M
	local i
	for i in 1 2 3 4; do
		run_famfs 0 creat -s 32M -N 16 -B 64 "$IMG:/comb$i"
	done
	run_famfs 0 creat -s 192M "$IMG:/pieces"
	run_famfs 0 fmap dump --json "$IMG:/comb4"
	json_is '"\(.length) \(.interleaved[0].strips | length)"' "440 16"
	run_famfs 0 fmap dump --json "$IMG:/pieces"
	json_is '"\(.length) \(.extents | length)"' "416 16"
	is "$(json '.extents | map("\(.off) \(.len)") | join(",")')" "$(extents /pieces)"
}

@test "raw is not written to a terminal" {
	requires_terminal
	new_image
	run_famfs 0 creat -s 4k "$IMG:/f"
	run_shell 1,2 'script -qec "$1" /dev/null </dev/null' \
		"$(printf '%q ' "$FAMFS" fmap dump --format=raw "$IMG:/f")"
	has "$output" 'terminal'
	run_shell 0 'script -qec "$1" /dev/null </dev/null' \
		"$(printf '%q ' "$FAMFS" fmap dump --format=raw -o out "$IMG:/f")"
	is "$(stat -c %s out)" 56
}

@test "a map that the kernel would reject: shown with a warning, never handed out" {
	new_image 64M
	run_famfs 0 creat -s 4M "$IMG:/f"
	poke "$(entry_at 0 144)" 8 $((10 * MiB + 4096))
	seal_entry 0
	run_famfs 1 fmap dump "$IMG:/f"
	has "$output" '0xa01000'
	has "$stderr" 'reject'
	has "$output" 'K7'
	run_famfs 1 fmap dump --json "$IMG:/f"
	json_is '"\(.kernel_rc < 0) \(.rejected[0])"' "true K7"
	refused 1 'force' fmap dump --format=raw "$IMG:/f"
	refused 1 'force' fmap dump --format=raw -o out "$IMG:/f"
	[ ! -e out ]
	run_famfs 0,1 fmap dump --format=raw --force -o out "$IMG:/f"
	is "$(stat -c %s out)" 56
}

@test "a map that the kernel takes and that is unsafe" {
	new_image 64M
	run_famfs 0 creat -s 4M "$IMG:/f"
	poke "$(entry_at 0 144)" 8 $((2 * MiB))
	seal_entry 0
	run_famfs 1 fmap dump --json "$IMG:/f"
	json_is '"\(.kernel_rc) \(.unsafe | join(" "))"' "0 U3"
	refused 1 'force' fmap dump --format=raw "$IMG:/f"
	poke "$(entry_at 0 144)" 8 $((62 * MiB))
	seal_entry 0
	run_famfs 1 fmap dump --json "$IMG:/f"
	json_is '.unsafe | join(" ")' "U4"
}

@test "what has no map" {
	new_image
	run_famfs 0 mkdir "$IMG:/d"
	refused 1 '/d.*directory' fmap dump "$IMG:/d"
	refused 1 '/no' fmap dump "$IMG:/no"
	refused 2 . fmap dump "$IMG" "$IMG"
	refused 2 'yaml' fmap dump --format=yaml "$IMG:/d"
	run_famfs 1 fmap dump --json "$IMG:/no"
	json_error_is ENOENT
}

@test "-o: a file that cannot be written" {
	new_image
	run_famfs 0 creat -s 4k "$IMG:/f"
	refused 1 'no/such/dir' fmap dump --format=raw -o no/such/dir "$IMG:/f"
	refused 1 'no space' fmap dump --format=raw -o /dev/full "$IMG:/f"
	echo mine >out
	run_shell 1 'ulimit -f 0; trap "" XFSZ; "$@"' "$FAMFS" fmap dump --format=raw -o out "$IMG:/f"
	is "$(<out)" mine
}

@test "-o: through symbolic links, also to what is not there yet" {
	new_image
	run_famfs 0 creat -s 4k "$IMG:/f"
	run_famfs 0 fmap dump --format=raw -o want "$IMG:/f"
	mkdir -p a/b c
	ln -s a/one one
	ln -s b/two a/one
	ln -s ../../c/three a/b/two
	run_famfs 0 fmap dump --format=raw -o one "$IMG:/f"
	[ -L one ] && [ -L a/one ] && [ -L a/b/two ] && [ ! -L c/three ] || fail "a link is gone"
	cmp want c/three
	is "$(stat -c %a c/three)" 644
	is "$(find a c -type f)" c/three
	ln -s "$PWD/c/four" full
	run_famfs 0 fmap dump --format=raw -o a/../full "$IMG:/f"
	[ -L full ] || fail "a link is gone"
	cmp want c/four
	# Where nothing can be made, nothing is, and the links stay.
	ln -s no/such/dir nowhere
	ln -s c/new/ slash
	ln -s loop loop
	refused 1 'nowhere: no such file' fmap dump --format=raw -o nowhere "$IMG:/f"
	run_famfs 1 fmap dump --format=raw -o slash "$IMG:/f"
	refused 1 'loop: too many' fmap dump --format=raw -o loop "$IMG:/f"
	mkdir -m 555 shut
	ln -s shut/new denied
	run_bound 1 "$FAMFS" fmap dump --format=raw -o denied "$IMG:/f"
	one_error 'denied: permission denied'
	[ -L nowhere ] && [ -L slash ] && [ -L loop ] && [ -L denied ] || fail "a link is gone"
	is "$(ls c shut)" "$(printf '%s\n' c: four three '' shut:)"
}

@test "-o: as many links as the system follows, and one more" {
	new_image
	run_famfs 0 creat -s 4k "$IMG:/f"
	local i
	ln -s new l1
	for ((i = 2; i <= 41; i++)); do
		ln -s l$((i - 1)) l$i
	done
	refused 1 'l41: too many' fmap dump --format=raw -o l41 "$IMG:/f"
	[ ! -e new ] || fail "made"
	run_famfs 0 fmap dump --format=raw -o l40 "$IMG:/f"
	is "$(stat -c %s new)" 56
	[ -L l40 ] && [ -L l1 ] || fail "a link is gone"
}
