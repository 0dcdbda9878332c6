/* SPDX-License-Identifier: ISC */
#include "run/send.h"

void
run_send(const struct send_options *o, struct outcome *end)
{
	(void)o;
	(void)outcome_fail(end, CODE_BUG, "not built in");
}
