# SPDX-License-Identifier: ISC
# Completion of ugat-send for fish.
complete -c ugat-send -s h -l help -d 'help'
complete -c ugat-send -s V -l version -d 'the version'
complete -c ugat-send -s q -d 'quieter'
complete -c ugat-send -s v -d 'say why'
complete -c ugat-send -s l -d 'wait to be called'
complete -c ugat-send -s y -d 'with -l: send to whoever calls'
complete -c ugat-send -s p -x -d 'port to wait on'
complete -c ugat-send -s i -x -a '(__fish_print_interfaces)' -d 'address or interface to use'
complete -c ugat-send -s n -x -d 'name that the other side sees'
complete -c ugat-send -s C -d 'without a hash of the content'
complete -c ugat-send -s U -x -d 'limit the rate'
complete -c ugat-send -s F -r -F -d 'one more authority'
complete -c ugat-send -s t -x -d 'give up after silence'

# People that were called before, as USER@HOST, from the shell's own history, the latest first.
function __ugat_people
    history search --max=500 --contains ugat | string match -r 'ugat[- ](?:send|recv).*' |
        string match -rag '(?<=\s)([a-z][a-z0-9_-]*@[][A-Za-z0-9.:-]+)(?=\s|$)'
end

# Names of users: those that were called, and one's own.
function __ugat_users
    __ugat_people | string replace -r '@.*' ''
    command -q ugat-login; and ugat-login -s 2>/dev/null | string replace -rf '^user\t' ''
end

complete -c ugat-send -s u -x -a '(__ugat_users)' -d 'with -l: send to this user'
complete -c ugat-send -n 'not __fish_contains_opt -s l; and __fish_is_first_arg' -f -k -a '(__ugat_people; __fish_complete_user_at_hosts)'
