#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# image dump and show; a metadata image in the place of a device.

load helpers

# A file system with a directory and three files.
sample() {
	new_image 64M
	run_famfs 0 mkdir "$IMG:/models"
	run_famfs 0 creat -s 4M "$IMG:/models/weights" "$IMG:/models/secret-name"
	run_famfs 0 creat -s 8M -N 2 -B 4 -C 2M "$IMG:/striped"
}

@test "dump reads only, and makes one small file of its owner" {
	sample
	local before
	before=$(sum "$IMG")
	run_famfs 0 image dump "$IMG" fs.fmi
	has "$output" 'metadata image'
	has "$output" 'made +20[0-9-]+T'
	unchanged "$before"
	is "$(stat -c %a fs.fmi)" 600
	[ "$(stat -c %s fs.fmi)" -lt 4096 ] || fail "$(stat -c %s fs.fmi) bytes"
	is "$(echo *.fmi*)" fs.fmi "files left"
	run_famfs 0 image dump -q "$IMG" quiet.fmi
	is "$output" ""
}

@test "a log of 256 MiB that is mostly empty becomes small" {
	new_image 1G -l 256M
	run_famfs 0 creat -s 2M "$IMG:/a"
	run_famfs 0 image dump --json "$IMG" fs.fmi
	json_is .log_len $((256 * MiB))
	json_is .file_len "$(stat -c %s fs.fmi)"
	[ "$(stat -c %s fs.fmi)" -lt 2048 ]
	run_famfs 0 ls fs.fmi
	is "$output" a
}

@test "dump as JSON" {
	sample
	run_famfs 0 mkfs --json --dry-run --force "$IMG"
	run_famfs 0 df --json "$IMG"
	local uuid
	uuid=$(json '.filesystems[0].uuid')
	run_famfs 0 image dump --json "$IMG" fs.fmi
	json_is '"\(.kind) \(.version) \(.has_super) \(.scrubbed)"' 'metadata 1 true false'
	json_is .uuid "$uuid"
	json_is .system_uuid "$MASTER"
	json_is .device_size $((64 * MiB))
	json_is .device "$IMG"
	json_is .log_len_guessed false
}

@test "show: text, JSON, standard input" {
	sample
	run_famfs 0 image dump --json "$IMG" fs.fmi
	local made
	made=$(json .created)
	run_famfs 0 image show --json fs.fmi
	json_is .created "$made"
	json_is .file_len "$(stat -c %s fs.fmi)"
	json_is '[.sections[].len] | add' $((10 * MiB))
	json_is '.sections | length' "$(json .sections_nr)"
	json_is '[.sections[] | select(.zeros).len] | add' "$(json .zero_len)"
	json_is '[.sections[] | select(.zeros | not) | .len] | add' "$(json .data_len)"
	json_is .end $((10 * MiB))
	run_famfs 0 image show fs.fmi
	has "$output" "uuid +[0-9a-f]{8}-"
	hasnt "$output" OFFSET
	run_famfs 0 image show -v fs.fmi
	has "$output" 'OFFSET +LENGTH'
	run_shell 0 '"$@" <fs.fmi' "$FAMFS" image show --json -
	json_is .file "standard input"
	run_shell 0 'cat fs.fmi | "$@"' "$FAMFS" image show --json -
	json_is .end $((10 * MiB))
}

@test "to standard output and through a pipe" {
	sample
	run_famfs 0 image dump "$IMG" -
	cp "$OUT" piped.fmi
	is "$stderr" ""
	run_famfs 0 ls piped.fmi:/models
	is "$output" "$(printf 'secret-name\nweights')"
	run_shell 0 '"$1" image dump "$2" - | "$1" image show --json -' "$FAMFS" "$IMG"
	json_is .kind metadata
	run_famfs 2 image dump --json "$IMG" -
	has "$stderr" 'standard output'
	# A reader that goes away.
	run_shell 0 '{ "$1" image dump "$2" -; echo "$?" >code; } | true; wait' "$FAMFS" "$IMG"
	has "$(<code)" '^(0|1|141)$'
}

@test "what is there already is not replaced without --force, and the device never" {
	sample
	local before
	before=$(sum "$IMG")
	echo precious >fs.fmi
	refused 1 'fs.fmi.*there already.*--force' image dump "$IMG" fs.fmi
	is "$(<fs.fmi)" precious
	ln -s fs.fmi link.fmi
	run_famfs 0 image dump --force "$IMG" link.fmi
	[ -L link.fmi ] || fail "the link is gone"
	run_famfs 0 image show fs.fmi
	rm fs.fmi
	run_famfs 0 image dump "$IMG" link.fmi
	[ -L link.fmi ] || fail "the link is gone"
	run_famfs 0 image show fs.fmi
	refused 1 'file system itself' image dump --force "$IMG" "$IMG"
	ln "$IMG" hard.img
	refused 1 'file system itself' image dump --force "$IMG" hard.img
	unchanged "$before"
	mkdir dir
	run_famfs 1 image dump "$IMG" dir
	refused 1 'none/fs.fmi' image dump "$IMG" none/fs.fmi
}

@test "a full disk leaves nothing behind" {
	sample
	[ -w /dev/full ] || skip "no /dev/full"
	refused 1 'full.*No space' image dump "$IMG" /dev/full
	run_shell 1 '"$@" >/dev/full' "$FAMFS" image dump "$IMG" -
	one_error 'No space'
	awk 'BEGIN { for (i = 0; i < 900; i++) printf "{\"path\":\"f%d\",\"size\":%d}\n", i * i, i + 1 }' \
		>m
	run_famfs 1 creat -q --from m "$IMG"
	run_shell 1 'ulimit -f 1; "$@"' "$FAMFS" image dump "$IMG" fs.fmi
	one_error 'fs.fmi.*too large'
	is "$(echo *.fmi*)" '*.fmi*' "files left"
}

@test "usage" {
	run_famfs 2 image dump
	run_famfs 2 image dump "$IMG"
	run_famfs 2 image dump a b c
	run_famfs 2 image show
	run_famfs 2 image show a b
	run_famfs 2 image --json
	run_famfs 2 image dmp a b
	has "$stderr" 'did you mean dump'
	refused 1 'no such file' image dump "$IMG" fs.fmi
	[ ! -e fs.fmi ]
	refused 1 'nothing.fmi.*No such file' image show nothing.fmi
	sample
	refused 1 'no metadata image' image show "$IMG"
	run_famfs 1 image show --json "$IMG"
	json_error_is EUCLEAN
	run_famfs 0 image dump -d "$IMG" fs.fmi
	FAMFS_DEVICE=$IMG run_famfs 0 image dump other.fmi
	run_famfs 0 image dump "$IMG:/" root.fmi
	run_famfs 2 image dump "$IMG:/striped" file.fmi
	run_famfs 0 image --help
	has "$output" 'image restore +Writes'
}

@test "a cut or changed image is refused by whatever reads it" {
	sample
	run_famfs 0 image dump -q "$IMG" fs.fmi
	head -c -1 fs.fmi >cut.fmi
	refused 1 'cut off' image show cut.fmi
	refused 1 'cut off' ls cut.fmi
	refused 8 'cut off' check cut.fmi
	refused 1 'cut off' image restore cut.fmi new.img
	{ cat fs.fmi; echo; } >more.fmi
	refused 1 'more follows' df more.fmi
	cp fs.fmi bad.fmi
	printf X | dd of=bad.fmi bs=1 seek=700 conv=notrunc status=none
	refused 1 'damaged at byte' ls bad.fmi
	refused 1 'damaged at byte' image restore bad.fmi new.img
	[ ! -e new.img ] || fail "something was made"
}

@test "what has no valid superblock is dumped, with a word about it" {
	sample
	poke 0 8 0
	run_famfs 0 image dump "$IMG" killed.fmi
	has "$stderr" 'no valid superblock'
	has "$output" 'none: there was no valid superblock'
	run_famfs 8 check killed.fmi
	run_famfs 0 image dump --json -q "$IMG" killed2.fmi
	jq -e .warning "$ERR"
	json_is '"\(.has_super) \(.log_len) \(.log_len_guessed)"' "false $((8 * MiB)) false"
	truncate -s 0 "$IMG"
	truncate -s 64M "$IMG"
	run_famfs 0 image dump --json "$IMG" blank.fmi
	json_is .log_len_guessed true
	truncate -s 100 tiny.img
	run_famfs 1 image dump tiny.img tiny.fmi
	truncate -s 3000 small.img
	run_famfs 0 image dump small.img small.fmi
}

@test "reading commands see the device" {
	sample
	local cmd
	run_famfs 0 image dump -q "$IMG" fs.fmi
	for cmd in "check" "ls -lR" "df" "tree"; do
		# shellcheck disable=SC2086 # a command with its options
		run_famfs 0 $cmd --json "$IMG"
		sed "s|$IMG|X|g" "$OUT" >want
		# shellcheck disable=SC2086
		run_famfs 0 $cmd --json fs.fmi
		sed "s|fs\\.fmi|X|g" "$OUT" >got
		cmp want got || fail "$cmd: $(diff want got)"
	done
	for cmd in "stat" "fmap dump"; do
		# shellcheck disable=SC2086
		run_famfs 0 $cmd --json "$IMG:/striped"
		sed "s|$IMG|X|g" "$OUT" >want
		# shellcheck disable=SC2086
		run_famfs 0 $cmd --json fs.fmi:/striped
		sed "s|fs\\.fmi|X|g" "$OUT" >got
		cmp want got || fail "$cmd: $(diff want got)"
	done
	run_famfs 0 fmap dump --format=raw "$IMG:/striped"
	cp "$OUT" want
	run_famfs 0 fmap dump --format=raw fs.fmi:/striped
	cmp want "$OUT"
}

@test "bytes of files are refused" {
	sample
	run_famfs 0 image dump -q "$IMG" fs.fmi
	refused 1 'bytes of files are not in it' cat fs.fmi:/striped
	run_famfs 1 cp fs.fmi:/striped out
	has "$stderr" 'bytes of files are not in it'
	run_famfs 1 verify --seed 1 fs.fmi:/striped
	has "$stderr" 'bytes of files are not in it'
	run_famfs 1 verify --make-manifest fs.fmi
	has "$stderr" 'bytes of files are not in it'
	run_famfs 1 verify --json --seed 1 fs.fmi:/striped
	json_error_is EOPNOTSUPP
}

@test "writing is refused" {
	sample
	local before
	run_famfs 0 image dump -q "$IMG" fs.fmi
	before=$(sum fs.fmi)
	refused 1 'only read.*image restore' creat -s 2M fs.fmi:/new
	refused 1 'only read.*image restore' mkdir fs.fmi:/new
	refused 1 'only read.*image restore' mkfs --force fs.fmi
	refused 1 'only read.*image restore' mkfs --kill --force fs.fmi
	run_famfs 1 creat --json -s 2M fs.fmi:/new
	json_error_is EROFS
	refused 1 'only read' image restore --force fs.fmi fs.fmi
	echo bytes >local
	run_famfs 1 cp local fs.fmi:/new
	has "$stderr" 'only read'
	unchanged "$before" fs.fmi
}

@test "--scrub-names: other names, the same tree" {
	sample
	run_famfs 0 mkfs --force -q --daxdev /dev/secret-name "$IMG"
	run_famfs 0 mkdir "$IMG:/models" "$IMG:/models/deep"
	run_famfs 0 creat -s 2M "$IMG:/models/deep/secret-name" "$IMG:/secret-name"
	run_famfs 0 image dump --json --scrub-names "$IMG" fs.fmi
	json_is '"\(.scrubbed) \(.device)"' 'true '
	run_famfs 0 check fs.fmi
	run_famfs 0 ls -R --json fs.fmi
	json_is '[.entries[].path | length] | sort | map(tostring) | join(" ")' '7 12 12 24'
	hasnt "$output" 'models|deep|secret'
	run_famfs 0 image restore -q fs.fmi new.img
	! grep -qaE 'models|deep|secret' new.img || fail "an old name is in it"
	# What was scrubbed once stays so.
	run_famfs 0 image dump --json fs.fmi again.fmi
	json_is .scrubbed true
	# Two dumps have nothing in common but the structure.
	run_famfs 0 ls -R fs.fmi
	cp "$OUT" one
	run_famfs 0 image dump -q --scrub-names "$IMG" two.fmi
	run_famfs 0 ls -R two.fmi
	! cmp -s "$OUT" one || fail "the same names twice"
}

@test "an image that begins inside a file" {
	run_famfs 0 mkfs -q --size 64M "$IMG@2M"
	run_famfs 0 creat -s 2M "$IMG@2M:/a"
	run_famfs 0 image dump "$IMG@2M" fs.fmi
	run_famfs 0 ls fs.fmi
	is "$output" a
}

@test "a length that leaves no room for an entry is not believed" {
	local len
	sample
	run_famfs 0 image dump --json -q "$IMG" good.fmi
	len=$(json .log_len)
	cp --sparse=always "$IMG" good.img
	poke 24 8 0
	seal_super
	run_famfs 0 image dump --json -q "$IMG" zero.fmi
	json_is '"\(.log_len) \(.log_len_guessed)"' "$len false"
	# Both claim nothing: what mkfs makes is taken.
	poke $((LOG + 8)) 8 0
	seal_header
	run_famfs 0 image dump --json -q "$IMG" none.fmi
	json_is '"\(.log_len) \(.log_len_guessed)"' "$((8 * MiB)) true"
	# The entries are in all of them.
	for image in zero none; do
		run_famfs 0 image restore -q $image.fmi $image.img
		is "$(slice $((LOG + 48)) 4096 $image.img | cksum)" \
			"$(slice $((LOG + 48)) 4096 good.img | cksum)"
	done
}
