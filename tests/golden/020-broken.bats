#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Media with known defects: check names the true one, and no command comes to harm.

# shellcheck source=tests/golden/golden.bash
. "$BATS_TEST_DIRNAME/golden.bash"

setup_file() {
	local names
	mapfile -t names < <(broken_images)
	[ ${#names[@]} -ge 51 ]
	make_images "$BATS_FILE_TMPDIR" "${names[@]}"
	stat -c '%n %y' "$BATS_FILE_TMPDIR"/* >"$BATS_FILE_TMPDIR/mtimes"
}

setup() {
	mapfile -t names < <(broken_images)
	dir=$BATS_FILE_TMPDIR
}

# 8: nothing behind it can be examined; 0: nothing but warnings; else 4.
exit_of_check() { # NAME
	jq 'if .defects | index("sb_magic") then 8
		elif .defects - ["path_utf8", "path_control"] == [] then 0 else 4 end' \
		"$MEDIA/$1.json"
}

# The files and directories by the manifest and by ls, as operands of printf %b, one per line.
escaped_paths() { # NAME
	famfs ls -R --json "$dir/$1"
	{
		manifest_entries "$1" | jq -r '[.path] | @tsv'
		jq -r '.entries[] | select(.path) | if .path_hex
			then .path_hex | [scan("..")] | map("\\x" + .) | join("")
			else [.path] | @tsv end' "$out"
	} | sed 's|^/*||' | sort -u
}

@test "check names every defect, with the right exit code" {
	local name want
	for name in "${names[@]}"; do
		famfs check --json "$dir/$name"
		want=$(exit_of_check "$name")
		[ "$rc" -eq "$want" ] || complain "$name: exit $rc, want $want: $(cat "$err")"
		jq -e --argjson want "$(field "$name" 'defects | tojson')" '
			[.findings[].code] as $got | $want - $got == []' "$out" >/dev/null ||
			complain "$name: want $(field "$name" 'defects | tojson'), got $(
				jq -c '[.findings[].code]' "$out")"
	done
	judge
}

# What check says of them is consistent in itself.
@test "check counts its findings, and its text has a line for each" {
	local name want
	for name in "${names[@]}"; do
		famfs check --json "$dir/$name"
		[ ! -s "$err" ] || complain "$name: JSON: $(cat "$err")"
		jq -e '.errors == ([.findings[] | select(.severity != "warning")] | length) and
			.warnings == ([.findings[] | select(.severity == "warning")] | length) and
			.clean == (.errors == 0)' "$out" >/dev/null ||
			complain "$name: $(jq -c 'del(.findings[].text)' "$out")"
		want=$(jq '.findings | length + 1' "$out")
		famfs check "$dir/$name"
		[ "$rc" -eq "$(exit_of_check "$name")" ] || complain "$name: text: exit $rc"
		[ "$(wc -l <"$out")" -eq "$want" ] ||
			complain "$name: want $want lines: $(cat "$out")"
	done
	judge
}

@test "ls and df read what can be read, or say why not" {
	local name
	for name in "${names[@]}"; do
		famfs ls -lR "$dir/$name"
		polite "$name" 2 "ls -lR"
		famfs ls -R --json "$dir/$name"
		polite "$name" 2 "ls --json"
		famfs df "$dir/$name"
		polite "$name" 2 df
	done
	judge
}

# A map that is handed out without a complaint is one that the kernel takes and that is safe.
@test "stat and fmap dump of each file stay within bounds, and no bad map passes as good" {
	local name path
	for name in "${names[@]}"; do
		while IFS= read -r path; do
			printf -v path %b "$path"
			famfs stat "$dir/$name:/$path"
			polite "$name" 2 "stat of $path"
			famfs fmap dump "$dir/$name:/$path"
			polite "$name" 2 "fmap dump of $path"
			famfs fmap dump --format=raw "$dir/$name:/$path"
			polite "$name" 2 "fmap dump --format=raw of $path"
			# A good map of a log that is not good to its end comes with a word about it.
			[ "$rc" -eq 0 ] || [ ! -s "$out" ] || grep -q 'damaged log' "$err" ||
				complain "$name: a refused map of $path came out"
			famfs fmap dump --json "$dir/$name:/$path"
			polite "$name" 2 "fmap dump --json of $path"
			[ "$rc" -ne 0 ] || jq -e '.kernel_rc == 0 and .rejected == [] and
				.unsafe == []' "$out" >/dev/null ||
				complain "$name: map of $path: $(cat "$out")"
		done < <(escaped_paths "$name")
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
