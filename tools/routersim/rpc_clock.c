/* get-system-uptime-information: the router's own clock, in its own time-zone. */
#include "tools/routersim/serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "netconf/xml.h"
#include "tools/routersim/chain.h"

#define JUNOS_NS "http://xml.juniper.net/junos/23.2R1/junos"

static void write_date(int64_t now_s, const char *time_zone, char *out, size_t size)
{
	time_t seconds = (time_t)now_s;
	struct tm tm;

	setenv("TZ", time_zone[0] ? time_zone : "UTC", 1);
	tzset();
	localtime_r(&seconds, &tm);
	strftime(out, size, "%Y-%m-%d %H:%M:%S %Z", &tm);
}

static void answer(int64_t now_s, const char *time_zone, xmlNode *reply)
{
	xmlNode *information = xmlNewChild(
		reply, NULL, (const xmlChar *)"system-uptime-information", NULL);
	xmlNs *junos = xmlNewNs(information, (const xmlChar *)JUNOS_NS, (const xmlChar *)"junos");
	xmlNode *current = xmlNewChild(information, NULL, (const xmlChar *)"current-time", NULL);
	xmlNode *date;
	char text[64];

	write_date(now_s, time_zone, text, sizeof(text));
	date = xmlNewTextChild(current, NULL, (const xmlChar *)"date-time", (const xmlChar *)text);
	snprintf(text, sizeof(text), "%lld", (long long)now_s);
	xmlNewNsProp(date, junos, (const xmlChar *)"seconds", (const xmlChar *)text);
	xmlNewTextChild(
		information, NULL, (const xmlChar *)"time-source", (const xmlChar *)" NTP CLOCK ");
}

int rpc_get_clock(struct server *server, const xmlNode *operation, xmlNode *reply,
	struct rpc_failure *failure)
{
	char time_zone[ROUTER_NAME_MAX] = "";
	struct router router;
	int64_t now_s;
	xmlDoc *doc;

	(void)operation;
	if (router_open(&router, server->dir) < 0) {
		return rpc_fail_internal(failure);
	}
	now_s = router_now_ms() / 1000 + router.clock_offset_s;
	doc = router_read_config(server->dir, "running.xml");
	router_close(&router);
	if (doc) {
		chain_time_zone(doc, time_zone);
	}
	xmlFreeDoc(doc);
	answer(now_s, time_zone, reply);
	return 0;
}
