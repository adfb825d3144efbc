# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Runs in a machine that is one of several hosts: does what comes on ttyS1, line by line, with the
# functions of the script. tests/vm/host/hosts.bash is the other end.
# shellcheck disable=SC1091
. ./guest.bash
. ./script

exec 8<>/dev/ttyS1 3>&8
echo "@rc 0" >&8
while IFS= read -r line <&8; do
	eval "$line" </dev/null >&8 2>/dev/console
	echo "@rc $?" >&8
done
