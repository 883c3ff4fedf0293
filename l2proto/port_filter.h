/* The kernel's filter before a libpcap handle: for the port_*.c that capture, nobody else. */
#ifndef L2PROTO_PORT_FILTER_H
#define L2PROTO_PORT_FILTER_H

#include <stdbool.h>

#include <pcap/pcap.h>

#define PORT_FILTER_TEXT_MAX 128

/*
 * Lets through what raw says, a filter of pcap-filter(7) shorter than
 * PORT_FILTER_TEXT_MAX, and with lldp LLDPDUs too. Returns 0, or -1 with the reason in
 * pcap_geterr().
 *
 * The kernel takes the outermost VLAN tag off a frame before it runs the filter, and
 * libpcap puts it back when the frame is read; so the filter sees tagged frames as
 * untagged ones.
 */
int port_filter_set(pcap_t *capture, const char *raw, bool lldp);

#endif
