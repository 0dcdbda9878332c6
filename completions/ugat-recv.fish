# SPDX-License-Identifier: ISC
# Completion of ugat-recv for fish.
complete -c ugat-recv -f
complete -c ugat-recv -s h -l help -d 'help'
complete -c ugat-recv -s V -l version -d 'the version'
complete -c ugat-recv -s q -d 'quieter'
complete -c ugat-recv -s v -d 'say why'
# Whom ugat-send knows.
complete -c ugat-recv -s u -x -a '(complete -C "ugat-send -lu "(commandline -ct))' -d 'take what this user offers'
complete -c ugat-recv -s c -x -a '(complete -C "ugat-send "(commandline -ct))' -d 'call'
complete -c ugat-recv -s p -x -d 'port to wait on'
complete -c ugat-recv -s i -x -a '(__fish_print_interfaces)' -d 'address or interface to use'
complete -c ugat-recv -s d -x -a '(__fish_complete_directories)' -d 'directory for the files'
complete -c ugat-recv -s o -r -F -d 'write the one file here'
complete -c ugat-recv -s D -x -d 'limit the rate'
complete -c ugat-recv -s f -d 'replace a file of that name'
complete -c ugat-recv -s y -d 'take what is offered'
complete -c ugat-recv -s k -d 'keep going'
complete -c ugat-recv -s F -r -F -d 'one more authority'
complete -c ugat-recv -s t -x -d 'give up after silence'
complete -c ugat-recv -s w -d 'write a status record every second'
complete -c ugat-recv -s 0 -d 'write bare paths that end in NUL'
