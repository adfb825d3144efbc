#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs in the guest: a device whose alignment is 1 GiB, which is mapped in such steps only.
# guest.bash lies beside this file in the guest, and calls its functions by name.
# vm: nvdimm=4G align=1G
# shellcheck disable=SC1091,SC2154,SC2317
. ./guest.bash

dev=/dev/dax0.0
sysfs=/sys/bus/dax/devices/dax0.0

alignment() {
	is $((1 << 30)) "$(cat $sysfs/align)" && is 0 $(($(cat $sysfs/size) % (1 << 30)))
}

make_fs() {
	run_famfs 0 mkfs --loglen 16M $dev && run_famfs 0 df --json $dev &&
		has "$output" "$(cat $sysfs/size)"
}

# Places behind the first GiB, too.
files() {
	run_famfs 0 creat -s 5000001 -N 2 -B 2 --randomize --seed 1 $dev:/wide &&
		run_famfs 0 creat -s 1200M --no-zero $dev:/large &&
		run_famfs 0 creat -s 3000001 --randomize --seed 2 $dev:/small &&
		run_famfs 0 verify --seed 1 $dev:/wide && run_famfs 0 verify --seed 2 $dev:/small
}

in_and_out() {
	head -c 7000001 /dev/urandom >/tmp/source
	run_famfs 0 cp /tmp/source $dev:/copy && run_famfs 0 cp $dev:/copy /tmp/copy &&
		cmp /tmp/source /tmp/copy
}

checked() {
	run_famfs 0 check $dev && has "$output" clean || return 1
	run_famfs 0 image dump $dev /tmp/fs.fmi && run_famfs 0 mkfs --force $dev &&
		run_famfs 0 image restore --force /tmp/fs.fmi $dev && run_famfs 0 check $dev &&
		run_famfs 0 verify --seed 1 $dev:/wide
}

check "the device's alignment is 1 GiB" alignment
check "mkfs" make_fs
check "files, behind the first GiB too" files
check "bytes in and out" in_and_out
check "check, dump and restore" checked
tap_done
