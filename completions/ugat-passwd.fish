# SPDX-License-Identifier: ISC
# Completion of ugat-passwd for fish.
complete -c ugat-passwd -f
complete -c ugat-passwd -s h -l help -d 'help'
complete -c ugat-passwd -s V -l version -d 'the version'
complete -c ugat-passwd -s q -d 'quieter'
complete -c ugat-passwd -s v -d 'say why'
complete -c ugat-passwd -s u -x -a '(complete -C "ugat-send -lu "(commandline -ct))' -d 'user'
complete -c ugat-passwd -s P -r -F -d 'file with both passwords'
complete -c ugat-passwd -s F -r -F -d 'identity of the server'
complete -c ugat-passwd -s t -x -d 'give up after'
complete -c ugat-passwd -n 'not string match -q -- "-*" (commandline -ct)' -k -a '(complete -C "ugat-login "(commandline -ct))'
