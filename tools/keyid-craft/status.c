/*
 * status SAE, and then in any order
 *
 *     via SAE,SAE          the relays that it has passed, the first one first
 *     highest N            otherwise the highest generation that it names
 *     staged|applied|lost REF
 *     failed REF REASON
 *     live, rekey-wanted, device-known
 *     device-reason REASON
 *     ans-in-use N,N
 *     latest-start DATE
 *     keys KEY,KEY | keys none
 *
 * REF is a proposal, or GENERATION/DIGEST, or GENERATION/- where there was none.
 * REASON is a name of protocol.md section 3.4, or a number. A KEY ends in * if it is
 * used to transmit, in + if it waits for its start. What is known of a device makes
 * it known.
 */
#include <string.h>

#include "common/hex.h"
#include "l2proto/reason.h"
#include "tools/keyid-craft/scenario.h"
#include "tools/keyid-craft/value.h"

#define REASON_NAMED_MAX 255

static void read_via(struct scenario *scenario, struct sae_status *status)
{
	char *list = script_need(&scenario->script, "a relay");
	char *name;

	while ((name = value_item(&list))) {
		struct sae_id sae;

		if (!sae_id_set(&sae, name, strlen(name))) {
			script_error(&scenario->script, "'%s' is no SAE ID", name);
			return;
		}
		if (status->hops == HOPS_MAX) {
			script_error(&scenario->script, "more than %d relays", HOPS_MAX);
			return;
		}
		status->path[status->hops++] = sae_id_hop(&sae);
	}
}

static void read_highest(struct scenario *scenario, struct sae_status *status)
{
	status->highest = value_number(&scenario->script, "a generation", 0, UINT64_MAX);
}

/* GENERATION/DIGEST; the word is cut at the slash. */
static void read_spelt_ref(struct script *script, char *word, char *slash, struct proposal_ref *ref)
{
	const char *digest = slash + 1;

	*slash = '\0';
	ref->generation = value_number_of(script, word, "a generation", 1, UINT64_MAX);
	if (strcmp(digest, "-") != 0 &&
		hex_decode(digest, strlen(digest), ref->digest, DIGEST_LEN) != DIGEST_LEN) {
		script_error(script, "'%s' is no digest", digest);
	}
}

static void read_ref(struct scenario *scenario, struct sae_status *status, struct proposal_ref *ref)
{
	char *word = script_need(&scenario->script, "a proposal");
	char *slash = word ? strchr(word, '/') : NULL;

	if (slash) {
		read_spelt_ref(&scenario->script, word, slash, ref);
	} else if (word) {
		const struct proposal *proposal = scenario_proposal(scenario, word);

		if (proposal) {
			ref->generation = proposal->generation;
			memcpy(ref->digest, proposal->digest, DIGEST_LEN);
		}
	}
	if (ref->generation > status->highest) {
		status->highest = ref->generation;
	}
}

static uint16_t read_reason(struct scenario *scenario)
{
	const char *word = script_need(&scenario->script, "a reason");

	for (unsigned reason = 1; word && reason <= REASON_NAMED_MAX; reason++) {
		if (strcmp(reason_name(reason), word) == 0 && strcmp(word, "unknown") != 0) {
			return (uint16_t)reason;
		}
	}
	return word ? (uint16_t)value_number_of(&scenario->script, word, "a reason", 0, UINT16_MAX)
		    : 0;
}

static void read_staged(struct scenario *scenario, struct sae_status *status)
{
	read_ref(scenario, status, &status->staged);
}

static void read_applied(struct scenario *scenario, struct sae_status *status)
{
	read_ref(scenario, status, &status->applied);
}

static void read_lost(struct scenario *scenario, struct sae_status *status)
{
	read_ref(scenario, status, &status->lost);
}

static void read_failed(struct scenario *scenario, struct sae_status *status)
{
	read_ref(scenario, status, &status->failed);
	status->failed_reason = read_reason(scenario);
}

static void read_live(struct scenario *scenario, struct sae_status *status)
{
	(void)scenario;
	status->live = true;
}

static void read_rekey_wanted(struct scenario *scenario, struct sae_status *status)
{
	(void)scenario;
	status->rekey_wanted = true;
}

static void read_device_known(struct scenario *scenario, struct sae_status *status)
{
	(void)scenario;
	status->device_known = true;
}

static void read_device_reason(struct scenario *scenario, struct sae_status *status)
{
	status->device_reason = read_reason(scenario);
}

static void read_ans_in_use(struct scenario *scenario, struct sae_status *status)
{
	char *list = script_need(&scenario->script, "an association number");
	char *number;

	status->device_known = true;
	while ((number = value_item(&list))) {
		status->an_in_use |= (uint8_t)(1u << value_number_of(&scenario->script, number,
						       "an association number", 0, 7));
	}
}

static void read_latest_start(struct scenario *scenario, struct sae_status *status)
{
	status->device_known = true;
	status->latest_start = value_date(&scenario->script, "a start", scenario->clock_s);
}

static void add_key(struct scenario *scenario, struct sae_status *status, char *name)
{
	struct usable_key *shown = &status->usable[status->usable_count];
	const struct named_key *key;
	size_t len = strlen(name);

	if (status->usable_count == USABLE_MAX) {
		script_error(&scenario->script, "more than %d keys", USABLE_MAX);
		return;
	}
	for (; len > 0 && strchr("*+", name[len - 1]); len--) {
		shown->transmitting |= name[len - 1] == '*';
		shown->future |= name[len - 1] == '+';
	}
	name[len] = '\0';
	key = scenario_key(scenario, name);
	if (key) {
		memcpy(shown->token, key->token, CKN_TOKEN_LEN);
		status->usable_count++;
	}
}

static void read_keys(struct scenario *scenario, struct sae_status *status)
{
	char *list, *name;

	status->device_known = true;
	if (script_take(&scenario->script, "none")) {
		return;
	}
	list = script_need(&scenario->script, "a key");
	while ((name = value_item(&list))) {
		add_key(scenario, status, name);
	}
}

static const struct {
	const char *name;
	void (*read)(struct scenario *scenario, struct sae_status *status);
} attributes[] = {
	{ "via", read_via },
	{ "highest", read_highest },
	{ "staged", read_staged },
	{ "applied", read_applied },
	{ "live", read_live },
	{ "failed", read_failed },
	{ "lost", read_lost },
	{ "rekey-wanted", read_rekey_wanted },
	{ "device-known", read_device_known },
	{ "device-reason", read_device_reason },
	{ "ans-in-use", read_ans_in_use },
	{ "latest-start", read_latest_start },
	{ "keys", read_keys },
};

#define ATTRIBUTE_COUNT (sizeof(attributes) / sizeof(attributes[0]))

void status_read(struct scenario *scenario, struct message_content *content)
{
	struct script *script = &scenario->script;
	struct sae_status *status = &content->status[content->status_count];
	const char *word = script_need(script, "an SAE ID");

	if (content->status_count == SAES_MAX) {
		script_error(script, "more than %d statuses", SAES_MAX);
		return;
	}
	if (word && !sae_id_set(&status->sae, word, strlen(word))) {
		script_error(script, "'%s' is no SAE ID", word);
	}
	while ((word = script_word(script))) {
		size_t i = 0;

		while (i < ATTRIBUTE_COUNT && strcmp(attributes[i].name, word) != 0) {
			i++;
		}
		if (i == ATTRIBUTE_COUNT) {
			script_error(script, "no status has '%s'", word);
			return;
		}
		attributes[i].read(scenario, status);
	}
	content->status_count++;
}
