#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # the helpers set stderr
# bats file_tags=list

load helpers

# A tree that stands for the devices of a host: /dev/zero's number for memory that can be mapped.
make_host() {
	requires unshare
	requires_root
	unshare -m true 2>/dev/null || skip "no mount namespace can be made here"
	SYS=$BATS_TEST_TMPDIR/sys
	make_dax 1:5 dax0.0 region0 device_dax
	make_dax 252:2 dax1.0 region1
	make_dax 252:3 dax2.0 region2 fsdev_dax
	make_dax 252:4 dax10.0 hmem.0 kmem
	make_dax 252:5 dax11.0 hmem.1 device_dax 0
	echo memory_controller >"$SYS/devices/region0/persistence_domain"
	echo 0x100000000 >"$SYS/devices/region0/dax0.0/resource"
	echo 1 >"$SYS/devices/region0/dax0.0/target_node"
}

make_dax() { # NUMBER NAME REGION [DRIVER [SIZE]]
	local dir=$SYS/devices/$3/$2
	mkdir -p "$dir" "$SYS/dev/char" "$SYS/bus/dax/devices"
	echo "$1" >"$dir/dev"
	echo "${5:-67108864}" >"$dir/size"
	echo 2097152 >"$dir/align"
	ln -s ../../../bus/dax "$dir/subsystem"
	[ -z "${4:-}" ] || ln -s "../../../bus/dax/drivers/$4" "$dir/driver"
	ln -s "../../devices/$3/$2" "$SYS/dev/char/$1"
	ln -s "../../../devices/$3/$2" "$SYS/bus/dax/devices/$2"
}

# The program on that host: on_host RC COMMAND-AROUND -- ARGUMENT...
on_host() {
	local rc=$1 around=()
	shift
	while [ "$1" != -- ]; do
		around+=("$1")
		shift
	done
	shift
	mkdir -p newdev
	# shellcheck disable=SC2016 # the dollars are the inner shell's
	run_program "$rc" unshare -m bash -ec '
		mount -t tmpfs -o mode=755 dev newdev
		mkdir newdev/shm
		mount --rbind /dev/shm newdev/shm
		mknod -m "${NODE_MODE:-666}" newdev/dax0.0 c 1 5
		mknod -m 666 newdev/null c 1 3
		ln -s /proc/self/fd newdev/fd
		mount --rbind newdev /dev
		mount --bind "$1" /sys
		shift
		exec "$@"' - "$SYS" "${around[@]}" "$FAMFS" "$@"
}

fields() { # NAME FILTER: of one device
	json ".devices[] | select(.name == \"$1\") | $2"
}

@test "every device of the host, by name, as a table that fits 80 columns" {
	make_host
	on_host 0 -- list
	is "$(awk '{ print $1 }' "$OUT" | tr '\n' ' ')" \
		"DEVICE /dev/dax0.0 /dev/dax1.0 /dev/dax2.0 /dev/dax10.0 "
	is "$(awk '{ print $4 }' "$OUT" | tr '\n' ' ')" "MODE devdax unbound famfs system-ram "
	is "$(sed -n 2p "$OUT" | tr -s ' ')" "/dev/dax0.0 67108864 2097152 devdax 1 0 - none"
	is "$(awk 'length($0) > 80' "$OUT")" ""
	on_host 0 -- list --all
	has "$output" '/dev/dax11.0 +0 .*devdax .*unknown'
}

@test "as JSON: modes, drivers, regions, persistence, media errors" {
	requires jq
	make_host
	on_host 0 -- list --json
	is "$(json '[.devices[].mode] | join(" ")')" "devdax unbound famfs system-ram"
	is "$(fields dax0.0 '"\(.device) \(.kind) \(.size) \(.align) \(.driver) \(.node)"')" \
		"/dev/dax0.0 dax 67108864 2097152 device_dax 1"
	is "$(fields dax0.0 '"\(.region) \(.persistence) \(.media_errors) \(.media_error_bytes)"')" \
		"region0 memory_controller 0 0"
	is "$(fields dax0.0 '"\(.content) \(.detail) \(.mounted) \(.users_total)"')" "none   0"
	is "$(fields dax1.0 '"\(.driver) \(.content) \(.detail) \(has("media_errors"))"')" \
		" unknown bound to no driver false"
	is "$(fields dax10.0 '"\(.driver) \(.region) \(.persistence)"')" "kmem hmem.0 volatile"
	has "$(fields dax2.0 .detail)" "famfs mode"
	has "$stderr" '"warning".*media errors are unknown'
	on_host 0 -- list --json --quiet
	is "$stderr" ""
}

@test "--long says everything in lines" {
	make_host
	on_host 0 -- list --long
	is "$(grep -c '^device ' "$OUT")" 4
	has "$output" $'\npersistence +memory_controller\n'
	has "$output" $'\nmedia errors +0 \(0 bytes\)\n'
	has "$output" $'\nholds +unknown: bound to no driver'
	is "$(awk 'length($0) > 80' "$OUT")" ""
}

@test "who holds a device open, and where it is mounted" {
	requires jq
	make_host
	# shellcheck disable=SC2016
	local held='sleep 60 </dev/dax0.0 & "$@"; kill $!'
	on_host 0 bash -c "$held" holder -- list --json
	is "$(fields dax0.0 '"\(.users_total) \(.users[0].command)"')" "1 sleep"
	is "$(fields dax1.0 .users_total)" 0
	on_host 0 bash -c "$held" holder -- list /dev/dax0.0
	has "$output" 'devdax +1 +0 +[0-9]+ +none'
	on_host 0 bash -c "$held" holder -- list --long /dev/dax0.0
	has "$output" 'processes +[0-9]+ sleep'
	# shellcheck disable=SC2016
	on_host 0 bash -c 'mkdir m; mount -t tmpfs /dev/dax2.0 m; "$@"; :' holder -- list -l
	has "$output" 'mounted +/.*/m'
}

@test "another user sees what the permissions let it, and what not is said" {
	requires jq setpriv
	make_host
	chmod -R go+rX "$BATS_TEST_TMPDIR"
	local user=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all)
	on_host 0 "${user[@]}" -- list --json
	is "$(json '[.devices[].mode] | join(" ")')" "devdax unbound famfs system-ram"
	[ "$(fields dax0.0 .users_unseen)" -gt 0 ] || fail "it sees all processes: $output"
	has "$stderr" 'processes of others could not be looked into'
	NODE_MODE=600 on_host 0 "${user[@]}" -- list --json
	is "$(fields dax0.0 .content)" unknown
	has "$(fields dax0.0 .detail)" 'permission denied'
	has "$stderr" '/dev/dax0.0.*permission denied'
}

@test "a mode that was left behind is told, and what to type" {
	requires jq
	make_host
	mkdir -p "$BATS_TEST_TMPDIR/run/famfs"
	# shellcheck disable=SC2016
	local with_run=(bash -c 'mount --bind "$0" /run; "$@"' "$BATS_TEST_TMPDIR/run")
	local put_back='echo dax0.0 > /sys/bus/dax/drivers/device_dax/unbind; '
	put_back+='echo dax0.0 > /sys/bus/dax/drivers/fsdev_dax/new_id'
	echo 'famfs-mode 1 dax0.0 1:5 fsdev_dax - 77' >"$BATS_TEST_TMPDIR/run/famfs/dax0.0.mode"
	on_host 0 "${with_run[@]}" -- list --json
	is "$(fields dax0.0 '"\(.mode) \(.mode_before) \(.mode_changed_by) \(.mode_left_behind)"')" \
		"devdax famfs 77 true"
	is "$(fields dax0.0 .put_back)" "$put_back"
	is "$(fields dax1.0 'has("mode_before")')" false
	has "$stderr" 'was in famfs mode before a command \(process 77\) that did not put it back'
	on_host 0 "${with_run[@]}" -- list
	has "$stderr" 'did not put it back; echo dax0.0 > /sys'
	on_host 0 "${with_run[@]}" -- list --long
	has "$output" $'\nmode before +famfs\n'
	on_host 0 "${with_run[@]}" -- list --export /dev/dax0.0
	has "$output" $'\nFAMFS_MODE_BEFORE=famfs\nFAMFS_MODE_LEFT_BEHIND=1\n'
	# Who may not read the record is told of that.
	requires setpriv
	chmod 600 "$BATS_TEST_TMPDIR/run/famfs/dax0.0.mode"
	chmod -R go+rX "$SYS" "$BATS_TEST_TMPDIR"
	chmod go-r "$BATS_TEST_TMPDIR/run/famfs/dax0.0.mode"
	# shellcheck disable=SC2016
	on_host 0 bash -c 'mount --bind "$0" /run
		exec setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all "$@"' \
		"$BATS_TEST_TMPDIR/run" -- list
	has "$stderr" '/dev/dax0.0: .*not for this user to see'
}

@test "--set-mode changes no mode in a list, nor of what the kernel does not give" {
	requires_all_processes
	make_host
	refused 2 'does not take it' list --set-mode
	mkdir -p "$SYS/bus/dax/drivers/fsdev_dax" "$BATS_TEST_TMPDIR/run"
	sed -i s/252:3/1:5/ "$SYS/devices/region2/dax2.0/dev"
	ln -sfn ../../devices/region2/dax2.0 "$SYS/dev/char/1:5"
	# shellcheck disable=SC2016
	local with_run=(bash -c 'mount --bind "$0" /run; "$@"' "$BATS_TEST_TMPDIR/run")
	on_host 1 "${with_run[@]}" -- ls /dev/dax0.0
	one_error 'famfs mode.*--set-mode'
	on_host 1 "${with_run[@]}" -- --set-mode ls /dev/dax0.0
	one_error 'its mode cannot be changed'
	[ ! -e "$BATS_TEST_TMPDIR/run/famfs/dax2.0.mode" ]
	# shellcheck disable=SC2016
	on_host 1 "${with_run[@]}" bash -c 'sleep 60 </dev/dax0.0 & "$@"; rc=$?; kill $!; exit $rc' \
		holder -- --set-mode ls /dev/dax0.0
	one_error 'is open in process [0-9]+ \(sleep\): its mode is not changed'
}

@test "--export is for a shell's eval, a block for each device" {
	make_host
	on_host 0 -- list --export
	is "$(grep -c '^FAMFS_DEVNAME=' "$OUT")" 4
	is "$(grep -c '^$' "$OUT")" 3
	is "$(grep -cvE '^$|^FAMFS_[A-Z_]+=([A-Za-z0-9/._:@%+,-]+|'"'[^']*')$" "$OUT")" 0
	# shellcheck disable=SC1091
	(
		eval "$(sed '/^$/q' "$OUT")"
		is "$FAMFS_DEVNAME $FAMFS_MODE $FAMFS_NODE" "/dev/dax0.0 devdax 1" || exit 1
		is "$FAMFS_MEDIA_ERRORS $FAMFS_CONTENT [$FAMFS_PIDS]" "0 none []"
	)
}

@test "a host without a device: nothing, and a word about it" {
	make_host
	rm -r "$SYS"/bus/dax/devices
	on_host 0 -- list
	is "$output" ""
	one_error 'no DAX device'
	requires jq
	on_host 0 -- list --json
	json_is '.devices | length' 0
}

@test "images as operands: what is on them" {
	requires jq
	new_image
	run_famfs 0 creat -q -s 4M "$IMG:/a"
	run_famfs 0 list --json "$IMG"
	json_is '.devices[0] | "\(.kind) \(.size) \(.content)"' "image 25165824 famfs"
	json_is '.devices[0].famfs | "\(.role) \(.version) \(.omf) \(.files)"' "master 48 2.2 1"
	json_is '.devices[0].famfs | "\(.system_uuid) \(.size) \(.used) \(.free)"' \
		"$MASTER 25165824 14680064 10485760"
	FAMFS_SYSTEM_UUID=$OTHER run_famfs 0 list "$IMG"
	has "$output" 'image .*famfs client 58%'
	run_famfs 0 list -d "$IMG" --long
	has "$output" $'\nthis host +master\n'
	truncate -s 8M none.img
	run_famfs 0 list none.img "$IMG"
	is "$(wc -l <"$OUT")" 3
	has "$output" 'image +- +- +- +none'
	poke 40 8 1
	run_famfs 0 list --json "$IMG"
	json_is '.devices[0].content' damaged
	has "$stderr" '"warning".*superblock'
}

@test "what else is on an image" {
	requires mkfs.ext4 jq
	truncate -s 16M other.img
	mkfs.ext4 -q other.img
	run_famfs 0 list --json other.img
	json_is '.devices[0].content' other
	has "$(json '.devices[0].detail')" ext4
}

@test "a damaged log is told, as far as the file system can be read" {
	requires jq
	new_image
	run_famfs 0 creat -q -s 2M "$IMG:/a" "$IMG:/b"
	poke "$(entry_at 1 16)" 1 77
	run_famfs 0 list --json "$IMG"
	json_is '.devices[0] | "\(.content) \(.famfs.damaged) \(.famfs.files)"' "famfs true 1"
	has "$stderr" '"warning".*entry 1'
}

@test "an image is not changed, and its name may be anything" {
	new_image
	before=$(sum "$IMG")
	chmod a-w "$IMG"
	run_famfs 0 list "$IMG"
	unchanged "$before"
	mv "$IMG" "it's a \$(touch bad) name.img"
	run_famfs 0 list --export "it's a \$(touch bad) name.img"
	(
		eval "$output"
		# shellcheck disable=SC2153
		is "$FAMFS_DEVNAME" "it's a \$(touch bad) name.img"
	)
	[ ! -e bad ]
}

# shellcheck disable=SC2016 # the dollars are the inner shell's
@test "mounts that cannot be read: a word on stderr, and nothing that may be wrong" {
	requires unshare jq
	requires_root
	unshare -m true 2>/dev/null || skip "no mount namespace can be made here"
	new_image
	run_famfs 0 list "$IMG"
	hasnt "$stderr" 'what is mounted'
	local unreadable='mount --bind /proc/$$/mem /proc/$$/mounts && exec "$@"'
	unshare -m bash -c "$unreadable" - true 2>/dev/null || skip "nothing can be mounted there"
	run_program 0 unshare -m bash -c "$unreadable" - "$FAMFS" list "$IMG" "$IMG"
	is "$(grep -c '^famfs list: it cannot be seen what is mounted; let this' "$ERR")" 1
	run_program 0 unshare -m bash -c "$unreadable" - "$FAMFS" list --json "$IMG"
	json_is '.devices[0] | has("mounted")' false
	has "$stderr" '"warning".*what is mounted'
	run_program 0 unshare -m bash -c "$unreadable" - "$FAMFS" list --long "$IMG"
	has "$output" 'mounted +unknown'
	run_program 0 unshare -m bash -c "$unreadable" - "$FAMFS" list --export "$IMG"
	hasnt "$output" 'MOUNTED='
}

@test "refusals: what is no device, and options that contradict" {
	mkdir dir
	refused 1 'no such file' list nowhere.img
	refused 1 'directory' list dir
	refused 1 'no dax device' list /dev/null
	requires jq
	run_famfs 2 list --export --json
	json_error_is EINVAL
	refused 2 'contradicts --long' list --export --long
	refused 2 'names a file' list "$IMG:/a"
	refused 2 'does not take it' list --dry-run
	new_image
	run_famfs 1 list nowhere.img "$IMG"
	has "$output" 'famfs master'
	one_error 'nowhere.img'
}
