/* SPDX-License-Identifier: ISC */
/* What the options of ugat-make say about a torrent. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "codec/uri.h"
#include "run/make.h"

enum { LINKS_MAX = 1000 };

/* NULL, or what is wrong with a URL. */
static const char *
check_url(struct bytes url)
{
	struct uri uri;
	enum rc rc;

	if (url.n == 0)
		return "an empty URL";
	if (url.n > REC_URL_MAX)
		return "a URL of over 4000 bytes";
	if (memmem(url.p, url.n, "://", 3) == NULL)
		return "no URL: it begins with udp://, http:// or https://";
	rc = uri_get(url, &uri);
	if (rc == RC_OK && uri.scheme == URI_UDP && uri.port == 0)
		return "udp needs a port: udp://HOST:PORT";
	/* A scheme of others (wss, say) is theirs to know. */
	return rc == RC_BAD ? "not a URL" : NULL;
}

static const char *
add_tracker(struct make_options *m, struct bytes url)
{
	struct rec_tracker *more;

	if (m->facts.n_trackers == LINKS_MAX)
		return "over 1000 trackers";
	more = reallocarray(m->trackers, m->facts.n_trackers + 1, sizeof(*more));
	if (more == NULL) {
		m->lacks_memory = true;
		return NULL;
	}
	m->trackers = more;
	more[m->facts.n_trackers++] =
	    (struct rec_tracker){ .tier = m->tiers, .url = url };
	return NULL;
}

const char *
make_take_tier(struct make_options *m, const char *urls)
{
	struct bytes left = bytes_str(urls);
	const char *why = NULL;
	const uint8_t *comma;

	do {
		struct bytes url = left;

		comma = left.n == 0 ? NULL : memchr(left.p, ',', left.n);
		if (comma != NULL) {
			url.n = (size_t)(comma - left.p);
			left = bytes_from(left, url.n + 1);
		}
		why = check_url(url);
		if (why == NULL)
			why = add_tracker(m, url);
	} while (why == NULL && comma != NULL);
	m->tiers++;
	return why;
}

const char *
make_take_webseed(struct make_options *m, const char *url)
{
	const char *why = check_url(bytes_str(url));
	struct bytes *more;

	if (why != NULL)
		return why;
	if (bytes_starts(bytes_str(url), "udp:"))
		return "a server of files speaks no udp";
	if (m->facts.n_webseeds == LINKS_MAX)
		return "over 1000 web seeds";
	more = reallocarray(m->webseeds, m->facts.n_webseeds + 1, sizeof(*more));
	if (more == NULL) {
		m->lacks_memory = true;
		return NULL;
	}
	m->webseeds = more;
	more[m->facts.n_webseeds++] = bytes_str(url);
	return NULL;
}

static const char *
take_text(struct bytes *out, struct bytes value)
{
	if (out->n != 0)
		return "said twice";
	if (value.n == 0)
		return "empty";
	*out = value;
	return NULL;
}

static const char *
take_private(struct make_options *m, struct bytes value)
{
	if (m->facts.private != MAKE_UNSAID)
		return "said twice";
	if (!bytes_is(value, "0") && !bytes_is(value, "1"))
		return "private=1 or private=0 expected";
	m->facts.private = bytes_is(value, "1") ? MAKE_PRIVATE : MAKE_PUBLIC;
	return NULL;
}

static const char *
take_date(struct make_options *m, struct bytes value)
{
	if (m->facts.has_date)
		return "said twice";
	if (text_u64(value, INT64_MAX, &m->facts.date_s) != RC_OK)
		return "seconds since 1970 expected";
	m->facts.has_date = true;
	return NULL;
}

const char *
make_take_fact(struct make_options *m, const char *fact)
{
	const char *is = strchr(fact, '=');
	struct bytes key, value;

	if (is == NULL)
		return "KEY=VALUE expected";
	key = bytes_of(fact, (size_t)(is - fact));
	value = bytes_str(is + 1);
	if (bytes_is(key, "private"))
		return take_private(m, value);
	if (bytes_is(key, "creation-date"))
		return take_date(m, value);
	if (bytes_is(key, "comment"))
		return take_text(&m->facts.comment, value);
	if (bytes_is(key, "source"))
		return take_text(&m->facts.source, value);
	if (bytes_is(key, "created-by"))
		return take_text(&m->facts.created_by, value);
	return "private, source, comment, created-by or creation-date expected";
}

void
make_clear(struct make_options *m)
{
	free(m->trackers);
	free(m->webseeds);
	m->trackers = NULL;
	m->webseeds = NULL;
	m->facts.n_trackers = m->facts.n_webseeds = 0;
}
