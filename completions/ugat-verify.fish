# SPDX-License-Identifier: ISC
# Completion of ugat-verify for fish.
complete -c ugat-verify -f
complete -c ugat-verify -s h -l help -d 'help'
complete -c ugat-verify -s V -l version -d 'the version'
complete -c ugat-verify -s q -d 'quieter'
complete -c ugat-verify -s v -d 'say why'
complete -c ugat-verify -s s -d 'say how each file stands'
complete -c ugat-verify -s z -d 'look at the sizes only'
complete -c ugat-verify -s d -x -a '(__fish_complete_directories)' -d 'directory of the files'
complete -c ugat-verify -s j -x -d 'threads'
