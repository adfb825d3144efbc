#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs in the guest: how fast bytes go in and out of a real devdax device, beside the limits. Not
# among the tests, since it asserts nothing:
#
#   FAMFS_VM_PROGRAMS="build/tests/bench_move build/tests/bench_spawn" FAMFS_VM_TIMEOUT=300 \
#       tests/vm/run tests/vm/bench.sh
# shellcheck disable=SC1091
. ./guest.bash

dev=/dev/dax0.0
size=$((96 << 20))
limit_off=$((32 << 20))
repeat=5

best() { # COMMAND...: the least that it prints
	local i
	for ((i = 0; i < repeat; i++)); do
		"$@" || return
	done | sort -n | head -n 1
}

spawn() {
	bench_spawn "$@"
}

remake() {
	famfs mkfs -q -f -l 8M $dev
}

limit() { # WORK THREADS [SOURCE]
	best bench_move "$1" "$2" $dev $limit_off $size "${@:3}"
}

new_cp() {
	remake && bench_spawn famfs cp -q -t "$t" source $dev:/file
}

new_zero() {
	remake && bench_spawn famfs creat -q -t "$t" -s $size $dev:/file
}

new_random() {
	remake && bench_spawn famfs creat -q --randomize --seed 1 -t "$t" -s $size $dev:/file
}

by_cp() {
	rm -f copy && bench_spawn cp source copy
}

copy_out() {
	rm -f copy && bench_spawn famfs cp -q -t "$t" $dev:/file copy
}

# Of the bytes that the generator left there.
seeded_limit() {
	bench_move random 1 $dev $limit_off $size >/dev/null && limit verify "$t"
}

show() { # WORK OURS LIMIT
	tap_note "$(printf '%-28s %4d ms, limit %4d ms: %3d %%' "$1, $t thread(s)" \
		$(($2 / 1000000)) $(($3 / 1000000)) $(($3 * 100 / $2)))"
}

measure() {
	local t copy

	head -c $size /dev/urandom >source
	for t in 1 2; do
		copy=$(limit copy $t source)
		show "cp in" "$(best new_cp)" "$copy"
		show "cp out" "$(best copy_out)" "$copy"
		show "cp out, beside cp" "$(best copy_out)" "$(best by_cp)"
		rm -f copy
		show "zeroing" "$(best new_zero)" "$(limit zero $t)"
		show "creat --randomize" "$(best new_random)" "$(limit random $t)"
		show "verify --seed" "$(best spawn famfs verify -q --seed 1 -t $t $dev:/file)" \
			"$(seeded_limit)"
		show "verify --make-manifest" \
			"$(best spawn famfs verify -q --make-manifest -t $t $dev)" "$(limit hash 1)"
	done
}

cd /tmp || exit 1
check "measured" measure
tap_done
