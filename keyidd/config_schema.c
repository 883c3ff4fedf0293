/*
 * The schema, as libcyaml takes it, and what is done with it twice: libcyaml
 * loads by it and stops at the first thing that does not fit; check_map() and its
 * like walk the tree by it beforehand and say all that does not fit.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cyaml/cyaml.h>

#include "keyidd/config_private.h"

#define OPTIONAL (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)

/* clang-format off */

/* A key of config_fields.h in the schema of SECTION. */
#define SCHEMA_TEXT(member, key, ...) \
	CYAML_FIELD_STRING_PTR(key, OPTIONAL, SECTION, member, 0, CONFIG_TEXT_MAX),

static const cyaml_schema_value_t text_value = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CONFIG_TEXT_MAX),
};

#define SECTION struct raw_daemon
static const cyaml_schema_field_t daemon_schema[] = {
	DAEMON_FIELDS(SCHEMA_TEXT, SCHEMA_TEXT)
	CYAML_FIELD_END,
};

#undef SECTION
#define SECTION struct raw_transport
static const cyaml_schema_field_t transport_schema[] = {
	TRANSPORT_FIELDS(SCHEMA_TEXT, SCHEMA_TEXT)
	CYAML_FIELD_END,
};

#undef SECTION
#define SECTION struct raw_kme
static const cyaml_schema_field_t kme_schema[] = {
	KME_FIELDS(SCHEMA_TEXT, SCHEMA_TEXT)
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t kme_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_kme, kme_schema),
};

#undef SECTION
#define SECTION struct raw_device
static const cyaml_schema_field_t device_schema[] = {
	DEVICE_FIELDS(SCHEMA_TEXT, SCHEMA_TEXT)
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t device_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_device, device_schema),
};

#undef SECTION
#define SECTION struct raw_channel_key
static const cyaml_schema_field_t channel_key_schema[] = {
	CHANNEL_KEY_FIELDS(SCHEMA_TEXT, SCHEMA_TEXT)
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t channel_key_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_channel_key, channel_key_schema),
};

#undef SECTION
#define SECTION struct raw_link
static const cyaml_schema_field_t link_schema[] = {
	LINK_FIELDS(SCHEMA_TEXT, SCHEMA_TEXT)
	CYAML_FIELD_SEQUENCE("neighbours", OPTIONAL, SECTION, neighbours, &text_value, 1,
		EXCHANGE_NEIGHBOURS_MAX),
	CYAML_FIELD_SEQUENCE("channel-keys", OPTIONAL, SECTION, channel_keys, &channel_key_value, 1,
		CONFIG_CHANNEL_KEYS_MAX),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t link_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_link, link_schema),
};

#undef SECTION
#define SECTION struct raw_association
static const cyaml_schema_field_t association_schema[] = {
	ASSOCIATION_FIELDS(SCHEMA_TEXT, SCHEMA_TEXT)
	CYAML_FIELD_SEQUENCE("members", OPTIONAL, SECTION, members, &text_value, 0, SAES_MAX),
	CYAML_FIELD_SEQUENCE("macsec-interfaces", OPTIONAL, SECTION, macsec_interfaces, &text_value,
		0, CONFIG_MACSEC_INTERFACES_MAX),
	CYAML_FIELD_SEQUENCE("channel-keys", OPTIONAL, SECTION, channel_keys, &channel_key_value, 0,
		CONFIG_CHANNEL_KEYS_MAX),
	CYAML_FIELD_SEQUENCE("links", OPTIONAL, SECTION, links, &link_value, 0, EXCHANGE_LINKS_MAX),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t association_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_association, association_schema),
};

#undef SECTION
#define SECTION struct raw_handover
static const cyaml_schema_field_t handover_schema[] = {
	HANDOVER_FIELDS(SCHEMA_TEXT, SCHEMA_TEXT)
	CYAML_FIELD_SEQUENCE("macsec-interfaces", OPTIONAL, SECTION, macsec_interfaces, &text_value,
		0, CONFIG_MACSEC_INTERFACES_MAX),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t handover_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_handover, handover_schema),
};

#undef SECTION
#define SECTION struct raw_config
static const cyaml_schema_field_t root_schema[] = {
	CYAML_FIELD_MAPPING_PTR("daemon", OPTIONAL, SECTION, daemon, daemon_schema),
	CYAML_FIELD_MAPPING_PTR("transport", OPTIONAL, SECTION, transport, transport_schema),
	CYAML_FIELD_SEQUENCE("kmes", OPTIONAL, SECTION, kmes, &kme_value, 0, CONFIG_KMES_MAX),
	CYAML_FIELD_SEQUENCE("devices", OPTIONAL, SECTION, devices, &device_value, 0, CONFIG_DEVICES_MAX),
	CYAML_FIELD_SEQUENCE("associations", OPTIONAL, SECTION, associations, &association_value, 0,
		CONFIG_ASSOCIATIONS_MAX),
	CYAML_FIELD_SEQUENCE("handovers", OPTIONAL, SECTION, handovers, &handover_value, 0,
		CONFIG_HANDOVERS_MAX),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t root_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_config, root_schema),
};

/* clang-format on */

/* ---- the check of the tree ------------------------------------------------------------------- */

struct check {
	struct config_source *source;
	char path[CONFIG_PATH_MAX]; /* of what is being looked at */
	bool loadable;
};

static bool check_value(struct check *check, const cyaml_schema_value_t *value, uint32_t index);

static const char *expected(const cyaml_schema_value_t *value)
{
	switch (value->type) {
	case CYAML_MAPPING:
		return "a map of keys and values";
	case CYAML_SEQUENCE:
		return "a list";
	default:
		return "a single value";
	}
}

static enum config_yaml_kind kind_of(const cyaml_schema_value_t *value)
{
	return value->type == CYAML_MAPPING    ? YAML_MAP
	       : value->type == CYAML_SEQUENCE ? YAML_LIST
					       : YAML_TEXT;
}

static bool check_text(
	struct check *check, const cyaml_schema_value_t *value, const struct yaml_node *node)
{
	if (node->text_len > value->string.max) {
		config_fail_line(check->source, node->line, check->path, "longer than %u octets",
			value->string.max);
		return false;
	}
	for (size_t i = 0; i < node->text_len; i++) {
		if ((unsigned char)node->text[i] < ' ' || node->text[i] == 0x7f) {
			config_fail_line(check->source, node->line, check->path,
				"holds a control character");
			return false;
		}
	}
	return true;
}

/* The place in the schema of a key, or -1. */
static int find_field(const cyaml_schema_field_t *fields, const char *key)
{
	for (int i = 0; fields[i].key; i++) {
		if (strcmp(fields[i].key, key) == 0) {
			return i;
		}
	}
	return -1;
}

/* Unknown keys do not end it: libcyaml is told to skip them, so that the rest can be checked. */
static bool check_map(struct check *check, const cyaml_schema_value_t *value, uint32_t index)
{
	const cyaml_schema_field_t *fields = value->mapping.fields;
	const struct yaml_node *nodes = check->source->tree.nodes;
	size_t len = strlen(check->path);
	uint64_t seen = 0;
	bool fits = true;

	for (uint32_t child = nodes[index].first; child; child = nodes[child].next) {
		int field = find_field(fields, nodes[child].key);

		snprintf(check->path + len, sizeof(check->path) - len, "%s%.60s", len ? "." : "",
			nodes[child].key);
		if (field < 0) {
			config_fail_line(check->source, nodes[child].line, check->path,
				"unknown key; see keyidd.conf(5)");
		} else if (seen & UINT64_C(1) << field) {
			config_fail_line(
				check->source, nodes[child].line, check->path, "given twice");
			fits = false;
		} else {
			seen |= UINT64_C(1) << field;
			fits = check_value(check, &fields[field].value, child) && fits;
		}
		check->path[len] = '\0';
	}
	return fits;
}

static bool check_list(struct check *check, const cyaml_schema_value_t *value, uint32_t index)
{
	const struct yaml_node *nodes = check->source->tree.nodes;
	size_t len = strlen(check->path);
	bool fits = true;
	size_t i = 0;

	for (uint32_t child = nodes[index].first; child; child = nodes[child].next) {
		if (i == value->sequence.max) {
			config_fail_line(check->source, nodes[child].line, check->path,
				"more than %u entries", value->sequence.max);
			return false;
		}
		snprintf(check->path + len, sizeof(check->path) - len, "[%zu]", i++);
		fits = check_value(check, value->sequence.entry, child) && fits;
		check->path[len] = '\0';
	}
	if (i < value->sequence.min) {
		config_fail_line(check->source, nodes[index].line, check->path,
			"empty; leave the key out for its default");
		return false;
	}
	return fits;
}

/* The recursion is as deep as the schema. Returns false if libcyaml could not load this. */
static bool check_value(struct check *check, const cyaml_schema_value_t *value, uint32_t index)
{
	const struct yaml_node *node = &check->source->tree.nodes[index];

	if (node->kind != kind_of(value)) {
		config_fail_line(check->source, node->line, check->path, "%s is needed here",
			expected(value));
		return false;
	}
	switch (node->kind) {
	case YAML_TEXT:
		return check_text(check, value, node);
	case YAML_LIST:
		return check_list(check, value, index);
	case YAML_MAP:
		return check_map(check, value, index);
	}
	return false;
}

/* ---- loading --------------------------------------------------------------------------------- */

/* libcyaml's own words, the first of them: the rest traces its way back up. */
static void take_log(cyaml_log_t level, void *ctx, const char *format, va_list args)
{
	char *words = ctx;

	if (level == CYAML_LOG_ERROR && words[0] == '\0') {
		vsnprintf(words, CONFIG_REASON_MAX, format, args);
		words[strcspn(words, "\n")] = '\0';
	}
}

static const cyaml_config_t settings = {
	.mem_fn = cyaml_mem,
	.log_level = CYAML_LOG_ERROR,
	.flags = CYAML_CFG_NO_ALIAS | CYAML_CFG_IGNORE_UNKNOWN_KEYS,
};

struct raw_config *config_schema_load(struct config_source *source, const char *text, size_t len)
{
	struct check check = { .source = source };
	char words[CONFIG_REASON_MAX] = "";
	cyaml_config_t config = settings;
	cyaml_data_t *raw = NULL;
	cyaml_err_t error;

	if (!check_value(&check, &root_value, 0)) {
		return NULL;
	}
	config.log_fn = take_log;
	config.log_ctx = words;
	error = cyaml_load_data((const uint8_t *)text, len, &config, &root_value, &raw, NULL);
	if (error != CYAML_OK) {
		config_fail_line(
			source, 0, "", "refused by libcyaml: %s: %s", cyaml_strerror(error), words);
		return NULL;
	}
	/* Nothing known in it: libcyaml gives nothing for that. */
	return raw ? raw : calloc(1, sizeof(struct raw_config));
}

void config_schema_free(struct raw_config *raw)
{
	if (raw) {
		cyaml_free(&settings, &root_value, raw, 0);
	}
}
