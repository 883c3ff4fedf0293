#include "keyidd/netif_table.h"

#include <stdio.h>
#include <string.h>

/* ---- what changes ---------------------------------------------------------------------------- */

static void note_identity(struct netif_watch *watch, unsigned index)
{
	if (watch->now.index != index || !watch->is_known) {
		watch->changes |= NETIF_CHANGE_IDENTITY;
		watch->now = (struct netif){ .index = index };
	}
	watch->is_known = true;
}

/* By an answer, or later: it is as it is said to be, whatever was missed. */
static void note_certain(struct netif_watch *watch)
{
	watch->is_named = true;
	watch->is_known &= !watch->is_doubtful;
	watch->is_doubtful = false;
}

static void note_gone(struct netif_watch *watch, const char *taken_on)
{
	note_identity(watch, 0);
	snprintf(watch->now.taken_on, sizeof(watch->now.taken_on), "%s", taken_on);
}

static void note_state(struct netif_watch *watch, const struct netif_message *message)
{
	bool has_carrier = message->is_up && message->has_carrier;

	if (watch->now.is_up != message->is_up || watch->now.has_carrier != has_carrier) {
		watch->changes |= NETIF_CHANGE_STATE;
	}
	watch->now.is_up = message->is_up;
	watch->now.has_carrier = has_carrier;
}

static void note_address(struct netif_watch *watch, const struct netif_message *message)
{
	if (!message->has_address ||
		(watch->now.has_address && memcmp(watch->now.address, message->address,
						   sizeof(watch->now.address)) == 0)) {
		return;
	}
	watch->changes |= NETIF_CHANGE_ADDRESS;
	watch->now.has_address = true;
	memcpy(watch->now.address, message->address, sizeof(watch->now.address));
}

static void note_mtu(struct netif_watch *watch, const struct netif_message *message)
{
	if (message->has_mtu && watch->now.mtu != message->mtu) {
		watch->changes |= NETIF_CHANGE_MTU;
		watch->now.mtu = message->mtu;
	}
}

static bool is_named(const struct netif_watch *watch, const struct netif_message *message)
{
	return !message->is_deleted && strcmp(watch->name, message->name) == 0;
}

static void note_message(struct netif_watch *watch, const struct netif_message *message)
{
	if (is_named(watch, message)) {
		note_identity(watch, message->index);
		note_state(watch, message);
		note_address(watch, message);
		note_mtu(watch, message);
	} else if (watch->now.index == message->index) {
		note_gone(watch, message->is_deleted ? "" : message->name);
	}
}

void netif_table_take(struct netif_table *table, const struct netif_message *message)
{
	table->has_begun |= message->is_answer;
	for (struct netif_watch *watch = table->first; watch; watch = watch->next) {
		if (table->has_begun && is_named(watch, message)) {
			note_certain(watch);
		}
		note_message(watch, message);
	}
}

/* ---- questions and answers ------------------------------------------------------------------- */

void netif_table_asked(struct netif_table *table)
{
	for (struct netif_watch *watch = table->first; watch; watch = watch->next) {
		watch->is_named = false;
		watch->is_doubtful |= table->has_lost;
	}
	table->has_begun = false;
	table->has_lost = false;
}

void netif_table_answered(struct netif_table *table)
{
	for (struct netif_watch *watch = table->first; watch; watch = watch->next) {
		if (!watch->is_named && (watch->now.index != 0 || !watch->is_known)) {
			note_gone(watch, "");
		}
		watch->is_doubtful = false;
	}
}

void netif_table_lost(struct netif_table *table)
{
	table->has_lost = true;
}

/* ---- watches --------------------------------------------------------------------------------- */

/* A callback may remove any watch: netif_table_remove() keeps the next one right. */
void netif_table_tell(struct netif_table *table)
{
	struct netif_watch *watch = table->first;

	while (watch) {
		unsigned changes = watch->changes;

		table->next = watch->next;
		watch->changes = 0;
		if (changes != 0) {
			watch->changed(watch->ctx, changes);
		}
		watch = table->next;
	}
}

void netif_table_add(struct netif_table *table, struct netif_watch *watch)
{
	watch->next = table->first;
	table->first = watch;
	watch->is_added = true;
}

void netif_table_remove(struct netif_table *table, struct netif_watch *watch)
{
	struct netif_watch **at = &table->first;

	if (!watch->is_added) {
		return;
	}
	while (*at != watch) {
		at = &(*at)->next;
	}
	*at = watch->next;
	if (table->next == watch) {
		table->next = watch->next;
	}
	watch->is_added = false;
}
