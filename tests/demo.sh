#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The main job on an image in a temporary directory, each command shown with its output. Fails as
# soon as a command does. FAMFS names the program (build/famfs).
set -eu

famfs=$(realpath "${FAMFS:-$(dirname "$0")/../build/famfs}")
dir=$(mktemp -d "${TMPDIR:-/tmp}/famfs-demo.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
cd "$dir"

# An identity for this host that lasts as long as the demo, so that nothing is left behind.
FAMFS_SYSTEM_UUID=${FAMFS_SYSTEM_UUID:-$(cat /proc/sys/kernel/random/uuid)}
export FAMFS_SYSTEM_UUID
unset FAMFS_DEVICE

say() {
	printf '\n# %s\n' "$*"
}

run() {
	printf '$ famfs %s\n' "$*"
	"$famfs" "$@" || {
		rc=$?
		echo "tests/demo.sh: famfs $*: exit status $rc" >&2
		exit 1
	}
}

say "A file system on an image of 256 MiB; a device would be /dev/dax0.0."
run mkfs --size 256M demo.img

say "Directories, a file in one piece, and one dealt over four strips in chunks of 2 MiB."
run mkdir -p demo.img:/models/large
run creat -s 16M demo.img:/models/large/weights
run creat -s 24M -N 4 -B 8 -C 2M demo.img:/models/large/cache

say "What is in it, and how full it is; nothing is mounted."
run ls -lR demo.img:/
run stat demo.img:/models/large/cache
run df demo.img

say "The maps that the kernel is handed, for people and for programs."
run fmap dump demo.img:/models/large/weights
run fmap dump --json demo.img:/models/large/cache

say "Everything is proved: superblock, log, names, extents, and the map of every file."
run check demo.img
