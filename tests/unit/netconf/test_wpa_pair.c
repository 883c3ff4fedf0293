/* Two wpa_supplicants and a bond: which of them is given what, and when traffic moves. */
#include "test_wpa_fixture.h"

#define SETTLE_MS 250

static char folder[] = "/tmp/test-wpa-pair-XXXXXX";
static char paths[2][64];
static struct fake fakes[2];
static struct applier_set *set;
static struct applier *applier;

/* ---- the kernel ------------------------------------------------------------------------------ */

static uint32_t active;       /* ifindex */
static uint32_t fails_over;   /* 0, or the one that it is after the next look at it */
static int activations;       /* that have been asked for */
static int refusals;          /* of the next ones */
static bool refused_for_good; /* without CAP_NET_ADMIN */
static bool no_bond;
static bool follows; /* MKA of a side is secured as soon as it has a key */

/* By the port of the SCI. */
static int find_secy(const char *parent, const struct macsec_sci *sci, struct wpa_secy *secy,
	struct problem *problem)
{
	struct fake *fake = &fakes[sci->octets[7] - 1];

	(void)problem;
	assert_string_equal(parent, "eth1");
	if (follows && fake->held_ckn[0]) {
		fake->secured = true;
		fake->secy.works = true;
	}
	*secy = fake->secy;
	return 0;
}

static int find_bond(const char *name, const struct wpa_secy *one, const struct wpa_secy *two,
	struct wpa_bond *bond, struct problem *problem)
{
	assert_string_equal(name, "bond0");
	assert_int_equal(one->ifindex, fakes[0].secy.ifindex);
	assert_int_equal(two->ifindex, fakes[1].secy.ifindex);
	*bond = (struct wpa_bond){ 7, active };
	active = fails_over ? fails_over : active;
	return no_bond ? problem_set(problem, APPLIER_ERROR_NOT_CONFIGURED, "bond0 is not there")
		       : 0;
}

static int activate(
	const struct wpa_bond *bond, const struct wpa_secy *secy, struct problem *problem)
{
	activations++;
	assert_int_equal(bond->ifindex, 7);
	if (refused_for_good) {
		return problem_set(problem, APPLIER_ERROR_LOGIN, "not without CAP_NET_ADMIN");
	}
	if (refusals > 0) {
		refusals--;
		return problem_set(problem, APPLIER_ERROR_INTERNAL, "it is down");
	}
	active = secy->ifindex;
	return 0;
}

static const struct wpa_kernel kernel = {
	.settle_ms = SETTLE_MS,
	.hold_ms = 50,
	.find_secy = find_secy,
	.find_bond = find_bond,
	.activate = activate,
};

/* ---- the pair -------------------------------------------------------------------------------- */

static struct applier_wpa_config config = {
	.control_socket = paths[0],
	.second_control_socket = paths[1],
	.bond = "bond0",
	.cipher_suite = "gcm-aes-128",
	.timeout_ms = 1000,
};

static void open_pair(void)
{
	char error[APPLIER_ERROR_TEXT_MAX] = "";

	applier = wpa_open(set, &config, &kernel, error);
	if (!applier) {
		fail_msg("%s", error);
	}
}

/* Side 0 carries traffic under key 1. */
static int setup(void **state)
{
	(void)state;
	activations = refusals = 0;
	fails_over = 0;
	refused_for_good = no_bond = false;
	follows = true;
	for (int i = 0; i < 2; i++) {
		fake_init(&fakes[i], paths[i], i + 1);
		fake_start(&fakes[i]);
	}
	snprintf(fakes[0].held_ckn, sizeof(fakes[0].held_ckn), CKN_1);
	fake_set(&fakes[0], "mka_ckn", CKN_1);
	fakes[0].secy.empty = false;
	fakes[0].secy.works = true;
	fakes[0].secured = true;
	active = fakes[0].secy.ifindex;
	open_pair();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	applier_close(applier);
	for (int i = 0; i < 2; i++) {
		fake_stop(&fakes[i]);
		fake_fini(&fakes[i]);
	}
	return 0;
}

/* As keyidd does when it starts again. */
static void reopen(void)
{
	applier_close(applier);
	open_pair();
}

static struct applier_result run(enum applier_op op, uint8_t key)
{
	struct applier_job job = make_job(op);

	memset(job.keys[0].ckn, key, sizeof(job.keys[0].ckn));
	return run_job(set, applier, &job);
}

static void assert_ok(enum applier_op op, uint8_t key)
{
	struct applier_result result = run(op, key);

	assert_string_equal(result.text, "");
	assert_int_equal(result.error, APPLIER_OK);
}

static void assert_fails(
	enum applier_op op, uint8_t key, enum applier_error error, const char *text)
{
	struct applier_result result = run(op, key);

	assert_string_equal(result.text, text);
	assert_int_equal(result.error, error);
}

enum shown { HELD, FORMER, DEAD_FORMER, IN_USE, LIVE };

/* That key is among those shown, so. */
static void assert_shows(const struct applier_view *view, uint8_t ckn, enum shown shown)
{
	for (size_t i = 0; i < view->key_count; i++) {
		const struct applier_seen_key *key = &view->keys[i];

		if (key->ckn[0] == ckn) {
			assert_int_equal(key->ckn_len, APPLIER_CKN_MAX);
			assert_int_equal(key->configured, shown != HELD);
			assert_int_equal(key->usable, shown != HELD && shown != DEAD_FORMER);
			assert_int_equal(key->transmitting, shown == LIVE);
			return;
		}
	}
	fail_msg("key %d is not shown", ckn);
}

static struct applier_view read_back(size_t count)
{
	struct applier_result result = run(APPLIER_READ_BACK, 0);

	assert_int_equal(result.error, APPLIER_OK);
	assert_int_equal(result.view.key_count, count);
	return result.view;
}

/* ---- what goes well -------------------------------------------------------------------------- */

static void test_prepare(void **state)
{
	(void)state;
	fake_set(&fakes[1], "macsec_policy", "0"); /* as a RETIRE leaves it */
	assert_ok(APPLIER_PREPARE, 2);
	assert_null(strstr(fakes[0].log, "SET_NETWORK"));
	assert_null(strstr(fakes[1].log, "SET_NETWORK"));
	assert_int_equal(activations, 0);
}

/* The whole way of a key, and of the next one back to the first side. */
static void test_rolls(void **state)
{
	struct applier_view view = read_back(1);

	(void)state;
	assert_shows(&view, 1, LIVE);
	for (uint8_t key = 2; key < 5; key++) {
		struct fake *to = &fakes[(key + 1) % 2], *from = &fakes[key % 2];

		assert_ok(APPLIER_PREPARE, key);
		assert_ok(APPLIER_COMMIT, key);
		assert_int_equal(active, to->secy.ifindex);
		assert_int_equal(activations, key - 1);
		assert_string_equal(fake_get(to, "macsec_policy"), "1");
		view = read_back(2);
		assert_shows(&view, key, LIVE);
		assert_shows(&view, (uint8_t)(key - 1), FORMER);

		assert_ok(APPLIER_RETIRE, key);
		assert_string_equal(from->held_ckn, "");
		assert_string_equal(fake_get(from, "macsec_policy"), "0");
		assert_int_equal(strlen(fake_get(from, "mka_cak")), 64);
		assert_string_not_equal(fake_get(from, "mka_cak"), CAK_1);
		view = read_back(1);
		assert_shows(&view, key, LIVE);
		from->secured = from->secy.works = false;
	}
}

/* Traffic goes there no sooner than the far end can be relied on to have its SAK. */
static void test_settles(void **state)
{
	uint64_t start_ms = deadline_now_ms();

	(void)state;
	assert_ok(APPLIER_COMMIT, 2);
	assert_true(deadline_now_ms() - start_ms >= SETTLE_MS);
	start_ms = deadline_now_ms();
	assert_ok(APPLIER_COMMIT, 2);
	assert_true(deadline_now_ms() - start_ms < SETTLE_MS);
	assert_int_equal(activations, 1);
	assert_int_equal(fakes[1].associations, 1);
}

/* Where none flows, at once. */
static void test_nothing_to_wait_for(void **state)
{
	uint64_t start_ms = deadline_now_ms();

	(void)state;
	fakes[0].secy.works = fakes[0].secured = false;
	fakes[0].held_ckn[0] = '\0';
	fakes[0].secy.empty = true;
	assert_ok(APPLIER_COMMIT, 2);
	assert_true(deadline_now_ms() - start_ms < SETTLE_MS);
	assert_int_equal(active, fakes[1].secy.ifindex);
}

/* The first key of all, with no device up: it goes to one, which the bond takes by itself. */
static void test_first_key(void **state)
{
	(void)state;
	fakes[0].secy.works = fakes[0].secured = false;
	fakes[0].held_ckn[0] = '\0';
	fakes[0].secy.empty = true;
	active = 0;
	assert_ok(APPLIER_COMMIT, 2);
	assert_int_equal(active, fakes[0].secy.ifindex);
	assert_int_equal(fakes[0].associations, 1);
	assert_int_equal(fakes[1].associations, 0);
}

/* The bond takes it for being down for a moment yet. */
static void test_activation_again(void **state)
{
	(void)state;
	refusals = 2;
	assert_ok(APPLIER_COMMIT, 2);
	assert_int_equal(activations, 3);
}

/* ---- the far end does not come along --------------------------------------------------------- */

static const char not_secured[] =
	"MKA has not secured the new key within 1000 ms, and the former one stays in use: the far "
	"end may not have it yet";

static void test_far_end_late(void **state)
{
	struct applier_view view;

	(void)state;
	follows = false;
	assert_fails(APPLIER_COMMIT, 2, APPLIER_ERROR_TIMEOUT, not_secured);
	assert_int_equal(activations, 0);
	view = read_back(2);
	assert_shows(&view, 1, LIVE);
	assert_shows(&view, 2, HELD);
	/* Asked again, by another keyidd even: MKA is not begun anew. */
	reopen();
	follows = true;
	assert_ok(APPLIER_COMMIT, 2);
	assert_int_equal(fakes[1].associations, 1);
	view = read_back(2);
	assert_shows(&view, 2, LIVE);
	assert_shows(&view, 1, FORMER);
}

/* What came of a COMMIT nobody knows any more: it is asked for again, and moves nothing. */
static void test_restarted_keyidd(void **state)
{
	struct applier_view view;

	(void)state;
	assert_ok(APPLIER_COMMIT, 2);
	reopen();
	view = read_back(2);
	assert_shows(&view, 2, LIVE);
	assert_shows(&view, 1, HELD);
	assert_ok(APPLIER_COMMIT, 2);
	assert_int_equal(activations, 1);
	assert_ok(APPLIER_RETIRE, 2);
	assert_string_equal(fakes[0].held_ckn, "");
	read_back(1);
}

/* A newer generation takes the place of what never came into use. */
static void test_other_key_there(void **state)
{
	(void)state;
	follows = false;
	assert_fails(APPLIER_COMMIT, 2, APPLIER_ERROR_TIMEOUT, not_secured);
	follows = true;
	assert_ok(APPLIER_COMMIT, 3);
	assert_int_equal(fakes[1].associations, 2);
	assert_int_equal(active, fakes[1].secy.ifindex);
}

/* ---- nothing that carries traffic is ended ----------------------------------------------------
 */

static void test_retire(void **state)
{
	(void)state;
	/* Neither the one that is not listed, but in use, nor the one that is listed. */
	assert_ok(APPLIER_RETIRE, 9);
	assert_string_equal(fakes[0].held_ckn, CKN_1);
	assert_ok(APPLIER_COMMIT, 2);
	assert_ok(APPLIER_RETIRE, 1);
	assert_string_equal(fakes[0].held_ckn, CKN_1);
	/* Nor any while nobody knows which it will be. */
	active = 0;
	assert_ok(APPLIER_RETIRE, 2);
	assert_string_equal(fakes[0].held_ckn, CKN_1);
}

static void test_fails_over_meanwhile(void **state)
{
	(void)state;
	assert_ok(APPLIER_COMMIT, 2);
	assert_int_equal(active, fakes[1].secy.ifindex);
	fails_over = fakes[0].secy.ifindex;
	assert_ok(APPLIER_RETIRE, 2);
	assert_string_equal(fakes[0].held_ckn, CKN_1);
}

static void test_discard(void **state)
{
	(void)state;
	follows = false;
	assert_fails(APPLIER_COMMIT, 2, APPLIER_ERROR_TIMEOUT, not_secured);
	assert_ok(APPLIER_DISCARD, 1);
	assert_ok(APPLIER_DISCARD, 3);
	assert_string_equal(fakes[0].held_ckn, CKN_1);
	assert_true(fakes[1].held_ckn[0]);
	assert_ok(APPLIER_DISCARD, 2);
	assert_string_equal(fakes[1].held_ckn, "");
	read_back(1);
}

static void test_former_dies(void **state)
{
	struct applier_view view;

	(void)state;
	assert_ok(APPLIER_COMMIT, 2);
	follows = false;
	fakes[0].secured = false;
	view = read_back(2);
	assert_shows(&view, 1, DEAD_FORMER);
	fakes[1].secured = false;
	view = read_back(2);
	assert_shows(&view, 2, IN_USE);
}

/* Of two sides with one key, the one that carries traffic counts. */
static void test_same_key(void **state)
{
	struct applier_view view;

	(void)state;
	snprintf(fakes[1].held_ckn, sizeof(fakes[1].held_ckn), CKN_1);
	fakes[1].secured = true;
	active = fakes[1].secy.ifindex;
	view = read_back(1);
	assert_shows(&view, 1, LIVE);
	assert_ok(APPLIER_COMMIT, 1);
	assert_int_equal(activations, 0);
}

/* ---- what goes wrong --------------------------------------------------------------------------
 */

static void assert_open_fails(const char *second, const char *bond, const char *text)
{
	struct applier_wpa_config wrong = config;
	char error[APPLIER_ERROR_TEXT_MAX] = "";

	wrong.second_control_socket = second;
	wrong.bond = bond;
	assert_null(wpa_open(set, &wrong, &kernel, error));
	assert_string_equal(error, text);
}

static void test_open(void **state)
{
	(void)state;
	assert_open_fails(paths[0], "bond0", "a pair needs two control sockets, and a bond");
	assert_open_fails(paths[1], NULL, "a pair needs two control sockets, and a bond");
	assert_open_fails("eth1", "bond0", "not an absolute path of at most 107 octets");
}

static void test_refused(void **state)
{
	char text[APPLIER_ERROR_TEXT_MAX];
	uint32_t ifindex = fakes[1].secy.ifindex;

	(void)state;
	no_bond = true;
	assert_fails(APPLIER_PREPARE, 2, APPLIER_ERROR_NOT_CONFIGURED, "bond0 is not there");
	no_bond = false;
	fakes[1].secy.ifindex = fakes[0].secy.ifindex;
	assert_fails(APPLIER_PREPARE, 2, APPLIER_ERROR_NOT_CONFIGURED,
		"both have macsec1: give one of them macsec_port=2, and that a device of its own");
	fakes[1].secy.ifindex = 0;
	snprintf(text, sizeof(text), "%s: the macsec device that it is to adopt is not there",
		paths[1]);
	assert_fails(APPLIER_READ_BACK, 0, APPLIER_ERROR_NOT_CONFIGURED, text);
	fakes[1].secy.ifindex = ifindex;
	fake_set(&fakes[0], "macsec_integ_only", "1");
	snprintf(text, sizeof(text), "%s: network block 0 has macsec_integ_only=1, and needs 0",
		paths[0]);
	assert_fails(APPLIER_PREPARE, 2, APPLIER_ERROR_NOT_CONFIGURED, text);
	assert_fails(APPLIER_COMMIT, 2, APPLIER_ERROR_NOT_CONFIGURED, text);
	assert_int_equal(fakes[1].associations, 0);
}

static void test_not_permitted(void **state)
{
	(void)state;
	refused_for_good = true;
	assert_fails(APPLIER_COMMIT, 2, APPLIER_ERROR_LOGIN, "not without CAP_NET_ADMIN");
	assert_int_equal(activations, 1);
	assert_int_equal(active, fakes[0].secy.ifindex);
}

/* One of the two gone: nothing is done with the other. */
static void test_one_gone(void **state)
{
	char text[APPLIER_ERROR_TEXT_MAX];

	(void)state;
	unlink(paths[1]);
	snprintf(text, sizeof(text),
		"%s is not there: start wpa_supplicant on that interface, with ctrl_interface= "
		"that folder",
		paths[1]);
	assert_fails(APPLIER_COMMIT, 2, APPLIER_ERROR_UNREACHABLE, text);
	assert_fails(APPLIER_READ_BACK, 0, APPLIER_ERROR_UNREACHABLE, text);
	assert_int_equal(fakes[0].associations, 0);
}

/* Restarted while its key is waited for: nothing is moved there. */
static void test_idle_restarts(void **state)
{
	char text[APPLIER_ERROR_TEXT_MAX];

	(void)state;
	fakes[1].at = "REASSOCIATE";
	fakes[1].fault = FAULT_RESTART;
	snprintf(text, sizeof(text), "%s: wpa_supplicant has ended before it answered STATUS",
		paths[1]);
	assert_fails(APPLIER_COMMIT, 2, APPLIER_ERROR_CONNECTION_LOST, text);
	assert_int_equal(activations, 0);
}

static void test_interrupted(void **state)
{
	struct applier_job job = make_job(APPLIER_COMMIT);
	struct answer answer = { 0 };
	uint64_t start_ms;

	(void)state;
	follows = false;
	config.timeout_ms = PATIENCE_MS;
	reopen();
	memset(job.keys[0].ckn, 2, sizeof(job.keys[0].ckn));
	assert_int_equal(applier_submit(applier, &job, note, &answer), 0);
	while (!strstr(fakes[1].log, "REASSOCIATE\nSTATUS\n")) {
		usleep(1000);
	}
	start_ms = deadline_now_ms();
	config.timeout_ms = 1000;
	reopen();
	assert_true(deadline_now_ms() - start_ms < PATIENCE_MS / 2);
	assert_false(answer.there);
}

/* ---- all of them ------------------------------------------------------------------------------
 */

static int make_folders(void **state)
{
	(void)state;
	set = applier_set_new();
	if (!mkdtemp(folder)) {
		return -1;
	}
	for (int i = 0; i < 2; i++) {
		snprintf(paths[i], sizeof(paths[i]), "%s/%d", folder, i);
		mkdir(paths[i], 0700);
		snprintf(paths[i], sizeof(paths[i]), "%s/%d/eth1", folder, i);
	}
	return set ? 0 : -1;
}

static int remove_folders(void **state)
{
	(void)state;
	applier_set_free(set);
	for (int i = 0; i < 2; i++) {
		*strrchr(paths[i], '/') = '\0';
		rmdir(paths[i]);
	}
	return rmdir(folder);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_prepare),
		TEST(test_rolls),
		TEST(test_settles),
		TEST(test_nothing_to_wait_for),
		TEST(test_first_key),
		TEST(test_activation_again),
		TEST(test_far_end_late),
		TEST(test_restarted_keyidd),
		TEST(test_other_key_there),
		TEST(test_retire),
		TEST(test_fails_over_meanwhile),
		TEST(test_discard),
		TEST(test_former_dies),
		TEST(test_same_key),
		TEST(test_open),
		TEST(test_refused),
		TEST(test_not_permitted),
		TEST(test_one_gone),
		TEST(test_idle_restarts),
		TEST(test_interrupted),
	};

	return cmocka_run_group_tests(tests, make_folders, remove_folders);
}
