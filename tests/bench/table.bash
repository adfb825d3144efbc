# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# How a measurement is kept and shown. Sourced by tests/bench/run.

# Takes the smaller one.
best() { # VARIABLE VALUE
	local -n best_of=$1
	[[ "$2" =~ ^[0-9]+$ ]] || die "$1: a measurement failed: $2"
	if [ -z "$best_of" ] || [ "$2" -lt "$best_of" ]; then
		best_of=$2
	fi
}

milliseconds() { # NANOSECONDS
	awk -v ns="$1" 'BEGIN { printf "%.2f ms", ns / 1e6 }'
}

row() { # WORK OURS LIMIT MEASURE GOAL VERDICT
	printf '%-42s %11s %11s  %-17s %-13s %s\n' "$@"
}

# A share of the speed of the limit, or of WHAT is held against it: at least PERCENT of it.
share() { # NAME WORK OURS LIMIT PERCENT [WHAT]
	local percent=$(($4 * 100 / $3)) met=false verdict=missed
	if [ "$percent" -ge "$5" ]; then
		met=true verdict=met
	fi
	row "$2" "$(milliseconds "$3")" "$(milliseconds "$4")" "$percent% of ${6:-limit}" \
		">= $5%" $verdict
	results+=("$(jq -nc --arg name "$1" --argjson ours "$3" --argjson limit "$4" \
		--argjson percent $percent --argjson goal "$5" --argjson met $met \
		'{name: $name, ours_ns: $ours, limit_ns: $limit, percent: $percent,
		goal_percent: $goal, met: $met}')")
}

# So much more than the limit: at most MORE nanoseconds.
more() { # NAME WORK OURS LIMIT MORE
	local over=$(($3 - $4)) met=false verdict=missed
	if [ $over -le "$5" ]; then
		met=true verdict=met
	fi
	row "$2" "$(milliseconds "$3")" "$(milliseconds "$4")" "$(milliseconds $over) more" \
		"<= $(milliseconds "$5")" $verdict
	results+=("$(jq -nc --arg name "$1" --argjson ours "$3" --argjson limit "$4" \
		--argjson over $over --argjson goal "$5" --argjson met $met \
		'{name: $name, ours_ns: $ours, limit_ns: $limit, over_ns: $over,
		goal_over_ns: $goal, met: $met}')")
}

# At most so much, in UNIT.
at_most() { # NAME WORK OURS BESIDE LIMIT UNIT
	local met=false verdict=missed
	if [ "$3" -le "$5" ]; then
		met=true verdict=met
	fi
	row "$2" "$3 $6" "$4 $6" - "<= $5 $6" $verdict
	results+=("$(jq -nc --arg name "$1" --arg unit "$6" --argjson ours "$3" \
		--argjson beside "$4" --argjson limit "$5" --argjson met $met \
		'{name: $name, unit: $unit, ours: $ours, beside: $beside, goal: $limit,
		met: $met}')")
}
