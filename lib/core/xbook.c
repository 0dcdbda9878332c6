/* SPDX-License-Identifier: ISC */
/*
 * The rules:
 *
 * - The items that were offered are consumed from the front: a FILE belongs to the first
 *   item from the current one on that has its name and kind and still lacks files; those
 *   before it are over. So no item is looked at twice in a session that goes well.
 * - A file is settled when it is refused, failed or stored. Settled files leave the ring
 *   only at its front, so "under way" is one span of numbers on both sides.
 * - A file's state only grows: TOLD, then SETTLED or TAKEN; TAKEN, then ENDED or SETTLED;
 *   ENDED, then SETTLED.
 */
#include "core/xbook.h"

#include <stdlib.h>

enum { TOLD, TAKEN, ENDED, SETTLED };
enum { ITEM_HEAD = 1 + 8 + 8 + 1 }; /* kind, files, bytes, size of the name */

struct xbook_file {
	uint64_t size, offset;
	uint16_t path; /* bytes of its path, and one */
	uint8_t state;
	bool only;
};

enum rc
xbook_init(struct xbook *b)
{
	*b = (struct xbook){ .ring = NULL };
	buf_init(&b->names, XFER_ITEMS_BYTES + XFER_ITEMS_MAX * ITEM_HEAD);
	b->ring = calloc(XFER_AHEAD_MAX, sizeof(*b->ring));
	return b->ring == NULL ? RC_MEM : RC_OK;
}

void
xbook_clear(struct xbook *b)
{
	buf_clear(&b->names);
	free(b->ring);
	b->ring = NULL;
}

static bool
is_size(uint64_t bytes)
{
	return bytes <= XFER_NUMBER_MAX || bytes == XFER_UNKNOWN;
}

const char *
xbook_offer(struct xbook *b, uint32_t items, uint64_t files, uint64_t bytes)
{
	if (b->items > 0 || b->offered)
		return "offers twice";
	if (items == 0 || items > XFER_ITEMS_MAX || files > XFER_NUMBER_MAX ||
	    !is_size(bytes))
		return "offers nothing, or too much";
	b->items = items;
	b->files = files;
	b->bytes = bytes;
	return NULL;
}

/* The sums when one more item is in, the last one or not; why they are not right. */
static const char *
add_up(const struct xbook *b, const struct xbook_item *item)
{
	bool unknown = item->bytes == XFER_UNKNOWN;
	bool endless = b->endless || unknown;
	uint64_t bytes = unknown ? 0 : item->bytes;

	if (!is_size(item->bytes) || (unknown && item->is_directory))
		return "offers a directory of unknown size";
	if (!item->is_directory && item->files != 1)
		return "offers a file that is not one";
	if (item->files > b->files || (item->files != b->files && b->items == 1))
		return "offers a number of files that does not add up";
	if (b->bytes == XFER_UNKNOWN)
		return b->items > 1 || endless ? NULL
		                               : "offers an unknown size of nothing";
	if (unknown || bytes > b->bytes || (bytes != b->bytes && b->items == 1))
		return "offers a size that does not add up";
	return NULL;
}

static enum rc
add_item(struct buf *names, const struct xbook_item *item)
{
	uint8_t head[ITEM_HEAD], *at = head;
	enum rc rc = buf_room(names, ITEM_HEAD + item->name.n);

	if (rc != RC_OK)
		return rc;
	at = put_be(at, 1, item->is_directory);
	at = put_be(at, 8, item->files);
	at = put_be(at, 8, item->bytes);
	put_be(at, 1, item->name.n);
	rc = buf_add(names, head, sizeof(head));
	return rc != RC_OK ? rc : buf_add(names, item->name.p, item->name.n);
}

static size_t
get_item(struct bytes names, struct xbook_item *item)
{
	struct cur c = cur_over(names);
	size_t n;

	item->is_directory = cur_be(&c, 1) != 0;
	item->files = cur_be(&c, 8);
	item->bytes = cur_be(&c, 8);
	n = (size_t)cur_be(&c, 1);
	item->name = bytes_of(cur_take(&c, n), n);
	return ITEM_HEAD + n;
}

/* The first item is the current one, and nothing of it has come. */
static void
begin_items(struct xbook *b)
{
	struct xbook_item item;

	(void)get_item(buf_bytes(&b->names), &item);
	b->left = item.files;
	b->room = item.bytes;
	b->offered = true;
}

bool
xbook_has_names(const struct xbook *b, size_t name_bytes)
{
	return name_bytes < XFER_ITEMS_BYTES - b->name_bytes;
}

const char *
xbook_item(struct xbook *b, const struct xbook_item *item)
{
	const char *why;

	if (b->items == 0)
		return "lists more things than it offered";
	if (item->name.n == 0 || item->name.n > XFER_NAME_MAX)
		return "lists a thing without a name";
	why = add_up(b, item);
	if (why != NULL)
		return why;
	if (!xbook_has_names(b, item->name.n) || add_item(&b->names, item) != RC_OK)
		return "lists more names than there is room for";
	b->name_bytes += item->name.n + 1;
	b->files -= item->files;
	if (item->bytes == XFER_UNKNOWN)
		b->endless = true;
	else if (b->bytes != XFER_UNKNOWN)
		b->bytes -= item->bytes;
	if (--b->items == 0)
		begin_items(b);
	return NULL;
}

static bool
is_in(struct bytes path, const struct xbook_item *item)
{
	if (!item->is_directory)
		return bytes_eq(path, item->name);
	return path.n > item->name.n + 1 && path.p[item->name.n] == '/' &&
	    memcmp(path.p, item->name.p, item->name.n) == 0;
}

/* Why a file of that size is too much for an item that it is in, or NULL. */
static const char *
why_too_much(const struct xbook_item *item, uint64_t size)
{
	if (item->files == 0)
		return "sends more files than it offered";
	if ((item->bytes == XFER_UNKNOWN) != (size == XFER_UNKNOWN) ||
	    (size != XFER_UNKNOWN && size > item->bytes))
		return "sends another size than it offered";
	return NULL;
}

/* Account for a file in the first item that has room for it, which is then current. */
static const char *
consume(struct xbook *b, struct bytes path, uint64_t size)
{
	const char *why = "sends what it did not offer";
	struct xbook_item item;

	for (size_t at = 0, n; at < b->names.n; at += n) {
		n = get_item(bytes_from(buf_bytes(&b->names), at), &item);
		if (at == 0) {
			item.files = b->left;
			item.bytes = b->room;
		}
		if (!is_in(path, &item))
			continue;
		why = why_too_much(&item, size);
		if (why != NULL)
			continue;
		b->left = item.files - 1;
		b->room = size == XFER_UNKNOWN ? item.bytes : item.bytes - size;
		buf_drop(&b->names, at);
		return NULL;
	}
	return why;
}

static struct xbook_file *
file_at(const struct xbook *b, uint64_t number)
{
	return &b->ring[number % XFER_AHEAD_MAX];
}

/* Every number on to where it belongs after a file's state has changed. */
static void
go_on(struct xbook *b)
{
	while (b->begun < b->answered && file_at(b, b->begun)->state >= ENDED)
		b->begun++;
	while (b->stored < b->begun && file_at(b, b->stored)->state == SETTLED)
		b->stored++;
	while (b->first < b->told && file_at(b, b->first)->state == SETTLED)
		b->path_bytes -= file_at(b, b->first++)->path;
}

bool
xbook_has_room(const struct xbook *b, size_t path_bytes)
{
	return b->told - b->first < XFER_AHEAD_MAX &&
	    path_bytes < XFER_AHEAD_BYTES - b->path_bytes;
}

const char *
xbook_tell(struct xbook *b, struct bytes path, uint64_t size)
{
	const char *why;

	if (!b->offered)
		return "sends before it has offered";
	if (!xbook_has_room(b, path.n) || path.n > XFER_PATH_MAX)
		return "names too many files ahead";
	why = consume(b, path, size);
	if (why != NULL)
		return why;
	*file_at(b, b->told++) = (struct xbook_file){
		.size = size, .path = (uint16_t)(path.n + 1), .state = TOLD
	};
	b->path_bytes += path.n + 1;
	return NULL;
}

const char *
xbook_skip(struct xbook *b)
{
	if (b->answered == b->told)
		return "answers what was not asked";
	file_at(b, b->answered++)->state = SETTLED;
	go_on(b);
	return NULL;
}

const char *
xbook_take(struct xbook *b, uint64_t offset, bool only)
{
	struct xbook_file *f = file_at(b, b->answered);

	if (b->answered == b->told)
		return "answers what was not asked";
	if (offset > 0 && (b->no_hash || f->size == XFER_UNKNOWN))
		return "wants to go on with what cannot be checked";
	if (offset > f->size)
		return "has more of a file than there is";
	f->offset = offset;
	f->only = only;
	f->state = TAKEN;
	b->answered++;
	go_on(b);
	return NULL;
}

bool
xbook_has_next(const struct xbook *b)
{
	return b->begun < b->answered;
}

const char *
xbook_begin(struct xbook *b, uint64_t offset)
{
	const struct xbook_file *f = file_at(b, b->begun);

	if (b->open)
		return "begins a file within another";
	if (!xbook_has_next(b))
		return "begins a file that nobody asked for";
	if (offset != f->offset && (offset != 0 || f->only))
		return "begins where nobody asked it to";
	b->open = true;
	b->at = offset;
	return NULL;
}

const char *
xbook_why_not_data(const struct xbook *b, size_t n)
{
	uint64_t size = file_at(b, b->begun)->size;

	if (n == 0)
		return NULL;
	if (!b->open)
		return "sends content of no file";
	if (n > (size == XFER_UNKNOWN ? XFER_NUMBER_MAX : size) - b->at)
		return "sends more than it said";
	return NULL;
}

const char *
xbook_data(struct xbook *b, size_t n)
{
	const char *why = xbook_why_not_data(b, n);

	if (why == NULL)
		b->at += n;
	return why;
}

const char *
xbook_end(struct xbook *b, uint64_t size)
{
	struct xbook_file *f = file_at(b, b->begun);

	if (!b->open)
		return "ends what it has not begun";
	if (size != b->at || (f->size != XFER_UNKNOWN && size != f->size))
		return "sends another size than it said";
	b->open = false;
	f->state = ENDED;
	go_on(b);
	return NULL;
}

const char *
xbook_fail(struct xbook *b, enum xfer_reason reason)
{
	struct xbook_file *f = file_at(b, b->begun);

	if (!xbook_has_next(b))
		return "gives up what nobody asked for";
	if (reason == XFER_DIFFERS && (!f->only || b->open))
		return "compares what nobody asked it to";
	b->open = false;
	f->state = SETTLED;
	go_on(b);
	return NULL;
}

const char *
xbook_store(struct xbook *b, uint64_t *file)
{
	if (b->stored == b->begun)
		return "has stored what has not ended";
	*file = b->stored;
	file_at(b, b->stored)->state = SETTLED;
	go_on(b);
	return NULL;
}

const char *
xbook_bye(const struct xbook *b, uint64_t files)
{
	if (files != b->told)
		return "has counted other files";
	return b->answered < b->told || xbook_has_next(b) ? "leaves before the end"
	                                                  : NULL;
}

bool
xbook_is_streaming(const struct xbook *b)
{
	return b->open && file_at(b, b->begun)->size == XFER_UNKNOWN;
}

bool
xbook_is_idle(const struct xbook *b)
{
	return b->first == b->told;
}
