#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the helpers set them; run_shell expands
# cp --tar into a famfs: bad archives, wrong uses, signals, no room.
load helpers
load tar

@test "an archive that is cut off leaves what was complete" {
	local at name
	mkdir t
	seq 1000 >t/one
	seq 500000 >t/two
	tar -cf a.tar -C t one two
	# In the bytes of a small file and of a large one.
	for at in 512 2000 10000 3000000; do
		rm -f "$IMG"
		new_image
		head -c $at a.tar >cut.tar
		name=one
		[ "$at" -lt 5000 ] || name=two
		refused 1 "cut.tar: $name: .*cut off" cp --tar cut.tar "$IMG:/d"
		if [ $name = two ]; then
			is "$(names)" "/d /d/one"
			run_shell 0 '"$1" cat "$2" | cmp - t/one' "$FAMFS" "$IMG:/d/one"
		fi
		clean
		# With the whole archive it goes on where it ended.
		run_famfs 0 cp --tar a.tar "$IMG:/d"
		same_tree t /d
	done
	# In a header, and between two entries.
	for at in 4700 4608; do
		rm -f "$IMG"
		new_image
		head -c $at a.tar >cut.tar
		refused 1 'cut.tar: .*cut off' cp --tar cut.tar "$IMG:/d"
		is "$(names)" "/d /d/one"
		clean
	done
	gzip a.tar
	head -c 100000 a.tar.gz >cut.gz
	refused 1 'two: .*cut off' cp --tar cut.gz "$IMG:/e"
	is "$(names)" "/d /d/one /e /e/one"
	clean
}

@test "what is no archive is refused with one line" {
	new_image
	: >nothing
	seq 100000 >text
	refused 1 'nothing: not a tar archive' cp --tar nothing "$IMG:/"
	refused 1 'text: not a tar archive' cp --tar text "$IMG:/"
	refused 1 'none: no such file' cp --tar none "$IMG:/"
	refused 1 'is a directory' cp --tar . "$IMG:/"
	run_shell 1 '"$1" cp --tar - "$2" <text' "$FAMFS" "$IMG:/"
	one_error 'standard input: not a tar archive'
	run_famfs 1 --json cp --tar text "$IMG:/"
	json_error_is EBADMSG
	is "$(names)" ""
	# An empty archive is one.
	tar -cf empty.tar -T /dev/null
	run_famfs 0 cp --tar empty.tar "$IMG:/"
}

@test "wrong uses" {
	new_image
	seq 5 >a
	tar -cf a.tar a
	refused 2 'one archive' cp --tar a.tar a.tar "$IMG:/"
	refused 2 'both sides' cp --tar "$IMG:/a" "$IMG:/b"
	refused 2 'is local' cp --tar a.tar b.tar
	refused 2 '--sparse' cp --tar --sparse -r "$IMG:/" b.tar
	refused 2 '--size' cp --tar --size 4k - "$IMG:/b"
	refused 2 'layout' cp --tar -N 2 -r "$IMG:/" b.tar
	[ ! -e b.tar ]
}

@test "no room: what fits is there, the file that does not is named" {
	mkdir t
	seq 5 >t/a
	truncate -s 100M t/b
	seq 6 >t/c
	tar -S -cf a.tar -C t a b c
	new_image 24M
	run_famfs 1 cp --tar a.tar "$IMG:/"
	has "$(<"$ERR")" 'b: .*no space|no room'
	is "$(names)" "/a"
	run_famfs 1 cp --tar --keep-going a.tar "$IMG:/"
	is "$(names)" "/a /c"
	clean
}

@test "names and owners that a famfs cannot hold" {
	mkdir t
	seq 5 >t/a
	seq 6 >t/$'new\nline'
	seq 7 >t/"$(printf 'x%.0s' {1..90})"
	tar -cf a.tar -C t --sort=name .
	new_image
	run_famfs 1 cp --tar --keep-going a.tar "$IMG:/"
	is "$(wc -l <"$ERR")" 2 lines
	is "$(names)" "/a"
	tar --format=pax --pax-option='uid:=5000000000' -cf b.tar -C t a
	refused 1 'owner 5000000000' cp --tar -q b.tar "$IMG:/b"
	clean
}

@test "a signal leaves what was complete, exit 143" {
	local code=0
	make_tree t
	tar -cf a.tar -C t one sub/two sub/deep/three
	new_image 64M
	unpack_half 2000000
	kill -TERM "$pid"
	wait "$pid" || code=$?
	exec 7>&-
	is $code 143
	is "$(cat err)" "famfs cp: cancelled"
	hasnt "$(names)" two
	clean
	run_famfs 0 cp --tar a.tar "$IMG:/d"
	same_tree t /d
}

@test "killed in the middle: the file system is clean, and the rest can be done" {
	local code=0 bytes
	make_tree t
	tar -cf a.tar -C t one sub/two sub/deep/three
	for bytes in 100000 3000000 4000000; do
		rm -f "$IMG" fifo
		new_image 64M
		unpack_half "$bytes"
		kill -KILL "$pid"
		wait "$pid" || code=$?
		exec 7>&-
		is $code 137
		clean
		run_famfs 0 cp --tar a.tar "$IMG:/d"
		same_tree t /d
	done
}

@test "others can append while an archive comes slowly" {
	make_tree t
	tar -cf a.tar -C t sub/two
	new_image 64M
	unpack_half 2000000
	run_famfs 0 creat -s 4096 "$IMG:/other"
	tail -c +2000001 a.tar >&7
	exec 7>&-
	wait "$pid"
	is "$(names)" "/d /d/sub /d/sub/two /other"
	run_shell 0 '"$1" cat "$2" | cmp - t/sub/two' "$FAMFS" "$IMG:/d/sub/two"
	clean
}

@test "a client is refused once" {
	seq 5 >a
	tar -cf a.tar a
	new_image
	FAMFS_SYSTEM_UUID=$OTHER run_famfs 1 cp --tar -q a.tar "$IMG:/"
	one_error "$MASTER"
	FAMFS_SYSTEM_UUID=$OTHER run_famfs 0 cp --tar -r "$IMG:/" out.tar
}
