#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # the helpers set output
# What programs rely on once they are built does not change unnoticed.

load pack

setup_file() {
	load pack
	quick_make "$BATS_FILE_TMPDIR/b" "$BATS_FILE_TMPDIR/b/libfamfs.so.0" \
		>"$BATS_FILE_TMPDIR/log" 2>&1 || touch "$BATS_FILE_TMPDIR/failed"
}

abi_of() { # HEADER
	[ ! -e "$BATS_FILE_TMPDIR/failed" ] || fail "$(<"$BATS_FILE_TMPDIR/log")"
	requires pahole gcc
	[ "$(getconf LONG_BIT)" -eq 64 ] || skip "the list is that of 64-bit machines"
	run_program 0 "$TOP/tests/pack/abi" "$1" "$BATS_FILE_TMPDIR/b/libfamfs.so.0"
}

# LINE is one of what a changed header gives, and not of what the header gives.
notices() { # SED-EXPRESSION LINE
	sed "$1" "$TOP/lib/famfs.h" >changed.h
	! cmp -s changed.h "$TOP/lib/famfs.h" || fail "nothing was changed by: $1"
	abi_of changed.h
	grep -xF -e "$2" <<<"$output" || fail "not noticed: $1" "$(diff <(echo "$output") \
		"$TOP/tests/pack/abi.list")"
	! grep -xF -e "$2" "$TOP/tests/pack/abi.list"
}

@test "what programs rely on is what abi.list says" {
	abi_of "$TOP/lib/famfs.h"
	diff "$TOP/tests/pack/abi.list" "$OUT" >changes ||
		fail 'What is gone or other breaks programs that are built: raise SOVERSION.' \
			'To list what is there now: make abi' "$(<changes)"
}

@test "a structure's change is noticed" {
	notices 's/^\tuint64_t dev_index;.*/\tuint32_t dev_index;/' \
		'struct famfs_extent: uint32_t dev_index; /* 0 4 */'
	notices 's/^\tchar daxdev\[65\];/\tuint64_t more; &/' 'struct famfs_super: 176'
	notices 's/^\tuint32_t type; \(.*\)/\tint32_t type; \1/' \
		'struct famfs_entry: int32_t type; /* 16 4 */'
}

@test "a signature's change is noticed" {
	notices 's/famfs_info(struct famfs \*fs, /famfs_info(const struct famfs *fs, /' \
		'function int famfs_info (const struct famfs *, struct famfs_info *, struct famfs_err *);'
	notices 's/famfs_wait(struct famfs \*fs, uint32_t timeout_ms/famfs_wait(struct famfs *fs, uint64_t ms/' \
		'function int famfs_wait (struct famfs *, uint64_t, struct famfs_err *);'
	notices 's/^typedef void (\*famfs_debug_fn)(void \*data, /typedef int (*famfs_debug_fn)(void *data, /' \
		'typedef int (*famfs_debug_fn)(void *data, const char *message);'
}

@test "a value's change is noticed" {
	notices 's/FAMFS_ROLE_MASTER = 1/FAMFS_ROLE_MASTER = 2/' \
		'enum famfs_role: FAMFS_ROLE_MASTER = 2,'
	notices 's/^#define FAMFS_USERS_MAX 8/#define FAMFS_USERS_MAX 9/' 'macro FAMFS_USERS_MAX 9'
}

@test "what is exported is listed" {
	abi_of "$TOP/lib/famfs.h"
	diff <(nm -D --defined-only "$BATS_FILE_TMPDIR/b/libfamfs.so.0" |
		awk '$2 != "A" { print "symbol " $3 }' | LC_ALL=C sort) \
		<(grep '^symbol ' "$TOP/tests/pack/abi.list")
	is "$(grep -c '^function ' "$TOP/tests/pack/abi.list")" \
		"$(grep -c '^symbol ' "$TOP/tests/pack/abi.list")"
}
