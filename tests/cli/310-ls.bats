#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# ls.

load helpers

tree() {
	new_image 256M
	run_famfs 0 mkdir -m 1777 "$IMG:/b"
	run_famfs 0 mkdir -p "$IMG:/b/sub/deep"
	run_famfs 0 creat -s 5000000 -m 0640 -u 1001 -g 51 "$IMG:/b/sub/file"
	run_famfs 0 creat -s 16M -N 4 -m 04755 "$IMG:/a"
	run_famfs 0 creat -s 1 "$IMG:/Z" "$IMG:/b/1"
	run_famfs 0 mkdir "$IMG:/b.d" "$IMG:/b-d"
	run_famfs 0 creat -s 1 "$IMG:/b.d/x"
}

@test "sorted by bytes, a name on each line" {
	tree
	run_famfs 0 ls "$IMG"
	is "$output" $'Z\na\nb\nb-d\nb.d'
	run_famfs 0 ls "$IMG:/"
	is "$output" $'Z\na\nb\nb-d\nb.d'
	run_famfs 0 ls "$IMG:/b"
	is "$output" $'1\nsub'
	run_famfs 0 ls "$IMG:/a"
	has "$output" 'a$'
	is "$(wc -l <"$OUT")" 1
}

@test "-l: mode, owner, size, layout, name" {
	tree
	run_famfs 0 ls -l "$IMG"
	has "$output" '-rw-r--r-- +[0-9]+ +[0-9]+ +1 +1 extent +Z'
	has "$output" '-rwsr-xr-x +[0-9]+ +[0-9]+ +16777216 +4x2.* a'
	has "$output" 'drwxrwxrwt .* b'
	run_famfs 0 ls -l "$IMG:/b/sub"
	has "$output" 'drwxr-xr-x .* deep'
	has "$output" '-rw-r----- +1001 +51 +5000000 +1 extent +file'
	run_famfs 0 ls -l --bytes "$IMG:/b/sub"
	has "$output" ' 5000000 '
}

@test "-R: whole trees" {
	tree
	run_famfs 0 ls -R "$IMG"
	local name
	for name in Z a b sub deep file 1 b.d b-d x; do
		has "$output" "(^|[/"$'\n'"])$name(:?"$'\n'"|$)"
	done
	run_famfs 0 ls -R --json "$IMG"
	json_is '[.entries[].path] | sort | join(" ")' \
		"/Z /a /b /b-d /b.d /b.d/x /b/1 /b/sub /b/sub/deep /b/sub/file"
	run_famfs 0 ls -R --json "$IMG:/b"
	json_is '[.entries[].path] | sort | join(" ")' "/b/1 /b/sub /b/sub/deep /b/sub/file"
	run_famfs 0 ls --json "$IMG:/b"
	json_is '[.entries[].path] | sort | join(" ")' "/b/1 /b/sub"
}

@test "JSON: every field, with -l and without" {
	tree
	run_famfs 0 ls --json "$IMG:/b/sub"
	json_is .device "$IMG"
	json_is '.entries[1] | "\(.path) \(.type) \(.mode) \(.uid) \(.gid) \(.size) \(.ext_type)"' \
		"/b/sub/file file 0640 1001 51 5000000 simple"
	json_is '.entries[1] | "\(.index) \(.extents[0].dev) \(.extents[0].off) \(.extents[0].len)"' \
		"3 0 $((10 * MiB)) $((6 * MiB))"
	json_is '.entries[0] | "\(.path) \(.type) \(has("size"))"' "/b/sub/deep dir false"
	cp "$OUT" plain
	run_famfs 0 ls -l --json "$IMG:/b/sub"
	cmp "$OUT" plain
	run_famfs 0 ls --json "$IMG:/a"
	json_is '.entries[0] | "\(.nstrips) \(.chunk_size) \(.extents | length) \(.ext_type)"' \
		"4 2097152 4 interleaved"
}

@test "several operands, several devices" {
	tree
	run_famfs 0 mkfs -q --size 24M two.img
	run_famfs 0 mkdir two.img:/other
	run_famfs 0 ls "$IMG:/b" two.img
	has "$output" 'sub'
	has "$output" 'other'
	run_famfs 1 ls "$IMG:/b" "$IMG:/nothing" two.img
	has "$output" 'other'
	one_error '/nothing.*no such'
	run_famfs 1 ls missing.img two.img
	has "$output" 'other'
	one_error 'missing.img'
}

@test "what is not there" {
	tree
	refused 1 '/nothing' ls "$IMG:/nothing"
	run_famfs 1 ls --json "$IMG:/b/nothing"
	json_error_is ENOENT
	run_famfs 1 ls --json "$IMG:/a/x"
	json_error_is ENOTDIR
	run_famfs 1 ls --json "$IMG:/b/.."
	json_error_is EINVAL
}

@test "an empty file system" {
	new_image
	run_famfs 0 ls "$IMG"
	is "$output" ""
	run_famfs 0 ls -lR "$IMG"
	run_famfs 0 ls --json "$IMG"
	json_is '.entries | tojson' '[]'
}

@test "-a shows .meta too" {
	new_image
	run_famfs 0 ls "$IMG"
	hasnt "$output" 'meta'
	run_famfs 0 ls -a "$IMG"
	has "$output" '\.meta'
}

@test "a damaged log: what is good, one error, exit 1" {
	tree
	poke "$(entry_at 4 536)" 8 1
	run_famfs 1 ls -R "$IMG"
	has "$output" 'file'
	hasnt "$output" '(^|[/[:space:]])a($|[[:space:]])'
	hasnt "$output" 'b-d'
	one_error 'entry 4.*check'
	run_famfs 1 ls -R --json "$IMG"
	json_error_is EUCLEAN
	json_is '[.entries[].path] | sort | join(" ")' "/b /b/sub /b/sub/deep /b/sub/file"
}

@test "entries with unusable names are left out with a note" {
	tree
	poke_text "$(entry_at 4 40)" '/'
	seal_entry 4
	run_famfs 0 ls "$IMG"
	is "$output" $'Z\nb\nb-d\nb.d'
	has "$stderr" '1 entr.*unusable.*check'
	is "$(wc -l <"$ERR")" 1
	run_famfs 0 ls -q "$IMG"
	is "$stderr" ""
}

@test "on a terminal the same names come" {
	requires_terminal
	tree
	COLUMNS=80 script -qec "$(printf '%q ' "$FAMFS" ls -l "$IMG")" /dev/null </dev/null >typescript
	has "$(<typescript)" '16\.0M.*a'
	COLUMNS=80 script -qec "$(printf '%q ' "$FAMFS" ls --color=never "$IMG")" /dev/null \
		</dev/null >typescript
	hasnt "$(<typescript)" $'\e\\['
	has "$(<typescript)" 'b-d'
}
