#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# interleave default: the geometry of files that are given none, and who heeds it.

load helpers

# How files lie: "TYPE NSTRIPS,...".
layouts() { # PATH...
	local path all=
	for path; do
		run_famfs 0 stat --json "$IMG:$path"
		all+=$(json '.entries[0] | "\(.ext_type) \(.nstrips // 0) \(.chunk_size // 0),"')
	done
	echo "${all%,}"
}

# Built without libyaml, a default can be written and not read.
requires_yaml() {
	run_famfs 0 interleave default -q -N 2 "$IMG"
	run_famfs 0,1 interleave default -q "$IMG"
	[ "$status" -eq 0 ] || skip "built without libyaml"
}

# A file of these bytes in its place, as the existing tools would leave it there.
put_cfg() { # TEXT
	printf '%b' "$1" >cfg
	run_famfs 0 mkfs -q --force --size 256M "$IMG"
	run_famfs 0 cp cfg "$IMG:/.meta/.alloc.cfg"
}

cfg() { # NBUCKETS NSTRIPS CHUNK
	printf 'interleaved_alloc:\\n  nbuckets: %s\\n  nstrips: %s\\n  chunk_size: %s\\n' "$@"
}

@test "shown, set, set anew, and none" {
	new_image 256M
	requires_yaml
	new_image 256M --force
	run_famfs 0 interleave default "$IMG"
	has "$output" 'default +not interleaved.*nowhere: none was set'
	run_famfs 0 interleave default --json "$IMG"
	json_is '"\(.set) \(.nstrips) \(.nbuckets) \(.chunk_size)"' 'false 0 0 0'
	run_famfs 0 interleave default -N 4 -B 8 -C 4M "$IMG"
	has "$output" 'default +-N 4 -B 8 -C 4M.*/.meta/.alloc.cfg.*a new file'
	run_famfs 0 cat "$IMG:/.meta/.alloc.cfg"
	is "$(wc -c <"$OUT")" 4096
	is "$output" $'interleaved_alloc:\n  nbuckets: 8\n  nstrips: 4\n  chunk_size: 4m'
	run_famfs 0 interleave default -q --json "$IMG"
	json_is '"\(.set) \(.nstrips) \(.nbuckets) \(.chunk_size)"' "true 4 8 $((4 * MiB))"
	run_famfs 0 interleave default -q -B 3 --json "$IMG"
	json_is '"\(.nstrips) \(.nbuckets) \(.chunk_size) \(.changed)"' "3 3 $AU true"
	run_famfs 0 interleave default -q --none "$IMG"
	run_famfs 0 interleave default "$IMG"
	has "$output" 'default +not interleaved.*/.meta/.alloc.cfg'
	run_famfs 0 interleave default --none "$IMG"
	has "$output" 'it is so already'
	is "$(names)" /.meta/.alloc.cfg
	clean
}

@test "what is written over is kept, where it is wanted" {
	new_image 256M
	local before
	run_famfs 0 interleave default -q -N 4 --json "$IMG"
	json_is '"\(.changed) \(.undo)"' 'true '
	before=$(sum "$IMG")
	run_famfs 0 interleave default -q -N 2 --dry-run --json "$IMG"
	json_is '"\(.nstrips) \(.changed) \(.dry_run) \(.undo)"' '2 true true '
	unchanged "$before"
	is "$(find . -name '*.undo')" ""
	run_famfs 0 interleave default -q -N 2 --undo old "$IMG"
	has "$output" 'undo file +old'
	run_famfs 0 image restore old "$IMG"
	run_famfs 0 cat "$IMG:/.meta/.alloc.cfg"
	has "$output" 'nstrips: 4'
	run_famfs 0 interleave default -q -N 3 --json "$IMG"
	[ -s "$(json .undo)" ] || fail "no undo file: $output"
	before=$(sum "$IMG")
	refused 1 'is there already' interleave default -q -N 4 --undo old "$IMG"
	refused 1 'cannot be made' interleave default -q -N 4 --undo none/old "$IMG"
	unchanged "$before"
	run_famfs 0 interleave default -q --sync -N 4 "$IMG"
	clean
}

@test "creat, cp and tar heed it; options of their own win" {
	new_image 256M
	requires_yaml
	run_famfs 0 interleave default -q -N 4 -B 8 -C 2M "$IMG"
	head -c $((5 * MiB)) /dev/urandom >five
	echo small >small
	run_famfs 0 creat -s 8M "$IMG:/a"
	run_famfs 0 creat -s 2097151 "$IMG:/less"
	run_famfs 0 creat -s 8M --contiguous "$IMG:/one"
	run_famfs 0 creat -s 8M -N 2 "$IMG:/two"
	run_famfs 0 creat -s 8M -C 4M -N 3 "$IMG:/own"
	run_famfs 0 mkdir "$IMG:/d"
	run_famfs 0 cp five small "$IMG:/d"
	run_famfs 0 cp --contiguous five "$IMG:/five1"
	run_famfs 0 cp -N 3 five "$IMG:/five3"
	is "$(layouts /a /less /one /two /own)" \
		"interleaved 4 $AU,simple 0 0,simple 0 0,interleaved 2 $AU,interleaved 3 $((2 * AU))"
	is "$(layouts /d/five /d/small /five1 /five3)" \
		"interleaved 4 $AU,simple 0 0,simple 0 0,interleaved 3 $AU"
	printf '%s\n' '{"path": "/m1", "size": "6M"}' '{"path": "/m2", "size": "6M", "nstrips": 2}' |
		"$FAMFS" creat --from - "$IMG"
	is "$(layouts /m1 /m2)" "interleaved 4 $AU,interleaved 2 $AU"
	run_famfs 0 cat "$IMG:/d/five"
	cmp "$OUT" five
	run_famfs 0 creat --dry-run --json -s 8M "$IMG:/dry"
	json_is '.results[0].nstrips' 4
	run_famfs 0 interleave plan -s 8M "$IMG"
	has "$output" 'default +-N 4 -B 8 -C 2M'
	run_famfs 0 interleave plan -s 8M --json "$IMG"
	json_is '.default | "\(.nstrips) \(.nbuckets) \(.chunk_size)"' "4 8 $AU"
	if command -v tar >/dev/null; then
		tar -cf t.tar five small
		run_famfs 0,1 cp --tar t.tar "$IMG:/"
		[ "$status" -ne 0 ] || is "$(layouts /five /small)" "interleaved 4 $AU,simple 0 0"
	fi
	run_famfs 0 interleave default -q --none "$IMG"
	run_famfs 0 creat -s 8M "$IMG:/b"
	is "$(layouts /b)" "simple 0 0"
	clean
}

@test "a default that has no room for a file: the error says where it comes from" {
	new_image 64M
	requires_yaml
	run_famfs 0 interleave default -q -N 16 -B 16 "$IMG"
	refused 1 "the geometry is the file system's default; --contiguous" creat -s 30M "$IMG:/a"
	head -c $((30 * MiB)) /dev/zero >in
	refused 1 "the geometry is the file system's default" cp in "$IMG:/a"
	run_famfs 0 creat -s 30M --contiguous "$IMG:/a"
	clean
}

@test "what the existing tools would ignore is said" {
	new_image 256M
	run_famfs 0 interleave default -N 4 -B 8 "$IMG"
	one_error 'existing tools ignore this default: each of 8 buckets has 32.0M, they want 1.0G'
	run_famfs 0 interleave default -q -N 4 -B 8 --json "$IMG"
	json_is .existing_tools_use_it false
	is "$stderr" ""
	new_image 8G --force
	run_famfs 0 interleave default -N 4 -B 8 --json "$IMG"
	json_is .existing_tools_use_it true
	is "$stderr" ""
	run_famfs 0 interleave default -N 4 -B 9 "$IMG"
	one_error 'to them it can have 8 buckets at most'
}

@test "a file that cannot be used: said once, and files are not interleaved" {
	new_image 256M
	requires_yaml
	local text pattern
	while IFS='|' read -r text pattern; do
		put_cfg "$text"
		refused 1 "/.meta/.alloc.cfg: .*$pattern.*; famfs interleave default sets it anew" interleave default "$IMG"
		run_famfs 0 creat -s 8M "$IMG:/a" "$IMG:/b"
		one_error "$pattern.*no default geometry is used; famfs interleave default sets it anew"
		run_famfs 0 creat -q -s 8M "$IMG:/c"
		is "$stderr" ""
		run_famfs 0 creat -s 8M --contiguous "$IMG:/d"
		is "$stderr" ""
		run_famfs 0 creat -s 8M -N 2 "$IMG:/e"
		is "$stderr" ""
		is "$(layouts /a /b /e)" "simple 0 0,simple 0 0,interleaved 2 $AU"
	done <<-END
		$(cfg 8 17 2m)|too many strips: 17
		$(cfg 8 0 2m)|a zero beside other numbers
		$(cfg 18446744073709551615 18446744073709551615 2m)|too many strips
		$(cfg 8 4 3m)|power of two
		$(cfg 8 4 2m)  nstrips: 5\n|nstrips twice
		$(cfg 8 4 2m)  color: 5\n|not known: \\"color\\"
		interleaved_alloc: \\046a {x: *a}|not
		\\001\\002\\377|.
	END
	run_famfs 0 creat --json -s 8M "$IMG:/f"
	is "$(jq -r '.warning.object' "$ERR")" "$IMG:/.meta/.alloc.cfg"
}

@test "a file that cannot be used is set anew, if it is long enough" {
	new_image 256M
	requires_yaml
	put_cfg 'interleaved_alloc: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]'
	run_famfs 0 interleave default -q -N 4 -B 8 "$IMG"
	run_famfs 0 interleave default -q "$IMG"
	has "$output" '-N 4 -B 8 -C 2M'
	put_cfg 'short'
	refused 1 'too short for this geometry' interleave default -q -N 4 "$IMG"
	run_famfs 0 mkfs -q --force --size 256M "$IMG"
	run_famfs 0 creat --no-zero -s 1M "$IMG:/.meta/.alloc.cfg"
	refused 1 '1048576 bytes: more than 65536 are not read' interleave default -q "$IMG"
	refused 1 '1048576 bytes' interleave default -q -N 4 "$IMG"
	run_famfs 0 creat -s 8M "$IMG:/a"
	one_error 'more than 65536'
}

@test "a full log: a first default is refused, another one needs no entry" {
	awk 'BEGIN { for (i = 0; i < 3853; i++) printf "{\"path\":\"f%d\",\"size\":1}\n", i }' >m
	new_image 16G -l 2M
	run_famfs 0 creat -q --no-zero --from m "$IMG"
	run_famfs 0 mkdir "$IMG:/last"
	local before
	before=$(slice 0 $((4 * MiB)) | cksum)
	refused 1 'log is full' interleave default -q -N 4 "$IMG"
	is "$(slice 0 $((4 * MiB)) | cksum)" "$before"
	new_image 16G -l 2M --force
	run_famfs 0 interleave default -q -N 4 "$IMG"
	run_famfs 0 creat -q --no-zero --from m "$IMG"
	refused 1 'log is full' mkdir "$IMG:/last"
	run_famfs 0 interleave default -q -N 2 "$IMG"
	run_famfs 0 cat "$IMG:/.meta/.alloc.cfg"
	has "$output" 'nstrips: 2'
	clean
}

@test "only the master sets it; a client sees it" {
	new_image 256M
	run_famfs 0 interleave default -q -N 4 "$IMG"
	local before
	before=$(sum "$IMG")
	export FAMFS_SYSTEM_UUID=$OTHER
	refused 1 "$MASTER" interleave default -q -N 2 "$IMG"
	refused 1 "$MASTER" interleave default -q --none "$IMG"
	run_famfs 0,1 interleave default -q "$IMG"
	unchanged "$before"
}

@test "used wrongly" {
	new_image 64M
	refused 2 'operand is missing: DEVICE' interleave default
	refused 2 'contradicts' interleave default --none -N 2 "$IMG"
	refused 2 'must be 1 to 16' interleave default -N 17 "$IMG"
	refused 2 'must be 1 to 64' interleave default -B 65 "$IMG"
	refused 2 'must be at least 2M' interleave default -C 0 "$IMG"
	refused 2 'is for setting a default' interleave default --undo x "$IMG"
	refused 2 'names no file' interleave default -N 2 --undo= "$IMG"
	refused 2 'names a file' interleave default "$IMG:/a"
	refused 1 'a chunk size alone does not say how many strips there are to be; choose with --nstrips, 1 to 16$' \
		interleave default -C 4M "$IMG"
	refused 1 'power of two' interleave default -N 2 -C 3M "$IMG"
	refused 1 'one of 8 buckets has 8M' interleave default -N 2 -B 8 -C 16M "$IMG"
	refused 1 'smaller chunks, or fewer strips' interleave default -N 8 -C 16M "$IMG"
	run_famfs 1 interleave default --json -N 2 -C 3M "$IMG"
	json_error_is EINVAL
	is "$(names)" ""
	run_famfs 0 interleave default --help
	has "$output" 'Example: '
}
