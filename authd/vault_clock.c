/* SPDX-License-Identifier: ISC */
#include "authd/vault_clock.h"

bool
vault_clock_is_even(struct vault_clock *c, int64_t wall_s, int64_t steady_ms)
{
	int64_t passed_s = (steady_ms - c->steady_ms) / 1000;
	int64_t off_s = wall_s - c->wall_s - passed_s;

	if (!c->seen || off_s > VAULT_UNEVEN_S || off_s < -VAULT_UNEVEN_S) {
		*c = (struct vault_clock){
			.seen = true, .wall_s = wall_s, .steady_ms = steady_ms
		};
		return false;
	}
	return passed_s >= VAULT_EVEN_S;
}
