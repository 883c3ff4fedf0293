#include "netconf/xml.h"

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>
#include <libxml/xmlmemory.h>

#include "common/secret.h"

static pthread_once_t initialised = PTHREAD_ONCE_INIT;

static char *copy_string(const char *text)
{
	return strdup(text);
}

static void initialise(void)
{
	xmlMemSetup(secret_free, malloc, secret_realloc, copy_string);
	xmlInitParser();
}

void xml_init(void)
{
	pthread_once(&initialised, initialise);
}

static void refuse_doctype(
	void *ctx, const xmlChar *name, const xmlChar *external_id, const xmlChar *system_id)
{
	xmlParserCtxt *parser = ctx;

	(void)name;
	(void)external_id;
	(void)system_id;
	xmlStopParser(parser);
	parser->wellFormed = 0;
}

xmlDoc *xml_parse(const uint8_t *bytes, size_t len)
{
	const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
			    XML_PARSE_NOCDATA;
	xmlParserCtxt *parser;
	xmlDoc *doc;

	if (len > INT32_MAX) {
		return NULL;
	}
	parser = xmlNewParserCtxt();
	if (!parser) {
		return NULL;
	}
	parser->sax->internalSubset = refuse_doctype;
	parser->sax->externalSubset = refuse_doctype;
	doc = xmlCtxtReadMemory(parser, (const char *)bytes, (int)len, NULL, NULL, options);
	xmlFreeParserCtxt(parser);
	return doc;
}

int xml_write(const xmlDoc *doc, struct octets *out)
{
	xmlBuffer *text = xmlBufferCreate();
	int rc = -ENOMEM;

	if (text && xmlNodeDump(text, (xmlDoc *)doc, xmlDocGetRootElement(doc), 0, 0) >= 0) {
		rc = octets_append(out, xmlBufferContent(text), (size_t)xmlBufferLength(text));
	}
	xmlBufferFree(text);
	return rc;
}

bool xml_is(const xmlNode *node, const char *local_name)
{
	return node && node->type == XML_ELEMENT_NODE &&
	       strcmp((const char *)node->name, local_name) == 0;
}

static xmlNode *this_or_next_element(xmlNode *node)
{
	while (node && node->type != XML_ELEMENT_NODE) {
		node = node->next;
	}
	return node;
}

xmlNode *xml_first(const xmlNode *parent)
{
	return parent ? this_or_next_element(parent->children) : NULL;
}

xmlNode *xml_next(const xmlNode *node)
{
	return node ? this_or_next_element(node->next) : NULL;
}

xmlNode *xml_child(const xmlNode *parent, const char *local_name)
{
	xmlNode *node = xml_first(parent);

	while (node && !xml_is(node, local_name)) {
		node = xml_next(node);
	}
	return node;
}

/* The parser's own depth limit, 256, bounds this recursion. */
xmlNode *xml_find(const xmlNode *node, const char *local_name)
{
	if (xml_is(node, local_name)) {
		return (xmlNode *)node;
	}
	for (xmlNode *child = xml_first(node); child; child = xml_next(child)) {
		xmlNode *found = xml_find(child, local_name);

		if (found) {
			return found;
		}
	}
	return NULL;
}

bool xml_text(const xmlNode *node, char *out, size_t size)
{
	size_t len = 0;
	bool whole = true;

	for (const xmlNode *child = node ? node->children : NULL; child; child = child->next) {
		if (child->type != XML_TEXT_NODE && child->type != XML_CDATA_SECTION_NODE) {
			continue;
		}
		for (const char *p = (const char *)child->content; p && *p; p++) {
			if (len == 0 && isspace((unsigned char)*p)) {
				continue;
			}
			if (len + 1 == size) {
				whole = whole && isspace((unsigned char)*p);
				continue;
			}
			out[len++] = *p;
		}
	}
	while (len > 0 && isspace((unsigned char)out[len - 1])) {
		len--;
	}
	out[len] = '\0';
	return whole;
}

bool xml_child_text(const xmlNode *parent, const char *local_name, char *out, size_t size)
{
	return xml_text(xml_child(parent, local_name), out, size);
}
