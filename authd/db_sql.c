/* SPDX-License-Identifier: ISC */
/* Every word of SQL that authd speaks. */
#include "authd/db_parts.h"

/*
 * A step that was ever released is never changed: there are databases that took it.
 * AUTOINCREMENT: a certificate must never pass to the next account of the same name.
 * issued.user outlives the account for the books.
 */
static const char first[] =
    "CREATE TABLE accounts ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " name TEXT NOT NULL UNIQUE,"
    " hash TEXT NOT NULL,"
    " created_s INTEGER NOT NULL,"
    " login_s INTEGER NOT NULL DEFAULT 0"
    ") STRICT;"
    "CREATE TABLE issued ("
    " serial TEXT NOT NULL PRIMARY KEY,"
    " user TEXT NOT NULL,"
    " account INTEGER REFERENCES accounts (id) ON DELETE SET NULL,"
    " issued_s INTEGER NOT NULL,"
    " until_s INTEGER NOT NULL,"
    " source TEXT NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX issued_account ON issued (account, until_s);"
    "CREATE INDEX issued_when ON issued (issued_s);"
    "CREATE TABLE revocations ("
    " serial TEXT NOT NULL PRIMARY KEY,"
    " revoked_s INTEGER NOT NULL,"
    " until_s INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE invites ("
    " hash BLOB NOT NULL PRIMARY KEY,"
    " created_s INTEGER NOT NULL,"
    " until_s INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE crl ("
    " one INTEGER PRIMARY KEY CHECK (one = 1),"
    " number INTEGER NOT NULL"
    ") STRICT;"
    "INSERT INTO crl VALUES (1, 0);";

/* Failures that a restart does not forget. */
static const char second[] = "CREATE TABLE failures ("
                             " kind INTEGER NOT NULL,"
                             " key BLOB NOT NULL,"
                             " failures INTEGER NOT NULL,"
                             " since_ms INTEGER NOT NULL,"
                             " PRIMARY KEY (kind, key)"
                             ") STRICT, WITHOUT ROWID;"
                             "CREATE INDEX failures_since ON failures (kind, since_ms);";

const char *const db_steps[DB_FORMAT] = { first, second };

const char *const db_statements[SQL_COUNT] = {
	/* At once for writing: a lock is then waited for here and nowhere else. */
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_VERSION] = "PRAGMA data_version",
	[SQL_BACKUP] = "VACUUM INTO ?1",

	[SQL_FIND_ACCOUNT] = "SELECT id, name, hash, created_s, login_s FROM accounts"
	                     " WHERE name = ?1",
	[SQL_ADD_ACCOUNT] =
	    "INSERT INTO accounts (name, hash, created_s) VALUES (?1, ?2, ?3)"
	    " ON CONFLICT DO NOTHING",
	[SQL_SET_HASH] = "UPDATE accounts SET hash = ?2 WHERE id = ?1",
	[SQL_NOTE_LOGIN] = "UPDATE accounts SET login_s = ?2 WHERE id = ?1",
	[SQL_REMOVE_ACCOUNT] = "DELETE FROM accounts WHERE id = ?1",
	[SQL_REMOVE_UNUSED] = "DELETE FROM accounts WHERE login_s = 0 AND created_s < ?1",
	[SQL_EACH_ACCOUNT] =
	    "SELECT id, name, hash, created_s, login_s,"
	    " (SELECT count(*) FROM issued WHERE account = accounts.id AND until_s > ?1"
	    "  AND serial NOT IN (SELECT serial FROM revocations))"
	    " FROM accounts ORDER BY name",

	[SQL_NOTE_SESSION] =
	    "INSERT INTO issued (serial, user, account, issued_s, until_s, source)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	[SQL_EACH_SESSION] =
	    "SELECT i.serial, i.user, ifnull(i.account, 0), i.issued_s, i.until_s,"
	    " ifnull(r.revoked_s, 0), i.source"
	    " FROM issued AS i LEFT JOIN revocations AS r ON r.serial = i.serial"
	    " ORDER BY i.issued_s, i.serial",
	[SQL_COUNT_ACCOUNT] = "SELECT count(*), ifnull(max(until_s), 0) FROM issued"
	                      " WHERE account = ?1 AND until_s > ?2"
	                      " AND serial NOT IN (SELECT serial FROM revocations)",
	[SQL_COUNT_LIVE] = "SELECT count(*) FROM (SELECT 1 FROM issued"
	                   " WHERE account = ?1 AND until_s > ?2 LIMIT ?3)",
	[SQL_REVOKE_ACCOUNT] = "INSERT INTO revocations (serial, revoked_s, until_s)"
	                       " SELECT serial, ?2, until_s FROM issued"
	                       " WHERE account = ?1 AND until_s > ?3"
	                       " ON CONFLICT DO NOTHING",
	[SQL_FIND_SESSION] = "SELECT until_s FROM issued WHERE serial = ?1",
	[SQL_REVOKE_SESSION] = "INSERT INTO revocations (serial, revoked_s, until_s)"
	                       " VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
	[SQL_FIND_REVOKED] = "SELECT revoked_s FROM revocations WHERE serial = ?1",
	[SQL_EACH_REVOKED] = "SELECT serial, revoked_s FROM revocations"
	                     " WHERE until_s > ?1",
	/* Not below the clock: a restored database knows only older numbers. */
	[SQL_CRL_NUMBER] = "UPDATE crl SET number = max(number + 1, ?1) RETURNING number",

	[SQL_ADD_INVITE] =
	    "INSERT INTO invites (hash, created_s, until_s) VALUES (?1, ?2, ?3)",
	[SQL_FIND_INVITE] =
	    "SELECT until_s FROM invites WHERE hash = ?1 AND until_s > ?2",
	[SQL_USE_INVITE] = "DELETE FROM invites WHERE hash = ?1 AND until_s > ?2",

	[SQL_SAVE_NOTE] =
	    "INSERT INTO failures (kind, key, failures, since_ms) VALUES (?1, ?2, ?3, ?4)"
	    " ON CONFLICT DO UPDATE SET failures = ?3, since_ms = ?4",
	[SQL_DROP_NOTE] = "DELETE FROM failures WHERE kind = ?1 AND key = ?2",
	[SQL_EACH_NOTE] =
	    "SELECT kind, key, failures, since_ms FROM (SELECT * FROM failures"
	    " WHERE kind = ?1 ORDER BY since_ms DESC LIMIT ?2) ORDER BY since_ms",

	[SQL_PURGE_ISSUED] = "DELETE FROM issued WHERE issued_s < ?1",
	[SQL_PURGE_REVOKED] = "DELETE FROM revocations WHERE until_s < ?1",
	[SQL_PURGE_INVITES] = "DELETE FROM invites WHERE until_s < ?1",
	[SQL_PURGE_NOTES] = "DELETE FROM failures WHERE since_ms < ?1",
};
