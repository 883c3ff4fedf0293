/*
 * Values of the scenario language, each read from the next word of the line. what
 * names the value in an error, as in "a key number"; after an error zeros come.
 */
#ifndef KEYID_CRAFT_VALUE_H
#define KEYID_CRAFT_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "l2proto/ethernet.h"
#include "tools/keyid-craft/script.h"

#define VALUE_TIME_MAX_S 86400 /* a scenario lasts a day at most */

/* Decimal, or hexadecimal after 0x; min..max. */
uint64_t value_number(struct script *script, const char *what, uint64_t min, uint64_t max);

/* The same of a word that was already read. */
uint64_t value_number_of(
	struct script *script, const char *word, const char *what, uint64_t min, uint64_t max);

/*
 * Seconds with up to nine decimal places, in nanoseconds; after a + counted from
 * now_ns. At most VALUE_TIME_MAX_S.
 */
uint64_t value_time_ns(struct script *script, uint64_t now_ns);

/* A number with ms, s, m, h or d; 1 ms up to 30 days. In milliseconds. */
uint64_t value_duration_ms(struct script *script, const char *what);

/* 2026-01-31T12:00:00Z, or seconds since 1970 as they are, or after a + since clock_s. */
int64_t value_date(struct script *script, const char *what, int64_t clock_s);

/* Six octets as in 02:00:00:00:00:0a; an OUI has three. */
void value_address(struct script *script, const char *what, uint8_t *out, size_t len);

/* The digits of exactly len octets. */
void value_digits(struct script *script, const char *what, uint8_t *out, size_t len);

/*
 * All the words that are left, as octets: hexadecimal digits in any groups, perhaps
 * repeated as in 5a*100, and texts in quotes. Returns how many.
 */
size_t value_octets(struct script *script, uint8_t *out, size_t max);

/* Cuts the next item off a list a,b,c; NULL after the last one. *list begins as the word. */
char *value_item(char **list);

#endif
