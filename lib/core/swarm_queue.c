/* SPDX-License-Identifier: ISC */
/*
 * What the swarm has for its caller to do: connections in a list, each once, and jobs for
 * other threads in a ring.
 */
#include <stdlib.h>

#include "core/swarm_parts.h"

enum { FIRST_JOBS = 64 };

void
swarm_free_conn(struct swarm *s, struct conn *c)
{
	if (c->own != NULL)
		pool_give(s->blocks, c->own);
	peer_clear(&c->peer);
	free(c->asked);
	free(c);
}

void
conn_set_io(struct conn *c, void *io)
{
	c->io = io;
}

void *
conn_io(const struct conn *c)
{
	return c->io;
}

const struct addr *
conn_addr(const struct conn *c)
{
	return &c->addr;
}

const char *
conn_why(const struct conn *c)
{
	return c->why;
}

bool
conn_is_unheard(const struct conn *c)
{
	return c->state == CONN_SHAKING && !c->incoming;
}

void
swarm_queue(struct swarm *s, struct conn *c, unsigned what)
{
	c->todo |= what;
	if (c->queued)
		return;
	c->queued = true;
	c->next_todo = NULL;
	*s->last_todo = c;
	s->last_todo = &c->next_todo;
}

void
swarm_unqueue(struct swarm *s, struct conn *c)
{
	struct conn **at = &s->first_todo;

	if (!c->queued)
		return;
	while (*at != c)
		at = &(*at)->next_todo;
	*at = c->next_todo;
	if (s->last_todo == &c->next_todo)
		s->last_todo = at;
	c->queued = false;
}

struct conn *
swarm_todo(struct swarm *s, unsigned *what)
{
	struct conn *c;

	/*
	 * A closed connection that was handed out stays at the front until the caller
	 * comes back.
	 */
	while ((c = s->first_todo) != NULL) {
		bool told = c->todo == 0;

		if (!told && c->state == CONN_CLOSED) {
			*what = SWARM_CLOSE;
			c->todo = 0;
			return c;
		}
		swarm_unqueue(s, c);
		if (told) {
			swarm_free_conn(s, c);
			continue;
		}
		*what = c->todo;
		c->todo = 0;
		return c;
	}
	return NULL;
}

void
swarm_add_job(struct swarm *s, struct swarm_job job)
{
	if (s->n_jobs == s->cap_jobs) {
		size_t cap = s->cap_jobs == 0 ? FIRST_JOBS : s->cap_jobs * 2;
		struct swarm_job *grown = calloc(cap, sizeof(*grown));

		if (grown == NULL) {
			s->broken = true;
			return;
		}
		for (size_t i = 0; i < s->n_jobs; i++)
			grown[i] = s->jobs[(s->first_job + i) % s->cap_jobs];
		free(s->jobs);
		s->jobs = grown;
		s->cap_jobs = cap;
		s->first_job = 0;
	}
	s->jobs[(s->first_job + s->n_jobs++) % s->cap_jobs] = job;
}

bool
swarm_job(struct swarm *s, struct swarm_job *job)
{
	if (s->n_jobs == 0)
		return false;
	*job = s->jobs[s->first_job];
	s->first_job = (s->first_job + 1) % s->cap_jobs;
	s->n_jobs--;
	return true;
}
