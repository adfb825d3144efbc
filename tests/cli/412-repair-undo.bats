#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# Where a repair's undo file goes, and repairs that cannot write it.

load helpers

# The second file has the place of the first, and goes.
hurt() { # [IMAGE]
	IMG=${1:-$IMG}
	new_image 64M
	run_famfs 0 creat -q -s 2M "$IMG:/a" "$IMG:/b" "$IMG:/c"
	poke "$(entry_at 1 144)" 8 "$(peek "$(entry_at 0 144)")"
	seal_entry 1
	before=$(sum "$IMG")
}

@test "an undo file never goes through a symbolic link" {
	hurt
	echo precious >target
	ln -s target link
	ln -s nowhere dangling
	for name in link dangling; do
		run_famfs 8 check -y --undo $name "$IMG"
		one_error 'replaces nothing.*--undo'
		unchanged "$before"
	done
	is "$(<target)" precious
	[ ! -e nowhere ]
	# A directory on the way may be one.
	mkdir real
	ln -s real way
	run_famfs 1 check -y --undo way/u "$IMG"
	[ -s real/u ]
	run_famfs 0 image restore -q way/u "$IMG"
	unchanged "$before"
}

@test "an image in a directory that cannot be written: in the state directory" {
	export XDG_STATE_HOME=$PWD/state
	mkdir theirs
	hurt "$PWD/theirs/x.img"
	chmod 555 theirs
	run_bound 1 "$FAMFS" check -y "$IMG"
	is "$(find theirs -type f | wc -l)" 1
	is "$(find state -name 'x.img.*.undo' | wc -l)" 1
	run_bound 0 "$FAMFS" image restore -q "$(find state -name '*.undo')" "$IMG"
	unchanged "$before"
	run_bound 8 "$FAMFS" check -y --undo theirs/u "$IMG"
	one_error 'theirs/u: the undo file cannot be made.*--undo'
	unchanged "$before"
}

@test "paths with spaces and line breaks" {
	local undo
	mkdir $'a dir\nof two lines'
	hurt "$PWD"/$'a dir\nof two lines/an image\n.img'
	run_famfs 1 check -y "$IMG"
	undo=$(find . -name '*.undo' -print0 | tr -d '\0')
	[ -s "$undo" ]
	run_famfs 0 image restore -q "$undo" "$IMG"
	unchanged "$before"
	run_famfs 1 check -y --undo $'an undo\nfile' "$IMG"
	run_famfs 0 image restore -q $'an undo\nfile' "$IMG"
	unchanged "$before"
	run_famfs 8 check -y --undo $'an undo\nfile' "$IMG"
	one_error 'replaces nothing'
}

@test "the command that takes everything back can be pasted, whatever the names are" {
	local name line
	mkdir bin "it's; a dir"
	printf '#!/bin/bash\nexec "%s" "$@"\n' "$FAMFS" >bin/famfs
	chmod +x bin/famfs
	PATH=$PWD/bin:$PATH
	for name in plain.img "it's; a dir/an \$(touch bad) i;mage.img" \
		$'two\nlines; touch bad\e[31m.img' -x.img 'ünder.img'; do
		hurt "$PWD/$name"
		run_famfs 1 check -y -- "$name"
		line=$(grep 'to take everything back' "$OUT")
		hasnt "$line" $'\e'
		bash -c "${line##*to take everything back: }" >/dev/null
		unchanged "$before"
		[ ! -e bad ]
	done
}

@test "no room for the undo file: nothing is stored, and nothing left" {
	requires_root
	mkdir full
	# shellcheck disable=SC2016 # the other shell's
	in_full='mount -t tmpfs -o size=4096 none full || exit 77
		head -c 4096 /dev/zero >full/all; "$@"; rc=$?; ls -A full; exit $rc'
	unshare -m bash -c "$in_full" - true >/dev/null 2>&1 || skip "no file system can be mounted"
	hurt
	run_program 8 unshare -m bash -c "$in_full" - "$FAMFS" check -y --undo full/u "$IMG"
	one_error 'full/u: .*No space left'
	is "${output##*$'\n'}" all
	unchanged "$before"
}
