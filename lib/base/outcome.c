/* SPDX-License-Identifier: ISC */
#include "base/outcome.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

int
outcome_fail(struct outcome *o, int code, const char *format, ...)
{
	char raw[OUTCOME_WORDS];
	va_list ap;

	if (o->code != CODE_OK)
		return o->code;
	va_start(ap, format);
	if (vsnprintf(raw, sizeof(raw), format, ap) < 0)
		raw[0] = '\0';
	va_end(ap);
	o->code = code;
	(void)text_printable(bytes_str(raw), o->words, sizeof(o->words));
	return code;
}
