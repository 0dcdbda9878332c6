/* SPDX-License-Identifier: ISC */
/* The writing half of codec/record.h; the reading half is record.c. */
#include "codec/record.h"

void
rec_put_ugat(struct linew *w, uint8_t *p, size_t cap)
{
	linew_begin(w, p, cap, "ugat");
	linew_u64(w, REC_FORMAT);
}

void
rec_put_self(struct linew *w, uint8_t *p, size_t cap, const uint8_t id[static 20])
{
	linew_begin(w, p, cap, "self");
	linew_hex(w, id, 20);
}

static void
put_maybe_hex(struct linew *w, bool has, const uint8_t *p, size_t n)
{
	if (has)
		linew_hex(w, p, n);
	else
		linew_absent(w);
}

void
rec_put_torrent(struct linew *w, uint8_t *p, size_t cap, const struct rec_torrent *r)
{
	linew_begin(w, p, cap, "torrent");
	put_maybe_hex(w, r->has_btih, r->btih, sizeof(r->btih));
	put_maybe_hex(w, r->has_btmh, r->btmh, sizeof(r->btmh));
	linew_u64(w, r->piece_length);
	linew_u64(w, r->pieces);
	linew_u64(w, r->length);
	linew_u64(w, r->files);
	if (r->name.n == 0)
		linew_absent(w);
	else
		linew_text(w, r->name);
	if (r->private)
		linew_key_u64(w, "private", 1);
}

void
rec_put_meta(struct linew *w, uint8_t *p, size_t cap, const struct rec_meta *r)
{
	linew_begin(w, p, cap, "meta");
	linew_text(w, r->key);
	linew_text(w, r->value);
	if (r->cut)
		linew_key_u64(w, "cut", 1);
}

void
rec_put_tracker(struct linew *w, uint8_t *p, size_t cap, const struct rec_tracker *r)
{
	linew_begin(w, p, cap, "tracker");
	linew_u64(w, r->tier);
	linew_text(w, r->url);
}

void
rec_put_webseed(struct linew *w, uint8_t *p, size_t cap, const struct rec_webseed *r)
{
	linew_begin(w, p, cap, "webseed");
	linew_text(w, r->url);
}

void
rec_put_node(struct linew *w, uint8_t *p, size_t cap, const struct rec_node *r)
{
	linew_begin(w, p, cap, "node");
	linew_text(w, r->host);
	linew_u64(w, r->port);
}

void
rec_put_file(struct linew *w, uint8_t *p, size_t cap, const struct rec_file *r)
{
	char attr[4];
	size_t n = 0;

	linew_begin(w, p, cap, "file");
	linew_u64(w, r->index);
	linew_u64(w, r->offset);
	linew_u64(w, r->length);
	if (r->path.n == 0)
		linew_absent(w);
	else
		linew_text(w, r->path);
	if (r->pad)
		attr[n++] = 'p';
	if (r->executable)
		attr[n++] = 'x';
	if (r->hidden)
		attr[n++] = 'h';
	if (r->symlink)
		attr[n++] = 'l';
	if (n > 0)
		linew_key_text(w, "attr", bytes_of(attr, n));
	if (r->target.n > 0)
		linew_key_text(w, "symlink", r->target);
	if (r->has_root)
		linew_key_hex(w, "root", r->root, sizeof(r->root));
}

void
rec_put_piece(struct linew *w, uint8_t *p, size_t cap, const struct rec_piece *r)
{
	linew_begin(w, p, cap, "piece");
	linew_u64(w, r->index);
	linew_hex(w, r->sha1, sizeof(r->sha1));
}

void
rec_put_info(struct linew *w, uint8_t *p, size_t cap, const struct rec_info *r)
{
	linew_begin(w, p, cap, "info");
	linew_u64(w, r->offset);
	linew_plain(w, r->base64);
}

void
rec_put_checked(struct linew *w, uint8_t *p, size_t cap, const struct rec_checked *r)
{
	linew_begin(w, p, cap, "checked");
	linew_u64(w, r->index);
	linew_u64(w, r->size);
	linew_u64(w, r->mtime_ns);
}

void
rec_put_have(struct linew *w, uint8_t *p, size_t cap, const struct rec_have *r)
{
	uint8_t range[48];
	struct linew one;
	size_t n;

	linew_begin(&one, range, sizeof(range), "");
	linew_u64(&one, r->first);
	n = one.n;
	if (r->last != r->first) {
		linew_u64(&one, r->last);
		range[n] = '-';
	}
	linew_begin(w, p, cap, "have");
	linew_plain(w, bytes_of(range + 1, one.n - 1));
}

void
rec_put_end(struct linew *w, uint8_t *p, size_t cap)
{
	linew_begin(w, p, cap, "end");
}

void
rec_put_peer(struct linew *w, uint8_t *p, size_t cap, const struct rec_peer *r)
{
	linew_begin(w, p, cap, "peer");
	linew_text(w, r->host);
	linew_u64(w, r->port);
	if (r->src.n > 0)
		linew_key_text(w, "src", r->src);
}

void
rec_put_announced(struct linew *w, uint8_t *p, size_t cap, const struct rec_announced *r)
{
	linew_begin(w, p, cap, "announced");
	linew_text(w, r->url);
	linew_u64(w, r->interval_s);
	linew_u64(w, r->seeders);
	linew_u64(w, r->leechers);
}

void
rec_put_unanswered(
    struct linew *w, uint8_t *p, size_t cap, const struct rec_unanswered *r)
{
	linew_begin(w, p, cap, "unanswered");
	linew_text(w, r->url);
	linew_text(w, r->reason);
}

void
rec_put_scrape(struct linew *w, uint8_t *p, size_t cap, const struct rec_scrape *r)
{
	linew_begin(w, p, cap, "scrape");
	linew_text(w, r->url);
	linew_u64(w, r->seeders);
	linew_u64(w, r->completed);
	linew_u64(w, r->leechers);
}

void
rec_put_fail(struct linew *w, uint8_t *p, size_t cap, const struct rec_fail *r)
{
	linew_begin(w, p, cap, "fail!");
	linew_u64(w, r->code);
	linew_text(w, r->command);
	linew_text(w, r->words);
}

void
rec_put_done(struct linew *w, uint8_t *p, size_t cap, const struct rec_done *r)
{
	linew_begin(w, p, cap, "done");
	linew_text(w, r->path);
	if (r->has_size)
		linew_key_u64(w, "size", r->size);
	if (r->from.n > 0)
		linew_key_text(w, "from", r->from);
	if (r->has_sha256)
		linew_key_hex(w, "sha256", r->sha256, sizeof(r->sha256));
	if (r->authority.n > 0)
		linew_key_text(w, "authority", r->authority);
}

void
rec_put_status(struct linew *w, uint8_t *p, size_t cap, const struct rec_status *r)
{
	const uint64_t number[] = { r->pid, r->start_s, r->port, r->wanted, r->had,
		r->downloaded, r->uploaded, r->left, r->down_rate, r->up_rate, r->peers,
		r->seeds };

	linew_begin(w, p, cap, "status");
	linew_text(w, r->state);
	if (r->ended)
		linew_u64(w, r->code);
	else
		linew_absent(w);
	for (size_t i = 0; i < sizeof(number) / sizeof(number[0]); i++)
		linew_u64(w, number[i]);
	if (r->has_eta)
		linew_u64(w, r->eta_s);
	else
		linew_absent(w);
	linew_text(w, r->name);
	if (r->dir.n > 0)
		linew_key_text(w, "dir", r->dir);
	if (r->keep)
		linew_key_u64(w, "keep", 1);
	if (r->why.n > 0)
		linew_key_text(w, "why", r->why);
	if (r->has_btih)
		linew_key_hex(w, "btih", r->btih, sizeof(r->btih));
}
