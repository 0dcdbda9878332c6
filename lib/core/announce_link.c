/* SPDX-License-Identifier: ISC */
/* core/announce: the addresses of trackers, and the calls to them. */
#include "core/announce_parts.h"

static enum udptrk_event
next_event(const struct announce *a, const struct link *l)
{
	/* A datagram of `completed` goes out beside `stopped`; HTTP has an order. */
	if (a->stopping)
		return l->http && announce_owes_completed(a, l) ? UDPTRK_COMPLETED
		                                                : UDPTRK_STOPPED;
	if (!l->started)
		return UDPTRK_STARTED;
	return announce_owes_completed(a, l) ? UDPTRK_COMPLETED : UDPTRK_NONE;
}

void
link_begin(struct announce *a, struct link *l, int64_t now)
{
	int64_t early = a->stopping ? STOP_EARLY_MS : UDPCALL_EARLY_MS;

	l->event = next_event(a, l);
	l->failed = false;
	if (l->http)
		httpcall_begin(&l->get);
	else
		udpcall_begin(&l->call, now, announce_draw(a), early);
}

void
link_rest(struct link *l)
{
	l->close |= l->open;
	l->open = l->ok = l->failed = false;
	l->refusals = 0;
	if (l->http)
		httpcall_drop(&l->get);
	else
		udpcall_drop(&l->call);
}

void
link_drop(struct link *l)
{
	link_rest(l);
	l->used = l->started = false;
}

void
link_add(struct announce *a, struct tracker *t, const struct addr *addr, int64_t now)
{
	struct link *room = NULL;
	size_t family = 0;

	for (size_t i = 0; i < ANNOUNCE_LINKS; i++) {
		struct link *l = &t->links[i];

		if (!l->used)
			room = room == NULL ? l : room;
		else if (addr_eq(&l->addr, addr))
			return;
		else
			family += addr_is_v4(&l->addr) == addr_is_v4(addr);
	}
	if (room == NULL || family >= ANNOUNCE_LINKS / 2)
		return;
	*room = (struct link){ .used = true,
		.http = t->uri.scheme != URI_UDP,
		.addr = *addr,
		.close = room->close };
	if (room->http)
		httpcall_drop(&room->get);
	else
		udpcall_init(&room->call, !addr_is_v4(addr), a->config.scrape);
	link_begin(a, room, now);
}

bool
link_any(const struct tracker *t)
{
	for (size_t i = 0; i < ANNOUNCE_LINKS; i++)
		if (t->links[i].used)
			return true;
	return false;
}

/* Whether another address has failed for a reason that says more. */
static bool
has_better_reason(const struct tracker *t, const struct link *l)
{
	for (size_t i = 0; i < ANNOUNCE_LINKS; i++)
		if (&t->links[i] != l && t->links[i].used && t->links[i].failed &&
		    t->links[i].blame > l->blame)
			return true;
	return false;
}

static void
fail(struct tracker *t, struct link *l, const char *before, struct bytes words)
{
	l->ok = false;
	l->failed = true;
	if (!has_better_reason(t, l))
		announce_reason(t, before, words);
}

void
link_fail(struct tracker *t, struct link *l, enum blame blame, const char *why)
{
	l->blame = blame;
	l->refusals = 0;
	fail(t, l, "", bytes_str(why));
}

void
link_refuse(struct tracker *t, struct link *l, const char *before, struct bytes words)
{
	l->blame = BLAME_TRACKER;
	l->refusals++;
	fail(t, l, before, words);
}
