/* SPDX-License-Identifier: ISC */
/* core/announce: what trackers answer, and the peers that come of it. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "core/announce_parts.h"

/* Peers. */

static bool
is_own(const struct announce *a, const struct addr *peer)
{
	if (peer->port != a->self.port)
		return false;
	for (size_t i = 0; i < a->config.n_own; i++)
		if (addr_same_ip(peer, &a->config.own[i]))
			return true;
	for (size_t i = 0; i < 2; i++)
		if (a->external[i].port != 0 && addr_same_ip(peer, &a->external[i]))
			return true;
	return false;
}

/* local: who named it is on this machine. false: there is no room for more. */
static bool
take_peer(struct announce *a, struct tracker *t, bool local, const struct addr *peer)
{
	if (t->room == 0)
		return false;
	t->room--;
	if (a->at_peer == a->n_peers)
		a->at_peer = a->n_peers = 0;
	if (a->peers == NULL)
		a->peers = calloc(PEERS_MAX, sizeof(*a->peers));
	if (a->peers == NULL || a->n_peers == PEERS_MAX)
		return false;
	if (addr_is_dialable(peer) && !is_own(a, peer) &&
	    (addr_scope(peer) != ADDR_LOOPBACK || local) && seen_add(&a->seen, peer))
		a->peers[a->n_peers++] = (struct given){ .addr = *peer,
			.tracker = (unsigned)(t - a->trackers) };
	return true;
}

static void
take_compact(struct announce *a, struct tracker *t, bool local, struct bytes peers,
    enum compact_size size)
{
	struct addr peer;

	while (compact_take(&peers, size, &peer) && take_peer(a, t, local, &peer))
		;
}

static bool
is_name(struct bytes host)
{
	static const char more[] = "-._";

	for (size_t i = 0; i < host.n; i++) {
		uint8_t c = host.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') && memchr(more, c, sizeof(more) - 1) == NULL)
			return false;
	}
	return host.n > 0 && host.n < URI_HOST_SIZE;
}

/* A name waits to be looked up; when there are too many, it is passed over. */
static void
take_name(struct announce *a, const struct tracker *t, bool local,
    const struct httptrk_peer *peer)
{
	struct name *room = NULL;

	if (!is_name(peer->host))
		return;
	for (size_t i = 0; i < ANNOUNCE_NAMES; i++) {
		struct name *n = &a->names[i];

		if (!n->used)
			room = room == NULL ? n : room;
		else if (n->port == peer->port && bytes_is(peer->host, n->host))
			return;
	}
	if (room == NULL)
		return;
	*room = (struct name){ .used = true,
		.ask = true,
		.local = local,
		.tracker = (unsigned)(t - a->trackers),
		.until_ms = a->now_ms + ANNOUNCE_PATIENCE_MS,
		.port = peer->port };
	memcpy(room->host, peer->host.p, peer->host.n);
}

static void
take_list(struct announce *a, struct tracker *t, bool local, struct bytes list)
{
	struct httptrk_peer peer;
	struct addr addr;

	while (httptrk_take_peer(&list, &peer)) {
		if (addr_parse(peer.host, &addr) != RC_OK) {
			take_name(a, t, local, &peer);
			continue;
		}
		addr.port = peer.port;
		if (!take_peer(a, t, local, &addr))
			return;
	}
}

int64_t
announce_names_until(const struct announce *a)
{
	int64_t until = INT64_MIN;

	for (size_t i = 0; i < ANNOUNCE_NAMES; i++)
		if (a->names[i].used && a->names[i].until_ms > until)
			until = a->names[i].until_ms;
	return until;
}

void
announce_named(struct announce *a, unsigned name, int64_t now, enum rc rc,
    const struct addr *addrs, size_t n)
{
	struct name *who = &a->names[name];

	for (size_t i = 0; rc == RC_OK && i < n; i++)
		(void)take_peer(a, &a->trackers[who->tracker], who->local, &addrs[i]);
	who->used = false;
	announce_settle(a, now);
}

void
announce_recall(
    struct announce *a, unsigned tracker, int64_t now, const struct announce_past *past)
{
	struct tracker *t = &a->trackers[tracker];
	uint32_t wait = a->config.once ? past->interval_s : past->min_interval_s;
	size_t n = past->n_peers < ANNOUNCE_KEPT ? past->n_peers : ANNOUNCE_KEPT;

	wait = wait < ANNOUNCE_INTERVAL_MAX_S ? wait : ANNOUNCE_INTERVAL_MAX_S;
	if (t->state == TRACKER_UNUSABLE || a->config.scrape || past->stopped ||
	    past->ago_s < 0 || past->ago_s >= wait || (n == 0 && !a->config.once))
		return;
	t->hold_ms = now + (wait - past->ago_s) * 1000;
	t->seeders = past->seeders;
	t->leechers = past->leechers;
	free(t->kept);
	t->kept = calloc(n + 1, sizeof(*t->kept));
	t->n_kept = t->kept == NULL ? 0 : n;
	if (t->n_kept > 0)
		memcpy(t->kept, past->peers, n * sizeof(*t->kept));
}

void
announce_tell_kept(struct announce *a, struct tracker *t, int64_t now)
{
	t->state = TRACKER_HELD;
	t->again_ms = t->hold_ms;
	t->tell_answer = true;
	t->interval_s = (uint32_t)((t->hold_ms - now) / 1000);
	t->room = ANNOUNCE_TOLD;
	/* They were held against the rules when they were told the first time. */
	for (size_t i = 0; i < t->n_kept; i++)
		(void)take_peer(a, t, true, &t->kept[i]);
	free(t->kept);
	t->kept = NULL;
	t->n_kept = 0;
}

/* Answers. */

/* The other addresses of the family are not needed; for a scrape, no other. */
static void
drop_rivals(const struct announce *a, struct tracker *t, const struct link *winner)
{
	for (size_t i = 0; i < ANNOUNCE_LINKS; i++) {
		struct link *l = &t->links[i];

		if (l->used && l != winner && !l->ok && !l->started &&
		    (a->config.scrape ||
		        addr_is_v4(&l->addr) == addr_is_v4(&winner->addr)))
			link_drop(l);
	}
}

static uint32_t
clamp_s(uint32_t s)
{
	s = s < ANNOUNCE_INTERVAL_MIN_S ? ANNOUNCE_INTERVAL_MIN_S : s;
	return s > ANNOUNCE_INTERVAL_MAX_S ? ANNOUNCE_INTERVAL_MAX_S : s;
}

static void
link_answered(struct announce *a, struct tracker *t, struct link *l)
{
	l->ok = true;
	l->failed = false;
	l->refusals = 0;
	t->tell_answer = a->heard = true;
	t->tell_failure = t->told_failure = a->told_nobody = false;
	t->tries = 0;
	drop_rivals(a, t, l);
	announce_promote(a, t);
}

/* What both kinds of trackers say. */
struct told {
	uint32_t interval_s, min_interval_s, seeders, leechers;
};

static void
announced(struct announce *a, struct tracker *t, struct link *l, int64_t now,
    const struct told *r)
{
	uint32_t min = r->min_interval_s == 0 ? 0 : clamp_s(r->min_interval_s);

	t->min_interval_s = min;
	t->room = ANNOUNCE_TOLD;
	t->interval_s = clamp_s(r->interval_s);
	if (t->interval_s < min)
		t->interval_s = min;
	t->seeders = r->seeders;
	t->leechers = r->leechers;
	l->started = true;
	l->completed |= l->event == UDPTRK_COMPLETED;
	l->next_ms = now + (int64_t)t->interval_s * 1000;
	link_answered(a, t, l);
}

static void
scraped(
    struct announce *a, struct tracker *t, struct link *l, const struct httptrk_scrape *r)
{
	t->seeders = r->seeders;
	t->completed = r->completed;
	t->leechers = r->leechers;
	l->next_ms = INT64_MAX;
	link_answered(a, t, l);
}

/* UDP. */

static void
udp_answered(struct announce *a, struct tracker *t, struct link *l, int64_t now,
    struct udptrk_reply *r)
{
	const struct told told = { .interval_s = r->interval_s,
		.seeders = r->seeders,
		.leechers = r->leechers };
	struct udptrk_counts counts;

	if (!a->config.scrape) {
		announced(a, t, l, now, &told);
		take_compact(a, t, addr_is_loopback(&l->addr), r->peers,
		    addr_is_v4(&l->addr) ? COMPACT_V4 : COMPACT_V6);
	} else if (udptrk_take_counts(&r->counts, &counts)) {
		const struct httptrk_scrape found = { .seeders = counts.seeders,
			.completed = counts.completed,
			.leechers = counts.leechers };

		scraped(a, t, l, &found);
	}
}

static const char not_registered[] = "the torrent is not registered at this tracker";
static const char it_says[] = "the tracker says: ";

void
announce_take(struct announce *a, unsigned socket, int64_t now, struct bytes datagram)
{
	struct tracker *t = &a->trackers[socket / ANNOUNCE_LINKS];
	struct link *l = announce_link(a, socket);
	struct udptrk_reply reply;
	enum udpcall_news news;

	if (!l->used)
		return;
	news = udpcall_take(&l->call, now, announce_draw(a), datagram, &reply);
	if (news == UDPCALL_NOTHING || news == UDPCALL_GOES_ON)
		return;
	if (a->stopping) {
		t->tell_stopped |= news == UDPCALL_ANSWERED;
		link_drop(l);
		return;
	}
	if (news == UDPCALL_ANSWERED)
		udp_answered(a, t, l, now, &reply);
	else if (news == UDPCALL_UNREGISTERED)
		link_refuse(t, l, not_registered, bytes_of(NULL, 0));
	else
		link_refuse(t, l, it_says, reply.message);
	announce_settle(a, now);
}

/* HTTP. */

/* Asked again on schedule, but not sooner than it said. */
static void
ask_later(struct link *l, int64_t now, uint32_t retry_s)
{
	httpcall_fail(&l->get, now,
	    retry_s > ANNOUNCE_INTERVAL_MAX_S ? ANNOUNCE_INTERVAL_MAX_S : retry_s);
}

static void
http_failed(struct tracker *t, struct link *l, int64_t now, const struct announce_http *r)
{
	char words[32] = "HTTP status ";
	size_t n = strlen(words);

	if (r->rc == RC_NONE) {
		link_fail(t, l, BLAME_FAMILY, r->why);
	} else if (r->rc == RC_SYS || r->rc == RC_MORE || r->rc == RC_MEM) {
		link_fail(t, l, BLAME_NETWORK, r->why);
	} else if (r->rc != RC_OK) {
		link_fail(t, l, BLAME_TRACKER, r->why);
	} else if (r->status / 100 == 2) {
		link_fail(t, l, BLAME_TRACKER, "not the answer of a tracker");
	} else {
		for (unsigned v = r->status % 1000, by = 100; by > 0; by /= 10)
			words[n++] = (char)('0' + v / by % 10);
		/* 408 and 429 are about the moment; so are the server's own troubles. */
		if (r->status / 100 == 4 && r->status != 408 && r->status != 429)
			link_refuse(t, l, "", bytes_str(words));
		else
			link_fail(t, l, BLAME_TRACKER, words);
	}
	ask_later(l, now, r->retry_s);
}

static uint32_t
more_of(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static void
http_refused(
    struct tracker *t, struct link *l, int64_t now, struct bytes words, uint32_t retry_s)
{
	link_refuse(t, l, it_says, words);
	if (retry_s == HTTPTRK_NEVER)
		l->refusals = ANNOUNCE_REFUSALS;
	ask_later(l, now, retry_s);
}

static void
keep_words(struct tracker *t, const struct httptrk_reply *r)
{
	char words[REASON_SIZE];

	if (r->tracker_id.n > 0 && r->tracker_id.n <= sizeof(t->id)) {
		memcpy(t->id, r->tracker_id.p, r->tracker_id.n);
		t->id_size = r->tracker_id.n;
	}
	(void)text_printable(r->warning, words, sizeof(words));
	t->tell_warning |= words[0] != '\0' && strcmp(words, t->warning) != 0;
	memcpy(t->warning, words, sizeof(words));
}

static void
http_announced(struct announce *a, struct tracker *t, struct link *l, int64_t now,
    const struct announce_http *http, const struct httptrk_reply *r)
{
	static const uint8_t nowhere[16];
	const struct told told = { .interval_s = r->interval_s,
		.min_interval_s = r->min_interval_s,
		.seeders = r->seeders,
		.leechers = r->leechers };
	struct addr *external = &a->external[addr_is_v4(&r->external) ? 0 : 1];

	httpcall_drop(&l->get);
	announced(a, t, l, now, &told);
	keep_words(t, r);
	if (memcmp(r->external.ip, nowhere, sizeof(nowhere)) != 0) {
		*external = r->external;
		external->port = 1;
	}
	take_compact(a, t, http->local, r->peers4, COMPACT_V4);
	take_compact(a, t, http->local, r->peers6, COMPACT_V6);
	take_list(a, t, http->local, r->list);
}

static void
http_take_announce(struct announce *a, struct tracker *t, struct link *l, int64_t now,
    const struct announce_http *http)
{
	struct httptrk_reply r;

	if (httptrk_get_announce(http->body, &r) != RC_OK ||
	    (!r.failed && http->status / 100 != 2))
		http_failed(t, l, now, http);
	else if (r.failed)
		http_refused(t, l, now, r.failure, more_of(r.retry_s, http->retry_s));
	else
		http_announced(a, t, l, now, http, &r);
}

static void
http_take_scrape(struct announce *a, struct tracker *t, struct link *l, int64_t now,
    const struct announce_http *http)
{
	struct httptrk_scrape r;
	enum rc rc = httptrk_get_scrape(http->body, a->config.btih, &r);

	if (rc == RC_OK && r.failed) {
		http_refused(t, l, now, r.failure, http->retry_s);
	} else if (rc == RC_NONE) {
		link_refuse(t, l, not_registered, bytes_of(NULL, 0));
		ask_later(l, now, http->retry_s);
	} else if (rc != RC_OK || http->status / 100 != 2) {
		http_failed(t, l, now, http);
	} else {
		httpcall_drop(&l->get);
		scraped(a, t, l, &r);
	}
}

/* After completed comes stopped, after stopped nothing. */
static void
http_farewell(struct announce *a, struct tracker *t, struct link *l, int64_t now,
    const struct announce_http *r)
{
	if (l->event == UDPTRK_COMPLETED) {
		l->completed = true;
		link_begin(a, l, now);
		return;
	}
	t->tell_stopped |= r->rc == RC_OK && r->status / 100 == 2;
	link_drop(l);
}

void
announce_http(
    struct announce *a, unsigned socket, int64_t now, const struct announce_http *r)
{
	struct tracker *t = &a->trackers[socket / ANNOUNCE_LINKS];
	struct link *l = announce_link(a, socket);

	l->open = false;
	a->now_ms = now;
	if (!l->used || l->get.state != HTTPCALL_ASKING || l->get.send)
		return;
	if (a->stopping)
		http_farewell(a, t, l, now, r);
	else if (r->rc != RC_OK)
		http_failed(t, l, now, r);
	else if (a->config.scrape)
		http_take_scrape(a, t, l, now, r);
	else
		http_take_announce(a, t, l, now, r);
	announce_settle(a, now);
}

/* The network, and names. */

void
announce_failed(
    struct announce *a, unsigned socket, int64_t now, bool open, const char *why)
{
	struct link *l = announce_link(a, socket);

	l->open = l->open && open;
	if (!l->used || l->call.state == UDPCALL_IDLE)
		return;
	if (a->stopping) {
		link_drop(l);
		return;
	}
	/* What was to be sent waits for the next copy's time, as if it were lost. */
	l->call.send = l->call.send && open;
	link_fail(&a->trackers[socket / ANNOUNCE_LINKS], l, BLAME_NETWORK, why);
	announce_settle(a, now);
}

static bool
is_among(const struct addr *a, const struct addr *addrs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (addr_eq(a, &addrs[i]))
			return true;
	return false;
}

static const char *
why_lost(enum rc rc)
{
	switch (rc) {
	case RC_MORE: return "no name server answers";
	case RC_MEM: return "out of memory";
	default: return "no such host";
	}
}

static void
lost(struct tracker *t, int64_t now, enum rc rc)
{
	t->state = TRACKER_LOST;
	t->again_ms = now + ((int64_t)UDPCALL_RETRY_MS << t->tries);
	t->tries += t->tries < UDPCALL_RETRIES;
	announce_reason(t, why_lost(rc), bytes_of(NULL, 0));
}

void
announce_resolved(struct announce *a, unsigned tracker, int64_t now, enum rc rc,
    const struct addr *addrs, size_t n)
{
	struct tracker *t = &a->trackers[tracker];

	t->resolving = false;
	if (!announce_asks(a, t))
		return;
	if (rc == RC_OK && n > 0) {
		t->state = TRACKER_UP;
		for (size_t i = 0; i < ANNOUNCE_LINKS; i++)
			if (t->links[i].used && t->links[i].failed &&
			    !is_among(&t->links[i].addr, addrs, n))
				link_drop(&t->links[i]);
		for (size_t i = 0; i < n; i++)
			link_add(a, t, &addrs[i], now);
	} else if (!link_any(t)) {
		lost(t, now, rc);
	}
	announce_settle(a, now);
}
