/*
 * The SECY TLV, protocol.md section 3.5:
 *
 *     SCI 8 | cipher suite 1 | count 1, count times: token 8, nonce 8, flags 1 |
 *     count 1, count times: nonce 8
 */
#include "l2proto/message_tlv.h"

#include <string.h>

#define SECY_UNUSED 0x01

static const char *const suite_names[] = {
	[1] = "gcm-aes-128",
	[2] = "gcm-aes-256",
	[3] = "gcm-aes-xpn-128",
	[4] = "gcm-aes-xpn-256",
};

_Static_assert(sizeof(suite_names) / sizeof(suite_names[0]) == SECY_SUITES + 1, "each has a name");

const char *secy_suite_name(uint8_t suite)
{
	return suite >= 1 && suite <= SECY_SUITES ? suite_names[suite] : "unknown";
}

static void get_transmit(struct wire_reader *reader, struct secy *secy)
{
	secy->transmit_count = (uint8_t)wire_get_uint(reader, 1);
	if (secy->transmit_count > TRANSMIT_MAX) {
		reader->failed = true;
		return;
	}
	for (size_t i = 0; i < secy->transmit_count; i++) {
		struct transmit_sa *sa = &secy->transmit[i];

		wire_get(reader, sa->token, CKN_TOKEN_LEN);
		wire_get(reader, sa->nonce, NONCE_LEN);
		sa->unused = wire_get_uint(reader, 1) & SECY_UNUSED;
	}
}

static void get_receive(struct wire_reader *reader, struct secy *secy)
{
	secy->receive_count = (uint8_t)wire_get_uint(reader, 1);
	if (secy->receive_count > RECEIVE_MAX) {
		reader->failed = true;
		return;
	}
	wire_get(reader, secy->receive, (size_t)secy->receive_count * NONCE_LEN);
}

enum malformed message_read_secy(struct wire_reader *reader, struct secy *secy)
{
	wire_get(reader, secy->sci, SCI_LEN);
	secy->suite = (uint8_t)wire_get_uint(reader, 1);
	get_transmit(reader, secy);
	get_receive(reader, secy);
	secy->present = !reader->failed && reader->left == 0 && secy->suite >= 1 &&
			secy->suite <= SECY_SUITES;
	return secy->present ? MALFORMED_NOT : MALFORMED_SECY;
}

void message_write_secy(struct wire_writer *writer, const struct secy *secy)
{
	size_t start = tlv_begin(writer, TLV_SECY);

	wire_put(writer, secy->sci, SCI_LEN);
	wire_put_uint(writer, secy->suite, 1);
	wire_put_uint(writer, secy->transmit_count, 1);
	for (size_t i = 0; i < secy->transmit_count; i++) {
		const struct transmit_sa *sa = &secy->transmit[i];

		wire_put(writer, sa->token, CKN_TOKEN_LEN);
		wire_put(writer, sa->nonce, NONCE_LEN);
		wire_put_uint(writer, sa->unused ? SECY_UNUSED : 0u, 1);
	}
	wire_put_uint(writer, secy->receive_count, 1);
	wire_put(writer, secy->receive, (size_t)secy->receive_count * NONCE_LEN);
	tlv_end(writer, start);
}
