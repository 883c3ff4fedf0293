#include "keyidd/config_yaml.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

struct reader {
	struct yaml_tree *tree;
	uint32_t open[YAML_DEPTH_MAX]; /* lists and maps that have not ended, outermost first */
	size_t depth;
	char *key; /* read, its value not yet */
	unsigned key_line;
	size_t documents;
	unsigned line;
	char *reason;
};

static int refuse(struct reader *reader, const char *reason)
{
	snprintf(reader->reason, YAML_REASON_MAX, "%s", reason);
	return -EINVAL;
}

static struct yaml_node *innermost(struct reader *reader)
{
	return reader->depth > 0 ? &reader->tree->nodes[reader->open[reader->depth - 1]] : NULL;
}

static bool key_expected(struct reader *reader)
{
	struct yaml_node *parent = innermost(reader);

	return parent && parent->kind == YAML_MAP && !reader->key;
}

static void append_child(struct yaml_tree *tree, uint32_t parent, uint32_t child)
{
	struct yaml_node *node = &tree->nodes[parent];

	if (node->first == 0) {
		node->first = child;
	} else {
		tree->nodes[node->last].next = child;
	}
	node->last = child;
}

/* Puts a node where the reader stands, under the key read before. Returns its index or -errno. */
static int add_node(struct reader *reader, enum config_yaml_kind kind)
{
	struct yaml_tree *tree = reader->tree;
	struct yaml_node *node;

	if (tree->count == YAML_NODES_MAX) {
		return refuse(reader, "too much in one file");
	}
	if (tree->count == tree->room) {
		size_t room = tree->room ? 2 * tree->room : 256;
		struct yaml_node *nodes = realloc(tree->nodes, room * sizeof(*nodes));

		if (!nodes) {
			return -ENOMEM;
		}
		tree->nodes = nodes;
		tree->room = room;
	}
	node = &tree->nodes[tree->count];
	*node = (struct yaml_node){ .kind = kind, .line = reader->line };
	if (reader->key) {
		node->key = reader->key;
		node->line = reader->key_line;
		reader->key = NULL;
	}
	if (reader->depth > 0) {
		append_child(tree, reader->open[reader->depth - 1], (uint32_t)tree->count);
	}
	return (int)tree->count++;
}

static int read_key(struct reader *reader, const yaml_event_t *event)
{
	reader->key = strndup((const char *)event->data.scalar.value, event->data.scalar.length);
	reader->key_line = reader->line;
	return reader->key ? 0 : -ENOMEM;
}

static int read_text(struct reader *reader, const yaml_event_t *event)
{
	int index;
	char *text;

	if (key_expected(reader)) {
		return read_key(reader, event);
	}
	index = add_node(reader, YAML_TEXT);
	if (index < 0) {
		return index;
	}
	text = malloc(event->data.scalar.length + 1);
	if (!text) {
		return -ENOMEM;
	}
	memcpy(text, event->data.scalar.value, event->data.scalar.length);
	text[event->data.scalar.length] = '\0';
	reader->tree->nodes[index].text = text;
	reader->tree->nodes[index].text_len = event->data.scalar.length;
	return 0;
}

static int open_collection(struct reader *reader, enum config_yaml_kind kind)
{
	int index;

	if (key_expected(reader)) {
		return refuse(reader, "a list or a map cannot be a key");
	}
	if (reader->depth == YAML_DEPTH_MAX) {
		return refuse(reader, "nested too deeply");
	}
	index = add_node(reader, kind);
	if (index < 0) {
		return index;
	}
	reader->open[reader->depth++] = (uint32_t)index;
	return 0;
}

static int read_event(struct reader *reader, const yaml_event_t *event)
{
	reader->line = (unsigned)event->start_mark.line + 1;
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return read_text(reader, event);
	case YAML_SEQUENCE_START_EVENT:
		return open_collection(reader, YAML_LIST);
	case YAML_MAPPING_START_EVENT:
		return open_collection(reader, YAML_MAP);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		reader->depth--;
		return 0;
	case YAML_DOCUMENT_START_EVENT:
		return reader->documents++ == 0 ? 0
						: refuse(reader, "a second document: keep to one");
	case YAML_ALIAS_EVENT:
		return refuse(reader, "aliases (*name) are not supported: write the value out");
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		return 0;
	}
	return 0;
}

static int syntax_error(struct reader *reader, const yaml_parser_t *parser)
{
	const yaml_mark_t *mark = parser->problem_mark.line ? &parser->problem_mark : &parser->mark;

	if (parser->error == YAML_MEMORY_ERROR) {
		return -ENOMEM;
	}
	reader->line = (unsigned)mark->line + 1;
	snprintf(reader->reason, YAML_REASON_MAX, "not YAML: %s%s%s",
		parser->problem ? parser->problem : "cannot be read", parser->context ? ", " : "",
		parser->context ? parser->context : "");
	return -EINVAL;
}

static int read_all(struct reader *reader, yaml_parser_t *parser)
{
	yaml_event_type_t type;
	int error;

	do {
		yaml_event_t event;

		if (!yaml_parser_parse(parser, &event)) {
			return syntax_error(reader, parser);
		}
		type = event.type;
		error = read_event(reader, &event);
		yaml_event_delete(&event);
	} while (error == 0 && type != YAML_STREAM_END_EVENT);
	if (error == 0 && reader->tree->count == 0) {
		reader->line = 0;
		return refuse(reader, "nothing in it");
	}
	return error;
}

int yaml_tree_read(struct yaml_tree *tree, const char *text, size_t len, unsigned *line,
	char reason[static YAML_REASON_MAX])
{
	struct reader reader = { .tree = tree, .reason = reason };
	yaml_parser_t parser;
	int error;

	*tree = (struct yaml_tree){ 0 };
	if (!yaml_parser_initialize(&parser)) {
		return -ENOMEM;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	error = read_all(&reader, &parser);
	yaml_parser_delete(&parser);
	free(reader.key);
	*line = reader.line;
	return error;
}

void yaml_tree_free(struct yaml_tree *tree)
{
	for (size_t i = 0; i < tree->count; i++) {
		free(tree->nodes[i].key);
		free(tree->nodes[i].text);
	}
	free(tree->nodes);
	*tree = (struct yaml_tree){ 0 };
}

/* ---- from a path to its line ---- */

static uint32_t child_named(
	const struct yaml_tree *tree, uint32_t parent, const char *key, size_t len)
{
	uint32_t child = tree->nodes[parent].first;

	while (child && !(tree->nodes[child].key && strlen(tree->nodes[child].key) == len &&
				memcmp(tree->nodes[child].key, key, len) == 0)) {
		child = tree->nodes[child].next;
	}
	return child;
}

static uint32_t child_at(const struct yaml_tree *tree, uint32_t parent, unsigned long index)
{
	uint32_t child = tree->nodes[parent].first;

	while (child && index-- > 0) {
		child = tree->nodes[child].next;
	}
	return child;
}

unsigned yaml_tree_line(const struct yaml_tree *tree, const char *path)
{
	uint32_t node = 0;

	if (tree->count == 0) {
		return 0;
	}
	while (*path) {
		uint32_t child;

		if (*path == '[') {
			char *end;

			child = child_at(tree, node, strtoul(path + 1, &end, 10));
			path = *end == ']' ? end + 1 : end;
		} else {
			size_t len = strcspn(path, ".[");

			child = child_named(tree, node, path, len);
			path += len;
		}
		if (!child) {
			break;
		}
		node = child;
		path += *path == '.';
	}
	return tree->nodes[node].line;
}
