/*
 * A text of lines and words, read from the front, with the place of each error.
 *
 * Words are separated by blanks. A # that begins a word begins a comment. "..." is
 * one word, quotes kept in front only: it begins with a quote. A line that ends in \
 * goes on in the next one. A line that begins with a blank belongs to the one above
 * it. Lines without words are left out.
 *
 * The first error is printed, "FILE:LINE: what", and marks the script as failed; from
 * then on there are no more lines or words, and no more errors are printed. So a caller
 * reads on with the zeros that it gets, and asks once at the end.
 */
#ifndef KEYID_CRAFT_SCRIPT_H
#define KEYID_CRAFT_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#define SCRIPT_LEN_MAX (1u << 20)
#define SCRIPT_WORDS_MAX 1024 /* in one line */

struct script {
	const char *name;
	char *text;         /* owned */
	char *ahead;        /* what has not been read */
	unsigned line;      /* number of the present line */
	unsigned next_line; /* of what lies ahead */
	bool indented;      /* the present line begins with a blank */
	bool failed;
	size_t count; /* words of the present line */
	size_t next;  /* the first that has not been read */
	char *words[SCRIPT_WORDS_MAX];
};

/* name is borrowed. False: an error was printed, and nothing is to be closed. */
bool script_open(struct script *script, const char *name);
void script_close(struct script *script);

/* Goes to the next line; false at the end or after an error. */
bool script_read(struct script *script);

/* Goes to the next line only if it is indented. */
bool script_read_indented(struct script *script);

/* The next word of the line; NULL if there is none. The caller may write to it. */
char *script_word(struct script *script);

/* The next word; it is an error, "WHAT is missing", if there is none: then NULL. */
char *script_need(struct script *script, const char *what);

/* Is the next word this one? Then it is read. */
bool script_take(struct script *script, const char *word);

/* It is an error if the line has more words. False after any error. */
bool script_end(struct script *script);

/* Prints an error of the present line. Always false. */
bool script_error(struct script *script, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
