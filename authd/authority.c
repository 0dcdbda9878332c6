/* SPDX-License-Identifier: ISC */
/*
 * The key goes to the disk before its certificate, so a key alone is what a crash leaves
 * behind, and only then is a certificate made for a key that is there. A temporary file
 * (NAME.new) is always thrown away: nobody has trusted what stands in it.
 */
#include "authd/authority.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/buf.h"
#include "crypto/cert.h"
#include "io/slurp.h"

enum {
	FILE_LIMIT = 64 * 1024, /* of a key or a certificate */
	NAME_LIMIT = 256,
};

/* The open directory, and how to speak of it. */
struct place {
	const char *dir;
	int fd;
	struct outcome *end;
};

typedef X509 *make_cert_fn(EVP_PKEY *key, const char *name, int64_t now_s);

static enum rc
refuse(const struct place *p, int code, const char *file, const char *why)
{
	(void)outcome_fail(p->end, code, "%s/%s: %s", p->dir, file, why);
	return RC_BAD;
}

static enum rc
system_refused(const struct place *p, int code, const char *file)
{
	int why = errno;

	if (why == EACCES || why == EPERM)
		code = CODE_NOSESSION;
	(void)outcome_fail(p->end, code, "%s%s%s: %s%s", p->dir,
	    file[0] == '\0' ? "" : "/", file, strerror(why),
	    why == EACCES && file[0] != '\0' ? ": chown it to whom its directory belongs"
	                                     : "");
	return RC_SYS;
}

static enum rc
open_place(struct place *p, const char *dir, struct outcome *end)
{
	*p = (struct place){ .dir = dir, .end = end };
	p->fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return p->fd < 0 ? system_refused(p, CODE_NOINPUT, "") : RC_OK;
}

static enum rc
check_dir(const struct place *p, const struct stat *st)
{
	uid_t me = geteuid();

	if (me != 0 && st->st_uid != me) {
		(void)outcome_fail(p->end, CODE_NOSESSION,
		    "%s: belongs to user %u: run as that user, or as root", p->dir,
		    (unsigned)st->st_uid);
		return RC_SYS;
	}
	if ((st->st_mode & (S_IRWXG | S_IRWXO)) != 0) {
		(void)outcome_fail(
		    p->end, CODE_NOSESSION, "%s: open to others: chmod 700 it", p->dir);
		return RC_SYS;
	}
	return RC_OK;
}

enum rc
authority_make_dir(const char *dir, uid_t *uid, gid_t *gid, struct outcome *end)
{
	struct place p = { .dir = dir, .fd = -1, .end = end };
	struct stat st;
	enum rc rc;

	if (mkdir(dir, S_IRWXU) != 0 && errno != EEXIST)
		return system_refused(&p, CODE_CANTCREAT, "");
	rc = open_place(&p, dir, end);
	if (rc != RC_OK)
		return rc;
	if (fstat(p.fd, &st) != 0)
		rc = system_refused(&p, CODE_IO, "");
	else
		rc = check_dir(&p, &st);
	(void)close(p.fd);
	if (rc == RC_OK) {
		*uid = st.st_uid;
		*gid = st.st_gid;
	}
	return rc;
}

/* What root makes for a daemon that is not root must be the daemon's. */
static enum rc
give_to_owner(const struct place *p, int fd)
{
	struct stat st;

	if (geteuid() != 0)
		return RC_OK;
	if (fstat(p->fd, &st) != 0 || fchown(fd, st.st_uid, st.st_gid) != 0)
		return RC_SYS;
	return RC_OK;
}

enum rc
authority_lock(const char *dir, int *fd, struct outcome *end)
{
	struct place p;
	enum rc rc = open_place(&p, dir, end);

	if (rc != RC_OK)
		return rc;
	*fd = openat(
	    p.fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (*fd < 0 || give_to_owner(&p, *fd) != RC_OK) {
		rc = system_refused(&p, CODE_CANTCREAT, "lock");
	} else if (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
		rc = errno == EWOULDBLOCK ? RC_BUSY : system_refused(&p, CODE_IO, "lock");
		if (rc == RC_BUSY)
			(void)outcome_fail(
			    end, CODE_TEMPFAIL, "%s: another authd works here", dir);
	}
	if (rc != RC_OK && *fd >= 0) {
		(void)close(*fd);
		*fd = -1;
	}
	(void)close(p.fd);
	return rc;
}

static enum rc
read_all(int fd, struct buf *b)
{
	for (;;) {
		ssize_t got;
		enum rc rc = buf_room(b, 1);

		if (rc != RC_OK)
			return rc;
		got = read(fd, b->p + b->n, b->cap - b->n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return RC_SYS;
		if (got == 0)
			return RC_OK;
		b->n += (size_t)got;
	}
}

/* RC_NONE: there is no such file. secret: nobody else may read it. */
static enum rc
read_file(const struct place *p, const char *file, bool secret, struct buf *b)
{
	int fd = openat(p->fd, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	enum rc rc;

	if (fd < 0)
		return errno == ENOENT ? RC_NONE : system_refused(p, CODE_IO, file);
	if (fstat(fd, &st) != 0)
		rc = system_refused(p, CODE_IO, file);
	else if (!S_ISREG(st.st_mode))
		rc = refuse(p, CODE_DATA, file, "not a regular file");
	else if (secret && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		rc = refuse(p, CODE_DATA, file, "open to others: chmod 600 it");
	else if (st.st_size > FILE_LIMIT)
		rc = refuse(p, CODE_DATA, file, "too large");
	else if ((rc = read_all(fd, b)) != RC_OK)
		rc = system_refused(p, CODE_IO, file);
	(void)close(fd);
	return rc;
}

static enum rc
write_file(const struct place *p, const char *file, struct bytes text)
{
	char beside[NAME_LIMIT];
	enum rc rc = RC_SYS;
	int fd;

	(void)snprintf(beside, sizeof(beside), "%s.new", file);
	(void)unlinkat(p->fd, beside, 0);
	fd = openat(p->fd, beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    S_IRUSR | S_IWUSR);
	if (fd >= 0 && give_to_owner(p, fd) == RC_OK && spill(fd, text) == RC_OK &&
	    fsync(fd) == 0 && renameat(p->fd, beside, p->fd, file) == 0 &&
	    fsync(p->fd) == 0)
		rc = RC_OK;
	if (rc != RC_OK)
		(void)system_refused(p, CODE_CANTCREAT, file);
	if (fd >= 0)
		(void)close(fd);
	if (rc != RC_OK)
		(void)unlinkat(p->fd, beside, 0);
	return rc;
}

/* Bytes of a key are wiped wherever they have lain. */
static void
wipe(struct buf *b)
{
	if (b->p != NULL)
		explicit_bzero(b->p, b->n);
	buf_clear(b);
}

static const char damaged[] = "damaged: bring it back from a copy";

/* rc, said of what is in a file; bad: what anything but RC_OK and RC_MEM means. */
static enum rc
judge(const struct place *p, const char *file, enum rc rc, const char *bad)
{
	if (rc == RC_MEM)
		return refuse(p, CODE_BUG, file, "out of memory");
	return rc == RC_OK ? RC_OK : refuse(p, CODE_DATA, file, bad);
}

/* RC_NONE: there is no key. */
static enum rc
read_key(const struct place *p, const char *file, EVP_PKEY **out)
{
	struct buf b;
	enum rc rc;

	buf_init(&b, FILE_LIMIT + 1);
	rc = buf_room(&b, FILE_LIMIT + 1); /* at once: it never moves */
	if (rc != RC_OK)
		return system_refused(p, CODE_BUG, file);
	rc = read_file(p, file, true, &b);
	if (rc == RC_OK)
		rc = judge(p, file, key_get_pem(buf_bytes(&b), out), damaged);
	wipe(&b);
	return rc;
}

static enum rc
read_cert(const struct place *p, const char *file, X509 **out)
{
	struct buf b;
	enum rc rc;

	buf_init(&b, FILE_LIMIT + 1);
	rc = read_file(p, file, false, &b);
	if (rc == RC_OK)
		rc = judge(p, file, cert_get_pem(buf_bytes(&b), 0, out), damaged);
	buf_clear(&b);
	return rc;
}

static enum rc
make_key(const struct place *p, const char *file, EVP_PKEY **out)
{
	EVP_PKEY *key = key_new();
	enum rc rc = RC_MEM;
	struct buf b;

	buf_init(&b, FILE_LIMIT);
	if (key != NULL && buf_room(&b, FILE_LIMIT) == RC_OK)
		rc = key_put_pem(key, &b);
	if (rc == RC_OK)
		rc = write_file(p, file, buf_bytes(&b));
	else
		rc = refuse(p, CODE_BUG, file, "no key could be made");
	wipe(&b);
	if (rc == RC_OK)
		*out = key;
	else
		EVP_PKEY_free(key);
	return rc;
}

static enum rc
write_cert(const struct place *p, const char *file, const X509 *cert)
{
	struct buf b;
	enum rc rc;

	buf_init(&b, FILE_LIMIT);
	if (cert == NULL || cert_put_pem(cert, &b) != RC_OK)
		rc = refuse(p, CODE_BUG, file, "no certificate could be made");
	else
		rc = write_file(p, file, buf_bytes(&b));
	buf_clear(&b);
	return rc;
}

/* One of the two pairs of files. */
struct pair {
	const char *key_file, *cert_file;
	make_cert_fn *make; /* NULL: it must be there */
	const char *name;
};

/* The certificate comes first: with it there but no key, nothing must be made. */
static enum rc
open_pair(const struct place *p, const struct pair *pair, struct authority *a)
{
	enum rc cert = read_cert(p, pair->cert_file, &a->cert), key, rc = RC_OK;

	if (cert != RC_OK && cert != RC_NONE)
		return cert;
	key = read_key(p, pair->key_file, &a->key);
	if (key != RC_OK && key != RC_NONE)
		return key;
	if (key == RC_NONE && (cert == RC_OK || pair->make == NULL))
		return refuse(p, CODE_NOINPUT, pair->key_file,
		    "missing: bring it back from a copy");
	if (cert == RC_NONE && pair->make == NULL)
		return refuse(p, CODE_NOINPUT, pair->cert_file,
		    "missing: bring it back from a copy");
	if (key == RC_NONE)
		rc = make_key(p, pair->key_file, &a->key);
	if (rc == RC_OK && cert == RC_NONE) {
		a->cert = pair->make(a->key, pair->name, (int64_t)time(NULL));
		rc = write_cert(p, pair->cert_file, a->cert);
	}
	if (rc == RC_OK)
		rc = judge(p, pair->cert_file, cert_fits(a->cert, a->key),
		    "belongs to another key: bring both back from a copy");
	return rc;
}

static enum rc
open_authority(
    const char *dir, const struct pair *pair, struct authority *out, struct outcome *end)
{
	struct place p;
	enum rc rc = open_place(&p, dir, end);

	*out = (struct authority){ 0 };
	if (rc != RC_OK)
		return rc;
	rc = open_pair(&p, pair, out);
	if (rc != RC_OK)
		authority_clear(out);
	(void)close(p.fd);
	return rc;
}

enum rc
authority_make_identity(const char *dir, const char *name, struct outcome *end)
{
	const struct pair tls = { "tls.key", "tls.pem", cert_new_identity, name };
	struct authority a;
	enum rc rc = open_authority(dir, &tls, &a, end);

	authority_clear(&a);
	return rc;
}

enum rc
authority_load_identity(const char *dir, struct authority *out, struct outcome *end)
{
	const struct pair tls = { "tls.key", "tls.pem", NULL, NULL };

	return open_authority(dir, &tls, out, end);
}

enum rc
authority_open_ca(
    const char *dir, const char *name, struct authority *out, struct outcome *end)
{
	const struct pair ca = { "ca.key", "ca.pem", cert_new_ca, name };
	enum rc rc = open_authority(dir, &ca, out, end);

	if (rc == RC_OK && !cert_is_ca(out->cert)) {
		(void)outcome_fail(
		    end, CODE_DATA, "%s/ca.pem: not an authority's certificate", dir);
		authority_clear(out);
		rc = RC_BAD;
	}
	return rc;
}

enum rc
authority_pin(const char *dir, uint8_t pin[static PIN_SIZE], struct outcome *end)
{
	X509 *cert = NULL;
	EVP_PKEY *key;
	struct place p;
	enum rc rc = open_place(&p, dir, end);

	if (rc != RC_OK)
		return rc;
	rc = read_cert(&p, "tls.pem", &cert);
	if (rc == RC_NONE)
		(void)outcome_fail(end, CODE_NOINPUT,
		    "%s: no identity yet: start authd there once, or name its directory "
		    "with -d",
		    dir);
	if (rc == RC_OK) {
		key = X509_get0_pubkey(cert);
		if (key == NULL || key_pin(key, pin) != RC_OK)
			rc = refuse(&p, CODE_DATA, "tls.pem", "damaged");
	}
	X509_free(cert);
	(void)close(p.fd);
	return rc;
}

void
authority_clear(struct authority *a)
{
	EVP_PKEY_free(a->key);
	X509_free(a->cert);
	*a = (struct authority){ 0 };
}
