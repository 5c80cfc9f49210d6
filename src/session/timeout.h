/* timeout.h - one thread of the process that cancels what has taken too long (B61).
 *
 * A watch lives on the stack of the run that is watched; its flag is the run's `cancelled`. */
#ifndef SESSION_TIMEOUT_H
#define SESSION_TIMEOUT_H

#include "base/status.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct watch {
    atomic_int cancelled;
    bool expired;
    const void *owner;                  /* for watch_cancel() */
    int64_t deadline_ns;
    struct watch *next, **link;
};

MUST_CHECK struct status *watch_begin(struct watch *w, const void *owner, int64_t timeout_ms);
bool watch_end(struct watch *w);                /* did it expire? */
void watch_cancel(const void *owner);           /* all that this owner has begun */

#endif
