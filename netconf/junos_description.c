/*
 * The description of an interface, which Junos shows in LLDP as the Port Description
 * TLV ("interfaces X description", JunOS' LLDP overview).
 */
#include <stdio.h>
#include <string.h>

#include "netconf/junos.h"
#include "netconf/rpc.h"
#include "netconf/xml.h"

static xmlNode *add_interface(xmlNode *configuration, const char *name)
{
	xmlNode *interface = rpc_add(rpc_add(configuration, "interfaces"), "interface");

	return rpc_add_text(interface, "name", name) ? interface : NULL;
}

xmlDoc *junos_load_description(xmlDoc *load, const char *interface, const char *description)
{
	xmlNode *configuration = xml_find(
		load ? xmlDocGetRootElement(load) : NULL, "configuration");
	xmlDoc *doc = load ? load : junos_load(&configuration);

	return junos_complete(doc,
		rpc_add_text(add_interface(configuration, interface), "description", description));
}

xmlDoc *junos_get_description(const char *interface)
{
	xmlNode *configuration = NULL;
	xmlDoc *doc = junos_get(&configuration, "committed");

	return junos_complete(doc, rpc_add(add_interface(configuration, interface), "description"));
}

bool junos_read_description(const xmlDoc *reply, const char *interface, char *out, size_t size)
{
	const xmlNode *configuration = xml_find(xmlDocGetRootElement(reply), "configuration");
	const xmlNode *interfaces = xml_child(configuration, "interfaces");
	char name[APPLIER_NAME_MAX];

	snprintf(out, size, "%s", "");
	if (!junos_is_active(interfaces)) {
		return true;
	}
	for (const xmlNode *node = xml_first(interfaces); node; node = xml_next(node)) {
		if (xml_is(node, "interface") && junos_is_active(node) &&
			xml_child_text(node, "name", name, sizeof(name)) &&
			strcmp(name, interface) == 0 &&
			junos_is_active(xml_child(node, "description"))) {
			return xml_child_text(node, "description", out, size);
		}
	}
	return true;
}
