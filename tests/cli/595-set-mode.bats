#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154 # the dollars are the inner shell's; the helpers set stderr
# Modes changed through libdaxctl, an old one and a new one; through the bus, in tests/vm.
# bats file_tags=list

load helpers

make_host() {
	requires cc unshare
	requires_root
	requires_all_processes
	unshare -m true 2>/dev/null || skip "no mount namespace can be made here"
	SYS=$BATS_TEST_TMPDIR/sys
	local dir=$SYS/devices/region0/dax0.0 driver
	mkdir -p "$dir" "$SYS/dev/char" "$SYS/bus/dax/devices" "$BATS_TEST_TMPDIR/run"
	for driver in device_dax fsdev_dax; do
		mkdir -p "$SYS/bus/dax/drivers/$driver"
		touch "$SYS/bus/dax/drivers/$driver"/{bind,unbind,new_id,remove_id}
	done
	echo 1:5 >"$dir/dev"
	ln -s ../../../bus/dax "$dir/subsystem"
	ln -s ../../../bus/dax/drivers/fsdev_dax "$dir/driver"
	ln -s ../../devices/region0/dax0.0 "$SYS/dev/char/1:5"
	ln -s ../../../devices/region0/dax0.0 "$SYS/bus/dax/devices/dax0.0"
}

library() { # [OPTION]
	mkdir -p "$BATS_TEST_TMPDIR/lib"
	cc "$@" -shared -fPIC -o "$BATS_TEST_TMPDIR/lib"/libdaxctl.so.1 "$BATS_TEST_DIRNAME/lib/daxctl.c"
}

on_host() { # RC ARGUMENT...
	run_program "$1" unshare -m bash -ec '
		mount --bind "$1" /sys
		mount --bind "$2" /run
		mkdir -p newdev
		mount -t tmpfs -o mode=755 dev newdev
		mkdir newdev/shm
		mount --rbind /dev/shm newdev/shm
		mknod -m 666 newdev/dax0.0 c 1 5
		mknod -m 666 newdev/null c 1 3
		ln -s /proc/self/fd newdev/fd
		mount --rbind newdev /dev
		export LD_LIBRARY_PATH=$3
		shift 3
		exec "$@"' - \
		"$SYS" "$BATS_TEST_TMPDIR/run" "$BATS_TEST_TMPDIR/lib" "$FAMFS" "${@:2}"
}

driver() {
	basename "$(readlink "$SYS/devices/region0/dax0.0/driver")"
}

@test "a libdaxctl that knows the famfs mode changes it, and puts it back" {
	make_host
	library -DFAMFS
	on_host 1 --set-mode ls /dev/dax0.0
	one_error 'no famfs'
	is "$(driver)" fsdev_dax
	[ ! -e "$BATS_TEST_TMPDIR/run/famfs/dax0.0.mode" ]
	on_host 1 -vv --set-mode ls /dev/dax0.0
	has "$stderr" 'libdaxctl binds it to device_dax: 0'
	has "$stderr" 'libdaxctl binds it to fsdev_dax: 0'
}

@test "with an older one the bus is tried; what cannot be put back is told and stays listed" {
	make_host
	library
	on_host 1 --set-mode ls /dev/dax0.0
	has "$stderr" 'could not be put back to driver fsdev_dax.*echo dax0.0 > .*fsdev_dax/new_id'
	[ -e "$BATS_TEST_TMPDIR/run/famfs/dax0.0.mode" ]
	on_host 0 list
	has "$stderr" 'was in famfs mode before a command'
	# A new library comes: the next command does it.
	library -DFAMFS
	on_host 1 --set-mode ls /dev/dax0.0
	is "$(driver)" fsdev_dax
}
