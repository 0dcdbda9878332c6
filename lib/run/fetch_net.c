/* SPDX-License-Identifier: ISC */
/*
 * Connections: sockets for the swarm's peers, read into its buffers, written from its
 * output. Under a limit (-D, -U) each has its turn of a block or less; who finds nothing
 * left waits until there is enough for another block.
 */
#include <sys/socket.h>
#include <sys/uio.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run/fetch_parts.h"

enum { RATION = 16 * 1024, IOVS = 2 * PEER_BLOCKS_MAX + 2, LINKS_MS = 1000 };
enum { FIRST_PORT = 6881, LAST_PORT = 6889, READS_A_TURN = 4, ACCEPTS_A_TURN = 16 };

struct fetch_link {
	struct fetch *f;
	struct fetch_link *next, **prev;
	struct conn *conn;
	struct loop_watch *watch;
	int fd;
	bool connecting;
	bool paused;                    /* the swarm has no room */
	bool unsent;                    /* there was more than the socket took */
	bool reads_later, writes_later; /* nothing is left of the limit */
};

static void
free_link(struct fetch_link *k)
{
	*k->prev = k->next;
	if (k->next != NULL)
		k->next->prev = k->prev;
	loop_watch_free(k->watch);
	net_close(&k->fd);
	free(k);
}

static void
say(struct fetch *f, const struct conn *c, const char *why)
{
	char addr[ADDR_TEXT];

	if (!f->o->verbose || why == NULL)
		return;
	addr_text_port(conn_addr(c), addr);
	fetch_remark(f, "peer %s %s", addr, why);
}

/* The connection is gone; why: words behind the address, unless the swarm has its own. */
static void
lose(struct fetch_link *k, const char *why)
{
	say(k->f, k->conn, conn_why(k->conn) != NULL ? conn_why(k->conn) : why);
	swarm_lost(k->f->swarm, k->conn, loop_now());
	free_link(k);
}

/* Who takes no call but an encrypted one ends ours like that. */
static void
lose_hung_up(struct fetch_link *k)
{
	bool unheard = conn_is_unheard(k->conn);

	k->f->unheard |= unheard;
	lose(k,
	    unheard ? "hung up on our handshake: perhaps it takes encrypted calls only"
	            : "hung up");
}

static void
set_watch(struct fetch_link *k)
{
	int what = 0;

	/* What is new is sent at once, by fetch_net_todo. */
	if (k->connecting || (k->unsent && !k->writes_later))
		what |= LOOP_WRITE;
	if (!k->connecting && !k->paused && !k->reads_later)
		what |= LOOP_READ;
	if (loop_watch_set(k->watch, what) != RC_OK)
		lose(k, "cannot be watched");
}

/*
 * How much of size may move now. 0: nothing is left, and the timer will say when there
 * is.
 */
static size_t
ration(struct fetch *f, struct bucket *b, size_t size)
{
	int64_t now_ms = loop_now();
	size_t left = bucket_left(b, now_ms);

	if (left == 0)
		loop_timer_set(f->refill, bucket_when(b, RATION, now_ms));
	return size < left ? size : left;
}

static void
on_refill(void *ctx)
{
	struct fetch *f = ctx;

	for (struct fetch_link *k = f->links, *next; k != NULL; k = next) {
		next = k->next;
		k->reads_later = k->writes_later = false;
		set_watch(k);
	}
	fetch_drain(f);
}

enum rc
fetch_net_start(struct fetch *f)
{
	int64_t now_ms = loop_now();

	bucket_init(&f->down, f->o->down_rate, now_ms);
	bucket_init(&f->up, f->o->up_rate, now_ms);
	f->refill = loop_timer_new(f->loop, on_refill, f);
	return f->refill == NULL ? RC_MEM : RC_OK;
}

/*
 * The parts of what waits, at most size bytes of them: words from the swarm's buffers,
 * blocks from the page cache. Returns how many iov; 0: a block cannot be had.
 */
static int
gather_output(struct fetch_link *k, struct iovec iov[static IOVS], size_t size)
{
	struct fetch *f = k->f;
	struct peer_part part;
	size_t n = 0;

	for (size_t i = 0; size > 0 && n < IOVS && swarm_output(k->conn, i, &part); i++) {
		size_t had = n;

		if (part.bytes.n > 0)
			iov[n++] =
			    (struct iovec){ .iov_base = (void *)(uintptr_t)part.bytes.p,
				    .iov_len = part.bytes.n };
		else
			n += store_map_get(f->map,
			    (uint64_t)part.block.piece * f->torrent.piece_length +
			        part.block.begin,
			    part.block.length, iov + n, IOVS - n);
		if (n == had)
			break;
		for (; had < n; had++) {
			iov[had].iov_len =
			    iov[had].iov_len < size ? iov[had].iov_len : size;
			size -= iov[had].iov_len;
		}
	}
	return (int)n;
}

/*
 * One sendmsg of at most size bytes; as send(2). EFAULT: a file is shorter than it was.
 */
static ssize_t
send_some(struct fetch_link *k, size_t size)
{
	struct iovec iov[IOVS];
	struct msghdr m = { .msg_iov = iov };
	ssize_t n;

	m.msg_iovlen = (size_t)gather_output(k, iov, size);
	if (m.msg_iovlen == 0) {
		errno = EFAULT;
		return -1;
	}
	n = sendmsg(k->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
	store_map_tidy(k->f->map);
	return n;
}

/* What it was to get next is not there any more. */
static void
lose_promised(struct fetch_link *k)
{
	struct peer_part part;
	size_t i = 0;

	while (swarm_output(k->conn, i, &part) && part.bytes.n > 0)
		i++;
	fetch_damaged(k->f, part.block.piece);
	lose(k, "waits for what is not there any more");
}

/* Send what waits. false: the connection is gone, and k with it. */
static bool
send_output(struct fetch_link *k)
{
	struct fetch *f = k->f;
	size_t waiting, size;

	while ((waiting = swarm_waiting(k->conn)) > 0) {
		ssize_t n;

		size = ration(f, &f->up, waiting);
		k->writes_later = size == 0;
		if (size == 0)
			break;
		n = send_some(k, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0 && errno == EFAULT) {
			lose_promised(k);
			return false;
		}
		if (n < 0) {
			lose_hung_up(k);
			return false;
		}
		bucket_take(&f->up, (size_t)n);
		swarm_sent(f->swarm, k->conn, (size_t)n, loop_now());
	}
	k->unsent = waiting > 0;
	return true;
}

/*
 * One readv into the swarm's rooms. RC_OK: perhaps more; RC_MORE: not now; RC_END: gone.
 */
static enum rc
read_once(struct fetch_link *k)
{
	struct peer_room scratch = { .p = k->f->read_scratch, .n = PEER_SCRATCH },
	                 room[PEER_ROOMS];
	int rooms = swarm_room(k->f->swarm, k->conn, scratch, room);
	struct iovec iov[PEER_ROOMS];
	size_t most = 0, allowed;
	ssize_t n;

	if (rooms == 0) {
		k->paused = true;
		return RC_MORE;
	}
	allowed = ration(k->f, &k->f->down, k->f->down.rate == 0 ? SIZE_MAX : RATION);
	k->reads_later = allowed == 0;
	if (allowed == 0)
		return RC_MORE;
	for (int i = 0; i < rooms; i++) {
		size_t size = room[i].n < allowed - most ? room[i].n : allowed - most;

		iov[i] = (struct iovec){ .iov_base = room[i].p, .iov_len = size };
		most += size;
	}
	n = readv(k->fd, iov, rooms);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? RC_MORE : RC_END;
	if (n == 0)
		return RC_END;
	bucket_take(&k->f->down, (size_t)n);
	swarm_set_helped(k->f->swarm, work_has_idle(k->f->work));
	swarm_read(k->f->swarm, k->conn, (size_t)n, scratch, loop_now());
	/* Under a limit it is the next one's turn. */
	return (size_t)n < most || k->f->down.rate != 0 ? RC_MORE : RC_OK;
}

static void
on_link(void *ctx, int what)
{
	struct fetch_link *k = ctx;
	struct fetch *f = k->f;
	enum rc rc = RC_OK;

	if (k->connecting) {
		k->connecting = false;
		if (net_connect_result(k->fd) != RC_OK) {
			lose(k,
			    errno == ECONNREFUSED ? "refuses the connection"
			                          : "cannot be reached");
			fetch_drain(f);
			return;
		}
		swarm_connected(f->swarm, k->conn, loop_now());
	} else {
		if ((what & LOOP_WRITE) != 0 && !send_output(k)) {
			fetch_drain(f);
			return;
		}
		for (int i = 0;
		     (what & LOOP_READ) != 0 && rc == RC_OK && i < READS_A_TURN; i++)
			rc = read_once(k);
	}
	if (rc == RC_END)
		lose_hung_up(k);
	else
		set_watch(k);
	fetch_drain(f);
}

static struct fetch_link *
new_link(struct fetch *f, struct conn *c, int fd)
{
	struct fetch_link *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return NULL;
	*k = (struct fetch_link){
		.f = f, .conn = c, .fd = fd, .next = f->links, .prev = &f->links
	};
	k->watch = loop_watch_new(f->loop, fd, on_link, k);
	if (k->watch == NULL) {
		free(k);
		return NULL;
	}
	if (f->links != NULL)
		f->links->prev = &k->next;
	f->links = k;
	conn_set_io(c, k);
	return k;
}

static void
dial(struct fetch *f, struct conn *c)
{
	struct fetch_link *k;
	int fd;

	if (net_tcp_connect(conn_addr(c), &f->o->local, &fd) != RC_OK) {
		say(f, c, "cannot be reached");
		swarm_lost(f->swarm, c, loop_now());
		return;
	}
	k = new_link(f, c, fd);
	if (k == NULL) {
		net_close(&fd);
		swarm_lost(f->swarm, c, loop_now());
		return;
	}
	k->connecting = true;
	set_watch(k);
}

void
fetch_net_todo(struct fetch *f)
{
	struct conn *c;
	unsigned what;

	while (f->swarm != NULL && (c = swarm_todo(f->swarm, &what)) != NULL) {
		struct fetch_link *k = conn_io(c);

		if ((what & SWARM_CLOSE) != 0) {
			say(f, c, conn_why(c));
			if (k != NULL)
				free_link(k);
		} else if ((what & SWARM_DIAL) != 0) {
			dial(f, c);
		} else if (k != NULL) {
			if ((what & SWARM_RESUME) != 0)
				k->paused = false;
			if (k->connecting || send_output(k))
				set_watch(k);
		}
	}
}

static void
on_call(void *ctx, int what)
{
	struct fetch *f = ctx;

	(void)what;
	for (int i = 0; i < FETCH_LISTENERS; i++)
		for (int n = 0; f->listeners[i] != -1 && n < ACCEPTS_A_TURN; n++) {
			struct fetch_link *k;
			struct addr from;
			struct conn *c;
			int fd;

			enum rc rc = net_accept(f->listeners[i], &fd, &from);

			/* No descriptor is free, say: ask again at the next tick. */
			if (rc == RC_SYS &&
			    loop_watch_set(f->listen_watch[i], 0) != RC_OK)
				fetch_fail(f, CODE_BUG, "out of memory");
			if (rc != RC_OK)
				break;
			c = swarm_accept(f->swarm, &from, loop_now());
			k = c == NULL ? NULL : new_link(f, c, fd);
			if (k != NULL) {
				set_watch(k);
				continue;
			}
			net_close(&fd);
			if (c != NULL)
				swarm_lost(f->swarm, c, loop_now());
		}
	fetch_drain(f);
}

enum rc
fetch_listen(struct fetch *f)
{
	enum rc rc = RC_BUSY;

	if (f->o->fixed_port)
		return net_tcp_listen(f->o->port, &f->o->local, f->listeners, &f->port);
	for (uint16_t port = FIRST_PORT; rc == RC_BUSY && port <= LAST_PORT; port++)
		rc = net_tcp_listen(port, &f->o->local, f->listeners, &f->port);
	if (rc == RC_BUSY)
		rc = net_tcp_listen(0, &f->o->local, f->listeners, &f->port);
	return rc;
}

void
fetch_accept_start(struct fetch *f)
{
	for (int i = 0; i < FETCH_LISTENERS; i++) {
		if (f->listeners[i] == -1)
			continue;
		f->listen_watch[i] = loop_watch_new(f->loop, f->listeners[i], on_call, f);
		if (f->listen_watch[i] == NULL ||
		    loop_watch_set(f->listen_watch[i], LOOP_READ) != RC_OK)
			fetch_fail(f, CODE_BUG, "out of memory");
	}
}

/* When what -i names is gone nobody is to be reached by another way. */
static void
check_place(struct fetch *f)
{
	char words[NET_LOCAL_WORDS];

	if (fetch_is_up(f) && net_local_check(&f->o->local, words) != RC_OK)
		fetch_fail(f, CODE_UNAVAILABLE, "%s", words);
}

/*
 * Where our own address was taken from us no answer comes any more: not to be waited for.
 */
static void
check_links(struct fetch *f)
{
	int64_t now_ms = loop_now();

	if (!fetch_is_up(f) || now_ms - f->links_ms < LINKS_MS)
		return;
	f->links_ms = now_ms;
	for (struct fetch_link *k = f->links, *next; k != NULL; k = next) {
		struct addr own;

		next = k->next;
		if (net_own_end(k->fd, &own) == RC_OK && own.port != 0 &&
		    !net_is_ours(&own))
			lose(k, "knows us by an address that we no longer have");
	}
	fetch_drain(f);
}

void
fetch_net_tick(struct fetch *f)
{
	check_place(f);
	check_links(f);
	for (int i = 0; i < FETCH_LISTENERS; i++)
		if (f->listen_watch[i] != NULL &&
		    loop_watch_set(f->listen_watch[i], LOOP_READ) != RC_OK)
			fetch_fail(f, CODE_BUG, "out of memory");
}

void
fetch_net_stop(struct fetch *f)
{
	while (f->links != NULL)
		free_link(f->links);
	loop_timer_free(f->refill);
	f->refill = NULL;
	for (int i = 0; i < FETCH_LISTENERS; i++) {
		loop_watch_free(f->listen_watch[i]);
		f->listen_watch[i] = NULL;
		net_close(&f->listeners[i]);
	}
}
