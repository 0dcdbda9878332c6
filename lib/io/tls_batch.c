/* SPDX-License-Identifier: ISC */
/*
 * The socket beneath libssl, which asks for a record's five bytes of head and then for
 * its body, and writes record by record: here each becomes a copy, and the system is
 * called once for many records. (libssl's own read-ahead moves all that it holds once a
 * record.)
 *
 * A connection that was reset may still hold the other side's last words, an alert or an
 * orderly end. So a failure to send is no end: what is written then is dropped, and
 * reading goes on until it finds the cause.
 */
#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include "io/loop.h"
#include "io/tls_parts.h"

enum { OUT_SIZE = TLS_BATCH + 2 * TLS_RECORD_MAX };

/* Whether bytes are there. */
static bool
fill(struct tls *t)
{
	ssize_t n;

	if (t->in_n > 0)
		return true;
	if (t->ended)
		return false;
	do
		n = recv(t->fd, t->in, TLS_BATCH, MSG_DONTWAIT);
	while (n == -1 && errno == EINTR);
	if (n > 0) {
		t->in_at = 0;
		t->in_n = (size_t)n;
		return true;
	}
	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return false;
	t->ended = true;
	t->in_errno = n == -1 ? errno : 0;
	return false;
}

static int
on_read(BIO *bio, char *p, int n)
{
	struct tls *t = BIO_get_data(bio);
	size_t take = n > 0 ? (size_t)n : 0;

	BIO_clear_retry_flags(bio);
	if (!fill(t)) {
		if (!t->ended)
			BIO_set_retry_read(bio);
		return t->ended ? 0 : -1;
	}
	if (take > t->in_n)
		take = t->in_n;
	memcpy(p, t->in + t->in_at, take);
	t->in_at += take;
	t->in_n -= take;
	return (int)take;
}

static int
on_write(BIO *bio, const char *p, int n)
{
	struct tls *t = BIO_get_data(bio);
	size_t put = n > 0 ? (size_t)n : 0;

	BIO_clear_retry_flags(bio);
	if (put > OUT_SIZE - t->out_n && tls_batch_send(t) == RC_MORE && !t->gone) {
		BIO_set_retry_write(bio);
		return -1;
	}
	if (!t->gone) {
		memcpy(t->out + t->out_n, p, put);
		t->out_n += put;
	}
	return (int)put;
}

/* What libssl wants to have sent: after the handshake its user decides on that. */
static long
on_control(BIO *bio, int what, long number, void *p)
{
	struct tls *t = BIO_get_data(bio);

	(void)number;
	(void)p;
	if (what == BIO_CTRL_EOF)
		return t->ended && t->in_n == 0;
	if (what != BIO_CTRL_FLUSH)
		return 0;
	/*
	 * The buffer that libssl 3.0 puts before this one in a handshake does not hand on
	 * that a flush is to be tried again: what is left is tls_shake's.
	 */
	if (!t->shaken)
		(void)tls_batch_send(t);
	return 1;
}

enum rc
tls_batch_send(struct tls *t)
{
	while (t->out_at < t->out_n) {
		ssize_t n = send(t->fd, t->out + t->out_at, t->out_n - t->out_at,
		    MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n >= 0) {
			t->out_at += (size_t)n;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			t->wants = LOOP_WRITE;
			return RC_MORE;
		} else if (errno != EINTR) {
			t->out_errno = errno;
			t->gone = true;
			break;
		}
	}
	t->out_at = 0;
	t->out_n = 0;
	if (!t->gone)
		return RC_OK;
	t->wants = LOOP_READ;
	return t->out_errno == EPIPE || t->out_errno == ECONNRESET ? RC_MORE : RC_SYS;
}

enum rc
tls_batch_open(struct tls *t)
{
	BIO *bio;

	t->in = malloc(TLS_BATCH);
	t->out = malloc(OUT_SIZE);
	t->method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "batch");
	if (t->in == NULL || t->out == NULL || t->method == NULL ||
	    BIO_meth_set_read(t->method, on_read) != 1 ||
	    BIO_meth_set_write(t->method, on_write) != 1 ||
	    BIO_meth_set_ctrl(t->method, on_control) != 1)
		return RC_MEM;
	bio = BIO_new(t->method);
	if (bio == NULL)
		return RC_MEM;
	BIO_set_data(bio, t);
	BIO_set_init(bio, 1);
	SSL_set_bio(t->ssl, bio, bio);
	return RC_OK;
}

void
tls_batch_close(struct tls *t)
{
	BIO_meth_free(t->method);
	free(t->in);
	free(t->out);
}
