# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The guests' kernels, for tests/vm/run: from the package manager, kept in $cache.
# shellcheck disable=SC2154 # the variables of tests/vm/run

# The modules that the guest gets.
kernel_dirs=(drivers/nvdimm drivers/dax drivers/acpi/nfit)

# apt with package lists of our own: that needs no root and leaves the host's alone.
own_apt=()
apt_with_lists() { # NAME OPTION...
	local lists=$cache/lists-$1

	shift
	mkdir -p "$lists/partial"
	own_apt=(-o "Dir::State::lists=$lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
		-o Acquire::Languages=none -o "APT::Sandbox::User=$(id -un)" "$@")
	apt-get "${own_apt[@]}" update
}

# Where the host has its packages of this release from, as a source of another suite.
source_of_suite() { # SUITE
	local ID VERSION_CODENAME keys uri

	# shellcheck disable=SC1091
	. /etc/os-release
	# shellcheck disable=SC2016 # apt's own variables
	uri=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' |
		sed -n "s/^$VERSION_CODENAME main //p" | head -n 1)
	[[ -n $uri ]] || { echo "apt has no source of $VERSION_CODENAME" >&2; return 1; }
	keys=/usr/share/keyrings/$ID-archive-keyring.gpg
	[[ -e $keys ]] && keys="[signed-by=$keys]" || keys=
	printf 'deb %s %s %s main\n' "$keys" "$uri" "$1"
}

apt_for_suite() { # SUITE
	local etc=$cache/etc-$1

	mkdir -p "$etc"
	source_of_suite "$1" >"$etc/suite.list" || return
	apt_with_lists "$1" -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$etc"
}

# The packages with the kernel and its modules: the name given may be a metapackage.
kernel_download() { # PACKAGE
	local packages

	own_apt+=(-o "APT::Sandbox::User=$(id -un)")
	mapfile -t packages < <(apt-cache "${own_apt[@]}" depends --recurse --important "$1" |
		grep -oE '^linux-(image|modules|binary)-[0-9][^ ]*' | sort -u)
	apt-get "${own_apt[@]}" download "${packages[@]:-$1}"
}

unpack_kernel() { # DIRECTORY
	local dir=$1 deb version sub all modules

	for deb in "$dir"/*.deb; do
		dpkg-deb -x "$deb" "$dir/all"
	done
	all=$(find "$dir/all" -type d -path '*lib/modules/*' -name kernel -prune)
	all=${all%/kernel}
	version=${all##*/}
	modules=$dir/root/usr/lib/modules/$version
	for sub in "${kernel_dirs[@]}"; do
		find "$all/kernel/" -path "$all/kernel/$sub*" -name '*.ko*' -printf '%P\n'
	done | while IFS= read -r sub; do
		install -D -m 644 "$all/kernel/$sub" "$modules/kernel/$sub"
		[[ $sub != *.xz ]] || busybox unxz "$modules/kernel/$sub"
	done
	ln -s usr/lib "$dir/root/lib"
	busybox depmod -b "$dir/root" "$version"
	cp "$(find "$dir/all" -name 'vmlinuz*' -type f)" "$dir/vmlinuz"
	printf '%s\n' "$version" >"$dir/version"
	rm -rf "$dir/all" "$dir"/*.deb
}

# need_kernel PACKAGE[@SUITE]: leaves vmlinuz and the modules in $cache/PACKAGE[@SUITE], which
# appears complete or not at all, and sets $kernel to it.
need_kernel() {
	local package=${1%@*} suite=${1#*@} dir log=$cache/kernel.log

	kernel=$cache/$1
	[[ -e $kernel/version ]] && return
	[[ $suite != "$1" ]] || suite=
	dir=$(mktemp -d "$cache/new.XXXXXX")
	if ! (
		cd "$dir" || exit
		if [[ -n $suite ]]; then
			apt_for_suite "$suite" && kernel_download "$package"
		else
			kernel_download "$package" ||
				{ apt_with_lists own && kernel_download "$package"; }
		fi
	) >"$log" 2>&1; then
		rm -rf "$dir"
		skip "cannot download the kernel package $1: $(tail -n 1 "$log")"
	fi
	rm -rf "$cache"/{lists,etc}-*
	unpack_kernel "$dir"
	mv -T "$dir" "$kernel"
}
