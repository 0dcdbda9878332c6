/* SPDX-License-Identifier: ISC */
/*
 * A torrent as records (ugat-records(5)), from the `ugat` line to the last one before
 * `end`. Every function writes its lines behind what is in out and flushes when much has
 * gathered. RC_SYS: errno, the output failed; RC_MEM.
 */
#ifndef RUN_DESCRIBE_H
#define RUN_DESCRIBE_H

#include "core/metainfo.h"
#include "io/recio.h"

/*
 * All that is in the .torrent. root: what each path begins with in place of the torrent's
 * name; empty: with the name.
 */
enum rc describe_put(
    const struct metainfo *m, struct bytes root, struct recout *out) MUST_USE;

/* One line each. first, last: pieces. */
enum rc describe_checked(struct recout *out, const struct rec_checked *r) MUST_USE;
enum rc describe_have(struct recout *out, uint32_t first, uint32_t last) MUST_USE;
enum rc describe_end(struct recout *out) MUST_USE;

#endif
