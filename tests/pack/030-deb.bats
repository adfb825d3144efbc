#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# make deb: Debian packages without a debian directory in the sources.

load pack

setup_file() {
	command -v dpkg-shlibdeps >/dev/null || return 0
	load pack
	# Where people keep sources, there are blanks.
	copy_sources "$BATS_FILE_TMPDIR/the sources"
	SOURCE_DATE_EPOCH=1600000000 make_in "$BATS_FILE_TMPDIR/the sources" deb \
		>"$BATS_FILE_TMPDIR/out" 2>"$BATS_FILE_TMPDIR/err" || touch "$BATS_FILE_TMPDIR/failed"
}

built() {
	requires dpkg-shlibdeps
	[ ! -e "$BATS_FILE_TMPDIR/failed" ] || fail "$(tail -n 40 "$BATS_FILE_TMPDIR/err")"
	mapfile -t DEBS <"$BATS_FILE_TMPDIR/out"
}

@test "three packages are made, and the sources stay as they are" {
	built
	is "$(printf '%s\n' "${DEBS[@]##*/}" | sed 's/_.*//' | paste -sd ' ')" \
		"famfs libfamfs0 libfamfs-dev"
	[ ! -e "$BATS_FILE_TMPDIR/the sources/debian" ]
}

@test "the control files are what dpkg needs" {
	local deb
	built
	for deb in "${DEBS[@]}"; do
		is "$(dpkg-deb -f "$deb" Version)" "$(sed -n 's/^Version: *//p' "$TOP/famfs.spec")-1"
		dpkg-deb --ctrl-tarfile "$deb" | tar -xO ./md5sums >sums
		mkdir -p root
		dpkg-deb -x "$deb" root
		(cd root && md5sum -c --quiet ../sums)
	done
	has "$(dpkg-deb -f "${DEBS[0]}" Depends)" 'libc6 .*libdaxctl'
	has "$(dpkg-deb -f "${DEBS[0]}" Recommends)" 'libblkid'
	has "$(dpkg-deb -f "${DEBS[1]}" Depends)" 'libc6 .*libdaxctl'
	is "$(dpkg-deb -f "${DEBS[2]}" Depends)" \
		"libfamfs0 (= $(dpkg-deb -f "${DEBS[1]}" Version))"
	dpkg-deb --ctrl-tarfile "${DEBS[1]}" | tar -xO ./shlibs >shlibs
	has "$(<shlibs)" '^libfamfs 0 libfamfs0 '
}

@test "the same sources make the same packages" {
	local deb
	built
	mkdir first
	cp "${DEBS[@]}" first
	umask 077
	SOURCE_DATE_EPOCH=1600000000 make_in "$BATS_FILE_TMPDIR/the sources" deb 2>/dev/null
	for deb in "${DEBS[@]}"; do
		cmp "$deb" "first/${deb##*/}"
	done
}

@test "lintian says nothing that is not explained" {
	built
	requires lintian
	# shellcheck disable=SC2046 # as root it wants to be told that this is meant
	run_program 0 lintian $([ "$(id -u)" -ne 0 ] || echo --allow-root) \
		--fail-on error,warning --suppress-tags-from-file "$TOP/packaging/lintian.tags" \
		"${DEBS[@]}"
	is "$output" ""
}

@test "the packages' files do their work" {
	local deb libdir
	built
	libdir=/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)
	mkdir root
	for deb in "${DEBS[@]}"; do
		dpkg-deb -x "$deb" root
	done
	works_in "$PWD/root" /usr/sbin "$libdir"
}

@test "dpkg installs them, and takes them away" {
	local deb
	built
	mkdir -p root/var/lib/dpkg
	: >root/var/lib/dpkg/status
	for deb in "${DEBS[@]}"; do
		fakeroot_dpkg --force-depends --install "$deb"
	done
	[ -x root/usr/sbin/mkfs.famfs ]
	fakeroot_dpkg --purge libfamfs-dev libfamfs0 famfs
	is "$(files_below root | grep -v ^/var/)" ""
}

# Below root/ alone; dpkg wants to be root for its chown.
fakeroot_dpkg() { # ARGUMENT...
	requires_root
	dpkg --root="$PWD/root" --force-not-root --force-script-chrootless --log=/dev/null "$@" \
		>dpkg.out 2>&1 || fail "$(<dpkg.out)"
}
