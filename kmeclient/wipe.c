#include "kmeclient/wipe.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <jansson.h>

#include "common/secret.h"

static void set_json_functions(void)
{
	json_set_alloc_funcs(malloc, secret_free);
}

void kme_wipe_json_memory(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, set_json_functions);
}

static CURLcode curl_started;

static void start_curl(void)
{
	curl_started = curl_global_init_mem(
		CURL_GLOBAL_DEFAULT, malloc, secret_free, secret_realloc, strdup, calloc);
}

int kme_wipe_curl_memory(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, start_curl);
	return curl_started == CURLE_OK ? 0 : -ENOMEM;
}
