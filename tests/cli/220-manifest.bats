#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# creat --from: many files at once.

load helpers

# The manifest is the text given; the run must end with RC.
from() { # RC TEXT [OPTION...]
	printf '%s' "$2" >manifest
	run_famfs "$1" creat --from manifest "${@:3}" "$IMG"
}

@test "an array, lines, pretty-printed records, from a file and from stdin" {
	new_image 256M
	local n=0 text
	local texts=(
		'[{"path":"@a","size":1},{"path":"@b","size":2}]'
		$'{"path":"@a","size":1}\n{"path":"@b","size":2}\n'
		$'{"path":"@a","size":1}\n{"path":"@b","size":2}'
		$'{"path":"@a","size":1}\r\n\r\n  {"path":"@b","size":2}\r\n'
		$'{\n\t"path": "@a",\n\t"size": 1\n}\n{\n\t"path": "@b",\n\t"size": 2\n}\n'
		$'\n\n [\n {\n "size": "1", "path": "/@a"\n },\n\n {"path": "@b", "size": "2"} ]\n\n'
		'{"path":"@a","size":1}{"path":"@b","size":2}'
	)
	for text in "${texts[@]}"; do
		n=$((n + 1))
		from 0 "${text//@/n$n}" --json
		json_is '"\(.created) \(.existing) \(.failed)"' '2 0 0'
		json_is '[.results[] | "\(.path) \(.size) \(.status)"] | join(",")' \
			"/n${n}a 1 created,/n${n}b 2 created"
	done
	run_shell 0 '"$@" <manifest' "$FAMFS" creat --from - "$IMG"
	has "$output" '^0 created, 2 already there, 0 failed$'
	run_shell 0 'cat manifest | "$@"' "$FAMFS" creat --from=- -d "$IMG" --json
	json_is .existing 2
	clean
}

@test "every key" {
	new_image 1G
	umask 027
	from 0 '[{"path": "/plain", "size": 5},
		{"path": "all", "size": "16M", "mode": "4711", "uid": 1000, "gid": 4294967294,
		 "nstrips": 4, "nbuckets": 8, "chunk": "2M"},
		{"chunk": 4194304, "nstrips": 2, "path": "chunk", "size": 16777216}]' --json
	json_is '.results[0] | "\(.path) \(.mode) \(.uid) \(.gid) \(.ext_type) \(.size)"' \
		"/plain 0640 $(id -u) $(id -g) simple 5"
	json_is '.results[1] | "\(.path) \(.mode) \(.uid) \(.gid) \(.nstrips) \(.chunk_size)"' \
		"/all 4711 1000 4294967294 4 2097152"
	json_is '.results[2] | "\(.nstrips) \(.chunk_size) \(.extents | length)"' "2 4194304 2"
	json_is '.timing_ns | (.parse > 0 and .create > 0)' true
	json_is .dry_run false
	clean
}

@test "options are the defaults of records" {
	new_image 1G
	from 0 '{"path":"a"} {"path":"b","size":1,"mode":"0600","uid":7,"nstrips":3}' \
		-s 8M -m 0444 -u 5 -g 6 -N 2 -B 4 --json
	json_is '[.results[] | "\(.size) \(.mode) \(.uid):\(.gid) \(.extents | length)"] | join(",")' \
		"8388608 0444 5:6 2,1 0600 7:6 1"
}

@test "records that are wrong, named by their number, and nothing is made" {
	new_image 64M
	local before
	before=$(sum "$IMG")
	while IFS='~' read -r pattern text; do
		from 1 "$text"
		is "$output" ""
		one_error "$pattern"
	done <<-'END'
		record 1 .*zise.*did you mean size~{"path":"a","zise":1}
		record 1 .*PATH~{"PATH":"a","size":1}
		record 1 .*owner~{"path":"a","size":1,"owner":"me"}
		record 1 .*path~{"size":1}
		record 1 .*size~{"path":"a"}
		record 1 .*size~{"path":"a","size":0}
		record 1 .*size~{"path":"a","size":-1}
		record 1 .*size~{"path":"a","size":1.5}
		record 1 .*size~{"path":"a","size":1e3}
		record 1 .*size~{"path":"a","size":true}
		record 1 .*size~{"path":"a","size":null}
		record 1 .*size~{"path":"a","size":[1]}
		record 1 .*size~{"path":"a","size":18446744073709551616}
		record 1 .*size~{"path":"a","size":99999999999999999999999999}
		record 1 .*size.*4kb~{"path":"a","size":"4kb"}
		record 1 .*size.*1T ~{"path":"a","size":"1T "}
		record 1 .*size~{"path":"a","size":""}
		record 1 .*mode.*octal~{"path":"a","size":1,"mode":420}
		record 1 .*mode.*888~{"path":"a","size":1,"mode":"888"}
		record 1 .*mode.*17777~{"path":"a","size":1,"mode":"17777"}
		record 1 .*uid~{"path":"a","size":1,"uid":-1}
		record 1 .*uid~{"path":"a","size":1,"uid":4294967295}
		record 1 .*gid~{"path":"a","size":1,"gid":4294967296}
		record 1 .*gid~{"path":"a","size":1,"gid":"0"}
		record 1 .*nstrips~{"path":"a","size":1,"nstrips":17}
		record 1 .*nbuckets~{"path":"a","size":1,"nbuckets":65}
		record 1 .*nstrips~{"path":"a","size":1,"nstrips":"4"}
		record 1 .*nstrips: must be 1 to 16$~{"path":"a","size":1,"nstrips":0}
		record 1 .*nbuckets: must be 1 to 64$~{"path":"a","size":1,"nbuckets":0}
		record 1 .*chunk: must be at least 2M$~{"path":"a","size":1,"chunk":0}
		record 1 .*chunk: must be at least 2M$~{"path":"a","size":1,"chunk":"0M"}
		record 1 .*chunk~{"path":"a","size":1,"nstrips":1,"chunk":"2MB"}
		record 1 .*path~{"path":1,"size":1}
		record 1 .*path~{"path":"","size":1}
		record 1 .*path~{"path":null,"size":1}
		record 1 .*path~{"path":"a\u0000b","size":1}
		record 1 ~{}
		record 1 ~"a"
		record 1 ~7
		record 1 ~null
		record 1 ~[{"path":"a","size":1}]x
		record 1 .*JSON~{"path":"a","size":1
		record 1 .*JSON~{'path':'a','size':1}
		record 1 .*JSON~{"path":"a","size":1,}
		record 1 .*JSON~{"path":"a" "size":1}
		record 1 .*JSON~{"path":"a\q","size":1}
	END
	from 1 '[{"path":"a","size":1},{"path":"b","size":"x"},{"path":"c","size":1}]'
	one_error 'record 2 '
	from 1 '{"path":"a","size":1} {"path":"b","size":1} {"path":"c","size":1,"q":1}'
	one_error 'record 3 '
	unchanged "$before"
}

@test "a key given twice, in whatever spelling, is named" {
	new_image 64M
	local before
	before=$(sum "$IMG")
	while IFS='~' read -r key text; do
		from 1 "$text"
		is "$output" ""
		one_error "record 1 \(line 1\): $key: is given twice; only one can be meant$"
	done <<-'END'
		size~{"path":"a","size":1,"size":2}
		size~{"size":1,"path":"a","size":1}
		path~{"path":"a","size":1,"p\u0061th":"b"}
		seed~{"path":"a}{[","seed" : 1, "size":1 ,"seed": 2}
		uid~{"path":"a\\\":","uid":1,"size":1,"uid":2}
		zise~{"path":"a","zise":{"a":1,"b":[{}]},"zise":1,"size":1}
	END
	from 1 '[{"path":"a","size":1},{"path":"b","size":1,"mode":"0600","mode":"0600"}]'
	one_error 'record 2 .*mode: is given twice'
	unchanged "$before"
	from 0 '[{"path":"size\":","size":1},{"path":"{","size":1}, {"path":"\"size\"","size":1}]'
}

@test "what is wrong behind many good records stops them all" {
	new_image 64M
	local good='{"path":"a","size":1}' text before
	before=$(sum "$IMG")
	for text in "[$good,$good" "[$good $good]" "[$good,,$good]" "[$good,]" "[$good]]" \
		"[$good][$good]" "$good,$good" "$good}" "$good]" "[$good] x" "[" "{" "]" "x" "}" \
		"$good"$'\1' "$good{" "$good\"" $'\xef\xbb\xbf'"$good$" $'\xff\xfe'"$good"; do
		from 1 "$text"
		is "$output" ""
		one_error 'manifest'
	done
	unchanged "$before"
}

@test "no records at all" {
	new_image
	local text
	for text in '' $'\n' '[]' $' [ ]\n'; do
		from 1 "$text"
		one_error 'no records'
	done
	printf '\0' >manifest
	run_famfs 1 creat --from manifest "$IMG"
	one_error 'manifest'
}

@test "several wrong records: a line each, with number and line, and no flood" {
	new_image
	from 1 $'{"path":"a","size":1}\n{"path":"b"}\n{"path":"c","size":1}\n\n{"size":1}\n'
	is "$(wc -l <"$ERR")" 2
	has "$(sed -n 1p "$ERR")" 'record 2 .*line 2.*size'
	has "$(sed -n 2p "$ERR")" 'record 4 .*line 5.*path'
	from 1 $'{"path":"a","size":0}\n{}\n' --json
	json_error_is EINVAL EINVAL
	awk 'BEGIN { for (i = 0; i < 5000; i++) print "{\"path\":1}" }' >manifest
	run_famfs 1 creat --from manifest "$IMG"
	[ "$(wc -l <"$ERR")" -le 50 ] || fail "$(wc -l <"$ERR") lines"
	has "$(tail -n 1 "$ERR")" '49[0-9][0-9] more'
}

@test "a result for each record when some cannot be placed" {
	new_image 64M
	run_famfs 0 creat -s 2M "$IMG:/there"
	local text='[{"path":"a","size":1}, {"path":"no/b","size":1}, {"path":"there","size":2097152},
		{"path":"there","size":1}, {"path":"c/..","size":1}, {"path":"big","size":"1T"},
		{"path":"a","size":1}, {"path":"z","size":1}]'
	from 1 "$text" --json
	json_is '[.results[] | "\(.status)\(.error.code // "")"] | join(" ")' \
		"created failedENOENT exists failedEEXIST failedEINVAL failedENOSPC exists created"
	json_is '"\(.created) \(.existing) \(.failed)"' '2 2 4'
	json_error_is ENOENT EEXIST EINVAL ENOSPC
	is "$(names)" "/a /there /z"
	from 1 "$text"
	has "$output" '^0 created, 4 already there, 4 failed$'
	is "$(wc -l <"$ERR")" 4
	clean
}

@test "--atomic: all or nothing, the reason once" {
	new_image 64M
	local before
	before=$(sum "$IMG")
	from 1 '[{"path":"a","size":1},{"path":"no/b","size":1},{"path":"c","size":1}]' --atomic --json
	json_is .created 0
	json_is '[.results[] | select(.status == "created")] | length' 0
	unchanged "$before"
	from 1 '[{"path":"a","size":"30M"},{"path":"b","size":"30M"}]' --atomic
	unchanged "$before"
	from 0 '[{"path":"a","size":"20M"},{"path":"b","size":"20M"}]' --atomic
	is "$(names)" "/a /b"
	from 0 '[{"path":"a","size":"20M"},{"path":"c","size":"10M"}]' --atomic
	is "$(names)" "/a /b /c"
	clean
}

@test "--dry-run of a manifest writes nothing" {
	new_image 64M
	local before
	before=$(sum "$IMG")
	from 0 '[{"path":"a","size":1},{"path":"b","size":"3M"}]' --dry-run --json
	json_is '[.results[].extents[0].off] | join(" ")' "$((10 * MiB)) $((12 * MiB))"
	json_is .dry_run true
	from 0 '[{"path":"a","size":1}]' -n
	has "$output" '1 would be created'
	unchanged "$before"
}

@test "600 records take the lock once, and for zeroing once more for hundreds of them" {
	requires strace
	strace -qq -o /dev/null true 2>/dev/null || skip "strace may not trace here"
	local locks
	# The leak sanitizer cannot look at a process that is traced.
	export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0
	awk 'BEGIN { for (i = 0; i < 600; i++) printf "{\"path\":\"f%d\",\"size\":1}\n", i }' >manifest
	new_image 4G
	strace -f -qq -e trace=flock -o trace "$FAMFS" creat -q --no-zero --from manifest "$IMG"
	is "$(grep -c LOCK_EX trace)" 1
	is "$(grep -c . trace)" 2 "$(<trace)"
	new_image 4G --force
	strace -f -qq -e trace=flock -o trace "$FAMFS" creat -q --from manifest "$IMG"
	locks=$(grep -c LOCK_EX trace)
	[ "$locks" -le 6 ] || fail "$locks locks"
	clean
}

@test "10,000 records" {
	new_image 32G
	awk 'BEGIN { for (i = 0; i < 10000; i++)
		printf "{\"path\": \"file-%05d\", \"size\": %d, \"mode\": \"0600\"}\n", i, i + 1 }' >manifest
	run_famfs 0 creat --no-zero --from manifest "$IMG"
	is "$output" "10000 created, 0 already there, 0 failed"
	clean
	run_famfs 0 ls --json "$IMG"
	json_is '[.entries[] | "\(.path) \(.size)"] | "\(length) \(.[0]) \(.[9999])"' \
		"10000 /file-00000 1 /file-09999 10000"
	json_is '[.entries[].extents[0].off] | unique | length' 10000
	jq -s -c . manifest >array
	run_famfs 0 creat --from array --json "$IMG"
	json_is '"\(.created) \(.existing) \(.results | length)"' '0 10000 10000'
}

@test "names with every kind of JSON escape" {
	new_image 64M
	from 0 '{"path":"\u00e4\ud83d\ude00","size":1} {"path":"q\"b\\","size":1}
		{"path":"\/\u002f/s","size":1}'
	is "$(names)" $'/q"b\\ /s /\u00e4\U1f600'
	from 1 '{"path":"a\nb","size":1}'
	one_error 'control'
	from 1 $'{"path":"a\xff","size":1}'
	one_error 'UTF-8'
	clean
}

@test "half of a surrogate pair is no name" {
	new_image
	from 1 '{"path":"a\ud800b","size":1}'
	one_error 'manifest|UTF-8'
	is "$(names)" ""
}

@test "manifests that cannot be read" {
	new_image
	mkdir dir
	refused 1 'missing.*no such' creat --from missing "$IMG"
	refused 1 'dir.*directory' creat --from dir "$IMG"
	refused 2 'operand' creat --from manifest
	refused 2 'operand' creat --from manifest "$IMG" "$IMG"
	refused 2 '/a' creat --from manifest "$IMG:/a"
	run_shell 1 '"$@" <&-' "$FAMFS" creat --from - "$IMG"
	one_error 'standard input|stdin'
	clean
}

@test "deeply nested and very long records end in an error, not in a crash" {
	new_image
	local deep
	deep=$(printf '[%.0s' {1..20000})
	from 1 "$deep"
	from 1 "{\"path\":$deep"
	from 1 "{\"path\":\"a\",\"size\":$(printf '9%.0s' {1..20000})}"
	from 1 "{\"path\":\"$(printf 'x%.0s' {1..100000})\",\"size\":1}"
	has "$stderr" '100000 bytes'
	clean
}
