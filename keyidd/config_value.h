/*
 * From one text to one value: config_read_TYPE() of every type that config_fields.h
 * names. Returns false, with the reason, if the text is no such value: what is at target is
 * of no use then. A value that is a text borrows it. Included by config_value.c and
 * config_section.c, nobody else.
 */
#ifndef KEYIDD_CONFIG_VALUE_H
#define KEYIDD_CONFIG_VALUE_H

#include "keyidd/config_private.h"

#define CONFIG_READER(type)                                                                        \
	bool config_read_##type(const struct config_field *field, const char *text, void *target,  \
		char reason[static CONFIG_REASON_MAX])

/* Types that several tables name are declared as often. */
#define CONFIG_DECLARE(member, key, type, ...) CONFIG_READER(type);
#define CONFIG_OTHER(...)

DAEMON_FIELDS(CONFIG_DECLARE, CONFIG_OTHER)
TRANSPORT_FIELDS(CONFIG_DECLARE, CONFIG_OTHER)
KME_FIELDS(CONFIG_DECLARE, CONFIG_OTHER)
DEVICE_FIELDS(CONFIG_DECLARE, CONFIG_OTHER)
ASSOCIATION_FIELDS(CONFIG_DECLARE, CONFIG_OTHER)
CHANNEL_KEY_FIELDS(CONFIG_DECLARE, CONFIG_OTHER)
LINK_FIELDS(CONFIG_DECLARE, CONFIG_OTHER)
HANDOVER_FIELDS(CONFIG_DECLARE, CONFIG_OTHER)

#endif
