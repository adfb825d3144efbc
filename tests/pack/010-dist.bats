#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # the helpers set output and stderr
# make dist: an archive of a commit, the same bytes each time.

load pack

@test "the archive does not depend on time, umask, directory or settings" {
	local first second name
	requires_git
	first=$(umask 022 && "$TOP/packaging/dist" one)
	sleep 1.1
	git clone -q "$TOP" clone
	git -C clone config tar.umask user
	git -C clone config core.autocrlf true
	second=$(umask 077 && TZ=Asia/Tokyo LC_ALL=C clone/packaging/dist "two words")
	is "${first##*/}" "${second##*/}"
	cmp "$first" "$second"
	name=famfs-$(sed -n 's/^Version: *//p' clone/famfs.spec)
	is "${first##*/}" "$name.tar.gz"
	hasnt "$(tar -tf "$first" | grep -v "^$name/" || :)" .
}

@test "the archive holds what is committed, and only that" {
	requires_git
	git clone -q "$TOP" clone
	echo more >clone/more.txt
	echo >>clone/README.md
	run_program 0 clone/packaging/dist out
	has "$stderr" 'not committed'
	tar -xf "$output"
	diff <(git -C clone ls-tree -r --name-only HEAD | LC_ALL=C sort) \
		<(files_below famfs-*/ | sed 's|^/||')
	cmp famfs-*/README.md <(git -C clone show HEAD:README.md)
	[ -n "$(find famfs-*/tests/run -perm -100)" ]
}

@test "make dist puts it into BUILD, before anything is configured" {
	requires_git
	run_program 0 env PKG_CONFIG=/nowhere CC=/nowhere make -s -C "$TOP" dist BUILD="$PWD/b"
	[ -s "$output" ]
	is "$(ls b)" "${output##*/}"
}

@test "outside of a working tree it says so, and leaves nothing" {
	mkdir copy
	cp -r "$TOP/packaging" "$TOP/famfs.spec" copy
	run_program 1 copy/packaging/dist out
	has "$stderr" 'not the top of a git working tree'
	[ ! -e out ]
	# Nor does it take the repository that such a copy happens to be in.
	git init -q .
	run_program 1 copy/packaging/dist out
	[ ! -e out ]
}

@test "the version stands in one place" {
	local version
	version=$(sed -n 's/^Version: *//p' "$TOP/famfs.spec")
	[ -n "$version" ]
	! grep -rnF "$version" "$TOP"/{Makefile,lib,cli,man,completions,packaging,README.md} ||
		fail "the version is written there, too"
}
