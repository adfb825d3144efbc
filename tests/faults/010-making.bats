#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# Faults in commands that make file systems and what is in them.
load faults

@test "every function of other libraries fails here, or it is told why not" {
	requires nm
	nm -D --undefined-only "${FAMFS}" | awk '{ sub("@.*", "", $2); print $2 }' | sort -u >used
	[ "$(wc -l <used)" -gt 100 ] || fail "few functions are found: $(<used)"
	nm "$FAULTY" | sed -n 's/.* T __wrap_//p' >fail
	grep -v '^#' "$BATS_TEST_DIRNAME/harmless" | grep . >never
	is "$(grep -vxF -f fail used | grep -vxE -f never)" "" "functions that never fail"
}

@test "mkfs" {
	start
	both clean_or_none 'dev\.img' mkfs --force dev.img
}

@test "mkfs of a new image" {
	start
	both clean 'dev\.img|new\.img' mkfs --size 16M new.img
}

@test "creat" {
	start
	both clean 'dev\.img' creat -s 3M dev.img:/new dev.img:/dir/new
}

@test "creat from a manifest" {
	start
	printf '{"path": "/m%d", "size": 4096, "mode": "0600"}\n' 1 2 3 >start/src/list
	both clean 'dev\.img' creat --from src/list -d dev.img
}

@test "creat --randomize, and verify --seed" {
	start
	both clean 'dev\.img' creat -s 3M --randomize --seed 7 dev.img:/noise
	"$FAMFS" creat -q -s 3M --randomize --seed 7 start/dev.img:/noise
	both clean 'dev\.img' verify --seed 7 dev.img:/noise
}

@test "mkdir" {
	start
	both clean 'dev\.img' mkdir -p dev.img:/a/b/c
}

@test "check --repair" {
	start
	# The first entry's checksum.
	printf '\377\377' | dd of=start/dev.img bs=1 seek=$((LOG + 64 + 540)) conv=notrunc status=none
	wanted=1 both mended 'dev\.img|[^/]*\.undo|[^/]*\.fmi' check -y dev.img
}

@test "image dump" {
	start
	both clean 'dev\.img|out\.fmi' image dump dev.img out.fmi
}

@test "image restore" {
	start
	mv start/src/whole.fmi start/in.fmi
	both mended 'dev\.img|in\.fmi|[^/]*undo[^/]*' image restore --force in.fmi dev.img
}

@test "interleave default" {
	start
	both clean 'dev\.img' interleave default -N 2 -B 2 -C 2M dev.img
}

@test "chmaster" {
	start
	both clean_or_other 'dev\.img|[^/]*undo[^/]*' chmaster --give "$OTHER" dev.img
}

@test "flush" {
	start
	both clean 'dev\.img' flush dev.img:/two
}
