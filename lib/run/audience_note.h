/* SPDX-License-Identifier: ISC */
/*
 * What a process of a session and its parent say to each other, over a pair of
 * SOCK_SEQPACKET sockets: one datagram a note. Both are the same program, so it is a
 * struct and a text behind it; the parent still believes no length and no number, for the
 * child has talked to strangers.
 */
#ifndef RUN_AUDIENCE_NOTE_H
#define RUN_AUDIENCE_NOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"
#include "base/user.h"
#include "crypto/hash.h"
#include "crypto/key.h"
#include "run/audience.h"

enum { NOTE_TEXT = 16 * 1024 };

enum note_kind {
	NOTE_SAY, /* text: words */
	NOTE_SUMMARY,
	NOTE_DONE,     /* text: a path; size, from, authority, has_sha256, sha256 */
	NOTE_PROGRESS, /* text: a name; progress, state */
	NOTE_MEET,     /* text: who; answered by YES or NO */
	NOTE_CLAIM,    /* answered the same */
	NOTE_ASK,      /* text: the question; later YES or NO */
	NOTE_HUSH,
	NOTE_FLUSH, /* answered at once */
	NOTE_END,   /* text: words; code, signal. Nothing follows */
	NOTE_KINDS,
	NOTE_YES = NOTE_KINDS, /* from the parent */
	NOTE_NO,
	NOTE_MUTE, /* unasked: nothing can be written any more */
};

struct note {
	enum note_kind kind;
	int code, signal;
	uint64_t size;
	bool has_sha256;
	uint8_t sha256[SHA256_SIZE];
	char from[USER_TEXT];
	char authority[PIN_TEXT];
	uint32_t state;
	struct progress progress; /* without its words */
};

/* A note with room for its text, which ends with a NUL behind n bytes. */
struct note_room {
	struct note note;
	size_t n;
	char text[NOTE_TEXT + 1];
};

/*
 * Send one; a text that is too long is cut. wait: until there is room; without it RC_MORE
 * says that there is none. RC_SYS: the other end is gone.
 */
enum rc note_send(int fd, const struct note *note, struct bytes text, bool wait) MUST_USE;

/*
 * Receive one, with wait or RC_MORE. RC_END: the other end is closed. RC_BAD: this is no
 * note. RC_SYS.
 */
enum rc note_receive(int fd, struct note_room *out, bool wait) MUST_USE;

#endif
