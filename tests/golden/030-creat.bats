#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# New files on the golden media, good and broken ones: made well, or refused without a trace.

# shellcheck source=tests/golden/golden.bash
. "$BATS_TEST_DIRNAME/golden.bash"

try_creat() { # NAME FILE OPTION
	local before
	before=$(front_sha256 "$1" "$2")
	famfs creat -s 5M "$3" --no-zero "$2:/made$3"
	polite "$1" 1 "creat $3"
	[ "$rc" -eq 0 ] || [ "$before" = "$(front_sha256 "$1" "$2")" ] ||
		complain "$1: creat $3 was refused and changed something"
	[ "$rc" -ne 0 ] || "$FAMFS" stat "$2:/made$3" >/dev/null ||
		complain "$1: creat $3 succeeded and nothing is there"
}

check_after() { # NAME FILE
	famfs check --json "$2"
	findings "$out" >"$BATS_TEST_TMPDIR/after"
	comm -13 "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after" >"$BATS_TEST_TMPDIR/new"
	[ ! -s "$BATS_TEST_TMPDIR/new" ] ||
		complain "$1: new findings: $(cat "$BATS_TEST_TMPDIR/new")"
}

try_all() { # NAME...
	local name copy=$BATS_TEST_TMPDIR/copy
	for name; do
		make_image "$name" "$copy"
		famfs check --json "$copy"
		findings "$out" >"$BATS_TEST_TMPDIR/before"
		try_creat "$name" "$copy" --contiguous
		try_creat "$name" "$copy" --nstrips=2
		check_after "$name" "$copy"
		rm "$copy"
	done
}

@test "creat on good media makes nothing worse" {
	local names
	mapfile -t names < <(good_images)
	try_all "${names[@]}"
	judge
}

@test "creat on broken media works or refuses, and makes nothing worse" {
	local names
	mapfile -t names < <(broken_images)
	try_all "${names[@]}"
	judge
}

@test "good media take a new file, unless their log is full" {
	local name copy=$BATS_TEST_TMPDIR/copy
	while IFS= read -r name; do
		make_image "$name" "$copy"
		famfs creat -s 2M --no-zero "$copy:/made"
		case $(field "$name" '|.log_header | .next_index > .last_index') in
		true)
			[ "$rc" -eq 1 ] || complain "$name: full log: exit $rc"
			grep -q 'log is full' "$err" || complain "$name: $(cat "$err")"
			;;
		*) [ "$rc" -eq 0 ] || complain "$name: exit $rc: $(cat "$err")" ;;
		esac
		rm "$copy"
	done < <(good_images)
	judge
}

@test "damaged logs and superblocks are not appended to" {
	local name copy=$BATS_TEST_TMPDIR/copy
	while IFS= read -r name; do
		make_image "$name" "$copy"
		famfs creat -s 2M --no-zero "$copy:/made"
		[ "$rc" -eq 1 ] || complain "$name: exit $rc"
		[ "$(front_sha256 "$name" "$copy")" = "$(field "$name" sha256)" ] ||
			complain "$name: changed"
		rm "$copy"
	done < <(jq -r 'select(.defects - (.defects - ["sb_crc", "sb_magic", "sb_version",
		"log_magic", "log_header_crc", "entry_crc", "entry_seqnum", "next_index_range"])
		!= []) | .name' "$MEDIA"/c*.json)
	judge
}
