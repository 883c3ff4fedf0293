/* What this SAE advertises: its own status, the master's slots downwards, others' statuses upwards.
 */
#include "l2proto/exchange_private.h"

#include <string.h>

/*
 * The number of keys that are staged and undecided is free for the next proposal:
 * before that is taken up they are taken out. Otherwise they could hold the
 * last numbers for ever, if their master has lost its records.
 */
static uint8_t yielding_an(const struct exchange *x)
{
	return x->config->uses_an && cleanup_holds_undecided(x) && device_has_staged(x) &&
			       x->record.staged.an != AN_NONE
		       ? (uint8_t)(1u << x->record.staged.an)
		       : 0;
}

static void show_device(const struct exchange *x, struct sae_status *status)
{
	status->device_known = x->device_known;
	if (!x->device_known) {
		return;
	}
	status->an_in_use = x->view.an_in_use & (uint8_t)~yielding_an(x);
	status->latest_start = x->view.latest_start;
	for (size_t i = 0; i < x->view.key_count; i++) {
		const struct exchange_device_key *key = &x->view.keys[i];
		struct usable_key *shown = &status->usable[status->usable_count];

		if (key->past && !key->sending) {
			continue; /* of no use to anybody */
		}
		memcpy(shown->token, key->token, CKN_TOKEN_LEN);
		shown->transmitting = key->transmitting || key->sending;
		shown->future = key->future;
		status->usable_count++;
	}
}

/* What keeps the device from following, or else what others had better know. */
static unsigned shown_reason(const struct exchange *x)
{
	if (x->clock_wrong) {
		return REASON_DEVICE_CLOCK; /* no start may be decided: before all else */
	}
	if (x->device_reason != REASON_NONE) {
		return x->device_reason;
	}
	if (x->discard_reason != REASON_NONE) {
		return x->discard_reason;
	}
	return peers_in_loop(x) ? REASON_LOOP : REASON_NONE;
}

void exchange_own_status(const struct exchange *x, struct sae_status *status)
{
	const struct exchange_record *record = &x->record;

	memset(status, 0, sizeof(*status));
	status->sae = x->config->sae;
	status->highest = record->highest;
	if (device_ready(x)) {
		status->staged = proposal_ref(&record->staged);
	}
	if (device_applied(x)) {
		status->applied = proposal_ref(&record->committed);
		status->live = device_live(x);
	}
	if (device_lost(x)) {
		status->lost = proposal_ref(&record->committed);
	}
	status->failed = x->failed;
	status->failed_reason = (uint16_t)x->failed_reason;
	status->rekey_wanted = x->config->role == EXCHANGE_SLAVE &&
			       (x->rekey_wanted || device_wants_key(x) || device_used_up(x));
	status->device_reason = (uint16_t)shown_reason(x);
	show_device(x, status);
}

/* What the device has been told to send with counts as used before it is read back. */
static void show_secy(const struct exchange *x, size_t link, struct secy *secy)
{
	secy->present = x->device_known && x->view.secys[link].shown.present;
	if (!secy->present) {
		return;
	}
	*secy = x->view.secys[link].shown;
	for (size_t i = 0; i < secy->transmit_count; i++) {
		if (x->told && memcmp(secy->transmit[i].token, x->told_token, CKN_TOKEN_LEN) == 0) {
			secy->transmit[i].unused = false;
		}
	}
}

static void own_slots(const struct exchange *x, struct message_content *content)
{
	const struct exchange_record *record = &x->record;
	bool newer = record->staged.generation > record->committed.generation;

	if (record->decision != SLOT_EMPTY) {
		content->committed.phase = record->decision;
		content->committed.proposal = record->committed;
	}
	if (newer && record->stage == EXCHANGE_STAGE_HELD) {
		content->proposed.phase = SLOT_PREPARE;
		content->proposed.proposal = record->staged;
	}
	/* Also if its keys never came: who missed that the one before was given up learns it so. */
	if (newer && record->stage == EXCHANGE_STAGE_ABORTED) {
		content->proposed.phase = SLOT_ABORT;
		content->proposed.proposal = record->staged;
	}
}

/* A relay hands the master's slots on as it heard them; after a restart, what it has on record. */
static void relayed_slots(const struct exchange *x, struct message_content *content)
{
	const struct exchange_record *record = &x->record;

	content->committed = x->heard_committed;
	content->proposed = x->heard_proposed;
	if (content->committed.phase == SLOT_EMPTY && record->decision != SLOT_EMPTY) {
		content->committed.phase = record->decision;
		content->committed.proposal = record->committed;
	}
}

static void add_relayed_statuses(
	const struct exchange *x, struct exchange_time now, struct message_content *content)
{
	for (size_t i = 0; i < SAES_MAX && content->status_count < SAES_MAX; i++) {
		const struct exchange_peer *peer = &x->peers[i];
		struct sae_status *status = &content->status[content->status_count];

		if (!exchange_peer_live(x, peer, now) || peer->status.hops == HOPS_MAX ||
			x->config->links[peer->link].direction != EXCHANGE_DOWN) {
			continue;
		}
		*status = peer->status;
		if (exchange_peer_duplicate(x, peer, now)) {
			status->device_reason = REASON_DUPLICATE_SAE;
		}
		status->path[status->hops++] = x->hop;
		content->status_count++;
	}
}

void exchange_compose(const struct exchange *x, struct exchange_time now, size_t link,
	struct message_content *content)
{
	content->master.len = 0;
	content->committed.phase = SLOT_EMPTY;
	content->proposed.phase = SLOT_EMPTY;
	content->status_count = 1;
	show_secy(x, link, &content->secy);
	exchange_own_status(x, &content->status[0]);
	if (x->config->links[link].direction == EXCHANGE_UP) {
		add_relayed_statuses(x, now, content);
		return;
	}
	if (x->config->role == EXCHANGE_MASTER) {
		own_slots(x, content);
	} else {
		relayed_slots(x, content);
	}
	if (content->committed.phase != SLOT_EMPTY || content->proposed.phase != SLOT_EMPTY) {
		content->master = x->config->master;
	}
}
