# SPDX-License-Identifier: ISC
# Completion of authd for fish.
complete -c authd -f
complete -c authd -s h -l help -d 'help'
complete -c authd -s V -l version -d 'the version'
complete -c authd -s q -d 'quieter'
complete -c authd -s v -d 'say why'
complete -c authd -s d -x -a '(__fish_complete_directories)' -d 'directory of keys and accounts'
complete -c authd -s i -x -d 'address to listen on'
complete -c authd -s p -x -d 'port to listen on'
complete -c authd -s N -x -a 'open invite closed open-to-all' -d 'who may register'
complete -c authd -s S -x -d 'cost of scrypt'
