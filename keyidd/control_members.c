/* What the other SAEs of an association say of themselves. */
#include "keyidd/control_private.h"

static bool known(const struct sae_id *const saes[], size_t count, const struct sae_id *sae)
{
	for (size_t i = 0; i < count; i++) {
		if (sae_id_equal(saes[i], sae)) {
			return true;
		}
	}
	return false;
}

struct sae_list {
	const struct sae_id **saes; /* CONTROL_SAES_MAX of them */
	size_t count;
};

static void add(struct sae_list *list, const struct sae_id *own, const struct sae_id *sae)
{
	if (sae->len > 0 && !sae_id_equal(sae, own) && !known(list->saes, list->count, sae)) {
		list->saes[list->count++] = sae;
	}
}

static void add_configured(struct sae_list *list, const struct exchange_config *config)
{
	add(list, &config->sae, &config->master);
	for (size_t i = 0; i < config->member_count; i++) {
		add(list, &config->sae, &config->members[i]);
	}
	for (size_t i = 0; i < config->link_count; i++) {
		for (size_t j = 0; j < config->links[i].neighbour_count; j++) {
			add(list, &config->sae, &config->links[i].neighbours[j]);
		}
	}
}

size_t control_saes(
	const struct association *association, const struct sae_id *saes[static CONTROL_SAES_MAX])
{
	struct sae_list list = { saes, 0 };
	const struct exchange *x = &association->exchange;

	add_configured(&list, x->config);
	for (size_t i = 0; i < SAES_MAX; i++) {
		add(&list, &x->config->sae, &x->peers[i].status.sae);
	}
	return list.count;
}

bool control_sae_configured(const struct association *association, const struct sae_id *sae)
{
	const struct sae_id *saes[CONTROL_SAES_MAX];
	struct sae_list list = { saes, 0 };

	add_configured(&list, association->exchange.config);
	return known(saes, list.count, sae);
}

/* ---- as JSON -------------------------------------------------------------------------------- */

static json_t *failure(const struct sae_status *status)
{
	if (status->failed.generation == 0 && status->failed_reason == REASON_NONE) {
		return json_null();
	}
	return json_pack("{s:o, s:o}", "generation", control_generation(status->failed.generation),
		"reason", control_reason(status->failed_reason));
}

static void put_status(json_t *member, const struct association *association,
	const struct exchange_peer *peer, struct exchange_time now)
{
	const struct exchange *x = &association->exchange;
	const struct sae_status *status = &peer->status;
	bool duplicate = peer->duplicate_ms != 0 &&
			 now.mono_ms - peer->duplicate_ms <= x->config->life_ms;

	json_object_set_new(member, "heard_ms_ago", control_number(now.mono_ms - peer->heard_ms));
	json_object_set_new(member, "heard_at",
		control_time_s(now.wall_s - (int64_t)((now.mono_ms - peer->heard_ms) / 1000)));
	json_object_set_new(
		member, "link", control_text(association->config->links[peer->link].name));
	json_object_set_new(member, "hops", json_integer(status->hops));
	json_object_set_new(member, "member", control_hex(peer->member, MEMBER_ID_LEN));
	json_object_set_new(member, "highest", control_generation(status->highest));
	json_object_set_new(member, "ready", control_generation(status->staged.generation));
	json_object_set_new(member, "applied", control_generation(status->applied.generation));
	json_object_set_new(
		member, "live", control_generation(status->live ? status->applied.generation : 0));
	json_object_set_new(member, "failed", failure(status));
	json_object_set_new(member, "lost", control_generation(status->lost.generation));
	json_object_set_new(member, "rekey_wanted", json_boolean(status->rekey_wanted));
	json_object_set_new(member, "device_known", json_boolean(status->device_known));
	json_object_set_new(member, "device_reason", control_reason(status->device_reason));
	json_object_set_new(member, "device_keys", json_integer(status->usable_count));
	json_object_set_new(member, "duplicate", json_boolean(duplicate));
}

static const char *role_name(const struct association *association, const struct sae_id *sae)
{
	if (sae_id_equal(sae, &association->exchange.config->master)) {
		return "master";
	}
	return control_sae_configured(association, sae) ? "member" : "other";
}

/* In every entry the same names: what is not known is null. */
static void put_nothing(json_t *member)
{
	static const char *const names[] = { "heard_ms_ago", "heard_at", "link", "hops", "member",
		"highest", "ready", "applied", "live", "failed", "lost", "rekey_wanted",
		"device_known", "device_reason", "device_keys", "duplicate" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		json_object_set_new(member, names[i], json_null());
	}
}

json_t *control_members(const struct association *association, struct exchange_time now)
{
	const struct sae_id *saes[CONTROL_SAES_MAX];
	size_t count = control_saes(association, saes);
	json_t *members = json_array();

	for (size_t i = 0; i < count; i++) {
		const struct exchange_peer *peer = exchange_find_peer(
			&association->exchange, saes[i]);
		bool live = peer && exchange_peer_live(&association->exchange, peer, now);
		json_t *member = json_object();

		json_object_set_new(member, "sae", control_sae(saes[i]));
		json_object_set_new(member, "role", json_string(role_name(association, saes[i])));
		json_object_set_new(member, "state",
			json_string(live   ? "live"
				    : peer ? "silent"
					   : "unheard"));
		if (peer) {
			put_status(member, association, peer, now);
		} else {
			put_nothing(member);
		}
		json_array_append_new(members, member);
	}
	return members;
}
