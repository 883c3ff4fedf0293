/*
 * keyidctl: one file per subcommand, behind the table in main.c.
 *
 *     main.c   options, the table, help         ask.c    the socket
 *     table.c  aligned columns                  text.c   JSON values as words
 */
#ifndef TOOLS_KEYIDCTL_CTL_H
#define TOOLS_KEYIDCTL_CTL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* What scripts can rely on; the same numbers are in keyidctl(1). */
enum ctl_exit {
	CTL_OK = 0,
	CTL_NO = 1, /* the daemon says no, or: not confirmed */
	CTL_USAGE = 2,
	CTL_UNREACHABLE = 3, /* no daemon, no permission, no answer */
};

/* What the command line says. */
struct ctl {
	const char *socket;
	bool json;
	bool wait;
	int limit;               /* 0 = not given */
	int timeout_s;           /* 0 = not given */
	const char *association; /* NAME or NAME/SAE; NULL = not given */
	const char *sae;         /* NULL = not given */
};

/* The subcommands; each asks, prints, and returns the exit status. */
int status_main(const struct ctl *ctl);
int neighbours_main(const struct ctl *ctl);
int history_main(const struct ctl *ctl);
int rekey_main(const struct ctl *ctl);
int counters_main(const struct ctl *ctl);

/* ---- handovers.c: the parts of status and counters that are about hand-overs ---- */

void print_handovers(const json_t *handovers);         /* a row each, and what is wrong */
void print_handover(const json_t *handover);           /* one, in full */
void print_handover_counters(const json_t *handovers); /* a table, if there are any */

/* ---- ask.c ---- */

/* A request for the command, with the association if one was given. */
json_t *ctl_request(const struct ctl *ctl, const char *command);

/*
 * Sends the request (and releases it) and waits for the answer, for wait_s
 * seconds longer than the daemon needs to think. What goes wrong is printed to
 * stderr. *result is NULL or to be released; with CTL_NO there may be one too.
 */
int ctl_ask(const struct ctl *ctl, json_t *request, int wait_s, json_t **result);

/* The whole of most subcommands: asks, and prints as JSON or by print(). */
int ctl_show(
	const struct ctl *ctl, json_t *request, int wait_s, void (*print)(const json_t *result));

/* ---- table.c ---- */

/* Rows of cells, as wide as their widest one. A title that begins with '>' aligns to the right. */
struct table;

struct table *table_new(const char *const *titles, size_t columns); /* titles are borrowed */
void table_add(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
void table_print(struct table *table, int indent); /* and frees; nothing without rows */

#define TABLE(titles) table_new(titles, sizeof(titles) / sizeof((titles)[0]))

/* ---- text.c ---- */

/* Members of an object; absent and null ones have a value too. */
const char *text_of(const json_t *object, const char *name);  /* "-" */
bool flag_of(const json_t *object, const char *name);         /* false */
const char *interface_state(const json_t *object); /* of its "state" */
json_int_t number_of(const json_t *object, const char *name); /* 0 */
bool has(const json_t *object, const char *name);             /* there, not null, not empty */

/* Texts in one of a few buffers, good for the cells of a row. */
const char *number_text(const json_t *object, const char *name);   /* "17", or "-" */
const char *duration_text(const json_t *object, const char *name); /* from seconds: "2h 7m" */
const char *ago_text(
	const json_t *object, const char *name); /* from milliseconds: "30ms", "1.2s" */

/*
 * Print for people: any control character as '?', a newline too, whatever a
 * device may have said. complain() is for stderr, in a line of its own.
 */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Terminal attributes, "" if stdout is no terminal or NO_COLOR is set. */
const char *bold(void);
const char *alarm_colour(void);
const char *plain(void);

#endif
