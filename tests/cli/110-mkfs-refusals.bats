#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# mkfs: what it refuses. What is refused is not touched, and not made.

load helpers

@test "a famfs of this host, of another, a damaged one, one of another version" {
	new_image
	run_famfs 0 mkfs --json --force "$IMG"
	local uuid before
	uuid=$(json .uuid)
	before=$(sum "$IMG")
	refused 1 "$uuid.*this host.*--force $IMG" mkfs "$IMG"
	run_famfs 1 mkfs --json "$IMG"
	json_error_is EEXIST
	FAMFS_SYSTEM_UUID=$OTHER refused 1 "$uuid.*another host.*$MASTER.*--force" mkfs "$IMG"
	unchanged "$before"
	poke 100 1 1
	refused 1 'damaged.*--force' mkfs "$IMG"
	poke 8 8 47
	seal_super
	before=$(sum "$IMG")
	refused 1 'version 47.*--force' mkfs "$IMG"
	unchanged "$before"
	FAMFS_SYSTEM_UUID=$OTHER run_famfs 0 mkfs --json --force "$IMG"
	json_is .system_uuid "$OTHER"
	has "$(json .replaced)" '47'
	FAMFS_SYSTEM_UUID=$OTHER clean
}

# What libblkid recognises is refused, left alone, and replaced when forced.
recognised() { # WORD
	local before
	LC_ALL=C grep -q blkid_new_probe "$FAMFS" || skip "built without libblkid"
	before=$(sum "$IMG")
	refused 1 "$1.*--force" mkfs "$IMG"
	run_famfs 1 mkfs --json "$IMG"
	json_error_is EEXIST
	unchanged "$before"
	run_famfs 0 mkfs --json --force "$IMG"
	has "$(json .replaced)" "$1"
	all_bytes 200 $((AU - 200)) 000
	clean
}

@test "an ext4" {
	PATH=$PATH:/sbin:/usr/sbin
	requires mkfs.ext4
	truncate -s 16M "$IMG"
	mkfs.ext4 -q -F "$IMG"
	recognised ext4
}

@test "an xfs" {
	PATH=$PATH:/sbin:/usr/sbin
	requires mkfs.xfs
	truncate -s 512M "$IMG"
	mkfs.xfs -q "$IMG"
	recognised xfs
}

@test "a swap area" {
	PATH=$PATH:/sbin:/usr/sbin
	requires mkswap
	truncate -s 16M "$IMG"
	mkswap "$IMG" >/dev/null
	recognised swap
}

@test "a DOS partition table" {
	truncate -s 16M "$IMG"
	poke_text 446 '\x00\x20\x21\x00\x83\x45\x04\x01\x00\x08\x00\x00\x00\x40\x00\x00'
	poke_text 510 '\x55\xaa'
	recognised dos
}

@test "a GPT" {
	PATH=$PATH:/sbin:/usr/sbin
	requires sfdisk
	truncate -s 16M "$IMG"
	sfdisk -q "$IMG" <<<'label: gpt'
	recognised gpt
}

@test "log lengths that are none" {
	truncate -s 16M "$IMG"
	local before
	before=$(sum "$IMG")
	while read -r len pattern; do
		refused 1,2 "$pattern" mkfs --loglen "$len" "$IMG"
	done <<-'END'
		3M 3145728.*(2\.0M|2M).*(4\.0M|4M)
		1M 1048576.*2
		4095 4095.*2
		1 1 .*2
		0 0
		10000000 10000000.*8.*16
		9223372036854775809 9223372036854775809
		64M .
		128M .
		1G .
		4E 4E
		8MB MB.*(ambiguous|1000)
		8mb mb
		8.1 8\.1
		eight eight
		-8M -8M
	END
	unchanged "$before"
}

@test "sizes that are none, and images too small" {
	while read -r size pattern; do
		refused 1,2 "$pattern" mkfs --size "$size" "$IMG"
		[ ! -e "$IMG" ] || fail "left behind after --size $size"
	done <<-'END'
		0 0
		1 needed|few
		11M loglen
		2M needed
		16EiB 16E
		18446744073709551616 64 bits
		20000000000G 64 bits
		64MB ambiguous
		1e3 1e3
		0x4000000 0x
	END
}

@test "wrong UUIDs" {
	local uuid
	for uuid in '' 1234 "$MASTER-" "${MASTER%5}" "${MASTER/1/g}" "${MASTER//-/}"; do
		refused 2 'uuid' mkfs --size 64M --uuid "$uuid" "$IMG"
		refused 2 'uuid' mkfs --size 64M --dev-uuid "$uuid" "$IMG"
	done
	[ ! -e "$IMG" ]
}

@test "what is no device and no image" {
	mkdir dir
	mkfifo fifo
	ln -s nowhere dangling
	: >empty
	while IFS='|' read -r name pattern; do
		refused 1 "$pattern" mkfs "$name"
		refused 1 "$pattern" mkfs --force "$name"
		refused 1 . ls "$name"
		refused 8 . check "$name"
		[ "$name" = /dev/null ] || [ "$name" = missing ] || refused 1 . creat -s 1 "$name:/a"
	done <<-'END'
		dir|directory
		fifo|FIFO
		missing|no such.*--size
		missing/dir/img|no such|directory
		dangling|symbolic link|no such
		empty|size
		/dev/null|character device.*famfs list
	END
	refused 1 'directory' mkfs --size 64M missing/dir/img
	refused 1 'symbolic link' mkfs --size 64M dangling
	refused 1 'FIFO' mkfs --size 64M fifo
	[ ! -e nowhere ]
	[ ! -e missing ]
	[ -z "$(ls dir)" ]
}

@test "a socket" {
	requires python3
	python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("sock")'
	refused 1 'socket' mkfs sock
}

@test "a block device: refused with the command that helps" {
	requires_root
	mknod block b 7 250 || skip "device nodes cannot be made here"
	refused 1 'block device.*(ndctl|dax)' mkfs block
	refused 1 'block device.*(ndctl|dax)' mkfs --size 64M --force block
	refused 8 'block device' check block
}

@test "a file that may only be read" {
	new_image
	local before
	before=$(sum "$IMG")
	chmod 0444 "$IMG"
	run_bound 1 "$FAMFS" mkfs --force "$IMG"
	one_error 'permission'
	clean
	is "$(names)" ""
	unchanged "$before"
}

@test "a file system that may only be read" {
	requires_root
	requires unshare mount
	mkdir ro
	new_image
	mv "$IMG" ro/dev.img
	# shellcheck disable=SC2016 # for the inner shell
	local mounted='mount -t tmpfs none ro && cp "$1" ro/dev.img && mount -o remount,ro ro && shift && "$@"'
	cp ro/dev.img src.img
	unshare -m sh -c "$mounted" - src.img true 2>/dev/null || skip "nothing can be mounted here"
	local cmd
	for cmd in "mkfs -f" "creat -s 1 :/a" "mkdir :/a"; do
		read -ra args <<<"$cmd"
		run_program 1 unshare -m sh -c "$mounted" - src.img "$FAMFS" "${args[0]}" \
			-d ro/dev.img "${args[@]:1}"
		one_error 'read-only'
	done
	run_program 0 unshare -m sh -c "$mounted" - src.img "$FAMFS" check ro/dev.img
}

@test "mkfs on a device that another command writes" {
	requires flock
	new_image
	exec 8<>"$IMG"
	flock -x 8
	refused 1 'another' mkfs --force "$IMG"
	run_famfs 1 mkfs --json --force "$IMG"
	json_error_is EBUSY
	exec 8>&-
	run_famfs 0 mkfs --force "$IMG"
}

@test "more than one device, a size as an operand" {
	refused 2 'operand.*--size' mkfs --size 64M "$IMG" 64M
	[ ! -e "$IMG" ]
}
