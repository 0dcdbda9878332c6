/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "io/tokfile.h"
#include "run/login.h"

void
run_logout(const struct login_options *o, struct outcome *end)
{
	struct tokfile f;
	enum rc rc;

	if (tokfile_locate(&f, end) != RC_OK)
		return;
	rc = tokfile_remove(&f, end);
	if (rc == RC_BAD)
		(void)outcome_fail(end, CODE_CANTCREAT,
		    "UGAT_SESSION=%s: a descriptor cannot be logged out: remove the file "
		    "that it comes from",
		    f.path);
	else if (rc == RC_NONE && o->verbose)
		(void)dprintf(
		    o->err, "%s: there was no session in %s\n", o->command, f.path);
	else if (rc == RC_OK && o->verbose)
		(void)dprintf(o->err, "%s: removed %s\n", o->command, f.path);
}
