#include "l2proto/port_filter.h"

#include <stdio.h>

#include "l2proto/lldp.h"

int port_filter_set(pcap_t *capture, const char *raw, bool lldp)
{
	struct bpf_program program;
	char text[PORT_FILTER_TEXT_MAX + 32];
	int result;

	if (lldp) {
		snprintf(text, sizeof(text), "(%s) or ether[12:2] = 0x%04x", raw, LLDP_ETHERTYPE);
	} else {
		snprintf(text, sizeof(text), "%s", raw);
	}
	if (pcap_compile(capture, &program, text, 1, PCAP_NETMASK_UNKNOWN) != 0) {
		return -1;
	}
	result = pcap_setfilter(capture, &program);
	pcap_freecode(&program);
	return result;
}
