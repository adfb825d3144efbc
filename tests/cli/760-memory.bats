#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# The memory that commands need of their own: what is mapped of images is not counted.

load helpers

SPAWN=$(realpath -m "${BUILD:-$BATS_TEST_DIRNAME/../../build}/tests/bench_spawn")

counts_memory() {
	[ -z "${FAMFS_TEST_UNDER:-}" ] || skip "under $FAMFS_TEST_UNDER, more memory is used"
	[ "$("$SPAWN" -m true)" -gt 0 ] || skip "processes cannot be traced here"
}

# The most of it that a command, which must end well, had at once.
peak_kib() { # COMMAND...
	run_program 0 "$SPAWN" -m "$FAMFS" "$@"
	is "$stderr" ""
	has "$output" '^[0-9]+$'
}

needs_less() { # KIB COMMAND...
	peak_kib "${@:2}"
	echo "$output KiB: ${*:2}"
	[ "$output" -lt "$1" ] || fail "$output KiB for: ${*:2}"
}

# Four times what may be used.
LONG=$((256 * MiB))

@test "a copy needs less than 64 MiB, whatever the file's size" {
	counts_memory
	local limit=$((64 << 10))
	new_image 2G
	filled f $LONG 170
	needs_less $limit cp -t 1 f "$IMG:/one"
	needs_less $limit cp -t 2 -N 4 f "$IMG:/two"
	needs_less $limit cp -t 2 f "$IMG:/two"
	needs_less $limit cp --overwrite -t 2 f "$IMG:/two"
	needs_less $limit cp -t 1 "$IMG:/one" g
	needs_less $limit cp -t 2 "$IMG:/two" g
	cmp f g
	needs_less $limit cp "$IMG:/one" -
	needs_less $limit cat "$IMG:/two"
	needs_less $limit cp --size $LONG - "$IMG:/piped" < <(cat f)
	needs_less $limit cp - "$IMG:/spooled" < <(cat f)
	needs_less $limit verify --make-manifest "$IMG:/two"
	rm g
	run_shell 0 '"$1" cat "$2" | cmp - f' "$FAMFS" "$IMG:/spooled"
	run_famfs 0 mkfs -q --size 512M other.img
	needs_less $limit cp "$IMG:/one" other.img:/
	rm other.img
	run_famfs 0,1 cp --tar "$IMG:/one" a.tar
	[ "$status" -ne 0 ] || needs_less $limit cp --tar "$IMG:/one" a.tar
	[ ! -e a.tar ] || needs_less $limit cp --tar a.tar "$IMG:/tar"
	clean
}

manifest() { # FIRST END
	awk -v i="$1" -v end="$2" \
		'BEGIN { for (; i < end; i++) printf "{\"path\":\"f%d\",\"size\":1}\n", i }' |
		run_famfs 0 creat -q --no-zero --from - "$IMG"
}

# What each of these needs, into the array of that name.
measure() { # NAME
	local -n to=$1
	local -a command
	to=()
	for command in "${COMMANDS[@]}"; do
		# shellcheck disable=SC2086 # words
		peak_kib -d "$IMG" $command
		to+=("$output")
	done
}

@test "what looks at all entries needs at most 48 bytes for each" {
	counts_memory
	local few=10000 many=110000 i each
	local -a before after
	local COMMANDS=(check "ls :/f7" "stat :/f7" "creat -s 1 :/f7" "mkdir -p :/d" df
		"log show --json" "fmap dump :/f7")
	new_image 256G -l 64M
	manifest 0 $few
	measure before
	manifest $few $many
	measure after
	for i in "${!COMMANDS[@]}"; do
		each=$(((after[i] - before[i]) * 1024 / (many - few)))
		echo "$each bytes for each entry: ${COMMANDS[i]}"
		[ "$each" -le 48 ] || fail "$each bytes for each entry: ${COMMANDS[i]}"
	done
}
