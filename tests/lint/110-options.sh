#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Commands, options and JSON keys are the same in code, help, man pages and completion.
# shellcheck source=tests/lint/tap.bash
. "$(dirname "$0")/tap.bash"

tables=$(mktemp)
trap 'rm -f "$tables"' EXIT
"$BUILD/famfs" __commands >"$tables"
full='def full: [.group, .name] | map(select(.)) | join(" ");'

# "fmap dump|famfs-fmap-dump.8" for each command.
commands() {
	jq -r "$full"'.commands[] | full | "\(.)|famfs-\(gsub(" "; "-")).8"' "$tables"
}

# The options of a command, or the global ones, each on a line: "-s", "--size SIZE".
in_code() { # COMMAND HIDDEN
	jq -r --arg cmd "$1" --argjson hidden "$2" "$full"'
		(if $cmd == "" then .global_options
			else .commands[] | select(full == $cmd) | .options end)[]
		| select(.hidden == $hidden)
		| (if .arg then " " + .arg else "" end) as $arg
		| (if .short then "-" + .short + (if .long then "" else $arg end) else empty end),
		  (if .long then "--" + .long + $arg else empty end)' "$tables" | sort
}

# As the page's lists of options have them: ".It Fl s , Fl \-size Ar SIZE".
in_page() { # PAGE
	sed -n '/^\.Sh DESCRIPTION/,/^\.Sh [^D]/s/^\.It \(Fl .*\)/\1 ,/p' "man/$1" |
		sed -e 's/Fl \\-/--/g; s/Fl /-/g; s/ \(Ar\|Cm\) / /g; s/\\-/-/g; s/ , */\n/g' |
		grep . | sort
}

# The names of the options that the first lines of a page show.
in_synopsis() { # PAGE
	sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESC/p' "man/$1" | awk '
		/^\.Nm/ { other = $2 != "famfs" && NF > 1 }
		other { next }
		/Fl / {
			for (i = 1; i < NF; i++)
				if ($i ~ /^.?Fl$/ || $i == "|")
					print "-" $(i + 1)
		}
	' | sed 's/\\-/-/g; s/^-Fl$//' | grep . | sort -u
}

# As --help prints them.
in_help() { # COMMAND
	local words
	read -ra words <<<"$1"
	"$BUILD/famfs" "${words[@]}" --help -v |
		sed -nE 's/^ {2,6}((-[A-Za-z], )?--[a-z-]+(=[A-Za-z]+)?).*/\1/p' |
		sed 's/, /\n/; s/=/ /' | sort
}

help_differs() {
	local cmd page
	while IFS='|' read -r cmd page; do
		diff <(in_code "$cmd" false) <(in_help "$cmd") | sed -n "s/^[<>]/$cmd: &/p"
	done < <(commands)
	diff <(in_code "" false) <(in_help "") | sed -n 's/^[<>]/global: &/p'
}

# Options that are for other programs may be told of, or not.
page_differs() { # COMMAND PAGE
	diff <(in_code "$1" false) \
		<(in_page "$2" | grep -vxFf <(in_code "$1" true) -e '') |
		sed -n "s/^[<>]/$2: &/p"
}

pages_differ() {
	local cmd page
	while IFS='|' read -r cmd page; do
		if [ -f "man/$page" ]; then
			page_differs "$cmd" "$page"
		else
			echo "man/$page is missing"
		fi
	done < <(commands)
	page_differs "" famfs.8
	diff <(commands | cut -d'|' -f2 | sort) \
		<(find man -name 'famfs-*.8' -printf '%f\n' | sort) | grep '^[<>]'
	diff <(commands | cut -d'|' -f2 | sort) \
		<(sed -n 's/^\.It Xr \(famfs-[a-z-]*\) 8$/\1.8/p' man/famfs.8 | sort) |
		sed -n 's/^[<>]/famfs.8: &/p'
}

# Each option is in the synopsis by one of its names, and nothing else is.
synopses_differ() {
	local cmd page
	while IFS='|' read -r cmd page; do
		diff <(jq -r --arg cmd "$cmd" "$full"'.commands[] | select(full == $cmd)
				| (.options[] | select(.hidden | not)
				| if .short then "-" + .short else "--" + .long end)' "$tables" |
			sort) \
			<(in_synopsis "$page" | grep -vx -e -n) | sed -n "s/^[<>]/$page: &/p"
	done < <(commands)
}

# The global options that mean something to a command, as its page has them.
globals_differ() {
	local page flags
	while IFS='|' read -r page flags; do
		[ "$(sed -n '/^these act here too:$/,/ \.$/s/^\.Fl \([^ ]*\).*/\1/p' "man/$page" |
			tr '\n' ' ')" = "$flags" ] || echo "$page: not: $flags"
		grep -q '^\.Sh JSON' "man/$page" && has=y || has=
		[[ ${has:+j} = "${flags:0:1}" ]] || echo "$page: with a section on JSON: ${has:-n}"
	done < <(jq -r "$full"'.commands[] | "famfs-\(full | gsub(" "; "-")).8|" +
		([if .json then "j " else "" end, if .dry_run then "n " else "" end,
		if .sync then "\\-sync " else "" end] | join(""))' "$tables")
}

# What completion offers: all commands; their long options, and the global ones that they take.
completion_differs() {
	local cmd page words group
	while IFS='|' read -r cmd page; do
		read -ra words <<<"$cmd"
		diff <(jq -r --arg cmd "$cmd" "$full"'(.commands[] | select(full == $cmd)) as $c
			| ($c.options, .global_options)[] | select(.long and (.hidden | not))
			| .long
			| select({json: $c.json, "dry-run": $c.dry_run, sync: $c.sync,
				"set-mode": $c.set_mode}[.] != false)
			| "--\(.)"' "$tables" | sort) \
			<(offered "${words[@]}" --) | sed -n "s/^[<>]/$cmd: &/p"
	done < <(commands)
	diff <(jq -r '.commands[] | .group // .name' "$tables" | sort -u) <(offered "") |
		grep '^[<>]'
	for group in $(jq -r '.commands[] | .group // empty' "$tables" | sort -u); do
		diff <(jq -r --arg group "$group" '.commands[] | select(.group == $group) | .name' \
			"$tables" | sort) <(offered "$group" "") | grep '^[<>]'
	done
}

offered() { # WORD...
	"$BUILD/famfs" __complete -- "$@" | tail -n +2 | cut -f1 | sort
}

# The keys that the program writes, and those that some page tells of.
keys_differ() {
	local call='(emit_(list|object|str|u64|size|int|bool|uuid|mode|rules)|[a-z_]*(json|hex64))'
	diff <(find cli -name '*.c' ! -name cmd_commands.c -exec cat {} + | tr -s '\n\t ' ' ' |
		grep -oE "\b$call\([^,\"]*, ([^\",;]*\? )?\"[a-z0-9_]+\"( : \"[a-z0-9_]+\")?" |
		grep -oE '"[a-z0-9_]+"' | tr -d '"' | grep -vx schema | sort -u) \
		<(awk 'FNR == 1 { json = 0 }
			/^\.Sh / { json = $2 == "JSON" }
			json && sub(/^\.It Cm /, "") { gsub(/ , /, "\n"); print }' man/*.8 |
			grep -vxE 'schema|warning' | sort -u) | grep '^[<>]'
}

if command -v jq >/dev/null; then
	help_differs | none "--help has the options of the code"
	pages_differ | none "the man pages have the commands and options of the code"
	synopses_differ | none "the synopses have all options"
	globals_differ | none "the man pages tell which global options a command takes"
	completion_differs | none "completion offers the commands and options of the code"
	keys_differ | none "the man pages have the JSON keys of the code"
else
	skip "code, help and man pages are the same" "jq is not installed"
fi
plan
