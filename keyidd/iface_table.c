/* Links by association and VLAN: a hash table that grows with them. */
#include "keyidd/iface_private.h"

#include <stdlib.h>
#include <string.h>

/* An association ID is the beginning of a hash already. There is at least one link. */
static struct association_link **bucket_of(const struct iface *iface,
	const uint8_t association[static ASSOCIATION_ID_LEN], uint16_t vlan)
{
	uint64_t hash;

	_Static_assert(sizeof(hash) == ASSOCIATION_ID_LEN, "all of it");
	memcpy(&hash, association, sizeof(hash));
	return &iface->buckets[(hash ^ vlan) & (iface->bucket_count - 1)];
}

void iface_table_put(struct iface *iface, struct association_link *link)
{
	struct association_link **bucket = bucket_of(
		iface, link->link.config.association, iface_link_config(link)->vlan);

	link->iface_next = *bucket;
	*bucket = link;
}

void iface_table_take(struct iface *iface, const struct association_link *link)
{
	struct association_link **at = bucket_of(
		iface, link->link.config.association, iface_link_config(link)->vlan);

	while (*at != link) {
		at = &(*at)->iface_next;
	}
	*at = link->iface_next;
}

bool iface_table_grow(struct iface *iface)
{
	size_t count = iface->bucket_count ? 2 * iface->bucket_count : 4;
	struct association_link **links, **buckets;

	if (iface->link_count < iface->bucket_count) {
		return true;
	}
	links = realloc(iface->links, count * sizeof(*links));
	if (!links) {
		return false;
	}
	iface->links = links;
	buckets = calloc(count, sizeof(*buckets));
	if (!buckets) {
		return false;
	}
	free(iface->buckets);
	iface->buckets = buckets;
	iface->bucket_count = count;
	for (size_t i = 0; i < iface->link_count; i++) {
		iface_table_put(iface, links[i]);
	}
	return true;
}

struct association_link *iface_find_link(
	const struct iface *iface, uint16_t vlan, const struct message_header *header)
{
	struct association_link *link = *bucket_of(iface, header->association, vlan);

	while (link && (iface_link_config(link)->vlan != vlan ||
			       memcmp(link->link.config.association, header->association,
				       ASSOCIATION_ID_LEN) != 0)) {
		link = link->iface_next;
	}
	return link;
}
