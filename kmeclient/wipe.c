#include "kmeclient/wipe.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <jansson.h>

#include "common/secret.h"

/* The size comes from malloc itself: no header of ours, so any heap block will do. */
static void wiping_free(void *block)
{
	if (block) {
		secret_wipe_bytes(block, malloc_usable_size(block));
		free(block);
	}
}

/* realloc(3) may move a block and leave the old octets behind. */
static void *wiping_realloc(void *block, size_t size)
{
	size_t old_size = block ? malloc_usable_size(block) : 0;
	void *moved;

	if (block && size <= old_size && size > 0) {
		return block;
	}
	moved = malloc(size);
	if (moved && block) {
		memcpy(moved, block, old_size < size ? old_size : size);
		wiping_free(block);
	}
	return moved;
}

static void set_json_functions(void)
{
	json_set_alloc_funcs(malloc, wiping_free);
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
		CURL_GLOBAL_DEFAULT, malloc, wiping_free, wiping_realloc, strdup, calloc);
}

int kme_wipe_curl_memory(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, start_curl);
	return curl_started == CURLE_OK ? 0 : -ENOMEM;
}
