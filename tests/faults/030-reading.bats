#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # the helpers set them, in each test anew
# Faults in commands that only read.
load faults

thin=3 # commands are many

# Each line is a command that only reads.
reading() {
	local line words bad=0
	while IFS= read -r line; do
		read -ra words <<<"$line"
		both untouched 'dev\.img' "${words[@]}" || bad=1
	done
	[ $bad -eq 0 ]
}

@test "what only reads, of files" {
	start
	reading <<-'END'
		stat dev.img:/dir/one dev.img:/dealt
		df dev.img
		tree dev.img
		cat dev.img:/dir/one
		cat --offset 1M --length 4k dev.img:/dealt
		image show src/whole.fmi
		list dev.img
		chmaster dev.img
		help ls
		--help
	END
}

@test "what only reads, of maps and layouts" {
	start
	"$FAMFS" fmap dump --format=raw -o start/src/a.fmap start/dev.img:/dealt
	reading <<-'END'
		fmap check --against dev.img src/a.fmap
		fmap resolve dev.img:/dealt 0+4M
		fmap resolve --reverse dev.img 0+64M
		interleave plan -s 8M -N 2 -B 2 -C 2M dev.img
		interleave plan -s 8M dev.img
		interleave show dev.img:/dealt 0+4M
		interleave map dev.img
		interleave map --svg - dev.img
		interleave default dev.img
	END
}

@test "what only reads, as JSON" {
	start
	reading <<-'END'
		ls -lR --json dev.img
		stat --json dev.img:/dealt
		df --json dev.img
		tree --json dev.img
		check --json dev.img
		fmap dump --json dev.img:/dealt
		interleave map --json dev.img
		log show --json dev.img
		list --json dev.img
	END
}

@test "a command that fails says its own reason, or the fault's" {
	start
	wanted=1 both untouched 'dev\.img' stat --json dev.img:/none
	wanted=1 both untouched 'dev\.img' mkdir dev.img:/two
}

@test "ls" {
	start
	both untouched 'dev\.img' ls -lR dev.img
}

@test "check" {
	start
	both untouched 'dev\.img' check -v dev.img
}

@test "fmap dump" {
	start
	both untouched 'dev\.img' fmap dump dev.img
}

@test "log show" {
	start
	both untouched 'dev\.img' log show dev.img
}

@test "log follow" {
	start
	both untouched 'dev\.img' log follow --since 0 --count 3 dev.img
}
