#include "netconf/macsec_report.h"

#include <string.h>

#include "netconf/macsec_plan.h"

/* ---- keys ------------------------------------------------------------------------------------ */

static bool has_token(const struct macsec_sa *sa, const uint8_t *token)
{
	return sa->present && memcmp(sa->key_id.token, token, MACSEC_TOKEN_LEN) == 0;
}

/* NULL if the device has none of that key. */
static const struct macsec_sa *find_transmit(
	const struct macsec_view *device, const uint8_t *token, uint8_t *an)
{
	for (*an = 0; *an < MACSEC_AN_COUNT; (*an)++) {
		if (has_token(&device->transmit[*an], token)) {
			return &device->transmit[*an];
		}
	}
	return NULL;
}

static bool is_shown(const struct applier_view *view, const uint8_t *token)
{
	for (size_t i = 0; i < view->key_count; i++) {
		if (memcmp(view->keys[i].token, token, APPLIER_TOKEN_LEN) == 0) {
			return true;
		}
	}
	return false;
}

static void show_key(struct applier_view *view, const struct macsec_sa *sa, uint8_t an)
{
	struct applier_seen_key *key = &view->keys[view->key_count];

	if (!sa->present || view->key_count == APPLIER_USABLE_MAX ||
		is_shown(view, sa->key_id.token)) {
		return;
	}
	view->key_count++;
	memcpy(key->token, sa->key_id.token, sizeof(key->token));
	key->an = an;
	key->configured = true;
}

static void show_keys(
	const struct macsec_view *const *devices, size_t count, struct applier_view *view)
{
	for (size_t i = 0; i < count; i++) {
		for (uint8_t an = 0; an < MACSEC_AN_COUNT; an++) {
			show_key(view, &devices[i]->transmit[an], an);
		}
	}
	for (size_t i = 0; i < count; i++) {
		for (size_t channel = 0; channel < devices[i]->channel_count; channel++) {
			for (uint8_t an = 0; an < MACSEC_AN_COUNT; an++) {
				show_key(view, &devices[i]->channels[channel].sas[an], an);
			}
		}
	}
}

/* Usable, and transmitting, on every link, or not at all. */
static void judge_key(
	const struct macsec_view *const *devices, size_t count, struct applier_seen_key *key)
{
	uint8_t an;

	key->usable = key->transmitting = true;
	for (size_t i = 0; i < count; i++) {
		if (!find_transmit(devices[i], key->token, &an)) {
			key->usable = key->transmitting = false;
		} else if (macsec_encodes(devices[i], an)) {
			key->sending = true;
		} else {
			key->transmitting = false;
		}
	}
}

/* ---- SecYs ----------------------------------------------------------------------------------- */

static void show_transmit(const struct macsec_view *device, struct applier_secy *secy)
{
	for (uint8_t an = 0; an < MACSEC_AN_COUNT; an++) {
		const struct macsec_sa *sa = &device->transmit[an];
		struct applier_transmit_sa *shown = &secy->transmit[secy->transmit_count];

		if (!sa->present) {
			continue;
		}
		secy->transmit_count++;
		memcpy(shown->token, sa->key_id.token, sizeof(shown->token));
		memcpy(shown->nonce, sa->key_id.nonce, sizeof(shown->nonce));
		/* One that encodes may send before anybody hears of this. */
		shown->unused = sa->next_pn == 1 && !macsec_encodes(device, an);
	}
}

static void show_receive(const struct macsec_channel *channel, struct applier_secy *secy)
{
	for (uint8_t an = 0; channel->active && an < MACSEC_AN_COUNT; an++) {
		const struct macsec_sa *sa = &channel->sas[an];
		struct applier_receive_sa *shown = &secy->receive[secy->receive_count];

		if (!sa->present || !sa->active || secy->receive_count == APPLIER_RECEIVE_MAX) {
			continue;
		}
		secy->receive_count++;
		memcpy(shown->token, sa->key_id.token, sizeof(shown->token));
		memcpy(shown->nonce, sa->key_id.nonce, sizeof(shown->nonce));
	}
}

static void show_secy(const struct macsec_view *device, struct applier_secy *secy)
{
	secy->present = true;
	memcpy(secy->sci, device->sci.octets, sizeof(secy->sci));
	secy->suite = (uint8_t)(device->suite + 1);
	show_transmit(device, secy);
	for (size_t i = 0; i < device->channel_count; i++) {
		show_receive(&device->channels[i], secy);
	}
}

/* ---- the whole ------------------------------------------------------------------------------- */

static uint8_t numbers_in_use(const struct macsec_sa *sas)
{
	unsigned int numbers = 0;

	for (unsigned int an = 0; an < MACSEC_AN_COUNT; an++) {
		numbers |= (unsigned int)sas[an].present << an;
	}
	return (uint8_t)numbers;
}

void macsec_report(
	const struct macsec_view *const *devices, size_t count, struct applier_view *view)
{
	memset(view, 0, sizeof(*view));
	show_keys(devices, count, view);
	for (size_t i = 0; i < view->key_count; i++) {
		judge_key(devices, count, &view->keys[i]);
	}
	for (size_t i = 0; i < count; i++) {
		const struct macsec_view *device = devices[i];

		show_secy(device, &view->secys[i]);
		view->an_in_use |= numbers_in_use(device->transmit);
		for (size_t channel = 0; channel < device->channel_count; channel++) {
			view->an_in_use |= numbers_in_use(device->channels[channel].sas);
		}
	}
}

/* ---- when the next key is due ---------------------------------------------------------------- */

static void set_mark(struct macsec_mark *mark, const struct macsec_view *device,
	const struct macsec_key_id *key_id)
{
	mark->ifindex = device->ifindex;
	mark->key_id = *key_id;
	mark->sent_octets = device->sent_octets;
}

void macsec_mark_update(struct macsec_mark *mark, const struct macsec_view *device)
{
	const struct macsec_sa *sa = macsec_sa_in_use(device);

	if (sa && (mark->ifindex != device->ifindex || mark->sent_octets > device->sent_octets ||
			  !macsec_key_id_equal(&mark->key_id, &sa->key_id))) {
		set_mark(mark, device, &sa->key_id);
	}
}

void macsec_mark_begin(struct macsec_mark *mark, const struct macsec_view *device, uint8_t an)
{
	set_mark(mark, device, &device->transmit[an].key_id);
}

/* Of the packet numbers, which begin with 1; divided first, since they may be all of 64 bits. */
static uint64_t share_of_numbers(enum macsec_suite suite, uint8_t percent)
{
	uint64_t numbers = macsec_suite_is_extended(suite) ? UINT64_MAX : UINT32_MAX;

	return numbers / 100 * percent;
}

bool macsec_used_up(const struct macsec_view *device, const struct macsec_mark *mark,
	const struct applier_macsec_config *config)
{
	const struct macsec_sa *sa = macsec_sa_in_use(device);
	uint64_t sent = sa ? sa->next_pn - 1 : 0;

	if (!sa) {
		return false;
	}
	return sa->next_pn == 0 || sent >= share_of_numbers(device->suite, config->rekey_percent) ||
	       (config->rekey_packets > 0 && sent >= config->rekey_packets) ||
	       (config->rekey_octets > 0 &&
		       device->sent_octets - mark->sent_octets >= config->rekey_octets);
}
