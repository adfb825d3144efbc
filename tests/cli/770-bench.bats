#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # the helpers set output
# What make bench leaves. How fast anything was is no matter here.

load helpers

BUILT=$(realpath -m "${BUILD:-$BATS_TEST_DIRNAME/../../build}")

measured() { # PART...
	[ -z "${FAMFS_TEST_UNDER:-}" ] || skip "is about the program as it is built"
	requires jq
	run_program 0 env BUILD="$BUILT" FAMFS_BENCH_DIR="$PWD" FAMFS_BENCH_REPEAT=1 \
		"$BATS_TEST_DIRNAME/../bench/run" --json "$PWD/bench.json" "$@"
}

@test "the goals of the bench are a table, and the same as JSON" {
	measured log fmap
	has "$output" 'append of 10000 files.* (met|missed)'
	has "$output" 'resolving 10,000,000 offsets.* (met|missed)'
	is "$(jq .schema bench.json)" 1
	# A row with a goal is an object, and the other way round.
	is "$(jq '.results | length' bench.json)" "$(grep -cE ' (met|missed) *$' "$OUT")"
	run_program 2 "$BATS_TEST_DIRNAME/../bench/run" lgo
	has "$stderr" 'lgo: is neither'
}

@test "a plot and its figures for each work that costs grow with" {
	local work
	[ -z "${FAMFS_TEST_UNDER:-}" ] || skip "is about the program as it is built"
	requires gnuplot
	run_program 0 env PLOT_ENTRIES='10 20 30' PLOT_MIB='1 2' PLOT_THREADS='1 2' \
		PLOT_GIB='1 2' "$BATS_TEST_DIRNAME/../bench/plots" "$PWD/plots"
	for work in entries size threads device; do
		has "$(tail -n 2 "plots/$work.svg")" '</svg>'
		[ "$(wc -l <"plots/$work.tsv")" -ge 3 ]
		is "$(awk 'NR == 1 { n = NF } NF != n' "plots/$work.tsv")" ""
	done
}
