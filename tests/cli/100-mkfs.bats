#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# mkfs: what it makes, byte for byte (FORMAT.md 1), and each of its options.

load helpers

UUID=0d1e2f3a-4b5c-6d7e-8f90-a1b2c3d4e5f6
DEV_UUID=f0e1d2c3-b4a5-9687-7869-5a4b3c2d1e0f

hex() { # OFFSET LENGTH
	slice "$1" "$2" | od -An -v -t x1 | tr -d ' \n'
}

@test "the superblock and the log header, field by field" {
	run_famfs 0 mkfs --size 1G --uuid $UUID --dev-uuid $DEV_UUID --daxdev /dev/dax7.3 "$IMG"
	is "$(stat -c %s "$IMG")" $((1024 * MiB))
	is "$(peek 0)" $((0x87b282ff)) magic
	is "$(peek 8)" 48 version
	is "$(peek 16)" "$AU" "log offset"
	is "$(peek 24)" $((8 * MiB)) "log length"
	is "$(peek 32)" "$AU" "allocation unit"
	is "$(peek 40 4)" 2 "OMF major"
	is "$(peek 44 4)" 2 "OMF minor"
	is "$(hex 48 16)" ${UUID//-/} uuid
	is "$(hex 64 16)" ${DEV_UUID//-/} "device uuid"
	is "$(hex 80 16)" "${MASTER//-/}" "system uuid"
	is "$(peek 96)" "$(crc32 0 96)" checksum
	is "$(peek 104)" 0 flags
	is "$(peek 112)" $((1024 * MiB)) "device size"
	is "$(hex 120 16)" 00000000000000000000000000000000 "dd_uuid"
	is "$(slice 136 64 | tr -d '\0')" /dev/dax7.3
	all_bytes 200 $((AU - 200)) 000
	is "$(peek "$LOG")" $((0xbadcafef00d)) "log magic"
	is "$(peek $((LOG + 8)))" $((8 * MiB)) "log length"
	is "$(peek $((LOG + 16)))" 15419 "last index"
	is "$(peek $((LOG + 24)))" 2777108600 "checksum"
	is "$(peek $((LOG + 32)))" 0 "next_seqnum"
	is "$(peek $((LOG + 40)))" 0 "next_index"
	all_bytes $((LOG + 48)) $((8 * MiB - 48)) 000
	clean
}

@test "the result as text and as JSON" {
	run_famfs 0 mkfs --json --size 256M --loglen 4M --uuid $UUID --dev-uuid $DEV_UUID \
		--daxdev /dev/dax1.0 "$IMG"
	json_is .device "$IMG"
	json_is .size $((256 * MiB))
	json_is .log_len $((4 * MiB))
	json_is .log_slots 7710
	json_is .uuid $UUID
	json_is .dev_uuid $DEV_UUID
	json_is .system_uuid "$MASTER"
	json_is .daxdev /dev/dax1.0
	json_is .replaced ''
	json_is .image_made true
	json_is .dry_run false
	run_famfs 0 mkfs --force "$IMG"
	has "$output" "device +$IMG"
	has "$output" 'size.*268435456'
	has "$output" 'log.*8388608'
	has "$output" 'replaced.*famfs'
	run_famfs 0 mkfs --json --force "$IMG"
	json_is .image_made false
	has "$(json .replaced)" famfs
}

@test "log lengths: every power of two, and the entries that fit" {
	while read -r len bytes slots; do
		rm -f "$IMG"
		run_famfs 0 mkfs --json --size 4G -l "$len" "$IMG"
		json_is .log_len "$bytes"
		json_is .log_slots "$slots"
		is "$(peek 24)" "$bytes"
		is "$(peek $((LOG + 16)))" $((slots - 1))
		is "$(peek $((LOG + 24)))" "$(crc32 "$LOG" 24)"
		clean
	done <<-END
		2M 2097152 3854
		4MiB 4194304 7710
		8388608 8388608 15420
		16384k 16777216 30840
		64M 67108864 123361
		256M 268435456 493447
		1G 1073741824 1973790
	END
}

@test "without --uuid they are random, and different" {
	run_famfs 0 mkfs --json --size 64M "$IMG"
	cp "$OUT" first
	run_famfs 0 mkfs --json --size 64M "$IMG.2"
	is "$(jq -r '.uuid, .dev_uuid' first "$OUT" | sort -u | wc -l)" 4
}

@test "the same inputs make the same bytes, whatever was there before" {
	local options=(--uuid "$UUID" --dev-uuid "$DEV_UUID" --daxdev /dev/dax0.0 --loglen 2M)
	new_image 64M "${options[@]}"
	filled old $((64 * MiB)) 377
	run_famfs 0 mkfs "${options[@]}" old
	cmp -n $((4 * MiB)) old "$IMG"
	all_bytes $((4 * MiB)) $((60 * MiB)) 377 old
	run_famfs 0 mkdir old:/a old:/b old:/c
	run_famfs 0 mkfs --force "${options[@]}" old
	cmp -n $((4 * MiB)) old "$IMG"
}

@test "the smallest file system, and the smallest with the default log" {
	run_famfs 0 mkfs -q --size 6M --loglen 2M "$IMG"
	clean
	run_famfs 0 creat -s 2M "$IMG:/all"
	clean
	run_famfs 0 mkfs -q --size 12M "$IMG.2"
	clean "$IMG.2"
	refused 1 '8\.?0?M.*loglen' mkfs --size 10M "$IMG.3"
	[ ! -e "$IMG.3" ]
}

@test "a large image is sparse and stays so" {
	new_image 64G
	is "$(stat -c %s "$IMG")" $((65536 * MiB))
	[ "$(disk_kib "$IMG")" -lt 20000 ]
}

@test "the path is recorded, cut to what fits, or the name given" {
	new_image
	is "$(slice 136 64 | tr -d '\0')" "${IMG:0:63}"
	local name63=/dev/dax0.0123456789012345678901234567890123456789012345678901
	while [ ${#name63} -lt 63 ]; do name63+=x; done
	run_famfs 0 mkfs -f --daxdev "$name63" "$IMG"
	is "$(slice 136 64 | tr -d '\0')" "$name63"
	refused 1,2 '64 bytes.*63' mkfs -f --daxdev "${name63}y" "$IMG"
	is "$(slice 136 64 | tr -d '\0')" "$name63"
}

@test "--size on a file that exists" {
	truncate -s 64M "$IMG"
	run_famfs 0 mkfs -q --size 64M "$IMG"
	refused 1 'loglen|exist|holds' mkfs --size 64M "$IMG"
	refused 1 '67108864.*force' mkfs --size 128M "$IMG"
	is "$(stat -c %s "$IMG")" $((64 * MiB))
	run_famfs 0 mkfs -q --size 128M --force "$IMG"
	is "$(stat -c %s "$IMG")" $((128 * MiB))
	is "$(peek 112)" $((128 * MiB))
	refused 1 'more than|smaller|has' mkfs --size 64M --force "$IMG"
	is "$(stat -c %s "$IMG")" $((128 * MiB))
	clean
}

@test "a size that is no multiple of 2 MiB: nothing lies past the last whole unit" {
	new_image $((65 * MiB + 512)) -l 2M
	run_famfs 0 df --json "$IMG"
	json_is '.filesystems[0].free' $((60 * MiB))
	run_famfs 0 creat -s 60M "$IMG:/all"
	is "$(extents /all)" "$((4 * MiB)) $((60 * MiB))"
	clean
}

@test "--kill --force makes only the superblock invalid" {
	new_image 64M -l 2M
	run_famfs 0 mkdir "$IMG:/a"
	cp --sparse=always "$IMG" before
	refused 2 'force' mkfs --kill "$IMG"
	cmp "$IMG" before
	run_famfs 0 mkfs --kill --force --dry-run "$IMG"
	cmp "$IMG" before
	run_famfs 0 mkfs --kill --force "$IMG"
	is "$(peek 0)" 0
	cmp -i 8 "$IMG" before
	finds 8 sb_magic
	refused 1 'no famfs|superblock' ls "$IMG"
	refused 1 'no famfs' mkfs -k -f "$IMG"
	run_famfs 0 mkfs -q "$IMG"
	clean
	is "$(names)" ""
}

@test "--dry-run says what would be and writes nothing" {
	run_famfs 0 mkfs --dry-run --json --size 64M "$IMG"
	json_is '"\(.dry_run) \(.size) \(.log_slots)"' 'true 67108864 15420'
	[ ! -e "$IMG" ]
	refused 1 . mkfs -n --size 4M "$IMG"
	[ ! -e "$IMG" ]
	filled "$IMG" $((16 * MiB)) 252
	cp "$IMG" before
	run_famfs 0 mkfs -n "$IMG"
	has "$output" 'nothing was written'
	run_famfs 0 mkfs -n --force --size 32M "$IMG"
	cmp "$IMG" before
	run_famfs 0 mkfs -q "$IMG"
	cp "$IMG" before
	run_famfs 1 mkfs -n "$IMG"
	run_famfs 0 mkfs --dry-run --force --json "$IMG"
	has "$(json .replaced)" famfs
	cmp "$IMG" before
}

@test "--sync makes the same file system" {
	new_image 64M --sync
	clean
}

@test "mkfs.famfs takes what mkfs(8) passes, and refuses blocks" {
	truncate -s 64M "$IMG"
	run_as mkfs.famfs 0 -v "$IMG"
	run_as mkfs.famfs 0 -V -f "$IMG"
	run_as mkfs.famfs 2 -f "$IMG" 16384
	one_error '16384'
	run_as mkfs.famfs 0 --help
	run_as mkfs.famfs 0 --version
	clean
}
