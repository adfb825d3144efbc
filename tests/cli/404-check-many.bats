#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# check of very many entries that are all damaged: so many times the entries, so many times the
# work. Instructions are counted, so that it does not matter how fast they are.

load helpers

counts_instructions() {
	[ -z "${FAMFS_TEST_UNDER:-}" ] || skip "the instructions of $FAMFS_TEST_UNDER are no measure"
	requires valgrind python3
}

# So many files, all in one place (pile), or each two of them (pairs).
overlapping() { # FILES pile|pairs
	rm -f "$IMG"
	new_image 64G
	awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++) printf "{\"path\":\"f%d\",\"size\":1}\n", i }' |
		run_famfs 0 creat -q --no-zero --from - "$IMG"
	python3 - "$IMG" "$@" <<-'EOF'
		import struct, sys, zlib
		files, step = int(sys.argv[2]), {"pile": 0, "pairs": 2 << 20}[sys.argv[3]]
		with open(sys.argv[1], "r+b") as image:
		    image.seek((2 << 20) + 48)
		    log = bytearray(image.read(files * 544))
		    first, = struct.unpack_from("<Q", log, 144)
		    for i in range(files):
		        at = i * 544
		        struct.pack_into("<Q", log, at + 144, first + i // 2 * step)
		        struct.pack_into("<Q", log, at + 536, zlib.crc32(log[at : at + 536]))
		    image.seek((2 << 20) + 48)
		    image.write(log)
	EOF
}

# Sets count to the instructions of a command that finds errors.
instructions() { # COMMAND...
	run_program 4 valgrind --tool=callgrind --callgrind-out-file=/dev/null "$FAMFS" "$@" "$IMG"
	count=$(sed -n 's/.*Collected : *\([0-9]*\).*/\1/p' "$ERR")
}

in_proportion() { # pile|pairs COMMAND...
	local count few
	overlapping 1500 "$1"
	instructions "${@:2}"
	few=$count
	overlapping 6000 "$1"
	instructions "${@:2}"
	echo "$1, ${*:2}: $few instructions for 1500 files, $count for 6000"
	[ "$few" -gt 0 ] && [ "$count" -lt $((few * 5)) ]
}

@test "files that overlap each other, all of them or two by two" {
	counts_instructions
	in_proportion pile check
	has "$output" '5999 errors'
	in_proportion pairs check
	has "$output" '3000 errors'
}

@test "and what would be done about them" {
	counts_instructions
	in_proportion pile check --repair -y -n
	has "$output" '5999 errors would be repaired'
}
