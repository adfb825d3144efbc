#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# cat.

load helpers

# An interleaved file and a simple one, neither of whole pages, with known bytes.
files() {
	new_image 128M
	run_famfs 0 mkdir "$IMG:/d"
	run_famfs 0 creat -s 7340035 -N 3 -C 2M --randomize --seed 42 "$IMG:/wide"
	run_famfs 0 creat -s 3000001 --randomize --seed 7 "$IMG:/d/one"
	run_famfs 0 cat "$IMG:/wide"
	mv "$OUT" wide
	run_famfs 0 cat "$IMG:/d/one"
	mv "$OUT" one
	is "$(stat -c %s wide)" 7340035
	is "$(stat -c %s one)" 3000001
}

@test "the bytes are those at the places that stat tells" {
	files
	is "$(od -An -tx1 -N8 wide | tr -d ' ')" 985f52e27afb0c3d
	local off
	off=$(extents /d/one)
	slice "${off% *}" 3000001 | cmp - one
	# Four chunks dealt over three strips.
	local strips chunk
	IFS=, read -r -a strips <<<"$(extents /wide)"
	is "${#strips[@]}" 3
	for chunk in 0 1 2; do
		slice "${strips[chunk]% *}" "$AU" |
			cmp -n "$AU" -i "0:$((chunk * AU))" - wide
	done
	slice $((${strips[0]% *} + AU)) $((7340035 - 3 * AU)) | cmp -i "0:$((3 * AU))" - wide
}

@test "several files follow one another" {
	files
	run_famfs 0 mkfs -q --size 24M two.img
	run_famfs 0 creat -s 5 --randomize --seed 1 two.img:/five
	run_famfs 0 cat "$IMG:/d/one" two.img:/five "$IMG:/wide" "$IMG:/d/one"
	{ cat one && printf '\x28\x49\x91\xee\x66' && cat wide one; } | cmp - "$OUT"
	run_famfs 0 cat -d "$IMG" :/d/one
	cmp "$OUT" one
}

@test "--offset and --length" {
	files
	local off len
	for off in 0 1 4095 2097151 2097152 6291457 7340034; do
		for len in 0 1 3 2097153 99999999; do
			run_famfs 0 cat --offset $off --length $len "$IMG:/wide"
			tail -c +$((off + 1)) wide | head -c $len | cmp - "$OUT"
		done
	done
	run_famfs 0 cat --offset 2M "$IMG:/wide" "$IMG:/d/one"
	{ tail -c +$((AU + 1)) wide && tail -c +$((AU + 1)) one; } | cmp - "$OUT"
	run_famfs 0 cat --length 1k "$IMG:/wide"
	is "$(stat -c %s "$OUT")" 1024
}

@test "beyond the end there is nothing" {
	files
	local off
	for off in 7340035 7340036 8M 1T 18446744073709551615; do
		run_famfs 0 cat --offset "$off" "$IMG:/wide"
		is "$(stat -c %s "$OUT")" 0
		is "$stderr" ""
	done
	run_famfs 0 cat --offset 7340034 --length 18446744073709551615 "$IMG:/wide"
	is "$(stat -c %s "$OUT")" 1
}

@test "what stdout holds already stays" {
	files
	echo before >file
	run_shell 0 '"$@" >>file' "$FAMFS" cat "$IMG:/d/one"
	{ echo before && cat one; } | cmp - file
	run_shell 0 '{ echo first; "$@"; echo last; } >file' "$FAMFS" cat "$IMG:/d/one"
	{ echo first && cat one && echo last; } | cmp - file
}

@test "the image itself is not written to" {
	files
	local before
	before=$(sum "$IMG")
	run_shell 1 '"$@" >>dev.img' "$FAMFS" cat "$IMG:/d/one"
	one_error 'file system itself'
	unchanged "$before"
}

@test "what is missing or a directory is named, and the others are written" {
	files
	run_famfs 1 cat "$IMG:/nothing" "$IMG:/d/one" "$IMG:/d" "$IMG:/d/one/below"
	cmp "$OUT" one
	is "$(wc -l <"$ERR")" 3
	has "$stderr" 'dev.img:/nothing: no such file'
	has "$stderr" 'dev.img:/d: is a directory'
	has "$stderr" 'dev.img:/d/one/below: '
	run_famfs 1 cat nothing.img:/a "$IMG:/d/one"
	cmp "$OUT" one
	one_error 'nothing.img: '
}

@test "used wrongly" {
	files
	refused 2 'operand is missing' cat
	refused 2 'names no file inside' cat "$IMG"
	refused 2 'offset' cat --offset -1 "$IMG:/d/one"
	refused 2 'length' cat --length 1MB "$IMG:/d/one"
	run_famfs 2 cat --json "$IMG:/d/one"
	has "$stderr" 'does not take it'
}

@test "a full output, and a reader that goes away" {
	files
	run_shell 1 '"$@" >/dev/full' "$FAMFS" cat "$IMG:/wide" "$IMG:/d/one"
	one_error 'standard output: no space left'
	# shellcheck disable=SC2016 # for the shell that is run
	run_shell 0 '"$@" | head -c 10; exit "$((PIPESTATUS[0] == 141 ? 0 : 9))"' \
		"$FAMFS" cat "$IMG:/wide"
	is "$stderr" ""
	cmp -n 10 "$OUT" wide
	run_shell 1 '"$@" >&-' "$FAMFS" cat "$IMG:/d/one"
	one_error 'standard output'
}

@test "cancelled while nobody reads" {
	files
	mkfifo pipe
	exec 7<>pipe
	"$FAMFS" cat "$IMG:/wide" >pipe 2>"$ERR" 7>&- &
	local pid=$! rc=0
	dd bs=1 count=1 status=none <&7 >/dev/null
	kill -TERM $pid
	wait $pid || rc=$?
	exec 7>&-
	is $rc 143
	one_error 'cancelled'
}

@test "damage: what is good is written" {
	files
	run_famfs 0 creat -s 1 "$IMG:/last"
	poke_text "$(entry_at 3 100)" 'X'
	run_famfs 1 cat "$IMG:/d/one"
	cmp "$OUT" one
	one_error 'check'
	run_famfs 1 cat "$IMG:/last"
	is "$(stat -c %s "$OUT")" 0
}

@test "an image that became shorter: file and offset are named" {
	files
	local off
	off=$(extents /d/one)
	off=${off% *}
	truncate -s $((off + MiB)) "$IMG"
	run_famfs 1 cat "$IMG:/d/one"
	has "$stderr" 'dev.img:/d/one'
	cmp -n "$(stat -c %s "$OUT")" "$OUT" one
}
