/*
 * The vectors of docs/protocol.md section 9 and the sizes of its section 7, read
 * from the document itself, so that it and the code cannot drift apart. Runs in
 * the source's top folder, as tests/run.sh does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "common/hex.h"
#include "l2proto/auth.h"
#include "l2proto/ckn.h"
#include "l2proto/message.h"

#define DOCUMENT "docs/protocol.md"
#define LINE_LEN_MAX 1024
#define VALUE_MAX 4096
#define VECTORS_MAX 64
#define SIZE_CASES_MIN 8

struct vector {
	char name[32];
	char value[VALUE_MAX]; /* without the spaces */
};

static struct vector vectors[VECTORS_MAX];
static size_t vector_count;

/* ---- the document ---- */

static FILE *open_document(void)
{
	FILE *file = fopen(DOCUMENT, "r");

	if (!file) {
		fail_msg("%s cannot be read: run this in the source's top folder", DOCUMENT);
	}
	return file;
}

static void read_line(char *line)
{
	bool continued = line[0] == ' ';
	char *rest = line, *word;

	line[strcspn(line, "#\n")] = '\0';
	while ((word = strtok_r(rest, " ", &rest))) {
		if (!continued) {
			assert_true(vector_count < VECTORS_MAX);
			snprintf(vectors[vector_count++].name, sizeof(vectors[0].name), "%s", word);
			continued = true;
			continue;
		}
		assert_true(vector_count > 0);
		char *value = vectors[vector_count - 1].value;
		assert_true(strlen(value) + strlen(word) < VALUE_MAX);
		strcat(value, word);
	}
}

static int read_document(void **state)
{
	FILE *file = open_document();
	char line[LINE_LEN_MAX];
	bool inside = false;

	(void)state;
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, "```", 3) == 0) {
			inside = strcmp(line, "```vectors\n") == 0;
		} else if (inside) {
			read_line(line);
		}
	}
	fclose(file);
	return 0;
}

static const char *text(const char *name)
{
	for (size_t i = 0; i < vector_count; i++) {
		if (strcmp(vectors[i].name, name) == 0) {
			return vectors[i].value;
		}
	}
	fail_msg("%s has no vector \"%s\"", DOCUMENT, name);
	return NULL;
}

static size_t octets(const char *name, uint8_t *out, size_t max)
{
	const char *value = text(name);
	int len = hex_decode(value, strlen(value), out, max);

	if (len <= 0) {
		fail_msg("vector \"%s\" is no hexadecimal", name);
	}
	return (size_t)len;
}

static void assert_vector(const char *name, const uint8_t *computed, size_t len)
{
	char digits[2 * MESSAGE_MAX_RAW + 1];

	assert_true(len <= MESSAGE_MAX_RAW);
	hex_encode(computed, len, digits);
	assert_string_equal(digits, text(name));
}

static struct key_id key_id(const char *name)
{
	struct key_id id;

	assert_true(key_id_set(&id, text(name), strlen(text(name))));
	return id;
}

static struct sae_id sae_id(const char *name)
{
	struct sae_id id;

	assert_true(sae_id_set(&id, text(name), strlen(text(name))));
	return id;
}

/* ---- keys and names ---- */

static struct auth *new_auth(void)
{
	struct secret key = { 0 };
	struct auth *auth;

	key.len = octets("channel-key", key.bytes, sizeof(key.bytes));
	auth = auth_new(
		&key, text("association"), text("link"), (uint16_t)atoi(text("key-number")));
	assert_non_null(auth);
	return auth;
}

/* auth.h does not show the derived key, so it is recognised by what it signs. */
static void test_hmac_key(void **state)
{
	struct auth *auth = new_auth();
	uint8_t key[CHANNEL_KEY_LEN], expected[AUTH_HMAC_LEN], computed[AUTH_HMAC_LEN];
	unsigned len = sizeof(expected);

	(void)state;
	assert_int_equal(octets("hmac-key", key, sizeof(key)), sizeof(key));
	assert_non_null(
		HMAC(EVP_sha256(), key, sizeof(key), (const uint8_t *)"x", 1, expected, &len));
	assert_true(auth_sign(auth, (const uint8_t *)"x", 1, computed));
	assert_memory_equal(computed, expected, sizeof(expected));
	auth_free(auth);
}

static void test_names(void **state)
{
	struct sae_id relay = sae_id("relay-sae");
	uint32_t hop = sae_id_hop(&relay);
	uint8_t association[ASSOCIATION_ID_LEN];
	uint8_t hop_octets[] = { (uint8_t)(hop >> 24), (uint8_t)(hop >> 16), (uint8_t)(hop >> 8),
		(uint8_t)hop };

	(void)state;
	association_id(text("association"), association);
	assert_vector("association-id", association, sizeof(association));
	assert_vector("hop", hop_octets, sizeof(hop_octets));
}

static struct ckn make_ckn(enum ckn_rule_kind kind, const char *key_id_name)
{
	struct ckn_rule rule = { .kind = kind };
	struct key_id id = key_id(key_id_name);
	struct ckn ckn;

	rule.prefix_len = octets("ckn-prefix", rule.prefix, sizeof(rule.prefix));
	assert_int_equal(ckn_from_key_id(&rule, &id, &ckn), 0);
	return ckn;
}

static void test_ckns(void **state)
{
	struct ckn prefixed = make_ckn(CKN_PREFIX, "key-id-1");
	struct ckn second = make_ckn(CKN_PREFIX, "key-id-2");
	struct ckn hashed = make_ckn(CKN_SHA256, "key-id-3");
	uint8_t token[CKN_TOKEN_LEN];

	(void)state;
	assert_vector("ckn-1", prefixed.octets, prefixed.len);
	assert_vector("ckn-3", hashed.octets, hashed.len);
	ckn_token(prefixed.octets, prefixed.len, token);
	assert_vector("token-1", token, sizeof(token));
	ckn_token(second.octets, second.len, token);
	assert_vector("token-2", token, sizeof(token));
	ckn_token(hashed.octets, hashed.len, token);
	assert_vector("token-3", token, sizeof(token));
}

/* ---- messages ---- */

static void fill_digest(struct proposal *proposal)
{
	uint8_t association[ASSOCIATION_ID_LEN];
	struct sae_id master = sae_id("master-sae");

	association_id(text("association"), association);
	proposal_digest(proposal, association, &master, proposal->digest);
}

static struct proposal generation_7(void)
{
	struct proposal proposal = { .generation = 7, .an = AN_NONE, .start = 1767225600 };

	proposal.key_count = 1;
	proposal.keys[0] = key_id("key-id-1");
	fill_digest(&proposal);
	return proposal;
}

static struct proposal generation_8(void)
{
	struct proposal proposal = { .generation = 8, .an = 2, .spacing_s = 3600 };

	proposal.key_count = 2;
	proposal.keys[0] = key_id("key-id-2");
	proposal.keys[1] = key_id("key-id-3");
	fill_digest(&proposal);
	return proposal;
}

static struct proposal generation_9(void)
{
	struct proposal proposal = { .generation = 9, .an = 1 };

	proposal.key_count = 1;
	proposal.keys[0] = key_id("key-id-2");
	fill_digest(&proposal);
	return proposal;
}

static void test_digests(void **state)
{
	struct proposal seven = generation_7(), eight = generation_8(), nine = generation_9();
	uint8_t input[512], digest[EVP_MAX_MD_SIZE];
	size_t len = octets("digest-input-8", input, sizeof(input));

	(void)state;
	assert_vector("digest-7", seven.digest, DIGEST_LEN);
	assert_vector("digest-8", eight.digest, DIGEST_LEN);
	assert_vector("digest-9", nine.digest, DIGEST_LEN);
	assert_true(EVP_Digest(input, len, digest, NULL, EVP_sha256(), NULL));
	assert_memory_equal(digest, eight.digest, DIGEST_LEN);
}

static struct proposal_ref ref_to(const struct proposal *proposal)
{
	struct proposal_ref ref = { .generation = proposal->generation };

	memcpy(ref.digest, proposal->digest, DIGEST_LEN);
	return ref;
}

static void fill_statuses(struct message_content *content)
{
	struct sae_status *alpha = &content->status[0], *charlie = &content->status[1];
	struct sae_id relay = sae_id("relay-sae");

	content->status_count = 2;
	alpha->sae = sae_id("master-sae");
	alpha->highest = 8;
	alpha->applied = ref_to(&content->committed.proposal);
	alpha->live = alpha->device_known = true;
	alpha->usable_count = 1;
	octets("token-1", alpha->usable[0].token, CKN_TOKEN_LEN);
	alpha->usable[0].transmitting = true;

	charlie->sae = sae_id("member-sae");
	charlie->hops = 1;
	charlie->path[0] = sae_id_hop(&relay);
	charlie->highest = 8;
	charlie->an_in_use = 0x5;
	charlie->latest_start = 1767229200;
	charlie->staged = ref_to(&content->proposed.proposal);
	charlie->applied = ref_to(&content->committed.proposal);
	charlie->live = charlie->rekey_wanted = charlie->device_known = true;
	charlie->device_reason = 38;
	charlie->failed.generation = 6;
	charlie->failed_reason = 8;
	charlie->lost.generation = 5;
	memset(charlie->lost.digest, 0x55, DIGEST_LEN);
	charlie->usable_count = 2;
	charlie->usable[0] = alpha->usable[0];
	octets("token-3", charlie->usable[1].token, CKN_TOKEN_LEN);
	charlie->usable[1].future = true;
}

static void assert_message(const char *name, struct message_header *header,
	const struct station_heard *stations, const struct message_content *content)
{
	struct auth *auth = new_auth();
	uint8_t message[MESSAGE_MAX_RAW];
	int len;

	association_id(text("association"), header->association);
	octets("member", header->member, sizeof(header->member));
	header->key_number = 1;
	len = message_write(header, stations, content, message, sizeof(message));
	assert_true(len > 0);
	assert_true(auth_sign(
		auth, message, (size_t)len - MESSAGE_HMAC_LEN, message + len - MESSAGE_HMAC_LEN));
	assert_vector(name, message, (size_t)len);
	auth_free(auth);
}

static void test_minimal_message(void **state)
{
	struct message_header header = { .newest_key_number = 1, .number = 1 };
	static const struct message_content content;

	(void)state;
	assert_message("minimal-message", &header, NULL, &content);
}

static void test_full_message(void **state)
{
	struct message_header header = {
		.newest_key_number = 2,
		.number = 0x00010203,
		.reply_wanted = true,
		.station_count = 2,
	};
	struct station_heard stations[2] = { { .number = 0x01020304 }, { .number = 1 } };
	static struct message_content content;

	(void)state;
	octets("station-1", stations[0].member, MEMBER_ID_LEN);
	octets("station-2", stations[1].member, MEMBER_ID_LEN);
	content.master = sae_id("master-sae");
	content.committed = (struct slot){ SLOT_CONFIRMED, generation_7() };
	content.proposed = (struct slot){ SLOT_PREPARE, generation_8() };
	fill_statuses(&content);
	assert_message("full-message", &header, stations, &content);
}

static void fill_ready(struct sae_status *status)
{
	struct proposal nine = generation_9();

	status->sae = sae_id("member-sae");
	status->highest = 9;
	status->staged = ref_to(&nine);
	status->device_known = true;
	status->an_in_use = 0x1;
	status->usable_count = 2;
	octets("token-1", status->usable[0].token, CKN_TOKEN_LEN);
	status->usable[0].transmitting = true;
	octets("token-2", status->usable[1].token, CKN_TOKEN_LEN);
}

static void fill_secy(struct secy *secy)
{
	secy->present = true;
	octets("sci", secy->sci, SCI_LEN);
	secy->suite = 4;
	secy->transmit_count = 2;
	octets("token-1", secy->transmit[0].token, CKN_TOKEN_LEN);
	octets("nonce-1", secy->transmit[0].nonce, NONCE_LEN);
	octets("token-2", secy->transmit[1].token, CKN_TOKEN_LEN);
	octets("nonce-2", secy->transmit[1].nonce, NONCE_LEN);
	secy->transmit[1].unused = true;
	secy->receive_count = 2;
	octets("nonce-3", secy->receive[0], NONCE_LEN);
	octets("nonce-4", secy->receive[1], NONCE_LEN);
}

static void test_secy_message(void **state)
{
	struct message_header header = {
		.newest_key_number = 1, .number = 0x0304, .station_count = 1
	};
	struct station_heard station = { .number = 0x01020304 };
	static struct message_content content;

	(void)state;
	octets("station-1", station.member, MEMBER_ID_LEN);
	content.status_count = 1;
	fill_ready(&content.status[0]);
	fill_secy(&content.secy);
	assert_message("secy-message", &header, &station, &content);
}

/* And the other way: the document's octets are read without complaint. */
static void test_messages_are_read(void **state)
{
	static const struct {
		const char *name;
		uint8_t statuses;
		bool has_secy;
	} cases[] = {
		{ "minimal-message", 0, false },
		{ "full-message", 2, false },
		{ "secy-message", 1, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t message[MESSAGE_MAX_RAW];
		size_t len = octets(cases[i].name, message, sizeof(message));
		struct auth *auth = new_auth();
		struct message_header header;
		struct message_content content;
		size_t message_len;

		assert_int_equal(
			message_read_header(message, len, &header, &message_len), MALFORMED_NOT);
		assert_int_equal(message_len, len);
		assert_true(auth_verify(
			auth, message, len - MESSAGE_HMAC_LEN, message + len - MESSAGE_HMAC_LEN));
		assert_int_equal(message_read_content(message, len, &content), MALFORMED_NOT);
		assert_int_equal(content.status_count, cases[i].statuses);
		assert_int_equal(content.secy.present, cases[i].has_secy);
		auth_free(auth);
	}
}

/*
 * Section 7's table: a row of a name and eight numbers, the last of which is the size. And
 * "SECY adds 82 + 32 neighbours".
 */
static void test_sizes(void **state)
{
	FILE *file = open_document();
	char line[LINE_LEN_MAX];
	size_t rows = 0, added = 0, added_each = 0;

	(void)state;
	while (fgets(line, sizeof(line), file)) {
		const char *secy = strstr(line, "SECY adds ");
		struct message_bounds bounds = { 0 };
		size_t size;

		if (secy) {
			sscanf(secy, "SECY adds %zu + %zu neighbours", &added, &added_each);
		}
		if (sscanf(line, "|%*[^|]| %zu | %zu | %zu | %zu | %zu | %zu | %zu | %zu |",
			    &bounds.neighbours, &bounds.statuses, &bounds.sae_id_len, &bounds.hops,
			    &bounds.key_ids, &bounds.key_id_len, &bounds.usable, &size) == 8) {
			assert_int_equal(message_worst_case(&bounds), size);
			bounds.secy = true;
			assert_int_equal(message_worst_case(&bounds),
				size + added + added_each * bounds.neighbours);
			rows++;
		}
	}
	fclose(file);
	assert_true(rows >= SIZE_CASES_MIN && added_each > 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hmac_key),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_ckns),
		cmocka_unit_test(test_digests),
		cmocka_unit_test(test_minimal_message),
		cmocka_unit_test(test_full_message),
		cmocka_unit_test(test_secy_message),
		cmocka_unit_test(test_messages_are_read),
		cmocka_unit_test(test_sizes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, read_document, NULL);
}
