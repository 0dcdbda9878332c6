/* SPDX-License-Identifier: ISC */
/*
 * run/announce: before the first tracker is heard. What is to be written lies beside the
 * trackers' kept answers; what is read is that, the status of the run, the session with
 * what lies beside it, and the system's.
 */
#include <unistd.h>

#include "codec/uri.h"
#include "io/cage.h"
#include "run/announce_parts.h"

static bool
needs_http(const struct torrent *t)
{
	for (size_t i = 0; i < t->n_trackers; i++) {
		struct uri uri;

		if (uri_get(t->trackers[i].url, &uri) == RC_OK && uri.scheme != URI_UDP)
			return true;
	}
	return false;
}

void
asking_shut(struct asking *r)
{
	char beside[PATH_MAX];
	int status[STATUS_PLACES];

	if (!r->o->scrape)
		r->kept = kept_open();
	if (needs_http(&r->torrent) && (r->http = http_new(r->loop)) != NULL)
		http_wake(r->http);
	status_places(status);
	cage_close(
	    &(struct cage){ .keeps = CAGE_NET | CAGE_FILES | CAGE_SYSTEM | CAGE_THREADS,
	        .places =
	            (const struct cage_place[]){
	                { .fd = kept_dir(r->kept), .right = CAGE_WRITE },
	                { .fd = status[0], .right = CAGE_READ },
	                { .fd = status[1], .right = CAGE_READ },
	                session_place(r->session, beside),
	            },
	        .n_places = 2 + STATUS_PLACES,
	        .dies = true },
	    r->o->command, r->o->verbose ? r->o->err : -1);
	for (size_t i = 0; i < STATUS_PLACES; i++)
		net_close(&status[i]);
}
