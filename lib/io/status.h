/* SPDX-License-Identifier: ISC */
/*
 * The status file of a run: one `status` record (ugat-records(5)) that anybody of the
 * same user may read, locked by flock(2) as long as the run lives, replaced whole. It
 * lies in $XDG_RUNTIME_DIR/ugat, else in /tmp/ugat-UID: mode 0700, ours, no symlink. Its
 * name is the info-hash, a dot, and the last 8 hex digits of the run's peer id.
 */
#ifndef IO_STATUS_H
#define IO_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rc.h"
#include "codec/record.h"

enum {
	STATUS_LINE_MAX = 8192, /* bytes of a record with its LF */
	STATUS_PLACES = 2,
};

struct status;

/* Room for one record that was read. */
struct status_text {
	size_t n;
	char line[STATUS_LINE_MAX];
	struct line_scratch scratch;
};

/*
 * Claim the name for this run; the file is empty until status_put. Finished files that
 * are older than 24 hours are removed on the way. RC_OK: *out is the caller's. RC_BUSY: a
 * live run holds this id: draw another. RC_NONE: there is no place for status files; the
 * run goes on without one. RC_MEM. *out is NULL unless RC_OK.
 */
enum rc status_open(const uint8_t btih[static 20], const uint8_t id[static 20],
    struct status **out) MUST_USE;

/*
 * Put r in the place of the last record; a reader sees either, never half of one. One
 * with `ended` set should be the last. s NULL: nothing happens. RC_SYS: errno, the old
 * record stays; RC_BIG: r does not fit in a line.
 */
enum rc status_put(struct status *s, const struct rec_status *r) MUST_USE;

/*
 * Open the directories that the files of our runs may lie in, for io/cage; the first one
 * is made if it is not there. -1: there is none.
 */
void status_places(int fds[static STATUS_PLACES]);

/* The open directory that it is in, s's own. -1: s is NULL. */
int status_dir(const struct status *s);

/*
 * Let go of the lock: the run is over. The last record stays, an empty file does not.
 * NULL is allowed.
 */
void status_close(struct status *s);

/*
 * Read the record of another run. *out points into *text. *alive: its writer still lives.
 * RC_NONE: no file, or no record in it yet. RC_BAD: what is there is no record. RC_SYS:
 * errno, it cannot be read.
 */
enum rc status_find(const uint8_t btih[static 20], const uint8_t id[static 20],
    struct status_text *text, struct rec_status *out, bool *alive) MUST_USE;

/* One run, as status_each shows it. */
struct status_entry {
	uint8_t btih[20];
	bool alive;          /* its process lives */
	bool bad;            /* what is in the file is no record: r says nothing */
	int64_t written_s;   /* when the record was written */
	struct rec_status r; /* its texts live for this one call */

	/* Private. */
	int dir;
	const char *name;
};

/*
 * Show every run of ours, live or ended, that left a status file in either place, in no
 * order. What ended more than 24 hours ago is removed and not shown; files that are not
 * ours or bear another kind of name are left alone, and so are runs that have not written
 * yet. A run that is not alive and whose record has not ended was killed. RC_MEM; RC_SYS:
 * errno, for want of descriptors or memory not all were looked at.
 */
enum rc status_each(
    void (*show)(void *ctx, const struct status_entry *e), void *ctx) MUST_USE;

/*
 * Remove the file of a run, from within show. RC_BUSY: it lives, and keeps its file.
 * RC_SYS: errno.
 */
enum rc status_forget(const struct status_entry *e) MUST_USE;

#endif
