# SPDX-License-Identifier: ISC
# Completion of ugat-pick for fish.
complete -c ugat-pick -f
complete -c ugat-pick -s h -l help -d 'help'
complete -c ugat-pick -s V -l version -d 'the version'
complete -c ugat-pick -s q -d 'quieter'
complete -c ugat-pick -s v -d 'say why'
complete -c ugat-pick -s x -d 'drop what matches'
