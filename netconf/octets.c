#include "netconf/octets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/secret.h"

#define FIRST_CAP 4096

void octets_init(struct octets *octets, size_t max)
{
	*octets = (struct octets){ .max = max };
}

void octets_fini(struct octets *octets)
{
	if (octets->bytes) {
		secret_wipe_bytes(octets->bytes, octets->cap);
		free(octets->bytes);
	}
	octets_init(octets, octets->max);
}

void octets_clear(struct octets *octets)
{
	if (octets->len > 0) {
		secret_wipe_bytes(octets->bytes, octets->len);
	}
	octets->len = 0;
}

/* realloc() would leave an unwiped copy behind. */
static int grow(struct octets *octets, size_t needed)
{
	size_t cap = octets->cap > 0 ? octets->cap : FIRST_CAP;
	uint8_t *bytes;

	while (cap < needed) {
		cap *= 2;
	}
	bytes = malloc(cap);
	if (!bytes) {
		return -ENOMEM;
	}
	if (octets->bytes) {
		memcpy(bytes, octets->bytes, octets->len);
		secret_wipe_bytes(octets->bytes, octets->cap);
		free(octets->bytes);
	}
	octets->bytes = bytes;
	octets->cap = cap;
	return 0;
}

int octets_append(struct octets *octets, const void *bytes, size_t len)
{
	int rc;

	if (len > octets->max - octets->len) {
		return -EMSGSIZE;
	}
	if (len > octets->cap - octets->len) {
		rc = grow(octets, octets->len + len);
		if (rc < 0) {
			return rc;
		}
	}
	if (len > 0) {
		memcpy(octets->bytes + octets->len, bytes, len);
		octets->len += len;
	}
	return 0;
}
