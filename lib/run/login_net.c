/* SPDX-License-Identifier: ISC */
/* Requests, what their answers mean, and when they are sent again. */
#include "run/login_net.h"

#include <sys/random.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <openssl/x509.h>

#include "base/text.h"

enum {
	FIRST_WAIT_MS = 300,
	MOST_WAIT_MS = 4000,
	LINE = 256, /* of the words that a server sends */
};

enum rc
login_net_begin(struct login_net *n, struct login *l)
{
	uint64_t seed = 0;

	*n = (struct login_net){ .l = l };
	buf_init(&n->answer.body, LOGIN_ANSWER_MAX);
	/* Without random numbers everybody waits alike: no harm but to speed. */
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) == (ssize_t)sizeof(seed))
		n->rng.state = seed;
	if (login_find_server(l) != RC_OK)
		return RC_BAD;
	return login_find_trust(l, &n->trust);
}

void
login_net_forget_cas(struct login_net *n)
{
	for (unsigned i = 0; i < n->n_cas; i++)
		X509_free(n->cas[i]);
	n->n_cas = 0;
}

void
login_net_clear(struct login_net *n)
{
	https_free(n->https);
	n->https = NULL;
	login_net_forget_cas(n);
	buf_clear(&n->answer.body);
	login_trust_clear(&n->trust);
}

static const char *
name_of(const struct login_net *n, char out[static TOKEN_SERVER])
{
	server_text(&n->l->server, out);
	return out;
}

/* The first line of an answer for a person; empty when it is none. */
static void
first_line(const struct login_net *n, char out[static LINE])
{
	struct bytes text = buf_bytes(&n->answer.body);
	size_t end = 0;

	while (end < text.n && text.p[end] != '\n' && text.p[end] != '\r')
		end++;
	/* An HTML page is no line of words. */
	if (end > 0 && text.p[0] == '<')
		end = 0;
	(void)text_printable(bytes_of(text.p, end), out, LINE);
}

static enum rc
fail(struct login_net *n, int code, const char *words)
{
	char name[TOKEN_SERVER];

	(void)outcome_fail(n->l->end, code, "%s: %s", name_of(n, name), words);
	return RC_BAD;
}

/* With what the server said, or else the words in its place. */
static enum rc
refuse(struct login_net *n, int code, const char *what, const char *else_words)
{
	char name[TOKEN_SERVER], line[LINE];

	first_line(n, line);
	(void)outcome_fail(n->l->end, code, "%s: %s%s%s", name_of(n, name), what,
	    what[0] == '\0' ? "" : ": ", line[0] == '\0' ? else_words : line);
	return RC_BAD;
}

static enum rc
unexpected(struct login_net *n)
{
	char words[LINE];
	int status = n->answer.status;

	if (status / 100 == 3)
		(void)snprintf(words, sizeof(words),
		    "it sends us elsewhere (HTTP %d), where we do not go", status);
	else
		(void)snprintf(
		    words, sizeof(words), "HTTP %d: no login server speaks so", status);
	return fail(n, CODE_PROTOCOL, words);
}

/* Statuses as authd gives them, and as others of RFC 7030 do. */
static enum rc
judge_status(struct login_net *n, const struct https_request *r)
{
	int status = n->answer.status;

	switch (status) {
	case 202:
		return fail(n, CODE_TEMPFAIL,
		    "somebody must approve the request there first: try again later");
	case 401:
		return r->user != NULL ? fail(n, CODE_NOSESSION, "wrong user or password")
		                       : refuse(n, CODE_NOSESSION, "", "it refuses us");
	case 403: return refuse(n, CODE_NOSESSION, "", "it refuses us");
	case 409: return refuse(n, CODE_NOSESSION, "", "the name is taken");
	case 400:
	case 411:
	case 413:
	case 422:
		return refuse(n, CODE_PROTOCOL, "", "it does not understand our request");
	default: break;
	}
	if (status / 100 == 2)
		return RC_OK;
	if (status / 100 == 5)
		return refuse(
		    n, CODE_TEMPFAIL, "it has trouble of its own", "try again later");
	return unexpected(n);
}

static enum rc
judge_identity(struct login_net *n, enum https_fate fate)
{
	uint8_t pin[PIN_SIZE];

	if (fate == HTTPS_USER)
		return fail(n, CODE_NOSESSION,
		    "it shows a user's certificate: somebody else answers in its place");
	if (fate == HTTPS_REFUSED) {
		char words[HTTPS_WORDS + 128];

		(void)snprintf(words, sizeof(words),
		    "its certificate is not to be believed: %s (is the clock of this "
		    "machine "
		    "right?)",
		    n->answer.words);
		return fail(n, CODE_NOSESSION, words);
	}
	if (https_pin(n->https, pin) != RC_OK)
		return fail(n, CODE_PROTOCOL, "it shows no key that we can read");
	login_is_stranger(n->l, &n->trust, pin);
	return RC_BAD;
}

static enum rc
judge_fate(struct login_net *n, enum https_fate fate)
{
	char words[HTTPS_WORDS + 64];

	switch (fate) {
	case HTTPS_DONE: return RC_OK;
	case HTTPS_STRANGER:
	case HTTPS_USER:
	case HTTPS_REFUSED: return judge_identity(n, fate);
	case HTTPS_UNKNOWN: return fail(n, CODE_UNAVAILABLE, "no such host");
	case HTTPS_SILENT:
		if (n->tries > 0)
			return fail(n, CODE_TEMPFAIL,
			    "the login server was busy, then did not answer in time: "
			    "try again later, or with a longer -t");
		(void)snprintf(words, sizeof(words),
		    "nothing answers there (is authd at work?): %s", n->answer.words);
		return fail(n, CODE_UNAVAILABLE, words);
	case HTTPS_CLOSED:
		return fail(n, CODE_TEMPFAIL,
		    strstr(n->answer.words, "internal error") != NULL
		        ? "it has trouble of its own (TLS: internal error): try again "
		          "later"
		        : "it hangs up every time: it is busy (try again later), or it "
		          "is no login server");
	case HTTPS_FOREIGN:
		(void)snprintf(words, sizeof(words), "no login server answers there: %s",
		    n->answer.words);
		return fail(n, CODE_PROTOCOL, words);
	case HTTPS_LARGE: return fail(n, CODE_PROTOCOL, "its answer is too large");
	case HTTPS_MEM: break;
	}
	return fail(n, CODE_BUG, "out of memory");
}

/* Wait before the next try, each of us another time. false: the time is over then. */
static bool
wait_a_while(struct login_net *n)
{
	int64_t least_ms = n->answer.retry_s * 1000, wait_ms = FIRST_WAIT_MS;
	char name[TOKEN_SERVER];
	struct timespec t;

	for (unsigned i = 0; i < n->tries && wait_ms < MOST_WAIT_MS; i++)
		wait_ms *= 2;
	if (wait_ms < least_ms)
		wait_ms = least_ms;
	if (wait_ms > n->l->end_ms - login_now_ms())
		return false;
	wait_ms = wait_ms / 2 + rng_below(&n->rng, (uint32_t)wait_ms + 1);
	if (wait_ms < least_ms)
		wait_ms = least_ms + rng_below(&n->rng, FIRST_WAIT_MS);
	if (n->tries == 0)
		login_remark(n->l, "%s is busy: trying again", name_of(n, name));
	t = (struct timespec){ .tv_sec = wait_ms / 1000,
		.tv_nsec = wait_ms % 1000 * 1000000 };
	(void)nanosleep(&t, NULL);
	n->tries++;
	return login_now_ms() < n->l->end_ms;
}

static void
note_clock(struct login_net *n)
{
	if (n->answer.date_s == 0)
		return;
	n->l->has_clock = true;
	n->l->ahead_s = n->answer.date_s - login_now_s();
}

enum rc
login_net_open(struct login_net *n, bool cert)
{
	const struct login *l = n->l;

	https_free(n->https);
	n->peer = (struct https_peer){
		.host = l->server.host,
		.port = l->server.port,
		.direct = server_is_loopback(&l->server),
		.trust = n->trust.how,
		.ca = n->trust.ca,
		.cert = cert ? l->view.token.cert : NULL,
		.key = cert ? l->view.token.key : NULL,
	};
	memcpy(n->peer.pin, n->trust.pin, PIN_SIZE);
	n->https = https_new(&n->peer);
	return n->https == NULL ? fail(n, CODE_BUG, "out of memory") : RC_OK;
}

enum rc
login_net_ask(struct login_net *n, struct https_request *r, size_t most)
{
	bool again;

	n->tries = 0;
	do {
		buf_clear(&n->answer.body);
		buf_init(&n->answer.body, most);
		r->wait_ms = n->l->end_ms - login_now_ms();
		if (r->wait_ms <= 0)
			r->wait_ms = 1;
		n->fate = https_ask(n->https, r, &n->answer);
		note_clock(n);
		n->lost =
		    n->lost || (r->post && (n->fate == HTTPS_CLOSED || n->answer.twice));
		again = n->fate == HTTPS_CLOSED ||
		    (n->fate == HTTPS_DONE &&
		        (n->answer.status == 429 || n->answer.status == 503));
	} while (again && wait_a_while(n));
	if (again && n->fate == HTTPS_DONE)
		return refuse(n, CODE_TEMPFAIL, "it is busy", "try again later");
	return n->fate == HTTPS_DONE ? judge_status(n, r) : judge_fate(n, n->fate);
}
