# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # run_shell expands; others set and use them
# What the tests of cp --tar share.

eval "$(declare -f setup | sed '1s/setup/setup_common/')"

setup() {
	setup_common
	run_famfs 1,2 cp --tar none none.img:/
	[[ $stderr != *'without libarchive'* ]] || skip "built without libarchive"
}

# A tree with modes: a small file, one of exactly 1 MiB, and one that is not kept in memory.
make_tree() { # DIR
	mkdir -p "$1/sub/deep"
	seq 1000 >"$1/one"
	seq 500000 >"$1/sub/two"
	head -c "$MiB" "$1/sub/two" >"$1/sub/deep/three"
	chmod 640 "$1/one"
	chmod 751 "$1/sub"
	chmod 4711 "$1/sub/two"
}

# Each file below DIR is in the image, byte for byte, and nothing else.
same_tree() { # DIR [PATH] [IMAGE]
	local file count=0
	while IFS= read -r file; do
		run_shell 0 '"$1" cat "$2" | cmp - "$3"' "$FAMFS" "${3:-$IMG}:${2:-}/$file" \
			"$1/$file"
		count=$((count + 1))
	done < <(cd "$1" && find . -type f | sort)
	[ "$count" -gt 0 ] || fail "$1 has no files"
	run_famfs 0 ls -R --json "${3:-$IMG}:${2:-/}"
	json_is '[.entries[] | select(.type == "file")] | length' "$count"
}

# Path below DIR, mode, owner and size of everything.
listing() { # DEVICE:/DIR DIR
	run_famfs 0 ls -R --json "$1"
	json "[.entries[] | \"\\(.path | ltrimstr(\"$2/\")) \\(.mode) \\(.uid) \\(.gid) \\(.size)\"]
		| sort | join(\"\n\")"
}

# Starts unpacking from a FIFO that only part of an archive comes through; sets pid.
unpack_half() { # BYTES
	mkfifo fifo
	"$FAMFS" cp --tar fifo "$IMG:/d" 2>err 3>&- &
	pid=$!
	exec 7>fifo
	head -c "$1" a.tar >&7
}
