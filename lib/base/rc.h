/* SPDX-License-Identifier: ISC */
/* What a library call may answer, and the exit codes that every command shares. */
#ifndef BASE_RC_H
#define BASE_RC_H

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

enum rc {
	RC_OK,
	RC_MORE, /* not yet: more input, or another call, is needed */
	RC_END,  /* orderly end of input, or nothing left */
	RC_BAD,  /* malformed, or against the rules */
	RC_BIG,  /* over a named limit */
	RC_NONE, /* no such thing */
	RC_BUSY, /* somebody else holds it */
	RC_MEM,  /* out of memory */
	RC_SYS,  /* the system refused; errno says why */
};

/* Exit codes are interface: every man page lists them. */
enum {
	CODE_OK = 0,
	CODE_NO = 1, /* the answer is no: damaged, or refused by a person */
	CODE_USAGE = 2,
	CODE_DATA = 65,        /* malformed input */
	CODE_NOINPUT = 66,     /* no such input */
	CODE_UNAVAILABLE = 69, /* nothing answered */
	CODE_BUG = 70,         /* our bug, or out of memory */
	CODE_CANTCREAT = 73,   /* cannot create */
	CODE_IO = 74,          /* disk */
	CODE_TEMPFAIL = 75,    /* stalled or busy */
	CODE_PROTOCOL = 76,
	CODE_NOSESSION = 77, /* no session, expired or refused */
};

#endif
