/*
 * The key-ID in the Port Description of an LLDP neighbour: nothing protects it. It is
 * heard on a port of its own, whatever else of keyidd runs on the interface.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "keyidd/engine.h"
#include "keyidd/handover.h"
#include "keyidd/handover_neighbours.h"
#include "keyidd/netif.h"
#include "l2proto/port.h"

#define RECEIVE_BUDGET 64       /* frames in a turn of the loop */
#define REOPEN_INTERVAL_MS 2000 /* between attempts to open a port on an interface that is up */

struct handover_ear {
	struct handover *handover;
	struct netif_watch netif; /* of the interface */
	struct port *port;        /* NULL = not open */
	struct loop_watch watch;
	struct loop_timer reopen; /* for failures whose end nobody tells */
	struct loop_timer ageing;
	struct handover_neighbours neighbours;
};

/* Group addresses of LLDP: nearest bridge, nearest non-TPMR bridge, nearest customer bridge. */
static const uint8_t groups[][ETHERNET_ADDRESS_LEN] = {
	{ 0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e },
	{ 0x01, 0x80, 0xc2, 0x00, 0x00, 0x03 },
	{ 0x01, 0x80, 0xc2, 0x00, 0x00, 0x00 },
};

/* No message of ours is looked for in these LLDPDUs: nobody has this OUI. */
static const struct lldp_format no_messages = { { 0xff, 0xff, 0xff }, 0xff };

/* ---- hearing --------------------------------------------------------------------------------- */

static void set_error(struct handover_ear *ear, const char *reason, const char *text)
{
	handover_set_error(ear->handover, HANDOVER_AT_SOURCE, reason, "%s: %s",
		ear->handover->config->interface, text);
}

static void watch_ages(struct handover_ear *ear)
{
	uint64_t next_ms = handover_neighbours_next_ms(&ear->neighbours);

	if (next_ms == UINT64_MAX) {
		loop_timer_stop(ear->handover->engine->loop, &ear->ageing);
	} else {
		loop_timer_set(ear->handover->engine->loop, &ear->ageing, next_ms);
	}
}

/* Nobody to believe: whatever was heard before is not there any more. */
static void believe_nobody(struct handover_ear *ear, const char *reason)
{
	bool several = ear->neighbours.count > 1;

	ear->handover->counters.refused += several;
	set_error(ear, several ? "lldp-ambiguous" : "lldp-no-neighbour", reason);
	handover_heard(ear->handover, NULL);
}

static void judge(struct handover_ear *ear)
{
	const struct handover_neighbour *neighbour;
	char reason[HANDOVER_TEXT_MAX];
	struct key_id key_id;

	neighbour = handover_neighbours_believed(&ear->neighbours, clock_mono_ms(), reason);
	watch_ages(ear);
	if (!neighbour) {
		believe_nobody(ear, reason);
		return;
	}
	if (!handover_text_key_id(&ear->handover->config->ckn, neighbour->description.text,
		    neighbour->description.len, &key_id, reason)) {
		ear->handover->counters.refused++;
		set_error(ear, "lldp-content", reason);
		handover_heard(ear->handover, NULL);
		return;
	}
	handover_clear_error(ear->handover, HANDOVER_AT_SOURCE);
	handover_heard(ear->handover, &key_id);
}

static void age(void *ctx)
{
	judge(ctx);
}

static void say_malformed(struct handover_ear *ear, enum malformed malformed)
{
	uint32_t held_back;

	ear->handover->counters.refused++;
	if (log_limit_allow(&ear->handover->source_limit, clock_mono_ms(), &held_back)) {
		handover_log(ear->handover, LOG_LEVEL_WARNING,
			"%s: an LLDPDU is malformed: %s (%u like this held back)",
			ear->handover->config->interface, malformed_name(malformed), held_back);
	}
}

static void take_frame(void *ctx, const uint8_t *frame, size_t frame_len)
{
	struct handover_ear *ear = ctx;
	struct lldpdu lldpdu;
	enum malformed malformed;
	const uint8_t *octets;
	size_t len;

	if (!lldp_frame(frame, frame_len, &octets, &len)) {
		return;
	}
	malformed = lldp_read(&no_messages, octets, len, &lldpdu);
	if (malformed != MALFORMED_NOT) {
		say_malformed(ear, malformed);
		return;
	}
	handover_neighbours_take(&ear->neighbours, &lldpdu, clock_mono_ms());
	judge(ear);
}

/* ---- the port -------------------------------------------------------------------------------- */

static void close_port(struct handover_ear *ear)
{
	loop_timer_stop(ear->handover->engine->loop, &ear->reopen);
	if (ear->port) {
		loop_watch_remove(ear->handover->engine->loop, &ear->watch);
		port_close(ear->port);
		ear->port = NULL;
	}
}

/* The text is a port's, which begins with the interface. */
static void lost(struct handover_ear *ear, const char *text)
{
	close_port(ear);
	handover_set_error(ear->handover, HANDOVER_AT_SOURCE, "lldp-port", "%s", text);
	loop_timer_set(
		ear->handover->engine->loop, &ear->reopen, clock_mono_ms() + REOPEN_INTERVAL_MS);
}

static void lost_for(struct handover_ear *ear, int rc)
{
	char text[PORT_ERROR_TEXT_MAX];

	snprintf(text, sizeof(text), "%s: %s", ear->handover->config->interface, strerror(-rc));
	lost(ear, text);
}

static void receive(void *ctx, uint32_t events)
{
	struct handover_ear *ear = ctx;
	int count = port_receive(ear->port, RECEIVE_BUDGET, take_frame, ear);

	(void)events;
	if (count < 0 && count != -ENETDOWN) {
		lost_for(ear, count);
	}
}

static int join_groups(struct handover_ear *ear)
{
	int rc = 0;

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]) && rc == 0; i++) {
		rc = port_join(ear->port, groups[i]);
	}
	return rc;
}

static bool open_port(struct handover_ear *ear)
{
	const struct port_raw_config config = {
		.interface = ear->handover->config->interface,
		.format = ear->handover->engine->config.transport.frame.raw,
		.lldp = true,
	};
	char error[PORT_ERROR_TEXT_MAX];
	int rc;

	ear->port = port_raw_open(&config, error);
	if (!ear->port) {
		lost(ear, error);
		return false;
	}
	ear->watch.fd = port_fd(ear->port);
	rc = join_groups(ear);
	if (rc == 0) {
		rc = loop_watch_add(ear->handover->engine->loop, &ear->watch, EPOLLIN);
	}
	if (rc != 0) {
		lost_for(ear, rc);
	}
	return rc == 0;
}

/* What was heard before a time down is believed for as long as its TTL says. */
static void look(void *ctx)
{
	struct handover_ear *ear = ctx;
	const struct netif *now = &ear->netif.now;

	if (now->index == 0) {
		set_error(ear, "lldp-port", "no such interface");
	} else if (!now->is_up) {
		set_error(ear, "lldp-port", "the interface is down");
	} else if ((ear->port || open_port(ear)) && !now->has_carrier) {
		set_error(ear, "lldp-port", "no carrier");
	} else if (ear->port) {
		judge(ear);
	}
}

/* The name is the identity: another interface has other neighbours. */
static void changed(void *ctx, unsigned changes)
{
	struct handover_ear *ear = ctx;

	if (changes & NETIF_CHANGE_IDENTITY) {
		close_port(ear);
	}
	if (changes & (NETIF_CHANGE_IDENTITY | NETIF_CHANGE_STATE)) {
		look(ear);
	}
}

/* ---- life ------------------------------------------------------------------------------------ */

int handover_lldp_open(struct handover *handover, char error[static STATE_TEXT_MAX])
{
	struct handover_ear *ear = calloc(1, sizeof(*ear));

	if (!ear) {
		snprintf(error, STATE_TEXT_MAX, "no memory");
		return -ENOMEM;
	}
	handover->ear = ear;
	ear->handover = handover;
	ear->watch.ready = receive;
	ear->watch.ctx = ear;
	ear->reopen.fn = look;
	ear->reopen.ctx = ear;
	ear->ageing.fn = age;
	ear->ageing.ctx = ear;
	ear->netif.changed = changed;
	ear->netif.ctx = ear;
	handover_lldp_rename(handover);
	netif_watch_add(handover->engine->netifs, &ear->netif);
	return 0;
}

void handover_lldp_rename(struct handover *handover)
{
	if (handover->ear) {
		handover->ear->neighbours.chassis = handover->config->neighbour_chassis;
		handover->ear->neighbours.system_name = handover->config->neighbour_system_name;
		handover->ear->netif.name = handover->config->interface;
	}
}

void handover_lldp_close(struct handover *handover)
{
	struct handover_ear *ear = handover->ear;

	if (!ear) {
		return;
	}
	netif_watch_remove(handover->engine->netifs, &ear->netif);
	loop_timer_stop(handover->engine->loop, &ear->ageing);
	close_port(ear);
	free(ear);
}
