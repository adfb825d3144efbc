#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# Faults in commands that copy and compare bytes.
load faults

@test "cp into a file system" {
	start
	both clean 'dev\.img' cp -r src dev.img:/
}

@test "cp out of a file system" {
	start
	both clean 'dev\.img|to(/dir(/one)?|/two|/dealt)?' cp -r dev.img:/ to
}

@test "cp between two file systems" {
	start
	"$FAMFS" mkfs -q --size 64M start/to.img
	both clean 'dev\.img|to\.img' cp -r dev.img:/dir dev.img:/two to.img:/
}

@test "cp from an archive, and into one" {
	requires tar
	start
	tar -C start -cf start/src/in.tar src/a src/b
	most=3 both clean 'dev\.img' cp --tar src/in.tar dev.img:/
	both clean 'dev\.img|out\.tar' cp --tar -r dev.img:/ out.tar
}

@test "verify by sums, made and compared" {
	start
	both clean 'dev\.img|SUMS' verify --make-manifest -o SUMS dev.img
	"$FAMFS" verify --make-manifest start/dev.img >start/src/SUMS
	both clean 'dev\.img' verify --manifest src/SUMS dev.img
}
