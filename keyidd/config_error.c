/* The list of what is wrong. */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keyidd/config_private.h"

#define MESSAGE_MAX 1024

static void add(struct config_errors *errors, unsigned line, const char *text)
{
	struct config_error *list;
	char *copy;

	if (errors->count == CONFIG_ERRORS_MAX) {
		errors->omitted++;
		return;
	}
	list = realloc(errors->list, (errors->count + 2) * sizeof(*list));
	if (list) {
		errors->list = list;
	}
	copy = list ? strdup(text) : NULL;
	if (!copy) {
		errors->omitted++;
		return;
	}
	list[errors->count++] = (struct config_error){ line, copy };
}

static void add_message(struct config_source *source, unsigned line, const char *path,
	const char *format, va_list args)
{
	char message[MESSAGE_MAX], text[MESSAGE_MAX + PATH_MAX], place[16] = "";

	vsnprintf(message, sizeof(message), format, args);
	if (line > 0) {
		snprintf(place, sizeof(place), ":%u", line);
	}
	snprintf(text, sizeof(text), "%s%s: %s%s%s", source->file, place, path, path[0] ? ": " : "",
		message);
	for (char *c = text; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f) {
			*c = '?';
		}
	}
	add(source->errors, line, text);
}

void config_fail_line(
	struct config_source *source, unsigned line, const char *path, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_message(source, line, path, format, args);
	va_end(args);
}

void config_fail(
	struct config_source *source, const char *prefix, const char *key, const char *format, ...)
{
	char path[2 * CONFIG_PATH_MAX];
	va_list args;

	if (source->errors->count == CONFIG_ERRORS_MAX) {
		source->errors->omitted++;
		return;
	}
	snprintf(path, sizeof(path), "%s%s%s", prefix, prefix[0] && key[0] ? "." : "", key);
	va_start(args, format);
	add_message(source, yaml_tree_line(&source->tree, path), path, format, args);
	va_end(args);
}

unsigned config_line(const struct config_source *source, const char *format, ...)
{
	char path[2 * CONFIG_PATH_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	return yaml_tree_line(&source->tree, path);
}

/* By line; those of one line in the order in which they were found. */
static void sort(struct config_errors *errors)
{
	for (size_t i = 1; i < errors->count; i++) {
		struct config_error error = errors->list[i];
		size_t j = i;

		for (; j > 0 && errors->list[j - 1].line > error.line; j--) {
			errors->list[j] = errors->list[j - 1];
		}
		errors->list[j] = error;
	}
}

void config_errors_finish(struct config_source *source)
{
	struct config_errors *errors = source->errors;
	char text[MESSAGE_MAX];
	char *copy;

	sort(errors);
	if (errors->omitted > 0 && errors->list) {
		snprintf(text, sizeof(text), "%s: and %zu more", source->file, errors->omitted);
		copy = strdup(text);
		if (copy) {
			errors->list[errors->count++] = (struct config_error){ 0, copy };
		}
	}
}

void config_errors_free(struct config_errors *errors)
{
	for (size_t i = 0; i < errors->count; i++) {
		free(errors->list[i].text);
	}
	free(errors->list);
	*errors = (struct config_errors){ 0 };
}
