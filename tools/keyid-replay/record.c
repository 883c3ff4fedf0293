#include "tools/keyid-replay/record.h"

bool record_has_header(const struct record *record)
{
	return record->verdict != VERDICT_NOT_OURS && record->verdict != VERDICT_MALFORMED &&
	       record->verdict != VERDICT_TRUNCATED;
}

enum malformed record_malformed(const struct record *record)
{
	switch (record->verdict) {
	case VERDICT_MALFORMED:
		return record->frame.malformed;
	case VERDICT_BAD_CONTENT:
		return record->observation.malformed;
	default:
		return MALFORMED_NOT;
	}
}
