#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs in the guest: a device in famfs mode, which only newer kernels have, and back.
# guest.bash lies beside this file in the guest, and calls its functions by name.
# vm: kernel=next
# shellcheck disable=SC1091,SC2154,SC2317
. ./guest.bash

dev=/dev/dax0.0
drivers=/sys/bus/dax/drivers

driver_is() {
	is "$1" "$(basename "$(readlink -f /sys/bus/dax/devices/dax0.0/driver)")"
}

make_files() {
	run_famfs 0 mkfs --force $dev && run_famfs 0 mkdir $dev:/d &&
		run_famfs 0 creat -s 5000003 -N 2 -B 4 --randomize --seed 3 $dev:/d/f
}

# libdaxctl may not know the mode: through the bus, then.
to_famfs() {
	echo dax0.0 >$drivers/device_dax/unbind || return 1
	echo dax0.0 >$drivers/fsdev_dax/new_id || return 1
	driver_is fsdev_dax || { echo dax0.0 >$drivers/fsdev_dax/bind && driver_is fsdev_dax; }
}

# What follows the semicolon is for a shell; what is to be unmounted first, is for a person.
by_bus='echo dax0\.0 > [^ ;]*/fsdev_dax/unbind; echo dax0\.0 > [^ ;]*/device_dax/bind'
remedy=
refused() {
	run_famfs 8 check $dev && one_line_error "famfs mode.*$by_bus" || return 1
	run_famfs 1 ls $dev && one_line_error "$by_bus" || return 1
	run_famfs 1 cat $dev:/d/f && one_line_error "$by_bus" || return 1
	run_famfs 1 creat -s 2M $dev:/new && one_line_error "$by_bus" || return 1
	run_famfs 1 mkfs --force $dev && one_line_error "$by_bus" || return 1
	remedy=$(grep -oE "$by_bus" <<<"$errors")
	driver_is fsdev_dax
}

remedy_helps() {
	run bash -ec "$remedy"
	((status == 0)) || { log_run "$remedy"; return 1; }
	driver_is device_dax
}

nothing_is_lost() {
	run_famfs 0 check $dev && has "$output" clean && run_famfs 0 verify --seed 3 $dev:/d/f
}

check "a file system" make_files
check "famfs mode: the device changes" to_famfs
check "famfs mode: refused, and the device left as it is" refused
check "famfs mode: the remedy helps" remedy_helps
check "nothing is lost" nothing_is_lost
tap_done
