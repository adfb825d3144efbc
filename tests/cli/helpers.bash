# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
# What the tests of the program share. Every test works in its own directory, on images.

FAMFS=$(realpath -m "${FAMFS:-$BATS_TEST_DIRNAME/../../build/famfs}")
MASTER=11111111-2222-3333-4444-555555555555
OTHER=99999999-8888-7777-6666-555555555555
MiB=1048576
AU=$((2 * MiB))
LOG=$AU # where the log begins
ENTRY=544

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	export HOME=$BATS_TEST_TMPDIR XDG_STATE_HOME=$BATS_TEST_TMPDIR/state
	export FAMFS_SYSTEM_UUID=$MASTER LC_ALL=C.UTF-8
	unset FAMFS_DEVICE NO_COLOR
	IMG=$BATS_TEST_TMPDIR/dev.img
	OUT=$BATS_TEST_TMPDIR/.out
	ERR=$BATS_TEST_TMPDIR/.err
	umask 022
	shopt -s nocasematch
}

requires() { # COMMAND...
	local cmd
	for cmd; do
		command -v "$cmd" >/dev/null || skip "$cmd is not installed"
	done
}

requires_root() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
}

requires_all_processes() {
	[ "$(readlink /proc/self/ns/pid)" = 'pid:[4026531836]' ] ||
		skip "only a part of the processes is to be seen here"
}

requires_terminal() {
	requires script
	script -qec true /dev/null </dev/null >/dev/null 2>&1 ||
		skip "no terminal can be made: /dev/pts is not mounted"
}

fail() {
	printf '%s\n' "$@" >&2
	return 1
}

is() { # ACTUAL EXPECTED [WHAT]
	[ "$1" = "$2" ] || fail "${3:-value}: expected: $2" "${3:-value}: got:      $1"
}

has() { # TEXT PATTERN: an extended regular expression, in any case
	[[ $1 =~ $2 ]] || fail "does not have /$2/: $1"
}

hasnt() { # TEXT PATTERN
	[[ ! $1 =~ $2 ]] || fail "has /$2/: $1"
}

# Runs the program, which must end with RC (or one of several: "1,2"). Sets status, output, stderr.
run_famfs() { # RC ARGUMENT...
	run_program "$1" "$FAMFS" "${@:2}"
}

# By another name, as mount(8) and fsck(8) call it.
run_as() { # NAME RC ARGUMENT...
	mkdir -p "$BATS_TEST_TMPDIR/.bin"
	ln -sf "$FAMFS" "$BATS_TEST_TMPDIR/.bin/$1"
	run_program "$2" "$BATS_TEST_TMPDIR/.bin/$1" "${@:3}"
}

# A line of shell around the program: run_shell 0 '"$@" <file' "$FAMFS" ...
run_shell() { # RC LINE ARGUMENT...
	run_program "$1" bash -c "$2" - "${@:3}"
}

# Bound by the permissions of files, even if root runs the tests.
run_bound() { # RC PROGRAM ARGUMENT...
	local bound=()
	if [ "$(id -u)" -eq 0 ]; then
		requires setpriv
		bound=(setpriv --bounding-set "-dac_override,-dac_read_search")
	fi
	run_program "$1" "${bound[@]}" "${@:2}"
}

run_program() { # RC PROGRAM ARGUMENT...
	local want=$1 program=$2
	shift 2
	status=0
	timeout -k 5 60 "$program" "$@" >"$OUT" 2>"$ERR" || status=$?
	output=$(tr -d '\0' <"$OUT")
	stderr=$(<"$ERR")
	# What a build for coverage says when a test leaves no room for its counts.
	if [[ $stderr == *'libgcov profiling error:'* ]]; then
		sed -i '/^libgcov profiling error:/d' "$ERR"
		stderr=$(<"$ERR")
	fi
	[[ ,$want, != *,$status,* ]] || return 0
	printf '%q ' "${program##*/}" "$@"
	printf '\nexit %s, expected %s\n--- stdout\n' "$status" "$want"
	head -c 4000 <<<"$output"
	printf -- '--- stderr\n'
	head -c 4000 <<<"$stderr"
	return 1
}

# Refused with one line on stderr that begins with the command and has PATTERN, nothing on stdout.
refused() { # RC PATTERN ARGUMENT...
	run_famfs "$1" "${@:3}"
	is "$output" "" "stdout of: ${*:3}"
	one_error "$2"
}

one_error() { # PATTERN
	stderr=$(<"$ERR")
	is "$(wc -l <"$ERR")" 1 "lines of [$stderr]"
	has "$stderr" '^([a-z]+\.)?famfs( [a-z]+)*: '
	has "$stderr" "$1"
	is "$(tr -d '\n' <"$ERR" | LC_ALL=C tr -cd '\000-\037\177' | wc -c)" 0 "control bytes"
}

# The last run's one JSON object on stdout; FILTER of jq.
json() { # FILTER
	jq -rs "if length == 1 and .[0].schema == 1 then .[0] else error(\"not one object\") end
		| $1" "$OUT"
}

json_is() { # FILTER VALUE
	local got
	got=$(json "$1") || fail "no JSON: $output"
	is "$got" "$2" "$1"
}

# The last run's errors as JSON, one object on each line.
json_error_is() { # CODE...
	local line
	while IFS= read -r line; do
		jq -e '.error | (.code, .object, .message, .hint) | type == "string"' \
			>/dev/null <<<"$line" || fail "no JSON error: $line"
	done <"$ERR"
	is "$(jq -r .error.code "$ERR" | tr '\n' ' ')" "$* " "error codes"
}

new_image() { # [SIZE] [MKFS-OPTION...]
	run_famfs 0 mkfs -q --size "${1:-24M}" "${@:2}" "$IMG"
}

clean() { # [IMAGE]
	run_famfs 0 check --json "${1:-$IMG}"
	json_is '"\(.clean) \(.errors) \(.warnings) \(.findings | length)"' 'true 0 0 0'
}

# check finds each CODE, and ends with RC; its counts are those of what it lists.
finds() { # RC CODE...
	local code codes
	run_famfs "$1" check --json "$IMG"
	codes=$(json 'def nr(f): [.findings[] | select(f)] | length;
		if nr(.severity == "warning") == .warnings and
		   nr(.severity != "warning") == .errors and
			.clean == (.errors == 0)
		then [.findings[].code] | unique | join(" ") else "wrong counts" end')
	for code in "${@:2}"; do
		[[ " $codes " == *" $code "* ]] || fail "check does not find $code, but: $codes"
	done
	[ "$codes" != "wrong counts" ] || fail "$codes: $output"
}

# The extents or strips of a file: "OFF LEN,OFF LEN".
extents() { # PATH [IMAGE]
	run_famfs 0 stat --json "${2:-$IMG}:$1"
	json '.entries[0].extents | map("\(.off) \(.len)") | join(",")'
}

names() { # [IMAGE]: all paths, sorted
	run_famfs 0 ls -R --json "${1:-$IMG}"
	json '[.entries[].path] | sort | join(" ")'
}

sum() { # FILE
	cksum <"$1"
}

# The image is what it was when `before=$(sum "$IMG")` was taken.
unchanged() { # SUM [IMAGE]
	is "$(sum "${2:-$IMG}")" "$1" "the image's contents"
}

# ------------------------------------------------------------------ the media, byte by byte
entry_at() { # N [FIELD-OFFSET]
	echo $((LOG + 48 + ENTRY * $1 + ${2:-0}))
}

peek() { # OFFSET [BYTES] [FILE]
	od -An -v -t "u${2:-8}" -j "$1" -N "${2:-8}" "${3:-$IMG}" | tr -d ' '
}

poke() { # OFFSET BYTES VALUE
	local i text=
	for ((i = 0; i < $2; i++)); do
		text+=$(printf '\\x%02x' $((($3 >> (8 * i)) & 255)))
	done
	poke_text "$1" "$text"
}

poke_text() { # OFFSET TEXT: with escapes as printf takes them
	printf '%b' "$2" | dd of="$IMG" bs=1 seek="$1" conv=notrunc status=none
}

slice() { # OFFSET LENGTH [FILE]
	dd if="${3:-$IMG}" bs=64K iflag=skip_bytes,count_bytes skip="$1" count="$2" status=none
}

# Of the bytes, as a number: gzip ends with it.
crc32() { # OFFSET LENGTH
	slice "$1" "$2" | gzip -1c | tail -c 8 | od -An -t u4 -N 4 | tr -d ' '
}

seal_super() {
	poke 96 8 "$(crc32 0 96)"
}

seal_header() {
	poke $((LOG + 24)) 8 "$(crc32 $LOG 24)"
}

seal_entry() { # N
	local at
	at=$(entry_at "$1")
	poke $((at + 536)) 8 "$(crc32 "$at" 536)"
}

# Whether a range holds nothing but one byte, given in octal.
all_bytes() { # OFFSET LENGTH OCTAL [FILE]
	is "$(slice "$1" "$2" "${4:-$IMG}" | LC_ALL=C tr -d "\\$3" | wc -c)" 0 \
		"bytes other than \\$3 at $1"
}

# A file of one byte, again and again.
filled() { # FILE BYTES OCTAL
	head -c "$2" /dev/zero | LC_ALL=C tr '\0' "\\$3" >"$1"
}

disk_kib() { # FILE
	du -k "$1" | cut -f1
}

# Waits until a command succeeds; a generous limit only keeps a broken program from hanging.
await() { # COMMAND...
	local i
	for ((i = 0; i < 600; i++)); do
		! "$@" || return 0
		sleep 0.05
	done
	fail "never happened: $*"
}
