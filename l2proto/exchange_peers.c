/* What other SAEs say of themselves, directly or through relays (protocol.md section 5.6). */
#include "l2proto/exchange_private.h"

#include <string.h>

/* Was that (0 = never) no longer ago than LIFE? */
static bool within_life(const struct exchange *x, struct exchange_time now, uint64_t then_ms)
{
	return then_ms != 0 && now.mono_ms - then_ms <= x->config->life_ms;
}

bool exchange_peer_live(
	const struct exchange *exchange, const struct exchange_peer *peer, struct exchange_time now)
{
	return peer->status.sae.len > 0 &&
	       now.mono_ms - peer->heard_ms <= exchange->config->life_ms;
}

bool exchange_peer_duplicate(
	const struct exchange *exchange, const struct exchange_peer *peer, struct exchange_time now)
{
	return exchange_peer_live(exchange, peer, now) &&
	       within_life(exchange, now, peer->duplicate_ms);
}

const struct exchange_peer *exchange_find_peer(
	const struct exchange *exchange, const struct sae_id *sae)
{
	for (size_t i = 0; i < SAES_MAX; i++) {
		if (exchange->peers[i].status.sae.len > 0 &&
			sae_id_equal(&exchange->peers[i].status.sae, sae)) {
			return &exchange->peers[i];
		}
	}
	return NULL;
}

/* The SAE's entry, or a free one, or that of an SAE that is silent; NULL if the table is full. */
static struct exchange_peer *peer_place(struct step *s, const struct sae_id *sae)
{
	struct exchange *x = s->x;
	struct exchange_peer *place = (struct exchange_peer *)exchange_find_peer(x, sae);

	for (size_t i = 0; !place && i < SAES_MAX; i++) {
		if (!exchange_peer_live(x, &x->peers[i], s->now)) {
			place = &x->peers[i];
			memset(place, 0, sizeof(*place));
		}
	}
	return place;
}

static bool passed(const struct sae_status *status, uint32_t hop)
{
	for (size_t i = 0; i < status->hops; i++) {
		if (status->path[i] == hop) {
			return true;
		}
	}
	return false;
}

bool peers_in_loop(const struct exchange *x)
{
	return x->loop_ms != 0 && x->last_ms - x->loop_ms <= x->config->life_ms;
}

/* Told once, however often it comes round. */
static void hear_loop(struct step *s, const struct sae_id *sae)
{
	struct exchange *x = s->x;

	if (!peers_in_loop(x)) {
		x->loop_sae = *sae;
		step_note(s, EXCHANGE_NOTE_LOOP, 0, REASON_LOOP, sae);
	}
	x->loop_ms = s->now.mono_ms;
}

/* Our own status has come back through a relay, or another station speaks for our SAE. */
static void hear_own(struct step *s, const struct sae_status *status)
{
	struct exchange *x = s->x;
	bool already = within_life(x, s->now, x->own_duplicate_ms);

	if (status->hops > 0) {
		hear_loop(s, &status->sae);
		return;
	}
	if (!already) {
		step_note(s, EXCHANGE_NOTE_DUPLICATE_SAE, 0, REASON_DUPLICATE_SAE, &status->sae);
	}
	x->own_duplicate_ms = s->now.mono_ms;
}

/*
 * Two stations on one link for one SAE: after a restart the old one falls
 * silent; if it does speak again, there are two.
 */
static void check_duplicate(struct step *s, struct exchange_peer *peer, size_t link,
	const uint8_t *member, const struct sae_status *status)
{
	bool same_place = status->hops == 0 && peer->status.hops == 0 && peer->link == link;

	if (!same_place || memcmp(peer->member, member, MEMBER_ID_LEN) == 0 ||
		!exchange_peer_live(s->x, peer, s->now)) {
		return;
	}
	if (within_life(s->x, s->now, peer->superseded_ms) &&
		memcmp(peer->superseded, member, MEMBER_ID_LEN) == 0) {
		if (peer->duplicate_ms == 0) {
			step_note(s, EXCHANGE_NOTE_DUPLICATE_SAE, 0, REASON_DUPLICATE_SAE,
				&status->sae);
		}
		peer->duplicate_ms = s->now.mono_ms;
	}
	memcpy(peer->superseded, peer->member, MEMBER_ID_LEN);
	peer->superseded_ms = s->now.mono_ms;
}

/* The master's word that a member failed, when we are that member: it has been told already. */
static bool says_we_failed(const struct exchange *x, const struct sae_status *status)
{
	return status->failed_reason == REASON_MEMBER_FAILED && x->failed.generation != 0 &&
	       x->failed.generation == status->failed.generation;
}

/* The master follows what its members say of the proposal under way. */
static void note_progress(
	struct step *s, const struct sae_status *before, const struct sae_status *after)
{
	const struct exchange_record *record = &s->x->record;

	if (s->x->config->role == EXCHANGE_MASTER && ref_is(&after->staged, &record->staged) &&
		!ref_is(&before->staged, &record->staged)) {
		step_note(s, EXCHANGE_NOTE_MEMBER_READY, record->staged.generation, REASON_NONE,
			&after->sae);
	}
	if (after->failed.generation != 0 && !says_we_failed(s->x, after) &&
		(before->failed.generation != after->failed.generation ||
			before->failed_reason != after->failed_reason)) {
		step_note(s, EXCHANGE_NOTE_MEMBER_FAILED, after->failed.generation,
			after->failed_reason, &after->sae);
	}
	if (after->device_reason != 0 && before->device_reason != after->device_reason) {
		step_note(s,
			after->device_reason == REASON_LOOP ? EXCHANGE_NOTE_LOOP
							    : EXCHANGE_NOTE_MEMBER_DEVICE,
			0, after->device_reason, &after->sae);
	}
	if (after->lost.generation != 0 && before->lost.generation != after->lost.generation) {
		step_note(s, EXCHANGE_NOTE_LOST, after->lost.generation, REASON_KEY_LOST,
			&after->sae);
	}
	if (after->rekey_wanted && !before->rekey_wanted) {
		step_note(s, EXCHANGE_NOTE_REKEY_WANTED, after->highest, REASON_NONE, &after->sae);
	}
}

/*
 * The shorter path is the fresher one. Of two ways of one length, the one that
 * is taken stays: what is handed on would change with each message otherwise.
 */
static bool better(const struct exchange_peer *peer, size_t link, const struct sae_status *status)
{
	const struct sae_status *known = &peer->status;
	size_t last = (size_t)status->hops - 1;

	if (status->hops != known->hops) {
		return status->hops < known->hops;
	}
	return peer->link == link && (status->hops == 0 || status->path[last] == known->path[last]);
}

static void hear_status(
	struct step *s, size_t link, const uint8_t *member, const struct sae_status *status)
{
	struct exchange *x = s->x;
	struct exchange_peer *peer;

	if (sae_id_equal(&status->sae, &x->config->sae)) {
		hear_own(s, status);
		return;
	}
	if (passed(status, x->hop)) {
		hear_loop(s, &status->sae);
		return;
	}
	peer = peer_place(s, &status->sae);
	if (!peer || (exchange_peer_live(x, peer, s->now) && !better(peer, link, status))) {
		return;
	}
	check_duplicate(s, peer, link, member, status);
	note_progress(s, &peer->status, status);
	peer->status = *status;
	memcpy(peer->member, member, MEMBER_ID_LEN);
	peer->link = (uint8_t)link;
	peer->heard_ms = s->now.mono_ms;
	if (status->hops > 0 && status->device_reason == REASON_DUPLICATE_SAE) {
		peer->duplicate_ms = s->now.mono_ms;
	}
	if (!within_life(x, s->now, peer->duplicate_ms)) {
		peer->duplicate_ms = 0;
	}
}

void peers_hear(
	struct step *s, size_t link, const uint8_t *member, const struct message_content *content)
{
	for (size_t i = 0; i < content->status_count; i++) {
		hear_status(s, link, member, &content->status[i]);
	}
}

bool peers_conflict(const struct step *s, const struct sae_id **sae)
{
	const struct exchange *x = s->x;

	if (within_life(x, s->now, x->own_duplicate_ms)) {
		*sae = &x->config->sae;
		return true;
	}
	for (size_t i = 0; i < SAES_MAX; i++) {
		const struct exchange_peer *peer = &x->peers[i];

		if (exchange_peer_duplicate(x, peer, s->now)) {
			*sae = &peer->status.sae;
			return true;
		}
	}
	return false;
}

/* Also what was said long ago: a generation is never unsaid, nor a decision. */
bool peers_ahead(const struct exchange *x)
{
	for (size_t i = 0; i < SAES_MAX; i++) {
		const struct sae_status *status = &x->peers[i].status;

		if (status->sae.len > 0 &&
			(status->highest > x->record.highest ||
				status->applied.generation > x->record.committed.generation)) {
			return true;
		}
	}
	return false;
}

/* ---- the members, as their master sees them ---------------------------------------------------
 */

static const struct exchange_peer *live_member(const struct step *s, size_t i)
{
	const struct exchange_peer *peer = exchange_find_peer(s->x, &s->x->config->members[i]);

	return peer && exchange_peer_live(s->x, peer, s->now) ? peer : NULL;
}

bool member_heard(const struct exchange *x, const struct sae_status *status)
{
	(void)x;
	(void)status;
	return true;
}

/* Does every member, freshly, fulfil the condition? *missing names the first that does not. */
bool members_all(const struct step *s, member_fn fulfils, const struct sae_id **missing)
{
	for (size_t i = 0; i < s->x->config->member_count; i++) {
		const struct exchange_peer *peer = live_member(s, i);

		if (!peer || !fulfils(s->x, &peer->status)) {
			*missing = &s->x->config->members[i];
			return false;
		}
	}
	return true;
}

bool members_any(const struct step *s, member_fn fulfils, const struct sae_id **which)
{
	for (size_t i = 0; i < s->x->config->member_count; i++) {
		const struct exchange_peer *peer = live_member(s, i);

		if (peer && fulfils(s->x, &peer->status)) {
			*which = &s->x->config->members[i];
			return true;
		}
	}
	return false;
}
