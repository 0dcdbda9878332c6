/* SPDX-License-Identifier: ISC */
#include "crypto/password.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/text.h"
#include "crypto/base64.h"
#include "crypto/ossl.h"

enum {
	SALT_SIZE = 16,
	HASH_SIZE = 32,
	COST_R = 8,
	COST_P = 3,
	COST_P_MAX = 16,
	FIELD_MAX = 64, /* bytes of a salt or a hash made elsewhere */
	HASH_MIN = 16,  /* fewer could be met by chance */
};

/* A hash and how it was made. */
struct recipe {
	unsigned ln, r, p;
	uint8_t salt[FIELD_MAX + 2], hash[FIELD_MAX + 2]; /* base64_get rounds up */
	size_t n_salt, n_hash;
};

static enum rc
derive(struct bytes password, const struct recipe *by, uint8_t out[static FIELD_MAX])
{
	uint64_t n = UINT64_C(1) << by->ln;
	/* RFC 7914: 128 r N bytes of table, 128 r p of blocks, and a little. */
	uint64_t memory = 128 * by->r * (n + by->p + 2);
	int ok = EVP_PBE_scrypt((const char *)password.p, password.n, by->salt,
	    by->n_salt, n, by->r, by->p, memory, out, by->n_hash);

	return ossl_end(ok == 1, RC_MEM);
}

/* Base64 without the '=' behind it. */
static enum rc
get_bare_base64(struct bytes text, uint8_t out[static FIELD_MAX + 2], size_t *n)
{
	char padded[(FIELD_MAX + 2) / 3 * 4] = "";
	size_t size = (text.n + 3) / 4 * 4;

	if (size > sizeof(padded) || (text.n > 0 && text.p[text.n - 1] == '='))
		return RC_BAD;
	memset(padded, '=', sizeof(padded));
	if (text.n > 0)
		memcpy(padded, text.p, text.n);
	return base64_get(bytes_of(padded, size), out, n);
}

static void
put_bare_base64(struct bytes in, char *out)
{
	size_t n = base64_put(in, out);

	while (n > 0 && out[n - 1] == '=')
		out[--n] = '\0';
}

/* Everything up to the next stop, which is taken, too. */
static struct bytes
take_field(struct bytes *text, char stop)
{
	const uint8_t *end = text->n == 0 ? NULL : memchr(text->p, stop, text->n);
	size_t n = end == NULL ? text->n : (size_t)(end - text->p);
	struct bytes field = bytes_of(text->p, n);

	*text = bytes_from(*text, n + 1);
	return field;
}

/* "ln=15" */
static enum rc
take_number(struct bytes *text, const char *name, unsigned max, unsigned *out)
{
	struct bytes field = take_field(text, ',');
	uint64_t value;

	if (!bytes_starts(field, name) ||
	    text_u64(bytes_from(field, strlen(name)), max, &value) != RC_OK || value == 0)
		return RC_BAD;
	*out = (unsigned)value;
	return RC_OK;
}

static enum rc
get_recipe(const char *text, struct recipe *out)
{
	struct bytes rest = bytes_str(text), costs, salt;

	if (!bytes_starts(rest, "$scrypt$"))
		return RC_BAD;
	rest = bytes_from(rest, strlen("$scrypt$"));
	costs = take_field(&rest, '$');
	salt = take_field(&rest, '$');
	if (take_number(&costs, "ln=", PASSWORD_LN_MAX, &out->ln) != RC_OK ||
	    take_number(&costs, "r=", COST_R, &out->r) != RC_OK ||
	    take_number(&costs, "p=", COST_P_MAX, &out->p) != RC_OK || costs.n > 0)
		return RC_BAD;
	if (get_bare_base64(salt, out->salt, &out->n_salt) != RC_OK ||
	    get_bare_base64(rest, out->hash, &out->n_hash) != RC_OK ||
	    out->n_hash < HASH_MIN)
		return RC_BAD;
	return RC_OK;
}

bool
password_is_sound(struct bytes password)
{
	for (size_t i = 0; i < password.n; i++)
		if (password.p[i] < 0x20 || password.p[i] == 0x7f)
			return false;
	return password.n >= PASSWORD_MIN && password.n <= PASSWORD_MAX;
}

enum rc
password_hash(struct bytes password, unsigned ln, char out[static PASSWORD_HASH])
{
	struct recipe by = { .ln = ln,
		.r = COST_R,
		.p = COST_P,
		.n_salt = SALT_SIZE,
		.n_hash = HASH_SIZE };
	char salt[BASE64_SIZE(SALT_SIZE)], hash[BASE64_SIZE(HASH_SIZE)];
	enum rc rc;

	if (ln == 0 || ln > PASSWORD_LN_MAX)
		return RC_BAD;
	rc = ossl_end(RAND_bytes(by.salt, SALT_SIZE) == 1, RC_SYS);
	if (rc == RC_OK)
		rc = derive(password, &by, by.hash);
	if (rc == RC_OK) {
		put_bare_base64(bytes_of(by.salt, SALT_SIZE), salt);
		put_bare_base64(bytes_of(by.hash, HASH_SIZE), hash);
		(void)BIO_snprintf(out, PASSWORD_HASH, "$scrypt$ln=%u,r=%u,p=%u$%s$%s",
		    by.ln, by.r, by.p, salt, hash);
	}
	explicit_bzero(&by, sizeof(by));
	explicit_bzero(hash, sizeof(hash));
	return rc;
}

enum rc
password_check(struct bytes password, const char *hash)
{
	uint8_t made[FIELD_MAX];
	struct recipe by;
	enum rc rc = get_recipe(hash, &by);

	if (rc == RC_OK)
		rc = derive(password, &by, made);
	if (rc == RC_OK && CRYPTO_memcmp(made, by.hash, by.n_hash) != 0)
		rc = RC_NONE;
	explicit_bzero(made, sizeof(made));
	explicit_bzero(&by, sizeof(by));
	return rc;
}

bool
password_is_weaker(const char *hash, unsigned ln)
{
	struct recipe by;
	bool weaker = get_recipe(hash, &by) != RC_OK || by.ln < ln || by.r < COST_R ||
	    by.p < COST_P;

	explicit_bzero(&by, sizeof(by));
	return weaker;
}
