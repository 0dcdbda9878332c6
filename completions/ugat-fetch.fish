# SPDX-License-Identifier: ISC
# Completion of ugat-fetch for fish.
complete -c ugat-fetch -f
complete -c ugat-fetch -s h -l help -d 'help'
complete -c ugat-fetch -s V -l version -d 'the version'
complete -c ugat-fetch -s q -d 'quieter'
complete -c ugat-fetch -s v -d 'say why'
complete -c ugat-fetch -s d -x -a '(__fish_complete_directories)' -d 'directory for the files'
complete -c ugat-fetch -s o -r -d "write one file's bytes in order"
complete -c ugat-fetch -s k -d 'go on serving'
complete -c ugat-fetch -s R -x -d 'with -k: until so many times the size was sent'
complete -c ugat-fetch -s T -x -d 'with -k: until so long after all was there'
complete -c ugat-fetch -s f -d 'distrust the journal'
complete -c ugat-fetch -s p -x -d 'port to listen on'
complete -c ugat-fetch -s i -x -a '(__fish_print_interfaces)' -d 'address or interface to use'
complete -c ugat-fetch -s D -x -d 'limit the download'
complete -c ugat-fetch -s U -x -d 'limit the upload'
complete -c ugat-fetch -s m -x -d 'memory for pieces'
complete -c ugat-fetch -s j -x -d 'connections at once'
complete -c ugat-fetch -s t -x -d 'give up when stalled so long'
complete -c ugat-fetch -s w -d 'write a status record every second'
complete -c ugat-fetch -s 0 -d 'write bare paths that end in NUL'
