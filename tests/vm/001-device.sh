#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs in the guest: the machine itself. When this fails, no other test means much.
# guest.bash lies beside this file in the guest, and calls its functions by name.
# shellcheck disable=SC1091,SC2154,SC2317
. ./guest.bash

dev=/dev/dax0.0

device_is_devdax() {
	[[ -c "$dev" ]] || return 1
	is device_dax "$(basename "$(readlink -f /sys/bus/dax/devices/dax0.0/driver)")"
}

tools_agree() {
	run daxctl list -d dax0.0
	has "$output" '"mode":"devdax"' || return 1
	run ndctl list -N
	has "$output" '"chardev":"dax0.0"'
}

memory_keeps_bytes() {
	run daxmem fill "$dev" 0x400000 4096 0xa5
	is 0 "$status" || { log_run daxmem fill; return 1; }
	is "$(printf 'a5%.0s' {1..16})" "$(daxmem read "$dev" 0x400ff0 16 | xxd -p)"
}

check "$dev is a character device of the driver device_dax" device_is_devdax
check 'daxctl and ndctl show it in devdax mode' tools_agree
check 'a mapped store is read back through a new mapping' memory_keeps_bytes
tap_done
