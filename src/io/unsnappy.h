/* unsnappy.h - libsnappy, loaded when a file first needs it: it brings C++'s library along, which
 * every process would pay for at its start. Any thread. */
#ifndef IO_UNSNAPPY_H
#define IO_UNSNAPPY_H

#include "base/status.h"

#include <stddef.h>

/* `*plain` is the caller's to mem_free(). What cannot be unpacked is DATA_LOSS. */
MUST_CHECK struct status *unsnappy(const char *packed, size_t n, char **plain, size_t *n_plain);

#endif
