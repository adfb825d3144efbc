#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Two hosts, and this one, on one memory: the master creates while the others read.
# vm: outside
# shellcheck disable=SC2034,SC2154,SC2317
dev=/dev/dax0.0
made=24 # files by the end

# ---- in the hosts -----------------------------------------------------------

make_fs() {
	run_famfs 0 mkfs --force $dev && run_famfs 0 mkdir $dev:/d
}

# Small and large, one by one and many under one lock, in one piece and interleaved. The bytes of
# file N come from seed N.
create_all() {
	local n

	for ((n = 1; n <= 12; n++)); do
		run_famfs 0 creat -s $((n * 100001)) --randomize --seed $n $dev:/d/$n || return 1
	done
	for ((n = 13; n <= 20; n++)); do
		printf '{"path": "d/%d", "size": %d, "seed": %d}\n' $n $((n * 70001)) $n
	done >/tmp/records
	run_famfs 0 creat --from /tmp/records $dev || return 1
	for ((n = 21; n <= made; n++)); do
		run_famfs 0 creat -s 6000003 -N 2 -B 4 --randomize --seed $n $dev:/d/$n || return 1
	done
}

# One look at what is there: whole entries, with the bytes that belong in them.
look() { # DEVICE
	local names last

	run_famfs 0 ls "$1:/d" || return 1
	names=$(sort -n <<<"$output")
	last=$(tail -n 1 <<<"$names")
	is "$(seq "${last:-0}")" "$names" || return 1
	run_famfs 0 check "$1" && has "$output" clean || return 1
	[[ -n $last ]] || return 0
	run_famfs 0 verify --seed "$last" "$1:/d/$last" || return 1
	run_famfs 0 cp "$1:/d/$last" "$vm_tmp/out.$last" || return 1
	run_famfs 0 cat "$1:/d/$last" || return 1
	cmp "$vm_tmp/run.out" "$vm_tmp/out.$last" || return 1
	last=$(((last + 1) / 2))
	run_famfs 0 verify --seed $last "$1:/d/$last"
}

# Looks on until all files are there, and at least thrice.
look_on() { # DEVICE
	local round end=$((SECONDS + 50))

	for ((round = 1; SECONDS < end; round++)); do
		look "$1" || return 1
		((round < 3)) || [[ ! -e $vm_tmp/out.$made ]] || break
	done
	tap_note "$round rounds"
	[[ -e $vm_tmp/out.$made ]]
}

follow() {
	timeout 55 famfs log follow --json --since=1 --count=$made $dev >/tmp/followed 2>&1 &
	follower=$!
}

followed() {
	wait "$follower" || { tap_note "ended with $?: $(tail -n 3 /tmp/followed)"; return 1; }
	is "$(seq $made | sed 's|^|/d/|')" "$(jq -r .path /tmp/followed)"
}

out_is() { # SHA256
	is "$1" "$(sha256sum </tmp/out.$made)"
}

refused() { # UUID COMMAND...
	run_famfs 1 "${@:2}" && one_line_error "client.*$1"
}

all_is_refused() { # UUID
	run_famfs 0 ls $dev && local before=$output
	refused "$1" creat -s 2M $dev:/no && refused "$1" mkdir $dev:/no &&
		refused "$1" cp /etc/passwd $dev:/no &&
		refused "$1" interleave default -N 2 -B 4 $dev || return 1
	run_famfs 0 ls $dev && is "$before" "$output"
}

# A writer that waits for its bytes.
slow_writer() {
	rm -f /tmp/pipe && mkfifo /tmp/pipe && exec 9<>/tmp/pipe
	famfs cp --size 9000000 - $dev:/slow </tmp/pipe >/tmp/bg.out 2>/tmp/bg.err 8>&- 9>&- &
	writer=$!
	head -c 3000000 /dev/zero >&9
}

writer_notices() {
	head -c 6000000 /dev/zero >&9 2>/dev/null
	exec 9>&-
	wait "$writer"
	is 1 $? || return 1
	errors=$(</tmp/bg.err)
	one_line_error 'anew'
}

made_anew() {
	run_famfs 0 mkfs --force $dev
}

empty() {
	run_famfs 0 ls $dev && is '' "$output" && run_famfs 0 check $dev && has "$output" clean
}

# ---- outside ----------------------------------------------------------------

create_beside_readers() {
	local rc=0

	tell 1 create_all
	tell 2 look_on $dev
	look_on "$memory_image" || rc=1
	answer 1 || rc=1
	answer 2 || rc=1
	return $rc
}

same_bytes_outside() {
	run_famfs 0 cat "$memory_image:/d/$made"
	on 2 out_is "$(sha256sum <"$vm_tmp/run.out")"
}

main() {
	check "two hosts" boot 1 2
	check "the master makes a file system" on 1 make_fs
	check "a client follows the log" on 2 follow
	check "files are made while clients look: nothing half, nothing wrong" create_beside_readers
	check "what was followed is what was made" on 2 followed
	check "what a client copied out are the bytes outside" same_bytes_outside
	check "a client may not write, and hears who may" on 2 all_is_refused "$(uuid_of 1)"
	check "nor this host on the machines' memory" \
		refused "$(uuid_of 1)" creat -s 2M "$memory_image:/no"
	check "a writer is at work" on 1 slow_writer
	check "another host makes the file system anew" on 2 made_anew
	check "the writer notices before it appends" on 1 writer_notices
	check "the new file system is untouched" on 2 empty
	check "the old master is a client now" on 1 all_is_refused "$(uuid_of 2)"
	tap_done
}
