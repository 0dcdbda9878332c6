/* SPDX-License-Identifier: ISC */
/* run/announce: what trackers answered, from run to run. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "crypto/hash.h"
#include "run/announce_parts.h"

enum { KEY_TEXT_MAX = 70000 };

/* One client at one tracker: the torrent, the URL, the port, where we ask from. */
static bool
key_of(const struct asking *r, unsigned tracker, uint8_t key[static KEPT_KEY])
{
	const struct net_local *l = &r->o->local;
	struct bytes url = announce_url(r->announce, tracker);
	uint8_t digest[SHA256_SIZE];
	char from[ADDR_TEXT];
	struct buf b;
	enum rc rc;

	addr_text(&l->ip, from);
	buf_init(&b, KEY_TEXT_MAX);
	rc =
	    buf_printf(&b, "%u %s %s ", (unsigned)r->port, l->set ? from : "", l->device);
	if (rc == RC_OK)
		rc = buf_add(&b, r->torrent.btih, sizeof(r->torrent.btih));
	if (rc == RC_OK)
		rc = buf_add(&b, url.p, url.n);
	if (rc == RC_OK)
		rc = hash_sha256(buf_bytes(&b), digest);
	buf_clear(&b);
	if (rc == RC_OK)
		memcpy(key, digest, KEPT_KEY);
	return rc == RC_OK;
}

static void
recall_one(struct asking *r, unsigned tracker, struct kept_answer *a)
{
	struct announce_past past;
	uint8_t key[KEPT_KEY];

	if (!key_of(r, tracker, key) || kept_get(r->kept, key, a) != RC_OK)
		return;
	past = (struct announce_past){ .ago_s = (int64_t)(loop_wall_s() - a->at_s),
		.interval_s = a->interval_s,
		.min_interval_s = a->min_interval_s,
		.stopped = a->stopped,
		.seeders = a->seeders,
		.leechers = a->leechers,
		.peers = a->peers,
		.n_peers = a->n };
	announce_recall(r->announce, tracker, loop_now(), &past);
}

void
asking_recall(struct asking *r)
{
	struct kept_answer *a;

	a = r->kept == NULL ? NULL : calloc(1, sizeof(*a));
	for (unsigned i = 0; a != NULL && i < announce_trackers(r->announce); i++)
		recall_one(r, i, a);
	free(a);
}

/* The answer of a tracker in this run; NULL: none, and none is kept. */
static struct kept_answer *
answer_of(struct asking *r, unsigned tracker)
{
	return r->answers == NULL ? NULL : r->answers[tracker];
}

void
asking_note_answer(struct asking *r, const struct announce_event *e)
{
	struct kept_answer *a;

	if (r->kept == NULL || e->kept)
		return;
	if (r->answers == NULL)
		r->answers = calloc(announce_trackers(r->announce), sizeof(*r->answers));
	if (r->answers == NULL)
		return;
	a = r->answers[e->tracker];
	if (a == NULL)
		a = r->answers[e->tracker] = calloc(1, sizeof(*a));
	if (a == NULL)
		return;
	a->at_s = loop_wall_s();
	a->interval_s = e->interval_s;
	a->min_interval_s = e->min_interval_s;
	a->seeders = e->seeders;
	a->leechers = e->leechers;
	r->unsaved = true;
}

/* The latest are kept. */
void
asking_note_peer(struct asking *r, const struct announce_event *e)
{
	struct kept_answer *a = answer_of(r, e->tracker);

	if (a == NULL)
		return;
	if (a->n == KEPT_PEERS)
		memmove(a->peers, a->peers + 1, --a->n * sizeof(a->peers[0]));
	a->peers[a->n++] = e->addr;
}

void
asking_note_stopped(struct asking *r, unsigned tracker)
{
	struct kept_answer *a = answer_of(r, tracker);

	if (a == NULL)
		return;
	a->stopped = true;
	r->unsaved = true;
}

void
asking_save(struct asking *r)
{
	uint8_t key[KEPT_KEY];

	if (!r->unsaved)
		return;
	r->unsaved = false;
	for (unsigned i = 0; i < announce_trackers(r->announce); i++) {
		const struct kept_answer *a = answer_of(r, i);

		/* Whoever cannot keep it asks again next time. */
		if (a != NULL && key_of(r, i, key) && kept_put(r->kept, key, a) != RC_OK)
			return;
	}
}

void
asking_forget(struct asking *r)
{
	size_t n = r->answers == NULL ? 0 : announce_trackers(r->announce);

	for (size_t i = 0; i < n; i++)
		free(r->answers[i]);
	free(r->answers);
	kept_close(r->kept);
	r->answers = NULL;
	r->kept = NULL;
}
