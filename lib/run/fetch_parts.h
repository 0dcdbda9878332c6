/* SPDX-License-Identifier: ISC */
/*
 * What the parts of the fetch engine share: fetch.c (the phases and the end),
 * fetch_begin.c (the way to the first peer), fetch_input.c (records in), fetch_net.c
 * (connections), fetch_jobs.c (hashing, reading and writing on other threads),
 * fetch_serve.c (after the last piece), fetch_stream.c
 * (-o), fetch_report.c (status, progress, `done`). Nobody else includes it.
 */
#ifndef RUN_FETCH_PARTS_H
#define RUN_FETCH_PARTS_H

#include "base/buf.h"
#include "codec/line.h"
#include "core/bucket.h"
#include "core/swarm.h"
#include "core/torrent.h"
#include "io/loop.h"
#include "io/recio.h"
#include "io/resolve.h"
#include "io/status.h"
#include "io/store.h"
#include "io/store_map.h"
#include "io/tty.h"
#include "io/work.h"
#include "run/fetch.h"
#include "run/session.h"

enum fetch_phase {
	FETCH_READING,  /* until `end` */
	FETCH_CHECKING, /* old data is hashed */
	FETCH_LOADING,
	FETCH_SERVING, /* all is there; only with -k */
	FETCH_ENDING,  /* the outcome is known; work under way is waited for */
};

enum { FETCH_SIGNALS = 3, FETCH_LISTENERS = 2 };
enum { FETCH_SIGNAL_CODE = 128 }; /* what a shell adds to the signal that ended us */

struct fetch {
	const struct fetch_options *o;
	struct outcome *end;
	enum fetch_phase phase;

	struct loop *loop;
	struct loop_signal *signals[FETCH_SIGNALS];
	struct loop_timer *timer;
	struct work *work;
	struct session *session; /* from `end` on */

	/* Input. */
	struct recin in;
	struct loop_watch *in_watch;
	struct line_scratch *scratch;
	uint64_t lines;
	bool in_ended;
	bool asked;        /* ugat-announce is before us */
	char *place;       /* where the files go, absolute; NULL: nowhere, or not known */
	struct buf passed; /* the fail! line to hand on, the last one of our output */
	int64_t header_ms; /* when the first line came; 0: not yet */
	bool said_waiting;
	struct buf early; /* peer lines that came before the swarm */
	struct deny deny; /* and what deny! lines said by then */
	struct torrent torrent;
	struct resolve *resolve;
	struct fetch_lookup *lookups;
	unsigned n_lookups;
	uint64_t named;       /* addresses that the input brought */
	bool unheard;         /* somebody took our call and hung up on our handshake */
	unsigned trackers_ok; /* `announced` lines, at most one a tracker */
	struct buf trackers;  /* their URLs, NUL-ended */

	/* Output. */
	struct recout out;
	struct loop_watch *out_watch;
	struct status *status;
	struct tty tty;
	int64_t status_ms; /* last written */
	uint64_t start_s;
	uint32_t *left; /* of each listed file: pieces that are not held yet */
	uint32_t *told; /* listed files in the order in which they became complete */
	size_t n_complete, n_told; /* of these, how many lines were queued */

	/* Peers. */
	unsigned most_conns; /* that fit among the descriptors */
	uint8_t id[20];
	int listeners[FETCH_LISTENERS];
	struct loop_watch *listen_watch[FETCH_LISTENERS];
	uint16_t port;
	struct swarm *swarm;
	struct fetch_link *links;
	int64_t links_ms;       /* when they were last looked at */
	struct bucket down, up; /* what -D and -U let through */
	struct loop_timer *refill;
	uint8_t *read_scratch;
	int64_t tick_ms;   /* when the timer last fired */
	int64_t lonely_ms; /* since when no peer is connected */

	/* Disk. */
	struct store *store;
	struct store_map *map; /* what is sent from */
	bool damaged;          /* somebody changed what was verified */
	uint32_t next_check;   /* pieces before it were looked at */
	unsigned checks;       /* under way */
	uint64_t check_bytes, checked_bytes;
	uint64_t wanted_bytes, held_bytes; /* of wanted pieces, whatever the phase */
	int64_t save_ms, sync_ms, verified_ms;
	bool syncing, last_sync;
	int64_t load_ms;      /* when loading began */
	uint64_t held_before; /* bytes held at that time */
	int64_t serve_ms;     /* when all was there */

	struct fetch_stream *stream; /* NULL: without -o */
};

/* Whether there is a swarm at work. */
static inline bool
fetch_is_up(const struct fetch *f)
{
	return f->phase == FETCH_LOADING || f->phase == FETCH_SERVING;
}

/* fetch.c */

/* The outcome is known: let work under way finish, then leave the loop. */
void fetch_finish(struct fetch *f);
void fetch_fail(struct fetch *f, int code, const char *format, ...) PRINTF_LIKE(3, 4);

/* The disk refused; say so and end. */
void fetch_disk_failed(struct fetch *f, const struct store_error *e);

/* After every call into the swarm: do what it asks for, and see whether all is done. */
void fetch_drain(struct fetch *f);

/* fetch_begin.c */

/* The description is whole: open the store, listen, begin to check. */
void fetch_begin(struct fetch *f);

/* All old data is hashed: begin to load. */
void fetch_load(struct fetch *f);

/* A piece is held, found or fetched. */
void fetch_held(struct fetch *f, uint32_t piece);

/* fetch_input.c */

/*
 * Begin to read; stop. early: what came before there was a swarm goes to it. tick: a word
 * to who waits for `end` in vain.
 */
enum rc fetch_input_start(struct fetch *f) MUST_USE;
void fetch_input_stop(struct fetch *f);
void fetch_input_early(struct fetch *f);
void fetch_input_tick(struct fetch *f, int64_t now_ms);

/* fetch_net.c */

/*
 * The rates' timer. fetch_listen: RC_BUSY: the port is taken; RC_SYS: errno. Callers wait
 * until fetch_accept_start. todo: do to each connection what the swarm wants done. tick:
 * whether our addresses still are ours. stop: close all.
 */
enum rc fetch_net_start(struct fetch *f) MUST_USE;
enum rc fetch_listen(struct fetch *f) MUST_USE;
void fetch_accept_start(struct fetch *f);
void fetch_net_todo(struct fetch *f);
void fetch_net_tick(struct fetch *f);
void fetch_net_stop(struct fetch *f);

/* fetch_jobs.c */

/*
 * Whether there are blocks at hand now that peers wait for: then fetch_net_todo is due.
 */
bool fetch_jobs_todo(struct fetch *f);
void fetch_check_more(struct fetch *f);

/*
 * A piece that was held cannot be read, or somebody wrote to its files: it and theirs are
 * withdrawn, hashed again, and offered again where they are right.
 */
void fetch_damaged(struct fetch *f, uint32_t piece);
void fetch_sync(struct fetch *f);

/* fetch_serve.c */

/*
 * Before anything is made: nothing of the content is there, for the directory is itself
 * the content's, which belongs into the one above. Says so; with -k that is a failure,
 * and false.
 */
bool fetch_found(struct fetch *f);
void fetch_serve(struct fetch *f);
void fetch_serve_tick(struct fetch *f, int64_t now_ms);

/* fetch_stream.c */

/* The descriptor to write to is there, or will be. false: an outcome is set. */
bool fetch_stream_start(struct fetch *f);
void fetch_stream_end(struct fetch *f);

/* Open the store; with pass in a place that nobody sees. RC_OK, else o says why. */
enum rc fetch_stream_open(struct fetch *f) MUST_USE;

/* Pieces came, or the swarm is new: write on, move the window. */
void fetch_stream_more(struct fetch *f);
void fetch_stream_tick(struct fetch *f);

/* Whether nothing is left to write; and whether it is the reader who keeps us waiting. */
bool fetch_stream_done(const struct fetch *f);
bool fetch_stream_waits(const struct fetch *f);

/* The most bytes that lie on the disk at once, with pass. */
uint64_t fetch_stream_room(const struct fetch *f);

/* Whether stdout is for the bytes alone. */
static inline bool
fetch_owns_stdout(const struct fetch *f)
{
	return f->o->stream != NULL && f->o->stream[0] == '-' && f->o->stream[1] == '\0';
}

/* fetch_report.c */

/* A write to stdout or its like failed, for errno. */
void fetch_out_failed(struct fetch *f, const char *name);

/*
 * Make stdout and the terminal ready. status: write the status file, and the line of -w.
 * tick: the same once a second, and the progress line. done: a file is whole. end: the
 * last status, and all that waits. remark: a line on stderr, unless o->quiet.
 */
enum rc fetch_report_start(struct fetch *f) MUST_USE;
void fetch_report_status(struct fetch *f, int64_t now_ms);
void fetch_report_tick(struct fetch *f, int64_t now_ms);
void fetch_report_done(struct fetch *f, const struct torrent_file *file);
void fetch_report_end(struct fetch *f);
void fetch_remark(struct fetch *f, const char *format, ...) PRINTF_LIKE(2, 3);

/* fetch_cage.c: from now on this process has no file but its own, and runs nothing. */
void fetch_cage(const struct fetch *f);

#endif
