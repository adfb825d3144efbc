#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2016 # the helpers set output and stderr, and run lines of shell
# The library as others use it: installed, found by pkg-config, and built against.

load pack

setup_file() {
	load pack
	P=$BATS_FILE_TMPDIR/usr
	install_and_build >"$BATS_FILE_TMPDIR/log" 2>&1 || touch "$BATS_FILE_TMPDIR/failed"
}

install_and_build() {
	quick_make "$BATS_FILE_TMPDIR/b" install prefix="$P" || return
	PKG_CONFIG_PATH=$P/lib/pkgconfig make_in "$TOP/tests/examples" OUT="$BATS_FILE_TMPDIR" \
		CFLAGS=-Werror
}

installed() {
	[ ! -e "$BATS_FILE_TMPDIR/failed" ] || fail "$(<"$BATS_FILE_TMPDIR/log")"
	P=$BATS_FILE_TMPDIR/usr
	FAMFS=$P/sbin/famfs
	export LD_LIBRARY_PATH=$P/lib PKG_CONFIG_PATH=$P/lib/pkgconfig
}

example() { # RC NAME ARGUMENT...
	run_program "$1" "$BATS_FILE_TMPDIR/$2" "${@:3}"
}

le() { # BYTES VALUE: little-endian
	local i
	for ((i = 0; i < $1; i++)); do
		printf '%b' "$(printf '\\x%02x' $((($2 >> (8 * i)) & 255)))"
	done
}

fuse_request() { # OPCODE UNIQUE NODEID
	le 4 40 && le 4 "$1" && le 8 "$2" && le 8 "$3" && le 16 0
}

@test "the library's version is in its name, and each symbol has a version" {
	local symbols
	installed
	has "$(readelf -d "$P/lib/libfamfs.so")" 'SONAME.*\[libfamfs.so.0\]'
	is "$(readlink "$P/lib/libfamfs.so")" libfamfs.so.0
	is "$(readlink "$P/lib/libfamfs.so.0")" \
		"libfamfs.so.0.$(sed -n 's/^Version: *//p' "$TOP/famfs.spec")"
	symbols=$(nm -D --defined-only "$P/lib/libfamfs.so.0" | awk '$2 != "A" { print $3 }')
	[ "$(wc -l <<<"$symbols")" -gt 50 ]
	is "$(grep -v '@@FAMFS_0$' <<<"$symbols" || :)" ""
}

@test "pkg-config tells version, directories and the library" {
	installed
	is "$(pkg-config --modversion famfs)" "$(sed -n 's/^Version: *//p' "$TOP/famfs.spec")"
	is "$(pkg-config --cflags --libs famfs | sed 's/ *$//')" "-I$P/include -L$P/lib -lfamfs"
	is "$(pkg-config --variable=libdir famfs)" "$P/lib"
}

@test "the header is C11, C++ and complete by itself" {
	installed
	echo '#include <famfs.h>' >h.c
	run_program 0 cc -std=c11 -Wall -Wextra -Wpedantic -Werror -I"$P/include" -c h.c
	cp h.c h.cc
	command -v g++ >/dev/null || skip "g++ is not installed"
	run_program 0 g++ -std=c++11 -Wall -Wextra -Wpedantic -Werror -I"$P/include" -c h.cc
}

@test "a program places a file and maps its bytes" {
	installed
	new_image 64M
	example 0 place "$IMG" /data 'half in one strip, half in the other'
	has "$output" '^data: 8388608 bytes at 0x[0-9a-f]+, at byte [0-9]+: half in one strip, '
	clean
	run_famfs 0 cat "$IMG:/data"
	is "$output" 'half in one strip, half in the other'
	# The geometry that was asked for.
	run_famfs 0 stat --json "$IMG:/data"
	json_is '.entries[0].extents | length' 2
	example 1 place "$IMG" /data/below x
	has "$stderr" '/data/below: .*not a directory'
	FAMFS_SYSTEM_UUID=$OTHER example 1 place "$IMG" /more x
	has "$stderr" "$MASTER"
	clean
}

@test "a program answers GET_FMAP as the kernel asks for it" {
	installed
	new_image 64M
	run_famfs 0 creat -q -s 3M "$IMG:/one"
	run_famfs 0 creat -q -s 8M -N 2 "$IMG:/two"
	{
		fuse_request 54 7 2
		fuse_request 54 8 3
		fuse_request 54 9 99
		fuse_request 54 10 1
		fuse_request 3 11 2
		fuse_request 55 12 0
	} >requests
	run_shell 0 '"$1" "$2" <requests >answers' "$BATS_FILE_TMPDIR/getfmap" "$IMG"
	run_famfs 0 fmap dump --format=raw "$IMG:/one"
	cp "$OUT" one.fmap
	run_famfs 0 fmap dump --format=raw "$IMG:/two"
	cp "$OUT" two.fmap
	{
		le 4 $((16 + 56)) && le 4 0 && le 8 7 && cat one.fmap
		le 4 $((16 + 104)) && le 4 0 && le 8 8 && cat two.fmap
		le 4 16 && le 4 -2 && le 8 9
		le 4 16 && le 4 -21 && le 8 10
		le 4 16 && le 4 -38 && le 8 11
		le 4 $((16 + 280)) && le 4 0 && le 8 12 && head -c 24 /dev/zero
		printf %s "$IMG" && head -c $((256 - ${#IMG})) /dev/zero
	} >expected
	cmp answers expected
}

@test "answers of the later generation are unrolled, and of its size" {
	installed
	new_image 64M
	run_famfs 0 creat -q -s 8M -N 2 "$IMG:/two"
	fuse_request 54 1 2 >requests
	run_shell 0 '"$1" "$2" v2 <requests | tail -c +17' "$BATS_FILE_TMPDIR/getfmap" "$IMG"
	cp "$OUT" answer
	run_famfs 0 fmap dump --wire=v2 --format=raw "$IMG:/two"
	cmp answer "$OUT"
}

@test "a request of another length is refused, and ends the program" {
	installed
	new_image
	run_famfs 0 creat -q -s 2M "$IMG:/one"
	{
		le 4 41 && le 4 54 && le 8 1 && le 8 2 && le 16 0
		fuse_request 54 2 2
	} >requests
	run_shell 0 '"$1" "$2" <requests >answers' "$BATS_FILE_TMPDIR/getfmap" "$IMG"
	cmp answers <(le 4 16 && le 4 -22 && le 8 1)
}

@test "a program follows the log" {
	local pid rc=0
	installed
	new_image
	run_famfs 0 mkdir "$IMG:/first"
	"$BATS_FILE_TMPDIR/follow" "$IMG" >told 2>told.err 3>&- &
	pid=$!
	await grep -qx 'directory first' told
	run_famfs 0 creat -q -s 2M "$IMG:/first/second"
	await grep -qx 'file first/second 2097152' told
	run_famfs 0 mkfs -q --force "$IMG"
	await grep -qx 'made anew' told
	run_famfs 0 mkdir "$IMG:/third"
	await grep -qx 'directory third' told
	kill -INT $pid
	wait $pid || rc=$?
	is "$rc $(<told.err)" "0 "
	is "$(wc -l <told)" 4
	clean
}

@test "Python uses it by ctypes, with structures, callbacks and errors" {
	installed
	requires python3
	new_image
	run_program 0 python3 "$TOP/tests/examples/place.py" "$IMG" /from-python
	has "$output" $'^done 0 from-python 4194304\nentry 0 from-python 0o640 4194304 \\[\\('
	has "$output" $'\nlookup ENOENT True no such file or directory$'
	is "$(sed -n 's/^fmap //p' <<<"$output")" \
		"$("$FAMFS" fmap dump --format=raw "$IMG:/from-python" | xxd -p | tr -d '\n')"
	run_famfs 0 cat "$IMG:/from-python"
	cp "$OUT" bytes
	is "$(slice 0 8 bytes)" 0,0
	is "$(slice $((1023 * 4096)) 8 bytes)" 0,1023
	clean
	run_program 1 python3 "$TOP/tests/examples/place.py" "$IMG" /no/parent
	is "$stderr" "$IMG:/no/parent: its directory /no does not exist (ENOENT)"
}
