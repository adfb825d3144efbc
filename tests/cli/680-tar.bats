#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the helpers set them; run_shell expands
# cp --tar into a famfs: what archives of GNU tar bring.
load helpers
load tar

@test "a tree comes out of each kind of tar, with modes and owners" {
	local format
	make_tree t
	new_image 64M
	for format in ustar gnu oldgnu pax v7; do
		tar --format="$format" --owner=:1234 --group=:567 -cf a.tar -C t .
		run_famfs 0 cp --tar a.tar "$IMG:/$format"
		is "$output$stderr" "" "said"
		same_tree t "/$format"
	done
	run_famfs 0 stat --json "$IMG:/pax/sub" "$IMG:/pax/sub/two" "$IMG:/v7/one"
	json_is '[.entries[] | "\(.mode) \(.uid) \(.gid)"] | join(",")' \
		'0751 1234 567,4711 1234 567,0640 1234 567'
	clean
}

@test "a compressed archive, from a file and from a pipe" {
	local with
	make_tree t
	new_image 256M
	for with in gzip bzip2 xz zstd; do
		command -v $with >/dev/null || continue
		tar --$with -cf a.tar -C t one sub
		run_famfs 0 cp --tar a.tar "$IMG:/$with"
		run_shell 0 'cat a.tar | "$1" cp --tar - "$2"' "$FAMFS" "$IMG:/$with-pipe"
		same_tree t "/$with"
		same_tree t "/$with-pipe"
	done
	clean
}

@test "-m, -u and -g win; a layout is for the files" {
	make_tree t
	new_image 64M
	tar -cf a.tar -C t .
	run_famfs 0 cp --tar -m 640 -u 12 -g 34 a.tar "$IMG:/x"
	run_famfs 0 stat --json "$IMG:/x/sub" "$IMG:/x/sub/two"
	json_is '[.entries[] | "\(.mode) \(.uid) \(.gid)"] | join(",")' '0750 12 34,0640 12 34'
	run_famfs 0 cp --tar -N 2 -C 2M a.tar "$IMG:/y"
	run_famfs 0 stat --json "$IMG:/y/sub/two" "$IMG:/y/one"
	json_is '[.entries[].ext_type] | join(",")' "interleaved,simple"
	same_tree t /y
}

@test "parents that the archive does not name are made, 0755 less the umask" {
	mkdir -p p/q
	seq 5 >p/q/r
	seq 6 >p/s
	tar --no-recursion -cf a.tar p/q/r p/s
	new_image
	umask 027
	run_famfs 0 cp --tar a.tar "$IMG:/new"
	umask 022
	is "$(names)" "/new /new/p /new/p/q /new/p/q/r /new/p/s"
	run_famfs 0 stat --json "$IMG:/new" "$IMG:/new/p/q"
	json_is '[.entries[].mode] | join(",")' "0750,0750"
	json_is '[.entries[] | "\(.uid) \(.gid)"] | unique | join(",")' "$(id -u) $(id -g)"
	# -u and -g are for them as well, and -m is for what the archive names.
	run_famfs 0 cp --tar -m 600 -u 12 -g 34 a.tar "$IMG:/owned"
	run_famfs 0 ls -R --json "$IMG:/owned"
	json_is '[.entries[] | select(.type == "dir") | "\(.mode) \(.uid) \(.gid)"] | join(",")' \
		'0755 12 34,0755 12 34'
	json_is '[.entries[] | select(.type == "file") | "\(.mode) \(.uid) \(.gid)"] | join(",")' \
		'0600 12 34,0600 12 34'
	# The directory to unpack into may be missing, those above it may not.
	refused 1 'no such file' cp --tar a.tar "$IMG:/none/here"
	refused 1 'no directory' cp --tar a.tar "$IMG:/new/p/s"
	clean
}

@test "absolute names lose their slashes, which is said once" {
	mkdir t
	seq 5 >t/a
	seq 6 >t/b
	tar -cPf a.tar --transform 's,^,//abs/,' t/a t/b
	new_image
	run_famfs 0 cp --tar a.tar "$IMG:/"
	one_error 'absolute names'
	is "$(names)" "/abs /abs/t /abs/t/a /abs/t/b"
	run_famfs 0 cp --tar -q a.tar "$IMG:/q"
	is "$stderr" "" "quiet"
}

@test "a name with .. is refused and named, and the others go on" {
	mkdir -p t
	seq 5 >t/a
	seq 6 >t/b
	seq 7 >t/c
	seq 8 >t/d
	tar -cPf a.tar --transform 's,t/a,../a,;s,t/b,x/../../b,;s,t/c,x/..,' t
	new_image
	run_famfs 0 mkdir "$IMG:/in"
	run_famfs 1 cp --tar a.tar "$IMG:/in"
	is "$(names)" "/in /in/t /in/t/d"
	run_famfs 1 cp --tar a.tar "$IMG:/in"
	is "$(wc -l <"$ERR")" 3 "lines"
	is "$(sed -n 's/.*a.tar: \(.*\): has \.\. in its name.*/\1/p' "$ERR" | sort | xargs)" \
		"../a x/.. x/../../b" named
	clean
}

@test "a hard link becomes a copy of what the archive brought before" {
	make_tree t
	ln t/one t/sub/small
	ln t/sub/two t/zwo
	tar -cf a.tar -C t --sort=name .
	tar -tvf a.tar | grep -q '^h'
	new_image 64M
	run_famfs 0 cp --tar a.tar "$IMG:/d"
	same_tree t /d
	run_famfs 0 stat --json "$IMG:/d/zwo"
	json_is '.entries[0].mode' 4711
	# Unpacked again, all of it is there.
	run_famfs 0 cp --tar --json a.tar "$IMG:/d"
	json_is '"\(.copied) \(.skipped) \(.failed)"' "0 5 0"
	clean
}

@test "a hard link to what the archive did not bring is refused" {
	mkdir t
	seq 5 >t/a
	ln t/a t/b
	tar -cf a.tar -C t a b
	tar --delete -f a.tar a
	new_image
	# That there is such a file already does not make it the archive's.
	run_famfs 0 creat -s 4096 "$IMG:/a"
	refused 1 'b: is a hard link to a, which' cp --tar a.tar "$IMG:/"
	is "$(names)" "/a"
	tar -cPf a.tar --transform 's,^a,../a,;s,^a$,../a,' -C t a b
	run_famfs 1 cp --tar a.tar "$IMG:/"
	is "$(names)" "/a"
	clean
}

@test "links, special and empty files are named and skipped, the others go on" {
	mkdir t
	seq 5 >t/a
	ln -s a t/sym
	mkfifo t/fifo
	: >t/empty
	seq 6 >t/z
	tar -cf a.tar -C t --sort=name .
	new_image
	run_famfs 1 cp --tar --json a.tar "$IMG:/"
	json_is '"\(.copied) \(.skipped) \(.failed)"' "2 3 0"
	json_is '[.results[] | select(.error) | .source] | sort | join(",")' \
		"a.tar: ./empty,a.tar: ./fifo,a.tar: ./sym"
	run_famfs 1 cp --tar a.tar "$IMG:/"
	is "$(wc -l <"$ERR")" 3 lines
	has "$(<"$ERR")" 'empty: is empty.*sym: is a symbolic link|fifo: is a special file'
	is "$(names)" "/a /z"
	rm t/sym t/fifo
	tar -cf a.tar -C t .
	run_famfs 0 cp --tar --empty=skip a.tar "$IMG:/"
	is "$stderr" "" said
	clean
}

@test "holes read as zeros and stay holes, in files of 9 GiB too" {
	local format
	mkdir t
	truncate -s 9G t/big
	printf end | dd of=t/big bs=1 seek=9000000000 conv=notrunc status=none
	truncate -s 3M t/tail
	printf x | dd of=t/tail bs=1 seek="$MiB" conv=notrunc status=none
	truncate -s 300K t/small
	printf y | dd of=t/small bs=1 seek=200K conv=notrunc status=none
	new_image 64G
	for format in gnu oldgnu pax; do
		tar -S --format=$format -cf a.tar -C t big tail small
		run_famfs 0 cp --tar a.tar "$IMG:/$format"
		run_famfs 0 stat --json "$IMG:/$format/big"
		json_is '.entries[0].size' 9663676416
		run_shell 0 '"$1" cat --offset 8999999998 --length 6 "$2"' "$FAMFS" \
			"$IMG:/$format/big"
		is "$(od -An -tx1 "$OUT")" " 00 00 65 6e 64 00"
		run_shell 0 '"$1" cat "$2" | cmp - t/tail' "$FAMFS" "$IMG:/$format/tail"
		run_shell 0 '"$1" cat "$2" | cmp - t/small' "$FAMFS" "$IMG:/$format/small"
	done
	[ "$(disk_kib "$IMG")" -lt 4096 ] || fail "the image takes $(disk_kib "$IMG") KiB"
	clean
}

@test "holes do not show what was in the space before" {
	mkdir t
	truncate -s 3M t/hole
	printf x | dd of=t/hole bs=1 seek="$MiB" conv=notrunc status=none
	tar -S -cf a.tar -C t hole
	filled "$IMG" $((24 * MiB)) 377
	run_famfs 0 mkfs -q --force "$IMG"
	run_famfs 0 cp --tar a.tar "$IMG:/"
	same_tree t
	# And where a file is overwritten, its old bytes do not stay in the holes of the new one.
	filled old $((3 * MiB)) 377
	run_famfs 0 cp old "$IMG:/two"
	tar -S -cf b.tar -C t --transform 's,hole,two,' hole
	run_famfs 0 cp --tar --overwrite b.tar "$IMG:/"
	run_shell 0 '"$1" cat "$2" | cmp - t/hole' "$FAMFS" "$IMG:/two"
	clean
}

@test "what is there with the same bytes is skipped, what differs is refused" {
	local before
	make_tree t
	tar -cf a.tar -C t .
	new_image 64M
	run_famfs 0 cp --tar a.tar "$IMG:/"
	before=$(sum "$IMG")
	run_famfs 0 cp --tar --json a.tar "$IMG:/"
	json_is '"\(.copied) \(.skipped) \(.failed) \(.bytes)"' "0 3 0 0"
	unchanged "$before"
	# One byte of a small and of a large file.
	printf X | dd of=t/one bs=1 seek=100 conv=notrunc status=none
	printf X | dd of=t/sub/two bs=1 seek=3000000 conv=notrunc status=none
	tar -cf b.tar -C t .
	run_famfs 1 cp --tar --json --keep-going b.tar "$IMG:/"
	json_is '"\(.copied) \(.skipped) \(.failed)"' "0 1 2"
	json_is '[.results[] | select(.error) | .path] | sort | map(split(":")[1]) | join(",")' \
		"/one,/sub/two"
	unchanged "$before"
	# Without --keep-going the first ends it.
	run_famfs 1 cp --tar b.tar "$IMG:/"
	has "$(<"$ERR")" 'exists and differs'
	run_famfs 0 cp --tar --overwrite b.tar "$IMG:/"
	same_tree t
	# Another size is never taken.
	seq 7 >t/one
	tar -cf c.tar -C t one
	refused 1 'exists with [0-9]+ bytes' cp --tar --overwrite c.tar "$IMG:/"
	clean
}

@test "an archive that has a name twice" {
	mkdir t
	seq 5 >t/a
	tar -cf a.tar -C t a
	tar -rf a.tar -C t a
	new_image
	run_famfs 0 cp --tar --json a.tar "$IMG:/"
	json_is '"\(.copied) \(.skipped)"' "1 1"
	printf X | dd of=t/a bs=1 conv=notrunc status=none
	tar -rf a.tar -C t a
	run_famfs 1 cp --tar a.tar "$IMG:/two"
	has "$(<"$ERR")" 'two/a exists and differs'
	clean
}

@test "--dry-run reads all, and writes nothing" {
	local before
	make_tree t
	tar -cf a.tar -C t one sub
	new_image 64M
	before=$(sum "$IMG")
	run_famfs 0 cp --tar -n --json a.tar "$IMG:/d"
	json_is '"\(.copied) \(.failed) \(.dry_run)"' "3 0 true"
	unchanged "$before"
	run_famfs 0 cp --tar a.tar "$IMG:/d"
	before=$(sum "$IMG")
	run_famfs 0 cp --tar -n --json a.tar "$IMG:/d"
	json_is '"\(.copied) \(.skipped)"' "0 3"
	head -c 3000000 a.tar >cut.tar
	run_famfs 1 cp --tar -n cut.tar "$IMG:/e"
	run_famfs 0 cp --tar -n -r --json "$IMG:/d" b.tar
	json_is '"\(.copied) \(.dry_run)"' "3 true"
	[ ! -e b.tar ]
	unchanged "$before"
}
