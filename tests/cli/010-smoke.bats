#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# The main job, end to end, as a newcomer does it.

load helpers

@test "version and help" {
	run_famfs 0 --version
	has "$output" '^famfs [0-9]+\.[0-9]+\.[0-9]+$'
	run_famfs 0 --help
	local cmd
	for cmd in mkfs creat mkdir ls stat df fmap check help; do
		has "$output" "(^|[^a-z])$cmd([^a-z]|$)"
	done
	run_famfs 0 help
	run_famfs 0 --usage
	has "$output" '^usage: famfs'
}

@test "the main job on an image" {
	run_famfs 0 mkfs --size 256M "$IMG"
	has "$output" 'dev.img'
	run_famfs 0 mkdir "$IMG:/data" "$IMG:/data/sub"
	run_famfs 0 creat -s 5M "$IMG:/data/one"
	is "$output$stderr" "" "output of creat"
	run_famfs 0 creat -s 16M -N 4 -B 8 -C 2M "$IMG:/data/sub/wide"
	run_famfs 0 ls "$IMG"
	is "$output" "data"
	run_famfs 0 ls -lR "$IMG"
	has "$output" 'drwxr-xr-x.*data'
	has "$output" '-rw-r--r--.*5242880.*1 extent.*one'
	has "$output" '-rw-r--r--.*16777216.*4x2.*wide'
	run_famfs 0 stat "$IMG:/data/sub/wide"
	has "$output" '/data/sub/wide'
	run_famfs 0 df "$IMG"
	has "$output" 'master'
	run_famfs 0 fmap dump "$IMG:/data/sub/wide"
	has "$output" 'strip'
	run_famfs 0 check "$IMG"
	has "$output" "dev.img: clean, 2 files, 2 directories, 4 of 15420 log entries used"
	clean
}

@test "mkfs.famfs and fsck.famfs are the same program by name" {
	run_famfs 0 mkfs -q --size 64M "$IMG"
	run_as mkfs.famfs 1 "$IMG"
	one_error '^mkfs\.famfs: '
	run_as mkfs.famfs 0 --force "$IMG"
	run_as fsck.famfs 0 -a "$IMG"
	has "$output" 'clean'
	run_as fsck.famfs 16 --nonsense "$IMG"
	one_error '^fsck\.famfs: '
}
