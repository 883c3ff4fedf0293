/* The sections of the configuration: each a table of config_fields.h, and how it is read. */
#include "keyidd/config_value.h"

#define FIELD(member, key, type, target, min, max, fallback, hint)                                 \
	{ key, offsetof(RAW, member), offsetof(TARGET, target), config_read_##type, min, max,      \
		fallback, hint },
#define LATER(member, key, fallback, hint)                                                         \
	{ key, offsetof(RAW, member), 0, NULL, 0, 0, fallback, hint },

#define SECTION(name, FIELDS)                                                                      \
	static const struct config_field name##_fields[] = { FIELDS(FIELD, LATER) };               \
	const struct config_section config_##name##_section = { #name,                             \
		sizeof(name##_fields) / sizeof(name##_fields[0]), name##_fields };

#define RAW struct raw_daemon
#define TARGET struct config_daemon
SECTION(daemon, DAEMON_FIELDS)
#undef RAW
#undef TARGET
#define RAW struct raw_transport
#define TARGET struct config_transport
SECTION(transport, TRANSPORT_FIELDS)
#undef RAW
#undef TARGET
#define RAW struct raw_kme
#define TARGET struct config_kme
SECTION(kme, KME_FIELDS)
#undef RAW
#undef TARGET
#define RAW struct raw_device
#define TARGET struct config_device
SECTION(device, DEVICE_FIELDS)
#undef RAW
#undef TARGET
#define RAW struct raw_association
#define TARGET struct config_association
SECTION(association, ASSOCIATION_FIELDS)
#undef RAW
#undef TARGET
#define RAW struct raw_channel_key
#define TARGET struct config_channel_key
SECTION(channel_key, CHANNEL_KEY_FIELDS)
#undef RAW
#undef TARGET
#define RAW struct raw_link
#define TARGET struct config_link
SECTION(link, LINK_FIELDS)
#undef RAW
#undef TARGET
#define RAW struct raw_handover
#define TARGET struct config_handover
SECTION(handover, HANDOVER_FIELDS)

static void read_field(struct config_source *source, const char *prefix,
	const struct config_field *field, const char *raw, void *target)
{
	char reason[CONFIG_REASON_MAX] = "";
	const char *text = raw ? raw : field->fallback;
	const char *semicolon = field->hint[0] ? "; " : "";

	if (!text) {
		config_fail(source, prefix, field->key, "missing%s%s", semicolon, field->hint);
	} else if (raw && raw[0] == '\0') {
		config_fail(source, prefix, field->key, "empty%s%s",
			field->fallback ? "; leave the key out for its default" : semicolon,
			field->hint);
	} else if (field->read && text[0] && !field->read(field, text, target, reason)) {
		config_fail(source, prefix, field->key, "\"%.80s\": %s%s%s", text, reason,
			semicolon, field->hint);
	}
}

void config_read_section(struct config_source *source, const char *prefix,
	const struct config_section *section, const void *raw, void *target)
{
	for (size_t i = 0; i < section->field_count; i++) {
		const struct config_field *field = &section->fields[i];

		read_field(source, prefix, field,
			*(char *const *)((const char *)raw + field->raw_offset),
			(char *)target + field->target_offset);
	}
}
