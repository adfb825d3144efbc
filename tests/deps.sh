#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# tests/deps.sh [build] [check] [bench] [coverage]: installs what is missing with the package
# manager (apt-get or dnf). Says nothing and touches no network when all is
# there. What only single tests need may be missing in the end: those are then
# skipped and counted.
#
# tests/deps.sh --libraries: lists the packages, as Debian names them, that famfs is compiled and
# linked with.
set -eu
cd "$(dirname "$0")/.."

# GROUP TEST APT DNF, where TEST is cmd:PROGRAM, pc:PKG-CONFIG-NAME or pkg (asks
# the package manager's database). A - means that this system has none.
table() {
	cat <<-'END'
		build cmd:gcc gcc gcc
		build pkg libc6-dev glibc-devel
		build cmd:make make make
		build cmd:readelf binutils binutils
		build cmd:pkg-config pkg-config pkgconf-pkg-config
		build pc:json-c libjson-c-dev json-c-devel
		build pc:libdeflate libdeflate-dev libdeflate-devel
		build pc:uuid uuid-dev libuuid-devel
		build pc:libdaxctl libdaxctl-dev daxctl-devel
		build pc:libndctl libndctl-dev ndctl-devel
		build pc:blkid libblkid-dev libblkid-devel
		build pc:libcrypto libssl-dev openssl-devel
		build pc:libarchive libarchive-dev libarchive-devel
		build pc:libisal libisal-dev isa-l-devel
		build pc:yaml-0.1 libyaml-dev libyaml-devel
		build pc:smartcols libsmartcols-dev libsmartcols-devel
		check cmd:bats bats bats
		check cmd:jq jq jq
		check cmd:zstd zstd zstd
		check cmd:xxd xxd vim-common
		check cmd:mandoc mandoc mandoc
		check cmd:shellcheck shellcheck ShellCheck
		check cmd:zsh zsh zsh
		check cmd:fish fish fish
		check cmd:valgrind valgrind valgrind
		check cmd:mkfs.ext4 e2fsprogs e2fsprogs
		check cmd:mkfs.xfs xfsprogs xfsprogs
		check cmd:sfdisk fdisk util-linux
		check cmd:pgrep procps procps-ng
		check cmd:strace strace strace
		check cmd:xmllint libxml2-utils libxml2
		check cmd:script bsdutils util-linux
		check cmd:g++ g++ gcc-c++
		check cmd:pahole dwarves dwarves
		check cmd:python3 python3 python3
		check cmd:rpmbuild rpm rpm-build
		check cmd:rpm2cpio rpm2cpio rpm
		check cmd:cpio cpio cpio
		check cmd:rpmlint rpmlint rpmlint
		check cmd:dpkg-shlibdeps dpkg-dev -
		check cmd:lintian lintian -
		check pkg libc6-dbg -
		check pkg - libasan
		check pkg - libubsan
		check pkg - libtsan
		check cmd:ctags universal-ctags ctags
		check cmd:clang clang clang
		check pkg libclang-rt-dev compiler-rt
		check cmd:clang-format clang-format clang-tools-extra
		check cmd:aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu -
		check cmd:s390x-linux-gnu-gcc gcc-s390x-linux-gnu -
		check cmd:qemu-aarch64-static qemu-user-static -
		bench cmd:jq jq jq
		bench cmd:gnuplot gnuplot-nox gnuplot-minimal
		coverage cmd:gcovr gcovr gcovr
	END
	[ ! -x tests/vm/deps ] || tests/vm/deps | sed 's/.*/check pkg & -/'
}

if [ "${1:-}" = --libraries ]; then
	table | awk '$1 == "build" && $3 ~ /-dev$/ { print $3 }'
	exit 0
fi

if command -v apt-get >/dev/null; then
	manager=apt
	install="env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends"
elif command -v dnf >/dev/null; then
	manager=dnf
	install="dnf install -y -q --setopt=install_weak_deps=False"
else
	manager=none
fi

installed() { # PACKAGE
	case $manager in
	apt) dpkg-query -W -f='${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed ;;
	dnf) rpm -q "$1" >/dev/null 2>&1 ;;
	none) true ;;
	esac
}

present() { # TEST PACKAGE
	case $1 in
	cmd:*) command -v "${1#cmd:}" >/dev/null ;;
	pc:*) pkg-config --exists "${1#pc:}" 2>/dev/null ;;
	pkg) [ "$2" = - ] || installed "$2" ;;
	esac
}

missing() { # GROUP
	table | while read -r group test apt dnf; do
		package=$apt
		[ $manager != dnf ] || package=$dnf
		[ "$group" = "$1" ] || continue
		present "$test" "$package" || echo "$package"
	done | grep -vx -e - | sort -u | tr '\n' ' '
}

# The command that becomes root, or nothing when this is root already.
become() {
	[ "$(id -u)" != 0 ] || return 0
	sudo -n true 2>/dev/null || return 1
	echo sudo
}

say() {
	echo "tests/deps.sh: $*" >&2
}

# Refreshing the lists may fail, for instance for one unreachable source of many; what
# matters is whether the packages can then be installed.
refresh() { # BECOME
	[ $manager = apt ] || return 0
	$1 env DEBIAN_FRONTEND=noninteractive apt-get update -qq ||
		say "the package lists could not be refreshed"
}

# All together, or else one by one, so that one unknown name costs only itself.
fetch() { # BECOME PACKAGE...
	root=$1
	shift
	# shellcheck disable=SC2086 # a command of several words
	$root $install "$@" >/dev/null && return 0
	[ $# -gt 1 ] || return 1
	for package; do
		# shellcheck disable=SC2086
		$root $install "$package" >/dev/null || say "$package could not be installed"
	done
}

must=
may=
[ $# -gt 0 ] || set -- build check
for group; do
	case $group in
	build) must=$(missing build) ;;
	check | bench | coverage) may=$may$(missing "$group") ;;
	*) say "$group: no such group; there are build, check, bench and coverage" && exit 2 ;;
	esac
done
[ -n "$must$may" ] || exit 0

if [ $manager = none ]; then
	say "neither apt-get nor dnf is here; needed: $must$may"
	[ -z "$must" ] || exit 1
	exit 0
fi
if ! root=$(become); then
	say "not root; to install what is missing, type: sudo $install $must$may"
	[ -z "$must" ] || exit 1
	exit 0
fi

say "installing $must$may"
refresh "$root"
# shellcheck disable=SC2086 # lists of words
fetch "$root" $must $may || true
rest=
for group; do
	[ "$group" = build ] || rest=$rest$(missing "$group")
done
[ -z "$rest" ] || say "not to be had, so what needs it will be skipped: $rest"
must=$(missing build)
[ -z "$must" ] || { say "could not be installed: $must" && exit 1; }
