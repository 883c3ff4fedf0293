/*
 * libxml2 as this module uses it: no network, no DTD, no entities beyond the
 * five of XML, no HUGE limits, and every block of memory wiped when freed.
 *
 * Elements are matched by local name: a device in RFC-compliant mode prefixes
 * what another leaves in the default namespace.
 */
#ifndef NETCONF_XML_H
#define NETCONF_XML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libxml/tree.h>

#include "netconf/octets.h"

/*
 * Once per process, before the first document; later calls do nothing. Memory
 * that libxml2 allocates from then on is overwritten when freed, wherever in the
 * process libxml2 is used.
 */
void xml_init(void);

/* Returns NULL for anything that is not one well-formed document without DOCTYPE. */
xmlDoc *xml_parse(const uint8_t *bytes, size_t len);

/*
 * The document as UTF-8 without an XML declaration, as Junos writes it, appended
 * to out. Returns 0 or -errno.
 */
int xml_write(const xmlDoc *doc, struct octets *out);

bool xml_is(const xmlNode *node, const char *local_name);

/* The first child element, or the next element after this one; NULL accepted. */
xmlNode *xml_first(const xmlNode *parent);
xmlNode *xml_next(const xmlNode *node);

/* The first child element of this local name; NULL for parent accepted. */
xmlNode *xml_child(const xmlNode *parent, const char *local_name);

/* The first element of this local name in document order, at or below node. */
xmlNode *xml_find(const xmlNode *node, const char *local_name);

/*
 * The element's own text without surrounding white space, "" if it has none or
 * is NULL, cut to fit. Returns false if it was cut.
 */
bool xml_text(const xmlNode *node, char *out, size_t size);

/* xml_text() of a child; "" if there is no such child. */
bool xml_child_text(const xmlNode *parent, const char *local_name, char *out, size_t size);

#endif
