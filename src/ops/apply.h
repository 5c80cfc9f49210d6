/* apply.h - what all training ops (ApplyX, SparseApplyX and both on handles) share.
 *
 * A rule is written once, for a run of elements; the driver finds the variable and its slots, locks
 * them, checks shapes and scalars, and calls the rule over the whole variable or, for the sparse
 * forms, over one row for each index, in order: rows that occur twice are updated twice. */
#ifndef OPS_APPLY_H
#define OPS_APPLY_H

#include "graph/graph.h"
#include "op/kernel.h"

#include <math.h>

enum { APPLY_VARIABLES = 4, APPLY_SCALARS = 8 };

struct apply {
    /* The variable's elements as they were and where they go: the same memory unless somebody else
     * reads the old ones. A rule writes every element of the new ones. */
    const void *was;
    void *var[APPLY_VARIABLES];             /* var[0] and the slots */
    const void *grad;
    const void *scalar[APPLY_SCALARS];      /* in the order of the inputs */
    bool use_nesterov, update_slots;
};

/* Elements [at, at + n) of the variables with [from, from + n) of the gradient. */
typedef void apply_rule(const struct apply *a, int64_t at, int64_t from, int64_t n);

MUST_CHECK struct status *apply(struct kernel *k, apply_rule *rule);

/* Is scalar input i a scalar and `fine`? "lr is not a positive scalar: [2]". */
MUST_CHECK struct status *apply_check(const struct kernel *k, int i, bool (*fine)(double),
                                      const char *adjective);
int apply_input(const struct node *n, const char *name);       /* -1: the op has none of it */

struct status *apply_shape(struct shape_ctx *c);
struct status *apply_prepare(struct prep *p);

/* The four forms of a rule as rows. `vars` is a macro of the kind of variable, `args` one of how
 * the gradient is written: X_ARGS(grad) "lr: T, " grad ", momentum: T". */
#define APPLY_ROW(name_, vars, args, attrs_, rule, doc_)                                       \
    .name = name_, .inputs = vars ", " args, .attrs = "T: numbertype; " attrs_,                \
    .doc = doc_, .shape = apply_shape, .grad = NO_GRADIENT, .prepare = apply_prepare,           \
    .kernel = KERNELS(FLOATS(rule))
#define APPLY_DENSE_REF(name, vars, args, attrs, rule, doc)                                    \
    { APPLY_ROW("Apply" name, vars("Ref(T)"), args("grad: T"),                                 \
                "use_locking: bool = false" attrs, rule, doc),                                 \
      .outputs = "out: Ref(T)" }
#define APPLY_DENSE_HANDLE(name, vars, args, attrs, rule, doc)                                 \
    { APPLY_ROW("ResourceApply" name, vars("resource"), args("grad: T"),                       \
                "use_locking: bool = false" attrs, rule, doc),                                 \
      .flags = OP_STATEFUL }
#define APPLY_SPARSE_REF(name, vars, args, attrs, rule, doc)                                   \
    { APPLY_ROW("SparseApply" name, vars("Ref(T)"), args("grad: T, indices: Tindices"),        \
                "Tindices: {int32, int64}; use_locking: bool = false" attrs, rule, doc),       \
      .outputs = "out: Ref(T)" }
#define APPLY_SPARSE_HANDLE(name, vars, args, attrs, rule, doc)                                \
    { APPLY_ROW("ResourceSparseApply" name, vars("resource"),                                  \
                args("grad: T, indices: Tindices"),                                            \
                "Tindices: {int32, int64}; use_locking: bool = false" attrs, rule, doc),       \
      .flags = OP_STATEFUL }
#define APPLY_DENSE(...) APPLY_DENSE_REF(__VA_ARGS__), APPLY_DENSE_HANDLE(__VA_ARGS__)
#define APPLY_SPARSE(...) APPLY_SPARSE_REF(__VA_ARGS__), APPLY_SPARSE_HANDLE(__VA_ARGS__)

/* Says that a loop's iterations are independent although its pointers may be equal: `was` may be
 * var[0], and the compiler would else choose the loop without vectors. */
#ifdef __clang__
#define APPLY_LOOP _Pragma("clang loop vectorize(assume_safety)")
#else
#define APPLY_LOOP _Pragma("GCC ivdep")
#endif

#endif
