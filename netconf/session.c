#include "netconf/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/secret.h"
#include "netconf/deadline.h"
#include "netconf/framing.h"
#include "netconf/xml.h"

#define READ_SIZE 4096
#define LOG_NAME "netconf"

struct netconf_session {
	struct transport_config config;
	uint32_t timeout_ms;
	struct transport *transport; /* NULL = not open */
	struct framing_reader reader;
	enum framing_mode mode;
	uint8_t input[READ_SIZE];
	size_t input_len; /* octets read ... */
	size_t input_pos; /* ... and of them, those taken */
	uint32_t last_id;
};

struct netconf_session *netconf_session_new(
	const struct transport_config *config, uint32_t timeout_ms)
{
	struct netconf_session *session = calloc(1, sizeof(*session));

	if (!session) {
		return NULL;
	}
	xml_init();
	session->config = *config;
	session->timeout_ms = timeout_ms;
	framing_reader_init(&session->reader);
	return session;
}

void netconf_session_free(struct netconf_session *session)
{
	if (!session) {
		return;
	}
	netconf_session_close(session);
	free(session);
}

bool netconf_session_is_open(const struct netconf_session *session)
{
	return session->transport;
}

static void disconnect(struct netconf_session *session)
{
	transport_close(session->transport);
	session->transport = NULL;
	framing_reader_fini(&session->reader);
	secret_wipe_bytes(session->input, sizeof(session->input));
	session->input_len = 0;
	session->input_pos = 0;
}

static int send_message(struct netconf_session *session, const xmlDoc *doc, uint64_t deadline_ms,
	struct problem *problem)
{
	struct octets text;
	struct octets framed;
	int rc;

	octets_init(&text, FRAMING_MESSAGE_MAX);
	octets_init(&framed, FRAMING_MESSAGE_MAX + 64);
	rc = xml_write(doc, &text);
	if (rc == 0) {
		rc = framing_encode(session->mode, text.bytes, text.len, &framed);
	}
	if (rc < 0) {
		rc = problem_set(problem, APPLIER_ERROR_INTERNAL, "cannot write a request: %s",
			strerror(-rc));
	} else {
		rc = transport_write(
			session->transport, framed.bytes, framed.len, deadline_ms, problem);
	}
	octets_fini(&text);
	octets_fini(&framed);
	return rc;
}

/* Feeds what is there, and reads more while the message is not complete. */
static int read_frame(
	struct netconf_session *session, uint64_t deadline_ms, struct problem *problem)
{
	for (;;) {
		enum framing_status status;
		size_t taken;
		int got;

		status = framing_feed(&session->reader, session->input + session->input_pos,
			session->input_len - session->input_pos, &taken);
		session->input_pos += taken;
		if (status == FRAMING_MESSAGE) {
			return 0;
		}
		if (status != FRAMING_NEED_MORE) {
			return problem_set(problem, APPLIER_ERROR_PROTOCOL,
				"not a NETCONF message: %s", framing_status_text(status));
		}
		got = transport_read(session->transport, session->input, sizeof(session->input),
			deadline_ms, problem);
		if (got < 0) {
			return -1;
		}
		session->input_len = (size_t)got;
		session->input_pos = 0;
	}
}

static int read_message(struct netconf_session *session, uint64_t deadline_ms, xmlDoc **doc,
	struct problem *problem)
{
	framing_reader_next(&session->reader, session->mode);
	if (read_frame(session, deadline_ms, problem) < 0) {
		return -1;
	}
	*doc = xml_parse(session->reader.message.bytes, session->reader.message.len);
	framing_reader_next(&session->reader, session->mode);
	if (!*doc) {
		return problem_set(problem, APPLIER_ERROR_PROTOCOL,
			"not a NETCONF message: not well-formed XML");
	}
	return 0;
}

static int send_hello(
	struct netconf_session *session, uint64_t deadline_ms, struct problem *problem)
{
	xmlDoc *doc = rpc_hello();
	int rc;

	if (!doc) {
		return problem_set(problem, APPLIER_ERROR_INTERNAL, "out of memory");
	}
	rc = send_message(session, doc, deadline_ms, problem);
	xmlFreeDoc(doc);
	return rc;
}

/* RFC 6242 clause 4.1: chunks from here on if both ends have said base:1.1; we always do. */
static int exchange_hello(
	struct netconf_session *session, uint64_t deadline_ms, struct problem *problem)
{
	struct rpc_hello hello;
	xmlDoc *doc;
	int rc;

	session->mode = FRAMING_END_OF_MESSAGE;
	if (send_hello(session, deadline_ms, problem) < 0 ||
		read_message(session, deadline_ms, &doc, problem) < 0) {
		return -1;
	}
	rc = rpc_read_hello(doc, &hello);
	xmlFreeDoc(doc);
	if (rc < 0) {
		return problem_set(problem, APPLIER_ERROR_PROTOCOL, "no usable NETCONF hello");
	}
	session->mode = hello.base_1_1 ? FRAMING_CHUNKED : FRAMING_END_OF_MESSAGE;
	log_write(LOG_LEVEL_DEBUG, LOG_NAME, "%s: session %u, NETCONF %s", session->config.host,
		hello.session_id, hello.base_1_1 ? "1.1" : "1.0");
	return 0;
}

int netconf_session_open(struct netconf_session *session, struct problem *problem)
{
	uint64_t deadline_ms = deadline_now_ms() + session->timeout_ms;

	session->transport = transport_open(&session->config, deadline_ms, problem);
	if (!session->transport) {
		return -1;
	}
	if (exchange_hello(session, deadline_ms, problem) < 0) {
		disconnect(session);
		return -1;
	}
	return 0;
}

void netconf_session_close(struct netconf_session *session)
{
	struct problem ignored;
	xmlNode *operation;
	xmlDoc *rpc;

	if (!session->transport) {
		return;
	}
	rpc = rpc_new("close-session", &operation);
	if (rpc && rpc_set_message_id(rpc, ++session->last_id) == 0) {
		send_message(session, rpc, deadline_now_ms(), &ignored);
	}
	xmlFreeDoc(rpc);
	disconnect(session);
}

static int read_reply(struct netconf_session *session, uint64_t deadline_ms,
	struct rpc_reply *reply, struct problem *problem)
{
	for (int notices = 0; notices < SESSION_NOTICES_MAX; notices++) {
		xmlDoc *doc;

		if (read_message(session, deadline_ms, &doc, problem) < 0) {
			return -1;
		}
		switch (rpc_classify(doc, session->last_id)) {
		case RPC_REPLY:
			rpc_read_reply(doc, reply);
			return 0;
		case RPC_NOTICE:
			xmlFreeDoc(doc);
			continue;
		case RPC_UNRELATED:
			xmlFreeDoc(doc);
			return problem_set(problem, APPLIER_ERROR_PROTOCOL,
				"a message that does not reply to what was asked");
		}
	}
	return problem_set(problem, APPLIER_ERROR_PROTOCOL, "notifications only, no reply");
}

int netconf_session_call(struct netconf_session *session, xmlDoc *rpc, struct rpc_reply *reply,
	struct problem *problem)
{
	uint64_t start_ms = deadline_now_ms();
	uint64_t deadline_ms = start_ms + session->timeout_ms;
	char operation[64];
	int rc;

	if (!rpc || rpc_set_message_id(rpc, ++session->last_id) < 0) {
		xmlFreeDoc(rpc);
		disconnect(session);
		return problem_set(problem, APPLIER_ERROR_INTERNAL, "out of memory");
	}
	snprintf(operation, sizeof(operation), "%s", rpc_operation(rpc));
	rc = send_message(session, rpc, deadline_ms, problem);
	xmlFreeDoc(rpc);
	if (rc == 0) {
		rc = read_reply(session, deadline_ms, reply, problem);
	}
	log_write(LOG_LEVEL_DEBUG, LOG_NAME, "%s: %s: %s, %u ms", session->config.host, operation,
		rc < 0          ? problem->text
		: reply->failed ? "refused"
				: "answered",
		(unsigned)(deadline_now_ms() - start_ms));
	if (rc < 0) {
		disconnect(session);
	}
	return rc;
}
