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

/* What a neighbour on a link says of itself. */
struct word {
	const struct sae_status *status;
	size_t link, neighbour;
};

/* All of them, freshly and with their devices read back. */
struct words {
	size_t count;
	bool all; /* no neighbour is missing */
	struct word said[EXCHANGE_LINKS_MAX * EXCHANGE_NEIGHBOURS_MAX];
};

/*
 * The link to a neighbour survives the move if it can use the new key, or the
 * one that this device uses now (which the device keeps until the new one is
 * live). If it uses no key that we hold, there is nothing to lose. Kernel SAs are used at
 * once and alone, and who does not receive them by then never may.
 */
static bool neighbour_allows(const struct exchange *x, const struct word *word)
{
	const struct sae_status *neighbour = word->status;
	bool we_use = false, neighbour_uses = false;

	if (shown(neighbour, x->committed_tokens[0])) {
		return secys_heard_by(x, word->link, word->neighbour, x->committed_tokens[0]);
	}
	if (x->config->uses_an) {
		return false;
	}
	for (size_t i = 0; i < x->view.key_count; i++) {
		const struct usable_key *there = shown(neighbour, x->view.keys[i].token);

		we_use = we_use || (there && x->view.keys[i].transmitting);
		neighbour_uses = neighbour_uses || (there && there->transmitting);
	}
	return we_use || !neighbour_uses;
}

static void gather(const struct step *s, struct words *words)
{
	const struct exchange_config *config = s->x->config;

	words->count = 0;
	words->all = true;
	for (size_t i = 0; i < config->link_count; i++) {
		for (size_t j = 0; j < config->links[i].neighbour_count; j++) {
			const struct exchange_peer *peer = exchange_find_peer(
				s->x, &config->links[i].neighbours[j]);

			if (peer && exchange_peer_live(s->x, peer, s->now) &&
				peer->status.hops == 0 && peer->status.device_known) {
				words->said[words->count++] = (struct word){ &peer->status, i, j };
			} else {
				words->all = false;
			}
		}
	}
}

static bool any_uses(const struct words *words, const uint8_t token[static CKN_TOKEN_LEN])
{
	for (size_t i = 0; i < words->count; i++) {
		const struct usable_key *there = shown(words->said[i].status, token);

		if (there && there->transmitting) {
			return true;
		}
	}
	return false;
}

bool neighbours_heard(const struct step *s)
{
	struct words words;

	gather(s, &words);
	return words.all;
}

bool neighbours_allow(const struct step *s)
{
	struct words words;

	gather(s, &words);
	for (size_t i = 0; i < words.count; i++) {
		if (!neighbour_allows(s->x, &words.said[i])) {
			return false;
		}
	}
	return words.all;
}

bool neighbours_use(const struct step *s, const uint8_t token[static CKN_TOKEN_LEN])
{
	struct words words;

	gather(s, &words);
	return any_uses(&words, token);
}

bool neighbours_use_none(const struct step *s, const uint8_t token[static CKN_TOKEN_LEN])
{
	struct words words;

	gather(s, &words);
	return words.all && !any_uses(&words, token);
}
