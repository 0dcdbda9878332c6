/* SPDX-License-Identifier: ISC */
/*
 * The event loop: descriptors, timers, signals and time, over libevent. One thread runs
 * it; nothing here is for other threads (io/work brings their results in). Every callback
 * may free its own watch or timer, or any other.
 */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rc.h"

struct event_base;
struct loop;

/* NULL: out of memory or descriptors. */
struct loop *loop_new(void);
void loop_free(struct loop *l);

/* Run until loop_stop. RC_SYS: the poll itself failed. */
enum rc loop_run(struct loop *l) MUST_USE;
void loop_stop(struct loop *l);

/* Milliseconds of a clock that only goes forward. */
int64_t loop_now(void);

/* Seconds since 1970, for records that people read. */
uint64_t loop_wall_s(void);

/* For what brings its own events (io/resolve). */
struct event_base *loop_base(struct loop *l);

enum { LOOP_READ = 1, LOOP_WRITE = 2 };

struct loop_watch;
typedef void loop_ready_fn(
    void *ctx, int what); /* what: LOOP_READ | LOOP_WRITE, those that are ready */

/*
 * Watch a descriptor, which stays the caller's and must outlive the watch. Nothing is
 * reported before loop_watch_set. Regular files and devices that cannot be polled are
 * always ready, once a turn of the loop. NULL: out of memory.
 */
struct loop_watch *loop_watch_new(
    struct loop *l, int fd, loop_ready_fn *ready, void *ctx);

/* Which of LOOP_READ and LOOP_WRITE to report from now on, 0 for none. RC_SYS. */
enum rc loop_watch_set(struct loop_watch *w, int what) MUST_USE;

/* Promises silence. NULL is allowed. */
void loop_watch_free(struct loop_watch *w);

struct loop_timer;
typedef void loop_fire_fn(void *ctx);

/* A timer that is not set. NULL: out of memory. */
struct loop_timer *loop_timer_new(struct loop *l, loop_fire_fn *fire, void *ctx);

/*
 * Fire once at the absolute time at_ms of loop_now (at once when it is past); INT64_MAX:
 * not at all.
 */
void loop_timer_set(struct loop_timer *t, int64_t at_ms);
void loop_timer_free(struct loop_timer *t);

struct loop_signal;
typedef void loop_signal_fn(void *ctx, int signo);

/*
 * Report a signal from the loop instead of dying by it. One that is ignored when we start
 * stays so, and is never reported. NULL: out of memory.
 */
struct loop_signal *loop_signal_new(
    struct loop *l, int signo, loop_signal_fn *caught, void *ctx);
void loop_signal_free(struct loop_signal *s);

#endif
