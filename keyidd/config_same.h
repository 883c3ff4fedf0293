/*
 * What a reload may change under a running daemon: two configurations are the
 * same for these functions if nothing has to be stopped to go from one to the
 * other.
 */
#ifndef KEYIDD_CONFIG_SAME_H
#define KEYIDD_CONFIG_SAME_H

#include "keyidd/config.h"

/* But for times and channel keys: who takes part, where, and on which device. */
bool config_same_association(
	const struct config_association *a, const struct config_association *b);

/* In everything that is written: a hand-over is stopped and started for any change. */
bool config_same_handover(const struct config_handover *a, const struct config_handover *b);

/* Name and every setting of the client: calls under way can go on. */
bool config_same_kme(const struct config_kme *a, const struct config_kme *b);

/* What only a restart can change: state, control socket, frame format. */
bool config_same_process(const struct config *a, const struct config *b);

#endif
