/*
 * One frame of a capture, and what was found out about it; its two forms.
 */
#ifndef KEYID_REPLAY_RECORD_H
#define KEYID_REPLAY_RECORD_H

#include <stdio.h>

#include "l2proto/frame.h"
#include "l2proto/observer.h"
#include "l2proto/port_capture.h"
#include "tools/keyid-replay/events.h"
#include "tools/keyid-replay/site.h"

struct record {
	const char *capture; /* its name */
	struct capture_frame captured;
	struct frame frame; /* ethernet: unless NOT_OURS; header: unless MALFORMED too */
	enum verdict verdict;
	const struct site_link *link; /* NULL = unknown */
	struct observation observation;
	struct message_content content; /* if observation.readable */
	struct event_list events;
};

/* Is there a message with a header that can be read? */
bool record_has_header(const struct record *record);

/* Why it is malformed; MALFORMED_NOT if it is not. */
enum malformed record_malformed(const struct record *record);

/* One line of text, or one JSON object in a line. keyid-replay(1) is their manual. */
void record_print_text(const struct record *record, FILE *out);
void record_print_json(const struct record *record, FILE *out);

#endif
