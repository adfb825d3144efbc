#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs in the guest: bytes in and out of a real devdax device, whose memory held other bytes before.
# guest.bash lies beside this file in the guest, and calls its functions by name.
# shellcheck disable=SC1091,SC2154,SC2317
. ./guest.bash

dev=/dev/dax0.0
sysfs=/sys/bus/dax/devices/dax0.0

fill_device() {
	daxmem fill "$dev" 0 "$(cat "$sysfs/size")" 0xa5
}

make_sources() {
	mkdir -p /tmp/src/sub && cd /tmp || return 1
	head -c 9000001 /dev/urandom >src/odd
	head -c 4194304 /dev/urandom >src/sub/even
	printf x >src/sub/tiny
}

# Without run, which would take the bytes into a variable.
same() { # SOURCE PATH
	timeout 30 famfs cat "$dev:$2" >/tmp/bytes && cmp /tmp/bytes "$1" && return 0
	tap_note "$2 is not $1"
	return 1
}

all_same() { # DIRECTORY
	same src/odd "$1/odd" && same src/sub/even "$1/sub/even" && same src/sub/tiny "$1/sub/tiny"
}

out_again() {
	run_famfs 0 cp -r "$dev:/src" out || return 1
	cmp src/odd out/odd && cmp src/sub/even out/sub/even && cmp src/sub/tiny out/sub/tiny
}

interleaved() {
	run_famfs 0 cp -N 3 -B 6 -C 2M src/odd "$dev:/striped" && same src/odd /striped
}

from_pipe() {
	run bash -c "cat src/odd | famfs cp --size 9000001 - $dev:/piped"
	is 0 "$status" && same src/odd /piped
}

# Of two files made at once one gets bytes; the other one must not show what was there before.
beside_randomized() {
	printf '%s\n' '{"path": "seeded", "size": 4194304, "seed": 7}' \
		'{"path": "plain", "size": 4194305}' >records
	head -c 4194305 /dev/zero >zeros
	run_famfs 0 creat --from records "$dev" && same zeros /plain || return 1
	run_famfs 0 verify --seed 7 "$dev:/seeded"
}

archived() {
	run bash -c "famfs cp --tar -r $dev:/src - | famfs cp --tar - $dev:/unpacked"
	is 0 "$status" && all_same /unpacked
}

from_file() {
	run_famfs 0 cp "$dev:/striped" "$dev:/copy" && same src/odd /copy
}

randomized() {
	run_famfs 0 creat -s 6000003 -N 2 -B 4 --randomize --seed 42 "$dev:/random" || return 1
	run_famfs 0 verify --seed 42 "$dev:/random" || return 1
	run_famfs 1 verify --seed 43 "$dev:/random"
}

manifest() {
	run bash -c "famfs verify --make-manifest $dev | famfs verify --manifest - $dev"
	is 0 "$status"
}

# Behind its last byte a file's space is zeros, too.
slack_is_zero() {
	local off

	run_famfs 0 stat --json "$dev:/src/sub/tiny" || return 1
	off=$(grep -o '"off":[0-9]*' <<<"$output" | head -n 1 | cut -d : -f 2)
	run daxmem holds "$dev" $((off + 1)) $((2097152 - 1)) 0
	is 0 "$status"
}

# A whole device is refused before a byte is copied.
too_much() {
	truncate -s 1G big
	run_famfs 1 cp big "$dev:/big" && one_line_error 'no space'
}

clean() {
	run_famfs 0 check "$dev" && has "$output" clean
}

check "the device is filled with foreign bytes" fill_device
check "sources" make_sources
cd /tmp || exit 1
check "mkfs" run_famfs 0 mkfs "$dev"
check "cp -r into the device" run_famfs 0 cp -r src "$dev:/src"
check "every byte is there" all_same /src
check "behind the last byte there are zeros" slack_is_zero
check "cp -r again skips what is there" run_famfs 0 cp -r src/. "$dev:/src"
check "cp -r out of the device" out_again
check "an interleaved file" interleaved
check "from a pipe" from_pipe
check "zeros beside the generator's bytes" beside_randomized
check "through an archive" archived
check "from one file to another" from_file
check "the generator's bytes" randomized
check "checksums" manifest
check "more than fits" too_much
check "check finds nothing" clean
tap_done
