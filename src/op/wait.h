/* wait.h - how kernels wait: for another step, another run, another thread.
 *
 * The op's flag is OP_BLOCKING. Its kernel is first called like any other, with env->may_wait
 * false: if it cannot finish now, it returns status_would_wait(), having changed nothing. It is
 * then called again on a thread that may wait. What changes the state that it waits for must wake
 * it; but while it waits, it looks again and again whether it must stop.
 */
#ifndef OP_WAIT_H
#define OP_WAIT_H

#include "op/kernel.h"

#include <pthread.h>

void wait_init(pthread_cond_t *changed);            /* for kernel_wait(), on its clock */

/* With `lock` held: until `changed` is signalled, but not long. True: the run is to end, and the
 * kernel with it. */
bool kernel_wait(const struct kernel *k, pthread_cond_t *changed, pthread_mutex_t *lock);
/* The same for what is computed in an environment, by a kernel or without one. */
bool env_wait(const struct run_env *e, pthread_cond_t *changed, pthread_mutex_t *lock);

/* Is whatever waits in this run to end? */
bool wait_is_over(const struct stop *s);

#endif
