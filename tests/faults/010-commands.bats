#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# Each allocation and each system call of the main commands fails once: no crash, no leak, nothing
# half made, and one line that says what went wrong. FAMFS_FAULTS=all tries every one; without it a
# part of them, the first ones and then fewer and fewer.
load ../cli/helpers

FAULTY=$(realpath -m "${BUILD:-$BATS_TEST_DIRNAME/../../build}/tests/faulty")

# A file system with a little of everything, in start/.
start() {
	mkdir start
	(
		cd start || exit 1
		"$FAMFS" mkfs -q --size 64M dev.img
		"$FAMFS" mkdir dev.img:/dir
		"$FAMFS" creat -q -s 3M dev.img:/dir/one dev.img:/two
		"$FAMFS" creat -q -s 8M -N 2 -B 2 -C 2M dev.img:/dealt
		mkdir src
		head -c 100000 /dev/urandom >src/a
		head -c 2500000 /dev/urandom >src/b
		"$FAMFS" image dump dev.img ../whole.fmi
	) >/dev/null
	cp --sparse=always start/dev.img whole.img
}

next() { # N
	[ "${FAMFS_FAULTS:-}" = all ] && echo $(($1 + 1)) || echo $(($1 + 1 + $1 / 3))
}

# What holds after any fault; called where a failing command does not end the test. RC is the exit
# code of the command.
judge() { # RC MAY-BE-THERE
	local names lines
	lines=$(wc -l <err)
	[ "$1" -le 32 ] || fail "exit $1" || return
	[ "$1" -eq 0 ] || [ "$1" -eq "$wanted" ] || [ "$lines" -ge 1 ] ||
		 fail "exit $1 without a word" || return
	[ "$lines" -le 2 ] || fail "$lines lines of errors" || return
	[ "$lines" -eq 0 ] || [ "$(grep -c '^famfs' err)" -eq "$lines" ] ||
		fail "a line of errors is not the program's" || return
	names=$(find run -mindepth 1 ! -path 'run/src*' | { grep -vxE "run/($2)" || :; })
	is "$names" "" "files left" || return
	"$judgement" "$1"
}

clean() {
	run_famfs 0 check run/dev.img
}

# Either none or a whole one: mkfs kills the old superblock first.
clean_or_none() { # RC
	local wanted=0
	[ "$1" -eq 0 ] || wanted=0,8
	run_famfs "$wanted" check run/dev.img
}

# Once more without a fault makes it whole.
mended() {
	run_famfs 0,1 check -y run/dev.img && clean
}

# Goes through KIND until a run meets no fault. MAY-BE-THERE: names of files, a regular expression.
walk() { # KIND JUDGEMENT MAY-BE-THERE COMMAND...
	local kind=$1 judgement=$2 may=$3 n=1 rc
	shift 3
	while :; do
		rm -rf run met
		cp -r --sparse=always start run
		rc=0
		(cd run && FAMFS_FAULT=$kind:$n FAMFS_FAULT_MET=../met timeout 60 "$FAULTY" "$@") \
			</dev/null >out 2>err || rc=$?
		[ -s met ] || break
		judge "$rc" "$may" || {
			echo "famfs $*: with $kind $n ($(<met)) failing: exit $rc"
			cat err
			return 1
		}
		n=$(next "$n")
	done
	[ "$n" -gt 1 ] || fail "no fault was met"
	is "$rc" "$wanted" "the exit code without a fault"
	echo "# note: famfs $1: $kind up to $n" >&3
}

both() { # JUDGEMENT MAY-BE-THERE COMMAND...
	local wanted=${wanted:-0}
	walk alloc "$@" && walk call "$@"
}

@test "mkfs" {
	start
	both clean_or_none 'dev\.img' mkfs --force dev.img
}

@test "mkfs of a new image" {
	start
	both clean 'dev\.img|new\.img' mkfs --size 16M new.img
}

@test "creat" {
	start
	both clean 'dev\.img' creat -s 3M dev.img:/new dev.img:/dir/new
}

@test "mkdir" {
	start
	both clean 'dev\.img' mkdir -p dev.img:/a/b/c
}

@test "cp into a file system" {
	start
	both clean 'dev\.img' cp -r src dev.img:/
}

@test "cp out of a file system" {
	start
	both clean 'dev\.img|to(/dir(/one)?|/two|/dealt)?' cp -r dev.img:/ to
}

@test "ls" {
	start
	both clean 'dev\.img' ls -lR dev.img
}

@test "check" {
	start
	both clean 'dev\.img' check -v dev.img
}

@test "check --repair" {
	start
	# The first entry's checksum.
	printf '\377\377' | dd of=start/dev.img bs=1 seek=$((LOG + 64 + 540)) conv=notrunc status=none
	wanted=1 both mended 'dev\.img|[^/]*\.undo|[^/]*\.fmi' check -y dev.img
}

@test "image dump" {
	start
	both clean 'dev\.img|out\.fmi' image dump dev.img out.fmi
}

@test "image restore" {
	start
	cp whole.fmi start/in.fmi
	both mended 'dev\.img|in\.fmi|[^/]*undo[^/]*' image restore --force in.fmi dev.img
}

@test "fmap dump" {
	start
	both clean 'dev\.img' fmap dump dev.img
}

@test "interleave default" {
	start
	both clean 'dev\.img' interleave default -N 2 -B 2 -C 2M dev.img
}

@test "log show" {
	start
	both clean 'dev\.img' log show dev.img
}
