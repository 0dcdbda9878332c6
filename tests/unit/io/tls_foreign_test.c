/* SPDX-License-Identifier: ISC */
/* TLS with another implementation's command: openssl s_client and s_server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "io/tls_parts.h"

#include "tls_people.h"

enum { DEADLINE_MS = 20 * 1000, TALK_MAX = 64 * 1024, COMMAND_MAX = 2048 };

static char folder[64];

/* openssl as a child: what it is told, what it says (with its errors). */
struct command {
	pid_t pid;
	int to, from;
	char said[TALK_MAX];
	size_t n;
};

static void
command_start(struct command *c, const char *line)
{
	int to[2], from[2];

	memset(c, 0, sizeof(*c));
	assert_int_equal(pipe2(to, O_CLOEXEC), 0);
	assert_int_equal(pipe2(from, O_CLOEXEC), 0);
	c->pid = fork();
	assert_true(c->pid >= 0);
	if (c->pid == 0) {
		(void)dup2(to[0], 0);
		(void)dup2(from[1], 1);
		(void)dup2(from[1], 2);
		(void)execl("/bin/sh", "sh", "-c", line, (char *)NULL);
		_exit(127);
	}
	(void)close(to[0]);
	(void)close(from[1]);
	c->to = to[1];
	c->from = from[0];
}

static void
wait_for(int fd, short what)
{
	struct pollfd p = { .fd = fd, .events = what };

	assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
}

/* Read what it says until words come, or to its end (NULL). */
static void
command_hear(struct command *c, const char *words)
{
	ssize_t got = 1;

	while (got > 0 && (words == NULL || strstr(c->said, words) == NULL)) {
		wait_for(c->from, POLLIN);
		assert_true(c->n < sizeof(c->said) - 1);
		got = read(c->from, c->said + c->n, sizeof(c->said) - 1 - c->n);
		assert_true(got >= 0);
		c->n += (size_t)got;
	}
	if (words != NULL && strstr(c->said, words) == NULL)
		fail_msg("not said: %s, but: %s", words, c->said);
}

static void
command_tell(const struct command *c, const char *words)
{
	assert_int_equal(write(c->to, words, strlen(words)), strlen(words));
}

static void
command_end(struct command *c)
{
	(void)close(c->to);
	(void)kill(c->pid, SIGTERM);
	assert_int_equal(waitpid(c->pid, NULL, 0), c->pid);
	(void)close(c->from);
}

/* Our end of it. */

static void
end_wait(const struct end *e)
{
	wait_for(e->fd, tls_wants(e->tls) == LOOP_READ ? POLLIN : POLLOUT);
}

static void
end_open(struct end *e, int fd, bool server)
{
	memset(e, 0, sizeof(*e));
	e->fd = fd;
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	e->tls = tls_new(&ops.rules, fd, server, &e->why);
	assert_non_null(e->tls);
	while ((e->rc = tls_shake(e->tls, &e->why)) == RC_MORE)
		end_wait(e);
}

static void
end_close(struct end *e)
{
	tls_free(e->tls);
	(void)close(e->fd);
}

static void
end_say(struct end *e, const char *words)
{
	size_t n;

	assert_int_equal(tls_write(e->tls, bytes_str(words), &n, &e->why), RC_OK);
	assert_int_equal(n, strlen(words));
	while ((e->rc = tls_flush(e->tls, &e->why)) == RC_MORE)
		end_wait(e);
	assert_int_equal(e->rc, RC_OK);
}

static void
end_hear(struct end *e, const char *words)
{
	uint8_t got[64];
	size_t all = 0, n;

	while (all < strlen(words)) {
		e->rc = tls_read(e->tls, got + all, sizeof(got) - all, &n, &e->why);
		all += n;
		if (e->rc == RC_MORE)
			end_wait(e);
		else if (e->rc != RC_OK)
			fail_msg("%s", e->why.words);
	}
	assert_int_equal(all, strlen(words));
	assert_memory_equal(got, words, all);
}

static void
end_hear_end(struct end *e, enum rc rc)
{
	uint8_t got[64];
	size_t n;

	while ((e->rc = tls_read(e->tls, got, sizeof(got), &n, &e->why)) == RC_MORE)
		end_wait(e);
	if (e->rc != rc)
		fail_msg("%d: %s", (int)e->rc, e->why.words);
}

/* s_client calls us with lab's session, as far as options say so. */
static void
be_called(struct command *c, struct end *e, const char *options)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), conn;
	socklen_t size = sizeof(in);
	char line[COMMAND_MAX];

	assert_int_equal(bind(fd, (struct sockaddr *)&in, size), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &size), 0);
	(void)snprintf(line, sizeof(line),
	    "cd %s && exec openssl s_client -connect 127.0.0.1:%d %s", folder,
	    ntohs(in.sin_port), options);
	command_start(c, line);
	wait_for(fd, POLLIN);
	conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	assert_true(conn >= 0);
	(void)close(fd);
	end_open(e, conn, true);
}

#define SESSION "-cert lab.pem -key lab.key -cert_chain ca.pem "
#define CHECKED "-CAfile ca.pem -verify_return_error "
#define USUAL SESSION CHECKED "-alpn ugat/1 "

static void
s_client_meets_us_with_every_cipher_and_group(void **state)
{
	static const char *const options[] = {
		USUAL "-quiet", USUAL "-quiet -ciphersuites TLS_AES_128_GCM_SHA256",
		USUAL "-quiet -ciphersuites TLS_AES_256_GCM_SHA384",
		USUAL "-quiet -ciphersuites TLS_CHACHA20_POLY1305_SHA256",
		USUAL "-quiet -groups X25519", USUAL "-quiet -groups P-256",
		USUAL "-quiet -groups P-384:P-256", /* it must be asked again */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		struct command c;
		struct end e;

		be_called(&c, &e, options[i]);
		if (e.rc != RC_OK)
			fail_msg("%s: %s", options[i], e.why.words);
		assert_string_equal(tls_peer(e.tls)->token.user, "lab");
		command_tell(&c, "from lab\n");
		end_hear(&e, "from lab\n");
		end_say(&e, "from ops\n");
		command_hear(&c, "from ops\n");
		assert_int_equal(tls_close(e.tls, &e.why), RC_OK);
		end_hear_end(&e, RC_END);
		end_close(&e);
		command_end(&c);
	}
}

static void
s_client_is_refused_and_told_why(void **state)
{
	static const struct {
		const char *options;
		int code;
		const char *words, *told;
	} cases[] = {
		{ "-alpn ugat/1", CODE_NOSESSION, "shows no certificate",
		    "certificate required" },
		{ SESSION, CODE_PROTOCOL, "does not speak ugat/1",
		    "no application protocol" },
		{ SESSION "-alpn http/1.1,h2", CODE_PROTOCOL, "does not speak ugat/1",
		    "no application protocol" },
		{ SESSION "-alpn ugat/1 -tls1_2", CODE_PROTOCOL, "does not speak TLS 1.3",
		    "protocol version" },
		{ SESSION "-alpn ugat/1 -groups P-384", CODE_PROTOCOL,
		    "TLS with it failed", "handshake failure" },
		{ "-alpn ugat/1 -cert self.pem -key lab.key", CODE_NOSESSION,
		    "another authority, which it does not show", "unknown ca" },
		{ "-alpn ugat/1 -cert lab.pem -key lab.key -cert_chain many.pem",
		    CODE_PROTOCOL, "more than 8 KiB of certificates", "alert" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct command c;
		struct end e;

		be_called(&c, &e, cases[i].options);
		assert_int_equal(e.rc, RC_BAD);
		assert_int_equal(e.why.code, cases[i].code);
		if (strstr(e.why.words, cases[i].words) == NULL)
			fail_msg("%s: %s", cases[i].options, e.why.words);
		command_hear(&c, cases[i].told);
		end_close(&e);
		command_end(&c);
	}
}

static void
no_tickets_are_given_and_a_certificate_is_demanded(void **state)
{
	struct command c;
	struct end e;

	(void)state;
	be_called(&c, &e, USUAL "-msg");
	assert_int_equal(e.rc, RC_OK);
	end_say(&e, "after all that\n");
	command_hear(&c, "after all that\n");
	assert_non_null(strstr(c.said, "<<< TLS 1.3, Handshake [length 0"));
	assert_non_null(strstr(c.said, "CertificateRequest"));
	assert_null(strstr(c.said, "NewSessionTicket"));
	assert_int_equal(tls_close(e.tls, &e.why), RC_OK);
	end_close(&e);
	command_end(&c);
}

static void
both_sides_may_renew_their_keys(void **state)
{
	struct command c;
	struct end e;

	(void)state;
	be_called(&c, &e, USUAL "-msg");
	assert_int_equal(e.rc, RC_OK);
	/* "K" is s_client's for: renew yours and tell the other side to do so, too. */
	command_hear(&c, "Verify return code: 0 (ok)");
	command_tell(&c, "K\n");
	command_hear(&c, ">>> TLS 1.3, Handshake [length 0005], KeyUpdate");
	command_tell(&c, "under a new key\n");
	end_hear(&e, "under a new key\n");
	assert_null(strstr(c.said, "<<< TLS 1.3, Handshake [length 0005], KeyUpdate"));
	end_say(&e, "and ours\n");
	command_hear(&c, "and ours\n");
	assert_non_null(
	    strstr(c.said, "<<< TLS 1.3, Handshake [length 0005], KeyUpdate"));
	/* Ours, when it is worn. */
	c.n = 0;
	memset(c.said, 0, sizeof(c.said));
	e.tls->sealed = UINT64_C(388) << 30;
	end_say(&e, "once more\n");
	command_hear(&c, "once more\n");
	assert_non_null(
	    strstr(c.said, "<<< TLS 1.3, Handshake [length 0005], KeyUpdate"));
	end_close(&e);
	command_end(&c);
}

static void
an_openssl_that_is_killed_has_not_closed_in_order(void **state)
{
	struct command c;
	struct end e;

	(void)state;
	be_called(&c, &e, USUAL "-quiet");
	assert_int_equal(e.rc, RC_OK);
	command_tell(&c, "half");
	end_hear(&e, "half");
	(void)kill(c.pid, SIGKILL);
	end_hear_end(&e, RC_BAD);
	assert_int_equal(e.why.code, CODE_UNAVAILABLE);
	end_close(&e);
	command_end(&c);
}

/* We call s_server with ops's session. */
static void
call(struct command *c, struct end *e, const char *options)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), port;
	char line[COMMAND_MAX];

	(void)snprintf(line, sizeof(line),
	    "cd %s && exec openssl s_server -accept 127.0.0.1:0 -naccept 1 %s", folder,
	    options);
	command_start(c, line);
	command_hear(c, "ACCEPT 127.0.0.1:");
	while (strchr(strstr(c->said, "ACCEPT "), '\n') == NULL)
		command_hear(c, "\n");
	assert_int_equal(
	    sscanf(strstr(c->said, "ACCEPT "), "ACCEPT 127.0.0.1:%d", &port), 1);
	in.sin_port = htons((uint16_t)port);
	assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	end_open(e, fd, false);
}

static void
s_server_meets_us_and_its_tickets_are_passed_over(void **state)
{
	struct command c;
	struct end e;

	(void)state;
	call(&c, &e, USUAL "-tls1_3 -Verify 2 -rev");
	if (e.rc != RC_OK)
		fail_msg("%s", e.why.words);
	assert_string_equal(tls_peer(e.tls)->token.user, "lab");
	/* -rev turns each line round, and closes in order when it is told. */
	end_say(&e, "from ops\n");
	end_hear(&e, "spo morf\n");
	command_hear(&c, "CN = user:ops");
	end_say(&e, "CLOSE\n");
	end_hear_end(&e, RC_END);
	end_close(&e);
	command_end(&c);
}

static void
s_server_is_refused(void **state)
{
	static const struct {
		const char *options;
		int code;
		const char *words;
	} cases[] = {
		{ SESSION, CODE_PROTOCOL, "does not speak ugat/1" },
		{ SESSION "-alpn h2", CODE_PROTOCOL, "does not speak ugat/1" },
		{ SESSION "-alpn ugat/1 -tls1_2", CODE_PROTOCOL,
		    "does not speak TLS 1.3" },
		{ "-alpn ugat/1 -cert self.pem -key lab.key", CODE_NOSESSION,
		    "another authority, which it does not show" },
		{ SESSION "-alpn ugat/1 -groups P-384", CODE_PROTOCOL,
		    "ended the connection with the TLS alert \"handshake failure\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct command c;
		struct end e;

		call(&c, &e, cases[i].options);
		assert_int_equal(e.rc, RC_BAD);
		assert_int_equal(e.why.code, cases[i].code);
		if (strstr(e.why.words, cases[i].words) == NULL)
			fail_msg("%s: %s", cases[i].options, e.why.words);
		end_close(&e);
		command_end(&c);
	}
}

/* Files for openssl. */

static void
put_file(const char *name, EVP_PKEY *key, X509 *cert, int times)
{
	char path[128];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	if (key != NULL)
		assert_int_equal(
		    PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
	for (int i = 0; i < times; i++)
		assert_int_equal(PEM_write_X509(f, cert), 1);
	assert_int_equal(fclose(f), 0);
}

static int
set_up(void **state)
{
	enum { MANY = 30 };
	const char *place = getenv("TMPDIR");
	char line[COMMAND_MAX];

	(void)snprintf(
	    folder, sizeof(folder), "%s/tls.XXXXXX", place != NULL ? place : "/tmp");
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)people_come(state);
	put_file("lab.key", lab.key, NULL, 0);
	put_file("lab.pem", NULL, lab.cert, 1);
	put_file("ca.pem", NULL, ours.cert, 1);
	put_file("many.pem", NULL, ours.cert, MANY);
	(void)snprintf(line, sizeof(line),
	    "openssl req -x509 -key %s/lab.key -subj /CN=user:lab -days 1 -out "
	    "%s/self.pem",
	    folder, folder);
	return system(line);
}

static int
tear_down(void **state)
{
	char line[COMMAND_MAX];

	(void)people_go(state);
	(void)snprintf(line, sizeof(line), "rm -r %s", folder);
	return system(line);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(s_client_meets_us_with_every_cipher_and_group),
		TEST(s_client_is_refused_and_told_why),
		TEST(no_tickets_are_given_and_a_certificate_is_demanded),
		TEST(both_sides_may_renew_their_keys),
		TEST(an_openssl_that_is_killed_has_not_closed_in_order),
		TEST(s_server_meets_us_and_its_tickets_are_passed_over),
		TEST(s_server_is_refused),
	};

	(void)signal(SIGPIPE, SIG_DFL);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
