/* What is changed in a key-chain, and what is not. */
#include "netconf/junos_chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1709164800) /* 2024-02-29T00:00:00Z */

/* A key is known here by the last octet of its name, a start by its distance from now. */
static struct junos_chain chain;
static struct applier_job job;
static struct junos_plan plan;
static struct problem problem;

static int set_up(void **state)
{
	(void)state;
	memset(&chain, 0, sizeof(chain));
	memset(&job, 0, sizeof(job));
	job.op = APPLIER_COMMIT;
	return 0;
}

static struct junos_chain_key *there(uint8_t number, uint8_t last, int start)
{
	struct junos_chain_key *key = &chain.keys[chain.key_count++];

	key->number = number;
	key->active = true;
	key->ckn_len = APPLIER_CKN_MAX;
	key->ckn[APPLIER_CKN_MAX - 1] = last;
	key->start = NOW + start;
	return key;
}

#define AT_ONCE 99999

static void wanted(uint8_t last, int start)
{
	struct applier_key *key = &job.keys[job.key_count++];

	key->ckn_len = APPLIER_CKN_MAX;
	key->ckn[APPLIER_CKN_MAX - 1] = last;
	key->cak.len = 32;
	key->start = start == AT_ONCE ? 0 : NOW + start;
}

/* "5=3+60" key number 5 becomes key 3 that starts in a minute; "5-" it is deleted. */
static void assert_plan(const char *expected)
{
	char text[1024] = "";
	size_t len = 0;

	for (size_t i = 0; i < plan.count; i++) {
		const struct junos_edit *edit = &plan.edits[i];
		const char *gap = i > 0 ? " " : "";

		if (edit->key) {
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%d=%d%+d", gap,
				edit->number, edit->key->ckn[APPLIER_CKN_MAX - 1],
				(int)(edit->start - NOW));
		} else {
			len += (size_t)snprintf(
				text + len, sizeof(text) - len, "%s%d-", gap, edit->number);
		}
	}
	assert_string_equal(text, expected);
}

static void assert_keys_plan(const char *expected)
{
	assert_int_equal(junos_plan_keys(&chain, &job, NOW, &plan, &problem), 0);
	assert_plan(expected);
}

static void assert_refused(const char *text)
{
	assert_int_equal(junos_plan_keys(&chain, &job, NOW, &plan, &problem), -1);
	assert_int_equal(problem.error, APPLIER_ERROR_REFUSED);
	assert_string_equal(problem.text, text);
}

static void assert_retire_plan(const struct junos_mka *mka, const char *expected)
{
	static const struct junos_mka none;

	job.op = APPLIER_RETIRE;
	junos_plan_retire(&chain, &job, NOW, mka ? mka : &none, &plan);
	assert_plan(expected);
}

/* ---- installing ------------------------------------------------------------------------------ */

static void test_new_keys_take_free_numbers(void **state)
{
	(void)state;
	there(0, 1, -60);
	there(2, 9, -120);
	there(3, 8, 30)->active = false; /* the number of a deactivated key is taken */
	there(4, 0, 0)->ckn_len = 0;
	wanted(2, 60);
	wanted(3, 120);
	wanted(4, 180);
	assert_keys_plan("1=2+60 5=3+120 6=4+180");
}

static void test_empty_chain(void **state)
{
	(void)state;
	wanted(2, 60);
	assert_keys_plan("0=2+60");
}

static void test_same_again_changes_nothing(void **state)
{
	(void)state;
	there(0, 1, -60);
	there(7, 2, 60);
	there(3, 3, 120);
	wanted(2, 60);
	wanted(3, 120);
	assert_keys_plan("");
	job.op = APPLIER_PREPARE;
	assert_keys_plan("");
}

/* What was interrupted half-way is completed. */
static void test_half_there(void **state)
{
	(void)state;
	there(0, 1, -60);
	there(1, 2, 60);
	wanted(2, 60);
	wanted(3, 120);
	assert_keys_plan("2=3+120");
}

static void test_retimed_in_place(void **state)
{
	(void)state;
	there(0, 1, -60);
	there(1, 2, 60);
	there(2, 3, 120);
	wanted(2, 600);
	wanted(3, 660);
	assert_keys_plan("1=2+600 2=3+660");
}

/* Each takes the start that another of them had. */
static void test_retimed_crosswise(void **state)
{
	(void)state;
	there(1, 2, 60);
	there(2, 3, 120);
	there(3, 4, 180);
	wanted(2, 120);
	wanted(3, 180);
	wanted(4, 60);
	assert_keys_plan("1=2+120 2=3+180 3=4+60");
}

static void test_late_key_keeps_its_start(void **state)
{
	(void)state;
	there(0, 1, -60);
	wanted(2, -30);
	assert_keys_plan("1=2-30");
}

static void test_start_of_another_key(void **state)
{
	(void)state;
	there(0, 1, -60);
	there(5, 9, 60);
	wanted(2, 60);
	assert_refused("start-time 2024-02-29.00:01:00 +0000 is that of key 5 already");
	chain.keys[1].active = false; /* an operator may activate it again */
	assert_refused("start-time 2024-02-29.00:01:00 +0000 is that of key 5 already");
}

static void test_second_key_of_a_name(void **state)
{
	(void)state;
	there(1, 2, 30);
	there(4, 2, 60);
	there(6, 2, 90);
	wanted(2, 60);
	assert_keys_plan("1- 6-");
	job.keys[0].start = NOW + 30;
	assert_keys_plan("4- 6-");
	job.keys[0].start = NOW + 90;
	assert_keys_plan("1- 4-");
	job.keys[0].start = NOW + 10;
	assert_keys_plan("4- 6- 1=2+10");
}

static void test_no_room(void **state)
{
	(void)state;
	for (uint8_t i = 0; i < JUNOS_CHAIN_KEYS_MAX - 1; i++) {
		there(i, (uint8_t)(100 + i), -1000 + i);
	}
	wanted(2, 60);
	assert_keys_plan("63=2+60");
	wanted(3, 120);
	assert_refused("no room for another key: all of 64 are taken");
	there(63, 3, 120);
	assert_refused("no room for another key: all of 64 are taken");
	chain.keys[63].ckn[APPLIER_CKN_MAX - 1] = 2;
	job.key_count = 1;
	assert_keys_plan("63=2+60");
}

/* ---- at once --------------------------------------------------------------------------------- */

static void test_at_once(void **state)
{
	(void)state;
	there(0, 1, -60);
	wanted(2, AT_ONCE);
	assert_keys_plan("1=2+0");
	there(3, 8, 0);
	there(4, 9, 1);
	assert_keys_plan("1=2+2");
}

static void test_at_once_again(void **state)
{
	(void)state;
	there(0, 1, -60);
	there(1, 2, -5);
	wanted(2, AT_ONCE);
	assert_keys_plan(""); /* it is in use */
	there(2, 3, -2);
	assert_keys_plan("1=2+0"); /* it no longer is */
	chain.key_count = 1;
	there(1, 2, 50);
	assert_keys_plan("1=2+0"); /* it is not yet */
}

/* A PREPARE comes before the start is chosen. */
static void test_prepare_without_starts(void **state)
{
	(void)state;
	job.op = APPLIER_PREPARE;
	there(0, 1, 0);
	wanted(2, AT_ONCE);
	wanted(3, AT_ONCE);
	assert_keys_plan("1=2+1 2=3+2");
	there(1, 2, 500);
	assert_keys_plan("2=3+1");
}

/* ---- retiring -------------------------------------------------------------------------------- */

static void test_retire(void **state)
{
	(void)state;
	there(0, 1, -600);
	there(1, 2, -300);
	there(2, 3, -60); /* in use */
	there(3, 4, 60);
	there(4, 5, 120);
	there(5, 6, 180)->active = false;
	there(6, 7, 240)->ckn_len = 0;
	wanted(4, 60);
	assert_retire_plan(NULL, "0- 1- 4-");
	job.key_count = 0;
	assert_retire_plan(NULL, "0- 1- 3- 4-");
}

static void test_retire_again_changes_nothing(void **state)
{
	(void)state;
	there(2, 3, -60);
	there(3, 4, 60);
	wanted(4, 0); /* its start does not matter here */
	assert_retire_plan(NULL, "");
}

/* The session may lag behind the clock: what secures the link now is kept. */
static void test_retire_spares_live_sessions(void **state)
{
	static struct junos_mka mka;

	(void)state;
	there(0, 1, -600);
	there(1, 2, -300);
	there(2, 3, 0);
	wanted(3, 0);
	mka.count = 2;
	mka.sessions[0].ckn_len = APPLIER_CKN_MAX;
	mka.sessions[0].ckn[APPLIER_CKN_MAX - 1] = 2;
	mka.sessions[0].live = true;
	mka.sessions[1].ckn_len = APPLIER_CKN_MAX;
	mka.sessions[1].ckn[APPLIER_CKN_MAX - 1] = 1;
	mka.sessions[1].live = false;
	assert_retire_plan(&mka, "0-");
	mka.sessions[0].live = false;
	assert_retire_plan(&mka, "0- 1-");
}

static void test_retire_keeps_the_last(void **state)
{
	(void)state;
	there(3, 7, -5);
	wanted(9, 0);
	assert_retire_plan(NULL, ""); /* in use */
	chain.keys[0].start = NOW + 500;
	assert_retire_plan(NULL, ""); /* the only one */
	there(4, 8, 400);
	assert_retire_plan(NULL, "3-"); /* the first to start is as good as the only one */
	job.keys[0].ckn[APPLIER_CKN_MAX - 1] = 7;
	assert_retire_plan(NULL, "4-");
}

#define PLAN_TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAN_TEST(test_new_keys_take_free_numbers),
		PLAN_TEST(test_empty_chain),
		PLAN_TEST(test_same_again_changes_nothing),
		PLAN_TEST(test_half_there),
		PLAN_TEST(test_retimed_in_place),
		PLAN_TEST(test_retimed_crosswise),
		PLAN_TEST(test_late_key_keeps_its_start),
		PLAN_TEST(test_start_of_another_key),
		PLAN_TEST(test_second_key_of_a_name),
		PLAN_TEST(test_no_room),
		PLAN_TEST(test_at_once),
		PLAN_TEST(test_at_once_again),
		PLAN_TEST(test_prepare_without_starts),
		PLAN_TEST(test_retire),
		PLAN_TEST(test_retire_again_changes_nothing),
		PLAN_TEST(test_retire_spares_live_sessions),
		PLAN_TEST(test_retire_keeps_the_last),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
