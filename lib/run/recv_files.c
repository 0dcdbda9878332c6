/* SPDX-License-Identifier: ISC */
/*
 * What becomes of each file that was told: what the worker has found of it and made of it
 * is said to the sender, and to those who wait for it here.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "run/recv_parts.h"

enum { THEIR_NAME = 400 };

/* Where a path of the other side really is, from the current directory; no option. */
static void
place_of(const struct recv *r, const char *path, char out[static RECV_PATH])
{
	const char *dir = r->o->dir, *slash = "/";
	size_t n = strlen(dir);

	if (r->o->file != NULL)
		path = strcmp(r->o->file, "-") == 0 ? "standard output" : r->o->file;
	if (r->o->file != NULL || strcmp(dir, ".") == 0)
		dir = slash = "";
	else if (n > 0 && dir[n - 1] == '/')
		slash = "";
	(void)snprintf(out, RECV_PATH, "%s%s%s%s",
	    (*dir == '\0' ? path : dir)[0] == '-' ? "./" : "", dir, slash, path);
}

/* Where f is, for people. */
static void
show(const struct recv *r, const struct recv_file *f, char out[static RECV_PATH])
{
	char path[RECV_PATH];

	place_of(r, f->box.path, path);
	(void)text_name(bytes_str(path), out, RECV_PATH);
}

static void
forget(struct recv *r, struct recv_file *f)
{
	TAILQ_REMOVE(&r->files, f, link);
	free(f);
	recv_check_end(r);
	talk_pump(&r->talk);
}

static void
forget_bytes(struct recv *r, const struct recv_file *f, uint64_t came)
{
	if (r->report.total_bytes != XFER_UNKNOWN && f->box.size != XFER_UNKNOWN)
		r->report.total_bytes -= f->box.size - came;
}

/* Failures. */

/* What to do about a disk, or whatever it is, that takes no more; NULL: it may. */
static const char *
disk_remedy(const struct recv *r, int err)
{
	switch (err) {
	case ENOSPC:
	case EDQUOT:
		return inbox_is_device(r->inbox)
		    ? "it is a device: give a file"
		    : "make room, then run the same two commands again";
	case EFBIG: return "no file may be so large there: give another place";
	case EROFS: return "nothing can be written there: give another place";
	case EIO: return "look after that disk, or give another place";
	default: return NULL;
	}
}

static void
reader_gone(struct recv *r)
{
	if (r->end->signal == 0 && talk_lives(&r->talk))
		r->end->signal = SIGPIPE;
	talk_refuse(&r->talk, CODE_IO, "cannot go on: nobody reads what it writes",
	    "standard output: %s", strerror(EPIPE));
}

bool
recv_disk_failed(struct recv *r, const struct recv_file *f, enum rc rc, int err)
{
	const char *remedy = disk_remedy(r, err);
	char path[RECV_PATH];

	if (rc != RC_SYS && rc != RC_MEM)
		return false;
	show(r, f, path);
	if (rc == RC_MEM)
		talk_fail(&r->talk, CODE_BUG, "%s: out of memory", path);
	else if (err == EPIPE)
		reader_gone(r);
	else if (remedy != NULL)
		talk_fail(&r->talk, CODE_IO, "%s: %s: %s", path, strerror(err), remedy);
	else
		return false;
	return true;
}

const char recv_exists[] =
    "exists already and is another: move it away, or receive with -f";

static const char *
why_system(int err)
{
	switch (err) {
	case ENOTDIR: return "a file is in the way of its directory: move it away";
	case ELOOP: return "a symbolic link is in the way: move it away";
	case ENOENT:
		return "its part or directory was removed while it came: send it again";
	default: return strerror(err);
	}
}

/* Why a file cannot be had, in words that fit behind its path on both sides. */
static const char *
why_not(const struct recv_file *f, int *code)
{
	*code = CODE_CANTCREAT;
	switch (f->rc) {
	case RC_SYS: return why_system(f->err);
	case RC_BAD: return "its part is another user's, or is no file";
	case RC_BIG: *code = CODE_PROTOCOL; return "is longer than was said";
	default: *code = CODE_BUG; return "cannot be written";
	}
}

void
recv_failed(struct recv *r, const struct recv_file *f, int code, const char *words)
{
	char path[RECV_PATH];

	show(r, f, path);
	xfer_report_failed(&r->report, code, "%s: %s", path, words);
}

/*
 * An earlier session has not ended yet, of a cable that was pulled, say. The sender is to
 * try all of it again, as after any other session that broke off.
 */
static void
occupied(struct recv *r, const struct recv_file *f)
{
	static const char words[] =
	    "an earlier session is still at work on it: try again";
	char path[RECV_PATH], theirs[OUTCOME_WORDS], name[THEIR_NAME];

	show(r, f, path);
	(void)text_name(bytes_str(f->box.path), name, sizeof(name));
	(void)snprintf(theirs, sizeof(theirs), "%s: %s", name, words);
	talk_refuse(&r->talk, CODE_TEMPFAIL, theirs, "%s: %s", path, words);
}

/* What the worker has found. */

static void
skip(struct recv *r, struct recv_file *f, enum xfer_answer answer, int code,
    const char *words)
{
	recv_said(r, receiver_skip(&r->machine, answer, bytes_str(words)));
	recv_failed(r, f, code, words);
	forget_bytes(r, f, 0);
	forget(r, f);
}

static void
take(struct recv *r, struct recv_file *f)
{
	bool there = f->found == INBOX_WHOLE;
	struct receiver_take t = { .offset = f->held,
		.hash = f->held > 0 ? f->hash : NULL,
		/* With -k another content gets another name, with -f the place. */
		.only = there && !r->o->keep && !r->o->force };

	if (f->found == INBOX_NOTHING) {
		t.offset = 0;
		t.hash = NULL;
	}
	f->answered = true;
	recv_said(r, receiver_take(&r->machine, &t));
	talk_pump(&r->talk);
}

void
recv_looked(struct recv *r, struct recv_file *f)
{
	const char *words;
	int code;

	if (!talk_lives(&r->talk))
		return;
	if (f->unwanted) {
		recv_said(r,
		    receiver_skip(&r->machine, XFER_NO, bytes_str("was not asked for")));
		r->left++;
		forget(r, f);
	} else if (f->rc == RC_BUSY) {
		occupied(r, f);
	} else if (f->rc != RC_OK && f->rc != RC_END) {
		if (recv_disk_failed(r, f, f->rc, f->err))
			return;
		words = why_not(f, &code);
		skip(r, f, XFER_CANNOT, code, words);
	} else if (f->found == INBOX_OTHER) {
		skip(r, f, XFER_EXISTS, CODE_CANTCREAT, recv_exists);
	} else if (f->found == INBOX_LOCKED) {
		occupied(r, f);
	} else {
		take(r, f);
	}
}

static void
tell_done(struct recv *r, const struct recv_file *f)
{
	const struct audience *a = r->ground->audience;
	char path[RECV_PATH];
	struct audience_done done = { .size = f->size,
		.from = r->talk.who,
		.authority = r->talk.foreign,
		.has_sha256 = !r->no_hash };

	if (inbox_is_stream(r->inbox) && strcmp(r->o->file, "-") == 0)
		return;
	place_of(r, f->box.path, path);
	done.path = bytes_str(path);
	memcpy(done.sha256, f->hash, sizeof(done.sha256));
	a->done(a->ctx, &done);
}

void
recv_stored(struct recv *r, struct recv_file *f)
{
	enum xfer_answer answer = XFER_CANNOT;
	const char *words = "";
	int code = CODE_CANTCREAT;

	if (f->rc == RC_OK) {
		tell_done(r, f);
		r->report.files++;
	}
	if (!talk_lives(&r->talk))
		return;
	if (f->rc == RC_OK) {
		recv_said(r, receiver_stored(&r->machine, XFER_YES, bytes_str("")));
		forget(r, f);
		return;
	}
	if (recv_disk_failed(r, f, f->rc, f->err))
		return;
	if (f->begun && f->rc == RC_BAD) {
		answer = XFER_DAMAGED;
		words = "came with another content than its hash says: send it again";
		code = CODE_PROTOCOL;
	} else if (f->begun && f->rc == RC_BUSY) {
		answer = XFER_EXISTS;
		words = recv_exists;
	} else if (f->rc == RC_BUSY) {
		occupied(r, f);
		return;
	} else {
		words = why_not(f, &code);
	}
	recv_said(r, receiver_stored(&r->machine, answer, bytes_str(words)));
	recv_failed(r, f, code, words);
	forget(r, f);
}

void
recv_dropped(struct recv *r, struct recv_file *f)
{
	if (talk_lives(&r->talk))
		forget(r, f);
}
