# SPDX-License-Identifier: ISC
# Completion of ugat-announce for fish.
complete -c ugat-announce -f
complete -c ugat-announce -s h -l help -d 'help'
complete -c ugat-announce -s V -l version -d 'the version'
complete -c ugat-announce -s q -d 'quieter'
complete -c ugat-announce -s v -d 'say why'
complete -c ugat-announce -s 1 -d 'one round'
complete -c ugat-announce -s s -d 'only say how many there are'
complete -c ugat-announce -s p -x -d 'port that peers reach us at'
complete -c ugat-announce -s i -x -a '(__fish_print_interfaces)' -d 'address or interface to use'
complete -c ugat-announce -s t -x -d 'give up after'
