/*
 * secy SCI SUITE [sends SA,SA] [receives NONCE,NONCE]
 *
 * SCI is 16 hexadecimal digits. SUITE is a name as in keyidd.conf(5), or a number. An SA
 * is KEY/NONCE, and ends in + if it is unused. A NONCE is a number.
 */
#include <string.h>

#include "tools/keyid-craft/scenario.h"
#include "tools/keyid-craft/value.h"

static void put_nonce(struct script *script, const char *word, uint8_t out[static NONCE_LEN])
{
	uint64_t nonce = value_number_of(script, word, "a nonce", 0, UINT64_MAX);

	for (size_t i = NONCE_LEN; i-- > 0; nonce >>= 8) {
		out[i] = (uint8_t)nonce;
	}
}

static uint8_t read_suite(struct script *script)
{
	const char *word = script_need(script, "a cipher suite");

	for (uint8_t suite = 1; word && suite <= SECY_SUITES; suite++) {
		if (strcmp(secy_suite_name(suite), word) == 0) {
			return suite;
		}
	}
	return word ? (uint8_t)value_number_of(script, word, "a cipher suite", 0, UINT8_MAX) : 0;
}

/* The word is cut at the slash, and before the +. */
static void add_transmit(struct scenario *scenario, char *word, struct secy *secy)
{
	struct script *script = &scenario->script;
	struct transmit_sa *sa = &secy->transmit[secy->transmit_count];
	char *slash = strchr(word, '/');
	const struct named_key *key;
	size_t last;

	if (!slash || slash[1] == '\0') {
		script_error(script, "'%s' is no KEY/NONCE", word);
		return;
	}
	if (secy->transmit_count == TRANSMIT_MAX) {
		script_error(script, "more than %d SAs to send with", TRANSMIT_MAX);
		return;
	}
	last = strlen(slash) - 1;
	sa->unused = slash[last] == '+';
	slash[last + !sa->unused] = '\0';
	*slash = '\0';
	key = scenario_key(scenario, word);
	if (key) {
		memcpy(sa->token, key->token, CKN_TOKEN_LEN);
		put_nonce(script, slash + 1, sa->nonce);
		secy->transmit_count++;
	}
}

static void read_sends(struct scenario *scenario, struct secy *secy)
{
	char *list = script_need(&scenario->script, "an SA");
	char *word;

	while ((word = value_item(&list))) {
		add_transmit(scenario, word, secy);
	}
}

static void read_receives(struct scenario *scenario, struct secy *secy)
{
	struct script *script = &scenario->script;
	char *list = script_need(script, "a nonce");
	char *word;

	while ((word = value_item(&list))) {
		if (secy->receive_count == RECEIVE_MAX) {
			script_error(script, "more than %d SAs to receive", RECEIVE_MAX);
			return;
		}
		put_nonce(script, word, secy->receive[secy->receive_count++]);
	}
}

void secy_read(struct scenario *scenario, struct message_content *content)
{
	struct script *script = &scenario->script;
	struct secy *secy = &content->secy;
	const char *word;

	if (secy->present) {
		script_error(script, "there is a SecY already");
		return;
	}
	secy->present = true;
	value_digits(script, "an SCI", secy->sci, SCI_LEN);
	secy->suite = read_suite(script);
	while ((word = script_word(script))) {
		if (strcmp(word, "sends") == 0) {
			read_sends(scenario, secy);
		} else if (strcmp(word, "receives") == 0) {
			read_receives(scenario, secy);
		} else {
			script_error(script, "no SecY has '%s'", word);
			return;
		}
	}
}
