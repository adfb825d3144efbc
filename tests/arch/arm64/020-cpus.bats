#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Each way in which an arm64 CPU writes back and publishes.

on_cpu() { # CPU
	local emulator status=0
	mapfile -t emulator < <(sed "s/^cortex-a57$/$1/" "$FAMFS_EMULATOR")
	[[ " ${emulator[*]} " == *" $1 "* ]]
	"${emulator[@]}" "$BUILD/tests/test_persist" || status=$?
	# 128 + SIGILL
	[ $status -ne 132 ] || skip "this QEMU promises \"dc cvap\" to programs, and lacks it"
	[ $status -eq 0 ]
}

@test "without dc cvap: dc cvac, and two stores" {
	on_cpu cortex-a57
}

@test "with dc cvap" {
	on_cpu neoverse-n1
}

@test "all that the emulator can, pairs stored whole perhaps" {
	on_cpu max
}
