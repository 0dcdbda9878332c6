/* SPDX-License-Identifier: ISC */
#include "authd/authctl.h"

#include <sys/stat.h>

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <unistd.h>

static enum rc
refuse(struct outcome *end, int code, const char *what)
{
	(void)outcome_fail(end, code, "%s: %s", what, strerror(errno));
	return RC_SYS;
}

enum rc
identity_of(const char *dir, struct identity *id, struct outcome *end)
{
	struct stat st;

	*id = (struct identity){ 0 };
	if (stat(dir, &st) != 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			return refuse(
			    end, errno == EACCES ? CODE_NOSESSION : CODE_IO, dir);
		(void)outcome_fail(end, CODE_NOINPUT,
		    "%s: %s: start authd once, or name its directory with -d", dir,
		    strerror(errno));
		return RC_SYS;
	}
	if (!S_ISDIR(st.st_mode)) {
		(void)outcome_fail(end, CODE_NOINPUT, "%s: not a directory", dir);
		return RC_SYS;
	}
	if (geteuid() == 0) {
		id->both = st.st_uid != 0;
		id->uid = st.st_uid;
		id->gid = st.st_gid;
	} else if (st.st_uid != geteuid()) {
		(void)outcome_fail(end, CODE_NOSESSION,
		    "%s: belongs to user %u: run as that user, or as root", dir,
		    (unsigned)st.st_uid);
		return RC_SYS;
	}
	return RC_OK;
}

enum rc
identity_owner(const struct identity *id, struct outcome *end)
{
	if (!id->both)
		return RC_OK;
	if (setgroups(1, &id->gid) != 0 || setegid(id->gid) != 0 || seteuid(id->uid) != 0)
		return refuse(end, CODE_BUG, "becoming the directory's owner");
	return RC_OK;
}

enum rc
identity_caller(const struct identity *id, struct outcome *end)
{
	if (!id->both)
		return RC_OK;
	if (seteuid(0) != 0 || setegid(getgid()) != 0)
		return refuse(end, CODE_BUG, "becoming root again");
	return RC_OK;
}
