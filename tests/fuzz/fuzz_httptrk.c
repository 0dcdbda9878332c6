/* SPDX-License-Identifier: ISC */
/* codec/httptrk: any body, as the answer to an announce and to a scrape; any URL. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "codec/compact.h"
#include "codec/httptrk.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
check_inside(struct bytes in, struct bytes part)
{
	if (part.n > 0 && (part.p < in.p || part.n > (size_t)(in.p + in.n - part.p)))
		abort();
}

static void
read_announce(struct bytes in)
{
	struct httptrk_reply r;
	struct httptrk_peer peer;
	size_t most = in.n;

	if (httptrk_get_announce(in, &r) != RC_OK)
		return;
	check_inside(in, r.failure);
	check_inside(in, r.warning);
	check_inside(in, r.tracker_id);
	check_inside(in, r.peers4);
	check_inside(in, r.peers6);
	check_inside(in, r.list);
	if (r.peers4.n % COMPACT_V4 != 0 || r.peers6.n % COMPACT_V6 != 0)
		abort();
	while (httptrk_take_peer(&r.list, &peer)) {
		check_inside(in, peer.host);
		if (peer.port == 0 || peer.host.n == 0 || most-- == 0)
			abort();
	}
}

static void
write_urls(struct bytes url)
{
	static char out[HTTPTRK_URL_SIZE];
	const struct httptrk_announce a = { .url = url, .tracker_id = url };
	static const uint8_t btih[20];
	enum rc rc = httptrk_put_announce(&a, out);

	if (strlen(out) >= sizeof(out) || (rc != RC_OK && out[0] != '\0'))
		abort();
	if (httptrk_put_scrape(url, btih, out) == RC_OK && strlen(out) >= sizeof(out))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint8_t btih[20] = "hhhhhhhhhhhhhhhhhhh";
	struct httptrk_scrape scrape;
	struct bytes in = bytes_of(p, n);
	enum rc rc = httptrk_get_scrape(in, btih, &scrape);

	if (rc == RC_OK && scrape.failed)
		check_inside(in, scrape.failure);
	read_announce(in);
	write_urls(in);
	return 0;
}
