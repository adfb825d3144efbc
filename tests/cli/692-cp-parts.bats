#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cp where not all can be had: logs that are damaged behind some entries, disks that are full, and
# what a failure leaves beside it.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load helpers

bytes() { # FILE BYTES: without a pattern that could hide a shift
	seq -f %09.0f "$(($2 / 10 + 1))" | head -c "$2" >"$1"
}

requires_libarchive() {
	run_famfs 1,2 cp --tar none none.img:/
	[[ $stderr != *'without libarchive'* ]] || skip "built without libarchive"
}

# A disk of 1 MiB, in "small".
small_disk() {
	requires_root
	requires mount
	mkdir small
	mount -t tmpfs -o size=1M none small 2>/dev/null || skip "nothing can be mounted here"
}

teardown() {
	umount "$BATS_TEST_TMPDIR/small" 2>/dev/null || true
}

# /A with /A/one to /A/four; the entry of the third is damaged.
damaged() {
	local name
	new_image 64M -l 2M
	run_famfs 0 mkdir "$IMG:/A"
	mkdir A
	for name in one two three four; do
		bytes "A/$name" $((2 * MiB + ${#name}))
		run_famfs 0 cp "A/$name" "$IMG:/A"
	done
	poke "$(entry_at 3 28)" 4 77
}

DAMAGE='dev.img: damaged log: entry 3 of 5 is invalid; .* famfs check .*--repair'

@test "a damaged log: what is before the damage comes out, and that it is not all is said" {
	damaged
	local before
	before=$(sum "$IMG")
	run_famfs 1 cp -r "$IMG:/" out
	is "$output" ""
	one_error "$DAMAGE"
	is "$(cd out && find . -type f | sort | tr '\n' ' ')" "./A/one ./A/two "
	cmp A/one out/A/one
	cmp A/two out/A/two
	# Also with one file that is there.
	run_famfs 1 cp "$IMG:/A/two" two
	one_error "$DAMAGE"
	cmp A/two two
	run_famfs 1 cp "$IMG:/A/two" -
	one_error "$DAMAGE"
	cmp A/two "$OUT"
	run_famfs 1 cp "$IMG:/A/four" four
	has "$stderr" "$DAMAGE"
	has "$stderr" '/A/four: no such file.*behind the damage of the log at entry 3'
	[ ! -e four ]
	run_famfs 1 cp --json -r "$IMG:/A" B
	json_is '"\(.copied) \(.failed) \(.not_begun)"' '2 0 0'
	json_error_is EUCLEAN
	is "$(jq .error.entry "$ERR")" 3
	unchanged "$before"
}

@test "a damaged log: packed as far as it can be read; between file systems; not added to" {
	damaged
	run_famfs 0 mkfs -q --size 64M other.img
	run_famfs 1 cp -r "$IMG:/A" other.img:/
	one_error "$DAMAGE"
	is "$(names other.img)" "/A /A/one /A/two"
	clean other.img
	local before
	before=$(sum "$IMG")
	refused 1 "$DAMAGE" cp A/one "$IMG:/new"
	unchanged "$before"
	requires_libarchive
	run_famfs 1 cp --tar -r "$IMG:/A" out.tar
	one_error "$DAMAGE"
	is "$(tar -tf out.tar | tr '\n' ' ')" "one two "
	tar -xOf out.tar two | cmp - A/two
}

@test "standard input that has no room in TMPDIR: one line, nothing made, nothing left" {
	small_disk
	new_image
	bytes f 3000000
	local before
	before=$(sum "$IMG")
	run_shell 1 'cat f | TMPDIR=small "$@"' "$FAMFS" cp - "$IMG:/f"
	one_error 'standard input: .*TMPDIR.*no space left'
	is "$output" ""
	is "$(ls -A small)" ""
	unchanged "$before"
	run_shell 1 'cat f | TMPDIR=none "$@"' "$FAMFS" cp - "$IMG:/f"
	one_error 'standard input: .* none: .*TMPDIR'
	unchanged "$before"
	# Said beforehand, the size spares that file; what fits there needs nothing else.
	run_shell 0 'cat f | TMPDIR=small "$@"' "$FAMFS" cp --size 3000000 - "$IMG:/f"
	run_shell 0 'head -c 1000000 f | TMPDIR=small "$@"' "$FAMFS" cp - "$IMG:/g"
	run_shell 0 '"$1" cat "$2" | cmp - f' "$FAMFS" "$IMG:/f"
	run_shell 0 '"$1" cat "$2" | cmp - <(head -c 1000000 f)' "$FAMFS" "$IMG:/g"
	is "$(ls -A small)" ""
	clean
}

@test "an archive that has no room: one line, and what was there before" {
	small_disk
	new_image
	bytes f 3000000
	run_famfs 0 cp f "$IMG:/f"
	requires_libarchive
	refused 1 'small/out.tar: no space left' cp --tar "$IMG:/f" small/out.tar
	is "$(ls -A small)" ""
	echo kept >small/out.tar
	refused 1 'small/out.tar: no space left' cp --tar "$IMG:/f" small/out.tar
	is "$(ls -A small)" out.tar
	is "$(<small/out.tar)" kept
	run_famfs 1 cp --tar --json "$IMG:/f" small/out.tar
	json_error_is ENOSPC
	# A stream is not taken back, but known to be none.
	run_shell 1 '"$@" >small/stream' "$FAMFS" cp --tar "$IMG:/f" -
	one_error 'standard output: no space left'
}

modes() { # DIR
	(cd "$1" && find . -mindepth 1 -type d | sort | xargs stat -c '%n %a' | tr '\n' ' ')
}

@test "directories that were made have their modes, whatever failed in them" {
	mkdir -p T/a/b T/c/d T/e
	bytes T/a/b/f 5000
	bytes T/c/f 5001
	bytes T/e/f 5002
	chmod 0555 T/a/b T/c/d
	chmod 0711 T/a
	chmod 2750 T/c
	chmod 1777 T/e
	new_image 64M
	run_famfs 0 cp -r -p T "$IMG:/"
	# In the place of a file is a directory.
	mkdir -p out/T/c/f some/T/c/f
	chmod 0700 out/T/c some/T/c
	run_famfs 1 cp -r -p --keep-going "$IMG:/T" out
	one_error 'T/c/f: .*is a directory'
	is "$(modes out/T)" "./a 711 ./a/b 555 ./c 2750 ./c/d 555 ./c/f 755 ./e 1777 "
	cmp T/a/b/f out/T/a/b/f
	cmp T/e/f out/T/e/f
	# What was made before it stopped.
	run_famfs 1 cp -r -p "$IMG:/T" some
	one_error 'T/c/f: .*is a directory'
	has "$(modes some/T)" '^./a 711 ./a/b 555 ./c (700|2750) (./c/d 555 )?./c/f 755 (./e 1777 )?$'
	# Into a famfs as well.
	run_famfs 0 mkfs -q --size 64M other.img
	run_famfs 0 mkdir -p other.img:/T/c/f
	run_famfs 1 cp -r -p --keep-going T other.img:/
	one_error 'T/c/f.*exists and is a directory'
	run_famfs 0 ls -R --json other.img
	json_is '[.entries[] | select(.path | test("^/T/(a|a/b|c/d|e)$")) | "\(.path) \(.mode)"]
		| sort | join(",")' '/T/a 0711,/T/a/b 0555,/T/c/d 0555,/T/e 1777'
	chmod -R u+w T out some
}
