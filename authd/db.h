/* SPDX-License-Identifier: ISC */
/*
 * authd's database, DIR/authd.db (SQLite): accounts, sessions that were signed, revoked
 * ones, invites, failures. Used by vault and by authctl, at the same time if need be.
 *
 * Every call answers RC_OK, the codes it names, or RC_SYS: trouble with the database
 * (locked, disk full, damaged), which db_why and db_explain put in words. Behind RC_SYS a
 * transaction can only be rolled back. Times are Unix seconds, serials are lower-case
 * hex (crypto/cert).
 */
#ifndef AUTHD_DB_H
#define AUTHD_DB_H

#include <stdbool.h>
#include <stdint.h>

#include "authd/limits.h"
#include "base/addr.h"
#include "base/bytes.h"
#include "base/outcome.h"
#include "base/rc.h"
#include "base/user.h"
#include "crypto/cert.h"
#include "crypto/hash.h"
#include "crypto/password.h"

#define DB_FILE "authd.db" /* in DIR */

enum {
	DB_FORMAT = 2, /* user_version that this program writes */
	DB_VAULT_MS =
	    1000, /* how long vault waits for a lock: all its clients wait, too */
	DB_USE_MS = 5 * 1000 /* and authctl */
};

enum db_mode {
	DB_MAKE, /* make it where it is missing, bring an older one up to date */
	DB_USE   /* it must be there, and of this very format */
};

struct db;

/* NULL: *end says why: CODE_NOINPUT, CODE_NOSESSION (no right to), CODE_DATA ... */
struct db *db_open(const char *dir, enum db_mode mode, struct outcome *end);
void db_free(struct db *db); /* NULL is allowed */

/* What the last RC_SYS was, in a few words that live for ever. */
const char *db_why(const struct db *db);

/* The same as an outcome that names the file. */
void db_explain(const struct db *db, struct outcome *end);

/* A transaction that writes; nothing is kept, or seen by others, before db_commit. */
enum rc db_begin(struct db *db) MUST_USE;
enum rc db_commit(struct db *db) MUST_USE;
void db_rollback(struct db *db);

/* A number that changes when another process has written. */
enum rc db_version(struct db *db, int64_t *version) MUST_USE;

/* A whole, compact copy into path, which is an empty file. Not within a transaction. */
enum rc db_backup(struct db *db, const char *path) MUST_USE;

/* Forget what nobody needs any more: see the times in authd/vault.h. */
enum rc db_purge(struct db *db, int64_t now_s) MUST_USE;

/* ---- accounts ---- */

struct db_account {
	int64_t id; /* never given twice */
	char name[USER_TEXT];
	char hash[PASSWORD_HASH];
	int64_t created_s;
	int64_t login_s; /* the last with a password; 0: never */
};

/* RC_NONE: nobody has this name. */
enum rc db_find_account(
    struct db *db, struct bytes name, struct db_account *out) MUST_USE;

/* RC_BAD: the name is taken. */
enum rc db_add_account(
    struct db *db, const char *name, const char *hash, int64_t now_s) MUST_USE;
enum rc db_set_hash(struct db *db, int64_t account, const char *hash) MUST_USE;
enum rc db_note_login(struct db *db, int64_t account, int64_t now_s) MUST_USE;

/* Its sessions stay in the books; revoke them first. */
enum rc db_remove_account(struct db *db, int64_t account) MUST_USE;

/* All that have never logged in and are older than before_s; *n: how many. */
enum rc db_remove_unused(struct db *db, int64_t before_s, int64_t *n) MUST_USE;

/* Called for each account by name; sessions: how many live. */
typedef void db_account_fn(
    void *ctx, const struct db_account *account, uint64_t sessions);
enum rc db_each_account(
    struct db *db, int64_t now_s, db_account_fn *f, void *ctx) MUST_USE;

/* ---- sessions ---- */

struct db_session {
	char serial[CERT_SERIAL_TEXT];
	char user[USER_TEXT];
	int64_t account; /* when it is noted; 0 when the account is gone */
	int64_t issued_s;
	int64_t until_s;
	int64_t revoked_s; /* 0: it is not */
	char source[ADDR_TEXT];
};

/* Remember one that was issued. s->account is its user's. */
enum rc db_note_session(struct db *db, const struct db_session *s) MUST_USE;

/* How many of an account live, the revoked ones too; no further than VAULT_SESSIONS. */
enum rc db_count_live(struct db *db, int64_t account, int64_t now_s, int64_t *n) MUST_USE;

/* Called for each session that is remembered, the oldest first. */
typedef void db_session_fn(void *ctx, const struct db_session *session);
enum rc db_each_session(struct db *db, db_session_fn *f, void *ctx) MUST_USE;

/* What was revoked: how many, and until when the last of them would have lived. */
struct db_revoked {
	uint64_t sessions;
	int64_t until_s; /* 0: none lives */
};

/* All that can still be used or renewed. */
enum rc db_revoke_account(
    struct db *db, int64_t account, int64_t now_s, struct db_revoked *out) MUST_USE;

/* RC_NONE: no such session is remembered; sessions is 0 when it was revoked before. */
enum rc db_revoke_session(
    struct db *db, const char *serial, int64_t now_s, struct db_revoked *out) MUST_USE;

/* RC_NONE: it is not revoked. */
enum rc db_find_revoked(struct db *db, const char *serial, int64_t *when_s) MUST_USE;

typedef enum rc db_revoked_fn(void *ctx, const char *serial, int64_t when_s);

/*
 * Called for each revoked session that lives, or would live, beyond after_s; ends when f
 * answers anything but RC_OK, with that.
 */
enum rc db_each_revoked(
    struct db *db, int64_t after_s, db_revoked_fn *f, void *ctx) MUST_USE;

/*
 * Draw the number of a new list: higher than all before, also those of a lost database.
 */
enum rc db_draw_crl_number(struct db *db, int64_t now_s, uint64_t *number) MUST_USE;

/* ---- invites: only their SHA-256 is known ---- */

/* Good until until_s, once. */
enum rc db_add_invite(struct db *db, const uint8_t hash[static SHA256_SIZE],
    int64_t now_s, int64_t until_s) MUST_USE;

/* RC_NONE: there is none, or it is too old. */
enum rc db_find_invite(
    struct db *db, const uint8_t hash[static SHA256_SIZE], int64_t now_s) MUST_USE;
enum rc db_use_invite(
    struct db *db, const uint8_t hash[static SHA256_SIZE], int64_t now_s) MUST_USE;

/* ---- failures (authd/limits) ---- */

/* Keep it in the place of an earlier one of its key; without failures forget that. */
enum rc db_save_note(struct db *db, const struct limits_note *n) MUST_USE;

typedef void db_note_fn(void *ctx, const struct limits_note *n);

/* Called for at most LIMITS_MAX notes of each kind, the newest of them, oldest first. */
enum rc db_each_note(struct db *db, db_note_fn *f, void *ctx) MUST_USE;

#endif
