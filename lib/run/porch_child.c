/* SPDX-License-Identifier: ISC */
/* A caller's process: one session, then _exit. */
#include "run/porch_parts.h"

#include <sys/prctl.h>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "run/audience_away.h"

/* Put both descriptors right behind the standard ones, and close all others. */
static bool
keep_only(struct porch_call *call)
{
	enum { CONN = STDERR_FILENO + 1, NOTES };
	int conn = fcntl(call->conn, F_DUPFD_CLOEXEC, NOTES + 1);
	int notes = fcntl(call->notes, F_DUPFD_CLOEXEC, NOTES + 1);

	if (conn == -1 || notes == -1 || dup3(conn, CONN, O_CLOEXEC) == -1 ||
	    dup3(notes, NOTES, O_CLOEXEC) == -1)
		return false;
	call->conn = CONN;
	call->notes = NOTES;
	return close_range(NOTES + 1, ~0U, 0) == 0;
}

static void
serve(const struct porch_rules *rules, const struct porch_call *call, struct stop *stop)
{
	const struct xfer_job *job = rules->job;
	struct outcome end = { .code = CODE_OK };
	struct loop *loop = loop_new();
	struct audience_away *away =
	    loop == NULL ? NULL : audience_away_new(loop, call->notes);
	struct talk_ground ground = { .loop = loop,
		.stop = stop,
		.fd = call->conn,
		.called = true,
		.resumes = job->resumes,
		.place = call->place };

	if (away == NULL)
		return;
	ground.audience = audience_away_face(away);
	ground.rules = xfer_door_rules(rules->door);
	job->session(job->ctx, &ground, &end);
	audience_away_end(away, &end);
}

static _Noreturn void
be_child(const struct porch_rules *rules, struct porch_call call, pid_t parent)
{
	struct stop stop;

	/* What the parent caught, its loop did, which is not ours. */
	(void)signal(SIGCHLD, SIG_DFL);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent || !keep_only(&call))
		_exit(CODE_BUG);
	stop_begin(&stop);
	serve(rules, &call, &stop);
	_exit(CODE_OK);
}

pid_t
porch_fork(const struct porch_rules *rules, const struct porch_call *call)
{
	pid_t parent = getpid(), pid;
	sigset_t all, before;

	/* None of its signals may reach the loop that the child has a copy of. */
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0) {
		(void)signal(SIGCHLD, SIG_DFL);
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
		be_child(rules, *call, parent);
	}
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}
