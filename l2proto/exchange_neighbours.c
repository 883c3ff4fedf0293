/*
 * The MACsec neighbours: may this device move to the committed keys, and are
 * there keys that nobody uses (protocol.md section 5.5)?
 */
#include "l2proto/exchange_private.h"

#include <string.h>

/* The neighbour's entry for a key that it can use now; NULL if it shows none. */
static const struct usable_key *shown(
	const struct sae_status *status, const uint8_t token[static CKN_TOKEN_LEN])
{
	for (size_t i = 0; i < status->usable_count; i++) {
		if (!status->usable[i].future &&
			memcmp(status->usable[i].token, token, CKN_TOKEN_LEN) == 0) {
			return &status->usable[i];
		}
	}
	return NULL;
}

/*
 * The link to a neighbour survives the move if it can use the new key, or the
 * one that this device uses now (which the device keeps until the new one is
 * live; kernel SAs do not, they send with one only). If it uses no key that we
 * hold, there is nothing to lose.
 */
static bool neighbour_allows(const struct exchange *x, const struct sae_status *neighbour)
{
	const struct ckn *next = &x->committed_ckns[0];
	uint8_t token[CKN_TOKEN_LEN];
	bool we_use = false, neighbour_uses = false;

	ckn_token(next->octets, next->len, token);
	if (shown(neighbour, token)) {
		return true;
	}
	for (size_t i = 0; i < x->view.key_count; i++) {
		const struct usable_key *there = shown(neighbour, x->view_tokens[i]);

		we_use = we_use || (there && x->view.keys[i].transmitting && !x->config->uses_an);
		neighbour_uses = neighbour_uses || (there && there->transmitting);
	}
	return we_use || !neighbour_uses;
}

static bool does_not_use(
	const struct exchange *x, const struct sae_status *neighbour, const uint8_t *token)
{
	const struct usable_key *there = shown(neighbour, token);

	(void)x;
	return !there || !there->transmitting;
}

static bool allows(
	const struct exchange *x, const struct sae_status *neighbour, const uint8_t *token)
{
	(void)token;
	return neighbour_allows(x, neighbour);
}

/* The neighbour's own and fresh word; NULL if there is none. */
static const struct sae_status *own_word(const struct step *s, const struct sae_id *neighbour)
{
	const struct exchange_peer *peer = exchange_find_peer(s->x, neighbour);

	return peer && exchange_peer_live(s->x, peer, s->now) && peer->status.hops == 0 &&
			       peer->status.device_known
		       ? &peer->status
		       : NULL;
}

/* Is it so of each neighbour on each link? Not, if one gives no word. */
static bool each_neighbour(const struct step *s, const uint8_t *token,
	bool (*so)(
		const struct exchange *x, const struct sae_status *neighbour, const uint8_t *token))
{
	const struct exchange_config *config = s->x->config;

	for (size_t i = 0; i < config->link_count; i++) {
		for (size_t j = 0; j < config->links[i].neighbour_count; j++) {
			const struct sae_status *word = own_word(
				s, &config->links[i].neighbours[j]);

			if (!word || !so(s->x, word, token)) {
				return false;
			}
		}
	}
	return true;
}

bool neighbours_allow(const struct step *s)
{
	return each_neighbour(s, NULL, allows);
}

bool neighbours_use_none(const struct step *s, const uint8_t token[static CKN_TOKEN_LEN])
{
	return each_neighbour(s, token, does_not_use);
}

bool neighbours_use(const struct step *s, const uint8_t token[static CKN_TOKEN_LEN])
{
	const struct exchange_config *config = s->x->config;

	for (size_t i = 0; i < config->link_count; i++) {
		for (size_t j = 0; j < config->links[i].neighbour_count; j++) {
			const struct sae_status *word = own_word(
				s, &config->links[i].neighbours[j]);

			if (word && !does_not_use(s->x, word, token)) {
				return true;
			}
		}
	}
	return false;
}
