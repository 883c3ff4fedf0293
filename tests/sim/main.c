/*
 * sim [--seeds N] [--first SEED] [--jobs N]    many seeds; the first is random if not given
 * sim --seed SEED                              one seed, with its trace
 *
 * The last line is "sim: N rotations, M seeds, K violations"; the status is 0 if K is 0.
 */
#include "sim.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

struct totals {
	uint64_t seeds, rotations, violations, frames, accepted, crashes, enc_calls;
};

static void run_seeds(uint64_t first, uint64_t count, uint64_t step, struct totals *totals)
{
	struct sim_world *world = malloc(sizeof(*world));

	if (!world) {
		abort();
	}
	for (uint64_t i = 0; i < count; i += step) {
		if (!sim_run(world, first + i, false)) {
			totals->violations++;
			printf("seed %llu: %s\n", (unsigned long long)(first + i),
				world->violation);
			fflush(stdout);
		}
		totals->seeds++;
		totals->rotations += world->rotations;
		totals->frames += world->frames;
		totals->accepted += world->accepted;
		totals->crashes += world->crashes;
		totals->enc_calls += world->enc_calls;
		sim_free(world);
	}
	free(world);
}

/* One process per job, each with every jobs-th seed; the totals come back through a pipe. */
static void run_jobs(uint64_t first, uint64_t count, unsigned jobs, struct totals *totals)
{
	int fds[2];

	if (pipe(fds) != 0) {
		abort();
	}
	for (unsigned job = 0; job < jobs; job++) {
		if (fork() == 0) {
			struct totals own = { 0 };

			run_seeds(first + job, count > job ? count - job : 0, jobs, &own);
			_exit(write(fds[1], &own, sizeof(own)) == sizeof(own) ? 0 : 1);
		}
	}
	close(fds[1]);
	for (unsigned job = 0; job < jobs; job++) {
		struct totals own;
		int status;

		if (read(fds[0], &own, sizeof(own)) != sizeof(own)) {
			totals->violations++; /* a crash of the simulator is one too */
			break;
		}
		totals->seeds += own.seeds;
		totals->rotations += own.rotations;
		totals->violations += own.violations;
		totals->frames += own.frames;
		totals->accepted += own.accepted;
		totals->crashes += own.crashes;
		totals->enc_calls += own.enc_calls;
		wait(&status);
	}
	close(fds[0]);
}

static int run_one(uint64_t seed)
{
	struct sim_world *world = malloc(sizeof(*world));
	bool ok;

	if (!world) {
		abort();
	}
	ok = sim_run(world, seed, true);
	printf("sim: %llu rotations, 1 seeds, %d violations\n",
		(unsigned long long)world->rotations, !ok);
	sim_free(world);
	free(world);
	return ok ? 0 : 1;
}

static int run_many(uint64_t first, uint64_t count, unsigned jobs)
{
	struct totals totals = { 0 };

	printf("sim: first seed %llu\n", (unsigned long long)first);
	fflush(stdout);
	run_jobs(first, count, jobs, &totals);
	printf("sim: %llu frames sent, %llu accepted, %llu crashes, %.2f enc_keys calls per "
	       "rotation\n",
		(unsigned long long)totals.frames, (unsigned long long)totals.accepted,
		(unsigned long long)totals.crashes,
		totals.rotations ? (double)totals.enc_calls / (double)totals.rotations : 0);
	printf("sim: %llu rotations, %llu seeds, %llu violations\n",
		(unsigned long long)totals.rotations, (unsigned long long)totals.seeds,
		(unsigned long long)totals.violations);
	return totals.violations || totals.seeds != count ? 1 : 0;
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
			count = strtoull(optarg, NULL, 10);
			break;
		case 'f':
			first = strtoull(optarg, NULL, 10);
			first_given = true;
			break;
		case 's':
			return run_one(strtoull(optarg, NULL, 10));
		case 'j':
			jobs = strtol(optarg, NULL, 10);
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
