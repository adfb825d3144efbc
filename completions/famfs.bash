# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Completion of famfs, mkfs.famfs and fsck.famfs. The program itself knows what may come.

# The words of the line up to the cursor, as the program would get them: bash has cut them at colons
# and equal signs, too.
_famfs_words() {
	local i word rest=$COMP_LINE
	words=()
	for ((i = 0; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if ((i > 0)) && [[ $rest != [[:blank:]]* ]]; then
			words[${#words[@]} - 1]+=$word
		else
			words+=("$word")
			rest=${rest#"${rest%%[![:blank:]]*}"}
		fi
		rest=${rest#"$word"}
	done
}

# What quoting with backslashes has added; a home directory's short form.
_famfs_plain() { # WORD
	local word=$1
	word=${word#[\"\']}
	word=${word//\\/}
	[[ $word != \~/* ]] || word=$HOME/${word#\~/}
	plain=$word
}

_famfs() {
	local words plain='' lines i kind asked=() cut
	_famfs_words
	for ((i = 1; i < ${#words[@]}; i++)); do
		_famfs_plain "${words[i]}"
		asked+=("$plain")
	done
	case ${words[0]##*/} in
	mkfs.famfs) asked=(mkfs "${asked[@]}") ;;
	fsck.famfs) asked=(check "${asked[@]}") ;;
	esac
	COMPREPLY=()
	# Of the word, bash replaces only what stands behind the last colon or equal sign.
	printf -v cut %q "${asked[${#asked[@]} - 1]}"
	[[ $COMP_WORDBREAKS == *:* && $cut == *[:=]* ]] && cut=${cut%"${cut##*[:=]}"} || cut=
	# All at once, and not from a pipe, which bash reads byte by byte: names may be many.
	mapfile -t lines <<<"$(command famfs __complete -- "${asked[@]}" 2>/dev/null)"
	kind=${lines[0]-}
	lines=("${lines[@]:1}")
	if ((${#lines[@]} > 0)); then
		mapfile -t COMPREPLY <<<"$(printf '%q\n' "${lines[@]%%$'\t'*}")"
		COMPREPLY=("${COMPREPLY[@]#"$cut"}")
	fi
	if [[ $kind == files ]]; then
		compopt -o filenames 2>/dev/null
		mapfile -t -O ${#COMPREPLY[@]} COMPREPLY \
			< <(compgen -f -- "${asked[${#asked[@]} - 1]#*=}")
	fi
	[[ ${COMPREPLY[0]-} != */ || ${#COMPREPLY[@]} -ne 1 ]] || compopt -o nospace 2>/dev/null
}

complete -F _famfs famfs mkfs.famfs fsck.famfs
