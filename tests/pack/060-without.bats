#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # the helpers set output and stderr
# Builds without each optional library, and without all: what needs it says so, the rest works.

load pack

teardown() {
	rm -rf b
}

optional() {
	grep -oE 'if .\(WITHOUT_LIB[A-Z]+\)' "$TOP/Makefile" | grep -oE 'LIB[A-Z]+' | sort -u
}

# Builds without PART... and does the main job; every -O0 knows less than -O2 of what fits where.
build_without() { # PART...
	local part
	requires pkg-config
	quick_make "$PWD/b" -j2 all CFLAGS='-O0 -Wno-format-truncation' WERROR=1 \
		"${@/%/=1}" >log 2>&1 || fail "$(<log)"
	export FAMFS=$PWD/b/famfs
	for part; do
		! grep -q -- "-DHAVE_${part#WITHOUT_}" b/config.mk || fail "built with $part"
	done
	"$TOP/tests/demo.sh" >demo.out 2>&1 || fail "$(<demo.out)"
	new_image 64M
	run_famfs 0 creat -q -s 2M "$IMG:/a"
	clean
}

no_trace_of() { # SONAME-WORD
	hasnt "$(ldd b/famfs)" "$1"
	! LC_ALL=C grep -q "$1\.so" b/famfs || fail "names $1"
}

@test "make help names each part that can be left out" {
	[ -n "$(optional)" ]
	is "$(make -s -C "$TOP" help | grep -o 'WITHOUT_LIB[A-Z]*' | sort | paste -sd ' ')" \
		"$(optional | sed 's/^/WITHOUT_/' | paste -sd ' ')"
}

@test "without libarchive: no tar" {
	build_without WITHOUT_LIBARCHIVE
	no_trace_of libarchive
	refused 1 '-: built without libarchive: no tar' cp --tar -r "$IMG:/" -
	run_famfs 0 cp "$IMG:/a" out
}

@test "without libblkid: mkfs takes any data for something that is in use" {
	build_without WITHOUT_LIBBLKID
	no_trace_of libblkid
	truncate -s 64M other.img
	printf x | dd of=other.img bs=1 seek=1080 conv=notrunc status=none
	refused 1 'other.img: holds data that cannot be named without libblkid; .*--force' \
		mkfs other.img
	is "$(peek 1080 1 other.img)" 120
	printf '\0' | dd of=other.img bs=1 seek=1080 conv=notrunc status=none
	printf x | dd of=other.img bs=1 seek=$((64 * MiB - 1)) conv=notrunc status=none
	refused 1 'cannot be named' mkfs other.img
	run_famfs 0 mkfs -q --force other.img
	truncate -s 64M blank.img
	run_famfs 0 mkfs -q blank.img
}

@test "without libcrypto: no checksums" {
	build_without WITHOUT_LIBCRYPTO
	no_trace_of libcrypto
	refused 1 'built without libcrypto: no SHA-256' verify --make-manifest "$IMG"
	run_famfs 0 creat -q -s 2M --randomize --seed 3 "$IMG:/r"
	run_famfs 0 verify --seed 3 "$IMG:/r"
}

@test "without ISA-L: the same checksums, and libdeflate makes them" {
	build_without WITHOUT_LIBISAL
	no_trace_of libisal
	is "$(peek 96)" "$(crc32 0 96)"
	is "$(peek $((LOG + 24)))" "$(crc32 "$LOG" 24)"
}

@test "without libndctl: media errors are not known" {
	build_without WITHOUT_LIBNDCTL
	no_trace_of libndctl
	run_famfs 0 list --json "$IMG"
	json_is '.devices[0].content' famfs
}

@test "without libyaml: the default geometry can be written and is not read" {
	build_without WITHOUT_LIBYAML
	no_trace_of libyaml
	run_famfs 0 interleave default -N 2 -B 2 "$IMG"
	run_famfs 1 interleave default "$IMG"
	has "$stderr" 'alloc.cfg: is not read: built without libyaml'
	run_famfs 0 creat -s 4M "$IMG:/b"
	has "$stderr" 'built without libyaml; no default geometry is used'
	clean
}

@test "without libsmartcols: the same tables" {
	local whole=$FAMFS
	build_without WITHOUT_LIBSMARTCOLS
	no_trace_of libsmartcols
	run_famfs 0 creat -q -s 2M "$IMG:/größer"
	run_famfs 0 df "$IMG"
	cp "$OUT" df
	run_famfs 0 ls -l "$IMG"
	cp "$OUT" ls
	FAMFS=$whole run_famfs 0 df "$IMG"
	cmp "$OUT" df
	FAMFS=$whole run_famfs 0 ls -l "$IMG"
	cmp "$OUT" ls
}

@test "without any other part that can be left out" {
	local part
	for part in $(optional); do
		! grep -q "build_without WITHOUT_$part\$" "$BATS_TEST_FILENAME" || continue
		rm -rf b
		build_without "WITHOUT_$part"
	done
}
