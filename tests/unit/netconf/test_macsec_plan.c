/* What is to be done in the kernel's MACsec for a job: added, replaced, kept, taken away, refused.
 */
#include "netconf/macsec_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "test_macsec_fixture.h"

static struct macsec_view device;
static struct applier_job job;
static struct macsec_plan plan;
static struct problem problem;

static const struct macsec_task task = { .device = "macsec0", .view = &device, .job = &job };

/* Key 1 at AN 2; no device holds anything. */
static int setup(void **state)
{
	(void)state;
	init_device(&device);
	memset(&job, 0, sizeof(job));
	memset(&problem, 0, sizeof(problem));
	job.an = 2;
	job.key_count = 1;
	memset(job.keys[0].token, 1, sizeof(job.keys[0].token));
	return 0;
}

static void list_neighbour(uint8_t station, uint8_t nonce)
{
	struct applier_neighbour *neighbour = &job.neighbours[0][job.neighbour_count[0]++];

	memset(neighbour->sci, station, sizeof(neighbour->sci));
	memset(neighbour->nonce, nonce, sizeof(neighbour->nonce));
}

/* ---- how plans are written ------------------------------------------------------------------- */

static const char *const kinds[] = {
	[MACSEC_STEP_DELETE_RECEIVE] = "delete receive",
	[MACSEC_STEP_ADD_CHANNEL] = "add channel",
	[MACSEC_STEP_ADD_RECEIVE] = "add receive",
	[MACSEC_STEP_ACTIVATE_RECEIVE] = "activate receive",
	[MACSEC_STEP_ADD_TRANSMIT] = "add transmit",
	[MACSEC_STEP_DELETE_TRANSMIT] = "delete transmit",
	[MACSEC_STEP_DELETE_CHANNEL] = "delete channel",
};

/* "add receive bb at 2 key 1 nonce 11; ...": stations and nonces in hex. */
static const char *written(void)
{
	static char text[8192];
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < plan.count; i++) {
		const struct macsec_step *step = &plan.steps[i];
		bool is_channel = step->kind == MACSEC_STEP_ADD_CHANNEL ||
				  step->kind == MACSEC_STEP_DELETE_CHANNEL;

		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i > 0 ? "; " : "",
			kinds[step->kind]);
		if (step->sci.octets[0]) {
			len += (size_t)snprintf(
				text + len, sizeof(text) - len, " %02x", step->sci.octets[0]);
		}
		if (!is_channel) {
			len += (size_t)snprintf(text + len, sizeof(text) - len,
				" at %u key %u nonce %02x", step->an, step->key_id.token[0],
				step->key_id.nonce[0]);
		}
		assert_true(len < sizeof(text));
	}
	return text;
}

static void assert_prepared(const char *expected)
{
	assert_int_equal(macsec_plan_prepare(&task, &plan, &problem), 0);
	assert_string_equal(written(), expected);
}

static void assert_refused(const char *expected)
{
	assert_int_equal(macsec_plan_prepare(&task, &plan, &problem), -1);
	assert_int_equal(problem.error, APPLIER_ERROR_REFUSED);
	assert_string_equal(problem.text, expected);
}

static void assert_committed(const char *expected)
{
	assert_int_equal(macsec_plan_commit(&task, &plan, &problem), 0);
	assert_string_equal(written(), expected);
}

static void assert_discarded(const char *expected)
{
	macsec_plan_discard(&task, &plan);
	assert_string_equal(written(), expected);
}

static void assert_retired(const char *expected)
{
	macsec_plan_retire(&task, &plan);
	assert_string_equal(written(), expected);
}

/* ---- PREPARE --------------------------------------------------------------------------------- */

static void test_prepare_adds_what_is_missing(void **state)
{
	(void)state;
	list_neighbour(0xbb, 0x11);
	list_neighbour(0xcc, 0x22);
	put_channel(&device, 0xcc);
	assert_prepared("add transmit at 2 key 1 nonce 00; "
			"add channel bb; add receive bb at 2 key 1 nonce 11; "
			"add receive cc at 2 key 1 nonce 22");
}

static void test_prepare_without_neighbours(void **state)
{
	(void)state;
	put_receive(put_channel(&device, 0xbb), 2, 1, 0x11);
	assert_prepared("add transmit at 2 key 1 nonce 00");
}

static void test_prepare_keeps_what_is_there(void **state)
{
	(void)state;
	put_transmit(&device, 2, 1, 0x99);
	put_receive(put_channel(&device, 0xbb), 2, 1, 0x11);
	list_neighbour(0xbb, 0x11);
	assert_prepared("");
}

static void test_prepare_activates(void **state)
{
	struct macsec_channel *channel;

	(void)state;
	put_transmit(&device, 2, 1, 0x99);
	channel = put_channel(&device, 0xbb);
	put_receive(channel, 2, 1, 0x11);
	channel->active = false;
	channel->sas[2].active = false;
	list_neighbour(0xbb, 0x11);
	assert_prepared("add channel bb; activate receive bb at 2 key 1 nonce 11");
}

static void test_prepare_replaces_another_nonce(void **state)
{
	struct macsec_channel *channel;

	(void)state;
	put_transmit(&device, 2, 1, 0x99);
	channel = put_channel(&device, 0xbb);
	put_receive(channel, 2, 1, 0x11);
	put_receive(channel, 1, 9, 0x11);
	list_neighbour(0xbb, 0x12);
	assert_prepared(
		"delete receive bb at 2 key 1 nonce 11; add receive bb at 2 key 1 nonce 12");
}

/* Those of other keys and at other ANs stay: they are RETIRE's. */
static void test_prepare_replaces_another_sci(void **state)
{
	struct macsec_channel *channel;

	(void)state;
	put_transmit(&device, 2, 1, 0x99);
	channel = put_channel(&device, 0xbb);
	put_receive(channel, 2, 1, 0x11);
	put_receive(channel, 1, 9, 0x13);
	put_receive(put_channel(&device, 0xdd), 2, 9, 0x14);
	list_neighbour(0xcc, 0x12);
	job.all_neighbours[0] = true;
	assert_prepared("add channel cc; add receive cc at 2 key 1 nonce 12; "
			"delete receive bb at 2 key 1 nonce 11");
}

/* Not listed may mean only that it is silent for a while; it may be sending. */
static void test_prepare_keeps_what_is_not_listed(void **state)
{
	(void)state;
	put_transmit(&device, 2, 1, 0x99);
	put_receive(put_channel(&device, 0xbb), 2, 1, 0x11);
	list_neighbour(0xcc, 0x12);
	assert_prepared("add channel cc; add receive cc at 2 key 1 nonce 12");
}

/* The device was made anew since it was looked at: what was received before could come again. */
static void test_what_was_there_is_not_made_anew(void **state)
{
	(void)state;
	put_transmit(&device, 2, 1, 0x99);
	list_neighbour(0xbb, 0x11);
	job.neighbours[0][0].is_there = true;
	assert_prepared("");
	assert_committed("");
	put_receive(put_channel(&device, 0xbb), 2, 1, 0x11);
	device.channels[0].sas[2].active = false;
	assert_prepared("activate receive bb at 2 key 1 nonce 11");
}

static void test_prepare_refuses_a_number_that_is_taken(void **state)
{
	(void)state;
	put_transmit(&device, 2, 9, 0x99);
	assert_refused("macsec0: AN 2 is taken: its transmit SA has another key, 0909090909090909");
	encode(&device, 2);
	assert_refused("macsec0: AN 2 is taken: its transmit SA has another key, "
		       "0909090909090909, and is in use");
}

static void test_prepare_refuses_two_numbers(void **state)
{
	(void)state;
	put_transmit(&device, 3, 1, 0x99);
	assert_refused("macsec0: the key's transmit SA stands at AN 3, not at AN 2");
}

static void test_prepare_refuses_a_number_that_is_received(void **state)
{
	(void)state;
	put_receive(put_channel(&device, 0xbb), 2, 9, 0x11);
	list_neighbour(0xbb, 0x11);
	assert_refused("macsec0: AN 2 is taken: its receive SA of SCI bbbbbbbbbbbbbbbb has another "
		       "key, 0909090909090909");
}

static void test_prepare_refuses_one_sci_of_two(void **state)
{
	(void)state;
	list_neighbour(0xbb, 0x11);
	list_neighbour(0xbb, 0x12);
	assert_refused("macsec0: two neighbours have the same SCI, bbbbbbbbbbbbbbbb: no two "
		       "stations on a link may have one MAC address and port");
}

static void test_prepare_refuses_the_own_sci(void **state)
{
	(void)state;
	list_neighbour(0xaa, 0x11);
	assert_refused("macsec0: a neighbour has the same SCI, aaaaaaaaaaaaaaaa: no two stations "
		       "on a link may have one MAC address and port");
}

static void test_the_plan_is_of_its_link(void **state)
{
	struct macsec_task other = task;

	(void)state;
	list_neighbour(0xbb, 0x11);
	other.link = 1;
	assert_int_equal(macsec_plan_prepare(&other, &plan, &problem), 0);
	assert_string_equal(written(), "add transmit at 2 key 1 nonce 00");
}

/* ---- COMMIT ---------------------------------------------------------------------------------- */

static void test_commit_needs_the_transmit_sa(void **state)
{
	static const char *const expected =
		"macsec0: the key's transmit SA does not stand at AN 2: "
		"it was never there, or was deleted with the device";

	(void)state;
	put_transmit(&device, 1, 1, 0x99);
	put_transmit(&device, 2, 9, 0x99);
	assert_int_equal(macsec_plan_commit(&task, &plan, &problem), -1);
	assert_int_equal(problem.error, APPLIER_ERROR_COMMIT_FAILED);
	assert_string_equal(problem.text, expected);
}

static void test_commit_receives_what_is_listed(void **state)
{
	(void)state;
	put_transmit(&device, 2, 1, 0x99);
	put_receive(put_channel(&device, 0xbb), 2, 1, 0x11);
	list_neighbour(0xbb, 0x12);
	list_neighbour(0xcc, 0x22);
	assert_committed(
		"delete receive bb at 2 key 1 nonce 11; add receive bb at 2 key 1 nonce 12; "
		"add channel cc; add receive cc at 2 key 1 nonce 22");
}

/* Not listed may mean only that it is silent for a while; it may be sending. */
static void test_commit_keeps_what_is_not_listed(void **state)
{
	(void)state;
	put_transmit(&device, 2, 1, 0x99);
	put_receive(put_channel(&device, 0xbb), 2, 1, 0x11);
	put_receive(put_channel(&device, 0xcc), 2, 1, 0x22);
	list_neighbour(0xcc, 0x22);
	assert_committed("");
}

/* ---- DISCARD and RETIRE ---------------------------------------------------------------------- */

/* Keys 8 (in use), 9 and 1, at ANs 0 to 2, for sending and from two stations. */
static void fill(void)
{
	struct macsec_channel *bb = put_channel(&device, 0xbb), *cc = put_channel(&device, 0xcc);

	put_transmit(&device, 0, 8, 0x80);
	put_transmit(&device, 1, 9, 0x90);
	put_transmit(&device, 2, 1, 0x10);
	encode(&device, 0);
	put_receive(bb, 0, 8, 0x81);
	put_receive(bb, 1, 9, 0x91);
	put_receive(bb, 2, 1, 0x11);
	put_receive(cc, 2, 1, 0x12);
	cc->sas[2].active = false;
}

static void test_discard_takes_what_is_listed(void **state)
{
	(void)state;
	fill();
	assert_discarded("delete receive bb at 2 key 1 nonce 11; "
			 "delete receive cc at 2 key 1 nonce 12; "
			 "delete transmit at 2 key 1 nonce 10");
	memset(job.keys[0].token, 7, sizeof(job.keys[0].token));
	assert_discarded("");
}

static void test_discard_keeps_what_is_in_use(void **state)
{
	(void)state;
	fill();
	encode(&device, 2);
	assert_discarded("");
}

/* AN 0 is where the kernel would encode before it was told anything. */
static void test_discard_takes_what_never_encoded(void **state)
{
	(void)state;
	job.an = 0;
	put_transmit(&device, 0, 1, 0x10);
	assert_discarded("delete transmit at 0 key 1 nonce 10");
}

static void test_retire_keeps_what_is_listed(void **state)
{
	(void)state;
	fill();
	encode(&device, 2);
	assert_retired("delete receive bb at 0 key 8 nonce 81; "
		       "delete receive bb at 1 key 9 nonce 91; "
		       "delete transmit at 0 key 8 nonce 80; delete transmit at 1 key 9 nonce 90");
}

static void test_retire_keeps_what_is_in_use(void **state)
{
	(void)state;
	fill();
	memset(job.keys[0].token, 9, sizeof(job.keys[0].token));
	assert_retired("delete receive bb at 2 key 1 nonce 11; "
		       "delete receive cc at 2 key 1 nonce 12; delete channel cc; "
		       "delete transmit at 2 key 1 nonce 10");
}

static void test_retire_of_nothing_to_keep(void **state)
{
	(void)state;
	put_channel(&device, 0xbb);
	put_transmit(&device, 3, 1, 0x10);
	job.key_count = 0;
	assert_retired("delete channel bb; delete transmit at 3 key 1 nonce 10");
}

/* ---- bounds ---------------------------------------------------------------------------------- */

static void test_a_full_device_fits(void **state)
{
	(void)state;
	job.all_neighbours[0] = true;
	for (uint8_t station = 1; station <= MACSEC_CHANNELS_MAX; station++) {
		struct macsec_channel *channel = put_channel(&device, station);

		for (uint8_t an = 0; an < MACSEC_AN_COUNT; an++) {
			put_receive(channel, an, (uint8_t)(10 + an), station);
		}
	}
	for (uint8_t an = 0; an < MACSEC_AN_COUNT; an++) {
		put_transmit(&device, an, (uint8_t)(10 + an), 0x99);
	}
	macsec_plan_retire(&task, &plan);
	assert_int_equal(plan.count, MACSEC_STEPS_MAX);
	memset(job.keys[0].token, 12, sizeof(job.keys[0].token));
	for (uint8_t i = 0; i < APPLIER_NEIGHBOURS_MAX; i++) {
		list_neighbour((uint8_t)(100 + i), 0x33);
	}
	assert_int_equal(macsec_plan_prepare(&task, &plan, &problem), 0);
	assert_int_equal(plan.count, 2 * APPLIER_NEIGHBOURS_MAX + MACSEC_CHANNELS_MAX);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_prepare_adds_what_is_missing),
		TEST(test_prepare_without_neighbours),
		TEST(test_prepare_keeps_what_is_there),
		TEST(test_prepare_activates),
		TEST(test_prepare_replaces_another_nonce),
		TEST(test_prepare_replaces_another_sci),
		TEST(test_prepare_keeps_what_is_not_listed),
		TEST(test_what_was_there_is_not_made_anew),
		TEST(test_prepare_refuses_a_number_that_is_taken),
		TEST(test_prepare_refuses_two_numbers),
		TEST(test_prepare_refuses_a_number_that_is_received),
		TEST(test_prepare_refuses_one_sci_of_two),
		TEST(test_prepare_refuses_the_own_sci),
		TEST(test_the_plan_is_of_its_link),
		TEST(test_commit_needs_the_transmit_sa),
		TEST(test_commit_receives_what_is_listed),
		TEST(test_commit_keeps_what_is_not_listed),
		TEST(test_discard_takes_what_is_listed),
		TEST(test_discard_keeps_what_is_in_use),
		TEST(test_discard_takes_what_never_encoded),
		TEST(test_retire_keeps_what_is_listed),
		TEST(test_retire_keeps_what_is_in_use),
		TEST(test_retire_of_nothing_to_keep),
		TEST(test_a_full_device_fits),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
