# SPDX-License-Identifier: ISC
# Completion of ugat-logout for fish.
complete -c ugat-logout -f
complete -c ugat-logout -s h -l help -d 'help'
complete -c ugat-logout -s V -l version -d 'the version'
complete -c ugat-logout -s q -d 'quieter'
complete -c ugat-logout -s v -d 'say why'
