/* SPDX-License-Identifier: ISC */
/*
 * Who gets a place, when there are more callers than places. The rules:
 *
 * - A stranger who has not shown who he is makes room for another: the one who came first
 *   of the source that has most of them, so that nobody can crowd out other sources.
 * - Of the places for users nobody has more than are left: who is alone has half of
 *   them, the next one half of the rest. So several users find one each, however slow the
 *   transfers of the first are.
 * - A user who offers nothing makes room: for a session of his own, once he has had time
 *   to offer; when all places are taken, for a user who has none, then at once if he has
 *   several.
 * - Who has offered stays.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "run/porch_parts.h"

enum { OFFER_MS = 5000 }; /* to be left alone in, from meeting on */

static bool
is_idle(const struct caller *c)
{
	return c->pid != 0 && c->met && !c->claimed;
}

static unsigned
count_source(const struct porch *p, const struct addr *from)
{
	unsigned n = 0;

	for (size_t i = 0; i < PORCH_CALLERS; i++) {
		const struct caller *c = &p->callers[i];

		if (c->pid != 0 && !c->met && addr_same_source(&c->from, from))
			n++;
	}
	return n;
}

static bool
is_his(const struct caller *c, const char *who)
{
	return c->pid != 0 && c->met && strcmp(c->who, who) == 0;
}

/* How many places a user has; those of them that he does nothing with. */
static unsigned
count_his(const struct porch *p, const char *who, bool idle)
{
	unsigned n = 0;

	for (size_t i = 0; i < PORCH_CALLERS; i++)
		if (is_his(&p->callers[i], who) && (!idle || is_idle(&p->callers[i])))
			n++;
	return n;
}

/* Whether c, of those n, goes rather than best, of those most. */
static bool
goes_first(const struct caller *c, unsigned n, const struct caller *best, unsigned most)
{
	return best == NULL || n > most || (n == most && c->number < best->number);
}

struct caller *
porch_place(struct porch *p, const struct addr *from)
{
	struct caller *goes = NULL;
	unsigned most = 0;

	for (size_t i = 0; i < PORCH_CALLERS; i++) {
		struct caller *c = &p->callers[i];
		unsigned n;

		if (c->pid == 0)
			return c;
		if (c->met)
			continue;
		n = count_source(p, &c->from) + addr_same_source(&c->from, from);
		if (goes_first(c, n, goes, most)) {
			goes = c;
			most = n;
		}
	}
	if (goes == NULL)
		return NULL;
	(void)kill(goes->pid, SIGKILL);
	goes->dropped = true;
	porch_bury(goes);
	return goes;
}

/* It tells the other side that it was interrupted. */
static void
send_away(struct porch *p, struct caller *c)
{
	char words[OUTCOME_WORDS];

	(void)snprintf(words, sizeof(words),
	    "%s (%s): has offered nothing yet: makes room for another", c->who, c->place);
	audience_here_remark(p->rules->here, words);
	c->met = false;
	c->dropped = true;
	(void)kill(c->pid, SIGTERM);
}

bool
porch_seat(struct porch *p, const struct caller *newcomer)
{
	unsigned has = count_his(p, newcomer->who, false), most = 0;
	struct caller *goes = NULL;

	if (has < PORCH_SESSIONS - porch_count_met(p))
		return true;
	for (size_t i = 0; i < PORCH_CALLERS; i++) {
		struct caller *c = &p->callers[i];
		unsigned n;

		if (!is_idle(c) || (has > 0 && !is_his(c, newcomer->who)))
			continue;
		n = count_his(p, c->who, true);
		if ((has > 0 || n == 1) && loop_now() - c->met_ms < OFFER_MS)
			continue;
		if (goes_first(c, n, goes, most)) {
			goes = c;
			most = n;
		}
	}
	if (goes == NULL)
		return false;
	send_away(p, goes);
	return true;
}
