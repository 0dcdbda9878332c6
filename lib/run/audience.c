/* SPDX-License-Identifier: ISC */
#include "run/audience.h"

const char *
audience_word(enum audience_state state)
{
	static const char *const words[AUDIENCE_STATES] = {
		[AUDIENCE_WAITING] = "waiting",
		[AUDIENCE_COUNTING] = "counting",
		[AUDIENCE_CHECKING] = "checking",
		[AUDIENCE_SENDING] = "sending",
		[AUDIENCE_RECEIVING] = "receiving",
	};

	return words[state];
}
