/*
 * Every scalar key of the configuration, in one place: its name, how its text is
 * read, where the value goes, its bounds and its default. The raw structs, the
 * libcyaml schema and the conversion are all made from these tables, and a test
 * holds keyidd.conf(5) to them.
 *
 * F(member, key, type, target, min, max, fallback, hint)
 *	member    of the raw struct
 *	type      config_read_TYPE() in config_value.c reads the text
 *	target    member of the section's struct in config.h
 *	min, max  of numbers, and of durations in milliseconds
 *	fallback  the text that is read if the key is absent: NULL if it must be given,
 *	          "" to leave the target zero
 *	hint      what to write, said with every error about the key; "" if the reason says it all
 *
 * L(member, key, fallback, hint)
 *	a text that config_build.c reads, because it needs others with it
 */
#ifndef KEYIDD_CONFIG_FIELDS_H
#define KEYIDD_CONFIG_FIELDS_H

#define MS_SECOND UINT64_C(1000)
#define MS_MINUTE (60 * MS_SECOND)
#define MS_HOUR (60 * MS_MINUTE)
#define MS_DAY (24 * MS_HOUR)

/* clang-format off */

#define DAEMON_FIELDS(F, L) \
	F(state, "state", text, state_file, 0, 0, "/var/lib/keyidd/keyidd.db", "") \
	F(state_key, "state-key", text, state_key_file, 0, 0, "/etc/keyidd/state.key", "") \
	F(control_socket, "control-socket", socket_path, control_socket, 0, 0, "/run/keyidd/control.sock", "") \
	F(log_level, "log-level", log_level, log_level, 0, 0, "info", "")

#define TRANSPORT_FIELDS(F, L) \
	F(oui, "oui", oui, frame.raw.oui, 0, 0, NULL, \
		"give your own MA-L OUI or CID; who has none sets ethertype: 0x88b5; 00:00:5e is for documentation and tests only") \
	F(protocol_id, "protocol-id", number16, frame.raw.protocol_id, 0, 65535, NULL, \
		"give the number that the OUI's owner set aside for keyidd; 0x0042 goes with 00:00:5e for documentation and tests") \
	F(ethertype, "ethertype", ethertype, frame.raw.ethertype, 0, 0, "0x88b7", "") \
	F(destination, "destination", address, destination, 0, 0, "01:80:c2:00:00:0e", "") \
	F(lldp_oui, "lldp-oui", oui, frame.lldp.oui, 0, 0, "", "") \
	F(lldp_subtype, "lldp-subtype", number8, frame.lldp.subtype, 0, 255, "1", "") \
	F(lldp_interval, "lldp-interval", seconds, lldp_interval_s, MS_SECOND, 5 * MS_MINUTE, "10s", "") \
	F(lldp_destination, "lldp-destination", address, lldp_destination, 0, 0, "01:80:c2:00:00:0e", "") \
	F(lldp_agent, "lldp-agent", lldp_agent, lldp_agent, 0, 0, "own", "") \
	F(lldpd_socket, "lldpd-socket", socket_path, lldpd_socket, 0, 0, "/run/lldpd.socket", "")

#define KME_FIELDS(F, L) \
	F(name, "name", name, name, 0, 0, NULL, "give the name that associations refer to") \
	F(url, "url", url, client.url, 0, 0, NULL, "write https://HOST[:PORT]") \
	F(kme_id, "kme-id", id, client.kme_id, 0, 0, NULL, "give the KME ID that its certificate shows") \
	F(ca, "ca", text, client.ca_file, 0, 0, NULL, "give the PEM file of the CA that signs the KME's certificate") \
	F(certificate, "certificate", text, client.certificate_file, 0, 0, NULL, "give the PEM file of this SAE's certificate") \
	F(private_key, "private-key", text, client.private_key_file, 0, 0, NULL, "give the PEM file of the certificate's private key") \
	F(method, "method", method, client.method, 0, 0, "post", "") \
	F(connect_timeout, "connect-timeout", duration, client.connect_timeout_ms, 100, 5 * MS_MINUTE, "5s", "") \
	F(timeout, "timeout", duration, client.timeout_ms, 100, 10 * MS_MINUTE, "15s", "")

#define DEVICE_FIELDS(F, L) \
	F(name, "name", name, name, 0, 0, NULL, "give the name that associations refer to") \
	F(type, "type", device_type, type, 0, 0, NULL, "write junos, hook, macsec, wpa_supplicant or dry-run") \
	F(program, "program", text, program, 0, 0, "", "") \
	F(host, "host", word, host, 0, 0, "", "") \
	F(port, "port", number16, port, 1, 65535, "830", "") \
	F(user, "user", word, user, 0, 0, "", "") \
	F(private_key, "private-key", text, private_key_file, 0, 0, "", "") \
	F(known_hosts, "known-hosts", text, known_hosts_file, 0, 0, "", "") \
	F(timeout, "timeout", duration, timeout_ms, 100, 10 * MS_MINUTE, "30s", "") \
	F(lock_wait, "lock-wait", duration, lock_wait_ms, 100, 10 * MS_MINUTE, "10s", "") \
	F(macsec_port, "macsec-port", number16, macsec.port, 1, 65535, "1", "") \
	F(replay_window, "replay-window", number32, macsec.replay_window, 0, UINT32_MAX, "64", "") \
	L(hold_at_switch, "hold-at-switch", "true", "") \
	F(rekey_packets, "rekey-packets", number64, macsec.rekey_packets, 0, UINT64_MAX, "0", "") \
	F(rekey_octets, "rekey-octets", number64, macsec.rekey_octets, 0, UINT64_MAX, "0", "") \
	F(rekey_percent, "rekey-percent", number8, macsec.rekey_percent, 1, 100, "75", "") \
	F(control_socket, "control-socket", socket_path, wpa.control_socket, 0, 0, "", "") \
	F(second_control_socket, "second-control-socket", socket_path, wpa.second_control_socket, 0, 0, "", "") \
	F(bond, "bond", interface, wpa.bond, 0, 0, "", "") \
	F(network, "network", number32, wpa.network, 0, 65535, "0", "")

#define ASSOCIATION_FIELDS(F, L) \
	F(name, "name", name, name, 0, 0, NULL, "give the same name at both ends") \
	F(role, "role", role, exchange.role, 0, 0, NULL, "write master (calls enc_keys) or slave (calls dec_keys)") \
	F(sae, "sae", sae, exchange.sae, 0, 0, NULL, "give the SAE ID of this end") \
	L(master, "master", "", "") \
	L(kme, "kme", NULL, "give the name of one of the kmes") \
	L(device, "device", NULL, "give the name of one of the devices") \
	L(connectivity_association, "connectivity-association", "", "") \
	L(key_chain, "key-chain", "", "") \
	F(batch, "batch", number8, exchange.batch, 1, CONFIG_BATCH_MAX, "1", "") \
	F(spacing, "spacing", seconds, exchange.spacing_s, MS_SECOND, 30 * MS_DAY, "1h", "") \
	F(start_lead, "start-lead", seconds, exchange.lead_s, MS_SECOND, MS_DAY, "60s", "") \
	F(clock_tolerance, "clock-tolerance", seconds, exchange.clock_tolerance_s, MS_SECOND, MS_HOUR, "5s", "") \
	F(cipher_suite, "cipher-suite", cipher_suite, cipher_suite, 0, 0, "gcm-aes-xpn-256", "") \
	F(key_size, "key-size", key_size, key_size_bits, 0, 8 * SECRET_MAX, "256", "") \
	F(ckn, "ckn", ckn_kind, exchange.ckn.kind, 0, 0, "prefix", "") \
	L(ckn_prefix, "ckn-prefix", "", "") \
	F(heartbeat, "heartbeat", duration, heartbeat_ms, 100, MS_MINUTE, "2s", "") \
	F(rekey_interval, "rekey-interval", duration_or_0, exchange.rekey_interval_ms, MS_SECOND, 30 * MS_DAY, "1h", "") \
	F(prepare_timeout, "prepare-timeout", duration, exchange.prepare_timeout_ms, 100, MS_HOUR, "60s", "") \
	F(backoff, "backoff", duration, exchange.backoff_min_ms, 100, MS_HOUR, "5s", "") \
	F(backoff_max, "backoff-max", duration, exchange.backoff_max_ms, 100, MS_DAY, "10m", "") \
	F(read_back_interval, "read-back-interval", duration, exchange.read_back_ms, 100, MS_HOUR, "30s", "") \
	F(verify_interval, "verify-interval", duration, exchange.verify_ms, 100, MS_MINUTE, "1s", "") \
	F(live_timeout, "live-timeout", duration, exchange.live_timeout_ms, 100, MS_HOUR, "60s", "") \
	F(retire_hold, "retire-hold", duration, exchange.retire_hold_ms, 0, MS_HOUR, "2s", "") \
	F(keys_per_hour, "keys-per-hour", number32, exchange.keys_per_hour, 0, 3600, "60", "") \
	F(key_age_alarm, "key-age-alarm", duration_or_0, key_age_alarm_ms, MS_SECOND, 90 * MS_DAY, "0", "") \
	L(accept_interrupting_segment, "accept-interrupting-segment", "false", "")

#define CHANNEL_KEY_FIELDS(F, L) \
	F(number, "number", number16, number, 1, 65535, NULL, "number the keys 1, 2, ...: the same at both ends") \
	F(file, "file", text, file, 0, 0, NULL, "give the file that holds the 32 octets")

#define LINK_FIELDS(F, L) \
	F(name, "name", name, name, 0, 0, "", "") \
	F(interface, "interface", interface, interface, 0, 0, "", "") \
	F(macsec_device, "macsec-device", interface, macsec_device, 0, 0, "", "") \
	L(inside, "inside", "false", "") \
	F(transport, "transport", carriers, carriers, 0, 0, "raw", "") \
	L(direction, "direction", "", "") \
	F(vlan, "vlan", number16, vlan, 0, 4094, "0", "") \
	F(destination, "destination", address, destination, 0, 0, "", "")

#define HANDOVER_FIELDS(F, L) \
	F(name, "name", name, name, 0, 0, NULL, "give it a name") \
	F(transport, "transport", handover_transport, transport, 0, 0, NULL, "write lldp-port-description or ssh-file") \
	F(role, "role", role, role, 0, 0, NULL, "write master (calls enc_keys) or slave (calls dec_keys)") \
	F(sae, "sae", sae, sae, 0, 0, NULL, "give the SAE ID of this end") \
	F(peer, "peer", sae, peer, 0, 0, NULL, "give the SAE ID of the other end") \
	L(kme, "kme", NULL, "give the name of one of the kmes") \
	L(device, "device", NULL, "give the name of one of the devices") \
	L(connectivity_association, "connectivity-association", "", "") \
	F(cipher_suite, "cipher-suite", cipher_suite, cipher_suite, 0, 0, "gcm-aes-xpn-256", "") \
	F(key_size, "key-size", key_size, key_size_bits, 0, 8 * SECRET_MAX, "256", "") \
	F(ckn, "ckn", ckn_kind, ckn.kind, 0, 0, "prefix", "") \
	L(ckn_prefix, "ckn-prefix", "", "") \
	F(interval, "interval", duration, interval_ms, MS_SECOND, 30 * MS_DAY, "10m", "") \
	L(accept_unauthenticated, "accept-unauthenticated", "false", "") \
	F(interface, "interface", interface, interface, 0, 0, "", "") \
	F(neighbour_chassis, "neighbour-chassis", text, neighbour_chassis, 0, 0, "", "") \
	F(neighbour_system_name, "neighbour-system-name", text, neighbour_system_name, 0, 0, "", "") \
	F(description_interface, "description-interface", physical_interface, junos.description_interface, 0, 0, "", "") \
	F(host, "host", word, remote.host, 0, 0, "", "") \
	F(port, "port", number16, remote.port, 1, 65535, "22", "") \
	F(user, "user", word, remote.user, 0, 0, "", "") \
	F(private_key, "private-key", text, remote.private_key_file, 0, 0, "", "") \
	F(known_hosts, "known-hosts", text, remote.known_hosts_file, 0, 0, "", "") \
	F(timeout, "timeout", duration, remote.timeout_ms, 100, 10 * MS_MINUTE, "30s", "") \
	L(file, "file", "", "") \
	F(file_device, "file-device", word, file_device, 0, 0, "", "") \
	F(poll_interval, "poll-interval", duration, poll_interval_ms, 100, MS_HOUR, "10s", "") \
	L(kme_keyid_check, "kme-keyid-check", "true", "")

/* clang-format on */

#endif
