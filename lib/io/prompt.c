/* SPDX-License-Identifier: ISC */
#include "io/prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bsd/readpassphrase.h>

static int
open_terminal(void)
{
	return open("/dev/tty", O_RDWR | O_CLOEXEC);
}

bool
prompt_can(void)
{
	int fd = open_terminal();

	if (fd == -1)
		return false;
	(void)close(fd);
	return true;
}

enum rc
prompt_ask(const char *words, bool echo, char *out, size_t size)
{
	int how = RPP_REQUIRE_TTY | (echo ? RPP_ECHO_ON : RPP_ECHO_OFF);
	enum rc rc = RC_OK;

	if (!prompt_can())
		return RC_NONE;
	/* What does not fit is read and dropped: a full buffer is all there is to see. */
	memset(out, 0, size);
	errno = 0;
	if (readpassphrase(words, out, size, how) == NULL)
		rc = errno == ENOTTY ? RC_NONE : RC_SYS;
	else if (strlen(out) == size - 1)
		rc = RC_BIG;
	if (rc != RC_OK)
		explicit_bzero(out, size);
	return rc;
}

void
prompt_show(const char *words)
{
	int fd = open_terminal();

	if (fd == -1)
		return;
	(void)dprintf(fd, "%s", words);
	(void)close(fd);
}
