/* The TLVs of a message (docs/protocol.md section 3), for message.c and exchange.c. */
#ifndef L2PROTO_MESSAGE_TLV_H
#define L2PROTO_MESSAGE_TLV_H

#include "l2proto/message.h"
#include "l2proto/wire.h"

#define TLV_CRITICAL 0x80 /* a receiver that does not know the type refuses the message */
#define TLV_HEADER_LEN 3  /* type, length (2) */

enum tlv_type {
	TLV_MASTER = TLV_CRITICAL | 1,
	TLV_COMMITTED = TLV_CRITICAL | 2,
	TLV_PROPOSED = TLV_CRITICAL | 3,
	TLV_STATUS = TLV_CRITICAL | 4,
	TLV_SECY = 5,
};

/* Reads TLVs to the reader's end. association is needed to check the digests. */
enum malformed message_read_tlvs(struct wire_reader *reader,
	const uint8_t association[static ASSOCIATION_ID_LEN], struct message_content *content);

void message_write_tlvs(struct wire_writer *writer, const struct message_content *content);

/* Used for STATUS by message_read_tlvs() and message_write_tlvs(): see message_status.c. */
enum malformed message_read_status(struct wire_reader *reader, struct sae_status *status);
void message_write_status(struct wire_writer *writer, const struct sae_status *status);

/* The same for SECY: message_secy.c. */
enum malformed message_read_secy(struct wire_reader *reader, struct secy *secy);
void message_write_secy(struct wire_writer *writer, const struct secy *secy);

/* Writes type and a length to be filled in by tlv_end(); returns where the value begins. */
size_t tlv_begin(struct wire_writer *writer, enum tlv_type type);
void tlv_end(struct wire_writer *writer, size_t value_start);

/* An SAE ID as one octet of length and its text. */
bool tlv_get_sae_id(struct wire_reader *reader, struct sae_id *id);
void tlv_put_sae_id(struct wire_writer *writer, const struct sae_id *id);

#endif
