/*
 * The configuration as any text: no file that it names is opened. Whatever is
 * refused has a line that says so, in printable characters; what is accepted is
 * complete enough for its users.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "keyidd/config_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_errors(const struct config_errors *errors)
{
	if (errors->count == 0 || errors->count > CONFIG_ERRORS_MAX + 1) {
		abort();
	}
	for (size_t i = 0; i < errors->count; i++) {
		const char *text = errors->list[i].text;

		if (strncmp(text, "fuzz", 4) != 0) {
			abort();
		}
		for (; *text; text++) {
			if ((unsigned char)*text < ' ' || *text == 0x7f) {
				abort();
			}
		}
		/* The walk along the schema lets nothing through that libcyaml refuses. */
		if (strncmp(errors->list[i].text, "fuzz: refused by libcyaml", 25) == 0) {
			abort();
		}
	}
}

static void check_association(const struct config_association *association)
{
	const struct exchange_config *exchange = &association->exchange;

	if (!association->name || !association->kme || !association->device ||
		exchange->sae.len == 0 || exchange->master.len == 0 || exchange->life_ms == 0 ||
		exchange->link_count == 0 || exchange->link_count > EXCHANGE_LINKS_MAX ||
		(association->cak_len != 16 && association->cak_len != 32)) {
		abort();
	}
	for (size_t i = 0; i < exchange->link_count; i++) {
		const struct config_channel_keys *keys = config_link_keys(association, i);

		if (keys->count == 0 || keys->count > CONFIG_CHANNEL_KEYS_MAX ||
			!association->links[i].interface != association->links[i].inside ||
			!association->links[i].name || exchange->links[i].neighbour_count == 0 ||
			exchange->links[i].neighbour_count > EXCHANGE_NEIGHBOURS_MAX) {
			abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config_errors errors = { 0 };
	struct config config;

	if (config_parse("fuzz", (const char *)data, size, false, &config, &errors) < 0) {
		check_errors(&errors);
		config_errors_free(&errors);
		return 0;
	}
	if (config.association_count == 0 || config.association_count > CONFIG_ASSOCIATIONS_MAX) {
		abort();
	}
	for (size_t i = 0; i < config.association_count; i++) {
		check_association(&config.associations[i]);
	}
	config_free(&config);
	return 0;
}
