#include "tools/kmesim/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "common/secret.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool copy_text(char **out, const char *text)
{
	*out = text ? strdup(text) : NULL;
	return *out || !text;
}

static int fail(char *error, const char *path, const char *what)
{
	snprintf(error, SIM_TEXT_MAX, "%s: %s", path, what);
	return -1;
}

int sim_config_find_sae(const struct sim_config *config, const char *id)
{
	for (size_t i = 0; i < config->sae_count; i++) {
		if (strcmp(config->saes[i].id, id) == 0) {
			return (int)i;
		}
	}
	return -1;
}

static const char *read_saes(struct sim_config *config, size_t kme, json_t *list)
{
	size_t at;
	json_t *item;

	json_array_foreach(list, at, item)
	{
		const char *id = json_string_value(item);
		struct sim_sae *sae = &config->saes[config->sae_count];

		if (!id || !*id || strlen(id) > SIM_ID_MAX) {
			return "\"saes\" is not a list of SAE IDs of at most 64 octets";
		}
		if (sim_config_find_sae(config, id) >= 0) {
			return "one SAE ID twice";
		}
		if (config->sae_count == SIM_SAES_MAX) {
			return "more than 64 SAEs";
		}
		sae->kme = kme;
		if (!copy_text(&sae->id, id)) {
			return "no memory";
		}
		config->sae_count++;
	}
	return NULL;
}

static const char *read_kme(struct sim_config *config, json_t *item, json_error_t *details)
{
	struct sim_kme *kme = &config->kmes[config->kme_count];
	const char *id, *certificate, *key, *address = "127.0.0.1", *netns = NULL;
	json_t *saes;
	int port = 0;

	if (json_unpack_ex(item, details, 0, "{s:s, s:s, s:s, s:o, s?:s, s?:i, s?:s !}", "id", &id,
		    "certificate", &certificate, "private_key", &key, "saes", &saes, "address",
		    &address, "port", &port, "netns", &netns) < 0) {
		return details->text;
	}
	if (!*id || strlen(id) > SIM_ID_MAX || port < 0 || port > UINT16_MAX ||
		!json_is_array(saes)) {
		return "a KME whose id, port or saes is out of bounds";
	}
	config->kme_count++; /* from here on sim_config_fini() frees it */
	kme->port = (uint16_t)port;
	if (!copy_text(&kme->id, id) || !copy_text(&kme->address, address) ||
		!copy_text(&kme->netns, netns) || !copy_text(&kme->certificate_file, certificate) ||
		!copy_text(&kme->private_key_file, key)) {
		return "no memory";
	}
	return read_saes(config, config->kme_count - 1, saes);
}

static const char *read_kmes(struct sim_config *config, json_t *list, json_error_t *details)
{
	const char *wrong;
	json_t *item;
	size_t at;

	if (!json_is_array(list) || json_array_size(list) == 0 ||
		json_array_size(list) > SIM_KMES_MAX) {
		return "\"kmes\" is not a list of 1 to 16 KMEs";
	}
	json_array_foreach(list, at, item)
	{
		wrong = read_kme(config, item, details);
		if (wrong) {
			return wrong;
		}
	}
	return NULL;
}

static const char *check_numbers(const struct sim_config *config)
{
	const int sizes[] = { config->key_size, config->min_key_size, config->max_key_size };

	for (size_t i = 0; i < COUNT(sizes); i++) {
		if (sizes[i] < 8 || sizes[i] > 8 * SECRET_MAX || sizes[i] % 8 != 0) {
			return "a key size that is no multiple of 8 from 8 to 1024";
		}
	}
	if (config->min_key_size > config->key_size || config->key_size > config->max_key_size) {
		return "key_size is not between min_key_size and max_key_size";
	}
	if (config->max_key_per_request < 1 || config->max_key_per_request > 128) {
		return "max_key_per_request is not 1 to 128";
	}
	if (config->stored_key_count < 0 || config->max_sae_id_count < 0) {
		return "a count below zero";
	}
	return NULL;
}

static const char *read_root(struct sim_config *config, json_t *root, json_error_t *details)
{
	const char *control, *ca_file, *keys_file = NULL, *wrong;
	json_t *kmes;

	if (json_unpack_ex(root, details, 0,
		    "{s:s, s:s, s:o, s?:s, s?:i, s?:i, s?:i, s?:i, s?:i, s?:i !}", "control",
		    &control, "ca_file", &ca_file, "kmes", &kmes, "keys_file", &keys_file,
		    "key_size", &config->key_size, "min_key_size", &config->min_key_size,
		    "max_key_size", &config->max_key_size, "max_key_per_request",
		    &config->max_key_per_request, "max_SAE_ID_count", &config->max_sae_id_count,
		    "stored_key_count", &config->stored_key_count) < 0) {
		return details->text;
	}
	if (!copy_text(&config->control, control) || !copy_text(&config->ca_file, ca_file) ||
		!copy_text(&config->keys_file, keys_file)) {
		return "no memory";
	}
	wrong = check_numbers(config);
	return wrong ? wrong : read_kmes(config, kmes, details);
}

int sim_config_load(struct sim_config *config, const char *path, char error[static SIM_TEXT_MAX])
{
	json_error_t details;
	const char *wrong;
	json_t *root;

	*config = (struct sim_config){
		.key_size = 256,
		.min_key_size = 64,
		.max_key_size = 8 * SECRET_MAX,
		.max_key_per_request = 16,
		.max_sae_id_count = 16,
		.stored_key_count = 100000,
	};
	root = json_load_file(path, JSON_REJECT_DUPLICATES, &details);
	if (!root) {
		if (details.line < 1) {
			return fail(error, path, details.text);
		}
		snprintf(error, SIM_TEXT_MAX, "%s:%d: %s", path, details.line, details.text);
		return -1;
	}
	wrong = read_root(config, root, &details);
	json_decref(root);
	return wrong ? fail(error, path, wrong) : 0;
}

void sim_config_fini(struct sim_config *config)
{
	for (size_t i = 0; i < config->kme_count; i++) {
		free(config->kmes[i].id);
		free(config->kmes[i].address);
		free(config->kmes[i].netns);
		free(config->kmes[i].certificate_file);
		free(config->kmes[i].private_key_file);
	}
	for (size_t i = 0; i < config->sae_count; i++) {
		free(config->saes[i].id);
	}
	free(config->control);
	free(config->ca_file);
	free(config->keys_file);
}
