/* SPDX-License-Identifier: ISC */
/*
 * A torrent's bytes as they lie in the page cache, for writev: nothing is copied on the
 * way to a socket. For the loop's thread alone. The bytes must not be touched by the
 * program itself: a file that somebody cuts short is met by the system call, as EFAULT,
 * but by the program as a signal.
 */
#ifndef IO_STORE_MAP_H
#define IO_STORE_MAP_H

#include <sys/uio.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/store.h"

struct store_map;

/* s is the caller's and outlives it. NULL: out of memory. */
struct store_map *store_map_new(struct store *s);
void store_map_free(struct store_map *m); /* NULL is allowed */

/*
 * Where n bytes from offset of the torrent lie: fills at most max of iov, good until
 * store_map_tidy, and returns how many. 0: some of them cannot be mapped.
 */
size_t store_map_get(
    struct store_map *m, uint64_t offset, size_t n, struct iovec *iov, size_t max);

/* Whether they lie in memory, so that sending them waits for no disk. */
bool store_map_is_warm(struct store_map *m, uint64_t offset, size_t n);

/* Unmap what was used longest ago, down to a named limit. After each writev. */
void store_map_tidy(struct store_map *m);

#endif
