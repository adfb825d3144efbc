#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# image restore: of metadata images.

load helpers

sample() {
	new_image 64M
	run_famfs 0 creat -s 4M "$IMG:/a" "$IMG:/b"
	run_famfs 0 image dump -q "$IMG" fs.fmi
}

undo_file() { # the one beside the image
	local files=("$IMG".*.undo)
	is "${#files[@]}" 1 "undo files"
	[ -e "${files[0]}" ] || fail "no undo file"
	echo "${files[0]}"
}

no_undo_file() {
	is "$(echo "$IMG".*.undo)" "$IMG.*.undo" "undo files"
}

@test "an image that is not there is made, as large as the device was" {
	sample
	run_famfs 0 image restore --dry-run --json fs.fmi new.img
	json_is '"\(.size) \(.image_made) \(.dry_run)"' "$((64 * MiB)) true true"
	[ ! -e new.img ]
	run_famfs 0 image restore --json fs.fmi new.img
	json_is '"\(.size) \(.image_made) \(.undo) \(.dry_run)"' "$((64 * MiB)) true  false"
	cmp "$IMG" new.img
	clean new.img
	[ "$(disk_kib new.img)" -lt 64 ] || fail "$(disk_kib new.img) KiB on the disk"
}

@test "from standard input" {
	sample
	run_shell 0 'cat fs.fmi | "$@"' "$FAMFS" image restore -q - new.img
	cmp "$IMG" new.img
	run_shell 0 '"$@" <fs.fmi' "$FAMFS" image restore -q - new2.img
	cmp "$IMG" new2.img
	run_shell 1 'head -c 300 fs.fmi | "$@"' "$FAMFS" image restore - new3.img
	one_error 'standard input: cut off'
	[ ! -e new3.img ]
}

@test "to where it came from: what was lost comes back, and an undo file keeps what was there" {
	sample
	local before after
	before=$(sum "$IMG")
	poke 0 8 0
	poke "$(entry_at 1 40)" 8 0
	after=$(sum "$IMG")
	run_famfs 0 image restore --dry-run --json fs.fmi "$IMG"
	json_is .changed 5
	unchanged "$after"
	no_undo_file
	run_famfs 0 image restore --json fs.fmi "$IMG"
	json_is .changed 5
	is "$(json .undo)" "$(undo_file)"
	unchanged "$before"
	clean
	run_famfs 0 image show --json "$(undo_file)"
	json_is '"\(.kind) \(.has_super) \(.device)"' "undo false $IMG"
	run_famfs 0 image restore "$(undo_file)" "$IMG" --undo second.undo
	unchanged "$after"
	run_famfs 0 image restore -q second.undo "$IMG" --undo third.undo
	unchanged "$before"
}

@test "what is there already is left alone" {
	sample
	local before
	before=$(stat -c %Y "$IMG")
	run_famfs 0 image restore --json fs.fmi "$IMG"
	json_is '"\(.changed) \(.undo)"' '0 '
	no_undo_file
}

@test "a larger device keeps the recorded size, but with --grow" {
	sample
	run_famfs 0 image restore --json --size 128M fs.fmi new.img
	json_is '"\(.size) \(.recorded_size)"' "$((128 * MiB)) $((64 * MiB))"
	run_famfs 0 check --json new.img
	json_is '[.findings[].code] | join(" ")' dd_size
	run_famfs 0 image restore --json --grow fs.fmi new.img
	json_is .recorded_size $((128 * MiB))
	clean new.img
	run_famfs 0 creat -s 90M new.img:/big
	clean new.img
}

@test "a smaller device is refused, and with --force gets superblock and log" {
	sample
	truncate -s 32M small.img
	refused 1 'fewer.*--force' image restore fs.fmi small.img
	run_famfs 1 image restore --json fs.fmi small.img
	json_error_is ENOSPC
	all_bytes 0 $((32 * MiB)) 000 small.img
	run_famfs 0 image restore --force -q fs.fmi small.img
	run_famfs 4 check --json small.img
	json_is '[.findings[].code] | join(" ")' dd_size
	truncate -s 4M tiny.img
	refused 1 'too few even for' image restore --force fs.fmi tiny.img
	refused 1 'fewer' image restore --size 32M fs.fmi new.img
	[ ! -e new.img ]
	refused 1 'more than' image restore --size 8M fs.fmi small.img
	refused 1 '--size says.*--force' image restore --size 80M fs.fmi small.img
}

@test "--new-uuid makes a copy" {
	sample
	local uuid dev_uuid
	run_famfs 0 image show --json fs.fmi
	uuid=$(json .uuid) dev_uuid=$(json .dev_uuid)
	run_famfs 0 image restore --json --new-uuid fs.fmi copy.img
	[ "$(json .uuid)" != "$uuid" ]
	[ "$(json .dev_uuid)" != "$dev_uuid" ]
	local copy
	copy=$(json .uuid)
	run_famfs 0 check --json copy.img
	json_is '"\(.errors) \(.warnings) \(.summary.uuid)"' "0 0 $copy"
	is "$(names copy.img)" "/a /b"
	# The rest is the same, and the copy is another file system.
	cmp <(tail -c +201 "$IMG") <(tail -c +201 copy.img)
	refused 1 "holds famfs file system $uuid of this host.*--force" \
		image restore --new-uuid fs.fmi "$IMG"
	refused 1 'holds famfs file system.*--force' image restore fs.fmi copy.img
	poke 0 8 0
	run_famfs 0 image dump -q "$IMG" killed.fmi
	refused 1 'no valid superblock' image restore --new-uuid killed.fmi new.img
	refused 1 'no valid superblock' image restore --grow killed.fmi new.img
	[ ! -e new.img ]
}

@test "another file system, or anything else, needs --force" {
	sample
	mv fs.fmi other.fmi
	run_famfs 0 mkfs --force --json "$IMG"
	local uuid before
	uuid=$(json .uuid)
	run_famfs 0 creat -s 2M "$IMG:/precious"
	before=$(sum "$IMG")
	refused 1 "holds famfs file system $uuid of this host; --force" \
		image restore other.fmi "$IMG"
	run_famfs 1 image restore --json other.fmi "$IMG"
	json_error_is EEXIST
	run_famfs 1 image restore --dry-run other.fmi "$IMG"
	unchanged "$before"
	no_undo_file
	run_famfs 0 image restore --json --force other.fmi "$IMG"
	has "$(json .replaced)" "$uuid"
	is "$(names)" "/a /b"
	# And back: the undo file knows its device.
	run_famfs 0 image restore -q "$(undo_file)" "$IMG" --undo second.undo
	unchanged "$before"
}

@test "an ext4 needs --force" {
	PATH=$PATH:/sbin:/usr/sbin
	requires mkfs.ext4
	LC_ALL=C grep -q blkid_new_probe "$FAMFS" || skip "built without libblkid"
	sample
	truncate -s 64M ext4.img
	mkfs.ext4 -q -F ext4.img
	refused 1 'holds ext4.*--force' image restore fs.fmi ext4.img
	run_famfs 0 image restore -q --force fs.fmi ext4.img
	clean ext4.img
}

@test "what was added since is not lost without --force" {
	sample
	run_famfs 0 creat -s 2M "$IMG:/later"
	local before
	before=$(sum "$IMG")
	refused 1 'has 3 log entries, the metadata image 2.*--force' image restore fs.fmi "$IMG"
	unchanged "$before"
	run_famfs 0 image restore -q --force fs.fmi "$IMG"
	is "$(names)" "/a /b"
	run_famfs 0 image restore -q "$(undo_file)" "$IMG" --undo second.undo
	is "$(names)" "/a /b /later"
}

@test "a client does not restore" {
	sample
	export FAMFS_SYSTEM_UUID=$OTHER
	refused 1 "client.*$MASTER.*--force" image restore fs.fmi new.img
	[ ! -e new.img ]
	run_famfs 1 image restore --json fs.fmi "$IMG"
	json_error_is EPERM
	run_famfs 0 image restore -q --force fs.fmi new.img
	cmp "$IMG" new.img
}

@test "a device in use is refused" {
	requires flock
	sample
	poke 0 8 0
	exec 9<"$IMG"
	flock -x 9
	run_famfs 1 image restore --json fs.fmi "$IMG" 9<&-
	json_error_is EBUSY
	flock -u 9
	exec 9<&-
	run_famfs 0 image restore fs.fmi "$IMG"
}

@test "--undo, and where none can be written" {
	sample
	local before
	dd if=/dev/urandom of="$IMG" bs=1k count=8 seek=$(($(entry_at 100) / 1024)) conv=notrunc \
		status=none
	before=$(sum "$IMG")
	echo precious >there
	refused 1 'there: is there already' image restore --undo there fs.fmi "$IMG"
	is "$(<there)" precious
	refused 1 'none/undo' image restore --undo none/undo fs.fmi "$IMG"
	[ ! -w /dev/full ] || refused 1 'full' image restore --undo /dev/full fs.fmi "$IMG"
	run_shell 1 'ulimit -f 4; "$@"' "$FAMFS" image restore --undo full.undo fs.fmi "$IMG"
	one_error 'full.undo.*too large'
	[ ! -e full.undo ] || fail "half an undo file is left"
	unchanged "$before"
	run_famfs 2 image restore --undo "" fs.fmi "$IMG"
	run_famfs 0 image restore --json --undo my.undo fs.fmi "$IMG"
	json_is .undo my.undo
	is "$(stat -c %a my.undo)" 600
	no_undo_file
}

@test "beside an image that is elsewhere, else in the state directory" {
	requires_root
	requires setpriv
	sample
	mkdir dir
	mv "$IMG" dir/dev.img
	poke_text_in() { printf X | dd of=dir/dev.img bs=1 seek=0 conv=notrunc status=none; }
	poke_text_in
	chmod 555 dir
	run_bound 0 "$FAMFS" image restore --json fs.fmi dir/dev.img
	has "$(json .undo)" "$XDG_STATE_HOME/famfs/dev.img.*undo"
	[ -e "$(json .undo)" ]
	chmod 755 dir
}

@test "usage" {
	run_famfs 2 image restore
	run_famfs 2 image restore fs.fmi
	FAMFS_DEVICE=$IMG run_famfs 2 image restore fs.fmi
	run_famfs 2 image restore a b c
	run_famfs 2 image restore --size 0 a b
	run_famfs 2 image restore --size 1MB a b
	sample
	run_famfs 0 image restore -q -d new.img fs.fmi
	cmp "$IMG" new.img
	refused 1 'no metadata image' image restore "$IMG" new2.img
	refused 1 'No such file' image restore none.fmi new2.img
	refused 1 'is a directory' image restore fs.fmi .
	refused 1 'no such file or device' image restore fs.fmi /dev/no-such-dax
	run_famfs 0 image restore fs.fmi new3.img --sync
	run_famfs 0 image restore -v fs.fmi new4.img
	has "$output" 'OFFSET'
}

@test "an undo file is for its device only, and not changed on the way" {
	sample
	poke 0 8 0
	run_famfs 0 image restore -q --undo my.undo fs.fmi "$IMG"
	truncate -s 128M larger.img
	refused 1 'undo file is of a device of' image restore my.undo larger.img
	refused 1 'no such file' image restore my.undo none.img
	[ ! -e none.img ]
	refused 1 'exactly what was there' image restore --new-uuid my.undo "$IMG"
	refused 1 'is an undo file' ls my.undo
	refused 1 'is an undo file' image dump my.undo x.fmi
	run_famfs 0 mkfs --size 64M --json other.img
	refused 1 "holds famfs file system $(json .uuid)" image restore my.undo other.img
	run_famfs 0 image restore --dry-run --json my.undo "$IMG"
	json_is '"\(.dry_run) \(.sections | length > 0) \(.changed > 0)"' 'true true true'
	json_is '.sections_nr' "$(json '.sections | length')"
}

# A repair whose undo file is u: of five files, the second had the place of the first.
repaired() {
	run_famfs 0 mkfs -q --force --size 64M "$IMG"
	run_famfs 0 creat -q -s 2M "$IMG":/{a,b,c,d,e}
	poke "$(entry_at 1 144)" 8 "$(peek "$(entry_at 0 144)")"
	seal_entry 1
	rm -f u
	run_famfs 1 check -y --undo u "$IMG"
}

# Nothing is taken back, but with --force; and that is kept in its turn.
refuses_undo() { # WHY
	local before
	before=$(sum "$IMG")
	refused 1 "$1 since the undo file was made.*--force" image restore u "$IMG"
	run_famfs 1 image restore --json u "$IMG"
	json_error_is EEXIST
	run_famfs 1 image restore --dry-run u "$IMG"
	unchanged "$before"
	no_undo_file
	run_famfs 0 image restore -q --force --undo forced u "$IMG"
	run_famfs 0 image restore -q --undo forced-back forced "$IMG"
	unchanged "$before"
	rm forced forced-back
}

@test "an undo file is refused when more has been done since" {
	local before
	repaired
	run_famfs 0 creat -q -s 2M "$IMG:/later"
	refuses_undo "the log's entries have changed"
	run_famfs 0 creat -q -s 2M "$IMG:/more"
	refuses_undo 'the log has changed'

	# Also when a checksum is wrong by now.
	slice 0 $((4 * MiB)) >front
	poke $((LOG + 16)) 2 65535
	refuses_undo 'the log has changed'
	dd if=front of="$IMG" conv=notrunc status=none bs=1M
	poke 96 2 65535
	refuses_undo 'the log has changed'

	repaired
	run_famfs 0 mkfs -q --force --size 64M "$IMG"
	run_famfs 0 creat -q -s 2M "$IMG":/{x,y,z}
	refuses_undo 'the superblock has changed'

	# A second repair, which leaves the log header as it was.
	repaired
	before=$(peek $((LOG + 40)))
	slice 0 $((4 * MiB)) >mended
	poke "$(entry_at 3 136)" 8 "$(peek "$(entry_at 2 136)")"
	poke "$(entry_at 3 40)" 8 "$(peek "$(entry_at 2 40)")"
	seal_entry 3
	run_famfs 1 check -y --undo second "$IMG"
	is "$(peek $((LOG + 40)))" "$before"
	refuses_undo "the log's entries have changed"

	# One after the other is the way back.
	run_famfs 0 image restore -q --undo out second "$IMG"
	dd if=mended of="$IMG" conv=notrunc status=none bs=1M
	run_famfs 0 image restore -q u "$IMG"
}

@test "the undo file of a restore is refused when more has been done since" {
	sample
	run_famfs 0 creat -q -s 2M "$IMG:/c"
	run_famfs 0 image restore -q --force --undo u fs.fmi "$IMG"
	is "$(names)" "/a /b"
	run_famfs 0 image restore -q --undo back u "$IMG"
	is "$(names)" "/a /b /c"
	run_famfs 0 image restore -q --undo again back "$IMG"
	is "$(names)" "/a /b"
	# As many entries as there were before, and others.
	run_famfs 0 creat -q -s 2M "$IMG:/later"
	refuses_undo "the log's entries have changed"
	mv again u
	refuses_undo "the log's entries have changed"
	is "$(names)" "/a /b /later"
}

@test "the undo file of a default geometry goes to its own file only" {
	new_image 64M
	run_famfs 0 interleave default -q -N 2 -B 2 -C 2M "$IMG"
	run_famfs 0 interleave default -q -N 2 -B 4 -C 2M --undo u "$IMG"
	run_famfs 0 image restore -q --undo back u "$IMG"
	run_famfs 0 interleave default -q -N 2 -B 4 -C 2M --undo u2 "$IMG"
	# The file loses its place, and another gets it.
	poke "$(entry_at 0 20)" 1 255
	run_famfs 1 check -y --undo u3 "$IMG"
	head -c 3000000 /dev/urandom >data
	run_famfs 0 cp -q data "$IMG:/d"
	run_famfs 1 image restore u2 "$IMG"
	has "$stderr" 'since the undo file was made'
	run_famfs 0 cat "$IMG:/d"
	cmp "$OUT" data
}

@test "the undo file of a repair that was cut off between superblock and log header" {
	sample
	poke 96 8 12345
	poke $((LOG + 40)) 8 1
	slice 0 $((4 * MiB)) >front
	run_famfs 1 check -y --undo u "$IMG"
	dd if=front of="$IMG" conv=notrunc status=none bs=1 \
		skip="$LOG" seek="$LOG" count=48
	run_famfs 0 image restore -q u "$IMG"
	slice 0 $((4 * MiB)) >now
	cmp front now
}

@test "an undo file over something else needs --force" {
	PATH=$PATH:/sbin:/usr/sbin
	requires mkfs.ext4
	LC_ALL=C grep -q blkid_new_probe "$FAMFS" || skip "built without libblkid"
	local before
	repaired
	mkfs.ext4 -q -F "$IMG"
	before=$(sum "$IMG")
	refused 1 'holds ext4.*--force' image restore u "$IMG"
	unchanged "$before"
	run_famfs 0 image restore -q --force u "$IMG"
}
