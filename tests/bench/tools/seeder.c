/* SPDX-License-Identifier: ISC */
/*
 * seeder [-c PORT] BTIH PIECE FILE PORT ADDRESS...: the cheapest seeder there can be, the
 * same for every downloader, for they share the processor. A peer at each address has all
 * of FILE, unchokes whoever is interested, and answers requests by writev from a map of
 * the file: sendfile hands pages over that the receiver then pays for. With -c it calls
 * the downloader at that port of 127.0.0.1 as soon as it listens, calls again when that
 * ends, and goes on listening.
 *
 * Says "ready" when it listens. At SIGTERM it says how many bytes of blocks it has sent,
 * the seconds of processor time since "ready", and how many connections there were.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "peer.h"

enum {
	ASKS_MAX = 65536, /* a connection; a power of two */
	BATCH = 64,       /* blocks a writev */
	IN_MAX = 65536,
	EVENTS_MAX = 64,
	CALL_US = 10000
};

struct ask {
	uint32_t piece, begin, length;
};

struct conn {
	int fd;
	unsigned number;  /* of the address */
	const char *from; /* the address, of who called; else NULL */
	bool listens, waits, hello, unchoked;
	size_t n_in, n_ctl, sent; /* sent: bytes of the first ask's answer */
	uint8_t in[IN_MAX], *ctl;
	uint32_t first, end; /* of asks, counted on and on */
	struct ask asks[ASKS_MAX];
};

struct seeder {
	const char *btih, *to; /* to: the port that is called, or NULL */
	const uint8_t *data;
	size_t size, piece, pieces;
	int epoll;
	unsigned conns;
	uint64_t bytes;
};

static volatile sig_atomic_t over;

static void
end(int number)
{
	(void)number;
	over = 1;
}

static void
watch(const struct seeder *s, struct conn *c, bool waits)
{
	struct epoll_event e = { .events = EPOLLIN | (waits ? EPOLLOUT : 0u),
		.data.ptr = c };

	c->waits = waits;
	if (epoll_ctl(s->epoll, EPOLL_CTL_MOD, c->fd, &e) != 0)
		die("epoll_ctl");
}

static struct conn *
add(const struct seeder *s, int fd, unsigned n)
{
	struct conn *c = calloc(1, sizeof(*c));
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };

	if (c == NULL || epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &e) != 0)
		die("epoll_ctl");
	c->fd = fd;
	c->number = n;
	return c;
}

static void
drop(struct conn *c)
{
	(void)close(c->fd);
	free(c->ctl);
	free(c);
}

static void
listen_at(const struct seeder *s, const char *host, const char *port, unsigned n)
{
	struct sockaddr_in a = address(host, port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 ||
	    listen(fd, 64) != 0)
		die(host);
	add(s, fd, n)->listens = true;
}

static void
take(struct seeder *s, const struct conn *l)
{
	int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK), on = 1;

	if (fd < 0)
		return;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)add(s, fd, l->number);
	s->conns++;
}

/* The handshake and all the bits. */
static void
greet(const struct seeder *s, struct conn *c)
{
	size_t bits = (s->pieces + 7) / 8;

	c->ctl = calloc(1, HELLO + 5 + bits + 5);
	if (c->ctl == NULL)
		die("out of memory");
	put_hello(c->ctl, s->btih, c->number);
	put32(c->ctl + HELLO, (uint32_t)bits + 1);
	c->ctl[HELLO + 4] = BITFIELD;
	for (size_t i = 0; i < s->pieces; i++)
		c->ctl[HELLO + 5 + i / 8] |= (uint8_t)(0x80 >> (i % 8));
	c->n_ctl = HELLO + 5 + bits;
}

static void
call(struct seeder *s, const char *from, unsigned n)
{
	struct sockaddr_in local = address(from, "0"), to = address("127.0.0.1", s->to);
	int fd, on = 1;

	while (!over) {
		fd = socket(AF_INET, SOCK_STREAM, 0);
		if (fd < 0 || bind(fd, (struct sockaddr *)&local, sizeof(local)) != 0)
			die(from);
		if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0) {
			struct conn *c = add(s, fd, n);

			(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
			(void)fcntl(fd, F_SETFL, O_NONBLOCK);
			c->from = from;
			greet(s, c);
			watch(s, c, true);
			s->conns++;
			return;
		}
		(void)close(fd);
		(void)usleep(CALL_US);
	}
}

static void
cancel(struct conn *c, struct ask a)
{
	/* The first one may be half sent. */
	for (uint32_t i = c->first + 1; i < c->end; i++)
		if (memcmp(&c->asks[i % ASKS_MAX], &a, sizeof(a)) == 0)
			c->asks[i % ASKS_MAX].length = 0;
}

static bool
message(const struct seeder *s, struct conn *c, const uint8_t *m, uint32_t n)
{
	struct ask a;

	if (n == 1 && m[0] == INTERESTED && !c->unchoked) {
		put32(c->ctl + c->n_ctl, 1);
		c->ctl[c->n_ctl + 4] = UNCHOKE;
		c->n_ctl += 5;
		c->unchoked = true;
	}
	if (n != 13 || (m[0] != REQUEST && m[0] != CANCEL))
		return true;
	a = (struct ask){ get32(m + 1), get32(m + 5), get32(m + 9) };
	if (m[0] == CANCEL) {
		cancel(c, a);
		return true;
	}
	if (!c->unchoked || c->end - c->first == ASKS_MAX || a.length > s->piece ||
	    a.piece * s->piece + a.begin + a.length > s->size)
		return false;
	c->asks[c->end++ % ASKS_MAX] = a;
	return true;
}

/* Whether the connection is still good. */
static bool
read_some(struct seeder *s, struct conn *c)
{
	ssize_t n = recv(c->fd, c->in + c->n_in, IN_MAX - c->n_in, 0);
	size_t at = 0;

	if (n < 0 && errno == EAGAIN)
		return true;
	if (n <= 0)
		return false;
	c->n_in += (size_t)n;
	if (!c->hello) {
		if (c->n_in < HELLO)
			return true;
		if (c->ctl == NULL)
			greet(s, c);
		c->hello = true;
		at = HELLO;
	}
	while (c->n_in - at >= 4) {
		uint32_t length = get32(c->in + at);

		if (length > IN_MAX - 4)
			return false;
		if (c->n_in - at < 4 + length)
			break;
		if (!message(s, c, c->in + at + 4, length))
			return false;
		at += 4 + length;
	}
	memmove(c->in, c->in + at, c->n_in - at);
	c->n_in -= at;
	return true;
}

/* What the first asks are answered with, less what was sent already. */
static int
gather(const struct seeder *s, const struct conn *c, uint8_t heads[static BATCH * HEAD],
    struct iovec *iov)
{
	int n = 0;
	size_t skip = c->sent;

	for (uint32_t i = c->first; i != c->end && i - c->first < BATCH; i++) {
		struct ask a = c->asks[i % ASKS_MAX];
		uint8_t *h = heads + (i - c->first) * HEAD;
		const uint8_t *from = s->data + a.piece * s->piece + a.begin;

		if (a.length == 0)
			continue;
		put32(h, 9 + a.length);
		h[4] = PIECE;
		put32(h + 5, a.piece);
		put32(h + 9, a.begin);
		if (skip < HEAD)
			iov[n++] = (struct iovec){ h + skip, HEAD - skip };
		skip = skip < HEAD ? 0 : skip - HEAD;
		/* iovec knows no const; writev does not write. */
		iov[n++] =
		    (struct iovec){ (void *)(uintptr_t)(from + skip), a.length - skip };
		skip = 0;
	}
	return n;
}

static void
advance(struct seeder *s, struct conn *c, size_t n)
{
	c->sent += n;
	while (c->first != c->end) {
		size_t length = c->asks[c->first % ASKS_MAX].length;

		if (length != 0 && c->sent < HEAD + length)
			break;
		c->sent -= length == 0 ? 0 : HEAD + length;
		s->bytes += length;
		c->first++;
	}
}

static bool
write_ctl(struct conn *c)
{
	ssize_t n = send(c->fd, c->ctl, c->n_ctl, MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN;
	c->n_ctl -= (size_t)n;
	memmove(c->ctl, c->ctl + n, c->n_ctl);
	return true;
}

static bool
write_some(struct seeder *s, struct conn *c)
{
	uint8_t heads[BATCH * HEAD];
	struct iovec iov[2 * BATCH];

	while (c->n_ctl > 0 || c->first != c->end) {
		int n = gather(s, c, heads, iov);
		ssize_t sent;

		if (c->n_ctl > 0) {
			if (!write_ctl(c))
				return false;
			if (c->n_ctl > 0)
				break;
			continue;
		}
		sent = n == 0 ? 0 : writev(c->fd, iov, n);
		if (sent < 0 && errno == EAGAIN)
			break;
		if (sent < 0)
			return false;
		advance(s, c, (size_t)sent);
	}
	if (c->waits != (c->n_ctl > 0 || c->first != c->end))
		watch(s, c, !c->waits);
	return true;
}

static void
lose(struct seeder *s, struct conn *c)
{
	const char *from = c->from;
	unsigned n = c->number;

	drop(c);
	if (from == NULL)
		return;
	(void)usleep(CALL_US);
	call(s, from, n);
}

static void
serve(struct seeder *s)
{
	struct epoll_event e[EVENTS_MAX];

	while (!over) {
		int n = epoll_wait(s->epoll, e, EVENTS_MAX, -1);

		for (int i = 0; i < n; i++) {
			struct conn *c = e[i].data.ptr;

			if (c->listens)
				take(s, c);
			else if (((e[i].events & ~(unsigned)EPOLLOUT) != 0 &&
			             !read_some(s, c)) ||
			    !write_some(s, c))
				lose(s, c);
		}
	}
}

int
main(int argc, char **argv)
{
	static const struct sigaction quit = { .sa_handler = end };
	struct seeder s = { .epoll = epoll_create1(0) };
	struct stat st;
	double start;
	int fd, letter;

	while ((letter = getopt(argc, argv, "c:")) == 'c')
		s.to = optarg;
	argv += optind - 1;
	argc -= optind - 1;
	if (letter != -1 || argc < 6 || strlen(argv[1]) != 40)
		return 2;
	s.btih = argv[1];
	s.piece = number(argv[2]);
	fd = open(argv[3], O_RDONLY);
	if (fd < 0 || fstat(fd, &st) != 0)
		die(argv[3]);
	s.size = (size_t)st.st_size;
	s.pieces = (s.size + s.piece - 1) / s.piece;
	s.data = mmap(NULL, s.size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (s.data == MAP_FAILED)
		die("mmap");
	(void)sigaction(SIGTERM, &quit, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	for (int i = 5; i < argc; i++)
		listen_at(&s, argv[i], argv[4], (unsigned)i);
	puts("ready");
	(void)fflush(stdout);
	start = cpu();
	for (int i = 5; s.to != NULL && i < argc; i++)
		call(&s, argv[i], (unsigned)i);
	serve(&s);
	printf("%llu %.3f %u\n", (unsigned long long)s.bytes, cpu() - start, s.conns);
	return 0;
}
