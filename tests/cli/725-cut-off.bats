#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# Repairs, restores and new default geometries that are interrupted, or killed, before each system
# call that locks, writes or syncs: the old state, the new one, or one that is marked as neither. As
# soon as the old one is touched there is a whole undo file; before that there is none, not even a
# part.

load helpers
load traced

requires_nameless_files() {
	python3 - . <<-'EOF' || skip "no files without a name on this file system"
		import os, sys
		os.close(os.open(sys.argv[1], os.O_TMPFILE | os.O_WRONLY))
	EOF
}

# Superblock, log and the first allocation unit of files.
FRONT=$((6 * MiB))

front() {
	slice 0 $FRONT | cksum
}

# 40 files; the second has the place of the first, and goes when it is repaired.
hurt() {
	new_image 256M -l 2M
	run_famfs 0 creat -q --no-zero -s 2M "$IMG":/f{1..40}
	poke "$(entry_at 1 144)" 8 "$(peek "$(entry_at 0 144)")"
	seal_entry 1
	slice 0 $FRONT >old
	mkdir to
}

# What is there of the three, where OLD and the count of files of the new log are known.
state() { # OLD FILES
	[ "$(front)" != "$1" ] || { echo old && return; }
	run_famfs 0,4,8 check --json "$IMG"
	if [ "$status" -eq 0 ]; then
		json_is .summary.files "$2"
		echo new
	else
		json_is '[.findings[].code] | contains(["log_rewrite"])' true
		echo marked
	fi
}

# Is what a cut left allowed, and does the undo file, if there is one, bring back what was there?
judge() { # OLD FILES
	local is
	is=$(state "$1" "$2")
	seen+=" $is"
	is "$(ls -A to)" "$([ ! -e to/u ] || echo u)"
	[ "$is" = old ] || [ -e to/u ]
	[ ! -e to/u ] || run_famfs 0 image show to/u
	[ ! -e to/u ] || run_famfs 0 image restore -q --undo to/v to/u "$IMG"
	is "$(front)" "$1" "what the undo file brought back"
}

# Cuts a command off before each call. CODES: what it may end with.
cut_off() { # SIGNAL CODES FILES COMMAND...
	local signal=$1 codes=$2 files=$3 call n old seen=
	shift 3
	old=$(front)
	for call in flock fcntl write pwrite64 fallocate fsync linkat fdatasync; do
		for ((n = 1; ; n++)); do
			dd if=old of="$IMG" bs=1M conv=notrunc status=none
			rm -f to/* met
			run_program "$codes" "$ATCALL" $call $n \
				"kill -$signal \$PID; : >met" "$FAMFS" "$@"
			[ -e met ] || break
			echo "SIG$signal at $call $n: exit $status"
			judge "$old" "$files"
		done
	done
	has "$seen" 'old.*new'
}

@test "check --repair, interrupted" {
	requires_nameless_files
	hurt
	cut_off INT 1,32 39 check -y --undo to/u "$IMG"
}

@test "check --repair, killed" {
	requires_nameless_files
	hurt
	cut_off KILL 1,137 39 check -y --undo to/u "$IMG"
}

restore() { # SIGNAL CODES
	requires_nameless_files
	hurt
	cp --sparse=always "$IMG" other.img
	run_famfs 0 mkfs -q --force -l 2M other.img
	run_famfs 0 creat -q --no-zero -s 2M other.img:/{x,y,z}
	run_famfs 0 image dump -q other.img new.fmi
	cut_off "$1" "$2" 3 image restore --force --undo to/u new.fmi "$IMG"
}

@test "image restore, interrupted" {
	restore INT 0,1,77,130
}

@test "image restore, killed" {
	restore KILL 0,77,137
}

CFG=/.meta/.alloc.cfg

# An image whose default is -N 4, and the file of the new one, -N 2, in "new".
default() {
	requires_nameless_files
	new_image 256M -l 2M
	run_famfs 0 interleave default -q -N 2 "$IMG"
	run_shell 0 '"$1" cat "$2" >new' "$FAMFS" "$IMG:$CFG"
	run_famfs 0 mkfs -q --force -l 2M "$IMG"
	run_famfs 0 interleave default -q -N 4 "$IMG"
	slice 0 $FRONT >old
	mkdir to
}

# In the place of the one for logs: no mark is needed where one store is all.
default_state() { # OLD
	[ "$(front)" != "$1" ] || { echo old && return; }
	clean
	run_shell 0 '"$1" cat "$2" | cmp - new' "$FAMFS" "$IMG:$CFG"
	echo new
}

@test "interleave default, interrupted" {
	default
	state() { default_state "$@"; }
	cut_off INT 0,77,130 '' interleave default -q -N 2 --undo to/u "$IMG"
}

@test "interleave default, killed" {
	default
	state() { default_state "$@"; }
	cut_off KILL 0,77,137 '' interleave default -q -N 2 --undo to/u "$IMG"
}

@test "the first default, killed: none is set, or all of it" {
	local n seen=
	default
	run_famfs 0 mkfs -q --force -l 2M "$IMG"
	slice 0 $FRONT >none
	for ((n = 1; ; n++)); do
		dd if=none of="$IMG" bs=1M conv=notrunc status=none
		run_program 77,137 "$ATCALL" any $n kill "$FAMFS" interleave default -q -N 2 "$IMG"
		[ "$status" -ne 77 ] || break
		clean
		run_famfs 0 ls --json -R "$IMG"
		seen+=" $(json '.entries | length')"
		[ "$(json '.entries | length')" -eq 0 ] ||
			run_shell 0 '"$1" cat "$2" | cmp - new' "$FAMFS" "$IMG:$CFG"
		run_famfs 0 interleave default -q -N 4 --undo to/u "$IMG"
		rm -f to/u
	done
	has "$seen" '^( 0)+( 1)+$'
}
