#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # the helpers set them
# image dump and restore of sparse images: what is in a hole is not read, and comes out all the same.

load helpers

count_is() { # ENTRIES: that the log claims to have
	poke $((LOG + 32)) 8 "$1"
	poke $((LOG + 40)) 8 "$1"
}

# Runs the program on the image, on one without holes and then with them, until it made FILE twice
# in the same second: what is made says when.
same_without_holes() { # FILE ARGUMENT...
	local try
	cp --sparse=always "$IMG" sparse
	cp --sparse=never "$IMG" dense
	[ "$(disk_kib dense)" -gt "$(disk_kib sparse)" ] || skip "no holes can be here"
	for ((try = 0; try < 30; try++)); do
		rm -f "$1" one
		cp --sparse=never dense "$IMG"
		run_famfs 0 "${@:2}"
		mv "$1" one
		cp --sparse=always sparse "$IMG"
		run_famfs 0 "${@:2}"
		! cmp -s one "$1" || return 0
	done
	fail "never the same: $(cmp one "$1")"
}

# A log with something in its first chunk, at the end of one, across two, across two of an undo file,
# and at its own end.
holes() {
	run_famfs 0 mkdir "$IMG:/d"
	count_is 40000
	poke $((4096 * 3)) 8 $((0x1234567890))
	poke "$(entry_at 1925)" 8 77
	poke "$(entry_at 9629 540)" 8 $((0x7766554433221100))
	poke $((12 * MiB - 4)) 8 $((0x7766554433221100))
	poke $((20 * MiB)) 1 5
	poke "$(entry_at 39999 543)" 1 9
}

@test "a dump of an image with holes is the one without them" {
	new_image 128M -l 32M
	holes
	same_without_holes fs.fmi image dump -q "$IMG" fs.fmi
	run_famfs 0 image show --json fs.fmi
	json_is '[.sections[] | select(.zeros | not)] | length' 7
	run_famfs 0 image restore -q fs.fmi new.img
	is "$(slice 0 $((LOG + 32 * MiB)) new.img | cksum)" \
		"$(slice 0 $((LOG + 32 * MiB)) | cksum)"
}

@test "an undo file of an image with holes is the one without them" {
	new_image 128M -l 32M
	run_famfs 0 image dump -q "$IMG" fs.fmi
	holes
	same_without_holes u image restore -q --force --undo u fs.fmi "$IMG"
	run_famfs 0 image restore -q --undo again u "$IMG"
	cmp "$IMG" sparse
}

@test "compared with zeros, holes are zeros and nothing else is" {
	new_image 128M -l 32M
	run_famfs 0 image dump -q "$IMG" fs.fmi
	holes
	cp --sparse=never "$IMG" dense
	run_famfs 0 image restore --force -n --json fs.fmi "$IMG"
	local changed
	changed=$(json .changed)
	mv dense "$IMG"
	run_famfs 0 image restore --force -n --json fs.fmi "$IMG"
	json_is .changed "$changed"
}

# Runs the program; what it read of files may be so much, and it asks the system for little.
reads_at_most() { # MIB ARGUMENT...
	local bytes
	run_program 0 strace -f -qq -o trace -e trace=read,pread64,preadv,lseek "$FAMFS" "${@:2}"
	bytes=$(sed -nE 's/^([0-9]+ +)?p?read(64|v)?\(.* = ([0-9]+)$/\3/p' trace |
		awk '{ n += $1 } END { print n + 0 }')
	[ "$bytes" -gt 1000 ] || fail "nothing was counted: $(head -n 5 trace)"
	[ "$bytes" -le $(($1 * MiB)) ] || fail "$bytes bytes were read by: ${*:2}"
	[ "$(wc -l <trace)" -le 500 ] || fail "$(wc -l <trace) calls by: ${*:2}"
}

@test "an image of 1 TiB whose log claims hundreds of millions of entries" {
	requires strace
	strace -qq -o /dev/null true 2>/dev/null || skip "strace may not trace here"
	truncate -s 1T "$IMG" 2>/dev/null || skip "no file can be so long here"
	export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0
	rm "$IMG"
	new_image 1T -l 256G
	count_is 400000000
	poke "$(entry_at 200000000)" 8 77
	reads_at_most 16 image dump --json "$IMG" fs.fmi
	[ "$(json .log_len)" -gt 200000000000 ] || fail "not taken: $output"
	reads_at_most 16 image dump --json --scrub-names "$IMG" scrubbed.fmi
	# One that is unpacked to memory is as sparse.
	reads_at_most 16 image dump -q fs.fmi again.fmi
	reads_at_most 16 image restore -n --json fs.fmi "$IMG"
	json_is .changed 0
	poke "$(entry_at 300000000)" 8 $((0x7777))
	reads_at_most 16 image restore -n --json fs.fmi "$IMG"
	json_is .changed 2
	reads_at_most 16 image restore --json --undo u fs.fmi "$IMG"
	json_is .changed 2
	reads_at_most 16 image restore -n --json fs.fmi "$IMG"
	json_is .changed 0
	[ "$(disk_kib "$IMG")" -lt 8192 ] || fail "$(disk_kib "$IMG") KiB on the disk"
}
