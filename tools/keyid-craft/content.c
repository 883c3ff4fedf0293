/* What a station says: MASTER and the slots here, STATUS in status.c, SECY in secy.c. */
#include <string.h>

#include "tools/keyid-craft/scenario.h"
#include "tools/keyid-craft/value.h"

static const struct {
	const char *name;
	enum slot_phase phase;
} phases[] = {
	{ "prepare", SLOT_PREPARE },
	{ "abort", SLOT_ABORT },
	{ "commit", SLOT_COMMIT },
	{ "confirmed", SLOT_CONFIRMED },
};

/* prepare|abort|commit|confirmed PROPOSAL [start DATE] */
static void read_slot(struct scenario *scenario, const struct association *association,
	enum slot_phase phase, struct message_content *content)
{
	struct script *script = &scenario->script;
	const struct proposal *proposal = scenario_proposal(
		scenario, script_need(script, "a proposal"));
	struct slot *slot = phase == SLOT_COMMIT || phase == SLOT_CONFIRMED ? &content->committed
									    : &content->proposed;

	if (!proposal) {
		return;
	}
	if (slot->phase != SLOT_EMPTY) {
		script_error(script, "there is such a slot already");
		return;
	}
	slot->phase = phase;
	slot->proposal = *proposal;
	if (script_take(script, "start")) {
		slot->proposal.start = value_date(script, "a start", scenario->clock_s);
	}
	if (content->master.len == 0) {
		content->master = association->master;
	}
}

/* master SAE: needed only where it is not the association's, or without a slot */
static void read_master(struct scenario *scenario, struct message_content *content)
{
	const char *text = script_need(&scenario->script, "an SAE ID");

	if (text && !sae_id_set(&content->master, text, strlen(text))) {
		script_error(&scenario->script, "'%s' is no SAE ID", text);
	}
}

static void read_line(struct scenario *scenario, const struct association *association,
	const char *verb, struct message_content *content, struct edits *edits)
{
	for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
		if (strcmp(phases[i].name, verb) == 0) {
			read_slot(scenario, association, phases[i].phase, content);
			return;
		}
	}
	if (strcmp(verb, "master") == 0) {
		read_master(scenario, content);
	} else if (strcmp(verb, "status") == 0) {
		status_read(scenario, content);
	} else if (strcmp(verb, "secy") == 0) {
		secy_read(scenario, content);
	} else if (!edit_read(&scenario->script, verb, edits)) {
		script_error(&scenario->script, "nobody can say '%s'", verb);
	}
}

bool content_read(struct scenario *scenario, const struct association *association,
	struct message_content *content, struct edits *edits)
{
	struct script *script = &scenario->script;
	bool any = false;

	memset(content, 0, sizeof(*content));
	edits->count = 0;
	while (script_read_indented(script)) {
		size_t edits_before = edits->count;

		read_line(scenario, association, script_word(script), content, edits);
		script_end(script);
		any |= edits->count == edits_before;
	}
	return any;
}
