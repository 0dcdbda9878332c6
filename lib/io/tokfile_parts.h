/* SPDX-License-Identifier: ISC */
/* What tokfile.c (places, reading) and tokfile_write.c share. Nobody else includes it. */
#ifndef IO_TOKFILE_PARTS_H
#define IO_TOKFILE_PARTS_H

#include <sys/stat.h>

#include "io/tokfile.h"

enum { TOKFILE_SIDE = PATH_MAX + 32 };

/* The name of what lies beside it. false: too long. */
bool tokfile_beside(
    const struct tokfile *f, const char *suffix, char out[static TOKFILE_SIDE]);

/* Why such a file cannot be a session file, as the end of "PATH ..."; NULL: it can. */
const char *tokfile_kind_fault(const struct stat *st);

#endif
