#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "netconf/xml.h"
#include "tools/routersim/chain.h"
#include "tools/routersim/commands.h"
#include "tools/routersim/mka.h"

static void fingerprint(const struct router_key *key, char out[static SECRET_FINGERPRINT_LEN])
{
	struct secret secret;

	router_key_secret(key, &secret);
	secret_fingerprint(&secret, out);
	secret_wipe(&secret);
}

static const char *state_of(const struct mka_link *link)
{
	switch (link->live) {
	case MKA_CURRENT:
		return "primary live";
	case MKA_PRECEDING:
		return "preceding active";
	case MKA_NONE:
		break;
	}
	return "not secured";
}

static void print_key(const char *label, const struct router_key *key)
{
	char text[SECRET_FINGERPRINT_LEN];

	if (!key->ckn[0]) {
		return;
	}
	fingerprint(key, text);
	printf("  %-11s CKN %s  CAK %s\n", label, key->ckn, text);
}

static const char *turn_of(const struct router *router, const struct router_chain_key *key)
{
	if (key->start_s > router_now_ms() / 1000 + router->clock_offset_s) {
		return "future";
	}
	return strcmp(key->key.ckn, router->current.ckn) == 0 ? "in use" : "past";
}

static void print_chain(const struct router *router)
{
	for (size_t i = 0; i < router->chain.key_count; i++) {
		const struct router_chain_key *key = &router->chain.keys[i];
		char start[40];

		chain_write_start(key->start_s, "", start, sizeof(start));
		printf("  key %-2d      CKN %s  %s, %s\n", key->number, key->key.ckn, start,
			turn_of(router, key));
	}
}

/* What the interfaces are described as: {NAME: DESCRIPTION}. */
static json_t *descriptions_json(const struct router *router)
{
	xmlDoc *running = router_read_config(router->dir, "running.xml");
	const xmlNode *interfaces = xml_child(xmlDocGetRootElement(running), "interfaces");
	json_t *descriptions = json_object();
	char name[ROUTER_NAME_MAX], text[256];

	for (const xmlNode *node = xml_first(interfaces); node; node = xml_next(node)) {
		xml_child_text(node, "name", name, sizeof(name));
		xml_child_text(node, "description", text, sizeof(text));
		if (text[0]) {
			json_object_set_new(descriptions, name, json_string(text));
		}
	}
	xmlFreeDoc(running);
	return descriptions;
}

static void print_descriptions(const struct router *router)
{
	json_t *descriptions = descriptions_json(router);
	const char *name;
	json_t *text;

	json_object_foreach(descriptions, name, text)
	{
		printf("  %-11s described as \"%s\"\n", name, json_string_value(text));
	}
	json_decref(descriptions);
}

static void print_text(const struct router *router, const struct mka_link *links, int count)
{
	printf("%s, %s, %llu commits\n", router->name, router->association,
		(unsigned long long)router->commit_count);
	print_key("committed", &router->current);
	print_chain(router);
	for (int i = 0; i < count; i++) {
		printf("  %-11s %s to %s\n", links[i].interface, state_of(&links[i]),
			links[i].peer_name[0] ? links[i].peer_name : "nobody");
		print_key("  preceding", &links[i].preceding);
	}
	print_descriptions(router);
}

static json_t *key_json(const struct router_key *key)
{
	char text[SECRET_FINGERPRINT_LEN];

	if (!key->ckn[0]) {
		return json_null();
	}
	fingerprint(key, text);
	return json_pack("{s:s, s:s}", "ckn", key->ckn, "cak_fingerprint", text);
}

static json_t *chain_json(const struct router *router)
{
	json_t *list = json_array();

	for (size_t i = 0; i < router->chain.key_count; i++) {
		const struct router_chain_key *key = &router->chain.keys[i];

		json_array_append_new(
			list, json_pack("{s:i, s:o, s:I, s:s}", "number", key->number, "key",
				      key_json(&key->key), "start", (json_int_t)key->start_s,
				      "turn", turn_of(router, key)));
	}
	return list;
}

static void print_json(const struct router *router, const struct mka_link *links, int count)
{
	json_t *interfaces = json_array();
	json_t *root;

	for (int i = 0; i < count; i++) {
		json_array_append_new(
			interfaces, json_pack("{s:s, s:s, s:s, s:o}", "name", links[i].interface,
					    "peer", links[i].peer_name, "mka", state_of(&links[i]),
					    "preceding", key_json(&links[i].preceding)));
	}
	root = json_pack("{s:s, s:s, s:I, s:o, s:o, s:o, s:o}", "name", router->name, "association",
		router->association, "commits", (json_int_t)router->commit_count, "committed",
		key_json(&router->current), "chain", chain_json(router), "interfaces", interfaces,
		"descriptions", descriptions_json(router));
	json_dumpf(root, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(root);
}

int cmd_show(int argc, char **argv)
{
	static const struct option options[] = {
		{ "state", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	struct mka_link links[ROUTER_INTERFACES_MAX];
	struct router router;
	const char *dir = NULL;
	bool json = false;
	int option;
	int count;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?') {
			return 2;
		}
		if (option == 's') {
			dir = optarg;
		} else {
			json = true;
		}
	}
	if (!dir) {
		fprintf(stderr, "routersim: show needs --state\n");
		return 2;
	}
	count = mka_look(dir, links);
	if (count < 0 || router_open(&router, dir) < 0) {
		return 1;
	}
	if (json) {
		print_json(&router, links, count);
	} else {
		print_text(&router, links, count);
	}
	secret_wipe_bytes(links, sizeof(links));
	router_close(&router);
	return 0;
}
