# SPDX-License-Identifier: Apache-2.0
# Shared by the lint scripts: what they look at, and how they report it.
# shellcheck shell=bash
set -u
shopt -s lastpipe # none counts in this shell
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
BUILD=${BUILD:-build}
number=0

ok() { # NAME
	number=$((number + 1))
	echo "ok $number - $1"
}

skip() { # NAME REASON
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2"
}

# Passes when standard input is empty: each line of it is one thing that is wrong.
none() { # NAME
	local found
	found=$(cat)
	number=$((number + 1))
	if [ -z "$found" ]; then
		echo "ok $number - $1"
	else
		printf '%s\n' "$found" | sed 's/^/# /'
		echo "not ok $number - $1"
	fi
}

plan() {
	echo "1..$number"
}

# All text written here, one file per line: no build output, no golden data.
tree_files() {
	local built=${BUILD%%/*} # empty for an absolute path: outside of the tree
	find . \( -path ./.git -o -path ./build -o -path "./${built:-build}" \) -prune -o -type f \
		! -name LICENSE ! -path '*/golden/*.zst' ! -path '*/golden/*.json' \
		! -path '*/golden/*.yaml' ! -path '*/fuzz/corpus/*' -print | sed 's|^\./||' | sort
}

c_files() {
	tree_files | grep '\.[ch]$'
}

# Scripts by name or by their first line.
script_files() {
	local file first
	while IFS= read -r file; do
		case $file in
		*.bats) continue ;;
		*.sh | *.bash) echo "$file" ;;
		*.*) continue ;;
		*)
			IFS= read -r first <"$file" || continue
			[[ "$first" != '#!'*sh ]] || echo "$file"
			;;
		esac
	done < <(tree_files)
	echo .ci/run
}
