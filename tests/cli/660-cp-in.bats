#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cp into a famfs, and between two.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load helpers.bash

bytes() { # FILE BYTES: without a pattern that could hide a shift
	seq -f %09.0f "$(($2 / 10 + 1))" | head -c "$2" >"$1"
}

same() { # FILE PATH [IMAGE]
	run_shell 0 '"$1" cat "$2" | cmp - "$3"' "$FAMFS" "${3:-$IMG}:$2" "$1"
}

tree() {
	mkdir -p A/sub/deep A/empty_dir
	bytes A/one 3000000
	bytes A/sub/two 5
	bytes A/sub/deep/three 2097153
	chmod 0640 A/one
	chmod 0750 A/sub
}

@test "a file gets the name that is given, or its own in a directory" {
	new_image
	bytes f 2500001
	run_famfs 0 mkdir "$IMG:/d"
	run_famfs 0 cp f "$IMG:/g"
	is "$output$stderr" "" "output"
	run_famfs 0 cp f "$IMG:/d"
	run_famfs 0 cp f "$IMG:/"
	is "$(names)" "/d /d/f /f /g"
	same f /g
	same f /d/f
	same f /f
	clean
}

@test "a tree: below an existing directory, or as a new one" {
	new_image 64M
	tree
	run_famfs 0 cp -r A "$IMG:/"
	run_famfs 0 cp -r A/ "$IMG:/B"
	run_famfs 0 cp -r A/. "$IMG:/B"
	is "$(names)" "/A /A/empty_dir /A/one /A/sub /A/sub/deep /A/sub/deep/three /A/sub/two \
/B /B/empty_dir /B/one /B/sub /B/sub/deep /B/sub/deep/three /B/sub/two"
	same A/one /A/one
	same A/sub/two /B/sub/two
	same A/sub/deep/three /B/sub/deep/three
	clean
}

@test "modes: the source's less the umask, all with -p, -m wins" {
	new_image 32M
	tree
	chmod 2777 A/one
	umask 027
	run_famfs 0 cp A/one "$IMG:/plain"
	run_famfs 0 cp -p A/one "$IMG:/kept"
	run_famfs 0 cp -r -m 0644 -u 7 -g 8 A/sub "$IMG:/sub"
	run_famfs 0 ls -R --json "$IMG"
	json_is '[.entries[] | select(.path == "/plain" or .path == "/kept") | .mode] | join(" ")' \
		"2777 0750"
	json_is '[.entries[] | select(.path | startswith("/sub")) | "\(.mode) \(.uid) \(.gid)"]
		| unique | join(",")' "0644 7 8,0755 7 8"
}

@test "several sources need a directory" {
	new_image
	bytes a 10
	bytes b 10
	refused 1 'no directory' cp a b "$IMG:/x"
	run_famfs 0 mkdir "$IMG:/x"
	run_famfs 0 cp a b "$IMG:/x"
	is "$(names)" "/x /x/a /x/b"
	refused 1 '/y' cp a "$IMG:/y/"
	refused 1 '/no/such: no such' cp a "$IMG:/no/such/y"
}

@test "what one source brings, another does not replace" {
	new_image 32M
	mkdir a b
	bytes a/f 30
	printf %030d 7 >b/f
	run_famfs 1 cp a/f b/f "$IMG:/"
	one_error 'b/f: .*exists and differs'
	same a/f /f
	run_famfs 1 cp --overwrite --keep-going b/f a/f "$IMG:/"
	one_error 'a/f: would replace what b/f brings$'
	same b/f /f
	run_famfs 0 cp --overwrite a/f a/f "$IMG:/"
	same a/f /f
}

@test "without -r a directory is named, and the others are copied" {
	new_image 32M
	tree
	bytes f 10
	run_famfs 1 cp A f "$IMG:/"
	one_error '^famfs cp: A: .*-r'
	is "$(names)" "/f"
}

@test "links, special and empty files are named and skipped" {
	new_image 64M
	tree
	ln -s one A/link
	ln -s .. A/sub/up
	mkfifo A/fifo
	: >A/empty
	run_famfs 1 cp -r --json A "$IMG:/A"
	json_is '"\(.copied) \(.skipped) \(.failed) \(.bytes)"' "3 4 0 5097158"
	json_is '[.results[] | select(.status == "skipped") | .source] | sort | join(" ")' \
		"A/empty A/fifo A/link A/sub/up"
	json_error_is EINVAL EINVAL EINVAL EINVAL
	is "$(names)" "/A /A/empty_dir /A/one /A/sub /A/sub/deep /A/sub/deep/three /A/sub/two"
	rm A/sub/up A/fifo
	run_famfs 0 cp -r -L --empty=skip A "$IMG:/B"
	same A/one /B/link
	ln -s .. A/sub/up
	run_famfs 1 cp -r -L --empty=skip --keep-going A "$IMG:/C"
	one_error 'A/sub/up: .*loop'
	same A/one /C/one
	clean
}

@test "bytes in a file that tells no size are not taken for none" {
	new_image 32M
	[ ! -s /proc/self/limits ] || skip "no file of unknown size is here"
	refused 1 '/proc/self/limits: has bytes but tells no size' cp --empty=skip \
		/proc/self/limits "$IMG:/limits"
	cat /proc/sys/kernel/ostype >ostype
	run_shell 0 '"$1" cp - "$2" </proc/sys/kernel/ostype' "$FAMFS" "$IMG:/ostype"
	same ostype /ostype
	run_shell 1 '"$1" cp - "$2" <"$3"' "$FAMFS" "$IMG:/none" /dev/null
	one_error 'standard input: is empty'
	: >none
	run_shell 1 '"$1" cp - "$2" <none' "$FAMFS" "$IMG:/none"
	one_error 'standard input: is empty'
	is "$(names)" "/ostype"
}

@test "a second run skips what is the same and refuses what differs" {
	new_image 32M
	tree
	run_famfs 0 cp -r A "$IMG:/A"
	before=$(sum "$IMG")
	run_famfs 0 cp -r --json A/. "$IMG:/A"
	json_is '"\(.copied) \(.skipped) \(.failed)"' "0 3 0"
	unchanged "$before"
	bytes A/new 100
	printf X | dd of=A/one bs=1 seek=2999999 conv=notrunc status=none
	run_famfs 1 cp -r A/. "$IMG:/A"
	one_error 'A/\./one: .*differs'
	unchanged "$before"
	run_famfs 1 cp -r --keep-going A/. "$IMG:/A"
	one_error 'A/\./one: .*differs'
	same A/new /A/new
	run_famfs 0 cp -r --overwrite --json A/. "$IMG:/A"
	json_is '"\(.copied) \(.skipped) \(.failed)"' "1 3 0"
	same A/one /A/one
	bytes A/one 77
	run_famfs 1 cp --overwrite A/one "$IMG:/A"
	one_error '3000000 bytes, not 77'
	clean
}

@test "room is known before the first byte" {
	new_image 24M
	bytes a 5000000
	bytes b 9000000
	before=$(sum "$IMG")
	refused 1 'no space: 16777216 bytes .* 14680064 are free' cp a b "$IMG:/"
	unchanged "$before"
}

# Logs of 2 MiB have 3854 slots.
@test "a log without room for all: refused before anything is made" {
	local before
	new_image 32M -l 2M
	seq -f "$IMG:/d%g" 3852 | xargs "$FAMFS" mkdir
	mkdir A
	bytes A/a 10
	bytes A/b 10
	before=$(sum "$IMG")
	refused 1 'dev.img: the log is full: 3 entries wanted, 2 are free' cp -r A "$IMG:/A"
	refused 1 'dev.img: the log is full: 3 entries wanted, 2 are free' \
		cp -r --keep-going A "$IMG:/A"
	unchanged "$before"
	run_famfs 0 cp A/a A/b "$IMG:/"
	before=$(sum "$IMG")
	refused 1 'dev.img: the log is full: 1 entry wanted, 0 are free; .*--loglen' cp A/a "$IMG:/c"
	run_shell 1 'cat A/a | "$@"' "$FAMFS" cp - "$IMG:/c"
	one_error 'dev.img: the log is full'
	refused 1 'the log is full' cp "$IMG:/a" "$IMG:/c"
	unchanged "$before"
	# What is there needs no entry.
	run_famfs 0 cp A/a A/b "$IMG:/"
	clean
}

@test "standard input, of known and of unknown size" {
	new_image 32M
	bytes f 2500001
	run_shell 0 'cat f | "$@"' "$FAMFS" cp - "$IMG:/spooled"
	run_shell 0 'cat f | "$@"' "$FAMFS" cp --size 2500001 - "$IMG:/streamed"
	run_shell 0 '"$@" <f' "$FAMFS" cp - "$IMG:/file"
	run_shell 0 '(head -c 1 >/dev/null; "$@") <f' "$FAMFS" cp - "$IMG:/rest"
	same f /spooled
	same f /streamed
	same f /file
	run_shell 1 'cat f | "$@"' "$FAMFS" cp --size 2500000 - "$IMG:/short"
	one_error 'more than the 2500000 bytes expected$'
	run_shell 1 'cat f | "$@"' "$FAMFS" cp --size 2500002 - "$IMG:/long"
	one_error 'standard input: has 2500001 bytes, not 2500002$'
	run_shell 1 ': | "$@"' "$FAMFS" cp - "$IMG:/none"
	one_error 'empty'
	run_shell 1 '"$@" <&-' "$FAMFS" cp - "$IMG:/none"
	one_error 'standard input: cannot be read: Bad file descriptor$'
	run_famfs 0 ls "$IMG"
	is "$output" $'file\nrest\nspooled\nstreamed'
	run_shell 0 'cat f | "$@"' "$FAMFS" cp --size 2500001 - "$IMG:/streamed"
	run_shell 1 'tac f | "$@"' "$FAMFS" cp --size 2500001 - "$IMG:/streamed"
	one_error 'differs'
	run_shell 1 '(head -c 1 >/dev/null; "$@") <f' "$FAMFS" cp --size 2500001 - "$IMG:/off"
	one_error 'has [0-9]+ bytes, not 2500001'
	clean
}

@test "cancelled before its end, standard input is not taken for the same" {
	new_image 32M
	run_shell 0 'printf abc | "$@"' "$FAMFS" cp - "$IMG:/f"
	mkfifo pipe
	exec 7<>pipe
	printf abc >&7
	"$FAMFS" -v cp --size 3 - "$IMG:/f" <pipe >"$OUT" 2>"$ERR" 7>&- &
	local pid=$! rc=0
	while read -r -t 0 -u 7; do sleep 0.01; done
	kill -TERM $pid
	wait $pid || rc=$?
	exec 7>&-
	is $rc 143
	hasnt "$(cat "$OUT" "$ERR")" 'is the same'
}

@test "a source that is shorter than it says is not made" {
	local file=/sys/kernel/mm/transparent_hugepage/enabled
	[ -r $file ] || skip "$file is not there"
	new_image
	bytes f 10
	run_famfs 1 cp --keep-going $file f "$IMG:/"
	one_error "$file: .*shorter"
	is "$(names)" "/f"
	clean
}

@test "what cannot be read stops the rest, or does not with --keep-going" {
	new_image 32M
	tree
	chmod 0 A/one
	run_bound 1 "$FAMFS" cp -r --json A "$IMG:/A"
	json_is '"\(.copied + .not_begun) \(.failed)"' "2 1"
	run_bound 1 "$FAMFS" cp -r --keep-going A "$IMG:/B"
	one_error 'A/one: permission denied'
	same A/sub/deep/three /B/sub/deep/three
	refused 1 'gone: no such file' cp gone A/sub/two "$IMG:/"
	run_famfs 1 cp A/sub/two gone A/sub/deep/three "$IMG:/B"
	one_error 'gone: no such file or directory; --keep-going copies the others$'
	run_famfs 1 cp --keep-going gone A/sub/two "$IMG:/"
	same A/sub/two /two
	clean
}

@test "names that cannot be recorded are named with their source" {
	new_image 32M
	mkdir -p A
	bytes A/ok 10
	bytes A/$'new\nline' 10
	bytes A/"$(printf 'x%.0s' {1..90})" 10
	run_famfs 1 cp -r --keep-going A "$IMG:/A"
	is "$(wc -l <"$ERR")" 2 "lines of error"
	has "$(<"$ERR")" 'A/new\\nline: '
	has "$(<"$ERR")" 'A/x{90}: '
	is "$(names)" "/A /A/ok"
}

@test "a layout for all files" {
	new_image 128M
	tree
	bytes A/big 9000000
	run_famfs 0 cp -r -N 3 -B 4 -C 2M A "$IMG:/A"
	run_famfs 0 ls -R --json "$IMG"
	json_is '[.entries[] | select(.ext_type == "interleaved") | .path] | sort | join(" ")' \
		"/A/big /A/one /A/sub/deep/three"
	same A/big /A/big
	same A/sub/two /A/sub/two
	clean
}

@test "between two devices, and within one" {
	new_image 64M
	run_famfs 0 mkfs -q --size 64M two.img
	tree
	run_famfs 0 cp -r -p A "$IMG:/A"
	run_famfs 0 cp -r -p "$IMG:/A" two.img:/
	run_famfs 0 cp -r -N 2 "$IMG:/A" "$IMG:/B"
	same A/sub/deep/three /A/sub/deep/three two.img
	same A/one /B/one
	run_famfs 0 cp -r "$IMG:/" two.img:/all
	same A/one /all/B/one two.img
	refused 1 'itself' cp "$IMG:/A/one" "$IMG:/A/one"
	refused 1 'into itself' cp -r "$IMG:/A" "$IMG:/A"
	refused 1 'into itself' cp -r "$IMG:/" "$IMG:/A/x"
	ln dev.img alias.img
	refused 1 'itself' cp "$IMG:/A/one" "alias.img:/A/one"
	clean
	clean two.img
}

@test "usage" {
	new_image
	bytes f 10
	refused 2 'is local' cp f g
	refused 2 'is local' cp f "$IMG"
	refused 2 'once only' cp - - "$IMG:/x"
	refused 2 '--size' cp --size 4 f "$IMG:/x"
	refused 2 '--sparse' cp --sparse f "$IMG:/x"
	refused 2 '--contiguous' cp --contiguous -N 2 f "$IMG:/x"
	refused 2 '--empty' cp --empty=keep f "$IMG:/x"
	refused 1 'image that is copied to' cp "$IMG" "$IMG:/x"
}

@test "a dry run writes nothing" {
	new_image 32M
	tree
	before=$(sum "$IMG")
	run_famfs 0 cp -r -n A "$IMG:/A"
	has "$output" "would copy A/sub/deep/three to $IMG:/A/sub/deep/three"
	unchanged "$before"
}

# A copy that waits for its bytes, in the background: `copier` is its process.
begin_copy() { # PATH
	mkfifo pipe
	exec 9<>pipe
	"$FAMFS" cp --size 9000000 - "$IMG:$1" <pipe >"$OUT" 2>"$ERR" &
	copier=$!
	head -c 1000000 /dev/zero >&9
}

end_copy() { # RC
	status=0
	wait "$copier" || status=$?
	exec 9>&-
	is "$status" "$1" "exit code"
	stderr=$(<"$ERR")
}

@test "a copy that is killed leaves no file, and others can append meanwhile" {
	local signal free
	new_image 64M
	run_famfs 0 df --json "$IMG"
	free=$(json '.filesystems[0].free')
	for signal in TERM:143 KILL:137; do
		begin_copy "/x"
		run_famfs 0 creat -s 2M "$IMG:/other-${signal%:*}"
		kill "-${signal%:*}" "$copier"
		end_copy "${signal#*:}"
		rm pipe
		clean
	done
	is "$(names)" "/other-KILL /other-TERM"
	run_famfs 0 df --json "$IMG"
	json_is '.filesystems[0].free' $((free - 2 * AU))
}
