/* SPDX-License-Identifier: ISC */
#include "run/xfer_door.h"

#include <string.h>

#include "codec/xfer.h"
#include "run/identity.h"

enum rc
xfer_door_open(struct xfer_door *d, const struct xfer_options *o, struct outcome *end)
{
	*d = (struct xfer_door){ .rules.alpn = XFER_ALPN };
	d->session = session_open(o->command, o->err, o->verbose, end);
	if (d->session == NULL)
		return RC_BAD;
	d->has_pin = o->pin != NULL;
	return d->has_pin ? identity_read(o->pin, "-F", d->pin, NULL, end) : RC_OK;
}

const struct tls_rules *
xfer_door_rules(struct xfer_door *d)
{
	session_rules(d->session, &d->rules, &d->trust);
	d->trust.has_pin = d->has_pin;
	memcpy(d->trust.pin, d->pin, sizeof(d->pin));
	return &d->rules;
}

void
xfer_door_close(struct xfer_door *d)
{
	session_free(d->session);
	d->session = NULL;
}
