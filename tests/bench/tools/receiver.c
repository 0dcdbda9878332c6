/* SPDX-License-Identifier: ISC */
/*
 * receiver BTIH PIECE SIZE HASHES FILE PORT ADDRESS: the machine's limit. One thread asks
 * a seeder for every block in order, reads the socket, hashes with EVP's SHA-1 and
 * writes. What it reads is hashed and written while it is in the cache; nothing is held
 * back until its piece is known to be right. HASHES: the torrent's, 20 bytes a piece.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/uio.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "peer.h"

enum {
	READ_MAX = 128 << 10,
	IOV_MAX_USED = READ_MAX / BLOCK + 2,
	AHEAD = 512, /* blocks asked for and not here */
	SHA1_BYTES = 20
};

struct receiver {
	int socket, file;
	FILE *hashes;
	size_t size, piece;
	size_t asked, got; /* bytes, in order */
	size_t left;       /* of the block that is being read */
	EVP_MD *sha1;
	EVP_MD_CTX *hash;
	struct iovec iov[IOV_MAX_USED];
	int n_iov;
	bool unchoked;
};

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* A block ends with its piece, and with the torrent. */
static size_t
block_at(const struct receiver *r, size_t at)
{
	return least(least(BLOCK, r->piece - at % r->piece), r->size - at);
}

static void
ask(struct receiver *r)
{
	static uint8_t out[AHEAD * ASK];
	size_t n = 0;

	if (!r->unchoked || r->asked - r->got > AHEAD / 2 * BLOCK)
		return;
	while (r->asked < r->size && n < AHEAD / 2) {
		size_t length = block_at(r, r->asked);
		uint8_t *m = out + n++ * ASK;

		put32(m, 13);
		m[4] = REQUEST;
		put32(m + 5, (uint32_t)(r->asked / r->piece));
		put32(m + 9, (uint32_t)(r->asked % r->piece));
		put32(m + 13, (uint32_t)length);
		r->asked += length;
	}
	if (n > 0 && send(r->socket, out, n * ASK, 0) != (ssize_t)(n * ASK))
		die("send");
}

static void
restart(struct receiver *r)
{
	if (EVP_DigestInit_ex2(r->hash, r->sha1, NULL) != 1)
		die("EVP_DigestInit_ex2");
}

static void
check_piece(struct receiver *r)
{
	uint8_t is[EVP_MAX_MD_SIZE], should[SHA1_BYTES];

	if (EVP_DigestFinal_ex(r->hash, is, NULL) != 1 ||
	    fread(should, 1, SHA1_BYTES, r->hashes) != SHA1_BYTES ||
	    memcmp(is, should, SHA1_BYTES) != 0) {
		fprintf(stderr, "a piece is wrong\n");
		exit(1);
	}
	restart(r);
}

static void
payload(struct receiver *r, uint8_t *p, size_t n)
{
	if (EVP_DigestUpdate(r->hash, p, n) != 1)
		die("EVP_DigestUpdate");
	r->iov[r->n_iov++] = (struct iovec){ p, n };
	r->got += n;
	r->left -= n;
	if (r->got % r->piece == 0 || r->got == r->size)
		check_piece(r);
}

static void
flush(struct receiver *r, size_t from)
{
	size_t n = r->got - from;

	if (n > 0 && pwritev(r->file, r->iov, r->n_iov, (off_t)from) != (ssize_t)n)
		die("pwritev");
	r->n_iov = 0;
}

/* How much of it is used up. */
static size_t
take(struct receiver *r, uint8_t *p, size_t n)
{
	uint32_t length;

	if (r->left > 0) {
		n = least(n, r->left);
		payload(r, p, n);
		return n;
	}
	if (n < 4 || (length = get32(p)) == 0)
		return n < 4 ? 0 : 4;
	if (n < 5 || (p[4] == PIECE && n < HEAD) || (p[4] != PIECE && n < 4 + length))
		return 0;
	if (p[4] != PIECE) {
		r->unchoked = r->unchoked || p[4] == UNCHOKE;
		return 4 + length;
	}
	if (get32(p + 5) * r->piece + get32(p + 9) != r->got) {
		fprintf(stderr, "a block out of order\n");
		exit(1);
	}
	r->left = length - 9;
	return HEAD;
}

static void
receive(struct receiver *r)
{
	static uint8_t in[READ_MAX];
	size_t have = 0, hello = HELLO;

	while (r->got < r->size) {
		ssize_t n = recv(r->socket, in + have, READ_MAX - have, 0);
		size_t at = 0, used, from = r->got;

		if (n <= 0)
			die("recv");
		have += (size_t)n;
		if (hello > 0 && have < hello)
			continue;
		at = hello;
		hello = 0;
		while (at < have && (used = take(r, in + at, have - at)) > 0)
			at += used;
		flush(r, from);
		memmove(in, in + at, have - at);
		have -= at;
		ask(r);
	}
}

int
main(int argc, char **argv)
{
	static const uint8_t interested[] = { 0, 0, 0, 1, INTERESTED };
	uint8_t hello[HELLO];
	struct receiver r = { .socket = socket(AF_INET, SOCK_STREAM, 0) };
	struct sockaddr_in to;

	if (argc != 8 || strlen(argv[1]) != 40)
		return 2;
	r.piece = number(argv[2]);
	r.size = number(argv[3]);
	r.hashes = fopen(argv[4], "rb");
	r.file = open(argv[5], O_WRONLY | O_CREAT, 0600);
	r.sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
	r.hash = EVP_MD_CTX_new();
	if (r.hashes == NULL || r.file < 0 || r.sha1 == NULL || r.hash == NULL)
		die(argv[5]);
	restart(&r);
	to = address(argv[7], argv[6]);
	put_hello(hello, argv[1], 0);
	if (connect(r.socket, (struct sockaddr *)&to, sizeof(to)) != 0 ||
	    send(r.socket, hello, HELLO, 0) != HELLO ||
	    send(r.socket, interested, sizeof(interested), 0) != sizeof(interested))
		die(argv[7]);
	receive(&r);
	return 0;
}
