#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs in the guest: the main job on a real devdax device, and what happens
# when the device is in no state to be used.
# guest.bash lies beside this file in the guest, and calls its functions by name.
# shellcheck disable=SC1091,SC2154,SC2317
. ./guest.bash

dev=/dev/dax0.0
sysfs=/sys/bus/dax/devices/dax0.0
msg=/tmp/fmap
log_end=$((0xa00000)) # superblock region and a log of the default 8 MiB
mib=$((1 << 20))

# What was in the memory before must not shine through new files.
fill_device() {
	daxmem fill "$dev" 0 "$(cat "$sysfs/size")" 0xa5
}

# dump PATH: the raw message, into $msg
dump() {
	timeout 30 famfs fmap dump "$dev:$1" --format=raw >"$msg" 2>/tmp/run.err && return 0
	tap_note "famfs fmap dump $dev:$1 --format=raw: $(cat /tmp/run.err)"
	return 1
}

# u32 OFFSET, u64 OFFSET: a number in $msg
u32() {
	od -A n -t u4 -j "$1" -N 4 "$msg" | tr -d ' '
}

u64() {
	od -A n -t u8 -j "$1" -N 8 "$msg" | tr -d ' '
}

# extent_at OFFSET LENGTH: the 24 bytes at OFFSET of $msg are an extent of device 0 of
# LENGTH bytes, aligned, behind the log and inside the device
extent_at() {
	local off

	is "0 0 $2" "$(u32 "$1") $(u32 $(($1 + 4))) $(u64 $(($1 + 16)))" || return 1
	off=$(u64 $(($1 + 8)))
	is 0 $((off % (2 * mib))) || return 1
	((off >= log_end && off + $2 <= $(cat "$sysfs/size"))) && return 0
	tap_note "extent at $off, $2 bytes: outside the space for files"
	return 1
}

# extents_hold BYTE PATH OFFSET...: every extent at these offsets of the file's message
# holds nothing but that byte
extents_hold() {
	local byte=$1 path=$2 at

	dump "$path" || return 1
	shift 2
	for at; do
		run daxmem holds "$dev" "$(u64 $((at + 8)))" "$(u64 $((at + 16)))" "$byte"
		((status == 0)) || { log_run "reading $path"; return 1; }
	done
}

# ---- making -----------------------------------------------------------------

second_mkfs_is_refused() {
	local before after

	before=$(daxmem read "$dev" 0 200 | sha256sum)
	run_famfs 1 mkfs "$dev" || return 1
	one_line_error '--force' || return 1
	after=$(daxmem read "$dev" 0 200 | sha256sum)
	is "$before" "$after"
}

creat_at_its_place() {
	run_famfs 0 creat -s 4M "$dev:/d/one" || return 1
	run_famfs 0 creat -s 8M -N 2 -B 4 -C 2M "$dev:/d/two"
}

# FMAP.md 2: file type 0, version 1, type, count, 0, file size, 0
simple_message() {
	dump /d/one || return 1
	is 56 "$(wc -c <"$msg")" || return 1
	is 0000010000000000010000000000000000004000000000000000000000000000 \
		"$(xxd -p -c 32 -l 32 "$msg")" || return 1
	extent_at 32 $((4 * mib))
}

interleaved_message() {
	local bucket

	dump /d/two || return 1
	is 104 "$(wc -c <"$msg")" || return 1
	is 0000010001000000010000000000000000008000000000000000000000000000 \
		"$(xxd -p -c 32 -l 32 "$msg")" || return 1
	is 020000000000200000008000000000000000000000000000 \
		"$(xxd -p -c 24 -s 32 -l 24 "$msg")" || return 1
	extent_at 56 $((4 * mib)) && extent_at 80 $((4 * mib)) || return 1
	bucket=$(($(cat "$sysfs/size") / 4 / (2 * mib) * (2 * mib)))
	(($(u64 64) / bucket != $(u64 88) / bucket)) && return 0
	tap_note "both strips are in one of the 4 buckets: $(u64 64) and $(u64 88)"
	return 1
}

# ---- looking ----------------------------------------------------------------

ls_shows_both() {
	run_famfs 0 ls -lR "$dev" || return 1
	has "$output" 'one' && has "$output" 'two'
}

stat_shows_size() {
	run_famfs 0 stat --json "$dev:/d/one" || return 1
	is 4194304 "$(jq -r '[.. | .size? // empty] | first' <<<"$output")"
}

df_in_both_forms() {
	run_famfs 0 df "$dev" || return 1
	has "$output" . || return 1
	run_famfs 0 df --json "$dev" || return 1
	is number "$(jq -r '.schema | type' <<<"$output")"
}

is_clean() {
	run_famfs 0 check "$dev" || return 1
	run_famfs 0 check --json "$dev" || return 1
	is number "$(jq -r '.schema | type' <<<"$output")"
}

# ---- a device that cannot be used -------------------------------------------

driver_is() {
	is "$1" "$(basename "$(readlink "$sysfs/driver")")"
}

# What may be named as the remedy; in system-ram mode only daxctl can undo it.
by_daxctl='daxctl reconfigure-device [^;`"]*dax0\.0'
by_any="$by_daxctl|daxctl enable-device dax0\.0|echo dax0\.0 > /sys/bus/dax/[^ ;\`\"]*/bind"

# refused REMEDY: every command refuses, in one line that names the command that helps
remedy=
refused() {
	local cmd=$1

	remedy=
	run_famfs 8 check "$dev" && one_line_error "$cmd" || return 1
	run_famfs 1 ls "$dev" && one_line_error "$cmd" || return 1
	run_famfs 1 creat -s 2M "$dev:/d/three" && one_line_error "$cmd" || return 1
	run_famfs 1 mkfs --force "$dev" && one_line_error "$cmd" || return 1
	remedy=${BASH_REMATCH[0]}
}

# remedy_helps: the command that the message named makes the device usable again
remedy_helps() {
	[[ -n $remedy ]] || return 1
	run bash -c "$remedy"
	((status == 0)) || { log_run "$remedy"; return 1; }
	driver_is device_dax
}

nothing_is_lost() {
	to_devdax
	is_clean && ls_shows_both
}

# What one test left behind is no reason for the next to fail.
to_devdax() {
	[[ $(readlink "$sysfs/driver") == */device_dax ]] ||
		daxctl reconfigure-device --mode=devdax --force dax0.0
}

to_system_ram() {
	to_devdax
	run daxctl reconfigure-device --mode=system-ram "$@" dax0.0
	((status == 0)) || { log_run daxctl reconfigure-device "$@"; return 1; }
	driver_is kmem
}

unbind() {
	to_devdax
	echo dax0.0 >/sys/bus/dax/drivers/device_dax/unbind && [[ ! -e $sysfs/driver ]]
}

# ---- someone who may only read ----------------------------------------------

as_nobody() {
	run setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

reader_reads() {
	chmod 444 "$dev" || return 1
	as_nobody famfs ls -lR "$dev"
	is 0 "$status" || { log_run famfs ls; return 1; }
	has "$output" 'one' || return 1
	as_nobody famfs check "$dev"
	is 0 "$status" || { log_run famfs check; return 1; }
}

reader_cannot_write() {
	as_nobody famfs mkdir "$dev:/no"
	is 1 "$status" || { log_run famfs mkdir; return 1; }
	one_line_error /dev/dax0.0
}

check 'the device is filled with foreign bytes' fill_device
check 'mkfs' run_famfs 0 mkfs "$dev"
check 'a second mkfs is refused and changes nothing' second_mkfs_is_refused
check 'mkdir' run_famfs 0 mkdir "$dev:/d"
check 'creat in one piece and interleaved' creat_at_its_place
check 'creat --no-zero' run_famfs 0 creat --no-zero -s 4M "$dev:/d/raw"
check 'fmap of the file in one piece' simple_message
check 'fmap of the interleaved file' interleaved_message
check 'a new file holds zeroes' extents_hold 0 /d/one 32
check 'a new interleaved file holds zeroes' extents_hold 0 /d/two 56 80
check 'creat --no-zero leaves the memory as it was' extents_hold 0xa5 /d/raw 32
check 'ls -lR' ls_shows_both
check 'stat' stat_shows_size
check 'df' df_in_both_forms
check 'check finds nothing' is_clean
check 'who may only read, reads' reader_reads
check 'who may only read, cannot write' reader_cannot_write
check 'system-ram mode: the device changes' to_system_ram --no-online
check 'system-ram mode: refused' refused "$by_daxctl"
check 'system-ram mode: the remedy helps' remedy_helps
check 'system-ram mode: nothing is lost' nothing_is_lost
check 'no driver: the device is unbound' unbind
check 'no driver: refused' refused "$by_any"
check 'no driver: the remedy helps' remedy_helps
check 'no driver: nothing is lost' nothing_is_lost
# The kernel may by now have used the memory, so what is in it does not count.
check 'memory in use by the kernel: the device changes' to_system_ram
check 'memory in use by the kernel: refused' refused "$by_daxctl"
check 'memory in use by the kernel: the remedy helps' remedy_helps
to_devdax
check 'mkfs --force makes a new one' run_famfs 0 mkfs --force "$dev"
check 'check finds nothing in the new one' is_clean
tap_done
