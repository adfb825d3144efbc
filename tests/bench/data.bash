# shellcheck shell=bash disable=SC2154 # what tests/bench/run sets
# SPDX-License-Identifier: Apache-2.0
#
# What is done with the bytes of files. Sourced by tests/bench/run.
#
# The limits work in memory that is mapped and touched. An image in memory is a file of small pages
# instead, which the kernel looks up, maps and unmaps one by one, and where the image has a hole, it
# must find a page first. So what moves bytes is measured in space that holds data already, beside
# the limit, and beside the limit with the mapping; and in a new image beside cp(1), which makes a
# new file. Out, the kernel must find the pages of the new file as well: the limit is writing what
# is mapped. All that again where the pages are of 2 MiB, as those of a devdax device are.

limit_off=$((32 << 20)) # where the limits work in the image, behind its log
hash_files=16           # they are hashed side by side
tree_files=10000
tree_file=65536

# The file system anew; what its space held, it still holds.
remake_fs() { # FILE SIZE
	"$famfs" mkfs -q -f -s "$2" -l 8M "$1" >/dev/null || die "mkfs -f failed"
}

spawn() { # COMMAND...
	"$tools/bench_spawn" "$@"
}

limit() { # WORK THREADS [SOURCE]
	"$tools/bench_move" "$1" "$2" "$work/image" $limit_off "$size" "${@:3}"
}

# 1, and all CPUs when there are more.
thread_counts() {
	printf '1\n%s\n' "$(nproc)" | sort -nu
}

make_source() {
	make_fs "$work/image" $((size + (64 << 20))) 8M
	"$famfs" creat -q --randomize --seed 1 -s "$size" "$work/image:/file" >/dev/null ||
		die "creat --randomize failed"
	"$famfs" cp -q "$work/image:/file" "$work/source" || die "cp failed"
}

# What was not used for a while may have to be fetched from a host: all new pages come from here.
warm() {
	head -c "$size" /dev/zero >"$work/warm"
	rm "$work/warm"
}

# In, and out again. A new file and a new image are the same work for the kernel.
copy_once() { # THREADS
	rm -f "$work/copy"
	warm
	best by_cp "$(spawn cp "$work/source" "$work/copy")"
	rm -f "$work/copy"
	make_fs "$work/image" "$image_size" 8M
	warm
	best new "$(spawn "$famfs" cp -q -t "$1" "$work/source" "$work/image:/file")"
	best copy "$(limit copy "$1" "$work/source")"
	best mapcopy "$(limit mapcopy "$1" "$work/source")"
	remake_fs "$work/image" "$image_size"
	best in "$(spawn "$famfs" cp -q -t "$1" "$work/source" "$work/image:/file")"
	warm
	best write "$(limit write "$1" "$work/copy")"
	rm -f "$work/copy"
	warm
	best out "$(spawn "$famfs" cp -q -t "$1" "$work/image:/file" "$work/copy")"
	rm -f "$work/copy"
}

# Zeroing leaves a hole in the image: the limit fills it, for the next.
make_once() { # THREADS
	remake_fs "$work/image" "$image_size"
	best zero "$(spawn "$famfs" creat -q -t "$1" -s "$size" "$work/image:/file")"
	best zero_limit "$(limit zero "$1")"
	best random_limit "$(limit random "$1")"
	remake_fs "$work/image" "$image_size"
	best random "$(spawn "$famfs" creat -q --randomize --seed 1 -t "$1" -s "$size" \
		"$work/image:/file")"
	best verify "$(spawn "$famfs" verify -q --seed 1 -t "$1" "$work/image:/file")"
	best verify_limit "$("$tools/bench_move" verify "$1" "$work/source" 0 "$size")"
}

# The limit is memory that is mapped, as a device's is. In small pages it is only shown: there the
# kernel's page cache takes most of the time, and cp(1) is what can be reached.
beside_memory() { # NAME-TAIL NAME WORK OURS LIMIT
	if [ -n "$1" ]; then
		share "$2$1" "$3" "$4" "$5" 90
	else
		row "$3" "$(milliseconds "$4")" "$(milliseconds "$5")" \
			"$(($5 * 100 / $4))% of limit" - -
	fi
}

bench_data() { # NAME-TAIL
	local t i image_size=$((size + (64 << 20))) each by_cp new copy mapcopy in out write
	local zero zero_limit random random_limit verify verify_limit
	make_source
	for t in $(thread_counts); do
		by_cp='' new='' copy='' mapcopy='' in='' out='' write='' zero='' zero_limit=''
		random='' random_limit='' verify='' verify_limit=''
		for ((i = 0; i < size_repeat; i++)); do
			copy_once "$t"
			make_once "$t"
		done
		each="$((size >> 20)) MiB, $t thread(s)"
		beside_memory "$1" "cp_in_$t" "cp in, $each" "$in" "$copy"
		beside_memory "$1" "cp_in_map_$t" "  beside mapping and copying" "$in" "$mapcopy"
		share "cp_new_$t$1" "  into a new image" "$new" "$by_cp" 100 cp
		share "cp_out_$t$1" "cp out, $each" "$out" "$write" 90 "write()"
		row "  beside copying in memory" "$(milliseconds "$out")" \
			"$(milliseconds "$copy")" "$((copy * 100 / out))% of it" - -
		share "cp_out_new_$t$1" "  to a new file" "$out" "$by_cp" 100 cp
		beside_memory "$1" "zero_$t" "zeroing (punches a hole), $t thread(s)" "$zero" \
			"$zero_limit"
		beside_memory "$1" "randomize_$t" "creat --randomize, $t thread(s)" "$random" \
			"$random_limit"
		beside_memory "$1" "verify_seed_$t" "verify --seed, $t thread(s)" "$verify" \
			"$verify_limit"
	done
}

# The files hold what was in their space.
bench_manifest() { # NAME-TAIL
	local t i make check hash each=$((size / hash_files))
	make_fs "$work/image" $((size + (64 << 20))) 8M
	"$famfs" creat -q --randomize --seed 1 -s "$size" "$work/image:/file" >/dev/null ||
		die "creat --randomize failed"
	remake_fs "$work/image" $((size + (64 << 20)))
	awk -v nr=$hash_files -v size=$each 'BEGIN {
		for (i = 0; i < nr; i++)
			printf "{\"path\":\"%02d\",\"size\":%d}\n", i, size
	}' | "$famfs" creat -q --no-zero --from - "$work/image" >/dev/null || die "creat failed"
	for t in $(thread_counts); do
		make='' check='' hash=''
		for ((i = 0; i < size_repeat; i++)); do
			rm -f "$work/sums"
			best make "$(spawn "$famfs" verify -q --make-manifest -o "$work/sums" \
				-t "$t" "$work/image")"
			best hash "$(limit hash "$t")"
			best check "$(spawn "$famfs" verify -q --manifest "$work/sums" -t "$t" \
				"$work/image")"
		done
		share "make_manifest_$t$1" "verify --make-manifest, $t thread(s)" "$make" "$hash" 90
		share "manifest_$t$1" "verify --manifest, $t thread(s)" "$check" "$hash" 90
	done
}

bench_data_memory() { # NAME-TAIL
	local in out image_size=$((size + (64 << 20)))
	[ -e "$work/source" ] || make_source
	remake_fs "$work/image" "$image_size"
	in=$(spawn -m "$famfs" cp -q "$work/source" "$work/image:/file") || die "cannot watch cp"
	out=$(spawn -m "$famfs" cp -q "$work/image:/file" "$work/copy") || die "cannot watch cp"
	at_most "cp_memory$1" "memory of cp in (beside it: out)" "$in" "$out" \
		65536 KiB
	rm -f "$work/copy" "$work/image" "$work/source"
}

# How many bytes of disk or memory a file takes.
disk_use() { # FILE
	local blocks
	blocks=$(stat -c %b "$1") || die "stat failed"
	echo $((blocks * 512))
}

make_tree() {
	mkdir "$work/tree" "$work/trees"
	truncate -s $((tree_files * tree_file)) "$work/gathered"
	tr '\0' x </dev/zero | head -c $((tree_files * tree_file)) |
		split -a 5 -d -b $tree_file - "$work/tree/" || die "split failed"
}

bench_tree() {
	local t i ours gather scatter by_cp stored=$((tree_files * tree_file)) used before
	local image_size=$((tree_files * (2 << 20) + (64 << 20)))
	make_tree
	make_fs "$work/image" $image_size 8M
	before=$(disk_use "$work/image")
	"$famfs" cp -q -r "$work/tree" "$work/image:/" || die "cp -r failed"
	used=$(($(disk_use "$work/image") - before))
	for t in $(thread_counts); do
		ours='' gather='' scatter='' by_cp=''
		for ((i = 0; i < size_repeat; i++)); do
			remake_fs "$work/image" $image_size
			best ours "$(spawn "$famfs" cp -q -r -t "$t" "$work/tree" \
				"$work/image:/")"
			best scatter "$("$tools/bench_move" scatter "$t" "$work/image" $limit_off \
				$((tree_files * (2 << 20))) "$work/tree")"
			best gather "$("$tools/bench_move" gather "$t" "$work/gathered" 0 \
				$stored "$work/tree")"
			best by_cp "$(spawn cp -r "$work/tree" "$work/trees/copy")"
			rm -rf "$work/trees/copy"
		done
		share "cp_tree_$t" "cp -r, $tree_files of 64 KiB, $t thread(s)" "$ours" "$scatter" \
			50
		row "  beside reading into memory" "$(milliseconds "$ours")" \
			"$(milliseconds "$gather")" "$((gather * 100 / ours))% of it" - -
		share "cp_tree_cp_$t" "  beside cp -r" "$ours" "$by_cp" 100 cp
	done
	at_most cp_tree_use "disk use of cp -r (beside it: stored)" $((used >> 20)) \
		$((stored >> 20)) $((stored * 105 / 100 >> 20)) MiB
	rm -rf "$work/tree" "$work/trees" "$work/gathered" "$work/image"
}

# The same in memory of large pages: a file system of our own, which vanishes with the process.
bench_huge_pages() { # FUNCTION...
	local function
	mkdir -p "$work/huge"
	if ! mount -t tmpfs -o huge=always,size=$((4 * size + (1 << 30))) none "$work/huge" \
		2>/dev/null; then
		row "(2 MiB pages: no such tmpfs here)" - - - - -
		return
	fi
	work=$work/huge
	for function; do
		"$function" _huge
	done
	work=${work%/huge}
	umount "$work/huge"
}
