/* SPDX-License-Identifier: ISC */
/*
 * From the whole description to the first peer: who we are, where we listen, what is
 * wanted, whether it fits on the disk, what of it is there already, and the swarm.
 */
#include <sys/random.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/human.h"
#include "base/text.h"
#include "core/layout.h"
#include "run/fetch_parts.h"

enum { ID_TRIES = 8, PATH_SHOWN = 256 };

static const char id_prefix[] = "-UG0100-";

static enum rc
draw_id(struct fetch *f)
{
	enum rc rc = RC_BUSY;

	if (f->torrent.has_self) {
		memcpy(f->id, f->torrent.self, sizeof(f->id));
		rc = status_open(f->torrent.btih, f->id, &f->status);
	}
	/* None was given, or a live run has it. */
	for (int i = 0; rc == RC_BUSY && i < ID_TRIES; i++) {
		memcpy(f->id, id_prefix, sizeof(id_prefix) - 1);
		if (getrandom(f->id + sizeof(id_prefix) - 1,
		        sizeof(f->id) - sizeof(id_prefix) + 1, 0) < 0)
			return RC_SYS;
		rc = status_open(f->torrent.btih, f->id, &f->status);
	}
	return rc == RC_NONE ? RC_OK : rc;
}

static bool
count_files(struct fetch *f)
{
	bool any = false;

	f->left = calloc(f->torrent.n_files + 1, sizeof(*f->left));
	f->told = calloc(f->torrent.n_files + 1, sizeof(*f->told));
	if (f->left == NULL || f->told == NULL) {
		fetch_fail(f, CODE_BUG, "out of memory");
		return false;
	}
	for (size_t i = 0; i < f->torrent.n_files; i++) {
		const struct torrent_file *file = &f->torrent.files[i];
		uint32_t first, last;

		if (!torrent_file_is_real(file))
			continue;
		any = true;
		if (layout_pieces(&f->torrent, file, &first, &last))
			f->left[i] = last - first + 1;
	}
	for (uint32_t i = 0; i < f->torrent.pieces; i++)
		if (layout_wanted(&f->torrent, i))
			f->wanted_bytes += torrent_piece_size(&f->torrent, i);
	if (!any)
		fetch_fail(f, CODE_DATA, "no file is wanted: every `file` line is gone");
	return any;
}

/*
 * The current directory can be a home, where such a file changes what programs do:
 * .bashrc, .ssh.
 */
static bool
may_be_made_here(struct fetch *f)
{
	char path[PATH_SHOWN];

	for (size_t i = 0; i < f->torrent.n_files && !f->o->chosen; i++) {
		const struct torrent_file *file = &f->torrent.files[i];

		if (!torrent_file_is_real(file) || file->path.n == 0 ||
		    file->path.p[0] != '.')
			continue;
		(void)text_printable(file->path, path, sizeof(path));
		fetch_fail(f, CODE_CANTCREAT,
		    "%s: begins with a dot, which can change what programs do: choose a "
		    "directory with -d, or -d . for this one",
		    path);
		return false;
	}
	return true;
}

static enum rc
listen_for_peers(struct fetch *f)
{
	enum rc rc = fetch_listen(f);

	if (rc == RC_BUSY)
		fetch_fail(f, CODE_TEMPFAIL,
		    "port %u is taken by another program: give another with -p",
		    (unsigned)f->o->port);
	else if (rc != RC_OK && f->o->fixed_port)
		fetch_fail(f, CODE_UNAVAILABLE,
		    "cannot listen on port %u: %s: give another with -p, or another "
		    "address with -i",
		    (unsigned)f->o->port, strerror(errno));
	else if (rc != RC_OK)
		fetch_fail(f, CODE_UNAVAILABLE,
		    "cannot listen for peers: %s: give another address with -i",
		    strerror(errno));
	return rc;
}

static void
on_session(void *ctx, const char *words)
{
	fetch_remark(ctx, "%s", words);
}

/* Nothing is asked of the network before this. */
static bool
log_in(struct fetch *f)
{
	f->session = session_open(f->o->command, f->o->err, f->o->verbose, f->end);
	if (f->session == NULL)
		return false;
	if (session_keep(f->session, f->loop, on_session, f) != RC_OK) {
		fetch_fail(f, CODE_BUG, "out of memory");
		return false;
	}
	return true;
}

static bool
open_all(struct fetch *f)
{
	if (!log_in(f))
		return false;
	if (!f->torrent.has_v1) {
		fetch_fail(f, CODE_DATA,
		    "this torrent is v2 only, which is not supported: get a v1 or hybrid "
		    "one");
		return false;
	}
	if (!count_files(f) || !may_be_made_here(f) || !fetch_stream_start(f))
		return false;
	if (draw_id(f) != RC_OK) {
		fetch_fail(f, CODE_BUG, "cannot draw a peer id: %s", strerror(errno));
		return false;
	}
	if (listen_for_peers(f) != RC_OK)
		return false;
	/* ugat-announce waits for it, and looking at many files takes its time. */
	f->phase = FETCH_CHECKING;
	fetch_report_status(f, loop_now());
	if (fetch_stream_open(f) != RC_OK)
		return false;
	if (!f->o->pass)
		f->place = realpath(f->o->dir, NULL);
	fetch_cage(f);
	return true;
}

/* Files of length 0 need nobody. */
static bool
make_empty(struct fetch *f)
{
	struct store_error e;

	if (store_make_empty(f->store, &e) != RC_OK) {
		fetch_disk_failed(f, &e);
		return false;
	}
	for (size_t i = 0; i < f->torrent.n_files; i++)
		if (torrent_file_is_real(&f->torrent.files[i]) &&
		    f->torrent.files[i].length == 0 &&
		    (!f->o->pass || fetch_stream_done(f)))
			fetch_report_done(f, &f->torrent.files[i]);
	return true;
}

/*
 * Whether what is still to be fetched fits on the disk, as far as one can know: better
 * said now than after hours. Data that is not checked yet counts as good.
 */
static bool
fits(struct fetch *f)
{
	char needed[HUMAN_SIZE], room[HUMAN_SIZE];
	uint64_t needs, has;

	if (store_space(f->store, &needs, &has) != RC_OK)
		return true;
	if (f->o->pass && needs > fetch_stream_room(f))
		needs = fetch_stream_room(f);
	if (needs <= has)
		return true;
	human_size(needs, needed);
	human_size(has, room);
	fetch_fail(f, CODE_IO,
	    "%s: needs %s, %s free: make room, or choose another directory with %s",
	    f->o->dir, needed, room, f->o->pass ? "TMPDIR" : "-d");
	return false;
}

void
fetch_begin(struct fetch *f)
{
	if (!open_all(f)) {
		fetch_finish(f);
		return;
	}
	f->work = work_new(f->loop, work_threads());
	if (f->work == NULL) {
		fetch_fail(f, CODE_BUG, "cannot start threads");
		return;
	}
	if (!fetch_found(f) || !fits(f) || !make_empty(f))
		return;
	for (uint32_t i = 0; i < f->torrent.pieces; i++) {
		enum store_state state = store_piece_state(f->store, i);

		if (state == STORE_HELD)
			fetch_held(f, i);
		else if (state == STORE_CHECK)
			f->check_bytes += torrent_piece_size(&f->torrent, i);
	}
	fetch_check_more(f);
}

static bool
new_swarm(struct fetch *f)
{
	struct swarm_config config = { .torrent = &f->torrent,
		.id = f->id,
		.port = f->port,
		.memory = f->o->memory,
		.most_conns = f->most_conns,
		.keep = f->o->keep };

	if (getrandom(&config.seed, sizeof(config.seed), 0) < 0) {
		fetch_fail(f, CODE_BUG, "no random numbers: %s", strerror(errno));
		return false;
	}
	f->swarm = swarm_new(&config);
	f->map = store_map_new(f->store);
	f->read_scratch = malloc(PEER_SCRATCH);
	if (f->swarm == NULL || f->map == NULL || f->read_scratch == NULL) {
		fetch_fail(f, CODE_BUG, "out of memory");
		return false;
	}
	swarm_take_deny(f->swarm, &f->deny);
	for (uint32_t i = 0; i < f->torrent.pieces; i++) {
		if (store_piece_state(f->store, i) == STORE_HELD)
			swarm_hold(f->swarm, i, store_piece_whole(f->store, i));
		else if (layout_wanted(&f->torrent, i))
			swarm_want(f->swarm, i);
	}
	return true;
}

void
fetch_load(struct fetch *f)
{
	struct swarm_stats st;

	if (!fits(f) || !new_swarm(f))
		return;
	f->phase = FETCH_LOADING;
	f->verified_ms = f->lonely_ms = loop_now();
	if (!swarm_is_complete(f->swarm) || f->o->keep) {
		f->load_ms = f->verified_ms;
		swarm_get_stats(f->swarm, &st, f->load_ms);
		f->held_before = st.held;
		fetch_accept_start(f);
		fetch_input_early(f);
	}
	fetch_report_status(f, loop_now());
	fetch_stream_more(f);
	fetch_drain(f);
}

/* All of it is held. */
static void
tell_whole(struct fetch *f, const struct torrent_file *file)
{
	struct store_error e;

	if (store_in_place(f->store, file, &e) == RC_OK)
		fetch_report_done(f, file);
	else
		fetch_disk_failed(f, &e);
}

void
fetch_held(struct fetch *f, uint32_t piece)
{
	size_t first, end;

	f->held_bytes += torrent_piece_size(&f->torrent, piece);
	layout_files(&f->torrent, piece, &first, &end);
	for (size_t i = first; i < end; i++) {
		const struct torrent_file *file = &f->torrent.files[i];

		if (torrent_file_is_real(file) && file->length > 0 && --f->left[i] == 0 &&
		    !f->o->pass)
			tell_whole(f, file);
	}
	fetch_stream_more(f);
}
