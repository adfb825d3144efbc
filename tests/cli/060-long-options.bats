#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# Options by their long names do what their letters do.

load helpers

# Two ways to say the same thing give the same output: same "-s 1M --mode=600" "--size 1M -m 600" COMMAND...
same() { # OPTIONS OPTIONS COMMAND ARGUMENT...
	local first a b
	read -ra a <<<"$1"
	read -ra b <<<"$2"
	run_famfs 0 "$3" "${a[@]}" "${@:4}"
	first=$output
	[ -n "$first" ] || fail "no output to compare: $3 $1"
	run_famfs 0 "$3" "${b[@]}" "${@:4}"
	# Times differ, and new UUIDs.
	is "$(strip <<<"$output")" "$(strip <<<"$first")" "$3 $2"
}

strip() {
	sed -E 's/"timing_ns":\{[^}]*\}//; s/"(uuid|dev_uuid)":"[^"]*"//g'
}

@test "creat" {
	new_image 64M
	same "-n -j -s 8M -m 640 -u 12 -g 34 -N 2 -B 4 -C 2M" \
		"--dry-run --json --size 8M --mode 640 --uid 12 --gid 34 --nstrips 2 --nbuckets 4 --chunksize 2M" \
		creat "$IMG:/f"
	json_is '.results[0] | "\(.nstrips) \(.chunk_size) \(.size)"' "2 2097152 8388608"
}

@test "mkdir" {
	new_image
	same "-n -j -p -m 750 -u 5 -g 6" "--dry-run --json --parents --mode 750 --uid 5 --gid 6" \
		mkdir "$IMG:/a/b"
	json_is '.created' 1
}

@test "mkfs" {
	new_image
	same "-n -j -f -l 4M" "--dry-run --json --force --loglen 4M" mkfs "$IMG"
	json_is .log_len 4194304
	same "-n -j -s 32M" "--dry-run --json --size 32M" mkfs "$IMG.new"
	json_is .size 33554432
	same "-n -j -f -k" "--dry-run --json --force --kill" mkfs "$IMG"
}

@test "ls, stat, df, check and fmap dump" {
	new_image 64M
	run_famfs 0 mkdir "$IMG:/d"
	run_famfs 0 creat -s 2M "$IMG:/d/f"
	same "-l -R" "--long --recursive" ls "$IMG"
	has "$output" 'd/f'
	same "-a" "--all" ls "$IMG"
	same "-j" "--json" stat "$IMG:/d/f"
	same "" "--bytes" stat "$IMG:/d/f"
	has "$output" '2097152'
	same "-j" "--json" df "$IMG"
	same "-v" "--verbose" check "$IMG"
	run_famfs 0 fmap dump --format=raw -o short "$IMG:/d/f"
	run_famfs 0 fmap dump --format=raw --output long "$IMG:/d/f"
	cmp short long
	is "$(stat -c %s long)" 56
}
