/* SPDX-License-Identifier: ISC */
/* Directories and small files of one's own, and one's own name. */
#ifndef RUN_LOGIN_PLACE_H
#define RUN_LOGIN_PLACE_H

#include <sys/types.h>

#include <limits.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "base/user.h"

/*
 * ${XDG_DATA_HOME:-~/.local/share}/ugat; a home that is not in the environment is looked
 * up in the accounts of the machine. RC_NONE: there is no home, or its name is too long.
 */
enum rc login_data_path(char out[static PATH_MAX]) MUST_USE;

/* The nearest name of a user to the one that this process runs as. */
void login_own_name(char out[static USER_TEXT]);

/*
 * Open a directory, made with mode 0700 if it is not there (parents: those above it,
 * too). -1: errno.
 */
int login_open_dir(const char *path, bool parents);

/*
 * Read a small regular file, no link, that belongs to us or to root and whose mode has
 * none of the bits in refused; through b's maximum. RC_NONE: there is none; RC_BAD: it is
 * not of that kind, or too large; RC_SYS: errno; RC_MEM. dir may be AT_FDCWD.
 */
enum rc login_read_at(int dir, const char *name, mode_t refused, struct buf *b) MUST_USE;

/*
 * Put text into a file, whole or not at all. replace: over one that is there; else
 * RC_BUSY if there is one. RC_SYS: errno.
 */
enum rc login_write_at(
    int dir, const char *name, mode_t mode, struct bytes text, bool replace) MUST_USE;

#endif
