/* SPDX-License-Identifier: ISC */
/*
 * Host names to addresses without blocking: libevent's own resolver, which reads
 * /etc/hosts and /etc/resolv.conf (nsswitch.conf is not asked). A machine without
 * resolv.conf still finds what stands in its hosts file and asks 127.0.0.1.
 */
#ifndef IO_RESOLVE_H
#define IO_RESOLVE_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/rc.h"
#include "io/loop.h"
#include "io/net.h"

enum { RESOLVE_ADDRS = 32 }; /* at most so many addresses of a name are reported */

struct resolve;
struct resolve_query;

/*
 * l is the caller's and outlives it. from (-i; NULL or not set: wherever the system
 * likes) is where the questions come from, but to name servers on loopback: its address,
 * which for an interface is one of that interface's. Without such an address, and for
 * name servers of the other family, nobody is asked. NULL: out of memory.
 */
struct resolve *resolve_new(struct loop *l, const struct net_local *from);

/*
 * Cancels every query. When some were open, turns of the loop that do not wait are run to
 * let go of them: free all watches and timers first. NULL is allowed.
 */
void resolve_free(struct resolve *r);

/*
 * The answer. RC_OK: n addresses, each with the query's port, IPv4 and IPv6 in the
 * resolver's order, good until the callback returns. RC_NONE: no such name. RC_MORE: no
 * name server answered; it may work later. RC_MEM. n is 0 then. The query is gone
 * afterwards.
 */
typedef void resolve_fn(void *ctx, enum rc rc, const struct addr *addrs, size_t n);

/*
 * Look host up: a name, or an address as text (no brackets), which is answered without
 * asking anybody. The answer always comes from the loop, never from inside this call, and
 * exactly once. NULL: out of memory; done will not be called.
 */
struct resolve_query *resolve_start(
    struct resolve *r, const char *host, uint16_t port, resolve_fn *done, void *ctx);

/* Promises silence. Not after the answer; NULL is allowed. */
void resolve_cancel(struct resolve_query *q);

#endif
