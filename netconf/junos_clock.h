/*
 * A Junos device's time: its clock, and the start-times of keys.
 *
 * Keys of a key-chain start by the device's own clock, and their start-times are
 * shown in its own time-zone. Only a device in UTC is trusted with a start: what
 * another makes of one that is written in UTC, before and after daylight saving,
 * has been seen to differ between releases.
 */
#ifndef NETCONF_JUNOS_CLOCK_H
#define NETCONF_JUNOS_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include <libxml/tree.h>

#define JUNOS_START_MAX INT64_C(253402300799) /* 9999-12-31T23:59:59Z: its year has four digits */
#define JUNOS_START_TEXT_MAX 32
#define JUNOS_ZONE_MAX 16

struct junos_clock {
	int64_t now_s;             /* seconds since the epoch; 0 = not to be read */
	bool utc;                  /* its time-zone is UTC */
	char zone[JUNOS_ZONE_MAX]; /* as it calls it; "" = not said */
};

/* The <rpc> get-system-uptime-information; NULL out of memory. */
xmlDoc *junos_get_clock(void);

/*
 * Reads current-time/date-time in the reply: seconds since the epoch in its
 * attribute "seconds", and "YYYY-MM-DD HH:MM:SS ZONE" as its text. The text alone
 * will do if the zone is UTC. Of several routing engines, the first counts.
 */
void junos_read_clock(const xmlDoc *reply, struct junos_clock *clock);

/* "YYYY-MM-DD.HH:MM:SS +0000" of start, 0..JUNOS_START_MAX. */
void junos_write_start(int64_t start, char out[static JUNOS_START_TEXT_MAX]);

/*
 * Reads "YYYY-M-D.H:M[:S]" with or without a zone after it: +HHMM, +HH:MM, UTC or
 * Z. Without one, UTC is assumed, and *zone_s, the zone's seconds east of UTC, is
 * 0. Returns false for anything else, and for what is outside 0..JUNOS_START_MAX.
 */
bool junos_read_start(const char *text, int64_t *start, int32_t *zone_s);

#endif
