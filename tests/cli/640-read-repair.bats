#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# Files read while another process repairs: at each call that opens or maps something the log is
# repaired, which moves two files up and takes one away, and that one's place is given to another.
# Or the file system is made anew, with a file of the same name in the same place.

load helpers
load traced

# The first file says that it has the place of the second, and is older.
make() {
	new_image 32M -l 2M
	run_famfs 0 creat -q -s 2M "$IMG:/old"
	run_famfs 0 creat -q --randomize --seed 7 -s 4M "$IMG:/gone"
	run_famfs 0 creat -q --randomize --seed 7 -s 2M "$IMG:/b"
	run_famfs 0 creat -q --randomize --seed 7 -s 1M "$IMG:/c"
	run_famfs 0 verify --make-manifest "$IMG:/gone" "$IMG:/b" "$IMG:/c"
	sort -rk 2 "$OUT" >sums
	poke "$(entry_at 0 144)" 8 "$(peek "$(entry_at 1 144)")"
	seal_entry 0
	slice 0 $((20 * MiB)) >start
	export FAMFS IMG
	repair='"$FAMFS" check -y --undo undo "$IMG"; "$FAMFS" creat -s 2M "$IMG:/n1" "$IMG:/n2"'
}

# A command with the repair at its N-th CALL; false when it ends before that.
repaired_at() { # CALL N COMMAND...
	rm -f undo met now out t.tar
	[ ! -e other.img ] || run_famfs 0 mkfs -q -f -l 2M other.img
	dd if=start of="$IMG" bs=1M conv=notrunc status=none
	run_program 0,1,77 "$ATCALL" "$1" "$2" "{ $repair; } >/dev/null 2>&1; : >met" \
		"$FAMFS" "${@:3}"
	[ -e met ] || return 1
	[ -s undo ]
}

# A command with the repair at each point; JUDGE looks at what came of it.
each_point() { # JUDGE COMMAND...
	local call n
	for call in openat madvise munmap write; do
		for ((n = 1; ; n++)); do
			repaired_at $call $n "${@:2}" || break
			$1
		done
	done
}

# Both files that stay are whole, and the other one is, or was found to be gone.
judge() { # STATUS-WHEN-GONE
	seen+=" $(json '.results | map(select(.path | test("gone")).status) | join(" ")')"
	json_is '.results | map(select(.path | test("[bc]$")).status) | join(" ")' 'ok ok'
	json_is '.results | map(.status) | unique | join(" ")' "${seen##* }$(
		[ "${seen##* }" = ok ] || echo ' ok')"
	has "${seen##* }" "^(ok|$1)$"
}

failed_or_ok() {
	judge failed
	[ "${seen##* }" = ok ] || json_error_is ENOENT
	[ "${seen##* }" = ok ] || has "$stderr" '/gone'
}

@test "the seed's bytes: as they were, or no such file" {
	local seen=
	make
	each_point failed_or_ok verify --json --seed 7 "$IMG:/b" "$IMG:/gone" "$IMG:/c"
	has "$seen" 'failed.*ok'
}

missing_or_ok() {
	judge missing
}

@test "a manifest's sums: as they were, or missing" {
	local seen=
	make
	each_point missing_or_ok verify --json -t 1 --manifest sums "$IMG"
	has "$seen" 'missing.*ok'
}

# The list of files is made anew by who calls it again.
right_or_none() {
	if [[ $stderr =~ rewritten ]]; then
		[ "$status" -eq 1 ] && [ ! -s now ]
		return
	fi
	grep -v ' n[12]$\| old$' now | sort >made
	is "$(sort sums | comm -13 - made)" "" "sums that are wrong"
	is "$(grep -c '[bc]$' made)" 2
	seen+=" $(grep -c gone made || true)"
}

@test "making a manifest: right sums, or none for what is gone" {
	local seen=
	make
	each_point right_or_none verify --json -t 1 --make-manifest -o now "$IMG:/"
	has "$seen" '0.*1'
}

# What came of copying the file that goes: its bytes, or nothing and why.
whole_or_none() { # FILE
	if [ "$status" -eq 0 ]; then
		is "$(sha256sum <"$1")" "$(grep gone sums | sed 's/ .*/  -/')"
	else
		has "$stderr" "dev.img:/gone"
	fi
	seen+=" $status"
	[[ $stderr != *'dev.img:/gone: the log was rewritten while it was read'* ]] || noticed=y
}

out_or_none() {
	whole_or_none out
	[ "$status" -eq 0 ] || [ ! -e out ]
}

stdout_or_none() {
	whole_or_none "$OUT"
}

image_or_none() {
	"$FAMFS" cat other.img:/copy >out 2>out.err || rm out
	[ -e out ] || grep -q 'no such file' out.err
	out_or_none
	"$FAMFS" check other.img
}

archive_or_none() {
	[ ! -e t.tar ] || tar -xOf t.tar >out
	out_or_none
}

# The bytes were read, and only another look tells that they are another file's.
copied() { # JUDGE COMMAND...
	local seen='' noticed=''
	make
	each_point "$@"
	has "$seen" '1.*0'
	is "$noticed" y
}

@test "cat: the file's bytes, or an error" {
	copied stdout_or_none cat "$IMG:/gone"
}

@test "cp to a file: the file, or none" {
	copied out_or_none cp -q "$IMG:/gone" out
}

@test "cp to standard output: the file's bytes, or an error" {
	copied stdout_or_none cp -q "$IMG:/gone" -
}

@test "cp into another image: the file, or none" {
	run_famfs 0 mkfs -q --size 32M -l 2M other.img
	copied image_or_none cp -q -t 1 "$IMG:/gone" other.img:/copy
}

@test "cp into an archive: the file, or no archive" {
	command -v tar >/dev/null || skip "tar is not installed"
	copied archive_or_none cp -q --tar "$IMG:/gone" t.tar
}

# ---------------------------------------------------------------- a new file system
anew='"$FAMFS" mkfs -q --force -l 2M "$IMG"; "$FAMFS" creat -s 2M "$IMG:/old"
	"$FAMFS" creat -s 4M "$IMG:/gone"; : >undo; echo >undo'

@test "cat that waits for its reader: a new file system is told" {
	local place
	make
	place=$(extents /gone)
	mkfifo fifo
	"$FAMFS" cat "$IMG:/gone" >fifo 2>cat.err &
	exec 7<fifo
	head -c 4096 <&7 >first
	bash -c "$anew" >/dev/null
	is "$(extents /gone)" "$place"
	cat <&7 >rest
	exec 7<&-
	status=0
	wait $! || status=$?
	is "$status" 1
	is "$(wc -l <cat.err)" 1
	has "$(<cat.err)" '^famfs cat: .*dev.img:/gone: the file system was made anew .*; read it again'
}

# Either one's bytes, and not a mixture.
one_of_both() { # FILE
	if [ "$status" -eq 0 ]; then
		has "$(sha256sum <"$1")" "$(grep gone sums | sed 's/ .*//')|$zeros"
	else
		is "$(wc -l <<<"$stderr")" 1
	fi
	seen+=" $status"
	[[ $stderr != *'/gone: the file system was made anew'* ]] || noticed=y
}

copy_is_of_one() {
	one_of_both out
	[ "$status" -eq 0 ] || [ ! -e out ]
}

stdout_is_of_one() {
	one_of_both "$OUT"
}

image_is_of_one() {
	"$FAMFS" cat other.img:/copy >out 2>out.err || rm out
	copy_is_of_one
}

archive_is_of_one() {
	[ ! -e t.tar ] || tar -xOf t.tar >out
	copy_is_of_one
}

between_two() { # JUDGE COMMAND...
	local seen='' noticed='' zeros
	zeros=$(head -c 4M /dev/zero | sha256sum | sed 's/ .*//')
	rm -f "$IMG"
	make
	repair=$anew
	each_point "$@"
	has "$seen" '1.*0'
	is "$noticed" y
}

@test "a new file system: what is copied is one file, or none" {
	between_two stdout_is_of_one cat "$IMG:/gone"
	between_two copy_is_of_one cp -q "$IMG:/gone" out
	between_two stdout_is_of_one cp -q "$IMG:/gone" -
}

@test "a new file system: what is copied into another is one file, or none" {
	run_famfs 0 mkfs -q --size 32M -l 2M other.img
	between_two image_is_of_one cp -q -t 1 "$IMG:/gone" other.img:/copy
}

@test "a new file system: what is archived is one file, or none" {
	command -v tar >/dev/null || skip "tar is not installed"
	between_two archive_is_of_one cp -q --tar "$IMG:/gone" t.tar
}

@test "a repair that is cut off: a failure that says so, and nothing about the bytes" {
	make
	# The mark, and no entries.
	repair='printf REWRITE! | dd of="$IMG" bs=1 seek=2097152 conv=notrunc
		head -c 4096 /dev/zero | dd of="$IMG" bs=1 seek=2097200 conv=notrunc; : >undo; echo >undo'
	repaired_at madvise 1 verify --json -t 1 --manifest sums "$IMG"
	is "$status" 1
	json_is '"\(.ok) \(.differing) \(.missing) \(.failed)"' '0 0 0 3'
	has "$stderr" 'rewritten'
	repaired_at madvise 1 verify --json --seed 7 "$IMG:/gone" "$IMG:/b"
	is "$status" 1
	json_is '"\(.ok) \(.differing) \(.failed)"' '0 0 2'
	has "$stderr" 'rewritten'
}

@test "an entry that breaks: the files behind it are named, the damage once" {
	local how
	make
	repair='printf X | dd of="$IMG" bs=1 seek=2098388 conv=notrunc; echo >undo'
	is "$(entry_at 2 100)" 2098388
	for how in "--seed 7 $IMG:/gone $IMG:/b $IMG:/c" "-t 1 --manifest sums $IMG"; do
		# shellcheck disable=SC2086 # words
		repaired_at madvise 1 verify $how
		is "$status" 1
		is "$(grep -c 'damaged log: entry 2 of 4' "$ERR")" 1 "lines about the log"
		has "$stderr" ':/b: is not in what can be read'
		is "$(sort "$ERR" | uniq -d)" "" "lines that are there twice"
	done
}
