# SPDX-License-Identifier: ISC
# Completion of ugat, the front door, for fish: the first word names the command that the others belong to.
set -l first 'test (count (commandline -opc)) -eq 1'
complete -c ugat -f
complete -c ugat -n $first -s h -l help -d help
complete -c ugat -n $first -s V -l version -d 'the version'
complete -c ugat -n $first -a get -d download
complete -c ugat -n $first -a send -d 'hand files to one person'
complete -c ugat -n $first -a recv -d 'take what is handed over'
complete -c ugat -n $first -a login -d 'log in'
complete -c ugat -n $first -a logout -d 'remove the session'
complete -c ugat -n $first -a passwd -d 'change the password'
complete -c ugat -n $first -a verify -d 'check what lies on disk'
complete -c ugat -n $first -a make -d 'make a torrent'
complete -c ugat -n $first -a stat -d 'what runs'
complete -c ugat -n $first -a parse -d 'a .torrent as records'
complete -c ugat -n $first -a pick -d 'choose files'
complete -c ugat -n $first -a announce -d 'ask the trackers'
complete -c ugat -n $first -a fetch -d 'load what records describe'
complete -c ugat -n $first -a json -d 'records as JSON'
complete -c ugat -n $first -a help -d 'the manual'

# Behind it: what that command would be offered. `get` takes the options of ugat-fetch, and torrents.
function __ugat_behind
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -e words[1]
    set -l command $words[1]
    set -e words[1]
    if test "$command" = get
        complete -C "ugat-fetch $words $word" | string replace -r -- '^-j\t.*' '-j\ttorrents at once'
        return
    end
    complete -C "ugat-$command $words $word"
end
function __ugat_torrents
    set -l words (commandline -opc)
    contains -- "$words[2]" get verify
end
complete -c ugat -n "not $first; and not __ugat_torrents; or string match -q -- '-*' (commandline -ct)" -a '(__ugat_behind)'
complete -c ugat -n __ugat_torrents -k -a '(__fish_complete_suffix .torrent)'
