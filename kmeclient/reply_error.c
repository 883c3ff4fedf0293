#include "kmeclient/reply.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "kmeclient/wipe.h"

/* Clause 6.4, Table 7: unknown and already delivered alike. */
#define KEY_NOT_FOUND_MESSAGE "one or more keys specified are not found on KME"

/* FastAPI puts an Error model, a text, or a list of {"msg": text} into "detail". */
static const char *detail_message(const json_t *detail)
{
	const char *message = json_string_value(detail);

	if (!message) {
		message = json_string_value(json_object_get(detail, "message"));
	}
	if (!message) {
		message = json_string_value(json_object_get(json_array_get(detail, 0), "msg"));
	}
	return message;
}

/* Returns what lives as long as root, or NULL. */
static const char *find_message(const json_t *root)
{
	const char *message = json_string_value(json_object_get(root, "message"));

	return message ? message : detail_message(json_object_get(root, "detail"));
}

static enum kme_error name_status(long http_status, const char *message, bool key_ids_asked)
{
	switch (http_status) {
	case 400:
		return message && strcasestr(message, KEY_NOT_FOUND_MESSAGE)
			       ? KME_ERROR_KEY_NOT_FOUND
			       : KME_ERROR_BAD_REQUEST;
	case 401:
	case 403:
		return KME_ERROR_UNAUTHORIZED;
	case 404: /* not in the standard, but deployed KMEs answer it for unknown and expired keys
		   */
		return key_ids_asked ? KME_ERROR_KEY_NOT_FOUND : KME_ERROR_HTTP_STATUS;
	case 503:
		return KME_ERROR_UNAVAILABLE;
	default:
		return KME_ERROR_HTTP_STATUS;
	}
}

enum kme_error kme_reply_error(long http_status, const char *body, size_t len, bool key_ids_asked,
	char text[static KME_ERROR_TEXT_MAX])
{
	const char *message;
	enum kme_error error;
	json_t *root;

	kme_wipe_json_memory();
	root = json_loadb(body, len, 0, NULL);
	message = find_message(root);
	error = name_status(http_status, message, key_ids_asked);
	snprintf(text, KME_ERROR_TEXT_MAX, "HTTP %ld%s%s", http_status, message ? ": " : "",
		message ? message : "");
	kme_text_sanitise(text);
	json_decref(root);
	return error;
}
