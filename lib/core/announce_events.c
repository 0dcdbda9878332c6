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

/*
 * Whether all addresses of a tracker have said no so often in a row. One that cannot be
 * asked at all counts as such.
 */
static bool
says_no(const struct tracker *t, unsigned often)
{
	bool no = false;

	if (t->state == TRACKER_UNUSABLE)
		return true;
	if (t->state != TRACKER_UP)
		return false;
	for (size_t i = 0; i < ANNOUNCE_LINKS; i++) {
		const struct link *l = &t->links[i];

		if (!l->used || (l->failed && l->blame == BLAME_FAMILY))
			continue;
		if (l->refusals < often)
			return false;
		no = true;
	}
	return no;
}

static bool
all_say_no(const struct announce *a, unsigned often)
{
	for (size_t i = 0; i < a->n; i++)
		if (!says_no(&a->trackers[i], often))
			return false;
	return a->n > 0 && !a->heard;
}

bool
announce_is_refused(const struct announce *a)
{
	return all_say_no(a, ANNOUNCE_REFUSALS);
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
	if (heard && now < announce_names_until(a))
		return ANNOUNCE_ASKING;
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

/* The request of an HTTP link; the setup has seen that it fits. */
static void
http_url_of(struct announce *a, const struct tracker *t, struct link *l)
{
	struct httptrk_announce r = { .url = t->url,
		.downloaded = a->self.downloaded,
		.left = a->self.left,
		.uploaded = a->self.uploaded,
		.event = l->event,
		.key = a->key,
		.want = a->stopping ? 0 : ANNOUNCE_WANT,
		.port = a->self.port,
		.tracker_id = bytes_of(t->id, t->id_size) };

	if (a->config.scrape) {
		if (httptrk_put_scrape(t->url, a->config.btih, a->http_url) != RC_OK)
			a->http_url[0] = '\0';
		return;
	}
	memcpy(r.btih, a->config.btih, sizeof(r.btih));
	memcpy(r.id, a->config.id, sizeof(r.id));
	if (httptrk_put_announce(&r, a->http_url) != RC_OK)
		a->http_url[0] = '\0';
	l->heard_left |= a->self.left > 0;
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

static void
link_wish(struct announce *a, const struct tracker *t, struct link *l,
    struct announce_event *out)
{
	out->addr = l->addr;
	if (l->http) {
		out->what = ANNOUNCE_GET;
		http_url_of(a, t, l);
		out->http_url = a->http_url;
		l->get.send = false;
	} else {
		out->what = l->open ? ANNOUNCE_SEND : ANNOUNCE_OPEN;
		if (l->open)
			out->datagram = datagram_of(a, t, l);
	}
	l->open = true;
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

		if (!l->used || !(l->http ? l->get.send : l->call.send))
			continue;
		out->socket = who * ANNOUNCE_LINKS + i;
		link_wish(a, t, l, out);
		return true;
	}
	return false;
}

static bool
next_name(struct announce *a, struct announce_event *out)
{
	for (unsigned i = 0; i < ANNOUNCE_NAMES; i++) {
		struct name *n = &a->names[i];

		if (!n->used || !n->ask)
			continue;
		n->ask = false;
		out->what = ANNOUNCE_NAME;
		out->name = i;
		out->host = n->host;
		out->port = n->port;
		return true;
	}
	return false;
}

static void
tell_answer(const struct announce *a, struct tracker *t, struct announce_event *out)
{
	t->tell_answer = false;
	out->what = a->config.scrape ? ANNOUNCE_SCRAPED : ANNOUNCE_ANSWERED;
	out->changed = !t->told_answer;
	out->kept = t->state == TRACKER_HELD;
	out->interval_s = t->interval_s;
	out->min_interval_s = t->min_interval_s;
	out->seeders = t->seeders;
	out->completed = t->completed;
	out->leechers = t->leechers;
	t->told_answer = !out->kept;
}

/* Whether any address of it has said no the last time. */
static bool
has_refused(const struct tracker *t)
{
	for (size_t i = 0; i < ANNOUNCE_LINKS; i++)
		if (t->links[i].used && t->links[i].failed && t->links[i].refusals > 0)
			return true;
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
		tell_answer(a, t, out);
	} else if (t->tell_warning) {
		t->tell_warning = false;
		out->what = ANNOUNCE_WARNED;
		out->reason = t->warning;
	} else if (t->tell_failure) {
		t->tell_failure = t->told_answer = false;
		out->what = ANNOUNCE_UNANSWERED;
		out->reason = t->reason;
		out->refused = has_refused(t);
	} else if (t->tell_stopped) {
		t->tell_stopped = false;
		out->what = ANNOUNCE_STOPPED;
	} else {
		return false;
	}
	return true;
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
	if (next_name(a, out))
		return true;
	for (size_t i = 0; i < a->n; i++)
		if (next_word(a, a->order[i], out))
			return true;
	if (a->at_peer < a->n_peers) {
		out->what = ANNOUNCE_PEER;
		out->addr = a->peers[a->at_peer].addr;
		out->tracker = a->peers[a->at_peer++].tracker;
		return true;
	}
	out->what = ANNOUNCE_NOBODY;
	if (!a->tell_nobody)
		return false;
	a->tell_nobody = false;
	out->refused = all_say_no(a, 1);
	return true;
}
