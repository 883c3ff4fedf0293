/*
 * The configuration: a YAML file (or JSON, which is YAML) made into what the
 * rest of the daemon takes. keyidd.conf(5) is the manual of the file; this is
 * the manual of the result.
 *
 * Loading does everything short of opening a socket: the file is read, each
 * value is checked and converted, references are resolved, key files are read,
 * defaults are filled in. Whatever is wrong is said at once, all of it, each as
 *
 *     /etc/keyidd/keyidd.yaml:14: kmes[0].url: "kme-1": not an https URL; write https://HOST[:PORT]
 *
 * so that `keyidd --check` needs one run, not one for each mistake.
 */
#ifndef KEYIDD_CONFIG_H
#define KEYIDD_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/log.h"
#include "common/secret.h"
#include "kmeclient/kme.h"
#include "l2proto/exchange.h"
#include "l2proto/frame.h"
#include "netconf/applier.h"
#include "netconf/remote.h"
#include "netconf/wpa.h"

/* Bounds on the file, so that a wrong one costs little. */
#define CONFIG_FILE_MAX (1024 * 1024) /* octets */
#define CONFIG_TEXT_MAX 1023          /* octets of one value */
#define CONFIG_ASSOCIATIONS_MAX 1000
#define CONFIG_KMES_MAX 1000
#define CONFIG_DEVICES_MAX 1000
#define CONFIG_HANDOVERS_MAX 1000
#define CONFIG_MACSEC_INTERFACES_MAX 32
#define CONFIG_NAME_MAX 63 /* octets of the name of an association, a link, a KME or a device */
#define CONFIG_ERRORS_MAX 100
#define CONFIG_BATCH_MAX                                                                           \
	7 /* two batches, and one key more, fit what a device shows: USABLE_MAX                    \
	   */

#define CONFIG_KEY_LEN 32         /* octets of a channel key and of the state key */
#define CONFIG_CHANNEL_KEYS_MAX 2 /* the one in use, and the one that is to follow it */
#define CONFIG_LABEL_MAX (CONFIG_NAME_MAX + 1 + SAE_ID_MAX) /* octets */

/*
 * Ownership: everything below belongs to the struct config and lives until
 * config_free(). Pointers into it stay valid when the struct itself is copied
 * or moved, so a reload can load into a second struct, and swap.
 */

struct config_daemon {
	const char *state_file;
	const char *state_key_file;
	struct secret state_key; /* CONFIG_KEY_LEN octets; see state.h */
	const char *control_socket;
	enum log_level log_level;
};

/* Who sends and hears LLDPDUs: keyidd itself, or lldpd, which it hands its TLVs to. */
enum config_lldp_agent { CONFIG_LLDP_OWN, CONFIG_LLDP_LLDPD };

struct config_transport {
	struct frame_format frame;                 /* reads_lldp: some link uses LLDP */
	uint8_t destination[ETHERNET_ADDRESS_LEN]; /* of links that name none */
	uint32_t lldp_interval_s;
	uint8_t lldp_destination[ETHERNET_ADDRESS_LEN];
	enum config_lldp_agent lldp_agent;
	const char *lldpd_socket;
};

struct config_kme {
	const char *name;
	struct kme_config client; /* ready for kme_open() */
};

enum config_device_type {
	CONFIG_DEVICE_JUNOS,
	CONFIG_DEVICE_HOOK,
	CONFIG_DEVICE_MACSEC, /* of one association only */
	CONFIG_DEVICE_WPA,    /* wpa_supplicant; of one association or hand-over only */
	CONFIG_DEVICE_DRY_RUN
};

struct config_device {
	const char *name;
	enum config_device_type type;
	uint32_t timeout_ms; /* of a request, or of a call of the program */
	const char *program; /* of CONFIG_DEVICE_HOOK; NULL otherwise */
	struct applier_macsec_config macsec; /* of CONFIG_DEVICE_MACSEC: port, window and rekeying
					      */
	struct applier_wpa_config wpa; /* of CONFIG_DEVICE_WPA: sockets and network block */
	/* the rest is set for CONFIG_DEVICE_JUNOS only */
	const char *host;
	uint16_t port;
	const char *user;
	const char *private_key_file;
	const char *known_hosts_file;
	uint32_t lock_wait_ms;
};

struct config_channel_key {
	uint16_t number; /* 1..65535, each number once in an association */
	const char *file;
	struct secret key; /* CONFIG_KEY_LEN octets */
};

struct config_channel_keys {
	size_t count; /* 1..CONFIG_CHANNEL_KEYS_MAX; 0 = not given */
	struct config_channel_key keys[CONFIG_CHANNEL_KEYS_MAX];
};

/* Where a link runs. Its place in links[] is its place in exchange.links[]. */
struct config_link {
	const char *name; /* the same at both ends */
	bool inside; /* inside the process, with the other SAEs of the association that are there:
			the rest is then unset but for channel_keys and message_worst */
	const char *interface;
	const char *macsec_device; /* on it, if the device is CONFIG_DEVICE_MACSEC */
	uint8_t carriers;          /* bit n: enum carrier n */
	uint16_t vlan;             /* 1..4094; 0 = untagged, as LLDP is always */
	uint8_t destination[ETHERNET_ADDRESS_LEN];
	struct config_channel_keys channel_keys; /* see config_link_keys() */
	size_t message_worst; /* octets that a message may take: protocol.md section 7 */
};

/* One SAE of an association; others of the same one may be among config.associations. */
struct config_association {
	const char *name;
	/* for people: NAME, or NAME/SAE if the configuration has several of that name */
	char label[CONFIG_LABEL_MAX + 1];
	const struct config_kme *kme;       /* in config.kmes */
	const struct config_device *device; /* in config.devices */

	/*
	 * Ready for exchange_init(): roles, members, links, CKN rule, timers.
	 * life_ms is LINK_LIFE_HEARTBEATS heartbeats, or as many LLDP intervals, if that
	 * is longer and a link uses LLDP.
	 */
	struct exchange_config exchange;
	uint32_t heartbeat_ms;
	uint64_t key_age_alarm_ms; /* a key older than this is an alarm; 0 = none */

	struct config_channel_keys channel_keys; /* of links that have none of their own */

	struct config_link links[EXCHANGE_LINKS_MAX]; /* exchange.link_count of them */

	size_t key_size_bits; /* asked of the KME; 0 = the KME's default */
	const char *cipher_suite;
	size_t cak_len; /* octets of the key that become the CAK: 16 or 32, by the cipher suite */

	/*
	 * Ready for applier_open_junos() if the device is CONFIG_DEVICE_JUNOS;
	 * all zero otherwise.
	 */
	struct applier_junos_config junos;

	/* Ready for applier_open_macsec() if the device is CONFIG_DEVICE_MACSEC; all zero
	 * otherwise. */
	struct applier_macsec_config macsec;
};

/* The schemes of older deployments: see handover.h. */
enum config_handover_transport { CONFIG_HANDOVER_LLDP, CONFIG_HANDOVER_FILE };

struct config_handover {
	const char *name; /* no association has it */
	enum config_handover_transport transport;
	enum exchange_role role;
	struct sae_id sae, peer;
	const struct config_kme *kme;       /* in config.kmes */
	const struct config_device *device; /* in config.devices */
	struct ckn_rule ckn;
	size_t key_size_bits; /* asked of the KME; 0 = the KME's default */
	const char *cipher_suite;
	size_t cak_len;
	struct applier_junos_config junos; /* as an association's; without a key-chain */
	uint32_t interval_ms;              /* master: from one key to the next */

	/* CONFIG_HANDOVER_LLDP */
	const char *interface;             /* slave: where LLDPDUs are heard */
	const char *neighbour_chassis;     /* NULL = whichever */
	const char *neighbour_system_name; /* NULL = whichever */

	/* CONFIG_HANDOVER_FILE; NULL or 0 otherwise */
	struct remote_config remote;
	char file[REMOTE_PATH_MAX + 1];
	const char *file_device;   /* under this name the key-ID is in the file */
	uint32_t poll_interval_ms; /* slave */
	bool takes_stale;          /* slave: kme-keyid-check: false */

	const struct raw_handover *raw; /* its text, see config_same_handover() */
};

struct config {
	struct config_daemon daemon;
	struct config_transport transport;
	size_t kme_count;
	struct config_kme *kmes;
	size_t device_count;
	struct config_device *devices;
	size_t association_count; /* 0..CONFIG_ASSOCIATIONS_MAX; of both kinds together at least 1
				   */
	struct config_association *associations;
	size_t handover_count; /* 0..CONFIG_HANDOVERS_MAX */
	struct config_handover *handovers;

	struct raw_config *raw; /* the text that the strings above point into */
};

/* The longest message that all carriers of a link take. */
size_t config_message_max(const struct config_transport *transport, const struct config_link *link);

/* The channel keys of a link: its own, or the association's. At least one. */
const struct config_channel_keys *config_link_keys(
	const struct config_association *association, size_t link);

struct config_error {
	unsigned line; /* 1..; 0 = the file as a whole */
	char *text;    /* one complete line, "FILE:LINE: field.path: reason; what to do" */
};

/* In the order of their lines. Zeroed by the caller before use. */
struct config_errors {
	size_t count; /* at most CONFIG_ERRORS_MAX, and one that says how many more there are */
	struct config_error *list;
	size_t omitted;
};

/*
 * Loads the file. Returns 0, or -EINVAL with at least one error in the list,
 * and config empty. No text in the list holds a secret.
 */
int config_load(const char *path, struct config *config, struct config_errors *errors);

/*
 * The same for who reads captures, not for a daemon: of all files that the text
 * names only channel keys are opened, those that are not absolute in the folder of
 * the configuration, whatever their mode. One that cannot be read is noted in
 * missing, and stays empty; it is no error.
 */
int config_load_offline(const char *path, struct config *config, struct config_errors *errors,
	struct config_errors *missing);

/* Wipes the keys, frees what the struct owns, and leaves it empty. NULL accepted. */
void config_free(struct config *config);

void config_errors_free(struct config_errors *errors);

#endif
