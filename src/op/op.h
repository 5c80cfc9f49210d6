/* op.h - what an operation is.
 *
 * One `struct op` row holds everything there is to know about an operation:
 * its signature, how shapes flow through it, its gradient and its kernels.
 * The rows of a family stand at the foot of src/ops/FAMILY.c.
 */
#ifndef OP_OP_H
#define OP_OP_H

#include "op/attr.h"

struct node;
struct sig;
struct shape_ctx;
struct grad;
struct prep;
struct kernel;

typedef struct status *kernel_fn(struct kernel *k);

struct op {
    const char *name;
    const char *inputs;     /* "a: T, b: T", "values: N * T", "data: list(T)", "ref: Ref(T)" */
    const char *outputs;    /* "product: T" */
    const char *attrs;      /* "transpose_a: bool = false; T: {float, double}; N: int >= 2" */
    const char *doc;        /* one sentence: what it computes, for docs/ops.md and builders */
    const char *note;       /* NULL, or for docs/ops.md: where it departs from TensorFlow 1.15 */

    /* Sets shape_out() from shape_in() and attributes; refuses what cannot be. */
    struct status *(*shape)(struct shape_ctx *c);

    /* For an op whose integer output can be known, wholly or in part, before a run (Shape, Pack
     * of sizes...): the vector (or scalar: rank 0, value in dim[0]) that the output holds, -1 for
     * what is not known; false when nothing is. */
    bool (*partial)(struct shape_ctx *c, struct shape *value);

    /* Adds the nodes that compute dx from dy. NOT_DIFFERENTIABLE: gradients stop here (None).
     * NO_GRADIENT: TensorFlow registers none, asking for it is an error. Never NULL. */
    void (*grad)(struct grad *g);

    struct status *(*prepare)(struct prep *p);  /* NULL: nothing to decode */
    kernel_fn *const *kernel;                   /* by the dtype that attr `by` has */
    const char *by;                             /* NULL: "T" */
    kernel_fn *kernel_any;                      /* or: one for every dtype */
    unsigned flags;
    const struct sig *sig;  /* NULL, or: of an op that the registry has no row of, its signature */
};

enum {
    OP_STATEFUL = 1,        /* never folded, never merged (E8) */
    OP_EXPENSIVE = 2,       /* worth another thread */
    OP_COMMUTATIVE = 4,
    OP_AGGREGATE = 8,       /* only for agreement with TensorFlow's OpDef */
    OP_UNINITIALIZED = 16,  /* its ref inputs may be uninitialized variables */
    OP_SLICES = 32,         /* its gradient function takes and gives IndexedSlices */
    OP_HOST = 64,           /* calls out of the library: never while a lock of ours is held */
    OP_BLOCKING = 128,      /* may wait for another step (dequeue) */
    OP_CONSTANT = 8192,     /* its output is its attribute "value" */
    OP_FED = 16384,         /* made to be fed: its value is never known before a run */
    OP_CALL = 32768,        /* runs a function of the graph's library: it needs no kernel */
    /* With OP_EXPENSIVE and OP_BLOCKING, all that an executor knows about an op. */
    OP_SWITCH = 256, OP_MERGE = 512, OP_ENTER = 1024, OP_EXIT = 2048, OP_NEXT = 4096,
    OP_TRIGGER = 65536,     /* runs even if what it waits for is dead */
};

void op_not_differentiable(struct grad *g);
void op_no_gradient(struct grad *g);
#define NOT_DIFFERENTIABLE op_not_differentiable
#define NO_GRADIENT op_no_gradient

/* An op's signature, parsed once from the strings of its row when it is registered. */
struct arg {
    struct text name;
    int type_attr;          /* index of the attr that gives its dtype (or list of them), or -1 */
    int number_attr;        /* index of the attr that says how many, or -1 for one */
    bool list;              /* type_attr is a list(type): as many as it has */
    bool ref;               /* Ref(T) */
    enum dtype dtype;       /* where type_attr is -1 */
};

struct attr_def {
    const char *name;
    enum attr_kind kind;
    bool has_default, has_minimum;
    bool inferred;          /* bound by the inputs: a caller need not say it */
    struct attr fallback;   /* the default value */
    uint32_t allowed;       /* TYPE: bits of dtypes; all ones where any goes */
    const struct text *choice;  /* STRING: what it may be, n_choice of them; NULL: anything */
    int n_choice;
    int64_t minimum;        /* INT: the least value; lists: the least length */
};

struct sig {
    int n_in, n_out, n_attr;
    struct arg *in, *out;
    struct attr_def *attr;
};

/* Registration parses the rows; a malformed row is INTERNAL and names the op. The rows end at
 * the one with no name. ops_register() is called before any graph is made, from one thread. */
MUST_CHECK struct status *ops_register(const struct op *rows);
const struct op *op_find(const char *name);             /* NULL: not registered */
const struct sig *op_sig(const struct op *op);
const struct sig *op_find_sig(const char *name, const struct op **op);  /* both, in one look */

/* NOT_FOUND "Op type not registered 'X' in binary running on HOST. ..." (E59) */
MUST_CHECK struct status *op_not_registered(const char *name);

int ops_count(void);
const struct op *op_at(int i);                          /* in order of registration */
int sig_attr(const struct sig *s, const char *name);    /* index, or -1 */

#endif
