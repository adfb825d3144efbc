#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# fmap dump: subtrees, whole devices, the metadata's own maps, both generations, directories.

load helpers

hexdump() { # FILE
	od -An -v -t x1 "$1" | tr -d ' \n'
}

# /d/one: 4M in one extent; /d/sub/two: 7M over 2 strips; /three
make_tree() {
	new_image 64M
	run_famfs 0 mkdir -p "$IMG:/d/sub"
	run_famfs 0 creat -s 4M "$IMG:/d/one"
	run_famfs 0 creat -s 7M -N 2 -B 4 -C 2M "$IMG:/d/sub/two"
	run_famfs 0 creat -s 4k "$IMG:/three"
}

# Gives a file another name on the media; the path is padded with zeros.
rename_entry() { # N TEXT
	poke_text "$(entry_at "$1" 40)" "$(printf '\\0%.0s' {1..80})"
	poke_text "$(entry_at "$1" 40)" "$2"
	seal_entry "$1"
}

@test "a subtree, and the whole device" {
	make_tree
	run_famfs 0 fmap dump -r --json "$IMG:/d"
	json_is '.device' "$IMG"
	json_is '[.fmaps[] | "\(.path) \(.length)"] | join(",")' "/d/one 56,/d/sub/two 104"
	run_famfs 0 fmap dump --recursive --json "$IMG:/d/one"
	json_is '[.fmaps[].path] | join(",")' "/d/one"
	run_famfs 0 fmap dump --json "$IMG"
	json_is '[.fmaps[] | "\(.path) \(.file_type)"] | join(",")' \
		"/d/one 0,/d/sub/two 0,/three 0,/.meta/.superblock 1,/.meta/.log 2"
	cp "$OUT" all
	run_famfs 0 fmap dump -r --json "$IMG:/"
	cmp "$OUT" all
	run_famfs 0 fmap dump "$IMG"
	is "$(grep -c '^kernel .*safe' "$OUT")" 5
	has "$output" '/d/sub/two'
	run_famfs 0 fmap dump --format=hex "$IMG"
	is "$(wc -l <"$OUT")" 5
	run_famfs 0 fmap dump --format=hex "$IMG:/d/one"
	is "$output" "$(jq -r '.fmaps[0].hex' all)"
}

@test "the superblock's and the log's own maps" {
	new_image 64M -l 4M
	run_famfs 0 fmap dump --format=hex "$IMG:/.meta/.superblock"
	local expected
	expected=0100010000000000010000000000000000002000000000000000000000000000
	expected+=000000000000000000000000000000000000200000000000
	is "$output" $expected
	run_famfs 0 fmap dump --json "$IMG:/.meta/.log"
	json_is '"\(.file_type) \(.file_size) \(.kernel_rc) \(.unsafe)"' "2 4194304 0 []"
	json_is '.extents[0] | "\(.off) \(.len)"' "2097152 4194304"
	run_famfs 0 fmap dump "$IMG://.meta/./.log/"
	has "$output" 'file type +log'
	run_famfs 0 fmap dump -r --json "$IMG:/.meta"
	json_is '.fmaps | length' 2
	# They are no files of the file system.
	refused 1 'no such file' stat "$IMG:/.meta/.log"
	refused 1 . cat "$IMG:/.meta/.superblock"
}

@test "v2: unrolled, with its own size in the header" {
	make_tree
	run_famfs 0 fmap dump --wire=v2 --json "$IMG:/d/sub/two"
	json_is '"\(.wire) \(.ext_type) \(.nextents) \(.length)"' "v2 simple 4 $((32 + 4 * 24))"
	json_is '[.extents[].len] | unique | join(" ")' $((2 * MiB))
	is "$(json '.hex[24:32]')" 80000000
	local offs
	offs=$(json '[.extents[].off] | "\(.[2] - .[0]) \(.[3] - .[1])"')
	is "$offs" "$((2 * MiB)) $((2 * MiB))"
	run_famfs 0 fmap dump --wire=v1 --json "$IMG:/d/sub/two"
	json_is '"\(.wire) \(.ext_type)"' "v1 interleaved"
	run_famfs 0 fmap dump --wire v2 --format=raw -o v2 "$IMG:/d/one"
	is "$(hexdump v2 | cut -c 1-32)" 00000100000000000100000038000000
	refused 2 'v3.*v1 or v2' fmap dump --wire=v3 "$IMG:/d/one"
}

@test "v2: the largest message that there can be, and one extent more" {
	new_image 2T
	run_famfs 0 creat -s 1T -N 2 -B 2 -C 2M --no-zero "$IMG:/big"
	run_famfs 0 fmap dump --wire=v2 --format=raw -o out "$IMG:/big"
	is "$(stat -c %s out)" $((32 + 524288 * 24))
	is "$(peek 8 4 out)" 524288
	is "$(peek 12 4 out)" $((32 + 524288 * 24))
	poke "$(entry_at 0 16)" 8 $((1024 * 1024 * MiB + 1))
	seal_entry 0
	refused 1 '524289 extents.*524288; larger chunks make fewer' fmap dump --wire=v2 --format=raw -o out2 "$IMG:/big"
	[ ! -e out2 ]
}

@test "-o DIR: a message for each file, in the same tree" {
	make_tree
	run_famfs 0 fmap dump --format=raw -o out "$IMG"
	is "$output" ""
	is "$(cd out && find . -type f | sort | tr '\n' ' ')" \
		"./.meta/.log.fmap ./.meta/.superblock.fmap ./d/one.fmap ./d/sub/two.fmap ./three.fmap "
	run_famfs 0 fmap dump --format=raw "$IMG:/d/sub/two"
	cmp "$OUT" out/d/sub/two.fmap
	is "$(stat -c %a out/three.fmap)" 644
	# Again, over what is there.
	echo other >out/three.fmap
	run_famfs 0 fmap dump --format=raw -o out -r "$IMG:/"
	is "$(stat -c %s out/three.fmap)" 56
	run_famfs 0 fmap dump --format=raw --output sub -r "$IMG:/d/sub"
	is "$(find sub -type f)" sub/d/sub/two.fmap
	is "$(find . -name '.famfs-*')" ""
	refused 2 'DIR' fmap dump --format=raw "$IMG"
	refused 2 'DIR' fmap dump --format=raw -o - -r "$IMG:/d"
	refused 2 'raw' fmap dump -o out "$IMG"
	echo file >plain
	refused 1 'plain' fmap dump --format=raw -o plain "$IMG"
	refused 1 'no/such' fmap dump --format=raw -o no/such/dir "$IMG"
	refused 1 'recursive' fmap dump "$IMG:/d"
}

@test "-o DIR: nothing leaves it, whatever the names are and whatever is in it" {
	make_tree
	mkdir out elsewhere
	ln -s ../elsewhere out/d
	run_famfs 1 fmap dump --format=raw -o out "$IMG"
	is "$(ls -A elsewhere)" ""
	has "$stderr" 'out/d/one.fmap'
	is "$(stat -c %s out/three.fmap)" 56
	rm -r out
	# Entries: 0 and 1 directories, 2 /d/one, 3 /d/sub/two, 4 /three
	rename_entry 2 '../../one'
	rename_entry 3 '/etc/two'
	rename_entry 4 'a\nb\033[2J\\c'
	run_famfs 0,1 fmap dump --format=raw -o out "$IMG"
	is "$(cd out && find . -type f | LC_ALL=C sort | tr '\n' ' ')" \
		'./.meta/.log.fmap ./.meta/.superblock.fmap ./a\nb\x1b[2J\\c.fmap '
	has "$stderr" '2 entries have unusable names'
	[ ! -e one ] && [ ! -e one.fmap ] && [ ! -e ../one.fmap ]
	run_famfs 0,1 fmap dump --format=hex "$IMG"
	is "$(tr -d '\n' <"$OUT" | LC_ALL=C tr -cd '\000-\037\177' | wc -c)" 0 "control bytes"
	is "$(wc -l <"$OUT")" 3
	run_famfs 0,1 fmap dump "$IMG"
	is "$(tr -d '\n' <"$OUT" | LC_ALL=C tr -cd '\000-\037\177' | wc -c)" 0 "control bytes"
	run_famfs 0,1 fmap dump --json "$IMG"
	json_is '.fmaps[0].path == "/a\nb\u001b[2J\\c"' true
}

@test "-o DIR: a name for the image itself, and names that meet" {
	make_tree
	mkdir out
	mv "$IMG" out/three.fmap
	ln -s out/three.fmap "$IMG"
	before=$(sum out/three.fmap)
	refused 1 'three.fmap: is the image' fmap dump --format=raw -o out "$IMG"
	unchanged "$before" out/three.fmap
	mv out/three.fmap "$IMG"
	rename_entry 4 'd/one.fmap/x'
	run_famfs 1 fmap dump --format=raw -o again "$IMG"
	one_error 'd/one.fmap'
	is "$(stat -c %s again/.meta/.log.fmap)" 56
	rename_entry 4 '.meta/.log'
	run_famfs 0,1 fmap dump --format=raw -o more "$IMG"
	is "$(hexdump more/.meta/.log.fmap | cut -c 1-2)" 02 "the log's own map"
}

@test "-o DIR that cannot be written: said once" {
	make_tree
	mkdir -m 555 closed
	run_bound 1 "$FAMFS" fmap dump --format=raw -o closed "$IMG"
	one_error 'closed/d/one.fmap: permission denied'
	# Only a part of it: the others are dumped.
	mkdir -p half/d
	chmod 555 half/d
	run_bound 1 "$FAMFS" fmap dump --format=raw -o half "$IMG"
	[ -e half/three.fmap ] && [ -e half/.meta/.log.fmap ]
	requires unshare
	requires_root
	unshare -m true 2>/dev/null || skip "no mount namespace can be made here"
	mkdir out
	local option pattern
	while IFS='~' read -r option pattern; do
		run_program 1 unshare -m bash -ec 'mount -t tmpfs -o "$1" tmpfs out && shift && exec "$@"' \
			- "$option" "$FAMFS" fmap dump --format=raw -o out "$IMG"
		one_error "$pattern"
	done <<-'END'
		ro~out/d/one.fmap: read-only file system
		nr_inodes=2~out/d/.*: no space left
	END
}

@test "maps that are not safe among others" {
	make_tree
	poke "$(entry_at 2 144)" 8 $((2 * MiB))
	seal_entry 2
	run_famfs 1 fmap dump --json "$IMG"
	json_is '[.fmaps[] | .unsafe | join("")] | join(",")' "U3,,,,"
	run_famfs 1 fmap dump --format=raw -o out "$IMG"
	one_error "d/one.*U3.*--force; famfs check --repair $IMG mends"
	[ ! -e out/d/one.fmap ] && [ -e out/three.fmap ]
	run_famfs 1 fmap dump --format=raw --force -o out "$IMG"
	is "$(stat -c %s out/d/one.fmap)" 56
	# What does not even fit a message is named, and the others are dumped.
	poke "$(entry_at 2 128)" 4 100
	seal_entry 2
	run_famfs 1 fmap dump --format=hex "$IMG"
	is "$(wc -l <"$OUT")" 4
	one_error '/d/one.*100 extents.*; run famfs check'
	# A log that is good only to some entry: as far as that.
	poke "$(entry_at 3 20)" 1 9
	run_famfs 1 fmap dump --json "$IMG"
	has "$stderr" 'damaged log'
}

@test "device indices other than 0 are shown as they are" {
	make_tree
	poke "$(entry_at 2 136)" 8 1
	seal_entry 2
	run_famfs 1 fmap dump --json "$IMG:/d/one"
	json_is '"\(.extents[0].dev) \(.rejected | join(" "))"' "1 K6 K15"
	run_famfs 1 fmap dump --wire=v2 --format=hex "$IMG:/d/one"
	is "${output:64:16}" 0100000000000000
}

@test "a reader that goes away, and a full disk" {
	new_image 2T
	run_famfs 0 creat -s 600G -N 2 -B 2 -C 2M --no-zero "$IMG:/big"
	run_shell 0 '"$@" | head -c 100 >/dev/null; exit $((PIPESTATUS[0] != 141))' \
		"$FAMFS" fmap dump --wire=v2 "$IMG:/big"
	is "$stderr" ""
	run_shell 1 '"$@" >/dev/full' "$FAMFS" fmap dump --wire=v2 --json "$IMG:/big"
	json_error_is ENOSPC
	run_shell 1 '"$@" >/dev/full' "$FAMFS" fmap dump --wire=v2 --format=hex "$IMG:/big"
	one_error 'standard output'
}
