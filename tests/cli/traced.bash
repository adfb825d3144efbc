# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Of files whose tests all use $ATCALL. Load it behind helpers.

load atcall

eval "$(declare -f setup | sed '1s/setup/setup_common/')"

# Not in setup_file: skipping there is a failure to bats.
setup() {
	setup_common
	requires_tracing
}
