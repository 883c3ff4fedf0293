/*
 * A datagram of the kernel, taken as the answer to the request that its first message
 * names, each of its messages read in every way that one is read.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "netconf/macsec_reply.h"
#include "tests/fuzz/lib/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_sas(const struct macsec_sa *sas)
{
	for (size_t an = 0; an < MACSEC_AN_COUNT; an++) {
		const struct macsec_sa *sa = &sas[an];

		/* These are read as bool: anything but 0 and 1 in them the sanitizer reports. */
		check(sa->present || !sa->active);
		check(sa->present || sa->next_pn == 0);
	}
}

static void check_view(const struct nlmsghdr *message)
{
	static struct macsec_view view;

	if (macsec_read_view(message, &view) < 0) {
		return;
	}
	check(view.suite < MACSEC_SUITE_COUNT);
	check(view.encoding_an < MACSEC_AN_COUNT);
	check(view.channel_count <= MACSEC_CHANNELS_MAX);
	check_sas(view.transmit);
	for (size_t i = 0; i < view.channel_count; i++) {
		check_sas(view.channels[i].sas);
		check(macsec_find_channel(&view, &view.channels[i].sci) != NULL);
	}
}

static int take(void *ctx, const struct nlmsghdr *message)
{
	struct macsec_link link;
	uint16_t family;

	(void)ctx;
	check_view(message);
	if (macsec_read_link(message, &link) == 0) {
		check(link.ifindex > 0);
		check(memchr(link.name, '\0', sizeof(link.name)) != NULL);
		check(memchr(link.kind, '\0', sizeof(link.kind)) != NULL);
	}
	macsec_read_family(message, &family);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct macsec_exchange exchange = { .reply = take };
	struct nlmsghdr *datagram = malloc(size > 0 ? size : 1);

	if (size > 0) {
		memcpy(datagram, data, size);
	}
	if (size >= sizeof(*datagram)) {
		exchange.sequence = datagram->nlmsg_seq;
		exchange.port_id = datagram->nlmsg_pid;
	}
	macsec_exchange_take(&exchange, datagram, size);
	check(exchange.error <= 0 && exchange.error >= -4095);
	check(memchr(exchange.words, '\0', sizeof(exchange.words)) != NULL);
	free(datagram);
	return 0;
}
