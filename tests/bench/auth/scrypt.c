/* SPDX-License-Identifier: ISC */
/* What the scrypt workers alone could do: scrypt LN THREADS SECONDS; checks a second. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "base/text.h"
#include "crypto/password.h"

enum { THREADS_MAX = 64 };

static char hash[PASSWORD_HASH];
static double until;
static atomic_uint done;

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void *
work(void *arg)
{
	(void)arg;
	while (now() < until)
		if (password_check(bytes_str("a password"), hash) == RC_OK)
			atomic_fetch_add(&done, 1);
	return NULL;
}

int
main(int argc, char **argv)
{
	pthread_t id[THREADS_MAX];
	uint64_t ln = 0, n = 0, seconds = 0;
	double start;

	if (argc != 4 || text_u64(bytes_str(argv[1]), PASSWORD_LN_MAX, &ln) != RC_OK ||
	    text_u64(bytes_str(argv[2]), THREADS_MAX, &n) != RC_OK ||
	    text_u64(bytes_str(argv[3]), 3600, &seconds) != RC_OK ||
	    password_hash(bytes_str("a password"), (unsigned)ln, hash) != RC_OK) {
		fprintf(stderr, "usage: scrypt LN THREADS SECONDS\n");
		return 1;
	}
	start = now();
	until = start + (double)seconds;
	for (unsigned i = 0; i < n; i++)
		if (pthread_create(&id[i], NULL, work, NULL) != 0)
			return 1;
	for (unsigned i = 0; i < n; i++)
		(void)pthread_join(id[i], NULL);
	printf("%.2f\n", done / (now() - start));
	return 0;
}
