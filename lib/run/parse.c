/* SPDX-License-Identifier: ISC */
#include "run/parse.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "io/cage.h"
#include "io/slurp.h"
#include "run/describe.h"

static void
write_out(const struct parse_options *p, const struct metainfo *m, struct outcome *o)
{
	struct recout out;
	enum rc rc;

	recout_init(&out, p->out);
	if (p->summary)
		rc = parse_summary(m, &out.buf);
	else
		rc = describe_put(m, bytes_of(NULL, 0), &out);
	if (rc == RC_OK && !p->summary)
		rc = describe_end(&out);
	if (rc == RC_OK)
		rc = recout_flush(&out);
	if (rc == RC_SYS)
		outcome_fail(o, CODE_IO, "standard output: %s", strerror(errno));
	else if (rc != RC_OK)
		outcome_fail(o, CODE_BUG, "out of memory");
	recout_clear(&out);
}

static void
refuse(const struct metainfo *m, enum rc rc, const char *name, struct outcome *o)
{
	if (rc == RC_MEM)
		outcome_fail(o, CODE_BUG, "%s: out of memory", name);
	else if (m->at == SIZE_MAX)
		outcome_fail(o, CODE_DATA, "%s: %s", name, m->why);
	else
		outcome_fail(o, CODE_DATA, "%s: byte %zu: %s", name, m->at, m->why);
}

/*
 * libcrypto reads its own files when it is first asked, libc the time zone, even for UTC:
 * before the door is shut.
 */
static void
shut(const struct parse_options *p)
{
	const struct cage cage = { .dies = true };
	uint8_t digest[SHA1_SIZE];

	(void)!hash_sha1(bytes_str(""), digest);
	if (p->summary)
		tzset();
	cage_close(&cage, p->command, p->verbose ? p->err : -1);
}

void
parse_run(const struct parse_options *p, struct outcome *o)
{
	const char *name = p->file == NULL ? "standard input" : p->file;
	struct metainfo m = { .raw = { .n = 0 } };
	uint8_t key[METAINFO_KEY];
	struct buf raw;
	enum rc rc;

	buf_init(&raw, METAINFO_MAX + 1);
	rc = slurp(p->file, p->out, &raw);
	if (rc == RC_OK)
		shut(p);
	if (rc == RC_SYS)
		outcome_fail(o, CODE_NOINPUT, "%s: %s", name, strerror(errno));
	else if (rc == RC_END)
		o->signal = SIGPIPE;
	else if (rc != RC_OK)
		outcome_fail(o, CODE_BUG, "%s: out of memory", name);
	else if (getentropy(key, sizeof(key)) != 0)
		outcome_fail(o, CODE_BUG, "no random numbers: %s", strerror(errno));
	else if ((rc = metainfo_read(&m, buf_bytes(&raw), key)) != RC_OK)
		refuse(&m, rc, name, o);
	else
		write_out(p, &m, o);
	metainfo_clear(&m);
	buf_clear(&raw);
}
