# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The guests' root file systems, for tests/vm/run: programs of the host in an initramfs.
# shellcheck disable=SC2154 # the variables of tests/vm/run

# The host's programs that the guest gets (those of busybox run the applets of busybox rather
# than what is in the PATH), and the libraries that famfs opens by name.
base_programs=(busybox bash ndctl daxctl setpriv timeout realpath cksum)
optional_programs=(jq)
dlopened=(libdaxctl.so.1 libndctl.so.6 libblkid.so.1 libjson-c.so.5
	libcrypto.so.3 libarchive.so.13)

# Where a file of the host goes in the guest, whose /bin, /lib and /sbin are
# links into /usr; libraries from elsewhere (the build tree) go to /usr/local/lib.
guest_path() {
	local dir

	dir=$(realpath "$(dirname "$1")")
	case $dir in
	/usr/*) printf '%s\n' "$dir/$(basename "$1")" ;;
	/bin | /sbin | /lib*) printf '%s\n' "/usr$dir/$(basename "$1")" ;;
	*) printf '%s\n' "/usr/local/lib/$(basename "$1")" ;;
	esac
}

# The libraries of a program, one path per line; fails when one is missing.
libraries_of() {
	local out

	out=$(LD_LIBRARY_PATH=$(dirname "$famfs") ldd "$1" 2>/dev/null) || return 0
	if [[ $out == *'not found'* ]]; then
		die "$1: a library is missing: $(grep 'not found' <<<"$out" | xargs)"
	fi
	awk '{ for (i = 1; i <= 3 && i <= NF; i++) if ($i ~ /^\//) { print $i; break } }' <<<"$out"
}

# put ROOT FILE...: copies files and the libraries they need below ROOT
put() {
	local root=$1 file libraries to

	shift
	libraries=$(for file; do libraries_of "$file"; done | sort -u)
	for file in "$@" $libraries; do
		to=$root$(guest_path "$file")
		mkdir -p "$(dirname "$to")"
		cp -L --remove-destination "$file" "$to"
	done
}

archive() {
	(cd "$1" && find . -mindepth 1 | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet)
}

base_files() {
	local name ldconfig known

	for name in "${base_programs[@]}"; do
		type -P "$name"
	done
	for name in "${optional_programs[@]}"; do
		type -P "$name" || true
	done
	ldconfig=$(PATH=$PATH:/usr/sbin:/sbin type -P ldconfig)
	known=$("$ldconfig" -p)
	for name in "${dlopened[@]}"; do
		awk -v so="$name" '$1 == so && /x86-64/ { print $NF; exit }' <<<"$known"
	done
}

build_base() { # ROOT FILE...
	local root=$1 applet

	shift
	mkdir -p "$root"/{proc,sys,dev,tmp,run,root,etc,opt,vm} "$root"/usr/{bin,sbin,lib,lib64}
	for applet in bin sbin lib lib64; do
		ln -s "usr/$applet" "$root/$applet"
	done
	for applet in $(busybox --list); do
		[[ $applet == busybox ]] || ln -s busybox "$root/usr/bin/$applet"
	done
	cp -r "$kernel/root/usr/lib/modules" "$root/usr/lib/"
	printf 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/tmp:/bin/sh\n' >"$root/etc/passwd"
	printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
	install -m 755 "$here/init" "$root/init"
	put "$root" "$@"
}

# Sets $base. The archive's name is a digest of all that went into it, so that
# an upgrade of the host makes a new one.
need_base() {
	local key dir files

	files=$(base_files)
	mapfile -t files <<<"$files"
	key=$({
		cat "$here/host/initramfs.bash" "$here/init" "$kernel/version"
		for f in "${files[@]}"; do
			libraries_of "$f"
		done | sort -u | xargs stat -L -c '%n %s %Y' "${files[@]}"
	} | sha256sum | cut -c 1-16)
	base=$cache/base-$(basename "$kernel")-$key.cpio
	[[ -e $base ]] && return
	dir=$(mktemp -d "$cache/new.XXXXXX")
	build_base "$dir/root" "${files[@]}"
	archive "$dir/root" >"$dir/base.cpio"
	rm -f "${base%-*}"-*.cpio
	mv "$dir/base.cpio" "$base"
	rm -rf "$dir"
}

# bats is scripts in three directories beside each other.
put_bats() { # ROOT
	local from dir

	from=$(realpath "$(type -P bats)")
	from=${from%/*/*}
	for dir in bin/bats lib/bats-core libexec/bats-core; do
		mkdir -p "$1/usr/${dir%/*}"
		cp -r "$from/$dir" "$1/usr/${dir%/*}/"
	done
}

# What changes from run to run: famfs, the script and its helpers.
build_overlay() {
	local root=$1 script=$2 program

	mkdir -p "$root/vm" "$root/usr/local/bin"
	cp "$here"/*.bash "$root/vm/"
	[[ $script -ef $here/${script##*/} ]] || cp "$(dirname "$script")"/*.bash "$root/vm/"
	if [[ $script == *.bats ]]; then
		cp "$script" "$root/vm/script.bats"
		put_bats "$root"
	else
		cp "$script" "$root/vm/script"
	fi
	"${CC:-cc}" -O1 -o "$root/usr/local/bin/daxmem" "$here/daxmem.c"
	put "$root" "$famfs"
	install -m 755 "$famfs" "$root/usr/local/bin/famfs"
	for program in ${FAMFS_VM_PROGRAMS:-}; do
		put "$root" "$program"
		install -m 755 "$program" "$root/usr/local/bin/"
	done
}
