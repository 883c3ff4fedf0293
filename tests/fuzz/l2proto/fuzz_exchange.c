/*
 * One node's exchange, to which insiders say what they like, and whose KME, device and
 * disk answer and fail as they like: the input is a script. Whatever comes, it must hold
 * after each step that
 *
 *   - there is a next timer, and it lies ahead;
 *   - what is believed is on the disk, the highest generation never goes down, and no
 *     generation is asked for from the KME twice;
 *   - READY means sealed, and one operation runs at a time;
 *   - a SecY is shown as it was read back, an SA of it as unused only if it was so then;
 *     SAs encode only if every neighbour has said that it receives them;
 *   - what the node says is well-formed (or too long, and then not sent).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "l2proto/exchange.h"
#include "tests/fuzz/lib/any_content.h"
#include "tests/fuzz/lib/check.h"

#define START_MS 1000000
#define START_S 1767225600 /* 2026-01-01T00:00:00Z */
#define TIMER_MAX_MS 3600000
#define MEMBERS 8 /* identifiers of stations */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
	struct exchange_config config;
	bool has_secys; /* the device is this host's own MACsec */
	struct exchange exchange;
	struct exchange_record disk;
	bool disk_fails;
	struct exchange_time now;
	uint64_t asked; /* the last generation that the KME was asked for */
};

static struct world world;

/* ---- after each step ------------------------------------------------------------------------- */

/* What was told to send since may be shown as used before it is read back. */
static void check_secy(const struct world *w, size_t link, const struct secy *said)
{
	const struct secy *seen = &w->exchange.view.secys[link].shown;
	struct secy expected = *seen;

	if (!w->exchange.device_known || !seen->present) {
		check(!said->present);
		return;
	}
	for (size_t i = 0; i < seen->transmit_count; i++) {
		expected.transmit[i].unused = seen->transmit[i].unused && said->transmit[i].unused;
	}
	check(memcmp(said, &expected, sizeof(expected)) == 0);
}

static void check_said(const struct world *w, size_t link)
{
	static struct message_content content, again;
	static uint8_t octets[MESSAGE_MAX_RAW];
	const struct exchange_record *record = &w->disk;
	struct message_header header = { 0 };
	int len;

	exchange_compose(&w->exchange, w->now, link, &content);
	check(content.status_count > 0 && content.status[0].hops == 0);
	check(sae_id_equal(&content.status[0].sae, &w->config.sae));
	check(content.status[0].highest == record->highest);
	if (content.status[0].staged.generation != 0) {
		check(record->stage == EXCHANGE_STAGE_HELD);
		check(content.status[0].staged.generation == record->staged.generation);
	}
	check(w->config.role == EXCHANGE_SLAVE || content.committed.phase == record->decision);
	check_secy(w, link, &content.secy);
	memcpy(header.association, w->config.association, ASSOCIATION_ID_LEN);
	len = message_write(&header, NULL, &content, octets, sizeof(octets));
	check(len > 0 || len == -EMSGSIZE);
	check(len < 0 || message_read_content(octets, (size_t)len, &again) == MALFORMED_NOT);
}

static void check_node(const struct world *w)
{
	uint64_t next_ms = exchange_next_timer(&w->exchange);

	check(next_ms > w->now.mono_ms && next_ms - w->now.mono_ms <= TIMER_MAX_MS);
	check(memcmp(&w->exchange.record, &w->disk, sizeof(w->disk)) == 0);
	for (size_t i = 0; i < w->config.link_count; i++) {
		check_said(w, i);
	}
}

static bool says_to_receive(
	const struct exchange_neighbour *neighbour, const uint8_t nonce[static NONCE_LEN])
{
	for (size_t i = 0; i < neighbour->receive_count; i++) {
		if (memcmp(neighbour->receive[i], nonce, NONCE_LEN) == 0) {
			return true;
		}
	}
	return false;
}

/* There is one neighbour on each link. */
static void check_encoding(const struct exchange *x)
{
	for (size_t i = 0; i < x->config->link_count; i++) {
		const struct secy *secy = &x->view.secys[i].shown;
		bool heard = !secy->present;

		for (size_t j = 0; secy->present && j < secy->transmit_count; j++) {
			const struct transmit_sa *sa = &secy->transmit[j];

			heard = heard ||
				(memcmp(sa->token, x->committed_tokens[0], CKN_TOKEN_LEN) == 0 &&
					says_to_receive(&x->neighbours[i][0], sa->nonce));
		}
		check(heard);
	}
}

static void check_actions(struct world *w, const struct exchange *before,
	const struct exchange_event *event, const struct exchange_actions *actions)
{
	bool device_answered = event->kind == EXCHANGE_DEVICE_DONE ||
			       event->kind == EXCHANGE_DEVICE_FAILED ||
			       event->kind == EXCHANGE_SAVE_FAILED;

	check(actions->note_count <= EXCHANGE_NOTES_MAX);
	check(actions->advertise >> w->config.link_count == 0);
	if (actions->fetch != EXCHANGE_FETCH_NONE) {
		check((actions->fetch == EXCHANGE_FETCH_ENC_KEYS) ==
			(w->config.role == EXCHANGE_MASTER));
		check(actions->fetch_generation == w->disk.staged.generation);
		check(w->disk.stage == EXCHANGE_STAGE_FETCHING);
		check(actions->fetch_generation > w->asked);
		w->asked = actions->fetch_generation;
	}
	if (actions->device != EXCHANGE_DEVICE_NONE) {
		check(device_answered || before->device_pending == EXCHANGE_DEVICE_NONE);
		check(w->exchange.device_pending == actions->device);
	}
	if (actions->device == EXCHANGE_DEVICE_COMMIT && w->config.uses_an) {
		check_encoding(&w->exchange);
	}
}

static void save(struct world *w, const struct exchange_record *record)
{
	check(record->highest >= w->disk.highest);
	check(record->staged.generation <= record->highest);
	check(record->committed.generation <= record->highest);
	w->disk = *record;
}

static void happen(struct world *w, const struct exchange_event *event)
{
	static struct exchange before, next;
	struct exchange_event failed = *event;
	struct exchange_actions actions;

	before = next = w->exchange;
	exchange_step(&next, w->now, event, &actions);
	if (actions.save && w->disk_fails) {
		failed.kind = EXCHANGE_SAVE_FAILED;
		failed.dropped = event->kind;
		exchange_step(&w->exchange, w->now, &failed, &actions);
		check(!actions.save);
		check_actions(w, &before, &failed, &actions);
	} else {
		if (actions.save) {
			save(w, &next.record);
		}
		w->exchange = next;
		check_actions(w, &before, event, &actions);
	}
	check_node(w);
}

static void happen_simply(struct world *w, enum exchange_event_kind kind)
{
	struct exchange_event event = { .kind = kind };

	happen(w, &event);
}

/* ---- what happens ---------------------------------------------------------------------------- */

static void pass(struct world *w, uint64_t ms)
{
	w->now.mono_ms += ms;
	w->now.wall_s += (int64_t)(w->now.mono_ms / 1000 - (w->now.mono_ms - ms) / 1000);
	if (exchange_next_timer(&w->exchange) <= w->now.mono_ms) {
		happen_simply(w, EXCHANGE_TIMER);
	}
}

static void hear(struct world *w, struct script *script)
{
	static struct message_content content;
	uint8_t from = script_take(script);
	uint8_t member[MEMBER_ID_LEN] = { 1, from % MEMBERS };
	struct exchange_event event = { .kind = EXCHANGE_MESSAGE,
		.message = { from / MEMBERS % w->config.link_count, member, &content } };

	if (any_content(script, &w->exchange, w->has_secys, &content)) {
		happen(w, &event);
	}
}

static void answer_of_kme(struct world *w, struct script *script)
{
	uint8_t choice = script_take(script);
	struct key_id ids[BATCH_MAX];
	struct exchange_event event = { .kind = EXCHANGE_KEYS,
		.generation = w->exchange.fetch_pending_generation,
		.keys = { w->config.batch, ids } };

	if (!w->exchange.fetch_pending) {
		return;
	}
	for (size_t i = 0; i < BATCH_MAX; i++) {
		ids[i] = any_key_id(choice / 4u + 16u * (unsigned)i);
	}
	if (choice % 4 == 0) {
		event.kind = EXCHANGE_KEYS_FAILED;
		event.reason = REASON_KME_UNREACHABLE + choice / 4 % 12;
	}
	happen(w, &event);
}

/* A key in the device: of what is on record, or any. */
static void any_device_key(
	const struct world *w, struct script *script, struct exchange_device_key *key)
{
	uint8_t choice = script_take(script);
	const struct proposal *proposal = choice & 1 ? &w->disk.staged : &w->disk.committed;
	struct key_id id = any_key_id(choice);

	if (choice & 2 && proposal->key_count > 0) {
		id = proposal->keys[(choice >> 6) % proposal->key_count];
		key->start = proposal->start;
	}
	if (ckn_from_key_id(&w->config.ckn, &id, &key->ckn) != 0) {
		key->ckn.len = 1;
	}
	key->transmitting = choice & 4;
	key->future = choice & 8;
	key->past = choice & 16;
	if (choice & 32 && key->start < START_MAX) {
		key->start++; /* at another time than it was told */
	}
}

/* The SA of a neighbour, if it has said so; or of nobody. */
static void any_receive(const struct world *w, size_t link, struct script *script,
	uint8_t token[static CKN_TOKEN_LEN], uint8_t nonce[static NONCE_LEN])
{
	const struct exchange_neighbour *neighbour = &w->exchange.neighbours[link][0];
	uint8_t choice = script_take(script);

	if (choice & 1 || choice >> 1 >= neighbour->transmit_count) {
		any_token(script, &w->exchange, token);
		any_nonce(script, nonce);
	} else {
		memcpy(token, neighbour->transmit[choice >> 1].token, CKN_TOKEN_LEN);
		memcpy(nonce, neighbour->transmit[choice >> 1].nonce, NONCE_LEN);
	}
}

static void any_own_secy(
	const struct world *w, size_t link, struct script *script, struct exchange_secy *secy)
{
	uint8_t choice = script_take(script);
	struct secy *shown = &secy->shown;

	shown->present = choice != 0;
	if (!shown->present) {
		return;
	}
	shown->sci[SCI_LEN - 1] = (uint8_t)(link + 1);
	shown->suite = SECY_SUITES;
	shown->transmit_count = (choice >> 4) % (TRANSMIT_MAX + 1);
	for (size_t i = 0; i < shown->transmit_count; i++) {
		any_token(script, &w->exchange, shown->transmit[i].token);
		any_nonce(script, shown->transmit[i].nonce);
		shown->transmit[i].unused = choice & 1 << i;
	}
	shown->receive_count = script_take(script) % (RECEIVE_MAX + 1);
	for (size_t i = 0; i < shown->receive_count; i++) {
		any_receive(w, link, script, secy->receive_tokens[i], shown->receive[i]);
	}
}

static void any_view(
	const struct world *w, struct script *script, struct exchange_device_view *view)
{
	uint8_t choice = script_take(script);

	memset(view, 0, sizeof(*view));
	view->key_count = choice % 8 == 7 ? script_take(script) % (USABLE_MAX + 1) : choice % 8;
	for (size_t i = 0; i < view->key_count; i++) {
		any_device_key(w, script, &view->keys[i]);
		if (view->keys[i].start > view->latest_start) {
			view->latest_start = view->keys[i].start;
		}
	}
	view->an_in_use = choice >> 4;
	if (w->config.uses_start) {
		view->clock_s = w->now.wall_s + (choice & 8 ? 3600 : 0);
	}
	for (size_t i = 0; w->has_secys && i < w->config.link_count; i++) {
		any_own_secy(w, i, script, &view->secys[i]);
	}
	view->used_up = w->has_secys && choice >> 5 == 7;
}

static void answer_of_device(struct world *w, struct script *script)
{
	static struct exchange_device_view view;
	uint8_t choice = script_take(script);
	struct exchange_event event = { .kind = EXCHANGE_DEVICE_DONE,
		.generation = w->exchange.device_pending_generation,
		.device = { w->exchange.device_pending, &view } };

	if (w->exchange.device_pending == EXCHANGE_DEVICE_NONE) {
		return;
	}
	any_view(w, script, &view);
	if (choice % 4 == 0) {
		event.kind = EXCHANGE_DEVICE_FAILED;
		event.reason = REASON_DEVICE_UNREACHABLE + choice / 4 % 12;
	}
	happen(w, &event);
}

/* Whatever ran is gone; its answers never come. */
static void start(struct world *w)
{
	struct exchange_record record = w->disk;

	w->disk_fails = false;
	exchange_init(&w->exchange, &w->config, record.highest > 0 ? &record : NULL);
	happen_simply(w, EXCHANGE_START);
}

static void step(struct world *w, struct script *script)
{
	uint8_t what = script_take(script);

	switch (what % 12) {
	case 0:
		pass(w, 1 + script_take(script));
		break;
	case 1:
		pass(w, script_take(script) * UINT64_C(200));
		break;
	case 2:
	case 3: {
		uint64_t next_ms = exchange_next_timer(&w->exchange);

		pass(w, next_ms > w->now.mono_ms ? next_ms - w->now.mono_ms : 1);
		break;
	}
	case 4:
	case 5:
		hear(w, script);
		break;
	case 6:
		answer_of_kme(w, script);
		break;
	case 7:
	case 8:
		answer_of_device(w, script);
		break;
	case 9:
		happen_simply(w, what & 0x80   ? EXCHANGE_INTERVAL
				 : what & 0x40 ? EXCHANGE_DEVICE_CHANGED
					       : EXCHANGE_REKEY);
		break;
	case 10:
		if (what & 0x80) {
			w->now.wall_s += 60 * (script_take(script) - 128);
		} else {
			start(w);
		}
		break;
	case 11:
		w->disk_fails = what & 0x80;
		break;
	}
}

/* ---- the node -------------------------------------------------------------------------------- */

static void configure(struct world *w, uint8_t choice)
{
	struct exchange_config *config = &w->config;

	w->has_secys = (choice & 6) == 6;
	association_id("span-1", config->association);
	config->role = choice & 1 ? EXCHANGE_MASTER : EXCHANGE_SLAVE;
	config->master = any_sae_id(0);
	config->sae = any_sae_id(config->role == EXCHANGE_MASTER ? 0 : 1);
	if (config->role == EXCHANGE_MASTER) {
		config->member_count = 2;
		config->members[0] = any_sae_id(1);
		config->members[1] = any_sae_id(2);
	}
	config->link_count = 2; /* a slave is a relay */
	for (size_t i = 0; i < config->link_count; i++) {
		config->links[i].direction = config->role == EXCHANGE_SLAVE && i == 0
						     ? EXCHANGE_UP
						     : EXCHANGE_DOWN;
		config->links[i].neighbour_count = 1;
	}
	config->links[0].neighbours[0] = any_sae_id(config->role == EXCHANGE_MASTER ? 1 : 0);
	config->links[1].neighbours[0] = any_sae_id(2);
	config->uses_an = choice & 2;
	config->uses_start = (choice & 6) == 4;
	config->batch = choice & 8 && config->uses_start ? 3 : 1;
	config->spacing_s = config->batch > 1 ? 600 : 0;
	config->keys_per_hour = choice & 16 ? 3 : 0;
	config->lead_s = 60;
	config->clock_tolerance_s = 5;
	config->life_ms = 3000;
	config->rekey_interval_ms = choice & 32 ? 0 : 20000;
	config->prepare_timeout_ms = 8000;
	config->backoff_min_ms = 500;
	config->backoff_max_ms = 4000;
	config->read_back_ms = 5000;
	config->verify_ms = 200;
	config->live_timeout_ms = 10000;
	config->retire_hold_ms = 2000;
	config->ckn.prefix_len = 16;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct script script = { data, size };

	memset(&world, 0, sizeof(world));
	configure(&world, script_take(&script));
	world.now = (struct exchange_time){ START_MS, START_S };
	start(&world);
	while (script.left > 0) {
		step(&world, &script);
	}
	return 0;
}
