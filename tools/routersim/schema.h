/* The statements that the configuration may hold. */
#ifndef ROUTERSIM_SCHEMA_H
#define ROUTERSIM_SCHEMA_H

enum statement_kind {
	STATEMENT_CONTAINER,
	STATEMENT_LIST, /* entries told apart by <name> */
	STATEMENT_LEAF,
	STATEMENT_FLAG, /* no value */
};

struct statement {
	const char *name; /* NULL ends a table */
	enum statement_kind kind;
	const struct statement *children;
};

const struct statement *schema_top(void);

/* NULL if there is no such statement; NULL accepted for the table. */
const struct statement *schema_find(const struct statement *statements, const char *name);

#endif
