#include "tools/keyid-craft/script.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool script_error(struct script *script, const char *format, ...)
{
	va_list arguments;

	if (script->failed) {
		return false;
	}
	script->failed = true;
	fprintf(stderr, "%s:%u: ", script->name, script->line);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return false;
}

bool script_open(struct script *script, const char *name)
{
	FILE *file = fopen(name, "re");
	size_t len;

	memset(script, 0, sizeof(*script));
	script->name = name;
	script->next_line = 1;
	if (!file) {
		fprintf(stderr, "%s: %s\n", name, strerror(errno));
		return false;
	}
	script->text = calloc(1, SCRIPT_LEN_MAX + 1);
	len = script->text ? fread(script->text, 1, SCRIPT_LEN_MAX + 1, file) : 0;
	if (!script->text || ferror(file)) {
		fprintf(stderr, "%s: %s\n", name, strerror(errno));
	} else if (len > SCRIPT_LEN_MAX) {
		fprintf(stderr, "%s: longer than %u octets\n", name, SCRIPT_LEN_MAX);
	} else if (memchr(script->text, '\0', len)) {
		fprintf(stderr, "%s: not a text\n", name);
	} else {
		script->ahead = script->text;
	}
	fclose(file);
	if (!script->ahead) {
		script_close(script);
		return false;
	}
	return true;
}

void script_close(struct script *script)
{
	free(script->text);
	script->text = NULL;
}

/* Where the line that begins at the text ends: at its line feed, or the end of the text. */
static char *line_end(char *text)
{
	return text + strcspn(text, "\n");
}

/* Makes one line of those that a backslash ties together, and cuts it off what lies ahead. */
static char *cut_line(struct script *script)
{
	char *line = script->ahead;
	char *end = line_end(line);

	script->line = script->next_line++;
	while (*end == '\n' && end > line && end[-1] == '\\') {
		end[-1] = ' ';
		*end = ' ';
		end = line_end(end);
		script->next_line++;
	}
	script->ahead = *end ? end + 1 : end;
	*end = '\0';
	return line;
}

/* Cuts the word at *text off, and sets *text behind it; NULL at the end of the line. */
static char *cut_word(struct script *script, char **text)
{
	char *word = *text + strspn(*text, " \t\r");
	char *end;

	if (*word == '\0' || *word == '#') {
		return NULL;
	}
	if (*word == '"') {
		end = strchr(word + 1, '"');
		if (!end) {
			script_error(script, "a text without its second quote");
			return NULL;
		}
	} else {
		end = word + strcspn(word, " \t\r");
	}
	*text = *end ? end + 1 : end;
	*end = '\0';
	return word;
}

static void cut_words(struct script *script, char *line)
{
	char *word;

	script->count = 0;
	script->next = 0;
	script->indented = *line == ' ' || *line == '\t';
	while ((word = cut_word(script, &line))) {
		if (script->count == SCRIPT_WORDS_MAX) {
			script_error(script, "more than %u words", SCRIPT_WORDS_MAX);
			return;
		}
		script->words[script->count++] = word;
	}
}

bool script_read(struct script *script)
{
	script->count = 0;
	while (!script->failed && script->count == 0 && *script->ahead != '\0') {
		cut_words(script, cut_line(script));
	}
	return !script->failed && script->count > 0;
}

/* Is there a word in the line that begins here? */
static bool has_words(const char *line)
{
	line += strspn(line, " \t\r");
	return *line != '\0' && *line != '\n' && *line != '#';
}

bool script_read_indented(struct script *script)
{
	char *line = script->ahead;

	while (!script->failed && *line != '\0') {
		if (has_words(line)) {
			return (*line == ' ' || *line == '\t') && script_read(script);
		}
		line = line_end(line);
		line += *line == '\n';
	}
	return false;
}

char *script_word(struct script *script)
{
	return !script->failed && script->next < script->count ? script->words[script->next++]
							       : NULL;
}

char *script_need(struct script *script, const char *what)
{
	char *word = script_word(script);

	if (!word) {
		script_error(script, "%s is missing", what);
	}
	return word;
}

bool script_take(struct script *script, const char *word)
{
	bool same = !script->failed && script->next < script->count &&
		    strcmp(script->words[script->next], word) == 0;

	script->next += same;
	return same;
}

bool script_end(struct script *script)
{
	const char *word = script_word(script);

	if (word) {
		script_error(script, "'%s' is not expected here", word);
	}
	return !script->failed;
}
