#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs in the guest: a device that is taken from its driver while bytes go to it or come from it.
# guest.bash lies beside this file in the guest, and calls its functions by name.
# shellcheck disable=SC1091,SC2154,SC2317
. ./guest.bash

dev=/dev/dax0.0
driver=/sys/bus/dax/drivers/device_dax

unbind() {
	echo dax0.0 >$driver/unbind
}

bind() {
	echo dax0.0 >$driver/bind && await test -c $dev
}

await() { # COMMAND...
	local i
	for ((i = 0; i < 200; i++)); do
		"$@" && return 0
		sleep 0.1
	done
	tap_note "never happened: $*"
	return 1
}

# Waits until a process has the device mapped, and sleeps.
copying() { # PID
	grep -q $dev "/proc/$1/maps" 2>/dev/null
}

# Ends what runs in the background: sets status and errors as run does.
finish() { # PID
	wait "$1"
	status=$?
	errors=$(</tmp/bg.err)
	tap_note "exit code: $status: $errors"
}

# The bytes come slowly, so that the device goes away in their midst.
into_device() {
	local copier

	rm -f pipe && mkfifo pipe && exec 9<>pipe
	famfs cp --size 20000000 - $dev:/slow <pipe >/tmp/bg.out 2>/tmp/bg.err &
	copier=$!
	head -c 5000000 /dev/zero >&9
	await copying $copier || return 1
	unbind || return 1
	head -c 15000000 /dev/zero >&9 2>/dev/null &
	finish $copier
	exec 9>&-
	is 1 $status && one_line_error "$dev:/slow: .*offset [0-9]+: .*driver"
}

# The reader is slow.
out_of_device() {
	local copier

	rm -f pipe && mkfifo pipe
	famfs cat $dev:/there >pipe 2>/tmp/bg.err &
	copier=$!
	exec 9<pipe
	await copying $copier || return 1
	unbind || return 1
	cat <&9 >/tmp/got
	exec 9<&-
	finish $copier
	is 1 $status && one_line_error "$dev:/there: .*offset [0-9]+: .*driver"
}

as_before() {
	bind || return 1
	run_famfs 0 check $dev && has "$output" clean || return 1
	run_famfs 0 ls $dev && is there "$output" || return 1
	run_famfs 0 cat $dev:/there && cmp /tmp/run.out there
}

goes_on() {
	run_famfs 0 cp there $dev:/again && run_famfs 0 cat $dev:/again && cmp /tmp/run.out there
}

cd /tmp || exit 1
head -c 20000000 /dev/urandom >there
check "mkfs" run_famfs 0 mkfs --force $dev
check "a file" run_famfs 0 cp there $dev:/there
check "unbound while bytes go in: file and offset are named" into_device
check "bound again, nothing half made is there" as_before
check "unbound while bytes come out: file and offset are named" out_of_device
check "bound again, all is as before" as_before
check "the next copy works" goes_on
tap_done
