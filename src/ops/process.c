/* process.c - what has to do with the process and its time: Timestamp, Abort, Fact. */
#include "graph/graph.h"
#include "op/kernel.h"
#include "op/shape_fn.h"
#include "tensor/tstring.h"

#include <string.h>
#include <time.h>

static struct status *timestamp(struct kernel *k)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    TRY(kernel_new(k, 0, DT_DOUBLE, &SHAPE_SCALAR));
    *(double *)kernel_out(k, 0)->data = (double)now.tv_sec + (double)(now.tv_nsec / 1000) / 1e6;
    return NULL;
}

/* TensorFlow ends the process. A library has no right to that: the run ends. */
static struct status *abort_run(struct kernel *k)
{
    const char *text = node_attr_string(k->node, "error_msg");
    return status_new(ABORTED, "Abort_op intentional failure; %s", text);
}

static struct status *fact(struct kernel *k)
{
    static const char text[] = "0! == 1";
    TRY(kernel_new(k, 0, DT_STRING, &SHAPE_SCALAR));
    return tstring_set(kernel_out(k, 0)->data, text, strlen(text)) ? NULL : status_no_memory();
}

const struct op ops_process[] = {
    { .name = "Timestamp", .outputs = "ts: double",
      .doc = "The time in seconds since the beginning of 1970.",
      .shape = shape_scalar, .grad = NO_GRADIENT, .kernel_any = timestamp, .flags = OP_STATEFUL },
    { .name = "Abort", .attrs = "error_msg: string = \"\"; exit_without_error: bool = false",
      .doc = "Ends the run with an error.",
      .note = "The run fails with ABORTED; the process goes on.",
      .shape = shape_none, .grad = NO_GRADIENT, .kernel_any = abort_run },
    { .name = "Fact", .outputs = "fact: string", .doc = "Something that is true.",
      .shape = shape_scalar, .grad = NO_GRADIENT, .kernel_any = fact },
    { 0 }
};
