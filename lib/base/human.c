/* SPDX-License-Identifier: ISC */
#include "base/human.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { RATIO_MAX = 1000000 };

void
human_size(uint64_t bytes, char out[static HUMAN_SIZE])
{
	static const char *const unit[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB",
		"EiB" };
	double v = (double)bytes;
	size_t i = 0;

	while (v >= 999.5 && i < sizeof(unit) / sizeof(unit[0]) - 1) {
		v /= 1024;
		i++;
	}
	if (i == 0)
		(void)snprintf(out, HUMAN_SIZE, "%.0f B", v);
	else
		(void)snprintf(out, HUMAN_SIZE, "%.*f %s",
		    v < 9.995       ? 2
		        : v < 99.95 ? 1
		                    : 0,
		    v, unit[i]);
}

void
human_time(uint64_t seconds, char out[static HUMAN_SIZE])
{
	unsigned long long s = seconds, h = s / 3600, d = h / 24;

	if (s < 3600)
		(void)snprintf(out, HUMAN_SIZE, "%llu:%02llu", s / 60, s % 60);
	else if (h < 48)
		(void)snprintf(out, HUMAN_SIZE, "%lluh%02llu", h, s / 60 % 60);
	else if (d < 1000)
		(void)snprintf(out, HUMAN_SIZE, "%llud%02lluh", d, h % 24);
	else
		(void)snprintf(out, HUMAN_SIZE, "ages");
}

void
human_span(uint64_t ms, char out[static HUMAN_SIZE])
{
	if (ms < 9950)
		(void)snprintf(out, HUMAN_SIZE, "%.1f s", (double)ms / 1000);
	else
		human_time((ms + 500) / 1000, out);
}

/*
 * Digits, then at most one letter of units; the letter's place in units picks the factor.
 */
static enum rc
get_scaled(const char *text, const char *units, const uint64_t *factor, uint64_t max,
    uint64_t *out)
{
	size_t n = strspn(text, "0123456789");
	uint64_t v, scale = 1;
	const char *unit;
	enum rc rc;

	if (text[n] != '\0') {
		unit = strchr(units, text[n]);
		if (unit == NULL || text[n + 1] != '\0')
			return RC_BAD;
		scale = factor[unit - units];
	}
	rc = text_u64(bytes_of(text, n), max, &v);
	if (rc != RC_OK)
		return rc;
	if (v > max / scale)
		return RC_BIG;
	*out = v * scale;
	return RC_OK;
}

enum rc
human_get_size(const char *text, uint64_t *bytes)
{
	enum { K = 10, M = 20, G = 30, T = 40 };
	static const uint64_t factor[] = {
		UINT64_C(1) << K,
		UINT64_C(1) << K,
		UINT64_C(1) << M,
		UINT64_C(1) << M,
		UINT64_C(1) << G,
		UINT64_C(1) << G,
		UINT64_C(1) << T,
		UINT64_C(1) << T,
	};

	return get_scaled(text, "KkMmGgTt", factor, UINT64_C(1) << 60, bytes);
}

enum rc
human_get_time(const char *text, uint64_t *seconds)
{
	static const uint64_t factor[] = { 1, 60, 3600, 86400 };

	return get_scaled(text, "smhd", factor, UINT64_C(3650) * 86400, seconds);
}

enum rc
human_get_ratio(const char *text, uint64_t *thousandths)
{
	const char *point = strchr(text, '.');
	size_t n = point == NULL ? strlen(text) : (size_t)(point - text);
	size_t behind = point == NULL ? 0 : strlen(point + 1);
	uint64_t whole, part = 0;
	enum rc rc = text_u64(bytes_of(text, n), RATIO_MAX, &whole);

	if (rc != RC_OK)
		return rc;
	if (point != NULL &&
	    (behind > 3 || text_u64(bytes_str(point + 1), 999, &part) != RC_OK))
		return RC_BAD;
	for (size_t i = behind; i < 3; i++)
		part *= 10;
	*thousandths = whole * 1000 + part;
	return RC_OK;
}
