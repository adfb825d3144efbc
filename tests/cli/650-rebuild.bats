#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# A tree is rebuilt from what ls -lR --json tells of it.

load helpers

# All that can be asked for: not the places, which depend on the order of making.
told() { # IMAGE
	run_famfs 0 ls -lR --json "$1"
	json '[.entries[] | .extents |= (. // [] | map(.len) | sort) | del(.index)]
		| sort_by(.path)'
}

rebuild() { # FROM TO
	run_famfs 0 ls -lR --json "$1"
	mv "$OUT" listing
	local path mode uid gid
	while IFS=$'\t' read -r path mode uid gid; do
		run_famfs 0 mkdir -m "$mode" -u "$uid" -g "$gid" "$2:$path"
	done < <(jq -r '.entries[] | select(.type == "dir")
		| [.path, .mode, .uid, .gid] | join("\t")' listing)
	jq '.entries | map(select(.type == "file")) | sort_by(.index)[]
		| {path, size, mode, uid, gid}
			+ (if .ext_type == "interleaved"
				then {nstrips, chunk: .chunk_size} else {} end)' listing >records
	run_famfs 0 creat --from records "$2"
	rm -f records
}

@test "modes, owners, sizes and layouts" {
	new_image 1G
	run_famfs 0 mkdir -m 1777 -u 7 -g 8 "$IMG:/d"
	run_famfs 0 mkdir -p -m 0 "$IMG:/d/sub/deep" "$IMG:/d-d" "$IMG:/ü ö"
	run_famfs 0 creat -s 5000001 -m 04751 -u 1001 -g 4294967294 "$IMG:/d/sub/file"
	run_famfs 0 creat -s 40M -N 4 -C 4M -m 0 "$IMG:/d/sub/deep/wide"
	run_famfs 0 creat -s 90M -N 16 -B 32 "$IMG:/wider" "$IMG:/d-d/wide"
	run_famfs 0 creat -s 1 "$IMG:/ü ö/ı" "$IMG:/back\\slash" "$IMG:/-n"
	run_famfs 0 mkfs -q --size 1G two.img
	rebuild "$IMG" two.img
	told "$IMG" >one
	told two.img >two
	is "$(jq length one)" 12
	cmp one two
	clean two.img
	run_famfs 0 df --json "$IMG"
	local used
	used=$(json '.filesystems[0] | "\(.free) \(.files) \(.dirs) \(.file_bytes)"')
	run_famfs 0 df --json two.img
	json_is '.filesystems[0] | "\(.free) \(.files) \(.dirs) \(.file_bytes)"' "$used"
}

@test "a tree that other tools made" {
	requires zstd
	local media=$BATS_TEST_DIRNAME/../golden/media name
	for name in g04-nested g05-interleaved; do
		zstd -qdf --sparse "$media/$name.img.zst" -o "$IMG"
		truncate -s "$(jq .device_size "$media/$name.json")" "$IMG"
		run_famfs 0 mkfs -q --force --size "$(stat -c %s "$IMG")" two.img
		rebuild "$IMG" two.img
		told "$IMG" | jq 'map(del(.nstrips, .ext_type, .chunk_size, .extents))' >one
		told two.img | jq 'map(del(.nstrips, .ext_type, .chunk_size, .extents))' >two
		[ "$(jq length one)" -gt 20 ]
		cmp one two
		clean two.img
	done
}
