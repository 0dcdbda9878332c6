/* SPDX-License-Identifier: ISC */
/*
 * ideal FILE PIECE THREADS: the machine's limit. It maps the file and hashes its pieces
 * on so many threads, compares nothing and writes nothing.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <openssl/evp.h>

enum { THREADS_MAX = 64 };

static const unsigned char *data;
static size_t size, piece;
static atomic_size_t next;

static void *
work(void *arg)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_MD *sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
	unsigned char digest[EVP_MAX_MD_SIZE];
	size_t at;

	while ((at = atomic_fetch_add(&next, 1) * piece) < size) {
		size_t n = size - at < piece ? size - at : piece;

		if (EVP_DigestInit_ex2(ctx, sha1, NULL) != 1 ||
		    EVP_DigestUpdate(ctx, data + at, n) != 1 ||
		    EVP_DigestFinal_ex(ctx, digest, NULL) != 1)
			abort();
	}
	EVP_MD_CTX_free(ctx);
	EVP_MD_free(sha1);
	return arg;
}

int
main(int argc, char **argv)
{
	pthread_t threads[THREADS_MAX];
	struct stat st;
	long n;
	int fd;

	if (argc != 4)
		return 2;
	fd = open(argv[1], O_RDONLY);
	piece = strtoul(argv[2], NULL, 10);
	n = strtol(argv[3], NULL, 10);
	if (fd < 0 || fstat(fd, &st) != 0 || piece == 0 || n < 1 || n > THREADS_MAX)
		return 1;
	size = (size_t)st.st_size;
	data = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (data == MAP_FAILED)
		return 1;
	for (long i = 0; i < n; i++)
		if (pthread_create(&threads[i], NULL, work, NULL) != 0)
			return 1;
	for (long i = 0; i < n; i++)
		(void)pthread_join(threads[i], NULL);
	return 0;
}
