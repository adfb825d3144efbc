# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# Each allocation and each system call of the commands fails once: no crash, no leak, nothing half
# made, and one line that says what went wrong; or else the result is what it is without.
# FAMFS_FAULTS=all tries every one; without it a part of them, the first ones and then fewer and
# fewer.
# shellcheck source=tests/cli/helpers.bash
. "$BATS_TEST_DIRNAME/../cli/helpers.bash"

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
		"$FAMFS" image dump dev.img src/whole.fmi
	) >/dev/null
}

# $thin: how fast they get fewer.
next() { # N
	[ "${FAMFS_FAULTS:-}" = all ] && echo $(($1 + 1)) || echo $(($1 + 1 + $1 * ${thin:-1} / 3))
}

# All that a command may have made in run/, but for what is another each time.
state() {
	local image
	[ "$judgement" != untouched ] || return 0
	(
		cd run || exit 1
		find . -type f ! -name '*.img' ! -name '*undo*' ! -name '*.fmi' \
			-exec cksum {} + | sort
		for image in *.img; do
			"$FAMFS" ls -lR "$image"
			"$FAMFS" verify --make-manifest "$image"
		done
	) 2>&1
}

# What stands in the way of comparing two outputs: identities that are made anew, and times. Undo
# files go to the state directory where none can be made beside the image.
output() {
	tr -d '\0' <out |
		sed -E 's/[0-9a-f]{8}-[0-9a-f-]{27}/UUID/g; s/[0-9-]{8,10}T[0-9:]{6,8}Z/TIME/g
			s#[^ ]*/(dev\.img\.TIME\.undo)#\1#'
}

# What holds after any fault; called where a failing command does not end the test. RC is the exit
# code of the command. What could not be removed may be left.
# $most: one line, or one for each member of an archive and for what comes behind it.
judge() { # RC MAY-BE-THERE
	local names lines
	lines=$(wc -l <err)
	[ "$1" -le 32 ] || fail "exit $1" || return
	[ "$1" -eq "$wanted" ] || [ "$lines" -ge 1 ] || fail "exit $1 without a word" || return
	[ "$lines" -le $((whole_notes + most)) ] || fail "$lines lines of errors" || return
	[ "$lines" -eq 0 ] || [ "$(grep -cE '^(famfs|\{"(error|warning)":)' err)" -eq "$lines" ] ||
		fail "a line of errors is not the program's" || return
	if [ "$1" -eq "$wanted" ]; then
		is "$(state)" "$whole_state" "what is there" || return
		# Names as they were given, no characters that a locale must know, argp's own help.
		[ "$lines" -gt 0 ] || [[ $(<met) =~ realpath|newlocale|setenv ]] ||
			is "$(output)" "$whole_output" "the output" || return
	fi
	names=$(find run -mindepth 1 ! -path 'run/src*' | { grep -vxE "run/($2)" || :; })
	[[ $(<met) == unlink* ]] || is "$names" "" "files left" || return
	"$judgement" "$1"
}

# After commands that only read.
untouched() {
	cmp start/dev.img run/dev.img
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

# The role is its old owner's or its new one's.
clean_or_other() { # RC
	FAMFS_SYSTEM_UUID=$OTHER clean "$@"
}

# Once more without a fault makes it whole.
mended() {
	run_famfs 0,1 check -y run/dev.img && clean
}

# Runs the command on a copy of start/.
attempt() { # FAULT COMMAND...
	rm -rf run met
	cp -r --sparse=always start run
	rc=0
	(cd run && FAMFS_FAULT=$1 FAMFS_FAULT_MET=../met timeout 60 "$FAULTY" "${@:2}") \
		</dev/null >out 2>err || rc=$?
}

# Goes through KIND until a run meets no fault. MAY-BE-THERE: names of files, a regular expression.
walk() { # KIND JUDGEMENT MAY-BE-THERE COMMAND...
	local kind=$1 judgement=$2 may=$3 n=1 bad=0 rc whole_state whole_output whole_notes
	shift 3
	attempt "$kind:0" "$@"
	is "$rc" "$wanted" "the exit code without a fault" || return
	whole_state=$(state)
	whole_output=$(output)
	whole_notes=$(wc -l <err)
	while :; do
		attempt "$kind:$n" "$@"
		[ -s met ] || break
		judge "$rc" "$may" || {
			echo "famfs $*: with $kind $n ($(<met)) failing: exit $rc"
			cat err
			bad=$((bad + 1))
		}
		n=$(next "$n")
	done
	[ "$n" -gt 1 ] || fail "no fault was met" || return
	[ "$bad" -eq 0 ] || fail "$bad faults are not borne" || return
	is "$rc" "$wanted" "the exit code without a fault" || return
	echo "# note: famfs $1: $kind up to $n" >&3
}

both() { # JUDGEMENT MAY-BE-THERE COMMAND...
	local wanted=${wanted:-0} most=${most:-1}
	local bad=0
	walk alloc "$@" || bad=1
	walk call "$@" || bad=1
	[ $bad -eq 0 ]
}
