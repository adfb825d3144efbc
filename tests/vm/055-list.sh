#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs in the guest: list, of several devices: one with a famfs and media errors that somebody holds
# open, one in system-ram mode, one in famfs mode, one without driver, one that holds nothing.
# guest.bash lies beside this file in the guest, and calls its functions by name.
# vm: kernel=next nvdimm=256M,256M,256M:labels
# shellcheck disable=SC1091,SC2154,SC2317
. ./guest.bash

bus=/sys/bus/dax
export XDG_STATE_HOME=/tmp/state
holder=0

region_of() { # DIMM: its number
	grep -l "^$1," /sys/bus/nd/devices/region*/mapping0 | tr -dc '0-9\n' | sed 's/0$//'
}

region=$(region_of nmem0)
kept=dax$region.0
ram=dax$(region_of nmem1).0
divided=$(region_of nmem2)

nd() { # ARGUMENT...
	run ndctl "$@"
	((status == 0)) || { log_run ndctl "$@"; return 1; }
}

three_namespaces() {
	nd destroy-namespace --force --region="region$divided" all
	nd disable-region "region$divided" && nd init-labels --force nmem2 &&
		nd enable-region "region$divided" || return 1
	for _ in 1 2 3; do
		nd create-namespace --region="region$divided" --mode=devdax --map=mem --size=64M ||
			return 1
	done
	mapfile -t parts < <(cd /dev && compgen -G "dax$divided.*" | sort)
	is 3 ${#parts[@]}
}

each_as_it_is_wanted() {
	run_famfs 0 mkfs "/dev/$kept" && run_famfs 0 creat -s 2M "/dev/$kept:/a" || return 1
	bash -c 'exec sleep 300 3<"$1"' - "/dev/$kept" &
	holder=$!
	printf '8192 8\n' >/tmp/badblocks
	mount --bind /tmp/badblocks "/sys/bus/nd/devices/region$region/badblocks" || return 1
	echo offline >/sys/devices/system/memory/auto_online_blocks
	run daxctl reconfigure-device --mode=system-ram --no-online "$ram"
	echo "${parts[0]}" >$bus/drivers/device_dax/unbind || return 1
	echo "${parts[0]}" >$bus/drivers/fsdev_dax/new_id
	echo "${parts[1]}" >$bus/drivers/device_dax/unbind || return 1
}

field() { # NAME FILTER
	jq -r ".devices[] | select(.name == \"$1\") | $2" <<<"$output"
}

tells_each() {
	run_famfs 0 list --json || return 1
	is 5 "$(jq '.devices | length' <<<"$output")" || return 1
	is 'devdax famfs master 1' "$(field "$kept" \
		'"\(.mode) \(.content) \(.famfs.role) \(.famfs.files)"')" || return 1
	is 'system-ram kmem unknown' "$(field "$ram" '"\(.mode) \(.driver) \(.content)"')" ||
		return 1
	is 'famfs fsdev_dax unknown' "$(field "${parts[0]}" '"\(.mode) \(.driver) \(.content)"')" ||
		return 1
	is 'unbound  unknown' "$(field "${parts[1]}" '"\(.mode) \(.driver) \(.content)"')" ||
		return 1
	is 'devdax none' "$(field "${parts[2]}" '"\(.mode) \(.content)"')"
}

# What daxctl and sysfs say themselves.
sizes_and_places() {
	local d want

	for d in "$kept" "$ram" "${parts[@]}"; do
		want="$(cat $bus/devices/"$d"/size) $(cat $bus/devices/"$d"/align)"
		is "$want $(cat $bus/devices/"$d"/target_node)" \
			"$(field "$d" '"\(.size) \(.align) \(.node)"')" || return 1
		is "$d" "$(basename "$(field "$d" .device)")" || return 1
	done
	# The kernel shows no domain where the firmware tells of none.
	want=$(cat "/sys/bus/nd/devices/region$region/persistence_domain" 2>/dev/null)
	is "region$region ${want:-pmem}" \
		"$(field "$kept" '"\(.region) \(.persistence)"')"
}

errors_and_users() {
	is '1 4096' "$(field "$kept" '"\(.media_errors) \(.media_error_bytes)"')" || return 1
	is 0 "$(field "${parts[2]}" .media_errors)" || return 1
	is "1 $holder sleep" "$(field "$kept" \
		'"\(.users_total) \(.users[0].pid) \(.users[0].command)"')" || return 1
	is 0 "$(field "${parts[2]}" .users_total)"
}

# Looking changes nothing.
modes_stay() {
	local d

	run_famfs 0 list && run_famfs 0 list --long && run_famfs 0 list --json || return 1
	for d in "$ram kmem" "${parts[0]} fsdev_dax" "$kept device_dax" "${parts[2]} device_dax"; do
		is "${d#* }" "$(basename "$(readlink -f "$bus/devices/${d% *}/driver")")" ||
			return 1
	done
	[[ ! -e $bus/devices/${parts[1]}/driver ]]
}

table() {
	run_famfs 0 list || return 1
	is 6 "$(wc -l <<<"$output")" || return 1
	is '' "$(awk 'length($0) > 80' <<<"$output")" || return 1
	has "$output" "/dev/$kept +[0-9.M]+ +[0-9.M]+ +devdax +[0-9]+ +1 +$holder +famfs master" &&
		has "$output" "/dev/$ram .*system-ram" &&
		has "$output" "/dev/${parts[1]} .*unbound"
}

export_lines() {
	run_famfs 0 list --export "/dev/$kept" || return 1
	is 0 "$(grep -cvE '^FAMFS_[A-Z_]+=' <<<"$output")" || return 1
	(
		eval "$output"
		is "/dev/$kept devdax famfs master 1 $holder" "$FAMFS_DEVNAME $FAMFS_MODE \
$FAMFS_CONTENT $FAMFS_ROLE $FAMFS_MEDIA_ERRORS $FAMFS_PIDS"
	)
}

# Without permissions: what may be seen, and a word about the rest.
as_another_user() {
	chmod 600 "/dev/$kept" && chmod 644 "/dev/${parts[2]}" || return 1
	run setpriv --reuid=65534 --regid=65534 --clear-groups famfs list --json
	is 0 "$status" || { log_run famfs list; return 1; }
	is 'devdax system-ram famfs unbound devdax' \
		"$(for d in "$kept" "$ram" "${parts[@]}"; do field "$d" .mode; done | xargs)" ||
		return 1
	is unknown "$(field "$kept" .content)" &&
		has "$(field "$kept" .detail)" 'ermission denied' || return 1
	is 'none false' "$(field "${parts[2]}" '"\(.content) \(has("media_errors"))"')" || return 1
	has "$errors" 'processes of others could not be looked into' &&
		has "$errors" 'media errors are unknown' && has "$errors" 'as root'
}

check "three namespaces of one NVDIMM" three_namespaces
check "each device as it is wanted" each_as_it_is_wanted
check "mode, driver and content of each" tells_each
check "sizes, alignment, node, region, persistence" sizes_and_places
check "media errors, and who has it open" errors_and_users
check "looking changes no mode" modes_stay
check "a table of 80 columns" table
check "--export: lines for a shell" export_lines
check "another user: what may be seen, and what could not" as_another_user
kill "$holder"
tap_done
