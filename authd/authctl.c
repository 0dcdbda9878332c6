/* SPDX-License-Identifier: ISC */
/* authctl: accounts, sessions and invites of authd, in its own database. */
#include "authd/authctl.h"

#include <sys/stat.h>

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bsd/stdlib.h>

#include "authd/authority.h"
#include "authd/vault.h"
#include "authd/vault_invite.h"
#include "base/human.h"
#include "crypto/wake.h"
#include "cmd/tool.h"

static const struct tool_option options[] = {
	{ 'd', "DIR", "authd's directory (" AUTHORITY_DIR ")" },
	{ 'P', "FILE|-|fd:N",
	    "the password is the first line of it; else it is asked for" },
	{ 'q', NULL, "say nothing of what was revoked" },
	{ 'v', NULL, "sessions: all that are remembered, not only those of use" },
	{ 0, NULL, NULL },
};

enum { COMMAND_NAMES = 256 }; /* bytes of all of them, in a row */

static const struct tool tool = {
	.name = "authctl",
	.section = 8,
	.purpose = "administer the accounts of authd",
	.operands = "COMMAND [ARGUMENT...]",
	.options = options,
};

struct authctl {
	const char *dir, *password_from;
	bool quiet, all;
	struct identity who;
	struct db *db;
	int64_t now_s;
	struct outcome end;
};

typedef void command_fn(struct authctl *c, char **operands);

/* RC_NONE: nobody has the name, and the outcome says so. */
static enum rc
find_account(struct authctl *c, const char *name, struct db_account *out)
{
	enum rc rc = db_find_account(c->db, bytes_str(name), out);

	if (rc == RC_NONE)
		(void)outcome_fail(&c->end, CODE_NOINPUT, "%s: no such account", name);
	if (rc == RC_SYS)
		db_explain(c->db, &c->end);
	return rc;
}

/* The password is read as the caller, who may read what DIR's owner may not. */
static enum rc
read_hash(struct authctl *c, const char *user, char hash[static PASSWORD_HASH])
{
	struct secret s = { .n = 0 };
	enum rc rc = identity_caller(&c->who, &c->end), back;

	if (rc == RC_OK)
		rc = secret_read(c->password_from, user, &s, &c->end);
	back = identity_owner(&c->who, &c->end);
	if (rc == RC_OK && back == RC_OK) {
		rc = password_hash(bytes_of(s.p, s.n), PASSWORD_LN, hash);
		if (rc != RC_OK)
			(void)outcome_fail(&c->end, CODE_BUG, "out of memory");
	}
	explicit_bzero(&s, sizeof(s));
	return rc != RC_OK ? rc : back;
}

static void
add_user(struct authctl *c, char **operands)
{
	const char *name = operands[0];
	struct db_account account;
	char hash[PASSWORD_HASH];
	enum rc rc;

	rc = db_find_account(c->db, bytes_str(name), &account);
	if (rc == RC_NONE) {
		if (read_hash(c, name, hash) != RC_OK)
			return;
		rc = db_add_account(c->db, name, hash, c->now_s);
	} else if (rc == RC_OK) {
		rc = RC_BAD;
	}
	if (rc == RC_BAD)
		(void)outcome_fail(
		    &c->end, CODE_CANTCREAT, "%s: the name is taken", name);
	if (rc == RC_SYS)
		db_explain(c->db, &c->end);
}

static void
set_password(struct authctl *c, char **operands)
{
	struct db_account account;
	char hash[PASSWORD_HASH];

	if (find_account(c, operands[0], &account) != RC_OK ||
	    read_hash(c, account.name, hash) != RC_OK)
		return;
	if (db_set_hash(c->db, account.id, hash) != RC_OK)
		db_explain(c->db, &c->end);
}

static void
say_revoked(const struct authctl *c, const char *what, const struct db_revoked *r)
{
	char date[DATE_TEXT];

	if (c->quiet)
		return;
	if (r->until_s == 0) {
		(void)fprintf(stderr, "%s: %s: no session lives; none can be renewed\n",
		    tool.name, what);
		return;
	}
	date_text(r->until_s, date);
	(void)fprintf(stderr,
	    "%s: %s: %llu session%s revoked: ended within 15 min where authd can be "
	    "reached, and everywhere at %s UTC\n",
	    tool.name, what, (unsigned long long)r->sessions, r->sessions == 1 ? "" : "s",
	    date);
}

/* Revoke all of an account's sessions, and remove it when asked to: both or neither. */
static void
revoke_account(struct authctl *c, const char *name, bool remove)
{
	struct db_account account;
	struct db_revoked revoked;
	enum rc rc = db_begin(c->db);

	if (rc == RC_OK)
		rc = find_account(c, name, &account);
	if (rc == RC_OK)
		rc = db_revoke_account(c->db, account.id, c->now_s, &revoked);
	if (rc == RC_OK && remove)
		rc = db_remove_account(c->db, account.id);
	if (rc == RC_OK)
		rc = db_commit(c->db);
	if (rc == RC_OK)
		say_revoked(c, name, &revoked);
	else if (rc == RC_SYS)
		db_explain(c->db, &c->end);
	db_rollback(c->db);
}

static void
delete_user(struct authctl *c, char **operands)
{
	revoke_account(c, operands[0], true);
}

/* What is registered where everybody may, and nobody ever uses. */
static void
prune_users(struct authctl *c, char **operands)
{
	uint64_t age_s = 0;
	int64_t n = 0;

	/* check_age has seen that it is one. */
	if (human_get_time(operands[0], &age_s) != RC_OK)
		return;
	if (db_remove_unused(c->db, c->now_s - (int64_t)age_s, &n) != RC_OK)
		db_explain(c->db, &c->end);
	else if (!c->quiet)
		(void)fprintf(stderr, "%s: %lld account%s that never logged in removed\n",
		    tool.name, (long long)n, n == 1 ? "" : "s");
}

/* As openssl prints it, too: upper case, colons, a zero in front. */
static enum rc
read_serial(const char *text, char out[static CERT_SERIAL_TEXT])
{
	size_t n = 0;

	for (; *text != '\0'; text++) {
		if (*text == ':' || (n == 0 && *text == '0'))
			continue;
		if (isxdigit((unsigned char)*text) == 0 || n + 1 >= CERT_SERIAL_TEXT)
			return RC_BAD;
		out[n++] = (char)tolower((unsigned char)*text);
	}
	if (n == 0 || n + 2 >= CERT_SERIAL_TEXT)
		return RC_BAD;
	/* Whole bytes, as crypto/cert writes them. */
	if (n % 2 == 1) {
		memmove(out + 1, out, n++);
		out[0] = '0';
	}
	out[n] = '\0';
	return RC_OK;
}

static void
revoke_serial(struct authctl *c, const char *text)
{
	char serial[CERT_SERIAL_TEXT] = "";
	struct db_revoked revoked;
	enum rc rc = read_serial(text, serial);

	if (rc == RC_OK)
		rc = db_begin(c->db);
	if (rc == RC_OK)
		rc = db_revoke_session(c->db, serial, c->now_s, &revoked);
	if (rc == RC_OK)
		rc = db_commit(c->db);
	if (rc == RC_OK)
		say_revoked(c, serial, &revoked);
	else if (rc == RC_SYS)
		db_explain(c->db, &c->end);
	else
		(void)outcome_fail(&c->end, CODE_NOINPUT,
		    "%s: no session with this serial is remembered", serial);
	db_rollback(c->db);
}

static void
revoke_sessions(struct authctl *c, char **operands)
{
	if (strcmp(operands[0], "-s") == 0)
		revoke_serial(c, operands[1]);
	else
		revoke_account(c, operands[0], false);
}

static void
list_account(void *ctx, const struct db_account *a, uint64_t sessions)
{
	table_text(ctx, a->name);
	table_date(ctx, a->created_s);
	table_date(ctx, a->login_s);
	table_number(ctx, sessions);
}

static void
end_list(struct authctl *c, struct table *t, enum rc rc)
{
	if (rc == RC_SYS)
		db_explain(c->db, &c->end);
	else if (t == NULL || table_end(t) != RC_OK)
		(void)outcome_fail(&c->end, CODE_BUG, "out of memory");
	table_free(t);
}

static void
list_users(struct authctl *c, char **operands)
{
	static const char *const headings[] = { "USER", "CREATED", "LAST LOGIN",
		"SESSIONS", NULL };
	struct table *t = table_new(headings, isatty(STDOUT_FILENO) != 0);

	(void)operands;
	end_list(
	    c, t, t == NULL ? RC_MEM : db_each_account(c->db, c->now_s, list_account, t));
}

struct session_list {
	struct table *t;
	int64_t now_s;
	bool all;
};

static void
list_session(void *ctx, const struct db_session *s)
{
	const struct session_list *l = ctx;
	bool ended = s->until_s <= l->now_s,
	     useless = s->until_s + VAULT_GRACE_S <= l->now_s;

	if (useless && !l->all)
		return;
	table_text(l->t, s->serial);
	table_text(l->t, s->user);
	table_date(l->t, s->issued_s);
	table_date(l->t, s->until_s);
	table_text(l->t, s->source);
	table_text(l->t,
	    s->revoked_s != 0 ? "revoked"
	        : useless     ? "expired"
	        : ended       ? "renewable"
	                      : "valid");
}

static void
list_sessions(struct authctl *c, char **operands)
{
	static const char *const headings[] = { "SERIAL", "USER", "ISSUED", "UNTIL",
		"SOURCE", "STATE", NULL };
	struct session_list l = { .t = table_new(headings, isatty(STDOUT_FILENO) != 0),
		.now_s = c->now_s,
		.all = c->all };

	(void)operands;
	end_list(c, l.t, l.t == NULL ? RC_MEM : db_each_session(c->db, list_session, &l));
}

static void
make_invite(struct authctl *c, char **operands)
{
	uint8_t bits[INVITE_SIZE], hash[SHA256_SIZE];
	char text[INVITE_TEXT];

	(void)operands;
	arc4random_buf(bits, sizeof(bits));
	invite_text(bits, text);
	if (invite_hash(bytes_str(text), hash) != RC_OK)
		(void)outcome_fail(&c->end, CODE_BUG, "out of memory");
	else if (db_add_invite(c->db, hash, c->now_s, c->now_s + VAULT_INVITE_S) != RC_OK)
		db_explain(c->db, &c->end);
	else
		(void)printf("%s\n", text);
	explicit_bzero(bits, sizeof(bits));
	explicit_bzero(text, sizeof(text));
}

static void
print_fingerprint(struct authctl *c, char **operands)
{
	uint8_t pin[PIN_SIZE];
	char text[PIN_TEXT];

	(void)operands;
	if (authority_pin(c->dir, pin, &c->end) != RC_OK)
		return;
	pin_text(pin, text);
	(void)printf("%s\n", text);
}

/* The copy is the caller's: DIR's owner may have no right to where it goes. */
static void
make_backup(struct authctl *c, char **operands)
{
	enum rc rc = identity_caller(&c->who, &c->end);

	if (rc == RC_OK)
		rc = backup_make(c->db, operands[0], &c->end);
	if (rc == RC_OK)
		rc = identity_owner(&c->who, &c->end);
	(void)rc; /* the outcome says it */
}

static void
check_name(char **operands)
{
	if (!user_is_name(bytes_str(operands[0])))
		tool_usage(&tool,
		    "%s: a name has 1 to %d characters: a to z first, then a to z, "
		    "0 to 9, _ and -",
		    operands[0], USER_MAX);
}

static void
check_age(char **operands)
{
	uint64_t age_s;

	if (human_get_time(operands[0], &age_s) != RC_OK)
		tool_usage(&tool, "prune %s: a TIME expected, such as 30d", operands[0]);
}

static void
check_serial(char **operands)
{
	bool one = strcmp(operands[0], "-s") == 0;
	char serial[CERT_SERIAL_TEXT];

	if (one != (operands[1] != NULL))
		tool_usage(&tool, "revoke USER, or revoke -s SERIAL");
	if (one && read_serial(operands[1], serial) != RC_OK)
		tool_usage(&tool, "%s: not a serial number in hex", operands[1]);
}

static const struct command {
	const char *name, *argument; /* NULL: takes none */
	int most;                    /* operands */
	bool database;
	command_fn *run;
	void (*check)(char **operands); /* before anything is opened; or NULL */
} commands[] = {
	{ "adduser", "USER", 1, true, add_user, check_name },
	{ "deluser", "USER", 1, true, delete_user, NULL },
	{ "passwd", "USER", 1, true, set_password, NULL },
	{ "prune", "TIME", 1, true, prune_users, check_age },
	{ "users", NULL, 0, true, list_users, NULL },
	{ "sessions", NULL, 0, true, list_sessions, NULL },
	{ "revoke", "USER", 2, true, revoke_sessions, check_serial },
	{ "invite", NULL, 0, true, make_invite, NULL },
	{ "fingerprint", NULL, 0, false, print_fingerprint, NULL },
	{ "backup", "FILE", 1, true, make_backup, NULL },
};

static const struct command *
find_command(int n, char **operands)
{
	const size_t n_commands = sizeof(commands) / sizeof(commands[0]);
	const struct command *found = NULL;
	char names[COMMAND_NAMES] = "";

	for (size_t i = 0; i < n_commands; i++) {
		size_t at = strlen(names);

		(void)snprintf(names + at, sizeof(names) - at, "%s%s",
		    at == 0 ? "" : ", ", commands[i].name);
	}
	if (n == 0)
		tool_usage(&tool, "which command? %s", names);
	for (size_t i = 0; i < n_commands; i++)
		if (strcmp(commands[i].name, operands[0]) == 0)
			found = &commands[i];
	if (found == NULL)
		tool_usage(
		    &tool, "%s: no such command: there are %s", operands[0], names);
	if (n - 1 > found->most)
		tool_usage(&tool, "%s: too many operands", found->name);
	if (n == 1 && found->argument != NULL)
		tool_usage(&tool, "%s: which %s?", found->name, found->argument);
	if (found->check != NULL)
		found->check(operands + 1);
	return found;
}

static void
run(struct authctl *c, const struct command *command, char **operands)
{
	if (crypto_wake() != RC_OK) {
		(void)outcome_fail(&c->end, CODE_BUG, "out of memory");
		return;
	}
	if (identity_of(c->dir, &c->who, &c->end) != RC_OK ||
	    identity_owner(&c->who, &c->end) != RC_OK)
		return;
	if (command->database) {
		c->db = db_open(c->dir, DB_USE, &c->end);
		if (c->db == NULL)
			return;
	}
	command->run(c, operands);
	db_free(c->db);
}

int
main(int argc, char **argv)
{
	struct authctl c = { .dir = AUTHORITY_DIR, .now_s = (int64_t)time(NULL) };
	const char *argument;
	int at, letter;

	tool_start(&tool);
	(void)umask(S_IRWXG | S_IRWXO);
	while ((letter = tool_next(&tool, argc, argv, &at, &argument)) != -1)
		switch (letter) {
		case 'd': c.dir = argument; break;
		case 'P': c.password_from = argument; break;
		case 'q': c.quiet = true; break;
		case 'v': c.all = true; break;
		}
	run(&c, find_command(argc - at, argv + at), argv + at + 1);
	tool_end(&tool, &c.end, false);
}
