/* SPDX-License-Identifier: ISC */
#include "cmd/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/human.h"
#include "base/text.h"
#include "codec/record.h"

static const struct tool_option common[] = {
	{ 'h', NULL, "this help" },
	{ 'V', NULL, "the version" },
	{ 'q', NULL, "quieter: no progress, no remarks" },
	{ 'v', NULL, "say why" },
	{ 0, NULL, NULL },
};

static const struct tool_option *
find(const struct tool_option *options, int letter)
{
	for (; options->letter != 0; options++)
		if (options->letter == letter)
			return options;
	return NULL;
}

static void
print_usage(const struct tool *t, FILE *to)
{
	fprintf(to, "usage: %s [-hVqv]", t->name);
	for (const struct tool_option *o = t->options; o->letter != 0; o++) {
		if (find(common, o->letter) != NULL)
			continue;
		if (o->argument == NULL)
			fprintf(to, " [-%c]", o->letter);
		else
			fprintf(to, " [-%c %s]", o->letter, o->argument);
	}
	fprintf(to, "%s%s\n", t->operands[0] == '\0' ? "" : " ", t->operands);
}

static void
print_table(const struct tool_option *options, const struct tool_option *hidden_by)
{
	for (; options->letter != 0; options++)
		if (hidden_by == NULL || find(hidden_by, options->letter) == NULL)
			printf("  -%c %-8s %s\n", options->letter,
			    options->argument == NULL ? "" : options->argument,
			    options->meaning);
}

static _Noreturn void
flush_and_exit(const struct tool *t, int code)
{
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "%s: standard output: %s\n", t->name, strerror(errno));
		code = code == CODE_OK ? CODE_IO : code;
	}
	exit(code);
}

static _Noreturn void
print_help(const struct tool *t)
{
	printf("%s: %s\n", t->name, t->purpose);
	print_usage(t, stdout);
	print_table(t->options, NULL);
	print_table(common, t->options);
	printf("See %s(1) and ugat(7).\n", t->name);
	flush_and_exit(t, CODE_OK);
}

static _Noreturn void
print_version(const struct tool *t)
{
	printf("%s %s\n", t->name, UGAT_VERSION);
	flush_and_exit(t, CODE_OK);
}

void
tool_usage(const struct tool *t, const char *format, ...)
{
	if (format[0] != '\0') {
		char raw[OUTCOME_WORDS], words[OUTCOME_WORDS];
		va_list ap;

		va_start(ap, format);
		(void)vsnprintf(raw, sizeof(raw), format, ap);
		va_end(ap);
		(void)text_printable(bytes_str(raw), words, sizeof(words));
		fprintf(stderr, "%s: %s\n", t->name, words);
	}
	print_usage(t, stderr);
	exit(CODE_USAGE);
}

int
tool_next(const struct tool *t, int argc, char **argv, int *at, const char **argument)
{
	char spec[64] = "+:hVqv";
	size_t n = strlen(spec);
	int letter;

	*argument = NULL;
	if (optind < argc && strcmp(argv[optind], "--help") == 0)
		print_help(t);
	if (optind < argc && strcmp(argv[optind], "--version") == 0)
		print_version(t);
	for (const struct tool_option *o = t->options;
	     o->letter != 0 && n + 3 < sizeof(spec); o++) {
		spec[n++] = o->letter;
		if (o->argument != NULL)
			spec[n++] = ':';
		spec[n] = '\0';
	}
	letter = getopt(argc, argv, spec);
	switch (letter) {
	case -1: *at = optind; return -1;
	case 'h': print_help(t);
	case 'V': print_version(t);
	case ':':
		tool_usage(t, "-%c needs %s", optopt, find(t->options, optopt)->argument);
	case '?':
		if (optopt == '-')
			tool_usage(t, "%s: no such option", argv[optind - 1]);
		tool_usage(t, "-%c: no such option", optopt);
	default: *argument = optarg; return letter;
	}
}

static void
check_value(const struct tool *t, char letter, const char *text, enum rc rc)
{
	const struct tool_option *o = find(t->options, letter);

	if (rc == RC_BIG)
		tool_usage(t, "-%c %s: too large", letter, text);
	if (rc != RC_OK)
		tool_usage(t, "-%c %s: %s expected", letter, text,
		    o == NULL ? "a number" : o->argument);
}

unsigned long long
tool_size(const struct tool *t, char letter, const char *text)
{
	uint64_t v = 0;

	check_value(t, letter, text, human_get_size(text, &v));
	return v;
}

unsigned long long
tool_time(const struct tool *t, char letter, const char *text)
{
	uint64_t v = 0;

	check_value(t, letter, text, human_get_time(text, &v));
	return v;
}

unsigned long long
tool_number(const struct tool *t, char letter, const char *text, unsigned long long min,
    unsigned long long max)
{
	uint64_t v = 0;

	check_value(t, letter, text, text_u64(bytes_str(text), UINT64_MAX, &v));
	if (v < min || v > max)
		tool_usage(
		    t, "-%c %s: from %llu to %llu expected", letter, text, min, max);
	return v;
}

void
tool_start(const struct tool *t)
{
	/* A descriptor 0, 1 or 2 that is closed would be given to the next file opened,
	 * and our words would land in it. */
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 && errno == EBADF &&
		    open("/dev/null", fd == STDIN_FILENO ? O_RDONLY : O_WRONLY) != fd) {
			fprintf(stderr, "%s: /dev/null: %s\n", t->name, strerror(errno));
			exit(CODE_BUG);
		}
}

static _Noreturn void
die_by(int signo)
{
	sigset_t set;

	(void)signal(signo, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, signo);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	(void)raise(signo);
	_exit(128 + signo);
}

static void
put_fail(const struct tool *t, const struct outcome *o)
{
	const struct rec_fail fail = { .code = (uint64_t)o->code,
		.command = bytes_str(t->name),
		.words = bytes_str(o->words) };
	uint8_t text[REC_LATE_MAX];
	struct bytes line;
	struct linew w;

	rec_put_fail(&w, text, sizeof(text), &fail);
	if (linew_end(&w, &line) != RC_OK) {
		const struct rec_fail brief = { .code = fail.code,
			.command = fail.command,
			.words = bytes_str("see its own words") };

		rec_put_fail(&w, text, sizeof(text), &brief);
		if (linew_end(&w, &line) != RC_OK)
			return;
	}
	(void)fwrite(line.p, 1, line.n, stdout);
}

void
tool_end(const struct tool *t, const struct outcome *o, bool records)
{
	if (o->signal != 0) {
		(void)fflush(stdout);
		die_by(o->signal);
	}
	if (o->code != CODE_OK && !o->passed) {
		if (o->words[0] != '\0')
			fprintf(stderr, "%s: %s\n", t->name, o->words);
		if (records && !isatty(STDOUT_FILENO)) {
			/* Whoever should have read it may be gone; the words and the code
			 * are already ours to give. */
			(void)signal(SIGPIPE, SIG_IGN);
			put_fail(t, o);
			(void)fflush(stdout);
			exit(o->code);
		}
	}
	flush_and_exit(t, o->code);
}
