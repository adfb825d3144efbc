#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# mkdir.

load helpers

modes() { # the last --json's paths and modes
	json '[.entries[] | "\(.path)=\(.mode)"] | join(" ")'
}

@test "modes and owners" {
	new_image
	run_famfs 0 mkdir "$IMG:/a"
	umask 077
	run_famfs 0 mkdir "$IMG:/b"
	run_famfs 0 mkdir -m 1777 -u 1000 -g 50 "$IMG:/c"
	umask 0
	run_famfs 0 mkdir "$IMG:/d"
	run_famfs 0 ls --json "$IMG"
	is "$(modes)" "/a=0755 /b=0700 /c=1777 /d=0777"
	json_is '[.entries[] | "\(.uid):\(.gid)"] | unique | length' 2
	json_is '.entries[2] | "\(.uid):\(.gid) \(.type)"' "1000:50 dir"
	refused 2 'octal' mkdir -m 999 "$IMG:/e"
	refused 2 'user' mkdir -u no-such-user "$IMG:/e"
	clean
}

@test "parents can be entered and filled, whatever the umask" {
	new_image
	umask 0377
	run_famfs 0 mkdir -p "$IMG:/a/b/c"
	run_famfs 0 mkdir -p -m 0500 -u 1000 -g 50 "$IMG:/a/d/e"
	umask 0777
	run_famfs 0 mkdir -p "$IMG:/f/g"
	umask 022
	run_famfs 0 ls -R --json "$IMG"
	is "$(modes)" "/a=0700 /a/b=0700 /a/b/c=0400 /a/d=0700 /a/d/e=0500 /f=0300 /f/g=0000"
	json_is '[.entries[] | select(.path | test("^/a/d")) | "\(.uid):\(.gid)"] | join(" ")' \
		'1000:50 1000:50'
	clean
}

@test "the entry on the media, field by field" {
	new_image
	run_famfs 0 mkdir -m 0750 -u 1001 -g 51 "$IMG:/sub"
	local at
	at=$(entry_at 0)
	is "$(peek "$at")" 0 seqnum
	is "$(peek $((at + 8)) 4)" 1 type
	is "$(peek $((at + 12)) 4)" 0 pad
	is "$(peek $((at + 16)) 4)" 1001 uid
	is "$(peek $((at + 20)) 4)" 51 gid
	is "$(peek $((at + 24)) 4)" $((0750)) mode
	is "$(slice $((at + 28)) 80 | tr -d '\0')" sub
	all_bytes $((at + 108)) 428 000
	is "$(peek $((at + 536)))" "$(crc32 "$at" 536)" checksum
}

@test "-p makes the parents, and is content with what exists" {
	new_image
	refused 1 '/a.*mkdir -p' mkdir "$IMG:/a/b/c"
	run_famfs 0 mkdir -p -m 0700 "$IMG:/a/b/c"
	run_famfs 0 ls -R --json "$IMG"
	has "$(modes)" '/a/b/c=0700'
	json_is '[.entries[].path] | join(" ")' "/a /a/b /a/b/c"
	local before
	before=$(sum "$IMG")
	run_famfs 0 mkdir -p "$IMG:/a/b/c" "$IMG:/a" "$IMG:/"
	run_famfs 0 mkdir --parents --json "$IMG:/a/b"
	json_is '.results[0].status' exists
	unchanged "$before"
	run_famfs 0 mkdir -p "$IMG:/a/b/d/e" "$IMG:/a/b/d/f"
	is "$(names)" "/a /a/b /a/b/c /a/b/d /a/b/d/e /a/b/d/f"
	clean
}

@test "what exists is refused without -p, a file always" {
	new_image
	run_famfs 0 mkdir "$IMG:/d"
	run_famfs 0 creat -s 1 "$IMG:/f"
	refused 1 '/d.*exists' mkdir "$IMG:/d"
	refused 1 '/f.*file' mkdir "$IMG:/f"
	refused 1 '/f.*file' mkdir -p "$IMG:/f"
	refused 1 '/f.*file' mkdir -p "$IMG:/f/g/h"
	run_famfs 1 mkdir --json "$IMG:/d"
	json_error_is EEXIST
	run_famfs 1 mkdir --json -p "$IMG:/f/g"
	json_error_is ENOTDIR
	is "$(names)" "/d /f"
}

@test "several: the others are made when one fails" {
	new_image
	run_famfs 1 mkdir --json "$IMG:/a" "$IMG:/no/b" "$IMG:/a/c" "$IMG:/a"
	json_is '[.results[].status] | join(" ")' 'created failed created failed'
	json_is '"\(.created) \(.existing) \(.failed)"' '2 0 2'
	json_error_is ENOENT EEXIST
	is "$(names)" "/a /a/c"
	clean
}

@test "-v, --dry-run" {
	new_image
	run_famfs 0 mkdir -v "$IMG:/a"
	is "$output" "created /a"
	local before
	before=$(sum "$IMG")
	run_famfs 0 mkdir -n -p "$IMG:/b/c"
	has "$output" 'would create /b'
	run_famfs 0 mkdir -n --json "$IMG:/b"
	json_is '"\(.dry_run) \(.created)"' 'true 1'
	refused 1 '/no' mkdir -n "$IMG:/no/b"
	unchanged "$before"
}

@test "thirty-nine levels" {
	new_image
	local path
	path=$(printf '/d%.0s' {1..39})
	run_famfs 0 mkdir -p "$IMG:$path"
	run_famfs 0 ls -R --json "$IMG"
	json_is '.entries | length' 39
	run_famfs 0 creat -s 1 "$IMG:${path%/d}/f"
	clean
}
