/*
 * What an operator should know is wrong with an association: one sentence each,
 * nothing if all is well.
 */
#include "keyidd/control_private.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct problems {
	const struct association *association;
	const struct exchange *exchange;
	struct exchange_time now;
	json_t *list;
};

static void add(struct problems *problems, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add(struct problems *problems, const char *format, ...)
{
	char text[CONTROL_TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	json_array_append_new(problems->list, control_text(text));
}

static void look_at_key(struct problems *problems)
{
	int64_t age_s = association_key_age_s(problems->association);
	uint64_t alarm_ms = problems->association->config->key_age_alarm_ms;
	char age[CONTROL_AGE_TEXT], alarm[CONTROL_AGE_TEXT];

	if (alarm_ms != 0 && age_s >= 0 && (uint64_t)age_s * 1000 > alarm_ms) {
		add(problems, "the key is %s old; it should be replaced within %s",
			control_age((uint64_t)age_s * 1000, age), control_age(alarm_ms, alarm));
	} else if (problems->association->age_alarm && age_s < 0) {
		add(problems, "no key was ever confirmed");
	}
}

static void look_at_hold(struct problems *problems)
{
	const struct exchange *x = problems->exchange;
	char text[CONTROL_TEXT_MAX];

	if (x->hold_reason != REASON_NONE && !exchange_undecided(&x->record)) {
		control_hold(problems->association, text, sizeof(text));
		add(problems, "a new key is due and cannot be made: %s", text);
	}
}

/* The last generation that failed: by this SAE's KME or device, or by a decision of the master. */
static void look_at_failure(struct problems *problems)
{
	const struct exchange *x = problems->exchange;
	bool decided = x->config->role == EXCHANGE_MASTER && x->failed_reason >= REASON_INTERRUPTED;
	char text[CONTROL_TEXT_MAX];

	if (x->failed_reason == REASON_NONE) {
		return;
	}
	control_failure(problems->association, x->failed_reason, text, sizeof(text));
	if (x->failed.generation == 0) {
		add(problems, "%s", text);
	} else {
		add(problems, "generation %" PRIu64 " %s: %s", x->failed.generation,
			decided ? "was given up" : "failed here", text);
	}
}

static void add_device(struct problems *problems, unsigned reason)
{
	char text[CONTROL_TEXT_MAX];

	control_failure(problems->association, reason, text, sizeof(text));
	add(problems, "%s: %s", problems->association->config->device->name, text);
}

/* Also what will be in the way of the next key only. */
static void look_at_device(struct problems *problems)
{
	const struct association *association = problems->association;
	const struct exchange *x = problems->exchange;
	bool held_for_it = x->hold_reason == REASON_DEVICE_CLOCK && x->hold_sae.len == 0;

	if (x->device_reason != REASON_NONE) {
		add_device(problems, x->device_reason);
	}
	if (!x->device_known) {
		return;
	}
	if (x->clock_wrong && !held_for_it) {
		add_device(problems, REASON_DEVICE_CLOCK);
	}
	if (association->seen_text[0]) {
		add(problems, "%s: %s", association->config->device->name, association->seen_text);
	}
}

static void look_at_own_state(struct problems *problems)
{
	const struct exchange *x = problems->exchange;
	struct sae_status own;

	exchange_own_status(x, &own);
	if (own.lost.generation != 0) {
		add(problems, "the key of generation %" PRIu64 " is lost here",
			own.lost.generation);
	}
	if (own.device_reason == REASON_LOOP) {
		add(problems, "the status of %s comes round in a loop: check the cabling",
			x->loop_sae.text);
	}
	if (x->own_duplicate_ms != 0 &&
		problems->now.mono_ms - x->own_duplicate_ms <= x->config->life_ms) {
		add(problems, "another station speaks for %s: duplicate-sae", x->config->sae.text);
	}
}

static void look_at_peer(struct problems *problems, const struct exchange_peer *peer)
{
	const struct exchange *x = problems->exchange;
	const struct sae_status *status = &peer->status;
	bool decided = sae_id_equal(&status->sae, &x->config->master) &&
		       status->failed_reason >= REASON_INTERRUPTED;

	if (status->failed.generation != 0) {
		add(problems, "generation %" PRIu64 " %s %s: %s", status->failed.generation,
			decided ? "was given up by" : "failed at", status->sae.text,
			reason_name(status->failed_reason));
	} else if (status->failed_reason != REASON_NONE) {
		add(problems, "%s: %s", status->sae.text, reason_name(status->failed_reason));
	}
	if (status->lost.generation != 0) {
		add(problems, "the key of generation %" PRIu64 " is lost at %s",
			status->lost.generation, status->sae.text);
	}
	if (status->device_reason == REASON_LOOP) {
		add(problems, "%s hears statuses come round in a loop: check the cabling",
			status->sae.text);
	} else if (status->device_reason == REASON_DEVICE_CLOCK) {
		add(problems, "the clock of the device of %s is wrong: device-clock",
			status->sae.text);
	} else if (status->device_reason != REASON_NONE) {
		add(problems, "the device of %s does not follow: %s", status->sae.text,
			reason_name(status->device_reason));
	} else if (!status->device_known) {
		add(problems, "%s does not know what its device holds", status->sae.text);
	}
	if (peer->duplicate_ms != 0 &&
		problems->now.mono_ms - peer->duplicate_ms <= x->config->life_ms) {
		add(problems, "two stations speak for %s: duplicate-sae", status->sae.text);
	}
}

static bool is_neighbour(const struct exchange_config *config, const struct sae_id *sae)
{
	for (size_t i = 0; i < config->link_count; i++) {
		for (size_t j = 0; j < config->links[i].neighbour_count; j++) {
			if (sae_id_equal(&config->links[i].neighbours[j], sae)) {
				return true;
			}
		}
	}
	return false;
}

/* Statuses travel up: a slave does not hear a master that is more than one hop away. */
static bool is_missed(const struct association *association, const struct sae_id *sae)
{
	const struct exchange_config *config = association->exchange.config;

	return control_sae_configured(association, sae) &&
	       (!sae_id_equal(sae, &config->master) || is_neighbour(config, sae));
}

static void look_at_saes(struct problems *problems)
{
	const struct sae_id *saes[CONTROL_SAES_MAX];
	size_t count = control_saes(problems->association, saes);
	char age[CONTROL_AGE_TEXT];

	for (size_t i = 0; i < count; i++) {
		const struct exchange_peer *peer = exchange_find_peer(problems->exchange, saes[i]);

		if (peer && exchange_peer_live(problems->exchange, peer, problems->now)) {
			look_at_peer(problems, peer);
		} else if (!is_missed(problems->association, saes[i])) {
			continue; /* also a guest that has left */
		} else if (peer) {
			add(problems, "%s has been silent for %s", saes[i]->text,
				control_age(problems->now.mono_ms - peer->heard_ms, age));
		} else {
			add(problems, "%s has not been heard since the start", saes[i]->text);
		}
	}
}

static void look_at_links(struct problems *problems)
{
	const struct config_association *config = problems->association->config;

	for (size_t i = 0; i < config->exchange.link_count; i++) {
		const struct association_link *link = &problems->association->links[i];
		const char *down = association_netif_down(problems->association, i);

		if (!link->iface || !iface_open(link->iface)) {
			add(problems, "link %s: %s is not open: %s", config->links[i].name,
				link->iface ? iface_name(link->iface) : "it",
				link->iface ? iface_error(link->iface) : "no memory");
		} else if (link->send_error != 0) {
			add(problems, "link %s: sending on %s fails: %s", config->links[i].name,
				iface_name(link->iface), strerror(-link->send_error));
		}
		if (link->iface && iface_mtu_wanted(link) != 0) {
			add(problems, "link %s: the MTU of %s is %u, and a message may need %u",
				config->links[i].name, iface_name(link->iface),
				iface_mtu(link->iface), iface_mtu_wanted(link));
		}
		if (down) {
			add(problems,
				"link %s: %s is down, and nothing passes: ip link set dev %s up",
				config->links[i].name, down, down);
		}
	}
}

json_t *control_problems(const struct association *association, struct exchange_time now)
{
	struct problems problems = { association, &association->exchange, now, json_array() };

	look_at_key(&problems);
	look_at_hold(&problems);
	look_at_failure(&problems);
	look_at_device(&problems);
	look_at_own_state(&problems);
	look_at_links(&problems);
	look_at_saes(&problems);
	return problems.list;
}
