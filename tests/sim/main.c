/*
 * The simulation: real exchange and link code in worlds of virtual time.
 *
 * sim [--seeds N] [--first SEED] [--jobs N]   N seeds; the first is random if not given
 * sim --seed SEED                              one seed, with its trace
 *
 * The last line is "sim: N rotations, M seeds, K violations"; the status is 0 if K is 0.
 */
#include "sim.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"

static struct sim_world *new_world(void)
{
	struct sim_world *world = malloc(sizeof(*world));

	if (!world) {
		abort();
	}
	return world;
}

static void run_seeds(uint64_t first, uint64_t count, uint64_t step, struct report *report)
{
	struct sim_world *world = new_world();

	for (uint64_t i = 0; i < count; i += step) {
		if (!sim_run(world, first + i, false)) {
			report->violations++;
			printf("seed %llu: %s\n", (unsigned long long)(first + i),
				world->violation);
			fflush(stdout);
		}
		report_add(report, &world->outcome);
		sim_free(world);
	}
	free(world);
}

/* One process per job, each with every jobs-th seed; the reports are in memory that all share. */
static void run_jobs(uint64_t first, uint64_t count, unsigned jobs, struct report *report)
{
	size_t size = jobs * sizeof(*report);
	struct report *reports = mmap(
		NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (reports == MAP_FAILED) {
		abort();
	}
	for (unsigned job = 0; job < jobs; job++) {
		pid_t child = fork();

		if (child == 0) {
			run_seeds(first + job, count > job ? count - job : 0, jobs, &reports[job]);
			_exit(0);
		}
		if (child < 0) {
			abort();
		}
	}
	for (unsigned job = 0; job < jobs; job++) {
		int status;

		if (wait(&status) < 0 || status != 0) {
			report->violations++; /* a crash of the simulator is one too */
		}
	}
	for (unsigned job = 0; job < jobs; job++) {
		report_merge(report, &reports[job]);
	}
	munmap(reports, size);
}

static int run_one(uint64_t seed)
{
	struct sim_world *world = new_world();
	bool ok = sim_run(world, seed, true);

	printf("sim: %llu rotations, 1 seeds, %d violations\n",
		(unsigned long long)(world->outcome.rotations_faults +
				     world->outcome.rotations_quiet),
		!ok);
	sim_free(world);
	free(world);
	return ok ? 0 : 1;
}

static int run_many(uint64_t first, uint64_t count, unsigned jobs)
{
	static struct report report;

	printf("sim: first seed %llu\n", (unsigned long long)first);
	fflush(stdout);
	run_jobs(first, count, jobs, &report);
	report_print(&report);
	return report.violations || report.seeds != count ? 1 : 0;
}

/* Ends the program if it is none: a run of nothing finds nothing. */
static uint64_t number(const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 10);

	if (end == text || *end) {
		fprintf(stderr, "sim: \"%s\": not a number\n", text);
		exit(2);
	}
	return value;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seeds", required_argument, NULL, 'n' },
		{ "first", required_argument, NULL, 'f' },
		{ "seed", required_argument, NULL, 's' },
		{ "jobs", required_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	uint64_t first = 0, count = 1000;
	long jobs = sysconf(_SC_NPROCESSORS_ONLN);
	bool first_given = false;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'n':
			count = number(optarg);
			break;
		case 'f':
			first = number(optarg);
			first_given = true;
			break;
		case 's':
			return run_one(number(optarg));
		case 'j':
			jobs = (long)number(optarg);
			break;
		default:
			fprintf(stderr,
				"usage: sim [--seeds N] [--first SEED] [--jobs N] | --seed SEED\n");
			return 2;
		}
	}
	if (!first_given && getrandom(&first, 4, 0) != 4) {
		return 2;
	}
	return run_many(first, count, jobs > 0 ? (unsigned)jobs : 1);
}
