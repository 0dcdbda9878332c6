/* SPDX-License-Identifier: ISC */
/* Who asks for memory, and where a crash is. */
#include "plan.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { DEPTH = 64, OURS = 3, MODULES = 64, NEAR = 20 };

/* Where the program and its libraries lie, the program first. */
static struct {
	uintptr_t from, to;
	const char *name;
} modules[MODULES];
static size_t n_modules;

static int
add_module(struct dl_phdr_info *info, size_t size, void *unused)
{
	uintptr_t to = 0;

	(void)size;
	(void)unused;
	for (size_t i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD)
			to = info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz;
	modules[n_modules].from = info->dlpi_addr;
	modules[n_modules].to = info->dlpi_addr + to;
	modules[n_modules].name = info->dlpi_name[0] == '\0' ? "ours" : info->dlpi_name;
	return ++n_modules == MODULES;
}

static uint64_t
mix(uint64_t hash, uint64_t value)
{
	return (hash ^ value) * UINT64_C(1099511628211);
}

/* The module that holds it; n_modules: one that was loaded later. */
static size_t
module_of(uintptr_t at)
{
	size_t i = 0;

	while (i < n_modules && (at < modules[i].from || at >= modules[i].to))
		i++;
	return i;
}

static bool
is_libc(uintptr_t at)
{
	size_t i = module_of(at);

	return i < n_modules && strstr(modules[i].name, "/libc.so.6") != NULL;
}

void
stack_keep(uint64_t n)
{
	static _Thread_local bool inside;
	void *frames[DEPTH];
	uint64_t whole = UINT64_C(14695981039346656037), inner = whole;
	bool above = true, direct;
	int depth;

	if (inside || n >= PLAN_STACKS)
		return;
	inside = true;
	depth = backtrace(frames, DEPTH);
	direct = depth > OURS && module_of((uintptr_t)frames[OURS]) == 0;
	for (int i = OURS; i < depth; i++) {
		uintptr_t at = (uintptr_t)frames[i];
		size_t module = module_of(at);

		if (module < n_modules)
			at -= modules[module].from;
		else
			at &= 0xfff; /* libraries begin at pages */
		whole = mix(mix(whole, module), at);
		above = above && (module != 0 || direct);
		if (above)
			inner = mix(mix(inner, module), at);
	}
	plan.shared->stacks[n].whole = whole;
	plan.shared->stacks[n].inner = inner;
	inside = false;
}

uint64_t
stack_asker(const void *to)
{
	static _Thread_local bool inside;
	uintptr_t at = (uintptr_t)to;
	Dl_info called = { 0 };
	void *frames[NEAR];
	int depth, i = 0;

	/* What a stream reads or writes through is the stream's. */
	if (is_libc(at) && dladdr(to, &called) != 0 && called.dli_sname != NULL &&
	    strcmp(called.dli_sname, "_IO_file_doallocate") == 0)
		return 0;
	if (is_libc(at) && !inside) {
		inside = true;
		depth = backtrace(frames, NEAR);
		inside = false;
		while (i < depth && frames[i] != to)
			i++;
		for (; i < depth && is_libc(at); i++)
			at = (uintptr_t)frames[i];
	}
	return module_of(at) == 0 ? at - modules[0].from : 0;
}

/* The file name of the module that holds it. */
static const char *
name_of(void *frame)
{
	size_t i = module_of((uintptr_t)frame);
	const char *slash;

	if (i == n_modules)
		return "unknown";
	slash = strrchr(modules[i].name, '/');
	return slash == NULL ? modules[i].name : slash + 1;
}

/*
 * Frames 0 and 1 are this function and the kernel's way back; 2 is where it happened. The
 * C library is rarely to blame: told are the first module below it and what it called.
 */
static void
crashed(int number)
{
	void *frames[DEPTH];
	Dl_info called = { 0 };
	int depth = backtrace(frames, DEPTH), i = 2;

	while (i + 1 < depth &&
	    (strcmp(name_of(frames[i]), "libc.so.6") == 0 ||
	        strcmp(name_of(frames[i]), "faulty.so") == 0))
		i++;
	if (i > 2)
		(void)dladdr(frames[i - 1], &called);
	if (i < depth)
		(void)snprintf(plan.shared->crash, PLAN_CRASH, "%s %s",
		    name_of(frames[i]),
		    called.dli_sname == NULL ? "-" : called.dli_sname);
	(void)signal(number, SIG_DFL);
	(void)raise(number);
}

void
stack_begin(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL,
		SIGALRM };
	void *frame[2];

	(void)dl_iterate_phdr(add_module, NULL);
	(void)backtrace(frame, 2); /* the first one loads what it needs */
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		(void)signal(signals[i], crashed);
}
