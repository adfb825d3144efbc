#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cp out of a famfs.
# shellcheck disable=SC2016,SC2030,SC2031
load helpers.bash

bytes() { # FILE BYTES: without a pattern that could hide a shift
	seq -f %09.0f "$(($2 / 10 + 1))" | head -c "$2" >"$1"
}

filled_image() {
	new_image 64M
	mkdir -p A/sub/deep A/empty_dir
	bytes A/one 3000000
	bytes A/sub/two 5
	bytes A/sub/deep/three 2097153
	chmod 0640 A/one
	chmod 0555 A/sub/deep
	run_famfs 0 cp -r -p A "$IMG:/A"
	run_famfs 0 cp -N 2 A/one "$IMG:/strips"
}

teardown() {
	umount "$BATS_TEST_TMPDIR/large" 2>/dev/null || true
}

no_leftovers() { # DIR
	is "$(find "$1" -name '.famfs-*')" "" "temporary files"
}

@test "a tree comes out as it went in" {
	filled_image
	run_famfs 0 cp -r "$IMG:/A" out
	diff -r A out
	is "$(stat -c %a out/one out/sub/deep out | tr '\n' ' ')" "640 555 755 "
	mkdir into
	run_famfs 0 cp -r "$IMG:/A" "$IMG:/strips" into
	diff -r A into/A
	cmp A/one into/strips
	run_famfs 0 cp -r "$IMG:/" all
	is "$(cd all && find . | sort | tr '\n' ' ')" \
		". ./A ./A/empty_dir ./A/one ./A/sub ./A/sub/deep ./A/sub/deep/three ./A/sub/two ./strips "
	no_leftovers .
}

@test "one file: a new name, a directory, an existing file" {
	filled_image
	run_famfs 0 cp "$IMG:/strips" new
	cmp A/one new
	echo old >old
	chmod 0600 old
	run_famfs 0 cp "$IMG:/strips" old
	cmp A/one old
	is "$(stat -c %a old)" 600 "mode of the replaced file"
	run_famfs 0 cp -p "$IMG:/A/one" old
	is "$(stat -c %a old)" 640 "mode with -p"
	run_famfs 0 cp -m 0604 "$IMG:/A/one" .
	is "$(stat -c %a one)" 604 "mode with -m"
	refused 1 'directory' cp "$IMG:/strips" nowhere/
	refused 1 'nowhere' cp "$IMG:/strips" nowhere/x
	mkdir -p dir/strips
	refused 1 'dir/strips: is a directory' cp "$IMG:/strips" dir
	no_leftovers .
}

@test "what one source brings, another does not replace" {
	new_image 32M
	mkdir a b dir
	echo 1 >a/f
	echo 2 >b/f
	run_famfs 0 cp -r a b "$IMG:/"
	refused 1 'dev.img:/b/f: would replace what .*:/a/f brings; --keep-going' \
		cp "$IMG:/a/f" "$IMG:/b/f" dir
	is "$(ls dir)" ""
	run_famfs 1 cp --keep-going "$IMG:/a/f" "$IMG:/b/f" "$IMG:/a/f" dir
	cmp a/f dir/f
	run_famfs 0 cp "$IMG:/b/f" "$IMG:/b/f" dir
	cmp b/f dir/f
	run_famfs 0 cp "$IMG:/a/f" "$IMG:/b/f" -
	is "$output" "1
2"
}

@test "symbolic links: the destination's is followed, those below it are not" {
	filled_image
	mkdir real outside
	echo keep >outside/two
	ln -s real link
	run_famfs 0 cp "$IMG:/strips" link
	cmp A/one real/strips
	ln -s real/target to
	refused 1 'leads nowhere' cp "$IMG:/strips" to
	echo x >real/target
	run_famfs 0 cp "$IMG:/strips" to
	[ -L to ]
	cmp A/one real/target
	mkdir -p D/A
	ln -s ../../outside D/A/sub
	run_famfs 1 cp -r --keep-going "$IMG:/A" D
	has "$(<"$ERR")" 'A/sub'
	is "$(ls outside)" two
	is "$(<outside/two)" keep
	cmp A/one D/A/one
}

@test "to standard output, in order" {
	filled_image
	run_shell 0 '"$@" | cmp - A/one' "$FAMFS" cp "$IMG:/strips" -
	run_famfs 0 cp "$IMG:/A/sub/two" "$IMG:/A/one" "$IMG:/A/sub/two" -
	cat A/sub/two A/one A/sub/two | cmp - "$OUT"
	run_shell 0 '(echo first; "$@"; echo last) >made' "$FAMFS" cp "$IMG:/A/one" -
	(echo first; cat A/one; echo last) | cmp - made
	run_shell 0 '("$@"; echo last) >made' "$FAMFS" cp -v "$IMG:/A/one" -
	(cat A/one; echo last) | cmp - made
	run_shell 0 '"$@" >>made' "$FAMFS" cp "$IMG:/A/sub/two" -
	(cat A/one; echo last; cat A/sub/two) | cmp - made
	run_shell 0 '"$@" | head -c 5 | cmp - A/sub/two' "$FAMFS" cp "$IMG:/A/one" -
	is "$(<"$ERR")" "" "when the reader goes away"
	refused 1 'no space left' cp "$IMG:/A/one" /dev/full
	run_famfs 0 cp "$IMG:/A/one" /dev/null
	[ -c /dev/null ]
	run_famfs 2 cp --json "$IMG:/A/one" -
	json_error_is EINVAL
}

@test "sparse: pages of zeros become holes" {
	new_image 64M
	run_famfs 0 creat -s 20M "$IMG:/z"
	run_famfs 0 cp "$IMG:/z" whole
	run_famfs 0 cp --sparse "$IMG:/z" holes
	cmp whole holes
	[ "$(disk_kib holes)" -lt 1024 ] || fail "holes takes $(disk_kib holes) KiB"
}

@test "directories need -r; files beside them are copied" {
	filled_image
	mkdir out
	run_famfs 1 cp "$IMG:/A" "$IMG:/strips" out
	one_error ':/A: .*-r'
	is "$(ls out)" strips
}

@test "the image is not replaced by what is in it" {
	filled_image
	before=$(sum "$IMG")
	refused 1 'image that is copied from' cp "$IMG:/strips" "$IMG"
	unchanged "$before"
}

@test "a full disk leaves nothing half made" {
	filled_image
	requires_root
	requires mount
	mkdir small
	mount -t tmpfs -o size=1M none small 2>/dev/null || skip "cannot mount"
	run_famfs 1 cp "$IMG:/A/one" small/one || { umount small; false; }
	left=$(ls -A small)
	umount small
	is "$left" ""
	one_error 'no space left'
}

@test "a truncated image: what is whole is copied with --keep-going" {
	filled_image
	run_famfs 0 stat --json "$IMG:/strips"
	truncate -s "$(json '.entries[0].extents[0].off')" "$IMG"
	mkdir out
	run_famfs 1 cp --keep-going "$IMG:/strips" "$IMG:/A/one" out
	one_error 'strips: '
	cmp A/one out/one
	is "$(ls -A out)" one
}

@test "results as JSON" {
	filled_image
	run_famfs 1 cp -r --json --keep-going "$IMG:/A" "$IMG:/gone" out
	json_error_is ENOTDIR
	mkdir out
	run_famfs 1 cp -r --json --keep-going "$IMG:/A" "$IMG:/gone" out
	json_is '"\(.copied) \(.skipped) \(.failed) \(.not_begun) \(.bytes)"' "3 0 1 0 5097158"
	json_is '.results[] | select(.status == "failed") | "\(.source) \(.error.code)"' \
		"$IMG:/gone ENOENT"
	json_is '[.results[] | select(.status == "copied") | .path] | sort | join(" ")' \
		"out/A/one out/A/sub/deep/three out/A/sub/two"
}

# Their bytes are reached in another way, as those of a device are.
@test "an image of large pages" {
	requires_root
	requires mount
	local mode
	mkdir large
	mount -t tmpfs -o huge=always,size=256M none large 2>/dev/null || skip "cannot mount"
	IMG=large/dev.img
	new_image 64M
	bytes odd 9000001
	for mode in "" --overwrite; do
		run_famfs 0 cp $mode odd "$IMG:/odd"
		run_famfs 0 cp "$IMG:/odd" back
		cmp odd back
		tac odd >other
		mv other odd
	done
	run_famfs 0 cp -N 3 -B 4 odd "$IMG:/strips"
	run_shell 0 '"$1" cat "$2:/strips" | cmp - odd' "$FAMFS" "$IMG"
	run_famfs 0 cp --sparse "$IMG:/strips" back
	cmp odd back
	# Over what was there before, the rest of which nobody may see.
	run_famfs 0 mkfs -q --force "$IMG"
	run_famfs 0 creat -s 9000003 --randomize --seed 5 "$IMG:/seeded"
	run_famfs 0 verify --seed 5 "$IMG:/seeded"
	run_famfs 1 verify --seed 6 "$IMG:/seeded"
	run_famfs 0 creat -s 9000001 "$IMG:/zeros"
	run_shell 0 '"$1" cat "$2:/zeros" | cmp - <(head -c 9000001 /dev/zero)' "$FAMFS" "$IMG"
	run_shell 0 '"$1" verify --make-manifest "$2" | "$1" verify --manifest - "$2"' \
		"$FAMFS" "$IMG"
	clean
	run_famfs 0 stat --json "$IMG:/seeded"
	truncate -s "$(json '.entries[0].extents[0].off')" "$IMG"
	run_famfs 1 cp "$IMG:/seeded" back
	local words
	words=$(<"$ERR")
	umount large
	has "$words" 'dev.img.*shrank|behind the end|truncated'
}
