#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154 # dollars for another shell; the helpers set stderr
# chmaster: who is the master, and who becomes it.

load helpers

make_fs() {
	run_famfs 0 mkfs --size 64M "$IMG"
	run_famfs 0 creat -s 2M "$IMG:/a"
}

as_other() { # RC ARGUMENT...
	FAMFS_SYSTEM_UUID=$OTHER run_famfs "$@"
}

@test "shows the master, and what this host is" {
	make_fs
	run_famfs 0 chmaster "$IMG"
	has "$output" "master +$MASTER"
	has "$output" "this host +master"
	as_other 0 chmaster --json "$IMG"
	is "$(jq -r '[.master, .role] | join(" ")' <<<"$output")" "$MASTER client"
}

@test "another host takes over; the old one is refused, and reads on" {
	make_fs
	as_other 1 creat -s 2M "$IMG:/b"
	has "$stderr" "client.*$MASTER"
	as_other 0 chmaster --take --yes --watch 1 "$IMG"
	has "$output" "is now $OTHER, and was $MASTER"
	as_other 0 creat -s 2M "$IMG:/b"
	run_famfs 1 creat -s 2M "$IMG:/c"
	has "$stderr" "client.*$OTHER"
	run_famfs 0 ls "$IMG"
	is "$output" $'a\nb'
	run_famfs 0 check "$IMG"
	is "$(find . -name '*.undo*' | wc -l)" 0
}

@test "the master has nothing to take" {
	make_fs
	before=$(sha256sum <"$IMG")
	run_famfs 0 chmaster --take --yes "$IMG"
	has "$output" "is $MASTER already"
	is "$(sha256sum <"$IMG")" "$before"
}

@test "a role is handed over by the master only" {
	make_fs
	as_other 1 chmaster --give "$OTHER" "$IMG"
	has "$stderr" "client"
	run_famfs 0 chmaster --give "$OTHER" "$IMG" --json
	is "$(jq -r '[.changed, .old_master, .new_master] | map(tostring) | join(" ")' <<<"$output")" \
		"true $MASTER $OTHER"
	as_other 0 creat -s 2M "$IMG:/b"
}

@test "a dry run changes nothing" {
	make_fs
	before=$(sha256sum <"$IMG")
	as_other 0 chmaster --take --watch 1 -n "$IMG"
	has "$output" "would be $OTHER"
	is "$(sha256sum <"$IMG")" "$before"
}

# An entry that appears as if another host had appended it: no lock of this host is held for it.
@test "a log that moves keeps the role with its master" {
	make_fs
	cp "$IMG" later.img
	run_famfs 0 creat -s 2M later.img:/b
	FAMFS_SYSTEM_UUID=$OTHER "$FAMFS" chmaster --take --yes --watch 20 "$IMG" 2>err.txt 3>&- &
	local pid=$! rc=0
	sleep 0.5
	dd if=later.img of="$IMG" bs=1 skip=$((LOG + 48 + ENTRY)) seek="$((LOG + 48 + ENTRY))" \
		count="$ENTRY" conv=notrunc status=none
	dd if=later.img of="$IMG" bs=1 skip=$((LOG + 32)) seek=$((LOG + 32)) count=16 \
		conv=notrunc status=none
	wait "$pid" || rc=$?
	is "$rc" 1
	has "$(cat err.txt)" "$MASTER, is alive.*--give"
	run_famfs 0 creat -s 2M "$IMG:/c"
}

# Until the superblock has other bytes than a file.
wait_for_claim() { # FILE
	local i
	for ((i = 0; i < 1000; i++)); do
		cmp -s -n 200 "$1" "$IMG" || return 0
		sleep 0.01
	done
	fail "nobody claims the role"
}

@test "two that claim it at once: one wins, the other is told" {
	local third=33333333-3333-3333-3333-333333333333 rc=0
	make_fs
	cp "$IMG" claimed.img
	cp "$IMG" before.img
	FAMFS_SYSTEM_UUID=$third run_famfs 0 chmaster --take --yes --watch 1 claimed.img
	FAMFS_SYSTEM_UUID=$OTHER "$FAMFS" chmaster --take --yes --watch 1 "$IMG" 2>err.txt 3>&- &
	local pid=$!
	wait_for_claim before.img
	# As another host stores it, which this host's locks do not keep away.
	dd if=claimed.img of="$IMG" bs=1 skip=80 seek=80 count=24 conv=notrunc status=none
	wait "$pid" || rc=$?
	is "$rc" 1
	has "$(cat err.txt)" "$third, became the master at the same time"
	run_famfs 0 check "$IMG"
	run_famfs 0 chmaster "$IMG"
	has "$output" "master +$third"
}

@test "a claim that is mixed from two is made again" {
	make_fs
	cp "$IMG" before.img
	FAMFS_SYSTEM_UUID=$OTHER "$FAMFS" chmaster --take --yes --watch 1 "$IMG" >out.txt 3>&- &
	local pid=$!
	wait_for_claim before.img
	dd if=before.img of="$IMG" bs=1 skip=80 seek=80 count=8 conv=notrunc status=none
	wait "$pid"
	has "$(cat out.txt)" "is now $OTHER"
	run_famfs 0 check "$IMG"
	as_other 0 creat -s 2M "$IMG:/b"
}

@test "asks, and cannot without a terminal" {
	make_fs
	as_other 2 chmaster --take "$IMG"
	has "$stderr" "add --yes"
	as_other 2 chmaster --take --give "$OTHER" "$IMG"
	run_famfs 2 chmaster --give nonsense "$IMG"
	has "$stderr" "is not a UUID"
	run_famfs 2 chmaster
}

@test "asks on a terminal, and takes no for an answer" {
	requires_terminal
	make_fs
	before=$(sha256sum <"$IMG")
	run_shell 1 'echo n | FAMFS_SYSTEM_UUID=$3 script -qec "$1 chmaster --take --watch 1 $2" /dev/null' \
		"$FAMFS" "$IMG" "$OTHER"
	has "$output" "nothing was changed"
	is "$(sha256sum <"$IMG")" "$before"
	run_shell 0 'echo y | FAMFS_SYSTEM_UUID=$3 script -qec "$1 chmaster --take --watch 1 $2" /dev/null' \
		"$FAMFS" "$IMG" "$OTHER"
	has "$output" "is now $OTHER"
}

@test "a command that works on the device is not disturbed" {
	make_fs
	flock "$IMG" sleep 20 3>&- &
	local pid=$!
	sleep 0.3
	as_other 1 chmaster --take --yes --watch 1 "$IMG"
	kill "$pid"
	has "$stderr" "another command is writing"
}
