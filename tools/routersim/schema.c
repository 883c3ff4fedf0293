#include "tools/routersim/schema.h"

#include <stddef.h>
#include <string.h>

static const struct statement key_pair[] = {
	{ "ckn", STATEMENT_LEAF, NULL },
	{ "cak", STATEMENT_LEAF, NULL },
	{ NULL, STATEMENT_LEAF, NULL },
};

static const struct statement mka[] = {
	{ "transmit-interval", STATEMENT_LEAF, NULL },
	{ "key-server-priority", STATEMENT_LEAF, NULL },
	{ "must-secure", STATEMENT_FLAG, NULL },
	{ "should-secure", STATEMENT_FLAG, NULL },
	{ "sak-rekey-interval", STATEMENT_LEAF, NULL },
	{ NULL, STATEMENT_LEAF, NULL },
};

static const struct statement replay_protect[] = {
	{ "replay-window-size", STATEMENT_LEAF, NULL },
	{ NULL, STATEMENT_LEAF, NULL },
};

static const struct statement named[] = {
	{ "name", STATEMENT_LEAF, NULL },
	{ NULL, STATEMENT_LEAF, NULL },
};

static const struct statement association[] = {
	{ "name", STATEMENT_LEAF, NULL },
	{ "cipher-suite", STATEMENT_LEAF, NULL },
	{ "security-mode", STATEMENT_LEAF, NULL },
	{ "pre-shared-key", STATEMENT_CONTAINER, key_pair },
	{ "pre-shared-key-chain", STATEMENT_LEAF, NULL },
	{ "fallback-key", STATEMENT_CONTAINER, key_pair },
	{ "mka", STATEMENT_CONTAINER, mka },
	{ "replay-protect", STATEMENT_CONTAINER, replay_protect },
	{ "include-sci", STATEMENT_FLAG, NULL },
	{ "exclude-protocol", STATEMENT_LIST, named },
	{ NULL, STATEMENT_LEAF, NULL },
};

static const struct statement binding[] = {
	{ "name", STATEMENT_LEAF, NULL },
	{ "connectivity-association", STATEMENT_LEAF, NULL },
	{ NULL, STATEMENT_LEAF, NULL },
};

static const struct statement macsec[] = {
	{ "connectivity-association", STATEMENT_LIST, association },
	{ "interfaces", STATEMENT_LIST, binding },
	{ NULL, STATEMENT_LEAF, NULL },
};

static const struct statement key[] = {
	{ "name", STATEMENT_LEAF, NULL },
	{ "key-name", STATEMENT_LEAF, NULL },
	{ "secret", STATEMENT_LEAF, NULL },
	{ "start-time", STATEMENT_LEAF, NULL },
	{ "algorithm", STATEMENT_LEAF, NULL },
	{ "options", STATEMENT_LEAF, NULL },
	{ NULL, STATEMENT_LEAF, NULL },
};

static const struct statement key_chain[] = {
	{ "name", STATEMENT_LEAF, NULL },
	{ "description", STATEMENT_LEAF, NULL },
	{ "tolerance", STATEMENT_LEAF, NULL },
	{ "key", STATEMENT_LIST, key },
	{ NULL, STATEMENT_LEAF, NULL },
};

static const struct statement key_chains[] = {
	{ "key-chain", STATEMENT_LIST, key_chain },
	{ NULL, STATEMENT_LEAF, NULL },
};

static const struct statement security[] = {
	{ "authentication-key-chains", STATEMENT_CONTAINER, key_chains },
	{ "macsec", STATEMENT_CONTAINER, macsec },
	{ NULL, STATEMENT_LEAF, NULL },
};

static const struct statement interface[] = {
	{ "name", STATEMENT_LEAF, NULL },
	{ "description", STATEMENT_LEAF, NULL },
	{ "disable", STATEMENT_FLAG, NULL },
	{ NULL, STATEMENT_LEAF, NULL },
};

static const struct statement interfaces[] = {
	{ "interface", STATEMENT_LIST, interface },
	{ NULL, STATEMENT_LEAF, NULL },
};

static const struct statement system_statements[] = {
	{ "host-name", STATEMENT_LEAF, NULL },
	{ "time-zone", STATEMENT_LEAF, NULL },
	{ NULL, STATEMENT_LEAF, NULL },
};

static const struct statement top[] = {
	{ "version", STATEMENT_LEAF, NULL },
	{ "system", STATEMENT_CONTAINER, system_statements },
	{ "interfaces", STATEMENT_CONTAINER, interfaces },
	{ "security", STATEMENT_CONTAINER, security },
	{ NULL, STATEMENT_LEAF, NULL },
};

const struct statement *schema_top(void)
{
	return top;
}

const struct statement *schema_find(const struct statement *statements, const char *name)
{
	for (const struct statement *s = statements; s && s->name; s++) {
		if (strcmp(s->name, name) == 0) {
			return s;
		}
	}
	return NULL;
}
