#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs in the guest: bad sectors that the host knows. The emulated hardware reports none, so a file
# lies over the region's attribute.
# guest.bash lies beside this file in the guest, and calls its functions by name.
# shellcheck disable=SC1091,SC2154,SC2317
. ./guest.bash

dev=/dev/dax0.0
region=/sys/bus/nd/devices/region0
data=$(((2 << 20) + (4 << 20))) # where the first file goes, with a log of 4 MiB
au=$((2 << 20))
before=0 # bytes of the region in front of the device

set_bad() { # OFFSET...: a bad sector at each of these bytes of the device
	local off

	for off; do
		printf '%d 1\n' $(((before + off) / 512))
	done >/tmp/badblocks
}

bad_sectors() {
	before=$(($(cat /sys/bus/dax/devices/dax0.0/resource) - $(cat $region/resource)))
	: >/tmp/badblocks
	mount --bind /tmp/badblocks $region/badblocks || return 1
	run_famfs 0 mkfs --loglen 4M $dev && run_famfs 0 list --json $dev &&
		is 0 "$(jq '.devices[0].media_errors' <<<"$output")"
}

list_shows_them() {
	set_bad $((data + au)) $((data + 5 * au + 1024))
	run_famfs 0 list --json $dev || return 1
	is '2 1024' "$(jq -r '.devices[0] | "\(.media_errors) \(.media_error_bytes)"' <<<"$output")"
}

offsets() { # FILE
	run_famfs 0 stat --json $dev:"$1" &&
		jq -r '[.entries[].extents[].off] | join(" ")' <<<"$output"
}

creat_passes_by() {
	run_famfs 0 creat -s 4M $dev:/behind && run_famfs 0 creat -s 2M $dev:/before &&
		dd if=/dev/zero of=/tmp/in bs=1M count=4 2>/dev/null &&
		run_famfs 0 cp /tmp/in $dev:/in || return 1
	is $((data + 2 * au)) "$(offsets /behind)" && is $data "$(offsets /before)" &&
		is $((data + 6 * au)) "$(offsets /in)"
}

plan_passes_by() {
	run_famfs 0 creat --dry-run -s 2M $dev:/next || return 1
	run_famfs 0 interleave plan -s 2M --json $dev || return 1
	is $((data + 4 * au)) "$(jq '.plans[0].extents[0].off' <<<"$output")"
}

plan_names_the_node() {
	local node
	node=$(cat /sys/bus/dax/devices/"${dev##*/}"/target_node)
	[ "$node" -ge 0 ] || return 1
	run_famfs 0 interleave plan -s 2M --json $dev || return 1
	is "$node" "$(jq .memory.numa_node <<<"$output")" || return 1
	run_famfs 0 interleave plan -s 2M $dev && has "$output" "NUMA node $node"
}

check_names_files() {
	run_famfs 0 check $dev && has "$output" 'media_error.*no file uses' || return 1
	set_bad $((data + 3 * au))
	run_famfs 4 check $dev && has "$output" '/behind.*media' || return 1
}

# Neither used nor free; what a file has is used, whatever becomes of it.
df_leaves_them_out() {
	local spare

	: >/tmp/badblocks
	run_famfs 0 df --json $dev || return 1
	spare=$(jq '.filesystems[0] | .used, .free' <<<"$output" | xargs)
	set_bad $((data + 3 * au)) $((data + 4 * au)) $((data + 5 * au))
	run_famfs 0 df --json $dev || return 1
	is "${spare% *} $((${spare#* } - 2 * au)) $((2 * au))" \
		"$(jq '.filesystems[0] | .used, .free, .bad' <<<"$output" | xargs)" &&
		has "$errors" '4.0M more hold no file and have media errors'
}

# The one under a file is the file's; several in one unit are one, and units beside each other too.
map_shows_them() {
	set_bad $((data + 3 * au)) $((data + 4 * au)) $((data + 5 * au)) \
		$((data + 8 * au + 512)) $((data + 8 * au + 8192))
	run_famfs 0 interleave map --json $dev || return 1
	is "6291456 $((data + 4 * au)) 4194304 $((data + 8 * au)) 2097152" \
		"$(jq '.bad, (.runs[] | select(.kind == "bad") | .off, .len)' <<<"$output" |
			xargs)" &&
		is "$(jq .size <<<"$output")" "$(jq '[.runs[].len] | add' <<<"$output")" &&
		run_famfs 0 interleave map --charset ascii $dev &&
		has "$output" '6.0M bad' && has "$output" '~ bad memory: not used' &&
		run_famfs 0 interleave map --svg - $dev && has "$output" '<title>bad: 4.0M at'
}

# Not even by force: superblock and log have one place only.
makers_refuse() {
	local as_it_was

	: >/tmp/badblocks
	run_famfs 0 df $dev || return 1
	as_it_was=$output
	run_famfs 0 image dump --force $dev /tmp/fs.fmi || return 1
	set_bad $(((2 << 20) + 4096))
	run_famfs 1 mkfs --force --loglen 4M $dev &&
		one_line_error 'media errors .*offset 2101248.*ndctl clear-errors namespace0.0' &&
		run_famfs 1 image restore --force /tmp/fs.fmi $dev &&
		one_line_error 'media errors .*offset 2101248.*ndctl clear-errors namespace0.0' ||
		return 1
	set_bad $data
	run_famfs 1 mkfs --force --loglen 8M $dev && one_line_error '--loglen 4.0M ends' ||
		return 1
	: >/tmp/badblocks
	run_famfs 0 df $dev && is "$as_it_was" "$output" || return 1
	set_bad $data
	run_famfs 0 mkfs --force --loglen 4M $dev && run_famfs 0 check $dev
}

# It may be all that is left.
undo_is_tried() {
	: >/tmp/badblocks
	run_famfs 0 image dump $dev /tmp/before.fmi && run_famfs 0 mkdir $dev:/extra &&
		run_famfs 0 image restore --force --undo /tmp/undo /tmp/before.fmi $dev || return 1
	set_bad $(((2 << 20) + 4096))
	run_famfs 0 image restore /tmp/undo $dev && run_famfs 0 stat $dev:/extra
}

too_little() {
	local free

	: >/tmp/badblocks
	run_famfs 0 df --json $dev || return 1
	free=$(jq '.filesystems[0].free' <<<"$output")
	set_bad $((data + 4 * au))
	run_famfs 1 creat -s "$free" $dev:/all && one_line_error 'no space.*media errors' &&
		run_famfs 0 ls $dev && is $'before\nbehind\nin' "$output"
}

check "bad sectors can be played" bad_sectors
check "list shows them" list_shows_them
check "creat and cp place nothing on them" creat_passes_by
check "interleave plan neither" plan_passes_by
check "interleave plan tells on which NUMA node the memory is" plan_names_the_node
check "check names the files they hit" check_names_files
check "df leaves them out" df_leaves_them_out
check "interleave map shows them" map_shows_them
check "what does not fit beside them says why" too_little
check "mkfs and image restore do not put superblock and log on them" makers_refuse
check "to undo is tried on them" undo_is_tried
tap_done
