#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Modes and owners of what cp makes, local directories above all: as cp(1) leaves them, also where
# the copy is begun again.
# shellcheck disable=SC2016,SC2030,SC2031,SC2086,SC2154
load helpers
load atcall

# A: files, and directories of which one may not be written in.
filled_image() {
	new_image 32M
	mkdir -p A/open A/closed/deep
	echo 1 >A/one
	echo 2 >A/open/two
	echo 3 >A/closed/three
	echo 4 >A/closed/deep/four
	chmod 0640 A/one
	chmod 0775 A/open
	chmod 0555 A/closed/deep A/closed
	run_famfs 0 cp -r -p A "$IMG:/A"
}

modes() { # DIR
	(cd "$1" && find . -printf '%P:%m\n' | LC_ALL=C sort | sed 's/^:/.:/' | tr '\n' ' ')
}

owners() { # DIR
	(cd "$1" && find . -printf '%P:%U:%G\n' | LC_ALL=C sort | sed 's/^:/.:/' | tr '\n' ' ')
}

# What ls says of everything in the image.
recorded() { # FILTER [IMAGE]
	run_famfs 0 ls -R --json "${2:-$IMG}"
	json "[.entries[] | \"\\(.path) $1\"] | sort | join(\",\")"
}

teardown() {
	chmod -R u+rwX "$BATS_TEST_TMPDIR" 2>/dev/null || true
}

@test "the umask counts for directories and files, but not with -p or -m" {
	filled_image
	umask 027
	run_famfs 0 cp -r "$IMG:/A" less
	is "$(modes less)" ".:750 closed/deep/four:640 closed/deep:550 closed/three:640 closed:550 \
one:640 open/two:640 open:750 "
	umask 077
	run_famfs 0 cp -r -p "$IMG:/A" kept
	is "$(modes kept)" "$(modes A)"
	run_famfs 0 cp -r -m 0644 "$IMG:/A" given
	is "$(modes given)" ".:755 closed/deep/four:644 closed/deep:755 closed/three:644 closed:755 \
one:644 open/two:644 open:755 "
}

@test "directories that are there keep their modes, but not with -p or -m" {
	filled_image
	mkdir -p D/A/open
	chmod 0711 D/A
	chmod 0770 D/A/open
	run_bound 0 "$FAMFS" cp -r "$IMG:/A" D
	diff -r A D/A
	is "$(stat -c %a D/A D/A/open D/A/closed D | tr '\n' ' ')" "711 770 555 755 "
	run_bound 0 "$FAMFS" cp -n -r -p "$IMG:/A" D
	is "$(stat -c %a D/A D/A/open D/A/closed D | tr '\n' ' ')" "711 770 555 755 "
	run_bound 0 "$FAMFS" cp -r -p "$IMG:/A" D
	is "$(modes D/A)" "$(modes A)"
	is "$(stat -c %a D)" 755
	run_bound 0 "$FAMFS" cp -r -m 0600 "$IMG:/A" D
	is "$(stat -c %a D/A D/A/open D/A/closed D/A/one | tr '\n' ' ')" "700 700 700 600 "
	# The root of a famfs has none.
	chmod 0711 D
	run_bound 0 "$FAMFS" cp -r -p "$IMG:/" D
	is "$(stat -c %a D)" 711
}

@test "the same copy again, into directories that nobody may write in" {
	local opts
	filled_image
	for opts in -r -rp; do
		run_bound 0 "$FAMFS" cp $opts "$IMG:/A" D
		run_bound 0 "$FAMFS" cp $opts "$IMG:/A/open" "$IMG:/A/closed" D
		diff -r A D
		is "$(stat -c %a D/closed D/closed/deep | tr '\n' ' ')" "555 555 "
		chmod -R u+w D
		rm -r D
	done
}

@test "a directory below the destination that cannot be written in" {
	filled_image
	mkdir -p D/A/open
	chmod 0500 D/A/open
	run_bound 1 "$FAMFS" cp -r "$IMG:/A" D
	one_error ':/A/open/two: D/A/open/two: permission denied; --keep-going'
	run_bound 1 "$FAMFS" cp -r --keep-going "$IMG:/A" D
	one_error ':/A/open/two: D/A/open/two: permission denied'
	diff -r A/closed D/A/closed
	is "$(ls -A D/A/open)" ""
	is "$(stat -c %a D/A/open D/A/closed | tr '\n' ' ')" "500 555 "
	rm -rf D
	mkdir -p D/A
	chmod 0500 D/A
	run_bound 1 "$FAMFS" cp -r "$IMG:/A" D
	one_error ':/A/closed: A/closed cannot be made: permission denied; --keep-going'
	is "$(ls -A D/A)" ""
}

# Begun again, the copy leaves what it would have left at once. What nobody may write in stays as it
# was on the way, where its mode was not wanted: that of a directory that is there is not touched.
@test "killed before each of its calls, the copy of a tree is done by the same one again" {
	local opts n want got
	filled_image
	requires_tracing
	for opts in "-r" "-r -p" "-r -m 0640" "-r -g $(id -g)"; do
		rm -rf whole D
		mkdir whole
		run_famfs 0 cp $opts "$IMG:/A" whole
		want=$(modes whole/A)
		for ((n = 1; ; n++)); do
			rm -rf D
			mkdir D
			run_bound 77,137 "$ATCALL" any "$n" kill "$FAMFS" cp $opts "$IMG:/A" D
			[ "$status" -ne 77 ] || break
			run_bound 0 "$FAMFS" cp $opts "$IMG:/A" D
			diff -r A D/A
			got=$(modes D/A)
			[[ $opts == *-[pm]* ]] || got=$(sed -E 's/(closed[^:]*:)755/\1555/g' <<<"$got")
			is "$got" "$want" "modes, killed at call $n of cp $opts"
		done
		[ "$n" -gt 20 ] || fail "only $n calls"
	done
}

@test "-u and -g: what is made, and what is there" {
	requires_root
	filled_image
	mkdir -p D/A/open
	chmod 0711 D/A/open
	run_famfs 0 cp -r -u 7 -g 8 "$IMG:/A" D
	is "$(owners D/A)" "$(owners A | sed 's/:0:0 /:7:8 /g')"
	is "$(stat -c %a D/A/open D/A/closed D/A/one | tr '\n' ' ')" "711 555 640 "
	is "$(owners D | sed 's/ .*//')" ".:0:0"
	run_famfs 0 cp -g 9 "$IMG:/A/one" D/A/one
	is "$(stat -c %u:%g D/A/one)" 0:9
	requires setpriv
	run_program 1 setpriv --bounding-set -chown "$FAMFS" cp -u 7 "$IMG:/A/open/two" D/A/open/x
	one_error 'D/A/open/x: operation not permitted'
	is "$(ls -A D/A/open)" two
}

@test "-p keeps owners in, out and between; without it they are whose command it is" {
	requires_root
	local owned
	filled_image
	run_famfs 0 mkfs -q --size 32M two.img
	chown 7:8 A/one A/open
	chown 9:10 A/closed/deep/four
	owned="/A 0:0,/A/closed 0:0,/A/closed/deep 0:0,/A/closed/deep/four 9:10,\
/A/closed/three 0:0,/A/one 7:8,/A/open 7:8,/A/open/two 0:0"
	rm "$IMG"
	new_image 32M
	run_famfs 0 cp -r -p A "$IMG:/"
	is "$(recorded '\(.uid):\(.gid)')" "$owned"
	run_famfs 0 cp -r -p "$IMG:/A" two.img:/
	is "$(recorded '\(.uid):\(.gid)' two.img)" "$owned"
	is "$(recorded '\(.mode)' two.img)" "$(recorded '\(.mode)')"
	run_famfs 0 cp -r -p two.img:/A out
	is "$(owners out)" "$(owners A)"
	is "$(modes out)" "$(modes A)"
	run_famfs 0 cp -r two.img:/A mine
	is "$(owners mine)" "$(owners A | sed -E 's/:[0-9]+:[0-9]+ /:0:0 /g')"
	run_famfs 0 cp -r two.img:/A/open "$IMG:/mine"
	is "$(recorded '\(.uid):\(.gid)' | tr ',' '\n' | grep mine | tr '\n' ' ')" \
		"/mine 0:0 /mine/two 0:0 "
	run_famfs 0 cp -p -u 11 two.img:/A/one one
	is "$(stat -c %u:%g one)" 11:8
}

# Who cannot give a file to its owner must not make it run as somebody else.
@test "set-id bits: with -p, if the owner can be kept too" {
	new_image
	echo 1 >f
	chmod 6755 f
	run_famfs 0 cp f "$IMG:/plain"
	run_famfs 0 cp -p f "$IMG:/kept"
	run_famfs 0 cp -p -u 7 -g 8 f "$IMG:/given"
	is "$(recorded '\(.mode)')" "/given 6755,/kept 6755,/plain 0755"
	run_famfs 0 cp "$IMG:/kept" plain
	is "$(stat -c %a plain)" 755
	run_famfs 0 cp -p "$IMG:/kept" kept
	is "$(stat -c %a kept)" 6755
	# What is replaced has other bytes now.
	run_famfs 0 cp "$IMG:/plain" kept
	is "$(stat -c %a kept)" 755
	requires_root
	requires setpriv
	run_famfs 0 cp -p "$IMG:/given" given
	is "$(stat -c '%a %u %g' given)" "6755 7 8"
	run_program 0 setpriv --bounding-set -chown "$FAMFS" cp -p "$IMG:/given" bound
	is "$(stat -c '%a %u %g' bound)" "755 0 0"
}

@test "a directory that hands its group on: what is made in it does so too" {
	requires_root
	filled_image
	mkdir D
	chgrp 8 D
	chmod 2775 D
	run_famfs 0 cp -r "$IMG:/A" D
	is "$(stat -c %a:%g D/A D/A/open D/A/closed D/A/one | tr '\n' ' ')" \
		"2755:8 2755:8 2555:8 640:8 "
	run_famfs 0 cp -r -p "$IMG:/A" D
	is "$(stat -c %a:%g D/A D/A/open D/A/closed D/A/one | tr '\n' ' ')" \
		"755:0 775:0 555:0 640:0 "
}

@test "a directory that all write to keeps its sticky bit" {
	new_image 32M
	mkdir -p A/all
	echo 1 >A/all/one
	chmod 1777 A/all
	umask 022
	run_famfs 0 cp -r A "$IMG:/A"
	is "$(recorded '\(.mode)')" "/A 0755,/A/all 1755,/A/all/one 0644"
	umask 0
	run_famfs 0 cp -r -p A "$IMG:/B"
	run_famfs 0 cp -r "$IMG:/B" out
	is "$(modes out)" ".:755 all/one:644 all:1777 "
}

@test "the same copy again where a directory hands its group on" {
	requires_root
	requires setpriv
	filled_image
	mkdir o
	chmod 2775 o
	run_bound 0 "$FAMFS" cp -r "$IMG:/A" o/
	has "$(modes o/A)" 'closed/deep:2555'
	run_bound 0 "$FAMFS" cp -r "$IMG:/A" o/
	has "$(modes o/A)" 'closed/deep:2555'
}
