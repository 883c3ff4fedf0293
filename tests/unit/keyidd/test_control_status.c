/* What the control socket says of an engine in each state; nothing runs here. */
#include "test_control_fixture.h"

static int setup(void **state)
{
	(void)state;
	make_engine();
	return 0;
}

static json_t *run(json_t *(*command)(struct control_request *request), const char *association)
{
	struct control_request request = { .engine = &engine, .now = now };
	json_t *result;

	for (size_t i = 0; association && i < 2; i++) {
		if (strcmp(test_config[i].name, association) == 0) {
			request.only = &test_config[i];
		}
	}
	result = command(&request);

	assert_non_null(result);
	assert_string_equal(request.error, "");
	return result;
}

/* The status of one association, to be released with the result around it. */
static json_t *status_of(const struct association *association, json_t **result)
{
	json_t *list;

	*result = run(control_status, association->config->name);
	list = json_object_get(*result, "associations");
	assert_int_equal(json_array_size(list), 1);
	return json_array_get(list, 0);
}

static json_int_t number_of(const json_t *object, const char *name)
{
	assert_true(json_is_integer(json_object_get(object, name)));
	return json_integer_value(json_object_get(object, name));
}

static const json_t *first_of(const json_t *object, const char *name)
{
	return json_array_get(json_object_get(object, name), 0);
}

/* ---- the state ------------------------------------------------------------------------------ */

static void assert_state(
	const struct association *association, const char *name, const char *detail)
{
	struct control_state state;

	control_describe(association, now, &state);
	assert_string_equal(state.name, name);
	if (detail[0]) {
		assert_contains(state.detail, detail);
	} else {
		assert_string_equal(state.detail, "");
	}
}

static void test_master_through_a_rotation(void **unused)
{
	(void)unused;
	struct sae_status *member;

	assert_state(&master, "idle", "no key was ever");
	set_staged(&master, 1, EXCHANGE_STAGE_FETCHING);
	assert_state(&master, "fetching", "enc_keys asked of kme-1");
	master.exchange.record.stage = EXCHANGE_STAGE_HELD;
	assert_state(&master, "preparing", "router-1");
	master.exchange.prepared = true;
	assert_state(&master, "ready", "waits for mx304-12 (silent) to be ready");
	member = set_peer(&master, "mx304-12", 500, NOW_MS);
	assert_state(&master, "ready", "waits for mx304-12 to be ready");
	member->staged = ref_of(1);
	assert_state(&master, "ready", "");
	set_committed(&master, 1, SLOT_COMMIT);
	assert_state(&master, "committed", "has not been read");
	set_device(&master, false);
	assert_state(&master, "applied", "router-1 holds the key");
	set_device(&master, true);
	assert_state(&master, "live", "waits for mx304-12 to use the key");
	member->applied = ref_of(1);
	member->live = true;
	assert_state(&master, "live", "");
	set_committed(&master, 1, SLOT_CONFIRMED);
	assert_state(&master, "confirmed", "");
}

static void test_slave_through_a_rotation(void **unused)
{
	(void)unused;
	assert_state(&slave, "idle", "no key was ever");
	set_staged(&slave, 1, EXCHANGE_STAGE_FETCHING);
	assert_state(&slave, "fetching", "dec_keys asked of kme-1");
	slave.exchange.record.stage = EXCHANGE_STAGE_HELD;
	slave.exchange.prepared = true;
	assert_state(&slave, "ready", "waits for mx304-22 to decide");
	set_committed(&slave, 1, SLOT_COMMIT);
	slave.exchange.device_known = true;
	assert_state(&slave, "committed", "neighbour");
	slave.exchange.device_pending = EXCHANGE_DEVICE_COMMIT;
	assert_state(&slave, "applying", "router-1 takes");
	set_device(&slave, true);
	assert_state(&slave, "live", "waits for mx304-22 to confirm");
	set_committed(&slave, 1, SLOT_CONFIRMED);
	slave.exchange.rekey_wanted = true;
	assert_state(&slave, "asking", "asks mx304-22");
}

/* A key of a key-chain that both ends hold, and that starts at 00:01:30. */
static void set_start(struct association *association)
{
	test_config[association == &master ? 0 : 1].exchange.uses_start = true;
	set_committed(association, 1, SLOT_COMMIT);
	association->exchange.record.committed.start = NOW_S + 90;
	set_device(association, false);
	association->exchange.view.keys[0].start = NOW_S + 90;
}

static void test_state_before_a_start(void **unused)
{
	(void)unused;
	struct exchange_device_key *key;

	set_start(&master);
	assert_state(&master, "applied",
		"router-1 waits for the key's start at 2026-01-01T00:01:30Z, in 1 min 30 s");
	key = &master.exchange.view.keys[0];
	key->start--; /* as it was decided before it was moved */
	assert_state(&master, "committed", "router-1 is to be given the key");
	key->start = master.exchange.record.committed.start = NOW_S;
	assert_state(&master, "applied", "router-1 holds the key and does not use it yet");
}

static void test_states_of_failure(void **unused)
{
	(void)unused;
	struct sae_status *member;

	set_committed(&slave, 4, SLOT_CONFIRMED);
	set_staged(&slave, 5, EXCHANGE_STAGE_FETCHING);
	slave.exchange.failed = ref_of(5);
	slave.exchange.failed_reason = REASON_KME_UNAVAILABLE;
	strcpy(slave.kme_text, "503 \"come back later\"");
	assert_state(&slave, "failed", "generation 5: kme-unavailable: 503 \"come back later\"");

	set_committed(&master, 4, SLOT_CONFIRMED);
	set_staged(&master, 5, EXCHANGE_STAGE_ABORTED);
	master.exchange.failed = ref_of(5);
	master.exchange.failed_reason = REASON_NOT_READY;
	master.exchange.retry_due_ms = NOW_MS + 5000;
	assert_state(&master, "backing-off",
		"generation 5 was given up: not-ready; the next one in 5 s");
	master.exchange.failed_reason = REASON_MEMBER_FAILED;
	member = set_peer(&master, "mx304-12", 10, NOW_MS);
	member->failed = ref_of(5);
	member->failed_reason = REASON_KME_TIMEOUT;
	assert_state(&master, "backing-off",
		"given up: member-failed (mx304-12: kme-timeout); the next one in 5 s");
	master.exchange.retry_due_ms = NOW_MS - 1;
	master.exchange.hold_reason = REASON_MEMBER_SILENT;
	master.exchange.hold_sae = master.exchange.config->members[0];
	assert_state(&master, "held", "member-silent (mx304-12)");

	set_committed(&slave, 6, SLOT_COMMIT);
	slave.exchange.record.committed_held = false;
	slave.exchange.device_known = true;
	assert_state(&slave, "lost", "generation 6");
	slave.exchange.record.committed_held = true;
	slave.exchange.device_reason = REASON_DEVICE_LOCKED;
	slave.exchange.device_retry_ms = NOW_MS + 90000;
	strcpy(slave.device_text, "locked by operator");
	assert_state(&slave, "committed",
		"router-1: device-locked: locked by operator; again in 1 min 30 s");
}

/* ---- status --------------------------------------------------------------------------------- */

static void test_confirmed_master(void **unused)
{
	(void)unused;
	json_t *result, *status;
	const json_t *key, *member, *link;

	set_committed(&master, 7, SLOT_CONFIRMED);
	set_device(&master, true);
	set_peer(&master, "mx304-12", 250, NOW_MS)->applied = ref_of(7);
	master.exchange.peers[0].status.live = true;
	master.exchange.rekey_due_ms = NOW_MS + 120000;
	status = status_of(&master, &result);

	assert_string_equal(text_of(result, "at"), "2026-01-01T00:00:00Z");
	assert_string_equal(text_of(status, "role"), "master");
	assert_string_equal(text_of(status, "state"), "confirmed");
	assert_true(json_is_null(json_object_get(status, "detail")));
	assert_int_equal(json_array_size(json_object_get(status, "problems")), 0);
	assert_int_equal(number_of(status, "generation"), 7);
	assert_string_equal(text_of(status, "decision"), "confirmed");
	assert_string_equal(text_of(status, "confirmed_at"), "2025-12-31T23:59:00Z");
	assert_int_equal(number_of(status, "key_age_s"), 60);
	assert_int_equal(number_of(status, "next_rekey_s"), 120);
	assert_true(json_is_null(json_object_get(status, "proposal")));
	assert_true(json_is_null(json_object_get(status, "hold")));
	assert_true(json_is_null(json_object_get(status, "failure")));
	key = first_of(status, "keys");
	assert_string_equal(text_of(key, "key_id"), KEY_ID);
	assert_string_equal(text_of(key, "ckn"), CKN);
	key = first_of(json_object_get(status, "device"), "keys");
	assert_string_equal(text_of(key, "ckn"), CKN);
	assert_true(json_is_true(json_object_get(key, "transmitting")));
	member = first_of(status, "members");
	assert_string_equal(text_of(member, "sae"), "mx304-12");
	assert_string_equal(text_of(member, "state"), "live");
	assert_int_equal(number_of(member, "live"), 7);
	assert_int_equal(number_of(member, "heard_ms_ago"), 250);
	assert_string_equal(text_of(member, "link"), "span-1");
	link = first_of(status, "links");
	assert_string_equal(text_of(link, "interface"), "eth1");
	assert_true(json_is_true(json_object_get(link, "open")));
	assert_string_equal(text_of(link, "state"), "open");
	assert_int_equal(number_of(link, "mtu"), 1500);
	json_decref(result);
}

static void test_starts(void **unused)
{
	(void)unused;
	json_t *result, *keys;
	struct proposal *committed = &master.exchange.record.committed;

	set_start(&master);
	committed->key_count = 2;
	committed->spacing_s = 30;
	committed->keys[1] = committed->keys[0];
	keys = json_object_get(status_of(&master, &result), "keys");
	assert_string_equal(text_of(json_array_get(keys, 0), "start"), "2026-01-01T00:01:30Z");
	assert_string_equal(text_of(json_array_get(keys, 1), "start"), "2026-01-01T00:02:00Z");
	json_decref(result);
	committed->start = 0;
	keys = json_object_get(status_of(&master, &result), "keys");
	assert_true(json_is_null(json_object_get(json_array_get(keys, 1), "start")));
	json_decref(result);
}

static void test_proposal_under_way(void **unused)
{
	(void)unused;
	json_t *result, *status;
	const json_t *proposal;

	set_committed(&master, 7, SLOT_CONFIRMED);
	set_staged(&master, 8, EXCHANGE_STAGE_HELD);
	master.rotation.generation = 8;
	master.rotation.begun_ms = NOW_MS - 1500;
	status = status_of(&master, &result);
	proposal = json_object_get(status, "proposal");
	assert_int_equal(number_of(proposal, "generation"), 8);
	assert_string_equal(text_of(proposal, "stage"), "preparing");
	assert_int_equal(number_of(proposal, "age_ms"), 1500);
	assert_string_equal(text_of(first_of(proposal, "keys"), "key_id"), KEY_ID);
	assert_true(json_is_null(json_object_get(status, "next_rekey_s")));
	assert_int_equal(number_of(status, "generation"), 7);
	json_decref(result);

	/* What was committed is no proposal any more. */
	set_committed(&master, 8, SLOT_COMMIT);
	status = status_of(&master, &result);
	assert_true(json_is_null(json_object_get(status, "proposal")));
	assert_string_equal(text_of(status, "decision"), "commit");
	json_decref(result);
}

static void assert_problem(const struct association *association, const char *part)
{
	json_t *problems = control_problems(association, now);
	char *text = json_dumps(problems, JSON_ENCODE_ANY);

	assert_contains(text, part);
	free(text);
	json_decref(problems);
}

/* One end's failure is seen, with its reason, at both. */
static void test_failure_at_both_ends(void **unused)
{
	(void)unused;
	json_t *result, *status;
	struct sae_status *peer;

	set_staged(&slave, 5, EXCHANGE_STAGE_FETCHING);
	slave.exchange.failed = ref_of(5);
	slave.exchange.failed_reason = REASON_KME_KEY_NOT_FOUND;
	strcpy(slave.kme_text, "one or more keys specified are not found on KME");
	set_peer(&slave, "mx304-22", 10, NOW_MS);
	status = status_of(&slave, &result);
	assert_int_equal(number_of(json_object_get(status, "failure"), "generation"), 5);
	assert_string_equal(
		text_of(json_object_get(status, "failure"), "reason"), "kme-key-not-found");
	assert_string_equal(text_of(json_object_get(status, "failure"), "text"), slave.kme_text);
	assert_problem(&slave, "generation 5 failed here: kme-key-not-found: one or more keys");
	slave.exchange.peers[0].status.failed = ref_of(5);
	slave.exchange.peers[0].status.failed_reason = REASON_MEMBER_FAILED;
	assert_problem(&slave, "generation 5 was given up by mx304-22: member-failed");
	slave.exchange.peers[0].status.failed_reason = REASON_KME_TIMEOUT;
	assert_problem(&slave, "generation 5 failed at mx304-22: kme-timeout");
	json_decref(result);

	peer = set_peer(&master, "mx304-12", 10, NOW_MS);
	peer->failed = ref_of(5);
	peer->failed_reason = REASON_KME_KEY_NOT_FOUND;
	status = status_of(&master, &result);
	assert_string_equal(
		text_of(json_object_get(first_of(status, "members"), "failed"), "reason"),
		"kme-key-not-found");
	assert_problem(&master, "generation 5 failed at mx304-12: kme-key-not-found");
	master.exchange.failed = ref_of(5);
	master.exchange.failed_reason = REASON_MEMBER_FAILED;
	assert_problem(&master, "generation 5 was given up: member-failed");
	master.exchange.failed_reason = REASON_DEVICE_REFUSED;
	assert_problem(&master, "generation 5 failed here: device-refused");
	json_decref(result);
}

/* In a chain a slave hears its neighbours, and its master only through them. */
static void test_master_out_of_hearing(void **unused)
{
	(void)unused;
	json_t *problems;
	char *text;

	assert_problem(&slave, "mx304-22 has not been heard since the start");
	sae_id_set(&test_config[1].exchange.links[0].neighbours[0], "mx304-23", 8);
	problems = control_problems(&slave, now);
	text = json_dumps(problems, JSON_ENCODE_ANY);
	assert_null(strstr(text, "mx304-22 has not been heard"));
	free(text);
	json_decref(problems);
}

/* A loop and a second station for one SAE: named where they are seen, and at the master. */
static void test_cabling(void **unused)
{
	(void)unused;
	struct exchange *x = &slave.exchange;
	json_t *result, *status;
	struct sae_status *peer;

	status = status_of(&slave, &result);
	assert_true(json_is_null(json_object_get(status, "loop")));
	assert_true(json_is_false(json_object_get(status, "duplicate")));
	json_decref(result);

	x->last_ms = NOW_MS;
	x->loop_ms = x->own_duplicate_ms = NOW_MS - 1;
	sae_id_set(&x->loop_sae, "mx304-23", 8);
	status = status_of(&slave, &result);
	assert_string_equal(text_of(status, "loop"), "mx304-23");
	assert_true(json_is_true(json_object_get(status, "duplicate")));
	json_decref(result);
	assert_problem(&slave, "the status of mx304-23 comes round in a loop: check the cabling");
	assert_problem(&slave, "another station speaks for mx304-21: duplicate-sae");

	peer = set_peer(&master, "mx304-12", 10, NOW_MS);
	peer->device_reason = REASON_LOOP;
	master.exchange.peers[0].duplicate_ms = NOW_MS - 1;
	status = status_of(&master, &result);
	assert_string_equal(text_of(first_of(status, "members"), "device_reason"), "loop");
	assert_true(json_is_true(json_object_get(first_of(status, "members"), "duplicate")));
	json_decref(result);
	assert_problem(&master, "mx304-12 hears statuses come round in a loop: check the cabling");
	assert_problem(&master, "two stations speak for mx304-12: duplicate-sae");
}

static void test_problems(void **unused)
{
	(void)unused;
	struct sae_status *peer;

	assert_problem(&master, "mx304-12 has not been heard since the start");
	peer = set_peer(&master, "mx304-12", 65000, NOW_MS);
	assert_problem(&master, "mx304-12 has been silent for 1 min 5 s");
	master.exchange.peers[0].heard_ms = NOW_MS;
	peer->lost = ref_of(3);
	assert_problem(&master, "the key of generation 3 is lost at mx304-12");
	peer->device_known = false;
	assert_problem(&master, "mx304-12 does not know what its device holds");
	peer->device_reason = REASON_DEVICE_LOCKED;
	assert_problem(&master, "the device of mx304-12 does not follow: device-locked");
	peer->device_reason = REASON_DEVICE_LOCKED;
	assert_problem(&master, "the device of mx304-12 does not follow: device-locked");
	master.exchange.peers[0].duplicate_ms = NOW_MS - 1;
	assert_problem(&master, "two stations speak for mx304-12: duplicate-sae");
	master.exchange.hold_reason = REASON_MEMBER_SILENT;
	master.exchange.hold_sae = master.exchange.config->members[0];
	assert_problem(&master, "cannot be made: member-silent (mx304-12)");
	master.exchange.device_reason = REASON_DEVICE_REFUSED;
	strcpy(master.device_text, "syntax error");
	assert_problem(&master, "router-1: device-refused: syntax error");
	master.links[0].send_error = -ENOBUFS;
	assert_problem(&master, "link span-1: sending on eth1 fails: No buffer space available");
	test_iface.open = false;
	assert_problem(&master, "link span-1: eth1 is not open: no such device");
	test_iface.mtu = 300;
	assert_problem(&master, "link span-1: the MTU of eth1 is 300, and a message may need 1500");
	test_macsec_down = "macsec0";
	assert_problem(&master,
		"link span-1: macsec0 is down, and nothing passes: ip link set dev macsec0 up");
	set_committed(&master, 1, SLOT_CONFIRMED);
	test_config[0].key_age_alarm_ms = 7200000;
	test_key_age_s = 3 * 86400 + 7200;
	assert_problem(&master, "the key is 3 d 2 h old; it should be replaced within 2 h 0 min");
}

/* A guest on the segment shows while it is there, and is no problem once it has left. */
/* Whose words are shown: none of another failure, and none of ours for somebody else's. */
static void test_words(void **unused)
{
	(void)unused;

	strcpy(master.device_text, "locked by operator");
	strcpy(master.clock_text, "the device's clock is 60 s ahead of this host's, in UTC");
	set_committed(&master, 4, SLOT_CONFIRMED);
	master.exchange.hold_reason = REASON_DEVICE_CLOCK;
	assert_problem(&master, "a new key is due and cannot be made: device-clock: "
				"the device's clock is 60 s ahead of this host's, in UTC");
	assert_state(&master, "held", "device-clock: the device's clock is 60 s ahead");
	master.exchange.hold_reason = REASON_DEVICE_LOCKED;
	assert_problem(&master, "cannot be made: device-locked: locked by operator");
	master.exchange.hold_sae = master.exchange.config->members[0];
	assert_problem(&master, "cannot be made: device-locked (mx304-12)");

	assert_string_equal(control_failure_text(&master, REASON_DEVICE_NOT_LIVE), "");

	set_device(&master, true);
	master.exchange.clock_wrong = true;
	assert_problem(&master, "router-1: device-clock: the device's clock is 60 s ahead");
	set_peer(&master, "mx304-12", 10, NOW_MS)->device_reason = REASON_DEVICE_CLOCK;
	assert_problem(&master, "the clock of the device of mx304-12 is wrong: device-clock");
	strcpy(master.seen_text, "the device's time-zone is EST, not UTC");
	assert_problem(&master, "router-1: the device's time-zone is EST, not UTC");
}

static void test_unconfigured_sae(void **unused)
{
	(void)unused;
	json_t *result, *status, *members;

	set_peer(&master, "mx304-12", 0, NOW_MS);
	set_peer(&master, "mx304-99", 60000, NOW_MS);
	status = status_of(&master, &result);
	members = json_object_get(status, "members");
	assert_int_equal(json_array_size(members), 2);
	assert_string_equal(text_of(json_array_get(members, 1), "role"), "other");
	assert_string_equal(text_of(json_array_get(members, 1), "state"), "silent");
	assert_int_equal(json_array_size(json_object_get(status, "problems")), 0);
	json_decref(result);
}

static void test_not_started(void **unused)
{
	(void)unused;
	json_t *result, *list;

	engine.association_count = 1; /* span-2 is configured only */
	result = run(control_status, NULL);
	list = json_object_get(result, "associations");
	assert_int_equal(json_array_size(list), 2);
	assert_string_equal(text_of(json_array_get(list, 1), "name"), "span-2");
	assert_string_equal(text_of(json_array_get(list, 1), "state"), "not-started");
	assert_int_equal(json_array_size(json_object_get(json_array_get(list, 1), "problems")), 1);
	json_decref(result);
}

/* ---- neighbours and counters ---------------------------------------------------------------- */

static void test_neighbours(void **unused)
{
	(void)unused;
	struct link *link = &master.links[0].link;
	json_t *result, *stations;

	memset(link->member, 0x11, MEMBER_ID_LEN);
	link->number = 99;
	link->live[0] = (struct link_station){
		.used = true, .number = 4000000000u, .acknowledged = 98, .heard_ms = NOW_MS - 100
	};
	memset(link->live[0].member, 0x42, MEMBER_ID_LEN);
	link->live[1] = (struct link_station){ .used = true,
		.member = { 1 },
		.number = 5,
		.acknowledged = 4,
		.heard_ms = NOW_MS - 60000 };
	link->fresh[0] = (struct link_station){
		.used = true, .member = { 2 }, .number = 6, .heard_ms = NOW_MS
	};
	set_peer(&master, "mx304-12", 100, NOW_MS);
	result = run(control_neighbours, "span-1");
	assert_int_equal(json_array_size(json_object_get(result, "links")), 1);
	assert_string_equal(
		text_of(first_of(result, "links"), "member"), "111111111111111111111111");
	stations = json_object_get(first_of(result, "links"), "stations");
	assert_int_equal(json_array_size(stations), 3);
	assert_string_equal(
		text_of(json_array_get(stations, 0), "member"), "424242424242424242424242");
	assert_string_equal(text_of(json_array_get(stations, 0), "state"), "live");
	assert_true(number_of(json_array_get(stations, 0), "number") == 4000000000);
	assert_int_equal(number_of(json_array_get(stations, 0), "acknowledged"), 98);
	assert_int_equal(number_of(json_array_get(stations, 0), "heard_ms_ago"), 100);
	assert_string_equal(
		text_of(first_of(json_array_get(stations, 0), "saes"), "sae"), "mx304-12");
	assert_string_equal(text_of(json_array_get(stations, 1), "state"), "silent");
	assert_string_equal(text_of(json_array_get(stations, 2), "state"), "unproven");
	assert_true(json_is_null(json_object_get(json_array_get(stations, 2), "acknowledged")));
	json_decref(result);
}

/* The SecYs of both ends of a link: what is sent under, and whether it is received. */
static void test_secys(void **unused)
{
	(void)unused;
	struct exchange_link_config *config = &test_config[0].exchange.links[0];
	struct exchange_neighbour *neighbour = &master.exchange.neighbours[0][0];
	struct secy *own = &master.exchange.view.secys[0].shown;
	json_t *result;
	const json_t *link, *secy, *sa;

	master.links[0].link.live[0] = (struct link_station){ .used = true, .heard_ms = NOW_MS };
	memset(master.links[0].link.live[0].member, 0x42, MEMBER_ID_LEN);
	set_peer(&master, "mx304-12", 100, NOW_MS);
	config->neighbour_count = 1;
	sae_id_set(&config->neighbours[0], "mx304-12", 8);
	result = run(control_neighbours, "span-1");
	link = first_of(result, "links");
	assert_true(json_is_null(json_object_get(link, "secy")));
	assert_true(json_is_null(json_object_get(
		first_of(json_array_get(json_object_get(link, "stations"), 0), "saes"), "secy")));
	json_decref(result);

	*own = (struct secy){ .present = true, .sci = { 2, [7] = 1 }, .suite = 2 };
	own->receive_count = 3;
	master.exchange.device_known = true;
	*neighbour = (struct exchange_neighbour){ .sci = { 2, [7] = 2 }, .suite = 4 };
	neighbour->transmit_count = 1;
	neighbour->transmit[0] = (struct transmit_sa){ { 0xaa }, { 0xbb }, true };
	neighbour->receive_count = 2;
	result = run(control_neighbours, "span-1");
	link = first_of(result, "links");
	secy = json_object_get(link, "secy");
	assert_string_equal(text_of(secy, "sci"), "0200000000000001");
	assert_string_equal(text_of(secy, "cipher_suite"), "gcm-aes-256");
	assert_int_equal(json_array_size(json_object_get(secy, "transmit")), 0);
	assert_int_equal(number_of(secy, "receives"), 3);
	secy = json_object_get(
		first_of(json_array_get(json_object_get(link, "stations"), 0), "saes"), "secy");
	assert_string_equal(text_of(secy, "sci"), "0200000000000002");
	assert_string_equal(text_of(secy, "cipher_suite"), "gcm-aes-xpn-256");
	assert_int_equal(number_of(secy, "receives"), 2);
	sa = first_of(secy, "transmit");
	assert_string_equal(text_of(sa, "token"), "aa00000000000000");
	assert_string_equal(text_of(sa, "nonce"), "bb00000000000000");
	assert_true(json_is_true(json_object_get(sa, "unused")));
	json_decref(result);
}

static void test_counters(void **unused)
{
	(void)unused;
	struct link *link = &master.links[0].link;
	const json_t *first;
	json_t *result;

	link->sent = 17;
	link->received[VERDICT_BAD_ICV] = 5;
	link->malformed[MALFORMED_TLV_CRITICAL] = 2;
	master.links[0].send_errors = 1;
	test_iface.counters.not_ours = 4;
	master.exchange.record.fetch_count = 9;
	engine.reloads = 6;
	result = run(control_counters, NULL);
	assert_int_equal(number_of(result, "reloads"), 6);
	assert_int_equal(json_array_size(json_object_get(result, "links")), 2);
	assert_int_equal(json_array_size(json_object_get(result, "interfaces")), 1);
	first = first_of(result, "links");
	assert_int_equal(number_of(first, "sent"), 17);
	assert_int_equal(number_of(first, "send_errors"), 1);
	assert_int_equal(json_object_size(json_object_get(first, "received")), VERDICT_COUNT);
	assert_int_equal(number_of(json_object_get(first, "received"), "bad-icv"), 5);
	assert_int_equal(number_of(json_object_get(first, "malformed"), "tlv-critical"), 2);
	assert_int_equal(number_of(first_of(result, "interfaces"), "not_ours"), 4);
	assert_int_equal(number_of(first_of(result, "interfaces"), "dropped"), 3);
	assert_int_equal(number_of(first_of(result, "associations"), "enc_keys_this_hour"), 9);
	json_decref(result);
}

/* ---- all of it ------------------------------------------------------------------------------ */

static void test_no_secret(void **unused)
{
	(void)unused;
	json_t *(*const commands[])(struct control_request * request) = { control_status,
		control_neighbours, control_counters };

	set_committed(&master, 7, SLOT_COMMIT);
	set_staged(&master, 8, EXCHANGE_STAGE_HELD);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		json_t *result = run(commands[i], NULL);
		char *text = json_dumps(result, 0);

		assert_null(strstr(text, "a5a5a5"));
		assert_null(strstr(text, "A5A5A5"));
		assert_null(strstr(text, "paWlpaWl")); /* base64 */
		free(text);
		json_decref(result);
	}
}

/* The kernel knows no CKNs: what is on record is named by them, the rest by its token. */
static void test_own_secys(void **unused)
{
	(void)unused;
	static const uint8_t stranger[CKN_TOKEN_LEN] = { 0xab };
	struct exchange_device_view *view = &master.exchange.view;
	struct exchange_secy *secy = &view->secys[0];
	const json_t *device, *shown;
	json_t *result;

	test_config[0].links[0].macsec_device = "macsec0";
	set_committed(&master, 7, SLOT_CONFIRMED);
	set_device(&master, true);
	view->keys[0].ckn.len = 0;
	memcpy(view->keys[0].token, master.exchange.committed_tokens[0], CKN_TOKEN_LEN);
	view->key_count = 2;
	view->keys[1] = (struct exchange_device_key){ 0 };
	memcpy(view->keys[1].token, stranger, CKN_TOKEN_LEN);
	secy->shown = (struct secy){ .present = true,
		.sci = { 2, 0, 0, 0, 0, 0xa, 0, 1 },
		.suite = 4,
		.transmit_count = 1,
		.receive_count = 1 };
	memcpy(secy->shown.transmit[0].token, stranger, CKN_TOKEN_LEN);
	memcpy(secy->receive_tokens[0], stranger, CKN_TOKEN_LEN);
	device = json_object_get(status_of(&master, &result), "device");
	assert_string_equal(text_of(first_of(device, "keys"), "ckn"), CKN);
	shown = json_array_get(json_object_get(device, "keys"), 1);
	assert_true(json_is_null(json_object_get(shown, "ckn")));
	assert_string_equal(text_of(shown, "token"), "ab00000000000000");
	shown = first_of(device, "secys");
	assert_string_equal(text_of(shown, "interface"), "macsec0");
	assert_string_equal(text_of(shown, "sci"), "02000000000a0001");
	assert_string_equal(text_of(shown, "cipher_suite"), "gcm-aes-xpn-256");
	assert_string_equal(text_of(first_of(shown, "transmit"), "token"), "ab00000000000000");
	assert_string_equal(text_of(first_of(shown, "receive"), "nonce"), "0000000000000000");
	json_decref(result);
}

static void test_text_that_is_no_utf8(void **unused)
{
	(void)unused;
	json_t *text = control_text("caf\xe9 \x1b[1m");

	assert_string_equal(json_string_value(text), "caf? ?[1m");
	json_decref(text);
	text = control_text("caf\xc3\xa9");
	assert_string_equal(json_string_value(text), "caf\xc3\xa9");
	json_decref(text);
	text = control_text_or_null("");
	assert_true(json_is_null(text));
	json_decref(text);
}

static void test_ages(void **unused)
{
	(void)unused;
	static const struct {
		uint64_t ms;
		const char *text;
	} ages[] = { { 0, "0 ms" }, { 999, "999 ms" }, { 59999, "59 s" }, { 60000, "1 min 0 s" },
		{ 3599000, "59 min 59 s" }, { 3600000, "1 h 0 min" }, { 86399000, "23 h 59 min" },
		{ 90000000, "1 d 1 h" } };
	char text[CONTROL_AGE_TEXT];

	for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++) {
		assert_string_equal(control_age(ages[i].ms, text), ages[i].text);
	}
	assert_non_null(control_age(UINT64_MAX, text));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_master_through_a_rotation, setup),
		cmocka_unit_test_setup(test_slave_through_a_rotation, setup),
		cmocka_unit_test_setup(test_state_before_a_start, setup),
		cmocka_unit_test_setup(test_states_of_failure, setup),
		cmocka_unit_test_setup(test_confirmed_master, setup),
		cmocka_unit_test_setup(test_starts, setup),
		cmocka_unit_test_setup(test_proposal_under_way, setup),
		cmocka_unit_test_setup(test_failure_at_both_ends, setup),
		cmocka_unit_test_setup(test_master_out_of_hearing, setup),
		cmocka_unit_test_setup(test_cabling, setup),
		cmocka_unit_test_setup(test_problems, setup),
		cmocka_unit_test_setup(test_words, setup),
		cmocka_unit_test_setup(test_unconfigured_sae, setup),
		cmocka_unit_test_setup(test_not_started, setup),
		cmocka_unit_test_setup(test_neighbours, setup),
		cmocka_unit_test_setup(test_secys, setup),
		cmocka_unit_test_setup(test_counters, setup),
		cmocka_unit_test_setup(test_no_secret, setup),
		cmocka_unit_test(test_own_secys),
		cmocka_unit_test(test_text_that_is_no_utf8),
		cmocka_unit_test(test_ages),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
