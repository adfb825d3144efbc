#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # the helpers set output and stderr
# What runs tests elsewhere, in machines and on emulated CPUs: hosts that lack it, and caches that
# several runs share.

load pack

# All programs of this host but those.
path_without() { # PATTERN...
	local pattern
	mkdir bin
	ln -sf /usr/sbin/* /usr/bin/* bin/
	for pattern; do
		find bin -name "$pattern" -delete
	done
}

stub() { # NAME: its script comes from stdin
	mkdir -p stubs
	{ echo '#!/bin/bash' && cat; } >"stubs/$1"
	chmod +x "stubs/$1"
}

# A cross compiler, an emulator, and packages that are nothing but a name.
make_stubs() {
	local name
	for name in aarch64-linux-gnu-gcc qemu-aarch64-static make; do
		stub $name <<<:
	done
	stub apt-get <<-'END'
		for word; do
			[[ $word != Dir::Cache::archives=* ]] || archives=${word#*=}
		done
		[[ " $* " == *' install '* ]] || exit 0
		echo download >>"$LOG"
		sleep 0.5
		touch "$archives/a.deb"
	END
	stub dpkg <<-'END'
		mkdir -p "$3/usr/lib"
	END
	export LOG=$PWD/log FAMFS_ARCH_CACHE=$PWD/cache MAKE=make
	: >log
}

target() { # TREE
	PATH=$PWD/stubs:$PATH "$1/tests/arch/target" arm64 "$PWD/b" goal
}

root_of() { # where the emulator of the last build looks
	tail -n 1 b/emulator
}

another_branch() { # NAME
	mkdir -p "$1/tests/arch"
	cp "$TOP/tests/deps.sh" "$1/tests/"
	{ cat "$TOP/tests/arch/target" && echo "# $1"; } >"$1/tests/arch/target"
	chmod +x "$1/tests/arch/target"
}

@test "no QEMU: a machine is skipped, by a line of TAP that says what to install" {
	path_without 'qemu-*'
	run_program 77 env PATH="$PWD/bin" FAMFS_VM_CACHE="$PWD/cache" \
		"$TOP/tests/vm/run" "$TOP/tests/vm/001-device.sh"
	is "$(wc -l <"$OUT")" 1
	has "$output" '^1\.\.0 # SKIP qemu-system-x86_64 is not installed; apt-get install .*qemu'
	[ ! -e cache ]
}

@test "no emulator of another CPU, no compiler for it: skipped, and said" {
	make_stubs
	path_without 'qemu-*' 's390x-*'
	run_program 77 env PATH="$PWD/stubs:$PWD/bin" "$TOP/tests/arch/target" s390x b goal
	is "$output" 's390x-linux-gnu-gcc is not installed'
	rm stubs/qemu-*
	run_program 77 env PATH="$PWD/stubs:$PWD/bin" "$TOP/tests/arch/target" arm64 b goal
	is "$output" 'qemu-aarch64-static is not installed'
}

@test "a branch with other needs leaves the libraries that another one uses" {
	local first second
	make_stubs
	another_branch other
	target "$TOP"
	first=$(root_of)
	target other
	second=$(root_of)
	[ "$first" != "$second" ]
	[ -e "$first/usr/lib" ]
	[ -e "$second/usr/lib" ]
	is "$(wc -l <log)" 2
	# What nobody used for long goes, with the next one that comes.
	touch -d '-30 days' "$first" "$second"
	target other
	another_branch third
	target third
	[ ! -e "$first" ]
	[ -e "$second/usr/lib" ]
	is "$(wc -l <log)" 3
}

@test "two runs at once download once" {
	make_stubs
	target "$TOP" &
	target "$TOP"
	wait $!
	is "$(wc -l <log)" 1
	is "$(find cache -name 'new.*' | wc -l)" 0
}
