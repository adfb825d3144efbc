#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # the helpers set output
# famfs.spec: three packages by rpmbuild, from the archive of make dist.

load pack

setup_file() {
	local word
	for word in rpmbuild rpm2cpio cpio; do
		command -v "$word" >/dev/null || return 0
	done
	load pack
	(requires_git) >/dev/null 2>&1 || return 0
	build_rpm >"$BATS_FILE_TMPDIR/out" 2>"$BATS_FILE_TMPDIR/err" ||
		touch "$BATS_FILE_TMPDIR/failed"
}

# Where people keep sources, there are blanks, and rpmbuild itself takes none.
build_rpm() {
	git clone -q "$TOP" "$BATS_FILE_TMPDIR/a clone" || return
	make_in "$BATS_FILE_TMPDIR/a clone" rpm \
		RPMBUILD_FLAGS="--nodeps --define 'of_no_use two words'"
}

built() {
	requires rpmbuild rpm2cpio cpio
	requires_git
	[ ! -e "$BATS_FILE_TMPDIR/failed" ] || fail "$(tail -n 40 "$BATS_FILE_TMPDIR/err")"
	RPMS="$BATS_FILE_TMPDIR/a clone/build/rpm/RPMS/$(uname -m)"
}

unpack() { # PACKAGE...: into root
	local package
	mkdir -p root
	for package; do
		rpm2cpio "$RPMS/$package"-[0-9]*.rpm | (cd root && cpio -idm --quiet)
	done
}

@test "rpmbuild makes the program, the library, and what is needed to build with it" {
	built
	is "$(cd "$RPMS" && printf '%s ' *.rpm | sed 's/-[0-9][^ ]*//g')" \
		"famfs famfs-devel famfs-libs "
	is "$(find "$BATS_FILE_TMPDIR/a clone/build/rpm/SRPMS" -name 'famfs-*.src.rpm' | wc -l)" 1
	is "$(rpm -qp --qf '%{version}' "$RPMS"/famfs-[0-9]*.rpm)" \
		"$(sed -n 's/^Version: *//p' "$TOP/famfs.spec")"
}

@test "each file is in the package where one looks for it, and none is in two" {
	built
	rpm -qpl "$RPMS"/famfs-[0-9]*.rpm >program
	rpm -qpl "$RPMS"/famfs-libs-*.rpm >libs
	rpm -qpl "$RPMS"/famfs-devel-*.rpm >devel
	has "$(<program)" '/sbin/famfs'
	has "$(<program)" '/sbin/mkfs.famfs'
	has "$(<program)" '/sbin/fsck.famfs'
	has "$(<libs)" '/libfamfs.so.0'
	hasnt "$(<libs)" '/libfamfs.so$|/bin/|/man/'
	has "$(<devel)" '/famfs.h.*/libfamfs.so.*/pkgconfig/famfs.pc'
	is "$(cat program libs devel | grep -v /.build-id | sort | uniq -d)" ""
	is "$(grep -c '/man8/' program)" "$(find "$TOP/man" -name '*.8' | wc -l)"
}

@test "the packages need each other's exact builds, and what is loaded by name" {
	built
	has "$(rpm -qp --requires "$RPMS"/famfs-devel-*.rpm)" 'famfs-libs.* = '
	has "$(rpm -qp --provides "$RPMS"/famfs-libs-*.rpm)" 'libfamfs.so.0\(FAMFS_0\)'
	has "$(rpm -qp --provides "$RPMS"/famfs-devel-*.rpm)" 'pkgconfig\(famfs\) = '
	has "$(rpm -qp --requires "$RPMS"/famfs-[0-9]*.rpm)" 'daxctl-libs'
	has "$(rpm -qp --requires "$RPMS"/famfs-libs-*.rpm)" 'daxctl-libs'
}

@test "rpmlint says nothing that is not explained" {
	built
	requires rpmlint
	run_program 0 rpmlint -r "$TOP/packaging/famfs.rpmlintrc" "$RPMS"/*.rpm \
		"$BATS_FILE_TMPDIR/a clone/build"/rpm/SRPMS/*.rpm "$TOP/famfs.spec"
	has "$output" '4 packages and 1 specfiles checked; 0 errors, 0 warnings'
}

@test "every word that rpmlint may not say is explained" {
	awk '/^#/ { told = 1 } /^$/ { told = 0 }
		/^addFilter/ && !told { print FILENAME ":" NR ": not explained"; bad = 1 }
		END { exit bad }' "$TOP/packaging/famfs.rpmlintrc"
}

@test "the packages' files do their work" {
	built
	unpack famfs famfs-libs famfs-devel
	works_in "$PWD/root" /usr/sbin "$(rpm --eval '%{_libdir}')"
}

@test "the program needs the library's package for nothing" {
	built
	unpack famfs
	run_program 0 root/usr/sbin/famfs --help
	hasnt "$(ldd root/usr/sbin/famfs)" 'not found|libfamfs'
}
