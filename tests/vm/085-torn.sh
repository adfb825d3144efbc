#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Two hosts on one memory: the master dies between its two counters, and the next master closes the
# tail that it left.
# vm: outside
# shellcheck disable=SC2154,SC2317
dev=/dev/dax0.0

# ---- in the hosts -----------------------------------------------------------

make_fs() {
	run_famfs 0 mkfs --force $dev && create 1 2 3
}

create() { # SEED...
	local seed

	for seed; do
		run_famfs 0 creat -s 3000001 --randomize --seed "$seed" "$dev:/$seed" || return 1
	done
}

# What a client, or a master that has not written yet, sees: all that was published, and the tail.
sees_torn() { # FILE...
	run_famfs 4 check $dev && has "$output" 'torn' || return 1
	holds "$@"
}

holds() { # FILE...
	local seed

	run_famfs 0 ls $dev && is "$(printf '%s\n' "$@")" "$(sort -n <<<"$output")" || return 1
	for seed; do
		run_famfs 0 verify --seed "$seed" "$dev:/$seed" || return 1
	done
}

sees_clean() { # FILE...
	run_famfs 0 check $dev && has "$output" clean && holds "$@"
}

refused() { # UUID
	run_famfs 1 creat -s 2M $dev:/no && one_line_error "client.*$1"
}

take() { # OLD-UUID
	run_famfs 0 chmaster --take --yes --watch 1 $dev && has "$output" "was $1"
}

# ---- outside ----------------------------------------------------------------

# The log's next_seqnum and next_index, as they lie in the memory.
counters_are() { # SEQNUM INDEX
	is "$1 $2" "$(od -A n -t u8 -j $((0x400020)) -N 16 "${memory_image%@*}" | xargs)"
}

# What memory has when the machine dies between the stores of the one and the other.
leave_counters() { # SEQNUM INDEX
	local count bytes=

	for count; do
		bytes+=$(printf '\\x%02x' "$count")$(printf '\\x00%.0s' {1..7})
	done
	printf '%b' "$bytes" |
		dd of="${memory_image%@*}" bs=16 seek=$((0x400020 / 16)) conv=notrunc status=none
	counters_are "$1" "$2"
}

# next_seqnum is ahead: the last entry is in memory, and not published.
dies_before_index() {
	counters_are 3 3 && cut_power 1 && leave_counters 3 2
}

# next_index is ahead, as other tools' write-back may leave it: the last entry is published.
dies_before_seqnum() {
	counters_are 4 4 && cut_power 2 && leave_counters 3 4
}

main() {
	check "two hosts" boot 1 2
	check "the master makes files" on 1 make_fs
	check "it dies with next_seqnum ahead" dies_before_index
	check "the client reads what was published, and names the tail" on 2 sees_torn 1 2
	check "and may not mend it" on 2 refused "$(uuid_of 1)"
	check "it takes over" on 2 take "$(uuid_of 1)"
	check "and only an append closes the tail" on 2 sees_torn 1 2
	check "it appends twice" on 2 create 4 5
	check "nothing torn, nothing lost" on 2 sees_clean 1 2 4 5
	check "it dies with next_index ahead" dies_before_seqnum
	check "the old master comes back" boot 1
	check "reads all entries, and names the tail" on 1 sees_torn 1 2 4 5
	check "is a client" on 1 refused "$(uuid_of 2)"
	check "takes over" on 1 take "$(uuid_of 2)"
	check "and appends" on 1 create 6
	check "nothing torn, nothing lost" on 1 sees_clean 1 2 4 5 6
	tap_done
}
