/* Receive channels and SAs: look, then do what is left to do. */
#include "netconf/macsec.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "netconf/macsec_private.h"

/* ---- receive channels ------------------------------------------------------------------------ */

static int change_channel(
	struct macsec *macsec, enum macsec_change change, const struct macsec_sci *sci)
{
	struct macsec_request request;

	macsec_request_channel(&request, macsec->family, change, macsec->ifindex, sci);
	return macsec_netlink_ask(&macsec->generic, &request, NULL, NULL);
}

int macsec_add_receive_channel(struct macsec *macsec, const struct macsec_sci *sci)
{
	char text[MACSEC_SCI_TEXT_LEN];
	const struct macsec_channel *channel;
	struct macsec_view view;
	int rc = macsec_read(macsec, &view);

	if (rc < 0) {
		return rc;
	}
	channel = macsec_find_channel(&view, sci);
	if (channel && channel->active) {
		return 0;
	}
	rc = change_channel(macsec, channel ? MACSEC_UPDATE : MACSEC_ADD, sci);
	if (rc == -EEXIST) {
		return macsec_fail(macsec, rc,
			"another macsec device on its parent receives from SCI %s: delete that",
			macsec_sci_text(sci, text));
	}
	return rc < 0 ? macsec_refused(macsec, &macsec->generic, rc,
				"add the receive channel of SCI %s", macsec_sci_text(sci, text))
		      : 0;
}

int macsec_delete_receive_channel(struct macsec *macsec, const struct macsec_sci *sci)
{
	char text[MACSEC_SCI_TEXT_LEN];
	const struct macsec_channel *channel;
	struct macsec_view view;
	int rc = macsec_read(macsec, &view);

	channel = rc < 0 ? NULL : macsec_find_channel(&view, sci);
	if (!channel) {
		return rc;
	}
	/* The kernel would drop them with it. */
	for (unsigned int an = 0; an < MACSEC_AN_COUNT; an++) {
		if (channel->sas[an].present) {
			return macsec_fail(macsec, -EBUSY,
				"the receive channel of SCI %s has an SA at AN %u: delete that "
				"first",
				macsec_sci_text(sci, text), an);
		}
	}
	rc = change_channel(macsec, MACSEC_DELETE, sci);
	return rc < 0 ? macsec_refused(macsec, &macsec->generic, rc,
				"delete the receive channel of SCI %s", macsec_sci_text(sci, text))
		      : 0;
}

/* ---- SAs ------------------------------------------------------------------------------------- */

#define PLACE_TEXT_LEN 64

/* Which SA is meant. */
struct place {
	const struct macsec_sci *sci; /* of the receive channel; NULL = transmit */
	uint8_t an;
};

static const char *place_text(const struct place *place, char out[static PLACE_TEXT_LEN])
{
	char text[MACSEC_SCI_TEXT_LEN];

	if (place->sci) {
		snprintf(out, PLACE_TEXT_LEN, "the receive SA of SCI %s at AN %u",
			macsec_sci_text(place->sci, text), place->an);
	} else {
		snprintf(out, PLACE_TEXT_LEN, "the transmit SA at AN %u", place->an);
	}
	return out;
}

/* NULL if there is no such channel. */
static const struct macsec_sa *find_sa(const struct macsec_view *view, const struct place *place)
{
	const struct macsec_channel *channel;

	if (!place->sci) {
		return &view->transmit[place->an];
	}
	channel = macsec_find_channel(view, place->sci);
	return channel ? &channel->sas[place->an] : NULL;
}

/* Looks at the device. *sa points into view; NULL if there is no such channel. */
static int look(struct macsec *macsec, const struct place *place, struct macsec_view *view,
	const struct macsec_sa **sa)
{
	int rc;

	*sa = NULL;
	if (place->an >= MACSEC_AN_COUNT) {
		return macsec_fail(macsec, -EINVAL, "AN %u: there are 0 to %u", place->an,
			MACSEC_AN_COUNT - 1);
	}
	rc = macsec_read(macsec, view);
	if (rc == 0) {
		*sa = find_sa(view, place);
	}
	return rc;
}

static bool holds(const struct macsec_sa *sa, const struct macsec_key_id *key_id)
{
	return sa && sa->present && macsec_key_id_equal(&sa->key_id, key_id);
}

static int change_sa(struct macsec *macsec, enum macsec_change change, const char *verb,
	const struct place *place, struct macsec_sa_request *sa)
{
	struct macsec_request request;
	char text[PLACE_TEXT_LEN];
	int rc;

	sa->ifindex = macsec->ifindex;
	sa->sci = place->sci;
	sa->an = place->an;
	macsec_request_sa(&request, macsec->family, change, sa);
	rc = macsec_netlink_ask(&macsec->generic, &request, NULL, NULL);
	macsec_request_wipe(&request);
	return rc < 0 ? macsec_refused(macsec, &macsec->generic, rc, "%s %s", verb,
				place_text(place, text))
		      : 0;
}

static int activate(struct macsec *macsec, const struct place *place, bool active)
{
	struct macsec_sa_request request = { .active = active };

	return change_sa(
		macsec, MACSEC_UPDATE, active ? "activate" : "deactivate", place, &request);
}

/* The kernel deletes no active SA. */
static int delete_sa(struct macsec *macsec, const struct place *place, const struct macsec_sa *sa)
{
	struct macsec_sa_request request = { 0 };
	int rc = sa->active ? activate(macsec, place, false) : 0;

	return rc < 0 ? rc : change_sa(macsec, MACSEC_DELETE, "delete", place, &request);
}

/* Makes the sender's SAK and installs it. */
static int add_sa(struct macsec *macsec, const struct place *place, const struct macsec_sci *sender,
	const struct macsec_key *key, const struct macsec_key_id *key_id, uint64_t next_pn)
{
	struct macsec_sak sak;
	struct macsec_sa_request request = {
		.active = place->sci != NULL,
		.suite = macsec->suite,
		.next_pn = next_pn,
		.key_id = key_id,
		.sak = &sak,
	};
	int rc = macsec_sak_derive(
		key->secret, macsec->suite, sender, key->generation, key_id->nonce, &sak);

	if (rc == -EINVAL) {
		return macsec_fail(macsec, rc,
			"the key of generation %llu has %zu octets, %s needs %zu",
			(unsigned long long)key->generation, key->secret->len,
			macsec_suite_name(macsec->suite), macsec_suite_key_len(macsec->suite));
	}
	if (rc < 0) {
		return macsec_fail(macsec, rc, "OpenSSL cannot derive a SAK");
	}
	rc = change_sa(macsec, MACSEC_ADD, "add", place, &request);
	macsec_sak_wipe(&sak);
	return rc;
}

static int fail_other_key(struct macsec *macsec, const struct place *place)
{
	char text[PLACE_TEXT_LEN];

	return macsec_fail(macsec, -EEXIST, "%s has another key: it must be deleted first",
		place_text(place, text));
}

/* ---- receiving ------------------------------------------------------------------------------- */

int macsec_add_receive_sa(struct macsec *macsec, const struct macsec_sci *sci, uint8_t an,
	const struct macsec_key *key, const uint8_t nonce[static MACSEC_NONCE_LEN],
	uint64_t lowest_pn)
{
	struct place place = { .sci = sci, .an = an };
	struct macsec_key_id key_id;
	char text[MACSEC_SCI_TEXT_LEN];
	const struct macsec_sa *sa;
	struct macsec_view view;
	int rc = look(macsec, &place, &view, &sa);

	if (rc < 0) {
		return rc;
	}
	if (lowest_pn == 0 ||
		(lowest_pn > UINT32_MAX && !macsec_suite_is_extended(macsec->suite))) {
		return macsec_fail(macsec, -EINVAL, "there is no packet number %llu with %s",
			(unsigned long long)lowest_pn, macsec_suite_name(macsec->suite));
	}
	if (!sa) {
		return macsec_fail(macsec, -ENOENT, "there is no receive channel of SCI %s",
			macsec_sci_text(sci, text));
	}
	memcpy(key_id.token, key->token, sizeof(key_id.token));
	memcpy(key_id.nonce, nonce, sizeof(key_id.nonce));
	if (holds(sa, &key_id)) {
		return sa->active ? 0 : activate(macsec, &place, true);
	}
	if (sa->present) {
		return fail_other_key(macsec, &place);
	}
	return add_sa(macsec, &place, sci, key, &key_id, lowest_pn);
}

int macsec_deactivate_receive_sa(struct macsec *macsec, const struct macsec_sci *sci, uint8_t an,
	const struct macsec_key_id *key_id)
{
	struct place place = { .sci = sci, .an = an };
	const struct macsec_sa *sa;
	struct macsec_view view;
	int rc = look(macsec, &place, &view, &sa);

	return rc == 0 && holds(sa, key_id) && sa->active ? activate(macsec, &place, false) : rc;
}

int macsec_delete_receive_sa(struct macsec *macsec, const struct macsec_sci *sci, uint8_t an,
	const struct macsec_key_id *key_id)
{
	struct place place = { .sci = sci, .an = an };
	const struct macsec_sa *sa;
	struct macsec_view view;
	int rc = look(macsec, &place, &view, &sa);

	return rc == 0 && holds(sa, key_id) ? delete_sa(macsec, &place, sa) : rc;
}

/* ---- transmitting ---------------------------------------------------------------------------- */

static bool has_token(const struct macsec_sa *sa, const struct macsec_key *key)
{
	return sa->present && memcmp(sa->key_id.token, key->token, sizeof(key->token)) == 0;
}

int macsec_add_transmit_sa(struct macsec *macsec, uint8_t an, const struct macsec_key *key,
	struct macsec_key_id *key_id)
{
	struct place place = { .an = an };
	const struct macsec_sa *sa;
	struct macsec_view view;
	int rc = look(macsec, &place, &view, &sa);

	if (rc < 0) {
		return rc;
	}
	for (unsigned int i = 0; i < MACSEC_AN_COUNT; i++) {
		if (i != an && has_token(&view.transmit[i], key)) {
			return macsec_fail(macsec, -EEXIST,
				"the key of generation %llu has a transmit SA at AN %u, not %u",
				(unsigned long long)key->generation, i, an);
		}
	}
	if (has_token(sa, key)) {
		*key_id = sa->key_id;
		return 0;
	}
	if (sa->present) {
		return fail_other_key(macsec, &place);
	}
	memcpy(key_id->token, key->token, sizeof(key_id->token));
	rc = macsec_nonce_draw(key_id->nonce);
	if (rc < 0) {
		return macsec_fail(macsec, rc, "OpenSSL has no random numbers");
	}
	return add_sa(macsec, &place, &view.sci, key, key_id, 1);
}

int macsec_encode(struct macsec *macsec, uint8_t an, const struct macsec_key_id *key_id)
{
	struct place place = { .an = an };
	const struct macsec_sa *sa;
	struct macsec_view view;
	int rc = look(macsec, &place, &view, &sa);

	if (rc < 0) {
		return rc;
	}
	if (!holds(sa, key_id)) {
		return macsec_fail(macsec, -ENOENT,
			"the transmit SA at AN %u is not there, or has another key", an);
	}
	/* The kernel has deactivated it. Active again, it would begin with packet number 1. */
	if (sa->next_pn == 0) {
		return macsec_fail(macsec, -EKEYEXPIRED,
			"the packet numbers of the transmit SA at AN %u are used up: it takes a "
			"new "
			"key",
			an);
	}
	if (sa->active && view.encoding_an == an && view.operational) {
		return 0;
	}
	rc = sa->active ? 0 : activate(macsec, &place, true);
	return rc < 0 ? rc : macsec_switch(macsec, &view, an);
}

int macsec_delete_transmit_sa(struct macsec *macsec, uint8_t an, const struct macsec_key_id *key_id)
{
	struct place place = { .an = an };
	const struct macsec_sa *sa;
	struct macsec_view view;
	int rc = look(macsec, &place, &view, &sa);

	if (rc < 0 || !holds(sa, key_id)) {
		return rc;
	}
	if (sa->active && view.encoding_an == an) {
		return macsec_fail(macsec, -EBUSY,
			"frames are encrypted with the transmit SA at AN %u: encrypt with another "
			"first",
			an);
	}
	return delete_sa(macsec, &place, sa);
}
