#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# df.

load helpers

@test "the numbers add up" {
	new_image 1G
	run_famfs 0 mkfs --json --force "$IMG"
	local uuid
	uuid=$(json .uuid)
	run_famfs 0 mkdir "$IMG:/d"
	run_famfs 0 creat -s 5000000 "$IMG:/d/a"
	run_famfs 0 creat -s 1 "$IMG:/b"
	run_famfs 0 df --json "$IMG"
	json_is '.filesystems[0] | "\(.device) \(.kind) \(.role) \(.uuid)"' "$IMG image master $uuid"
	json_is '.filesystems[0] | "\(.size) \(.real_size) \(.used) \(.free) \(.largest_free)"' \
		"$((1024 * MiB)) $((1024 * MiB)) $((18 * MiB)) $((1006 * MiB)) $((1006 * MiB))"
	json_is '.filesystems[0] | "\(.files) \(.dirs) \(.unusable) \(.file_bytes)"' "2 1 0 5000001"
	json_is '.filesystems[0] | "\(.log_len) \(.log_slots) \(.log_used) \(.log_good)"' \
		"8388608 15420 3 3"
	json_is '.filesystems[0] | "\(.version) \(.omf) \(.torn_tail) \(.system_uuid)"' \
		"48 2.2 false $MASTER"
}

@test "text: one line for each, exact in a pipe" {
	new_image 64M
	run_famfs 0 mkfs -q --size 24M two.img
	run_famfs 0 df "$IMG" two.img
	is "$(wc -l <"$OUT")" 3
	has "$(sed -n 2p "$OUT")" "$IMG.* 67108864 .* $((54 * MiB)) .*master"
	has "$(sed -n 3p "$OUT")" 'two.img.* 25165824 '
	run_famfs 0 df --bytes "$IMG:/"
	has "$output" 67108864
}

@test "the smaller of the recorded and the real size counts" {
	new_image 64M
	truncate -s 128M "$IMG"
	run_famfs 0 df --json "$IMG"
	json_is '.filesystems[0] | "\(.size) \(.real_size)"' "$((64 * MiB)) $((128 * MiB))"
	truncate -s 32M "$IMG"
	run_famfs 0 df --json "$IMG"
	json_is '.filesystems[0] | "\(.size) \(.real_size) \(.free)"' \
		"$((32 * MiB)) $((32 * MiB)) $((22 * MiB))"
	refused 1 'no space' creat -s 23M "$IMG:/a"
	run_famfs 0 creat -s 22M "$IMG:/a"
}

@test "one that cannot be read beside one that can" {
	new_image
	run_famfs 1 df --json missing.img "$IMG"
	json_is '.filesystems | length' 1
	json_error_is ENOENT
}

@test "a damaged log is said" {
	new_image 64M
	run_famfs 0 creat -s 1 "$IMG:/a" "$IMG:/b"
	poke "$(entry_at 1 16)" 1 7
	run_famfs 1 df --json "$IMG"
	json_is '.filesystems[0] | "\(.log_used) \(.log_good) \(.files)"' "2 1 1"
	json_error_is EUCLEAN
}
