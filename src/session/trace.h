/* trace.h - what each step of one run took: when, how long, on which thread. */
#ifndef SESSION_TRACE_H
#define SESSION_TRACE_H

#include "base/str.h"

#include <stdint.h>

struct trace_step { const char *name, *op; int64_t start_ns, end_ns; int thread; };

/* Texts are the graph's. In order of ending. */
struct trace { struct trace_step *step; int n, cap; };

void trace_free(struct trace *t);                               /* NULL is fine */
void trace_to_json(const struct trace *t, struct str *to);      /* Chrome's trace format */

#endif
