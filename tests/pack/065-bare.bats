#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # the helpers set output and stderr
# Built without any optional library, from and into directories with blanks in their names.

load pack

setup_file() {
	load pack
	build_bare >"$BATS_FILE_TMPDIR/log" 2>&1 || touch "$BATS_FILE_TMPDIR/failed"
}

build_bare() {
	local without
	copy_sources "$BATS_FILE_TMPDIR/the sources" || return
	mapfile -t without < <(grep -o 'WITHOUT_LIB[A-Z]*' "$TOP/Makefile" | sort -u)
	make_in "$BATS_FILE_TMPDIR/the sources" -j2 all CFLAGS='-O0 -Wno-format-truncation' \
		WERROR=1 "${without[@]/%/=1}"
}

built() {
	[ ! -e "$BATS_FILE_TMPDIR/failed" ] || fail "$(<"$BATS_FILE_TMPDIR/log")"
	SRC="$BATS_FILE_TMPDIR/the sources"
	mapfile -t bare < <(grep -o 'WITHOUT_LIB[A-Z]*' "$TOP/Makefile" | sort -u | sed 's/$/=1/')
	bare+=("CFLAGS=-O0 -Wno-format-truncation" WERROR=1)
}

@test "the build takes a directory with a blank, and installs nothing there" {
	built
	[ -x "$SRC/build/famfs" ]
	hasnt "$(ldd "$SRC/build/famfs")" 'isal|ndctl|blkid|crypto|archive|yaml'
	FAMFS=$SRC/build/famfs run_program 0 "$SRC/tests/demo.sh"
	has "$output" 'demo.img: clean'
}

@test "make install takes a DESTDIR with blanks, and uninstall takes all of it away" {
	local root="$PWD/a root  of two"
	built
	make_in "$SRC" install "${bare[@]}" prefix=/usr libdir=/usr/lib64 DESTDIR="$root"
	[ -f "$root/usr/include/famfs.h" ]
	hasnt "$(files_below .)" 'of$'
	works_in "$root" /usr/sbin /usr/lib64
	hasnt "$(<"$root/usr/lib64/pkgconfig/famfs.pc")" 'a root'
	make_in "$SRC" uninstall prefix=/usr libdir=/usr/lib64 DESTDIR="$root"
	is "$(files_below "$root")" ""
}

@test "a prefix with blanks is one that pkg-config tells, and a program finds" {
	local p="$PWD/my own"
	built
	make_in "$SRC" install "${bare[@]}" prefix="$p"
	"$p/sbin/mkfs.famfs" --version
	printf '#include <famfs.h>\nint main(void) { return !famfs_wire(FAMFS_WIRE_V1); }\n' >t.c
	eval "cc -o t t.c $(PKG_CONFIG_PATH=$p/lib/pkgconfig pkg-config --cflags --libs famfs)"
	LD_LIBRARY_PATH=$p/lib ./t
	make_in "$SRC" uninstall prefix="$p"
	is "$(files_below "$p")" ""
}

@test "signs that sed knows are themselves in what pkg-config tells" {
	local p="$PWD/r&d|\\1"
	built
	make_in "$SRC" install "${bare[@]}" prefix="$p"
	is "$(sed -n 's/^libdir=//p' "$p/lib/pkgconfig/famfs.pc")" "$p/lib"
	is "$(sed -n 's/^prefix=//p' "$p/lib/pkgconfig/famfs.pc")" "$p"
}

@test "a BUILD with a blank is refused before anything is touched" {
	local goal
	echo precious >a
	for goal in all clean install deb; do
		run_program 2 env -u MAKEFLAGS make -s -C "$TOP" "$goal" BUILD="$PWD/a b"
		has "$stderr" "BUILD='$PWD/a b': one word is wanted"
	done
	run_program 2 env -u MAKEFLAGS make -n -C "$TOP" all BUILD="$PWD/a "
	has "$stderr" "BUILD='$PWD/a ': one word is wanted"
	is "$(<a)" precious
	is "$(files_below . | grep -v "^/[.]")" /a
}

@test "each directory can be told, and everything goes where it belongs" {
	local root=$PWD/root
	built
	make_in "$SRC" install "${bare[@]}" DESTDIR="$root" prefix=/p sbindir=/s libdir=/l \
		includedir=/i mandir=/m pkgconfigdir=/k bashcompdir=/b zshcompdir=/z fishcompdir=/f
	is "$(files_below "$root" | cut -d / -f 2 | sort | uniq -c | awk '{ print $2 $1 }' |
		paste -sd ' ')" \
		"b3 f3 i1 k1 l3 m$(find "$TOP/man" -name '*.[1-8]' | wc -l) s3 z1"
	has "$(<"$root/k/famfs.pc")" 'libdir=/l.includedir=/i'
	[ -f "$root/m/man8/mkfs.famfs.8" ]
	[ -f "$root/m/man3/libfamfs.3" ]
	make_in "$SRC" uninstall DESTDIR="$root" prefix=/p sbindir=/s libdir=/l \
		includedir=/i mandir=/m pkgconfigdir=/k bashcompdir=/b zshcompdir=/z fishcompdir=/f
	is "$(files_below "$root")" ""
}

@test "by default it goes below /usr/local, where root's PATH leads" {
	local root=$PWD/root
	built
	make_in "$SRC" install "${bare[@]}" DESTDIR="$root"
	is "$(files_below "$root" | grep -v '^/usr/local/' || :)" ""
	[ -x "$root/usr/local/sbin/fsck.famfs" ]
	[ -f "$root/usr/local/lib/pkgconfig/famfs.pc" ]
	[ -f "$root/usr/local/share/bash-completion/completions/famfs" ]
}
