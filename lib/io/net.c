/* SPDX-License-Identifier: ISC */
#include "io/net.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BACKLOG = 128, PORT_TRIES = 32 };
/* Descriptors for content, and for all else. */
enum { FILES_MOST = 64, OTHERS = NET_FILES_LEAST };

/* A socket address of either family with its size. */
struct end {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_storage room;
	} u;
	socklen_t size;
};

static struct end
end_of(const struct addr *a)
{
	struct end e = { .size = 0 };

	if (addr_is_v4(a)) {
		e.u.v4.sin_family = AF_INET;
		e.u.v4.sin_port = htons(a->port);
		memcpy(&e.u.v4.sin_addr, a->ip + 12, 4);
		e.size = sizeof(e.u.v4);
	} else {
		e.u.v6.sin6_family = AF_INET6;
		e.u.v6.sin6_port = htons(a->port);
		memcpy(&e.u.v6.sin6_addr, a->ip, sizeof(a->ip));
		e.size = sizeof(e.u.v6);
	}
	return e;
}

static enum rc
addr_of(const struct sockaddr *sa, struct addr *out)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	uint8_t ip[4];

	switch (sa->sa_family) {
	case AF_INET:
		memcpy(&v4, sa, sizeof(v4));
		memcpy(ip, &v4.sin_addr, sizeof(ip));
		*out = addr_v4(ip, ntohs(v4.sin_port));
		return RC_OK;
	case AF_INET6:
		memcpy(&v6, sa, sizeof(v6));
		memcpy(out->ip, &v6.sin6_addr, sizeof(out->ip));
		out->port = ntohs(v6.sin6_port);
		return RC_OK;
	default: return RC_NONE;
	}
}

void
net_close(int *fd)
{
	int kept = errno;

	if (*fd != -1)
		(void)close(*fd);
	*fd = -1;
	errno = kept;
}

enum rc
net_local_parse(const char *text, struct net_local *out)
{
	struct net_local l = { .set = true };
	size_t n = strlen(text);

	if (addr_parse(bytes_of(text, n), &l.ip) == RC_OK) {
		*out = l;
		return RC_OK;
	}
	if (n == 0 || n >= sizeof(l.device) || strpbrk(text, "/ \t\n:") != NULL)
		return RC_BAD;
	l.index = if_nametoindex(text);
	if (l.index == 0)
		return RC_NONE;
	memcpy(l.device, text, n + 1);
	*out = l;
	return RC_OK;
}

static bool
is_of_the_link(const struct addr *a)
{
	return !addr_is_v4(a) && a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80;
}

/*
 * The first address of an interface in one family that can be bound to by itself: one of
 * the link alone cannot.
 */
static enum rc
device_addr(const char *device, int family, struct addr *out)
{
	struct ifaddrs *all = NULL;
	enum rc rc = RC_NONE;

	if (getifaddrs(&all) != 0)
		return RC_SYS;
	for (struct ifaddrs *i = all; i != NULL && rc != RC_OK; i = i->ifa_next)
		if (i->ifa_addr != NULL && i->ifa_addr->sa_family == family &&
		    strcmp(i->ifa_name, device) == 0 &&
		    addr_of(i->ifa_addr, out) == RC_OK && !is_of_the_link(out))
			rc = RC_OK;
	freeifaddrs(all);
	out->port = 0;
	if (rc != RC_NONE)
		return rc;
	errno = EADDRNOTAVAIL;
	return RC_SYS;
}

static enum rc
bind_to(int fd, const struct addr *ip, uint16_t port)
{
	struct addr a = *ip;
	struct end e;

	a.port = port;
	e = end_of(&a);
	return bind(fd, &e.u.any, e.size) == 0 ? RC_OK : RC_SYS;
}

/*
 * Bind fd, of family, as from says. Kernels before 5.7 keep SO_BINDTODEVICE for root: the
 * interface's address does nearly the same there.
 */
static enum rc
bind_local(int fd, int family, const struct net_local *from, uint16_t port)
{
	static const uint8_t v4_any[4];
	struct addr ip = { .port = 0 };

	if (family == AF_INET)
		ip = addr_v4(v4_any, 0);
	if (from != NULL && from->set && from->device[0] == '\0') {
		if (addr_is_v4(&from->ip) != (family == AF_INET)) {
			errno = EADDRNOTAVAIL;
			return RC_SYS;
		}
		ip = from->ip;
	} else if (from != NULL && from->set &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, from->device,
	        (socklen_t)strlen(from->device) + 1) != 0 &&
	    (errno != EPERM || device_addr(from->device, family, &ip) != RC_OK)) {
		return RC_SYS;
	}
	return bind_to(fd, &ip, port);
}

static int
new_socket(int family, int type)
{
	return socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/*
 * Bind before connecting; the port is chosen at connect, so that one port serves many
 * peers.
 */
static enum rc
bind_early(int fd, int family, const struct net_local *from)
{
	const int on = 1;

	if (from == NULL || !from->set)
		return RC_OK;
	(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	return bind_local(fd, family, from, 0);
}

static enum rc
connect_any(int type, const struct addr *to, const struct net_local *from, int *fd)
{
	const struct end e = end_of(to);
	const int on = 1;

	*fd = new_socket(e.u.any.sa_family, type);
	if (*fd == -1)
		return RC_SYS;
	if (type == SOCK_STREAM)
		(void)setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (bind_early(*fd, e.u.any.sa_family, from) == RC_OK &&
	    (connect(*fd, &e.u.any, e.size) == 0 || errno == EINPROGRESS ||
	        errno == EINTR))
		return RC_OK;
	net_close(fd);
	return RC_SYS;
}

bool
net_is_ours(const struct addr *ip)
{
	int fd = new_socket(addr_is_v4(ip) ? AF_INET : AF_INET6, SOCK_DGRAM);
	bool gone = fd != -1 && bind_to(fd, ip, 0) != RC_OK && errno == EADDRNOTAVAIL;

	net_close(&fd);
	return !gone;
}

/*
 * Whether l's interface is up. An address stays with an interface that was shut down, and
 * what is sent from it then would go by another one. false only if one is there and down.
 */
static bool
is_up(const struct net_local *l)
{
	struct ifaddrs *all = NULL;
	bool down = false, up = false;
	struct addr a;

	if (getifaddrs(&all) != 0)
		return true;
	for (struct ifaddrs *i = all; i != NULL; i = i->ifa_next) {
		bool its = l->device[0] != '\0' ? strcmp(i->ifa_name, l->device) == 0
		                                : i->ifa_addr != NULL &&
		        addr_of(i->ifa_addr, &a) == RC_OK && addr_same_ip(&a, &l->ip);

		up |= its && (i->ifa_flags & IFF_UP) != 0;
		down |= its && (i->ifa_flags & IFF_UP) == 0;
	}
	freeifaddrs(all);
	return up || !down;
}

enum rc
net_local_check(const struct net_local *l, char out[static NET_LOCAL_WORDS])
{
	static const char remedy[] = "run it again when it is back, or with another -i";
	char ip[ADDR_TEXT];

	if (!l->set)
		return RC_OK;
	addr_text(&l->ip, ip);
	if (l->device[0] != '\0' && if_nametoindex(l->device) != l->index)
		(void)snprintf(out, NET_LOCAL_WORDS, "-i %s: the interface is gone: %s",
		    l->device, remedy);
	else if (l->device[0] == '\0' && !net_is_ours(&l->ip))
		(void)snprintf(out, NET_LOCAL_WORDS,
		    "-i %s: no interface has this address: %s", ip, remedy);
	else if (!is_up(l))
		(void)snprintf(out, NET_LOCAL_WORDS, "-i %s: the interface is down: %s",
		    l->device[0] != '\0' ? l->device : ip, remedy);
	else
		return RC_OK;
	return RC_NONE;
}

enum rc
net_local_source(const struct net_local *l, struct addr *out)
{
	static const int family[2] = { AF_INET, AF_INET6 };

	if (l->device[0] == '\0') {
		*out = l->ip;
		return RC_OK;
	}
	for (int i = 0; i < 2; i++) {
		enum rc rc = device_addr(l->device, family[i], out);

		if (rc == RC_OK)
			return RC_OK;
		if (rc == RC_SYS && errno != EADDRNOTAVAIL)
			return RC_SYS;
	}
	return RC_NONE;
}

enum rc
net_tcp_connect(const struct addr *to, const struct net_local *from, int *fd)
{
	return connect_any(SOCK_STREAM, to, from, fd);
}

enum rc
net_connect_result(int fd)
{
	int err = 0;
	socklen_t size = sizeof(err);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &size) != 0)
		return RC_SYS;
	errno = err;
	return err == 0 ? RC_OK : RC_SYS;
}

/* Whether a failure to listen says that the machine has no such family at all. */
static bool
family_is_missing(const struct net_local *at)
{
	if (errno == EAFNOSUPPORT || errno == EPROTONOSUPPORT)
		return true;
	return errno == EADDRNOTAVAIL &&
	    (at == NULL || !at->set || at->device[0] != '\0');
}

static enum rc
listen_one(int family, uint16_t port, const struct net_local *at, int *fd)
{
	const int on = 1;
	int s = new_socket(family, SOCK_STREAM);

	*fd = -1;
	if (s == -1)
		return RC_SYS;
	(void)setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if ((family == AF_INET6 &&
	        setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0) ||
	    bind_local(s, family, at, port) != RC_OK || listen(s, BACKLOG) != 0) {
		net_close(&s);
		return errno == EADDRINUSE ? RC_BUSY : RC_SYS;
	}
	*fd = s;
	return RC_OK;
}

enum rc
net_own_end(int fd, struct addr *out)
{
	struct end e = { .size = sizeof(e.u) };

	if (getsockname(fd, &e.u.any, &e.size) != 0)
		return RC_SYS;
	return addr_of(&e.u.any, out);
}

/* One try at both families; IPv6 takes the port that IPv4 was given. */
static enum rc
listen_both(uint16_t port, const struct net_local *at, int fds[static 2], uint16_t *bound)
{
	static const int family[2] = { AF_INET, AF_INET6 };
	bool alone = at != NULL && at->set && at->device[0] == '\0';
	struct addr own = { .port = port };
	enum rc rc = RC_OK;

	for (int i = 0; i < 2 && rc == RC_OK; i++) {
		if (alone && addr_is_v4(&at->ip) != (family[i] == AF_INET))
			continue;
		rc = listen_one(family[i], own.port, at, &fds[i]);
		if (rc == RC_SYS && !alone && family_is_missing(at))
			rc = RC_OK;
		else if (rc == RC_OK)
			rc = net_own_end(fds[i], &own);
	}
	if (rc == RC_OK && fds[0] == -1 && fds[1] == -1) {
		errno = EAFNOSUPPORT;
		rc = RC_SYS;
	}
	if (rc == RC_OK) {
		*bound = own.port;
		return RC_OK;
	}
	net_close(&fds[0]);
	net_close(&fds[1]);
	return rc;
}

enum rc
net_tcp_listen(
    uint16_t port, const struct net_local *at, int fds[static 2], uint16_t *bound)
{
	enum rc rc = RC_BUSY;

	fds[0] = fds[1] = -1;
	/* The port that IPv4 was given may be taken in IPv6: then another one. */
	for (int i = 0; i < (port == 0 ? PORT_TRIES : 1) && rc == RC_BUSY; i++)
		rc = listen_both(port, at, fds, bound);
	return rc;
}

enum rc
net_accept(int fd, int *conn, struct addr *from)
{
	struct end e = { .size = sizeof(e.u) };
	struct addr other;
	const int on = 1;

	*conn = accept4(fd, &e.u.any, &e.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (*conn == -1) {
		/* A connection that went away while it waited is no failure of ours. */
		if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED ||
		    errno == EPROTO)
			return RC_MORE;
		return RC_SYS;
	}
	(void)setsockopt(*conn, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (addr_of(&e.u.any, &other) != RC_OK) {
		net_close(conn);
		return RC_MORE;
	}
	if (from != NULL)
		*from = other;
	return RC_OK;
}

enum rc
net_udp_connect(const struct addr *to, const struct net_local *from, int *fd)
{
	return connect_any(SOCK_DGRAM, to, from, fd);
}

enum rc
net_udp_send(int fd, struct bytes datagram)
{
	ssize_t put;

	do
		put = send(fd, datagram.p, datagram.n, MSG_NOSIGNAL);
	while (put < 0 && errno == EINTR);
	if (put >= 0)
		return RC_OK;
	return errno == EAGAIN || errno == ENOBUFS ? RC_MORE : RC_SYS;
}

enum rc
net_udp_recv(int fd, uint8_t *p, size_t cap, size_t *n)
{
	ssize_t got;

	do
		got = recv(fd, p, cap, 0);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EAGAIN ? RC_MORE : RC_SYS;
	*n = (size_t)got;
	return RC_OK;
}

enum rc
net_local_addrs(struct addr *out, size_t cap, size_t *n)
{
	struct ifaddrs *all = NULL;

	*n = 0;
	if (getifaddrs(&all) != 0)
		return RC_SYS;
	for (struct ifaddrs *i = all; i != NULL && *n < cap; i = i->ifa_next)
		if (i->ifa_addr != NULL && addr_of(i->ifa_addr, &out[*n]) == RC_OK)
			out[(*n)++].port = 0;
	freeifaddrs(all);
	return RC_OK;
}

unsigned
net_room(unsigned want)
{
	const rlim_t need = (rlim_t)want + FILES_MOST + OTHERS;
	struct rlimit limit;
	rlim_t files;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return want;
	if (limit.rlim_cur < need) {
		limit.rlim_cur = limit.rlim_max < need ? limit.rlim_max : need;
		if (setrlimit(RLIMIT_NOFILE, &limit) != 0 &&
		    getrlimit(RLIMIT_NOFILE, &limit) != 0)
			return want;
	}
	/* io/store takes a quarter at most. */
	files = limit.rlim_cur / 4 < FILES_MOST ? limit.rlim_cur / 4 : FILES_MOST;
	if (limit.rlim_cur <= files + OTHERS)
		return limit.rlim_cur >= NET_FILES_LEAST;
	return limit.rlim_cur - files - OTHERS < want
	    ? (unsigned)(limit.rlim_cur - files - OTHERS)
	    : want;
}
