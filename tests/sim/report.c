#include "report.h"

#include <stdio.h>

#define AGREEMENT_STEP 10 /* ms */
#define KEYS_STEP 100     /* thousandths */

static void histogram_add(struct report_histogram *histogram, uint64_t value, uint64_t step)
{
	uint64_t bucket = value / step;

	histogram->count++;
	histogram->sum += value;
	histogram->max = value > histogram->max ? value : histogram->max;
	histogram->buckets[bucket < REPORT_BUCKETS ? bucket : REPORT_BUCKETS - 1]++;
}

static void histogram_merge(struct report_histogram *into, const struct report_histogram *other)
{
	into->count += other->count;
	into->sum += other->sum;
	into->max = other->max > into->max ? other->max : into->max;
	for (size_t i = 0; i < REPORT_BUCKETS; i++) {
		into->buckets[i] += other->buckets[i];
	}
}

/* At most this, in `per_mille` of the cases; cut to a step. */
static double quantile(const struct report_histogram *histogram, unsigned per_mille, uint64_t step)
{
	uint64_t seen = 0, wanted = (histogram->count * per_mille + 999) / 1000;
	size_t i = 0;

	while (i < REPORT_BUCKETS - 1 && seen + histogram->buckets[i] < wanted) {
		seen += histogram->buckets[i++];
	}
	return (double)(i * step) / 1000;
}

void report_add(struct report *report, const struct sim_outcome *outcome)
{
	report->seeds++;
	report->sums.rotations_faults += outcome->rotations_faults;
	report->sums.rotations_quiet += outcome->rotations_quiet;
	report->sums.enc_faults += outcome->enc_faults;
	report->sums.enc_quiet += outcome->enc_quiet;
	report->sums.frames += outcome->frames;
	report->sums.accepted += outcome->accepted;
	report->sums.crashes += outcome->crashes;
	histogram_add(&report->agreement, outcome->agreement_ms, AGREEMENT_STEP);
	if (outcome->rotations_faults == 0) {
		report->seeds_without++;
	} else {
		histogram_add(&report->keys_faults,
			outcome->enc_faults * 1000 / outcome->rotations_faults, KEYS_STEP);
	}
	if (outcome->rotations_quiet > 0) {
		histogram_add(&report->keys_quiet,
			outcome->enc_quiet * 1000 / outcome->rotations_quiet, KEYS_STEP);
	}
}

void report_merge(struct report *report, const struct report *other)
{
	report->seeds += other->seeds;
	report->violations += other->violations;
	report->sums.rotations_faults += other->sums.rotations_faults;
	report->sums.rotations_quiet += other->sums.rotations_quiet;
	report->sums.enc_faults += other->sums.enc_faults;
	report->sums.enc_quiet += other->sums.enc_quiet;
	report->sums.frames += other->sums.frames;
	report->sums.accepted += other->sums.accepted;
	report->sums.crashes += other->sums.crashes;
	report->seeds_without += other->seeds_without;
	histogram_merge(&report->agreement, &other->agreement);
	histogram_merge(&report->keys_faults, &other->keys_faults);
	histogram_merge(&report->keys_quiet, &other->keys_quiet);
}

static double ratio(uint64_t a, uint64_t b)
{
	return b ? (double)a / (double)b : 0;
}

static void print_keys(const char *phase, uint64_t calls, uint64_t rotations,
	const struct report_histogram *histogram)
{
	printf("sim: keys spent, %s: %.2f enc_keys calls per CONFIRMED generation; of the seeds "
	       "with any, p50 %.1f, p99 %.1f, most %.1f\n",
		phase, ratio(calls, rotations), quantile(histogram, 500, KEYS_STEP),
		quantile(histogram, 990, KEYS_STEP), (double)histogram->max / 1000);
}

void report_print(const struct report *report)
{
	const struct sim_outcome *sums = &report->sums;

	printf("sim: %llu frames sent, %llu accepted, %llu crashes\n",
		(unsigned long long)sums->frames, (unsigned long long)sums->accepted,
		(unsigned long long)sums->crashes);
	printf("sim: agreement after the last fault: p50 %.2f s, p90 %.2f s, p99 %.2f s, "
	       "max %.2f s of virtual time\n",
		quantile(&report->agreement, 500, AGREEMENT_STEP),
		quantile(&report->agreement, 900, AGREEMENT_STEP),
		quantile(&report->agreement, 990, AGREEMENT_STEP),
		(double)report->agreement.max / 1000);
	printf("sim: (the last fault is the end of the faults, or the last restart or the clone's "
	       "leaving after it; from then on every frame sent arrives within 2 ms, every KME and "
	       "device answers what it is asked within 55 ms, and every node stays up. What was "
	       "sent or asked before may still arrive late.)\n");
	print_keys("with faults", sums->enc_faults, sums->rotations_faults, &report->keys_faults);
	printf("sim: (%llu seeds have no CONFIRMED generation while there are faults)\n",
		(unsigned long long)report->seeds_without);
	print_keys("after the faults", sums->enc_quiet, sums->rotations_quiet, &report->keys_quiet);
	printf("sim: %llu rotations, %llu seeds, %llu violations\n",
		(unsigned long long)(sums->rotations_faults + sums->rotations_quiet),
		(unsigned long long)report->seeds, (unsigned long long)report->violations);
}
