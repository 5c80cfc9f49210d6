/* run_flow.c - the dataflow executor. */
#include "plan/run.h"

/* Any topological order will do until steps run on several threads. */
struct status *run_flow(const struct plan *p, struct run *r, const struct run_options *o)
{
    return run_serial(p, r, o);
}

void flow_free(struct flow *f) { (void)f; }
