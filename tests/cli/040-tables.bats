#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Tables: aligned, as wide as the terminal, and with the columns that are asked for.
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers set them, in each test anew

load helpers

filled() {
	run_famfs 0 mkfs --size 256M "$IMG"
	run_famfs 0 mkdir "$IMG:/dir"
	run_famfs 0 creat -s 4M "$IMG:/one" "$IMG:/dir/größer" "$IMG:/dir/両"
	run_famfs 0 creat -s 16M -N 4 -B 4 -C 2M "$IMG:/many"
	run_famfs 0 image dump "$IMG" "$BATS_TEST_TMPDIR/t.fmi"
}

# Each command line that prints tables, and the columns that they have together.
tables() {
	cat <<-END
		df $IMG|DEVICE,SIZE,USED,FREE,LARGEST,FILES,DIRS,LOG,ROLE,UUID
		ls $IMG|MODE,UID,GID,SIZE,LAYOUT,NAME
		list $IMG|DEVICE,SIZE,ALIGN,MODE,NODE,ERRORS,USER,HOLDS
		log show $IMG|ENTRY,TYPE,MODE,UID,GID,SIZE,LAYOUT,PATH
		log follow --since 0 --count 2 $IMG|ENTRY,TYPE,MODE,UID,GID,SIZE,LAYOUT,PATH
		image show $BATS_TEST_TMPDIR/t.fmi|OFFSET,LENGTH,PACKED,WHAT
		interleave plan -s 64M -N 4 -B 4 -C 2M $IMG|STRIP,BUCKET,DEVICE-OFFSET,LENGTH,USED
		interleave plan -s 64M --contiguous $IMG|EXTENT,DEVICE-OFFSET,LENGTH,USED
		interleave show $IMG:/many|STRIP,DEVICE-OFFSET,LENGTH,CHUNKS,USED,SLACK
		interleave show $IMG:/one|EXTENT,DEVICE-OFFSET,LENGTH,USED,SLACK
		interleave show $IMG:/many 0+4M|OFFSET,CHUNK,STRIP,DEVICE-OFFSET,LENGTH
		fmap resolve $IMG:/many 0+4M|FILE-OFFSET,DEVICE,OFFSET,LENGTH,PLACE
		fmap resolve --reverse $IMG 0+64M|OFFSET,LENGTH,KIND,FILE,FILE-OFFSET,PLACE
	END
}

# The row, and with labels the line above it, is of this column alone.
column_alone() { # COLUMN COMMAND...
	local words
	run_famfs 0 "${@:2}" -o "$1"
	words=${1//-/ }
	case $2 in
	ls) [ "$(wc -l <"$OUT")" -ge 3 ] || fail "$*: rows are missing" ;;
	log) [ "$3" = follow ] || grep -qx "$words *" "$OUT" || fail "$*: no column $words" ;;
	*) grep -Eqx -- " *$words *" "$OUT" || fail "$*: no column $words" ;;
	esac
}

@test "every column can be asked for by itself, in any case" {
	filled
	local line columns column words
	while IFS='|' read -r line columns; do
		read -ra words <<<"$line"
		for column in ${columns//,/ }; do
			column_alone "$column" "${words[@]}"
		done
		cp "$OUT" capitals
		run_famfs 0 "${words[@]}" -o "${column,,}"
		cmp "$OUT" capitals
	done < <(tables)
}

@test "--help lists the columns, the labels are the same, and completion offers them" {
	filled
	local line columns column words help
	while IFS='|' read -r line columns; do
		read -ra words <<<"$line"
		case $line in fmap* | inter* | log* | image*) words=("${words[@]:0:2}") ;; *) words=("${words[0]}") ;; esac
		run_famfs 0 "${words[@]}" --help
		help=$(sed -n '/^Columns: /,/^[EG]/p' "$OUT" | sed '$d; s/^Columns: //' | tr -d ' \n')
		for column in ${columns//,/ }; do
			has ",$help," ",$column,"
		done
	done < <(tables)
	run_famfs 0 df "$IMG"
	is "$(head -n 1 "$OUT" | tr -s ' ' ,)" DEVICE,SIZE,USED,FREE,LARGEST,FILES,DIRS,LOG,ROLE,UUID
	run_famfs 0 log show "$IMG"
	is "$(head -n 1 "$OUT" | tr -s ' ' ,)" ENTRY,TYPE,MODE,UID,GID,SIZE,LAYOUT,PATH
}

@test "columns come in the order that was asked for, more than once too" {
	filled
	run_famfs 0 ls "$IMG" -o name,size,Name
	is "$(sed -n 3p "$OUT")" "one    4194304  one"
	run_famfs 0 df -o free,device "$IMG"
	is "$(head -n 1 "$OUT" | tr -s ' ')" " FREE DEVICE"
}

@test "columns that there are not, and options that contradict, are refused" {
	filled
	run_famfs 2 df -o SIZ "$IMG"
	has "$stderr" 'columns SIZ: no such column; did you mean SIZE\?'
	run_famfs 2 df -o size,qqqqqq "$IMG"
	has "$stderr" 'no such column; there are DEVICE,SIZE,USED'
	[[ $stderr == *"--columns qqqqqq: "* ]] || fail "not as it was typed: $stderr"
	run_famfs 2 df -o '' "$IMG"
	has "$stderr" 'takes 1 to 16 names'
	run_famfs 2 df -o ,size "$IMG"
	has "$stderr" 'no such column'
	run_famfs 2 df -o '(UUID)' "$IMG"
	has "$stderr" 'no such column'
	run_famfs 2 df -o "$(yes size | head -n 17 | paste -sd,)" "$IMG"
	has "$stderr" 'takes 1 to 16 names'
	run_famfs 2 df -o size --json "$IMG"
	has "$stderr" '"--columns","message":"contradicts --json'
	run_famfs 2 list -o size --long "$IMG"
	has "$stderr" 'columns: contradicts --long'
	run_famfs 2 stat -o size "$IMG:/one"
	has "$stderr" 'unknown option'
}

@test "columns are aligned by what characters take on a terminal, in every locale" {
	filled
	local locale
	for locale in C C.UTF-8; do
		LC_ALL=$locale run_famfs 0 ls -R -o name,size "$IMG"
		is "$(sed -n 2p "$OUT")" "dir/größer   4194304"
		is "$(sed -n 3p "$OUT")" "dir/両       4194304"
		is "$(sed -n 4p "$OUT")" "many        16777216"
	done
}

# What a terminal of that width shows.
on_terminal() { # COLUMNS ARGUMENT...
	script -qec "stty cols $1; $(printf '%q ' "$FAMFS" "${@:2}")" /dev/null </dev/null | tr -d '\r'
}

@test "on a terminal df fits the line, sizes are for people and labels bold" {
	filled
	requires_terminal
	local wide narrow
	mv "$IMG" i
	wide=$(TERM=xterm on_terminal 200 df i)
	has "$wide" $'\e\\[1mDEVICE'
	has "$wide" '256.0M .*master +[0-9a-f]{8}-'
	narrow=$(NO_COLOR=1 on_terminal 72 df i)
	hasnt "$narrow" $'\e'
	hasnt "$narrow" UUID
	has "$narrow" ROLE
	is "$(awk 'length > 72' <<<"$narrow")" ""
	narrow=$(on_terminal 40 df --color=never i -o uuid,role)
	has "$narrow" '[0-9a-f]{12}  master'
}

@test "long listings keep their columns, whatever characters are in them" {
	filled
	local i big=$BATS_TEST_TMPDIR/big
	for i in {1..1200}; do echo "{\"path\":\"/f$i\",\"size\":4096}"; done >manifest
	run_famfs 0 mkfs --size 4G --loglen 16M --force "$big"
	run_famfs 0 creat -q --no-zero --from manifest "$big"
	# The widest come early, late and between, and characters are wider than others.
	run_famfs 0 creat -q --no-zero -s 128M -u 4294967294 "$big:/日本日本日本" "$big:/f600größe"
	run_famfs 0 mkdir "$big:/日"
	run_famfs 0 ls -l "$big"
	is "$(wc -l <"$OUT")" 1203
	is "$(awk '{ print index($0, $NF) }' "$OUT" | sort -u | wc -l)" 1
	run_famfs 0 log show -o path,size,type "$big"
	is "$(wc -l <"$OUT")" 1204
	# As they are on a terminal: two columns for each wide one.
	is "$(sed 's/[日本]/xx/g; s/[öß]/x/g; s/ [^ ]*$//' "$OUT" | awk '{ print length }' |
		sort -u)" 25
	is "$(grep -c ' $' "$OUT")" 0
}
