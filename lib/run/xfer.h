/* SPDX-License-Identifier: ISC */
/* What ugat-send and ugat-recv are told alike: who calls whom, and who counts. */
#ifndef RUN_XFER_H
#define RUN_XFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/user.h"
#include "io/net.h"
#include "run/server.h"

enum { XFER_RATE_MIN = 1024, XFER_USERS = 64, XFER_SILENT_S = 60 };

struct xfer_options {
	const char *command; /* in front of words */
	/* Call: server, and the user that must be there; user is empty: whoever it is. */
	bool calls;
	char user[USER_TEXT];
	struct server server;
	/* Be called: our own port, and where it is bound (-i counts for a call, too). */
	uint16_t port;
	struct net_local local;
	const char *users[XFER_USERS]; /* -u: the only ones that count; none: all */
	size_t n_users;
	bool yes;         /* -y: nobody is asked */
	const char *pin;  /* -F: one more authority; NULL */
	uint64_t limit_s; /* -t; 0: not given */
	uint64_t rate;    /* bytes a second; 0: no limit */
	bool quiet, verbose;
	int err; /* descriptor for words and progress */
};

#endif
