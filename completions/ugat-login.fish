# SPDX-License-Identifier: ISC
# Completion of ugat-login for fish.
complete -c ugat-login -f
complete -c ugat-login -s h -l help -d 'help'
complete -c ugat-login -s V -l version -d 'the version'
complete -c ugat-login -s q -d 'quieter'
complete -c ugat-login -s v -d 'say why'
complete -c ugat-login -s N -d 'register a new account'
complete -c ugat-login -s I -r -F -d 'file with the invite'
complete -c ugat-login -s u -x -a '(complete -C "ugat-send -lu "(commandline -ct))' -d 'user'
complete -c ugat-login -s f -d 'log in even so'
complete -c ugat-login -s r -d 'renew now'
complete -c ugat-login -s s -d 'only show the session'
complete -c ugat-login -s L -d 'this machine only'
complete -c ugat-login -s o -x -a '(__fish_complete_directories)' -d 'directory to export to'
complete -c ugat-login -s P -r -F -d 'file with the password'
complete -c ugat-login -s F -r -F -d 'identity of the server'
complete -c ugat-login -s t -x -d 'give up after'

# HOST[:PORT]: the site's servers, those that were logged in at, then any host.
function __ugat_servers
    set -l state $XDG_STATE_HOME ~/.local/state
    cat /etc/ugat/authd $state[1]/ugat/authd 2>/dev/null | string match -rg '^\s*([^#\s]\S*)'
    __fish_print_hostnames
end
complete -c ugat-login -k -a '(__ugat_servers)'
