#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The library never prints and never exits, and uses no function that cannot be used safely.
# shellcheck source=tests/lint/tap.bash
. "$(dirname "$0")/tap.bash"

banned='printf fprintf vprintf vfprintf dprintf vdprintf puts fputs putchar putc fputc fwrite
perror error warn warnx err errx syslog exit _exit _Exit quick_exit abort assert
__assert_fail strcpy strcat stpcpy sprintf vsprintf gets strtok atoi atol atoll stdout
stderr setenv putenv chdir umask'
pattern=$(tr -s ' \n' '|' <<<"$banned")
pattern=${pattern%|}

# What the objects really call; the compiler turns printf into puts and adds __..._chk.
called() {
	local object
	for object in "$BUILD"/obj/lib/*.o; do
		nm -u "$object" | awk '{ print $NF }' | sed -E 's/^__(.*)_chk$/\1/' |
			grep -xE "$pattern" | sed "s|^|${object##*/}: |"
	done
}

# What is written, since the compiler also makes some calls vanish. Comments do not count.
written() {
	local file
	for file in lib/*.[ch]; do
		awk '{
			out = ""
			rest = $0
			while (rest != "") {
				at = index(rest, inside ? "*/" : "/*")
				if (!inside)
					out = out (at ? substr(rest, 1, at - 1) : rest)
				rest = at ? substr(rest, at + 2) : ""
				if (at)
					inside = !inside
			}
			sub(/\/\/.*/, "", out)
			print out
		}' "$file" | grep -nE "(^|[^A-Za-z0-9_>.])($pattern)[[:space:]]*\(" |
			sed "s|^|$file:|"
	done
}

ls "$BUILD"/obj/lib/*.o >/dev/null || echo "type: make" | none "the library is built"
# The guardian is a process of its own, and ends itself.
called | grep -vx 'mode_guard.o: _exit' | none "the library's objects call no banned function"
written | grep -v '^lib/mode_guard.c:.*_exit(' |
	none "the library's sources name no banned function"
grep -nE 'dev->map\>' lib/*.c | grep -v '^lib/dev' |
	none "only the device layer touches mapped memory"
plan
