/* What the control socket says of hand-overs, beside associations. */
#include "test_control_fixture.h"

static struct config_handover configs[2];
static struct handover file_slave, lldp_master; /* span-8 and span-9 */
static struct handover *handovers[2];

static void make_handover(struct handover *handover, size_t i, const char *name,
	enum config_handover_transport transport, enum exchange_role role)
{
	struct config_handover *config = &configs[i];

	*config = (struct config_handover){ .name = name,
		.transport = transport,
		.role = role,
		.kme = &test_kme,
		.device = &test_device,
		.ckn = test_config[0].exchange.ckn };
	sae_id_set(&config->sae, "mx304-12", 8);
	sae_id_set(&config->peer, "mx304-11", 8);
	memset(handover, 0, sizeof(*handover));
	handover->config = config;
	handover->engine = &engine;
	memset(handover->key.bytes, SECRET_OCTET, 32);
	handover->key.len = 32;
	handover->machine.rules.master = role == EXCHANGE_MASTER;
	handover->machine.rules.shows = transport == CONFIG_HANDOVER_FILE;
	handovers[i] = handover;
}

static void make_handovers(void)
{
	make_handover(&file_slave, 0, "span-8", CONFIG_HANDOVER_FILE, EXCHANGE_SLAVE);
	make_handover(&lldp_master, 1, "span-9", CONFIG_HANDOVER_LLDP, EXCHANGE_MASTER);
	configs[0].remote.host = "jump.example";
	snprintf(configs[0].file, sizeof(configs[0].file), "f.json");
	configs[0].file_device = "mx304-11";
	configs[1].junos.description_interface = "et-0/0/9";
	lldp_master.machine.next_key_ms = NOW_MS + 7000;
	engine.config.handover_count = 2;
	engine.config.handovers = configs;
	engine.handover_count = 2;
	engine.handovers = handovers;
}

static int setup(void **state)
{
	(void)state;
	make_engine();
	make_handovers();
	return 0;
}

static int daemon_setup_with_handovers(void **state)
{
	int rc = daemon_setup(state);

	make_handovers();
	return rc;
}

static struct key_id id(const char *text)
{
	struct key_id key_id;

	assert_true(key_id_set(&key_id, text, strlen(text)));
	return key_id;
}

static void set_applied(struct handover *handover, enum handover_view view, int64_t ago_s)
{
	struct handover_machine *m = &handover->machine;

	m->started = true;
	m->view = view;
	m->record.stage = m->rules.master ? HANDOVER_SHOWN : HANDOVER_APPLIED;
	m->record.key_id = m->record.applied = id(KEY_ID);
	m->record.applied_s = NOW_S - ago_s;
}

/* All of the status, to be released. */
static json_t *status(void)
{
	struct control_request request = { .engine = &engine, .now = now };
	json_t *result = control_status(&request);

	assert_non_null(result);
	return result;
}

static const json_t *handover_at(const json_t *result, size_t i)
{
	return json_array_get(json_object_get(result, "handovers"), i);
}

static void assert_state(const struct handover *handover, const char *name)
{
	json_t *result = status();

	assert_string_equal(text_of(handover_at(result, handover == &lldp_master), "state"), name);
	json_decref(result);
}

static const char *problem_of(const struct handover *handover)
{
	static char text[CONTROL_TEXT_MAX];
	json_t *result = status();
	const json_t *list = json_object_get(
		handover_at(result, handover == &lldp_master), "problems");

	assert_true(json_array_size(list) <= 1);
	snprintf(text, sizeof(text), "%s",
		json_array_size(list) ? json_string_value(json_array_get(list, 0)) : "");
	json_decref(result);
	return text;
}

/* ---- tests ---- */

static void test_status(void **unused)
{
	(void)unused;
	json_t *result;
	const json_t *one;

	set_applied(&file_slave, HANDOVER_USES, 90);
	result = status();
	assert_int_equal(json_array_size(json_object_get(result, "associations")), 2);
	assert_int_equal(json_array_size(json_object_get(result, "handovers")), 2);
	one = handover_at(result, 0);
	assert_string_equal(text_of(one, "name"), "span-8");
	assert_string_equal(text_of(one, "transport"), "ssh-file");
	assert_string_equal(text_of(one, "mark"), "ssh-protected");
	assert_string_equal(text_of(one, "role"), "slave");
	assert_string_equal(text_of(one, "state"), "live");
	assert_string_equal(text_of(one, "key_id"), KEY_ID);
	assert_string_equal(text_of(one, "ckn"), CKN);
	assert_int_equal(json_integer_value(json_object_get(one, "key_age_s")), 90);
	assert_true(json_is_null(json_object_get(one, "next_key_s")));
	assert_string_equal(text_of(json_object_get(one, "source"), "host"), "jump.example");
	assert_string_equal(text_of(json_object_get(one, "source"), "file"), "f.json");
	assert_string_equal(text_of(json_object_get(one, "device"), "key"), "uses");
	one = handover_at(result, 1);
	assert_string_equal(text_of(one, "mark"), "insecure");
	assert_string_equal(text_of(one, "transport"), "lldp-port-description");
	assert_true(json_is_null(json_object_get(one, "key_id")));
	assert_true(json_is_null(json_object_get(one, "key_age_s")));
	assert_int_equal(json_integer_value(json_object_get(one, "next_key_s")), 7);
	assert_string_equal(
		text_of(json_object_get(one, "source"), "description_interface"), "et-0/0/9");
	json_decref(result);
}

static void test_states(void **unused)
{
	(void)unused;
	struct handover_machine *slave_m = &file_slave.machine;
	struct handover_machine *master_m = &lldp_master.machine;

	assert_state(&file_slave, "starting");
	slave_m->started = master_m->started = true;
	assert_state(&file_slave, "idle");
	slave_m->seen = id(KEY_ID);
	assert_state(&file_slave, "preparing");
	slave_m->seen.len = 0;
	slave_m->record.key_id = id(KEY_ID);
	slave_m->record.stage = HANDOVER_TAKEN;
	slave_m->doing = HANDOVER_FETCH;
	assert_state(&file_slave, "fetching");
	slave_m->doing = HANDOVER_REST;
	assert_state(&file_slave, "lost");
	slave_m->record.applied = slave_m->shown = id("d9b6fa63-dd88-47d2-8afe-94fcecf40d18");
	slave_m->view = HANDOVER_USES;
	assert_state(&file_slave, "live");
	slave_m->shown.len = 0;
	assert_state(&file_slave, "lost");
	slave_m->held = id(KEY_ID);
	assert_state(&file_slave, "applying");
	slave_m->held.len = 0;
	set_applied(&file_slave, HANDOVER_HOLDS, 1);
	assert_state(&file_slave, "applied");
	set_applied(&lldp_master, HANDOVER_USES, 1);
	assert_state(&lldp_master, "live");
	master_m->record.stage = HANDOVER_APPLIED;
	assert_state(&lldp_master, "showing");
	engine.handovers = &handovers[1]; /* the other one could not be started */
	engine.handover_count = 1;
	assert_state(&file_slave, "not-started");
	assert_state(&lldp_master, "showing");
}

static void test_problems(void **unused)
{
	(void)unused;
	struct handover_error *error = &file_slave.errors[HANDOVER_AT_SOURCE];

	assert_string_equal(problem_of(&file_slave), "");
	strcpy(error->reason, "file-not-found");
	strcpy(error->text, "no \x01 \xff such file");
	assert_contains(problem_of(&file_slave), "file-not-found: no ");
	error->reason[0] = '\0';
	set_applied(&file_slave, HANDOVER_HOLDS, 59);
	assert_string_equal(problem_of(&file_slave), "");
	set_applied(&file_slave, HANDOVER_HOLDS, 60);
	assert_contains(problem_of(&file_slave), "router-1 has the key and does not use it");
	set_applied(&file_slave, HANDOVER_OTHER, 1);
	assert_contains(problem_of(&file_slave), "router-1 does not have the key");
	set_applied(&file_slave, HANDOVER_USES, 1000);
	assert_string_equal(problem_of(&file_slave), "");
}

/* ---- over the socket ---- */

static json_t *result_of(const char *request)
{
	json_t *reply = ask(request);
	json_t *result;

	assert_true(is_ok(reply));
	result = json_incref(json_object_get(reply, "result"));
	json_decref(reply);
	return result;
}

static void assert_counts(const char *request, const char *associations, size_t handovers_count)
{
	json_t *result = result_of(request);

	assert_int_equal(
		json_array_size(json_object_get(result, associations)) > 0, handovers_count == 2);
	assert_int_equal(json_array_size(json_object_get(result, "handovers")), handovers_count);
	json_decref(result);
}

static void test_named(void **unused)
{
	(void)unused;
	json_t *result;

	assert_counts("{\"command\": \"status\"}", "associations", 2);
	assert_counts("{\"command\": \"status\", \"association\": \"span-9\"}", "associations", 1);
	assert_counts("{\"command\": \"status\", \"association\": \"span-9\", \"sae\": "
		      "\"mx304-12\"}",
		"associations", 1);
	assert_counts("{\"command\": \"counters\"}", "associations", 2);
	assert_counts(
		"{\"command\": \"counters\", \"association\": \"span-8\"}", "associations", 1);
	result = result_of("{\"command\": \"status\", \"association\": \"span-1\"}");
	assert_int_equal(json_array_size(json_object_get(result, "associations")), 1);
	assert_int_equal(json_array_size(json_object_get(result, "handovers")), 0);
	json_decref(result);
	assert_refused("{\"command\": \"status\", \"association\": \"span-7\"}",
		"no association or hand-over \"span-7\"");
	assert_refused("{\"command\": \"status\", \"association\": \"span-9\", \"sae\": \"x\"}",
		"with SAE \"x\"");
	assert_refused("{\"command\": \"neighbours\", \"association\": \"span-9\"}",
		"span-9 is a hand-over: there are no neighbours of one");
}

static void test_counters(void **unused)
{
	(void)unused;
	json_t *result;
	const json_t *one;

	file_slave.counters.stale = 17;
	result = result_of("{\"command\": \"counters\", \"association\": \"span-8\"}");
	one = handover_at(result, 0);
	assert_string_equal(text_of(one, "mark"), "ssh-protected");
	assert_int_equal(json_integer_value(json_object_get(one, "stale")), 17);
	json_decref(result);
}

static void test_rekey(void **unused)
{
	(void)unused;
	json_t *result = result_of("{\"command\": \"rekey\", \"association\": \"span-9\"}");

	assert_string_equal(text_of(handover_at(result, 0), "outcome"), "asked");
	assert_int_equal(rekeys, 1);
	json_decref(result);
	assert_refused("{\"command\": \"rekey\", \"association\": \"span-8\"}",
		"span-8: in a hand-over only the master's end can make a key");
	assert_refused("{\"command\": \"rekey\", \"association\": \"span-9\", \"wait\": true}",
		"span-9: nobody confirms the keys of a hand-over");
	assert_int_equal(rekeys, 1);
	json_decref(result_of("{\"command\": \"rekey\"}")); /* associations only */
	assert_int_equal(rekeys, 3);
}

/* Nothing that is told holds an octet of a key. */
static void test_no_secrets(void **unused)
{
	(void)unused;
	static const char *const requests[] = { "{\"command\": \"status\"}",
		"{\"command\": \"counters\"}" };
	const uint8_t octets[] = { SECRET_OCTET, SECRET_OCTET, SECRET_OCTET };
	char *text;

	for (size_t i = 0; i < 2; i++) {
		json_t *result = result_of(requests[i]);

		text = json_dumps(result, 0);
		assert_null(strstr(text, "a5a5a5"));
		assert_null(memmem(text, strlen(text), octets, sizeof(octets)));
		free(text);
		json_decref(result);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_status, setup),
		cmocka_unit_test_setup(test_states, setup),
		cmocka_unit_test_setup(test_problems, setup),
		cmocka_unit_test_setup_teardown(
			test_named, daemon_setup_with_handovers, daemon_teardown),
		cmocka_unit_test_setup_teardown(
			test_counters, daemon_setup_with_handovers, daemon_teardown),
		cmocka_unit_test_setup_teardown(
			test_rekey, daemon_setup_with_handovers, daemon_teardown),
		cmocka_unit_test_setup_teardown(
			test_no_secrets, daemon_setup_with_handovers, daemon_teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
