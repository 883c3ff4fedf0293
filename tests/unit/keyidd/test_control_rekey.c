/* "rekey", and waiting for what becomes of it. */
#include "test_control_fixture.h"

#define WAIT "{\"command\": \"rekey\", \"association\": \"span-1\", \"wait\": true}\n"
#define WAIT_1_S                                                                                   \
	"{\"command\": \"rekey\", \"association\": \"span-1\", \"wait\": true, \"timeout\": 1}\n"
#define WAIT_SLAVE "{\"command\": \"rekey\", \"association\": \"span-2\", \"wait\": true}\n"
#define WAIT_ALL "{\"command\": \"rekey\", \"wait\": true}\n"

static sem_t asked; /* counts rekeys that have reached an association */

static void say_asked(struct association *association)
{
	(void)association;
	sem_post(&asked);
}

static int setup(void **state)
{
	sem_init(&asked, 0, 0);
	if (daemon_setup(state) != 0) {
		return -1;
	}
	on_rekey = say_asked;
	set_committed(&master, 7, SLOT_CONFIRMED);
	set_committed(&slave, 3, SLOT_CONFIRMED);
	return 0;
}

static void note(struct association *association, enum exchange_note_kind kind, uint64_t generation,
	unsigned reason, const char *sae)
{
	struct exchange_note what = { .kind = kind, .generation = generation, .reason = reason };

	sae_id_set(&what.sae, sae, strlen(sae));
	engine.listener.note(engine.listener.ctx, association, &what);
}

/* Sends the request and returns once the association has been asked. */
static int start(const char *request, int associations)
{
	int fd = client_open();

	client_send(fd, request);
	while (associations-- > 0) {
		sem_wait(&asked);
	}
	return fd;
}

/* The entry of an association in the result. */
static const json_t *outcome_of(const json_t *reply, size_t i)
{
	return json_array_get(json_object_get(json_object_get(reply, "result"), "associations"), i);
}

static json_t *finish(int fd)
{
	json_t *reply = client_receive(fd);

	assert_non_null(reply);
	close(fd);
	return reply;
}

static void assert_not_confirmed(int fd, const char *outcome, const char *why)
{
	json_t *reply = finish(fd);

	assert_false(is_ok(reply));
	assert_contains(text_of(reply, "error"), why);
	assert_string_equal(text_of(outcome_of(reply, 0), "outcome"), outcome);
	assert_contains(text_of(reply, "error"), text_of(outcome_of(reply, 0), "text"));
	json_decref(reply);
}

static void test_without_wait(void **unused)
{
	(void)unused;
	json_t *reply = ask("{\"command\": \"rekey\"}");

	assert_true(is_ok(reply));
	assert_int_equal(rekeys, 2);
	assert_string_equal(text_of(outcome_of(reply, 1), "association"), "span-2");
	assert_string_equal(text_of(outcome_of(reply, 1), "outcome"), "asked");
	json_decref(reply);
}

/* ---- confirmed ------------------------------------------------------------------------------ */

static void confirm_old_then_new(void)
{
	note(&master, EXCHANGE_NOTE_CONFIRMED, 7, REASON_NONE, "");
	note(&slave, EXCHANGE_NOTE_CONFIRMED, 8, REASON_NONE, "");
	note(&master, EXCHANGE_NOTE_COMMITTED, 8, REASON_NONE, "");
	set_committed(&master, 8, SLOT_CONFIRMED);
	note(&master, EXCHANGE_NOTE_CONFIRMED, 8, REASON_NONE, "");
	note(&master, EXCHANGE_NOTE_ABORTED, 9, REASON_NONE, "");
}

static void test_confirmed(void **unused)
{
	(void)unused;
	int fd = start(WAIT, 1);
	json_t *reply;

	in_loop(confirm_old_then_new);
	reply = finish(fd);
	assert_true(is_ok(reply));
	assert_string_equal(text_of(outcome_of(reply, 0), "outcome"), "confirmed");
	assert_int_equal(
		json_integer_value(json_object_get(outcome_of(reply, 0), "generation")), 8);
	assert_string_equal(
		text_of(json_array_get(json_object_get(outcome_of(reply, 0), "keys"), 0), "ckn"),
		CKN);
	json_decref(reply);
}

/* All happens inside association_rekey(). */
static void confirm_at_once(struct association *association)
{
	note(association, EXCHANGE_NOTE_CONFIRMED, 8, REASON_NONE, "");
}

static void test_confirmed_at_once(void **unused)
{
	(void)unused;
	int fd;
	json_t *reply;

	on_rekey = confirm_at_once;
	fd = start(WAIT, 0);
	client_send(fd, "{\"command\": \"counters\"}\n");
	reply = client_receive(fd);
	assert_true(is_ok(reply));
	assert_string_equal(text_of(outcome_of(reply, 0), "outcome"), "confirmed");
	json_decref(reply);
	json_decref(finish(fd)); /* one answer to each request */
}

/* ---- not confirmed -------------------------------------------------------------------------- */

static void abort_for_member(void)
{
	struct sae_status *member = set_peer(&master, "mx304-12", 0, clock_mono_ms());

	member->failed = ref_of(8);
	member->failed_reason = REASON_DEVICE_REFUSED;
	master.exchange.retry_due_ms = clock_mono_ms() + 5900;
	note(&master, EXCHANGE_NOTE_MEMBER_FAILED, 8, REASON_DEVICE_REFUSED, "mx304-12");
	note(&master, EXCHANGE_NOTE_ABORTED, 8, REASON_MEMBER_FAILED, "mx304-12");
}

static void test_aborted(void **unused)
{
	(void)unused;
	int fd = start(WAIT, 1);

	in_loop(abort_for_member);
	assert_not_confirmed(fd, "aborted",
		"span-1: generation 8 was given up: mx304-12: device-refused; the next one in 5 s");
}

static void abort_at_slave(void)
{
	struct sae_status *peer = set_peer(&slave, "mx304-22", 0, clock_mono_ms());

	peer->failed = ref_of(4);
	peer->failed_reason = REASON_KME_UNREACHABLE;
	note(&slave, EXCHANGE_NOTE_ABORTED, 4, REASON_NONE, "");
}

static void test_aborted_at_the_other_end(void **unused)
{
	(void)unused;
	int fd = start(WAIT_SLAVE, 1);

	in_loop(abort_at_slave);
	assert_not_confirmed(
		fd, "aborted", "span-2: generation 4 was given up: mx304-22: kme-unreachable");
}

static void fail_here(void)
{
	strcpy(slave.kme_text, "HTTP 503");
	note(&slave, EXCHANGE_NOTE_FAILED, 4, REASON_KME_UNAVAILABLE, "");
}

static void test_failed_here(void **unused)
{
	(void)unused;
	int fd = start(WAIT_SLAVE, 1);

	in_loop(fail_here);
	assert_not_confirmed(
		fd, "failed", "span-2: generation 4 failed here: kme-unavailable: HTTP 503");
}

static void fail_to_save(void)
{
	note(&master, EXCHANGE_NOTE_FAILED, 7, REASON_STATE, "");
}

static void test_state_cannot_be_written(void **unused)
{
	(void)unused;
	int fd = start(WAIT, 1);

	in_loop(fail_to_save);
	assert_not_confirmed(fd, "failed", "failed here: state");
}

/* ---- held ----------------------------------------------------------------------------------- */

static void be_held(struct association *association)
{
	association->exchange.hold_reason = REASON_MEMBER_SILENT;
	association->exchange.hold_sae = association->exchange.config->members[0];
	sem_post(&asked);
}

static void test_held(void **unused)
{
	(void)unused;
	test_config[0].exchange.life_ms = 50;
	on_rekey = be_held; /* and nobody notes it: it was held before */
	assert_not_confirmed(start(WAIT, 1), "held",
		"span-1: no new key can be made now: member-silent (mx304-12); "
		"it is made once that is over");
}

static void be_held_for_a_moment(void)
{
	be_held(&master);
	note(&master, EXCHANGE_NOTE_HELD, 8, REASON_MEMBER_SILENT, "mx304-12");
	master.exchange.hold_reason = REASON_NONE;
}

/* Over before LIFE is: the wait goes on. */
static void test_held_for_a_moment(void **unused)
{
	(void)unused;
	int fd;

	test_config[0].exchange.life_ms = 50;
	fd = start(WAIT_1_S, 1);
	in_loop(be_held_for_a_moment);
	assert_not_confirmed(fd, "timeout", "span-1: not confirmed within 1 s: confirmed");
}

/* ---- time ----------------------------------------------------------------------------------- */

static void test_time_out_says_why(void **unused)
{
	(void)unused;
	int fd = client_open();

	set_staged(&master, 8, EXCHANGE_STAGE_HELD);
	master.exchange.prepared = true;
	client_send(fd, WAIT_1_S);
	assert_not_confirmed(fd, "timeout",
		"span-1: not confirmed within 1 s: ready: waits for mx304-12 (silent) to be ready");
}

/* Waiting is not idling. */
static void test_wait_outlasts_the_idle_time(void **unused)
{
	(void)unused;
	control_set_idle_ms(control, 50);
	assert_not_confirmed(start(WAIT_1_S, 1), "timeout", "not confirmed within 1 s");
}

/* ---- several, and leaving ------------------------------------------------------------------- */

static void confirm_one_abort_other(void)
{
	note(&slave, EXCHANGE_NOTE_CONFIRMED, 4, REASON_NONE, "");
	note(&master, EXCHANGE_NOTE_ABORTED, 8, REASON_NOT_READY, "mx304-12");
}

static void test_all_associations(void **unused)
{
	(void)unused;
	int fd = start(WAIT_ALL, 2);
	json_t *reply;

	in_loop(confirm_one_abort_other);
	reply = finish(fd);
	assert_false(is_ok(reply));
	assert_string_equal(
		text_of(reply, "error"), "span-1: generation 8 was given up: not-ready (mx304-12)");
	assert_string_equal(text_of(outcome_of(reply, 0), "outcome"), "aborted");
	assert_string_equal(text_of(outcome_of(reply, 1), "outcome"), "confirmed");
	json_decref(reply);
}

static void stop_master(void)
{
	engine.listener.gone(engine.listener.ctx, &master);
}

static void test_association_stopped(void **unused)
{
	(void)unused;
	int fd = start(WAIT, 1);

	in_loop(stop_master);
	assert_not_confirmed(fd, "stopped", "span-1: stopped by a new configuration");
}

static void confirm_new(void)
{
	note(&master, EXCHANGE_NOTE_CONFIRMED, 8, REASON_NONE, "");
}

/* It will send no more, but waits for its answer; even more than one may. */
static void test_half_closed_clients(void **unused)
{
	(void)unused;
	int fds[3];

	for (int i = 0; i < 3; i++) {
		fds[i] = start(WAIT, 1);
		assert_int_equal(shutdown(fds[i], SHUT_WR), 0);
	}
	in_loop(confirm_new);
	for (int i = 0; i < 3; i++) {
		json_t *reply = client_receive(fds[i]);

		assert_true(is_ok(reply));
		json_decref(reply);
		assert_null(client_receive(fds[i]));
		close(fds[i]);
	}
}

/* Every place is taken by clients that wait and leave; then all are free again. */
static void test_clients_that_leave(void **unused)
{
	(void)unused;
	int fds[CONTROL_CLIENTS_MAX];
	json_t *reply;

	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		fds[i] = start(WAIT, 1);
	}
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		close(fds[i]);
	}
	in_loop(confirm_new);
	do {
		reply = ask("{\"command\": \"counters\"}");
		if (!is_ok(reply)) {
			json_decref(reply);
			reply = NULL;
		}
	} while (!reply);
	json_decref(reply);
	in_loop(confirm_new);
}

static void test_daemon_ends_while_a_client_waits(void **unused)
{
	(void)unused;
	start(WAIT, 1); /* the teardown frees it */
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, daemon_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_without_wait),
		TEST(test_confirmed),
		TEST(test_confirmed_at_once),
		TEST(test_aborted),
		TEST(test_aborted_at_the_other_end),
		TEST(test_failed_here),
		TEST(test_state_cannot_be_written),
		TEST(test_held),
		TEST(test_held_for_a_moment),
		TEST(test_time_out_says_why),
		TEST(test_wait_outlasts_the_idle_time),
		TEST(test_all_associations),
		TEST(test_association_stopped),
		TEST(test_half_closed_clients),
		TEST(test_clients_that_leave),
		TEST(test_daemon_ends_while_a_client_waits),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
