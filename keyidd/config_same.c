#include "keyidd/config_same.h"

#include <string.h>

#include "keyidd/config_private.h"

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_links(const struct config_association *a, const struct config_association *b)
{
	if (a->exchange.link_count != b->exchange.link_count) {
		return false;
	}
	for (size_t i = 0; i < a->exchange.link_count; i++) {
		const struct config_link *la = &a->links[i], *lb = &b->links[i];

		if (!same_text(la->name, lb->name) || la->inside != lb->inside ||
			!same_text(la->interface, lb->interface) ||
			!same_text(la->macsec_device, lb->macsec_device) || la->vlan != lb->vlan ||
			la->carriers != lb->carriers ||
			memcmp(la->destination, lb->destination, ETHERNET_ADDRESS_LEN) != 0 ||
			memcmp(&a->exchange.links[i], &b->exchange.links[i],
				sizeof(a->exchange.links[i])) != 0) {
			return false;
		}
	}
	return true;
}

/* Times may differ; who takes part, and how keys are named, may not. */
static bool same_exchange(const struct exchange_config *a, const struct exchange_config *b)
{
	return a->role == b->role && sae_id_equal(&a->sae, &b->sae) &&
	       sae_id_equal(&a->master, &b->master) && a->member_count == b->member_count &&
	       memcmp(a->members, b->members, sizeof(a->members)) == 0 &&
	       a->ckn.kind == b->ckn.kind && a->ckn.prefix_len == b->ckn.prefix_len &&
	       memcmp(a->ckn.prefix, b->ckn.prefix, a->ckn.prefix_len) == 0 &&
	       a->batch == b->batch && a->uses_an == b->uses_an && a->uses_start == b->uses_start;
}

static bool same_macsec(
	const struct applier_macsec_config *a, const struct applier_macsec_config *b)
{
	return a->port == b->port && a->replay_window == b->replay_window &&
	       a->hold_at_switch == b->hold_at_switch && a->rekey_packets == b->rekey_packets && a->rekey_octets == b->rekey_octets &&
	       a->rekey_percent == b->rekey_percent;
}

static bool same_router(const struct config_device *a, const struct config_device *b)
{
	return a->type == b->type && same_text(a->name, b->name) &&
	       same_text(a->program, b->program) && same_text(a->host, b->host) &&
	       a->port == b->port && same_text(a->user, b->user) &&
	       same_text(a->private_key_file, b->private_key_file) &&
	       same_text(a->known_hosts_file, b->known_hosts_file) &&
	       same_text(a->wpa.control_socket, b->wpa.control_socket) &&
	       same_text(a->wpa.second_control_socket, b->wpa.second_control_socket) &&
	       same_text(a->wpa.bond, b->wpa.bond) &&
	       a->wpa.network == b->wpa.network && a->timeout_ms == b->timeout_ms && a->lock_wait_ms == b->lock_wait_ms &&
	       same_macsec(&a->macsec, &b->macsec);
}

static bool same_device(const struct config_association *a, const struct config_association *b)
{
	const struct applier_junos_config *ja = &a->junos, *jb = &b->junos;

	if (!same_router(a->device, b->device) || ja->interface_count != jb->interface_count) {
		return false;
	}
	for (size_t i = 0; i < ja->interface_count; i++) {
		if (!same_text(ja->interfaces[i], jb->interfaces[i])) {
			return false;
		}
	}
	return same_text(ja->connectivity_association, jb->connectivity_association) &&
	       same_text(ja->key_chain, jb->key_chain) &&
	       same_text(a->cipher_suite, b->cipher_suite) && a->cak_len == b->cak_len &&
	       a->key_size_bits == b->key_size_bits;
}

bool config_same_association(const struct config_association *a, const struct config_association *b)
{
	return same_links(a, b) && same_exchange(&a->exchange, &b->exchange) && same_device(a, b) &&
	       a->heartbeat_ms == b->heartbeat_ms;
}

bool config_same_handover(const struct config_handover *a, const struct config_handover *b)
{
	const struct raw_handover *ra = a->raw, *rb = b->raw;

	if (!same_router(a->device, b->device) ||
		ra->macsec_interfaces_count != rb->macsec_interfaces_count) {
		return false;
	}
	for (uint32_t i = 0; i < ra->macsec_interfaces_count; i++) {
		if (!same_text(ra->macsec_interfaces[i], rb->macsec_interfaces[i])) {
			return false;
		}
	}
	for (size_t i = 0; i < config_handover_section.field_count; i++) {
		size_t at = config_handover_section.fields[i].raw_offset;

		if (!same_text(*(char *const *)((const char *)ra + at),
			    *(char *const *)((const char *)rb + at))) {
			return false;
		}
	}
	return true;
}

bool config_same_kme(const struct config_kme *a, const struct config_kme *b)
{
	const struct kme_config *ca = &a->client, *cb = &b->client;

	return same_text(a->name, b->name) && same_text(ca->url, cb->url) &&
	       same_text(ca->kme_id, cb->kme_id) && same_text(ca->ca_file, cb->ca_file) &&
	       same_text(ca->certificate_file, cb->certificate_file) &&
	       same_text(ca->private_key_file, cb->private_key_file) && ca->method == cb->method &&
	       ca->connect_timeout_ms == cb->connect_timeout_ms && ca->timeout_ms == cb->timeout_ms;
}

static bool same_transport(const struct config_transport *a, const struct config_transport *b)
{
	const struct frame_format *fa = &a->frame, *fb = &b->frame;

	return memcmp(&fa->raw, &fb->raw, sizeof(fa->raw)) == 0 &&
	       memcmp(&fa->lldp, &fb->lldp, sizeof(fa->lldp)) == 0 &&
	       a->lldp_interval_s == b->lldp_interval_s && a->lldp_agent == b->lldp_agent &&
	       memcmp(a->lldp_destination, b->lldp_destination, ETHERNET_ADDRESS_LEN) == 0 &&
	       same_text(a->lldpd_socket, b->lldpd_socket);
}

bool config_same_process(const struct config *a, const struct config *b)
{
	return same_text(a->daemon.state_file, b->daemon.state_file) &&
	       secret_equal(&a->daemon.state_key, &b->daemon.state_key) &&
	       same_text(a->daemon.control_socket, b->daemon.control_socket) &&
	       same_transport(&a->transport, &b->transport);
}
