/* SPDX-License-Identifier: ISC */
/* run/announce: the run that we announce for, as its status file tells of it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "run/announce_parts.h"

enum {
	STATUS_FIRST_MS = 2, /* while the run has not begun, then longer and longer */
	STATUS_SOON_MS = 50,
	STATUS_EVERY_MS = 500,
	STATUS_SELDOM_MS = 2000, /* while there is none */
};

static void
set_self(struct asking *r, const struct rec_status *s)
{
	struct announce_self self = { .port = r->o->port, .left = r->wanted };

	if (s != NULL) {
		if (s->port != 0)
			self.port = (uint16_t)s->port;
		self.downloaded = s->downloaded;
		self.uploaded = s->uploaded;
		self.left = s->left;
		self.completed =
		    s->wanted > 0 && s->had == s->wanted && s->downloaded > 0;
	}
	if (r->port == 0)
		r->port = self.port;
	announce_set_self(r->announce, &self);
}

static void
start_announcing(struct asking *r, const struct rec_status *s)
{
	r->phase = ASKING_ANNOUNCING;
	if (!asking_has_place(r))
		return;
	r->waited_ms = loop_now() + (int64_t)r->o->round_s * 1000;
	set_self(r, s);
	asking_recall(r);
	announce_start(r->announce, loop_now());
	asking_pump(r);
}

/* Look at the status file. true: the run has ended. */
static bool
look(struct asking *r, struct rec_status *s, bool *found)
{
	bool alive = false;
	enum rc rc = status_find(r->torrent.btih, r->id, &r->text, s, &alive);

	*found = rc == RC_OK;
	if (rc == RC_OK && alive)
		r->alive = true;
	return rc == RC_OK ? !alive : rc == RC_NONE && r->alive;
}

void
asking_look_again(struct asking *r)
{
	struct rec_status s;
	bool found = false;

	(void)look(r, &s, &found);
	if (found)
		set_self(r, &s);
}

/* Whether the run has nobody to load from, and does not wait to be found either. */
static bool
is_hopeless(const struct asking *r, const struct rec_status *s)
{
	return bytes_is(s->state, "loading") && s->peers == 0 && !s->keep && !r->peers;
}

/*
 * Every tracker refuses, and nobody can add a peer: the run learns that nothing more will
 * come. If it has nobody else it ends; else it decides, and the trackers are asked on for
 * as long as it lives. s: its status, or NULL.
 */
static void
end_output(struct asking *r, const struct rec_status *s)
{
	int nowhere;

	if (r->o->once || !r->in_ended || r->out_gone || r->out.buf.n > 0)
		return;
	if (s != NULL && is_hopeless(r, s)) {
		asking_fail(r, CODE_UNAVAILABLE,
		    "%s: have it registered there, or add `peer` lines",
		    r->first_failure);
		return;
	}
	nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	r->out_gone = true;
	asking_watch_ends(r);
	if (nowhere == -1 || dup2(nowhere, r->o->out) == -1)
		asking_fail(r, CODE_BUG, "/dev/null: %s", strerror(errno));
	if (nowhere != -1)
		(void)close(nowhere);
	asking_remark(r,
	    "every tracker refuses the torrent (%s): no peer will come of them",
	    r->first_failure);
}

static void
poll_run(struct asking *r)
{
	struct rec_status s;
	bool found = false, over = look(r, &s, &found), ready;
	int64_t now = loop_now(), every = r->alive ? STATUS_EVERY_MS : STATUS_SELDOM_MS;

	if (found && r->phase == ASKING_ANNOUNCING)
		set_self(r, &s);
	if (over) {
		asking_finish(r);
		return;
	}
	if (r->phase == ASKING_ANNOUNCING && r->alive && announce_is_refused(r->announce))
		end_output(r, found ? &s : NULL);
	/* While it checks what is there, nobody knows yet how much is left. */
	ready = r->alive && !(found && bytes_is(s.state, "checking"));
	if (r->phase == ASKING_WAITING && (ready || now >= r->waited_ms))
		start_announcing(r, found ? &s : NULL);
	else if (r->phase == ASKING_ANNOUNCING)
		asking_pump(r);
	if (r->phase == ASKING_WAITING) {
		r->poll_ms = r->poll_ms == 0 ? STATUS_FIRST_MS : r->poll_ms * 2;
		r->poll_ms = r->poll_ms < STATUS_SOON_MS ? r->poll_ms : STATUS_SOON_MS;
		every = r->poll_ms;
	}
	if (r->phase != ASKING_WAITING && r->phase != ASKING_ANNOUNCING)
		return;
	if (r->o->once && now + every > r->waited_ms)
		every = r->waited_ms > now ? r->waited_ms - now : STATUS_SOON_MS;
	loop_timer_set(r->poll_timer, now + every);
}

void
asking_on_poll(void *ctx)
{
	struct asking *r = ctx;

	if (r->phase == ASKING_LEAVING)
		loop_stop(r->loop);
	else
		poll_run(r);
}
