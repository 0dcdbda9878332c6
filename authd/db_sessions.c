/* SPDX-License-Identifier: ISC */
/* Sessions that were signed, those that were revoked, and what is forgotten when. */
#include "authd/db_parts.h"

#include "authd/vault.h"

enum rc
db_note_session(struct db *db, const struct db_session *s)
{
	struct db_query q = db_ask(db, SQL_NOTE_SESSION);

	db_bind_text(&q, bytes_str(s->serial));
	db_bind_text(&q, bytes_str(s->user));
	db_bind_number(&q, s->account);
	db_bind_number(&q, s->issued_s);
	db_bind_number(&q, s->until_s);
	db_bind_text(&q, bytes_str(s->source));
	return db_do(&q, NULL);
}

enum rc
db_count_live(struct db *db, int64_t account, int64_t now_s, int64_t *n)
{
	struct db_query q = db_ask(db, SQL_COUNT_LIVE);

	db_bind_number(&q, account);
	db_bind_number(&q, now_s);
	db_bind_number(&q, VAULT_SESSIONS);
	if (db_row(&q) == RC_OK)
		*n = db_number(&q, 0);
	return db_end(&q);
}

enum rc
db_each_session(struct db *db, db_session_fn *f, void *ctx)
{
	struct db_query q = db_ask(db, SQL_EACH_SESSION);

	while (db_row(&q) == RC_OK) {
		struct db_session s = { .account = db_number(&q, 2),
			.issued_s = db_number(&q, 3),
			.until_s = db_number(&q, 4),
			.revoked_s = db_number(&q, 5) };

		db_text(&q, 0, s.serial, sizeof(s.serial));
		db_text(&q, 1, s.user, sizeof(s.user));
		db_text(&q, 6, s.source, sizeof(s.source));
		if (q.code == SQLITE_OK)
			f(ctx, &s);
	}
	return db_end(&q);
}

enum rc
db_revoke_account(struct db *db, int64_t account, int64_t now_s, struct db_revoked *out)
{
	struct db_query count = db_ask(db, SQL_COUNT_ACCOUNT), q;
	enum rc rc;

	*out = (struct db_revoked){ 0 };
	db_bind_number(&count, account);
	db_bind_number(&count, now_s);
	if (db_row(&count) == RC_OK) {
		out->sessions = (uint64_t)db_number(&count, 0);
		out->until_s = db_number(&count, 1);
	}
	rc = db_end(&count);
	if (rc != RC_OK)
		return rc;
	q = db_ask(db, SQL_REVOKE_ACCOUNT);
	db_bind_number(&q, account);
	db_bind_number(&q, now_s);
	db_bind_number(&q, now_s - VAULT_GRACE_S);
	return db_do(&q, NULL);
}

enum rc
db_revoke_session(
    struct db *db, const char *serial, int64_t now_s, struct db_revoked *out)
{
	struct db_query find = db_ask(db, SQL_FIND_SESSION), q;
	int64_t until_s = 0, changes = 0;
	enum rc found, rc;

	*out = (struct db_revoked){ 0 };
	db_bind_text(&find, bytes_str(serial));
	found = db_row(&find);
	if (found == RC_OK)
		until_s = db_number(&find, 0);
	rc = db_end(&find);
	if (rc != RC_OK || found != RC_OK)
		return rc != RC_OK ? rc : found;
	q = db_ask(db, SQL_REVOKE_SESSION);
	db_bind_text(&q, bytes_str(serial));
	db_bind_number(&q, now_s);
	db_bind_number(&q, until_s);
	rc = db_do(&q, &changes);
	if (rc == RC_OK && changes > 0) {
		out->sessions = 1;
		out->until_s = until_s > now_s ? until_s : 0;
	}
	return rc;
}

enum rc
db_find_revoked(struct db *db, const char *serial, int64_t *when_s)
{
	struct db_query q = db_ask(db, SQL_FIND_REVOKED);
	enum rc found, rc;

	db_bind_text(&q, bytes_str(serial));
	found = db_row(&q);
	if (found == RC_OK)
		*when_s = db_number(&q, 0);
	rc = db_end(&q);
	return rc == RC_OK ? found : rc;
}

enum rc
db_each_revoked(struct db *db, int64_t after_s, db_revoked_fn *f, void *ctx)
{
	struct db_query q = db_ask(db, SQL_EACH_REVOKED);
	enum rc mine = RC_OK, rc;

	db_bind_number(&q, after_s);
	while (mine == RC_OK && db_row(&q) == RC_OK) {
		char serial[CERT_SERIAL_TEXT];

		db_text(&q, 0, serial, sizeof(serial));
		if (q.code == SQLITE_OK)
			mine = f(ctx, serial, db_number(&q, 1));
	}
	rc = db_end(&q);
	return rc == RC_OK ? mine : rc;
}

enum rc
db_draw_crl_number(struct db *db, int64_t now_s, uint64_t *number)
{
	struct db_query q = db_ask(db, SQL_CRL_NUMBER);

	db_bind_number(&q, now_s);
	if (db_row(&q) == RC_OK)
		*number = (uint64_t)db_number(&q, 0);
	return db_do(&q, NULL);
}

static enum rc
purge(struct db *db, enum db_sql which, int64_t before)
{
	struct db_query q = db_ask(db, which);

	db_bind_number(&q, before);
	return db_do(&q, NULL);
}

enum rc
db_purge(struct db *db, int64_t now_s)
{
	enum rc rc = purge(db, SQL_PURGE_ISSUED, now_s - VAULT_KEEP_S);

	if (rc == RC_OK)
		rc = purge(db, SQL_PURGE_REVOKED, now_s - VAULT_GRACE_S);
	if (rc == RC_OK)
		rc = purge(db, SQL_PURGE_INVITES, now_s);
	if (rc == RC_OK)
		rc = purge(db, SQL_PURGE_NOTES, now_s * 1000 - LIMITS_FORGET_MS);
	return rc;
}
