/* SPDX-License-Identifier: ISC */
/* The name of a user: ^[a-z][a-z0-9_-]{0,31}$ . */
#ifndef BASE_USER_H
#define BASE_USER_H

#include <stdbool.h>

#include "base/bytes.h"

enum { USER_MAX = 32, USER_TEXT = USER_MAX + 1 }; /* bytes; with its NUL */

/* Whether it is a user's name. */
bool user_is_name(struct bytes text);

/*
 * The nearest user's name to any text (a login name, say): upper case becomes lower,
 * every other byte that may not stand there '_', a first byte that is no letter gets "u"
 * in front; cut to USER_MAX; "user" where nothing is left.
 */
void user_from(struct bytes text, char out[static USER_TEXT]);

#endif
