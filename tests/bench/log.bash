# shellcheck shell=bash disable=SC2154 # what tests/bench/run sets
# SPDX-License-Identifier: Apache-2.0
#
# What is done with the log: appending, looking up, checking. Sourced by tests/bench/run.

entry_len=544
log_off=2097152
log_header=48
many=10000      # files of a batch, and beside the one-file commands
full=493447     # entries in a log of 256 MiB
full_dirs=500   # of them directories

# A file system with pages of 2 MiB at $huge, as devdax memory has; false without the kernel's help.
mount_huge() {
	huge=$work/huge
	mkdir -p "$huge" &&
		mount -t tmpfs -o huge=always,size=1g none "$huge" 2>/dev/null
}

# A new image whose log has its memory already, as that of a device has: zeros over its zeros.
make_fs_touched() { # FILE SIZE LOGLEN
	make_fs "$@"
	head -c "$(($(numfmt --from=iec "$3") - log_header))" /dev/zero |
		dd of="$1" bs=1M seek=$((log_off + log_header)) oflag=seek_bytes conv=notrunc \
			status=none || die "cannot fill the log of $1 with zeros"
}

append_times() { # DIRECTORY OURS-VARIABLE LIMIT-VARIABLE
	local i out
	for ((i = 0; i < repeat; i++)); do
		make_fs_touched "$1/many" 64G 8M
		out=$("$famfs" creat --json --no-zero --from "$work/many.json" "$1/many") ||
			die "creat --from failed"
		best "$2" "$(jq .timing_ns.create <<<"$out")"
		best parse "$(jq .timing_ns.parse <<<"$out")"
		best "$3" "$("$tools/bench_append" $many)"
	done
}

# In pages of 2 MiB, as those of a device are, where the kernel can make it so.
bench_append() {
	local ours='' limit='' parse='' name="append of $many files"
	awk -v nr=$many 'BEGIN {
		for (i = 0; i < nr; i++)
			printf "{\"path\":\"data-%05d\",\"size\":2097152,\"mode\":\"0644\"}\n", i
	}' >"$work/many.json"
	if mount_huge; then
		append_times "$huge" ours limit
		umount "$huge"
		share append "$name, 2 MiB pages" "$ours" "$limit" 50
		ours='' limit=''
		append_times "$work" ours limit
		row "  the same in 4 KiB pages" "$(milliseconds "$ours")" \
			"$(milliseconds "$limit")" "$((limit * 100 / ours))% of limit" - -
	else
		append_times "$work" ours limit
		share append "$name, 4 KiB pages" "$ours" "$limit" 50
	fi
	row "  reading their manifest" "$(milliseconds "$parse")" - - - -
}

# Beside the files of bench_append; the log grows by one entry with each.
bench_one_file() {
	local i ls='' ls_all='' creat='' pass='' empty=''
	for ((i = 0; i < repeat; i++)); do
		best ls "$("$tools/bench_spawn" "$famfs" ls "$work/many:/data-05000")"
		best ls_all "$("$tools/bench_spawn" "$famfs" ls "$work/many")"
		best creat "$("$tools/bench_spawn" "$famfs" creat --no-zero -s 2M \
			"$work/many:/new$i")"
		best empty "$("$tools/bench_spawn" "$tools/bench_empty")"
		best pass "$("$tools/bench_crc" "$work/many" $log_off $((many * entry_len)) 1)"
	done
	more ls_one "ls of one file beside $many" "$ls" $((pass + empty)) 3000000
	row "  ls of all $many files" "$(milliseconds "$ls_all")" \
		"$(milliseconds $((pass + empty)))" - - -
	more creat_one "creat --no-zero of one file beside $many" "$creat" $((pass + empty)) \
		3000000
}

# A log of the default size that is full, each file over 16 strips, so that there are most runs.
bench_map() {
	local i ours='' empty=''
	make_fs "$work/map" 4T 8M
	awk 'BEGIN {
		for (i = 0; i < 15420; i++) {
			printf "{\"path\":\"f%05d\",\"size\":33554432,", i
			print "\"nstrips\":16,\"nbuckets\":64}"
		}
	}' | "$famfs" creat -q --no-zero --from - "$work/map" >/dev/null || die "creat failed"
	for ((i = 0; i < repeat; i++)); do
		best ours "$("$tools/bench_spawn" "$famfs" interleave map "$work/map")"
		best empty "$("$tools/bench_spawn" "$tools/bench_empty")"
	done
	at_most interleave_map "interleave map of 15420 files, 246720 strips" $((ours / 1000)) \
		$((empty / 1000)) 50000 us
}

make_full() { # FILE
	make_fs "$1" 2T 256M
	awk -v nr=$full_dirs -v image="$1" 'BEGIN {
		for (i = 0; i < nr; i++)
			printf "%s:/d%03d\n", image, i
	}' | xargs -n $full_dirs "$famfs" mkdir -q || die "mkdir failed"
	awk -v nr=$((full - full_dirs)) -v dirs=$full_dirs 'BEGIN {
		for (i = 0; i < nr; i++)
			printf "{\"path\":\"d%03d/f%06d\",\"size\":2097152}\n", i % dirs, i
	}' | "$famfs" creat -q --no-zero --from - "$1" >/dev/null || die "creat failed"
}

check_times() { # FILE OURS-VARIABLE LIMIT-VARIABLE
	local i
	for ((i = 0; i < repeat; i++)); do
		best "$2" "$("$tools/bench_spawn" "$famfs" check "$1")"
		best "$3" "$("$tools/bench_crc" "$1" $log_off $((full * entry_len)) "$(nproc)")"
	done
}

# devdax memory is mapped in pages of 2 MiB. An image in memory has them as well where the kernel
# can make it so; what mapping 65,536 small pages costs more is shown beside it.
bench_check() {
	local ours='' limit='' name="check of a full log of 256 MiB"
	if mount_huge; then
		make_full "$huge/full"
		check_times "$huge/full" ours limit
		umount "$huge"
		share check "$name, 2 MiB pages" "$ours" "$limit" 50
		ours='' limit=''
		check_times "$work/full" ours limit
		row "  the same in 4 KiB pages" "$(milliseconds "$ours")" \
			"$(milliseconds "$limit")" "$((limit * 100 / ours))% of limit" - -
		return
	fi
	check_times "$work/full" ours limit
	share check "$name, 4 KiB pages" "$ours" "$limit" 50
}

bench_memory() {
	local with without bytes met=false verdict=missed
	make_fs "$work/empty" 2T 256M
	with=$("$tools/bench_spawn" -m "$famfs" check "$work/full") || die "cannot watch check"
	without=$("$tools/bench_spawn" -m "$famfs" check "$work/empty") || die "cannot watch check"
	bytes=$(awk -v kib=$((with - without)) -v nr=$full \
		'BEGIN { printf "%.1f", kib * 1024 / nr }')
	if awk -v b="$bytes" 'BEGIN { exit !(b <= 48) }'; then
		met=true verdict=met
	fi
	row "memory of check, full log" "$((with / 1024)) MiB" "$((without / 1024)) MiB" \
		"$bytes bytes/entry" "<= 48" $verdict
	results+=("$(jq -nc --argjson ours "$with" --argjson limit "$without" \
		--argjson bytes "$bytes" --argjson met $met '{name: "check_memory", ours_kib: $ours,
		empty_kib: $limit, bytes_per_entry: $bytes, goal_bytes_per_entry: 48, met: $met}')")
}
