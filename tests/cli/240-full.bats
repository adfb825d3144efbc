#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# Full logs, full devices, full disks, and space in pieces.

load helpers

manifest() { # FILES SIZE
	awk -v n="$1" -v size="$2" \
		'BEGIN { for (i = 0; i < n; i++) printf "{\"path\":\"f%d\",\"size\":%s}\n", i, size }'
}

@test "a full log: every slot is used, then refused" {
	new_image 16G -l 2M
	manifest 3855 1 >m
	run_famfs 1 creat --no-zero --json --from m "$IMG"
	json_is '"\(.created) \(.failed)"' '3854 1'
	json_error_is ENOSPC
	has "$stderr" 'log is full.*3854'
	clean
	run_famfs 0 df --json "$IMG"
	json_is '.filesystems[0] | "\(.log_used) \(.log_slots) \(.files)"' '3854 3854 3854'
	local before
	before=$(slice 0 $((4 * MiB)) | cksum)
	refused 1 'log is full' creat -s 1 "$IMG:/one"
	refused 1 'log is full' mkdir "$IMG:/dir"
	run_famfs 0 creat -s 1 "$IMG:/f0"
	is "$(slice 0 $((4 * MiB)) | cksum)" "$before"
}

@test "a log that is filled by one file too many takes none with --atomic" {
	new_image 16G -l 2M
	manifest 3855 1 >m
	run_famfs 1 creat --no-zero --atomic --from m "$IMG"
	is "$(names)" ""
	head -n 3854 m >fits
	run_famfs 0 creat --no-zero --atomic --from fits "$IMG"
	clean
}

@test "mkdir -p that does not fit the log" {
	new_image 16G -l 2M
	manifest 3853 1 | run_famfs 0 creat -q --no-zero --from - "$IMG"
	run_famfs 1 mkdir -p "$IMG:/a/b/c"
	one_error 'log is full'
	clean
	run_famfs 0,1 mkdir -p "$IMG:/a"
	clean
}

@test "a full device" {
	new_image 64M -l 2M
	run_famfs 0 df --json "$IMG"
	json_is '.filesystems[0] | "\(.free) \(.largest_free)"' "$((60 * MiB)) $((60 * MiB))"
	refused 1 'no space.*60\.0M' creat -s $((60 * MiB + 1)) "$IMG:/a"
	run_famfs 0 creat -s 60M "$IMG:/a"
	run_famfs 0 df --json "$IMG"
	json_is '.filesystems[0] | "\(.free) \(.largest_free) \(.used)"' "0 0 $((64 * MiB))"
	refused 1 'no space' creat -s 1 "$IMG:/b"
	run_famfs 1 creat --json -s 1 "$IMG:/b"
	json_error_is ENOSPC
	run_famfs 0 mkdir "$IMG:/dirs-need-none"
	clean
}

# 64 buckets of 8 MiB, a unit of each taken: two lie side by side, and 12 MiB are free between pairs.
fragmented() {
	new_image 512M -l 2M
	local i
	for i in 1 2 3 4; do
		run_famfs 0 creat -s 32M -N 16 -B 64 "$IMG:/comb$i"
	done
	run_famfs 0 df --json "$IMG"
	json_is '.filesystems[0].free' $((512 * MiB - 4 * MiB - 128 * MiB))
	PIECE=$(json '.filesystems[0].largest_free')
	is "$PIECE" $((12 * MiB)) "the longest free run"
}

@test "one extent when a run is long enough, else up to 16" {
	fragmented
	run_famfs 0 creat -s $((PIECE)) "$IMG:/one"
	is "$(extents /one | tr -cd ',' | wc -c)" 0
	run_famfs 0 creat -s $((PIECE + 1)) "$IMG:/two"
	is "$(extents /two | tr -cd ',' | wc -c)" 1
	refused 1 "no space.*12\.0M" creat -s $((16 * PIECE + 1)) "$IMG:/more"
	run_famfs 0 creat -s $((16 * PIECE)) "$IMG:/sixteen"
	is "$(extents /sixteen | tr -cd ',' | wc -c)" 15
	clean
	run_famfs 0 fmap dump --json "$IMG:/sixteen"
	json_is '"\(.nextents) \(.kernel_rc) \(.unsafe | length)"' '16 0 0'
	json_is '[.extents[].len] | add' $((16 * PIECE))
}

@test "--contiguous in fragmented space: refused with the longest run" {
	fragmented
	refused 1 'one piece.*12\.0M' creat --contiguous -s $((PIECE + 1)) "$IMG:/a"
	run_famfs 0 creat --contiguous -s "$PIECE" "$IMG:/b"
	is "$(extents /b | tr -cd ',' | wc -c)" 0
	clean
}

@test "interleaved over what is left" {
	fragmented
	run_famfs 0 creat -s 96M -N 16 -B 64 "$IMG:/wide"
	run_famfs 1 creat -s 112M -N 16 -B 64 "$IMG:/wider"
	one_error 'no space|bucket'
	clean
}

# A disk of 3 MiB of memory with an image on it.
on_small_disk() { # RC ARGUMENT...
	local rc=$1
	shift
	run_program "$rc" unshare -m sh -c 'mount -t tmpfs -o size=3m none disk || exit 99
		'"$SCRIPT" - "$FAMFS" "$@"
}

@test "a full disk under an image: an error, no signal, nothing lost" {
	requires_root
	requires unshare mount
	mkdir disk
	unshare -m mount -t tmpfs none disk 2>/dev/null || skip "nothing can be mounted here"
	manifest 2000 1 >m
	manifest 15000 1 >many
	# shellcheck disable=SC2016 # for the inner shell
	local SCRIPT='"$1" mkfs -q --size 64G disk/img && "$1" creat -q --from m disk/img || exit 98
		"$1" creat --from many --no-zero disk/img; rc=$?
		"$1" check --json disk/img >check.json; echo $? >check.rc
		"$1" ls --json disk/img >ls.json
		exit $rc'
	on_small_disk 1
	has "$stderr" 'no space left on|disk'
	has "$stderr" '; make room'
	is "$(<check.rc)" 0
	local made
	made=$(sed -n 's/^\([0-9]*\) created.*/\1/p' "$OUT")
	is "$(jq '.entries | length' ls.json)" $((2000 + made)) "files there after the disk was full"
	[ "$made" -gt 1000 ]
}

@test "a full disk under mkfs" {
	requires_root
	requires unshare mount
	mkdir disk
	unshare -m mount -t tmpfs none disk 2>/dev/null || skip "nothing can be mounted here"
	# shellcheck disable=SC2016 # for the inner shell
	local SCRIPT='head -c 4M /dev/zero >disk/filler 2>/dev/null
		"$1" mkfs --size 64M disk/img; rc=$?
		[ $rc -eq 0 ] || [ ! -e disk/img ] || exit 97
		exit $rc'
	on_small_disk 1
	one_error 'disk/img.*space'
}

@test "a limit on file sizes is an error too" {
	run_shell 1 'ulimit -f 1024; "$@"' "$FAMFS" mkfs --size 64M "$IMG"
	one_error 'dev.img'
	[ ! -e "$IMG" ]
	refused 1 'dev.img' mkfs --size 8388608T "$IMG"
	[ ! -e "$IMG" ]
}
