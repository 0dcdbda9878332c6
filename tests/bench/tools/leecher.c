/* SPDX-License-Identifier: ISC */
/*
 * leecher BTIH PIECE SIZE PORT COUNT: COUNT peers, from an address each, that load all of
 * a seeder at 127.0.0.1:PORT and throw it away; the same for every seeder.
 *
 * leecher -w ...: wait until the seeder says that it has all pieces, then end.
 *
 * leecher -i SECONDS ACTIVE ...: COUNT peers that are interested and idle but for ACTIVE
 * of them, which ask for a block each second. Says how many have been greeted when all
 * have or after 15 s; and after SECONDS how many are still there and how many blocks
 * came.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "peer.h"

enum {
	AHEAD = 500, /* blocks; more than that not every seeder allows */
	READ_MAX = 256 << 10,
	FIRST_ADDRESS = 0x7f010001,
	EVENTS_MAX = 64,
	TRY_US = 20000,
	MESSAGE_MAX = 1 << 20,
	GREETED_S = 15
};

struct conn {
	int fd;
	bool greeted, unchoked, over;
	uint8_t head[HEAD];
	size_t n_head, skip;
	size_t start, asked, got; /* bytes, from start on and around */
};

struct leecher {
	const char *btih, *port;
	size_t size, piece, target; /* target: bytes that each wants */
	unsigned count, open, greeted;
	int epoll;
	bool idle;
	uint64_t blocks;
	struct conn *conns;
};

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A connection from our address number n; -1 when nobody listens. */
static int
dial(const struct leecher *l, unsigned n)
{
	struct sockaddr_in to = address("127.0.0.1", l->port),
	                   from = { .sin_family = AF_INET };
	uint8_t hello[HELLO];
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	from.sin_addr.s_addr = htonl(FIRST_ADDRESS + n);
	if (fd < 0 || bind(fd, (struct sockaddr *)&from, sizeof(from)) != 0)
		die("bind");
	put_hello(hello, l->btih, n);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0 ||
	    send(fd, hello, HELLO, MSG_NOSIGNAL) != HELLO) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static void
ask(struct leecher *l, struct conn *c, size_t ahead)
{
	uint8_t out[AHEAD * ASK];
	size_t n = 0;

	while (c->asked < l->target && c->asked - c->got < ahead * BLOCK && n < AHEAD) {
		size_t at = (c->start + c->asked) % l->size;
		size_t length = l->size - at < BLOCK ? l->size - at : BLOCK;
		uint8_t *m = out + n++ * ASK;

		if (length > l->piece - at % l->piece)
			length = l->piece - at % l->piece;
		put32(m, 13);
		m[4] = REQUEST;
		put32(m + 5, (uint32_t)(at / l->piece));
		put32(m + 9, (uint32_t)(at % l->piece));
		put32(m + 13, (uint32_t)length);
		c->asked += length;
	}
	if (n > 0 && send(c->fd, out, n * ASK, MSG_NOSIGNAL) != (ssize_t)(n * ASK))
		c->over = true;
}

static void
whole_head(struct leecher *l, struct conn *c)
{
	uint32_t length = get32(c->head);

	if (length > MESSAGE_MAX) {
		fprintf(stderr, "leecher: not a peer\n");
		exit(1);
	}
	c->n_head = 0;
	if (length == 0)
		return;
	c->skip = length - 1;
	if (c->head[4] == UNCHOKE)
		c->unchoked = true;
	if (c->head[4] != PIECE)
		return;
	c->skip = length - 9;
	c->got += length - 9;
	l->blocks++;
}

static size_t
head_size(const struct conn *c)
{
	if (c->n_head < 4)
		return 4;
	if (get32(c->head) == 0)
		return 4;
	return c->n_head >= 5 && c->head[4] == PIECE ? HEAD : 5;
}

/* The handshake is here. One of the seeders bears nothing before its own is answered. */
static void
answer(struct leecher *l, struct conn *c)
{
	static const uint8_t interested[] = { 0, 0, 0, 1, INTERESTED };

	c->greeted = true;
	l->greeted++;
	if (send(c->fd, interested, sizeof(interested), MSG_NOSIGNAL) !=
	    sizeof(interested))
		c->over = true;
}

static void
take(struct leecher *l, struct conn *c, const uint8_t *p, size_t n)
{
	while (n > 0) {
		size_t some = n < c->skip ? n : c->skip;

		if (some == 0) {
			c->head[c->n_head++] = *p;
			some = 1;
			if (c->n_head == head_size(c))
				whole_head(l, c);
		} else
			c->skip -= some;
		if (c->skip == 0 && !c->greeted)
			answer(l, c);
		p += some;
		n -= some;
	}
}

static void
read_some(struct leecher *l, struct conn *c)
{
	static uint8_t in[READ_MAX];
	ssize_t n = recv(c->fd, in, READ_MAX, MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n > 0)
		take(l, c, in, (size_t)n);
	else
		c->over = true;
	if (!l->idle && c->unchoked && c->asked - c->got <= AHEAD / 2 * BLOCK)
		ask(l, c, AHEAD);
	if (c->over || (!l->idle && c->got == l->target)) {
		(void)close(c->fd);
		c->over = true;
		l->open--;
	}
}

static void
open_all(struct leecher *l)
{
	l->conns = calloc(l->count, sizeof(*l->conns));
	l->epoll = epoll_create1(0);
	if (l->conns == NULL || l->epoll < 0)
		die("epoll_create1");
	for (unsigned i = 0; i < l->count; i++) {
		struct conn *c = &l->conns[i];
		struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };
		size_t pieces = (l->size + l->piece - 1) / l->piece;

		c->fd = dial(l, i);
		c->skip = HELLO;
		c->start = pieces * i / l->count * l->piece;
		if (c->fd < 0 || epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &e) != 0)
			die("connect");
		l->open++;
	}
}

static void
turn(struct leecher *l, int ms)
{
	struct epoll_event e[EVENTS_MAX];
	int n = epoll_wait(l->epoll, e, EVENTS_MAX, ms);

	for (int i = 0; i < n; i++)
		read_some(l, e[i].data.ptr);
}

/* Whether all is right with the bit field that comes first. */
static bool
has_all(const struct leecher *l, int fd)
{
	size_t pieces = (l->size + l->piece - 1) / l->piece, n = (pieces + 7) / 8;
	size_t whole = HELLO + 5 + n, ones = 0;
	uint8_t *in = malloc(whole);
	bool got = in != NULL && recv(fd, in, whole, MSG_WAITALL) == (ssize_t)whole;

	if (got && get32(in + HELLO) == n + 1 && in[HELLO + 4] == BITFIELD)
		for (size_t i = 0; i < n; i++)
			ones += (size_t)__builtin_popcount(in[HELLO + 5 + i]);
	free(in);
	return ones == pieces;
}

static void
wait_for_all(const struct leecher *l)
{
	struct timeval patience = { .tv_sec = 10 };
	bool all = false;

	for (unsigned i = 0; !all; i++) {
		int fd = dial(l, i % 50000);

		if (fd >= 0) {
			(void)setsockopt(
			    fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
			all = has_all(l, fd);
			(void)close(fd);
		}
		(void)usleep(TRY_US);
	}
}

static void
be_idle(struct leecher *l, double seconds, unsigned active)
{
	double next, end;

	end = now() + GREETED_S;
	while (l->greeted < l->count && now() < end)
		turn(l, 100);
	printf("%u\n", l->greeted);
	(void)fflush(stdout);
	l->blocks = 0;
	end = now() + seconds;
	for (next = now(); next < end; next += 1) {
		double left;

		for (unsigned i = 0; i < active && i < l->count; i++)
			if (!l->conns[i].over && l->conns[i].unchoked)
				ask(l, &l->conns[i], 1);
		while ((left = next + 1 - now()) > 0)
			turn(l, (int)(left * 1000) + 1);
	}
	printf("%u %llu\n", l->open, (unsigned long long)l->blocks);
}

int
main(int argc, char **argv)
{
	struct leecher l = { 0 };
	double seconds = 0;
	unsigned active = 0;
	bool waits = false;

	if (argc > 1 && strcmp(argv[1], "-w") == 0) {
		waits = true;
		argv++;
		argc--;
	} else if (argc > 3 && strcmp(argv[1], "-i") == 0) {
		l.idle = true;
		seconds = (double)number(argv[2]);
		active = (unsigned)number(argv[3]);
		argv += 3;
		argc -= 3;
	}
	if (argc < 6 || argc > 7 || strlen(argv[1]) != 40)
		return 2;
	l.btih = argv[1];
	l.piece = number(argv[2]);
	l.size = l.target = number(argv[3]);
	l.port = argv[4];
	l.count = (unsigned)number(argv[5]);
	if (argc == 7)
		l.target = number(argv[6]);
	if (waits) {
		wait_for_all(&l);
		return 0;
	}
	open_all(&l);
	if (l.idle)
		be_idle(&l, seconds, active);
	else
		while (l.open > 0)
			turn(&l, -1);
	for (unsigned i = 0; !l.idle && i < l.count; i++)
		if (l.conns[i].got != l.target) {
			fprintf(stderr, "leecher: a seeder hung up\n");
			return 1;
		}
	return 0;
}
