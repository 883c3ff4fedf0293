#include "tools/kmesim/listener.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <microhttpd.h>

#include "tools/kmesim/api.h"
#include "tools/kmesim/identity.h"
#include "tools/kmesim/listen_socket.h"

#define BODY_MAX 65536
#define PEM_MAX 65536
#define OVERSIZE_LEN (1 << 20)

struct listener {
	struct sim *sim;
	size_t kme;
	struct MHD_Daemon *daemon;
	char *ca; /* PEM, kept as long as the daemon */
	char *certificate;
	char *private_key;
};

/* A request that is being received. */
struct exchange {
	char *uri; /* as it was sent, still percent-encoded: an SAE ID may hold a slash */
	bool begun;
	bool too_long;
	size_t body_len;
	char body[BODY_MAX];
};

/* What a path names. */
struct route {
	enum sim_method method;
	char peer[3 * SIM_ID_MAX + 1];
};

/* ---- requests -------------------------------------------------------------------------------- */

/* "/api/v1/keys/SAE_ID/METHOD", Table 2. */
static bool parse_route(const char *uri, struct route *route)
{
	static const char prefix[] = "/api/v1/keys/";
	size_t len = strcspn(uri, "?");
	const char *peer = uri + strlen(prefix);
	const char *slash;
	char method[16];

	if (len < strlen(prefix) || strncmp(uri, prefix, strlen(prefix)) != 0) {
		return false;
	}
	slash = memchr(peer, '/', len - strlen(prefix));
	if (!slash || slash == peer || (size_t)(slash - peer) >= sizeof(route->peer) ||
		(size_t)(uri + len - slash) > sizeof(method)) {
		return false;
	}
	snprintf(route->peer, sizeof(route->peer), "%.*s", (int)(slash - peer), peer);
	snprintf(method, sizeof(method), "%.*s", (int)(uri + len - slash - 1), slash + 1);
	MHD_http_unescape(route->peer);
	return sim_method_parse(method, &route->method);
}

/* The SAE index of the caller, or -1: nobody, or nobody that this KME serves. */
static int identify(const struct listener *listener, struct MHD_Connection *connection,
	char id[static SIM_ID_MAX + 1])
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	const struct sim_config *config = &listener->sim->config;
	int sae;

	strcpy(id, "?");
	if (!info || !identity_of_client(info->tls_session, id)) {
		return -1;
	}
	sae = sim_config_find_sae(config, id);
	return sae >= 0 && config->saes[sae].kme == listener->kme ? sae : -1;
}

/* The number of requests that a connection has carried, this one included. */
static unsigned int count_request(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	unsigned int *carried = info ? info->socket_context : NULL;

	return carried ? ++*carried : 1;
}

static void watch_connection(void *ctx, struct MHD_Connection *connection, void **socket_ctx,
	enum MHD_ConnectionNotificationCode what)
{
	(void)ctx;
	(void)connection;
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		*socket_ctx = calloc(1, sizeof(unsigned int));
	} else {
		free(*socket_ctx);
	}
}

static bool is_json(struct MHD_Connection *connection)
{
	const char *type = MHD_lookup_connection_value(
		connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);

	return type && strncasecmp(type, "application/json", strlen("application/json")) == 0;
}

/* ---- answers --------------------------------------------------------------------------------- */

/* Takes body, which may be NULL. */
static enum MHD_Result send_reply(
	struct MHD_Connection *connection, unsigned int status, char *body)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(body ? strlen(body) : 0,
		body, body ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result;

	if (!response) {
		free(body);
		return MHD_NO;
	}
	if (body) {
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
	}
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

/* Returns early if the process is to end. */
static void wait_ms(const struct sim *sim, long ms)
{
	struct pollfd stop = { .fd = sim->stop_fd, .events = POLLIN };

	poll(&stop, 1, (int)ms);
}

static void print_answer(const struct listener *listener, const struct api_request *request,
	const struct api_reply *reply, const struct fault_effect *effect)
{
	const struct sim *sim = listener->sim;
	char delivered[4096] = "";
	size_t len = 0;

	for (size_t i = 0; i < reply->key_count && len < sizeof(delivered); i++) {
		len += (size_t)snprintf(delivered + len, sizeof(delivered) - len, "%s %s",
			i ? "" : ", delivered", sim->store.keys[reply->keys[i]].id);
	}
	sim_print("%s: %s asks %s %s: %u%s%s%s", sim->config.kmes[listener->kme].id,
		sim->config.saes[request->caller].id, sim_method_name(request->method),
		request->peer, reply->status, delivered,
		effect->kind == FAULT_NONE ? "" : ", fault ",
		effect->kind == FAULT_NONE ? "" : fault_name(effect->kind));
}

static char *oversize_body(void)
{
	char *body = malloc(OVERSIZE_LEN + 1);

	if (body) {
		memset(body, ' ', OVERSIZE_LEN);
		body[OVERSIZE_LEN] = '\0';
	}
	return body;
}

/* What the network sees of a reply. Takes its body. */
static enum MHD_Result send_with_fault(struct MHD_Connection *connection, struct api_reply *reply,
	const struct fault_effect *effect)
{
	switch (effect->kind) {
	case FAULT_REPLY_LOST:
	case FAULT_DROP_REUSED:
		free(reply->body);
		return MHD_NO; /* ends the connection */
	case FAULT_GARBAGE:
		free(reply->body);
		return send_reply(connection, 200, strdup("<html>It works!</html>"));
	case FAULT_OVERSIZE:
		free(reply->body);
		return send_reply(connection, 200, oversize_body());
	case FAULT_NONE:
	case FAULT_DELAY:
	case FAULT_STATUS:
	case FAULT_KEY_EXPIRED:
	case FAULT_WRONG_LENGTH:
	case FAULT_UPPER_CASE:
	case FAULT_KIND_COUNT:
		break;
	}
	return send_reply(connection, reply->status, reply->body);
}

static enum MHD_Result answer(const struct listener *listener, struct MHD_Connection *connection,
	struct api_request *request, bool reused)
{
	struct sim *sim = listener->sim;
	struct fault_effect effect;
	struct api_reply reply = { 0 };

	pthread_mutex_lock(&sim->lock);
	sim->requests[request->caller][request->method]++;
	effect = faults_take(&sim->faults, request->caller, request->method, reused);
	pthread_mutex_unlock(&sim->lock);

	if (effect.delay_ms > 0) {
		wait_ms(sim, effect.delay_ms);
	}
	request->octets_short = effect.kind == FAULT_WRONG_LENGTH ? 1 : 0;
	request->upper_case = effect.kind == FAULT_UPPER_CASE;
	request->expire = effect.kind == FAULT_KEY_EXPIRED;

	pthread_mutex_lock(&sim->lock);
	if (effect.kind == FAULT_STATUS) {
		reply.status = (unsigned int)effect.status;
		reply.body = api_error_body("fault on demand");
	} else {
		api_answer(sim, request, &reply);
	}
	print_answer(listener, request, &reply, &effect);
	pthread_mutex_unlock(&sim->lock);
	return send_with_fault(connection, &reply, &effect);
}

static enum MHD_Result refuse(const struct listener *listener, struct MHD_Connection *connection,
	const char *sae, const char *uri, unsigned int status, const char *why)
{
	sim_print("%s: %s asks %s: %u, %s", listener->sim->config.kmes[listener->kme].id, sae, uri,
		status, why);
	return send_reply(connection, status, status == 401 ? NULL : api_error_body(why));
}

static const char *query_value(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);
}

static enum MHD_Result handle(const struct listener *listener, struct MHD_Connection *connection,
	const struct exchange *exchange, const char *verb)
{
	bool reused = count_request(connection) > 1;
	bool post = strcmp(verb, MHD_HTTP_METHOD_POST) == 0;
	struct api_request request = { .post = post };
	struct route route;
	char id[SIM_ID_MAX + 1];
	int caller = identify(listener, connection, id);

	if (caller < 0) {
		return refuse(listener, connection, id, exchange->uri, 401, "no SAE of this KME");
	}
	if (!parse_route(exchange->uri, &route)) {
		return refuse(listener, connection, id, exchange->uri, 404, "no such path");
	}
	if (!post && strcmp(verb, MHD_HTTP_METHOD_GET) != 0) {
		return refuse(listener, connection, id, exchange->uri, 405, "neither GET nor POST");
	}
	if (exchange->too_long) {
		return refuse(listener, connection, id, exchange->uri, 413, "too long a body");
	}
	if (post && !is_json(connection)) {
		return refuse(listener, connection, id, exchange->uri, 400,
			"Content-Type shall be application/json");
	}
	request.method = route.method;
	request.caller = (size_t)caller;
	request.peer = route.peer;
	request.body = exchange->body;
	request.body_len = exchange->body_len;
	request.number = query_value(connection, "number");
	request.size = query_value(connection, "size");
	request.key_id = query_value(connection, "key_ID");
	return answer(listener, connection, &request, reused);
}

/* ---- libmicrohttpd's callbacks --------------------------------------------------------------- */

static void *exchange_begins(void *ctx, const char *uri, struct MHD_Connection *connection)
{
	struct exchange *exchange = calloc(1, sizeof(*exchange));

	(void)ctx;
	(void)connection;
	if (exchange) {
		exchange->uri = strdup(uri);
	}
	return exchange;
}

static void exchange_ends(void *ctx, struct MHD_Connection *connection, void **exchange_ctx,
	enum MHD_RequestTerminationCode why)
{
	struct exchange *exchange = *exchange_ctx;

	(void)ctx;
	(void)connection;
	(void)why;
	if (exchange) {
		free(exchange->uri);
		free(exchange);
		*exchange_ctx = NULL;
	}
}

/* Called once with the head, then with each part of the body, then with no more. */
static enum MHD_Result receive(void *ctx, struct MHD_Connection *connection, const char *url,
	const char *verb, const char *version, const char *data, size_t *len, void **exchange_ctx)
{
	struct exchange *exchange = *exchange_ctx;

	(void)url;
	(void)version;
	if (!exchange || !exchange->uri) {
		return MHD_NO;
	}
	if (!exchange->begun) {
		exchange->begun = true;
		return MHD_YES;
	}
	if (*len == 0) {
		return handle(ctx, connection, exchange, verb);
	}
	if (*len > sizeof(exchange->body) - exchange->body_len) {
		exchange->too_long = true;
	} else {
		memcpy(exchange->body + exchange->body_len, data, *len);
		exchange->body_len += *len;
	}
	*len = 0;
	return MHD_YES;
}

/* ---- opening and closing --------------------------------------------------------------------- */

static char *read_pem(const char *path, char *error)
{
	char *text = calloc(1, PEM_MAX + 1);
	FILE *file = fopen(path, "re");

	if (!file || !text || fread(text, 1, PEM_MAX, file) == 0) {
		snprintf(error, SIM_TEXT_MAX, "%s: %s", path, file ? "empty" : strerror(errno));
		free(text);
		text = NULL;
	}
	if (file) {
		fclose(file);
	}
	return text;
}

static struct MHD_Daemon *start_daemon(struct listener *listener, int fd)
{
	return MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
					MHD_USE_POLL | MHD_USE_TLS,
		0, NULL, NULL, receive, listener, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_HTTPS_MEM_TRUST, listener->ca, MHD_OPTION_HTTPS_MEM_CERT,
		listener->certificate, MHD_OPTION_HTTPS_MEM_KEY, listener->private_key,
		MHD_OPTION_HTTPS_PRIORITIES, "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2",
		MHD_OPTION_URI_LOG_CALLBACK, exchange_begins, NULL, MHD_OPTION_NOTIFY_COMPLETED,
		exchange_ends, NULL, MHD_OPTION_NOTIFY_CONNECTION, watch_connection, NULL,
		MHD_OPTION_END);
}

static bool read_files(struct listener *listener, const struct sim_kme *kme, char *error)
{
	listener->ca = read_pem(listener->sim->config.ca_file, error);
	listener->certificate = listener->ca ? read_pem(kme->certificate_file, error) : NULL;
	listener->private_key = listener->certificate ? read_pem(kme->private_key_file, error)
						      : NULL;
	return listener->private_key != NULL;
}

struct listener *listener_open(struct sim *sim, size_t index, char error[static SIM_TEXT_MAX])
{
	const struct sim_kme *kme = &sim->config.kmes[index];
	struct listener *listener = calloc(1, sizeof(*listener));
	char url[80];
	int fd;

	if (!listener) {
		snprintf(error, SIM_TEXT_MAX, "no memory");
		return NULL;
	}
	listener->sim = sim;
	listener->kme = index;
	if (!read_files(listener, kme, error)) {
		listener_close(listener);
		return NULL;
	}
	fd = listen_socket_open(kme);
	if (fd < 0) {
		snprintf(error, SIM_TEXT_MAX, "%s: %s port %u: %s", kme->id, kme->address,
			kme->port, strerror(errno));
		listener_close(listener);
		return NULL;
	}
	listen_socket_url(fd, url, sizeof(url));
	listener->daemon = start_daemon(listener, fd);
	if (!listener->daemon) {
		snprintf(error, SIM_TEXT_MAX,
			"%s: cannot serve; do certificate and key belong together?", kme->id);
		close(fd);
		listener_close(listener);
		return NULL;
	}
	sim_print("%s listens on %s", kme->id, url);
	return listener;
}

void listener_close(struct listener *listener)
{
	if (!listener) {
		return;
	}
	if (listener->daemon) {
		MHD_stop_daemon(listener->daemon);
	}
	free(listener->ca);
	free(listener->certificate);
	free(listener->private_key);
	free(listener);
}
