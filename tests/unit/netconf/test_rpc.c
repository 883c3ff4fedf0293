#include "netconf/rpc.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/netconf/document.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- what is let in -------------------------------------------------------------------------- */

static void test_parse_refuses(void **state)
{
	static const char *const texts[] = {
		"",
		"plain",
		"<a>",
		"<a/><b/>",
		"<!DOCTYPE a><a/>",
		"<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
		"<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>",
		"<!DOCTYPE a SYSTEM \"http://127.0.0.1:1/a.dtd\"><a/>",
		"<a>&undefined;</a>",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_null(parse(texts[i]));
	}
}

static void test_parse_depth(void **state)
{
	static char text[8192];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		memcpy(text + 3 * i, "<a>", 3);
		memcpy(text + 3000 + 4 * i, "</a>", 4);
	}
	assert_null(parse(text));
}

static void test_text(void **state)
{
	xmlDoc *doc = parse(
		"<a><b>  two words\n</b><c/><d><![CDATA[<x>]]></d><e>1234567890</e></a>");
	const xmlNode *root = xmlDocGetRootElement(doc);
	char text[10];

	(void)state;
	assert_true(xml_child_text(root, "b", text, sizeof(text)));
	assert_string_equal(text, "two words");
	assert_true(xml_child_text(root, "c", text, sizeof(text)));
	assert_string_equal(text, "");
	assert_true(xml_child_text(root, "d", text, sizeof(text)));
	assert_string_equal(text, "<x>");
	assert_false(xml_child_text(root, "e", text, sizeof(text)));
	assert_string_equal(text, "123456789");
	assert_true(xml_child_text(root, "absent", text, sizeof(text)));
	assert_string_equal(text, "");
	xmlFreeDoc(doc);
}

/* ---- hello ----------------------------------------------------------------------------------- */

static int read_hello(const char *text, struct rpc_hello *hello)
{
	xmlDoc *doc = parse(text);
	int rc;

	assert_non_null(doc);
	rc = rpc_read_hello(doc, hello);
	xmlFreeDoc(doc);
	return rc;
}

#define CAPABILITY(base) "<capability>urn:ietf:params:netconf:base:" base "</capability>"

static void test_hello(void **state)
{
	struct rpc_hello hello;

	(void)state;
	assert_int_equal(read_hello("<hello " BASE "><capabilities>" CAPABILITY(
					    "1.0") "</capabilities>"
						   "<session-id>4711</session-id></hello>",
				 &hello),
		0);
	assert_true(hello.base_1_0);
	assert_false(hello.base_1_1);
	assert_int_equal(hello.session_id, 4711);
	assert_int_equal(
		read_hello("<nc:hello xmlns:nc=\"urn:ietf:params:xml:ns:netconf:base:1.0\">"
			   "<nc:capabilities><nc:capability>\n urn:ietf:params:netconf:base:1.1\n"
			   "</nc:capability></nc:capabilities><nc:session-id>1</nc:session-id></"
			   "nc:hello>",
			&hello),
		0);
	assert_true(hello.base_1_1);
}

static void test_hello_refused(void **state)
{
	static const char *const texts[] = {
		"<rpc-reply " BASE "/>",
		"<hello " BASE "/>",
		"<hello " BASE "><capabilities>" CAPABILITY("1.0") "</capabilities></hello>",
		"<hello " BASE "><capabilities/><session-id>1</session-id></hello>",
		"<hello " BASE "><capabilities>" CAPABILITY(
			"2.0") "</capabilities><session-id>1</session-id></hello>",
		"<hello " BASE "><capabilities>" CAPABILITY(
			"1.0") "</capabilities><session-id>0</session-id></hello>",
		"<hello " BASE "><capabilities>" CAPABILITY(
			"1.0") "</capabilities><session-id>-1</session-id></hello>",
		"<hello " BASE "><capabilities>" CAPABILITY(
			"1.0") "</capabilities><session-id>99999999999</session-id></hello>",
	};
	struct rpc_hello hello;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_int_equal(read_hello(texts[i], &hello), -EBADMSG);
	}
}

/* RFC 6241 clause 8.1: a client sends no session-id. */
static void test_our_hello(void **state)
{
	struct rpc_hello hello;
	xmlDoc *doc = rpc_hello();

	(void)state;
	assert_int_equal(rpc_read_hello(doc, &hello), -EBADMSG);
	assert_true(hello.base_1_0);
	assert_true(hello.base_1_1);
	assert_string_equal(xmlDocGetRootElement(doc)->ns->href, RPC_NAMESPACE);
	xmlFreeDoc(doc);
}

/* ---- replies --------------------------------------------------------------------------------- */

static void test_classify(void **state)
{
	static const struct {
		const char *text;
		enum rpc_kind kind;
	} cases[] = {
		{ "<rpc-reply " BASE " message-id=\"7\"><ok/></rpc-reply>", RPC_REPLY },
		{ "<nc:rpc-reply xmlns:nc=\"urn:ietf:params:xml:ns:netconf:base:1.0\" "
		  "message-id=\"7\"/>",
			RPC_REPLY },
		{ "<rpc-reply " BASE " message-id=\"8\"><ok/></rpc-reply>", RPC_UNRELATED },
		{ "<rpc-reply " BASE " message-id=\"07\"><ok/></rpc-reply>", RPC_UNRELATED },
		{ "<rpc-reply " BASE "><ok/></rpc-reply>", RPC_UNRELATED },
		{ "<hello " BASE "/>", RPC_UNRELATED },
		{ "<notification xmlns=\"urn:ietf:params:xml:ns:netconf:notification:1.0\"/>",
			RPC_NOTICE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		xmlDoc *doc = parse(cases[i].text);

		assert_int_equal(rpc_classify(doc, 7), cases[i].kind);
		xmlFreeDoc(doc);
	}
}

#define ERROR(severity, message)                                                                   \
	"<rpc-error><error-type>application</error-type><error-tag>operation-failed</error-tag>"   \
	"<error-severity>" severity "</error-severity><error-message>\n" message                   \
	"\n</error-message></rpc-error>"

static void read_reply(const char *body, struct rpc_reply *reply)
{
	char text[4096];

	snprintf(text, sizeof(text), "<rpc-reply " BASE " message-id=\"1\">%s</rpc-reply>", body);
	rpc_read_reply(parse(text), reply);
}

static void test_success(void **state)
{
	static const char *const bodies[] = {
		"<ok/>",
		"<load-configuration-results><load-success/></load-configuration-results>",
		("<commit-results><routing-engine><name>re0</name><commit-check-success/></"
		 "routing-engine>"
		 "<routing-engine><name>re0</name><commit-success/></routing-engine></"
		 "commit-results>"),
		("<load-configuration-results><load-error-count>0</load-error-count><ok/>"
		 "</load-configuration-results>"),
		"<nc:ok xmlns:nc=\"urn:ietf:params:xml:ns:netconf:base:1.0\"/>",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		struct rpc_reply reply;

		read_reply(bodies[i], &reply);
		assert_true(reply.ok);
		assert_false(reply.failed);
		assert_string_equal(reply.warnings, "");
		rpc_reply_fini(&reply);
	}
}

/* Junos, not RFC-compliant: a warning beside success is no failure. */
static void test_warnings(void **state)
{
	struct rpc_reply reply;

	(void)state;
	read_reply(ERROR("warning", "statement  has no\n effect")
			   ERROR("warning", "licence") "<ok/>",
		&reply);
	assert_true(reply.ok);
	assert_false(reply.failed);
	assert_string_equal(reply.warnings, "statement has no effect; licence");
	rpc_reply_fini(&reply);

	read_reply("<commit-results><xnm:warning xmlns:xnm=\"http://xml.juniper.net/xnm/1.1/xnm\">"
		   "<message>\nmgd: requires "
		   "licence\n</message></xnm:warning><commit-success/></commit-results>",
		&reply);
	assert_true(reply.ok);
	assert_false(reply.failed);
	assert_string_equal(reply.warnings, "mgd: requires licence");
	rpc_reply_fini(&reply);
}

static void test_errors(void **state)
{
	static const struct {
		const char *body;
		const char *text;
	} cases[] = {
		{ ERROR("error", "syntax error"), "syntax error" },
		{ ERROR("warning", "w") ERROR("error", "first") ERROR("error", "second"), "first" },
		{ ERROR("error", "beside") "<ok/>", "beside" },
		{ "<load-configuration-results>" ERROR(
			  "error", "bad") "<load-error-count>1</load-error-count>"
					  "</load-configuration-results>",
			"bad" },
		{ "<load-configuration-results><load-error-count>1</load-error-count>"
		  "</load-configuration-results>",
			"no reason given" },
		{ "<rpc-error><error-tag>access-denied</error-tag></rpc-error>", "access-denied" },
		{ "<rpc-error/>", "no reason given" },
		{ "<rpc-error><error-severity>error</error-severity><error-message>invalid value"
		  "</error-message><error-info><bad-element>ckn</bad-element></error-info></"
		  "rpc-error>",
			"invalid value (ckn)" },
		{ "<xnm:error xmlns:xnm=\"http://xml.juniper.net/xnm/1.1/xnm\"><message>commit "
		  "failed"
		  "</message></xnm:error>",
			"commit failed" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rpc_reply reply;

		read_reply(cases[i].body, &reply);
		assert_true(reply.failed);
		assert_string_equal(reply.error_text, cases[i].text);
		rpc_reply_fini(&reply);
	}
}

/* The example of RFC 6241 clause 7.5. */
static void test_lock_denied(void **state)
{
	struct rpc_reply reply;

	(void)state;
	read_reply(
		"<rpc-error><error-type>protocol</error-type><error-tag>lock-denied</error-tag>"
		"<error-severity>error</error-severity><error-message>Lock failed, lock is already "
		"held"
		"</error-message><error-info><session-id>454</session-id></error-info></rpc-error>",
		&reply);
	assert_true(reply.failed);
	assert_string_equal(reply.error_tag, "lock-denied");
	assert_string_equal(reply.session_id, "454");
	rpc_reply_fini(&reply);
}

/* What stands inside a configuration says nothing about the outcome. */
static void test_data_is_no_outcome(void **state)
{
	struct rpc_reply reply;

	(void)state;
	read_reply(
		"<configuration><ok/><error><message>x</message></error></configuration>", &reply);
	assert_false(reply.ok);
	assert_false(reply.failed);
	rpc_reply_fini(&reply);
}

static void test_long_reasons_are_cut(void **state)
{
	static char body[3000];
	struct rpc_reply reply;

	(void)state;
	memset(body, 'x', 2000);
	memcpy(body, "<rpc-error><error-message>", 26);
	strcpy(body + 2000, "</error-message></rpc-error>");
	read_reply(body, &reply);
	assert_int_equal(strlen(reply.error_text), APPLIER_ERROR_TEXT_MAX - 1);
	rpc_reply_fini(&reply);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_parse_depth),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_hello),
		cmocka_unit_test(test_hello_refused),
		cmocka_unit_test(test_our_hello),
		cmocka_unit_test(test_classify),
		cmocka_unit_test(test_success),
		cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_lock_denied),
		cmocka_unit_test(test_data_is_no_outcome),
		cmocka_unit_test(test_long_reasons_are_cut),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
