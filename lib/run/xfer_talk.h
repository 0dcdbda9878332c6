/* SPDX-License-Identifier: ISC */
/*
 * The conversation with the other side, the same for both commands: TLS, the messages
 * that core/sender or core/receiver (the engine's) make and take, time, rates, signals
 * and the end. Files are the engine's.
 *
 * Every end is told to the other side when it still listens, and what it sends meanwhile
 * is read and dropped: else the kernel would answer that with a reset, and our last words
 * would be lost.
 */
#ifndef RUN_XFER_TALK_H
#define RUN_XFER_TALK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/outcome.h"
#include "core/bucket.h"
#include "core/xlink.h"
#include "crypto/key.h"
#include "io/loop.h"
#include "io/stop.h"
#include "io/tls.h"
#include "run/audience.h"
#include "run/server.h"
#include "run/xfer.h"

/* Where a session stands: all of it is the caller's, and outlives it. */
struct talk_ground {
	struct loop *loop;
	const struct audience *audience;
	const struct tls_rules *rules;
	struct stop *stop; /* signals come through it */
	int fd;            /* connected */
	bool called;       /* we were */
	bool resumes;      /* a transfer that breaks off can go on later */
	const char *place; /* the other side, until its user is known: HOST or ADDRESS */
};

struct talk_engine {
	/* TLS is up: make the machine, whose HELLO is then in its output. RC_MEM. */
	enum rc (*start)(void *ctx);
	/* The other side's user is the right one. */
	void (*greet)(void *ctx);
	/* Where content may go now; n 0: nowhere. NULL: there is never any. */
	struct xlink_room (*place)(void *ctx);
	/* n bytes went into the room. */
	void (*commit)(void *ctx, size_t n);
	/* Nothing is left to be read for now; NULL: no matter. */
	void (*dry)(void *ctx);
	/* No payload is under way: say more, if there is any; NULL: no matter. */
	void (*more)(void *ctx);
	/* A few times a second. */
	void (*tick)(void *ctx, int64_t now_ms);
	/* Tell the other side why this is the end. */
	enum rc (*error)(void *ctx, int code, struct bytes words);
};

enum talk_phase {
	TALK_SHAKING,
	TALK_TALKING,
	TALK_ENDING,  /* the last words are on their way */
	TALK_PARTING, /* they are with the kernel: until the other side has closed, too */
	TALK_OVER,
};

enum { TALK_WHO = SERVER_HOST, TALK_IDENTITY = TALK_WHO + 1 + PIN_TEXT };

struct talk {
	enum talk_phase phase;
	const struct talk_ground *ground;
	const struct xfer_options *o;
	const struct talk_engine *engine;
	void *ctx;
	struct xlink *link; /* the machine's */
	struct outcome *end;
	char who[TALK_WHO]; /* the other side: its user, once known */
	/* The pin of that user's authority, when it is the one of -F; else empty. */
	char foreign[PIN_TEXT];
	bool begun; /* the engine's: the offer was accepted */

	/* Private. */
	struct tls *tls;
	struct loop_watch *watch, *signals;
	struct loop_timer *timer;
	struct bucket bucket;
	bool limits_in;
	bool readable;             /* the socket, or TLS, may have something */
	bool started;              /* the machine is made */
	bool inside, again, poked; /* pump is at work; it was asked for meanwhile */
	bool blocked;              /* the socket takes nothing now */
	bool deaf;                 /* we do not read now, or nothing will come any more */
	bool hungry;               /* there may be more to be read at once */
	int64_t bucket_ms;         /* when the rate lets something through again */
	int64_t limit_ms;          /* of the handshake, or of the end */
	int64_t tick_ms;
};

/*
 * Begin; link is the machine's, made by engine->start. limits_in: o->rate is for what
 * comes, not for what goes. RC_MEM, RC_BAD: *end says why. Then run the loop, which stops
 * when phase is TALK_OVER, and talk_clear in every case.
 */
struct talk_begin {
	const struct talk_ground *ground;
	const struct xfer_options *o;
	const struct talk_engine *engine;
	void *ctx;
	struct xlink *link;
	bool limits_in;
};
enum rc talk_start(
    struct talk *t, const struct talk_begin *b, struct outcome *end) MUST_USE;
void talk_clear(struct talk *t);

/* Something changed: soon look what there is to be said, written and read. */
void talk_pump(struct talk *t);

/*
 * One name for one user: of the authority that -F names, another than for the user of
 * that name here.
 */
void talk_identity(const struct talk *t, char out[static TALK_IDENTITY]);

/* Whether the session still goes on. */
static inline bool
talk_lives(const struct talk *t)
{
	return t->phase == TALK_TALKING;
}

/*
 * End, in order: say what is left to be said, then part. The outcome is the engine's,
 * CODE_OK or a failure that both sides know of.
 */
void talk_finish(struct talk *t);

/* End with a failure, and tell the other side its words. The first one stands. */
void talk_fail(struct talk *t, int code, const char *format, ...) PRINTF_LIKE(3, 4);

/* The same, with other words for the other side. */
void talk_refuse(struct talk *t, int code, const char *theirs, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* The same, because what we say here cannot be written any more (audience->broken). */
void talk_mute(struct talk *t);

/* The other side has ended it: code and raw words of its ERROR. */
void talk_hear_error(struct talk *t, int code, struct bytes words);

#endif
