/* SPDX-License-Identifier: ISC */
/*
 * Names of servers, of login servers above all, and the files that pair them with their
 * identities: /etc/ugat/authd, and `authd` beside the session file. A line is
 * HOST[:PORT], blanks, and perhaps a pin (crypto/key) or the path of a PEM file; # begins
 * a comment. Text only.
 */
#ifndef RUN_SERVER_H
#define RUN_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "base/user.h"
#include "crypto/token.h"

enum { SERVER_HOST = 256, SERVER_PORT = 65431 };

struct server {
	char host[SERVER_HOST]; /* lower case; an IPv6 address without its brackets */
	uint16_t port;
};

/*
 * Read HOST, HOST:PORT, ADDRESS, [ADDRESS] or [ADDRESS]:PORT; without a port it is
 * SERVER_PORT. RC_BAD: anything else.
 */
enum rc server_get(struct bytes text, struct server *out) MUST_USE;

/*
 * [USER@]HOST[:PORT] and its like, port where none is said. Without USER@ user is empty.
 * RC_BAD: as server_get, or not a user's name.
 */
enum rc server_get_user(struct bytes text, uint16_t port, char user[static USER_TEXT],
    struct server *out) MUST_USE;

/* HOST:PORT or [ADDRESS]:PORT, which server_get reads back. */
void server_text(const struct server *s, char out[static TOKEN_SERVER]);

/* Whether they are the same host and port. */
bool server_eq(const struct server *a, const struct server *b);

/* 127/8, ::1 and localhost: never behind a proxy. */
bool server_is_loopback(const struct server *s);

struct server_line {
	struct server server;
	struct bytes identity; /* the second field, in the file's text; empty: none */
	unsigned number;       /* of the line, from 1 */
};

/*
 * The first line of a file's text that names want, or the first one at all when want is
 * NULL. RC_NONE: there is none. RC_BAD: the line out->number cannot be read.
 */
enum rc server_find(
    struct bytes text, const struct server *want, struct server_line *out) MUST_USE;

/*
 * Add to out the text of such a file without the lines that name s, then a line for s
 * with this identity. RC_BIG, RC_MEM.
 */
enum rc server_put(struct bytes text, const struct server *s, const char *identity,
    struct buf *out) MUST_USE;

#endif
