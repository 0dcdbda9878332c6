/* SPDX-License-Identifier: ISC */
/*
 * took [-d DONE] [-t SECONDS] FILE COMMAND...: run it, and write to FILE what it took, a
 * line of "wall user sys rss anon status": seconds, and KiB. rss is the largest that one
 * process ever had; anon is the most that all of them together had of their own, not
 * shared with any file, looked at every 10 ms.
 *
 * With -d the command is done when the file DONE is there, and is killed then. What runs
 * longer than -t (600 s) is killed, too, and its status says so. All of the command's
 * processes are of one group, which ends with this program.
 *
 * It is small, for a child is said to have been as large as its parent.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SAMPLE_MS = 10, DEPTH_MAX = 8 };

static volatile sig_atomic_t group; /* for the handler */

static void
quit(int number)
{
	if (group > 0)
		(void)kill(-group, SIGKILL);
	_exit(128 + number);
}

static double
seconds(struct timeval tv)
{
	return (double)tv.tv_sec + (double)tv.tv_usec / 1e6;
}

static double
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* The file's beginning; empty when there is none. */
static void
read_file(const char *name, char text[static 4096])
{
	int fd = open(name, O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, text, 4095);

	text[n < 0 ? 0 : n] = '\0';
	if (fd >= 0)
		(void)close(fd);
}

/* KiB of the process and all below it. */
static long
anon_of(long pid, int depth)
{
	char name[64], text[4096], *at;
	long sum = 0;

	(void)snprintf(name, sizeof(name), "/proc/%ld/status", pid);
	read_file(name, text);
	at = strstr(text, "RssAnon:");
	if (at != NULL)
		sum = strtol(at + 8, NULL, 10);
	(void)snprintf(name, sizeof(name), "/proc/%ld/task/%ld/children", pid, pid);
	read_file(name, text);
	at = text;
	while (depth < DEPTH_MAX && (pid = strtol(at, &at, 10)) > 0)
		sum += anon_of(pid, depth + 1);
	return sum;
}

static pid_t
start(char **argv)
{
	pid_t pid = vfork();

	if (pid == 0) {
		(void)setpgid(0, 0);
		(void)execvp(argv[0], argv);
		_exit(127);
	}
	return pid;
}

/* Until it ends, or is done. Returns the most memory. */
static long
look_on(pid_t pid, const char *done, double until)
{
	struct pollfd end = { .fd = (int)syscall(SYS_pidfd_open, pid, 0),
		.events = POLLIN };
	long most = 0;

	while (end.fd >= 0 && poll(&end, 1, SAMPLE_MS) == 0) {
		long n = anon_of(pid, 0);

		most = n > most ? n : most;
		if (now() > until || (done != NULL && access(done, F_OK) == 0))
			break;
	}
	return most;
}

int
main(int argc, char **argv)
{
	struct rusage used;
	const char *done = NULL;
	double limit = 600, from, wall;
	int letter, status;
	long anon;
	FILE *to;
	pid_t pid;

	while ((letter = getopt(argc, argv, "+d:t:")) != -1)
		if (letter == 'd')
			done = optarg;
		else if (letter == 't')
			limit = strtod(optarg, NULL);
		else
			return 2;
	if (argc - optind < 2)
		return 2;
	(void)signal(SIGTERM, quit);
	(void)signal(SIGINT, quit);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	from = now();
	pid = start(argv + optind + 1);
	if (pid < 0)
		return 1;
	group = pid;
	anon = look_on(pid, done, from + limit);
	wall = now() - from;
	/* A command that has ended has left nobody that counts. */
	(void)kill(-pid, SIGKILL);
	if (wait4(pid, &status, 0, &used) != pid)
		return 1;
	if (done != NULL && access(done, F_OK) == 0)
		status = 0;
	to = fopen(argv[optind], "w");
	if (to == NULL)
		return 1;
	fprintf(to, "%f %f %f %ld %ld %d\n", wall, seconds(used.ru_utime),
	    seconds(used.ru_stime), used.ru_maxrss, anon, status);
	return fclose(to) == 0 ? 0 : 1;
}
