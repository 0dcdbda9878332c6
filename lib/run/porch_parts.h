/* SPDX-License-Identifier: ISC */
/*
 * What the parts of the porch share: porch.c (the port, time, the end), porch_place.c
 * (who gets a place), porch_hear.c (what the children say) and porch_child.c (a child).
 * Nobody else includes it.
 */
#ifndef RUN_PORCH_PARTS_H
#define RUN_PORCH_PARTS_H

#include "base/addr.h"
#include "run/audience_note.h"
#include "run/porch.h"

enum { PORCH_LISTENERS = 2, PORCH_QUESTION = 8 * 1024 };

struct porch;

/* A caller's process; pid 0: none. */
struct caller {
	struct porch *porch;
	pid_t pid;
	int fd;
	struct loop_watch *watch;
	uint64_t number; /* in the order they came */
	struct addr from;
	bool met, claimed, asks, ended;
	int64_t met_ms;
	char who[TALK_IDENTITY]; /* who is met */
	bool dropped;            /* to make room */
	struct outcome end;
	char question[PORCH_QUESTION];
	char place[ADDR_TEXT];
};

struct porch {
	const struct porch_rules *rules;
	const struct xfer_options *o;
	const struct audience *audience;
	struct outcome *end;
	int listeners[PORCH_LISTENERS];
	struct loop_watch *watch[PORCH_LISTENERS], *signals;
	struct loop_timer *timer;
	struct caller callers[PORCH_CALLERS];
	struct caller *asking; /* whose question stands on the terminal */
	uint64_t numbers;
	bool claimed, resting, ending;
	int64_t idle_ms; /* since when nobody has been here */
	int64_t last_ms; /* when ending: no longer than until then */
	uint16_t port;
	struct note_room *room;
};

/* porch.c */

/* How many callers have shown to be users who count. */
unsigned porch_count_met(const struct porch *p);

/* The outcome is known: the children are told, and waited for. */
void porch_finish(struct porch *p);

/*
 * porch_place.c: a place for a stranger from there; NULL: all are taken by users. A place
 * for newcomer, who is known now; false: there is none.
 */
struct caller *porch_place(struct porch *p, const struct addr *from);
bool porch_seat(struct porch *p, const struct caller *newcomer);

/* porch_hear.c: a child has something to say, or is gone. */
void porch_hear(struct caller *c);

/* It is gone, or was killed: wait for it, and see what became of the session. */
void porch_bury(struct caller *c);

struct porch_call {
	int conn;  /* to the caller */
	int notes; /* to the parent */
	char place[ADDR_TEXT];
};

/*
 * porch_child.c: fork a process for call, which has its own loop and nothing of ours open
 * but call's descriptors and the standard ones. Returns its id, or -1 with errno.
 */
pid_t porch_fork(const struct porch_rules *rules, const struct porch_call *call);

#endif
