#include "netconf/macsec_batch.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

size_t macsec_batch_add(struct macsec_batch *batch, const struct macsec_request *request)
{
	size_t len = NLMSG_ALIGN(request->header.nlmsg_len);

	assert(batch->count < MACSEC_BATCH_MAX && len <= sizeof(batch->octets) - batch->len);
	memcpy(batch->octets + batch->len, request->octets, len);
	batch->len += len;
	return batch->count++;
}

void macsec_batch_begin(struct macsec_batch *batch, uint32_t sequence, uint32_t port_id)
{
	struct nlmsghdr *header = &batch->first;

	for (size_t i = 0; i < batch->count; i++) {
		header->nlmsg_seq = sequence + (uint32_t)i;
		batch->answers[i] = (struct macsec_exchange){
			.sequence = header->nlmsg_seq,
			.port_id = port_id,
		};
		header = (struct nlmsghdr *)((uint8_t *)header + NLMSG_ALIGN(header->nlmsg_len));
	}
}

void macsec_batch_take(struct macsec_batch *batch, const void *datagram, size_t len)
{
	for (size_t i = 0; i < batch->count; i++) {
		macsec_exchange_take(&batch->answers[i], datagram, len);
	}
}

bool macsec_batch_is_done(const struct macsec_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		if (!batch->answers[i].done) {
			return false;
		}
	}
	return true;
}

int macsec_batch_error(const struct macsec_batch *batch, size_t place)
{
	const struct macsec_exchange *answer = &batch->answers[place];

	return answer->done ? answer->error : -ETIMEDOUT;
}
