/*
 * The configuration as any text: no file that it names is opened. Whatever is
 * refused has a line that says so, in printable characters; what is accepted is
 * complete enough for its users.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "keyidd/config_private.h"
#include "tests/fuzz/lib/check.h"
#include "tests/fuzz/lib/mutate_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_errors(const struct config_errors *errors)
{
	check(errors->count > 0 && errors->count <= CONFIG_ERRORS_MAX + 1);
	for (size_t i = 0; i < errors->count; i++) {
		const char *text = errors->list[i].text;

		check(strncmp(text, "fuzz", 4) == 0);
		for (const char *at = text; *at; at++) {
			check((unsigned char)*at >= ' ' && *at != 0x7f);
		}
		/* The walk along the schema lets nothing through that libcyaml refuses. */
		check(strncmp(text, "fuzz: refused by libcyaml", 25) != 0);
	}
}

static void check_link(const struct config_association *association, size_t i)
{
	const struct exchange_link_config *exchange = &association->exchange.links[i];
	const struct config_channel_keys *keys = config_link_keys(association, i);
	const struct config_link *link = &association->links[i];

	check(keys->count > 0 && keys->count <= CONFIG_CHANNEL_KEYS_MAX);
	check(link->name && !link->interface == link->inside);
	check(exchange->neighbour_count > 0 &&
		exchange->neighbour_count <= EXCHANGE_NEIGHBOURS_MAX);
}

static void check_association(const struct config_association *association)
{
	const struct exchange_config *exchange = &association->exchange;

	check(association->name && association->kme && association->device);
	check(exchange->sae.len > 0 && exchange->master.len > 0 && exchange->life_ms > 0);
	check(exchange->batch > 0 && exchange->batch <= CONFIG_BATCH_MAX);
	check(association->cak_len == 16 || association->cak_len == 32);
	check(exchange->link_count > 0 && exchange->link_count <= EXCHANGE_LINKS_MAX);
	for (size_t i = 0; i < exchange->link_count; i++) {
		check_link(association, i);
	}
}

static void check_handover(const struct config_handover *handover)
{
	check(handover->name && handover->kme && handover->device);
	check(handover->sae.len > 0 && handover->peer.len > 0);
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
	check(config.association_count + config.handover_count > 0);
	check(config.association_count <= CONFIG_ASSOCIATIONS_MAX);
	for (size_t i = 0; i < config.association_count; i++) {
		check_association(&config.associations[i]);
	}
	for (size_t i = 0; i < config.handover_count; i++) {
		check_handover(&config.handovers[i]);
	}
	config_free(&config);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	return mutate_text(data, size, max, &seed);
}
