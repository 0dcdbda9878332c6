/* SPDX-License-Identifier: ISC */
/*
 * A turn begins with the first reply and ends when the loop has handed out all that was
 * ready then: one fsync for many asks. It writes in one transaction, or, when any part of
 * it fails, not at all.
 */
#include "authd/vault_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "authd/log.h"

int64_t
vault_now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const char *
event_of(enum ask_kind kind)
{
	switch (kind) {
	case ASK_ENROLL: return "login";
	case ASK_REENROLL: return "renew";
	case ASK_REGISTER: return "register";
	case ASK_PASSWD: return "passwd";
	default: return NULL;
	}
}

struct reply *
reply_new(const struct ask *a)
{
	struct reply *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->id = a->id;
	r->source = a->source;
	r->event = event_of(a->kind);
	r->result = "ok";
	r->status = 200;
	buf_init(&r->der, VAULT_CERTS_MAX);
	return r;
}

void
reply_free(struct reply *r)
{
	if (r == NULL)
		return;
	buf_clear(&r->der);
	free(r);
}

void
reply_say(struct reply *r, uint16_t status, const char *result, const char *format, ...)
{
	va_list ap;
	int n;

	r->status = status;
	r->result = result;
	r->type = ANSWER_TEXT;
	buf_clear(&r->der);
	va_start(ap, format);
	n = vsnprintf(r->text, sizeof(r->text) - 1, format, ap);
	va_end(ap);
	if (n < 0)
		r->text[0] = '\0';
	n = (int)strlen(r->text);
	r->text[n] = '\n';
	r->text[n + 1] = '\0';
}

void
reply_trouble(struct reply *r, const struct db *db)
{
	reply_say(r, 503, "trouble",
	    "nothing was done: authd has trouble with its database: %s", db_why(db));
	r->retry_s = 10;
	r->depends = false;
}

void
reply_broken(struct reply *r)
{
	reply_say(
	    r, 503, "trouble", "nothing was done: authd is in trouble, see its log");
	r->retry_s = 10;
	r->depends = false;
}

void
turn_add(struct vault *v, struct reply *r)
{
	if (v->first == NULL && v->turn != NULL)
		loop_timer_set(v->turn, loop_now());
	r->next = NULL;
	*v->last = r;
	v->last = &r->next;
}

enum rc
turn_failed(struct vault *v)
{
	v->failed = true;
	return RC_SYS;
}

enum rc
turn_write(struct vault *v)
{
	if (v->failed)
		return RC_SYS;
	if (v->writing)
		return RC_OK;
	if (db_begin(v->db) != RC_OK)
		return turn_failed(v);
	v->writing = true;
	return RC_OK;
}

/* Failures are worth a line of their own in the transaction, but never a refusal. */
static void
save_limits(struct vault *v)
{
	struct limits_note n;
	unsigned at = 0;

	while (limits_changed(v->limits, &at, &n))
		if (turn_write(v) != RC_OK || db_save_note(v->db, &n) != RC_OK) {
			(void)turn_failed(v);
			return;
		}
}

static void
log_trouble(const struct vault *v)
{
	struct log_line l;

	log_begin(&l, "database");
	log_text(&l, "result", bytes_str("trouble"));
	log_text(&l, "why", bytes_str(db_why(v->db)));
	log_end(&l);
}

static void
log_reply(const struct reply *r)
{
	struct log_line l;

	if (r->event == NULL)
		return;
	log_begin(&l, r->event);
	if (r->user[0] != '\0')
		log_text(&l, "user", bytes_str(r->user));
	log_source(&l, &r->source);
	if (r->serial[0] != '\0')
		log_text(&l, "serial", bytes_str(r->serial));
	log_text(&l, "result", bytes_str(r->result));
	log_end(&l);
}

/* Where there is no room for an answer it is lost, and net's client tries again. */
static void
send_reply(struct vault *v, const struct reply *r)
{
	struct answer a = { .id = r->id,
		.status = r->status,
		.retry_s = r->retry_s,
		.type = r->type,
		.body =
		    r->type == ANSWER_TEXT ? bytes_str(r->text) : buf_bytes(&r->der) };

	if (r->shared != NULL)
		a.body = buf_bytes(r->shared);
	if (answer_put(&a, &v->out) == RC_OK)
		log_reply(r);
}

void
turn_end(struct vault *v)
{
	bool was_writing;

	if (v->counted || v->writing)
		save_limits(v);
	was_writing = v->writing;
	if (was_writing && !v->failed && db_commit(v->db) != RC_OK)
		v->failed = true;
	if (v->failed) {
		log_trouble(v);
		db_rollback(v->db);
	} else if (was_writing) {
		limits_saved(v->limits);
	}
	while (v->first != NULL) {
		struct reply *r = v->first;

		v->first = r->next;
		if (v->failed && r->depends) {
			r->serial[0] = '\0';
			reply_trouble(r, v->db);
		}
		send_reply(v, r);
		reply_free(r);
	}
	v->last = &v->first;
	v->held = 0;
	v->writing = v->failed = v->counted = false;
}
