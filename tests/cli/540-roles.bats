#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# Roles: the host that made a file system writes it, all others read it.

load helpers

@test "another host reads" {
	new_image 64M
	run_famfs 0 creat -s 2M "$IMG:/a"
	export FAMFS_SYSTEM_UUID=$OTHER
	clean
	json_is .summary.role client
	is "$(names)" "/a"
	run_famfs 0 stat "$IMG:/a"
	run_famfs 0 fmap dump "$IMG:/a"
	run_famfs 0 df --json "$IMG"
	json_is '.filesystems[0] | "\(.role) \(.system_uuid)"' "client $MASTER"
	run_famfs 0 df "$IMG"
	has "$output" 'client'
}

@test "another host writes nothing, and is told who does" {
	new_image 64M
	run_famfs 0 mkdir "$IMG:/d"
	local before cmd
	before=$(sum "$IMG")
	export FAMFS_SYSTEM_UUID=$OTHER
	for cmd in "creat -s 1 :/a" "mkdir :/a" "mkdir -p :/d/e" "creat -n -s 1 :/a" \
		"creat --no-zero -s 1 :/a"; do
		read -ra args <<<"$cmd"
		refused 1 "client.*master.*$MASTER" -d "$IMG" "${args[@]}"
	done
	run_famfs 1 creat --from - "$IMG" <<<'{"path":"a","size":1}'
	one_error "client.*$MASTER"
	run_famfs 1 mkdir --json "$IMG:/a"
	json_error_is EPERM
	refused 1 "another host.*$MASTER" mkfs "$IMG"
	unchanged "$before"
	FAMFS_SYSTEM_UUID=$MASTER run_famfs 0 mkdir "$IMG:/a"
	clean
}

@test "a host's UUID that is none" {
	new_image
	local uuid
	for uuid in x 1234 "$MASTER " "${MASTER%5}"; do
		FAMFS_SYSTEM_UUID=$uuid refused 1 'FAMFS_SYSTEM_UUID' mkdir "$IMG:/a"
		FAMFS_SYSTEM_UUID=$uuid refused 1 'FAMFS_SYSTEM_UUID' mkfs -f "$IMG"
	done
	is "$(names)" ""
}

@test "upper and lower case are the same UUID" {
	FAMFS_SYSTEM_UUID=aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee run_famfs 0 mkfs -q --size 24M "$IMG"
	FAMFS_SYSTEM_UUID=AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE run_famfs 0 mkdir "$IMG:/a"
}

@test "without root the identity is made under XDG_STATE_HOME, by writing commands only" {
	new_image
	export -n FAMFS_SYSTEM_UUID
	local user=() uuid
	if [ "$(id -u)" -eq 0 ]; then
		requires unshare mount
		# /opt is empty and cannot be written, as for a user without rights.
		user=(unshare -m sh -c 'mount -t tmpfs -o ro none /opt && exec "$@"' -)
		"${user[@]}" true 2>/dev/null || skip "nothing can be mounted here"
	elif [ -e /opt/famfs/system_uuid ]; then
		skip "this host has an identity already"
	fi
	run_program 0 "${user[@]}" "$FAMFS" ls "$IMG"
	run_program 0 "${user[@]}" "$FAMFS" check "$IMG"
	[ ! -e "$XDG_STATE_HOME" ]
	run_program 0 "${user[@]}" "$FAMFS" mkfs -n --size 24M mine.img
	[ ! -e "$XDG_STATE_HOME" ]
	run_program 0 "${user[@]}" "$FAMFS" mkfs --json --size 24M mine.img
	uuid=$(tr -d '\0' <"$XDG_STATE_HOME/famfs/system_uuid")
	json_is .system_uuid "$uuid"
	run_program 0 "${user[@]}" "$FAMFS" mkdir mine.img:/a
	run_program 1 "${user[@]}" "$FAMFS" mkdir "$IMG:/a"
	one_error "$MASTER"
}
