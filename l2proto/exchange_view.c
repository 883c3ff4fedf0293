/*
 * The device of this SAE, as it was read back last: would it take the keys, does it
 * hold them, does it use them (protocol.md section 5.5). Both roles do the same here.
 */
#include "l2proto/exchange_private.h"

#include <string.h>

#define HOUR_MS UINT64_C(3600000)

const struct exchange_device_key *device_find_key(
	const struct exchange *x, const uint8_t token[static CKN_TOKEN_LEN])
{
	for (size_t i = 0; i < x->view.key_count; i++) {
		if (memcmp(x->view.keys[i].token, token, CKN_TOKEN_LEN) == 0) {
			return &x->view.keys[i];
		}
	}
	return NULL;
}

static const struct exchange_device_key *find_committed(const struct exchange *x, size_t index)
{
	return device_find_key(x, x->committed_tokens[index]);
}

bool device_staged_key(const struct exchange *x, size_t i, struct exchange_key_name *key)
{
	if (ckn_from_key_id(&x->config->ckn, &x->record.staged.keys[i], &key->ckn) != 0) {
		return false;
	}
	ckn_token(key->ckn.octets, key->ckn.len, key->token);
	return true;
}

/* Kernel SAs have one key in a proposal. */
static bool has_staged(const struct exchange *x, struct exchange_key_name *key)
{
	return x->device_known && device_staged_key(x, 0, key) && device_find_key(x, key->token);
}

bool device_has_staged(const struct exchange *x)
{
	struct exchange_key_name key;

	return has_staged(x, &key);
}

/* To receive from every neighbour, and to be able to send. */
static bool shows_staged(const struct exchange *x)
{
	struct exchange_key_name key;

	return has_staged(x, &key) && secys_hold(x, key.token) && secys_receive_all(x, key.token);
}

static bool decided(const struct exchange *x)
{
	return x->device_known && x->record.decision != SLOT_EMPTY;
}

/* A key of a key-chain that has another start than was decided (last) is not the one that counts.
 */
static bool starts_as_decided(
	const struct exchange *x, const struct exchange_device_key *key, size_t index)
{
	const struct proposal *committed = &x->record.committed;

	return !x->config->uses_start || committed->start == 0 ||
	       key->start == committed->start + (int64_t)index * committed->spacing_s;
}

bool device_applied(const struct exchange *x)
{
	for (size_t i = 0; decided(x) && i < x->record.committed.key_count; i++) {
		const struct exchange_device_key *key = find_committed(x, i);

		if (!key || !starts_as_decided(x, key, i)) {
			return false;
		}
	}
	return decided(x) && secys_hold(x, x->committed_tokens[0]);
}

bool device_live(const struct exchange *x)
{
	for (size_t i = 0; device_applied(x) && i < x->record.committed.key_count; i++) {
		if (find_committed(x, i)->transmitting) {
			return true;
		}
	}
	return false;
}

/* Is it shown that the device has taken, or would take, the staged keys? Of kernel SAs, read back.
 */
bool device_ready(const struct exchange *x)
{
	return x->record.stage == EXCHANGE_STAGE_HELD && x->prepared &&
	       (!x->config->uses_an || shows_staged(x));
}

/*
 * Is the master waiting for this node to use what is committed? Also if that was
 * CONFIRMED, and the sealed keys wiped, but the master has gone back to an older
 * copy of its records, which does not say so.
 */
static bool awaited(const struct exchange *x)
{
	return x->record.decision == SLOT_COMMIT ||
	       (x->heard_committed.phase == SLOT_COMMIT &&
		       x->heard_committed.proposal.generation == x->record.committed.generation);
}

/* Has the device done all that a COMMIT asks of it? Kernel SAs are there before, to receive only.
 */
bool device_moved(const struct exchange *x)
{
	return x->config->uses_an ? device_live(x) : device_applied(x);
}

bool device_number_taken(const struct exchange *x)
{
	const struct proposal *committed = &x->record.committed;

	return x->config->uses_an && decided(x) && committed->an != AN_NONE &&
	       !find_committed(x, 0) && (x->view.an_in_use & 1u << committed->an);
}

/*
 * Also if the keys are held, but what is in use again has their number: a device that
 * went back; or a neighbour sends already what can no more be received: a SecY made anew.
 */
bool device_lost(const struct exchange *x)
{
	return decided(x) && awaited(x) && !device_applied(x) && !x->fetch_pending &&
	       (!x->record.committed_held || device_number_taken(x) ||
		       secys_too_late(x, x->committed_tokens[0]));
}

/* No more often than the cap on keys allows in the long run, nor before older SAs may be gone. */
static bool has_paused(const struct exchange *x)
{
	uint64_t pause_ms = x->config->keys_per_hour ? HOUR_MS / x->config->keys_per_hour : 0;

	pause_ms = pause_ms > x->config->retire_hold_ms ? pause_ms : x->config->retire_hold_ms;
	return x->confirmed_ms == 0 || x->last_ms - x->confirmed_ms >= pause_ms;
}

/* With a bound that is reached at once again, only a key that cannot be used any more is urgent. */
bool device_used_up(const struct exchange *x)
{
	return x->device_known && x->view.used_up && !exchange_undecided(&x->record) &&
	       (!device_live(x) || (x->record.decision == SLOT_CONFIRMED && has_paused(x)));
}

bool device_wants_key(const struct exchange *x)
{
	if (!x->device_known || exchange_undecided(&x->record)) {
		return false;
	}
	if (x->record.decision == SLOT_EMPTY) {
		return x->view.key_count == 0;
	}
	/* Without its records, a slave can lack a key that its master has confirmed long ago. */
	return x->record.decision == SLOT_CONFIRMED ? !device_applied(x) : device_lost(x);
}

void device_note_ready(struct step *s)
{
	struct exchange *x = s->x;

	if (device_ready(x) && x->ready_generation != x->record.staged.generation) {
		x->ready_generation = x->record.staged.generation;
		step_note(s, EXCHANGE_NOTE_READY, x->ready_generation, REASON_NONE, NULL);
	}
}
