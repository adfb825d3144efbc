#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# Images whose size is no multiple of the allocation unit: what lies behind the last whole one is
# never handed out.
load helpers

UNITS=7                   # for files, behind superblock and log
WHOLE=$((10 * MiB + UNITS * AU))
# Those of .meta/.superblock and .meta/.log among them.
GOOD='[.. | objects | select(.kernel_rc == 0 and .unsafe == [])]'
TAILS="0 1 511 4096 1048576 $((AU - 1))"

# A file system of WHOLE + TAIL bytes at $DEV, by creating the image or in one that is there.
make_odd() { # TAIL
	rm -f "$IMG"
	if [ "$DEV" = "$IMG" ] && [ $(($1 % 2)) -eq 0 ]; then
		run_famfs 0 mkfs -q --size $((WHOLE + $1)) "$IMG"
	else
		truncate -s $((BASE + WHOLE + $1)) "$IMG"
		head -c "$BASE" /dev/urandom | dd of="$IMG" conv=notrunc status=none
		run_famfs 0 mkfs -q "$DEV"
	fi
	is "$(stat -c %s "$IMG")" $((BASE + WHOLE + $1)) "size of the image"
	run_famfs 0 df --json "$DEV"
	json_is '.filesystems[0] | "\(.size) \(.real_size) \(.free)"' \
		"$((WHOLE + $1)) $((WHOLE + $1)) $((UNITS * AU))"
}

# Placed up to the last whole unit, and not into what follows it.
fill_up() {
	local i end
	for ((i = 1; i <= UNITS - 2; i++)); do
		run_famfs 0 creat -q -s $((AU - i)) --randomize --seed $i "$DEV:/f$i"
	done
	run_famfs 1 creat -q -s $((2 * AU + 1)) "$DEV:/large"
	one_error 'no space'
	head -c $((2 * AU - 5)) /dev/urandom >source
	run_famfs 0 cp -q source "$DEV:/last"
	run_famfs 1 creat -q -s 1 "$DEV:/one-more"
	one_error 'no space'
	run_famfs 1 cp -q source "$DEV:/one-more"
	one_error 'no space'
	end=$(extents /last "$DEV")
	is "$((${end% *} + ${end#* }))" "$WHOLE" "the end of the last file"
}

judge_files() {
	local i
	clean "$DEV"
	run_famfs 0 df --json "$DEV"
	json_is '.filesystems[0] | "\(.free) \(.largest_free) \(.files)"' "0 0 $((UNITS - 1))"
	for ((i = 1; i <= UNITS - 2; i++)); do
		run_famfs 0 verify -q --seed $i "$DEV:/f$i"
	done
	run_famfs 0 cp -q "$DEV:/last" back
	cmp source back
	rm back
	run_famfs 0 fmap dump --json -r "$DEV"
	is "$(jq -rs "$GOOD | length" "$OUT")" $((UNITS - 1 + 2)) "good maps"
	is "$(jq -rs "$GOOD | map(.extents[] | .off + .len) | max" "$OUT")" $WHOLE "their end"
	run_famfs 0 fmap resolve --json "$DEV:/last" $((2 * AU - 6))
	has "$output" $((WHOLE - 6))
}

all_tails() {
	local tail before
	for tail in $TAILS; do
		make_odd "$tail"
		[ "$BASE" -eq 0 ] || before=$(head -c "$BASE" "$IMG" | sha256sum)
		[ "$tail" -eq 0 ] || printf X | dd of="$IMG" bs=1 seek=$((BASE + WHOLE + tail - 1)) \
			conv=notrunc status=none
		fill_up
		judge_files
		[ "$BASE" -eq 0 ] || is "$(head -c "$BASE" "$IMG" | sha256sum)" "$before" "before it"
		[ "$tail" -eq 0 ] || is "$(tail -c 1 "$IMG")" X "behind the last whole unit"
	done
}

@test "an image of any size: filled, checked, copied, mapped to the last whole unit" {
	DEV=$IMG BASE=0
	all_tails
}

@test "one that begins inside a file" {
	BASE=$((AU + 4096)) DEV=$IMG@$((AU + 4096))
	all_tails
}

@test "interleaved: no strip ends behind the last whole unit" {
	DEV=$IMG BASE=0 UNITS=40 WHOLE=$((10 * MiB + 40 * AU)) more=0
	make_odd $((AU - 1))
	run_famfs 0 creat -q -s $((6 * AU)) -N 3 -B 3 --randomize --seed 9 "$IMG:/dealt"
	run_famfs 0 creat -q -s $((8 * AU)) -N 2 -B 2 "$IMG:/rest"
	clean
	run_famfs 0 verify -q --seed 9 "$IMG:/dealt"
	run_famfs 0 fmap dump --json -r "$IMG"
	is "$(jq -rs "$GOOD | length" "$OUT")" 4 "good maps"
	while run_famfs 0,1 creat -q -s 2M "$IMG:/more.$((more++))" && [ "$status" -eq 0 ]; do :; done
	run_famfs 0 df --json "$IMG"
	json_is '.filesystems[0].free' 0
	clean
}

@test "dumped, restored, repaired, and by another name" {
	DEV=$IMG BASE=0
	make_odd 4097
	fill_up
	run_famfs 0 image dump "$IMG" fs.fmi
	run_famfs 0 image restore -q fs.fmi other.img
	is "$(stat -c %s other.img)" $((WHOLE + 4097))
	clean other.img
	# The count of what is used is behind by one entry.
	printf '\000' | dd of="$IMG" bs=1 seek=$((LOG + 40)) conv=notrunc status=none
	run_famfs 4 check "$IMG"
	run_as fsck.famfs 1 -y "$IMG"
	judge_files
}

@test "too small by less than a unit is too small" {
	truncate -s $((12 * MiB - 1)) "$IMG"
	refused 1 'too few' mkfs "$IMG"
	is "$(stat -c %s "$IMG")" $((12 * MiB - 1))
}
