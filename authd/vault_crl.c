/* SPDX-License-Identifier: ISC */
/* The list of revoked sessions, and what else vault does by the clock. */
#include "authd/vault_parts.h"

#include <stdlib.h>
#include <string.h>

#include "authd/log.h"
#include "base/text.h"
#include "crypto/crl.h"

enum {
	RETRY_S = 15,          /* after a list could not be signed */
	ENDED_S = 60 * 60,     /* who ended so long ago is believed by no clock */
	ENTRIES_MAX = 1 << 17, /* more do not fit in CRL_MAX anyway */
};

/* A serial as bytes, which an entry points to. */
struct revoked {
	uint8_t serial[CERT_SERIAL_MAX];
	size_t n;
	int64_t when_s;
};

struct list {
	struct revoked *p;
	size_t n, cap;
};

static enum rc
make_room(struct list *l)
{
	size_t cap = l->cap == 0 ? 64 : l->cap * 2;
	struct revoked *p;

	if (l->n < l->cap)
		return RC_OK;
	if (cap > ENTRIES_MAX)
		return RC_BIG;
	p = reallocarray(l->p, cap, sizeof(*p));
	if (p == NULL)
		return RC_MEM;
	l->p = p;
	l->cap = cap;
	return RC_OK;
}

/* Serials are hex without leading zero bytes, so the digits are even in number. */
static enum rc
collect(void *ctx, const char *serial, int64_t when_s)
{
	struct list *l = ctx;
	size_t n = strlen(serial) / 2;
	enum rc rc = make_room(l);

	if (rc != RC_OK)
		return rc;
	if (n > CERT_SERIAL_MAX ||
	    text_unhex(bytes_str(serial), l->p[l->n].serial, n) != RC_OK)
		return RC_BAD;
	l->p[l->n].n = n;
	l->p[l->n++].when_s = when_s;
	return RC_OK;
}

static enum rc
write_list(struct vault *v, const struct list *l, uint64_t number, int64_t now_s)
{
	struct crl_entry *entries = calloc(l->n + 1, sizeof(*entries));
	struct buf der;
	enum rc rc;

	if (entries == NULL)
		return RC_MEM;
	for (size_t i = 0; i < l->n; i++)
		entries[i] = (struct crl_entry){
			.serial = bytes_of(l->p[i].serial, l->p[i].n),
			.when_s = l->p[i].when_s,
		};
	buf_init(&der, CRL_MAX);
	rc = crl_put(entries, l->n, number, now_s, v->ca.cert, v->ca.key, &der);
	free(entries);
	if (rc != RC_OK) {
		buf_clear(&der);
		return rc;
	}
	buf_clear(&v->crl);
	v->crl = der;
	return RC_OK;
}

/* Its own transaction: the number must be on the disk before anybody sees the list. */
static enum rc
draw_number(struct vault *v, int64_t now_s, uint64_t *number)
{
	enum rc rc = db_begin(v->db);

	if (rc == RC_OK && vault_clock_is_even(&v->clock, now_s, loop_now()))
		rc = db_purge(v->db, now_s);
	if (rc == RC_OK)
		rc = db_draw_crl_number(v->db, now_s, number);
	if (rc == RC_OK)
		rc = db_commit(v->db);
	if (rc != RC_OK)
		db_rollback(v->db);
	return rc;
}

/* Of those that live beyond after_s. */
static enum rc
make_list(struct vault *v, int64_t after_s, uint64_t number, int64_t now_s)
{
	struct list l = { 0 };
	struct log_line line;
	enum rc rc = db_each_revoked(v->db, after_s, collect, &l);

	if (rc == RC_OK)
		rc = write_list(v, &l, number, now_s);
	free(l.p);
	if (rc != RC_OK)
		return rc;
	log_begin(&line, "crl");
	log_number(&line, "number", number);
	log_number(&line, "revoked", l.n);
	log_text(&line, "result", bytes_str("ok"));
	log_end(&line);
	return RC_OK;
}

static void
log_unsigned(const struct vault *v, enum rc rc)
{
	struct log_line l;

	log_begin(&l, "crl");
	log_text(&l, "result", bytes_str("trouble"));
	log_text(&l, "why",
	    bytes_str(rc == RC_SYS ? db_why(v->db)
	            : rc == RC_BIG ? "too many revoked sessions for a list"
	                           : "it could not be signed"));
	log_end(&l);
}

enum rc
vault_sign_crl(struct vault *v, int64_t now_s)
{
	uint64_t number = 0;
	int64_t version = 0;
	enum rc rc;

	/* Read before the list, so that what comes in between is seen as new. */
	rc = db_version(v->db, &version);
	if (rc == RC_OK)
		rc = draw_number(v, now_s, &number);
	if (rc == RC_OK)
		rc = make_list(v, 0, number, now_s);
	/* Those that have ended are in it only for clocks that are wrong. */
	if (rc == RC_BIG)
		rc = make_list(v, now_s - ENDED_S, number, now_s);
	if (rc == RC_OK || rc == RC_BIG)
		v->seen_version = version;
	if (rc != RC_OK)
		log_unsigned(v, rc);
	v->crl_due_s = now_s + (rc == RC_OK ? VAULT_CRL_S : RETRY_S);
	return rc;
}

/* A clock that was set back would otherwise put the next list off. */
void
vault_look(struct vault *v)
{
	int64_t now_s = vault_now_s(), version = v->seen_version;

	if (db_version(v->db, &version) != RC_OK)
		version = v->seen_version;
	if (version == v->seen_version && now_s < v->crl_due_s &&
	    now_s > v->crl_due_s - 2 * VAULT_CRL_S)
		return;
	turn_end(v);
	(void)!vault_sign_crl(v, now_s);
}
