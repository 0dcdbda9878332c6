/* SPDX-License-Identifier: ISC */
/* core/announce: how it stands, and what the caller is asked to do. */
#include "core/announce_parts.h"

/* The first round. */

static bool
may_answer_soon(const struct tracker *t, int64_t now)
{
	if (now >= t->asked_ms + ANNOUNCE_PATIENCE_MS)
		return false;
	if (t->state != TRACKER_UP)
		return announce_verdict(t) == VERDICT_OPEN;
	for (size_t i = 0; i < ANNOUNCE_LINKS; i++)
		if (t->links[i].used && !t->links[i].ok && !t->links[i].failed)
			return true;
	return false;
}

enum announce_round
announce_round(const struct announce *a, int64_t now)
{
	bool heard = false, hope = a->tier + 1 < a->tiers;

	for (size_t i = 0; i < a->n; i++) {
		const struct tracker *t = &a->trackers[i];

		if (!announce_asks(a, t))
			continue;
		if (may_answer_soon(t, now))
			return ANNOUNCE_ASKING;
		heard |= announce_verdict(t) == VERDICT_ANSWERED;
		hope |= announce_verdict(t) == VERDICT_OPEN;
	}
	return heard ? ANNOUNCE_HEARD : hope ? ANNOUNCE_ASKING : ANNOUNCE_REFUSED;
}

void
announce_give_up(struct announce *a, const char *reason)
{
	for (size_t i = 0; i < a->n; i++) {
		struct tracker *t = &a->trackers[i];

		if (!announce_asks(a, t) || announce_verdict(t) == VERDICT_ANSWERED ||
		    t->told_failure)
			continue;
		if (t->reason[0] == '\0')
			announce_reason(t, reason, bytes_of(NULL, 0));
		t->tell_failure = t->told_failure = true;
	}
}

/* Events. */

static struct bytes
datagram_of(struct announce *a, const struct tracker *t, struct link *l)
{
	struct udptrk_announce r = { .downloaded = a->self.downloaded,
		.left = a->self.left,
		.uploaded = a->self.uploaded,
		.event = l->event,
		.key = a->key,
		.want = a->stopping ? 0 : ANNOUNCE_WANT,
		.port = a->self.port,
		.target = t->uri.target };
	size_t n;

	memcpy(r.btih, a->config.btih, sizeof(r.btih));
	memcpy(r.id, a->config.id, sizeof(r.id));
	if (l->call.state == UDPCALL_ANNOUNCE && a->stopping &&
	    announce_owes_completed(a, l)) {
		r.event = UDPTRK_COMPLETED;
		l->completed = true;
		n = udpcall_put_beside(&l->call, &r, announce_draw(a), a->datagram);
	} else {
		n = udpcall_put(&l->call, &r, a->datagram);
		l->heard_left |= l->call.state == UDPCALL_ANNOUNCE && a->self.left > 0;
	}
	return bytes_of(a->datagram, n);
}

static bool
next_close(struct announce *a, struct announce_event *out)
{
	for (unsigned i = 0; i < a->n * ANNOUNCE_LINKS; i++)
		if (announce_link(a, i)->close) {
			announce_link(a, i)->close = false;
			out->what = ANNOUNCE_CLOSE;
			out->socket = i;
			return true;
		}
	return false;
}

/* What the tracker wants of the network. */
static bool
next_wish(struct announce *a, unsigned who, struct announce_event *out)
{
	struct tracker *t = &a->trackers[who];

	out->tracker = who;
	if (t->resolve) {
		t->resolve = false;
		t->resolving = true;
		out->what = ANNOUNCE_RESOLVE;
		out->host = t->uri.host;
		out->port = t->uri.port;
		return true;
	}
	for (unsigned i = 0; i < ANNOUNCE_LINKS; i++) {
		struct link *l = &t->links[i];

		if (!l->used || !l->call.send)
			continue;
		out->socket = who * ANNOUNCE_LINKS + i;
		out->addr = l->addr;
		out->what = l->open ? ANNOUNCE_SEND : ANNOUNCE_OPEN;
		if (l->open)
			out->datagram = datagram_of(a, t, l);
		l->open = true;
		return true;
	}
	return false;
}

/* What people and pipes are to know of the tracker. */
static bool
next_word(struct announce *a, unsigned who, struct announce_event *out)
{
	struct tracker *t = &a->trackers[who];

	out->tracker = who;
	out->url = t->url;
	if (t->tell_answer) {
		t->tell_answer = false;
		out->what = ANNOUNCE_ANSWERED;
		out->interval_s = t->interval_s;
		out->seeders = t->seeders;
		out->leechers = t->leechers;
		return true;
	}
	if (t->tell_failure) {
		t->tell_failure = false;
		out->what = ANNOUNCE_UNANSWERED;
		out->reason = t->reason;
		return true;
	}
	return false;
}

bool
announce_next(struct announce *a, struct announce_event *out)
{
	*out = (struct announce_event){ .url = bytes_of(NULL, 0) };
	if (next_close(a, out))
		return true;
	for (size_t i = 0; i < a->n; i++)
		if (next_wish(a, a->order[i], out))
			return true;
	for (size_t i = 0; i < a->n; i++)
		if (next_word(a, a->order[i], out))
			return true;
	if (a->at_peer < a->n_peers) {
		out->what = ANNOUNCE_PEER;
		out->addr = a->peers[a->at_peer++];
		return true;
	}
	out->what = ANNOUNCE_NOBODY;
	if (!a->tell_nobody)
		return false;
	a->tell_nobody = false;
	return true;
}
