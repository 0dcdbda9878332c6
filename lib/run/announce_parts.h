/* SPDX-License-Identifier: ISC */
/* What the files of run/announce share. Nobody else includes it. */
#ifndef RUN_ANNOUNCE_PARTS_H
#define RUN_ANNOUNCE_PARTS_H

#include "codec/udptrk.h"
#include "core/announce.h"
#include "core/torrent.h"
#include "io/loop.h"
#include "io/recio.h"
#include "io/resolve.h"
#include "io/status.h"
#include "run/announce.h"
#include "run/session.h"

enum { RUN_OWN_ADDRS = 64 };

enum run_phase {
	RUN_READING,    /* until `end` */
	RUN_WAITING,    /* for the status file of our own id */
	RUN_ANNOUNCING, /* until the run is over */
	RUN_PASSING, /* nothing to announce, or one round is over: until the input ends */
	RUN_STOPPING, /* farewells under way */
	RUN_LEAVING,  /* what waits is written, then it is over */
};

struct run;

/* A number that core/announce gave us, with what it stands for. */
struct run_socket {
	struct run *run;
	unsigned number;
	int fd; /* -1: none */
	struct loop_watch *watch;
};

struct run_query {
	struct run *run;
	unsigned tracker;
	struct resolve_query *query; /* NULL: none under way */
};

struct run {
	const struct announce_options *o;
	struct outcome *end;
	enum run_phase phase;
	struct loop *loop;
	struct session *session;
	bool said_expired;

	/* Records. */
	struct recin in;
	struct recout out;
	struct loop_watch *in_watch, *out_watch;
	bool out_gone;   /* its reader */
	bool out_polled; /* it tells when its reader goes */
	bool own_lines;  /* on a terminal: nothing but what we add */
	bool in_ended, introduced;
	uint64_t lines; /* read so far */
	struct torrent torrent;
	struct line_scratch scratch;
	uint64_t wanted; /* bytes of the `file` lines */
	uint8_t id[20];

	/* Trackers. */
	struct announce *announce;
	struct resolve *resolve;
	struct run_socket *sockets;
	struct run_query *queries;
	struct loop_timer *timer;
	struct addr own[RUN_OWN_ADDRS];
	unsigned told; /* trackers that were called unanswered */
	char first_failure[300];
	uint8_t datagram[UDPTRK_REPLY_MAX];

	/* The run that we announce for. */
	struct loop_timer *poll_timer;
	struct status_text text;
	bool alive;        /* its status file was seen with a living writer */
	int64_t waited_ms; /* until when the phase waits */
	struct loop_signal *signals[3];
};

/* The first failure stands; leads to the end. */
void run_fail(struct run *r, int code, const char *format, ...) PRINTF_LIKE(3, 4);

/* Say something to people, unless it is to be quiet. */
void run_remark(struct run *r, const char *format, ...) PRINTF_LIKE(2, 3);

/* Queue whole lines for stdout. */
void run_put(struct run *r, struct bytes lines);

/* run/announce_net: begin to announce. false: out of memory, run_fail was called. */
bool run_trackers_start(struct run *r);
void run_trackers_clear(struct run *r);

/* Do what core/announce wants now. */
void run_drain(struct run *r);

/* The same, then look how it stands, and come back at the next deadline. */
void run_pump(struct run *r);

/*
 * run/announce_session: keep the session that run_announce has opened. false: out of
 * memory.
 */
bool run_stay_logged_in(struct run *r);

/*
 * run/announce_session: whether the session stands. Not so: said once, and a refused one
 * leads to the end.
 */
bool run_may_send(struct run *r);

/* run/announce: nothing more is begun; what waits for the reader is written. */
void run_leave(struct run *r);

/* run/announce: called by run_pump when it stands still. */
void run_check(struct run *r);

#endif
