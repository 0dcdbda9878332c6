/* SPDX-License-Identifier: ISC */
/*
 * libcurl, brought into the process when it is first needed and not before: with all that
 * it needs itself it takes 5 ms, and most torrents have no HTTP tracker. Only the calls
 * that io/http makes are here; what they mean stands in libcurl's own manual.
 */
#ifndef IO_CURL_H
#define IO_CURL_H

#include <curl/curl.h>

#include "base/rc.h"

/* A call has the name and the type of libcurl's, without "curl_". */
#define CURL_CALL(name) __typeof__(curl_##name) *name

struct curl_calls {
	CURL_CALL(global_init);
	CURL_CALL(global_cleanup);
	CURL_CALL(easy_init);
	CURL_CALL(easy_cleanup);
	CURL_CALL(easy_setopt);
	CURL_CALL(easy_getinfo);
	CURL_CALL(easy_strerror);
	CURL_CALL(multi_init);
	CURL_CALL(multi_cleanup);
	CURL_CALL(multi_setopt);
	CURL_CALL(multi_add_handle);
	CURL_CALL(multi_remove_handle);
	CURL_CALL(multi_info_read);
	CURL_CALL(multi_socket_action);
	CURL_CALL(multi_assign);
};

#undef CURL_CALL

/*
 * Load libcurl; it stays until the process ends. RC_NONE: it is not there, or another one
 * than we were built for; *out is then not good.
 */
enum rc curl_load(struct curl_calls *out) MUST_USE;

#endif
