#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # jq's variables; the helpers set the others
# interleave map: JSON and the picture for terminals. The SVG is in 354-interleave-svg.bats.

load helpers

# /models/weights, and /models/cache over 4 of 8 buckets.
files() {
	new_image 256M
	run_famfs 0 mkdir -q "$IMG:/models"
	run_famfs 0 creat -q -s 16M "$IMG:/models/weights"
	run_famfs 0 creat -q -s 24M -N 4 -B 8 "$IMG:/models/cache"
}

golden() { # NAME
	local media=$BATS_TEST_DIRNAME/../golden/media
	zstd -qdf --sparse "$media/$1.img.zst" -o "$IMG"
	truncate -s "$(jq .device_size "$media/$1.json")" "$IMG"
}

# The widest line of standard output, in characters.
widest() {
	wc -L <"$OUT"
}

# The picture alone: from the first empty line to the second, without labels.
cells() {
	awk '/^$/ { part++ } part == 1 && NF { print $NF }' "$OUT" | tr -d '\n'
}

@test "an empty device" {
	new_image 24M
	run_famfs 0 interleave map --charset=ascii "$IMG"
	is "$(cells)" '#====.......'
	has "$output" '24\.0M, 0 files, 41\.7% used, 14\.0M free, a cell is 2\.0M'
	run_famfs 0 interleave map --json "$IMG"
	json_is '"\(.files) \(.free) \(.free_runs) \(.conflicts) \(.outside) \(.nbuckets)"' \
		"0 $((14 * MiB)) 1 0 0 0"
	json_is '[.runs[] | "\(.kind) \(.off) \(.len)"] | join(",")' \
		"superblock 0 $AU,log $AU $((8 * MiB)),free $((10 * MiB)) $((14 * MiB))"
}

@test "the runs as JSON are what stat says of the files, and cover the device" {
	files
	run_famfs 0 interleave map --json "$IMG"
	json_is '.device' "$IMG"
	json_is '.size' $((256 * MiB))
	json_is '[.runs[].len] | add' $((256 * MiB))
	json_is '[.runs[] | select(.kind == "free").len] | [add, max] | join(" ")' \
		"$(json '"\(.free) \(.largest_free)"')"
	json_is '[range(1; .runs | length) as $i
		| .runs[$i - 1].off + .runs[$i - 1].len == .runs[$i].off] | all' true
	local drawn
	drawn=$(json '[.runs[] | select(.path == "/models/cache")] | sort_by(.strip)
		| map("\(.off) \(.len)") | join(",")')
	is "$drawn" "$(extents /models/cache)"
	run_famfs 0 interleave map --json "$IMG"
	drawn=$(json '.runs[] | select(.path == "/models/weights")
		| "\(.off) \(.len)\(if .extent == 0 and .entry == 1 then "" else " wrong" end)"')
	is "$drawn" "$(extents /models/weights)"
	run_famfs 0 df --json "$IMG"
	local df
	df=$(json '.filesystems[0] | "\(.free) \(.largest_free)"')
	run_famfs 0 interleave map --json "$IMG"
	json_is '"\(.free) \(.largest_free)"' "$df"
}

@test "buckets" {
	files
	run_famfs 0 interleave map --json -B 8 "$IMG"
	json_is '.nbuckets' 8
	json_is '[.buckets[] | .len] | unique | join(" ")' $((32 * MiB))
	json_is '[.runs[].bucket] | unique | length' 8
	json_is '[.runs[] | .bucket == (.off / 33554432 | floor) and
		(.off + .len <= (.bucket + 1) * 33554432)] | all' true
	json_is '[.buckets[] as $b | [.runs[] | select(.kind == "free" and .bucket == $b.bucket).len]
		| add == $b.free and max == $b.largest_free] | all' true
	json_is '[.runs[] | select(.path == "/models/cache").bucket] | unique | length' 4
	run_famfs 0 interleave map --charset=ascii --nbuckets=8 "$IMG"
	is "$(grep -cE '^ [0-7] +[0-9.]+M? [^ ]{16} +[0-9]+%$' "$OUT")" 8
	run_famfs 0 interleave map --json --nbuckets 7 "$IMG"
	json_is '.runs[-1] | "\(.kind) \(.bucket) \(.len)"' "free null $((4 * MiB))"
	refused 2 '--nbuckets 65' interleave map -B 65 "$IMG"
	refused 2 '--nbuckets 0' interleave map -B 0 "$IMG"
	run_famfs 0 mkfs -q --size 24M small.img
	refused 1 'too small for 64 buckets' interleave map -B 64 small.img
}

@test "each file has a letter, and the legend says whose it is" {
	files
	run_famfs 0 interleave map --charset=ascii "$IMG"
	has "$(cells)" '^#====AAAAAAAA\.{16}BBBBBB\.{26}BBBBBB\.{61}$'
	has "$output" 'A /models/weights  16\.0M'
	has "$output" 'B /models/cache    24\.0M, 4 strips, chunks of 2\.0M'
	has "$output" '# superblock   = log   \. free'
	run_famfs 0 interleave map --charset=unicode "$IMG"
	is "$(cells | head -c 3)" '█'
	LC_ALL=C run_famfs 0 interleave map "$IMG"
	is "$(cells | head -c 5)" '#===='
	LC_ALL=C.UTF-8 run_famfs 0 interleave map "$IMG"
	is "$(cells | head -c 3)" '█'
}

@test "colour is added, and never needed" {
	files
	run_famfs 0 interleave map --color=always "$IMG"
	is "$(grep -c $'\033' "$OUT")" 5
	sed 's/\x1b\[[0-9;]*m//g' "$OUT" >plain
	run_famfs 0 interleave map --color=never "$IMG"
	cmp plain "$OUT"
	is "$(grep -c $'\033' "$OUT" || true)" 0
}

# Each character that is drawn in a colour, with all of its colours: "A 30;42".
colors() { # FILE
	tr '\033' '\n' <"$1" | sed -nE 's/^\[([0-9;]+)m(.+)$/\1 \2/p' | grep -v '^0 ' |
		while read -r color drawn; do
			grep -o . <<<"${drawn// /}" | sed "s/\$/ $color/"
		done | sort -u
}

drawn_on_terminal() { # [VARIABLE=VALUE...]
	script -qec "stty cols 80 rows 24; env -u NO_COLOR TERM=xterm $* '$FAMFS' interleave map \
		--charset=ascii '$IMG'" /dev/null </dev/null | tr -d '\r' >typed
}

@test "colours of a terminal: a letter has one, in the picture and in the legend" {
	requires_terminal
	files
	drawn_on_terminal
	colors typed >seen
	is "$(cut -d ' ' -f 1 seen | uniq -d)" "" "what has two colours"
	for letter in A B '#' '=' '[.]'; do
		grep -q "^$letter " seen || fail "no colour: $letter" "$(<seen)"
	done
	[ "$(sed -n 's/^A //p' seen)" != "$(sed -n 's/^B //p' seen)" ] || fail "A is as B"
	is "$(grep -c "$(sed -n 's/^B /\x1b\\[/p' seen)mB" typed)" 2 "lines with B in its colour"
	# The same without colours, and by what else asks for none.
	sed 's/\x1b\[[0-9;]*m//g' typed >plain
	drawn_on_terminal NO_COLOR=1
	cmp plain typed
	drawn_on_terminal TERM=dumb
	cmp plain typed
	drawn_on_terminal TERM=
	cmp plain typed
	drawn_on_terminal NO_COLOR=
	colors typed | cmp - seen
	run_famfs 0 interleave map --charset=ascii --width 80 "$IMG"
	cmp plain "$OUT"
}

@test "any width from 20 columns on" {
	files
	run_famfs 0 creat -q -s 2M "$IMG:/models/$(printf 'x%.0s' {1..70})"
	local width set
	for width in 20 21 31 32 39 40 41 60 79 80 81 133 400; do
		for set in ascii unicode; do
			run_famfs 0 interleave map --charset=$set --width $width "$IMG"
			[ "$(widest)" -le $width ] || fail "$width: $(widest)"
			run_famfs 0 interleave map --charset=$set --width $width -B 8 "$IMG"
			[ "$(widest)" -le $width ] || fail "$width, buckets: $(widest)"
			has "$output" $'\nA '
		done
	done
	COLUMNS=50 run_famfs 0 interleave map "$IMG"
	[ "$(widest)" -le 50 ] || fail "$(widest)"
	COLUMNS=1 run_famfs 0 interleave map "$IMG"
	[ "$(widest)" -le 20 ] || fail "$(widest)"
	COLUMNS=x run_famfs 0 interleave map "$IMG"
	[ "$(widest)" -gt 50 ] || fail "$(widest)"
	refused 2 '--width 19: must be 20 to 4096' interleave map --width 19 "$IMG"
	refused 2 '--width 0: must be 20 to 4096' interleave map --width 0 "$IMG"
	refused 2 '--width' interleave map --width 5000 "$IMG"
	refused 2 '--width' interleave map --width wide "$IMG"
}

@test "the terminal's own width" {
	requires_terminal
	files
	script -qec "stty cols 33 rows 24; '$FAMFS' interleave map --color=never '$IMG'" /dev/null \
		</dev/null | tr -d '\r' >"$OUT"
	[ "$(widest)" -le 33 ] || fail "$(widest)"
	[ "$(widest)" -gt 20 ] || fail "$(widest)"
}

@test "many files: small letters, several in a cell, and those without a letter" {
	run_famfs 0 mkfs -q --size 4G "$IMG"
	awk 'BEGIN { for (i = 0; i < 300; i++)
		printf "{\"path\":\"f%03d\",\"size\":%d}\n", i, i == 150 ? 67108864 : 2097152 }' |
		"$FAMFS" creat -q --no-zero --from - "$IMG"
	run_famfs 0 interleave map --charset=ascii "$IMG"
	has "$(cells)" '%+[A-Z]{15}[a-z]?%+'
	has "$output" '% several files'
	has "$output" '[A-Z] /f150  64\.0M'
	has "$output" '299 more files without a letter here: too small, or not among the 26 largest'
	run_famfs 0 interleave map --charset=ascii --width 4000 "$IMG"
	has "$(cells)" '\+x\+x\+x'
	has "$output" '\+ another file'
}

@test "64 TiB" {
	run_famfs 0 mkfs -q --size 64T "$IMG" || skip "no files of 64 TiB here"
	run_famfs 0 creat -q --no-zero -s 20T "$IMG:/half"
	run_famfs 0 creat -q --no-zero -s 2M "$IMG:/small"
	run_famfs 0 interleave map --charset=ascii "$IMG"
	has "$output" 'a cell is 64\.0G'
	has "$(cells)" '^aA{319},\.+$'
	run_famfs 0 interleave map --json -B 64 "$IMG"
	json_is '[.runs[] | select(.path == "/half").bucket] | unique | length' 21
	json_is '[.runs[].len] | add' $((64 << 40))
}

@test "a device whose files overlap shows it" {
	requires zstd jq
	golden c09-overlap
	run_famfs 0 interleave map --charset=ascii "$IMG"
	has "$(cells)" '^&=&!!'
	has "$output" '! claimed more than once'
	has "$output" '! 2\.0M at 14\.0M: /d/b and /clone'
	run_famfs 0 interleave map --json "$IMG"
	json_is .conflicts 2
	json_is '[.runs[] | select(.kind == "conflict") | "\(.path) \(.other_path) \(.owners)"]
		| join(",")' "/d/b /clone 2,/c /clone 2"
	golden c10-overlap-sb-log
	run_famfs 0 interleave map --json "$IMG"
	json_is '[.runs[] | select(.kind == "conflict").owner // empty] | unique | join(",")' log
	json_is '[.runs[] | select(.owner).other_path | type] | unique | join(",")' string
	for name in c11-beyond-device c12-cross-device-end c13-upstream-overrun c14-huge-len; do
		golden $name
		run_famfs 0,1 interleave map --charset=ascii "$IMG"
		has "$output" '! outside of the device: [0-9]+ extent'
		run_famfs 0,1 interleave map --json "$IMG"
		[ "$(json .outside)" -gt 0 ] || fail "$name: $(json .outside)"
	done
}

@test "a damaged log is drawn as far as it is good, and said" {
	files
	poke "$(entry_at 2 16)" 1 7
	run_famfs 1 interleave map "$IMG"
	has "$output" 'A /models/weights'
	hasnt "$output" 'cache'
	one_error 'entry 2'
	run_famfs 1 interleave map --json "$IMG"
	json_is .files 1
	json_error_is EUCLEAN
}

@test "every golden image has a picture of 20 columns, with no byte that a terminal obeys" {
	requires zstd
	local image name
	for image in "$BATS_TEST_DIRNAME"/../golden/media/*.img.zst; do
		name=${image##*/}
		golden "${name%.img.zst}"
		"$FAMFS" interleave map --charset=ascii --width 20 "$IMG" >"$OUT" 2>"$ERR" || [ $? -eq 1 ]
		is "$(tr -d '\n' <"$OUT" | LC_ALL=C tr -cd '\000-\037\177' | wc -c)" 0 "$name"
		[ "$(widest)" -le 20 ] || fail "$name: $(widest)"
		"$FAMFS" interleave map --json "$IMG" >"$OUT" 2>"$ERR" || [ $? -eq 1 ]
		[ ! -s "$OUT" ] || json '.runs | length' >/dev/null || fail "$name: no JSON"
	done
}

@test "a closed pipe ends it quietly, a full disk is told" {
	files
	local option
	for option in --json --charset=unicode --svg=-; do
		run_shell 141 'set -o pipefail; { sleep 0.1; "$@"; } | true' "$FAMFS" interleave map \
			$option "$IMG"
		is "$stderr" "" "stderr of $option"
	done
	for option in --json --charset=unicode --width=4096 --svg=-; do
		run_shell 1 '"$@" >/dev/full' "$FAMFS" interleave map $option "$IMG"
		has "$stderr" 'standard output.*No space left on device'
	done
}

@test "what cannot be drawn" {
	files
	refused 1 'nothing.img: ' interleave map nothing.img
	refused 2 'one operand too many' interleave map "$IMG" "$IMG"
	refused 2 'an operand is missing' interleave map
	refused 2 'names a file' interleave map "$IMG:/models/cache"
	refused 2 '--charset' interleave map --charset=latin "$IMG"
	refused 2 '--dry-run' interleave map -n "$IMG"
	run_famfs 0 mkfs --size 64M small.img
	run_famfs 0 interleave map -B 32 small.img
	refused 1 'too small for 33 buckets; it has room for 32$' interleave map -B 33 small.img
	run_famfs 0 interleave map "$IMG:/"
	FAMFS_DEVICE=$IMG run_famfs 0 interleave map --json
	json_is .files 2
}

@test "the buckets of the default geometry, when there is one and no other is asked for" {
	new_image 256M
	run_famfs 0 interleave map --json "$IMG"
	json_is .nbuckets 0
	run_famfs 0 interleave default -N 4 -B 8 "$IMG"
	run_famfs 0 interleave map --json "$IMG"
	json_is '"\(.nbuckets) \(.buckets | length)"' '8 8'
	run_famfs 0 interleave map --json -B 2 "$IMG"
	json_is .nbuckets 2
	run_famfs 0 interleave default --none "$IMG"
	run_famfs 0 interleave map --json "$IMG"
	json_is .nbuckets 0
	poke_text "$(extents /.meta/.alloc.cfg | cut -d ' ' -f 1)" 'interleaved_alloc: [hostile'
	run_famfs 0 interleave map --json "$IMG"
	json_is .nbuckets 0
}

@test "wide names keep the columns of the legend in line, whatever the locale" {
	local locale
	new_image
	run_famfs 0 creat -q -s 2M "$IMG:/日本語" "$IMG:/abcdef"
	for locale in C C.UTF-8; do
		run_program 0 env LC_ALL=$locale "$FAMFS" interleave map --charset=ascii "$IMG"
		has "$output" $'\nA /日本語  2\\.0M\nB /abcdef  2\\.0M'
	done
}
