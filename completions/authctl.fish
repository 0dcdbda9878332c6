# SPDX-License-Identifier: ISC
# Completion of authctl for fish.
set -l verbs adduser deluser passwd prune users sessions revoke invite fingerprint backup
complete -c authctl -f
complete -c authctl -s h -l help -d 'help'
complete -c authctl -s V -l version -d 'the version'
complete -c authctl -s q -d 'quieter'
complete -c authctl -s v -d 'all sessions that are remembered'
complete -c authctl -s d -x -a '(__fish_complete_directories)' -d 'directory of authd'
complete -c authctl -s P -r -F -d 'where the password is read from'
complete -c authctl -n "not __fish_seen_subcommand_from $verbs" -a "$verbs"
complete -c authctl -n '__fish_seen_subcommand_from backup' -F

# The first column of what authctl lists, in the directory that its own -d names: serials behind -s, else users.
function __ugat_authctl
    set -l words (commandline -opc)
    set -l what users
    test "$words[-1]" = -s; and set what sessions
    set -l dir
    set -l at (contains -i -- -d $words)
    and set dir -d $words[(math $at + 1)]
    authctl $dir $what 2>/dev/null </dev/null | string replace -r '\t.*' ''
end
complete -c authctl -n '__fish_seen_subcommand_from deluser passwd revoke' -a '(__ugat_authctl)'
