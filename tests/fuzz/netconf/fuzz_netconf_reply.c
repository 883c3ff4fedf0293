/* A message of a device, read in every way that one is read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "netconf/junos.h"
#include "netconf/problem.h"
#include "netconf/rpc.h"
#include "netconf/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_terminated(const char *text, size_t size)
{
	if (strnlen(text, size) == size) {
		abort();
	}
}

static void check_view(const xmlDoc *doc)
{
	static const char *const listed[] = { "et-0/0/0" };
	static struct junos_mka mka;
	struct junos_association association;
	struct applier_view view;

	junos_read_association(doc, "CA_basic", &association);
	junos_read_mka(doc, &mka);
	if (association.ckn_len > APPLIER_CKN_MAX || mka.count > JUNOS_MKA_SESSIONS_MAX) {
		abort();
	}
	for (size_t count = 0; count < 2; count++) {
		junos_view(&association, &mka, listed, count, &view);
		if (view.key_count > APPLIER_USABLE_MAX) {
			abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rpc_reply reply;
	struct rpc_hello hello;
	xmlDoc *doc;

	xml_init();
	doc = xml_parse(data, size);
	if (!doc) {
		return 0;
	}
	if (doc->intSubset || doc->extSubset) {
		abort();
	}
	rpc_read_hello(doc, &hello);
	rpc_classify(doc, 1);
	check_view(doc);
	rpc_read_reply(doc, &reply);
	check_terminated(reply.error_text, sizeof(reply.error_text));
	check_terminated(reply.warnings, sizeof(reply.warnings));
	check_terminated(reply.session_id, sizeof(reply.session_id));
	if (reply.failed && !reply.error_text[0]) {
		abort();
	}
	rpc_reply_fini(&reply);
	return 0;
}
