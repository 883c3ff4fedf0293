/* What the parts of config.h share: from text to raw structs to the configuration. */
#ifndef KEYIDD_CONFIG_PRIVATE_H
#define KEYIDD_CONFIG_PRIVATE_H

#include "keyidd/config.h"
#include "keyidd/config_fields.h"
#include "keyidd/config_yaml.h"

#define CONFIG_PATH_MAX 128
#define CONFIG_REASON_MAX 256

/* ---- raw: what libcyaml makes of the text; NULL = absent ---- */

#define RAW_TEXT(member, ...) char *member;

struct raw_daemon {
	DAEMON_FIELDS(RAW_TEXT, RAW_TEXT)
};

struct raw_transport {
	TRANSPORT_FIELDS(RAW_TEXT, RAW_TEXT)
};

struct raw_kme {
	KME_FIELDS(RAW_TEXT, RAW_TEXT)
};

struct raw_device {
	DEVICE_FIELDS(RAW_TEXT, RAW_TEXT)
};

struct raw_channel_key {
	CHANNEL_KEY_FIELDS(RAW_TEXT, RAW_TEXT)
};

struct raw_link {
	LINK_FIELDS(RAW_TEXT, RAW_TEXT)
	char **neighbours;
	uint32_t neighbours_count;
	struct raw_channel_key *channel_keys;
	uint32_t channel_keys_count;
};

struct raw_association {
	ASSOCIATION_FIELDS(RAW_TEXT, RAW_TEXT)
	char **members;
	uint32_t members_count;
	char **macsec_interfaces;
	uint32_t macsec_interfaces_count;
	struct raw_channel_key *channel_keys;
	uint32_t channel_keys_count;
	struct raw_link *links;
	uint32_t links_count;
};

struct raw_handover {
	HANDOVER_FIELDS(RAW_TEXT, RAW_TEXT)
	char **macsec_interfaces;
	uint32_t macsec_interfaces_count;
};

struct raw_config {
	struct raw_daemon *daemon;
	struct raw_transport *transport;
	struct raw_kme *kmes;
	uint32_t kmes_count;
	struct raw_device *devices;
	uint32_t devices_count;
	struct raw_association *associations;
	uint32_t associations_count;
	struct raw_handover *handovers;
	uint32_t handovers_count;
};

/* ---- the text, and what is wrong with it ---- */

struct config_source {
	const char *file;
	struct yaml_tree tree;
	struct config_errors *errors;
};

/* Notes an error at prefix.key ("" = none) with its line. */
void config_fail(struct config_source *source, const char *prefix, const char *key,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The same with a line that is known, for errors in the text itself. */
void config_fail_line(struct config_source *source, unsigned line, const char *path,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Sorts by line, and says how many were left out. */
void config_errors_finish(struct config_source *source);

/* ---- config_schema.c ---- */

/*
 * Compares the tree with the schema (unknown and repeated keys, a list where a
 * text belongs, ...), then has libcyaml load the text. Returns NULL if it could
 * not be loaded; unknown keys alone do not prevent that.
 */
struct raw_config *config_schema_load(struct config_source *source, const char *text, size_t len);
void config_schema_free(struct raw_config *raw); /* NULL accepted */

/* ---- config_section.c: a section's texts, by the tables of config_fields.h ---- */

struct config_field {
	const char *key;
	size_t raw_offset;    /* of a char * in the raw struct */
	size_t target_offset; /* in the section's struct */
	/* Returns false and says why in reason; NULL if config_build.c reads the text. */
	bool (*read)(const struct config_field *field, const char *text, void *target,
		char reason[static CONFIG_REASON_MAX]);
	uint64_t min, max;
	const char *fallback;
	const char *hint;
};

/* The tables of config_fields.h, for the sections and for the test of the manual. */
struct config_section {
	const char *name;
	size_t field_count;
	const struct config_field *fields;
};

extern const struct config_section config_daemon_section, config_transport_section,
	config_kme_section, config_device_section, config_association_section,
	config_channel_key_section, config_link_section, config_handover_section;

/* Reads every field of a section. Each problem is noted under prefix. */
void config_read_section(struct config_source *source, const char *prefix,
	const struct config_section *section, const void *raw, void *target);

/* Of config_value.c, what is needed without a table. */
bool config_word_valid(const char *text, size_t max);
bool config_read_sae(const struct config_field *field, const char *text, void *target,
	char reason[static CONFIG_REASON_MAX]);

/* ---- config_build.c, config_links.c: from raw structs to the configuration ---- */

/* An absent one is false; anything but true and false is noted as an error. */
bool config_read_bool(
	struct config_source *source, const char *prefix, const char *key, const char *text);

/* The list under prefix.channel-keys. */
void config_build_channel_keys(struct config_source *source, const char *prefix,
	const struct raw_channel_key *raw, size_t count, struct config_channel_keys *keys);

/* ---- config_keying.c: what associations and hand-overs say alike ---- */

/* Sets *kme and *device if there are such. */
void config_refer(struct config_source *source, const char *path, const struct config *config,
	const char *kme_name, const char *device_name, const struct config_kme **kme,
	const struct config_device **device);

/* From the texts of ckn and ckn-prefix. */
void config_build_ckn(struct config_source *source, const char *path, const char *kind,
	const char *prefix, struct ckn_rule *rule);

/* The CAK is the key's first 16 or 32 octets: IEEE 802.1X-2020 clause 9.3.3. 0 without a suite. */
size_t config_cak_len(
	struct config_source *source, const char *path, const char *suite, size_t key_size_bits);

/* What is named on a router. */
struct config_junos_names {
	const char *connectivity_association;
	const char *key_chain;
	const char *cipher_suite;
	char **interfaces;
	uint32_t interface_count;
};

/* Nothing is set unless the device is a router. */
void config_build_junos(struct config_source *source, const char *path,
	const struct config_device *device, const struct config_junos_names *names,
	struct applier_junos_config *junos);

/* ---- config_build.c ---- */

/* Where an association is, and which of its values can be relied on in further checks. */
struct association_place {
	struct config_source *source;
	char path[CONFIG_PATH_MAX];
	const struct raw_association *raw;
	bool role_known;
};

int config_build(struct config_source *source, struct config *config); /* 0 or -ENOMEM */
void config_build_members(
	const struct association_place *place, struct config_association *association);
/* config_starts.c: what only key-chains have; and, once LIFE is known, its times. */
void config_build_starts(
	const struct association_place *place, struct config_association *association);
void config_check_starts(
	const struct association_place *place, const struct config_association *association);
void config_build_links(const struct association_place *place, const struct config *config,
	struct config_association *association);
/* config_macsec.c: before the links, and with them. */
void config_begin_macsec(
	const struct association_place *place, struct config_association *association);
void config_build_macsec(
	const struct association_place *place, struct config_association *association);

/* config_wpa.c: a device, once its keys have been read; and who uses it. */
void config_build_wpa(struct config_source *source, const char *path, struct config_device *device);
void config_check_wpa(
	const struct association_place *place, const struct config_association *association);
void config_check_wpa_suite(struct config_source *source, const char *path,
	const struct config_device *device, const char *suite);

/* ---- config_handover.c ---- */

void config_build_handover(struct config_source *source, const struct config *config, size_t index,
	const struct raw_handover *raw, struct config_handover *handover);

/* What must hold between hand-overs, and between them and associations. */
void config_check_handovers(struct config_source *source, const struct config *config);

/* ---- config_check.c: what must hold between the parts ---- */

void config_check(struct config_source *source, struct config *config);

/* The part of it that no two names at hand would show: for its test. */
void config_check_ids(struct config_source *source, const struct config *config);

/* config_macsec.c: no device and no SCI twice. Returns 0 or -ENOMEM. */
int config_check_macsec(struct config_source *source, const struct config *config);

/* config_wpa.c: nobody gives keys to a wpa_supplicant of another's. Returns 0 or -ENOMEM. */
int config_check_wpa_users(struct config_source *source, const struct config *config);

/* Two entries may be of one router: then it is the first of them. */
const struct config_device *config_router_of(
	const struct config *config, const struct config_device *device);

/* The line of a key, for an error elsewhere that names it. */
unsigned config_line(const struct config_source *source, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* ---- config_group.c: several SAEs of one association ---- */

/* Sets the labels, and checks what must hold between entries of one name. 0 or -ENOMEM. */
int config_check_groups(struct config_source *source, struct config *config);

/* The same of the octets of their channel keys, once those are read. */
int config_check_group_keys(struct config_source *source, struct config *config);

/* ---- config_files.c: the files that the configuration names ---- */

/* Reads the keys into config, and sees whether the other files can be read. */
void config_check_files(struct config_source *source, struct config *config);

/* Reads the channel keys only, and notes in missing those that cannot be read. */
void config_read_disclosed_keys(
	const struct config_source *source, struct config *config, struct config_errors *missing);

/* ---- config.c ---- */

/*
 * config_load() of a text; file is the name that errors begin with. Without
 * with_files, no file that the text names is opened, and keys stay empty.
 */
int config_parse(const char *file, const char *text, size_t len, bool with_files,
	struct config *config, struct config_errors *errors);

#endif
