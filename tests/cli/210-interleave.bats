#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# creat -N -B -C: interleaved files.

load helpers

# The layout of the last creat --json: "TYPE NSTRIPS CHUNK LENGTH-OF-EACH".
layout() {
	json '.results[0] | "\(.ext_type) \(.nstrips // 0) \(.chunk_size // 0) " +
		([.extents[].len] | unique | map(tostring) | join(","))'
}

# Each strip of a file lies in a bucket of its own, of NBUCKETS in a device of SIZE.
in_different_buckets() { # PATH NBUCKETS SIZE
	local bucket=$(($3 / AU / $2)) off len seen=" " at
	bucket=$((bucket * AU))
	while read -r off len; do
		at=$((off / bucket))
		[ "$at" -lt "$2" ] || fail "$1: strip at $off lies behind the buckets"
		is $(((off + len - 1) / bucket)) $at "bucket of the end of the strip at $off of $1"
		[[ $seen != *" $at "* ]] || fail "$1: two strips in bucket $at"
		seen+="$at "
	done < <(extents "$1" | tr ',' '\n')
}

@test "geometries and what they take" {
	new_image 64G
	local name=0
	while read -r size args expected; do
		name=$((name + 1))
		IFS=, read -ra words <<<"$args"
		run_famfs 0 creat --no-zero --json -s "$size" "${words[@]}" "$IMG:/f$name"
		is "$(layout)" "${expected//,/ }" "creat -s $size $args"
	done <<-END
		16M -N,4,-B,8,-C,2M interleaved,4,2097152,4194304
		17M -N,4,-B,8,-C,2M interleaved,4,2097152,6291456
		2M -N,8 interleaved,8,2097152,2097152
		2097153 -N,8 interleaved,8,2097152,2097152
		1 -N,8 simple,0,0,2097152
		2097151 -N,8 simple,0,0,2097152
		64M -N,16,-B,16 interleaved,16,2097152,4194304
		64M -N,16,-B,64 interleaved,16,2097152,4194304
		8M -N,1,-B,1 interleaved,1,2097152,8388608
		100M -N,3,-C,4M interleaved,3,4194304,37748736
		3M -N,2,-C,4M simple,0,0,4194304
		4G -N,2,-C,2G interleaved,2,2147483648,2147483648
		1G -N,2,-C,2G simple,0,0,1073741824
		16M -B,8 interleaved,8,2097152,2097152
		16M -N,8 interleaved,8,2097152,2097152
		16M -N,4,-C,2097152 interleaved,4,2097152,4194304
	END
	clean
}

@test "geometries that are refused, with the rule, the value and the nearest" {
	new_image 64G
	while IFS='|' read -r args pattern; do
		read -ra words <<<"$args"
		refused 1,2 "$pattern" creat -s 8G "${words[@]}" "$IMG:/a"
	done <<-'END'
		-N 17|17|16
		-N 0|0
		-N -1|-1
		-N 4x|4x
		-N 18446744073709551616|18446744073709551616
		-N 4 -B 65|65
		-B 0|0
		-N 4 -B 3|4.*3
		-B 17|17.*16
		-N 4 -C 3M|3145728.*2M.*4M
		-N 4 -C 1M|1048576.*2M
		-N 4 -C 2097153|2097153.*2M.*4M
		-N 4 -C 4G|4G.*2G
		-N 4 -C 0|0
		-N 4 -C 2MB|2MB
		-C 2M|strips
		-N 4 -C 16384P|16384P
	END
	is "$(names)" ""
}

@test "strips lie in different buckets, and those are filled evenly" {
	new_image 1G
	local i
	for i in {1..24}; do
		run_famfs 0 creat -s 16M -N 4 -B 8 "$IMG:/f$i"
		in_different_buckets "/f$i" 8 $((1024 * MiB))
	done
	clean
	run_famfs 0 ls --json "$IMG"
	local spread
	spread=$(json "[.entries[].extents[].off / $((128 * MiB)) | floor] |
		group_by(.) | map(length) | \"\(length) \(max - min <= 4)\"")
	is "$spread" "8 true" "buckets used, and the difference between them"
}

@test "geometries at their limits lie in different buckets" {
	new_image 8G
	run_famfs 0 creat --no-zero -s 64M -N 16 -B 64 "$IMG:/a"
	in_different_buckets /a 64 $((8192 * MiB))
	run_famfs 0 creat --no-zero -s 64M -N 16 -B 16 "$IMG:/b"
	in_different_buckets /b 16 $((8192 * MiB))
	run_famfs 0 creat --no-zero -s 7M -N 2 -B 63 "$IMG:/c"
	in_different_buckets /c 63 $((8192 * MiB))
	clean
}

@test "strips as long as their buckets; one more is refused by name" {
	new_image 32M -l 2M
	run_famfs 0 creat -s 24M -N 2 -B 2 "$IMG:/a"
	clean
	new_image 32M -l 2M --force
	refused 1 'no space|bucket' creat -s 32M -N 2 -B 2 "$IMG:/b"
	run_famfs 1 creat --json -s 30M -N 2 -B 2 "$IMG:/b"
	json_error_is ENOSPC
	refused 1 . creat -s 16M -N 8 -B 64 "$IMG:/b"
	is "$(names)" ""
	clean
}

@test "one file a bucket until no bucket is left" {
	new_image 68M -l 4M
	local made=0
	while [ $made -lt 40 ]; do
		run_famfs 0,1 creat -s 8M -N 4 -B 4 "$IMG:/f$made"
		[ "$status" -eq 0 ] || break
		in_different_buckets /f$made 4 $((68 * MiB))
		made=$((made + 1))
	done
	one_error 'no space'
	is $made 5 "files that fit beside the log"
	clean
}

@test "one strip, one bucket, one byte" {
	new_image 256M
	refused 1 ': 2 strips, 1 bucket; nearest: 1 strip, or 2 buckets$' \
		creat -s 8M -N 2 -B 1 "$IMG:/a"
	refused 1 'one of 2 buckets has 128M; nearest: 1 bucket$' creat -s 130M -N 1 -B 2 "$IMG:/a"
	run_famfs 0 interleave plan -s 8M -N 1 -B 1 "$IMG"
	has "$output" 'layout +1 strip, from 1 bucket of 256.0M,'
	run_famfs 0 creat -s 8M -N 1 -B 1 "$IMG:/a"
	local command i
	for command in stat "interleave show"; do
		# shellcheck disable=SC2086 # two words
		run_famfs 0 $command "$IMG:/a"
		has "$output" 'layout +interleaved over 1 strip'$'\n'
	done
	run_famfs 0 fmap dump "$IMG:/a"
	has "$output" 'interleaved +1 strip, chunks'
	run_famfs 0 creat -s 1 "$IMG:/b"
	refused 1 'exists with 1 byte, not 2;' creat -s 2 "$IMG:/b"
	refused 1 'it has 1 byte$' interleave show "$IMG:/b" 1
	for ((i = 0; i < 21; i++)); do
		echo '{"path":1}'
	done >manifest
	run_famfs 1 creat --from manifest "$IMG"
	has "$(tail -n 1 "$ERR")" ': 1 more record is wrong$'
	for ((i = 0; i < 21; i++)); do
		echo no sum
	done >manifest
	run_famfs 1 verify --manifest manifest "$IMG"
	has "$stderr" ': 1 more line is wrong'
}

@test "the entry on the media" {
	new_image 1G
	run_famfs 0 creat -s 10M -N 2 -B 4 -C 4M "$IMG:/wide"
	local at i
	at=$(entry_at 0)
	is "$(peek $((at + 16)))" $((10 * MiB)) size
	is "$(peek $((at + 120)) 4)" 1 "extent type"
	is "$(peek $((at + 128)))" 1 "interleaved extents"
	is "$(peek $((at + 136)))" 2 strips
	is "$(peek $((at + 144)))" $((4 * MiB)) chunk
	for i in 0 1; do
		is "$(peek $((at + 152 + 24 * i)))" 0 "device index"
		is "$(peek $((at + 168 + 24 * i)))" $((8 * MiB)) "length of a strip"
	done
	all_bytes $((at + 200)) 336 000
	is "$(peek $((at + 536)))" "$(crc32 "$at" 536)" checksum
}
