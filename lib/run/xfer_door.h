/* SPDX-License-Identifier: ISC */
/*
 * Who we are and whom we believe in a transfer: the session of this run, with the
 * authority of -F beside its own.
 */
#ifndef RUN_XFER_DOOR_H
#define RUN_XFER_DOOR_H

#include "base/outcome.h"
#include "crypto/trust.h"
#include "io/tls.h"
#include "run/session.h"
#include "run/xfer.h"

struct xfer_door {
	struct session *session;
	bool has_pin;
	uint8_t pin[PIN_SIZE];
	struct trust trust;
	struct tls_rules rules;
};

/*
 * Log in offline, and read -F. RC_BAD: *end says why not. xfer_door_close in every case.
 */
enum rc xfer_door_open(
    struct xfer_door *d, const struct xfer_options *o, struct outcome *end) MUST_USE;
void xfer_door_close(struct xfer_door *d);

/* The rules of the next connection, as session_rules gives them. */
const struct tls_rules *xfer_door_rules(struct xfer_door *d);

#endif
