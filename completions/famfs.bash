# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Completion of famfs, mkfs.famfs and fsck.famfs. The program itself knows what may come.

# Reads on in the line as bash itself would: the words without their quotes, the quote that is still
# open, and what of the last word stood before it.
_famfs_read() { # TEXT
	local rest=$1 chunk
	while [[ -n $rest ]]; do
		case $quote in
		\') chunk=${rest%%\'*} ;;
		\") chunk=${rest%%[\"\\]*} ;;
		*) chunk=${rest%%[[:blank:]\<\>\"\'\\]*} ;;
		esac
		rest=${rest:${#chunk}}
		if [[ -z $quote$word && $chunk == \~/* ]]; then
			chunk=${HOME-}/${chunk#\~/}
			home=${HOME-}
		fi
		word+=$chunk
		case $rest in
		'') ;;
		\\*)
			# In double quotes a backslash stays, but before what it quotes there.
			[[ $quote != \" || ${rest:1:1} == [\"\\\$\`] ]] || word+=\\
			word+=${rest:1:1}
			rest=${rest:2}
			;;
		[\"\']*)
			[[ -n $quote ]] && quote= || quote=${rest:0:1}
			opened=$word
			rest=${rest:1}
			;;
		*)
			words+=("$word")
			word='' home=''
			rest=${rest#"${rest%%[![:blank:]\<\>]*}"}
			;;
		esac
	done
}

# Asks the program. Bash replaces only what stands behind a colon, an equal sign or a quote, so that
# what is before it comes off the candidates: by one sed, for they may be many, and in bytes.
_famfs_ask() { # WORD...
	local LC_ALL=C
	strip="s/^.\{${#kept}\}/$short/"
	# Not from a pipe, which bash would read byte by byte.
	mapfile -t COMPREPLY <<<"$(command famfs __complete -- "$@" 2>/dev/null |
		sed $'s/\t.*//'";2,\$$strip")"
	kind=${COMPREPLY[0]}
	unset 'COMPREPLY[0]'
}

# Files of this host beside what the program knows of.
_famfs_add_files() {
	local option='' pattern files
	[[ $word != --*=* ]] || option=${word%%=*}=
	pattern=${word#"$option"}
	[[ -z $pattern ]] || printf -v pattern %q "$pattern"
	mapfile -t files <<<"$(compgen -G "$pattern*" | LC_ALL=C sed "s/^/$option/;$strip")"
	[[ -z ${files[0]} ]] || COMPREPLY+=("${files[@]}")
}

# The only candidate, quoted to stand where it comes.
_famfs_quote() { # CANDIDATE
	local text=$1
	case $quote in
	\') text=${text//\'/\'\\\'\'} ;;
	\")
		text=${text//\\/\\\\}
		text=${text//\"/\\\"}
		text=${text//\$/\\\$}
		text=${text//\`/\\\`}
		# Nothing in double quotes keeps the history from this one.
		text=${text//!/\"\\!\"}
		;;
	*)
		[[ -z $text ]] || printf -v text %q "$text"
		# Bash is more careful than it has to be.
		text=${text//\\,/,}
		[[ -z $short ]] || text=${text#\\}
		;;
	esac
	# A quote that begins the text would replace the one before it.
	[[ -z $quote || $text != "$quote"* ]] || text=$quote$text
	COMPREPLY=("$text")
}

_famfs() {
	local line=${COMP_LINE:0:COMP_POINT}
	local words=() word='' home='' quote='' opened='' kept short='' strip kind directory
	_famfs_read "${line%"$2"}"
	kept=$word
	_famfs_read "$2"
	[[ -z $quote ]] || kept=$opened
	# What began with "~/" goes on so.
	[[ -n $kept || -z $home ]] || kept=$home short='~'
	case ${words[0]##*/} in
	mkfs.famfs) words[0]=mkfs ;;
	fsck.famfs) words[0]=check ;;
	*) words=("${words[@]:1}") ;;
	esac
	_famfs_ask "${words[@]}" "$word"
	# Only files: bash does that as for any command, but behind an equal sign it has not cut.
	if [[ $kind == files && ${#COMPREPLY[@]} -eq 0 ]] && [[ -n $kept || $word != --*=* ]]; then
		compopt -o default
		return
	fi
	# Were a directory the only candidate, bash would close the quote behind it.
	if [[ $kind == none && -n $quote && ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[*]} == */ ]]; then
		directory=${COMPREPLY[*]}
		_famfs_ask "${words[@]}" "$kept$directory"
		COMPREPLY+=("$directory")
	fi
	[[ ${COMPREPLY[*]-} != */ ]] || compopt -o nospace
	[[ $kind != files ]] || _famfs_add_files
	# Of several, bash itself quotes what they have in common. It would look for a single one on
	# this host, to see if it is a directory.
	if [[ $kind == files || ${#COMPREPLY[@]} -gt 1 ]]; then
		compopt -o filenames
	elif ((${#COMPREPLY[@]})); then
		_famfs_quote "${COMPREPLY[@]}"
	fi
}

complete -F _famfs famfs mkfs.famfs fsck.famfs
