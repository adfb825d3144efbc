# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The machines, for tests/vm/run. Machine N has its files in $work/N; all share the memory
# $work/nvdimm0, $work/nvdimm1, ..., each a file behind an NVDIMM of every machine.
# shellcheck disable=SC2154 # the variables of tests/vm/run

machines=() # machine N's process
accelerators=()

# Hardware acceleration first where the processor has it; whether it works is
# seen by booting, since /dev/kvm may be there and hang.
find_accelerators() {
	if [[ -n ${FAMFS_VM_ACCEL:-} ]]; then
		read -r -a accelerators <<<"$FAMFS_VM_ACCEL"
	elif [[ -w /dev/kvm ]] && grep -q -w -E 'vmx|svm' /proc/cpuinfo; then
		accelerators=(kvm tcg)
	else
		accelerators=(tcg)
	fi
}

# A dimm is SIZE or SIZE:labels, which is one that can be divided; the labels are in the file, too.
label_size=131072
new_memory() {
	local i

	for i in "${!nvdimms[@]}"; do
		rm -f "$work/nvdimm$i"
		truncate -s "${nvdimms[i]%:*}" "$work/nvdimm$i"
		[[ ${nvdimms[i]} != *:labels ]] || truncate -s "+$label_size" "$work/nvdimm$i"
	done
}

memory_options() {
	local i size

	printf '%s\n' -m "$memory,slots=${#nvdimms[@]},maxmem=32G"
	for i in "${!nvdimms[@]}"; do
		size=$(stat -c %s "$work/nvdimm$i")
		printf '%s\n' -object \
			"memory-backend-file,id=mem$i,share=on,mem-path=$work/nvdimm$i,size=$size"
		printf '%s\n' -device "nvdimm,id=nvdimm$i,memdev=mem$i$(
			[[ ${nvdimms[i]} != *:labels ]] || printf ',label-size=%s' $label_size
		)"
	done
}

# start N CHANNEL: the console lands in $work/N/console; CHANNEL is QEMU's name for the far end of
# ttyS1. A machine never outlives the runner.
start() {
	local dir=$work/$1 options

	mkdir -p "$dir"
	rm -f "$dir/console"
	mapfile -t options < <(memory_options)
	setpriv --pdeathsig KILL qemu-system-x86_64 \
		-machine q35,nvdimm=on -accel "${accelerators[0]}" -cpu max -smp "$cpus" \
		"${options[@]}" -kernel "$kernel/vmlinuz" -initrd "$work/initrd" \
		-append "console=ttyS0 loglevel=5 oops=panic panic=-1 mitigations=off
			vm_align=$align vm_host=$1 $append" \
		-nodefaults -no-user-config -display none -no-reboot \
		-serial "file:$dir/console" -serial "$2" >"$dir/qemu.log" 2>&1 9>&- &
	machines[$1]=$!
}

# Waits for machine N's end, for as long as a machine may run, and sets ended to how it ended.
wait_for_end() {
	local deadline=$((SECONDS + max_seconds)) pid=${machines[$1]}

	while kill -0 "$pid" 2>/dev/null && ((SECONDS < deadline)); do
		sleep 0.1
	done
	ended=0
	((SECONDS < deadline)) || { kill -9 "$pid" && ended=124; }
	wait "$pid" 2>/dev/null || ended=$((ended ? ended : $?))
	unset "machines[$1]"
}

# As when its power goes.
cut_power() { # N
	kill -9 "${machines[$1]}" 2>/dev/null
	wait "${machines[$1]}" 2>/dev/null
	unset "machines[$1]"
}

stop_all() {
	local n

	for n in "${!machines[@]}"; do
		cut_power "$n" || true
	done
}

# Succeeds when the init of machine N has spoken within ten seconds.
came_up() {
	local tries

	for tries in {1..100}; do
		! grep -q '^famfs-vm: kernel' "$work/$1/console" 2>/dev/null || return 0
		kill -0 "${machines[$1]}" 2>/dev/null || return 1
		sleep 0.1
	done
	printf '# no sign of life after %s tenths of a second\n' "$tries"
	return 1
}

# start_with_what_works N CHANNEL: starts machine N with the first one that works; the last one is
# not questioned.
start_with_what_works() {
	start "$@"
	while ((${#accelerators[@]} > 1)) && ! came_up "$1"; do
		printf '# acceleration by %s does not work here, trying %s\n' \
			"${accelerators[@]:0:2}"
		cut_power "$1" || true
		accelerators=("${accelerators[@]:1}")
		start "$@"
	done
}

# The end of what machine N said.
show_console() {
	printf '# the end of the console of machine %s:\n' "$1"
	cat "$work/$1/qemu.log" "$work/$1/console" 2>/dev/null | tail -n 80 | tr -d '\r' |
		tr -c '\n[:print:]' '?' | sed 's/^/# | /'
}
