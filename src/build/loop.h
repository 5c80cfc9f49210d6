/* loop.h - loops (TF: tf.while_loop).
 *
 * A loop is built in three steps: begin, then the condition is built on the variables as they are
 * at the start of an iteration; loop_test(), then the body on the variables as they are in it;
 * loop_end(). Errors stick to the graph.
 */
#ifndef BUILD_LOOP_H
#define BUILD_LOOP_H

#include "graph/context.h"

struct loop_options {
    const struct shape *shapes;         /* NULL, or of each variable: what stays so (E25) */
    int parallel_iterations;
    bool back_prop, swap_memory;
    struct out maximum, counter;        /* of iterations; {NULL}: none, it is made here */
};

/* inside[i]: vars[i] at the start of an iteration. What is built until loop_end() (or scope_end(),
 * which gives it up) is in the loop. NULL: an error sticks and nothing was begun. */
struct context *loop_begin(struct graph *g, const struct loop_options *o, const struct out *vars,
                           int n, struct out *inside);
/* Goes on while `test` holds; inside[i]: vars[i] in the body. */
void loop_test(struct context *c, struct out test, struct out *inside);
/* next[i]: vars[i] in the next iteration; results[i]: after the last one. */
void loop_end(struct context *c, const struct out *next, struct out *results);

/* What builds both. */
struct loop_builder {
    struct out (*test)(void *ctx, struct graph *g, const struct out *vars, int n);
    void (*body)(void *ctx, struct graph *g, const struct out *vars, struct out *next, int n);
    void *ctx;
};
void build_while(struct graph *g, const char *name, const struct loop_builder *b,
                 const struct out *vars, int n, const struct loop_options *o,
                 struct out *results);

#endif
