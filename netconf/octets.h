/* Octets that grow up to a limit and are wiped wherever they are dropped, for they may hold a CAK.
 */
#ifndef NETCONF_OCTETS_H
#define NETCONF_OCTETS_H

#include <stddef.h>
#include <stdint.h>

struct octets {
	uint8_t *bytes;
	size_t len;
	size_t cap;
	size_t max; /* never more than this */
};

void octets_init(struct octets *octets, size_t max);

/* Wipes and releases; the buffer can be used again. */
void octets_fini(struct octets *octets);

/* Wipes the content and keeps the storage. */
void octets_clear(struct octets *octets);

/* Returns 0, -EMSGSIZE over the limit, or -ENOMEM; on failure nothing is added. */
int octets_append(struct octets *octets, const void *bytes, size_t len);

#endif
