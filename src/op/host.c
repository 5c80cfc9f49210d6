#include "op/host.h"

static _Atomic(host_function *) function;

void host_function_set(host_function *f) { atomic_store(&function, f); }
host_function *host_function_get(void) { return atomic_load(&function); }
