#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Media that the existing tools made, and that are as they should be.

# shellcheck source=tests/golden/golden.bash
. "$BATS_TEST_DIRNAME/golden.bash"

setup_file() {
	local names
	mapfile -t names < <(good_images)
	[ ${#names[@]} -ge 15 ]
	make_images "$BATS_FILE_TMPDIR" "${names[@]}"
	stat -c '%n %y' "$BATS_FILE_TMPDIR"/* >"$BATS_FILE_TMPDIR/mtimes"
}

setup() {
	mapfile -t names < <(good_images)
	dir=$BATS_FILE_TMPDIR
}

@test "check finds them clean, and counts what is in them" {
	local name want
	for name in "${names[@]}"; do
		famfs check --json "$dir/$name"
		[ "$rc" -eq 0 ] || complain "$name: exit $rc: $(cat "$out" "$err")"
		[ ! -s "$err" ] || complain "$name: $(cat "$err")"
		want=$(field "$name" \
			'| "\(.n_files) \(.n_dirs) \(.log_header.next_index)"')
		jq -e --arg want "$want" '.clean and .errors == 0 and
			(.summary | "\(.files) \(.dirs) \(.log_used)") == $want' \
			"$out" >/dev/null ||
			complain "$name: want $want: $(cat "$out")"
	done
	judge
}

# A torn tail is a legal state that deserves a word; nothing else here does.
@test "check has no warning about them, but for a torn tail" {
	local name
	for name in "${names[@]}"; do
		famfs check --json "$dir/$name"
		jq -e 'all(.findings[]; .code == "torn_tail")' "$out" >/dev/null ||
			complain "$name: $(jq -c '.findings[]' "$out")"
	done
	judge
}

@test "ls -R --json has every file and directory with all its fields, and nothing more" {
	local name
	for name in "${names[@]}"; do
		famfs ls -R --json "$dir/$name"
		[ "$rc" -eq 0 ] || complain "$name: exit $rc: $(cat "$err")"
		jq -c '.entries[] | select(.type != "daxdev") |
			[.path, .type, .mode, .uid, .gid, .index, .size, .ext_type, .nstrips,
			.chunk_size, [(.extents // [])[] | [.dev, .off, .len]]]' "$out" |
			sort >"$BATS_TEST_TMPDIR/got"
		manifest_entries "$name" | jq -c '["/" + .path, .kind, ("000" + .mode)[-4:],
			.uid, .gid, .index, .size,
			if .ext_type then ["simple", "interleaved"][.ext_type] else null end,
			.nstrips, .chunk_size,
			[(.extents // .strips // [])[] | [.dev, .off, .len]]]' |
			sort >"$BATS_TEST_TMPDIR/want"
		diff "$BATS_TEST_TMPDIR/want" "$BATS_TEST_TMPDIR/got" >"$BATS_TEST_TMPDIR/diff" ||
			complain "$name: $(head -n 5 "$BATS_TEST_TMPDIR/diff")"
	done
	judge
}

# A process for each file takes long where there are many: 100 of those, evenly spread, and fewer
# of the slow ones under the sanitizers. tests/unit/test_golden_fmap.c looks at all of them.
@test "fmap dump --format=raw gives each file's message, byte for byte" {
	local name path want got most=100
	[ "${FAMFS_TEST_UNDER:-}" != san ] || most=20
	for name in "${names[@]}"; do
		manifest_entries "$name" | jq -r 'select(.kind == "file") | [.path, .get_fmap_hex] |
			@tsv' >"$BATS_TEST_TMPDIR/all"
		awk -v n="$(wc -l <"$BATS_TEST_TMPDIR/all")" -v most=$most '
			BEGIN { step = n > most ? n / most : 1 }
			NR > at { print; at += step }' "$BATS_TEST_TMPDIR/all" \
			>"$BATS_TEST_TMPDIR/some"
		while IFS=$'\t' read -r path want; do
			famfs fmap dump --format=raw "$dir/$name:/$path"
			got=$(xxd -p "$out" | tr -d '\n')
			[ "$rc" -eq 0 ] && [ "$got" = "$want" ] ||
				complain "$name:/$path: exit $rc: $(cat "$err")$got, want $want"
		done <"$BATS_TEST_TMPDIR/some"
	done
	judge
}

@test "fmap dump --json tells the same, and that it is accepted and safe" {
	local name path want
	for name in "${names[@]}"; do
		while IFS=$'\t' read -r path want; do
			famfs fmap dump --json "$dir/$name:/$path"
			jq -e --arg want "$want" '.hex == $want and .kernel_rc == 0 and
				.rejected == [] and .unsafe == []' "$out" >/dev/null ||
				complain "$name:/$path: $(cat "$out" "$err")"
		done < <(manifest_entries "$name" | jq -r 'select(.kind == "file") |
			[.path, .get_fmap_hex] | @tsv' | head -n 20)
	done
	judge
}

@test "df and stat agree with the manifests" {
	local name path
	for name in "${names[@]}"; do
		famfs df --json "$dir/$name"
		jq -e --slurpfile m "$MEDIA/$name.json" '.filesystems[0] | . as $fs | $m[0] |
			.device_size == $fs.size and .n_files == $fs.files and
			.n_dirs == $fs.dirs and .loglen == $fs.log_len and
			.log_header.next_index == $fs.log_used and
			.superblock.uuid == $fs.uuid and .superblock.dev_uuid == $fs.dev_uuid and
			$fs.role == "master" and
			(.upstream.sum_file_sizes // $fs.file_bytes) == $fs.file_bytes' \
			"$out" >/dev/null || complain "$name: df: $(cat "$out" "$err")"
		path=$(manifest_entries "$name" | jq -r .path | tail -n 1)
		[ -n "$path" ] || continue
		famfs stat --json "$dir/$name:/$path"
		jq -e --arg path "/$path" '.entries[0].path == $path' "$out" >/dev/null ||
			complain "$name:/$path: stat: $(cat "$out" "$err")"
	done
	judge
}

# The last test of this file: everything above has read these devices.
@test "reading has not changed a bit of them" {
	local name
	for name in "${names[@]}"; do
		unchanged "$name" "$dir/$name" \
			"$(awk -v f="$dir/$name" '$1 == f { print $2, $3, $4 }' "$dir/mtimes")"
	done
	judge
}
