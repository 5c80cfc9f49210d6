/* waiter.h - threads that may wait: not the pool's, whose number is that of the processors.
 *
 * One is made whenever none is free; it stays a while for the next task. A fork()ed child makes its
 * own. Any thread may call.
 */
#ifndef BASE_WAITER_H
#define BASE_WAITER_H

#include "base/pool.h"

/* Have t->fn(t) called at once, however many others wait. The memory is the caller's and must stay
 * until fn is entered. False: no thread could be made, and it never will be. */
bool waiter_submit(struct pool_task *t);

#endif
