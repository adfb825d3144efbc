# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the tests of building, packing and installing share. They build in directories of their own.
# shellcheck source=tests/cli/helpers.bash
. "$BATS_TEST_DIRNAME/../cli/helpers.bash"

TOP=$(realpath "$BATS_TEST_DIRNAME/../..")

# Whatever shaped the build that the other tests look at shall not shape these.
make_in() { # DIR ARGUMENT...
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u BUILD -u CFLAGS -u CPPFLAGS -u LDFLAGS \
		make -s --no-print-directory -C "$@"
}

# Quick to build, for what is looked at in the build and not in the speed.
quick_make() { # BUILD ARGUMENT...
	make_in "$TOP" BUILD="$1" CFLAGS=-O0 "${@:2}"
}

# The sources as they are now, without what was built in them.
copy_sources() { # DIR
	mkdir "$1"
	tar -C "$TOP" -cf - --exclude=./build --exclude=./.git . | tar -C "$1" -xf -
}

requires_git() {
	requires git
	[ "$(git -C "$TOP" rev-parse --show-toplevel 2>/dev/null)" -ef "$TOP" ] ||
		skip "these sources are not in a git working tree"
}

files_below() { # DIR
	(cd "$1" && find . \( -type f -o -type l \) | sed 's|^\.||' | LC_ALL=C sort)
}

# What was unpacked or installed below ROOT/PREFIX does its main job, by each of its names.
works_in() { # ROOT SBINDIR LIBDIR
	local sbin=$1$2 lib=$1$3
	FAMFS=$sbin/famfs "$TOP/tests/demo.sh" >demo.out
	has "$(<demo.out)" 'clean'
	run_program 0 "$sbin/famfs" --version
	is "$output" "famfs $(sed -n 's/^Version: *//p' "$TOP/famfs.spec")"

	# As mkfs(8) and fsck(8) find them.
	rm -f found.img
	truncate -s 24M found.img
	run_program 0 env PATH="$sbin:$PATH" mkfs -t famfs found.img
	run_program 0 env PATH="$sbin:$PATH" fsck -t famfs found.img -n

	# The library by the paths that pkg-config gives.
	cat >uses.c <<-'END'
		#include <stdio.h>
		#include <famfs.h>
		int main(void)
		{
			uint64_t size;

			return famfs_size_parse("4M", &size, NULL) || size != 4194304;
		}
	END
	# shellcheck disable=SC2016 # for the shell that it is given to
	run_program 0 env PKG_CONFIG_SYSROOT_DIR="$1" PKG_CONFIG_LIBDIR="$lib/pkgconfig" \
		bash -c 'eval "cc -o uses uses.c $(pkg-config --cflags --libs famfs)"'
	run_program 0 env LD_LIBRARY_PATH="$lib" ./uses
	has "$(LD_LIBRARY_PATH=$lib ldd ./uses)" "libfamfs.so.0 => $lib/libfamfs.so.0 "
}
