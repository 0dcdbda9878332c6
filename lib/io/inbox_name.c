/* SPDX-License-Identifier: ISC */
/* Other names for files whose own is taken: report~2.pdf, notes~2, src~2.tar.gz. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "io/inbox_parts.h"

enum { EXTENSION_MAX = 16, NUMBER_MAX = 16 };

const char *
inbox_last(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

static bool
ends_in_tar(const char *name, size_t n)
{
	return n > 4 && memcmp(name + n - 4, ".tar", 4) == 0;
}

/*
 * How much of a name goes before the number: all but an extension, if it looks like one.
 */
static size_t
stem_of(const char *name)
{
	size_t n = strlen(name), at = n;

	while (at > 0 && name[at - 1] != '.' && name[at - 1] != ' ')
		at--;
	/*
	 * No dot, a sentence rather than an extension, or a file that is hidden by its
	 * dot.
	 */
	if (at <= 1 || name[at - 1] == ' ' || at == n || n - at >= EXTENSION_MAX)
		return n;
	at--;
	return ends_in_tar(name, at) ? at - 4 : at;
}

/* Not in the middle of a character. */
static size_t
cut_stem(const char *name, size_t n)
{
	size_t cut = n;

	while (cut > 0 && n - cut < 4 && ((uint8_t)name[cut] & 0xc0) == 0x80)
		cut--;
	return ((uint8_t)name[cut] & 0xc0) == 0x80 ? n : cut;
}

enum rc
inbox_name(const char *path, unsigned k, char out[static XFER_PATH_MAX + 1])
{
	const char *last = inbox_last(path);
	size_t before = (size_t)(last - path), stem = stem_of(last), tail, most;
	char number[NUMBER_MAX];

	(void)snprintf(number, sizeof(number), "~%u", k);
	tail = strlen(number) + strlen(last + stem);
	most = XFER_PATH_MAX - before;
	if (most > XFER_NAME_MAX)
		most = XFER_NAME_MAX;
	if (tail >= most)
		return RC_BIG;
	if (stem > most - tail) {
		size_t cut = cut_stem(last, most - tail);

		if (cut == 0)
			return RC_BIG;
		memcpy(out, path, before + cut);
		before += cut;
	} else {
		memcpy(out, path, before + stem);
		before += stem;
	}
	memcpy(out + before, number, strlen(number));
	before += strlen(number);
	memcpy(out + before, last + stem, strlen(last + stem) + 1);
	return RC_OK;
}

enum rc
inbox_rename(struct inbox_file *f, unsigned k)
{
	if (f->told == NULL)
		f->told = strdup(f->path);
	if (f->told == NULL)
		return RC_MEM;
	if (inbox_name(f->told, k, f->path) == RC_OK)
		return RC_OK;
	errno = ENAMETOOLONG;
	return RC_SYS;
}
