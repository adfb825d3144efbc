# SPDX-License-Identifier: Apache-2.0
# Completion of famfs, mkfs.famfs and fsck.famfs. The program itself knows what may come.

function __famfs_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct | string unescape)
    set -q current[1]; or set current ''
    set current (string replace -r '^~/' "$HOME/" -- $current)
    set -l before $words[2..-1]
    switch (basename -- $words[1])
        case mkfs.famfs
            set before mkfs $before
        case fsck.famfs
            set before check $before
    end
    set -l lines (command famfs __complete -- $before "$current" 2>/dev/null)
    string join \n -- $lines[2..-1]
    if test "$lines[1]" = files
        __fish_complete_path (string replace -r '^--[^=]*=' '' -- "$current")
    end
end

for program in famfs mkfs.famfs fsck.famfs
    complete -c $program -f -a '(__famfs_complete)'
end
