/* What many seeds come to. */
#ifndef SIM_REPORT_H
#define SIM_REPORT_H

#include <stdint.h>

#include "sim.h"

#define REPORT_BUCKETS 8000

struct report_histogram {
	uint64_t count, sum, max;
	uint32_t buckets[REPORT_BUCKETS]; /* the last one takes what is above */
};

struct report {
	uint64_t seeds, violations;
	struct sim_outcome sums;                         /* agreement_ms is not one */
	uint64_t seeds_without;                          /* a rotation in the fault phase */
	struct report_histogram agreement;               /* bucket: 10 ms */
	struct report_histogram keys_faults, keys_quiet; /* enc_keys calls; bucket: 0.1 */
};

void report_add(struct report *report, const struct sim_outcome *outcome);
void report_merge(struct report *report, const struct report *other);
/* The last line is "sim: N rotations, M seeds, K violations". */
void report_print(const struct report *report);

#endif
