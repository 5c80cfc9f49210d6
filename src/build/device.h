/* device.h - device strings: "/job:worker/replica:0/task:1/device:GPU:0", each part optional. */
#ifndef BUILD_DEVICE_H
#define BUILD_DEVICE_H

#include "base/arena.h"
#include "base/status.h"

/* The fields of `inner`, filled up from `outer` where it says nothing (A24, A25), in canonical
 * spelling (A28); the text is the arena's. What is no part of a device is INVALID_ARGUMENT. */
MUST_CHECK struct status *device_merge(struct arena *a, const char *outer, const char *inner,
                                       const char **merged);

#endif
