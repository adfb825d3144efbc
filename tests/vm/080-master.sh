#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Three hosts on one memory: the master dies, and who comes after it.
# vm: outside
# shellcheck disable=SC2154,SC2317
dev=/dev/dax0.0

# ---- in the hosts -----------------------------------------------------------

make_fs() {
	run_famfs 0 mkfs --force $dev && run_famfs 0 mkdir $dev:/d
}

# Creates until the power goes.
create_on() {
	local n

	for ((n = 1; ; n++)); do
		famfs creat -q -s 200001 --randomize --seed $n $dev:/d/$n || exit
	done >/tmp/bg.out 2>&1 8>&- &
	creator=$!
}

# As create_on, among the files of another.
create_more() {
	local n

	for ((n = 1; ; n++)); do
		famfs creat -q -s 2M $dev:/more.$n || exit
	done >/tmp/bg.out 2>&1 8>&- &
	creator=$!
	sleep 1
	kill -0 "$creator"
}

stop_creating() {
	kill -STOP "$creator" && sleep 1
}

await_files() { # DEVICE COUNT
	local i

	for ((i = 0; i < 100; i++)); do
		[[ $(famfs ls "$1:/d" | wc -l) -lt $2 ]] || return 0
		sleep 0.1
	done
	return 1
}

# Of what there is all is whole; the last entry may be one that was not published any more.
all_is_whole() { # DEVICE
	local n names

	run famfs check "$1"
	has "$status" '^[04]$' || { log_run famfs check; return 1; }
	((status == 0)) || has "$output$errors" 'torn' || return 1
	run_famfs 0 ls "$1:/d" || return 1
	names=$output
	tap_note "$(wc -l <<<"$names") files, check gave $status"
	is "$(seq "$(wc -l <<<"$names")")" "$(sort -n <<<"$names")" || return 1
	for n in 1 $(sort -n <<<"$names" | tail -n 3); do
		run_famfs 0 verify --seed "$n" "$1:/d/$n" || return 1
	done
}

clean_with() { # FILE...
	local file

	run_famfs 0 check $dev && has "$output" clean || return 1
	for file; do
		run_famfs 0 stat $dev:/"$file" || return 1
	done
}

refused() { # UUID
	run_famfs 1 creat -s 2M $dev:/no && one_line_error "client.*$1" && run_famfs 0 ls $dev
}

master_is_alive() { # UUID
	run_famfs 1 chmaster --take --yes --watch 20 $dev && one_line_error "$1.* is alive"
}

# Without the consent that --yes gives there is nobody to ask here.
asks_first() {
	run_famfs 2 chmaster --take $dev && one_line_error -- '--yes'
}

take() { # OWN-UUID OLD-UUID
	run_famfs 0 chmaster --take --yes --watch 1 $dev && has "$output" "is now $1, and was $2"
}

creates() { # FILE
	run_famfs 0 creat -s 3000000 --randomize --seed 99 "$dev:/$1" &&
		run_famfs 0 verify --seed 99 "$dev:/$1"
}

# Prints what came of it.
claim() {
	run famfs chmaster --take --yes --watch 1 $dev
	printf '%s %s\n' "$status" "$output$errors"
}

# ---- outside ----------------------------------------------------------------

power_goes() {
	on 1 create_on && await_files "$memory_image" 10 && cut_power 1
}

both_read_on() {
	all_is_whole "$memory_image" && on 2 all_is_whole $dev && on 3 all_is_whole $dev
}

# Both begin in the same moment; whose claim is in the memory in the end has won.
one_wins() {
	local n won=() said lost=() master

	tell 1 claim
	tell 3 claim
	for n in 1 3; do
		said=$(answer $n)
		tap_note "host $n: $said"
		[[ $said == 0\ * ]] && won+=("$n") || lost+=("$n")
	done
	is 1 ${#won[@]} || return 1
	run_famfs 0 chmaster --json "$memory_image" || return 1
	master=$(jq -r .master <<<"$output")
	is "$(uuid_of "${won[0]}")" "$master" || return 1
	on "${won[0]}" creates by_winner || return 1
	on "${lost[0]}" refused "$master" && on 2 refused "$master" &&
		on 2 clean_with by_heir by_winner
}

main() {
	check "three hosts" boot 1 2 3
	check "the master makes a file system" on 1 make_fs
	check "its power goes in the middle of work" power_goes
	check "the others read on" both_read_on
	check "taking over asks first" on 2 asks_first
	check "a client takes over" on 2 take "$(uuid_of 2)" "$(uuid_of 1)"
	check "and creates" on 2 creates by_heir
	check "the third one sees it, and nothing torn" on 3 clean_with by_heir
	check "and is refused still" on 3 refused "$(uuid_of 2)"
	check "the old master comes back" boot 1
	check "and is refused" on 1 refused "$(uuid_of 2)"
	check "a master at work" on 2 create_more
	check "loses its role to nobody" on 3 master_is_alive "$(uuid_of 2)"
	check "it rests" on 2 stop_creating
	check "two want to be the master at once: one wins" one_wins
	tap_done
}
