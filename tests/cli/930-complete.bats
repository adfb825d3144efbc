#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Completion: what the program offers, and what bash, zsh and fish make of it.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154 # dollars of names; helpers' variables

load helpers

COMPLETIONS=$BATS_TEST_DIRNAME/../../completions

fixture() {
	"$FAMFS" mkfs -q --size 24M fs.img
	"$FAMFS" mkdir -q fs.img:/data fs.img:/data/deep
	"$FAMFS" creat -q -s 4k --no-zero fs.img:/data/model fs.img:/data/module fs.img:/one \
		"fs.img:/two words" 'fs.img:/do$lar'
	mkdir bin "my dir"
	cp fs.img "my dir/fs.img"
	ln -s "$FAMFS" bin/famfs
	PATH=$PWD/bin:$PATH
}

# The words that may come; the first line of the answer is in $kind.
offers() { # WORD...
	run_famfs 0 __complete -- "$@"
	is "$stderr" ""
	kind=$(head -n 1 "$OUT")
	words=$(tail -n +2 "$OUT" | cut -f1)
}

offers_only() { # EXPECTED WORD...
	offers "${@:2}"
	is "$words" "$1" "what may come behind: ${*:2}"
}

@test "commands, groups and their commands" {
	offers ""
	has "$words" 'mkfs'
	has "$words" 'interleave'
	hasnt "$words" '__'
	offers_only $'mkfs\nmkdir' mk
	offers_only fmap fma
	offers_only $'dump\nrestore\nshow' image ""
	offers_only show image s
	offers_only "" nonsense ""
	offers_only "" image nonsense ""
	offers_only "" image show more words:/ ""
}

@test "options of the command, and the global ones that it takes" {
	offers_only $'--loglen' mkfs --lo
	offers_only $'--size\n--sync\n--set-mode' mkfs --s
	offers_only '--set-mode' ls --s
	offers_only '' list --s
	offers_only "" cat --json
	offers_only "--json" ls --js
	offers_only "--json" --js
	offers_only "" ls --dry
	offers_only "--bytes" -q --color never ls --b
	offers_only "" ls -- --b
	offers mkfs -
	has "$words" '--force'
	hasnt "$words" $'\n-V'
}

@test "values of options, behind them and behind an equal sign" {
	offers_only $'text\njson\nhex\nraw' fmap dump --format ""
	offers_only $'--format=raw' fmap dump --format=r
	offers_only $'v1\nv2' fmap dump --wire v
	offers_only $'v7\nv10' fmap check --kernel ""
	offers_only $'auto\nascii\nunicode' interleave map --charset ""
	offers_only $'auto\nalways\nnever' --color ""
	offers_only always --progress al
	offers_only skip cp --empty ""
	offers_only $'LARGEST\nLOG' df -o l
	offers_only size,USED df -o size,us
	offers_only "" creat -s ""
	is "$kind" none
	offers creat --from ""
	is "$kind" files
	offers fmap check --against=""
	is "$kind" files
}

@test "each value that is offered is taken" {
	fixture
	local option value cmd words tried=0
	"$FAMFS" fmap dump --format raw -o a.fmap fs.img:/one
	while read -r option value; do
		case $option in
		--format) run_famfs 0 fmap dump --format "$value" fs.img:/one ;;
		--wire) run_famfs 0 fmap dump --wire "$value" fs.img:/one ;;
		--kernel) run_famfs 0 fmap check --kernel "$value" a.fmap ;;
		--charset) run_famfs 0 interleave map --charset "$value" fs.img ;;
		--color | --progress) run_famfs 0 "$option" "$value" ls fs.img ;;
		--columns) has ",$("$FAMFS" __commands | jq -r '[.commands[].columns // ""] | join(",")')," ",$value," ;;
		--empty) run_famfs 0 cp "--empty=$value" fs.img:/one copy ;;
		*) fail "$option is not tried" ;;
		esac
		tried=$((tried + 1))
	done < <(
		"$FAMFS" __commands | jq -r '(.commands[] | "\(.group // "") \(.name)" as $cmd
				| .options[] | select(.arg) | "--\(.long) \($cmd)"),
			(.global_options[] | select(.arg) | "--\(.long) ls")' |
			while read -ra words; do
				"$FAMFS" __complete -- "${words[@]:1}" "${words[0]}" "" |
					tail -n +2 | cut -f1 | grep -v / | sed "s/^/${words[0]} /"
			done
	)
	[ "$tried" -ge 17 ] || fail "only $tried values"
}

@test "paths inside of a file system" {
	fixture
	offers_only $'fs.img:/data/\nfs.img:/one\nfs.img:/two words\nfs.img:/do$lar' ls fs.img:/
	is "$kind" none
	offers_only $'fs.img:/data/deep/\nfs.img:/data/model\nfs.img:/data/module' cat fs.img:/data/
	offers_only "fs.img:/data/model" stat fs.img:/data/mode
	offers_only "fs.img:/data/" stat fs.img:/data
	offers_only ":/one" -d fs.img ls :/o
	offers_only ":/one" ls -dfs.img :/o
	offers_only ":/one" ls --device=fs.img -l :/o
	FAMFS_DEVICE=fs.img offers_only ":/one" ls :/o
	offers_only "fs.img:/one" cp here fs.img:/o
	offers_only "fs.img:/" ls fs.img
	is "$kind" files
	offers_only "" df fs.img:/o
	offers_only "" image show fs.img:/o
	offers_only "" ls ./fs.img:/o
}

@test "what cannot be read is no candidate, and no complaint" {
	fixture
	offers_only "" ls nothing:/
	offers_only "" ls :/
	offers_only "" ls fs.img:/nothing/
	offers_only "" ls fs.img:/one/
	offers_only "" ls fs.img:/../
	offers_only "" ls /dev/null:/
	IMG=fs.img poke 0 8 1
	offers_only "" ls fs.img:/
	mkfifo pipe
	offers_only "" ls pipe:/
	run_famfs 2 __complete
}

@test "names that no shell could give back are not offered" {
	fixture
	IMG=$PWD/fs.img
	poke_text "$(entry_at 4 40)" '\nne'
	seal_entry 4
	offers_only $'fs.img:/data/\nfs.img:/two words\nfs.img:/do$lar' ls fs.img:/
}

# ---------------------------------------------------------------------- bash

# An interactive bash on a terminal. Control-G notes the line and clears it; a line that is entered
# notes what the program would have got.
start_bash() {
	requires_terminal
	cat >rc <<-'END'
		source "$COMPLETIONS/famfs.bash"
		bind 'set show-all-if-ambiguous on'
		bind 'set completion-display-width 0'
		bind 'set enable-bracketed-paste off'
		note() { printf '%s\n' "$@" >noted.new && mv noted.new noted; }
		note_line() { note "$READLINE_LINE" && READLINE_LINE= READLINE_POINT=0; }
		famfs() { note "$@"; }
		bind -x '"\C-g": note_line'
		PS1='> ' HISTFILE= TMOUT=60
		note ready
	END
	mkfifo keys
	rm -f noted
	COMPLETIONS=$COMPLETIONS LC_ALL=C.UTF-8 TERM=dumb INPUTRC=/dev/null HOME=$PWD/home \
		script -qefc "bash --noprofile --rcfile rc -i" typescript \
		<keys >/dev/null 2>&1 3>&- &
	exec 7>keys
	press ""
}

stop_bash() {
	exec 7>&-
	wait
	rm keys
}

press() { # KEYS: what bash then notes is in $noted
	local i
	[ -z "$1" ] || printf %s "$1" >&7
	for ((i = 0; i < 6000; i++)); do
		[ ! -e noted ] || break
		sleep 0.01
	done
	[ -e noted ] || fail "bash did not answer: $1" "$(<typescript)"
	noted=$(<noted)
	rm noted
}

# What a line and a tab become, and what bash shows of several candidates.
bash_types() { # LINE EXPECTED [SHOWN]
	local before
	before=$(stat -c %s typescript)
	press "$1"$'\t\a'
	is "$noted" "$2" "what becomes of $1"
	[ $# -lt 3 ] || is "$(tail -c "+$((before + 1))" typescript | tr -d '\r' |
		sed '1d; /^> /,$d' | sort)" "$3" "what is shown for $1"
}

# Names that a shell must quote.
odd_fixture() {
	fixture
	mkdir home "home/a dir"
	touch home/zeta "home/z z"
	"$FAMFS" mkfs -q --size 96M odd.img
	"$FAMFS" mkdir -q odd.img:/models "odd.img:/sp dir" odd.img:/empty odd.img:/one
	ODD=('back\slash' 'bert' 'a=b' 'e:f' '$var' '*star' 'ünï cö' 'g!h!i' 'x"y' "d'd" 'c,d'
		'#hash' '~tilde' '`tick`' '{x,y}' '?[q]' '-dash' 'k&l;m|n' 'o>p<(q)' back\\)
	"$FAMFS" creat -q -s 4k --no-zero "${ODD[@]/#/odd.img:/models/}" "odd.img:/sp dir/it's" \
		odd.img:/tmp odd.img:/one/only
	cp odd.img home/h.img
	cp odd.img "ö d.img"
}

@test "bash: commands, options, values, files and paths inside" {
	fixture
	start_bash
	bash_types "famfs mkf" "famfs mkfs "
	bash_types "famfs image " "famfs image " $'dump\nrestore\nshow'
	bash_types "famfs mkfs --logl" "famfs mkfs --loglen "
	bash_types "famfs fmap dump --format=r" "famfs fmap dump --format=raw "
	bash_types "famfs fmap dump --format r" "famfs fmap dump --format raw "
	bash_types 'famfs fmap dump "--format=r' 'famfs fmap dump "--format=raw" '
	bash_types "famfs df -o size,lo" "famfs df -o size,LOG "
	bash_types "famfs df -o size,l" "famfs df -o size,L" $'size,LARGEST\nsize,LOG'
	bash_types "famfs ls fs.img:/data/mo" "famfs ls fs.img:/data/mod" $'model\nmodule'
	bash_types "famfs ls fs.img:/tw" 'famfs ls fs.img:/two\ words '
	bash_types "famfs ls fs.img:/do" 'famfs ls fs.img:/do\$lar '
	bash_types 'famfs ls my\ dir/fs.img:/one' 'famfs ls my\ dir/fs.img:/one '
	bash_types "famfs -d fs.img ls :/o" "famfs -d fs.img ls :/one "
	bash_types "famfs --device=fs.img ls :/o" "famfs --device=fs.img ls :/one "
	bash_types "famfs df fs" "famfs df fs.img "
	bash_types "famfs ls nothing:/" "famfs ls nothing:/" ""
	bash_types "mkfs.famfs --logl" "mkfs.famfs --loglen "
	bash_types "fsck.famfs --pre" "fsck.famfs --preen "
	bash_types " : ü; A=b famfs ls fs.img:/o" " : ü; A=b famfs ls fs.img:/one "
	bash_types "famfs cat fs.img:/one >fs" "famfs cat fs.img:/one >fs.img "
	stop_bash
}

@test "bash: files of this host, in quotes and at home" {
	odd_fixture
	start_bash
	bash_types "famfs ls my" 'famfs ls my\ dir/'
	bash_types 'famfs ls my\ dir/f' 'famfs ls my\ dir/fs.img '
	bash_types 'famfs ls my\ dir/fs.img' 'famfs ls my\ dir/fs.img' $'fs.img\nfs.img:/'
	bash_types "famfs ls 'my dir/fs.img" "famfs ls 'my dir/fs.img" $'fs.img\nfs.img:/'
	bash_types "famfs ls ~/z" "famfs ls ~/z" $'z z\nzeta'
	bash_types "famfs ls ~/z\\ " "famfs ls ~/z\\ z "
	bash_types "famfs ls ~/a" "famfs ls ~/a\\ dir/"
	bash_types "famfs ls ~/h.img" "famfs ls ~/h.img" $'h.img\nh.img:/'
	bash_types "famfs ls ~/h.img:/mo" "famfs ls ~/h.img:/models/"
	bash_types "famfs -d ~/h.img ls :/mo" "famfs -d ~/h.img ls :/models/"
	bash_types 'famfs ls \~/h.img:/mo' 'famfs ls \~/h.img:/mo'
	bash_types "famfs creat --from=home/ze" "famfs creat --from=home/zeta "
	bash_types "famfs --device=od" "famfs --device=odd.img "
	bash_types "famfs interleave map --svg=my" 'famfs interleave map --svg=my\ dir/'
	bash_types 'famfs creat "--from=home/ze' 'famfs creat "--from=home/zeta" '
	stop_bash
}

@test "bash: words that are not cut at colons and equal signs" {
	odd_fixture
	start_bash
	press $'COMP_WORDBREAKS=${COMP_WORDBREAKS//[:=]}; note\n'
	bash_types "famfs ls odd.img:/sp" 'famfs ls odd.img:/sp\ dir/'
	bash_types "famfs ls ~/h.img:/sp" 'famfs ls ~/h.img:/sp\ dir/'
	bash_types "famfs fmap dump --format=r" "famfs fmap dump --format=raw "
	bash_types "famfs creat --from=home/ze" 'famfs creat --from=home/zeta '
	bash_types "famfs ls odd.img:/models/d" "famfs ls odd.img:/models/d\\'d "
	stop_bash
}

@test "bash: what is typed stays, in whichever quotes" {
	odd_fixture
	start_bash
	bash_types 'famfs ls "odd.img:/sp dir/it' "famfs ls \"odd.img:/sp dir/it's\" "
	bash_types "famfs ls 'odd.img:/sp dir/it" "famfs ls 'odd.img:/sp dir/it'\\''s' "
	bash_types 'famfs ls odd.img:/sp\ dir/it' "famfs ls odd.img:/sp\\ dir/it\\'s "
	bash_types "famfs ls odd.img:/sp" 'famfs ls odd.img:/sp\ dir/'
	bash_types "famfs ls 'odd.img:/models/b" "famfs ls 'odd.img:/models/b" \
		$'back\\\nback\\slash\nbert'
	bash_types 'famfs ls odd.img:/models/a\=' 'famfs ls odd.img:/models/a=b '
	bash_types 'famfs ls odd.img:/models/e\:' 'famfs ls odd.img:/models/e:f '
	bash_types "famfs ls odd.img:/models/c" "famfs ls odd.img:/models/c,d "
	bash_types 'famfs ls "odd.img":/em' 'famfs ls "odd.img":/empty/'
	bash_types 'famfs ls "odd.img:"/em' 'famfs ls odd.img:/empty/'
	bash_types 'famfs ls odd.img:/"em' 'famfs ls odd.img:/"empty/"'
	bash_types 'famfs ls ö\ d.img:/models/ü' 'famfs ls ö\ d.img:/models/ünï\ cö '
	bash_types 'famfs ls "ö d.img:/em' 'famfs ls "ö d.img:/empty/"'
	bash_types 'famfs ls "odd.img:/nothing' 'famfs ls "odd.img:/nothing' ""
	# What is in a directory comes along, for the quote to stay open; /tmp of this host has no say.
	bash_types "famfs ls 'odd.img:/on" "famfs ls 'odd.img:/one/" $'one/\nonly'
	bash_types "famfs ls odd.img:/tm" "famfs ls odd.img:/tmp "
	bash_types $'famfs ls odd.img:/em ö\cb\cb' "famfs ls odd.img:/empty/ ö"
	stop_bash
}

@test "bash: each name is completed to itself, in whichever quotes" {
	odd_fixture
	local name typed
	start_bash
	for name in "${ODD[@]}"; do
		# The last letter is for bash to find.
		typed=${name:0:-1}
		[ "$typed" != back ] || continue # is more than one
		press "famfs ls odd.img:/models/$(printf %q "$typed")"$'\t\n'
		is "$noted" "ls"$'\n'"odd.img:/models/$name"
		press "famfs ls 'odd.img:/models/${typed//\'/\'\\\'\'}"$'\t\n'
		is "$noted" "ls"$'\n'"odd.img:/models/$name"
		# An exclamation mark is for bash to bring: none can be typed in double quotes.
		typed=$(sed 's/[\\"$`]/\\&/g; s/!.*//' <<<"$typed")
		press "famfs ls \"odd.img:/models/$typed"$'\t\n'
		is "$noted" "ls"$'\n'"odd.img:/models/$name"
	done
	stop_bash
}

@test "bash: of many names, none is touched by itself" {
	fixture
	run_program 0 bash -c 'compopt() { :; }
		source "$1"
		famfs() { :; }
		command() { echo none; seq -f "fs.img:/a name %.0f	file" 15000; }
		set -T
		trap "((steps++))" DEBUG
		COMP_LINE="famfs ls fs.img:/" COMP_POINT=17
		_famfs famfs / :
		trap - DEBUG
		((steps < 200)) || echo "$steps steps"
		echo "${#COMPREPLY[@]} ${COMPREPLY[*]: -1}"' - "$COMPLETIONS/famfs.bash"
	is "$output" "15000 /a name 15000"
}

# ----------------------------------------------------------------------- zsh

# Types a line and a tab into a zsh: what it then has, and all that it was offered.
zsh_types() { # LINE
	requires zsh
	requires_terminal
	cat >driver.zsh <<-'END'
		zmodload zsh/zpty
		zpty shell "LC_ALL=C.UTF-8 TERM=dumb zsh -f"
		say() { zpty -w shell "$1"; }
		say "PS1= fpath=(${(q)1} \$fpath); autoload -Uz compinit; compinit -D -u"
		say 'compadd() {
			local -a all
			builtin compadd -O all "$@" 2>/dev/null
			print -rl -- $all >>offered
			builtin compadd "$@"
		}'
		say 'typed() {
			zle complete-word
			print -r -- "$BUFFER" >buffer.new
			mv buffer.new buffer
			zle .kill-whole-line
		}'
		say 'zle -N typed; bindkey "^I" typed; touch ready'
		for ((i = 0; i < 1200; i++)); do [[ -e ready ]] && break; sleep 0.05; done
		zpty -w -n shell "$2"$'\t'
		for ((i = 0; i < 1200; i++)); do [[ -e buffer ]] && break; sleep 0.05; done
		zpty -d shell
	END
	rm -f ready buffer offered
	run_program 0 zsh -f driver.zsh "$COMPLETIONS" "$1"
	[ -e buffer ] || fail "zsh did not answer: $output"
	is "$(<buffer)" "$2"
}

@test "zsh: commands, options, values, files and paths inside" {
	fixture
	zsh_types "famfs mkf" "famfs mkfs "
	zsh_types "famfs image du" "famfs image dump "
	zsh_types "famfs mkfs --logl" "famfs mkfs --loglen "
	zsh_types "famfs fmap dump --format=r" "famfs fmap dump --format=raw "
	zsh_types "famfs ls fs.img:/da" "famfs ls fs.img:/data/"
	zsh_types "famfs ls fs.img:/data/mo" "famfs ls fs.img:/data/mod"
	is "$(sort -u offered | grep .)" $'fs.img:/data/model\nfs.img:/data/module'
	zsh_types "famfs ls fs.img:/tw" 'famfs ls fs.img:/two\ words '
	zsh_types 'famfs ls my\ dir/fs.img:/one' 'famfs ls my\ dir/fs.img:/one '
	zsh_types "famfs -d fs.img ls :/o" "famfs -d fs.img ls :/one "
	zsh_types "famfs df fs" "famfs df fs.img "
	zsh_types "famfs ls nothing:/" "famfs ls nothing:/"
	zsh_types "fsck.famfs --pre" "fsck.famfs --preen "
	zsh_types "famfs df -o size,lo" "famfs df -o size,LOG "
}

@test "zsh: quotes, and what is at home" {
	odd_fixture
	export HOME=$PWD/home
	zsh_types "famfs ls ~/h.img:/mo" "famfs ls ~/h.img:/models/"
	zsh_types "famfs ls ~/h.img:/sp" 'famfs ls ~/h.img:/sp\ dir/'
	zsh_types "famfs ls ~/h.img" "famfs ls ~/h.img"
	is "$(sort -u offered | grep .)" $'h.img\nh.img:/'
	zsh_types "famfs -d ~/h.img ls :/mo" "famfs -d ~/h.img ls :/models/"
	zsh_types "famfs ls ~/ze" "famfs ls ~/zeta "
	zsh_types "famfs creat --from=home/ze" "famfs creat --from=home/zeta "
	zsh_types 'famfs ls "odd.img:/sp dir/it' "famfs ls \"odd.img:/sp dir/it's\" "
	zsh_types "famfs ls 'odd.img:/sp dir/it" "famfs ls 'odd.img:/sp dir/it'\\''s' "
	zsh_types 'famfs ls odd.img:/models/\*' 'famfs ls odd.img:/models/\*star '
}

# ---------------------------------------------------------------------- fish

fish_offers() { # LINE
	requires fish
	run_program 0 fish --no-config -c 'source $argv[1]/famfs.fish; complete -C $argv[2]' \
		"$COMPLETIONS" "$1"
	is "$stderr" ""
	output=$(cut -f1 <<<"$output")
}

@test "fish: commands, options, values, files and paths inside" {
	fixture
	fish_offers "famfs mkf"
	is "$output" mkfs
	fish_offers "famfs image "
	is "$output" $'dump\nrestore\nshow'
	fish_offers "famfs mkfs --logl"
	is "$output" --loglen
	fish_offers "famfs fmap dump --format=r"
	is "$output" --format=raw
	fish_offers "famfs ls fs.img:/data/mo"
	is "$output" $'fs.img:/data/model\nfs.img:/data/module'
	fish_offers "famfs ls fs.img:/tw"
	is "$output" 'fs.img:/two words'
	fish_offers 'famfs ls my\ dir/fs.img:/one'
	is "$output" 'my dir/fs.img:/one'
	fish_offers "famfs -d fs.img ls :/o"
	is "$output" :/one
	fish_offers "famfs df fs"
	is "$output" fs.img
	fish_offers "famfs ls nothing:/"
	is "$output" ""
	fish_offers "mkfs.famfs --logl"
	is "$output" --loglen
}

@test "fish: quotes, files of this host, and what is at home" {
	odd_fixture
	touch '*files'
	export HOME=$PWD/home
	fish_offers "famfs ls ~/h.img:/mo"
	is "$output" \~/h.img:/models/
	fish_offers "famfs ls ~/h.img"
	is "$output" $'~/h.img\n~/h.img:/'
	fish_offers "famfs -d ~/h.img ls :/mo"
	is "$output" ":/models/"
	fish_offers "famfs ls ~/z"
	is "$output" $'~/z z\n~/zeta'
	fish_offers "famfs creat --from=home/z"
	is "$output" $'--from=home/z z\n--from=home/zeta'
	fish_offers "famfs --device=od"
	is "$output" --device=odd.img
	fish_offers "famfs interleave map --svg=my"
	is "$output" "--svg=my dir/"
	fish_offers 'famfs ls \*'
	is "$output" '*files'
	fish_offers 'famfs ls odd.img:/models/\*s'
	is "$output" 'odd.img:/models/*star'
	fish_offers 'famfs ls "odd.img:/sp dir/it'
	is "$output" "odd.img:/sp dir/it's"
	fish_offers "famfs ls 'odd.img:/models/b"
	is "$output" $'odd.img:/models/back\\\nodd.img:/models/back\\slash\nodd.img:/models/bert'
	fish_offers 'famfs ls \~/h.img:/mo'
	is "$output" ""
}

@test "make install puts pages and completions where they are looked for" {
	[ -z "${FAMFS_TEST_UNDER:-}" ] || skip "is about the program as it is built"
	local root="$PWD/a root" page
	run_program 0 env -u MAKEFLAGS -u MAKELEVEL make -s -C "$BATS_TEST_DIRNAME/../.." install \
		BUILD="${FAMFS%/*}" prefix=/usr DESTDIR="$root"
	cd "$root/usr/share"
	[ -f man/man8/famfs-fmap-dump.8 ] && [ -f man/man5/famfs.5 ] && [ -f man/man3/libfamfs.3 ]
	for page in man/man8/mkfs.famfs.8 man/man8/fsck.famfs.8; do
		[ -f "man/$(sed -n 's/^\.so //p' "$page")" ] || fail "$page leads nowhere"
	done
	cmp bash-completion/completions/fsck.famfs "$COMPLETIONS/famfs.bash"
	cmp fish/vendor_completions.d/mkfs.famfs.fish "$COMPLETIONS/famfs.fish"
	cmp zsh/site-functions/_famfs "$COMPLETIONS/_famfs"
	run_program 0 env -u MAKEFLAGS -u MAKELEVEL make -s -C "$BATS_TEST_DIRNAME/../.." uninstall \
		BUILD="${FAMFS%/*}" prefix=/usr DESTDIR="$root"
	is "$(find "$root" ! -type d)" ""
}
