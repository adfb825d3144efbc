#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2016 # the helpers set output and stderr, and run lines of shell
# Hosts that lack what others have: /sys, a terminal, a locale, a home to write to, libraries, open
# descriptors.

load ../cli/helpers

# A line of shell where /sys is hidden from it, with the program as $1.
without_sys() { # RC LINE
	requires_root
	requires unshare
	unshare -m true || skip "no mount namespace can be made"
	run_program "$1" unshare -m bash -c "mount -t tmpfs hidden /sys && { $2; }" - "$FAMFS"
}

# A device of the kind that sysfs in SYS tells, as dax0.0 in this directory: /dev/zero can be mapped
# like one, and is 1:5.
false_dax() {
	mkdir -p SYS/dev/char SYS/bus/dax/devices SYS/bus/dax/drivers/device_dax \
		SYS/devices/dax0.0
	ln -s ../../devices/dax0.0 SYS/dev/char/1:5
	ln -s ../../../devices/dax0.0 SYS/bus/dax/devices/dax0.0
	ln -s ../../bus/dax SYS/devices/dax0.0/subsystem
	ln -s ../../bus/dax/drivers/device_dax SYS/devices/dax0.0/driver
	echo 1:5 >SYS/devices/dax0.0/dev
	echo 67108864 >SYS/devices/dax0.0/size
	echo 2097152 >SYS/devices/dax0.0/align
	echo 3 >SYS/devices/dax0.0/target_node
	mknod dax0.0 c 1 5
}

# A shared library from C on standard input.
library() { # FILE
	requires cc
	cc -shared -fPIC -o "$1" -x c -
}

@test "no /sys: images do all that they do elsewhere" {
	new_image 64M
	without_sys 0 '"$1" creat -s 2M dev.img:/a && "$1" mkdir dev.img:/d && "$1" cp dev.img:/a d.out &&
		"$1" fmap dump dev.img:/a && "$1" check dev.img && "$1" list dev.img'
	clean
	is "$(names)" "/a /d"
}

@test "no /sys: nothing is guessed about devices, and the remedy is told" {
	requires_root
	mknod dax0.0 c 252 0 2>/dev/null || skip "no device node can be made"
	without_sys 1 '"$1" mkfs --force dax0.0'
	one_error 'dax0.0: is a character device, and without /sys nothing tells .*; mount .*/sys'
	without_sys 1 '"$1" list'
	one_error '/sys: is not mounted: no device is known; mount'
	without_sys 1 '"$1" fmap resolve --physical 0x1000'
	one_error '0x1000'
}

@test "an older libdaxctl: sysfs tells what it cannot" {
	requires_root
	requires unshare
	unshare -m true || skip "no mount namespace can be made"
	false_dax || skip "no device node can be made"
	mkdir old
	# As the first ones were: no alignment, no memory, no node. Whoever half uses it is stopped.
	library old/libdaxctl.so.1 <<-'END'
		#include <stdlib.h>
		#define OLD(name) void *daxctl_##name(void) { abort(); }
		OLD(new) OLD(ref) OLD(unref) OLD(region_get_first) OLD(region_get_next)
		OLD(dev_get_first) OLD(dev_get_next) OLD(dev_get_devname) OLD(dev_get_size)
		OLD(dev_get_resource) OLD(set_log_fn)
	END
	run_program 0 unshare -m bash -c 'mount --bind SYS /sys &&
		LD_LIBRARY_PATH=$PWD/old "$1" list --json dax0.0' - "$FAMFS"
	json_is '.devices[0] | "\(.mode) \(.size) \(.align) \(.node)"' 'devdax 67108864 2097152 3'
	# With another driver it is left alone, whatever the library says.
	ln -sfn ../../bus/dax/drivers/fsdev_dax SYS/devices/dax0.0/driver
	run_program 1 unshare -m bash -c 'mount --bind SYS /sys &&
		LD_LIBRARY_PATH=$PWD/old "$1" mkfs --force dax0.0' - "$FAMFS"
	one_error 'dax0.0: .*famfs mode \(driver fsdev_dax\), not in devdax mode'
}

@test "libraries that are built in and not installed here: each command says which" {
	[ -z "${FAMFS_TEST_UNDER:-}" ] || skip "preloads a library of its own"
	library hide.so <<-'END'
		#define _GNU_SOURCE
		#include <dlfcn.h>
		#include <stddef.h>
		#include <string.h>
		void *dlopen(const char *name, int flags)
		{
			static void *(*next)(const char *, int);
			next = next ? next : dlsym(RTLD_NEXT, "dlopen");
			return next(name && strstr(name, ".so") ? "/nowhere/hidden.so" : name, flags);
		}
	END
	new_image 64M
	run_famfs 0 creat -q -s 2M "$IMG:/a"
	run_famfs 0 df "$IMG"
	cp "$OUT" table
	truncate -s 64M other.img
	printf x | dd of=other.img bs=1 seek=1080 conv=notrunc status=none
	export LD_PRELOAD=$PWD/hide.so
	run_famfs 0 df "$IMG"
	cmp "$OUT" table
	is "$stderr" ""
	refused 1 'libcrypto' verify --make-manifest "$IMG"
	refused 1 'libarchive' cp --tar -r "$IMG:/" -
	refused 1 'holds data that cannot be named without libblkid' mkfs other.img
	run_famfs 0 interleave default -N 2 -B 2 "$IMG"
	run_famfs 1 interleave default "$IMG"
	has "$stderr" 'libyaml'
	run_famfs 0 list --json "$IMG"
	json_is '.devices[0].content' famfs
	unset LD_PRELOAD
	clean
}

@test "no terminal: nothing is asked, coloured or drawn over" {
	requires setsid
	new_image 64M
	run_famfs 0 creat -q -s 16M "$IMG:/a"
	poke "$(entry_at 0 536)" 8 1 # a bad checksum
	run_shell 0,1,4 'exec setsid -w "$@" </dev/null' env -u TERM "$FAMFS" check "$IMG"
	hasnt "$output$stderr" $'\e|\r'
	run_shell 8,16 'exec setsid -w "$@" </dev/null' env -u TERM "$FAMFS" check --repair "$IMG"
	has "$stderr" 'there is no terminal'
	run_shell 2 'exec setsid -w "$@" </dev/null' env TERM=dumb "$FAMFS" chmaster --take "$IMG"
	hasnt "$output$stderr" $'\e|\r'
	run_shell 0 'exec setsid -w "$@" </dev/null' env -u TERM "$FAMFS" --help
	hasnt "$output" $'\e'
	run_shell 0 'exec setsid -w "$@" </dev/null' env -u TERM "$FAMFS" help ls
	hasnt "$output" $'\e'
}

@test "any locale: programs read the same, people what their terminal can show" {
	local locale one
	new_image 64M
	run_famfs 0 creat -q -s 2M "$IMG:/größe" "$IMG:/日本"
	one=$(run_famfs 0 ls -lR --json "$IMG" && sum "$OUT")
	for locale in C POSIX C.UTF-8 nowhere_XX.UTF-8 tr_TR.UTF-8; do
		LC_ALL=$locale run_famfs 0 ls -lR --json "$IMG"
		is "$(sum "$OUT")" "$one" "$locale"
		LC_ALL=$locale run_famfs 0 ls "$IMG"
		is "$output" $'größe\n日本'
		LC_ALL=$locale run_famfs 0 df "$IMG"
		hasnt "$output" '[0-9],[0-9]'
		LC_ALL=$locale refused 1 ':/größer: no such file' stat "$IMG:/größer"
		LC_ALL=$locale run_famfs 0 creat -n -s 1.5G "$IMG:/größe" || [ "$status" -eq 1 ]
	done
	LC_ALL='' LC_CTYPE='' LANG=C run_famfs 0 tree "$IMG"
	has "$output" '`-- 日本'
	hasnt "$output" '└'
	LC_ALL='' LC_CTYPE='' LANG=C.UTF-8 run_famfs 0 tree "$IMG"
	has "$output" '└── 日本'
	LC_ALL='' LC_CTYPE='' LANG=C run_famfs 0 interleave map "$IMG"
	is "$(sed '/^[AB] /d' "$OUT" | LC_ALL=C tr -d '\000-\177' | wc -c)" 0 "bytes that are no ASCII"
}

teardown() {
	[ -z "${PUBLIC:-}" ] || rm -rf "$PUBLIC"
}

# Works in a directory that any user reaches, with a home that cannot be written to.
in_public() {
	requires_root
	requires setpriv unshare
	unshare -m true || skip "no mount namespace can be made"
	PUBLIC=$(mktemp -d /tmp/famfs-public.XXXXXX)
	chmod 777 "$PUBLIC"
	cd "$PUBLIC" || return
	cp "$FAMFS" famfs
	mkdir home
	chmod 555 home
	chown 65534 home
	setpriv --reuid 65534 --regid 65534 --clear-groups ./famfs --version >/dev/null ||
		skip "other users cannot run programs in /tmp"
}

# Not the superuser, who may write everywhere; on a host that has no identity yet.
as_nobody() { # RC ENV-ARGUMENT... ./famfs ARGUMENT...
	run_program "$1" unshare -m bash -c 'mount -t tmpfs -o mode=755 none /opt && exec setpriv --reuid 65534 \
		--regid 65534 --clear-groups env -u XDG_STATE_HOME "$@"' - "${@:2}"
}

@test "a home that cannot be written to, or is none: only making an identity needs one" {
	local home
	in_public
	run_famfs 0 mkfs -q --size 64M a.img
	run_famfs 0 creat -q -s 2M a.img:/a
	chmod 666 a.img
	for home in "HOME=$PWD/home" HOME=/nonexistent HOME= "-u HOME"; do
		mapfile -t -d ' ' home < <(printf %s "$home")
		as_nobody 0 "${home[@]}" ./famfs ls a.img
		is "${output%%$'\n'*}$stderr" a
		as_nobody 0 "${home[@]}" ./famfs check a.img
		as_nobody 0 "${home[@]}" ./famfs creat -q -s 2M a.img:/b
		as_nobody 0 "${home[@]}" ./famfs mkfs -q --size 24M new.img
		rm new.img
		as_nobody 1 -u FAMFS_SYSTEM_UUID "${home[@]}" ./famfs mkfs -q --size 24M new.img
		one_error 'system_uuid: cannot be made(: [A-Za-z ]+)?; .* set FAMFS_SYSTEM_UUID$'
		[ ! -e new.img ]
	done
	is "$(ls -A home)" ""
}

@test "a restore needs a place for what it writes over, beside the image or where it is told" {
	local before
	in_public
	mkdir work
	run_famfs 0 mkfs -q --size 64M work/a.img
	run_famfs 0 image dump work/a.img one.fmi
	run_famfs 0 creat -q -s 2M work/a.img:/a
	chmod 666 work/a.img one.fmi
	chmod 555 work
	before=$(sum work/a.img)
	as_nobody 1 HOME="$PWD/home" ./famfs image restore --force one.fmi work/a.img
	one_error 'work/a.img[^:]*: the undo file cannot be made: Permission denied; '
	has "$stderr" 'another place with --undo'
	unchanged "$before" work/a.img
	as_nobody 0 HOME="$PWD/home" ./famfs image restore --force --undo back.fmi one.fmi work/a.img
	as_nobody 0 HOME="$PWD/home" ./famfs image restore --force --undo two.fmi back.fmi work/a.img
	unchanged "$before" work/a.img
	is "$(ls -A home)" ""
}

@test "a closed stdout: every command that tells something says that it could not" {
	local line before
	new_image 64M
	run_famfs 0 creat -q -s 8M -N 2 "$IMG:/a"
	run_famfs 0 image dump "$IMG" one.fmi
	before=$(sum "$IMG")
	while IFS= read -r line; do
		# shellcheck disable=SC2086 # words
		run_shell 1,8 '"$@" >&-' "$FAMFS" ${line//IMG/$IMG}
		is "$(wc -l <"$ERR")" 1 "$line: [$stderr]"
		has "$stderr" '(standard output|stdout|-: )' "$line"
		# shellcheck disable=SC2086
		run_shell 1,8 '"$@" >&- 2>&- <&-' "$FAMFS" ${line//IMG/$IMG}
	done <<-'END'
		ls IMG
		ls -lR --json IMG
		stat IMG:/a
		df IMG
		tree IMG
		cat IMG:/a
		cp IMG:/a -
		fmap dump IMG
		fmap dump --format=raw IMG:/a
		fmap resolve IMG:/a 0
		interleave show IMG:/a
		interleave map IMG
		interleave map --svg - IMG
		interleave plan -s 4M IMG
		log show IMG
		log follow --since 0 --count 1 IMG
		verify --make-manifest IMG
		check IMG
		image show one.fmi
		list IMG
		--help
		--version
	END
	unchanged "$before"
	clean
}
