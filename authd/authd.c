/* SPDX-License-Identifier: ISC */
/*
 * authd: registers users and logs them in. See authd(8). The process that is started
 * becomes vault, its child net; each gives away what the other one needs.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "authd/authority.h"
#include "authd/db.h"
#include "authd/log.h"
#include "authd/net.h"
#include "authd/sandbox.h"
#include "authd/vault.h"
#include "base/text.h"
#include "cmd/tool.h"
#include "crypto/password.h"
#include "crypto/wake.h"
#include "io/net.h"

enum {
	PORT = 65431,
	LN_MIN = 4,
	ENDING_MS = 2000, /* for net to end by itself */
	LOOK_MS = 5,
	HOST_SIZE = 65,
};

#define ACCOUNT "ugat" /* whom root becomes when it makes DIR, if the system has it */

static const struct tool_option options[] = {
	{ 'd', "DIR", "where keys and accounts lie (" AUTHORITY_DIR ")" },
	{ 'i', "ADDR", "the address to listen on (127.0.0.1)" },
	{ 'p', "PORT", "the port to listen on (65431); 0: any" },
	{ 'N', "open|invite|closed|open-to-all", "who may register (invite)" },
	{ 'S', "N", "scrypt's cost, a power of two (15)" },
	{ 0, NULL, NULL },
};

static const struct tool tool = {
	.name = "authd",
	.section = 8,
	.purpose = "register users and log them in",
	.operands = "",
	.options = options,
};

struct daemon {
	const char *dir;
	struct addr listen;
	enum new_accounts new_accounts;
	bool to_all; /* -N open-to-all */
	unsigned ln;
	bool first; /* there was no identity before */
	struct sandbox_user user;
	int lock, listener;
	int vault_end, net_end; /* of the pair */
};

static void
set_new_accounts(struct daemon *d, const char *text)
{
	static const struct {
		const char *word;
		enum new_accounts meaning;
	} words[] = {
		{ "open", NEW_OPEN },
		{ "invite", NEW_INVITE },
		{ "closed", NEW_CLOSED },
		{ "open-to-all", NEW_OPEN },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(text, words[i].word) == 0) {
			d->new_accounts = words[i].meaning;
			d->to_all = strcmp(text, "open-to-all") == 0;
			return;
		}
	tool_usage(&tool, "-N %s: open, invite, closed or open-to-all expected", text);
}

static void
set_address(struct daemon *d, const char *text)
{
	uint16_t port = d->listen.port;

	if (addr_parse(bytes_str(text), &d->listen) != RC_OK)
		tool_usage(&tool, "-i %s: an IP address expected", text);
	d->listen.port = port;
}

static void
set(struct daemon *d, int letter, const char *argument)
{
	switch (letter) {
	case 'd': d->dir = argument; break;
	case 'i': set_address(d, argument); break;
	case 'p':
		d->listen.port = (uint16_t)tool_number(&tool, 'p', argument, 0, 65535);
		break;
	case 'N': set_new_accounts(d, argument); break;
	case 'S':
		d->ln =
		    (unsigned)tool_number(&tool, 'S', argument, LN_MIN, PASSWORD_LN_MAX);
		break;
	}
}

static void
check(const struct daemon *d)
{
	if (addr_is_loopback(&d->listen))
		return;
	if (d->new_accounts == NEW_OPEN && !d->to_all)
		tool_usage(&tool,
		    "-N open: beyond this machine anybody could register; if that is "
		    "meant, -N open-to-all");
	if (d->ln < PASSWORD_LN)
		tool_usage(&tool, "-S %u: less than %d only on a loopback address", d->ln,
		    PASSWORD_LN);
}

/*
 * EINVAL: this user namespace has no such user, so there is nobody to give it to: we stay
 * who we are, as sandbox_become does. Any other failure takes the directory away again:
 * the next start would work in it as root, without a word.
 */
static enum rc
give_dir(struct daemon *d, const struct passwd *pw, struct outcome *end)
{
	if (chown(d->dir, pw->pw_uid, pw->pw_gid) == 0) {
		d->user = (struct sandbox_user){ .uid = pw->pw_uid, .gid = pw->pw_gid };
		return RC_OK;
	}
	if (errno == EINVAL)
		return RC_OK;
	(void)outcome_fail(end, CODE_CANTCREAT,
	    "%s: it cannot be given to the account " ACCOUNT
	    ": %s: make it first, with mode 700, for whom authd is to run as",
	    d->dir, strerror(errno));
	(void)rmdir(d->dir);
	return RC_SYS;
}

/* A directory that root makes is given to the daemon's account, where there is one. */
static enum rc
make_dir(struct daemon *d, struct outcome *end)
{
	struct stat st;
	bool made = stat(d->dir, &st) != 0 && errno == ENOENT;
	struct passwd *pw;

	if (authority_make_dir(d->dir, &d->user.uid, &d->user.gid, end) != RC_OK)
		return RC_SYS;
	pw = made && geteuid() == 0 ? getpwnam(ACCOUNT) : NULL;
	return pw == NULL ? RC_OK : give_dir(d, pw, end);
}

static bool
has_file(const char *dir, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return stat(path, &st) == 0 && st.st_size > 0;
}

/*
 * An authority whose database is lost: what was revoked would be forgotten, and signed
 * away in the next list.
 */
static enum rc
find_database(const struct daemon *d, struct outcome *end)
{
	if (has_file(d->dir, DB_FILE) ||
	    (!has_file(d->dir, "ca.key") && !has_file(d->dir, "ca.pem")))
		return RC_OK;
	(void)outcome_fail(end, CODE_NOINPUT,
	    "%s/%s: not there, or empty, beside an authority that has signed: put a "
	    "backup in its place; or remove ca.key and ca.pem, too, to begin anew, with "
	    "no "
	    "account",
	    d->dir, DB_FILE);
	return RC_NONE;
}

static enum rc
make_identity(struct daemon *d, struct outcome *end)
{
	struct outcome ignored = { .code = CODE_OK };
	char host[HOST_SIZE] = "";
	uint8_t pin[PIN_SIZE];

	d->first = authority_pin(d->dir, pin, &ignored) == RC_NONE;
	(void)gethostname(host, sizeof(host) - 1);
	return authority_make_identity(d->dir, host[0] == '\0' ? "localhost" : host, end);
}

static enum rc
listen_there(struct daemon *d, struct outcome *end)
{
	struct net_local at = { .set = true, .ip = d->listen };
	int fds[2] = { -1, -1 };
	char text[ADDR_TEXT];
	enum rc rc;

	at.ip.port = 0;
	rc = net_tcp_listen(d->listen.port, &at, fds, &d->listen.port);
	addr_text_port(&d->listen, text);
	if (rc == RC_BUSY)
		(void)outcome_fail(
		    end, CODE_TEMPFAIL, "%s: the port is taken; -p names another", text);
	else if (rc != RC_OK)
		(void)outcome_fail(end, CODE_CANTCREAT, "%s: %s", text, strerror(errno));
	else
		d->listener = fds[0] != -1 ? fds[0] : fds[1];
	return rc;
}

static enum rc
prepare(struct daemon *d, struct outcome *end)
{
	int pair[2];

	if (crypto_wake() != RC_OK) {
		(void)outcome_fail(end, CODE_BUG, "out of memory");
		return RC_MEM;
	}
	if (make_dir(d, end) != RC_OK || authority_lock(d->dir, &d->lock, end) != RC_OK)
		return RC_SYS;
	if (sandbox_early() != RC_OK) {
		(void)outcome_fail(end, CODE_BUG, "sandbox: %s", strerror(errno));
		return RC_SYS;
	}
	if (find_database(d, end) != RC_OK)
		return RC_NONE;
	if (make_identity(d, end) != RC_OK || listen_there(d, end) != RC_OK)
		return RC_SYS;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) !=
	    0) {
		(void)outcome_fail(end, CODE_BUG, "socketpair: %s", strerror(errno));
		return RC_SYS;
	}
	d->vault_end = pair[0];
	d->net_end = pair[1];
	return RC_OK;
}

/*
 * Both processes leave by this, once they are in the sandbox: what a sanitizer would do
 * at exit is not allowed there.
 */
static _Noreturn void
leave(const struct outcome *o)
{
	if (o->signal != 0)
		tool_end(&tool, o, false);
	if (o->code != CODE_OK && !o->passed && o->words[0] != '\0')
		fprintf(stderr, "%s: %s\n", tool.name, o->words);
	(void)fflush(NULL);
	_exit(o->code);
}

static _Noreturn void
be_net(struct daemon *d)
{
	struct outcome end = { .code = CODE_OK };
	struct net_options o = { .dir = d->dir,
		.listener = d->listener,
		.pair = d->net_end,
		.listen = d->listen };
	struct net *n;

	net_close(&d->vault_end);
	net_close(&d->lock);
	n = net_open(&o, &end);
	if (n != NULL && sandbox_net(NET_FDS) != RC_OK)
		(void)outcome_fail(&end, CODE_BUG, "sandbox of net: %s", strerror(errno));
	else if (n != NULL)
		net_run(n, &end);
	leave(&end);
}

static void
say_created(const struct daemon *d)
{
	struct outcome ignored = { .code = CODE_OK };
	uint8_t pin[PIN_SIZE];
	char text[PIN_TEXT];
	struct log_line l;

	if (!d->first || authority_pin(d->dir, pin, &ignored) != RC_OK)
		return;
	pin_text(pin, text);
	log_begin(&l, "created");
	log_text(&l, "dir", bytes_str(d->dir));
	log_text(&l, "fingerprint", bytes_str(text));
	log_end(&l);
}

/*
 * The service manager that waits for us, if there is one (sd_notify(3)): keys and
 * accounts are there, and who connects is answered. One that cannot be told gives up on
 * us by itself.
 */
static void
say_ready(void)
{
	static const char words[] = "READY=1";
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t n = path == NULL ? 0 : strlen(path);
	int fd;

	if (n == 0 || n >= sizeof(to.sun_path))
		return;
	memcpy(to.sun_path, path, n);
	if (path[0] == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, words, sizeof(words) - 1, MSG_NOSIGNAL, (struct sockaddr *)&to,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
	(void)close(fd);
}

static void
run_vault(struct daemon *d, struct outcome *end)
{
	struct vault_options o = { .dir = d->dir,
		.new_accounts = d->new_accounts,
		.ln = d->ln,
		.loopback = addr_is_loopback(&d->listen),
		.pair = d->vault_end };
	struct vault *v;

	net_close(&d->net_end);
	net_close(&d->listener);
	if (sandbox_become(&d->user) != RC_OK) {
		(void)outcome_fail(end, CODE_BUG, "user %lu: %s",
		    (unsigned long)d->user.uid, strerror(errno));
		return;
	}
	v = vault_open(&o, end);
	if (v == NULL)
		return;
	say_ready();
	if (sandbox_vault(d->dir) != RC_OK) {
		(void)outcome_fail(
		    end, CODE_BUG, "sandbox of vault: %s", strerror(errno));
	} else {
		say_created(d);
		vault_run(v, end);
	}
	vault_free(v);
}

/* How net has ended; it ends when our side of the pair is closed. */
static void
wait_for_net(pid_t pid, struct outcome *end)
{
	const struct timespec look = { .tv_nsec = LOOK_MS * 1000000L };
	int status = 0;
	pid_t got;

	for (int ms = 0; (got = waitpid(pid, &status, WNOHANG)) == 0; ms += LOOK_MS) {
		if (ms >= ENDING_MS)
			return; /* the kernel takes it along with us */
		(void)nanosleep(&look, NULL);
	}
	if (got != pid || end->code != CODE_OK || end->signal != 0)
		return;
	if (WIFSIGNALED(status))
		(void)outcome_fail(end, CODE_BUG, "net: %s", strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status) == CODE_OK)
		(void)outcome_fail(end, CODE_BUG, "net has ended");
	else
		*end = (struct outcome){ .code = WEXITSTATUS(status), .passed = true };
}

int
main(int argc, char **argv)
{
	static const uint8_t localhost[4] = { 127, 0, 0, 1 };
	struct daemon d = { .dir = AUTHORITY_DIR,
		.listen = addr_v4(localhost, PORT),
		.new_accounts = NEW_INVITE,
		.ln = PASSWORD_LN,
		.lock = -1,
		.listener = -1,
		.vault_end = -1,
		.net_end = -1 };
	struct outcome end = { .code = CODE_OK };
	const char *argument;
	int letter, at;
	pid_t pid;

	tool_start(&tool);
	closefrom(STDERR_FILENO + 1);
	while ((letter = tool_next(&tool, argc, argv, &at, &argument)) != -1)
		set(&d, letter, argument);
	if (at < argc)
		tool_usage(&tool, "%s: no operand expected", argv[at]);
	check(&d);
	if (prepare(&d, &end) != RC_OK)
		tool_end(&tool, &end, false);
	pid = fork();
	if (pid == 0)
		be_net(&d);
	if (pid == -1)
		(void)outcome_fail(&end, CODE_BUG, "fork: %s", strerror(errno));
	else
		run_vault(&d, &end);
	net_close(&d.vault_end);
	if (pid != -1)
		wait_for_net(pid, &end);
	leave(&end);
}
