#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# creat: sizes, owners, modes, space, and what the space holds.

load helpers

FIRST=$((10 * MiB)) # where the data begins behind a log of 8 MiB

@test "sizes: what is recorded, and the whole units that are taken" {
	new_image 64G
	local at=$FIRST name=0
	while read -r text size taken; do
		name=$((name + 1))
		run_famfs 0 creat --no-zero -s "$text" "$IMG:/f$name"
		is "$(extents /f$name)" "$at $taken" "extents of $text"
		json_is '.entries[0].size' "$size"
		at=$((at + taken))
	done <<-END
		1 1 2097152
		4096 4096 2097152
		4K 4096 2097152
		4k 4096 2097152
		4KiB 4096 2097152
		0.5k 512 2097152
		2M 2097152 2097152
		2097153 2097153 4194304
		1.5G 1610612736 1610612736
		3GiB 3221225472 3221225472
		0.001953125T 2147483648 2147483648
	END
	clean
}

@test "sizes that are refused, each named, nothing made" {
	new_image 64G
	while read -r text codes pattern; do
		refused "$codes" "$pattern" creat -s "$text" "$IMG:/a"
	done <<-'END'
		1T 1 no.space.*1\.0T
		1TiB 1 no.space
		9223372036854775808 1 no.space
		18446744073709551615 1 no.space
		18446744073709551616 2 18446744073709551616.*64.bits
		16777216T 2 64.bits
		4kb 2 4kb.*ambiguous
		4KB 2 4KB.*ambiguous
		4MB 2 ambiguous
		1e3 2 1e3.*not.a.size
		4x 2 4x
		4kk 2 4kk
		4KIB 2 4KIB
		0x1000 2 0x1000
		-1 2 -1
		+1 2 \+1
		1,5G 2 1,5G
		.5G 2 \.5G
		1.G 2 1\.G
		1.1 2 whole
		G 2 G
		0 1,2 0
		0k 1,2 0
		NaN 2 NaN
	END
	refused 2 'size' creat -s '' "$IMG:/a"
	refused 2 'size' creat -s ' 4k' "$IMG:/a"
	is "$(names)" ""
	clean
}

@test "modes: 0666 less the umask, or as given" {
	new_image 64M
	run_famfs 0 creat -s 1 "$IMG:/a"
	umask 077
	run_famfs 0 creat -s 1 "$IMG:/b"
	run_famfs 0 creat -s 1 -m 0777 "$IMG:/c"
	run_famfs 0 creat -s 1 --mode=4751 "$IMG:/d"
	run_famfs 0 creat -s 1 -m 0 "$IMG:/e"
	umask 0
	run_famfs 0 creat -s 1 "$IMG:/f"
	run_famfs 0 ls --json "$IMG"
	json_is '[.entries[].mode] | join(" ")' "0644 0600 0777 4751 0000 0666"
	local mode
	for mode in 8 0x1ff 10000 -1 rwx u+x '' 0o644 ' 644'; do
		refused 2 'octal' creat -s 1 -m "$mode" "$IMG:/z"
	done
	clean
}

@test "owners: the effective ones, numbers, names" {
	new_image 64M
	run_famfs 0 creat -s 1 "$IMG:/a"
	run_famfs 0 creat -s 1 -u 1000 -g 50 "$IMG:/b"
	run_famfs 0 creat -s 1 -u 4294967294 -g 0 "$IMG:/c"
	run_famfs 0 creat -s 1 -u root -g root "$IMG:/d"
	run_famfs 0 ls --json "$IMG"
	json_is '[.entries[] | "\(.uid):\(.gid)"] | join(" ")' \
		"$(id -u):$(id -g) 1000:50 4294967294:0 0:0"
	local id
	for id in 4294967295 4294967296 18446744073709551616 no-such-user -1 1.5 '' 0x10; do
		refused 2 . creat -s 1 -u "$id" "$IMG:/z"
		refused 2 . creat -s 1 -g "$id" "$IMG:/z"
	done
	refused 2 'no-such-user.*user' creat -s 1 -u no-such-user "$IMG:/z"
	refused 2 'no-such-group.*group' creat -s 1 -g no-such-group "$IMG:/z"
}

@test "what exists: the same size is done already, another is refused" {
	new_image 64M
	run_famfs 0 mkdir "$IMG:/d"
	run_famfs 0 creat -s 3M "$IMG:/a"
	local before
	before=$(sum "$IMG")
	run_famfs 0 creat -s 3M "$IMG:/a"
	run_famfs 0 creat --json -s 3145728 -m 0600 "$IMG:/a"
	json_is '"\(.created) \(.existing) \(.failed)"' '0 1 0'
	json_is '.results[0].status' exists
	refused 1 '/a.*3145728.*3145729' creat -s 3145729 "$IMG:/a"
	run_famfs 1 creat --json -s 1 "$IMG:/a"
	json_error_is EEXIST
	json_is '"\(.created) \(.existing) \(.failed)"' '0 0 1'
	json_is '.results[0] | "\(.status) \(.error.code)"' 'failed EEXIST'
	refused 1 '/d.*directory' creat -s 1 "$IMG:/d"
	run_famfs 1 creat --json -s 1 "$IMG:/d"
	json_error_is EISDIR
	refused 1 '/a.*(file|directory)' creat -s 1 "$IMG:/a/b"
	run_famfs 1 creat --json -s 1 "$IMG:/a/b"
	json_error_is ENOTDIR
	refused 1 '/no.*mkdir' creat -s 1 "$IMG:/no/b"
	run_famfs 1 creat --json -s 1 "$IMG:/no/b"
	json_error_is ENOENT
	unchanged "$before"
}

@test "several files: the others are made when one fails, none with --atomic" {
	new_image 64M
	run_famfs 1 creat --json -s 1M "$IMG:/a" "$IMG:/no/b" "$IMG:/c" "$IMG:/a"
	json_is '[.results[].status] | join(" ")' 'created failed created exists'
	json_is '"\(.created) \(.existing) \(.failed)"' '2 1 1'
	json_error_is ENOENT
	is "$(names)" "/a /c"
	local before
	before=$(sum "$IMG")
	run_famfs 1 creat --atomic --json -s 1M "$IMG:/d" "$IMG:/no/e" "$IMG:/f"
	json_is .created 0
	unchanged "$before"
	run_famfs 1 creat --atomic -s 30M "$IMG:/d" "$IMG:/e"
	unchanged "$before"
	run_famfs 0 creat --atomic -s 1M "$IMG:/d" "$IMG:/a" "$IMG:/f"
	is "$(names)" "/a /c /d /f"
	clean
}

@test "files on several devices in one command" {
	new_image
	run_famfs 0 mkfs -q --size 24M two.img
	run_famfs 0 creat -v -s 1M "$IMG:/a" two.img:/b "$IMG:/c"
	is "$(wc -l <"$OUT")" 3
	is "$(names)" "/a /c"
	is "$(names two.img)" "/b"
	run_famfs 1 creat -s 1M missing.img:/d "$IMG:/e"
	one_error 'missing.img'
	is "$(names)" "/a /c /e"
}

@test "results: silent, -v, JSON" {
	new_image 64M
	run_famfs 0 creat -s 1M "$IMG:/a"
	is "$output$stderr" ""
	run_famfs 0 creat -v -s 3M "$IMG:/b"
	has "$output" '^created /b 3\.0M one extent'
	run_famfs 0 creat --json -s 3M "$IMG:/c"
	json_is .device "$IMG"
	json_is .dry_run false
	json_is '.results[0] | "\(.path) \(.status) \(.size) \(.ext_type)"' '/c created 3145728 simple'
	json_is '.results[0].extents | tojson' "[{\"dev\":0,\"off\":$((16 * MiB)),\"len\":$((4 * MiB))}]"
	json_is '.timing_ns.create > 0' true
}

@test "new space reads as zeros, to the end of its last unit" {
	filled "$IMG" $((40 * MiB)) 377
	run_famfs 0 mkfs -q "$IMG"
	run_famfs 0 creat -s 2097153 "$IMG:/a"
	run_famfs 0 creat -s 4M -N 2 "$IMG:/wide"
	all_bytes $FIRST $((4 * MiB)) 000
	local off len
	while read -r off len; do
		all_bytes "$off" "$len" 000
		all_bytes $((off + len)) $((2 * MiB)) 377
	done < <(extents /wide | tr ',' '\n')
	clean
}

@test "--no-zero touches nothing of the space" {
	filled "$IMG" $((40 * MiB)) 377
	run_famfs 0 mkfs -q "$IMG"
	run_famfs 0 creat --no-zero -s 6M -N 3 "$IMG:/wide"
	run_famfs 0 creat --no-zero -s 5M "$IMG:/a"
	all_bytes $FIRST $((30 * MiB)) 377
	clean
}

@test "nothing outside the log and the file is touched" {
	filled "$IMG" $((40 * MiB)) 252
	run_famfs 0 mkfs -q "$IMG"
	cp "$IMG" before
	run_famfs 0 creat -s 4M "$IMG:/a"
	cmp -n "$AU" "$IMG" before
	cmp -i $((LOG + 48 + ENTRY)) -n $((8 * MiB - 48 - ENTRY)) "$IMG" before
	cmp -i $((14 * MiB)) "$IMG" before
}

@test "the entry on the media, field by field" {
	new_image 64M
	run_famfs 0 creat -s 5000000 -m 0640 -u 1001 -g 50 "$IMG:/model.bin"
	local at
	at=$(entry_at 0)
	is "$(peek $((LOG + 32)))" 1 next_seqnum
	is "$(peek $((LOG + 40)))" 1 next_index
	is "$(peek "$at")" 0 seqnum
	is "$(peek $((at + 8)) 4)" 0 type
	is "$(peek $((at + 16)))" 5000000 size
	is "$(peek $((at + 24)) 4)" 2 flags
	is "$(peek $((at + 28)) 4)" 1001 uid
	is "$(peek $((at + 32)) 4)" 50 gid
	is "$(peek $((at + 36)) 4)" $((0640)) mode
	is "$(slice $((at + 40)) 80 | tr -d '\0')" model.bin
	is "$(peek $((at + 120)))" 0 "extent type"
	is "$(peek $((at + 128)))" 1 extents
	is "$(peek $((at + 136)))" 0 "device index"
	is "$(peek $((at + 144)))" $FIRST offset
	is "$(peek $((at + 152)))" $((6 * MiB)) length
	all_bytes $((at + 160)) 376 000
	is "$(peek $((at + 536)))" "$(crc32 "$at" 536)" checksum
	all_bytes $((at + ENTRY)) 100000 000
}

@test "a sparse image stays sparse" {
	new_image 64G
	run_famfs 0 creat -s 32G "$IMG:/big"
	run_famfs 0 creat -s 16G -N 4 -B 8 "$IMG:/wide"
	[ "$(disk_kib "$IMG")" -lt 20000 ] || fail "takes $(disk_kib "$IMG") KiB"
	clean
}

@test "--dry-run says what would be and writes nothing" {
	new_image 64M
	local before
	before=$(sum "$IMG")
	run_famfs 0 creat -n -s 5M "$IMG:/a" "$IMG:/b"
	has "$output" 'would create /a'
	has "$output" 'would create /b'
	run_famfs 0 creat --dry-run --json -s 5M "$IMG:/a" "$IMG:/b"
	json_is .dry_run true
	json_is '[.results[].extents[0].off] | join(" ")' "$FIRST $((16 * MiB))"
	refused 1 '/no' creat -n -s 5M "$IMG:/no/a"
	refused 1 'no space' creat -n -s 50G "$IMG:/a"
	unchanged "$before"
	run_famfs 0 creat -s 5M "$IMG:/a" "$IMG:/b"
	is "$(extents /b)" "$((16 * MiB)) $((6 * MiB))"
}

@test "--contiguous: one extent or nothing" {
	new_image 64M
	run_famfs 0 creat --contiguous -s 54M "$IMG:/all"
	is "$(extents /all)" "$FIRST $((54 * MiB))"
	refused 2 'contiguous.*--nstrips' creat --contiguous -N 2 -s 4M "$IMG:/b"
	clean
}

@test "--sync makes the same file" {
	new_image
	run_famfs 0 creat --sync -s 4M "$IMG:/a"
	is "$(extents /a)" "$FIRST $((4 * MiB))"
	clean
}

@test "an image that may not be written" {
	new_image
	chmod 0444 "$IMG"
	run_bound 1 "$FAMFS" creat -s 1 "$IMG:/a"
	one_error 'permission'
	run_bound 1 "$FAMFS" mkdir --json "$IMG:/a"
	json_error_is EACCES
	run_bound 0 "$FAMFS" check "$IMG"
	chmod 0 "$IMG"
	run_bound 1 "$FAMFS" ls "$IMG"
	one_error 'permission'
}
