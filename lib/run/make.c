/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/human.h"
#include "base/text.h"
#include "core/metainfo.h"
#include "crypto/hash.h"
#include "io/loop.h"
#include "run/describe.h"
#include "run/make_parts.h"

static enum rc
no_memory(struct making *g)
{
	outcome_fail(g->o, CODE_BUG, "out of memory");
	return RC_MEM;
}

/* All files are as they were hashed, and every piece is there. */
static enum rc
put_records(struct making *g, const struct metainfo *meta, struct recout *out)
{
	enum rc rc = describe_put(meta, bytes_str(g->base), out);

	for (size_t i = 0; i < g->t.n_files && rc == RC_OK; i++) {
		const struct rec_checked r = { .index = i,
			.size = g->files[i].size,
			.mtime_ns = g->files[i].mtime_ns };

		if (r.size > 0)
			rc = describe_checked(out, &r);
	}
	if (rc == RC_OK)
		rc = describe_have(out, 0, g->t.pieces - 1);
	if (rc == RC_OK)
		rc = describe_end(out);
	return rc == RC_OK ? recout_flush(out) : rc;
}

/* What was made goes the way of every .torrent, so it says what ugat-parse would say. */
static enum rc
write_records(struct making *g)
{
	struct metainfo meta = { .raw = { .n = 0 } };
	uint8_t key[METAINFO_KEY];
	struct recout out;
	enum rc rc;

	if (getentropy(key, sizeof(key)) != 0) {
		outcome_fail(g->o, CODE_BUG, "no random numbers: %s", strerror(errno));
		return RC_SYS;
	}
	recout_init(&out, g->m->out);
	rc = metainfo_read(&meta, buf_bytes(&g->raw), key);
	if (rc == RC_BAD || rc == RC_BIG)
		outcome_fail(
		    g->o, CODE_DATA, "what was made is no good torrent: %s", meta.why);
	if (rc == RC_OK)
		rc = put_records(g, &meta, &out);
	if (rc == RC_SYS)
		outcome_fail(g->o, CODE_IO, "standard output: %s", strerror(errno));
	metainfo_clear(&meta);
	recout_clear(&out);
	return rc == RC_MEM ? no_memory(g) : rc;
}

/* -v: what others will know it by. */
static void
explain(struct making *g, struct bytes info)
{
	char hex[2 * SHA1_SIZE + 1], size[HUMAN_SIZE], piece[HUMAN_SIZE];
	char name[REC_NAME_MAX + 1];
	uint8_t digest[SHA1_SIZE];

	if (!g->m->verbose || hash_sha1(info, digest) != RC_OK)
		return;
	text_hex(digest, sizeof(digest), hex);
	human_size(g->t.length, size);
	human_size(g->t.piece_length, piece);
	(void)text_printable(g->facts.name, name, sizeof(name));
	(void)dprintf(g->m->err, "%s: %s: %s in %lu piece%s of %s, info-hash %s\n",
	    g->m->command, name, size, (unsigned long)g->t.pieces,
	    g->t.pieces == 1 ? "" : "s", piece, hex);
}

/* To a person: where it is, and what is missing for others to find it. */
static void
tell(const struct making *g)
{
	char words[PATH_MAX + 64], shown[PATH_MAX];

	if (!g->line.tty.on)
		return;
	if (g->target != NULL) {
		(void)text_printable(bytes_str(g->target), shown, sizeof(shown));
		(void)snprintf(words, sizeof(words), "%s: written", shown);
		tty_say(g->m->err, g->m->command, words);
	}
	if (g->facts.n_trackers == 0)
		tty_say(g->m->err, g->m->command,
		    "no tracker in it: give one with -a, else `peer` lines must name "
		    "who has it");
}

static enum rc
compose(struct making *g, struct bytes *info)
{
	enum rc rc = make_metainfo(&g->t, &g->facts, &g->raw, info);

	if (rc == RC_BIG)
		outcome_fail(g->o, CODE_DATA,
		    "the .torrent would be over 64 MiB, which nobody reads: give longer "
		    "pieces with -b, or fewer files");
	return rc == RC_MEM ? no_memory(g) : rc;
}

static enum rc
make_all(struct making *g)
{
	struct bytes info;
	enum rc rc = g->m->lacks_memory ? no_memory(g) : RC_OK;

	if (rc == RC_OK && g->m->path != NULL)
		rc = make_find(g);
	if (rc == RC_OK)
		rc = make_aim(g);
	if (rc == RC_OK)
		make_shut(g);
	if (rc == RC_OK)
		rc = g->m->path == NULL ? make_hash_stream(g) : make_hash(g);
	if (rc == RC_OK)
		rc = compose(g, &info);
	if (rc == RC_OK)
		rc = make_write(g);
	if (rc != RC_OK)
		return rc;
	tell(g);
	tty_last(&g->line.tty, g->facts.name, g->t.length,
	    (uint64_t)(loop_now() - g->line.start_ms));
	explain(g, info);
	return g->m->records ? write_records(g) : RC_OK;
}

void
make_run(const struct make_options *m, struct outcome *o)
{
	struct making g = { .m = m, .o = o, .facts = m->facts, .root = { .dir = -1 } };

	g.facts.trackers = m->trackers;
	g.facts.webseeds = m->webseeds;
	torrent_init(&g.t);
	buf_init(&g.raw, METAINFO_MAX);
	if (make_all(&g) != RC_OK && o->signal == 0)
		outcome_fail(o, CODE_BUG, "a cause that nobody told");
	if (g.root.dir >= 0)
		(void)close(g.root.dir);
	torrent_clear(&g.t);
	buf_clear(&g.raw);
	free(g.files);
	free(g.path);
	free(g.target);
}
