/* measure.h - medians of repeated calls, one row of output each:
 * who <TAB> workload <TAB> threads <TAB> value, as the floor programs print them. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

/* Median microseconds of one call of fn(ctx), over about a second. */
double measure_us(void (*fn)(void *ctx), void *ctx);
double now_us(void);
double resident_mb(void);
void row(const char *workload, int threads, double value);

/* Calls of malloc, calloc, realloc and aligned_alloc so far, by anyone in the process. */
long allocations(void);

#endif
