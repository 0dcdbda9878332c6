# SPDX-License-Identifier: ISC
# Completion of ugat-parse for fish.
complete -c ugat-parse -f
complete -c ugat-parse -s h -l help -d 'help'
complete -c ugat-parse -s V -l version -d 'the version'
complete -c ugat-parse -s q -d 'quieter'
complete -c ugat-parse -s v -d 'say why'
complete -c ugat-parse -s s -d 'a summary for people'
complete -c ugat-parse -k -a '(__fish_complete_suffix .torrent)'
