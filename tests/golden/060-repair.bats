#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Media with known defects, repaired: what is safe by -p, the rest by -y, a second check is clean;
# what no repair can mend is left as it is. Good media are left alone.

# shellcheck source=tests/golden/golden.bash
. "$BATS_TEST_DIRNAME/golden.bash"

setup() {
	dir=$BATS_TEST_TMPDIR
}

# Which repair its defects need, by the manifest: none, safe, ask, or never.
repair_of() { # NAME
	jq -r '.defects as $d | ["log_header_crc", "log_magic", "next_index_range", "next_seqnum",
			"last_index", "dd_size"] as $safe
		| if $d - ["path_utf8", "path_control"] == [] then "none"
		elif $d | index("sb_version") then "never"
		elif $safe | index($d[0]) then "safe" else "ask" end' "$MEDIA/$1.json"
}

front() { # FILE
	head -c $((64 << 20)) "$1" | cksum
}

fresh() { # NAME
	rm -f "$dir"/*
	make_image "$1" "$dir/$1"
}

@test "every broken one is repaired, and a second check is clean" {
	local name want codes
	while IFS= read -r name; do
		fresh "$name"
		case $(repair_of "$name") in
		none) want="0 0" ;;
		safe) want="1 0" ;;
		ask) want="4 1" ;;
		never) want="4 4" ;;
		esac
		[ "$name" != c02-sb-magic ] || want="8 1"
		famfs check -p "$dir/$name"
		codes=$rc
		famfs check -y "$dir/$name"
		[ "$codes $rc" = "$want" ] ||
			complain "$name: exit codes $codes $rc, want $want: $(cat "$out" "$err")"
		[ "$(repair_of "$name")" = never ] && continue
		famfs check --json "$dir/$name"
		jq -e .clean "$out" >/dev/null || complain "$name: $(jq -c .findings "$out")"
		famfs mkdir "$dir/$name:/and-goes-on"
		[ "$rc" -eq 0 ] || complain "$name: mkdir: $(cat "$err")"
	done < <(broken_images)
	judge
}

@test "image restore brings each back, byte for byte" {
	local name before want
	while IFS= read -r name; do
		fresh "$name"
		before=$(front "$dir/$name")
		case $(repair_of "$name") in
		none) want=0 ;;
		never) want=4 ;;
		*) want=1 ;;
		esac
		famfs check -y --salvage --undo "$dir/undo" "$dir/$name"
		[ "$rc" -eq "$want" ] ||
			complain "$name: exit code $rc, want $want: $(cat "$out" "$err")"
		[ "$rc" -eq 1 ] || continue
		[ "$(front "$dir/$name")" != "$before" ] || complain "$name: repaired, and the same"
		famfs image restore --force "$dir/undo" "$dir/$name"
		[ "$rc" -eq 0 ] || complain "$name: restore: $(cat "$err")"
		[ "$(front "$dir/$name")" = "$before" ] || complain "$name: other bytes came back"
	done < <(broken_images)
	judge
}

@test "a dry run tells as much and changes nothing" {
	local name before
	while IFS= read -r name; do
		fresh "$name"
		before=$(front "$dir/$name")
		famfs check --repair -n --json "$dir/$name"
		jq -e '.dry_run and .repaired == 0' "$out" >/dev/null || complain "$name: $(cat "$out")"
		[ "$(front "$dir/$name")" = "$before" ] || complain "$name: bytes changed"
		[ "$(find "$dir" -name '*undo*')" = "" ] || complain "$name: an undo file"
	done < <(broken_images)
	judge
}

@test "good ones are left alone" {
	local name before
	while IFS= read -r name; do
		fresh "$name"
		before=$(front "$dir/$name")
		famfs check -y "$dir/$name"
		[ "$rc" -eq 0 ] || complain "$name: exit $rc: $(cat "$out" "$err")"
		[ "$(front "$dir/$name")" = "$before" ] || complain "$name: bytes changed"
		[ "$(find "$dir" -name '*undo*')" = "" ] || complain "$name: an undo file"
	done < <(good_images)
	judge
}
