# SPDX-License-Identifier: Apache-2.0
# Completion of famfs, mkfs.famfs and fsck.famfs. The program itself knows what may come.

# Asks the program, which knows nothing of "~/".
function __famfs_ask
    set -l words
    set -l current (commandline -ct | string unescape)
    for word in (commandline -opc) "$current"
        string match -q '~/*' -- $word; and set word $HOME(string sub -s 2 -- $word)
        set -a words $word
    end
    switch (string replace -r '.*/' '' -- $words[1])
        case mkfs.famfs
            set words[1] mkfs
        case fsck.famfs
            set words[1] check
        case '*'
            set -e words[1]
    end
    command famfs __complete -- $words 2>/dev/null
end

function __famfs_takes_files
    string match -q files -- (__famfs_ask)[1]
end

function __famfs_complete
    set -l typed (commandline -ct)
    # At the end of a word, fish takes even a quoted asterisk for all that may follow.
    string match -qr '\*$' -- (string unescape -- $typed); and return
    set -l lines (__famfs_ask)[2..-1]
    string match -q '~/*' -- $typed
    and set lines '~'(string sub -s (math 1 + (string length -- $HOME)) -- $lines)
    string join \n -- $lines
end

for program in famfs mkfs.famfs fsck.famfs
    complete -c $program -f -a '(__famfs_complete)'
    complete -c $program -n __famfs_takes_files -F
end
