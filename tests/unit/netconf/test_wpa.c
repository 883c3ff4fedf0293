/* One wpa_supplicant: what it is asked and given, and all that it can do wrong. */
#include "test_wpa_fixture.h"

static char folder[] = "/tmp/test-wpa-XXXXXX";
static char path[64];
static struct fake fake;
static struct applier_set *set;
static struct applier *applier;

/* As the kernel knows it by then: the device of port 1 of 02:00:00:00:00:0a, on eth1. */
static int find_secy(const char *parent, const struct macsec_sci *sci, struct wpa_secy *secy,
	struct problem *problem)
{
	static const uint8_t ours[] = { 2, 0, 0, 0, 0, 10, 0, 1 };

	(void)problem;
	memset(secy, 0, sizeof(*secy));
	if (strcmp(parent, "eth1") == 0 && memcmp(sci->octets, ours, sizeof(ours)) == 0) {
		*secy = fake.secy;
	}
	return 0;
}

static int find_nothing(const char *parent, const struct macsec_sci *sci, struct wpa_secy *secy,
	struct problem *problem)
{
	(void)parent;
	(void)sci;
	(void)secy;
	return problem_set(problem, APPLIER_ERROR_INTERNAL, "cannot read");
}

static const struct wpa_kernel kernel = { .find_secy = find_secy };
static const struct wpa_kernel broken_kernel = { .find_secy = find_nothing };

static struct applier_wpa_config config = {
	.control_socket = path,
	.cipher_suite = "gcm-aes-128",
	.timeout_ms = TIMEOUT_MS,
};

static int setup(void **state)
{
	(void)state;
	fake_init(&fake, path, 1);
	config.network = 0;
	config.cipher_suite = "gcm-aes-128";
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_fini(&fake);
	return 0;
}

static void open_on(const struct wpa_kernel *on)
{
	char error[APPLIER_ERROR_TEXT_MAX] = "";

	applier = wpa_open(set, &config, on, error);
	if (!applier) {
		fail_msg("%s", error);
	}
	fake_start(&fake);
}

static void close_both(void)
{
	applier_close(applier);
	fake_stop(&fake);
}

static struct applier_result run(enum applier_op op)
{
	const struct applier_job job = make_job(op);

	return run_job(set, applier, &job);
}

/* Opened for one job. */
static struct applier_result call(enum applier_op op)
{
	struct applier_result result;

	open_on(&kernel);
	result = run(op);
	close_both();
	return result;
}

static void assert_result(
	const struct applier_result *result, enum applier_error error, const char *text)
{
	char with_path[APPLIER_ERROR_TEXT_MAX];

	snprintf(with_path, sizeof(with_path), text, path);
	assert_string_equal(result->text, with_path);
	assert_int_equal(result->error, error);
	assert_int_equal(result->view.key_count, 0);
}

static void assert_call(enum applier_op op, enum applier_error error, const char *text)
{
	struct applier_result result = call(op);

	assert_result(&result, error, text);
}

/* ---- what goes well -------------------------------------------------------------------------- */

static void test_prepare(void **state)
{
	(void)state;
	assert_call(APPLIER_PREPARE, APPLIER_OK, "");
	assert_int_equal(fake.associations, 0);
	assert_null(strstr(fake.log, "SET_NETWORK"));
	assert_null(strstr(fake.log, "a1a2"));
}

static void test_commit(void **state)
{
	struct applier_result result;
	const char *cak, *ckn, *begin;

	(void)state;
	open_on(&kernel);
	result = run(APPLIER_COMMIT);
	assert_result(&result, APPLIER_OK, "");
	assert_string_equal(fake_get(&fake, "mka_cak"), CAK_1);
	assert_string_equal(fake_get(&fake, "mka_ckn"), CKN_1);
	/* In this order: a name without its key must not come into use. */
	cak = strstr(fake.log, "SET_NETWORK 0 mka_cak " CAK_1 "\n");
	ckn = strstr(fake.log, "SET_NETWORK 0 mka_ckn " CKN_1 "\n");
	begin = strstr(fake.log, "REASSOCIATE\n");
	assert_non_null(cak);
	assert_true(cak < ckn && ckn < begin);
	/* The same once more leaves MKA alone. */
	result = run(APPLIER_COMMIT);
	assert_result(&result, APPLIER_OK, "");
	assert_int_equal(fake.associations, 1);
	close_both();
}

static void assert_seen(bool transmitting)
{
	struct applier_result result = run(APPLIER_READ_BACK);
	const struct applier_seen_key *key = &result.view.keys[0];

	assert_int_equal(result.error, APPLIER_OK);
	assert_int_equal(result.view.key_count, 1);
	assert_int_equal(key->ckn_len, APPLIER_CKN_MAX);
	assert_int_equal(key->ckn[31], 1);
	assert_true(key->configured && key->usable && !key->future);
	assert_int_equal(key->transmitting, transmitting);
}

/* It counts once MKA says so, and the kernel. */
static void test_read_back(void **state)
{
	struct applier_result result;

	(void)state;
	open_on(&kernel);
	result = run(APPLIER_READ_BACK);
	assert_result(&result, APPLIER_OK, "");
	run(APPLIER_COMMIT);
	assert_seen(false);
	fake.secured = true;
	assert_seen(false);
	fake.secy.works = true;
	assert_seen(true);
	fake.secured = false;
	assert_seen(false);
	close_both();
}

static void test_nothing_to_do(void **state)
{
	(void)state;
	assert_call(APPLIER_RETIRE, APPLIER_OK, "");
	assert_call(APPLIER_DISCARD, APPLIER_OK, "");
	assert_string_equal(fake.log, "");
}

/* Where somebody has attached with our address, they come in between. */
static void test_events(void **state)
{
	(void)state;
	fake.at = "";
	fake.fault = FAULT_EVENTS;
	assert_call(APPLIER_COMMIT, APPLIER_OK, "");
	assert_string_equal(fake.held_ckn, CKN_1);
}

/* From 2.11 on. */
static void test_256(void **state)
{
	struct applier_job job = make_job(APPLIER_COMMIT);
	struct applier_result result;

	(void)state;
	config.cipher_suite = "gcm-aes-256";
	fake.secy.suite = MACSEC_SUITE_GCM_AES_256;
	fake_set(&fake, "macsec_csindex", "1");
	job.keys[0].cak.len = 32;
	open_on(&kernel);
	result = run_job(set, applier, &job);
	assert_result(&result, APPLIER_OK, "");
	assert_int_equal(strlen(fake_get(&fake, "mka_cak")), 64);
	close_both();
}

/* ---- what is refused beforehand -------------------------------------------------------------- */

static void assert_open_fails(const char *socket, const char *suite, const char *text)
{
	struct applier_wpa_config wrong = { .control_socket = socket, .cipher_suite = suite };
	char error[APPLIER_ERROR_TEXT_MAX] = "";

	assert_null(wpa_open(set, &wrong, &kernel, error));
	assert_string_equal(error, text);
}

static void test_open(void **state)
{
	char long_path[200];

	(void)state;
	assert_open_fails(path, "gcm-aes-xpn-256",
		"gcm-aes-xpn-256: wpa_supplicant has no suites with extended packet numbers; write "
		"gcm-aes-128, or from wpa_supplicant 2.11 on gcm-aes-256, at both ends");
	assert_open_fails(path, "rot13", "rot13: no cipher suite");
	assert_open_fails("eth1", "gcm-aes-128", "not an absolute path of at most 107 octets");
	assert_open_fails(NULL, "gcm-aes-128", "not an absolute path of at most 107 octets");
	memset(long_path, '/', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
	assert_open_fails(long_path, "gcm-aes-128", "not an absolute path of at most 107 octets");
	assert_open_fails("/run/wpa_supplicant/", "gcm-aes-128",
		"/run/wpa_supplicant/: does not end in the name of an interface, as "
		"wpa_supplicant's sockets do");
	assert_open_fails("/run/a-name-of-16-oct", "gcm-aes-128",
		"/run/a-name-of-16-oct: does not end in the name of an interface, as "
		"wpa_supplicant's sockets do");
}

static void assert_key_refused(const struct applier_job *job, const char *text)
{
	struct applier_result result = run_job(set, applier, job);

	assert_result(&result, APPLIER_ERROR_UNSUITABLE_KEY, text);
}

static void test_keys(void **state)
{
	struct applier_job job = make_job(APPLIER_PREPARE);

	(void)state;
	open_on(&kernel);
	job.keys[0].cak.len = 32;
	assert_key_refused(&job, "the CAK has 32 octets, gcm-aes-128 needs 16");
	job.op = APPLIER_COMMIT;
	assert_key_refused(&job, "the CAK has 32 octets, gcm-aes-128 needs 16");
	job = make_job(APPLIER_PREPARE);
	job.keys[0].ckn_len = 0;
	assert_key_refused(&job, "the CKN is empty: wpa_supplicant takes 1 to 32 octets");
	job = make_job(APPLIER_PREPARE);
	job.keys[0].start = 1764000000;
	assert_key_refused(&job, "wpa_supplicant takes one key at a time, without a start");
	job = make_job(APPLIER_PREPARE);
	job.key_count = 2;
	assert_key_refused(&job, "wpa_supplicant takes one key at a time, without a start");
	close_both();
	assert_string_equal(fake.log, "");
}

static void test_no_block(void **state)
{
	(void)state;
	config.network = 3;
	assert_call(APPLIER_PREPARE, APPLIER_ERROR_NOT_CONFIGURED,
		"%s: there is no network block 3: write one with key_mgmt=NONE and "
		"macsec_policy=1, or configure another network");
}

static void test_block(void **state)
{
	static const struct {
		const char *name, *value, *needed;
	} cases[] = {
		{ "key_mgmt", "IEEE8021X", "NONE" },
		{ "disabled", "1", "0" },
		{ "macsec_policy", "0", "1" },
		{ "macsec_integ_only", "1", "0" },
	};
	char text[APPLIER_ERROR_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake_set(&fake, cases[i].name, cases[i].value);
		snprintf(text, sizeof(text), "%%s: network block 0 has %s=%s, and needs %s",
			cases[i].name, cases[i].value, cases[i].needed);
		assert_call(APPLIER_PREPARE, APPLIER_ERROR_NOT_CONFIGURED, text);
		assert_call(APPLIER_COMMIT, APPLIER_ERROR_NOT_CONFIGURED, text);
		fake_set(&fake, cases[i].name, cases[i].needed);
	}
	assert_int_equal(fake.associations, 0);
}

static void test_built_without_macsec(void **state)
{
	(void)state;
	fake.at = "GET_NETWORK 0 macsec_";
	fake.fault = FAULT_REPLY;
	fake.reply = "FAIL\n";
	fake.reply_len = 5;
	assert_call(APPLIER_PREPARE, APPLIER_ERROR_NOT_CONFIGURED,
		"%s: this wpa_supplicant knows no macsec_policy: it needs one with MACsec");
}

/* A key without a key agreement entity has another one's in the way. */
static void test_other_block_in_use(void **state)
{
	(void)state;
	fake.at = "STATUS";
	fake.fault = FAULT_REPLY;
	fake.reply = "id=2\n";
	fake.reply_len = 5;
	assert_call(APPLIER_READ_BACK, APPLIER_ERROR_NOT_CONFIGURED,
		"%s: it uses network block 2, not 0: disable that, or configure it");
}

static void test_suites(void **state)
{
	struct applier_job job = make_job(APPLIER_PREPARE);
	struct applier_result result;

	(void)state;
	fake_set(&fake, "macsec_csindex", "1");
	assert_call(APPLIER_PREPARE, APPLIER_ERROR_NOT_CONFIGURED,
		"%s: network block 0 has macsec_csindex=1, and cipher-suite: gcm-aes-128 needs 0");
	memset(fake.values, 0, sizeof(fake.values));
	fake_fini(&fake);
	setup(NULL);
	config.cipher_suite = "gcm-aes-256";
	job.keys[0].cak.len = 32;
	open_on(&kernel);
	result = run_job(set, applier, &job);
	close_both();
	assert_result(&result, APPLIER_ERROR_NOT_CONFIGURED,
		"%s: wpa_supplicant 2.10 has no gcm-aes-256, which came with 2.11: write "
		"cipher-suite: gcm-aes-128 at both ends, or take a newer one");
}

static void test_devices(void **state)
{
	(void)state;
	fake.secy.suite = MACSEC_SUITE_GCM_AES_XPN_256;
	assert_call(APPLIER_PREPARE, APPLIER_ERROR_NOT_CONFIGURED,
		"macsec1 is a macsec device for gcm-aes-xpn-256, not gcm-aes-128: delete it, and "
		"make one with cipher gcm-aes-128");
	fake.secy.ifindex = 0;
	assert_call(APPLIER_PREPARE, APPLIER_ERROR_NOT_CONFIGURED,
		"eth1 has no macsec device with SCI 02000000000a0001: make it (ip link add link "
		"eth1 NAME type macsec sci 02000000000a0001 encrypt on), then start "
		"wpa_supplicant");
	assert_call(APPLIER_COMMIT, APPLIER_ERROR_NOT_CONFIGURED,
		"eth1 has no macsec device with SCI 02000000000a0001: make it (ip link add link "
		"eth1 NAME type macsec sci 02000000000a0001 encrypt on), then start "
		"wpa_supplicant");
	assert_int_equal(fake.associations, 0);
	open_on(&broken_kernel);
	assert_int_equal(run(APPLIER_PREPARE).error, APPLIER_ERROR_INTERNAL);
	close_both();
}

/* A device with SAs is fine while there is a peer, and otherwise it is not. */
static void test_left_over(void **state)
{
	struct applier_job job = make_job(APPLIER_PREPARE);
	struct applier_result result;

	(void)state;
	open_on(&kernel);
	run(APPLIER_COMMIT);
	fake.secy.empty = false;
	fake.secured = true;
	memset(job.keys[0].ckn, 2, sizeof(job.keys[0].ckn));
	result = run_job(set, applier, &job);
	assert_result(&result, APPLIER_OK, "");
	fake.secured = false;
	result = run_job(set, applier, &job);
	close_both();
	assert_result(&result, APPLIER_ERROR_NOT_CONFIGURED,
		"macsec1 has SAs of a wpa_supplicant that was killed, and no other can do with "
		"that: stop it, delete the device, make it again, start wpa_supplicant");
}

/* ---- what goes wrong ------------------------------------------------------------------------- */

static void test_not_there(void **state)
{
	(void)state;
	unlink(path);
	assert_call(APPLIER_READ_BACK, APPLIER_ERROR_UNREACHABLE,
		"%s is not there: start wpa_supplicant on that interface, with ctrl_interface= "
		"that folder");
	fake_fini(&fake);
	setup(NULL);
	close(fake.fd);
	fake.fd = -1;
	assert_call(APPLIER_READ_BACK, APPLIER_ERROR_UNREACHABLE,
		"%s: wpa_supplicant has ended: start it");
}

static void test_other_socket(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	unlink(path);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_call(APPLIER_PREPARE, APPLIER_ERROR_NOT_CONFIGURED,
		"%s: not wpa_supplicant's control socket");
	close(fd);
}

/* Whoever else could put a socket there would be given the keys. */
static void test_folders(void **state)
{
	static const struct {
		mode_t mode;
		uid_t uid;
		gid_t gid;
		enum applier_error error;
	} cases[] = {
		{ 0770, 0, 0, APPLIER_OK },     /* wpa_supplicant's without a group */
		{ 0750, 0, 65534, APPLIER_OK }, /* and with one */
		{ 01777, 0, 0, APPLIER_OK },
		{ 0777, 0, 0, APPLIER_ERROR_NOT_CONFIGURED },
		{ 0770, 0, 65534, APPLIER_ERROR_NOT_CONFIGURED },
		{ 0700, 65534, 0, APPLIER_ERROR_NOT_CONFIGURED },
	};

	(void)state;
	if (geteuid() != 0) {
		skip();
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct applier_result result;

		assert_int_equal(chown(folder, cases[i].uid, cases[i].gid), 0);
		assert_int_equal(chmod(folder, cases[i].mode), 0);
		result = call(APPLIER_PREPARE);
		assert_int_equal(result.error, cases[i].error);
		assert_true(!result.error || strstr(result.text, "would be given the keys"));
	}
	assert_int_equal(chown(folder, 0, 0), 0);
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(chown(path, 65534, 0), 0);
	assert_int_equal(call(APPLIER_COMMIT).error, APPLIER_ERROR_NOT_CONFIGURED);
	assert_null(strstr(fake.log, "a1a2"));
}

static void test_not_permitted(void **state)
{
	(void)state;
	if (geteuid() == 0 && setegid(65534) == 0 && seteuid(65534) == 0) {
		assert_call(APPLIER_PREPARE, APPLIER_ERROR_LOGIN,
			"%s: may not be used: run keyidd in the group of its ctrl_interface");
		assert_int_equal(seteuid(0), 0);
		assert_int_equal(setegid(0), 0);
	} else {
		skip();
	}
}

static void test_bad_replies(void **state)
{
	static char too_long[WPA_REPLY_MAX + 1];
	static const struct {
		const char *at, *reply;
		size_t len;
		enum applier_op op;
		enum applier_error error;
		const char *text;
	} cases[] = {
		{ "PING", "PANG\n", 5, APPLIER_PREPARE, APPLIER_ERROR_PROTOCOL,
			"%s: its answer to PING is not PONG" },
		{ "PING", "", 0, APPLIER_PREPARE, APPLIER_ERROR_PROTOCOL,
			"%s: an answer to PING that is no text" },
		{ "PING", "PONG\n\0", 6, APPLIER_PREPARE, APPLIER_ERROR_PROTOCOL,
			"%s: an answer to PING that is no text" },
		{ "STATUS", too_long, sizeof(too_long), APPLIER_READ_BACK, APPLIER_ERROR_PROTOCOL,
			"%s: 4097 octets in answer to STATUS, more than 4096" },
		{ "STATUS", too_long, sizeof(too_long) - 1, APPLIER_READ_BACK,
			APPLIER_ERROR_PROTOCOL, "%s: its status is cut off" },
		{ "STATUS", "id=0\nwpa_sta", 12, APPLIER_READ_BACK, APPLIER_ERROR_PROTOCOL,
			"%s: its status is cut off" },
		{ "STATUS", "UNKNOWN COMMAND\n", 16, APPLIER_PREPARE, APPLIER_ERROR_PROTOCOL,
			"%s: it tells neither its address nor its macsec_port" },
		{ "GET_NETWORK 0 key_mgmt", too_long, 64, APPLIER_PREPARE, APPLIER_ERROR_PROTOCOL,
			"%s: an answer to GET_NETWORK 0 key_mgmt of 64 octets" },
		{ "GET_NETWORK 0 key_mgmt", "a\nb", 3, APPLIER_PREPARE,
			APPLIER_ERROR_NOT_CONFIGURED,
			"%s: network block 0 has key_mgmt=a b, and needs NONE" },
		{ "GET_NETWORK 0 macsec_port", "65536", 5, APPLIER_PREPARE, APPLIER_ERROR_PROTOCOL,
			"%s: it tells neither its address nor its macsec_port" },
		{ "SET_NETWORK 0 mka_cak", "FAIL\n", 5, APPLIER_COMMIT, APPLIER_ERROR_REFUSED,
			"%s: wpa_supplicant answers SET_NETWORK 0 mka_cak by FAIL" },
		{ "SET_NETWORK 0 mka_ckn", "FAIL-BUSY\n", 10, APPLIER_COMMIT, APPLIER_ERROR_REFUSED,
			"%s: wpa_supplicant answers SET_NETWORK 0 mka_ckn by FAIL-BUSY" },
		{ "REASSOCIATE", "OK", 2, APPLIER_COMMIT, APPLIER_ERROR_REFUSED,
			"%s: wpa_supplicant answers REASSOCIATE by OK" },
	};

	(void)state;
	memset(too_long, 'x', sizeof(too_long));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake.at = cases[i].at;
		fake.fault = FAULT_REPLY;
		fake.reply = cases[i].reply;
		fake.reply_len = cases[i].len;
		assert_call(cases[i].op, cases[i].error, cases[i].text);
	}
}

/* At each request: the job ends in time, and says which it was. */
static void test_hung(void **state)
{
	static const char *const requests[] = { "PING", "STATUS", "GET_NETWORK 0 key_mgmt",
		"GET_NETWORK 0 macsec_csindex", "SET_NETWORK 0 mka_cak", "SET_NETWORK 0 mka_ckn",
		"REASSOCIATE" };
	char text[APPLIER_ERROR_TEXT_MAX];
	uint64_t start_ms;

	(void)state;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		fake.at = requests[i];
		fake.fault = FAULT_HANG;
		snprintf(text, sizeof(text), "%%s: no answer to %s within %d ms", requests[i],
			TIMEOUT_MS);
		start_ms = deadline_now_ms();
		assert_call(APPLIER_COMMIT, APPLIER_ERROR_TIMEOUT, text);
		assert_in_range(deadline_now_ms() - start_ms, TIMEOUT_MS, TIMEOUT_MS + 5000);
	}
	assert_int_equal(fake.associations, 0);
}

/* Others have asked it more than it reads. */
static void test_queue_full(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct applier_result result;
	char error[APPLIER_ERROR_TEXT_MAX];

	(void)state;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	while (sendto(fd, "PING", 4, 0, (struct sockaddr *)&address, sizeof(address)) == 4) {
	}
	assert_int_equal(errno, EAGAIN);
	applier = wpa_open(set, &config, &kernel, error);
	result = run(APPLIER_READ_BACK);
	applier_close(applier);
	assert_result(&result, APPLIER_ERROR_TIMEOUT, "%s: no answer to PING within 300 ms");
	close(fd);
}

static void test_ended(void **state)
{
	(void)state;
	fake.at = "GET_NETWORK 0 disabled";
	fake.fault = FAULT_END;
	assert_call(APPLIER_COMMIT, APPLIER_ERROR_TIMEOUT,
		"%s: no answer to GET_NETWORK 0 disabled within 300 ms");
}

/* What was told to the one before counts no more. */
static void test_restarted(void **state)
{
	(void)state;
	fake.at = "SET_NETWORK 0 mka_cak";
	fake.fault = FAULT_RESTART;
	assert_call(APPLIER_COMMIT, APPLIER_ERROR_CONNECTION_LOST,
		"%s: wpa_supplicant has ended before it answered SET_NETWORK 0 mka_ckn");
	assert_int_equal(fake.associations, 0);
	assert_call(APPLIER_COMMIT, APPLIER_OK, "");
	assert_int_equal(fake.associations, 1);
}

static void test_not_taken_up(void **state)
{
	(void)state;
	fake.ignores = true;
	assert_call(APPLIER_COMMIT, APPLIER_ERROR_COMMIT_FAILED,
		"%s: wpa_supplicant has not taken up the key within 300 ms: its log may say why");
}

/* It had made the device itself, and does so again. */
static void test_made_anew(void **state)
{
	(void)state;
	fake.remakes = true;
	assert_call(APPLIER_COMMIT, APPLIER_OK,
		"wpa_supplicant has made macsec1 anew, and its addresses are lost: make the macsec "
		"device before wpa_supplicant starts");
}

static void test_interrupted(void **state)
{
	struct applier_job job = make_job(APPLIER_READ_BACK);
	struct answer answer = { 0 };
	uint64_t start_ms;

	(void)state;
	fake.at = "STATUS";
	fake.fault = FAULT_HANG;
	config.timeout_ms = PATIENCE_MS;
	open_on(&kernel);
	assert_int_equal(applier_submit(applier, &job, note, &answer), 0);
	while (!strstr(fake.log, "STATUS\n")) {
		usleep(1000);
	}
	start_ms = deadline_now_ms();
	close_both();
	config.timeout_ms = TIMEOUT_MS;
	assert_true(deadline_now_ms() - start_ms < PATIENCE_MS / 2);
	assert_false(answer.there);
}

/* ---- all of them ----------------------------------------------------------------------------- */

static int make_folder(void **state)
{
	(void)state;
	set = applier_set_new();
	if (!mkdtemp(folder) || chmod(folder, 0755) < 0) {
		return -1;
	}
	snprintf(path, sizeof(path), "%s/eth1", folder);
	return set ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	applier_set_free(set);
	return rmdir(folder);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_prepare),
		TEST(test_commit),
		TEST(test_read_back),
		TEST(test_nothing_to_do),
		TEST(test_events),
		TEST(test_256),
		TEST(test_open),
		TEST(test_keys),
		TEST(test_no_block),
		TEST(test_block),
		TEST(test_built_without_macsec),
		TEST(test_other_block_in_use),
		TEST(test_suites),
		TEST(test_devices),
		TEST(test_left_over),
		TEST(test_not_there),
		TEST(test_other_socket),
		TEST(test_folders),
		TEST(test_not_permitted),
		TEST(test_bad_replies),
		TEST(test_hung),
		TEST(test_queue_full),
		TEST(test_ended),
		TEST(test_restarted),
		TEST(test_not_taken_up),
		TEST(test_made_anew),
		TEST(test_interrupted),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
