#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Maps of golden media: whole devices dumped, judged and resolved, the good and the broken ones.

# shellcheck source=tests/golden/golden.bash
. "$BATS_TEST_DIRNAME/golden.bash"

# Small ones suffice here: every file of the large ones is encoded by a unit test.
setup_file() {
	mapfile -t names < <(good_images; broken_images)
	[ ${#names[@]} -ge 60 ]
	make_images "$BATS_FILE_TMPDIR" "${names[@]}"
}

setup() {
	dir=$BATS_FILE_TMPDIR
}

@test "good media: every message as the existing tools have it, and safe on its device" {
	local name path hex
	for name in g03-onefile g04-nested g05-interleaved g06-maxpath g10-add-daxdev g11-multi-extent; do
		famfs fmap dump --format=raw -o "$BATS_TEST_TMPDIR/$name" "$dir/$name"
		[ "$rc" -eq 0 ] || complain "$name: exit $rc: $(cat "$err")"
		while IFS=$'\t' read -r path hex; do
			[ "$(xxd -p -c 0 "$BATS_TEST_TMPDIR/$name/$path.fmap")" = "$hex" ] ||
				complain "$name: /$path: not $hex"
		done < <(jq -r '.files[] | [.path, .get_fmap_hex] | @tsv' "$MEDIA/$name.json")
		while IFS= read -r path; do
			famfs fmap check --against "$dir/$name" "$path"
			[ "$rc" -eq 0 ] || complain "$name: ${path##*/}: exit $rc: $(cat "$out")"
		done < <(find "$BATS_TEST_TMPDIR/$name" -name '*.fmap' | head -n 12)
	done
	judge
}

@test "device indices of several devices: shown, rejected, never mistaken for the first device" {
	famfs fmap dump --json "$dir/c37-devindex"
	[ "$rc" -eq 1 ]
	[ "$(jq -r '[.fmaps[] | select(.rejected != []) | "\(.path) \(.rejected | join(" "))"] | join(",")' \
		"$out")" = "/i K6 K15,/s K6 K15" ]
	[ "$(jq -r '.fmaps[] | select(.path == "/i") | .interleaved[0].strips[].dev' "$out" |
		tr '\n' ' ')" = "1 2 " ]
	famfs fmap dump --wire=v2 --json "$dir/c37-devindex:/i"
	[ "$(jq -r '[.extents[].dev] | join(" ")' "$out")" = "1 2" ]
	famfs fmap resolve --json "$dir/c37-devindex:/i" 0 2M
	[ "$(jq -r '[.pieces[] | "\(.dev) \(.off)"] | join(",")' "$out")" = "1 134217728,2 268435456" ]
	famfs fmap resolve --reverse --json "$dir/c37-devindex" 134217728 64M
	[ "$(jq -r '[.owners[].kind] | join(" ")' "$out")" = "free free" ]
	famfs fmap resolve --reverse --json "$dir/g10-add-daxdev" 10M
	[ "$(jq -r '.owners[0].kind' "$out")" = file ]
}

@test "broken media: the fmap commands come to no harm" {
	local name
	mapfile -t names < <(broken_images)
	for name in "${names[@]}"; do
		famfs fmap dump --json "$dir/$name"
		polite "$name" 100 "fmap dump"
		[ ! -s "$out" ] || jq -e '.schema == 1' "$out" >/dev/null || complain "$name: no JSON"
		famfs fmap dump --wire=v2 --format=raw --force -o "$BATS_TEST_TMPDIR/x/$name" "$dir/$name"
		polite "$name" 100 "fmap dump --wire=v2"
		famfs fmap resolve --reverse --json "$dir/$name" 0+64M 8G 1T
		polite "$name" 2 "fmap resolve --reverse"
		[ ! -s "$out" ] || jq -e '.schema == 1' "$out" >/dev/null || complain "$name: no JSON"
	done
	judge
}
