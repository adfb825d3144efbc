#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What mkfs, mkdir and creat make of the same inputs is what the existing tools made: byte for byte.

# shellcheck source=tests/golden/golden.bash
. "$BATS_TEST_DIRNAME/golden.bash"

# One mkdir or creat for each entry, in the order of the log.
replay_singly() { # NAME FILE
	local kind path mode uid gid size
	manifest_entries "$1" | jq -s -r 'sort_by(.index)[] |
		[.kind, .path, .mode, .uid, .gid, .size] | @tsv' >"$BATS_TEST_TMPDIR/entries"
	while IFS=$'\t' read -r kind path mode uid gid size; do
		case $kind in
		dir) famfs mkdir -m "$mode" -u "$uid" -g "$gid" "$2:/$path" ;;
		*) famfs creat -s "$size" -m "$mode" -u "$uid" -g "$gid" "${zero[@]}" \
			"$2:/$path" ;;
		esac
		[ "$rc" -eq 0 ] || complain "$1: $path: exit $rc: $(cat "$err")"
	done <"$BATS_TEST_TMPDIR/entries"
}

# As few commands as the order allows: directories singly, runs of files as manifests.
replay_in_batches() { # NAME FILE
	local kind batch path mode uid gid
	manifest_entries "$1" | jq -s -c 'sort_by(.index) | reduce .[] as $e ([];
		if $e.kind == "file" and length > 0 and .[-1][0].kind == "file"
		then .[-1] += [$e] else . + [[$e]] end) | .[]' >"$BATS_TEST_TMPDIR/batches"
	while IFS= read -r batch; do
		kind=$(jq -r '.[0].kind' <<<"$batch")
		IFS=$'\t' read -r path mode uid gid < <(
			jq -r '.[0] | [.path, .mode, .uid, .gid] | @tsv' <<<"$batch")
		case $kind in
		dir) famfs mkdir -m "$mode" -u "$uid" -g "$gid" "$2:/$path" ;;
		*)
			jq 'map({path, size, mode, uid, gid})' <<<"$batch" >"$BATS_TEST_TMPDIR/from"
			famfs creat --from "$BATS_TEST_TMPDIR/from" "${zero[@]}" "$2"
			;;
		esac
		[ "$rc" -eq 0 ] || complain "$1: $path and on: exit $rc: $(cat "$err")"
	done <"$BATS_TEST_TMPDIR/batches"
}

same_bytes() { # NAME HOW
	local golden=$BATS_TEST_TMPDIR/golden ours=$BATS_TEST_TMPDIR/ours differ
	make_image "$1" "$golden"
	rm -f "$ours"
	famfs mkfs -s "$(field "$1" device_size)" -l "$(field "$1" loglen)" \
		--uuid "$(field "$1" superblock.uuid)" \
		--dev-uuid "$(field "$1" superblock.dev_uuid)" \
		--daxdev "$(field "$1" superblock.dd_daxdev)" "$ours"
	[ "$rc" -eq 0 ] || complain "$1: mkfs: exit $rc: $(cat "$err")"
	"$2" "$1" "$ours"
	differ=$(cmp -l -n "$(field "$1" image_bytes)" "$golden" "$ours" 2>&1 | head -n 5)
	[ -z "$differ" ] || complain "$1, $2: byte, golden, ours: $differ"
	[ "$(stat -c %s "$ours")" = "$(field "$1" device_size)" ] || complain "$1: size"
	rm -f "$golden" "$ours"
}

@test "empty file systems" {
	local zero=()
	same_bytes g01-empty-8m-1g replay_singly
	same_bytes g02-empty-256m-4g replay_singly
	judge
}

@test "one file, zeroed and not" {
	local zero=()
	same_bytes g03-onefile replay_singly
	zero=(--no-zero)
	same_bytes g03-onefile replay_singly
	same_bytes g03-onefile replay_in_batches
	judge
}

@test "nested directories and files, one command each" {
	# shellcheck disable=SC2034 # read by replay_singly
	local zero=(--no-zero)
	same_bytes g04-nested replay_singly
	judge
}

@test "nested directories and files, in batches" {
	# shellcheck disable=SC2034 # read by replay_in_batches
	local zero=(--no-zero)
	same_bytes g04-nested replay_in_batches
	judge
}

@test "mkfs --force over another file system leaves no byte of it" {
	local image=$BATS_TEST_TMPDIR/image
	make_image g12-stale-sb-bytes "$image"
	famfs mkfs --force --uuid "$(field g03-onefile superblock.uuid)" "$image"
	[ "$rc" -eq 0 ]
	# Nothing behind the 200 bytes of the superblock and the 48 of the log's header.
	[ "$(head -c 2097152 "$image" | tail -c +201 | tr -d '\0' | wc -c)" -eq 0 ]
	[ "$(head -c 10485760 "$image" | tail -c +2097201 | tr -d '\0' | wc -c)" -eq 0 ]
}
