/* SPDX-License-Identifier: ISC */
/*
 * net: the process of authd that speaks TLS 1.3 and HTTP with strangers. It has the key
 * that authd shows in TLS, a listening socket and one end of a pair whose other end is
 * vault's: no file, and no way to any. What a stranger sends is taken apart here
 * (authd/request); only whole requests within the limits (authd/conns) become asks.
 */
#ifndef AUTHD_NET_H
#define AUTHD_NET_H

#include "authd/conns.h"
#include "base/addr.h"
#include "base/outcome.h"

enum {
	NET_FDS = CONNS_SLOTS + 24, /* descriptors that it needs at most */
	NET_OUT_MAX = 128 * 1024,   /* of asks that vault has not taken yet */
	NET_SENDING_MAX =
	    8 * 1024 * 1024, /* of answers that clients have not taken yet */
};

struct net_options {
	const char *dir;    /* where the TLS identity lies: authd/authority.h */
	int listener;       /* bound and listening, does not block; net's from now on */
	int pair;           /* our end, does not block; net's from now on */
	struct addr listen; /* what listener is bound to, for the log */
};

struct net;

/*
 * Load the identity and make all that needs files or memory; nothing is read yet, so that
 * the sandbox can follow. The process is net's alone: libevent's allocator is replaced by
 * one that wipes what it frees. NULL: *end says why.
 */
struct net *net_open(const struct net_options *o, struct outcome *end);

/*
 * Serve until the other end of the pair is gone, which is an orderly end. The event
 * `ready` is logged when vault has given its first answer; nobody is let in before. Else
 * *end says why.
 */
void net_run(struct net *n, struct outcome *end);

#endif
