#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Messages are one line, without a full stop, and speak plainly; `make messages` lists them all.
# shellcheck source=tests/lint/tap.bash
. "$(dirname "$0")/tap.bash"

messages=$(tests/messages)

odd() { # PATTERN
	grep -v '^    ' <<<"$messages" | grep -E -- "$1"
}

{ [ "$(grep -c '^    ' <<<"$messages")" -ge 400 ] || echo "fewer than 400 are found"; } |
	none "the list is there"
odd '[^.]\.$|\\n|!' | none "no message ends with a full stop, cries, or takes two lines"
odd '^[A-Z][a-z]' | none "no message begins with a capital, since it follows the name of its object"
odd '\b([Ff]ailed to|[Ii]nvalid argument|[Ee]rror [a-z]|[Uu]nable to|illegal|bogus|oops)\b' |
	none "no message uses words that tell nothing"
plan
