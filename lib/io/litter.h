/* SPDX-License-Identifier: ISC */
/* Temporary files that a process which was killed has left behind. */
#ifndef IO_LITTER_H
#define IO_LITTER_H

/*
 * Remove every NAME.PID.new in the directory that dir is open on, where PID is no process
 * any more; a secret may be in it, so zeros are written over it first. Only regular files
 * of our own user; one with a second name loses only this one. What cannot be removed
 * stays.
 */
void litter_clear(int dir, const char *name);

/* Write zeros over a regular file of our own. */
void litter_wipe(int dir, const char *name);

#endif
