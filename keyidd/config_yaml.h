/*
 * The text of a configuration as a tree that knows its lines.
 *
 * libcyaml makes C structs of the text, and forgets where each value stood. This
 * is the other half: one pass over libyaml's events, so that whatever is found
 * wrong later can be said with its line. It also keeps out what a configuration
 * has no use for: aliases, several documents, keys that are no plain words, deep
 * nesting.
 */
#ifndef KEYIDD_CONFIG_YAML_H
#define KEYIDD_CONFIG_YAML_H

#include <stddef.h>
#include <stdint.h>

#define YAML_DEPTH_MAX 10
#define YAML_NODES_MAX 200000
#define YAML_REASON_MAX 256

enum config_yaml_kind { YAML_TEXT, YAML_LIST, YAML_MAP };

/* Nodes are named by their index; the root is 0, and 0 also ends a list of children. */
struct yaml_node {
	enum config_yaml_kind kind;
	unsigned line; /* 1..; of the key, if there is one */
	char *key;     /* in a map; otherwise NULL */
	char *text;    /* of YAML_TEXT */
	size_t text_len;
	uint32_t first, last; /* children */
	uint32_t next;        /* sibling */
};

struct yaml_tree {
	struct yaml_node *nodes;
	size_t count, room;
};

/* Returns 0, or -EINVAL with a line (0 = none) and a reason, or -ENOMEM. */
int yaml_tree_read(struct yaml_tree *tree, const char *text, size_t len, unsigned *line,
	char reason[static YAML_REASON_MAX]);
void yaml_tree_free(struct yaml_tree *tree);

/*
 * The line of "associations[3].links[0].vlan", or of the nearest thing around it
 * that is there.
 */
unsigned yaml_tree_line(const struct yaml_tree *tree, const char *path);

#endif
