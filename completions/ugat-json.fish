# SPDX-License-Identifier: ISC
# Completion of ugat-json for fish.
complete -c ugat-json -f
complete -c ugat-json -s h -l help -d 'help'
complete -c ugat-json -s V -l version -d 'the version'
complete -c ugat-json -s q -d 'quieter'
complete -c ugat-json -s v -d 'say why'
