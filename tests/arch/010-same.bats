#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What the program says and makes on another CPU ($FAMFS, under an emulator) is what it says and
# makes on this one ($FAMFS_NATIVE), byte for byte.

# shellcheck source=tests/golden/golden.bash
. "$BATS_TEST_DIRNAME/../golden/golden.bash"
MEDIA=$BATS_TEST_DIRNAME/../golden/media

setup() {
	[ -n "${FAMFS_NATIVE:-}" ] || skip "FAMFS_NATIVE names no program of this CPU"
	cd "$BATS_TEST_TMPDIR" || return 1
}

# Compares stdout, stderr and the exit code of one command.
same_results() { # NAME ARGUMENT...
	local name=$1 there=0 here=0
	shift
	"$FAMFS" "$@" >there.out 2>there.err || there=$?
	"$FAMFS_NATIVE" "$@" >here.out 2>here.err || here=$?
	[ $there -eq $here ] || complain "$name: $*: exit $there, and $here on this CPU"
	cmp -s there.out here.out || complain "$name: $*: $(diff there.out here.out | head -n 5)"
	cmp -s there.err here.err || complain "$name: $*: $(diff there.err here.err | head -n 5)"
}

list_images() {
	good_images
	broken_images
}

@test "golden media, good and broken: findings, names, space and messages" {
	local name
	# In part: every fourth.
	for name in $(list_images | awk 'NR % 4 == 1 || !part' part="${FAMFS_ARCH_PART:-}"); do
		make_image "$name" dev
		same_results "$name" check --json dev
		same_results "$name" ls -R --json dev
		same_results "$name" df --json dev
		same_results "$name" fmap dump --format=hex dev
	done
	judge
}

make_all() { # PROGRAM FILE
	"$1" mkfs -q --size 130M --loglen 8M --uuid 01234567-89ab-cdef-0123-456789abcdef \
		--dev-uuid fedcba98-7654-3210-fedc-ba9876543210 --daxdev /dev/dax0.0 "$2"
	"$1" mkdir -q -m 750 -u 70000 -g 80000 "$2:/d"
	"$1" creat -q -s 5000001 -m 640 --randomize --seed 12345678901 "$2:/d/one"
	"$1" creat -q -s 9M -N 3 -B 4 --randomize --seed 2 "$2:/d/dealt"
	"$1" interleave default -q -N 2 -B 3 -C 2M "$2"
	"$1" cp -q -m 600 "$FAMFS_NATIVE" "$2:/program"
	printf '{"path":"d/m%d","size":%d}\n' 1 1 2 2097153 3 70000 >records
	"$1" creat -q --from records "$2"
	tar -cf - --owner=0 --group=0 -C "$MEDIA" g01-empty-8m-1g.json INDEX.json |
		"$1" cp -q --tar - "$2:/d"
}

@test "a file system with everything in it" {
	umask 022
	make_all "$FAMFS" there
	make_all "$FAMFS_NATIVE" here
	cmp there here
	"$FAMFS_NATIVE" check there
	same_results made stat --json here:/d/dealt
	same_results made interleave show --json here:/d/dealt
	same_results made fmap resolve --json here:/d/dealt 3000000
	same_results made log show --json here
	same_results made verify --seed 2 here:/d/dealt
	same_results made cat here:/program
	same_results made ls --json here:/no
	judge
}

mend_and_dump() { # PROGRAM FILE
	local rc=0
	"$1" check --repair --yes --undo "$2.undo" "$2" || rc=$?
	[ $rc -eq 1 ]
	"$1" image dump "$2" "$2.fmi"
}

@test "a repair, its undo file, and an image of the file system" {
	make_image c09-overlap there
	cp --sparse=always there here
	same_results repair check --dry-run --repair --yes here
	mend_and_dump "$FAMFS" there
	mend_and_dump "$FAMFS_NATIVE" here
	cmp there here
	"$FAMFS" image restore here.fmi back
	"$FAMFS_NATIVE" image restore there.fmi forth
	cmp back forth
	"$FAMFS" image restore --force here.undo there
	"$FAMFS_NATIVE" image restore --force there.undo here
	cmp there here
	judge
}
