#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What the man pages say: their examples, their JSON keys, and how they are opened.
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew

load helpers

ROOT=$BATS_TEST_DIRNAME/../..

on_path() { # NAME...
	mkdir -p bin
	local name
	for name; do
		ln -sf "$FAMFS" "bin/$name"
	done
	PATH=$PWD/bin:$PATH
}

# What the examples of all pages find.
fixture() {
	"$FAMFS" mkfs -q --size 256M dax.img
	"$FAMFS" mkdir -q dax.img:/data
	"$FAMFS" creat -q -s 24M -N 4 -B 8 dax.img:/data/model
	"$FAMFS" creat -q -s 16M dax.img:/data/weights
	"$FAMFS" mkfs -q --size 16M famfs.img
	mkdir models
	echo text | tee models/readme >models/other
}

# The blocks of a page that are marked so.
examples() { # PAGE MARK
	mark='.\" '$2 awk '
		/^\.Bd/ { inside = last == ENVIRON["mark"]; last = ""; next }
		/^\.Ed/ { inside = 0 }
		inside { gsub(/\\e/, "\\"); print }
		{ last = $0 }
	' "$1" | sed 's|/dev/dax0\.0|dax.img|g'
}

run_examples() { # PAGE
	local name=${1##*/}
	mkdir "run.$name"
	cd "run.$name" || return 1
	fixture
	{
		echo 'set -euo pipefail'
		examples "$1" run
	} >script
	[ "$(wc -l <script)" -gt 1 ] || [[ "$(<"$1")" == *'" run as C'* ]] || fail "$name: no example"
	# Under -e a following that timed out would end the script: that it ends so is tested below.
	sed -i 's/^famfs log follow .*--timeout.*/{ & || test $? = 1; }/' script
	run_program 0 bash script || fail "$name"
	cd "$BATS_TEST_TMPDIR" || return 1
	rm -r "run.$name"
}

@test "the examples of every page run" {
	requires jq tar od
	on_path famfs mkfs.famfs fsck.famfs
	local page pages=0
	for page in "$ROOT"/man/*.[58]; do
		! grep -q '^\.so ' "$page" || continue
		run_examples "$page"
		pages=$((pages + 1))
	done
	[ "$pages" -ge 28 ] || fail "only $pages pages"
}

@test "the example of libfamfs(3) compiles and lists files" {
	requires cc
	[ -z "${FAMFS_TEST_UNDER:-}" ] || skip "needs a library as it is installed"
	local build=${FAMFS%/*}
	examples "$ROOT/man/libfamfs.3" "run as C" >program.c
	cc -Wall -Wextra -Werror -I"$ROOT/lib" -o program program.c "$build/libfamfs.so.0"
	fixture
	LD_LIBRARY_PATH=$build run_program 0 ./program dax.img
	is "$output" $'data\ndata/model\ndata/weights'
	LD_LIBRARY_PATH=$build run_program 1 ./program nothing
}

# The keys that a page tells of, itself or by naming another, as famfs(8) for entries and errors.
page_keys() { # PAGE
	local pages
	mapfile -t pages < <(sed -n '/^\.Sh JSON/,/^\.Sh EX/s/^\.Xr \([^ ]*\) 8.*/\1/p' \
		"$ROOT/man/$1.8" | sort -u)
	pages=("${pages[@]/#/$ROOT/man/}")
	awk 'FNR == 1 { json = 0 }
		/^\.Sh / { json = $2 == "JSON" }
		json && sub(/^\.It Cm /, "") { gsub(/ , /, "\n"); print }' \
		"$ROOT/man/$1.8" "$ROOT/man/famfs.8" "${pages[@]/%/.8}" | sort -u
}

# Each key that the command writes is in its page.
told() { # "COMMAND" ARGUMENT...
	local words unknown
	read -ra words <<<"$1"
	run_famfs "0,1,4" "${words[@]}" --json "${@:2}"
	[ -n "$output" ] || fail "$*: no JSON: $stderr"
	unknown=$(jq -r '.. | objects | keys[]' "$OUT" | sort -u |
		grep -vxFf <(page_keys "famfs-${1// /-}") || true)
	is "$unknown" "" "keys that famfs-${1// /-}(8) does not tell of"
	commands+=" ${1// /-}"
}

@test "every JSON key is told of in the page of the command that writes it" {
	requires jq
	local commands='' name
	fixture
	told mkfs --size 16M new.img
	told mkfs -k -f new.img
	told mkdir dax.img:/d
	told mkdir dax.img:/d new.img:/x
	told creat -s 4M dax.img:/a dax.img:/no/a
	told creat -s 4M --randomize --seed 3 -N 2 dax.img:/noise
	told cp models/readme models/none dax.img:/
	told cp -r --keep-going dax.img:/data out
	told ls -lR dax.img famfs.img
	told stat dax.img:/data/model dax.img:/data/weights
	told df dax.img
	told list dax.img
	told "fmap dump" dax.img:/data/model
	told "fmap dump" --wire v2 dax.img
	"$FAMFS" fmap dump --format=raw -o a.fmap dax.img:/data/model
	told "fmap check" --against dax.img a.fmap
	head -c 50 a.fmap >short.fmap
	run_famfs 3 fmap check --json short.fmap
	is "$(jq -r 'keys[]' "$OUT" | grep -vxFf <(page_keys famfs-fmap-check))" ""
	told "fmap resolve" dax.img:/data/model 0+24M
	told "fmap resolve" --reverse dax.img 0+256M
	told check dax.img
	cp dax.img bad.img
	IMG=bad.img poke "$(entry_at 1 40)" 1 1
	told check bad.img
	told check --salvage -y bad.img
	told tree dax.img
	told verify --seed 3 dax.img:/noise dax.img:/a
	told verify --make-manifest -o SUMS dax.img
	told verify --manifest SUMS dax.img
	told "interleave plan" -s 24M dax.img
	told "interleave plan" -s 40M -N 16 -C 64M dax.img
	told "interleave show" dax.img:/data/model 0+24M
	told "interleave map" -B 4 dax.img
	told "interleave default" dax.img
	told "interleave default" -N 2 dax.img
	told "log show" dax.img
	told "log follow" --since 0 --count 2 dax.img
	told "image dump" dax.img fs.fmi
	told "image show" fs.fmi
	told "image restore" -f fs.fmi dax.img
	told flush dax.img:/a
	told chmaster dax.img
	told chmaster --give "$OTHER" -n dax.img
	run_famfs 0 __commands
	for name in $(jq -r '.commands[] | select(.json) | "\(.group // "")-\(.name)"' "$OUT"); do
		[[ "$commands " == *" ${name#-} "* ]] || fail "no JSON of ${name#-} is looked at"
	done
}

# A man(1) that has the pages of this tree, and says what it was asked.
fake_man() {
	mkdir -p bin
	cat >bin/man <<-'END'
		#!/bin/sh
		[ "$1" != -w ] || exec test -f "$PAGES/$3.$2"
		echo "man $*"
	END
	chmod +x bin/man
	export PAGES=$ROOT/man PATH=$PWD/bin:$PATH
}

@test "help opens the page of each command" {
	requires jq
	fake_man
	local name words
	run_famfs 0 help
	is "$output" "man 8 famfs"
	run_famfs 0 __commands
	jq -r '.commands[] | [.group, .name] | map(select(.)) | join(" ")' "$OUT" >list
	[ "$(wc -l <list)" -ge 25 ]
	while read -r name; do
		read -ra words <<<"$name"
		run_famfs 0 help "${words[@]}"
		is "$output" "man 8 famfs-${name// /-}"
	done <list
	run_famfs 0 help fsck
	is "$output" "man 8 famfs-check"
}

@test "help of a group lists its commands, and help without a page is --help" {
	fake_man
	run_famfs 0 help fmap
	has "$output" 'resolve +Translates'
	PAGES=/nonexistent run_famfs 0 help fmap dump
	has "$output" '^usage: famfs fmap dump'
	run_program 0 env PATH=/nonexistent "$FAMFS" help cp
	has "$output" '^usage: famfs cp'
}
