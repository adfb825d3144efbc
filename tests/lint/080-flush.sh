#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The write-back loops, as machine code: each instruction must act on the address that the loop
# advances, at every level of optimisation. An operand given to the compiler as one register and
# written into the instruction as another works by accident at -O0 and flushes nothing at -O2
# (FORMAT.md 13.7).
# shellcheck source=tests/lint/tap.bash
. "$(dirname "$0")/tap.bash"

source=lib/persist_x86_64.c
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

disassemble() { # COMPILER LEVEL SOURCE
	"$1" "$2" -std=gnu11 -D_GNU_SOURCE -Ilib -c "$3" -o "$work/object.o" &&
		objdump -d --no-show-raw-insn "$work/object.o"
}

# The functions lines_INSN: INSN (%R), where either %R itself advances by 64, or %R was loaded just
# before from the place in memory that does.
stale_addresses() {
	awk -v wanted='clwb clflushopt clflush' '
	function finish() {
		if (!insn) return
		if (!reg)
			print insn ": no such instruction with an address in a register"
		else if (!advanced[reg] && !(slot && advanced[slot]))
			print insn ": acts on (" reg "), which the loop does not advance"
		if (!rounded)
			print insn ": does not begin at the line'\''s first byte"
		seen[insn] = 1
		insn = ""
	}
	/^[0-9a-f]+ <lines_/ {
		finish()
		insn = $2
		gsub(/<lines_|>:/, "", insn)
		reg = slot = rounded = before = ""
		split("", advanced)
		split("", from)
		next
	}
	/^[0-9a-f]+ </ { finish(); next }
	!insn || NF < 2 { next }
	{
		op = $2
		args = $3
		comma = match(args, /,[^,]*$/)
		to = comma ? substr(args, comma + 1) : args
		if (args ~ /^-0x[0-9a-f]+\(%rbp\),%r/) to = substr(args, index(args, ",") + 1)
		if (op == insn && args ~ /^\(%r[a-z0-9]+\)$/) {
			reg = args
			gsub(/[()]/, "", reg)
			if (from[reg] && before == reg) slot = from[reg]
		}
		if (op ~ /^andq?$/ && args ~ /^\$0xffffffffffffffc0,/) rounded = 1
		if ((op ~ /^addq?$/ && args ~ /^\$0x40,/) ||
		    (op ~ /^subq?$/ && args ~ /^\$0xffffffffffffffc0,/)) {
			advanced[to] = 1
			# What was loaded, advanced and will be stored back.
			if (from[to]) stored[to] = from[to]
		}
		if (op == "mov" && args ~ /^-0x[0-9a-f]+\(%rbp\),%r/)
			from[to] = substr(args, 1, index(args, ",") - 1)
		if (op == "mov" && args ~ /^%r[a-z0-9]+,-0x[0-9a-f]+\(%rbp\)$/) {
			split(args, side, ",")
			if (stored[side[1]] == side[2]) advanced[side[2]] = 1
		}
		before = op == "mov" ? to : ""
	}
	END {
		finish()
		count = split(wanted, each, " ")
		for (i = 1; i <= count; i++)
			if (!seen[each[i]]) print "no function lines_" each[i]
	}'
}

# The last instruction of dropping lines must be one that also holds back later loads.
weak_fences() {
	awk '
	/^[0-9a-f]+ </ { name = $2; gsub(/[<>:]/, "", name); next }
	name ~ /^invalidate_/ { met[name] = met[name] }
	/mfence/ { met[name] = 1 }
	/(call|jmp) .*<fence_all>/ { relies[name] = 1 }
	name ~ /^invalidate_/ && /sfence/ { print name ": has an SFENCE" }
	END {
		for (name in met)
			if (name ~ /^invalidate_/ && !met[name] &&
			    !(relies[name] && met["fence_all"]))
				print name ": no MFENCE"
		if (!("invalidate_clflushopt" in met)) print "no function invalidate_clflushopt"
	}'
}

body() { # FUNCTION
	awk -v wanted="<$1>:" '/^[0-9a-f]+ </ { inside = $2 == wanted; next } inside' "$work/code"
}

# By an instruction, to anywhere but the stack.
stores() { # PATTERN
	grep -nE "$1,(0x[0-9a-f]+)?\(%r[a-z0-9]+\)" | grep -vE '\(%r[bs]p\)'
}

# What must be in the other functions: in themselves or in what they call.
missing_parts() {
	local what insn
	body fence_stores | grep -qw sfence || echo 'fence_stores: no SFENCE'
	for what in zero copy; do
		for insn in clwb clflushopt clflush; do
			body "${what}_$insn" | grep -qE "[[:space:]]$insn +\(|<lines_$insn>" ||
				echo "${what}_$insn: its ends are not written back by $insn"
			{ body "${what}_$insn" && body "stream_${what}_lines"; } |
				grep -qE 'movnt(dq|ps)' || echo "${what}_$insn: streams nothing"
		done
	done
	[ "$(body persist_arch_store16 | stores 'mov(dqa|aps) +%xmm[0-9]+' | grep -c .)" = 1 ] ||
		echo 'persist_arch_store16: not one store of 16 bytes'
}

# Two words, and what keeps them in order between them.
unordered_words() {
	local first second between
	{ read -r first && read -r second; } < <(body persist_publish_in_order |
		stores 'mov +%r[a-z0-9]+' | cut -d: -f1)
	[ -n "${second:-}" ] || { echo 'persist_publish_in_order: not two stores' && return; }
	between=$(body persist_publish_in_order | sed -n "${first},${second}p" |
		grep -cE 'mfence|lock|<order_stores>')
	! body order_stores | grep -q . || body order_stores | grep -qE 'mfence|lock' || between=0
	[ "$between" -ge 1 ] || echo 'persist_publish_in_order: no fence between the stores'
}

check_compiler() { # COMPILER
	local level
	for level in -O0 -O1 -O2 -O3; do
		disassemble "$1" "$level" "$source" >"$work/code" ||
			echo 'does not compile' >"$work/code"
		stale_addresses <"$work/code" |
			none "$1 $level: lines are written back where the loop is"
		weak_fences <"$work/code" | none "$1 $level: dropping lines ends with MFENCE"
		missing_parts | none "$1 $level: fences, streaming and publishing stores are there"
		disassemble "$1" "$level" lib/persist.c >"$work/code"
		unordered_words | none "$1 $level: what publishes by two stores does so in order"
	done
	# The bug itself, to prove that it would be found.
	sed 's/insn " %0"/".byte 0x66, 0x0f, 0xae, 0x30"/' "$source" >"$work/stale.c"
	disassemble "$1" -O2 "$work/stale.c" | stale_addresses | grep -q 'clwb: acts on (%rax)' ||
		echo 'a fixed register was not noticed'
	sed 's/"mfence"/"sfence"/' "$source" >"$work/weak.c"
	disassemble "$1" -O2 "$work/weak.c" | weak_fences | grep -q 'no MFENCE' ||
		echo 'an SFENCE was not noticed'
	sed -e 's/"sfence"/"nop"/' -e 's/_mm_stream_si128/_mm_store_si128/' \
		-e 's/zero_with(dst, len, lines_clwb)/zero_with(dst, len, lines_clflush)/' \
		-e 's/"movdqa %1, %0"/"movq %1, %0"/' "$source" >"$work/parts.c"
	disassemble "$1" -O2 "$work/parts.c" >"$work/code"
	[ "$(missing_parts | grep -c .)" -ge 9 ] || echo 'missing parts were not noticed'
	sed 's/order_stores();//' lib/persist.c >"$work/words.c"
	disassemble "$1" -O2 "$work/words.c" >"$work/code"
	unordered_words | grep -q 'no fence' || echo 'a missing fence was not noticed'
}

for compiler in gcc clang; do
	if [ "$(uname -m)" != x86_64 ] || ! command -v $compiler >"$work/which"; then
		skip "$compiler: write-back loops" "needs $compiler on x86_64"
		continue
	fi
	check_compiler $compiler >"$work/report"
	grep -E '^(#|ok|not ok)' "$work/report"
	grep -vE '^(#|ok|not ok)' "$work/report" | none "$compiler: the known bugs would be found"
done
plan
