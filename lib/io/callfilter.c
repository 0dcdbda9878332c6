/* SPDX-License-Identifier: ISC */
#include "io/callfilter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>

/* How the kernel names the numbers that we were built with. */
#if defined(__x86_64__) && defined(__LP64__)
enum { X32 = 0x40000000 }; /* numbers from here on are another architecture's */
static const uint32_t machine = AUDIT_ARCH_X86_64;
#else
enum { X32 = 0 };
#if defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
static const uint32_t machine = AUDIT_ARCH_AARCH64;
#elif defined(__i386__)
static const uint32_t machine = AUDIT_ARCH_I386;
#elif defined(__arm__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
static const uint32_t machine = AUDIT_ARCH_ARM;
#elif defined(__riscv) && __riscv_xlen == 64
static const uint32_t machine = AUDIT_ARCH_RISCV64;
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
static const uint32_t machine = AUDIT_ARCH_PPC64LE;
#elif defined(__s390x__)
static const uint32_t machine = AUDIT_ARCH_S390X;
#else
static const uint32_t machine = 0; /* not tried */
#endif
#endif

enum {
	HEAD = 6,        /* instructions before the rules */
	RULE = 2,        /* of a rule for a call */
	RULE_BY_ARG = 6, /* of one that looks at an argument */
	GROUP = 16,      /* rules that are passed over in one jump, of at most 255 */
	CODE = HEAD + CALLFILTER_RULES * RULE_BY_ARG + 2 * (CALLFILTER_RULES / GROUP + 1)
};
_Static_assert(GROUP *RULE_BY_ARG + 1 <= UINT8_MAX, "a jump is of 8 bits");

struct program {
	struct sock_filter code[CODE];
	unsigned short n;
};

void
callfilter_add(struct callfilter *f, const struct callfilter_rule *rule)
{
	size_t at = f->n;

	if (rule->call < 0)
		return;
	while (at > 0 && f->rules[at - 1].call > rule->call)
		at--;
	if (at > 0 && f->rules[at - 1].call == rule->call)
		return;
	if (f->n == CALLFILTER_RULES) {
		f->full = true;
		return;
	}
	memmove(f->rules + at + 1, f->rules + at, (f->n - at) * sizeof(*rule));
	f->rules[at] = *rule;
	f->n++;
}

void
callfilter_add_all(struct callfilter *f, const int *calls, size_t n, uint32_t answer)
{
	for (size_t i = 0; i < n; i++)
		callfilter_add(
		    f, &(struct callfilter_rule){ .call = calls[i], .answer = answer });
}

static void
put(struct program *p, uint16_t op, uint32_t k)
{
	p->code[p->n++] = (struct sock_filter)BPF_STMT(op, k);
}

/* yes, no: instructions to pass over. */
static void
put_if(struct program *p, uint16_t op, uint32_t k, uint8_t yes, uint8_t no)
{
	p->code[p->n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | op | BPF_K, k, yes, no);
}

static void
put_load(struct program *p, size_t offset)
{
	put(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset);
}

static void
put_answer(struct program *p, uint32_t answer)
{
	put(p, BPF_RET | BPF_K, answer);
}

static uint8_t
length(const struct callfilter_rule *r)
{
	return r->by_argument ? RULE_BY_ARG : RULE;
}

static void
put_rule(struct program *p, const struct callfilter_rule *r)
{
	size_t low = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? sizeof(uint32_t) : 0;

	put_if(p, BPF_JEQ, (uint32_t)r->call, 0, (uint8_t)(length(r) - 1));
	if (r->by_argument) {
		put_load(p,
		    offsetof(struct seccomp_data, args) + r->argument * sizeof(uint64_t) +
		        low);
		put(p, BPF_ALU | BPF_AND | BPF_K, r->of);
		put_if(p, BPF_JEQ, r->value, r->unless ? 1 : 0, r->unless ? 0 : 1);
	}
	put_answer(p, r->answer);
	if (r->by_argument)
		put_answer(p, SECCOMP_RET_ALLOW);
}

/* All rules for numbers up to the last one's here, in their order. */
static void
put_group(struct program *p, const struct callfilter_rule *rules, size_t n)
{
	uint8_t whole = 1;

	for (size_t i = 0; i < n; i++)
		whole = (uint8_t)(whole + length(&rules[i]));
	put_if(p, BPF_JGT, (uint32_t)rules[n - 1].call, whole, 0);
	for (size_t i = 0; i < n; i++)
		put_rule(p, &rules[i]);
	put_answer(p, SECCOMP_RET_ALLOW);
}

enum rc
callfilter_load(const struct callfilter *f)
{
	struct program p = { .n = 0 };
	struct sock_fprog loaded;

	if (machine == 0 ||
	    (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == -1 && errno == EINVAL)) {
		errno = ENOSYS;
		return RC_NONE;
	}
	if (f->full) {
		errno = E2BIG;
		return RC_SYS;
	}
	put_load(&p, offsetof(struct seccomp_data, arch));
	put_if(&p, BPF_JEQ, machine, 1, 0);
	put_answer(&p, SECCOMP_RET_KILL_PROCESS);
	put_load(&p, offsetof(struct seccomp_data, nr));
	if (X32 != 0) {
		put_if(&p, BPF_JGE, X32, 0, 1);
		put_answer(&p, SECCOMP_RET_KILL_PROCESS);
	}
	for (size_t i = 0; i < f->n; i += GROUP)
		put_group(&p, f->rules + i, f->n - i < GROUP ? f->n - i : GROUP);
	put_answer(&p, SECCOMP_RET_ALLOW);
	loaded = (struct sock_fprog){ .len = p.n, .filter = p.code };
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &loaded) == 0 ? RC_OK : RC_SYS;
}
