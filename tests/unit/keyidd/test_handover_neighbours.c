/* LLDP neighbours: who is believed, for how long. */
#include "keyidd/handover_neighbours.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct handover_neighbours neighbours;
static uint64_t now_ms;
static char reason[HANDOVER_TEXT_MAX];

static int setup(void **state)
{
	(void)state;
	neighbours = (struct handover_neighbours){ 0 };
	now_ms = 1000000;
	return 0;
}

static void set_text(struct lldp_text *to, const char *text)
{
	to->present = text;
	to->len = text ? (uint8_t)strlen(text) : 0;
	memcpy(to->text, text ? text : "", to->len + 1u);
}

static void set_id(struct lldp_id *id, uint8_t subtype, const char *octets, size_t len)
{
	id->subtype = subtype;
	id->len = (uint8_t)len;
	memcpy(id->octets, octets, len);
}

static struct lldpdu lldpdu_of(char who, uint16_t ttl_s, const char *description)
{
	struct lldpdu lldpdu = { .ttl_s = ttl_s };
	char mac[6] = { 2, 0, 0, 0, 0, who };

	set_id(&lldpdu.chassis, LLDP_CHASSIS_MAC, mac, sizeof(mac));
	set_id(&lldpdu.port, LLDP_PORT_INTERFACE, "et-0/0/9", 8);
	set_text(&lldpdu.port_description, description);
	set_text(&lldpdu.system_name, "mx304-11");
	return lldpdu;
}

static void take(char who, uint16_t ttl_s, const char *description)
{
	struct lldpdu lldpdu = lldpdu_of(who, ttl_s, description);

	handover_neighbours_take(&neighbours, &lldpdu, now_ms);
}

static void assert_believed(const char *description)
{
	const struct handover_neighbour *neighbour = handover_neighbours_believed(
		&neighbours, now_ms, reason);

	if (!neighbour) {
		fail_msg("nobody is believed: %s", reason);
	}
	assert_string_equal(neighbour->description.text, description);
}

static void assert_nobody(const char *why)
{
	assert_null(handover_neighbours_believed(&neighbours, now_ms, reason));
	assert_string_equal(reason, why);
}

#define NOBODY "no neighbour with a Port Description is heard"

static void test_one(void **state)
{
	(void)state;
	assert_nobody(NOBODY);
	assert_true(handover_neighbours_next_ms(&neighbours) == UINT64_MAX);
	take(1, 120, "a");
	assert_believed("a");
	take(1, 120, "b");
	assert_believed("b");
	take(1, 120, NULL); /* the description was taken away */
	assert_nobody(NOBODY);
	take(1, 120, ""); /* or emptied: it is one, and no key-ID */
	assert_believed("");
}

static void test_ageing(void **state)
{
	(void)state;
	take(1, 120, "a");
	assert_int_equal(handover_neighbours_next_ms(&neighbours), now_ms + 120000);
	now_ms += 100000;
	assert_believed("a");
	take(1, 120, "a");
	now_ms += 119999;
	assert_believed("a");
	now_ms += 1;
	assert_nobody(NOBODY);
	assert_true(handover_neighbours_next_ms(&neighbours) == UINT64_MAX);
	take(1, 65535, "a");
	now_ms += 65534999;
	assert_believed("a");
}

static void test_shutdown(void **state)
{
	(void)state;
	take(1, 120, "a");
	take(1, 0, NULL);
	assert_nobody(NOBODY);
	take(1, 0, NULL); /* of somebody unknown */
	assert_nobody(NOBODY);
	take(1, 120, "b");
	assert_believed("b");
}

static void test_two(void **state)
{
	(void)state;
	take(1, 120, "a");
	take(2, 60, "b");
	assert_nobody("2 neighbours show a Port Description, and none is believed: chassis "
		      "02:00:00:00:00:01 port et-0/0/9, chassis 02:00:00:00:00:02 port et-0/0/9");
	now_ms += 60000;
	assert_believed("a");
	take(2, 60, "b");
	take(1, 0, NULL);
	assert_believed("b");
}

/* One chassis, two ports: two neighbours. */
static void test_two_ports(void **state)
{
	(void)state;
	struct lldpdu lldpdu = lldpdu_of(1, 120, "a");

	handover_neighbours_take(&neighbours, &lldpdu, now_ms);
	set_id(&lldpdu.port, LLDP_PORT_INTERFACE, "et-0/0/8", 8);
	handover_neighbours_take(&neighbours, &lldpdu, now_ms);
	assert_null(handover_neighbours_believed(&neighbours, now_ms, reason));
	set_id(&lldpdu.port, LLDP_PORT_LOCAL, "et-0/0/9", 8);
	handover_neighbours_take(&neighbours, &lldpdu, now_ms);
	assert_int_equal(neighbours.count, 3);
	assert_null(handover_neighbours_believed(&neighbours, now_ms, reason));
	assert_non_null(strstr(reason, "3 neighbours"));
	assert_non_null(strstr(reason, ", ..."));
}

/* Another agent without a Port Description, as keyidd itself is one, is none. */
static void test_others_are_no_matter(void **state)
{
	(void)state;
	take(1, 120, "a");
	take(2, 120, NULL);
	assert_believed("a");
	assert_int_equal(neighbours.count, 1);
}

static void test_by_chassis(void **state)
{
	(void)state;
	struct lldpdu lldpdu = lldpdu_of(3, 120, "c");

	neighbours.chassis = "02:00:00:00:00:02";
	take(1, 120, "a");
	assert_nobody(NOBODY " that is the one named");
	take(2, 120, "b");
	assert_believed("b");
	neighbours.chassis = "02-00-00-00-00-01";
	setup(NULL);
	neighbours.chassis = "02-00-00-00-00-01";
	take(2, 120, "b");
	take(1, 120, "a");
	assert_believed("a");

	setup(NULL);
	neighbours.chassis = "mx-west";
	set_id(&lldpdu.chassis, LLDP_CHASSIS_LOCAL, "mx-west", 7);
	handover_neighbours_take(&neighbours, &lldpdu, now_ms);
	assert_believed("c");
	take(1, 120, "a");
	assert_believed("c");
	set_id(&lldpdu.chassis, LLDP_CHASSIS_LOCAL, "mx-west2", 8);
	handover_neighbours_take(&neighbours, &lldpdu, now_ms);
	assert_believed("c");

	setup(NULL);
	neighbours.chassis = "\x02"; /* no address */
	take(1, 120, "a");
	assert_nobody(NOBODY " that is the one named");
}

static void test_by_system_name(void **state)
{
	(void)state;
	struct lldpdu lldpdu = lldpdu_of(1, 120, "a");

	neighbours.system_name = "mx304-12";
	handover_neighbours_take(&neighbours, &lldpdu, now_ms);
	assert_nobody(NOBODY " that is the one named");
	set_text(&lldpdu.system_name, NULL);
	handover_neighbours_take(&neighbours, &lldpdu, now_ms);
	assert_nobody(NOBODY " that is the one named");
	set_text(&lldpdu.system_name, "mx304-12");
	handover_neighbours_take(&neighbours, &lldpdu, now_ms);
	assert_believed("a");
	set_text(&lldpdu.system_name, "mx304-13"); /* it is another one now */
	handover_neighbours_take(&neighbours, &lldpdu, now_ms);
	assert_nobody(NOBODY " that is the one named");
}

/* However many there are, the table holds, and is empty again when they are gone. */
static void test_crowd(void **state)
{
	(void)state;
	for (int who = 1; who <= 100; who++) {
		take((char)who, (uint16_t)(who <= 10 ? 10 : 20), "x");
		assert_in_range(neighbours.count, 1, HANDOVER_NEIGHBOURS_MAX);
	}
	assert_null(handover_neighbours_believed(&neighbours, now_ms, reason));
	now_ms += 10000;
	assert_nobody(NOBODY);
	take(50, 10, "y");
	assert_believed("y");
}

static void test_long_ids(void **state)
{
	(void)state;
	struct lldpdu lldpdu = lldpdu_of(1, 120, "a");
	char octets[LLDP_ID_MAX];

	memset(octets, 'c', sizeof(octets));
	for (int i = 0; i < 2; i++) {
		octets[254] = (char)('0' + i);
		set_id(&lldpdu.chassis, LLDP_CHASSIS_LOCAL, octets, sizeof(octets));
		set_id(&lldpdu.port, LLDP_PORT_LOCAL, octets, sizeof(octets));
		handover_neighbours_take(&neighbours, &lldpdu, now_ms);
	}
	assert_int_equal(neighbours.count, 2);
	assert_null(handover_neighbours_believed(&neighbours, now_ms, reason));
	assert_true(strlen(reason) < HANDOVER_TEXT_MAX - 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_one, setup),
		cmocka_unit_test_setup(test_ageing, setup),
		cmocka_unit_test_setup(test_shutdown, setup),
		cmocka_unit_test_setup(test_two, setup),
		cmocka_unit_test_setup(test_two_ports, setup),
		cmocka_unit_test_setup(test_others_are_no_matter, setup),
		cmocka_unit_test_setup(test_by_chassis, setup),
		cmocka_unit_test_setup(test_by_system_name, setup),
		cmocka_unit_test_setup(test_crowd, setup),
		cmocka_unit_test_setup(test_long_ids, setup),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
