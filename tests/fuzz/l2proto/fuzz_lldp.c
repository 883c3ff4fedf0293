/*
 * An LLDPDU: what can be read is written, and read the same again, but for what keyidd
 * does not know. With a TTL of 0 only the first three TLVs are written.
 */
#include <string.h>

#include "l2proto/lldp.h"
#include "tests/fuzz/lib/check.h"

#define WRITTEN_MAX 4096 /* beyond one frame: what was read in many TLVs fits */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same_id(const struct lldp_id *a, const struct lldp_id *b)
{
	check(a->len > 0 && a->subtype == b->subtype && a->len == b->len);
	check(memcmp(a->octets, b->octets, a->len) == 0);
}

static void check_same_text(const struct lldp_text *a, const struct lldp_text *b)
{
	check(a->present == b->present && a->len == b->len);
	check(a->text[a->len] == '\0' && memcmp(a->text, b->text, a->len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct lldp_format format = { { 0x00, 0x00, 0x5e }, 1 };
	static struct lldpdu lldpdu, again;
	uint8_t written[WRITTEN_MAX];
	enum malformed malformed = lldp_read(&format, data, size, &lldpdu);
	int len;

	if (malformed != MALFORMED_NOT) {
		check(malformed >= MALFORMED_LLDP_TRUNCATED && malformed <= MALFORMED_LLDP_LENGTH);
		return 0;
	}
	len = lldp_write(&format, &lldpdu, written, sizeof(written));
	check(len > 0);
	check(lldp_read(&format, written, (size_t)len, &again) == MALFORMED_NOT);
	check_same_id(&lldpdu.chassis, &again.chassis);
	check_same_id(&lldpdu.port, &again.port);
	check(lldpdu.ttl_s == again.ttl_s);
	if (lldpdu.ttl_s > 0) {
		check_same_text(&lldpdu.port_description, &again.port_description);
		check_same_text(&lldpdu.system_name, &again.system_name);
		check(lldpdu.message_len == again.message_len);
		check(memcmp(lldpdu.message, again.message, again.message_len) == 0);
	}
	return 0;
}
