/* Stations on one link, under virtual time; the test carries their messages. */
#ifndef TEST_LINK_FIXTURE_H
#define TEST_LINK_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "l2proto/link.h"

#define HEARTBEAT_MS 1000
#define LIFE_MS 3000
#define START_MS 100000

struct station {
	struct link link;
	struct message_content content;
};

struct letter {
	uint8_t octets[MESSAGE_MAX_RAW];
	size_t len;
};

/* Time passes for all of them. */
static uint64_t now_ms = START_MS;
static struct auth *keys[4]; /* by number; 0 is none */

/* Before each test, which starts at START_MS. */
static inline int keys_make(void **state)
{
	struct secret key = { .len = CHANNEL_KEY_LEN };

	(void)state;
	now_ms = START_MS;
	for (uint16_t i = 1; i < 4; i++) {
		key.bytes[0] = (uint8_t)i;
		auth_free(keys[i]);
		keys[i] = auth_new(&key, "span-1", "span-1", i);
		assert_non_null(keys[i]);
	}
	return 0;
}

/* After the last one. */
static inline int keys_free(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		auth_free(keys[i]);
		keys[i] = NULL;
	}
	return 0;
}

static inline void station_set_keys(struct station *station, uint16_t a, uint16_t b)
{
	struct link_key held[] = { { a, keys[a] }, { b, keys[b] } };

	link_set_keys(&station->link, held, b ? 2 : 1);
}

static inline void station_init(struct station *station, uint8_t member)
{
	struct link_config config = { .heartbeat_ms = HEARTBEAT_MS,
		.message_max = MESSAGE_MAX_RAW };
	uint8_t identifier[MEMBER_ID_LEN] = { member };

	memset(&station->content, 0, sizeof(station->content));
	association_id("span-1", config.association);
	link_init(&station->link, &config, identifier, now_ms);
	station_set_keys(station, 1, 0);
}

static inline struct letter station_seal(struct station *station)
{
	struct letter letter;
	int len = link_seal(
		&station->link, now_ms, &station->content, letter.octets, sizeof(letter.octets));

	assert_true(len > 0);
	letter.len = (size_t)len;
	return letter;
}

static inline struct message_header letter_header(const struct letter *letter)
{
	struct message_header header;
	size_t len;

	assert_int_equal(
		message_read_header(letter->octets, letter->len, &header, &len), MALFORMED_NOT);
	return header;
}

static inline enum verdict station_receive(struct station *station, const struct letter *letter)
{
	struct link_receipt receipt;
	struct message_content content;

	return link_receive(
		&station->link, now_ms, letter->octets, letter->len, &receipt, &content);
}

/* from says what it has to say now; to hears it. */
static inline enum verdict station_tell(struct station *from, struct station *to)
{
	struct letter letter = station_seal(from);

	return station_receive(to, &letter);
}

/* Until each has proven the other live, and nothing is left to be told. */
static inline void stations_meet(struct station *a, struct station *b)
{
	for (int i = 0; i < 4; i++) {
		station_tell(a, b);
		station_tell(b, a);
	}
	assert_true(link_station_live(&a->link, b->link.member, now_ms));
	assert_true(link_station_live(&b->link, a->link.member, now_ms));
	assert_int_equal(link_unacknowledged_count(&a->link, now_ms), 0);
}

/* Two stations that have just started, and met. */
static inline void pair_meet(struct station *a, struct station *b)
{
	station_init(a, 0xa);
	station_init(b, 0xb);
	stations_meet(a, b);
}

/* What was changed in a message is signed again, as an insider could. */
static inline void letter_sign(struct letter *letter, struct auth *auth)
{
	letter->octets[2] = (uint8_t)(letter->len >> 8);
	letter->octets[3] = (uint8_t)letter->len;
	assert_true(auth_sign(auth, letter->octets, letter->len - MESSAGE_HMAC_LEN,
		letter->octets + letter->len - MESSAGE_HMAC_LEN));
}

#endif
