/* SPDX-License-Identifier: ISC */
/* The allocations: glibc's own do the work. */
#include "plan.h"

#include <errno.h>
#include <stdlib.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);

void *memalign(size_t alignment, size_t size);

static bool
fails(void)
{
	uint64_t n;

	if (!plan.armed)
		return false;
	n = atomic_fetch_add(&plan.shared->allocations, 1) + 1;
	if (plan.stacks)
		stack_keep(n);
	if (!plan_due(&plan.alloc, n))
		return false;
	plan_done();
	errno = ENOMEM;
	return true;
}

/* block, known to be born for whoever the caller returns to. */
static void *
born(void *block, const void *to)
{
	if (plan.armed && plan.leaks)
		leak_born(block, to);
	return block;
}

static void
died(const void *block)
{
	if (plan.armed && plan.leaks)
		leak_died(block);
}

#define CALLER __builtin_return_address(0)

void *
malloc(size_t size)
{
	return fails() ? NULL : born(__libc_malloc(size), CALLER);
}

void *
calloc(size_t n, size_t size)
{
	return fails() ? NULL : born(__libc_calloc(n, size), CALLER);
}

/* Whoever fills the old place meanwhile must find it forgotten. */
static void *
again(void *old, size_t size, const void *to)
{
	void *block;

	if (fails())
		return NULL;
	died(old);
	block = __libc_realloc(old, size);
	(void)born(block == NULL && size > 0 ? old : block, to);
	return block;
}

void *
realloc(void *old, size_t size)
{
	return again(old, size, CALLER);
}

void *
reallocarray(void *old, size_t n, size_t size)
{
	size_t whole;

	if (__builtin_mul_overflow(n, size, &whole)) {
		errno = ENOMEM;
		return NULL;
	}
	return again(old, whole, CALLER);
}

static void *
aligned(size_t alignment, size_t size, const void *to)
{
	return fails() ? NULL : born(__libc_memalign(alignment, size), to);
}

void *
memalign(size_t alignment, size_t size)
{
	return aligned(alignment, size, CALLER);
}

void *
aligned_alloc(size_t alignment, size_t size)
{
	return aligned(alignment, size, CALLER);
}

int
posix_memalign(void **out, size_t alignment, size_t size)
{
	void *p = aligned(alignment, size, CALLER);

	if (p == NULL)
		return ENOMEM;
	*out = p;
	return 0;
}

void
free(void *block)
{
	died(block);
	__libc_free(block);
}
