#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew
# What holds for every command: global options, wrong words, where output goes.

load helpers

mapfile -t COMMANDS < <("${FAMFS:-$BATS_TEST_DIRNAME/../../build/famfs}" __commands |
	jq -r '.commands[] | [.group, .name] | map(select(.)) | join(" ")' 2>/dev/null)

@test "global options on both sides of the command" {
	new_image
	local words=("--json ls $IMG" "ls --json $IMG" "ls $IMG --json" "-j ls $IMG" "ls -jR $IMG"
		"--json -d $IMG ls :/" "-d $IMG ls --json :/" "ls --json --device=$IMG :/"
		"--js ls $IMG" "ls --dev $IMG -j" "--progress never ls -j $IMG"
		"ls -j --color=never --progress=always $IMG" "-j fmap dump $IMG:/f"
		"fmap -j dump $IMG:/f" "fmap dump $IMG:/f -j" "-qj ls $IMG" "-vj ls $IMG")
	run_famfs 0 creat -s 4k "$IMG:/f"
	for line in "${words[@]}"; do
		read -ra args <<<"$line"
		run_famfs 0 "${args[@]}"
		json_is .device "$IMG"
	done
}

@test "wrong words: exit 2, one line that names the word and the nearest" {
	new_image
	while IFS='|' read -r pattern line; do
		read -ra args <<<"$line"
		refused 2 "$pattern" "${args[@]}"
	done <<-END
		mkf.*did you mean mkfs|mkf $IMG
		chek.*did you mean check|chek $IMG
		dmup.*did you mean dump|fmap dmup $IMG:/f
		command|
		command|fmap
		xyzzy|xyzzy
		fsk.*did you mean fsck|fsk $IMG
		chek.*did you mean check|help chek
		famfs fmap: dmp: .*did you mean dump|help fmap dmp
		fmpa.*did you mean fmap|help fmpa dump
		famfs interleave: plam: .*did you mean plan|help interleave plam
		bar: creat is a command of one word|help creat bar
		famfs: xyzzy: .*see famfs --help|help xyzzy plan
		--jsno.*did you mean --json|--jsno ls $IMG
		--lonlen.*did you mean --loglen|mkfs --lonlen 8M $IMG
		--recursiv.*no value|ls --recursiv=3 $IMG
		--no-such|creat --no-such $IMG:/a
		-Z|ls -Z $IMG
		-lZ|ls -lZ $IMG
		--quiet.*value|ls --quiet=1 $IMG
		--size.*value|creat $IMG:/a --size
		-s.*value|creat $IMG:/a -s
		--device.*value|ls --device
		--color.*sometimes.*auto|ls --color=sometimes $IMG
		--progress.*auto|--progress=yes ls $IMG
		operand|mkdir
		operand|stat
		operand|creat -s 4k
		operand|fmap dump
		operand|mkfs
		--size|creat $IMG:/a
		operand|ls
		operand|df
	END
	hasnt "$(names)" .
}

@test "an ambiguous abbreviation is refused with its candidates" {
	refused 2 '--de.*(--device|--dev-uuid)' mkfs --de "$IMG"
	refused 2 '--n.*(--nstrips|--nbuckets|--no-zero)' creat --n 4 "$IMG:/a"
}

@test "check ends with 16 where others end with 2" {
	new_image
	refused 16 'did you mean --verbose' check --verbsoe "$IMG"
	refused 16 'operand' fsck
	refused 16 'too many' check "$IMG" "$IMG"
}

@test "--dry-run is refused where nothing is written, -n means it for check" {
	new_image
	run_famfs 0 creat -s 4k "$IMG:/f"
	local cmd
	for cmd in ls df stat "fmap dump"; do
		read -ra args <<<"$cmd"
		refused 2 '--dry-run' "${args[@]}" --dry-run "$IMG:/f"
		refused 2 '--dry-run' -n "${args[@]}" "$IMG:/f"
	done
	run_famfs 0 check -n "$IMG"
	run_famfs 0 --dry-run check "$IMG"
}

@test "with --json errors are JSON, usage errors too" {
	new_image
	run_famfs 2 --json
	json_error_is EINVAL
	run_famfs 2 mkdir --json --nonsense "$IMG:/a"
	json_error_is EINVAL
	run_famfs 1 ls --json "$IMG.missing"
	json_error_is ENOENT
	is "$(jq -r .error.object "$ERR")" "$IMG.missing"
	run_famfs 1 mkdir --json "$IMG:/a/b" "$IMG:/c/d"
	json_error_is ENOENT ENOENT
	json_is .failed 2
	run_famfs 1 mkfs -j "$IMG"
	json_error_is EEXIST
	run_famfs 8 check --json "$IMG.missing"
	json_error_is ENOENT
}

@test "-q silences what is not a result or an error" {
	run_famfs 0 mkfs -q --size 64M "$IMG"
	is "$output$stderr" ""
	run_famfs 0 creat -q --from - "$IMG" <<<'{"path": "a", "size": 1}'
	is "$output$stderr" ""
	run_famfs 0 check -q "$IMG"
	is "$output$stderr" ""
	run_famfs 0 ls -q "$IMG"
	is "$output" "a"
	refused 1 '/a.*exists' mkdir -q "$IMG:/a"
	poke "$(entry_at 0 536)" 8 0
	run_famfs 4 check -q "$IMG"
	has "$output" 'entry_crc'
}

@test "a closed or full stdout is an error, and costs nothing" {
	new_image
	run_famfs 0 creat -s 4k "$IMG:/f"
	local cmd
	for cmd in "ls $IMG" "stat $IMG:/f" "df $IMG" "fmap dump $IMG:/f" \
		"creat -v -s 4k $IMG:/f" "--help" "mkfs --help" "--version"; do
		read -ra args <<<"$cmd"
		run_shell 1 '"$@" >&-' "$FAMFS" "${args[@]}"
		one_error 'standard output|stdout'
		run_shell 1 '"$@" >/dev/full' "$FAMFS" "${args[@]}"
		one_error 'no space'
	done
	run_shell 8 '"$@" >/dev/full' "$FAMFS" check "$IMG"
	clean
}

@test "a device opened while stdout and stderr are closed gets nothing written into it" {
	new_image
	local before
	before=$(slice 0 "$AU" | cksum)
	"$FAMFS" creat -v -s 4k "$IMG:/f" "$IMG:/no/f" >&- 2>&- <&- || true
	"$FAMFS" ls "$IMG" "$IMG:/nothing" >&- 2>&- <&- || true
	is "$(slice 0 "$AU" | cksum)" "$before" "the superblock"
	clean
	is "$(names)" "/f"
}

@test "a pipe that is closed early ends the command quietly" {
	new_image 64G
	awk 'BEGIN { for (i = 0; i < 4000; i++)
		printf "{\"path\":\"a-name-of-some-length-so-that-the-pipe-fills-%d\",\"size\":1}\n", i }' |
		"$FAMFS" creat -q --no-zero --from - "$IMG"
	local codes
	"$FAMFS" ls -l "$IMG" 2>"$ERR" | head -n 1 >/dev/null && codes=("${PIPESTATUS[@]}")
	is "${codes[0]}" 141 "exit of ls"
	is "$(<"$ERR")" ""
}

@test "--help of every command fits 80x24, has an example, and exits 0" {
	local cmd args
	requires jq
	[ ${#COMMANDS[@]} -ge 25 ]
	for cmd in "${COMMANDS[@]}"; do
		read -ra args <<<"$cmd"
		run_famfs 0 "${args[@]}" --help
		has "$output" $'\nExample: [a-z |]*famfs '"$cmd( |$)"
		is "$stderr" ""
		[ "$(wc -l <"$OUT")" -le 24 ] || fail "$cmd --help has $(wc -l <"$OUT") lines"
		is "$(awk 'length > 80' "$OUT")" "" "lines of $cmd --help above 80 columns"
		has "$output" "famfs $cmd"
		run_famfs 0 help "${args[@]}"
		run_famfs 0 "${args[@]}" --usage
		has "$output" "^usage: famfs $cmd"
	done
}

@test "--help of a command offers the global options that it takes, and no other" {
	local cmd args flag line takes
	requires jq
	run_famfs 0 __commands
	cp "$OUT" commands
	for cmd in "${COMMANDS[@]}"; do
		read -ra args <<<"$cmd"
		run_famfs 0 "${args[@]}" --help
		line="$(grep '^Global options:' "$OUT") "
		for flag in json:-j dry_run:-n sync:--sync; do
			takes=$(jq --arg name "$cmd" --arg key "${flag%:*}" '.commands[]
				| select(([.group, .name] | map(select(.)) | join(" ")) == $name)
				| .[$key]' commands)
			case "$takes $line" in
			true*" ${flag#*:}"[,\ ]* | false*) ;;
			*) fail "$cmd takes ${flag%:*}: $takes; but it says" "$line" ;;
			esac
			[ "$takes" = true ] || hasnt "$line" " ${flag#*:}[, ]"
		done
	done
}

@test "--help fits a screen and has all commands, with -v and a line for each too" {
	requires jq
	run_famfs 0 --help
	[ "$(wc -l <"$OUT")" -lt 24 ] || fail "--help has $(wc -l <"$OUT") lines"
	is "$(awk 'length > 80' "$OUT")" ""
	# "fmap dump|check" is two commands.
	is "$(sed -n '/^  [A-Z]/s/^.\{18\}//p' "$OUT" | sed 's/, /\n/g' | awk '{
		nr = split($NF, names, "|")
		for (i = 1; i <= nr; i++)
			print (NF == 1 ? "" : $1 " ") names[i]
	}' | sort)" "$(printf '%s\n' "${COMMANDS[@]}" | grep -vx help | sort)"
	run_famfs 0 --help -v
	is "$(awk 'length > 80' "$OUT")" ""
	is "$(grep -cE "^  ($(IFS='|' && echo "${COMMANDS[*]}")) +[A-Z]" "$OUT")" ${#COMMANDS[@]}
}

@test "FAMFS_DEVICE and --device stand for the device of :/path" {
	new_image
	FAMFS_DEVICE=$IMG run_famfs 0 mkdir :/env
	run_famfs 0 mkdir -d "$IMG" :/option
	FAMFS_DEVICE=/nonexistent run_famfs 0 mkdir -d "$IMG" :/both
	FAMFS_DEVICE=/nonexistent run_famfs 0 mkdir "$IMG:/full"
	is "$(names)" "/both /env /full /option"
	FAMFS_DEVICE=$IMG run_famfs 0 ls
	is "$output" $'both\nenv\nfull\noption'
	FAMFS_DEVICE=$IMG run_famfs 0 df --json
	json_is '.filesystems[0].device' "$IMG"
	refused 2 ':/a.*device' mkdir :/a
	FAMFS_DEVICE='' refused 2 ':/a.*device' mkdir :/a
}

@test "mkfs never takes its device from the environment" {
	FAMFS_DEVICE=$IMG refused 2 'operand' mkfs --size 64M
	[ ! -e "$IMG" ]
}

@test "what begins with ./ or ../ is local, and what has no :/" {
	mkdir -p 'a:/b' sub c:d
	run_famfs 0 mkfs -q --size 64M './a:/b/x.img'
	run_famfs 0 check './a:/b/x.img'
	run_famfs 2 creat -s 4k './a:/b/x.img'
	one_error 'no file'
	run_shell 0 'cd sub && "$@"' "$FAMFS" check '../a:/b/x.img'
	run_famfs 0 mkfs -q --size 64M c:d/e.img
	run_famfs 0 mkdir -p c:d/e.img:/dir:/x
	run_famfs 0 ls c:d/e.img
	is "$output" 'dir:'
	refused 2 'file' mkfs c:d/e.img:/dir
}

@test "an operand that is empty, or a file where a device is wanted" {
	new_image
	refused 2 'empty' ls ''
	refused 2 'empty' mkdir ''
	refused 16 '/a' check "$IMG:/a"
	refused 2 '/a' df "$IMG:/a"
	run_famfs 0 stat "$IMG"
	refused 2 'no file' mkdir "$IMG"
}

@test "DEVICE@OFFSET: a file system that begins inside a file" {
	filled "$IMG" $((66 * MiB)) 245
	cp "$IMG" pattern
	run_famfs 0 mkfs -q "$IMG@2M"
	run_famfs 0 creat -s 3M "$IMG@2M:/a"
	run_famfs 0 mkdir "$IMG@2097152:/d"
	is "$(names "$IMG@2MiB")" "/a /d"
	clean "$IMG@2M"
	run_famfs 0 df --json "$IMG@2M"
	json_is '.filesystems[0].size' $((64 * MiB))
	all_bytes 0 "$AU" 245
	slice "$AU" $((64 * MiB)) >plain.img
	is "$(names plain.img)" "/a /d"
	clean plain.img
	is "$(extents /a plain.img)" "$(extents /a "$IMG@2M")"
	all_bytes $((10 * MiB)) $((4 * MiB)) 000 plain.img
	all_bytes $((14 * MiB)) $((50 * MiB)) 245 plain.img
}

@test "DEVICE@OFFSET: wrong offsets" {
	new_image
	refused 1,2 '3k.*4' df "$IMG@3k"
	refused 1,2 '4kb' df "$IMG@4kb"
	refused 1 'end|truncated' df "$IMG@24M"
	refused 1 'end|truncated' df "$IMG@1T"
	refused 1 . df "$IMG@2M"
}

@test "names with an @ that is no offset" {
	mkdir a@b
	truncate -s 24M dev.img@2M 'home@8'
	run_famfs 0 mkfs -q dev.img@2M
	run_famfs 0 mkdir dev.img@2M:/named
	is "$(names dev.img@2M)" "/named"
	run_famfs 0 mkfs -q --size 24M home@8
	run_famfs 0 mkfs -q --size 24M a@b/dev.img
	run_famfs 0 mkdir a@b/dev.img:/x@y
	is "$(names a@b/dev.img)" "/x@y"
	run_famfs 0 mkfs -q --size 24M me@home.img
}

@test "a signal cancels: 128 and its number, one line, check clean" {
	new_image 64M
	local pid
	mkfifo manifest
	"$FAMFS" creat --from manifest "$IMG" >"$OUT" 2>"$ERR" &
	pid=$!
	exec 7>manifest
	kill -TERM $pid
	exec 7>&-
	status=0
	wait $pid || status=$?
	is $status 143
	clean
	is "$(names)" ""
}

asleep() { # PID
	read -ra stat_of <"/proc/$1/stat" && [ "${stat_of[1]} ${stat_of[2]}" = "(famfs) S" ]
}

# For shells, what runs beside them is not to be interrupted.
@test "interrupted while it waits for the other end of a pipe: one line, 130" {
	env --default-signal=INT true 2>/dev/null || skip "env cannot set signals"
	new_image 64M
	local pid command
	mkfifo pipe
	while read -r command; do
		# shellcheck disable=SC2086 # words
		env --default-signal=INT "$FAMFS" ${command//IMG/"$IMG"} >"$OUT" 2>"$ERR" </dev/null &
		pid=$!
		await asleep $pid
		kill -INT $pid
		status=0
		wait $pid || status=$?
		is "$status" 130 "exit of $command"
		is "$(<"$OUT")" ""
		one_error ': cancelled$'
	done <<-'END'
		image show pipe
		image restore --force pipe IMG
		image dump IMG pipe
		creat --from pipe IMG
		verify --manifest pipe IMG
		fmap check pipe
	END
	clean
}

@test "an option that is to name a file or a device, and does not" {
	requires jq
	refused 2 '--from: names no file' creat --from '' "$IMG"
	refused 2 '-o: names no file' fmap dump --format=raw -o '' "$IMG:/a"
	refused 2 '-o: names no file' verify --make-manifest -o '' "$IMG"
	refused 2 '-d: names no device' ls -d '' :/
	refused 2 '--device: names no device' --device= ls :/
	refused 2 '--daxdev: names no device' mkfs --size 64M --daxdev '' "$IMG"
	[ ! -e "$IMG" ]
	# Of every command.
	local words option arg checked=0
	"$FAMFS" __commands | jq -r '.commands[] | "\(.group // "") \(.name)" as $words | .options[] |
		select(.arg | IN("FILE", "SUMS", "MANIFEST", "DEVICE", "NAME")) |
		"\($words)\t--\(.long)\t\(.arg)"' >options
	while IFS=$'\t' read -r words option arg; do
		[[ $arg = DEVICE || $arg = NAME ]] && arg="device" || arg="file"
		# shellcheck disable=SC2086 # two words
		refused 2,16 " $option: names no $arg" $words "$option="
		checked=$((checked + 1))
	done <options
	[ $checked -ge 8 ] || fail "only $checked options"
}

# What is loaded when it runs, besides what it is linked with.
loaded() { # ARGUMENT...
	rm -f loads.*
	LD_DEBUG=files LD_DEBUG_OUTPUT=loads run_famfs 0 "$@"
	cat loads.* 2>/dev/null | grep -oE 'calling init: .*' | sed 's|.*/||; s|\.so.*||' | sort -u
}

@test "what only some commands need is loaded by those alone" {
	new_image 64M
	run_famfs 0 creat -q -s 4M "$IMG:/a"
	run_famfs 0 creat -q -s 1 --randomize --seed 1 "$IMG:/c"
	has "$(loaded stat "$IMG:/a")" 'libuuid' || skip "this linker does not say what it loads"
	local command
	while read -r command; do
		# shellcheck disable=SC2086 # words
		hasnt "$(loaded ${command//IMG/"$IMG"})" \
			'libarchive|libcrypto|libyaml|libndctl|libdaxctl|libblkid|libsmartcols'
	done <<-'END'
		ls IMG
		stat IMG:/a
		check IMG
		creat -q -s 2M -N 2 IMG:/b
		mkdir -q IMG:/d
		cat IMG:/a
		verify --seed 1 IMG:/c
		fmap dump IMG:/a
	END
}
