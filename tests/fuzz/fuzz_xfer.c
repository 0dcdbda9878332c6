/* SPDX-License-Identifier: ISC */
/*
 * core/sender and core/receiver with core/xlink, core/xbook and codec/xfer. The input is
 * one byte, mode and flags, and then what happens, one thing a byte or a few:
 *
 * - MODE_RECEIVER, MODE_SENDER: one machine alone. Below 0x40: a forged message of that
 *   kind (& 15) whose fields are the next three bytes. Below 0x80: so many bytes (& 15,
 *   or all that are left) of the input, as they are. Else our side does something.
 * - MODE_PAIR: both machines, joined. Each byte is something that one of the users does,
 *   allowed or not, or some bytes that travel. Neither machine may ever call the other a
 *   liar, whatever its user tries.
 *
 * What a machine tells is held against a plain model of what it may. All is done twice,
 * with the bytes coming at once and one at a time: the events must be the same.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/receiver.h"
#include "core/sender.h"
#include "xmodel.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { MODE_RECEIVER, MODE_SENDER, MODE_PAIR, MODES };
enum { PLACE = 32, SILENT = 60000, MESSAGE = XFER_HEAD + XFER_BODY_MAX };

struct drive {
	struct sender s;
	struct receiver r;
	struct model ms, mr;
	const uint8_t *p; /* what is left of the input */
	size_t n;
	size_t step;
	int64_t now_ms;
	uint8_t place[PLACE], content[256];
	bool pair;
	uint64_t trace;
};

static const char *const paths[] = { "a", "d", "d/x", "d/y/z", "b", "a/b", ".x", "d/\xff",
	"..", "/a", "", "d//x", "dd/x", "c\n", ".ugat", "d/x/" };

static uint8_t
next(struct drive *d)
{
	if (d->n == 0)
		return 0;
	d->n--;
	return *d->p++;
}

/* Small numbers, and the few great ones that matter. */
static uint64_t
number(uint8_t byte)
{
	switch (byte) {
	case 255: return XFER_UNKNOWN;
	case 254: return XFER_NUMBER_MAX;
	case 253: return XFER_NUMBER_MAX + 1;
	case 252: return 1000 * 1000 * 1000;
	case 251: return UINT64_C(1) << 63;
	default: return byte;
	}
}

static void
trace(struct drive *d, uint64_t what)
{
	d->trace = (d->trace ^ what) * 0x100000001b3;
}

/* ---- the receiver's side */

static void
on_content(struct drive *d, const struct receiver_event *e)
{
	struct model *m = &d->mr;

	switch (e->kind) {
	case RECEIVER_BEGIN: model_begun(m, e->file, e->offset); return;
	case RECEIVER_DATA:
		model_due(m, e->file);
		insist(m->state[e->file] == OPEN && e->bytes > 0 && e->bytes <= PLACE);
		m->got += e->bytes;
		insist(m->got <= m->size[e->file]);
		return;
	case RECEIVER_END:
		model_due(m, e->file);
		insist(m->state[e->file] == OPEN && e->bytes == m->got);
		insist(m->size[e->file] == XFER_UNKNOWN || m->got == m->size[e->file]);
		m->state[e->file] = ENDED;
		return;
	case RECEIVER_FAIL:
		model_due(m, e->file);
		m->state[e->file] = SETTLED;
		return;
	default: abort();
	}
}

static void
on_offer(struct drive *d, const struct receiver_event *e)
{
	struct model *m = &d->mr;

	if (e->kind == RECEIVER_OFFER) {
		insist(m->ready && m->items_left == 0 && e->items > 0);
		m->items_left = e->items;
		m->files = e->files;
		m->bytes = e->bytes;
		return;
	}
	insist(m->items_left > 0 && xfer_check_path(e->text, NULL) == RC_OK);
	insist(memchr(e->text.p, '/', e->text.n) == NULL);
	m->items_left--;
	insist((m->items_left == 0) == (e->kind == RECEIVER_DECIDE));
}

static void
on_receiver(struct drive *d, const struct receiver_event *e)
{
	struct model *m = &d->mr;

	if (e->kind == RECEIVER_MORE)
		return;
	if (e->kind != RECEIVER_DATA)
		trace(d,
		    (uint64_t)e->kind << 32 ^ e->file ^ e->bytes << 8 ^ e->offset << 16);
	insist(!m->bad && (!m->over || e->kind == RECEIVER_BAD));
	switch (e->kind) {
	case RECEIVER_READY:
		insist(!m->ready);
		m->ready = true;
		return;
	case RECEIVER_OFFER:
	case RECEIVER_ITEM:
	case RECEIVER_DECIDE: on_offer(d, e); return;
	case RECEIVER_FILE:
		insist(e->file == m->told && xfer_check_path(e->text, NULL) == RC_OK);
		insist(e->mode <= 0777 && e->mtime_ns < 1000 * 1000 * 1000);
		model_told(m, e->bytes);
		return;
	case RECEIVER_BUSY: return;
	case RECEIVER_BYE:
		insist(!m->bye && e->files == m->told && m->decided);
		insist(first_of(m, 0, OPEN) == m->told);
		m->bye = true;
		break;
	case RECEIVER_ERROR: insist(e->code > 0); break;
	case RECEIVER_BAD:
		insist(e->why != NULL && !d->pair);
		m->bad = true;
		break;
	default: on_content(d, e);
	}
	m->over = d->r.state == RECEIVER_OVER;
	insist(m->over || e->kind != RECEIVER_ERROR);
}

static void
act_receiver(struct drive *d, unsigned what, unsigned how)
{
	const struct bytes words = bytes_str(how % 2 == 0 ? "" : "words");
	struct model *m = &d->mr;
	struct receiver_take take = { .offset = number(next(d)) };
	uint64_t oldest = first_of(m, 0, ENDED);
	bool was_over = m->over;

	take.only = how % 2 != 0;
	take.hash = take.offset > 0 ? d->content : NULL;
	switch (what) {
	case 0:
		if (receiver_answer(&d->r, how == 7 ? XFER_NO : XFER_YES, words) ==
		    RC_OK) {
			insist(m->ready && m->items_left == 0 && !m->decided);
			m->decided = true;
		}
		break;
	case 1:
		if (receiver_take(&d->r, &take) == RC_OK)
			model_answered(m, true, take.offset);
		break;
	case 2:
		if (receiver_skip(
		        &d->r, how < 4 ? (enum xfer_answer)how : XFER_NO, words) == RC_OK)
			model_answered(m, false, 0);
		break;
	case 3:
		if (receiver_stored(&d->r, how < 5 ? (enum xfer_answer)how : XFER_YES,
		        words) == RC_OK)
			model_stored(m, oldest);
		break;
	default:
		if (how == 7)
			(void)!receiver_error(&d->r, 74, words);
	}
	m->over = d->r.state == RECEIVER_OVER;
	if (m->over && !was_over && m->bye && what <= 3) /* its own BYE is said */
		insist(first_of(m, 0, ENDED) == m->told);
}

/* The next of *n bytes at *p go into the link's own room, as many as one step brings. */
static size_t
into(struct drive *d, struct xlink *l, const uint8_t **p, size_t *n)
{
	struct xlink_room room = xlink_room(l, (struct xlink_room){ d->place, PLACE });
	size_t some = room.n < *n ? room.n : *n;

	some = some < d->step ? some : d->step;
	insist(some > 0);
	memcpy(room.p, *p, some);
	*p += some;
	*n -= some;
	return some;
}

static void
to_receiver(struct drive *d, const uint8_t *p, size_t n)
{
	while (n > 0 && !d->mr.bad) {
		size_t some = into(d, &d->r.link, &p, &n);
		struct receiver_event e;

		receiver_commit(&d->r, some, d->now_ms, &e);
		on_receiver(d, &e);
	}
}

/* ---- the sender's side */

static void
on_sender(struct drive *d, const struct sender_event *e)
{
	struct model *m = &d->ms;

	if (e->kind == SENDER_MORE)
		return;
	trace(d, (uint64_t)e->kind << 40 ^ e->file ^ e->offset << 8);
	insist(!m->bad && (!m->over || e->kind == SENDER_BAD));
	switch (e->kind) {
	case SENDER_READY:
		insist(!m->ready);
		m->ready = true;
		break;
	case SENDER_YES:
		insist(m->ready && !m->decided);
		m->decided = true;
		break;
	case SENDER_TAKE:
		insist(e->file == m->answered);
		model_answered(m, true, e->offset);
		break;
	case SENDER_SKIP:
		insist(e->file == m->answered && e->answer != XFER_YES);
		model_answered(m, false, 0);
		break;
	case SENDER_STORED: model_stored(m, e->file); break;
	case SENDER_DONE: insist(m->bye && first_of(m, 0, ENDED) == m->told); break;
	case SENDER_BAD:
		insist(e->why != NULL && !d->pair);
		m->bad = true;
		break;
	default: break;
	}
	m->over = d->s.state == SENDER_OVER;
	insist(xbook_is_idle(&d->s.book) == (first_of(m, 0, ENDED) == m->told));
}

static void
to_sender(struct drive *d, const uint8_t *p, size_t n)
{
	while (n > 0 && !d->ms.bad) {
		size_t some = into(d, &d->s.link, &p, &n);
		struct sender_event e;

		sender_commit(&d->s, some, d->now_ms, &e);
		on_sender(d, &e);
	}
}

/* Before SENDER_YES: the offer. */
static void
act_offer(struct drive *d, unsigned how)
{
	struct model *m = &d->ms;
	uint64_t files = number(next(d)), bytes = number(next(d));

	if (how > 3 && sender_offer(&d->s, how - 3, files, bytes) == RC_OK) {
		insist(m->ready);
		m->files = files;
		m->bytes = bytes;
	} else if (how <= 3) {
		(void)!sender_item(
		    &d->s, how % 2 != 0, files, bytes, bytes_str(paths[how]));
	}
}

static void
act_file(struct drive *d, unsigned how)
{
	const struct sender_told f = {
		.path = bytes_str(paths[how]), .size = number(next(d)), .mode = 0644
	};
	const char *why = NULL;
	enum rc rc;

	if (d->ms.told == FILES)
		return;
	rc = sender_file(&d->s, &f, how == 0 ? NULL : &why);
	if (rc == RC_OK)
		model_told(&d->ms, f.size);
	insist(rc != RC_BAD || why != NULL || how == 0 || d->s.state != SENDER_SENDING);
}

static void
act_content(struct drive *d, unsigned what, unsigned how)
{
	struct model *m = &d->ms;
	struct bytes data = bytes_of(d->content, how * how);
	uint64_t file = first_of(m, 0, OPEN), offset;

	if (xbook_has_next(&d->s.book))
		model_due(m, d->s.book.begun);
	switch (what) {
	case 2:
		offset = how < 8 ? 0 : file < m->told ? m->offset[file] : how;
		if (sender_begin(&d->s, offset) == RC_OK)
			model_begun(m, file, offset);
		return;
	case 3:
		if (sender_data(&d->s, data) == RC_OK) {
			insist(m->state[file] == OPEN && data.n > 0);
			m->got += data.n;
			insist(m->got <= m->size[file]);
		}
		return;
	case 4:
		if (sender_end(&d->s, d->s.book.no_hash ? NULL : d->content) == RC_OK) {
			insist(m->state[file] == OPEN);
			insist(m->size[file] == XFER_UNKNOWN || m->got == m->size[file]);
			m->state[file] = ENDED;
		}
		return;
	default:
		if (sender_fail(&d->s, how < 4 ? XFER_CHANGED : XFER_DIFFERS,
		        bytes_str("why")) == RC_OK) {
			model_due(m, file);
			m->state[file] = SETTLED;
		}
	}
}

static void
act_sender(struct drive *d, unsigned what, unsigned how)
{
	switch (what) {
	case 0: act_offer(d, how); break;
	case 1: act_file(d, how); break;
	case 6:
		if (sender_bye(&d->s, 0) == RC_OK)
			d->ms.bye = true;
		break;
	case 7:
		if (how == 15)
			(void)!sender_error(&d->s, 74, bytes_str("full"));
		break;
	default: act_content(d, what, how);
	}
	d->ms.over = d->s.state == SENDER_OVER;
}

/* ---- what happens */

/* Time goes on; nobody may be called gone, stalled or slow before it is so. */
static void
wait(struct drive *d, struct xlink *l, unsigned how)
{
	int64_t due = xlink_deadline(l);

	if (how % 2 == 0 && due != XLINK_NEVER && due > d->now_ms)
		d->now_ms = due;
	else
		d->now_ms += how * 100;
	xlink_set_deaf(l, how % 4 == 3, d->now_ms);
	xlink_set_work(l, how, how / 2);
	if (xlink_tick(l, d->now_ms) != RC_OK)
		insist(d->now_ms - l->heard_ms >= SILENT ||
		    d->now_ms - l->moved_ms >= XLINK_IDLE_MS ||
		    d->now_ms - l->spoke_ms >= XLINK_IDLE_MS ||
		    (l->n > 0 && d->now_ms - l->began_ms >= XLINK_SLOW_MS) ||
		    (l->in_body && d->now_ms - l->began_ms >= XLINK_SLOW_MS) ||
		    d->now_ms >= l->limit_ms);
	insist(l->out.n <= XLINK_OUTPUT_MAX + 2 * MESSAGE);
}

/* At most n bytes of output are sent, to nobody or to the other machine. */
static void
travel(struct drive *d, struct xlink *l, size_t n)
{
	while (n > 0) {
		uint8_t bytes[256];
		struct bytes b = xlink_output(l);
		size_t some = b.n < n ? b.n : n;

		if (some == 0)
			return;
		some = some < sizeof(bytes) ? some : sizeof(bytes);
		memcpy(bytes, b.p, some);
		xlink_sent(l, some, d->now_ms);
		n -= some;
		if (d->pair && l == &d->s.link)
			to_receiver(d, bytes, some);
		else if (d->pair)
			to_sender(d, bytes, some);
	}
}

static size_t
forge(struct drive *d, unsigned kind, uint8_t out[static MESSAGE])
{
	uint8_t a = next(d), b = next(d), c = next(d);
	struct xfer_message m = { .kind = (enum xfer_kind)kind,
		.role = (enum xfer_role)(a & 3),
		.flags = b & 3,
		.code = a & 7,
		.items = a & 15,
		.files = number(b),
		.bytes = number(c),
		.offset = number(c),
		.done = number(b),
		.total = number(c),
		.mode = (uint16_t)(b * 2),
		.mtime_s = a,
		.mtime_ns = b,
		.text = bytes_str(paths[a % 16]) };

	if (kind == XFER_BYE || kind == XFER_END || kind == XFER_BEGIN)
		m.files = m.bytes = m.offset = number(a);
	if (kind == XFER_DATA)
		m.bytes = a;
	if (kind == XFER_ITEM)
		m.text = bytes_str(paths[a / 8 % 16]);
	if (kind < XFER_HELLO || kind > XFER_ERROR)
		return 0;
	xfer_put(&m, out);
	if (kind == XFER_DATA)
		memset(out + XFER_HEAD, 'x', a);
	return XFER_HEAD + ((size_t)out[1] << 16 | (size_t)out[2] << 8 | out[3]);
}

static void
one_alone(struct drive *d, bool sender)
{
	uint8_t op = next(d), bytes[MESSAGE];
	struct xlink *l = sender ? &d->s.link : &d->r.link;
	size_t n = op & 15;

	if (op < 0x80) {
		if (op < 0x40) {
			n = forge(d, op & 15, bytes);
		} else {
			n = n < 15 && n < d->n ? n : d->n;
			n = n < sizeof(bytes) ? n : sizeof(bytes);
			memcpy(bytes, d->p, n);
			d->p += n;
			d->n -= n;
		}
		if (sender)
			to_sender(d, bytes, n);
		else
			to_receiver(d, bytes, n);
	} else if (op >= 0xf0) {
		wait(d, l, op & 15);
		travel(d, l, next(d));
	} else if (sender) {
		act_sender(d, op >> 4 & 7, op & 15);
	} else {
		act_receiver(d, op >> 4 & 7, op & 7);
	}
}

static void
one_of_both(struct drive *d)
{
	uint8_t op = next(d);

	switch (op >> 4) {
	case 8:
	case 9:
	case 10:
	case 11: act_receiver(d, op >> 4 & 3, op & 7); break;
	case 12: travel(d, &d->s.link, op & 15); break;
	case 13: travel(d, &d->r.link, op & 15); break;
	case 14:
		wait(d, op % 2 == 0 ? &d->s.link : &d->r.link, op & 15);
		if (op == 0xef)
			act_receiver(d, 4, 7);
		break;
	case 15:
		travel(d, &d->s.link, SIZE_MAX);
		travel(d, &d->r.link, SIZE_MAX);
		break;
	default: act_sender(d, op >> 4, op & 15);
	}
}

static uint64_t
drive(const uint8_t *p, size_t n, size_t step)
{
	struct drive *d = calloc(1, sizeof(*d));
	unsigned mode = (p[0] & 15) % MODES;
	uint64_t seen;

	insist(d != NULL);
	d->p = p + 1;
	d->n = n - 1;
	d->step = step;
	d->pair = mode == MODE_PAIR;
	insist(sender_init(&d->s, (p[0] & 16) != 0, SILENT, 0) == RC_OK);
	insist(receiver_init(&d->r, SILENT, 0) == RC_OK);
	while (d->n > 0 && d->mr.told < FILES - 1 && d->ms.told < FILES - 1) {
		if (d->pair)
			one_of_both(d);
		else
			one_alone(d, mode == MODE_SENDER);
	}
	seen = d->trace;
	sender_clear(&d->s);
	receiver_clear(&d->r);
	free(d);
	return seen;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n > 0)
		insist(drive(p, n, SIZE_MAX) == drive(p, n, 1));
	return 0;
}
