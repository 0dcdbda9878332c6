/* SPDX-License-Identifier: ISC */
/* How much room a file system has. */
#ifndef IO_SPACE_H
#define IO_SPACE_H

#include <stdint.h>

#include "base/rc.h"

/*
 * The file system that fd lies on: free_bytes is what this user may still fill, in blocks
 * of block bytes. RC_NONE: it does not tell, or tells what does not hold for bytes that
 * may be compressed or shared (btrfs, ZFS, bcachefs).
 */
enum rc space_ask(int fd, uint64_t *block, uint64_t *free_bytes) MUST_USE;

#endif
