#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# The line that long work shows on a terminal: how far it is, how fast, what is left, and at what.

load helpers

# What was drawn, one picture a line.
drawn() { # FILE
	tr '\r' '\n' <"$1" | sed 's/\x1b\[K//g' | grep -a '%' || true
}

# A command with --progress=always drew something, and named FILE.
names_file() { # WORD FILE COMMAND...
	run_shell 0 '"$@" >out' "$FAMFS" "${@:3}" --progress=always
	drawn "$ERR" >lines
	has "$(tail -n 1 lines)" "^$1 +[0-9]+%  [0-9.]+[KMG]? of [0-9.]+[KMG]( .*)?  $2\$"
}

@test "bytes, rate, time left and the file" {
	# A line is no longer than the terminal is wide.
	IMG=i
	new_image 2G -l 2M
	names_file randomizing /a creat -s 64M --randomize --seed 1 "$IMG:/a"
	names_file zeroing /b creat -s 512M "$IMG:/b"
	names_file verifying "$IMG:/a" verify --seed 1 "$IMG:/a"
	has "$(tail -n 1 lines)" '[0-9][KMG]?/s  [0-9]+:[0-9]+ left  '
	names_file verifying '[ab]' verify --make-manifest -o sums "$IMG:/"
	names_file verifying '[ab]' verify --manifest sums "$IMG"
	names_file copying "$IMG:/a" cat "$IMG:/a"
	head -c 30000000 out >f
	names_file "copying in" f cp f "$IMG:/f"
	names_file "copying out" "$IMG:/f" cp "$IMG:/f" g
}

@test "not where stderr is no terminal, nor when it is not wanted" {
	new_image 1G -l 2M
	run_famfs 0 creat -s 256M --randomize --seed 1 "$IMG:/a"
	is "$stderr" ""
	run_famfs 0 verify --seed 1 "$IMG:/a"
	is "$stderr" ""
	requires_terminal
	local quiet
	for quiet in --progress=never -q; do
		script -qec "$(printf '%q ' "$FAMFS" creat $quiet -s 256M --randomize --seed 1 \
			"$IMG:/b$quiet")" /dev/null </dev/null >typescript
		is "$(<typescript)" ""
	done
}

@test "on a terminal: 10 times a second at most, and not of what goes to it or through a pipe" {
	local start ms
	requires_terminal
	new_image 1G -l 2M
	start=$(date +%s%3N)
	script -qec "$(printf '%q ' "$FAMFS" creat -s 512M --randomize --seed 1 "$IMG:/a")" \
		/dev/null </dev/null >typescript
	ms=$(($(date +%s%3N) - start))
	drawn typescript >lines
	[ "$(wc -l <lines)" -le $((ms / 100)) ] || fail "$(wc -l <lines) lines in $ms ms"
	# The last thing is that it is gone.
	[ ! -s lines ] || has "$(tail -c 4 typescript)" $'\r\e\\[K'
	script -qec "$(printf '%q ' "$FAMFS" cat "$IMG:/a") | wc -c" /dev/null </dev/null >typescript
	is "$(tr -d '\r' <typescript)" $((512 * MiB))
}
