/* SPDX-License-Identifier: ISC */
/*
 * Blocks that the program itself asked for, by malloc or by what of the C library gives
 * memory away (strdup, getline). What libraries keep for themselves is theirs. A process
 * that is made by fork answers for what it asks for itself.
 */
#include "plan.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum { SLOTS = 1 << 18 }; /* more than the blocks of any command under test */

/* Open addressing: a block is at the first free place from its hash on. */
static struct slot {
	uintptr_t block; /* 0: free */
	uint32_t asker;
	pid_t process;
} slots[SLOTS];
static size_t used;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static size_t
home_of(uintptr_t block)
{
	return (size_t)((block >> 4) * UINT64_C(11400714819323198485) >> 46);
}

static size_t
next(size_t i)
{
	return (i + 1) % SLOTS;
}

void
leak_born(const void *block, const void *to)
{
	uint64_t asker = block == NULL ? 0 : stack_asker(to);
	size_t i = home_of((uintptr_t)block);

	if (asker == 0)
		return;
	(void)pthread_mutex_lock(&lock);
	while (slots[i].block != 0 && used < SLOTS - 1)
		i = next(i);
	if (slots[i].block == 0) {
		slots[i] = (struct slot){ (uintptr_t)block, (uint32_t)asker, getpid() };
		used++;
	}
	(void)pthread_mutex_unlock(&lock);
}

/* Free a place, and move up those behind it that would have liked it better. */
static void
empty(size_t hole)
{
	for (size_t i = next(hole); slots[i].block != 0; i = next(i)) {
		size_t home = home_of(slots[i].block);

		/* Whether home lies, around the end, behind the hole and not behind i. */
		if ((i - home) % SLOTS < (i - hole) % SLOTS)
			continue;
		slots[hole] = slots[i];
		hole = i;
	}
	slots[hole].block = 0;
	used--;
}

void
leak_died(const void *block)
{
	size_t i = home_of((uintptr_t)block);

	if (block == NULL)
		return;
	(void)pthread_mutex_lock(&lock);
	while (slots[i].block != 0 && slots[i].block != (uintptr_t)block)
		i = next(i);
	if (slots[i].block != 0)
		empty(i);
	(void)pthread_mutex_unlock(&lock);
}

/* Frees what glibc keeps for its next call: a character set, a time zone. */
extern void __libc_freeres(void) __attribute__((weak));

static void
tell(void)
{
	if (__libc_freeres != NULL)
		__libc_freeres();
	for (size_t i = 0; i < SLOTS; i++) {
		uint64_t n;

		if (slots[i].block == 0 || slots[i].process != getpid())
			continue;
		n = atomic_fetch_add(&plan.shared->n_left, 1);
		if (n < PLAN_LEFT)
			plan.shared->left[n] = slots[i].asker;
	}
}

/* The first handler is the last one called. */
void
leak_begin(void)
{
	(void)atexit(tell);
}
