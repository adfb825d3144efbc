#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Everything compiles without a warning, with each compiler that is here.
# shellcheck source=tests/lint/tap.bash
. "$(dirname "$0")/tap.bash"

for compiler in gcc clang; do
	name="$compiler has no warning"
	if ! command -v $compiler >/dev/null; then
		skip "$name" "$compiler is not installed"
		continue
	fi
	env -u MAKEFLAGS make -s -k -j2 CC=$compiler BUILD="$BUILD/warnings-$compiler" \
		WERROR=1 SAN= CFLAGS='-O2 -g' programs 2>&1 | grep -E '(warning|error):|\*\*\*' |
		none "$name"
done
plan
