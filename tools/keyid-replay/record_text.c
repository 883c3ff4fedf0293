/* NUMBER TIME FROM ASSOCIATION VERDICT SAID [=> EVENT; ...] */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "common/hex.h"
#include "l2proto/reason.h"
#include "tools/keyid-replay/record.h"

#define NS_PER_S INT64_C(1000000000)

static void print_time(int64_t time_ns, FILE *out)
{
	static time_t last_second = -1;
	static char last_text[32];
	time_t second = (time_t)(time_ns / NS_PER_S);
	struct tm when;

	/* gmtime_r() costs more than the rest of the line. */
	if (second != last_second && gmtime_r(&second, &when)) {
		strftime(last_text, sizeof(last_text), "%Y-%m-%dT%H:%M:%S", &when);
		last_second = second;
	}
	fprintf(out, " %s.%06dZ", last_text, (int)(time_ns % NS_PER_S / 1000));
}

static void address_text(const uint8_t *address, char out[static 18])
{
	snprintf(out, 18, "%02x:%02x:%02x:%02x:%02x:%02x", address[0], address[1], address[2],
		address[3], address[4], address[5]);
}

/* The best that is known of the sender: SAE, member identifier, address. */
static void print_from(const struct record *record, FILE *out)
{
	char text[SAE_ID_MAX + 1] = "-";

	if (record_has_header(record) && record->observation.sae.len > 0) {
		memcpy(text, record->observation.sae.text, sizeof(text));
	} else if (record_has_header(record)) {
		hex_encode(record->frame.header.member, MEMBER_ID_LEN, text);
	} else if (record->captured.len >= 2 * ETHERNET_ADDRESS_LEN) {
		address_text(record->captured.octets + ETHERNET_ADDRESS_LEN, text);
	}
	fprintf(out, " %-12s", text);
}

static void print_association(const struct record *record, FILE *out)
{
	char text[2 * CONFIG_NAME_MAX + 2] = "-";

	if (record->link && strcmp(record->link->association, record->link->name) == 0) {
		snprintf(text, sizeof(text), "%s", record->link->name);
	} else if (record->link) {
		snprintf(
			text, sizeof(text), "%s/%s", record->link->association, record->link->name);
	} else if (record_has_header(record)) {
		hex_encode(record->frame.header.association, ASSOCIATION_ID_LEN, text);
	}
	fprintf(out, " %-10s", text);
}

static void print_verdict(const struct record *record, FILE *out)
{
	enum malformed malformed = record_malformed(record);
	char text[48];

	snprintf(text, sizeof(text), "%s%s%s", verdict_name(record->verdict), malformed ? ":" : "",
		malformed ? malformed_name(malformed) : "");
	fprintf(out, " %-12s", text);
}

/* ---- what it said ---------------------------------------------------------------------------- */

static void print_slot(const struct slot *slot, const char *separator, FILE *out)
{
	static const char *const phases[] = { [SLOT_PREPARE] = "prepare",
		[SLOT_ABORT] = "abort",
		[SLOT_COMMIT] = "commit",
		[SLOT_CONFIRMED] = "confirmed" };
	const struct proposal *proposal = &slot->proposal;

	fprintf(out, "%s%s %" PRIu64, separator, phases[slot->phase], proposal->generation);
	if (proposal->key_count != 1) {
		fprintf(out, " (%u keys)", proposal->key_count);
	}
	if (proposal->an != AN_NONE) {
		fprintf(out, " an %u", proposal->an);
	}
	if (proposal->start != 0) {
		fprintf(out, " start %" PRId64, proposal->start);
	}
}

static void print_reference(const char *name, const struct proposal_ref *reference, FILE *out)
{
	if (reference->generation != 0) {
		fprintf(out, " %s %" PRIu64, name, reference->generation);
	}
}

static void print_status(const struct sae_status *status, const char *separator, FILE *out)
{
	fprintf(out, "%s%s", separator, status->sae.text);
	if (status->hops > 0) {
		fprintf(out, " (%u %s)", status->hops, status->hops == 1 ? "hop" : "hops");
	}
	print_reference("ready", &status->staged, out);
	print_reference(status->live ? "live" : "applied", &status->applied, out);
	print_reference("failed", &status->failed, out);
	if (status->failed.generation != 0) {
		fprintf(out, " (%s)", reason_name(status->failed_reason));
	}
	print_reference("lost", &status->lost, out);
	if (status->device_reason != 0) {
		fprintf(out, " device: %s", reason_name(status->device_reason));
	}
	fputs(status->rekey_wanted ? " wants a rekey" : "", out);
}

static void print_nonce(const uint8_t *nonce, FILE *out)
{
	char text[2 * NONCE_LEN + 1];

	hex_encode(nonce, NONCE_LEN, text);
	fprintf(out, " %s", text);
}

/* SAs by their nonces: whoever receives one shows the same. */
static void print_secy(const struct secy *secy, FILE *out)
{
	char sci[2 * SCI_LEN + 1];

	hex_encode(secy->sci, SCI_LEN, sci);
	fprintf(out, "secy %s", sci);
	for (size_t i = 0; i < secy->transmit_count; i++) {
		fputs(i == 0 ? " sends" : "", out);
		print_nonce(secy->transmit[i].nonce, out);
		fputs(secy->transmit[i].unused ? " (unused)" : "", out);
	}
	for (size_t i = 0; i < secy->receive_count; i++) {
		fputs(i == 0 ? " receives" : "", out);
		print_nonce(secy->receive[i], out);
	}
}

static void print_content(const struct message_content *content, FILE *out)
{
	const char *separator = " ";

	if (content->master.len > 0) {
		fprintf(out, " master %s", content->master.text);
		separator = ": ";
	}
	if (content->committed.phase != SLOT_EMPTY) {
		print_slot(&content->committed, separator, out);
		separator = ", ";
	}
	if (content->proposed.phase != SLOT_EMPTY) {
		print_slot(&content->proposed, separator, out);
	}
	separator = content->master.len > 0 ? " | " : " ";
	for (size_t i = 0; i < content->status_count; i++) {
		print_status(&content->status[i], separator, out);
		separator = " | ";
	}
	if (content->secy.present) {
		fputs(separator, out);
		print_secy(&content->secy, out);
	}
}

static void print_header(const struct message_header *header, FILE *out)
{
	fprintf(out, " #%" PRIu32, header->number);
	if (header->newest_key_number != header->key_number) {
		fprintf(out, " key %u of %u", header->key_number, header->newest_key_number);
	}
}

static void print_events(const struct event_list *events, FILE *out)
{
	for (size_t i = 0; i < events->count; i++) {
		fputs(i == 0 ? " => " : "; ", out);
		fputs(events->text[i], out);
	}
}

void record_print_text(const struct record *record, FILE *out)
{
	fprintf(out, "%6" PRIu64, record->captured.number);
	print_time(record->captured.time_ns, out);
	print_from(record, out);
	print_association(record, out);
	print_verdict(record, out);
	fputs(record->frame.carrier == CARRIER_LLDP ? " lldp" : "", out);
	if (record_has_header(record)) {
		print_header(&record->frame.header, out);
	}
	if (record->observation.readable) {
		print_content(&record->content, out);
	}
	print_events(&record->events, out);
	fputc('\n', out);
}
