/*
 * Where keys are installed as SAs of this host's own SecYs (IEEE 802.1AE), one on each
 * link: each station transmits with a SAK of its own, and tells its neighbours the
 * nonce that it is made from; they tell which nonces they receive (protocol.md section 5.9).
 * A link without a SecY lacks nothing.
 */
#include "l2proto/exchange_private.h"

#include <string.h>

/* ---- this SAE's ------------------------------------------------------------------------------ */

static const struct exchange_secy *own(const struct exchange *x, size_t link)
{
	const struct exchange_secy *secy = &x->view.secys[link];

	return secy->shown.present ? secy : NULL;
}

static const struct transmit_sa *find_transmit(
	const struct transmit_sa *transmit, size_t count, const uint8_t token[static CKN_TOKEN_LEN])
{
	for (size_t i = 0; i < count; i++) {
		if (memcmp(transmit[i].token, token, CKN_TOKEN_LEN) == 0) {
			return &transmit[i];
		}
	}
	return NULL;
}

static const struct transmit_sa *own_transmit(
	const struct exchange_secy *secy, const uint8_t token[static CKN_TOKEN_LEN])
{
	return find_transmit(secy->shown.transmit, secy->shown.transmit_count, token);
}

static bool receives(const struct exchange_secy *secy, const struct transmit_sa *from)
{
	for (size_t i = 0; i < secy->shown.receive_count; i++) {
		if (memcmp(secy->shown.receive[i], from->nonce, NONCE_LEN) == 0 &&
			memcmp(secy->receive_tokens[i], from->token, CKN_TOKEN_LEN) == 0) {
			return true;
		}
	}
	return false;
}

static size_t count_received(
	const struct exchange_secy *secy, const uint8_t token[static CKN_TOKEN_LEN])
{
	size_t count = 0;

	for (size_t i = 0; i < secy->shown.receive_count; i++) {
		count += memcmp(secy->receive_tokens[i], token, CKN_TOKEN_LEN) == 0;
	}
	return count;
}

bool secys_hold(const struct exchange *x, const uint8_t token[static CKN_TOKEN_LEN])
{
	for (size_t i = 0; i < x->config->link_count; i++) {
		const struct exchange_secy *secy = own(x, i);

		if (secy && (!own_transmit(secy, token) ||
				    count_received(secy, token) <
					    x->config->links[i].neighbour_count)) {
			return false;
		}
	}
	return true;
}

/* ---- the neighbours' ------------------------------------------------------------------------- */

/* By its word, of whatever age; NULL if it has said none. */
static const struct transmit_sa *neighbour_transmit(const struct exchange *x, size_t link,
	size_t neighbour, const uint8_t token[static CKN_TOKEN_LEN])
{
	const struct exchange_neighbour *there = &x->neighbours[link][neighbour];

	return find_transmit(there->transmit, there->transmit_count, token);
}

static bool is_fresh(const struct exchange *x, const struct exchange_neighbour *neighbour)
{
	return neighbour->heard_ms != 0 && x->last_ms - neighbour->heard_ms <= x->config->life_ms;
}

/* Of those SAs of ours that the neighbour receives, only the present ones are worth remembering. */
static void hear_receive(struct exchange_neighbour *neighbour, const struct exchange_secy *secy,
	const struct secy *heard)
{
	neighbour->receive_count = 0;
	for (size_t i = 0; secy && i < secy->shown.transmit_count; i++) {
		for (size_t j = 0; j < heard->receive_count; j++) {
			if (memcmp(secy->shown.transmit[i].nonce, heard->receive[j], NONCE_LEN) ==
				0) {
				memcpy(neighbour->receive[neighbour->receive_count++],
					heard->receive[j], NONCE_LEN);
				break;
			}
		}
	}
}

static bool brings_news(const struct exchange_neighbour *before, const struct secy *heard)
{
	for (size_t i = 0; i < heard->transmit_count; i++) {
		const struct transmit_sa *known = find_transmit(
			before->transmit, before->transmit_count, heard->transmit[i].token);

		if (!known || memcmp(known->nonce, heard->transmit[i].nonce, NONCE_LEN) != 0) {
			return true;
		}
	}
	return false;
}

/*
 * What could not be made before, for want of the nonce, is not to wait until it is tried
 * again; unless the neighbour's nonces change all the time.
 */
static void look_for_news(
	struct step *s, struct exchange_neighbour *before, const struct secy *heard)
{
	struct exchange *x = s->x;

	if (brings_news(before, heard) &&
		s->now.mono_ms - before->news_ms >= x->config->verify_ms) {
		before->news_ms = s->now.mono_ms;
		x->prepare_retry_ms = 0;
		x->device_retry_ms = 0;
	}
}

static void forget(struct exchange_neighbour *neighbour)
{
	*neighbour = (struct exchange_neighbour){ .news_ms = neighbour->news_ms };
}

static void hear_neighbour(struct step *s, size_t link, size_t index, const struct secy *heard)
{
	struct exchange *x = s->x;
	struct exchange_neighbour *neighbour = &x->neighbours[link][index];

	if (!heard->present) {
		forget(neighbour);
		return;
	}
	look_for_news(s, neighbour, heard);
	neighbour->heard_ms = s->now.mono_ms;
	memcpy(neighbour->sci, heard->sci, SCI_LEN);
	neighbour->suite = heard->suite;
	neighbour->transmit_count = heard->transmit_count;
	memcpy(neighbour->transmit, heard->transmit, sizeof(neighbour->transmit));
	hear_receive(neighbour, own(x, link), heard);
}

/* A SecY is its sender's: of the SAE that it speaks for itself. */
void secys_hear(struct step *s, size_t link, const struct message_content *content)
{
	const struct exchange_link_config *config = &s->x->config->links[link];

	for (size_t i = 0; i < content->status_count; i++) {
		for (size_t j = 0; j < config->neighbour_count; j++) {
			if (content->status[i].hops == 0 &&
				sae_id_equal(&content->status[i].sae, &config->neighbours[j])) {
				hear_neighbour(s, link, j, &content->secy);
			}
		}
	}
}

/* ---- both ------------------------------------------------------------------------------------ */

const struct transmit_sa *exchange_receivable(const struct exchange *exchange, size_t link,
	size_t neighbour, const uint8_t token[static CKN_TOKEN_LEN], bool *is_there)
{
	const struct exchange_neighbour *there = &exchange->neighbours[link][neighbour];
	const struct exchange_secy *secy = own(exchange, link);
	const struct transmit_sa *sa = neighbour_transmit(exchange, link, neighbour, token);
	bool may_be_made = secy && sa && sa->unused && is_fresh(exchange, there) &&
			   there->suite == secy->shown.suite;

	*is_there = secy && sa && receives(secy, sa);
	return *is_there || may_be_made ? sa : NULL;
}

typedef bool (*neighbour_fn)(const struct exchange *x, size_t link, size_t neighbour,
	const uint8_t token[static CKN_TOKEN_LEN]);

/* Is it so of any neighbour on a link that has a SecY? */
static bool any_neighbour(
	const struct exchange *x, neighbour_fn fulfils, const uint8_t token[static CKN_TOKEN_LEN])
{
	for (size_t i = 0; i < x->config->link_count; i++) {
		for (size_t j = 0; own(x, i) && j < x->config->links[i].neighbour_count; j++) {
			if (fulfils(x, i, j, token)) {
				return true;
			}
		}
	}
	return false;
}

static bool is_received(const struct exchange *x, size_t link, size_t neighbour,
	const uint8_t token[static CKN_TOKEN_LEN])
{
	const struct transmit_sa *sa = neighbour_transmit(x, link, neighbour, token);

	return sa && is_fresh(x, &x->neighbours[link][neighbour]) &&
	       receives(&x->view.secys[link], sa);
}

static bool is_missed(const struct exchange *x, size_t link, size_t neighbour,
	const uint8_t token[static CKN_TOKEN_LEN])
{
	return !is_received(x, link, neighbour, token);
}

bool secys_receive_all(const struct exchange *x, const uint8_t token[static CKN_TOKEN_LEN])
{
	return !any_neighbour(x, is_missed, token);
}

static bool is_lacking(const struct exchange *x, size_t link, size_t neighbour,
	const uint8_t token[static CKN_TOKEN_LEN])
{
	bool is_there;

	return exchange_receivable(x, link, neighbour, token, &is_there) && !is_there;
}

bool secys_lack(const struct exchange *x, const uint8_t token[static CKN_TOKEN_LEN])
{
	for (size_t i = 0; i < x->config->link_count; i++) {
		const struct exchange_secy *secy = own(x, i);

		if (secy && !own_transmit(secy, token)) {
			return true;
		}
	}
	return any_neighbour(x, is_lacking, token);
}

static bool is_too_late(const struct exchange *x, size_t link, size_t neighbour,
	const uint8_t token[static CKN_TOKEN_LEN])
{
	const struct transmit_sa *sa = neighbour_transmit(x, link, neighbour, token);

	return sa && !sa->unused && is_fresh(x, &x->neighbours[link][neighbour]) &&
	       !receives(&x->view.secys[link], sa);
}

bool secys_too_late(const struct exchange *x, const uint8_t token[static CKN_TOKEN_LEN])
{
	return any_neighbour(x, is_too_late, token);
}

bool secys_heard_by(const struct exchange *x, size_t link, size_t neighbour,
	const uint8_t token[static CKN_TOKEN_LEN])
{
	const struct exchange_neighbour *there = &x->neighbours[link][neighbour];
	const struct exchange_secy *secy = own(x, link);
	const struct transmit_sa *sa = secy ? own_transmit(secy, token) : NULL;

	for (size_t i = 0; sa && is_fresh(x, there) && i < there->receive_count; i++) {
		if (memcmp(there->receive[i], sa->nonce, NONCE_LEN) == 0) {
			return true;
		}
	}
	return !secy;
}

static bool has_other_suite(const struct exchange *x, size_t link, size_t neighbour,
	const uint8_t token[static CKN_TOKEN_LEN])
{
	const struct exchange_neighbour *there = &x->neighbours[link][neighbour];

	(void)token;
	return is_fresh(x, there) && there->suite != x->view.secys[link].shown.suite;
}

bool secys_differ(const struct exchange *x)
{
	return any_neighbour(x, has_other_suite, x->committed_tokens[0]);
}

/* ---- a SecY made anew ------------------------------------------------------------------------ */

/* Is an SA gone that is on record, and that nobody has asked to be taken away? */
static bool lost_transmit(
	const struct exchange *x, const struct secy *before, const struct exchange_secy *after)
{
	for (size_t i = 0; i < before->transmit_count; i++) {
		const struct transmit_sa *sa = &before->transmit[i];
		const struct transmit_sa *now = own_transmit(after, sa->token);

		if (cleanup_on_record(x, sa->token) &&
			(!now || memcmp(now->nonce, sa->nonce, NONCE_LEN) != 0)) {
			return true;
		}
	}
	return false;
}

/* Also if only what is received from this neighbour is. */
static bool lost_receive(const struct exchange *x, const struct exchange_neighbour *neighbour,
	const struct exchange_secy *before, const struct exchange_secy *after)
{
	for (size_t i = 0; i < neighbour->transmit_count; i++) {
		const struct transmit_sa *sa = &neighbour->transmit[i];

		if (cleanup_on_record(x, sa->token) && receives(before, sa) &&
			!receives(after, sa)) {
			return true;
		}
	}
	return false;
}

void secys_look_for_loss(struct exchange *x, const struct exchange_device_view *before)
{
	for (size_t i = 0; i < x->config->link_count; i++) {
		const struct exchange_secy *was = &before->secys[i], *is = &x->view.secys[i];
		bool anew = !was->shown.present || !is->shown.present ||
			    lost_transmit(x, &was->shown, is);

		for (size_t j = 0; j < x->config->links[i].neighbour_count; j++) {
			if (anew || lost_receive(x, &x->neighbours[i][j], was, is)) {
				forget(&x->neighbours[i][j]);
			}
		}
	}
}
