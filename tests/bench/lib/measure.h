/* What benchmarks measure with. What goes wrong ends the program: there is nothing to save. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stddef.h>

/* Ends the program, with what errno says. */
void measure_die(const char *what) __attribute__((noreturn));

/* Monotonic, and the same in all processes. */
double measure_now_us(void);

/* Keeps this process on one of the processors that it may use, counted from 0. */
void measure_use_processor(int which);

/* Of count values, 1 or more, which are sorted. */
double measure_percentile(double *values, size_t count, int percent);

#endif
