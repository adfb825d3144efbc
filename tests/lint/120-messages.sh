#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Messages are one line, without a full stop, and speak plainly; `make messages` lists them all.
# shellcheck source=tests/lint/tap.bash
. "$(dirname "$0")/tap.bash"

messages=$(tests/messages)

# What does not stand behind the name of a program: a question, files, the end without memory, and
# marks in drawings.
others='files are lost\.\\nIs the old master down|chunk_size: %llu%s\\n$|^famfs-mode 1 .*\\n$'
others+='|^famfs: out of memory\\n$|^! %s at %s: $|^! (and more|outside of the device): '

# One of each kind of place that a message stands in: calls of the library's and the program's own
# functions, a table, a return value, what is put together, the start of a variable.
known() {
	cat <<-'END'
		cannot be opened %s: %s
		is empty, which a famfs cannot hold
		is a directory, which is copied with -r only
		%s:/%s exists with %llu bytes, not %llu
		has low 32 bits of 0, which is no seed: such bytes cannot be verified
		wrong checksum in format version
		damaged: more bytes than its size
		an extent's offset is not a multiple of 2 MiB
		the log header has a wrong checksum
		ranges overlap, or one is missing
		the log is rewritten again and again
		is no regular file, so nothing in it can be resumed
		the log's entries have changed
		it does not begin with one
		data that cannot be named without libblkid
		is in no extent
		cancelled
	END
}

missing() {
	local text
	while IFS= read -r text; do
		grep -qxF -e "$text" <<<"$messages" || echo "not listed: $text"
	done
}

odd() { # PATTERN
	grep -v '^    ' <<<"$messages" | grep -vE -- "$others" | grep -E -- "$1"
}

{ [ "$(grep -c '^    ' <<<"$messages")" -ge 950 ] || echo "fewer than 950 are found"; } |
	none "the list is there"
known | missing | none "texts are listed wherever they stand"
tests/messages --rest | grep '^    ' | grep -E 'err_|env_|cp_(err|fail|skip)' |
	none "no call of a message is taken for something else"
odd '[^.]\.$|\\n|!' | none "no message ends with a full stop, cries, or takes two lines"
odd '^[A-Z][a-z]' | none "no message begins with a capital, since it follows the name of its object"
odd '\b([Ff]ailed to|[Ii]nvalid argument|[Ee]rror [a-z]|[Uu]nable to|illegal|bogus|oops)\b' |
	none "no message uses words that tell nothing"
plan
