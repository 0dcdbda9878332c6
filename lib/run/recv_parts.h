/* SPDX-License-Identifier: ISC */
/*
 * What the parts of the receiving engine share: recv.c (who calls whom), recv_session.c
 * (one session: what is heard, and its end), recv_ask.c (whether the offer is wanted),
 * recv_files.c (what becomes of each file) and recv_jobs.c (the worker that touches the
 * disk). Nobody else includes it.
 */
#ifndef RUN_RECV_PARTS_H
#define RUN_RECV_PARTS_H

#include <limits.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include "core/receiver.h"
#include "io/inbox.h"
#include "io/work.h"
#include "run/recv.h"
#include "run/xfer_report.h"
#include "run/xfer_talk.h"

enum {
	RECV_BUFFERS = 8,
	RECV_BUFFER = XFER_DATA_MAX,
	RECV_SHOWN = 20, /* items that a question lists */
	RECV_QUESTION = 8 * 1024,
	RECV_PATH = XFER_PATH_MAX + PATH_MAX + 4,
};

/* Content on its way to the disk; many small files share one. */
struct recv_buffer {
	uint8_t *p;
	size_t n;      /* bytes that are filled */
	unsigned refs; /* jobs, and being filled */
};

/* A stretch of it that belongs to one file. */
struct recv_slice {
	struct recv_buffer *buffer; /* NULL: nothing */
	const uint8_t *p;
	size_t n;
};

/* A file from when it was told until it is settled. */
struct recv_file {
	struct work_job job; /* first: a pointer to it is a pointer to the file */
	TAILQ_ENTRY(recv_file) link;
	struct recv *recv;
	uint64_t number;
	bool unwanted, answered;
	uint64_t offset;         /* where its content begins */
	struct recv_slice slice; /* the last one, with END */
	uint64_t size;           /* that END said */
	uint8_t want[XFER_HASH_SIZE];

	/* The worker's, while a job is out. */
	struct inbox_file box;
	enum inbox_found found;
	uint64_t held;
	uint8_t hash[XFER_HASH_SIZE]; /* of what is held; of all, once it is stored */
	bool begun;
	enum rc rc; /* the first thing that went wrong */
	int err;
};

TAILQ_HEAD(recv_files, recv_file);

struct recv {
	const struct recv_options *o;
	const struct talk_ground *ground;
	struct outcome *end;
	struct talk talk;
	struct receiver machine;
	struct inbox *inbox;
	struct work *work;
	struct xfer_report report;
	bool initialised, no_hash;

	/* The offer. */
	uint32_t items, unwanted;        /* unwanted: of the items, those left out */
	uint32_t listed;                 /* items in the question; */
	bool hides;                      /* a name with a dot is none of them */
	uint64_t offered;                /* files of all items */
	bool has_directory;              /* among those that are wanted */
	char strange[XFER_NAME_MAX + 1]; /* the first unwanted one */
	uint64_t left;                   /* files of unwanted items */
	struct buf list;                 /* as the question shows it */
	bool asking;

	struct recv_files files;   /* in the order told */
	struct recv_file *current; /* whose content comes */
	struct recv_buffer buffers[RECV_BUFFERS];
	struct recv_buffer *filling;
	struct recv_slice slice; /* of current, not yet with the worker */
	size_t writes;           /* jobs with a slice alone */
	bool bye, draining;
	uint64_t missing; /* files that were offered and not told */
	uint64_t skipped; /* things that the sender left out */

	atomic_bool stop;
	atomic_uint_least64_t hashed, hash_total; /* of what is here already */
};

/* recv_session.c: one session over ground, to its end. */
void recv_session(
    const struct recv_options *o, const struct talk_ground *ground, struct outcome *end);

/* Something was said to the sender, if rc is RC_OK: else the session ends. */
void recv_said(struct recv *r, enum rc rc);

/* Whether a file was the last thing that the end has waited for. */
void recv_check_end(struct recv *r);

/* recv_files.c */

/* The jobs' results: LOOK; STORE; a file given up. */
void recv_looked(struct recv *r, struct recv_file *f);
void recv_stored(struct recv *r, struct recv_file *f);
void recv_dropped(struct recv *r, struct recv_file *f);

/* f did not make it: words for the end, or for now. */
void recv_failed(struct recv *r, const struct recv_file *f, int code, const char *words);

/* Why, when another file has its name. */
extern const char recv_exists[];

/*
 * Whether rc, with its errno, is something that ends the session: f's disk is full. While
 * there are jobs of f, what is in f is the worker's.
 */
bool recv_disk_failed(struct recv *r, const struct recv_file *f, enum rc rc, int err);

/* recv_ask.c */

/* Whether what lies below an item of that name is wanted, if the offer is. */
bool recv_wants(const struct recv *r, struct bytes name);

/* One of the items came; then the last one, and it has to be decided. */
void recv_take_item(struct recv *r, const struct receiver_event *e);
void recv_decide(struct recv *r);

/* recv_jobs.c */

/* A worker, with its buffers: RC_MEM. Stop: none is left, and nothing of what it had. */
enum rc recv_jobs_start(struct recv *r) MUST_USE;
void recv_jobs_stop(struct recv *r);

/*
 * The session has ended, well or not: let what came reach the disk, for the next time.
 * Runs the loop.
 */
void recv_drain(struct recv *r);

/* Look what is there of f, and hash it: recv_looked. */
void recv_look(struct recv_file *f);

/* Where content may go. n is 0 while the disk is busy with all buffers. */
struct xlink_room recv_place(struct recv *r);

/* n bytes came to that place; hand on what is worth it. */
void recv_content(struct recv *r, size_t n);

/* Nothing more comes for now: let the worker have what is there, if it is idle. */
void recv_flush_idle(struct recv *r);

/* current is over: recv_stored; or was given up: recv_dropped. */
void recv_store(struct recv *r);
void recv_drop(struct recv *r);

#endif
