/* SPDX-License-Identifier: ISC */
/* Accounts, invites, and failures. */
#include "authd/db_parts.h"

#include <string.h>

static void
read_account(struct db_query *q, struct db_account *out)
{
	*out = (struct db_account){ .id = db_number(q, 0),
		.created_s = db_number(q, 3),
		.login_s = db_number(q, 4) };
	db_text(q, 1, out->name, sizeof(out->name));
	db_text(q, 2, out->hash, sizeof(out->hash));
}

enum rc
db_find_account(struct db *db, struct bytes name, struct db_account *out)
{
	struct db_query q = db_ask(db, SQL_FIND_ACCOUNT);
	enum rc found, rc;

	db_bind_text(&q, name);
	found = db_row(&q);
	if (found == RC_OK)
		read_account(&q, out);
	rc = db_end(&q);
	return rc == RC_OK ? found : rc;
}

enum rc
db_add_account(struct db *db, const char *name, const char *hash, int64_t now_s)
{
	struct db_query q = db_ask(db, SQL_ADD_ACCOUNT);
	int64_t changes = 0;
	enum rc rc;

	db_bind_text(&q, bytes_str(name));
	db_bind_text(&q, bytes_str(hash));
	db_bind_number(&q, now_s);
	rc = db_do(&q, &changes);
	return rc == RC_OK && changes == 0 ? RC_BAD : rc;
}

enum rc
db_set_hash(struct db *db, int64_t account, const char *hash)
{
	struct db_query q = db_ask(db, SQL_SET_HASH);

	db_bind_number(&q, account);
	db_bind_text(&q, bytes_str(hash));
	return db_do(&q, NULL);
}

enum rc
db_note_login(struct db *db, int64_t account, int64_t now_s)
{
	struct db_query q = db_ask(db, SQL_NOTE_LOGIN);

	db_bind_number(&q, account);
	db_bind_number(&q, now_s);
	return db_do(&q, NULL);
}

enum rc
db_remove_account(struct db *db, int64_t account)
{
	struct db_query q = db_ask(db, SQL_REMOVE_ACCOUNT);

	db_bind_number(&q, account);
	return db_do(&q, NULL);
}

enum rc
db_remove_unused(struct db *db, int64_t before_s, int64_t *n)
{
	struct db_query q = db_ask(db, SQL_REMOVE_UNUSED);

	db_bind_number(&q, before_s);
	return db_do(&q, n);
}

enum rc
db_each_account(struct db *db, int64_t now_s, db_account_fn *f, void *ctx)
{
	struct db_query q = db_ask(db, SQL_EACH_ACCOUNT);

	db_bind_number(&q, now_s);
	while (db_row(&q) == RC_OK) {
		struct db_account a;

		read_account(&q, &a);
		if (q.code == SQLITE_OK)
			f(ctx, &a, (uint64_t)db_number(&q, 5));
	}
	return db_end(&q);
}

enum rc
db_add_invite(
    struct db *db, const uint8_t hash[static SHA256_SIZE], int64_t now_s, int64_t until_s)
{
	struct db_query q = db_ask(db, SQL_ADD_INVITE);

	db_bind_blob(&q, bytes_of(hash, SHA256_SIZE));
	db_bind_number(&q, now_s);
	db_bind_number(&q, until_s);
	return db_do(&q, NULL);
}

enum rc
db_find_invite(struct db *db, const uint8_t hash[static SHA256_SIZE], int64_t now_s)
{
	struct db_query q = db_ask(db, SQL_FIND_INVITE);
	enum rc found, rc;

	db_bind_blob(&q, bytes_of(hash, SHA256_SIZE));
	db_bind_number(&q, now_s);
	found = db_row(&q);
	rc = db_end(&q);
	return rc == RC_OK ? found : rc;
}

enum rc
db_use_invite(struct db *db, const uint8_t hash[static SHA256_SIZE], int64_t now_s)
{
	struct db_query q = db_ask(db, SQL_USE_INVITE);
	int64_t changes = 0;
	enum rc rc;

	db_bind_blob(&q, bytes_of(hash, SHA256_SIZE));
	db_bind_number(&q, now_s);
	rc = db_do(&q, &changes);
	return rc == RC_OK && changes == 0 ? RC_NONE : rc;
}

enum rc
db_save_note(struct db *db, const struct limits_note *n)
{
	struct db_query q = db_ask(db, n->failures > 0 ? SQL_SAVE_NOTE : SQL_DROP_NOTE);

	db_bind_number(&q, n->kind);
	db_bind_blob(&q, bytes_of(n->key, LIMITS_KEY));
	if (n->failures > 0) {
		db_bind_number(&q, n->failures);
		db_bind_number(&q, n->since_ms);
	}
	return db_do(&q, NULL);
}

/* A row of another shape is nobody's failure. */
static bool
read_note(const struct db_query *q, enum limits_kind kind, struct limits_note *out)
{
	int64_t failures = db_number(q, 2);

	if (sqlite3_column_bytes(q->s, 1) != LIMITS_KEY || failures < 0 ||
	    failures > UINT16_MAX)
		return false;
	out->kind = kind;
	memcpy(out->key, sqlite3_column_blob(q->s, 1), LIMITS_KEY);
	out->failures = (uint16_t)failures;
	out->since_ms = db_number(q, 3);
	return true;
}

enum rc
db_each_note(struct db *db, db_note_fn *f, void *ctx)
{
	enum rc rc = RC_OK;

	for (unsigned kind = 0; kind < LIMITS_KINDS && rc == RC_OK; kind++) {
		struct db_query q = db_ask(db, SQL_EACH_NOTE);
		struct limits_note n;

		db_bind_number(&q, kind);
		db_bind_number(&q, LIMITS_MAX);
		while (db_row(&q) == RC_OK)
			if (read_note(&q, (enum limits_kind)kind, &n))
				f(ctx, &n);
		rc = db_end(&q);
	}
	return rc;
}
