#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# tree.

load helpers

files() {
	new_image 64M
	run_famfs 0 mkdir -p "$IMG:/b/sub/deep" "$IMG:/b-d" "$IMG:/empty"
	run_famfs 0 creat -s 5000000 "$IMG:/b/sub/file"
	run_famfs 0 creat -s 1 "$IMG:/Z" "$IMG:/b/1" "$IMG:/b-d/x"
}

@test "a picture of the names" {
	files
	run_famfs 0 tree "$IMG"
	is "$output" "$IMG
├── Z
├── b
│   ├── 1
│   └── sub
│       ├── deep
│       └── file
├── b-d
│   └── x
└── empty

5 directories, 4 files"
	run_famfs 0 tree -q "$IMG:/b/sub/"
	is "$output" "$IMG:/b/sub/
├── deep
└── file"
	run_famfs 0 tree -d "$IMG" :/b-d
	is "$(tail -n 1 "$OUT")" "0 directories, 1 file"
	run_famfs 0 tree -d "$IMG"
	is "$(head -n 1 "$OUT")" "$IMG"
}

@test "ASCII lines where the locale has no UTF-8" {
	files
	LC_ALL=C run_famfs 0 tree "$IMG:/b"
	is "$output" "$IMG:/b
|-- 1
\`-- sub
    |-- deep
    \`-- file

2 directories, 2 files"
	LC_ALL=none.such run_famfs 0 tree "$IMG:/b"
	is "$(LC_ALL=C tr -d '\000-\177' <"$OUT" | wc -c)" 0
}

@test "sizes" {
	files
	run_famfs 0 tree -s "$IMG:/b"
	has "$output" '├── \[1\]  1'$'\n'
	has "$output" '│?  *└── \[5000000\]  file'
	has "$output" '├── deep'
	run_famfs 0 tree --size --bytes "$IMG:/b/sub/file"
	is "$output" "[5000000]  $IMG:/b/sub/file

0 directories, 1 file"
	requires_terminal
	script -qec "$FAMFS tree -s $IMG:/b/sub" /dev/null >typed
	has "$(<typed)" '\[4\.7M\]  file'
}

@test "JSON is nested" {
	files
	run_famfs 0 tree --json "$IMG"
	json_is '"\(.device) \(.name) \(.type) \(.dirs) \(.files)"' "$IMG / dir 5 4"
	json_is '[.children[].name] | join(" ")' "Z b b-d empty"
	json_is '.children[1].children[1].children[1] | "\(.name) \(.type) \(.size)"' \
		"file file 5000000"
	json_is '.children[0] | has("children")' false
	json_is '.children[3].children | length' 0
	json_is '[.. | objects | select(.type == "file" and has("name"))] | length' 4
	run_famfs 0 tree --json "$IMG:/b/1"
	json_is '"\(.name) \(.type) \(.size) \(.dirs) \(.files)"' "/b/1 file 1 0 1"
}

@test "as deep as a path can be" {
	new_image
	local path
	path=$(printf '/x%.0s' {1..39})
	run_famfs 0 mkdir -p "$IMG:$path"
	run_famfs 0 tree "$IMG"
	is "$(tail -n 1 "$OUT")" "39 directories, 0 files"
	is "$(grep -c '└── x$' "$OUT")" 39
	run_famfs 0 tree --json "$IMG"
	json_is '[.. | objects | select(.name == "x")] | length' 39
	json_is '[paths] | map(length) | max' $((39 * 2 + 1))
}

@test "strange names cannot forge lines" {
	requires jq zstd
	local media=$BATS_TEST_DIRNAME/../golden/media name
	for name in c51-bad-utf8 c52-newline-path; do
		zstd -qdf --sparse "$media/$name.img.zst" -o "$IMG"
		truncate -s "$(jq .device_size "$media/$name.json")" "$IMG"
		run_famfs 0,1 tree "$IMG"
		is "$(tr -d '\n' <"$OUT" | LC_ALL=C tr -cd '\000-\037\177' | wc -c)" 0 "$name"
		iconv -f UTF-8 -t UTF-8 "$OUT" >/dev/null || fail "$name: no UTF-8"
		is "$(sed '1d;/^$/,$d' "$OUT" | wc -l)" \
			"$("$FAMFS" ls -R "$IMG" | grep -cv ':$\|^$')" "$name: lines"
		run_famfs 0,1 tree --json "$IMG"
		json_is '.type' dir
	done
}

@test "every golden image is drawn, and no name is lost" {
	requires jq zstd
	local media=$BATS_TEST_DIRNAME/../golden/media name listed
	for name in g04-nested g06-maxpath g13-fragmented c21-dup-path c22-missing-parent; do
		zstd -qdf --sparse "$media/$name.img.zst" -o "$IMG"
		truncate -s "$(jq .device_size "$media/$name.json")" "$IMG"
		run_famfs 0,1 ls -R --json "$IMG"
		listed=$(json '[.entries[] | select(.type == "file").path] | sort | join(" ")')
		run_famfs 0,1 tree --json "$IMG"
		# shellcheck disable=SC2016 # variables of jq
		is "$(json 'def walk($at): .children[] | . as $c | ($at + "/" + $c.name) as $p
			| (if $c.type == "file" then $p else empty end),
				(select($c.children) | walk($p));
			[walk("")] | sort | join(" ")')" "$listed" "$name"
	done
}

@test "what cannot be drawn" {
	files
	refused 1 'no such file' tree "$IMG:/nothing"
	refused 1 'nothing.img: ' tree nothing.img
	refused 2 'one operand too many' tree "$IMG" "$IMG"
	refused 2 'an operand is missing' tree
	poke_text "$(entry_at 4 100)" 'X'
	run_famfs 1 tree "$IMG"
	has "$output" 'directories'
	one_error 'check'
}
