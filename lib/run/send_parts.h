/* SPDX-License-Identifier: ISC */
/*
 * What the parts of the sending engine share: send.c (who calls whom), send_session.c
 * (one session, and what is heard), send_say.c (what is said) and send_jobs.c (the worker
 * that touches the disk). Nobody else includes it.
 */
#ifndef RUN_SEND_PARTS_H
#define RUN_SEND_PARTS_H

#include <stdatomic.h>
#include <sys/queue.h>

#include "core/rate.h"
#include "core/sender.h"
#include "io/outbox.h"
#include "io/work.h"
#include "run/send.h"
#include "run/xfer_report.h"
#include "run/xfer_talk.h"

enum {
	SEND_CHUNKS = 8,
	SEND_BATCH = 64,
	SEND_BATCHES = 2,
	SEND_NAME = 512, /* a path in words */
};

/* A file from when it was told until it is settled. */
struct send_file {
	TAILQ_ENTRY(send_file) link;
	uint64_t number;
	bool taken, ended, settled;
	uint64_t offset; /* that TAKE named */
	bool only;
	uint8_t hash[XFER_HASH_SIZE];
	uint64_t said;     /* bytes, those that are there already with them */
	uint64_t assigned; /* bytes that chunks were sent out for, from its start */
	unsigned chunks;   /* that are out */
	bool begun;        /* one was sent out */
	bool sure;         /* where the content begins is known */

	/* The worker's, as long as a chunk is out. */
	struct outbox_reader *reader;
	bool over; /* it was read to its end, or cannot be */

	size_t item;
	uint64_t size;
	uint16_t mode;
	int64_t mtime_s;
	uint32_t mtime_ns;
	uint64_t ino, dev;
	char path[];
};

TAILQ_HEAD(send_files, send_file);

/* A stretch of a file, read ahead. */
struct send_chunk {
	struct work_job job;
	struct send *send;
	struct send_file *file; /* NULL: idle */
	uint8_t *p;
	bool ready;

	/* What the worker found. */
	bool first, last, differs, stopped;
	size_t n;
	uint64_t offset; /* of the first one: where the content begins */
	enum rc rc;
	int err;
	uint8_t hash[XFER_HASH_SIZE];
};

/* Files as the second walk finds them. */
struct send_batch {
	struct work_job job;
	struct send *send;
	bool out, ready;
	size_t n, used;
	bool last;
	uint64_t late; /* that came after the count */
	struct outcome end;
	struct outbox_file files[SEND_BATCH];
};

/* The first walk. */
struct send_count {
	struct work_job job;
	struct send *send;
	bool out, ready, told; /* told: what is left out */
	enum rc rc;
	struct outcome end;
	struct xfer_skips skips;
};

struct send {
	const struct send_options *o;
	const struct talk_ground *ground;
	struct outcome *end;
	struct talk talk;
	struct sender machine;
	struct outbox *box;
	struct work *work;
	struct xfer_report report;

	struct send_count count;
	bool initialised;
	bool greeted;   /* its HELLO came */
	size_t offered; /* items; 0: not begun */
	bool may_tell;  /* the offer was accepted */

	struct send_batch *batches; /* SEND_BATCHES */
	size_t batch;               /* the one that is being told */
	bool walked, said_bye;

	struct send_files files;      /* in the order told */
	uint64_t told;                /* files, ever */
	size_t open;                  /* that are taken and not ended */
	struct send_file *unanswered; /* the first of them */
	struct send_file *reading;
	struct send_chunk chunks[SEND_CHUNKS];
	size_t head, n_chunks;       /* those that are out, in order */
	struct send_chunk *speaking; /* its bytes are the payload */

	atomic_bool stop;
	atomic_uint_least64_t hashed; /* of what the other side has already */
	uint64_t hash_total;          /* 0: nothing is being hashed */
};

/* send_session.c: one session over ground, to its end. */
void send_session(
    const struct send_options *o, const struct talk_ground *ground, struct outcome *end);

/* What will not be sent is not waited for: all of f but the bytes that were. */
void send_forget_bytes(struct send *s, const struct send_file *f, uint64_t sent);

/* send_say.c: say what the line takes. */
void send_say(struct send *s);

/* send_jobs.c */

/* A worker, with what it reads into. RC_MEM. */
enum rc send_jobs_start(struct send *s) MUST_USE;

/* No worker is left, and nothing of what they had. */
void send_jobs_stop(struct send *s);

/* Count what there is; s->count is ready then, and talk_pump called. */
void send_count_start(struct send *s);

/* The next file to be told; NULL: none is there now (s->walked: nor will be). */
const struct outbox_file *send_walk_next(struct send *s);
void send_walk_used(struct send *s);

/* Have the files that are taken read ahead, as far as there are chunks. */
void send_read_more(struct send *s);

/* The next stretch in order; NULL: it is not there yet. */
struct send_chunk *send_chunk_next(struct send *s);
void send_chunk_done(struct send *s, struct send_chunk *c);

/* Nothing more will be heard of it: it goes as soon as its chunks are back. */
void send_file_settle(struct send *s, struct send_file *f);

#endif
