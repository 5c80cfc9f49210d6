/* gives.h - for the tests of ops on a stage: what one output gives or why not, by both executors,
 * folded beforehand or not; and its gradient. */
#ifndef TEST_GIVES_H
#define TEST_GIVES_H

#include "test/stage.h"

static const unsigned ways[] = {
    PLAN_SERIAL, PLAN_FLOW, PLAN_SERIAL | PLAN_NO_FOLD, PLAN_FLOW | PLAN_NO_FOLD
};
enum { WAYS = sizeof ways / sizeof *ways };

static struct status *run(struct out o, unsigned flags, struct tensor *result)
{
    return stage_run_by(&(struct plan_key){ .fetch = &o, .n_fetches = 1 }, flags,
                        (struct run_options){ .intra = 1 }, result);
}

static void gives(struct out o, const char *text)
{
    struct tensor want = value(text);
    for (int i = 0; i < WAYS; i++) {
        struct tensor got = { 0 };
        ok(run(o, ways[i], &got));
        ok(tensor_differs(&got, &want, (struct tolerance){ 1e-6, 1e-6 }));
        tensor_unref(&got);
    }
    tensor_unref(&want);
}

static void refuses(struct out o, const char *text)
{
    for (int i = 0; i < WAYS; i++) {
        struct tensor got = { 0 };
        fails(run(o, ways[i], &got), INVALID_ARGUMENT, text);
    }
}

static struct out times(struct out x, const char *v)
{
    return add("Mul", OUTS(x, constant(v)), NULL, 0);
}

static struct out derivative(struct out y, struct out x)
{
    struct out dx = { 0 };
    ok(graph_gradients(graph, &(struct gradients){ .y = &y, .n_y = 1, .x = &x, .n_x = 1 }, &dx,
                       NULL));
    return dx;
}

#endif
