#include "op/host.h"

static _Atomic(host_function *) function;

void host_function_set(host_function *f) { atomic_store(&function, f); }
host_function *host_function_get(void) { return atomic_load(&function); }

static _Thread_local struct host_call *innermost;

void host_call_begin(struct host_call *c, const void *buffers)
{
    *c = (struct host_call){ buffers, innermost };
    innermost = c;
}

void host_call_end(const struct host_call *c) { innermost = c->outer; }

bool host_call_is_for(const void *buffers)
{
    for (const struct host_call *c = innermost; c; c = c->outer)
        if (c->buffers == buffers)
            return true;
    return false;
}
