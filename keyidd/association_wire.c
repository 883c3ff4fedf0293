/* Frames: from the interface through the link to the exchange, and back. */
#include "keyidd/association.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/hex.h"
#include "common/log.h"
#include "keyidd/engine.h"
#include "keyidd/iface.h"

static void free_channel_keys(struct association_link *link)
{
	for (size_t i = 0; i < CONFIG_CHANNEL_KEYS_MAX; i++) {
		auth_free(link->auth[i]);
		link->auth[i] = NULL;
	}
}

static int set_link_keys(struct association_link *link)
{
	const struct config_association *config = link->association->config;
	const struct config_channel_keys *held = config_link_keys(config, link->index);
	struct auth *auth[CONFIG_CHANNEL_KEYS_MAX] = { 0 };
	struct link_key keys[CONFIG_CHANNEL_KEYS_MAX] = { 0 };

	for (size_t i = 0; i < held->count; i++) {
		const struct config_channel_key *key = &held->keys[i];

		auth[i] = auth_new(
			&key->key, config->name, config->links[link->index].name, key->number);
		if (!auth[i]) {
			auth_free(auth[0]); /* of two, the first one at most is there */
			return -ENOMEM;
		}
		keys[i].number = key->number;
		keys[i].auth = auth[i];
	}
	link_set_keys(&link->link, keys, held->count);
	free_channel_keys(link);
	memcpy(link->auth, auth, sizeof(auth));
	return 0;
}

int association_links_set_keys(struct association *association)
{
	for (size_t i = 0; i < association->config->exchange.link_count; i++) {
		int rc = set_link_keys(&association->links[i]);

		if (rc != 0) {
			return rc;
		}
	}
	return 0;
}

static int new_member(uint8_t member[static MEMBER_ID_LEN])
{
	return getrandom(member, MEMBER_ID_LEN, 0) == MEMBER_ID_LEN ? 0 : -EIO;
}

static int open_link(struct association *association, size_t index)
{
	const struct config_association *config = association->config;
	struct association_link *link = &association->links[index];
	struct link_config link_config = { .heartbeat_ms = config->heartbeat_ms,
		.life_ms = config->exchange.life_ms,
		.message_max = config_message_max(
			&association->engine->config.transport, &config->links[index]) };
	uint8_t member[MEMBER_ID_LEN];

	if (new_member(member) != 0) {
		return -EIO;
	}
	link->association = association;
	link->index = index;
	memcpy(link_config.association, config->exchange.association, ASSOCIATION_ID_LEN);
	link_init(&link->link, &link_config, member, clock_mono_ms());
	if (set_link_keys(link) != 0) {
		return -ENOMEM;
	}
	link->iface = iface_join(association->engine->ifaces, link);
	return link->iface ? 0 : -ENOMEM;
}

int association_links_open(struct association *association, char error[static STATE_TEXT_MAX])
{
	size_t count = association->config->exchange.link_count;

	association->links = calloc(count, sizeof(*association->links));
	if (!association->links) {
		snprintf(error, STATE_TEXT_MAX, "no memory");
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		int rc = open_link(association, i);

		if (rc != 0) {
			snprintf(error, STATE_TEXT_MAX, "link %s: %s",
				association->config->links[i].name, strerror(-rc));
			return rc;
		}
	}
	return 0;
}

void association_links_close(struct association *association)
{
	for (size_t i = 0; association->links && i < association->config->exchange.link_count;
		i++) {
		iface_leave(association->links[i].iface, &association->links[i]);
		free_channel_keys(&association->links[i]);
	}
	free(association->links);
	association->links = NULL;
}

/* ---- receiving ------------------------------------------------------------------------------ */

/* What a peer can cause shows in the counters; the log hears of it now and then. */
static void log_refused(
	struct association_link *link, enum verdict verdict, const struct link_receipt *receipt)
{
	const struct config_association *config = link->association->config;
	char member[2 * MEMBER_ID_LEN + 1];
	uint32_t held_back;

	if (verdict == VERDICT_DUPLICATE || verdict == VERDICT_NOT_LISTED ||
		!log_limit_allow(&link->refused_limit[verdict], clock_mono_ms(), &held_back)) {
		return;
	}
	hex_encode(receipt->header.member, MEMBER_ID_LEN, member);
	log_write(LOG_LEVEL_WARNING, "link",
		"%s: link %s: refused a message: %s%s%s (from member %s, channel key %u; %u like "
		"this "
		"held back)",
		config->label, config->links[link->index].name, verdict_name(verdict),
		receipt->malformed ? ", " : "",
		receipt->malformed ? malformed_name(receipt->malformed) : "", member,
		receipt->header.key_number, held_back);
}

/* Is it a copy of what the other carrier has brought before, and no stranger's? */
static bool note_carrier(struct association_link *link, enum verdict verdict,
	const struct message_header *header, enum carrier carrier, uint64_t now_ms)
{
	bool is_copy = verdict == VERDICT_DUPLICATE || verdict == VERDICT_REPLAYED;

	if (verdict != VERDICT_ACCEPTED && !is_copy) {
		return false;
	}
	if (!link_note_carrier(&link->link, now_ms, header, carrier)) {
		return false;
	}
	link->accepted_by[carrier] += verdict == VERDICT_ACCEPTED;
	link->copies_by[carrier] += is_copy;
	return is_copy;
}

void association_receive(
	struct association_link *link, enum carrier carrier, const uint8_t *message, size_t len)
{
	struct association *association = link->association;
	struct exchange_event event = { .kind = EXCHANGE_MESSAGE };
	struct message_content content;
	struct link_receipt receipt;
	uint64_t now_ms = clock_mono_ms();
	enum verdict verdict = link_receive(&link->link, now_ms, message, len, &receipt, &content);
	bool is_copy = note_carrier(link, verdict, &receipt.header, carrier, now_ms);

	if (verdict == VERDICT_ACCEPTED) {
		link->last_received_ms = now_ms;
		event.message.link = link->index;
		event.message.member = receipt.header.member;
		event.message.content = &content;
		association_event(association, &event);
		return;
	}
	if (!is_copy) {
		log_refused(link, verdict, &receipt);
	}
	/* An unproven station may be waiting to be listed. */
	loop_timer_set(association->engine->loop, &association->timer,
		association_links_next_due(association) < association->timer.at_ms
			? association_links_next_due(association)
			: association->timer.at_ms);
}

/* ---- sending -------------------------------------------------------------------------------- */

/* For a moment at the start nobody knows the interface: what is sent then would be lost. */
static bool is_early(const struct association_link *link)
{
	return link->iface && !iface_known(link->iface);
}

uint64_t association_links_next_due(const struct association *association)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < association->config->exchange.link_count; i++) {
		const struct association_link *link = &association->links[i];
		uint64_t due = link_next_due(&link->link);

		next = due < next && !is_early(link) ? due : next;
	}
	return next;
}

static void log_send_error(struct association_link *link, int rc)
{
	struct association *association = link->association;
	const struct config_link *config = &association->config->links[link->index];
	uint32_t held_back;

	link->send_errors++;
	link->failures_in_row = rc == link->send_error ? link->failures_in_row + 1 : 1;
	link->send_error = rc;
	/* Of the interface itself its own line tells, which may come a moment later. */
	if (link->failures_in_row != 2 || (rc == -ENETDOWN && !iface_open(link->iface)) ||
		!log_limit_allow(&association->send_limit, clock_mono_ms(), &held_back)) {
		return;
	}
	log_write(LOG_LEVEL_WARNING, "link", "%s: link %s: cannot send on %s: %s",
		association->config->label, config->name, iface_name(link->iface),
		rc == -EMSGSIZE ? "the message is longer than the interface allows"
				: strerror(-rc));
}

/* After 2^32 - 1 messages the numbers are used up: a new identifier, as after a restart. */
static int seal(struct association_link *link, uint64_t now_ms,
	const struct message_content *content, uint8_t *out, size_t max)
{
	int len = link_seal(&link->link, now_ms, content, out, max);
	uint8_t member[MEMBER_ID_LEN];

	if (len == -EOVERFLOW && new_member(member) == 0) {
		link_renew(&link->link, member, now_ms);
		len = link_seal(&link->link, now_ms, content, out, max);
	}
	return len;
}

static void send_on(struct association_link *link, struct exchange_time now)
{
	struct association *association = link->association;
	struct message_content content;
	uint8_t message[MESSAGE_MAX_RAW];
	int rc;

	exchange_compose(&association->exchange, now, link->index, &content);
	rc = seal(link, now.mono_ms, &content, message, sizeof(message));
	if (rc > 0) {
		rc = iface_send(link, message, (size_t)rc, link->link.is_idle);
	}
	if (rc < 0) {
		log_send_error(link, rc);
	} else {
		link->send_error = 0;
	}
}

void association_send_due(struct association *association)
{
	struct exchange_time now = { clock_mono_ms(), clock_wall_s() };

	for (size_t i = 0; i < association->config->exchange.link_count; i++) {
		struct association_link *link = &association->links[i];

		if (link_next_due(&link->link) <= now.mono_ms && !is_early(link)) {
			send_on(link, now);
			association_watch_carriers(link, now.mono_ms);
		}
	}
}
