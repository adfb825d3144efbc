#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# Names: what may be written, and how it is shown.

load helpers

repeated() { # TEXT TIMES
	local blanks
	printf -v blanks '%*s' "$2" ''
	echo "${blanks// /$1}"
}

@test "78 bytes are taken, 79 and more are not" {
	new_image 64M
	local name78 uml
	name78=$(repeated n 78)
	uml=$(repeated ä 39)
	run_famfs 0 creat -s 1 "$IMG:/$name78"
	run_famfs 0 creat -s 1 "$IMG:/$uml"
	run_famfs 0 mkdir -p "$IMG:/$(repeated d/ 39)"
	refused 1 '79 bytes.*78.*1 byte too long' creat -s 1 "$IMG:/${name78}x"
	refused 1 '80 bytes.*78' creat -s 1 "$IMG:/${name78}xy"
	refused 1 '80 bytes.*78' creat -s 1 "$IMG:/${uml}ä"
	refused 1 '79 bytes' mkdir "$IMG:/$(repeated d/ 39)e"
	refused 1 . creat -s 1 "$IMG:/$(repeated x 5000)"
	run_famfs 1 creat --json -s 1 "$IMG:/${name78}x"
	json_error_is ENAMETOOLONG
	run_famfs 0 creat -s 1 "$IMG://./$name78//"
	run_famfs 0 stat "$IMG:/$name78"
	clean
}

@test "a name of 79 bytes, as other tools make them, is read" {
	new_image 64M
	run_famfs 0 creat -s 4k "$IMG:/$(repeated n 78)"
	poke_text "$(entry_at 0 118)" y
	seal_entry 0
	run_famfs 0 stat "$IMG:/$(repeated n 78)y"
	run_famfs 0 fmap dump "$IMG:/$(repeated n 78)y"
	clean
}

@test "names that are refused, and why" {
	new_image 64M
	run_famfs 0 mkdir "$IMG:/d"
	run_famfs 0 creat -s 1 "$IMG:/f"
	local before name
	before=$(sum "$IMG")
	for cmd in "creat -s 1" mkdir; do
		read -ra args <<<"$cmd"
		while IFS='|' read -r name pattern; do
			name=$(printf '%b.' "$name")
			refused 1 "$pattern" "${args[@]}" "$IMG:${name%.}"
		done <<-'END'
			/a\nb|control
			/a\tb|control
			/a\001b|control
			/a\177b|control
			/a\302\205b|control
			/a\377b|UTF-8
			/\303|UTF-8
			/\300\257|UTF-8
			/\355\240\200|UTF-8
			/\364\220\200\200|UTF-8
			/..|\.\.
			/../a|\.\.
			/d/../a|\.\.
			/d/..|\.\.
			/no/a|/no.*mkdir
			/f/a|/f.*file
			/f/a/b|/f.*file
			/.meta/a|\.meta
			/.meta/.log|\.meta
			/.meta/.superblock|\.meta
		END
	done
	refused 1 'root|exist' mkdir "$IMG:/"
	refused 1 'root|exist|directory' creat -s 1 "$IMG:/"
	refused 1 '\.meta' mkdir "$IMG:/.meta"
	refused 1 '\.meta' creat -s 1 "$IMG:/.meta"
	unchanged "$before"
}

@test "names that are taken, and found again" {
	new_image 256M
	local name names=(a 'with space' ' lead' 'trail ' -dash --help '*' '?' "it's" 'say "x"'
		'back\slash' 'per%cent%s%n' 'a:b' 'a:/b' '~' '...' '.hidden' '..a' 'a..' $'\u00fcml\u00e4ut'
		$'\u4e2d\u6587' $'\U1f600' $'a\u0301' '@' 'x@4k' \$HOME '#' 'a|b' 'meta' '.metal')
	for name in "${names[@]}"; do
		run_famfs 0 mkdir -p "$IMG:/$(dirname -- "$name")"
		run_famfs 0 creat -s 1 "$IMG:/$name"
	done
	for name in "${names[@]}"; do
		run_famfs 0 stat "$IMG:/$name"
		has "$output" "bytes|size"
	done
	run_famfs 0 ls -R --json "$IMG"
	is "$(json '[.entries[] | select(.type == "file") | .path[1:]] | sort | .[]')" \
		"$(printf '%s\n' "${names[@]}" | jq -R . | jq -rs 'sort | .[]')"
	run_famfs 0 ls -R "$IMG"
	clean
}

@test "slashes and single dots mean what they mean in paths" {
	new_image 64M
	run_famfs 0 mkdir "$IMG:/d/" "$IMG://d//e//" "$IMG:/d/./f/."
	run_famfs 0 creat -s 1 "$IMG:/d/e//x" "$IMG:/./d/y/"
	is "$(names)" "/d /d/e /d/e/x /d/f /d/y"
	refused 1 '\.\.' stat "$IMG:/d/e/../y"
	run_famfs 0 ls "$IMG://d/./e/"
	is "$output" x
	clean
}

@test ".meta/.alloc.cfg is the one file that may be in .meta" {
	new_image 64M
	run_famfs 0 creat -s 4096 "$IMG:/.meta/.alloc.cfg"
	run_famfs 0 stat --json "$IMG:/.meta/.alloc.cfg"
	json_is '.entries[0].path' /.meta/.alloc.cfg
	refused 1 '\.meta' mkdir "$IMG:/.meta/d"
	run_famfs 0 ls "$IMG"
	finds 0
}

@test "names in errors are escaped" {
	new_image
	refused 1 'a\\nb' creat -s 1 "$IMG:/a"$'\n'"b"
	refused 1 'a\\x1b|a\\e' creat -s 1 "$IMG:/a"$'\e'"[31mb"
	refused 1 '\\xff' ls "$IMG:/"$'\xff'
	run_famfs 1 ls --json "$IMG:/"$'\xff\n'
	json_error_is ENOENT
	refused 1 '\\n' ls "$IMG"$'\n'
	refused 2 'a\\nb' $'a\nb'
}

@test "names in commands that hints tell are quoted for a shell" {
	refused 1 '; famfs mkfs --size 1G sub/none\.img makes' ls sub/none.img
	refused 1 "; famfs mkfs --size 1G 'sp d/none x\.img' makes" ls 'sp d/none x.img'
	refused 1 "; famfs mkfs --size 1G 'it'\\\\''s;reboot' makes" ls "it's;reboot"
	refused 1 '; famfs mkfs --size 1G \./-x makes' ls -- -x
	refused 1 "; famfs mkfs --size 1G \\\$'a\\\\033;b' makes" ls $'a\e;b'
	refused 1 '; famfs mkfs --size 1G \.\.\. makes' ls "$(printf '%0200d/' 1 2)x"
	new_image
	mv "$IMG" 'a b'
	refused 1 "; famfs mkfs --force 'a b' destroys it" mkfs 'a b'
	mkdir 'c d'
	refused 1 "; famfs mkfs --size 1G 'c d'/NAME makes" ls 'c d'
	IMG='a b'
	poke 0 8 1
	refused 1 "; famfs mkfs 'a b' makes a file system" ls 'a b'
}

@test "names on the media that no tool should write are shown escaped" {
	new_image 64M
	run_famfs 0 creat -s 1 "$IMG:/aXb" "$IMG:/cXd" "$IMG:/eXf"
	poke_text "$(entry_at 0 41)" '\n'
	poke_text "$(entry_at 1 41)" '\0377'
	poke_text "$(entry_at 2 41)" '\033'
	seal_entry 0
	seal_entry 1
	seal_entry 2
	run_famfs 0 ls "$IMG"
	has "$output" '^a\\nb'
	has "$output" 'c\\xffd'
	has "$output" 'e\\x1bf|e\\ef|e\\033f'
	is "$(wc -l <"$OUT")" 3
	run_famfs 0 ls -l "$IMG"
	is "$(wc -l <"$OUT")" 3
	run_famfs 0 ls --json "$IMG"
	json_is '[.entries[] | select(.path_hex) | .path_hex] | join(" ")' 2f63ff64
	json_is '[.entries[].path] | sort | tojson' '["/a\nb","/c�d","/e\u001bf"]'
	run_famfs 0 stat "$IMG:/c"$'\xff'd
	run_famfs 0 stat "$IMG:/a"$'\n'b
	run_famfs 0 check "$IMG"
	is "$(LC_ALL=C tr -d '\n' <"$OUT" | LC_ALL=C tr -cd '\000-\037\177\377' | wc -c)" 0
	finds 0 path_control path_utf8
}
