#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs in the guest: modes that are changed for the length of a command, and put back on every way
# out of it; what a command left behind that was killed with its guardian.
# guest.bash lies beside this file in the guest, and calls its functions by name.
# vm: kernel=next
# shellcheck disable=SC1091,SC2154,SC2317
. ./guest.bash

dev=/dev/dax0.0
drivers=/sys/bus/dax/drivers
record=/run/famfs/dax0.0.mode
export XDG_STATE_HOME=/tmp/state
# What runs in the background gets a process group, and its SIGINT is not ignored.
set -m

driver_is() {
	is "$1" "$(basename "$(readlink -f /sys/bus/dax/devices/dax0.0/driver)")"
}

# The guardian works when the command is gone.
becomes() { # DRIVER
	local i

	for ((i = 0; i < 100; i++)); do
		[[ ! -e $record && $(readlink -f /sys/bus/dax/devices/dax0.0/driver) == */$1 ]] &&
			return
		sleep 0.1
	done
	tap_note "wanted: bound to $1, without a record"
	driver_is "$1"
	return 1
}

make_files() {
	run_famfs 0 mkfs --force $dev && run_famfs 0 creat -s 4M --randomize --seed 3 $dev:/f
}

to_famfs() {
	echo dax0.0 >$drivers/device_dax/unbind || return 1
	echo dax0.0 >$drivers/fsdev_dax/new_id || return 1
	driver_is fsdev_dax || { echo dax0.0 >$drivers/fsdev_dax/bind && driver_is fsdev_dax; }
}

# Every kind of command, on both sides of the name.
for_one_command() {
	run_famfs 1 ls $dev && has "$errors" '--set-mode' || return 1
	run_famfs 0 --set-mode ls $dev && is f "$output" && is '' "$errors" &&
		driver_is fsdev_dax || return 1
	run_famfs 0 creat --set-mode -s 2M $dev:/g && driver_is fsdev_dax || return 1
	run_famfs 0 --set-mode verify --seed 3 $dev:/f && driver_is fsdev_dax || return 1
	run_famfs 0 --set-mode check $dev && driver_is fsdev_dax || return 1
	run_famfs 1 --set-mode ls $dev:/none && one_line_error none && driver_is fsdev_dax ||
		return 1
	run_famfs 2 --set-mode creat $dev:/h && driver_is fsdev_dax && [[ ! -e $record ]]
}

follow() { # starts a command that stays, and waits until it is there
	local i

	famfs --set-mode log follow $dev >/tmp/follow 2>&1 &
	follower=$!
	for ((i = 0; i < 100; i++)); do
		[[ $(readlink -f /sys/bus/dax/devices/dax0.0/driver) != */device_dax ]] || break
		sleep 0.1
	done
	sleep 0.2
	driver_is device_dax && [[ -e $record ]] && return
	tap_note "log follow: $(cat /tmp/follow)"
	kill -KILL $follower
	return 1
}

dies_by() { # SIGNAL
	follow || return 1
	run_famfs 0 list --json $dev && is 'devdax famfs false' "$(jq -r '.devices[0] |
		"\(.mode) \(.mode_before) \(.mode_left_behind)"' <<<"$output")" || return 1
	kill -"$1" -- -$follower
	wait $follower 2>/dev/null
	becomes fsdev_dax
}

who_holds_it() {
	local status_before

	exec 8<$dev || return 1
	run_famfs 1 --set-mode ls $dev
	status_before=$?
	exec 8<&-
	((status_before == 0)) || return 1
	one_line_error 'is open in process [0-9]+ .*its mode is not changed' &&
		driver_is fsdev_dax && [[ ! -e $record ]]
}

mounted() {
	mkdir -p /tmp/m && mount -t tmpfs $dev /tmp/m || return 1
	run_famfs 1 --set-mode ls $dev
	umount /tmp/m
	one_line_error 'is mounted at /tmp/m.*umount /tmp/m' && driver_is fsdev_dax
}

others_at_the_end() {
	follow || return 1
	exec 8<$dev || return 1
	kill -INT $follower
	wait $follower 2>/dev/null
	sleep 1
	driver_is device_dax || return 1
	has "$(cat /tmp/follow)" 'stays in devdax mode until' || return 1
	exec 8<&-
	becomes fsdev_dax
}

# A mapping through another node of the device, which is closed again.
mapped_at_the_end() {
	local keeper i

	follow || return 1
	rm -f /tmp/node
	mknod /tmp/node c $((0x$(stat -c %t $dev))) $((0x$(stat -c %T $dev))) || return 1
	daxmem keep /tmp/node 0 4096 &
	keeper=$!
	for ((i = 0; i < 100; i++)); do
		! grep -q /tmp/node /proc/$keeper/maps || break
		sleep 0.1
	done
	kill -INT $follower
	wait $follower 2>/dev/null
	sleep 1
	driver_is device_dax && kill -0 $keeper || return 1
	run_famfs 0 list --json $dev &&
		is "1 $keeper" "$(jq -r '.devices[0] | "\(.users_total) \(.users[0].pid)"' \
			<<<"$output")" || return 1
	kill $keeper
	becomes fsdev_dax
}

two_commands() {
	follow || return 1
	run_famfs 0 --set-mode ls $dev && driver_is device_dax || return 1
	run_famfs 0 ls $dev && driver_is device_dax || return 1
	kill -TERM $follower
	wait $follower 2>/dev/null
	becomes fsdev_dax
}

left_behind() {
	local guardian remedy

	follow || return 1
	guardian=$(grep -l '^famfs-mode$' /proc/[0-9]*/comm | tr -dc '0-9\n')
	[[ -n $guardian ]] || return 1
	kill -KILL "$guardian" $follower
	wait $follower 2>/dev/null
	driver_is device_dax && [[ -e $record ]] || return 1
	run_famfs 0 list $dev && has "$errors" 'was in famfs mode.*did not put it back' || return 1
	run_famfs 0 list --json $dev || return 1
	is true "$(jq '.devices[0].mode_left_behind' <<<"$output")" || return 1
	remedy=$(jq -r '.devices[0].put_back' <<<"$output")
	run_famfs 0 list --export $dev && has "$output" 'FAMFS_MODE_LEFT_BEHIND=1' || return 1
	run setpriv --reuid=65534 --regid=65534 --clear-groups famfs list $dev
	has "$errors" 'not for this user to see' || return 1
	if [[ $1 == by_hand ]]; then
		run bash -ec "$remedy"
		log_run "$remedy"
		is 0 "$status" && driver_is fsdev_dax || return 1
		run_famfs 0 list $dev && [[ $errors != *'put it back'* ]]
	else
		run_famfs 0 --set-mode ls $dev && becomes fsdev_dax
	fi
}

not_root() {
	run setpriv --reuid=65534 --regid=65534 --clear-groups famfs --set-mode ls $dev
	is 1 "$status" && one_line_error 'run the command as root' && driver_is fsdev_dax
}

no_driver() {
	echo dax0.0 >$drivers/fsdev_dax/remove_id
	echo dax0.0 >$drivers/fsdev_dax/unbind || return 1
	run_famfs 0 --set-mode ls $dev && has "$output" f || return 1
	[[ ! -e /sys/bus/dax/devices/dax0.0/driver && ! -e $record ]] || return 1
	echo dax0.0 >$drivers/device_dax/bind
}

online_blocks() {
	cat /sys/devices/system/memory/memory*/state | grep -c online
}

# Memory that nobody put online keeps what it holds.
system_ram() { # OPTION...
	local online

	echo offline >/sys/devices/system/memory/auto_online_blocks
	run daxctl reconfigure-device --mode=system-ram "$@" dax0.0
	driver_is kmem || { log_run daxctl; return 1; }
	online=$(online_blocks)
	run_famfs 1 --set-mode creat -s 2M $dev:/lost && one_line_error 'would be lost' &&
		driver_is kmem || return 1
	run famfs --set-mode ls $dev
	driver_is kmem && [[ ! -e $record ]] && is "$online" "$(online_blocks)" || return 1
	(($# == 0)) || { is 0 "$status" && has "$output" f; }
}

ram_back() {
	run daxctl reconfigure-device --mode=devdax --force dax0.0
	driver_is device_dax
}

check "a file system" make_files
check "famfs mode: the device changes" to_famfs
check "famfs mode: devdax for the length of each command" for_one_command
for signal in INT TERM HUP SEGV KILL; do
	check "put back when the command ends by SIG$signal" dies_by $signal
done
check "a device that somebody holds open is not touched" who_holds_it
check "a mounted device is not touched" mounted
check "opened by somebody meanwhile: put back when they close it" others_at_the_end
check "mapped through another node meanwhile: put back when that ends" mapped_at_the_end
check "two commands: put back when both have ended" two_commands
check "killed with its guardian: list says so, and what to type" left_behind by_hand
check "killed with its guardian: the next command puts it back" left_behind by_command
check "not root: refused" not_root
check "no driver: put back, too" no_driver
check "system-ram mode, offline: read, and put back" system_ram --no-online
check "back by hand" ram_back
check "system-ram mode, online: put back as it was" system_ram
tap_done
