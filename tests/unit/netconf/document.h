/* Documents in tests. */
#ifndef TESTS_UNIT_NETCONF_DOCUMENT_H
#define TESTS_UNIT_NETCONF_DOCUMENT_H

#include <string.h>

#include "netconf/xml.h"

#define BASE "xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\""

static inline xmlDoc *parse(const char *text)
{
	xml_init();
	return xml_parse((const uint8_t *)text, strlen(text));
}

#endif
