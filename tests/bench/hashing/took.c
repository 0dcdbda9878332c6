/* SPDX-License-Identifier: ISC */
/*
 * took FILE COMMAND...: run it, and write to FILE what it took: "wall cpu rss status", in
 * seconds and KiB. It is small, for a child is said to have been as large as its parent.
 */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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

int
main(int argc, char **argv)
{
	struct rusage used;
	double start = now(), wall;
	int status;
	FILE *to;
	pid_t pid;

	if (argc < 3)
		return 2;
	pid = vfork();
	if (pid == 0) {
		(void)execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &used) != pid)
		return 1;
	wall = now() - start;
	to = fopen(argv[1], "w");
	if (to == NULL)
		return 1;
	fprintf(to, "%f %f %ld %d\n", wall,
	    seconds(used.ru_utime) + seconds(used.ru_stime), used.ru_maxrss, status);
	return fclose(to) == 0 ? 0 : 1;
}
