/* SPDX-License-Identifier: ISC */
#include "io/stop.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

void
stop_begin(struct stop *s)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct sigaction now;

		/* A signal that is blocked would come even where it is ignored. */
		if (sigaction(signals[i], NULL, &now) != 0 || now.sa_handler != SIG_IGN)
			(void)sigaddset(&set, signals[i]);
	}
	s->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->fd >= 0)
		(void)pthread_sigmask(SIG_BLOCK, &set, &s->before);
}

int
stop_wait(struct stop *s, int fd, int ms, bool *ready)
{
	struct pollfd wait[] = {
		{ .fd = s->fd, .events = POLLIN },
		{ .fd = fd, .events = POLLIN },
	};
	struct signalfd_siginfo info;

	*ready = false;
	if (poll(wait, 2, ms) <= 0)
		return 0;
	*ready = wait[1].revents != 0;
	if (wait[0].revents != 0 && read(s->fd, &info, sizeof(info)) == sizeof(info))
		return (int)info.ssi_signo;
	return 0;
}

void
stop_end(struct stop *s)
{
	if (s->fd < 0)
		return;
	(void)close(s->fd);
	s->fd = -1;
	(void)pthread_sigmask(SIG_SETMASK, &s->before, NULL);
}
