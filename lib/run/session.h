/* SPDX-License-Identifier: ISC */
/*
 * The door: whether this run may send a packet. Finds, reads and checks the session file
 * offline (crypto/token), and keeps a long run logged in: reads the file again when it
 * has changed, has `ugat-login -rq` renew it at half its life and `ugat-login -sfq` fetch
 * the list of revoked sessions when that is old.
 */
#ifndef RUN_SESSION_H
#define RUN_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/outcome.h"
#include "crypto/token.h"
#include "crypto/trust.h"
#include "io/cage.h"
#include "io/loop.h"
#include "io/tls.h"
#include "io/tokfile.h"

/* A session as it stands in the file, and the check of it. */
struct session_view {
	struct token token;
	struct token_facts facts;
	struct tokfile_stamp stamp;
	bool by_site; /* /etc/ugat/ca.pem decided */
	X509 *site[TRUST_ANCHORS];
	unsigned site_n;
	X509_CRL *crl;      /* the list of revoked sessions that the anchor signed */
	bool has_crl;       /* it is there */
	int64_t crl_next_s; /* until when it is fresh */
};

/*
 * Read the session of this user and check it at now_s. RC_OK: it stands; *out owns what
 * is in it, session_clear. RC_NONE: there is none. RC_BAD: it does not count; *out is
 * filled as far as it came (its token may be whole although it has expired). For both,
 * *end has CODE_NOSESSION with one line that names cause and remedy, such as "not logged
 * in: run ugat-login". *out must be cleared in every case.
 */
enum rc session_read(const struct tokfile *f, int64_t now_s, struct session_view *out,
    struct outcome *end) MUST_USE;
void session_clear(struct session_view *v);

struct session;

/*
 * Log in offline: locate, read, check. NULL: *end says why. verbose: one line on err now
 * and whenever something changes.
 */
struct session *session_open(
    const char *command, int err, bool verbose, struct outcome *end);

/* Words for people, without the command's name. */
typedef void session_say_fn(void *ctx, const char *words);

/*
 * From now on renew, re-read and watch on the loop l, which must outlive the session. A
 * verbose one tells say instead of writing to err. RC_MEM.
 */
enum rc session_keep(
    struct session *s, struct loop *l, session_say_fn *say, void *ctx) MUST_USE;

/* Whether it stands now: new connections may be made. Costs a look at the clock. */
bool session_lives(const struct session *s);

/*
 * Whether it was revoked or logged out, or is against the site's rule by now: the run
 * must end at once. One that has merely expired leaves the connections that are there
 * alone.
 */
bool session_is_refused(const struct session *s);

/* It has expired, but ugat-login is being asked, or about to be, to renew it even so. */
bool session_may_return(const struct session *s);

/*
 * Why it does not stand any more, as a failure with CODE_NOSESSION: expired, revoked, the
 * file gone. Nothing is set while it lives.
 */
void session_explain(const struct session *s, struct outcome *end);

/*
 * What TLS with another user needs (io/tls): who we are and whom to believe, as it stands
 * now, without a pin. It is the session's own and good until the loop's next turn: ask
 * anew for each connection. rules->trust becomes trust; rules->alpn is not touched.
 */
void session_rules(const struct session *s, struct tls_rules *rules, struct trust *trust);

/*
 * The directory where it is read and looked for again, for io/cage: to read, nothing for
 * a descriptor. room is for its path.
 */
struct cage_place session_place(const struct session *s, char room[static PATH_MAX]);

/* The user's name. */
const char *session_user(const struct session *s);

/* Forget it, key and all. */
void session_free(struct session *s); /* NULL is allowed */

#endif
