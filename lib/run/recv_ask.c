/* SPDX-License-Identifier: ISC */
/*
 * Whether an offer is wanted: NAME says so, or -u, -y or USER@, or a person. A name that
 * begins with a dot may change what a home does (.bashrc, .ssh), so nobody gets one who
 * has not seen it.
 */
#include <stdio.h>
#include <string.h>

#include "base/human.h"
#include "base/text.h"
#include "run/recv_parts.h"

enum {
	NAME_ROOM = 160,
	STRANGE_ROOM = 200,
	WHERE_ROOM = 512,
	WHO_ROOM = TALK_WHO + USER_TEXT + PIN_TEXT + 32
};

static bool
is_named(const struct recv *r, struct bytes name)
{
	for (size_t i = 0; i < r->o->n_names; i++)
		if (bytes_is(name, r->o->names[i]))
			return true;
	return false;
}

/* Whether the options have decided, without a person. */
static bool
is_decided(const struct recv *r)
{
	const struct xfer_options *x = &r->o->x;

	return x->yes || x->n_users > 0 || r->o->n_names > 0 ||
	    (x->calls && x->user[0] != '\0');
}

bool
recv_wants(const struct recv *r, struct bytes name)
{
	if (r->o->n_names > 0)
		return is_named(r, name);
	return name.p[0] != '.' || !is_decided(r) || r->o->file != NULL;
}

static void
leave_out(struct recv *r, const struct receiver_event *e)
{
	if (r->unwanted++ == 0)
		(void)snprintf(r->strange, sizeof(r->strange), "%.*s", (int)e->text.n,
		    (const char *)e->text.p);
	r->report.total_files -= e->files;
	if (r->report.total_bytes != XFER_UNKNOWN && e->bytes != XFER_UNKNOWN)
		r->report.total_bytes -= e->bytes;
}

/* One line of the question. What does not fit is left out. */
static void
list_item(struct recv *r, const struct receiver_event *e)
{
	char name[NAME_ROOM], size[HUMAN_SIZE];
	enum rc rc = RC_OK;

	(void)text_name(e->text, name, sizeof(name));
	human_size(e->bytes, size);
	if (e->is_directory)
		rc = buf_printf(&r->list, "  %s/  %llu file%s, %s\n", name,
		    (unsigned long long)e->files, e->files == 1 ? "" : "s", size);
	else
		rc = buf_printf(&r->list, "  %s  %s\n", name,
		    e->bytes == XFER_UNKNOWN ? "of unknown size" : size);
	if (rc != RC_OK)
		r->list.max = r->list.n;
	else
		r->listed++;
	r->hides = r->hides || (rc != RC_OK && e->text.p[0] == '.');
}

void
recv_take_item(struct recv *r, const struct receiver_event *e)
{
	if (!recv_wants(r, e->text))
		leave_out(r, e);
	else
		r->has_directory = r->has_directory || e->is_directory;
	if (r->items++ == r->unwanted)
		(void)snprintf(r->report.name, sizeof(r->report.name), "%.*s",
		    (int)e->text.n, (const char *)e->text.p);
	/* Of many, all that hide are shown: no other name needs a look as much. */
	if (r->items <= RECV_SHOWN || e->text.p[0] == '.')
		list_item(r, e);
}

static void
refuse(struct recv *r, const char *theirs, const char *ours)
{
	if (receiver_answer(&r->machine, XFER_NO, bytes_str(theirs)) != RC_OK) {
		talk_fail(&r->talk, CODE_BUG, "the offer cannot be answered");
		return;
	}
	(void)outcome_fail(r->end, CODE_NO, "%s: %s", r->talk.who, ours);
	talk_finish(&r->talk);
}

static void
take_offer(struct recv *r)
{
	r->report.state = AUDIENCE_RECEIVING;
	r->talk.begun = true;
	if (receiver_answer(&r->machine, XFER_YES, bytes_str("")) != RC_OK)
		talk_fail(&r->talk, CODE_BUG, "the offer cannot be answered");
	talk_pump(&r->talk);
}

static void
on_answer(void *ctx, bool yes)
{
	struct recv *r = ctx;

	r->asking = false;
	if (!talk_lives(&r->talk))
		return;
	if (yes)
		take_offer(r);
	else
		refuse(r, "does not want it", "refused");
	talk_pump(&r->talk);
}

/* "ops (192.0.2.1)", and the authority, if it is not our own. */
static void
say_who(const struct recv *r, char *out, size_t size)
{
	const char *pin = r->talk.foreign;

	(void)snprintf(out, size, "%.*s (%s%s%s)", USER_MAX, r->talk.who,
	    r->ground->place, pin[0] != '\0' ? ", by the authority " : "", pin);
}

static void
ask(struct recv *r)
{
	const struct audience *a = r->ground->audience;
	char words[RECV_QUESTION], who[WHO_ROOM], what[NAME_ROOM], where[WHERE_ROOM],
	    size[HUMAN_SIZE], more[64] = "";

	say_who(r, who, sizeof(who));
	(void)text_printable(
	    bytes_str(r->o->file == NULL ? r->o->dir : r->o->file), where, sizeof(where));
	human_size(r->report.total_bytes, size);
	if (r->report.total_bytes == XFER_UNKNOWN)
		(void)snprintf(size, sizeof(size), "unknown size");
	(void)snprintf(what, sizeof(what), "%llu file%s, %s",
	    (unsigned long long)r->report.total_files,
	    r->report.total_files == 1 ? "" : "s", size);
	if (r->items > r->listed)
		(void)snprintf(more, sizeof(more), "  and %u more%s\n",
		    r->items - r->listed,
		    r->hides ? ", some with a dot before their name" : "");
	(void)snprintf(words, sizeof(words), "%s offers %s, for %s:\n%.*s%sTake it?", who,
	    what, where, (int)r->list.n, r->list.n == 0 ? "" : (const char *)r->list.p,
	    more);
	r->asking = true;
	a->ask(a->ctx, words, on_answer, r);
}

/* Why the first unwanted item is, in words for both sides. */
static void
say_strange(const struct recv *r, char ours[static XFER_WORDS_MAX],
    char theirs[static XFER_WORDS_MAX])
{
	bool named = r->o->n_names > 0;
	char name[STRANGE_ROOM];

	(void)text_name(bytes_str(r->strange), name, sizeof(name));
	(void)snprintf(ours, XFER_WORDS_MAX, "offers %s%s", name,
	    named
	        ? ": not asked for"
	        : ", which may change what programs do: refused: ask for it by its name");
	(void)snprintf(theirs, XFER_WORDS_MAX,
	    named ? "did not ask for %s"
	          : "takes nothing that begins with a dot, here %s, unless its name is "
	            "asked for",
	    name);
}

/* Whether it is asked for at all. What is not, of several items, is left out. */
static bool
fits(struct recv *r)
{
	const struct audience *a = r->ground->audience;
	char ours[XFER_WORDS_MAX], theirs[XFER_WORDS_MAX], words[OUTCOME_WORDS];

	if (r->unwanted > 0)
		say_strange(r, ours, theirs);
	if (r->unwanted == r->items) {
		refuse(r, theirs, ours);
		return false;
	}
	if (r->o->file != NULL && (r->has_directory || r->report.total_files != 1)) {
		refuse(r, "wants exactly one file", "offers more than one file: refused");
		return false;
	}
	if (r->unwanted > 0) {
		(void)snprintf(words, sizeof(words), "%s: %s%s", r->talk.who, ours,
		    r->unwanted > 1 ? ", and more such" : "");
		a->say(a->ctx, words);
	}
	return true;
}

void
recv_decide(struct recv *r)
{
	const struct audience *a = r->ground->audience;

	if (!fits(r))
		return;
	if (!a->claim(a->ctx))
		talk_refuse(&r->talk, CODE_TEMPFAIL, "is busy with somebody else",
		    "%s: turned away: another one was first", r->talk.who);
	else if (is_decided(r))
		take_offer(r);
	else
		ask(r);
}
