# shellcheck shell=bash disable=SC2154 # what tests/bench/run sets
# SPDX-License-Identifier: Apache-2.0
#
# Maps: emitting, judging and resolving through the library, in CPU time, beside a bare copy of the
# bytes of as many messages. Sourced by tests/bench/run.

# One row: at most a second of CPU.
fmap_row() { # NAME WORK KIND NUMBER
	local i ours='' limit='' met=false verdict=missed
	for ((i = 0; i < repeat; i++)); do
		best ours "$("$tools/bench_fmap" "$3" "$4")"
		best limit "$("$tools/bench_fmap" copy "$4")"
	done
	if [ "$ours" -le 1000000000 ]; then
		met=true verdict=met
	fi
	row "$2" "$(milliseconds "$ours")" "$(milliseconds "$limit")" \
		"$(awk -v a="$ours" -v b="$limit" 'BEGIN { printf "%.1f times", a / b }')" \
		"<= 1 s" $verdict
	results+=("$(jq -nc --arg name "$1" --argjson ours "$ours" --argjson limit "$limit" \
		--argjson met $met '{name: $name, ours_ns: $ours, limit_ns: $limit,
		goal_ns: 1000000000, met: $met}')")
}

bench_fmap() {
	fmap_row fmap_emit "emitting 100,000 fmaps" emit 100000
	fmap_row fmap_judge "judging 1,000,000 fmaps" judge 1000000
	fmap_row fmap_resolve "resolving 10,000,000 offsets" resolve 10000000
}
