#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netconf/xml.h"
#include "tools/routersim/chain.h"
#include "tools/routersim/commands.h"
#include "tools/routersim/config.h"

#define DEFAULT_MKA_DELAY_MS 200
#define DEFAULT_START_S 946684800 /* 2000-01-01T00:00:00Z: long in use */

struct init {
	struct router router;
	const char *dir;
	const char *suite;
	const char *ckn;
	const char *cak_file;
	const char *key_chain;
	int64_t start_s; /* of its first key */
	const char *time_zone;
	const char *peer; /* said, and not yet given to an interface */
};

enum {
	OPT_STATE = 1,
	OPT_NAME,
	OPT_ASSOCIATION,
	OPT_SUITE,
	OPT_PEER,
	OPT_INTERFACE,
	OPT_CKN,
	OPT_CAK_FILE,
	OPT_MKA_DELAY,
	OPT_BASE_1_1,
	OPT_RFC_COMPLIANT,
	OPT_MKA_FORM,
	OPT_KEY_CHAIN,
	OPT_START,
	OPT_CLOCK_OFFSET,
	OPT_TIME_ZONE,
};

static const struct option options[] = {
	{ "state", required_argument, NULL, OPT_STATE },
	{ "name", required_argument, NULL, OPT_NAME },
	{ "association", required_argument, NULL, OPT_ASSOCIATION },
	{ "suite", required_argument, NULL, OPT_SUITE },
	{ "peer", required_argument, NULL, OPT_PEER },
	{ "interface", required_argument, NULL, OPT_INTERFACE },
	{ "ckn", required_argument, NULL, OPT_CKN },
	{ "cak-file", required_argument, NULL, OPT_CAK_FILE },
	{ "mka-delay", required_argument, NULL, OPT_MKA_DELAY },
	{ "base-1.1", no_argument, NULL, OPT_BASE_1_1 },
	{ "rfc-compliant", no_argument, NULL, OPT_RFC_COMPLIANT },
	{ "mka-form", required_argument, NULL, OPT_MKA_FORM },
	{ "key-chain", required_argument, NULL, OPT_KEY_CHAIN },
	{ "start", required_argument, NULL, OPT_START },
	{ "clock-offset", required_argument, NULL, OPT_CLOCK_OFFSET },
	{ "time-zone", required_argument, NULL, OPT_TIME_ZONE },
	{ NULL, 0, NULL, 0 },
};

static int complain(const char *what, const char *value)
{
	fprintf(stderr, "routersim: %s: %s\n", what, value);
	return -1;
}

/* The peer need not exist yet, so its path is only made absolute. */
static int set_peer(struct router_interface *interface, const char *peer)
{
	char cwd[PATH_MAX];
	int len;

	if (peer[0] == '/') {
		len = snprintf(interface->peer, PATH_MAX, "%s", peer);
	} else {
		len = snprintf(interface->peer, PATH_MAX, "%s/%s", getcwd(cwd, sizeof(cwd)), peer);
	}
	return len < PATH_MAX ? 0 : complain("path too long", peer);
}

static struct router_interface *last_interface(struct router *router)
{
	return router->interface_count > 0 ? &router->interfaces[router->interface_count - 1]
					   : NULL;
}

static int add_peer(struct init *init, const char *peer)
{
	struct router_interface *interface = last_interface(&init->router);

	if (interface && !interface->peer[0]) {
		return set_peer(interface, peer);
	}
	init->peer = peer;
	return 0;
}

static int add_interface(struct init *init, const char *name)
{
	struct router_interface *interface;

	if (init->router.interface_count == ROUTER_INTERFACES_MAX ||
		strlen(name) >= ROUTER_NAME_MAX) {
		return complain("too many interfaces or too long a name", name);
	}
	interface = &init->router.interfaces[init->router.interface_count++];
	snprintf(interface->name, sizeof(interface->name), "%s", name);
	if (init->peer) {
		set_peer(interface, init->peer);
		init->peer = NULL;
	}
	return 0;
}

static int set_mka_form(struct router *router, const char *form)
{
	static const char *const names[] = { "", "blocks", "detail", "table" };

	for (int i = ROUTER_MKA_BLOCKS; i <= ROUTER_MKA_TABLE; i++) {
		if (strcmp(form, names[i]) == 0) {
			router->mka_form = (enum router_mka_form)i;
			return 0;
		}
	}
	return complain("unknown form", form);
}

static int take_option(struct init *init, int option, const char *value)
{
	switch (option) {
	case OPT_STATE:
		init->dir = value;
		return 0;
	case OPT_NAME:
		snprintf(init->router.name, sizeof(init->router.name), "%s", value);
		return 0;
	case OPT_ASSOCIATION:
		snprintf(init->router.association, sizeof(init->router.association), "%s", value);
		return 0;
	case OPT_SUITE:
		init->suite = value;
		return 0;
	case OPT_PEER:
		return add_peer(init, value);
	case OPT_INTERFACE:
		return add_interface(init, value);
	case OPT_CKN:
		init->ckn = value;
		return 0;
	case OPT_CAK_FILE:
		init->cak_file = value;
		return 0;
	case OPT_MKA_DELAY:
		init->router.mka_delay_ms = atoi(value);
		return 0;
	case OPT_BASE_1_1:
		init->router.base_1_1 = true;
		return 0;
	case OPT_RFC_COMPLIANT:
		init->router.rfc_compliant = true;
		return 0;
	case OPT_MKA_FORM:
		return set_mka_form(&init->router, value);
	case OPT_KEY_CHAIN:
		init->key_chain = value;
		return 0;
	case OPT_START:
		init->start_s = strtoll(value, NULL, 10);
		return 0;
	case OPT_CLOCK_OFFSET:
		init->router.clock_offset_s = strtoll(value, NULL, 10);
		return 0;
	case OPT_TIME_ZONE:
		init->time_zone = value;
		return 0;
	default:
		return -1;
	}
}

static int read_options(struct init *init, int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (take_option(init, option, optarg) < 0) {
			return -1;
		}
	}
	if (!init->dir || !init->router.name[0] || !init->router.association[0] || !init->suite ||
		init->router.interface_count == 0) {
		return complain(
			"init", "needs --state, --name, --association, --suite and --interface");
	}
	if (!init->ckn != !init->cak_file || (init->key_chain && !init->ckn)) {
		return complain(
			"init", "--ckn and --cak-file belong together, a key-chain needs them");
	}
	return 0;
}

/* Hex digits, with or without a newline. */
static int read_cak(const char *path, char cak[static ROUTER_HEX_MAX])
{
	FILE *file = fopen(path, "re");
	int got;

	if (!file) {
		return complain(path, strerror(errno));
	}
	got = fscanf(file, "%64s", cak);
	fclose(file);
	return got == 1 ? 0 : complain(path, "no hex digits");
}

static xmlNode *add(xmlNode *parent, const char *name, const char *text)
{
	return xmlNewTextChild(parent, NULL, (const xmlChar *)name, (const xmlChar *)text);
}

static xmlNode *add_container(xmlNode *parent, const char *name)
{
	return xmlNewChild(parent, NULL, (const xmlChar *)name, NULL);
}

static void add_static_key(const struct init *init, const char *cak, xmlNode *association)
{
	xmlNode *pair = add_container(association, "pre-shared-key");

	add(pair, "ckn", init->ckn);
	add(pair, "cak", cak);
}

/* The first key, number 0, is the operator's: what follows comes by NETCONF. */
static void add_key_chain(
	const struct init *init, const char *cak, xmlNode *security, xmlNode *association)
{
	xmlNode *chain = add_container(
		add_container(security, "authentication-key-chains"), "key-chain");
	xmlNode *key;
	char start[40];

	add(association, "pre-shared-key-chain", init->key_chain);
	add(chain, "name", init->key_chain);
	key = add_container(chain, "key");
	add(key, "name", "0");
	add(key, "key-name", init->ckn);
	add(key, "secret", cak);
	chain_write_start(init->start_s, "", start, sizeof(start));
	add(key, "start-time", start);
}

static xmlDoc *make_config(const struct init *init, const char *cak)
{
	xmlDoc *doc = xmlNewDoc((const xmlChar *)"1.0");
	xmlNode *root = xmlNewDocNode(doc, NULL, (const xmlChar *)"configuration", NULL);
	xmlNode *system_node = add_container(root, "system");
	xmlNode *security = add_container(root, "security");
	xmlNode *macsec = add_container(security, "macsec");
	xmlNode *association = add_container(macsec, "connectivity-association");

	xmlDocSetRootElement(doc, root);
	add(system_node, "host-name", init->router.name);
	if (init->time_zone) {
		add(system_node, "time-zone", init->time_zone);
	}
	add(association, "name", init->router.association);
	add(association, "cipher-suite", init->suite);
	add(association, "security-mode", "static-cak");
	if (init->key_chain) {
		add_key_chain(init, cak, security, association);
	} else if (init->ckn) {
		add_static_key(init, cak, association);
	}
	for (size_t i = 0; i < init->router.interface_count; i++) {
		xmlNode *binding = add_container(macsec, "interfaces");

		add(binding, "name", init->router.interfaces[i].name);
		add(binding, "connectivity-association", init->router.association);
	}
	return doc;
}

static int write_state(struct init *init, xmlDoc *doc)
{
	struct router mutex;
	int rc;

	if (mkdir(init->dir, 0700) < 0 && errno != EEXIST) {
		return complain(init->dir, strerror(errno));
	}
	if (router_create(&mutex, init->dir) < 0) {
		return -1;
	}
	snprintf(init->router.dir, sizeof(init->router.dir), "%s", init->dir);
	config_get_key(doc, init->router.association, &init->router.current);
	chain_from_config(doc, init->router.association, &init->router.chain);
	rc = router_write_config(init->dir, "running.xml", doc);
	if (rc == 0) {
		rc = router_save(&init->router);
	}
	router_close(&mutex);
	return rc < 0 ? complain(init->dir, strerror(-rc)) : 0;
}

int cmd_init(int argc, char **argv)
{
	struct init init = { .router = { .mka_delay_ms = DEFAULT_MKA_DELAY_MS, .mutex_fd = -1 },
		.start_s = DEFAULT_START_S };
	struct rpc_failure failure;
	char cak[ROUTER_HEX_MAX] = "";
	xmlDoc *doc;
	int rc;

	if (read_options(&init, argc, argv) < 0 ||
		(init.cak_file && read_cak(init.cak_file, cak) < 0)) {
		return 2;
	}
	doc = make_config(&init, cak);
	secret_wipe_bytes(cak, sizeof(cak));
	rc = config_validate(doc, &failure);
	if (rc < 0) {
		complain(failure.bad_element, failure.message);
	} else {
		rc = write_state(&init, doc);
	}
	xmlFreeDoc(doc);
	router_close(&init.router);
	return rc < 0 ? 1 : 0;
}
