/* From one text to one value: a function for each type of config_fields.h. */
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "common/hex.h"
#include "keyidd/config_value.h"

#define REFUSE(...) (snprintf(reason, CONFIG_REASON_MAX, __VA_ARGS__), false)

/* ---- texts ----------------------------------------------------------------------------------- */

CONFIG_READER(text)
{
	(void)field, (void)reason;
	*(const char **)target = text;
	return true;
}

bool config_word_valid(const char *text, size_t max)
{
	size_t len = strlen(text);

	if (len == 0 || len > max) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if (text[i] <= ' ' || text[i] >= 0x7f || strchr("\"'<>&\\", text[i])) {
			return false;
		}
	}
	return true;
}

CONFIG_READER(word)
{
	(void)field;
	if (!config_word_valid(text, 255)) {
		return REFUSE("up to 255 printable characters, no spaces or quotes");
	}
	*(const char **)target = text;
	return true;
}

/* Names reach logs, metrics, the database and the key derivation: a plain set of characters. */
CONFIG_READER(name)
{
	size_t len = strlen(text);
	static const char others[] = "._:/-";

	(void)field;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			     (c >= 'A' && c <= 'Z');

		if (!plain && (i == 0 || !strchr(others, c))) {
			len = 0;
		}
	}
	if (len == 0 || len > CONFIG_NAME_MAX) {
		return REFUSE(
			"a name has up to %d letters, digits and any of %s, and begins with a "
			"letter or digit",
			CONFIG_NAME_MAX, others);
	}
	*(const char **)target = text;
	return true;
}

CONFIG_READER(id)
{
	struct sae_id id;

	(void)field;
	if (!sae_id_set(&id, text, strlen(text))) {
		return REFUSE(
			"an ID has up to %d printable ASCII characters without space", SAE_ID_MAX);
	}
	*(const char **)target = text;
	return true;
}

CONFIG_READER(sae)
{
	(void)field;
	if (!sae_id_set(target, text, strlen(text))) {
		return REFUSE("an SAE ID has up to %d printable ASCII characters without space",
			SAE_ID_MAX);
	}
	return true;
}

CONFIG_READER(socket_path)
{
	size_t max = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;

	(void)field;
	if (strlen(text) > max) {
		return REFUSE(
			"longer than %zu octets, which is all that a socket's path may have", max);
	}
	*(const char **)target = text;
	return true;
}

CONFIG_READER(interface)
{
	(void)field;
	/* For "%d" the kernel puts a number; with any other '%' it names nothing. */
	if (!config_word_valid(text, IFNAMSIZ - 1) || strpbrk(text, "/:%") ||
		strcmp(text, ".") == 0 || strcmp(text, "..") == 0) {
		return REFUSE("not the name of a network interface (see `ip link`)");
	}
	*(const char **)target = text;
	return true;
}

/* A description that LLDP shows is that of the port, not of a unit on it. */
CONFIG_READER(physical_interface)
{
	(void)field;
	if (!config_word_valid(text, APPLIER_NAME_MAX - 1) || strchr(text, '.')) {
		return REFUSE("not the name of a router's physical interface, such as et-0/0/9");
	}
	*(const char **)target = text;
	return true;
}

CONFIG_READER(url)
{
	static const char scheme[] = "https://";
	const char *host = text + strlen(scheme);

	(void)field;
	if (strncmp(text, scheme, strlen(scheme)) != 0) {
		return REFUSE("not an https URL");
	}
	if (!config_word_valid(host, 255) || strpbrk(host, "/?#@") || host[0] == ':') {
		return REFUSE("host and port are all that belongs in it");
	}
	*(const char **)target = text;
	return true;
}

/* ---- numbers and durations ------------------------------------------------------------------- */

#define NUMBER_DIGITS_MAX 20 /* 2^64 - 1 has as many */

/* Decimal, or hexadecimal after 0x. */
static bool read_number(const char *text, uint64_t min, uint64_t max, uint64_t *number,
	char reason[static CONFIG_REASON_MAX])
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *digits = text + (hex ? 2 : 0);
	size_t len = strlen(digits);

	if (len == 0 || len > NUMBER_DIGITS_MAX ||
		strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789") != len) {
		return REFUSE("not a number");
	}
	errno = 0;
	*number = strtoull(digits, NULL, hex ? 16 : 10);
	if (errno == ERANGE || *number < min || *number > max) {
		return REFUSE("out of bounds: %" PRIu64 " to %" PRIu64, min, max);
	}
	return true;
}

CONFIG_READER(number8)
{
	uint64_t number;

	if (!read_number(text, field->min, field->max, &number, reason)) {
		return false;
	}
	*(uint8_t *)target = (uint8_t)number;
	return true;
}

CONFIG_READER(number16)
{
	uint64_t number;

	if (!read_number(text, field->min, field->max, &number, reason)) {
		return false;
	}
	*(uint16_t *)target = (uint16_t)number;
	return true;
}

CONFIG_READER(number32)
{
	uint64_t number;

	if (!read_number(text, field->min, field->max, &number, reason)) {
		return false;
	}
	*(uint32_t *)target = (uint32_t)number;
	return true;
}

CONFIG_READER(number64)
{
	return read_number(text, field->min, field->max, target, reason);
}

CONFIG_READER(key_size)
{
	uint64_t number;

	if (!read_number(text, field->min, field->max, &number, reason)) {
		return false;
	}
	if (number % 8 != 0) {
		return REFUSE("a key's size is a multiple of 8 bits");
	}
	*(size_t *)target = (size_t)number;
	return true;
}

static const struct unit {
	const char *name;
	uint64_t ms;
} units[] = {
	{ "", MS_SECOND },
	{ "ms", 1 },
	{ "s", MS_SECOND },
	{ "m", MS_MINUTE },
	{ "min", MS_MINUTE },
	{ "h", MS_HOUR },
	{ "d", MS_DAY },
};

static bool parse_duration(const char *text, uint64_t *ms)
{
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 10) {
		return false;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(text + digits, units[i].name) == 0) {
			*ms = strtoull(text, NULL, 10) * units[i].ms;
			return true;
		}
	}
	return false;
}

/* As an operator would write it: the largest unit that divides it. */
static void format_duration(uint64_t ms, char *out, size_t size)
{
	size_t i = sizeof(units) / sizeof(units[0]) - 1;

	while (i > 0 && (ms == 0 || ms % units[i].ms != 0)) {
		i--;
	}
	snprintf(out, size, "%" PRIu64 "%s", ms / units[i].ms, units[i].name);
}

static bool read_duration(const struct config_field *field, const char *text, bool zero,
	uint64_t *ms, char reason[static CONFIG_REASON_MAX])
{
	char min[32], max[32];

	if (!parse_duration(text, ms)) {
		return REFUSE("not a duration; write a number with ms, s, m, h or d");
	}
	if ((*ms >= field->min && *ms <= field->max) || (zero && *ms == 0)) {
		return true;
	}
	format_duration(field->min, min, sizeof(min));
	format_duration(field->max, max, sizeof(max));
	return REFUSE("out of bounds: %s%s to %s", zero ? "0, or " : "", min, max);
}

CONFIG_READER(duration)
{
	uint64_t ms;

	if (!read_duration(field, text, false, &ms, reason)) {
		return false;
	}
	*(uint32_t *)target = (uint32_t)ms;
	return true;
}

CONFIG_READER(seconds)
{
	uint64_t ms;

	if (!read_duration(field, text, false, &ms, reason)) {
		return false;
	}
	if (ms % MS_SECOND != 0) {
		return REFUSE("whole seconds only");
	}
	*(uint32_t *)target = (uint32_t)(ms / MS_SECOND);
	return true;
}

CONFIG_READER(duration_or_0)
{
	return read_duration(field, text, true, target, reason);
}

/* ---- addresses ------------------------------------------------------------------------------- */

/* len octets in hex, all separated by colons or all by dashes. */
static bool read_octets(const char *text, uint8_t *octets, size_t len)
{
	if (strlen(text) != 3 * len - 1) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if (hex_decode(text + 3 * i, 2, octets + i, 1) != 1 ||
			(i > 0 && (text[3 * i - 1] != text[2] || !strchr(":-", text[2])))) {
			return false;
		}
	}
	return true;
}

CONFIG_READER(address)
{
	static const uint8_t none[ETHERNET_ADDRESS_LEN] = { 0 };
	uint8_t octets[ETHERNET_ADDRESS_LEN];

	(void)field;
	if (!read_octets(text, octets, sizeof(octets))) {
		return REFUSE("not an Ethernet address; write 01:80:c2:00:00:0e");
	}
	if (memcmp(octets, none, sizeof(octets)) == 0) {
		return REFUSE("nobody has this address");
	}
	memcpy(target, octets, sizeof(octets));
	return true;
}

/* IEEE 802 clause 9: OUI 00-00-00 means that the protocol ID is an EtherType. */
CONFIG_READER(oui)
{
	uint8_t octets[3];

	(void)field;
	if (!read_octets(text, octets, sizeof(octets))) {
		return REFUSE("not an OUI, three octets such as 00:00:5e");
	}
	if (octets[0] == 0 && octets[1] == 0 && octets[2] == 0) {
		return REFUSE("00:00:00 means that the protocol ID is an EtherType");
	}
	if (octets[0] & 1) {
		return REFUSE("the group bit is set, which no OUI has");
	}
	memcpy(target, octets, sizeof(octets));
	return true;
}

CONFIG_READER(ethertype)
{
	uint64_t number;

	(void)field;
	if (!read_number(text, 0, UINT16_MAX, &number, reason) ||
		(number != ETHERNET_OUI_EXTENDED && number != ETHERNET_LOCAL_EXPERIMENTAL_1)) {
		return REFUSE("write 0x88b7 (OUI Extended), or 0x88b5 (local experimental) without "
			      "an OUI");
	}
	*(uint16_t *)target = (uint16_t)number;
	return true;
}

/* ---- words out of a list --------------------------------------------------------------------- */

struct choice {
	const char *text;
	int value;
};

static bool choose(const struct choice *choices, size_t count, const char *text, int *value,
	char reason[static CONFIG_REASON_MAX])
{
	size_t len = 0;

	for (size_t i = 0; i < count; i++) {
		if (strcmp(choices[i].text, text) == 0) {
			*value = choices[i].value;
			return true;
		}
	}
	len = (size_t)snprintf(reason, CONFIG_REASON_MAX, "not one of");
	for (size_t i = 0; i < count; i++) {
		len += (size_t)snprintf(reason + len, CONFIG_REASON_MAX - len, "%s %s",
			i ? "," : "", choices[i].text);
	}
	return false;
}

#define CHOICE_READER(type, enum_type, ...)                                                        \
	CONFIG_READER(type)                                                                        \
	{                                                                                          \
		static const struct choice choices[] = { __VA_ARGS__ };                            \
		int value;                                                                         \
                                                                                                   \
		(void)field;                                                                       \
		if (!choose(choices, sizeof(choices) / sizeof(choices[0]), text, &value,           \
			    reason)) {                                                             \
			return false;                                                              \
		}                                                                                  \
		*(enum_type *)target = (enum_type)value;                                           \
		return true;                                                                       \
	}

CHOICE_READER(log_level, enum log_level, { "error", LOG_LEVEL_ERROR },
	{ "warning", LOG_LEVEL_WARNING }, { "notice", LOG_LEVEL_NOTICE },
	{ "info", LOG_LEVEL_INFO }, { "debug", LOG_LEVEL_DEBUG })
CHOICE_READER(method, enum kme_method, { "post", KME_METHOD_POST }, { "get", KME_METHOD_GET })
CHOICE_READER(device_type, enum config_device_type, { "junos", CONFIG_DEVICE_JUNOS },
	{ "hook", CONFIG_DEVICE_HOOK }, { "macsec", CONFIG_DEVICE_MACSEC },
	{ "wpa_supplicant", CONFIG_DEVICE_WPA }, { "dry-run", CONFIG_DEVICE_DRY_RUN })
CHOICE_READER(role, enum exchange_role, { "master", EXCHANGE_MASTER }, { "slave", EXCHANGE_SLAVE })
CHOICE_READER(carriers, uint8_t, { "raw", 1 << CARRIER_RAW }, { "lldp", 1 << CARRIER_LLDP },
	{ "auto", 1 << CARRIER_RAW | 1 << CARRIER_LLDP })
CHOICE_READER(lldp_agent, enum config_lldp_agent, { "own", CONFIG_LLDP_OWN },
	{ "lldpd", CONFIG_LLDP_LLDPD })
CHOICE_READER(ckn_kind, enum ckn_rule_kind, { "prefix", CKN_PREFIX }, { "sha256", CKN_SHA256 })

CHOICE_READER(handover_transport, enum config_handover_transport,
	{ "lldp-port-description", CONFIG_HANDOVER_LLDP }, { "ssh-file", CONFIG_HANDOVER_FILE })

CONFIG_READER(cipher_suite)
{
	static const struct choice choices[] = { { "gcm-aes-128", 0 }, { "gcm-aes-256", 0 },
		{ "gcm-aes-xpn-128", 0 }, { "gcm-aes-xpn-256", 0 } };
	int value;

	(void)field;
	if (!choose(choices, sizeof(choices) / sizeof(choices[0]), text, &value, reason)) {
		return false;
	}
	*(const char **)target = text;
	return true;
}
