#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs in the guest: several devices, two of them namespaces of one NVDIMM; what is mended, dumped
# and restored on them; a device without driver that somebody holds open.
# guest.bash lies beside this file in the guest, and calls its functions by name.
# vm: nvdimm=256M,128M,256M:labels
# shellcheck disable=SC1091,SC2154,SC2317
. ./guest.bash

region_of() { # DIMM: its number
	grep -l "^$1," /sys/bus/nd/devices/region*/mapping0 | tr -dc '0-9\n' | sed 's/0$//'
}

dev=/dev/dax$(region_of nmem0).0
small=/dev/dax$(region_of nmem1).0
divided=$(region_of nmem2)
driver=/sys/bus/dax/drivers/device_dax
entry=544 # bytes of a log entry, the first of which is behind the header
first=$(((2 << 20) + 48))
export XDG_STATE_HOME=/tmp/state

nd() { # ARGUMENT...
	run ndctl "$@"
	((status == 0)) || { log_run ndctl "$@"; return 1; }
}

two_namespaces() {
	nd destroy-namespace --force --region="region$divided" all
	nd disable-region "region$divided" && nd init-labels --force nmem2 &&
		nd enable-region "region$divided" || return 1
	for _ in 1 2; do
		nd create-namespace --region="region$divided" --mode=devdax --map=mem --size=96M ||
			return 1
	done
	mapfile -t parts < <(compgen -G "/dev/dax$divided.*" | sort)
	is 2 ${#parts[@]}
}

each_has_its_own() {
	local d n=0

	for d in "$dev" "$small" "${parts[@]}"; do
		n=$((n + 1))
		run_famfs 0 mkfs "$d" &&
			run_famfs 0 creat -s 3000001 --randomize --seed $n "$d:/f$n" ||
			return 1
	done
	n=0
	for d in "$dev" "$small" "${parts[@]}"; do
		n=$((n + 1))
		run_famfs 0 ls "$d" && is f$n "$output" || return 1
		run_famfs 0 verify --seed $n "$d:/f$n" && run_famfs 0 check "$d" || return 1
	done
}

between_devices() {
	run_famfs 0 cp "$small:/f2" "$dev:/from_small" &&
		run_famfs 0 verify --seed 2 "$dev:/from_small" &&
		run_famfs 0 cp "$dev:/f1" "${parts[1]}:/from_first" &&
		run_famfs 0 verify --seed 1 "${parts[1]}:/from_first"
}

# One bit of the third entry's sum turns.
damage() {
	local at=$((first + 2 * entry + 100)) byte

	run_famfs 0 mkdir "$dev:/third" && run_famfs 0 mkdir "$dev:/fourth" || return 1
	byte=$(daxmem read "$dev" $at 1 | od -A n -t u1)
	daxmem fill "$dev" $at 1 $((byte ^ 1)) || return 1
	run_famfs 4 check "$dev" && has "$output" entry_crc || return 1
	run_famfs 1 mkdir "$dev:/no" && one_line_error 'mends it with --repair'
}

repair() {
	local before

	before=$(daxmem read "$dev" 0 4194304 | sha256sum)
	run_famfs 1 check --repair --salvage --yes --undo=/tmp/undo "$dev" || return 1
	run_famfs 0 check "$dev" && run_famfs 0 ls "$dev" || return 1
	is $'f1\nfourth\nfrom_small' "$output" || return 1
	run_famfs 0 verify --seed 1 "$dev:/f1" || return 1
	run_famfs 0 image restore --force /tmp/undo "$dev" || return 1
	is "$before" "$(daxmem read "$dev" 0 4194304 | sha256sum)" || return 1
	run_famfs 1 check --repair --salvage --yes --undo=/tmp/undo2 "$dev" &&
		run_famfs 0 check "$dev"
}

dump_and_restore() {
	local before

	run_famfs 0 image dump "$dev" /tmp/fs.fmi || return 1
	before=$(daxmem read "$dev" 0 4194304 | sha256sum)
	run_famfs 0 mkfs --force "$dev" && run_famfs 0 ls "$dev" && is '' "$output" || return 1
	run_famfs 0 image restore --force /tmp/fs.fmi "$dev" || return 1
	is "$before" "$(daxmem read "$dev" 0 4194304 | sha256sum)" || return 1
	run_famfs 0 check "$dev" && run_famfs 0 verify --seed 1 "$dev:/f1"
}

smaller_is_refused() {
	run_famfs 1 image restore /tmp/fs.fmi "$small" && one_line_error . &&
		run_famfs 0 verify --seed 2 "$small:/f2"
}

# To map it now would crash the kernel.
held_open() {
	exec 7<>"$dev" || return 1
	basename "$dev" >$driver/unbind || return 1
	run_famfs 8 check "$dev" && one_line_error 'no driver' || return 1
	run_famfs 1 ls "$dev" && one_line_error 'no driver' || return 1
	run_famfs 1 cp "$dev:/f1" /tmp/f1 && one_line_error 'no driver' || return 1
	run_famfs 1 mkfs --force "$dev" && one_line_error 'no driver'
}

bound_again() {
	exec 7>&-
	basename "$dev" >$driver/bind && run_famfs 0 check "$dev" &&
		run_famfs 0 verify --seed 1 "$dev:/f1"
}

check "two namespaces of one NVDIMM" two_namespaces
check "each device has a file system of its own" each_has_its_own
check "files from one to another" between_devices
check "a damaged log is read as far as it is good, and not appended to" damage
check "repaired, taken back, repaired" repair
check "dumped, made anew, restored: every byte as it was" dump_and_restore
check "not restored to a smaller device" smaller_is_refused
check "without driver and held open: refused, and the kernel lives" held_open
check "bound again, nothing is lost" bound_again
tap_done
