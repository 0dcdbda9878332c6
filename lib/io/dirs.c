/* SPDX-License-Identifier: ISC */
#include "io/dirs.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
dirs_make(const char *dir)
{
	char *path = strdup(dir);
	int err = path == NULL ? ENOMEM : 0;

	for (char *at = path; path != NULL && *at != '\0'; at++) {
		char next = at[1];

		if (next != '/' && next != '\0')
			continue;
		at[1] = '\0';
		if (mkdir(path, 0777) != 0 && errno != EEXIST && err == 0)
			err = errno;
		at[1] = next;
	}
	free(path);
	return err;
}
