#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs in the guest: maps of files on a real devdax device, and physical addresses there and back.
# guest.bash lies beside this file in the guest, and calls its functions by name.
# shellcheck disable=SC1091,SC2154,SC2317
. ./guest.bash

dev=/dev/dax0.0
sysfs=/sys/bus/dax/devices/dax0.0
au=$((2 << 20))

first() { # JQ-FILTER: of the last output
	jq -r "$1" <<<"$output"
}

all_maps_are_safe() {
	run_famfs 0 fmap dump --format=raw -o /tmp/maps "$dev" || return 1
	is 4 "$(find /tmp/maps -type f | wc -l)" || return 1
	local msg
	while IFS= read -r msg; do
		run_famfs 0 fmap check --against "$dev" "$msg" || return 1
	done < <(find /tmp/maps -type f)
}

# The host's own word for where the device begins.
resource() {
	printf '%d' "$(cat "$sysfs/resource")"
}

physical_of_wide() {
	run_famfs 0 fmap resolve --json "$dev:/wide" 5M || return 1
	physical=$(first '.pieces[0].physical')
	is "$(($(resource) + $(first '.pieces[0].off')))" "$physical"
}

back_again() { # OPTION...
	run_famfs 0 fmap resolve --json "$@" --physical "$(printf '0x%x' $((physical + 7)))" ||
		return 1
	is "/wide $((5 * 1024 * 1024 + 7)) $dev" \
		"$(first '.owners[0] | "\(.path) \(.file_off) \(.device)"')"
}

# What the library says is what the memory has there: bytes that only this file holds.
bytes_are_there() {
	run_famfs 0 fmap resolve --json "$dev:/seeded" 3M || return 1
	local off
	off=$(first '.pieces[0].off')
	run_famfs 0 cat "$dev:/seeded" || return 1
	tail -c +$((3 * 1024 * 1024 + 1)) /tmp/run.out | head -c 4096 >/tmp/want
	daxmem read "$dev" "$off" 4096 >/tmp/got
	cmp /tmp/want /tmp/got
}

metadata_by_address() {
	run_famfs 0 fmap resolve --json --physical "$(resource)" "$(($(resource) + au))" || return 1
	is "superblock log" "$(first '[.owners[].kind] | join(" ")')"
}

past_the_end() {
	local end
	end=$(($(resource) + $(cat "$sysfs/size")))
	run_famfs 1 fmap resolve -d "$dev" --physical $end && one_line_error 'is not in it' ||
		return 1
	run_famfs 1 fmap resolve --physical $end && one_line_error 'no DAX device'
}

check "mkfs" run_famfs 0 mkfs "$dev"
check "an interleaved file" run_famfs 0 creat -s 8M -N 2 -B 4 -C 2M "$dev:/wide"
check "random bytes" run_famfs 0 creat -s 6M -N 3 -B 4 --randomize --seed 5 "$dev:/seeded"
check "every map of the device is accepted and safe" all_maps_are_safe
check "the physical address of a byte" physical_of_wide
check "and back, on the device" back_again -d "$dev"
check "and back, looking for the device" back_again
check "the bytes are where the map says" bytes_are_there
check "superblock and log by address" metadata_by_address
check "an address behind the device" past_the_end
tap_done
