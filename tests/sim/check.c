/* What must be true of nodes and their records. Keys and devices: check_keys.c. */
#include "sim.h"

#include <string.h>

static bool same_proposal(const struct proposal *a, const struct proposal *b)
{
	return a->generation == b->generation && memcmp(a->digest, b->digest, DIGEST_LEN) == 0;
}

/* Its keys are sealed on this disk. */
static bool seals(const struct sim_disk *disk, const struct proposal *proposal)
{
	return disk->record.stage == EXCHANGE_STAGE_HELD &&
	       same_proposal(&disk->record.staged, proposal);
}

/* ---- after each step ------------------------------------------------------------------------ */

/* A kernel SA that a reset took may find its number taken by a key in use. */
static bool may_be_lost(const struct sim_world *world)
{
	return world->excuses.disk || world->excuses.clone ||
	       ((world->excuses.sharing || world->excuses.reset) && world->nodes[0].config.uses_an);
}

/*
 * LOST takes a lost disk. A KME that delivers nothing, or something else, is not
 * enough: then nothing is committed, or it is applied as it is.
 */
static void check_lost(struct sim_world *world, const struct sim_node *node)
{
	const struct exchange_record *record = &node->exchange->record;
	struct sae_status status;

	if (record->decision != SLOT_COMMIT || record->committed_held || may_be_lost(world)) {
		return;
	}
	exchange_own_status(node->exchange, &status);
	if (status.lost.generation != 0) {
		sim_violation(world, "node %zu: generation %llu is lost", node->index,
			(unsigned long long)status.lost.generation);
	}
}

/* Nothing is believed that is not on the disk: what a step changes, it saves. */
void sim_check_node(struct sim_world *world, const struct sim_node *node)
{
	const struct exchange_record *record = &node->exchange->record;

	if (memcmp(record, &node->disk.record, sizeof(*record)) != 0) {
		sim_violation(world, "node %zu: memory and disk differ", node->index);
	}
	if (node->index < world->node_count) {
		check_lost(world, node);
	}
}

/* ---- what is said --------------------------------------------------------------------------- */

/* Did the device show, when it was read back last, that it uses what is committed? */
static bool seen_live(const struct sim_node *node)
{
	const struct proposal *committed = &node->disk.record.committed;
	const struct exchange_device_view *view = &node->exchange->view;
	uint8_t token[CKN_TOKEN_LEN];
	struct ckn ckn;

	for (size_t i = 0; i < committed->key_count; i++) {
		ckn_from_key_id(&node->config.ckn, &committed->keys[i], &ckn);
		ckn_token(ckn.octets, ckn.len, token);
		for (size_t j = 0; j < view->key_count; j++) {
			if (view->keys[j].transmitting &&
				memcmp(view->keys[j].token, token, CKN_TOKEN_LEN) == 0) {
				return true;
			}
		}
	}
	return false;
}

static void check_live(struct sim_world *world, struct sim_node *node, uint64_t generation)
{
	if (node->said_live == generation && world->quiet) {
		return; /* most messages: only what is news costs the look */
	}
	if (generation != node->disk.record.committed.generation || !seen_live(node)) {
		sim_violation(world, "node %zu: LIVE without using the key", node->index);
	}
	node->said_live = generation;
}

void sim_check_said(struct sim_world *world, struct sim_node *node, size_t link,
	const struct message_content *content)
{
	const struct exchange_record *record = &node->disk.record;
	const struct sae_status *own = &content->status[0];

	if (own->staged.generation != 0 &&
		(!seals(&node->disk, &record->staged) ||
			record->staged.generation != own->staged.generation ||
			memcmp(record->staged.digest, own->staged.digest, DIGEST_LEN) != 0)) {
		sim_violation(world, "node %zu: READY without sealed keys", node->index);
	}
	if (own->live) {
		check_live(world, node, own->applied.generation);
	}
	if (own->staged.generation != 0 && own->staged.generation <= node->given_up &&
		!world->excuses.disk) {
		sim_violation(world, "node %zu: READY with what was given up", node->index);
	}
	if (world->kind->check_said) {
		world->kind->check_said(world, node, link, &content->secy);
	}
	if (node->config.role != EXCHANGE_MASTER) {
		return;
	}
	if (record->decision != content->committed.phase) {
		sim_violation(world, "node %zu: does not advertise its decision", node->index);
	}
	if (content->proposed.phase == SLOT_PREPARE &&
		content->proposed.proposal.generation <= node->given_up && !world->excuses.disk) {
		sim_violation(world, "PREPARE of what was aborted");
	}
}

/* ---- what is written ------------------------------------------------------------------------ */

void sim_check_proposes(struct sim_world *world, uint64_t generation)
{
	if (generation <= world->proposed && !world->excuses.disk) {
		sim_violation(
			world, "generation %llu a second time", (unsigned long long)generation);
	}
	if (sim_clone_holds(world)) {
		sim_violation(world, "a rotation begins with two stations for one SAE");
	}
	sim_check_heard(world, "proposes");
	world->proposed = generation;
}

/* The master commits what everybody has sealed and every device would take; and n before n + 1. */
static void check_commits(
	struct sim_world *world, const struct sim_node *master, const struct exchange_record *after)
{
	const struct exchange_record *before = &master->disk.record;
	bool excused = world->excuses.disk || world->excuses.clone;

	if (before->decision == SLOT_COMMIT && !may_be_lost(world) &&
		!sim_keys_differ(world, before->committed.generation)) {
		sim_violation(world, "generation %llu committed before %llu was CONFIRMED",
			(unsigned long long)after->committed.generation,
			(unsigned long long)before->committed.generation);
	}
	if (after->committed.generation <= master->given_up && !world->excuses.disk) {
		sim_violation(world, "committed what was aborted");
	}
	if (after->committed.generation <= master->interrupted && !world->excuses.disk) {
		sim_violation(world, "committed what a restart should have aborted");
	}
	for (size_t i = 0; i < world->node_count; i++) {
		const struct sim_node *node = &world->nodes[i];

		if (seals(&node->disk, &after->committed) &&
			node->device.prepared == after->committed.generation) {
			continue;
		}
		if (!excused) {
			sim_violation(world, "committed, but node %zu is not READY", i);
		}
		world->excuses.sharing = true; /* it cannot follow the others */
	}
	for (size_t i = 0; world->kind->hears_all && i < world->node_count; i++) {
		if (!excused && !sim_keys_may_be_lost(world) &&
			!world->kind->hears_all(world, &world->nodes[i], &after->committed)) {
			sim_violation(
				world, "committed, but node %zu does not hear its neighbours", i);
		}
	}
	sim_check_heard(world, "commits");
}

/* A slave decides nothing itself ... */
static void check_follows(
	struct sim_world *world, const struct sim_node *node, const struct exchange_record *after)
{
	const struct exchange_record *before = &node->disk.record;
	const struct exchange_record *master = &world->nodes[0].disk.record;
	bool newer = after->decision != SLOT_EMPTY &&
		     after->committed.generation > before->committed.generation;

	if (newer && after->committed.generation > master->committed.generation) {
		sim_violation(world, "node %zu: COMMIT before the master", node->index);
	}
	if (after->decision == SLOT_CONFIRMED &&
		(master->committed.generation < after->committed.generation ||
			(master->committed.generation == after->committed.generation &&
				master->decision != SLOT_CONFIRMED))) {
		sim_violation(world, "node %zu: CONFIRMED before the master", node->index);
	}
}

/* ... and gives nothing up that the master may still commit. */
static void check_stays_ready(
	struct sim_world *world, const struct sim_node *node, const struct exchange_record *after)
{
	const struct exchange_record *before = &node->disk.record;

	if (exchange_undecided(before) && seals(&node->disk, &before->staged) &&
		!(exchange_holds_key(after, before->staged.generation) &&
			(same_proposal(&after->staged, &before->staged) ||
				same_proposal(&after->committed, &before->staged))) &&
		seals(&world->nodes[0].disk, &before->staged)) {
		sim_violation(world, "node %zu: gave up generation %llu by itself", node->index,
			(unsigned long long)before->staged.generation);
	}
}

/* The record names a key only if it is there. */
static void check_sealed(
	struct sim_world *world, const struct sim_node *node, const struct exchange_record *after)
{
	uint64_t wanted[2] = { after->staged.generation, after->committed.generation };

	for (size_t i = 0; i < 2; i++) {
		if (wanted[i] != 0 && exchange_holds_key(after, wanted[i]) &&
			!sim_node_held(node, wanted[i])) {
			sim_violation(world, "node %zu: record names a key that is not there",
				node->index);
		}
	}
}

/* What was decided is kept until it is CONFIRMED; what was given up stays so. */
static void check_keeps(
	struct sim_world *world, const struct sim_node *node, const struct exchange_record *after)
{
	const struct exchange_record *before = &node->disk.record;
	bool takes_up = after->stage == EXCHANGE_STAGE_FETCHING ||
			after->stage == EXCHANGE_STAGE_HELD;

	if (before->committed_held && !after->committed_held && after->decision == SLOT_COMMIT &&
		after->committed.generation == before->committed.generation) {
		sim_violation(world, "node %zu: wiped keys that are not CONFIRMED", node->index);
	}
	if (takes_up && after->staged.generation <= node->given_up &&
		after->staged.generation > after->committed.generation && !world->excuses.disk) {
		sim_violation(world, "node %zu: takes up what it gave up", node->index);
	}
}

/* What was aborted is out of the device before the record forgets it (kernel SAs are there before
 * COMMIT). */
static void check_forgets(
	struct sim_world *world, const struct sim_node *node, const struct exchange_record *after)
{
	const struct exchange_record *before = &node->disk.record;
	uint64_t aborted = before->staged.generation;

	if (before->stage != EXCHANGE_STAGE_ABORTED || after->staged.generation == aborted ||
		!node->config.uses_an || world->excuses.disk || world->excuses.clone) {
		return;
	}
	for (size_t i = 0; i < node->device.count; i++) {
		if (node->device.keys[i].generation == aborted) {
			sim_violation(world, "node %zu: forgets generation %llu in its device",
				node->index, (unsigned long long)aborted);
		}
	}
}

void sim_check_save(
	struct sim_world *world, const struct sim_node *node, const struct exchange_record *after)
{
	const struct exchange_record *before = &node->disk.record;

	if (after->highest < before->highest) {
		sim_violation(world, "node %zu: highest generation went down", node->index);
	}
	if (before->decision != SLOT_EMPTY &&
		same_proposal(&before->committed, &after->committed) &&
		after->committed.start < before->committed.start) {
		sim_violation(world, "node %zu: a start on record goes back", node->index);
	}
	check_sealed(world, node, after);
	check_keeps(world, node, after);
	check_forgets(world, node, after);
	if (node->config.role == EXCHANGE_MASTER) {
		if (after->decision == SLOT_COMMIT &&
			after->committed.generation > before->committed.generation) {
			check_commits(world, node, after);
		}
		if (node->config.uses_start && after->decision == SLOT_COMMIT &&
			(after->committed.generation != before->committed.generation ||
				after->committed.start != before->committed.start)) {
			sim_check_start(world, before, after);
		}
		return;
	}
	if (!world->excuses.disk) {
		check_follows(world, node, after);
	}
	if (!world->excuses.disk || node->index != world->victim) {
		check_stays_ready(world, node, after);
	}
}

/* ---- after each event ----------------------------------------------------------------------- */

void sim_check(struct sim_world *world)
{
	if (world->devices_changed) {
		world->devices_changed = false;
		sim_check_shared(world);
	}
}

/* (3) All nodes up, on one confirmed generation above `above`, and using its key. */
bool sim_agreed(const struct sim_world *world, uint64_t above, uint64_t *generation)
{
	const struct exchange_record *first = &world->nodes[0].exchange->record;

	if (first->committed.generation <= above) {
		return false;
	}
	for (size_t i = 0; i < world->node_count; i++) {
		const struct sim_node *node = &world->nodes[i];

		if (!node->alive || node->exchange->record.decision != SLOT_CONFIRMED ||
			node->exchange->record.committed.generation !=
				first->committed.generation) {
			return false;
		}
	}
	for (size_t i = 0; i < world->node_count; i++) {
		struct sae_status status;

		exchange_own_status(world->nodes[i].exchange, &status);
		if (!status.live) {
			return false;
		}
	}
	*generation = first->committed.generation;
	return true;
}
