#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# fmap check: any message from anywhere, judged by the kernel's rules and for safety.

load helpers

# The fields as FMAP.md 2 has them, little-endian: le BYTES VALUE...
le() {
	local i value
	for value in "${@:2}"; do
		for ((i = 0; i < $1; i++)); do
			printf '%02x' $(((value >> (8 * i)) & 255))
		done
	done
}

header() { # EXT-TYPE NEXTENTS FILE-SIZE
	le 4 0x10000 "$1" "$2" 0
	le 8 "$3" 0
}

# One extent at 16 MiB, as long as the file: simple [FILE-SIZE] [OFFSET] [LENGTH]
simple() {
	header 0 1 "${1:-4194304}"
	le 8 0 "${2:-16777216}" "${3:-4194304}"
}

# Two strips of 4 MiB for 8 MiB: wide [NSTRIPS] [CHUNK] [NBYTES]
wide() {
	header 1 1 8388608
	le 4 "${1:-2}" "${2:-2097152}"
	le 8 "${3:-8388608}" 0 0 16777216 4194304 0 33554432 4194304
}

message() { # HEX FILE
	xxd -r -p <<<"$1" >"$2"
}

# judged RC KERNEL-RC RULES HEX [OPTION...]: by file, by pipe, as JSON
judged() {
	message "$4" msg
	run_famfs "$1" fmap check --json "${@:5}" msg
	json_is '"\(.kernel_rc) \(.rejected + .unsafe | join(" "))"' "$2 $3"
	run_famfs "$1" fmap check "${@:5}" msg
	cp "$OUT" text
	run_shell "$1" '"$@" <msg' "$FAMFS" fmap check "${@:5}" -
	is "$(sed 1d "$OUT")" "$(sed 1d text)"
	is "$stderr" ""
}

@test "safe, unsafe, rejected: exit 0, 1 and 3" {
	requires xxd
	judged 0 0 "" "$(simple)"
	judged 0 0 "" "$(wide)"
	judged 1 0 "U9" "$(simple 0)"
	judged 1 0 "U1" "$(wide 2 0)"
	judged 1 0 "U5" "$(wide 2 2097152 8388607)"
	judged 1 0 "U7" "$(simple)00"
	judged 3 -22 "K1" 00
	judged 3 -22 "K16" "$(simple 4194305)"
	judged 3 -22 "K7 K15" "$(simple 4194304 4096)"
	judged 3 -22 "K11" "$(wide 2 2097152 0)"
	judged 3 -22 "K12" "$(wide 3)"
	judged 3 -22 "K14" "$(header 1 1 8388609)$(le 4 1 2097152)$(le 8 1 0 0 0 2097152)"
}

@test "what the kernel would hold" {
	requires xxd
	message "$(wide)" msg
	run_famfs 0 fmap check --json msg
	json_is '"\(.file) \(.length) \(.kernel)"' "msg 104 v10"
	json_is '.holds | "\(.file_type) \(.file_size) \(.ext_type) \(.nextents) \(.dev_bitmap)"' \
		"0 8388608 interleaved 1 1"
	json_is '.holds.interleaved[0] | "\(.nstrips) \(.chunk_size) \(.nbytes) \(.strips | length)"' \
		"2 2097152 8388608 2"
	json_is '.holds.interleaved[0].strips[1].off' 33554432
	message "$(simple 4194305)" msg
	run_famfs 3 fmap check --json msg
	json_is '"\(.holds) \(.kernel_error) \(.stopped_by)"' "null EINVAL K16"
	run_famfs 3 fmap check msg
	has "$output" 'rejects it with -EINVAL, at K16'
	has "$output" 'K16: the extents together are shorter'
}

@test "--kernel: the same are rejected, with another errno" {
	requires xxd
	judged 3 -34 "K2" "$(header 0 0 4096)"
	judged 3 -34 "K2" "$(header 0 0 4096)" --kernel=v10
	judged 3 -22 "K2" "$(header 0 0 4096)" --kernel=v7
	judged 3 -7 "K3" "$(header 0 33 4096)" --kernel=v7
	judged 3 -34 "K3" "$(header 0 33 4096)" --kernel v10
	refused 2 'v8.*v7 or v10' fmap check --kernel=v8 msg
}

@test "--device-size and --against" {
	requires xxd
	new_image 64M
	run_famfs 0 creat -s 6M "$IMG:/before"
	run_famfs 0 creat -s 4M "$IMG:/f"
	judged 0 0 "" "$(simple)" --device-size 20M
	judged 1 0 "U4" "$(simple)" --device-size=20971519
	judged 0 0 "" "$(simple)" --against "$IMG"
	judged 1 0 "U3" "$(simple 4194304 2097152)" --against "$IMG"
	judged 1 0 "U4" "$(simple 4194304 65011712)" --against "$IMG"
	message "$(simple 4194304 14680064)" msg
	run_famfs 0 fmap check --json --against "$IMG" msg
	json_is '.files | join(" ")' "/before /f"
	json_is '"\(.device_size) \(.data_off)"' "67108864 10485760"
	run_famfs 0 fmap check --against "$IMG" msg
	has "$output" 'file there +/before'
	poke "$(entry_at 1 20)" 1 9
	run_famfs 0 fmap check --json --against "$IMG" msg
	json_is '.files | join(" ")' "/before"
	is "$(jq -r '.warning | "\(.object) \(.hint)"' "$ERR")" "$IMG other files may lie there, too"
	poke "$(entry_at 1 20)" 1 0
	message "$(simple 4194304 20971520)" msg
	run_famfs 0 fmap check --json --against "$IMG:/" msg
	json_is '.files | length' 0
	run_famfs 0 fmap dump --format=raw -o dumped "$IMG:/.meta/.log"
	run_famfs 0 fmap check --against "$IMG" dumped
	refused 2 'more than 0' fmap check --device-size 0 msg
	refused 2 'not a size' fmap check --device-size many msg
	refused 2 'contradicts' fmap check --device-size 1G --against "$IMG" msg
	refused 2 'names a file' fmap check --against "$IMG:/f" msg
}

@test "what cannot be read: exit 8" {
	new_image
	refused 8 'nothere' fmap check nothere
	refused 8 'directory' fmap check .
	refused 8 'dev.img:/f: no such file with a message; famfs fmap dump judges' fmap check "$IMG:/f"
	refused 2 'operand' fmap check
	refused 2 'too many' fmap check a b
	: >empty
	run_famfs 3 fmap check --json empty
	json_is '"\(.length) \(.rejected[0])"' "0 K1"
	refused 8 'nodevice' fmap check --against nodevice empty
	refused 8 'truncated' fmap check --against empty empty
	run_shell 8 '"$@" >/dev/full' "$FAMFS" fmap check empty
	one_error 'no space'
	run_shell 8 '"$@" <&-' "$FAMFS" fmap check -
	run_famfs 8 fmap check --json nothere
	json_error_is ENOENT
}

@test "lengths up to and beyond 40,000 bytes" {
	requires xxd
	message "$(simple)" msg
	local len
	for len in 0 1 31 32 55; do
		head -c "$len" msg >short
		run_famfs 3 fmap check short
	done
	for len in 57 4096 4097 40000 40001 5000000; do
		cp msg long
		truncate -s "$len" long
		run_famfs 1 fmap check --json long
		json_is '"\(.length) \(.unsafe | join(" "))"' \
			"$len U7$([ "$len" -le 4096 ] || echo ' U10')"
	done
	# Read from a pipe, which tells no length.
	run_shell 1 'head -c 3000000 long | "$@"' "$FAMFS" fmap check -
}

# How many bytes the program read of a file, from what it said to the system.
bytes_read() { # FILE-DESCRIPTOR-PATTERN
	sed -nE "s/^(read|pread64)\($1, .* = ([0-9]+)\$/\2/p" trace | awk '{ n += $1 } END { print n + 0 }'
}

@test "what is larger than any message is refused before it is read" {
	new_image 64M
	refused 8 'larger than 16 MiB: no fmap message is; famfs fmap dump' fmap check "$IMG"
	refused 1 'larger than 16 MiB: no fmap message is' fmap resolve - 0 <"$IMG"
	# As long as the longest is judged, one more byte is not.
	message "$(simple)" msg
	truncate -s 16M msg
	run_famfs 1 fmap check --json msg
	json_is .length $((16 * MiB))
	run_shell 1 'cat msg | "$@"' "$FAMFS" fmap check -
	truncate -s +1 msg
	refused 8 'larger than 16 MiB' fmap check msg
	run_shell 8 'cat msg | "$@"' "$FAMFS" fmap check -
	one_error 'standard input: larger than 16 MiB'
	# Endless input ends, too.
	run_shell 8 'timeout 60 "$@" </dev/zero' "$FAMFS" fmap check -
	one_error 'standard input: larger than 16 MiB'
	refused 8 '/dev/zero: larger than 16 MiB' fmap check /dev/zero
	requires strace
	# Leaks cannot be looked for under it.
	local -x ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0
	strace -e trace=openat,read,pread64 -o trace "$FAMFS" fmap check "$IMG" && fail "taken"
	local fd
	fd=$(sed -nE "s|^openat\(.*dev\.img\".* = ([0-9]+)\$|\1|p" trace)
	[ -n "$fd" ] || fail "was not opened: $(<trace)"
	is "$(sed -n '/dev\.img/,$p' trace | grep -c "^read($fd,")" 0 "reads of the file"
	strace -e trace=read,pread64 -o trace "$FAMFS" fmap check - </dev/zero && fail "taken"
	is "$(bytes_read 0)" $((16 * MiB + 1)) "bytes read"
}

@test "a v2 message is named as what it seems to be" {
	new_image 64M
	run_famfs 0 creat -s 4M "$IMG:/f"
	run_famfs 0 fmap dump --wire=v2 --format=raw -o v2 "$IMG:/f"
	run_famfs 1 fmap check --json v2
	has "$stderr" 'v2 message'
	json_is '.unsafe | join(" ")' U7
	run_famfs 1 fmap check -q v2
	is "$stderr" ""
}

@test "a closed pipe; names with control characters" {
	requires xxd
	new_image
	message "$(simple)" $'new\nline\e[2J'
	run_famfs 0 fmap check $'new\nline\e[2J'
	is "$(tr -d '\n' <"$OUT" | LC_ALL=C tr -cd '\000-\037\177' | wc -c)" 0 "control bytes"
	run_famfs 0 fmap check --json $'new\nline\e[2J'
	json_is '.file == "new\nline\u001b[2J"' true
	run_shell 0 '"$@" | true; exit $((PIPESTATUS[0] != 141 && PIPESTATUS[0] != 0))' \
		"$FAMFS" fmap check --json $'new\nline\e[2J'
	refused 8 . fmap check $'no\nfile'
}
