/* SPDX-License-Identifier: ISC */
/* The inside of io/store, shared by its .c files and nobody else. */
#ifndef IO_STORE_PARTS_H
#define IO_STORE_PARTS_H

#include <pthread.h>

#include "core/bitset.h"
#include "io/beneath.h"
#include "io/journal.h"
#include "io/store.h"
#include "io/store_fds.h"

enum store_flag {
	STORE_STALE = 1,  /* written to, or judged, since the last save */
	STORE_RECENT = 2, /* was so at the last save */
	STORE_DIRTY = 4,  /* its held pieces may not be on the disk itself */
	STORE_THERE = 8,  /* it is on disk: from the start, or since we made it */
	STORE_TOLD = 16,  /* store_in_place said so: now it may be taken away */
	STORE_GONE = 32,  /* it was, before that: nothing of it counts any more */
};

enum { STORE_LOOKED = 64 };

/* Numbers of files that carry one of the flags, each once. */
struct store_list {
	uint32_t *at; /* owned; room for all files and .part */
	size_t n;
};

struct store {
	const struct torrent *t;
	char *dir; /* as the user wrote it; owned */
	char id[41];
	char boot[JOURNAL_BOOT];
	struct beneath files; /* DIR */
	struct beneath notes; /* DIR/.ugat; its dir is -1 where there is none */
	int lock;             /* -1: there is none */
	struct store_fds *fds;
	struct bitset wanted;
	bool hidden; /* store_hide: nothing of it is meant for the disk */
	struct store_looked {
		uint32_t file;
		int64_t until_ms;
	} looked[STORE_LOOKED]; /* which files need no look now; the loop's thread's */

	pthread_mutex_t saving; /* one at a time replaces the journal; taken first */

	/*
	 * Guards the rest. now.set is changed by the loop's thread alone, all but
	 * JOURNAL_SYNCED, so that thread may read it without.
	 */
	pthread_mutex_t mutex;
	struct journal now; /* its files: as t->files, then .part, then carried ones */
	uint8_t *flags;     /* enum store_flag, for t->files and .part */
	struct store_list stale, recent, dirty;
	const struct torrent_file *gone; /* one that is STORE_GONE, or NULL */
	bool closing;                    /* the last save is under way */
	uint64_t saved_ns; /* the mtime of the journal last saved; 0: none yet */
	bool unsaved;
	bool
	    sync_failed; /* the kernel forgets after telling once: never trust it again */
	bool part_lost;  /* bytes of a gap could not be kept */
	int part, big;   /* -1: not open */
};

/* Name of a note, such as "<btih>.part". */
enum { STORE_NOTE = 64 };
void store_note(const struct store *s, const char *suffix, char out[static STORE_NOTE]);

/* Fill *e from errno, for a file or for one of our notes. Returns RC_SYS. */
enum rc store_refused(
    const struct store *s, const struct torrent_file *f, struct store_error *e);
enum rc store_refused_note(
    const struct store *s, const char *suffix, struct store_error *e);

/*
 * The descriptor of .part, made where it is missing if write is set; ours, not to be
 * closed. RC_SYS: errno.
 */
enum rc store_part(struct store *s, bool write, int *fd) MUST_USE;

/* Add number i (t->n_files: .part) to the list of one flag, once. The mutex is held. */
void store_mark(struct store *s, struct store_list *l, enum store_flag flag, size_t i);

/*
 * File number i was looked at, with err: if that says that it was taken away or replaced,
 * nothing of it counts any more. The mutex is held.
 */
void store_note_gone(struct store *s, size_t i, int err);

/*
 * Refuse two listed files that this file system takes for one. RC_BAD: o has the words;
 * RC_MEM.
 */
enum rc store_refuse_twins(struct store *s, struct outcome *o) MUST_USE;

/* Begin s->now from the journal and what lies on disk. RC_BAD: o has the words. */
enum rc store_scan(struct store *s, bool distrust, struct outcome *o) MUST_USE;

#endif
