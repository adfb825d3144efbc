#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# stat.

load helpers

@test "all there is to know of a file, a directory, the root" {
	new_image 256M
	run_famfs 0 mkdir -m 0711 -u 3 -g 4 "$IMG:/d"
	run_famfs 0 creat -s 5000000 -m 0640 -u 1001 -g 51 "$IMG:/d/f"
	run_famfs 0 stat "$IMG:/d/f"
	local word
	for word in /d/f file 0640 1001 51 5000000 'offset 0xa00000' 'length 0x600000'; do
		has "$output" "$word"
	done
	run_famfs 0 stat --json "$IMG:/d/f"
	json_is .device "$IMG"
	json_is '.entries[0] | "\(.path) \(.type) \(.mode) \(.uid):\(.gid) \(.size) \(.index)"' \
		"/d/f file 0640 1001:51 5000000 1"
	json_is '.entries[0].extents | tojson' "[{\"dev\":0,\"off\":10485760,\"len\":6291456}]"
	run_famfs 0 stat --json "$IMG:/d"
	json_is '.entries[0] | "\(.path) \(.type) \(.mode) \(.uid):\(.gid) \(.index)"' "/d dir 0711 3:4 0"
	run_famfs 0 stat --json "$IMG:/"
	json_is '.entries[0] | "\(.path) \(.type) \(.mode) \(has("index"))"' "/ dir 0755 false"
	run_famfs 0 stat --json "$IMG:/.meta"
	json_is '.entries[0] | "\(.path) \(.type)"' "/.meta dir"
}

@test "an interleaved file" {
	new_image 256M
	run_famfs 0 creat -s 16M -N 4 "$IMG:/wide"
	run_famfs 0 stat "$IMG:/wide"
	is "$(grep -c '^strip [0-9]' "$OUT")" 4
	run_famfs 0 stat --json "$IMG:/wide"
	json_is '.entries[0] | "\(.ext_type) \(.nstrips) \(.chunk_size) \(.extents | length)"' \
		"interleaved 4 2097152 4"
}

@test "several, and one that is missing" {
	new_image
	run_famfs 0 creat -s 1 "$IMG:/a" "$IMG:/b"
	run_famfs 1 stat --json "$IMG:/a" "$IMG:/no" "$IMG:/b"
	json_is '[.entries[].path] | join(" ")' "/a /b"
	json_error_is ENOENT
	refused 1 '/a/x.*file' stat "$IMG:/a/x"
	refused 1 'no such' stat missing.img:/a
}

@test "a damaged log: files in front of the damage, and an error" {
	new_image 64M
	run_famfs 0 creat -s 1 "$IMG:/a" "$IMG:/b" "$IMG:/c"
	poke "$(entry_at 1 16)" 1 7
	run_famfs 0,1 stat "$IMG:/a"
	has "$output" '/a'
	run_famfs 1 stat "$IMG:/c"
	is "$output" ""
	has "$stderr" 'entry 1|damage|check'
}
