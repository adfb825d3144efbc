# SPDX-License-Identifier: Apache-2.0
# Shared by the golden tests: the media under media/, their manifests, and how a loop over all of
# them reports what is wrong with which.
# shellcheck shell=bash

MEDIA=$BATS_TEST_DIRNAME/media
FAMFS=${FAMFS:-$BATS_TEST_DIRNAME/../../build/famfs}

# The identity that all golden media carry: these tests are their master.
export FAMFS_SYSTEM_UUID=11111111-2222-3333-4444-555555555555
unset FAMFS_DEVICE

# An image without defects is good, whatever its name says.
good_images() {
	jq -r 'select(.defects == []) | .name' "$MEDIA"/[gc][0-9]*.json
}

broken_images() {
	jq -r 'select(.defects != []) | .name' "$MEDIA"/[gc][0-9]*.json
}

field() { # NAME FIELD
	jq -r ".$2" "$MEDIA/$1.json"
}

# Makes the sparse device that the golden image is the front of.
make_image() { # NAME FILE
	zstd -qdf --sparse "$MEDIA/$1.img.zst" -o "$2" &&
		truncate -s "$(field "$1" device_size)" "$2"
}

make_images() { # DIR NAME...
	local dir=$1 name
	shift
	for name; do
		make_image "$name" "$dir/$name" || return 1
	done
}

# Every logged file and directory of the manifest, one object per line.
manifest_entries() { # NAME
	if [ -e "$MEDIA/$1.entries.jsonl.zst" ]; then
		zstd -qdc "$MEDIA/$1.entries.jsonl.zst"
	else
		jq -c '(.files[] | .kind = "file"), (.dirs[] | .kind = "dir")' "$MEDIA/$1.json"
	fi
}

# The front of a device as the manifest's checksum covers it.
front_sha256() { # NAME FILE
	head -c "$(field "$1" image_bytes)" "$2" | sha256sum | cut -d ' ' -f 1
}

# Fails, saying so, unless the device is as it was unpacked.
unchanged() { # NAME FILE MTIME
	[ "$(front_sha256 "$1" "$2")" = "$(field "$1" sha256)" ] || complain "$1: bytes changed"
	[ "$(stat -c %s "$2")" = "$(field "$1" device_size)" ] || complain "$1: size changed"
	[ "$(stat -c %y "$2")" = "$3" ] || complain "$1: was written to"
}

# Loops go on after something is wrong; judge at the end of a test tells.
complaints=()
complain() { # TEXT
	complaints+=("$1")
}

judge() {
	[ ${#complaints[@]} -eq 0 ] && return
	printf '%s\n' "${complaints[@]}"
	return 1
}

# Runs the program; stdout and stderr go to $out and $err, the exit code to $rc.
famfs() { # ARGUMENT...
	out=$BATS_TEST_TMPDIR/out
	err=$BATS_TEST_TMPDIR/err
	rc=0
	"$FAMFS" "$@" >"$out" 2>"$err" || rc=$?
}

# The findings of a check: code, entry and the other party, one per line, sorted.
findings() { # FILE
	jq -r '.findings[] | [.code, .entry, .path, .off, .other_entry] | @tsv' "$1" | sort
}

# After a command that may succeed or fail, but only politely: at most LINES of errors.
polite() { # NAME LINES WHAT
	local lines
	lines=$(wc -l <"$err")
	case $rc in
	0 | 1) ;;
	*) complain "$1: $3: exit $rc: $(cat "$err")" ;;
	esac
	[ "$rc" -eq 0 ] || [ "$lines" -ge 1 ] || complain "$1: $3: exit $rc without a word"
	[ "$lines" -le "$2" ] || complain "$1: $3: more than $2 lines: $(cat "$err")"
	grep -v -e '^famfs [a-z ]*: ' -e '^{"error":' -e '^{"warning":' "$err" \
		>"$BATS_TEST_TMPDIR/odd" &&
		complain "$1: $3: not an error line: $(cat "$BATS_TEST_TMPDIR/odd")"
	return 0
}
