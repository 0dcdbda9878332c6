/* SPDX-License-Identifier: ISC */
#include "io/curl.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

static const char library[] = "libcurl.so.4";

#define CURL_CALL(name)                                          \
	{                                                        \
		"curl_" #name, offsetof(struct curl_calls, name) \
	}

static const struct {
	const char *name;
	size_t at;
} calls[] = {
	CURL_CALL(global_init),
	CURL_CALL(global_cleanup),
	CURL_CALL(easy_init),
	CURL_CALL(easy_cleanup),
	CURL_CALL(easy_setopt),
	CURL_CALL(easy_getinfo),
	CURL_CALL(easy_strerror),
	CURL_CALL(multi_init),
	CURL_CALL(multi_cleanup),
	CURL_CALL(multi_setopt),
	CURL_CALL(multi_add_handle),
	CURL_CALL(multi_remove_handle),
	CURL_CALL(multi_info_read),
	CURL_CALL(multi_socket_action),
	CURL_CALL(multi_assign),
};

enum rc
curl_load(struct curl_calls *out)
{
	void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	enum rc rc = handle == NULL ? RC_NONE : RC_OK;

	for (size_t i = 0; rc == RC_OK && i < sizeof(calls) / sizeof(calls[0]); i++) {
		void *call = dlsym(handle, calls[i].name);

		if (call == NULL)
			rc = RC_NONE;
		memcpy((char *)out + calls[i].at, &call, sizeof(call));
	}
	if (handle != NULL)
		(void)dlclose(handle);
	return rc;
}
