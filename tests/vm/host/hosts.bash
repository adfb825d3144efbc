# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# For a script that runs outside and has several machines, the hosts, on one memory. The script
# defines functions, and main, which is called here. The hosts know the same functions:
# `on N FUNCTION ARG...` calls one on host N. This side is one more host on the same memory, whose
# path is $memory_image. What guest.bash offers, is there on both sides.
# shellcheck disable=SC2154 # the variables of tests/vm/run

to=()   # descriptors of the pipes to and from the hosts
from=()

# The system UUID of host N; this side is host 9.
uuid_of() {
	printf '%s0000000-0000-4000-8000-000000000000\n' "$1"
}

connect() { # N
	local pipe=$work/$1/channel fd

	mkdir -p "$work/$1"
	rm -f "$pipe".{in,out}
	mkfifo "$pipe".{in,out}
	exec {fd}<>"$pipe.in"
	to[$1]=$fd
	exec {fd}<>"$pipe.out"
	from[$1]=$fd
}

# answer N: what the host prints until it has done what it was told; its exit code
answer() {
	local line

	while IFS= read -r -t 120 line <&"${from[$1]}"; do
		case $line in
		'@rc '*) return "${line#@rc }" ;;
		'# '*) tap_note "host $1: ${line#\# }" ;;
		*) printf '%s\n' "$line" ;;
		esac
	done
	tap_note "host $1 does not answer"
	return 125
}

# tell N COMMAND ARG...: does not wait for the answer
tell() {
	local n=$1

	shift
	printf '%s\n' "${*@Q}" >&"${to[n]}"
}

on() { # N COMMAND ARG...
	tell "$@"
	answer "$1"
}

# boot N...: returns when all are there
boot() {
	local n first=y

	for n; do
		connect "$n"
		if [[ -n $first ]]; then
			start_with_what_works "$n" "pipe:$work/$n/channel"
		else
			start "$n" "pipe:$work/$n/channel"
		fi
		first=
	done
	for n; do
		answer "$n" && continue
		tap_say "Bail out! host $n did not come up"
		exit 1
	done
}

run_hosts() { # SCRIPT
	local rc n

	mkdir -p "$work/bin" "$work/tmp"
	ln -s "$famfs" "$work/bin/famfs"
	PATH=$work/bin:$PATH
	FAMFS_SYSTEM_UUID=$(uuid_of 9)
	XDG_STATE_HOME=$work/state
	TMPDIR=$work/tmp
	export PATH FAMFS_SYSTEM_UUID XDG_STATE_HOME TMPDIR
	# shellcheck disable=SC2034 # for the script
	memory_image=$work/nvdimm0@2M
	exec 3>&1
	set +eu +o pipefail
	# shellcheck disable=SC1091
	. "$here/guest.bash"
	# shellcheck disable=SC1090
	. "$1"
	(main)
	rc=$?
	((rc == 0)) || for n in "$work"/[0-9]; do
		show_console "${n##*/}"
	done
	return $rc
}
