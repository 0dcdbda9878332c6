/* SPDX-License-Identifier: ISC */
/* Directories that the user names and that need not be there yet. */
#ifndef IO_DIRS_H
#define IO_DIRS_H

/*
 * Make dir, with those above it that are missing: 0777 less the umask. Returns the errno
 * of the first that could not be made, or 0, also where all of them are there.
 */
int dirs_make(const char *dir);

#endif
