#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # the helpers set stderr
# The tour in README.md, typed from its first command to its last.

load helpers

# The indented blocks of a section that begin with a command; pictures and file formats do not.
commands_of() { # SECTION
	awk -v section="## $1" '
		/^## / { inside = $0 == section }
		!inside { next }
		!/^    / { block = ""; next }
		block == "" { block = /^    (famfs|printf|export) / ? "run" : "skip" }
		block == "run" { print substr($0, 5) }
	' "$BATS_TEST_DIRNAME/../../README.md"
}

setup_tour() {
	mkdir -p bin tests
	ln -s "$FAMFS" bin/famfs
	cp -r "$BATS_TEST_DIRNAME/../vm" tests/vm
	PATH=$PWD/bin:$PATH
}

@test "the tour can be typed from top to bottom" {
	requires jq xxd
	setup_tour
	{
		echo 'set -eu'
		commands_of "A quick tour"
	} >tour.sh
	[ "$(grep -c famfs tour.sh)" -ge 30 ]
	run_program 0 bash tour.sh
	# One note: buckets of such a small image are below what the existing tools take.
	is "$(grep -vc 'the existing tools ignore this default' <<<"$stderr")" 0
	has "$output" "clean, [0-9]+ files"
}

@test "the examples of JSON work on what the tour leaves" {
	requires jq
	setup_tour
	{
		echo 'set -eu; famfs mkfs -q --size 64M demo.img'
		commands_of JSON
	} >json.sh
	[ "$(grep -c jq json.sh)" -ge 2 ]
	run_program 0 bash json.sh
}

# The picture below a command of the tour, as README has it.
picture_of() { # COMMAND
	awk -v command="    $1" '
		$0 == command { seen = 1; getline; next }
		seen && !/^    / && !/^$/ { exit }
		seen { print substr($0, 5) }
	' "$BATS_TEST_DIRNAME/../../README.md" | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'
}

@test "the map in the tour is what its commands draw" {
	local map='famfs interleave map --nbuckets 8 demo.img'
	requires jq xxd
	setup_tour
	{
		echo 'set -eu'
		commands_of "A quick tour" | sed "/^$map\$/q"
	} >tour.sh
	run_program 0 env LC_ALL=C.UTF-8 bash tour.sh
	picture_of "$map" >picture
	[ "$(wc -l <picture)" -ge 15 ]
	diff picture <(tail -n "$(wc -l <picture)" "$OUT" | sed 's/ *$//')
}
