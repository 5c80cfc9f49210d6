/* trace.h - what each step of one run took: when, how long, on which thread, for what outputs. */
#ifndef SESSION_TRACE_H
#define SESSION_TRACE_H

#include "base/str.h"
#include "plan/plan.h"

struct trace_out { int index; enum dtype dtype; struct shape shape; };

/* The node is the graph's; outputs are out[first_out...]. */
struct trace_step { const struct node *node; struct step_time time; int first_out, n_out; };

/* Steps in order of ending. */
struct trace {
    struct trace_step *step;
    struct trace_out *out;
    int n, cap, n_out, cap_out;
};

/* What there is no memory for is left out. */
void trace_add(struct trace *t, const struct step *s, const struct tensor *out,
               const struct step_time *time);
void trace_free(struct trace *t);                               /* NULL is fine */
void trace_to_json(const struct trace *t, struct str *to);      /* Chrome's trace format */
/* TensorFlow's: a serialized RunMetadata, to mem_free(). */
MUST_CHECK struct status *trace_to_metadata(const struct trace *t, void **bytes, size_t *n);

#endif
