/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "authd/authority.h"
#include "crypto/cert.h"

struct place {
	char dir[64];
	struct outcome end;
};

static int
setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	const char *tmp = getenv("TMPDIR");

	if (p == NULL)
		return -1;
	(void)snprintf(
	    p->dir, sizeof(p->dir), "%s/authority.XXXXXX", tmp == NULL ? "/tmp" : tmp);
	*state = p;
	return mkdtemp(p->dir) == NULL ? -1 : 0;
}

static const char *
path_of(const struct place *p, const char *file)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", p->dir, file);
	return path;
}

static int
teardown(void **state)
{
	static const char *const files[] = { "tls.key", "tls.pem", "ca.key", "ca.pem",
		"lock", "tls.key.new", "elsewhere" };
	struct place *p = *state;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		(void)unlink(path_of(p, files[i]));
	(void)rmdir(p->dir);
	free(p);
	return 0;
}

static void
write_text(const struct place *p, const char *file, const char *text)
{
	int fd = open(path_of(p, file), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_true(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	assert_int_equal(close(fd), 0);
}

static void
make(struct place *p)
{
	assert_int_equal(authority_make_identity(p->dir, "auth.example", &p->end), RC_OK);
}

static void
refused(struct place *p, int code, const char *words)
{
	struct authority a;

	p->end = (struct outcome){ .code = CODE_OK };
	assert_int_not_equal(
	    authority_make_identity(p->dir, "auth.example", &p->end), RC_OK);
	assert_int_equal(p->end.code, code);
	if (strstr(p->end.words, words) == NULL)
		fail_msg("it says: %s", p->end.words);
	p->end = (struct outcome){ .code = CODE_OK };
	assert_int_not_equal(authority_load_identity(p->dir, &a, &p->end), RC_OK);
	assert_null(a.key);
	assert_null(a.cert);
}

static void
pin_of(struct place *p, uint8_t pin[static PIN_SIZE])
{
	assert_int_equal(authority_pin(p->dir, pin, &p->end), RC_OK);
}

static void
an_identity_is_made_once_and_kept(void **state)
{
	struct place *p = *state;
	uint8_t first[PIN_SIZE], second[PIN_SIZE];
	struct authority a;
	struct stat st;

	make(p);
	pin_of(p, first);
	make(p);
	pin_of(p, second);
	assert_memory_equal(first, second, PIN_SIZE);
	assert_int_equal(stat(path_of(p, "tls.key"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(authority_load_identity(p->dir, &a, &p->end), RC_OK);
	assert_int_equal(X509_check_private_key(a.cert, a.key), 1);
	assert_false(cert_is_ca(a.cert));
	authority_clear(&a);
}

static void
an_authority_of_users_is_one_and_another_key(void **state)
{
	struct place *p = *state;
	struct authority ca, again, tls;

	make(p);
	assert_int_equal(authority_open_ca(p->dir, "users", &ca, &p->end), RC_OK);
	assert_true(cert_is_ca(ca.cert));
	assert_int_equal(authority_open_ca(p->dir, "users", &again, &p->end), RC_OK);
	assert_int_equal(EVP_PKEY_eq(ca.key, again.key), 1);
	assert_int_equal(X509_cmp(ca.cert, again.cert), 0);
	assert_int_equal(authority_load_identity(p->dir, &tls, &p->end), RC_OK);
	assert_int_not_equal(EVP_PKEY_eq(ca.key, tls.key), 1);
	authority_clear(&ca);
	authority_clear(&again);
	authority_clear(&tls);
}

static void
a_key_alone_gets_its_certificate(void **state)
{
	struct place *p = *state;
	uint8_t first[PIN_SIZE], second[PIN_SIZE];

	make(p);
	pin_of(p, first);
	assert_int_equal(unlink(path_of(p, "tls.pem")), 0);
	make(p);
	pin_of(p, second);
	assert_memory_equal(first, second, PIN_SIZE);
}

static void
what_a_crash_left_beside_a_file_is_thrown_away(void **state)
{
	struct place *p = *state;

	write_text(p, "tls.key.new", "half a key");
	make(p);
	assert_int_not_equal(access(path_of(p, "tls.key.new"), F_OK), 0);
}

static void
a_certificate_alone_is_refused_and_stays(void **state)
{
	struct place *p = *state;

	make(p);
	assert_int_equal(unlink(path_of(p, "tls.key")), 0);
	refused(p, CODE_NOINPUT, "tls.key: missing");
	assert_int_not_equal(access(path_of(p, "tls.key"), F_OK), 0);
	assert_int_equal(access(path_of(p, "tls.pem"), F_OK), 0);
}

static void
a_key_open_to_others_is_refused(void **state)
{
	struct place *p = *state;

	make(p);
	assert_int_equal(chmod(path_of(p, "tls.key"), 0640), 0);
	refused(p, CODE_DATA, "chmod 600");
	assert_int_equal(chmod(path_of(p, "tls.key"), 0604), 0);
	refused(p, CODE_DATA, "chmod 600");
}

static void
damaged_files_are_named_and_kept(void **state)
{
	struct place *p = *state;
	struct stat st;

	make(p);
	write_text(p, "tls.key", "-----BEGIN PRIVATE KEY-----\nMIGHAgEA\n");
	refused(p, CODE_DATA, "tls.key: damaged");
	write_text(p, "tls.key", "");
	refused(p, CODE_DATA, "tls.key: damaged");
	assert_int_equal(stat(path_of(p, "tls.key"), &st), 0);
	assert_true(st.st_size == 0);
	write_text(p, "tls.pem", "what is this?\n");
	refused(p, CODE_DATA, "tls.pem: damaged");
}

static void
a_key_of_another_certificate_is_refused(void **state)
{
	struct place *p = *state;
	struct authority ca;
	char from[128];

	make(p);
	assert_int_equal(authority_open_ca(p->dir, "users", &ca, &p->end), RC_OK);
	authority_clear(&ca);
	(void)snprintf(from, sizeof(from), "%s", path_of(p, "ca.key"));
	assert_int_equal(rename(from, path_of(p, "tls.key")), 0);
	refused(p, CODE_DATA, "another key");
}

static void
links_and_fifos_are_refused(void **state)
{
	struct place *p = *state;
	char to[128];

	make(p);
	(void)snprintf(to, sizeof(to), "%s", path_of(p, "elsewhere"));
	assert_int_equal(rename(path_of(p, "tls.key"), to), 0);
	assert_int_equal(symlink("elsewhere", path_of(p, "tls.key")), 0);
	refused(p, CODE_IO, "tls.key");
	assert_int_equal(unlink(path_of(p, "tls.key")), 0);
	assert_int_equal(mkfifo(path_of(p, "tls.key"), 0600), 0);
	refused(p, CODE_DATA, "not a regular file");
}

static void
an_identity_as_authority_signs_for_nobody(void **state)
{
	struct place *p = *state;
	struct authority a;
	char from[128];

	make(p);
	(void)snprintf(from, sizeof(from), "%s", path_of(p, "tls.key"));
	assert_int_equal(rename(from, path_of(p, "ca.key")), 0);
	(void)snprintf(from, sizeof(from), "%s", path_of(p, "tls.pem"));
	assert_int_equal(rename(from, path_of(p, "ca.pem")), 0);
	assert_int_equal(authority_open_ca(p->dir, "users", &a, &p->end), RC_BAD);
	assert_int_equal(p->end.code, CODE_DATA);
	assert_null(a.key);
}

static void
one_directory_has_one_daemon(void **state)
{
	struct place *p = *state;
	int first = -1, second = -1;

	assert_int_equal(authority_lock(p->dir, &first, &p->end), RC_OK);
	assert_int_equal(authority_lock(p->dir, &second, &p->end), RC_BUSY);
	assert_int_equal(second, -1);
	assert_int_equal(p->end.code, CODE_TEMPFAIL);
	assert_int_equal(close(first), 0);
	assert_int_equal(authority_lock(p->dir, &second, &p->end), RC_OK);
	assert_int_equal(close(second), 0);
}

static void
a_directory_is_made_private_and_must_be_so(void **state)
{
	struct place *p = *state;
	struct stat st;
	uid_t uid = 12345;
	gid_t gid;

	assert_int_equal(rmdir(p->dir), 0);
	assert_int_equal(authority_make_dir(p->dir, &uid, &gid, &p->end), RC_OK);
	assert_int_equal(stat(p->dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(uid, geteuid());
	assert_int_equal(chmod(p->dir, 0750), 0);
	assert_int_equal(authority_make_dir(p->dir, &uid, &gid, &p->end), RC_SYS);
	assert_int_equal(p->end.code, CODE_NOSESSION);
}

static void
a_directory_that_is_none_is_named(void **state)
{
	struct place *p = *state;
	uint8_t pin[PIN_SIZE];
	uid_t uid;
	gid_t gid;

	assert_int_equal(authority_pin(p->dir, pin, &p->end), RC_NONE);
	assert_int_equal(p->end.code, CODE_NOINPUT);
	p->end = (struct outcome){ .code = CODE_OK };
	write_text(p, "elsewhere", "a file");
	assert_int_equal(
	    authority_make_dir(path_of(p, "elsewhere"), &uid, &gid, &p->end), RC_SYS);
	assert_non_null(strstr(p->end.words, "Not a directory"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_identity_is_made_once_and_kept),
		TEST(an_authority_of_users_is_one_and_another_key),
		TEST(a_key_alone_gets_its_certificate),
		TEST(what_a_crash_left_beside_a_file_is_thrown_away),
		TEST(a_certificate_alone_is_refused_and_stays),
		TEST(a_key_open_to_others_is_refused),
		TEST(damaged_files_are_named_and_kept),
		TEST(a_key_of_another_certificate_is_refused),
		TEST(links_and_fifos_are_refused),
		TEST(an_identity_as_authority_signs_for_nobody),
		TEST(one_directory_has_one_daemon),
		TEST(a_directory_is_made_private_and_must_be_so),
		TEST(a_directory_that_is_none_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
