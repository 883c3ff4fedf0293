/*
 * Key-IDs as older deployments show them: alone in an interface description, and in
 * a JSON file as their script writes it,
 *
 *     {"mx304-11": "d9b6fa63-dd88-47d2-8afe-94fcecf40d19"}
 *
 * Pure. What is read comes from a stranger or a script: taken is what such a
 * deployment writes, and nothing else.
 */
#ifndef KEYIDD_HANDOVER_TEXT_H
#define KEYIDD_HANDOVER_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "l2proto/ckn.h"

#define HANDOVER_TEXT_MAX 320                         /* of a reason, for people */
#define HANDOVER_JSON_MAX (2 * 256 + KEY_ID_MAX + 16) /* of a file, as it is written */

/* Is the text a key-ID that makes a CKN by this rule, and nothing else? If not, the reason. */
bool handover_text_key_id(const struct ckn_rule *rule, const char *text, size_t len,
	struct key_id *key_id, char reason[static HANDOVER_TEXT_MAX]);

/* The same of a file that has the key-ID under the name of a device. */
bool handover_text_read(const struct ckn_rule *rule, const char *device, const uint8_t *bytes,
	size_t len, struct key_id *key_id, char reason[static HANDOVER_TEXT_MAX]);

/*
 * Writes the file, without a newline or a terminator, as the script does. Returns its
 * length; -EMSGSIZE, or -EINVAL for a device's name that is no UTF-8.
 */
int handover_text_write(
	const char *device, const struct key_id *key_id, char out[static HANDOVER_JSON_MAX]);

#endif
