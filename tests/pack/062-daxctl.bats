#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # the helpers set output and stderr
# libdaxctl with the famfs mode, and without: what the build finds, and what it finds when it runs.

load pack

teardown() {
	rm -rf b
}

# A libdaxctl to build with, whose header knows the famfs mode, or does not.
make_header() { # knows|lacks
	mkdir -p include/daxctl pc
	cp "$(pkg-config --variable=includedir libdaxctl)"/daxctl/* include/daxctl/
	sed -i /daxctl_dev_enable_famfs/d include/daxctl/libdaxctl.h
	[ "$1" = lacks ] || sed -i '/daxctl_dev_enable_devdax/a \
		int daxctl_dev_enable_famfs(struct daxctl_dev *dev);' include/daxctl/libdaxctl.h
	sed "s|^Cflags:.*|Cflags: -I$PWD/include|" \
		"$(pkg-config --variable=pcfiledir libdaxctl)/libdaxctl.pc" >pc/libdaxctl.pc
}

build() { # ARGUMENT...
	PKG_CONFIG_PATH=$PWD/pc quick_make "$PWD/b" -j2 "$PWD/b/famfs" \
		CFLAGS='-O0 -Wno-format-truncation' WERROR=1 "$@" >log 2>&1 || fail "$(<log)"
}

knows() { # MAKEFILE-PART
	grep -q -- -DHAVE_DAXCTL_FAMFS "$1"
}

@test "the build sees whether the header knows the famfs mode" {
	requires pkg-config
	make_header knows
	build -n
	knows b/config.mk
	rm -rf b
	make_header lacks
	build -n
	! knows b/config.mk || fail "$(<b/config.mk)"
}

@test "built with the other kind of header than this host's: what counts is the library there" {
	requires pkg-config
	make_header "$(knows "${FAMFS%/*}/config.mk" && echo lacks || echo knows)"
	build
	# bats has put itself in front of the PATH.
	run_program 0 env -i PATH="${PATH#*/bats-core:}" TMPDIR="$PWD" FAMFS="$PWD/b/famfs" \
		bats --tap "$TOP/tests/cli/595-set-mode.bats"
}
