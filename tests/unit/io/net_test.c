/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

#include "io/net.h"
#include "io/resolve.h"

enum { WAIT_MS = 5000 };

static struct addr
at(const char *ip, uint16_t port)
{
	struct addr a;

	assert_int_equal(addr_parse(bytes_str(ip), &a), RC_OK);
	a.port = port;
	return a;
}

static struct net_local
local(const char *text)
{
	struct net_local l;

	assert_int_equal(net_local_parse(text, &l), RC_OK);
	return l;
}

static bool
ready(int fd, short what)
{
	struct pollfd p = { .fd = fd, .events = what };

	return poll(&p, 1, WAIT_MS) == 1;
}

static bool
has_v6(void)
{
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);
	struct sockaddr_in6 one = { .sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	bool has = fd != -1 && bind(fd, (struct sockaddr *)&one, sizeof(one)) == 0;

	net_close(&fd);
	return has;
}

static void
an_address_or_an_interface_is_read_and_nothing_else(void **state)
{
	struct net_local l;

	(void)state;
	assert_int_equal(net_local_parse("127.0.0.1", &l), RC_OK);
	assert_true(l.set && addr_is_v4(&l.ip) && l.device[0] == '\0');
	assert_int_equal(net_local_parse("::1", &l), RC_OK);
	assert_true(addr_is_loopback(&l.ip));
	assert_int_equal(net_local_parse("lo", &l), RC_OK);
	assert_string_equal(l.device, "lo");
	assert_int_equal(net_local_parse("nosuch0", &l), RC_NONE);
	assert_int_equal(net_local_parse("", &l), RC_BAD);
	assert_int_equal(net_local_parse("a/b", &l), RC_BAD);
	assert_int_equal(net_local_parse("a-name-that-is-too-long", &l), RC_BAD);
}

/* A whole connection from listen to bytes, over one address of one family. */
static void
talk(const char *ip, int family)
{
	struct addr to = at(ip, 0), from;
	struct net_local l = local(ip);
	int fds[2], mine, other, nodelay = 0;
	socklen_t size = sizeof(nodelay);
	char byte = 0;

	assert_int_equal(net_tcp_listen(0, &l, fds, &to.port), RC_OK);
	assert_int_equal(fds[1 - family], -1);
	assert_int_equal(net_accept(fds[family], &other, &from), RC_MORE);
	assert_int_equal(other, -1);
	assert_int_equal(net_tcp_connect(&to, &l, &mine), RC_OK);
	assert_true(ready(fds[family], POLLIN) && ready(mine, POLLOUT));
	assert_int_equal(net_connect_result(mine), RC_OK);
	assert_int_equal(net_accept(fds[family], &other, &from), RC_OK);
	assert_true(addr_same_ip(&from, &to));
	assert_int_equal(getsockopt(mine, IPPROTO_TCP, TCP_NODELAY, &nodelay, &size), 0);
	assert_true(nodelay != 0);
	assert_true((fcntl(other, F_GETFL) & O_NONBLOCK) != 0);
	assert_true((fcntl(other, F_GETFD) & FD_CLOEXEC) != 0);
	assert_int_equal(write(mine, "x", 1), 1);
	assert_true(ready(other, POLLIN));
	assert_int_equal(read(other, &byte, 1), 1);
	assert_int_equal(byte, 'x');
	net_close(&mine);
	net_close(&other);
	net_close(&fds[family]);
}

static void
a_connection_carries_bytes_over_ipv4(void **state)
{
	(void)state;
	talk("127.0.0.1", 0);
}

static void
a_connection_carries_bytes_over_ipv6_where_there_is_some(void **state)
{
	(void)state;
	if (has_v6()) {
		talk("::1", 1);
	} else {
		struct net_local l = local("::1");
		uint16_t port;
		int fds[2];

		assert_int_equal(net_tcp_listen(0, &l, fds, &port), RC_SYS);
	}
}

static void
a_refused_connection_is_told_with_errno(void **state)
{
	struct addr to = at("127.0.0.1", 0);
	struct net_local l = local("127.0.0.1");
	int fds[2], fd;
	enum rc rc;

	(void)state;
	assert_int_equal(net_tcp_listen(0, &l, fds, &to.port), RC_OK);
	net_close(&fds[0]);
	rc = net_tcp_connect(&to, NULL, &fd);
	if (rc == RC_OK) {
		assert_true(ready(fd, POLLOUT));
		rc = net_connect_result(fd);
	}
	assert_int_equal(rc, RC_SYS);
	assert_int_equal(errno, ECONNREFUSED);
	net_close(&fd);
}

static void
both_families_listen_on_one_port_and_a_second_listener_is_busy(void **state)
{
	int fds[2], again[2];
	struct addr own4, own6;
	uint16_t port = 0, other = 0;

	(void)state;
	assert_int_equal(net_tcp_listen(0, NULL, fds, &port), RC_OK);
	assert_true(port != 0 && fds[0] != -1);
	assert_int_equal(net_own_end(fds[0], &own4), RC_OK);
	assert_int_equal(own4.port, port);
	if (fds[1] != -1) {
		assert_int_equal(net_own_end(fds[1], &own6), RC_OK);
		assert_int_equal(own6.port, port);
	}
	assert_int_equal(net_tcp_listen(port, NULL, again, &other), RC_BUSY);
	assert_int_equal(again[0], -1);
	assert_int_equal(again[1], -1);
	net_close(&fds[0]);
	net_close(&fds[1]);
}

static void
an_end_of_the_other_family_is_refused(void **state)
{
	struct addr to = at("127.0.0.1", 9);
	struct net_local six = local("::1");
	int fd;

	(void)state;
	assert_int_equal(net_udp_connect(&to, &six, &fd), RC_SYS);
	assert_int_equal(errno, EADDRNOTAVAIL);
	assert_int_equal(fd, -1);
}

static void
an_interface_can_be_bound(void **state)
{
	struct addr to = at("127.0.0.1", 9), own;
	struct net_local lo = local("lo");
	int fd;

	(void)state;
	assert_int_equal(net_udp_connect(&to, &lo, &fd), RC_OK);
	assert_int_equal(net_own_end(fd, &own), RC_OK);
	assert_true(addr_is_loopback(&own));
	net_close(&fd);
}

/* A plain UDP socket that stands for the other side. */
static int
udp_at(const char *ip, struct addr *own)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct addr a = at(ip, 0);

	memcpy(&any.sin_addr, a.ip + 12, 4);
	assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof(any)), 0);
	assert_int_equal(net_own_end(fd, own), RC_OK);
	return fd;
}

static void
datagrams_come_only_from_the_other_end(void **state)
{
	struct addr there, elsewhere, own;
	int other = udp_at("127.0.0.1", &there), forger = udp_at("127.0.0.2", &elsewhere),
	    fd;
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	uint8_t in[8];
	size_t n = 99;

	(void)state;
	assert_int_equal(net_udp_connect(&there, NULL, &fd), RC_OK);
	assert_int_equal(net_own_end(fd, &own), RC_OK);
	to.sin_port = htons(own.port);
	assert_int_equal(net_udp_recv(fd, in, sizeof(in), &n), RC_MORE);
	for (int i = 0; i < 100; i++)
		assert_int_equal(
		    sendto(forger, "forged", 6, 0, (struct sockaddr *)&to, sizeof(to)),
		    6);
	assert_int_equal(sendto(other, "", 0, 0, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(
	    sendto(other, "123456789", 9, 0, (struct sockaddr *)&to, sizeof(to)), 9);
	assert_true(ready(fd, POLLIN));
	assert_int_equal(net_udp_recv(fd, in, sizeof(in), &n), RC_OK);
	assert_int_equal(n, 0);
	assert_int_equal(net_udp_recv(fd, in, sizeof(in), &n), RC_OK);
	assert_int_equal(n, 8);
	assert_memory_equal(in, "12345678", 8);
	assert_int_equal(net_udp_recv(fd, in, sizeof(in), &n), RC_MORE);
	net_close(&fd);
	net_close(&other);
	net_close(&forger);
}

static void
a_datagram_to_nobody_comes_back_as_an_error(void **state)
{
	struct addr there;
	int other = udp_at("127.0.0.1", &there), fd;
	uint8_t in[8];
	size_t n;

	(void)state;
	net_close(&other);
	assert_int_equal(net_udp_connect(&there, NULL, &fd), RC_OK);
	assert_int_equal(net_udp_send(fd, bytes_str("hello")), RC_OK);
	assert_true(ready(fd, POLLIN));
	assert_int_equal(net_udp_recv(fd, in, sizeof(in), &n), RC_SYS);
	assert_int_equal(errno, ECONNREFUSED);
	net_close(&fd);
}

static void
our_own_addresses_hold_the_loopback_one(void **state)
{
	struct addr own[64], lo = at("127.0.0.1", 0);
	bool found = false;
	size_t n = 0;

	(void)state;
	assert_int_equal(net_local_addrs(own, 64, &n), RC_OK);
	for (size_t i = 0; i < n; i++)
		found |= addr_eq(&own[i], &lo);
	assert_true(found);
	assert_int_equal(net_local_addrs(own, 1, &n), RC_OK);
	assert_int_equal(n, 1);
}

struct asked {
	struct loop *loop;
	int calls, stop_at;
	enum rc rc;
	size_t n;
	struct addr first;
};

static void
on_answer(void *ctx, enum rc rc, const struct addr *addrs, size_t n)
{
	struct asked *a = ctx;

	a->rc = rc;
	a->n = n;
	if (n > 0)
		a->first = addrs[0];
	if (++a->calls == a->stop_at)
		loop_stop(a->loop);
}

static void
names_and_addresses_are_answered_from_the_loop(void **state)
{
	static const char *const host[] = { "127.0.0.1", "::1", "localhost" };

	(void)state;
	for (size_t i = 0; i < sizeof(host) / sizeof(host[0]); i++) {
		struct asked a = { .loop = loop_new(), .stop_at = 1 };
		struct resolve *r = resolve_new(a.loop, NULL);

		assert_non_null(resolve_start(r, host[i], 6969, on_answer, &a));
		assert_int_equal(a.calls, 0);
		assert_int_equal(loop_run(a.loop), RC_OK);
		assert_int_equal(a.calls, 1);
		assert_int_equal(a.rc, RC_OK);
		assert_true(
		    a.n >= 1 && addr_is_loopback(&a.first) && a.first.port == 6969);
		resolve_free(r);
		loop_free(a.loop);
	}
}

static void
a_cancelled_query_stays_silent(void **state)
{
	struct asked gone = { .calls = 0 }, a = { .loop = loop_new(), .stop_at = 1 };
	struct resolve *r = resolve_new(a.loop, NULL);

	(void)state;
	gone.loop = a.loop;
	resolve_cancel(resolve_start(r, "127.0.0.1", 1, on_answer, &gone));
	resolve_cancel(resolve_start(r, "localhost", 1, on_answer, &gone));
	resolve_cancel(resolve_start(r, "no-such-host.invalid", 1, on_answer, &gone));
	assert_non_null(resolve_start(r, "127.0.0.1", 1, on_answer, &a));
	assert_int_equal(loop_run(a.loop), RC_OK);
	assert_int_equal(gone.calls, 0);
	assert_non_null(resolve_start(r, "no-such-host.invalid", 1, on_answer, &gone));
	resolve_free(r);
	assert_int_equal(gone.calls, 0);
	loop_free(a.loop);
}

static void
what_i_names_is_there_or_named_with_its_remedy(void **state)
{
	char words[NET_LOCAL_WORDS];
	struct net_local l = local("127.0.0.1");

	(void)state;
	assert_int_equal(
	    net_local_check(&(struct net_local){ .set = false }, words), RC_OK);
	assert_int_equal(net_local_check(&l, words), RC_OK);
	l = local("192.0.2.1"); /* RFC 5737: nobody has it */
	assert_int_equal(net_local_check(&l, words), RC_NONE);
	assert_non_null(strstr(words, "-i 192.0.2.1: "));
	l = local("lo");
	assert_int_equal(net_local_check(&l, words), RC_OK);
	l.index += 1000000; /* another one of that name */
	assert_int_equal(net_local_check(&l, words), RC_NONE);
	assert_non_null(strstr(words, "-i lo: "));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_or_an_interface_is_read_and_nothing_else),
		cmocka_unit_test(a_connection_carries_bytes_over_ipv4),
		cmocka_unit_test(
		    a_connection_carries_bytes_over_ipv6_where_there_is_some),
		cmocka_unit_test(a_refused_connection_is_told_with_errno),
		cmocka_unit_test(
		    both_families_listen_on_one_port_and_a_second_listener_is_busy),
		cmocka_unit_test(an_end_of_the_other_family_is_refused),
		cmocka_unit_test(an_interface_can_be_bound),
		cmocka_unit_test(datagrams_come_only_from_the_other_end),
		cmocka_unit_test(a_datagram_to_nobody_comes_back_as_an_error),
		cmocka_unit_test(our_own_addresses_hold_the_loopback_one),
		cmocka_unit_test(names_and_addresses_are_answered_from_the_loop),
		cmocka_unit_test(a_cancelled_query_stays_silent),
		cmocka_unit_test(what_i_names_is_there_or_named_with_its_remedy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
