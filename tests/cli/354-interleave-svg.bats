#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# interleave map --svg.

load helpers

# The picture is well-formed, and has no scripts and nothing that is fetched.
sound() { # FILE
	requires xmllint
	xmllint --noout --nonet "$1" || fail "$1 is no XML"
	hasnt "$(<"$1")" '<script|href=|javascript|@import|<image|onload'
}

files() {
	new_image 256M
	run_famfs 0 mkdir -q "$IMG:/models"
	run_famfs 0 creat -q -s 16M "$IMG:/models/weights"
	run_famfs 0 creat -q -s 24M -N 4 -B 8 "$IMG:/models/cache"
}

@test "into a file, and to standard output" {
	files
	run_famfs 0 interleave map --svg map.svg "$IMG"
	is "$output" ""
	sound map.svg
	run_famfs 0 interleave map --svg - "$IMG"
	cmp "$OUT" map.svg
	run_famfs 0 interleave map --json --svg two.svg "$IMG"
	json_is .files 2
	cmp two.svg map.svg
	run_famfs 2 interleave map --json --svg - "$IMG"
	json_error_is EINVAL
}

@test "each run has its rectangle, and says what it is" {
	files
	run_famfs 0 interleave map --svg map.svg -B 8 "$IMG"
	sound map.svg
	local strip
	for strip in 0 1 2 3; do
		has "$(<map.svg)" "<title>/models/cache strip $strip: 6\.0M at "
		has "$(<map.svg)" "B\.$strip cache</text>"
	done
	has "$(<map.svg)" '<title>/models/weights: 16\.0M at 10\.0M \(offset 10485760, length 16777216\)'
	has "$(<map.svg)" '>bucket 7</text>'
	is "$(grep -c 'class="free"><title>' map.svg)" 8
}

# What the rectangles of a file are filled with, in the picture and in the legend.
fills() { # FILE PATH
	local pattern="<rect [^>]*fill=\"(#[0-9a-f]{6})\"><title>$2[: ]"
	sed -nE "s|.*$pattern.*|\\1|p" "$1" | sort -u
}

@test "one fill for each file, which no other has" {
	files
	run_famfs 0 creat -q -s 2M -N 2 -B 8 "$IMG:/small"
	run_famfs 0 interleave map --svg map.svg -B 8 "$IMG"
	local path all=
	for path in /models/weights /models/cache /small; do
		has "$(fills map.svg $path)" '^#[0-9a-f]{6}$'
		# Its parts, and the swatch, which has no title.
		is "$(grep -c "fill=\"$(fills map.svg $path)\"/>" map.svg)" 1 "swatches of $path"
		all+="$(fills map.svg $path) "
	done
	is "$(tr ' ' '\n' <<<"$all" | sort -u | grep -c '#')" 3 "fills: $all"
	is "$(grep -c "fill=\"$(fills map.svg /models/cache)\"><title>" map.svg)" 4 "strips"
}

@test "conflicts stand out" {
	requires zstd jq
	local media=$BATS_TEST_DIRNAME/../golden/media
	zstd -qdf --sparse "$media/c09-overlap.img.zst" -o "$IMG"
	truncate -s "$(jq .device_size "$media/c09-overlap.json")" "$IMG"
	run_famfs 0 interleave map --svg map.svg "$IMG"
	sound map.svg
	has "$(<map.svg)" 'class="conflict"><title>conflict, /d/b and /clone: 2\.0M at 14\.0M'
	has "$(<map.svg)" '! 2\.0M at 14\.0M: /d/b and /clone'
}

# The words of the legend, one a line: what stands at the left, below the picture.
legend() { # FILE
	xmllint --nonet --xpath '//*[local-name()="text"][contains(@class, "left")]/text()' "$1" |
		sed 's/^ *//'
}

# The class, or else the fill, of each swatch in the legend: its rectangles have no title.
swatches() { # FILE
	xmllint --nonet --xpath '//*[local-name()="rect"][not(*)]/@*[name()="class"]' "$1" |
		grep -oE '"[^"]+"' | tr -d '"' | sort -u | tr '\n' ' '
}

@test "the legend names what is shown, and says of how many it is silent, and why" {
	requires xmllint
	files
	run_famfs 0 interleave map --svg map.svg "$IMG"
	has "$(legend map.svg)" $'superblock\nlog\nfree'
	has "$(legend map.svg)" '/models/weights +16\.0M'
	has "$(legend map.svg)" '/models/cache +24\.0M, 4 strips, chunks of 2\.0M'
	hasnt "$(legend map.svg)" 'without a letter|claimed more|several'
	# Files that are too small to be drawn one by one.
	run_famfs 0 mkfs -q --force --size 64G "$IMG"
	run_famfs 0 creat -q --no-zero -s 4G "$IMG:/large"
	run_famfs 0 creat -q --no-zero -s 2M "$IMG:/s1" "$IMG:/s2" "$IMG:/s3"
	run_famfs 0 interleave map --svg map.svg "$IMG"
	sound map.svg
	has "$(legend map.svg)" '/large +4\.0G'
	has "$(legend map.svg)" 'several files'
	is "$(legend map.svg | grep 'letter')" '3 more files without a letter here: too small'
	has "$(swatches map.svg)" 'several'
	# More files than letters.
	awk 'BEGIN { for (i = 0; i < 30; i++)
		printf "{\"path\":\"f%02d\",\"size\":1073741824}\n", i }' |
		"$FAMFS" creat -q --no-zero --from - "$IMG"
	run_famfs 0 interleave map --svg map.svg "$IMG"
	is "$(legend map.svg | grep 'letter')" \
		'8 more files without a letter here: too small, or not among the 26 largest'
	is "$(legend map.svg | grep -cE '^/(large|f[0-9]{2})  ')" 26
}

@test "the legend of a conflict that hides a file" {
	requires zstd jq xmllint
	local media=$BATS_TEST_DIRNAME/../golden/media
	zstd -qdf --sparse "$media/c09-overlap.img.zst" -o "$IMG"
	truncate -s "$(jq .device_size "$media/c09-overlap.json")" "$IMG"
	run_famfs 0 interleave map --svg map.svg "$IMG"
	has "$(legend map.svg)" 'claimed more than once'
	has "$(swatches map.svg)" 'conflict'
	# /clone has no place of its own.
	is "$(legend map.svg | grep 'letter')" \
		'1 more file without a letter here: too small, or hidden by a conflict'
	hasnt "$(legend map.svg | grep -v '^!')" '/clone'
	is "$(legend map.svg | grep '^!')" $'! 2.0M at 14.0M: /d/b and /clone\n! 4.0M at 16.0M: /c and /clone'
}

@test "names are text, whatever is in them" {
	new_image 24M
	run_famfs 0 creat -q -s 2M "$IMG:/<b>&\"'x" "$IMG:/nonchar"$'\xef\xbf\xbe'
	run_famfs 0 interleave map --svg map.svg "$IMG"
	sound map.svg
	has "$(<map.svg)" '/&lt;b&gt;&amp;'
	requires zstd jq
	local media=$BATS_TEST_DIRNAME/../golden/media name
	for name in c51-bad-utf8 c52-newline-path c16-unterminated-file; do
		zstd -qdf --sparse "$media/$name.img.zst" -o "$IMG"
		truncate -s "$(jq .device_size "$media/$name.json")" "$IMG"
		run_famfs 0,1 interleave map --svg map.svg "$IMG"
		sound map.svg
	done
}

@test "a full log stays a picture of a readable size" {
	run_famfs 0 mkfs -q --size 64G "$IMG"
	awk 'BEGIN { for (i = 0; i < 15420; i++)
		printf "{\"path\":\"f%05d\",\"size\":2097152}\n", i }' |
		"$FAMFS" creat -q --no-zero --from - "$IMG"
	run_famfs 0 interleave map --svg map.svg "$IMG"
	sound map.svg
	[ "$(wc -c <map.svg)" -lt 2000000 ] || fail "$(wc -c <map.svg) bytes"
	run_famfs 0 interleave map --svg map.svg -B 64 "$IMG"
	sound map.svg
}

@test "where it cannot be written" {
	files
	local before
	before=$(sum "$IMG")
	refused 1 'is the file system itself' interleave map --svg "$IMG" "$IMG"
	unchanged "$before"
	refused 1 'no/such/map.svg: ' interleave map --svg no/such/map.svg "$IMG"
	run_shell 1 '"$@" >/dev/full' "$FAMFS" interleave map --svg - "$IMG"
	one_error 'standard output'
	refused 1 '/dev/full: ' interleave map --svg /dev/full "$IMG"
}

@test "a picture that cannot be written leaves the one that is there" {
	files
	echo mine >map.svg
	chmod 640 map.svg
	ln -s map.svg link.svg
	run_shell 1 'ulimit -f 1; "$@"' "$FAMFS" interleave map --svg map.svg "$IMG"
	one_error 'map.svg: .*too large'
	is "$(<map.svg)" mine
	run_famfs 0 interleave map --svg link.svg "$IMG"
	[ -L link.svg ]
	sound map.svg
	is "$(stat -c %a map.svg)" 640
	rm map.svg
	run_famfs 0 interleave map --svg link.svg "$IMG"
	[ -L link.svg ]
	sound map.svg
	(umask 027 && run_famfs 0 interleave map --svg new.svg "$IMG")
	is "$(stat -c %a new.svg)" 640
	is "$(ls)" "$(printf '%s\n' dev.img link.svg map.svg new.svg)"
	# Standard output by another name is added to.
	run_shell 0 'exec >all; echo first; "$@"; echo last' \
		"$FAMFS" interleave map --svg /dev/stdout "$IMG"
	is "$(grep -cE '^(first|last)$' all)" 2
	is "$(grep -c '</svg>' all)" 1
}

@test "a picture of another's keeps its owner, and one that may not be written stays" {
	requires_root
	files
	echo mine >map.svg
	chown 1000:1000 map.svg
	chmod 640 map.svg
	run_famfs 0 interleave map --svg map.svg "$IMG"
	is "$(stat -c '%u:%g %a' map.svg)" '1000:1000 640'
	sound map.svg
	echo theirs >map.svg
	chmod 444 map.svg
	run_bound 1 "$FAMFS" interleave map --svg map.svg "$IMG"
	one_error 'map.svg: Permission denied'
	is "$(<map.svg)" theirs
}
