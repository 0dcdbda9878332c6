# SPDX-License-Identifier: ISC
# Completion of ugat-stat for fish.
complete -c ugat-stat -f
complete -c ugat-stat -n 'command -q ugat-stat' -a '(ugat-stat 2>/dev/null | awk -F\\t \'match($0, /\\tbtih=[0-9a-f]+/) { print substr($0, RSTART + 6, 40) "\\t" $17 }\')'
complete -c ugat-stat -s h -l help -d 'help'
complete -c ugat-stat -s V -l version -d 'the version'
complete -c ugat-stat -s q -d 'quieter'
complete -c ugat-stat -s v -d 'say why'
complete -c ugat-stat -s w -d 'again every second'
complete -c ugat-stat -s f -d 'forget the runs that are over'
