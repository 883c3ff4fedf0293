/*
 * Jansson and libcurl keep what they read on the heap, the text of keys among
 * it: buffers, strings and scanner states that nobody else can reach. These
 * make them overwrite every block that they free, in the whole process.
 *
 * Both may be called at any time and as often as you like: blocks that were
 * allocated before can be freed afterwards.
 */
#ifndef KMECLIENT_WIPE_H
#define KMECLIENT_WIPE_H

void kme_wipe_json_memory(void);

/* Starts libcurl as well. Returns 0, or -ENOMEM if it does not start. */
int kme_wipe_curl_memory(void);

#endif
