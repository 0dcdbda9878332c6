/* SPDX-License-Identifier: ISC */
/* What the files of run/announce share. Nobody else includes it. */
#ifndef RUN_ANNOUNCE_PARTS_H
#define RUN_ANNOUNCE_PARTS_H

#include "codec/udptrk.h"
#include "core/announce.h"
#include "core/torrent.h"
#include "io/http.h"
#include "io/kept.h"
#include "io/loop.h"
#include "io/recio.h"
#include "io/resolve.h"
#include "io/status.h"
#include "run/announce.h"
#include "run/session.h"

enum {
	ASKING_OWN_ADDRS = 64,
	ASKING_STATUS_WAIT_MS = 2000, /* for the run's first status file */
};

enum asking_phase {
	ASKING_READING,    /* until `end` */
	ASKING_WAITING,    /* for the status file of our own id */
	ASKING_ANNOUNCING, /* until the run is over */
	ASKING_PASSING,    /* no tracker is asked any more: until the input ends */
	ASKING_STOPPING,   /* farewells under way */
	ASKING_LEAVING,    /* what waits is written, then it is over */
};

struct asking;

/* A number that core/announce gave us, with what it stands for. */
struct asking_socket {
	struct asking *asking;
	unsigned number;
	int fd; /* -1: none */
	struct loop_watch *watch;
	struct http_call *call; /* NULL: none */
};

struct asking_query {
	struct asking *asking;
	unsigned number;             /* of a tracker, or of a peer's name */
	struct resolve_query *query; /* NULL: none under way */
};

/* One run of ugat-announce. */
struct asking {
	const struct announce_options *o;
	struct outcome *end;
	enum asking_phase phase;
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
	struct http *http;
	struct kept *kept; /* what trackers answered; NULL: there is no place for it */
	struct kept_answer **answers; /* a tracker's of this run; NULL: none */
	struct asking_socket *sockets;
	struct asking_query *queries;
	struct asking_query names[ANNOUNCE_NAMES];
	struct loop_timer *timer, *place_timer;
	struct addr own[ASKING_OWN_ADDRS];
	uint16_t port; /* ours, as it was when the trackers were asked first */
	bool unsaved;
	unsigned told; /* trackers that were called unanswered */
	bool refused;  /* one of them has said no */
	bool peers;    /* the input has named some */
	bool webseeds; /* the same */
	char first_failure[300];
	uint8_t datagram[UDPTRK_REPLY_MAX];

	/* The run that we announce for. */
	struct loop_timer *poll_timer;
	int64_t poll_ms; /* between two looks, while the run has not begun */
	struct status_text text;
	bool alive;        /* its status file was seen with a living writer */
	int64_t waited_ms; /* until when the phase waits */
	struct loop_signal *signals[3];
};

/* The first failure stands; leads to the end. */
void asking_fail(struct asking *r, int code, const char *format, ...) PRINTF_LIKE(3, 4);

/* Say something to people, unless it is to be quiet. */
void asking_remark(struct asking *r, const char *format, ...) PRINTF_LIKE(2, 3);

/* Queue whole lines for stdout. */
void asking_put(struct asking *r, struct bytes lines);

/* run/announce_net: begin to announce. false: out of memory, asking_fail was called. */
bool asking_trackers_start(struct asking *r);
void asking_trackers_clear(struct asking *r);

/*
 * run/announce_cage: from now on this process has no file but its own, and runs nothing.
 * What it needs for that is opened.
 */
void asking_shut(struct asking *r);

/* Do what core/announce wants now. */
void asking_drain(struct asking *r);

/* The same, then look how it stands, and come back at the next deadline. */
void asking_pump(struct asking *r);

/*
 * run/announce_session: keep the session that announce_run has opened. false: out of
 * memory.
 */
bool asking_stay_logged_in(struct asking *r);

/*
 * run/announce_session: whether the session stands. Not so: said once, and a refused one
 * leads to the end.
 */
bool asking_may_send(struct asking *r);

/*
 * run/announce_net: whether what -i names is there. Not so: nothing more is sent, not
 * even a farewell, and the run ends.
 */
bool asking_has_place(struct asking *r);

/* run/announce_self: take counts and port from the status file once more. */
void asking_look_again(struct asking *r);

/* For poll_timer. */
void asking_on_poll(void *ctx);

/* run/announce: take leave of the trackers, if it can be, and end. */
void asking_finish(struct asking *r);

/* run/announce: watch input and output for what is wanted of them. */
void asking_watch_ends(struct asking *r);

/* run/announce: nothing more is begun; what waits for the reader is written. */
void asking_leave(struct asking *r);

/*
 * run/announce_kept: what earlier runs heard is told to core/announce, what this one
 * hears is noted and saved for later ones.
 */
void asking_recall(struct asking *r);
void asking_note_answer(struct asking *r, const struct announce_event *e);
void asking_note_peer(struct asking *r, const struct announce_event *e);
void asking_note_stopped(struct asking *r, unsigned tracker);
void asking_save(struct asking *r);
void asking_forget(struct asking *r);

/* run/announce: called by asking_pump when it stands still. */
void asking_check(struct asking *r);

#endif
