/* SPDX-License-Identifier: ISC */
/*
 * The fuzz targets without a fuzzer: feed every file of the directories (or the files)
 * named as arguments to LLVMFuzzerTestOneInput, then every truncation of the small ones.
 * Ends with 0 when all went through, 1 when a file could not be read or there was none; a
 * defect ends the process by a signal or a sanitizer's report.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { INPUT_MAX = 8 << 20, TRUNCATE_MAX = 1024, PATH_SIZE = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/*
 * Each input in an allocation of its own size: a sanitizer then sees the byte behind it.
 */
static bool
feed(const uint8_t *p, size_t n)
{
	uint8_t *copy = malloc(n > 0 ? n : 1);

	if (copy == NULL)
		return false;
	if (n > 0)
		memcpy(copy, p, n);
	(void)LLVMFuzzerTestOneInput(copy, n);
	free(copy);
	return true;
}

static bool
feed_file(const char *path, uint8_t *room)
{
	FILE *f = fopen(path, "rb");
	bool ok = f != NULL;
	size_t n = 0;

	if (ok) {
		n = fread(room, 1, INPUT_MAX, f);
		ok = ferror(f) == 0;
		(void)fclose(f);
	}
	if (!ok) {
		perror(path);
		return false;
	}
	for (size_t cut = 0; ok && n <= TRUNCATE_MAX && cut < n; cut++)
		ok = feed(room, cut);
	return ok && feed(room, n);
}

static size_t
feed_directory(const char *path, uint8_t *room)
{
	DIR *dir = opendir(path);
	size_t fed = 0;

	if (dir == NULL) {
		perror(path);
		return 0;
	}
	for (struct dirent *e; (e = readdir(dir)) != NULL;) {
		char name[PATH_SIZE];

		if (e->d_name[0] == '.')
			continue;
		if (snprintf(name, sizeof(name), "%s/%s", path, e->d_name) >=
		        (int)sizeof(name) ||
		    !feed_file(name, room)) {
			fed = 0;
			break;
		}
		fed++;
	}
	(void)closedir(dir);
	return fed;
}

int
main(int argc, char **argv)
{
	uint8_t *room = malloc(INPUT_MAX);
	int status = argc > 1 && room != NULL ? 0 : 1;

	for (int i = 1; status == 0 && i < argc; i++) {
		struct stat st;
		size_t fed;

		if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
			fed = feed_directory(argv[i], room);
		else
			fed = feed_file(argv[i], room) ? 1 : 0;
		if (fed == 0)
			status = 1;
		printf("%s: %zu inputs\n", argv[i], fed);
	}
	free(room);
	return status;
}
