#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# interleave plan: where a file would go, and how best to interleave it.

load helpers

# The extents that a plan shows, as extents() shows those of a file.
planned() { # PLAN-OPTION...
	run_famfs 0 interleave plan --json "$@" "$IMG"
	json '.plans[0].extents | map("\(.off) \(.len)") | join(",")'
}

left() {
	run_famfs 0 df --json "$IMG"
	json '.filesystems[0] | "\(.free) \(.largest_free)"'
}

@test "creat does what plan says, and plan changes nothing" {
	new_image 512M
	local n=0 args expected rest before
	while read -r -a args; do
		n=$((n + 1))
		before=$(sum "$IMG")
		expected=$(planned "${args[@]}")
		run_famfs 0 interleave plan --json "${args[@]}" "$IMG"
		rest=$(json '.plans[0] | "\(.free) \(.largest_free)"')
		unchanged "$before"
		run_famfs 0 creat --no-zero "${args[@]}" "$IMG:/f$n"
		is "$(extents "/f$n")" "$expected" "${args[*]}"
		is "$(left)" "$rest" "what is left after ${args[*]}"
	done <<-END
		-s 24M -N 4 -B 8
		-s 24M -N 4 -B 8 -C 2M
		-s 9M -N 3 -B 5 -C 4M
		-s 1 -N 8
		-s 7M -B 6
		-s 30M --contiguous
		-s 70M -N 16 -B 64
		-s 100M -N 2 -B 3
	END
	clean
}

@test "what is shown of a geometry: strips, bytes used and wasted, what is left" {
	new_image 256M
	run_famfs 0 interleave plan -s 5M -N 4 -B 8 "$IMG"
	has "$output" 'layout +4 strips, from 8 buckets of 32.0M, chunks of 2.0M'
	has "$output" 'STRIP +BUCKET +DEVICE OFFSET +LENGTH +USED'
	has "$output" '0 +1 +0x3e00000 \(62.0M\) +0x200000 \(2.0M\) +2097152'
	has "$output" '2 +3 +0x[0-9a-f]+ \([0-9.]+M\) +0x200000 \(2.0M\) +1048576'
	has "$output" '3 +4 +0x[0-9a-f]+ \([0-9.]+M\) +0x200000 \(2.0M\) +0'
	has "$output" 'taken +8388608'
	has "$output" 'wasted +3145728'
	has "$output" "free then +$((238 * MiB))"
	has "$output" 'largest run'
	run_famfs 0 interleave plan -s 5M -N 4 -B 8 --json "$IMG"
	json_is '"\(.device) \(.size) \(.plans | length)"' "$IMG $((5 * MiB)) 1"
	json_is '.plans[0] | "\(.ext_type) \(.nstrips) \(.nbuckets) \(.chunk_size) \(.bucket_len)"' \
		"interleaved 4 8 $AU $((32 * MiB))"
	json_is '.plans[0] | "\(.taken) \(.wasted) \(.fullest) \(.free)"' \
		"$((8 * MiB)) $((3 * MiB)) $AU $((238 * MiB))"
	json_is '.plans[0].extents | map("\(.bucket) \(.dev) \(.used)") | join(",")' \
		"1 0 $AU,2 0 $AU,3 0 $MiB,4 0 0"
	json_is '.memory' null
	run_famfs 0 interleave plan -s 1M -N 4 "$IMG"
	has "$output" 'layout +simple: the file is smaller than a chunk of 2.0M'
	has "$output" 'EXTENT +DEVICE OFFSET +LENGTH +USED'
	has "$output" '0 +0xa00000 \(10.0M\) +0x200000 \(2.0M\) +1048576'
	run_famfs 0 interleave plan -s 3M --contiguous --bytes "$IMG"
	has "$output" 'layout +simple'
	has "$output" 'taken +4194304'
}

@test "a geometry that is refused: the rule, and the nearest that works" {
	new_image 256M
	run_famfs 0 creat -s 20M -N 4 -B 8 "$IMG:/a"
	local size args pattern near words
	while IFS='|' read -r size args pattern near; do
		read -ra words <<<"$args"
		refused 1 "$pattern; nearest that works: $near\$" \
			interleave plan -s "$size" "${words[@]}" "$IMG"
		run_famfs 1 interleave plan --json -s "$size" "${words[@]}" "$IMG"
		json_is '.plans | length' 0
		json_is '.nearest | "-N \(.nstrips) -B \(.nbuckets) -C \(.chunk_size / 1048576)M"' "$near"
		read -ra words <<<"$near"
		run_famfs 0 creat --dry-run -s "$size" "${words[@]}" "$IMG:/b"
	done <<-'END'
		20M|-N 17|too many strips: 17, at most 16|-N 16 -B 16 -C 2M
		20M|-N 18446744073709551615|18446744073709551615, at most 16|-N 16 -B 16 -C 2M
		20M|-N 4 -B 65|too many buckets: 65, at most 64|-N 4 -B 42 -C 2M
		20M|-N 4 -B 3|4 strips, 3 buckets|-N 4 -B 4 -C 2M
		20M|-N 4 -C 3M|3145728 is not a power of two of at least 2M|-N 4 -B 4 -C 2M
		20M|-N 4 -C 1M|1048576 is not a power of two of at least 2M|-N 4 -B 4 -C 2M
		20M|-B 32|a strip in each of 32 buckets is too many: at most 16 strips|-N 16 -B 32 -C 2M
		20M|-B 100|too many buckets: 100, at most 64|-N 16 -B 64 -C 2M
		40M|-N 4 -C 4G|chunk size 4G is more than 2G|-N 4 -B 4 -C 32M
		20M|-C 2M|a chunk size alone does not say how many strips there are to be|-N 10 -B 10 -C 2M
		180M|-N 2 -B 8|each strip needs 90M, one of 8 buckets has 32M|-N 4 -B 4 -C 2M
	END
	# What is right but has no room.
	refused 1 '224.0M wanted, 222.0M free; no geometry works; not interleaved it fits, in [0-9]+ extents' \
		interleave plan -s 220M -N 8 "$IMG"
	refused 1 '240.0M wanted, 216.0M free|no way to place that much' \
		interleave plan -s 240M -N 2 "$IMG"
	run_famfs 1 interleave plan -s 1T -N 4 --json "$IMG"
	json_error_is ENOSPC
	json_is '"\(.plans | length) \(.nearest)"' '0 null'
	refused 1 'one piece' interleave plan -s 150M --contiguous "$IMG"
	refused 1 'size 0.*; the smallest is 1 byte$' interleave plan -s 0 -N 4 "$IMG"
}

@test "proposals: ranked, and why" {
	new_image 512M
	run_famfs 0 interleave plan -s 24M "$IMG"
	has "$output" '1\. -N 12 -B 12 -C 2M'
	has "$output" 'like 12.0 strips at work at once, each with 1 chunk of 2.0M[[:space:]]+nothing wasted'
	has "$output" 'not interleaved'
	has "$output" 'takes 24.0M; 478.0M are free then, the largest run is'
	run_famfs 0 interleave plan -s 24M --json "$IMG"
	json_is '.plans | map(.score) | . == (sort | reverse)' true
	json_is '.plans[0] | "\(.nstrips) \(.parallel_percent) \(.wasted)"' '12 1200 0'
	json_is '.plans | map(select(.why | length == 0)) | length' 0
	json_is '[.plans[] | select(.ext_type == "simple")] | length' 1
	# Each of them is what creat then does.
	local i geometry words
	for i in 0 1 2; do
		geometry=$(json ".plans[$i] | \"-N \(.nstrips) -B \(.nbuckets) -C \(.chunk_size)\"")
		read -ra words <<<"$geometry"
		json ".plans[$i].extents | map(\"\(.off) \(.len)\") | join(\",\")" >expected
		run_famfs 0 creat --dry-run --json -s 24M "${words[@]}" "$IMG:/f"
		json '.results[0].extents | map("\(.off) \(.len)") | join(",")' >got
		cmp expected got
		run_famfs 0 interleave plan -s 24M --json "$IMG"
	done
	run_famfs 0 interleave plan -s 1 "$IMG"
	has "$output" '^device.*1\. not interleaved.*lies in one place anyway'
	hasnt "$output" '2\. '
	refused 1 'no space: 1.0T wanted' interleave plan -s 1T "$IMG"
	run_famfs 1 interleave plan -s 1T --json "$IMG"
	json_error_is ENOSPC
}

@test "what is told of a layout fits 80 columns, whatever the size" {
	new_image 8T
	local size args
	for size in 5M 1000M 4097M 1023G 3T 7T "1T -N 16 -B 64" "200G -N 2 -B 64" "5M -N 4" \
		"7T --contiguous"; do
		read -ra args <<<"$size"
		run_famfs 0 interleave plan -s "${args[@]}" "$IMG"
		has "$output" 'largest run'
		is "$(grep -v "^device" <<<"$output" | LC_ALL=C.UTF-8 grep -E '^.{81}')" "" "plan -s $size"
	done
	run_famfs 0 creat -s 1T -N 16 -B 64 --no-zero "$IMG:/a"
	run_famfs 0 interleave show "$IMG:/a"
	is "$(grep -v "^file" <<<"$output" | grep -E '^.{81}')" "" "show"
}

@test "a client, a read-only image and --device will do" {
	new_image 64M
	FAMFS_SYSTEM_UUID=$OTHER run_famfs 0 interleave plan -s 8M -N 2 "$IMG"
	chmod 444 "$IMG"
	run_bound 0 "$FAMFS" interleave plan -s 8M -N 2 "$IMG"
	run_famfs 0 interleave plan -s 8M -d "$IMG"
	has "$output" "device +$IMG"
}

@test "used wrongly, and what is no good file system" {
	new_image 64M
	refused 2 'operand is missing: DEVICE' interleave plan -s 8M
	refused 2 '--size.*is missing' interleave plan "$IMG"
	refused 2 'contradicts' interleave plan -s 8M -N 2 --contiguous "$IMG"
	refused 2 'must be at least 2M' interleave plan -s 8M -C 0 "$IMG"
	refused 2 '--nstrips 0: must be 1 to 16' interleave plan -s 8M -N 0 "$IMG"
	refused 2 '--nbuckets 00: must be 1 to 64' interleave plan -s 8M -B 00 "$IMG"
	refused 2 'not a number' interleave plan -s 8M -N x "$IMG"
	refused 2 'not a size' interleave plan -s 8X "$IMG"
	refused 2 'names a file' interleave plan -s 8M "$IMG:/a"
	refused 2 'one operand too many' interleave plan -s 8M "$IMG" "$IMG"
	refused 1 . interleave plan -s 8M "$IMG.none"
	run_famfs 0 creat -s 2M "$IMG:/a"
	poke "$(entry_at 0 536)" 8 1
	refused 1 'damaged log' interleave plan -s 8M -N 2 "$IMG"
	run_famfs 0 interleave plan --help
	has "$output" 'Example: '
	run_famfs 0 interleave --help
	has "$output" 'interleave plan'
}
