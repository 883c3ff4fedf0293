/*
 * Who watches which name, and what has been said of it: the part of netif.h without I/O.
 *
 * News and answers come in the order in which the kernel has made them, so each message
 * is simply taken over. What is not simple is an answer to "which are there?": a name that
 * no part of it has is no interface's. Only news that comes after the answer's beginning is
 * newer than the question; what comes before that may be older, in particular than messages
 * that were lost.
 */
#ifndef KEYIDD_NETIF_TABLE_H
#define KEYIDD_NETIF_TABLE_H

#include "keyidd/netif.h"

struct netif_table {
	struct netif_watch *first;
	struct netif_watch *next; /* to be told next, while changed() of another runs */
	bool has_begun;           /* some of the answer has come */
	bool has_lost;            /* messages, since the last question */
};

void netif_table_add(struct netif_table *table, struct netif_watch *watch);
void netif_table_remove(struct netif_table *table, struct netif_watch *watch);

void netif_table_asked(struct netif_table *table);    /* the question goes out */
void netif_table_answered(struct netif_table *table); /* all of the answer has come */
void netif_table_lost(struct netif_table *table);     /* messages have been: ask */
void netif_table_take(struct netif_table *table, const struct netif_message *message);

/* Tells each watcher what has changed since it was told last. */
void netif_table_tell(struct netif_table *table);

#endif
