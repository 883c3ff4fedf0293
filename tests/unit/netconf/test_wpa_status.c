/* What wpa_supplicant answers to STATUS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/hex.h"
#include "netconf/wpa_status.h"

/* As 2.10 gave it, alive. */
static const char full[] = "bssid=01:80:c2:00:00:03\nfreq=0\nssid=\nid=0\nmode=station\n"
			   "pairwise_cipher=NONE\ngroup_cipher=NONE\nkey_mgmt=NONE\n"
			   "wpa_state=COMPLETED\nip_address=10.0.0.1\naddress=02:00:00:00:00:0a\n"
			   "PAE KaY status=Active\nAuthenticated=No\nSecured=Yes\nFailed=No\n"
			   "Actor Priority=255\nKey Server Priority=255\nIs Key Server=Yes\n"
			   "Number of Keys Distributed=1\nNumber of Keys Received=0\n"
			   "MKA Hello Time=2000\nactor_sci=02:00:00:00:00:0a@1\n"
			   "key_server_sci=02:00:00:00:00:0a@1\nparticipant_idx=0\n"
			   "ckn=0102ff\nmi=d4bb8356d128c2d0c83eb14e\nmn=12\nactive=yes\n"
			   "participant=no\nretain=no\nlive_peers=1\npotential_peers=0\n"
			   "is_key_server=yes\nis_elected=yes\n"
			   "uuid=12345678-9abc-def0-1234-56789abcdef0\n";

static void assert_wrong(const char *text, const char *why)
{
	struct wpa_status status;
	struct problem problem = { 0 };

	assert_int_equal(wpa_status_read(text, &status, &problem), -1);
	assert_int_equal(problem.error, APPLIER_ERROR_PROTOCOL);
	assert_string_equal(problem.text, why);
}

static struct wpa_status read_status(const char *text)
{
	struct wpa_status status;
	struct problem problem;

	if (wpa_status_read(text, &status, &problem) < 0) {
		fail_msg("%s", problem.text);
	}
	return status;
}

static void test_full(void **state)
{
	static const uint8_t sci[] = { 2, 0, 0, 0, 0, 10, 0, 1 };
	struct wpa_status status = read_status(full);

	(void)state;
	assert_int_equal(status.network, 0);
	assert_true(status.has_address);
	assert_memory_equal(status.address, sci, 6);
	assert_true(status.has_kay);
	assert_true(status.secured);
	assert_memory_equal(status.sci.octets, sci, sizeof(sci));
	assert_true(status.participates);
	assert_int_equal(status.ckn_len, 3);
	assert_memory_equal(status.ckn, "\x01\x02\xff", 3);
	assert_int_equal(status.live_peers, 1);
}

static void test_less(void **state)
{
	struct wpa_status status = read_status("wpa_state=DISCONNECTED\n\nno equals sign\n=\n=1\n");

	(void)state;
	assert_int_equal(status.network, -1);
	assert_false(status.has_address);
	assert_false(status.has_kay);
	assert_false(status.participates);
	status = read_status(
		"PAE KaY status=Not-Active\nSecured=No\nactor_sci=02:00:00:00:00:0a@65535\n");
	assert_true(status.has_kay);
	assert_false(status.secured);
	assert_false(status.participates);
	assert_int_equal(status.sci.octets[6], 0xff);
	assert_int_equal(read_status("").network, -1);
}

/* Wherever it is cut off, that shows: or else nothing that counts has gone. */
static void test_cut_off(void **state)
{
	struct wpa_status whole = read_status(full), status;
	struct problem problem;
	char text[sizeof(full)];

	(void)state;
	for (size_t len = 0; len < sizeof(full) - 1; len++) {
		memcpy(text, full, len);
		text[len] = '\0';
		if (wpa_status_read(text, &status, &problem) == 0 && status.participates) {
			assert_int_equal(status.ckn_len, whole.ckn_len);
			assert_int_equal(status.live_peers, whole.live_peers);
		}
		if (len > 0 && text[len - 1] != '\n') {
			assert_wrong(text, "its status is cut off");
		}
	}
}

#define KAY "PAE KaY status=Active\nSecured=Yes\nactor_sci=02:00:00:00:00:0a@1\n"
#define PARTICIPANT "participant_idx=0\nckn=01\nlive_peers=1\n"

static void test_missing(void **state)
{
	(void)state;
	assert_wrong("Secured=Yes\nactor_sci=02:00:00:00:00:0a@1\n",
		"its status lacks \"PAE KaY status\"");
	assert_wrong("PAE KaY status=Active\nactor_sci=02:00:00:00:00:0a@1\n",
		"its status lacks \"Secured\"");
	assert_wrong("PAE KaY status=Active\nSecured=No\n", "its status lacks \"actor_sci\"");
	assert_wrong(KAY "participant_idx=0\nlive_peers=1\n", "its status lacks \"ckn\"");
	assert_wrong(KAY "participant_idx=0\nckn=01\n", "its status lacks \"live_peers\"");
	assert_wrong(KAY "ckn=01\nlive_peers=0\n", "its status lacks \"participant_idx\"");
	assert_wrong(PARTICIPANT, "its status has a participant without \"PAE KaY status\"");
}

static void test_twice(void **state)
{
	(void)state;
	assert_wrong("id=0\nid=0\n", "its status has \"id\" twice");
	assert_wrong(KAY "Secured=Yes\n", "its status has \"Secured\" twice");
	assert_wrong(KAY PARTICIPANT "participant_idx=1\nckn=02\nlive_peers=1\n",
		"it has more than one MKA participant: configure one CAK only");
}

static void test_values(void **state)
{
	static const struct {
		const char *line, *name;
	} cases[] = {
		{ "id=\n", "id" },
		{ "id=-1\n", "id" },
		{ "id=1 \n", "id" },
		{ "id=1000000000\n", "id" },
		{ "address=\n", "address" },
		{ "address=02:00:00:00:00:0\n", "address" },
		{ "address=02:00:00:00:00:0a:\n", "address" },
		{ "address=02-00-00-00-00-0a\n", "address" },
		{ "PAE KaY status=active\n", "PAE KaY status" },
		{ "Secured=yes\n", "Secured" },
		{ "actor_sci=02:00:00:00:00:0a\n", "actor_sci" },
		{ "actor_sci=02:00:00:00:00:0a@\n", "actor_sci" },
		{ "actor_sci=02:00:00:00:00:0a@65536\n", "actor_sci" },
		{ "actor_sci=02:00:00:00:00@1\n", "actor_sci" },
		{ "participant_idx=1\n", "participant_idx" },
		{ "ckn=\n", "ckn" },
		{ "ckn=1\n", "ckn" },
		{ "ckn=0g\n", "ckn" },
		{ "ckn=000000000000000000000000000000000000000000000000000000000000000000\n",
			"ckn" },
		{ "live_peers=many\n", "live_peers" },
	};
	char why[128];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(why, sizeof(why), "its status has a value of \"%s\" that is none",
			cases[i].name);
		assert_wrong(cases[i].line, why);
	}
}

/* Of the standard's length, and of upper case. */
static void test_longest_ckn(void **state)
{
	char text[256], digits[2 * APPLIER_CKN_MAX + 1];
	struct wpa_status status;

	(void)state;
	memset(digits, 'A', sizeof(digits) - 1);
	digits[sizeof(digits) - 1] = '\0';
	snprintf(text, sizeof(text), KAY "participant_idx=0\nckn=%s\nlive_peers=0\n", digits);
	status = read_status(text);
	assert_int_equal(status.ckn_len, APPLIER_CKN_MAX);
	assert_int_equal(status.ckn[31], 0xaa);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_less),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_twice),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_longest_ckn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
