/*
 * A packet of an SFTP server: whatever it is, what is read from it lies within it,
 * and a handle that came goes back as it was.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "netconf/sftp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
	if (!condition) {
		abort();
	}
}

static void check_handle(const struct sftp_reply *reply, const uint8_t *data, size_t size)
{
	struct octets out;

	demand(reply->handle.len <= SFTP_HANDLE_MAX);
	octets_init(&out, SFTP_PREFIX_LEN + SFTP_PACKET_MAX);
	demand(sftp_put_close(&out, reply->id, &reply->handle) == 0);
	/* CLOSE is as the HANDLE that it answers, but for its type and its length. */
	demand(out.len - SFTP_PREFIX_LEN <= size);
	demand(memcmp(out.bytes + SFTP_PREFIX_LEN + 1, data + 1, out.len - SFTP_PREFIX_LEN - 1) ==
		0);
	octets_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sftp_reply reply;

	if (size >= SFTP_PREFIX_LEN) {
		int len = sftp_packet_len(data);

		demand(len < 0 || (len > 0 && len <= SFTP_PACKET_MAX));
	}
	if (sftp_read_reply(data, size, &reply) < 0) {
		return 0;
	}
	switch (reply.kind) {
	case SFTP_IS_VERSION:
		break;
	case SFTP_IS_STATUS:
		demand(strlen(reply.message) < SFTP_MESSAGE_MAX);
		demand(sftp_status_text(&reply)[0]);
		break;
	case SFTP_IS_HANDLE:
		check_handle(&reply, data, size);
		break;
	case SFTP_IS_DATA:
		demand(reply.data >= data && reply.data_len <= size &&
			reply.data + reply.data_len <= data + size);
		break;
	}
	return 0;
}
