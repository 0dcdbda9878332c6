/* SPDX-License-Identifier: ISC */
/*
 * `piece layers` (BEP 52): for every file of more than one piece the hashes of its
 * pieces, under its root. Sizes are held against the files always, the hashes against the
 * root in a hybrid only: there a wrong layer means that the two halves tell of different
 * data, in a v2-only torrent whoever uses the hashes must check them anyway.
 */
#include "core/metainfo_parts.h"

#include <stdlib.h>

#include "core/keyset.h"
#include "crypto/hash.h"

enum { LEVELS = 64 };

struct layer {
	struct bytes root, hashes;
	bool used, good; /* a file has this root; the hashes make it */
};

struct layers {
	struct metainfo *m;
	struct keyset set;
	struct layer *layer;
	size_t n;
	struct hash *sha256;
};

/* The next entry of the dictionary. RC_END: there are no more. */
static enum rc
next_layer(struct metainfo *m, struct ben *b, struct layer *out)
{
	struct ben_token key, value;
	enum rc rc = ben_next(b, &key);

	if (rc == RC_OK && key.type == BEN_END)
		return RC_END;
	if (rc != RC_OK || (rc = ben_next(b, &value)) != RC_OK)
		return rc;
	if (key.text.n != SHA256_SIZE)
		return metainfo_fail(
		    m, RC_BAD, key.at, "`piece layers`: a root that is not 32 bytes");
	if (value.type != BEN_STRING || value.text.n == 0 ||
	    value.text.n % SHA256_SIZE != 0)
		return metainfo_fail(m, RC_BAD, value.at,
		    "`piece layers`: a layer that is not a string of 32-byte hashes");
	*out = (struct layer){ .root = key.text, .hashes = value.text };
	return RC_OK;
}

static struct layer *
find(const struct layers *l, struct bytes root, uint64_t hash, size_t *at)
{
	uint32_t i;

	*at = keyset_start(&l->set, hash);
	while (keyset_next(&l->set, hash, at, &i))
		if (bytes_eq(l->layer[i].root, root))
			return &l->layer[i];
	return NULL;
}

static enum rc
collect(struct layers *l)
{
	struct metainfo *m = l->m;
	struct layer one;
	struct ben_token t;
	struct ben b;
	size_t count = 0, at;
	enum rc rc = metainfo_value(m, KEY_PIECE_LAYERS, &b, &t);

	if (rc == RC_NONE)
		return keyset_init(&l->set, 0);
	if (t.type != BEN_DICT)
		return metainfo_fail(
		    m, RC_BAD, t.at, "`piece layers` is not a dictionary");
	while ((rc = next_layer(m, &b, &one)) == RC_OK)
		count++;
	if (rc != RC_END || (rc = keyset_init(&l->set, count)) != RC_OK)
		return rc;
	l->layer = malloc((count + 1) * sizeof(*l->layer));
	if (l->layer == NULL)
		return RC_MEM;
	(void)!metainfo_value(m, KEY_PIECE_LAYERS, &b, &t);
	while (next_layer(m, &b, &one) == RC_OK) {
		uint64_t hash = keyset_hash(m->key, m->key[0], one.root);

		if (find(l, one.root, hash, &at) != NULL)
			continue; /* outside of info the first counts */
		keyset_put(&l->set, hash, at, (uint32_t)l->n);
		l->layer[l->n++] = one;
	}
	return RC_OK;
}

static enum rc
hash_pair(struct hash *h, const uint8_t *pair, uint8_t *out)
{
	enum rc rc = hash_reset(h);

	if (rc == RC_OK)
		rc = hash_add(h, bytes_of(pair, 2 * SHA256_SIZE));
	return rc == RC_OK ? hash_end(h, out) : rc;
}

/* The hash of a piece that lies wholly behind the end of its file. */
static enum rc
hash_of_nothing(struct hash *h, uint64_t piece_length, uint8_t out[static SHA256_SIZE])
{
	uint8_t pair[2 * SHA256_SIZE] = { 0 };
	enum rc rc = RC_OK;

	for (; rc == RC_OK && piece_length > METAINFO_BLOCK; piece_length /= 2) {
		rc = hash_pair(h, pair, pair);
		memcpy(pair + SHA256_SIZE, pair, SHA256_SIZE);
	}
	memcpy(out, pair, SHA256_SIZE);
	return rc;
}

/*
 * A tree being hashed, left to right: bit k of waiting says that the first half of a pair
 * waits at level k. Constant memory, whatever the layer.
 */
struct merkle {
	struct hash *h;
	uint64_t waiting;
	uint8_t pair[LEVELS][2 * SHA256_SIZE];
};

/* Add a whole subtree of this level. */
static enum rc
add_subtree(struct merkle *t, unsigned level, const uint8_t *top)
{
	uint8_t hash[SHA256_SIZE];
	enum rc rc = RC_OK;

	memcpy(hash, top, sizeof(hash));
	for (; rc == RC_OK && (t->waiting >> level & 1) != 0; level++) {
		memcpy(t->pair[level] + SHA256_SIZE, hash, sizeof(hash));
		rc = hash_pair(t->h, t->pair[level], hash);
		t->waiting ^= UINT64_C(1) << level;
	}
	memcpy(t->pair[level], hash, sizeof(hash));
	t->waiting ^= UINT64_C(1) << level;
	return rc;
}

/*
 * The root over a layer, whose number of hashes is filled up to a power of two with the
 * hash of nothing.
 */
static enum rc
root_of(struct hash *h, struct bytes hashes, uint64_t piece_length, uint8_t *root)
{
	uint8_t nothing[2 * SHA256_SIZE];
	struct merkle t = { .h = h };
	unsigned level = 0;
	enum rc rc = hash_of_nothing(h, piece_length, nothing);

	for (; rc == RC_OK && hashes.n > 0; hashes = bytes_from(hashes, SHA256_SIZE))
		rc = add_subtree(&t, 0, hashes.p);
	while (rc == RC_OK && (t.waiting & (t.waiting - 1)) != 0) {
		for (; rc == RC_OK && (t.waiting >> level & 1) == 0; level++) {
			memcpy(nothing + SHA256_SIZE, nothing, SHA256_SIZE);
			rc = hash_pair(h, nothing, nothing);
		}
		if (rc == RC_OK)
			rc = add_subtree(&t, level, nothing);
	}
	for (level = 0; t.waiting >> level > 1;)
		level++;
	memcpy(root, t.pair[level], SHA256_SIZE);
	return rc;
}

static enum rc
check_hashes(struct layers *l, const struct metainfo_file *f, struct layer *layer)
{
	uint8_t root[SHA256_SIZE];
	enum rc rc;

	if (layer->good)
		return RC_OK;
	rc = root_of(l->sha256, layer->hashes, l->m->piece_length, root);
	if (rc != RC_OK)
		return rc;
	layer->good = memcmp(root, l->m->raw.p + f->root, sizeof(root)) == 0;
	return layer->good
	    ? RC_OK
	    : metainfo_fail(l->m, RC_BAD, (size_t)(layer->hashes.p - l->m->raw.p),
	          "`piece layers`: the hashes do not make their root");
}

static enum rc
check_file(struct layers *l, const struct metainfo_file *f)
{
	struct metainfo *m = l->m;
	struct bytes root = bytes_of(m->raw.p + f->root, SHA256_SIZE);
	uint64_t hash = keyset_hash(m->key, m->key[0], root);
	struct layer *layer;
	size_t at;

	layer = find(l, root, hash, &at);
	if (layer != NULL)
		layer->used = true;
	if (f->length <= m->piece_length)
		return RC_OK;
	if (layer == NULL)
		return !m->has_v1 ? RC_OK
		                  : metainfo_fail(m, RC_BAD, f->root,
		                        "`piece layers` lacks this file's root");
	if (layer->hashes.n / SHA256_SIZE != (f->length - 1) / m->piece_length + 1)
		return metainfo_fail(m, RC_BAD, (size_t)(layer->hashes.p - m->raw.p),
		    "`piece layers`: the size of a layer does not fit its file");
	return m->has_v1 ? check_hashes(l, f, layer) : RC_OK;
}

static enum rc
check_all(struct layers *l)
{
	struct metainfo *m = l->m;
	enum rc rc;

	l->sha256 = hash_new(HASH_SHA256);
	if (l->sha256 == NULL)
		return RC_MEM;
	if ((rc = collect(l)) != RC_OK)
		return rc;
	for (size_t i = 0; rc == RC_OK && i < m->n_files; i++)
		if (m->files[i].root != 0)
			rc = check_file(l, &m->files[i]);
	for (size_t i = 0; rc == RC_OK && m->has_v1 && i < l->n; i++)
		if (!l->layer[i].used)
			rc = metainfo_fail(m, RC_BAD,
			    (size_t)(l->layer[i].root.p - m->raw.p),
			    "`piece layers`: a root that no file has");
	return rc;
}

enum rc
metainfo_check_layers(struct metainfo *m)
{
	struct layers l = { .m = m };
	enum rc rc = check_all(&l);

	hash_free(l.sha256);
	keyset_clear(&l.set);
	free(l.layer);
	return rc;
}
