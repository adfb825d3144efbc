#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Metadata images of all media, good and broken: they stand for the device, and bring it back.

# shellcheck source=tests/golden/golden.bash
. "$BATS_TEST_DIRNAME/golden.bash"

# All media as devices, and the metadata image and the scrubbed one of each.
setup_file() {
	local name dir=$BATS_FILE_TMPDIR
	mapfile -t names < <(good_images; broken_images)
	[ ${#names[@]} -ge 66 ]
	mkdir "$dir/dev" "$dir/fmi" "$dir/scrubbed"
	make_images "$dir/dev" "${names[@]}"
	stat -c '%n %y' "$dir"/dev/* >"$dir/mtimes"
	for name in "${names[@]}"; do
		"$FAMFS" image dump "$dir/dev/$name" "$dir/fmi/$name" 2>>"$dir/notes" &&
			"$FAMFS" image dump -q --scrub-names "$dir/dev/$name" \
				"$dir/scrubbed/$name" || return 1
	done
}

setup() {
	mapfile -t names < <(good_images; broken_images)
	dir=$BATS_FILE_TMPDIR
}

# What a check says, with nothing that names the device.
report() { # DEVICE
	famfs check --json "$1"
	[ ! -s "$err" ] || complain "$1: $(cat "$err")"
	jq -S 'del(.device)' "$out"
	echo "exit $rc"
}

# The same where names and checksums are others: a value is what was found in a checksum's place.
shape() { # DEVICE
	famfs check --json "$1"
	jq -S 'del(.device, .findings[].path, .findings[].path_hex, .findings[].other_path,
		.findings[].other_path_hex, .findings[].text) |
		(.findings[] | select(.code == "entry_crc")) |= del(.value, .expected)' "$out"
	echo "exit $rc"
}

@test "only what has no valid superblock gets a note" {
	local want
	want=$(jq -s 'map(select(.defects - ["sb_magic", "sb_version", "sb_crc", "alloc_unit",
		"log_offset"] != .defects)) | length' "$MEDIA"/[gc][0-9]*.json)
	[ "$(wc -l <"$dir/notes")" -eq "$want" ] || complain "want $want: $(cat "$dir/notes")"
	grep -v 'no valid superblock' "$dir/notes" && complain "odd notes"
	judge
}

@test "check says the same of the image as of the device" {
	local name
	for name in "${names[@]}"; do
		report "$dir/dev/$name" >"$dir/want"
		report "$dir/fmi/$name" >"$dir/got"
		cmp -s "$dir/want" "$dir/got" || complain "$name: $(diff "$dir/want" "$dir/got")"
	done
	judge
}

@test "ls and df show the same" {
	local name cmd
	for name in "${names[@]}"; do
		for cmd in "ls -R" df; do
			# shellcheck disable=SC2086 # a command with its options
			famfs $cmd --json "$dir/dev/$name"
			{ cat "$out"; sed "s|$dir/dev|DIR|g" "$err"; echo "$rc"; } |
				sed "s|$dir/dev|DIR|g" >"$dir/want"
			# shellcheck disable=SC2086
			famfs $cmd --json "$dir/fmi/$name"
			{ cat "$out"; sed "s|$dir/fmi|DIR|g" "$err"; echo "$rc"; } |
				sed "s|$dir/fmi|DIR|g" >"$dir/got"
			cmp -s "$dir/want" "$dir/got" ||
				complain "$name: $cmd: $(diff "$dir/want" "$dir/got" | head -5)"
		done
	done
	judge
}

@test "maps are the same, byte for byte" {
	local name path compared all=0
	while IFS= read -r name; do
		compared=0
		while IFS= read -r path; do
			famfs fmap dump --format=raw "$dir/dev/$name:/$path"
			[ "$rc" -eq 0 ] || complain "$name: $path: $(cat "$err")"
			mv "$out" "$dir/want"
			famfs fmap dump --format=raw "$dir/fmi/$name:/$path"
			cmp -s "$dir/want" "$out" || complain "$name: $path: $(cat "$err")"
			compared=$((compared + 1))
		done < <(manifest_entries "$name" |
			jq -r 'select(.get_fmap_hex) | .path' | head -n 20)
		# As many as there are; an image without files has no maps.
		[ "$compared" -eq "$(manifest_entries "$name" |
			jq -s '[.[] | select(.kind == "file")] | [length, 20] | min')" ] ||
			complain "$name: $compared maps were compared"
		all=$((all + compared))
	done < <(good_images)
	[ "$all" -gt 0 ] || complain "nothing was compared"
	judge
}

@test "restored to a new image, superblock and log are what they were" {
	local name
	for name in "${names[@]}"; do
		rm -f "$dir/new"
		famfs image restore --force -q "$dir/fmi/$name" "$dir/new"
		[ "$rc" -eq 0 ] || complain "$name: $(cat "$err")"
		[ "$(front_sha256 "$name" "$dir/new")" = "$(field "$name" sha256)" ] ||
			complain "$name: other bytes"
		[ "$(stat -c %s "$dir/new")" = "$(field "$name" device_size)" ] ||
			complain "$name: other size"
		report "$dir/dev/$name" >"$dir/want"
		report "$dir/new" >"$dir/got"
		cmp -s "$dir/want" "$dir/got" || complain "$name: $(diff "$dir/want" "$dir/got")"
	done
	judge
}

@test "an image of an image is the same, and small" {
	local name
	for name in "${names[@]}"; do
		famfs image dump "$dir/fmi/$name" -
		[ "$rc" -eq 0 ] || complain "$name: $(cat "$err")"
		# But for the time in the header, and its checksums.
		cmp -s <(tail -c +513 "$out" | head -c 36) \
			<(tail -c +513 "$dir/fmi/$name" | head -c 36) || complain "$name: differs"
		[ "$(stat -c %s "$out")" -eq "$(stat -c %s "$dir/fmi/$name")" ] ||
			complain "$name: other length"
		[ "$(($(stat -c %s "$out") * 8))" -le "$(field "$name" image_bytes)" ] ||
			complain "$name: $(stat -c %s "$out") bytes"
	done
	judge
}

@test "a scrubbed image has the same findings" {
	local name
	for name in "${names[@]}"; do
		shape "$dir/dev/$name" >"$dir/want"
		shape "$dir/scrubbed/$name" >"$dir/got"
		cmp -s "$dir/want" "$dir/got" || complain "$name: $(diff "$dir/want" "$dir/got")"
	done
	judge
}

@test "a scrubbed image has none of the names" {
	local name device
	for name in "${names[@]}"; do
		rm -f "$dir/new"
		famfs image restore --force -q "$dir/scrubbed/$name" "$dir/new"
		[ "$rc" -eq 0 ] || complain "$name: $(cat "$err")"
		head -c "$(field "$name" image_bytes)" "$dir/new" | LC_ALL=C tr '\0' '\n' |
			LC_ALL=C grep -a . >"$dir/strings"
		# Parts of paths that are long enough not to be met by chance, and the device's.
		{
			manifest_entries "$name" | jq -r .path | tr / '\n'
			echo dev/dax
		} | LC_ALL=C grep -aE '^[ -~]{8,}$' | grep -vxF .alloc.cfg | sort -u >"$dir/parts"
		LC_ALL=C grep -aoF -f "$dir/parts" "$dir/strings" >"$dir/met" &&
			complain "$name: $(head -n 3 "$dir/met")"
		device=$("$FAMFS" image show --json "$dir/scrubbed/$name" | jq -r .device)
		[ -z "$device" ] || complain "$name: $device"
	done
	judge
}

@test "dumping changed no bit of them" {
	local name
	for name in "${names[@]}"; do
		unchanged "$name" "$dir/dev/$name" \
			"$(awk -v f="$dir/dev/$name" '$1 == f { print $2, $3, $4 }' "$dir/mtimes")"
	done
	judge
}
