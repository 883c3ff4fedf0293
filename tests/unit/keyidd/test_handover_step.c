/* What a hand-over does next: both roles, failures, restarts. */
#include "keyidd/handover_step.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define INTERVAL_MS 600000
#define BEGIN_MS 5000000
#define BEGIN_S 1767225600

static struct handover_machine machine;
static struct handover_actions did; /* of the last step */
static struct handover_time now;

static const struct handover_rules master = {
	.master = true, .shows = true, .interval_ms = INTERVAL_MS
};
static const struct handover_rules slave;

static struct key_id id(const char *text)
{
	struct key_id key_id;

	assert_true(key_id_set(&key_id, text, strlen(text)));
	return key_id;
}

static void pass_ms(uint64_t ms)
{
	now.mono_ms += ms;
	now.wall_s += (int64_t)(ms / 1000);
}

static void begin(const struct handover_rules *rules, const struct handover_record *record)
{
	now = (struct handover_time){ BEGIN_MS, BEGIN_S };
	handover_init(&machine, rules, record, now);
}

static void step(const struct handover_event *event)
{
	handover_step(&machine, now, event, &did);
}

/* The record that is to be saved is what the disk has: then the step counts. */
static void happens(enum handover_event_kind kind)
{
	struct handover_event event = { .kind = kind };

	step(&event);
}

static void tick(void)
{
	happens(HANDOVER_TIMER);
}

static void sees(const char *key_id)
{
	struct handover_event event = { .kind = HANDOVER_SEEN, .key_id = id(key_id) };

	step(&event);
}

static void looks(enum handover_view view, bool holds_last)
{
	struct handover_event event = {
		.kind = HANDOVER_LOOKED, .view = view, .holds_last = holds_last
	};

	assert_int_equal(machine.doing, HANDOVER_LOOK);
	step(&event);
}

static void gets(const char *key_id)
{
	struct handover_event event = { .kind = HANDOVER_FETCHED, .key_id = id(key_id) };

	assert_int_equal(machine.doing, HANDOVER_FETCH);
	step(&event);
}

static bool noted(enum handover_note note)
{
	for (unsigned i = 0; i < did.note_count; i++) {
		if (did.notes[i] == note) {
			return true;
		}
	}
	return false;
}

/* Nothing is under way, and the timer comes after so long. */
static void assert_rests_for(uint64_t ms)
{
	assert_int_equal(machine.doing, HANDOVER_REST);
	assert_int_equal(handover_next_ms(&machine) - now.mono_ms, ms);
}

#define ASSERT_DOES(what)                                                                          \
	do {                                                                                       \
		assert_int_equal(did.act, what);                                                   \
		assert_int_equal(machine.doing, what);                                             \
		assert_true(                                                                       \
			what == HANDOVER_REST || handover_next_ms(&machine) == HANDOVER_NEVER);    \
	} while (0)

/* A slave that is at rest, with the key of "a" applied and in use. */
static void make_slave_with(const char *key_id)
{
	begin(&slave, NULL);
	tick();
	looks(HANDOVER_OTHER, false);
	sees(key_id);
	looks(HANDOVER_OTHER, false);
	gets(key_id);
	happens(HANDOVER_DONE);
	pass_ms(HANDOVER_LOOK_MIN_MS);
	tick();
	looks(HANDOVER_USES, true);
	ASSERT_DOES(HANDOVER_REST);
}

/* ---- the usual way ---- */

static void test_slave(void **state)
{
	(void)state;
	begin(&slave, NULL);
	assert_int_equal(handover_next_ms(&machine), 0);
	tick();
	ASSERT_DOES(HANDOVER_LOOK);
	looks(HANDOVER_OTHER, false);
	ASSERT_DOES(HANDOVER_REST);
	sees("a");
	assert_true(noted(HANDOVER_NOTE_NEW));
	ASSERT_DOES(HANDOVER_LOOK);
	assert_false(did.save);
	looks(HANDOVER_OTHER, false);
	ASSERT_DOES(HANDOVER_FETCH);
	assert_true(did.save); /* before the KME is asked */
	assert_int_equal(machine.record.stage, HANDOVER_TAKEN);
	assert_string_equal(machine.record.key_id.text, "a");
	assert_int_equal(machine.record.applied.len, 0);
	gets("a");
	ASSERT_DOES(HANDOVER_APPLY);
	assert_false(did.save);
	happens(HANDOVER_DONE);
	assert_true(did.save && did.wipe);
	assert_true(noted(HANDOVER_NOTE_APPLIED));
	assert_false(noted(HANDOVER_NOTE_SHOWN));
	assert_int_equal(machine.record.stage, HANDOVER_APPLIED);
	assert_string_equal(machine.record.applied.text, "a");
	assert_int_equal(machine.record.applied_s, now.wall_s);
	assert_rests_for(HANDOVER_LOOK_MIN_MS);
}

static void test_master(void **state)
{
	(void)state;
	begin(&master, NULL);
	tick();
	looks(HANDOVER_OTHER, false);
	ASSERT_DOES(HANDOVER_FETCH);
	assert_false(did.save);
	gets("a");
	ASSERT_DOES(HANDOVER_APPLY);
	happens(HANDOVER_DONE);
	ASSERT_DOES(HANDOVER_SHOW);
	assert_true(did.save && did.wipe);
	assert_int_equal(machine.record.stage, HANDOVER_APPLIED);
	happens(HANDOVER_DONE);
	ASSERT_DOES(HANDOVER_REST);
	assert_true(did.save);
	assert_true(noted(HANDOVER_NOTE_SHOWN));
	assert_int_equal(machine.record.stage, HANDOVER_SHOWN);
	assert_string_equal(machine.record.applied.text, "a");
	pass_ms(HANDOVER_LOOK_MIN_MS);
	tick();
	looks(HANDOVER_USES, true);
	assert_true(noted(HANDOVER_NOTE_USED));
	assert_rests_for(HANDOVER_LOOK_MAX_MS);
	pass_ms(INTERVAL_MS - HANDOVER_LOOK_MIN_MS);
	tick();
	looks(HANDOVER_USES, true);
	ASSERT_DOES(HANDOVER_FETCH);
}

/* What is shown by the same commit is applied and shown at once. */
static void test_master_that_shows_by_applying(void **state)
{
	(void)state;
	static const struct handover_rules rules = { .master = true, .interval_ms = INTERVAL_MS };

	begin(&rules, NULL);
	tick();
	looks(HANDOVER_OTHER, false);
	gets("a");
	happens(HANDOVER_DONE);
	ASSERT_DOES(HANDOVER_REST);
	assert_int_equal(machine.record.stage, HANDOVER_SHOWN);
	assert_true(noted(HANDOVER_NOTE_APPLIED) && noted(HANDOVER_NOTE_SHOWN));
}

static void test_looks(void **state)
{
	(void)state;
	uint64_t pause_ms = HANDOVER_LOOK_MIN_MS;

	make_slave_with("a");
	assert_rests_for(HANDOVER_LOOK_MAX_MS);
	pass_ms(HANDOVER_LOOK_MAX_MS);
	tick();
	looks(HANDOVER_HOLDS, true);
	assert_true(noted(HANDOVER_NOTE_NOT_USED));
	assert_rests_for(HANDOVER_LOOK_MAX_MS);

	sees("b");
	looks(HANDOVER_HOLDS, true);
	gets("b");
	happens(HANDOVER_DONE);
	while (pause_ms < HANDOVER_LOOK_MAX_MS) {
		assert_rests_for(pause_ms);
		pass_ms(pause_ms);
		tick();
		looks(HANDOVER_HOLDS, true);
		assert_int_equal(did.note_count, 0);
		pause_ms = pause_ms < HANDOVER_LOOK_MAX_MS / 2 ? 2 * pause_ms
							       : HANDOVER_LOOK_MAX_MS;
	}
	assert_rests_for(HANDOVER_LOOK_MAX_MS);
}

/* ---- stale ones ---- */

static void test_stale(void **state)
{
	(void)state;
	make_slave_with("a");
	sees("a");
	assert_true(noted(HANDOVER_NOTE_STALE));
	ASSERT_DOES(HANDOVER_REST);
	sees("b");
	looks(HANDOVER_USES, true);
	happens(HANDOVER_FAILED);
	assert_true(noted(HANDOVER_NOTE_LOST));
	assert_string_equal(machine.record.key_id.text, "b");
	assert_string_equal(machine.record.applied.text, "a");
	sees("b"); /* the KME has been asked for it */
	assert_true(noted(HANDOVER_NOTE_STALE));
	sees("a"); /* and has delivered this one */
	assert_true(noted(HANDOVER_NOTE_STALE));
	pass_ms(HANDOVER_RETRY_MAX_MS);
	tick();
	looks(HANDOVER_USES, false);
	ASSERT_DOES(HANDOVER_REST);
	sees("c");
	looks(HANDOVER_USES, true);
	ASSERT_DOES(HANDOVER_FETCH);
}

static void test_stale_is_taken_if_it_shall_be(void **state)
{
	(void)state;
	static const struct handover_rules rules = { .takes_stale = true };
	struct handover_record record = {
		.stage = HANDOVER_APPLIED, .key_id = id("a"), .applied = id("a"), .applied_s = 7
	};

	begin(&rules, &record);
	tick();
	looks(HANDOVER_USES, true);
	for (int i = 0; i < 3; i++) {
		sees("a");
		assert_false(noted(HANDOVER_NOTE_NEW));
		sees("a"); /* as often as it is read meanwhile */
		looks(HANDOVER_USES, true);
		sees("a");
		gets("a");
		ASSERT_DOES(HANDOVER_APPLY);
		sees("a");
		happens(HANDOVER_DONE);
		ASSERT_DOES(HANDOVER_REST);
	}
}

static void test_seen_again_meanwhile(void **state)
{
	(void)state;
	make_slave_with("a");
	sees("b");
	sees("b");
	assert_int_equal(did.act, HANDOVER_REST);
	assert_int_equal(did.note_count, 0);
	looks(HANDOVER_USES, true);
	sees("b");
	assert_int_equal(did.note_count, 0);
	gets("b");
	sees("b");
	happens(HANDOVER_DONE);
	ASSERT_DOES(HANDOVER_REST);
}

static void test_gone(void **state)
{
	(void)state;
	make_slave_with("a");
	sees("b");
	happens(HANDOVER_GONE);
	looks(HANDOVER_USES, true);
	ASSERT_DOES(HANDOVER_REST);
}

/* What counts in the end: does the other end show the key-ID of our key? */
static void test_in_step(void **state)
{
	(void)state;
	begin(&slave, NULL);
	assert_false(handover_in_step(&machine));
	make_slave_with("a");
	assert_true(handover_in_step(&machine));
	sees("b");
	assert_false(handover_in_step(&machine));
	looks(HANDOVER_USES, true);
	happens(HANDOVER_FAILED);
	assert_false(handover_in_step(&machine));
	sees("a"); /* b was forged, or taken back */
	assert_true(handover_in_step(&machine));
	happens(HANDOVER_GONE);
	assert_false(handover_in_step(&machine));
}

/* ---- a newer one before the last is done ---- */

static void test_overtaken(void **state)
{
	(void)state;
	make_slave_with("a");
	sees("b");
	looks(HANDOVER_USES, true);
	sees("c"); /* while the key of b is fetched */
	assert_false(did.wipe);
	gets("b");
	assert_true(did.wipe);
	ASSERT_DOES(HANDOVER_LOOK);
	looks(HANDOVER_USES, true);
	gets("c");
	happens(HANDOVER_FAILED);
	ASSERT_DOES(HANDOVER_REST);
	sees("d"); /* while that of c cannot be applied */
	assert_true(did.wipe);
	pass_ms(HANDOVER_RETRY_MIN_MS);
	tick();
	looks(HANDOVER_USES, true);
	gets("d");
	sees("e"); /* while that of d is applied */
	assert_false(did.wipe);
	happens(HANDOVER_DONE);
	assert_string_equal(machine.record.applied.text, "d");
	ASSERT_DOES(HANDOVER_LOOK);
	looks(HANDOVER_HOLDS, true);
	ASSERT_DOES(HANDOVER_FETCH);
	assert_string_equal(machine.record.key_id.text, "e");
}

/* ---- failures ---- */

static void test_no_device_no_key(void **state)
{
	(void)state;
	uint64_t pause_ms = HANDOVER_RETRY_MIN_MS;

	make_slave_with("a");
	sees("b");
	for (int i = 0; i < 10; i++) {
		happens(HANDOVER_FAILED);
		assert_rests_for(pause_ms);
		pass_ms(pause_ms - 1);
		tick();
		ASSERT_DOES(HANDOVER_REST);
		pass_ms(1);
		tick();
		ASSERT_DOES(HANDOVER_LOOK);
		pause_ms = pause_ms < HANDOVER_RETRY_MAX_MS / 2 ? 2 * pause_ms
								: HANDOVER_RETRY_MAX_MS;
	}
	assert_int_equal(machine.record.stage, HANDOVER_APPLIED);
	looks(HANDOVER_USES, true);
	ASSERT_DOES(HANDOVER_FETCH);
}

/* A KME that was surely not asked is asked again; the disk is told before. */
static void test_unsent(void **state)
{
	(void)state;
	struct handover_event unsent = { .kind = HANDOVER_FAILED, .unsent = true };

	make_slave_with("a");
	sees("b");
	looks(HANDOVER_USES, true);
	step(&unsent);
	assert_true(did.save);
	assert_int_equal(machine.record.stage, HANDOVER_APPLIED);
	assert_string_equal(machine.record.key_id.text, "a");
	assert_rests_for(HANDOVER_RETRY_MIN_MS);
	pass_ms(HANDOVER_RETRY_MIN_MS);
	tick();
	looks(HANDOVER_USES, true);
	ASSERT_DOES(HANDOVER_FETCH);
	assert_string_equal(machine.record.key_id.text, "b");
	sees("c");
	step(&unsent);
	pass_ms(2 * HANDOVER_RETRY_MIN_MS);
	tick();
	looks(HANDOVER_USES, true);
	assert_string_equal(machine.record.key_id.text, "c");
}

/* Whoever shows new key-IDs all the time does not have the KME asked all the time. */
static void test_flood(void **state)
{
	(void)state;
	char text[2] = "b";
	unsigned fetches = 0;

	make_slave_with("a");
	for (uint64_t ms = 0; ms < 600000; ms += 100) {
		text[0] = (char)(text[0] == 'z' ? 'b' : text[0] + 1);
		sees(text);
		tick();
		if (machine.doing == HANDOVER_LOOK) {
			looks(HANDOVER_USES, true);
		}
		if (machine.doing == HANDOVER_FETCH) {
			fetches++;
			happens(HANDOVER_FAILED);
		}
		pass_ms(100);
	}
	assert_in_range(fetches, 10, 20);
}

static void test_master_tries_on(void **state)
{
	(void)state;
	begin(&master, NULL);
	tick();
	looks(HANDOVER_OTHER, false);
	happens(HANDOVER_FAILED); /* enc_keys */
	assert_rests_for(HANDOVER_RETRY_MIN_MS);
	pass_ms(HANDOVER_RETRY_MIN_MS);
	tick();
	looks(HANDOVER_OTHER, false);
	happens(HANDOVER_FAILED);
	assert_rests_for(2 * HANDOVER_RETRY_MIN_MS);
	pass_ms(2 * HANDOVER_RETRY_MIN_MS);
	tick();
	looks(HANDOVER_OTHER, false);
	gets("a");
	happens(HANDOVER_FAILED); /* apply: with the same key again */
	assert_false(did.wipe);
	assert_rests_for(HANDOVER_RETRY_MIN_MS);
	pass_ms(HANDOVER_RETRY_MIN_MS);
	tick();
	ASSERT_DOES(HANDOVER_APPLY);
	happens(HANDOVER_DONE);
	happens(HANDOVER_FAILED); /* show */
	pass_ms(2 * INTERVAL_MS);
	tick();
	ASSERT_DOES(HANDOVER_SHOW); /* before another key is made */
	happens(HANDOVER_DONE);
	ASSERT_DOES(HANDOVER_LOOK);
	looks(HANDOVER_HOLDS, true);
	ASSERT_DOES(HANDOVER_FETCH);
}

static void test_hopeless(void **state)
{
	(void)state;
	struct handover_event hopeless = { .kind = HANDOVER_FAILED, .hopeless = true };

	make_slave_with("a");
	sees("b");
	looks(HANDOVER_USES, true);
	gets("b");
	step(&hopeless);
	assert_true(did.wipe);
	assert_true(noted(HANDOVER_NOTE_LOST));
	pass_ms(HANDOVER_RETRY_MAX_MS);
	tick();
	ASSERT_DOES(HANDOVER_LOOK);
	looks(HANDOVER_USES, true);
	ASSERT_DOES(HANDOVER_REST);

	begin(&master, NULL);
	tick();
	looks(HANDOVER_OTHER, false);
	gets("a");
	step(&hopeless);
	assert_rests_for(HANDOVER_RETRY_MIN_MS);
	pass_ms(HANDOVER_RETRY_MIN_MS);
	tick();
	looks(HANDOVER_OTHER, false);
	ASSERT_DOES(HANDOVER_FETCH);
}

static void test_rekey(void **state)
{
	(void)state;
	test_master(NULL);
	gets("b");
	happens(HANDOVER_DONE);
	happens(HANDOVER_DONE);
	ASSERT_DOES(HANDOVER_REST);
	happens(HANDOVER_REKEY);
	ASSERT_DOES(HANDOVER_LOOK);
	looks(HANDOVER_HOLDS, true);
	ASSERT_DOES(HANDOVER_FETCH);
}

/* ---- what cannot be saved ---- */

/* As the daemon does it: the step is dropped, and told so. */
static void cannot_save(const struct handover_event *event)
{
	struct handover_machine before = machine;

	step(event);
	assert_true(did.save);
	machine = before;
	happens(HANDOVER_UNSAVED);
	assert_false(did.save);
}

static void test_unsaved(void **state)
{
	(void)state;
	struct handover_event looked = { .kind = HANDOVER_LOOKED, .view = HANDOVER_USES };
	struct handover_event done = { .kind = HANDOVER_DONE };

	make_slave_with("a");
	sees("b");
	cannot_save(&looked); /* so the KME is not asked */
	ASSERT_DOES(HANDOVER_REST);
	assert_string_equal(machine.record.key_id.text, "a");
	pass_ms(HANDOVER_RETRY_MIN_MS);
	tick();
	looks(HANDOVER_USES, true);
	gets("b");
	cannot_save(&done); /* the device has the key: it may be given it again */
	assert_false(did.wipe);
	assert_int_equal(machine.record.stage, HANDOVER_TAKEN);
	pass_ms(HANDOVER_RETRY_MAX_MS);
	tick();
	ASSERT_DOES(HANDOVER_APPLY);
	happens(HANDOVER_DONE);
	assert_string_equal(machine.record.applied.text, "b");
}

/* ---- restarts ---- */

static void test_slave_restarts(void **state)
{
	(void)state;
	struct handover_record record = {
		.stage = HANDOVER_APPLIED, .key_id = id("a"), .applied = id("a"), .applied_s = 7
	};

	begin(&slave, &record);
	sees("a"); /* before the device was looked at */
	ASSERT_DOES(HANDOVER_LOOK);
	looks(HANDOVER_USES, true);
	assert_false(noted(HANDOVER_NOTE_INTERRUPTED));
	ASSERT_DOES(HANDOVER_REST);
	sees("a");
	ASSERT_DOES(HANDOVER_REST);

	record.stage = HANDOVER_TAKEN; /* ended between dec_keys and applying */
	record.key_id = id("b");
	begin(&slave, &record);
	tick();
	looks(HANDOVER_USES, false);
	assert_true(noted(HANDOVER_NOTE_INTERRUPTED));
	sees("b");
	assert_true(noted(HANDOVER_NOTE_STALE));
	ASSERT_DOES(HANDOVER_REST);

	begin(&slave, &record); /* or after that */
	tick();
	looks(HANDOVER_OTHER, true);
	assert_true(did.save);
	assert_true(noted(HANDOVER_NOTE_APPLIED));
	assert_int_equal(machine.record.stage, HANDOVER_APPLIED);
	assert_string_equal(machine.record.applied.text, "b");
}

static void test_master_restarts(void **state)
{
	(void)state;
	struct handover_record record = { .stage = HANDOVER_SHOWN,
		.key_id = id("a"),
		.applied = id("a"),
		.applied_s = BEGIN_S - 100 };

	begin(&master, &record);
	tick();
	looks(HANDOVER_USES, true);
	ASSERT_DOES(HANDOVER_REST);
	pass_ms(INTERVAL_MS - 100 * 1000 - 1);
	tick();
	looks(HANDOVER_USES, true);
	ASSERT_DOES(HANDOVER_REST);
	pass_ms(1);
	tick();
	looks(HANDOVER_USES, true);
	ASSERT_DOES(HANDOVER_FETCH);

	record.stage = HANDOVER_APPLIED; /* ended before it was shown */
	begin(&master, &record);
	tick();
	looks(HANDOVER_HOLDS, true);
	ASSERT_DOES(HANDOVER_SHOW);

	begin(&master, &record); /* and the device has lost it since, or has one never noted */
	tick();
	looks(HANDOVER_OTHER, false);
	ASSERT_DOES(HANDOVER_FETCH);

	record.applied_s = BEGIN_S + 1000000; /* the clock has been set back */
	record.stage = HANDOVER_SHOWN;
	begin(&master, &record);
	tick();
	looks(HANDOVER_USES, true);
	pass_ms(INTERVAL_MS);
	tick();
	looks(HANDOVER_USES, true);
	ASSERT_DOES(HANDOVER_FETCH);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slave),
		cmocka_unit_test(test_master),
		cmocka_unit_test(test_master_that_shows_by_applying),
		cmocka_unit_test(test_looks),
		cmocka_unit_test(test_stale),
		cmocka_unit_test(test_stale_is_taken_if_it_shall_be),
		cmocka_unit_test(test_seen_again_meanwhile),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_in_step),
		cmocka_unit_test(test_overtaken),
		cmocka_unit_test(test_no_device_no_key),
		cmocka_unit_test(test_unsent),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_master_tries_on),
		cmocka_unit_test(test_hopeless),
		cmocka_unit_test(test_rekey),
		cmocka_unit_test(test_unsaved),
		cmocka_unit_test(test_slave_restarts),
		cmocka_unit_test(test_master_restarts),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
