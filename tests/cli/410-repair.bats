#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2030,SC2031,SC2086,SC2154 # the helpers set them, in each test anew
# check --repair: who is asked, what is done, what is told, and who is refused. What becomes of each
# damage is the unit test's.

load helpers

# Files /a, /b and /c; the entry of /b is damaged.
make() {
	rm -f "$IMG"
	new_image 64M -l 2M
	run_famfs 0 creat -s 2M "$IMG:/a" "$IMG:/b" "$IMG:/c"
	poke "$(entry_at 1 28)" 4 77
	slice 0 $((4 * MiB)) >front
}

undo() { # the undo files beside the image
	compgen -G "$IMG.*.undo"
}

# A line of shell with a terminal, which answers ANSWERS.
on_terminal() { # RC ANSWERS COMMAND...
	requires_terminal
	local want=$1 answers=$2
	shift 2
	status=0
	printf '%b' "$answers" | timeout -k 5 60 script -qec "$(printf '%q ' "$@")" /dev/null >"$OUT" ||
		status=$?
	output=$(tr -d '\r\0' <"$OUT")
	[ "$status" -eq "$want" ] || fail "exit $status, expected $want: $output"
}

@test "-y cuts the log at a bad entry, says what is gone, and how to get it back" {
	make
	run_famfs 1 check -y "$IMG"
	has "$output" "entry 1: /b: entry_crc: .* -- repaired: removed"
	has "$output" "removed file \(entry 1\): /b, 2097152 bytes"
	has "$output" "removed file \(entry 2\): /c, 2097152 bytes"
	has "$output" "famfs image restore $(undo) $IMG"
	has "$output" "1 error repaired, 0 left"
	clean
	is "$(names)" "/a"
	run_famfs 0 creat -s 2M "$IMG:/d"
	clean
	run_famfs 0 check -y "$IMG"
	has "$output" 'clean'
	is "$(undo | wc -l)" 1
}

@test "--salvage keeps those behind it" {
	make
	run_famfs 1 check --repair -y --salvage --undo u "$IMG"
	hasnt "$output" '/c'
	clean
	is "$(names)" "/a /c"
	[ -s u ]
	run_shell 1 '! compgen -G "$1.*.undo"; exit 1' "$IMG"
}

@test "-p, -a: only what is safe; -n: nothing" {
	make
	poke $((LOG + 32)) 8 9
	local before
	before=$(sum "$IMG")
	run_famfs 4 check --repair -n "$IMG"
	has "$output" 'would be repaired: make both the same'
	has "$output" 'would be removed file \(entry 2\): /c'
	unchanged "$before"
	run_famfs 4 check -n -p "$IMG"
	unchanged "$before"
	run_famfs 5 check -p "$IMG"
	has "$output" 'next_seqnum: .*repaired: made the same'
	has "$output" 'entry_crc: .*not repaired'
	is "$(peek $((LOG + 32)))" 3
	finds 4 entry_crc
	run_as fsck.famfs 4 -a "$IMG"
	run_as fsck.famfs 1 -y "$IMG"
	run_as fsck.famfs 0 -a "$IMG"
	clean
}

@test "-p after a torn append: the entry is published" {
	new_image
	run_famfs 0 creat -s 2M "$IMG:/a" "$IMG:/b"
	poke $((LOG + 40)) 8 1
	run_famfs 1 check -p "$IMG"
	has "$output" 'torn_tail: .*repaired: entry published'
	has "$output" 'found file \(entry 1\): /b'
	clean
	is "$(names)" "/a /b"
}

@test "on a terminal it asks" {
	make
	poke $((LOG + 32)) 8 9
	on_terminal 5 'y\nn\n' "$FAMFS" check --repair --undo u "$IMG"
	has "$output" 'make both the same\? \[y/n'
	has "$output" 'remove this entry and all behind it'
	finds 4 entry_crc
	on_terminal 4 'x\nq\n' "$FAMFS" check --repair "$IMG"
	on_terminal 1 'a\n' "$FAMFS" check --repair "$IMG"
	clean
}

@test "without a terminal it must be told" {
	make
	local before
	before=$(sum "$IMG")
	refused 16 'no terminal.*-p.*-y.*-n' check --repair "$IMG"
	run_famfs 16 check --repair --json "$IMG"
	json_error_is EINVAL
	refused 16 'exclude' check -p -y "$IMG"
	refused 16 'repair' check --salvage "$IMG"
	refused 16 'repair' check --undo u "$IMG"
	refused 16 'UUID' check -y --uuid 12 "$IMG"
	refused 16 '' check --repair -y
	unchanged "$before"
}

@test "--json: each finding, each change, the undo file" {
	make
	run_famfs 1 check -y --json --undo u "$IMG"
	json_is '"\(.clean) \(.repaired) \(.left) \(.dry_run) \(.undo)"' 'true 1 0 false u'
	json_is '.findings[] | "\(.code) \(.repair) \(.repaired) \(.done)"' 'entry_crc ask true removed'
	json_is '[.changes[] | "\(.change) \(.type) \(.entry) \(.path) \(.size)"] | join(",")' \
		'removed file 1 /b 2097152,removed file 2 /c 2097152'
	make
	run_famfs 4 check -n -y --json "$IMG"
	json_is '"\(.clean) \(.repaired) \(.left) \(.dry_run) \(.undo)"' 'false 0 1 true null'
	json_is '.findings[0].repaired' false
	run_famfs 4 check --json "$IMG"
	json_is '.findings[0] | "\(.repair) \(.remedy | length > 0)"' 'ask true'
}

@test "image restore takes everything back" {
	make
	local before
	before=$(sum front)
	run_famfs 1 check -y --undo u "$IMG"
	run_famfs 0 image restore u "$IMG"
	slice 0 $((4 * MiB)) >now
	cmp front now
	is "$(sum now)" "$before"
	finds 4 entry_crc
	poke 0 8 0
	slice 0 $((4 * MiB)) >front
	run_famfs 1 check -y --salvage --undo v "$IMG"
	clean
	run_famfs 0 image restore v "$IMG"
	slice 0 $((4 * MiB)) >now
	cmp front now
}

@test "the superblock: kept where its checksum proves it, else made" {
	make
	run_famfs 1 check -y "$IMG"
	local uuid
	uuid=$(slice 48 48 | od -An -tx1)
	for field in "0 1" "16 99" "32 5"; do
		read -r off value <<<"$field"
		poke "$off" 8 "$value"
		run_famfs 1 check -y "$IMG"
		has "$output" 'to take everything back'
		clean
		is "$(slice 48 48 | od -An -tx1)" "$uuid"
	done
	poke 50 1 $(($(peek 50 1) ^ 1))
	run_famfs 1 check -y --uuid 12345678-0000-4000-8000-000000000001 \
		--dev-uuid 12345678-0000-4000-8000-000000000002 "$IMG"
	run_famfs 0 df --json "$IMG"
	json_is '.filesystems[0] | "\(.uuid) \(.role)"' '12345678-0000-4000-8000-000000000001 master'
	is "$(names)" "/a"
	# Nothing but the log is left.
	dd if=/dev/zero of="$IMG" bs=1M count=2 conv=notrunc status=none
	run_famfs 8 check -p "$IMG"
	run_famfs 1 check -y "$IMG"
	clean
	is "$(names)" "/a"
}

@test "superblock and log header both gone: rebuilt from the entries" {
	make
	run_famfs 1 check -y "$IMG"
	run_famfs 0 creat -s 6M "$IMG:/d"
	dd if=/dev/zero of="$IMG" bs=1M count=2 conv=notrunc status=none
	dd if=/dev/zero of="$IMG" bs=1 seek=$LOG count=48 conv=notrunc status=none
	run_famfs 1 check -y "$IMG"
	clean
	is "$(names)" "/a /d"
	run_famfs 0 df --json "$IMG"
	json_is '.filesystems[0].log_len' $AU
}

@test "a client repairs nothing; a damaged superblock of another host's only with --force" {
	make
	local before
	before=$(sum "$IMG")
	export FAMFS_SYSTEM_UUID=$OTHER
	run_famfs 4 check -y "$IMG"
	has "$stderr" "client.*$MASTER"
	has "$output" 'entry_crc.*not repaired'
	run_famfs 4 check -n -y "$IMG"
	has "$output" 'would be repaired'
	unchanged "$before"
	poke 50 1 $(($(peek 50 1) ^ 1))
	before=$(sum "$IMG")
	run_famfs 4 check -y "$IMG"
	has "$stderr" "$MASTER.*--force"
	unchanged "$before"
	run_famfs 1 check -y --force "$IMG"
	run_famfs 0 df --json "$IMG"
	json_is '.filesystems[0].role' master
	# What is whole needs no master.
	FAMFS_SYSTEM_UUID=$MASTER run_famfs 0 check -p "$IMG"
}

@test "no place for the undo file: nothing is stored" {
	make
	local before
	before=$(sum "$IMG")
	: >there
	run_famfs 8 check -y --undo there "$IMG"
	has "$stderr" 'there: .*already.*--undo'
	has "$output" 'entry_crc.*not repaired'
	hasnt "$output" 'removed file'
	unchanged "$before"
	run_famfs 8 check -y --undo no/dir/u "$IMG"
	run_famfs 8 check -y --undo /dev/full "$IMG"
	unchanged "$before"
	run_shell 8 'ulimit -f 0; trap "" XFSZ; exec "$@" 2>err.txt >/dev/null' \
		"$FAMFS" check -y --undo u "$IMG"
	[ ! -e u ]
	unchanged "$before"
}

@test "a device that cannot be written: told, and left" {
	make
	chmod a-w "$IMG"
	run_bound 4 "$FAMFS" check -y "$IMG"
	has "$output" 'entry_crc.*not repaired'
	has "$stderr" 'permission|read-only|denied'
}

@test "it waits for a writer, and a writer for it" {
	make
	flock -x "$IMG" sleep 1 &
	local holder=$!
	sleep 0.2
	run_famfs 1 check -y "$IMG"
	run_shell 1 'kill -0 "$1"' "$holder"
	clean
}

@test "what is no famfs file system is not made one" {
	local kind before
	for kind in 000 377; do
		filled "$IMG" $((16 * MiB)) $kind
		before=$(sum "$IMG")
		run_famfs 8 check -y "$IMG"
		has "$output" 'sb_magic'
		hasnt "$output" 'entry'
		unchanged "$before"
	done
	head -c $((16 * MiB)) /dev/urandom >"$IMG"
	before=$(sum "$IMG")
	run_famfs 8 check -y "$IMG"
	unchanged "$before"
	run_famfs 4,8 check --repair -n "$IMG"
	[ -z "$(undo)" ]
}

@test "random bytes behind a magic number" {
	local i
	for i in 1 2 3 4 5; do
		head -c $((8 * MiB)) /dev/urandom >"$IMG"
		poke 0 8 $((0x87b282ff))
		[ "$i" -lt 3 ] || poke 8 8 48
		[ "$i" -lt 4 ] || poke 16 8 $LOG
		[ "$i" -lt 5 ] || seal_super
		run_famfs 1,4,5,8 check -y --force "$IMG"
		[ "$status" -ne 1 ] || run_famfs 0 check "$IMG"
	done
}

@test "a file system inside another's first half" {
	make
	run_famfs 1 check -y "$IMG"
	run_famfs 0 mkfs -q --size 8M -l 2M small.img
	run_famfs 0 creat -s 2M small.img:/inner
	# At the place of the data of /a.
	dd if=small.img of="$IMG" bs=1M seek=32 conv=notrunc status=none
	clean
	dd if=small.img of="$IMG" bs=1M conv=notrunc status=none
	run_famfs 0,4 check "$IMG"
	run_famfs 0,1 check -y "$IMG"
	run_famfs 0 check "$IMG"
	is "$(names)" "/inner"
}

@test "sizes of 2^63 and near 2^64" {
	local value off
	for value in $((1 << 63)) -1 -2097152 $(((1 << 63) - 1)) $((1 << 62)); do
		for off in 16 144 152; do
			make
			run_famfs 1 check -y "$IMG"
			poke "$(entry_at 0 $off)" 8 "$value"
			seal_entry 0
			finds 4
			run_famfs 1 check -y "$IMG"
			clean
		done
		for off in 24 112 $((LOG + 8)) $((LOG + 16)) $((LOG + 32)) $((LOG + 40)); do
			make
			run_famfs 1 check -y "$IMG"
			poke "$off" 8 "$value"
			[ "$off" -ne 24 ] || seal_super
			[ "$off" -gt $((LOG + 16)) ] || [ "$off" -lt $LOG ] || seal_header
			finds 4
			run_famfs 1 check -y "$IMG"
			clean
			is "$(names)" "/a"
		done
	done
}

# A log with so many slots left, and /a/b/c whose directory has got another name.
crowd() { # SLOTS
	rm -f "$IMG" u
	run_famfs 0 mkfs -q --size 16G -l 2M "$IMG"
	run_famfs 0 mkdir "$IMG:/a" "$IMG:/a/b"
	run_famfs 0 creat -q --no-zero -s 2M "$IMG:/a/b/c"
	awk -v n=$((3854 - 3 - $1)) \
		'BEGIN { for (; i < n; i++) printf "{\"path\":\"/f%d\",\"size\":1}\n", i }' >records
	run_famfs 0 creat -q --no-zero --from records "$IMG"
	poke_text "$(entry_at 1 30)" z
	seal_entry 1
	finds 4 path_no_parent
}

@test "a missing directory takes the last slot; without one, what was in it moves up" {
	crowd 1
	run_famfs 1 check -y --undo u "$IMG"
	clean
	run_famfs 0 stat "$IMG:/a/b/c"
	crowd 0
	before=$(slice 0 $((4 * MiB)) | cksum)
	run_famfs 1 check -y --undo u "$IMG"
	has "$output" 'entry 2: /a/b/c: path_no_parent: .*moved up as the log is full'
	has "$output" '/a/b/c.* /a/c'
	clean
	run_famfs 0 stat "$IMG:/a/c"
	run_famfs 0 image restore -q u "$IMG"
	is "$(slice 0 $((4 * MiB)) | cksum)" "$before"
}
