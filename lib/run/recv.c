/* SPDX-License-Identifier: ISC */
#include "run/recv.h"

void
run_recv(const struct recv_options *o, struct outcome *end)
{
	(void)o;
	(void)outcome_fail(end, CODE_BUG, "not built in");
}
