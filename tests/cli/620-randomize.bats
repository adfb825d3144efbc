#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# creat --randomize and verify --seed.

load helpers

VECTORS=$BATS_TEST_DIRNAME/../golden/media/randbuf_vectors.json

# Every vector, each in a file of its own: "/SEED-LEN".
vectors_manifest() { # EXTRA-FIELDS
	jq -c ".vectors[] | {path: \"/\(.seed)-\(.len)\", size: .len, seed, $1}" "$VECTORS"
}

vectors_match() {
	local seed len first sha nr=0
	while read -r seed len first sha; do
		nr=$((nr + 1))
		run_famfs 0 cat "$IMG:/$seed-$len"
		is "$(sha256sum <"$OUT")" "$sha  -" "seed $seed, $len bytes"
		is "$(head -c $((${#first} / 2)) "$OUT" | od -An -v -tx1 | tr -d ' \n')" "$first"
		run_famfs 0 verify --seed "$seed" "$IMG:/$seed-$len"
		is "$output$stderr" ""
	done < <(jq -r '.vectors[] | "\(.seed) \(.len) \(.first) \(.sha256)"' "$VECTORS")
	is "$nr" "$(jq '.vectors | length' "$VECTORS")"
	[ "$nr" -gt 50 ]
}

@test "the bytes of every vector, in simple files" {
	new_image 256M
	vectors_manifest 'mode: "0600"' >records
	run_famfs 0 creat --from records "$IMG"
	vectors_match
	clean
}

@test "the bytes of every vector, in interleaved files" {
	new_image 1G
	vectors_manifest 'nstrips: 2' >records
	run_famfs 0 creat --from records "$IMG"
	vectors_match
	# What a chunk cannot hold is dealt, and has the bytes of a simple file.
	run_famfs 0 creat -s 20000003 -N 5 -C 2M --randomize --seed 42 "$IMG:/wide"
	run_famfs 0 creat -s 20000003 --randomize --seed 42 "$IMG:/simple"
	run_famfs 0 stat --json "$IMG:/wide"
	json_is '.entries[0] | "\(.ext_type) \(.nstrips)"' "interleaved 5"
	run_famfs 0 cat "$IMG:/wide"
	mv "$OUT" wide
	run_famfs 0 cat "$IMG:/simple"
	cmp wide "$OUT"
	run_famfs 0 verify --seed 42 "$IMG:/wide" "$IMG:/simple"
}

@test "the seed's low 32 bits count, however it is written" {
	new_image 64M
	local seed
	run_famfs 0 creat -s 70001 --randomize --seed 4294967295 "$IMG:/ones"
	for seed in 0xffffffff 0XFFFFFFFF -1 -4294967297 18446744073709551615 \
		0x1ffffffff +4294967295 0xffffffffffffffff; do
		run_famfs 0 verify --seed=$seed "$IMG:/ones"
	done
	run_famfs 0 creat -s 70001 --randomize --seed -9223372036854775807 "$IMG:/one"
	run_famfs 0 verify --seed 1 "$IMG:/one"
	run_famfs 1 verify --seed 2 "$IMG:/one"
}

@test "what is no seed" {
	new_image
	local seed cmd
	for cmd in "creat -s 1 --randomize" verify; do
		for seed in 0 0x0 -0 4294967296 0x100000000 -0x100000000 -9223372036854775808; do
			# shellcheck disable=SC2086 # a command and its options
			refused 2 "$seed:? .*low 32 bits of 0" $cmd --seed=$seed "$IMG:/a"
		done
		for seed in "" x 1x 0x 0xg -- 1.5 " 1" 4k --1; do
			# shellcheck disable=SC2086
			refused 2 'is not a number' $cmd "--seed=$seed" "$IMG:/a"
		done
		for seed in 18446744073709551616 0x10000000000000000 -9223372036854775809; do
			# shellcheck disable=SC2086
			refused 2 'does not fit 64 bits' $cmd --seed=$seed "$IMG:/a"
		done
	done
	is "$(names)" ""
}

@test "both options or none" {
	new_image
	refused 2 'needs a seed' creat -s 1M --randomize "$IMG:/a"
	refused 2 'needs --randomize' creat -s 1M --seed 1 "$IMG:/a"
	refused 2 'contradicts' creat -s 1M --randomize --seed 1 --no-zero "$IMG:/a"
	is "$(names)" ""
}

flip_and_find() { # FILE OFFSET OFFSET-ON-DEVICE
	local saved threads
	saved=$(peek "$3" 1)
	poke "$3" 1 $((saved ^ 1))
	for threads in 1 4; do
		run_famfs 1 verify --seed 99 -t $threads "$IMG:/$1"
		is "$output" "$IMG:/$1: differs at offset $2"
		is "$stderr" ""
	done
	poke "$3" 1 "$saved"
}

@test "a flipped byte is found at its offset, whatever the layout and the threads" {
	new_image 256M
	run_famfs 0 creat -s 12000001 --randomize --seed 99 "$IMG:/simple"
	run_famfs 0 creat -s 12000001 -N 3 -C 2M --randomize --seed 99 "$IMG:/wide"
	local at chunk stripe strips simple
	simple=$(extents /simple)
	IFS=, read -r -a strips <<<"$(extents /wide)"
	for at in 0 1 2 3 4095 65535 65536 2097151 2097152 6291456 11999999 12000000; do
		flip_and_find simple $at $((${simple% *} + at))
		# Chunk K is in the K/3rd stripe, on strip K%3.
		chunk=$((at / AU))
		stripe=$((chunk / 3))
		flip_and_find wide $at $((${strips[chunk % 3]% *} + stripe * AU + at % AU))
	done
	run_famfs 0 verify --seed 99 "$IMG:/simple" "$IMG:/wide"
}

@test "the first of several differences; the bytes behind the end do not count" {
	new_image 64M
	run_famfs 0 creat -s 9000001 --randomize --seed 5 "$IMG:/a"
	local off
	off=$(extents /a)
	off=${off% *}
	poke $((off + 9000001)) 1 77
	run_famfs 0 verify --seed 5 "$IMG:/a"
	poke $((off + 8000000)) 1 $(($(peek $((off + 8000000)) 1) ^ 128))
	poke $((off + 300007)) 1 $(($(peek $((off + 300007)) 1) ^ 128))
	run_famfs 1 verify --seed 5 "$IMG:/a"
	is "$output" "$IMG:/a: differs at offset 300007"
}

@test "what is behind the last byte is zeros" {
	new_image 64M
	filled "$IMG.ff" $((4 * MiB)) 377
	dd if="$IMG.ff" of="$IMG" bs=1M seek=10 conv=notrunc status=none
	run_famfs 0 creat -s 2500000 --randomize --seed 5 "$IMG:/a"
	is "$(extents /a)" "$((10 * MiB)) $((4 * MiB))"
	all_bytes $((10 * MiB + 2500000)) $((4 * MiB - 2500000)) 000
	run_famfs 0 verify --seed 5 "$IMG:/a"
}

@test "several files and devices; -v and JSON" {
	new_image 64M
	run_famfs 0 mkfs -q --size 24M two.img
	run_famfs 0 mkdir "$IMG:/d"
	run_famfs 0 creat -s 100 --randomize --seed 3 "$IMG:/a" two.img:/b
	run_famfs 0 creat -s 100 "$IMG:/zeros"
	run_famfs 0 verify -v --seed 3 "$IMG:/a" two.img:/b
	is "$output" "$IMG:/a: OK"$'\n'"two.img:/b: OK"
	run_famfs 1 verify --seed 3 "$IMG:/zeros" two.img:/b "$IMG:/d" "$IMG:/none" nothing.img:/a
	is "$output" "$IMG:/zeros: differs at offset 0"
	is "$(wc -l <"$ERR")" 3
	has "$stderr" 'd: is a directory'
	has "$stderr" 'none: no such file'
	has "$stderr" 'nothing.img: '
	run_famfs 1 verify --json --seed 3 "$IMG:/zeros" "$IMG:/a" "$IMG:/none"
	json_is '.results | map("\(.path) \(.status) \(.off)") | join(",")' \
		"/zeros differs 0,/a ok null,/none failed null"
	json_is '"\(.device) \(.ok) \(.differing) \(.failed)"' "$IMG 1 1 1"
	json_is '.results[2].error.code' ENOENT
	json_error_is ENOENT
}

@test "an existing file is left as it is, and that is said" {
	new_image 64M
	run_famfs 0 creat -s 3000000 --randomize --seed 8 "$IMG:/a"
	local before
	before=$(sum "$IMG")
	run_famfs 0 creat -s 3000000 --randomize --seed 9 "$IMG:/a"
	one_error 'dev.img:/a: exists with this size: its bytes were left'
	unchanged "$before"
	run_famfs 0 creat -q -s 3000000 --randomize --seed 9 "$IMG:/a"
	is "$stderr" ""
	run_famfs 0 creat --json -s 3000000 --randomize --seed 9 "$IMG:/a"
	json_is '"\(.results[0].status) \(.created) \(.existing)"' "exists 0 1"
	has "$stderr" '"warning"'
	echo '{"path":"/a","size":3000000,"seed":9}' >records
	run_famfs 0 creat --from records "$IMG"
	is "$output" "0 created, 1 already there, 0 failed"
	one_error '1 of the files exists: left as it is'
	refused 1 'size' creat -s 3000001 --randomize --seed 9 "$IMG:/a"
	unchanged "$before"
	run_famfs 0 verify --seed 8 "$IMG:/a"
}

@test "dry run: nothing is stored" {
	new_image
	local before
	before=$(sum "$IMG")
	run_famfs 0 creat -n -s 3M --randomize --seed 9 "$IMG:/a"
	unchanged "$before"
}

@test "a manifest: records with seeds, records without, and a seed for all" {
	new_image 128M
	# Old bytes must not show in the file that has no seed.
	filled "$IMG.ff" $((32 * MiB)) 377
	dd if="$IMG.ff" of="$IMG" bs=1M seek=10 conv=notrunc status=none
	cat >records <<-'END'
		{"path": "/number", "size": 3000000, "seed": 42}
		{"path": "/text", "size": "3M", "seed": "0xffffffff", "nstrips": 2}
		{"path": "/negative", "size": 5, "seed": -1}
		{"path": "/none", "size": 3000000}
	END
	run_famfs 0 creat --from records "$IMG"
	run_famfs 0 verify --seed 42 "$IMG:/number"
	run_famfs 0 verify --seed 4294967295 "$IMG:/text" "$IMG:/negative"
	run_famfs 0 cat "$IMG:/none"
	is "$(stat -c %s "$OUT")" 3000000
	is "$(tr -d '\0' <"$OUT" | wc -c)" 0
	sed 's|"/|"/again-|' records >other
	run_famfs 0 creat --from other --randomize --seed 6 "$IMG"
	run_famfs 0 verify --seed 6 "$IMG:/again-none"
	run_famfs 0 verify --seed 42 "$IMG:/again-number"
	# Without zeroing, a seed's bytes are stored all the same.
	sed 's|"/|"/third-|' records >other
	run_famfs 0 creat --from other --no-zero "$IMG"
	run_famfs 0 verify --seed 42 "$IMG:/third-number"
	clean
}

@test "wrong seeds in a manifest" {
	new_image
	local seed
	for seed in 0 4294967296 '"0x100000000"' 1.5 true null '"x"' '""' '[1]' \
		18446744073709551616 '"18446744073709551616"' '"1\u00002"'; do
		echo "{\"path\":\"/a\",\"size\":1,\"seed\":$seed}" >records
		refused 1 'record 1 \(line 1\): seed: ' creat --from records "$IMG"
	done
	is "$(names)" ""
}

@test "verify is told what to verify with" {
	new_image
	refused 2 'nothing is given' verify "$IMG:/a"
	refused 2 'contradicting' verify --seed 1 --manifest x "$IMG"
	refused 2 'operand is missing' verify --seed 1
	refused 2 'names no file' verify --seed 1 "$IMG"
	refused 2 'threads' verify --seed 1 -t 0 "$IMG:/a"
	refused 2 'needs --make-manifest' verify --seed 1 -o x "$IMG:/a"
	refused 2 'needs --make-manifest' verify --seed 1 --resume "$IMG:/a"
}

@test "cancelled: the file is not made" {
	new_image 3G
	local pid rc=0
	"$FAMFS" creat -t 1 -s 2G --randomize --seed 1 --progress=always \
		"$IMG:/big" >"$OUT" 2>"$ERR" &
	pid=$!
	await grep -q '%' "$ERR"
	kill -TERM $pid
	wait $pid || rc=$?
	is $rc 143
	has "$(tr '\r' '\n' <"$ERR" | tail -n 1)" 'cancelled'
	is "$(names)" ""
	clean
}
