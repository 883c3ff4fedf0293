/* Made-up devices of the kernel's MACsec, for the tests of what is decided about them. */
#ifndef TESTS_UNIT_NETCONF_TEST_MACSEC_FIXTURE_H
#define TESTS_UNIT_NETCONF_TEST_MACSEC_FIXTURE_H

#include <string.h>

#include "netconf/macsec.h"

/* Stations and keys are known by one octet, which all of their octets are. */
static inline struct macsec_sci sci_of(uint8_t station)
{
	struct macsec_sci sci;

	memset(sci.octets, station, sizeof(sci.octets));
	return sci;
}

static inline struct macsec_key_id key_id_of(uint8_t token, uint8_t nonce)
{
	struct macsec_key_id key_id;

	memset(key_id.token, token, sizeof(key_id.token));
	memset(key_id.nonce, nonce, sizeof(key_id.nonce));
	return key_id;
}

static inline void set_sa(struct macsec_sa *sa, uint8_t token, uint8_t nonce, bool active)
{
	*sa = (struct macsec_sa){
		.present = true, .active = active, .key_id = key_id_of(token, nonce), .next_pn = 1
	};
}

/* Of the station 0xaa. */
static inline void init_device(struct macsec_view *device)
{
	memset(device, 0, sizeof(*device));
	device->ifindex = 7;
	device->suite = MACSEC_SUITE_GCM_AES_XPN_256;
	device->sci = sci_of(0xaa);
}

static inline void put_transmit(
	struct macsec_view *device, uint8_t an, uint8_t token, uint8_t nonce)
{
	set_sa(&device->transmit[an], token, nonce, false);
}

static inline void encode(struct macsec_view *device, uint8_t an)
{
	device->transmit[an].active = true;
	device->encoding_an = an;
	device->operational = true;
}

static inline struct macsec_channel *put_channel(struct macsec_view *device, uint8_t station)
{
	struct macsec_channel *channel = &device->channels[device->channel_count++];

	memset(channel, 0, sizeof(*channel));
	channel->sci = sci_of(station);
	channel->active = true;
	return channel;
}

static inline void put_receive(
	struct macsec_channel *channel, uint8_t an, uint8_t token, uint8_t nonce)
{
	set_sa(&channel->sas[an], token, nonce, true);
}

#endif
