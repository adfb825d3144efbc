#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# verify --make-manifest and --manifest.

load helpers

# Files of several sizes and layouts, each with its own bytes.
files() {
	new_image 256M
	run_famfs 0 mkdir -p "$IMG:/d/sub" "$IMG:/empty"
	cat >records <<-'END'
		{"path": "/d/wide", "size": 9000001, "seed": 1, "nstrips": 3}
		{"path": "/d/sub/one", "size": 1, "seed": 2}
		{"path": "/d-1", "size": 4096, "seed": 3}
		{"path": "/Z", "size": 3000000, "seed": 4}
		{"path": "/d/zeros", "size": 70000}
		{"path": "/back\\slash", "size": 12, "seed": 5}
		{"path": "/-", "size": 13, "seed": 6}
		{"path": "/ blank ", "size": 14, "seed": 7}
		{"path": "/*star", "size": 15, "seed": 8}
	END
	run_famfs 0 creat -q --from records "$IMG"
}

# All files, by cat, below a local directory.
extract() { # DIR
	local path
	run_famfs 0 ls -R --json "$IMG"
	json '.entries[] | select(.type == "file").path' >paths
	while IFS= read -r path; do
		mkdir -p "$1$(dirname "$path")"
		"$FAMFS" cat "$IMG:$path" >"$1$path"
	done <paths
}

make_sums() { # FILE [OPERAND...]
	run_famfs 0 verify --make-manifest -o "$1" "${@:2}"
	is "$output$stderr" ""
}

@test "sha256sum -c takes it, for files that cat wrote" {
	files
	make_sums sums "$IMG"
	is "$(wc -l <sums)" 9
	extract out
	(cd out && sha256sum -c --strict --quiet ../sums)
	# It is what sha256sum writes itself.
	(cd out && find . -type f ! -name - -printf '%P\0' | xargs -0 sha256sum && sha256sum ./-) |
		sort >theirs
	sort sums | cmp - theirs
	printf x | dd of=out/d/wide bs=1 seek=5000000 conv=notrunc status=none
	local rc=0
	(cd out && sha256sum -c --quiet ../sums >../said 2>/dev/null) || rc=$?
	is $rc 1
	is "$(<said)" "d/wide: FAILED"
}

@test "in the order of the names, however many threads" {
	files
	make_sums one -t 1 "$IMG"
	sed -E 's/^\\?[0-9a-f]{64}  //' one >names
	LC_ALL=C sort names | grep -v '^\./-$' >sorted
	grep -v '^\./-$' names | cmp - sorted
	local i
	for i in 2 3 8 64; do
		make_sums many -t $i "$IMG"
		cmp one many
	done
	run_famfs 0 verify --make-manifest "$IMG"
	cmp one "$OUT"
	run_famfs 0 verify --make-manifest -o - -d "$IMG"
	cmp one "$OUT"
}

@test "a file, a directory, several of them; names stay those from the root" {
	files
	make_sums sums "$IMG:/d/sub/one"
	is "$(cut -c 67- sums)" "d/sub/one"
	make_sums sums "$IMG:/d"
	is "$(cut -c 67- sums)" $'d/sub/one\nd/wide\nd/zeros'
	make_sums sums "$IMG:/d/wide" "$IMG:/Z" "$IMG:/d" "$IMG:/Z"
	is "$(cut -c 67- sums)" $'Z\nd/sub/one\nd/wide\nd/zeros'
	run_famfs 0 verify --manifest sums "$IMG"
	make_sums sums "$IMG:/empty"
	is "$(wc -c <sums)" 0
	run_famfs 1 verify --make-manifest "$IMG:/none" "$IMG:/Z"
	is "$(cut -c 67- "$OUT")" Z
	one_error 'none: no such file'
}

@test "--manifest: all is well" {
	files
	make_sums sums "$IMG"
	run_famfs 0 verify --manifest sums "$IMG"
	is "$output" "9 OK, 0 differ, 0 missing, 0 failed"
	run_famfs 0 verify -q --manifest sums "$IMG"
	is "$output$stderr" ""
	run_famfs 0 verify -v --manifest sums "$IMG"
	is "$(grep -c ': OK$' "$OUT")" 9
	has "$output" 'back\\\\slash: OK'
	run_shell 0 '"$@" <sums' "$FAMFS" verify --manifest - "$IMG"
	run_shell 0 '"$@" <sums' "$FAMFS" verify --manifest - -d "$IMG"
	extract out
	(cd out && sha256sum -b Z d/wide) | sed -E 's/^[0-9a-f]+/\U&/' >binary
	run_famfs 0 verify -v --manifest binary "$IMG"
	has "$output" 'Z: OK.*d/wide: OK'
}

@test "--manifest: a damaged file, a missing one, a directory" {
	files
	make_sums sums "$IMG"
	local off before
	off=$(extents /d/wide)
	off=$((${off%% *} + 12345))
	poke $off 1 $(($(peek $off 1) ^ 4))
	sed -i 's|  Z$|  Zz|' sums
	echo "$(printf '0%.0s' {1..64})  d/sub" >>sums
	before=$(sum "$IMG")
	run_famfs 1 verify --manifest sums "$IMG"
	is "$(grep -v ' OK, ' "$OUT" | sort)" $'Zz: MISSING\nd/sub: FAILED\nd/wide: FAILED'
	has "$output" '7 OK, 1 differ, 1 missing, 1 failed'
	one_error 'd/sub: is a directory'
	unchanged "$before"
	run_famfs 1 verify --json --manifest sums "$IMG"
	json_is '"\(.ok) \(.differing) \(.missing) \(.failed)"' "7 1 1 1"
	json_is '.results | map(select(.status != "ok") | "\(.path) \(.status)")
		| sort | join(",")' "/Zz missing,/d/sub failed,/d/wide differs"
	json_is '.results[] | select(.path == "/d/wide") | .sha256 == .expected' false
	json_is '[.results[] | select(.status == "ok") | .sha256 == .expected] | all' true
	json_error_is EISDIR
}

@test "JSON of --make-manifest" {
	files
	make_sums sums "$IMG"
	run_famfs 0 verify --json --make-manifest "$IMG:/d"
	json_is '.results[] | "\(.sha256)  \(.path[1:])"' "$(grep '  d/' sums)"
	json_is '"\(.made) \(.kept) \(.failed)"' "3 0 0"
	json_is '.results[0] | "\(.status) \(.size)"' "ok 1"
	run_famfs 0 verify --json --make-manifest -o again "$IMG"
	json_is .made 9
	cmp sums again
}

@test "lines that are none" {
	files
	make_sums sums "$IMG"
	local zeros line
	zeros=$(printf '0%.0s' {1..64})
	for line in "" "x" "$zeros" "$zeros " "$zeros  " "${zeros}0  Z" "${zeros:1}  Z" \
		"${zeros:1}g  Z" "$zeros Z" "$zeros x Z" "\\$zeros  a\\b" "\\$zeros  a\\" \
		" $zeros  Z" "# $zeros  Z"; do
		{ head -n 2 sums && printf '%s\n' "$line" && tail -n +3 sums; } >wrong
		run_famfs 1 verify --manifest wrong "$IMG"
		one_error 'wrong: line 3 is no line'
		has "$output" '9 OK, 0 differ, 0 missing, 1 failed'
	done
	printf '%s\0  Z\n' "${zeros:1}" >wrong
	refused_lines 1
	head -c 100000 /dev/urandom >wrong
	run_famfs 1 verify --manifest wrong "$IMG"
	[ "$(wc -l <"$ERR")" -le 21 ]
	: >wrong
	refused 1 'wrong: has no checksums' verify --manifest wrong "$IMG"
	refused 1 'none.such: no such file' verify --manifest none.such "$IMG"
	refused 1 'Is a directory' verify --manifest . "$IMG"
	# A last line without its newline is one.
	printf %s "$(head -n 1 sums)" >wrong
	run_famfs 0 verify --manifest wrong "$IMG"
}

refused_lines() { # FAILED
	run_famfs 1 verify --manifest wrong "$IMG"
	has "$output" "0 OK, 0 differ, 0 missing, $1 failed"
}

@test "names in a manifest cannot leave the file system" {
	files
	local sha
	sha=$(sha256sum </etc/passwd | cut -c 1-64)
	printf '%s  %s\n' "$sha" ../../etc/passwd "$sha" /etc/passwd "$sha" ./d/./../Z >wrong
	run_famfs 1 verify --manifest wrong "$IMG"
	has "$output" '0 OK, 0 differ, 1 missing, 2 failed'
	run_famfs 0 verify --make-manifest "$IMG"
	sed 's|  d|  ./d|; s|  Z|  //Z|' "$OUT" >dots
	run_famfs 0 verify --manifest dots "$IMG"
	has "$output" '9 OK'
}

@test "resumed at every byte where a run can have ended" {
	files
	make_sums sums "$IMG"
	local size cut lines
	size=$(stat -c %s sums)
	for cut in 0 1 63 64 66 67 70 71 72 150 $((size / 2)) $((size - 1)) "$size"; do
		head -c "$cut" sums >part
		lines=$(wc -l <part)
		run_famfs 0 verify --json --make-manifest --resume -o part "$IMG"
		json_is '"\(.kept) \(.made)"' "$lines $((9 - lines))"
		cmp sums part
	done
	rm part
	run_famfs 0 verify --make-manifest --resume -o part "$IMG"
	cmp sums part
}

@test "what a resumed manifest holds is kept as it is" {
	files
	local zeros
	zeros=$(printf '0%.0s' {1..64})
	printf '%s  %s\n' "$zeros" Z "$zeros" gone >part
	cp part before
	run_famfs 0 verify --make-manifest --resume -o part "$IMG"
	is "$(head -n 2 part)" "$(<before)"
	is "$(wc -l <part)" 10
	run_famfs 1 verify --manifest part "$IMG"
	has "$output" 'Z: FAILED.*gone: MISSING.*8 OK'
	echo "no sums" >other
	refused 1 'other: line 1 is no line of checksums' verify --make-manifest --resume \
		-o other "$IMG"
	is "$(<other)" "no sums"
	refused 1 'no regular file' verify --make-manifest --resume -o /dev/null "$IMG"
	refused 2 'needs' verify --make-manifest --resume "$IMG"
	refused 2 'needs' verify --make-manifest --resume -o - "$IMG"
}

@test "killed at any time, it can be taken up again" {
	new_image 2G
	for i in {100..400}; do
		echo "{\"path\":\"/f$i\",\"size\":200000,\"seed\":$i}"
	done >records
	run_famfs 0 creat -q --from records "$IMG"
	make_sums sums "$IMG"
	local i pid lines
	for i in 1 2 3 4 5; do
		rm -f part
		"$FAMFS" verify --make-manifest -o part "$IMG" 2>/dev/null &
		pid=$!
		await test -s part
		sleep "0.0$i"
		kill -KILL $pid 2>/dev/null || true
		wait $pid 2>/dev/null || true
		lines=$(wc -l <part)
		cmp -n "$(stat -c %s part)" part sums
		run_famfs 0 verify --json --make-manifest --resume -o part "$IMG"
		json_is .kept "$lines"
		cmp sums part
	done
}

@test "outputs that fail, and that are the device" {
	files
	local before
	before=$(sum "$IMG")
	refused 1 'file system itself' verify --make-manifest -o "$IMG" "$IMG"
	ln -s "$IMG" link
	refused 1 'file system itself' verify --make-manifest --resume -o link "$IMG"
	unchanged "$before"
	run_famfs 1 verify --make-manifest -o /dev/full "$IMG"
	one_error '/dev/full: no space left'
	run_shell 1 '"$@" >/dev/full' "$FAMFS" verify --make-manifest "$IMG"
	one_error 'standard output: '
	run_famfs 1 verify --make-manifest -o no/such/dir "$IMG"
	one_error 'no/such/dir: no such file'
	refused 2 'several devices' verify --make-manifest "$IMG" two.img
	refused 2 'one operand too many' verify --manifest sums "$IMG" "$IMG"
	refused 2 'names a file' verify --manifest sums "$IMG:/d"
	refused 2 'operand is missing' verify --manifest sums
}

@test "cancelled: whole lines only, exit 143" {
	new_image 3G
	run_famfs 0 creat -s 1M --randomize --seed 1 "$IMG:/a"
	run_famfs 0 creat -s 1G "$IMG:/b" "$IMG:/c"
	local pid rc=0
	"$FAMFS" verify --make-manifest -t 1 -o part "$IMG" 2>"$ERR" &
	pid=$!
	await test -s part
	kill -TERM $pid
	wait $pid || rc=$?
	is $rc 143
	one_error 'cancelled'
	is "$(cut -c 67- part)" a
}

@test "a damaged log: the good part is done, and the run fails" {
	files
	poke_text "$(entry_at 5 100)" 'X'
	run_famfs 1 verify --make-manifest "$IMG"
	is "$(cut -c 67- "$OUT")" $'d/sub/one\nd/wide'
	one_error 'check'
}

@test "a damaged log: what cannot be found is named, the damage once" {
	new_image
	run_famfs 0 creat -q --randomize --seed 5 -s 1M "$IMG":/{a,b,c}
	run_famfs 0 verify --make-manifest -o sums "$IMG"
	poke_text "$(entry_at 1 100)" 'X'
	local how
	for how in "--seed 5 $IMG:/a $IMG:/b $IMG:/c" "--manifest sums $IMG"; do
		# shellcheck disable=SC2086 # words
		run_famfs 1 verify $how
		is "$(grep -c 'damaged log: entry 1 of 3' "$ERR")" 1 "lines about the log"
		is "$(grep -c ':/[bc]: is not in what can be read.*damage.* entry 1' "$ERR")" 2
		is "$(wc -l <"$ERR")" 3 "lines of [$stderr]"
		# shellcheck disable=SC2086 # words
		run_famfs 1 verify --json $how
		json_is '.results | map(.status) | join(" ")' 'ok failed failed'
		json_error_is EUCLEAN EUCLEAN EUCLEAN
	done
	# What is certain in spite of the damage is said.
	run_famfs 1 verify --seed 5 "$IMG:/a/x"
	has "$stderr" ':/a/x: /a is a file, not a directory'
}

@test "an image that is cut off: what is left is verified, what is not is an error" {
	new_image 64M
	run_famfs 0 creat -q --randomize --seed 5 -s 8M "$IMG:/a" "$IMG:/b"
	run_famfs 0 verify --make-manifest -o sums "$IMG"
	truncate -s $(($(extents /b | cut -d ' ' -f 1) + 5 * MiB)) "$IMG"
	run_famfs 0 verify --seed 5 "$IMG:/a"
	refused 1 ':/b: byte 5242880 lies behind the end of the device' verify --seed 5 "$IMG:/b"
	run_famfs 1 verify --seed 5 --json "$IMG:/a" "$IMG:/b"
	json_error_is EUCLEAN
	run_famfs 1 verify --manifest sums "$IMG"
	has "$output" '^b: FAILED'
	has "$output" '1 OK, 0 differ, 0 missing, 1 failed'
	one_error ':/b: byte'
	# Nothing of the file, and no sum for it.
	truncate -s "$(extents /b | cut -d ' ' -f 1)" "$IMG"
	run_famfs 1 verify --make-manifest "$IMG"
	is "$(cut -d ' ' -f 3 "$OUT")" a
	is "$(<"$OUT")" "$(grep '  a$' sums)"
	one_error ':/b: byte 0 lies behind'
	truncate -s 1M "$IMG"
	refused 1 'dev.img: truncated image' verify --seed 5 "$IMG:/a"
}
