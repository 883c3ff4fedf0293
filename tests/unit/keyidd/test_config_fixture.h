/* What the tests of the configuration share: a good one, and ways to spoil it. */
#ifndef TESTS_UNIT_KEYIDD_TEST_CONFIG_FIXTURE_H
#define TESTS_UNIT_KEYIDD_TEST_CONFIG_FIXTURE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keyidd/config_private.h"

/* Lines count from 1: they are part of what is tested. */
static const char good[] = "transport:\n" /* 1 */
			   "  oui: 00:00:5e\n"
			   "  protocol-id: 0x0042\n"
			   "kmes:\n"
			   "  - name: kme-1\n" /* 5 */
			   "    url: https://kme-1.example:443\n"
			   "    kme-id: kme-1\n"
			   "    ca: /k/ca.pem\n"
			   "    certificate: /k/sae.pem\n"
			   "    private-key: /k/sae.key\n" /* 10 */
			   "devices:\n"
			   "  - name: router-1\n"
			   "    type: junos\n"
			   "    host: 192.0.2.1\n"
			   "    user: keyidd\n" /* 15 */
			   "    private-key: /k/router.key\n"
			   "    known-hosts: /k/known_hosts\n"
			   "associations:\n"
			   "  - name: span-1\n"
			   "    role: master\n" /* 20 */
			   "    sae: mx304-11\n"
			   "    members: [mx304-12]\n"
			   "    kme: kme-1\n"
			   "    device: router-1\n"
			   "    connectivity-association: CA_basic\n" /* 25 */
			   "    ckn-prefix: abcd1234abcd5678abcd1234abcd5678\n"
			   "    channel-keys:\n"
			   "      - number: 1\n"
			   "        file: /k/span-1.key\n"
			   "    links:\n" /* 30 */
			   "      - interface: eth1\n"
			   "  - name: span-2\n"
			   "    role: slave\n"
			   "    sae: mx304-11\n"
			   "    master: mx304-13\n" /* 35 */
			   "    kme: kme-1\n"
			   "    device: router-1\n"
			   "    connectivity-association: CA_other\n"
			   "    ckn: sha256\n"
			   "    channel-keys: [{ number: 7, file: /k/span-2.key }]\n" /* 40 */
			   "    links: [{ interface: eth2 }]\n";

static char spoiled[65536];

/* The good one with one text, which is in it once, replaced by another. */
static inline const char *with(const char *from, const char *to)
{
	const char *place = strstr(good, from);

	if (!place || strstr(place + 1, from)) {
		fail_msg("\"%s\" is not in the text once", from);
	}
	snprintf(spoiled, sizeof(spoiled), "%.*s%s%s", (int)(place - good), good, to,
		place + strlen(from));
	return spoiled;
}

/* The same with two texts, the first of which comes first. */
static inline const char *with_both(
	const char *from, const char *to, const char *second_from, const char *second_to)
{
	const char *place = strstr(good, second_from);
	size_t before;

	with(from, to);
	before = (size_t)(place - good) + strlen(to) - strlen(from);
	snprintf(spoiled + before, sizeof(spoiled) - before, "%s%s", second_to,
		place + strlen(second_from));
	return spoiled;
}

static inline int parse(const char *text, struct config *config, struct config_errors *errors)
{
	*errors = (struct config_errors){ 0 };
	return config_parse("t.yaml", text, strlen(text), false, config, errors);
}

/* Accepted; the caller frees. */
static inline struct config parse_good(const char *text)
{
	struct config_errors errors;
	struct config config;

	if (parse(text, &config, &errors) < 0) {
		fail_msg("%s", errors.list[0].text);
	}
	assert_int_equal(errors.count, 0);
	return config;
}

static inline void assert_good(const char *text)
{
	struct config config = parse_good(text);

	config_free(&config);
}

/* Refused with exactly this error, which begins "LINE: path: ...". */
static inline void assert_refused(const char *text, const char *expected)
{
	struct config_errors errors;
	struct config config, empty = { 0 };
	size_t file_len = strlen("t.yaml:");

	assert_int_equal(parse(text, &config, &errors), -EINVAL);
	assert_memory_equal(&config, &empty, sizeof(config));
	if (errors.count != 1 ||
		strncmp(errors.list[0].text + file_len, expected, strlen(expected)) != 0) {
		for (size_t i = 0; i < errors.count; i++) {
			print_message("# %s\n", errors.list[i].text);
		}
		fail_msg("not refused with just \"%s\"", expected);
	}
	config_errors_free(&errors);
}

struct spoil {
	const char *from, *to, *expected;
};

static inline void assert_all_refused(const struct spoil *spoils, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		assert_refused(with(spoils[i].from, spoils[i].to), spoils[i].expected);
	}
}

#define ASSERT_ALL_REFUSED(spoils) assert_all_refused(spoils, sizeof(spoils) / sizeof(spoils[0]))

#endif
