#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the helpers set them; run_shell expands
# cp --tar out of a famfs, and round trips.
load helpers
load tar

@test "names keep their bytes, both ways" {
	mkdir t
	printf 1 >t/$'\xc3\xa9'  # one character
	printf 22 >t/$'e\xcc\x81' # the same to the eye
	printf 333 >t/'with  space'
	printf 4444 >t/-dash
	for format in pax gnu; do
		rm -f "$IMG"
		new_image
		tar --format=$format -cf a.tar -C t .
		run_famfs 0 cp --tar a.tar "$IMG:/"
		same_tree t
	done
	run_famfs 0 cp --tar -r "$IMG:/" out.tar
	mkdir u
	tar -xf out.tar -C u
	diff -r t u
}

@test "GNU tar reads what is packed: names below the directory, in order, without a time" {
	make_tree t
	tar --owner=:1234 --group=:567 -cf a.tar -C t .
	new_image 64M
	run_famfs 0 cp --tar a.tar "$IMG:/d"
	run_famfs 0 cp --tar -r "$IMG:/d" out.tar
	is "$output$stderr" "" said
	is "$(tar --numeric-owner --utc -tvf out.tar | tr -s ' ' | cut -d ' ' -f 1-2,4-)" \
		"-rw-r----- 1234/567 1970-01-01 00:00 one
drwxr-x--x 1234/567 1970-01-01 00:00 sub/
drwxr-xr-x 1234/567 1970-01-01 00:00 sub/deep/
-rw-r--r-- 1234/567 1970-01-01 00:00 sub/deep/three
-rws--x--x 1234/567 1970-01-01 00:00 sub/two"
	is "$(tar -df out.tar -C t 2>&1 | grep -v 'Uid\|Gid\|Mod time')" "" differences
	is "$(stat -c %a out.tar)" 644 "mode of the archive"
	is $(($(stat -c %s out.tar) % 10240)) 0 "size in records"
	# The same tree makes the same archive.
	run_shell 0 '"$1" cp --tar -r "$2" - | cmp - out.tar' "$FAMFS" "$IMG:/d"
	# One file goes by its own name.
	run_famfs 0 cp --tar "$IMG:/d/sub/two" one.tar
	is "$(tar -tf one.tar)" two
	refused 1 'with -r only' cp --tar "$IMG:/d" no.tar
	refused 1 'no such file' cp --tar -r "$IMG:/none" no.tar
	[ ! -e no.tar ]
}

@test "a tree moves through a pipe" {
	local a=$BATS_TEST_TMPDIR/a.img b=$BATS_TEST_TMPDIR/b.img
	make_tree t
	tar --owner=:1234 --group=:567 -cf a.tar -C t .
	run_famfs 0 mkfs -q --size 64M "$a"
	run_famfs 0 mkfs -q --size 64M "$b"
	run_famfs 0 cp --tar a.tar "$a:/d"
	run_shell 0 'set -o pipefail; "$1" cp --tar -r "$2" - | "$1" cp --tar - "$3"' \
		"$FAMFS" "$a:/d" "$b:/"
	same_tree t / "$b"
	is "$(listing "$b:/" "")" "$(listing "$a:/d" /d)" "the listing"
	clean "$b"
}

@test "thousands of files, of all sizes around what is kept in memory" {
	local i
	mkdir -p t/many
	for ((i = 0; i < 3000; i++)); do
		printf '%*d' $((i % 50 + 1)) $i >t/many/$i
	done
	for i in 1048575 1048576 1048577; do
		seq 200000 | head -c $i >t/many/size$i
	done
	tar -cf a.tar -C t .
	new_image 8G
	run_famfs 0 cp --tar --json a.tar "$IMG:/"
	json_is '"\(.copied) \(.failed)"' "3003 0"
	run_famfs 0 cp --tar -r "$IMG:/" out.tar
	mkdir u
	tar -xf out.tar -C u
	diff -r t u
	clean
}

@test "packing: nothing half made is left" {
	make_tree t
	new_image 64M
	tar -cf a.tar -C t .
	run_famfs 0 cp --tar a.tar "$IMG:/"
	refused 1 'is the image' cp --tar -r "$IMG:/" "$IMG"
	refused 1 'is a directory' cp --tar -r "$IMG:/" t
	refused 1 'No such file' cp --tar -r "$IMG:/" none/out.tar
	[ ! -e /dev/full ] || refused 1 'No space left' cp --tar -r "$IMG:/" /dev/full
	run_shell 141 'set -o pipefail; "$1" cp --tar -r "$2" - | true' "$FAMFS" "$IMG:/"
	is "$stderr" "" said
	# The image ends before the last file: its name and the offset, and no archive.
	local off
	off=$(extents /sub/two | cut -d ' ' -f 1)
	truncate -s $((off + MiB)) "$IMG"
	echo kept >old.tar
	run_famfs 1 cp --tar -r "$IMG:/" old.tar
	is "$(cat old.tar)" kept
	is "$(find . -name '.famfs-*')" "" "left over"
}

@test "an archive in a symbolic link's place is written through it" {
	make_tree t
	new_image 64M
	tar -cf a.tar -C t .
	run_famfs 0 cp --tar a.tar "$IMG:/"
	mkdir real
	: >real/out.tar
	ln -s real/out.tar link.tar
	run_famfs 0 cp --tar -r "$IMG:/" link.tar
	[ -L link.tar ]
	is "$(tar -tf real/out.tar | wc -l)" 5
	ln -s real/new.tar nowhere.tar
	run_famfs 0 cp --tar -r "$IMG:/" nowhere.tar
	[ -L nowhere.tar ]
	cmp real/out.tar real/new.tar
}

@test "a file of more than 8 GiB, whose size no old header holds" {
	run_famfs 0 mkfs -q --size 16G "$IMG"
	run_famfs 0 creat -q --no-zero -s 9G "$IMG:/big"
	run_shell 0 '"$@" | head -c 1048576 >start' "$FAMFS" cp --tar "$IMG:/big" -
	has "$(tar -tvf start 2>/dev/null || :)" ' 9663676416 .* big'
}
