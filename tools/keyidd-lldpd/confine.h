/*
 * What keyidd-lldpd gives up before it hears from lldpd, for good: every capability, and,
 * where the kernel has Landlock, every file (not Unix sockets that are there). Of a user
 * who owns keyidd's files, no more is left than to speak with lldpd. Does what it can.
 */
#ifndef TOOLS_KEYIDD_LLDPD_CONFINE_H
#define TOOLS_KEYIDD_LLDPD_CONFINE_H

void confine(void);

#endif
