/* SPDX-License-Identifier: ISC */
/* FAULTY's words, and what is counted. */
#include "plan.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct plan plan;
static struct plan_shared unshared; /* where no file was named */

bool
plan_due(const struct plan_when *w, uint64_t n)
{
	if (w->n == 0)
		return false;
	if (w->every)
		return n % w->n == 0;
	return w->on ? n >= w->n : n == w->n;
}

void
plan_done(void)
{
	atomic_fetch_add(&plan.shared->faults, 1);
}

bool
plan_fails(enum plan_call call)
{
	if (!plan.armed ||
	    !plan_due(
	        &plan.call[call], atomic_fetch_add(&plan.shared->calls[call], 1) + 1))
		return false;
	plan_done();
	errno = plan.error[call];
	return true;
}

static void
wrong(const char *word)
{
	fprintf(stderr, "faulty.so: %s: not understood\n", word);
	_exit(127);
}

/* N, N+ or %N. */
static struct plan_when
when(const char *text, const char *word)
{
	struct plan_when w = { .every = *text == '%' };
	char *end;

	w.n = strtoull(text + w.every, &end, 10);
	w.on = *end == '+';
	if (w.n == 0 || end[w.on] != '\0')
		wrong(word);
	return w;
}

static int
error_named(const char *name, size_t n, const char *word)
{
	static const struct {
		const char *name;
		int error;
	} errors[] = { { "EIO", EIO }, { "ENOSPC", ENOSPC }, { "EDQUOT", EDQUOT },
		{ "EMFILE", EMFILE }, { "ENOMEM", ENOMEM }, { "EINVAL", EINVAL } };

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strlen(errors[i].name) == n && memcmp(errors[i].name, name, n) == 0)
			return errors[i].error;
	wrong(word);
	return 0;
}

/* The file may be as short as its counters: then no stacks are kept. */
static void
share(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	struct stat st;
	void *at;

	if (fd == -1 || fstat(fd, &st) != 0)
		wrong(path);
	at = mmap(NULL, sizeof(*plan.shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		wrong(path);
	(void)close(fd);
	plan.shared = at;
	plan.stacks = (size_t)st.st_size >= sizeof(*plan.shared);
}

static void
call_word(const char *word, const char *value)
{
	static const char *const names[PLAN_CALLS] = { "read", "write", "sync", "open",
		"rename" };
	const char *at = strchr(value, '@');

	for (int i = 0; at != NULL && i < PLAN_CALLS; i++) {
		if (strlen(names[i]) != (size_t)(value - word - 1) ||
		    memcmp(names[i], word, strlen(names[i])) != 0)
			continue;
		plan.error[i] = error_named(value, (size_t)(at - value), word);
		plan.call[i] = when(at + 1, word);
		return;
	}
	wrong(word);
}

/* false: this program is to be left alone. */
static bool
take(const char *word)
{
	const char *value = strchr(word, '=');

	if (strcmp(word, "chop") == 0 || strcmp(word, "leaks") == 0) {
		*(word[0] == 'c' ? &plan.chop : &plan.leaks) = true;
		return true;
	}
	if (value++ == NULL)
		wrong(word);
	else if (strncmp(word, "in=", 3) == 0)
		return strcmp(value, program_invocation_short_name) == 0;
	else if (strncmp(word, "shared=", 7) == 0)
		share(value);
	else if (strncmp(word, "alloc=", 6) == 0)
		plan.alloc = when(value, word);
	else if (strncmp(word, "intr=", 5) == 0)
		plan.intr = (struct plan_when){ when(value, word).n, .every = true };
	else if (strncmp(word, "again=", 6) == 0)
		plan.again = (struct plan_when){ when(value, word).n, .every = true };
	else if (strncmp(word, "boot=", 5) == 0)
		plan.boot = value;
	else
		call_word(word, value);
	return true;
}

__attribute__((constructor)) static void
begin(void)
{
	static char words[4096];
	const char *given = getenv("FAULTY");
	char *word, *rest = words;
	bool ours = true;

	plan.shared = &unshared;
	if (given == NULL || strlen(given) >= sizeof(words))
		return;
	memcpy(words, given, strlen(given) + 1);
	while (ours && (word = rest) != NULL && *word != '\0') {
		rest = strchr(word, ' ');
		if (rest != NULL)
			*rest++ = '\0';
		ours = take(word);
	}
	if (ours)
		stack_begin();
	if (ours && plan.leaks)
		leak_begin();
	plan.armed = ours;
}
