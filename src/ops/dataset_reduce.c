/* dataset_reduce.c - datasets as tensors again: ReduceDataset, DatasetToSingleElement,
 * DatasetToTFRecord, DatasetCardinality. */
#include "base/mem.h"
#include "graph/graph.h"
#include "io/record.h"
#include "op/callee.h"
#include "op/shape_fn.h"
#include "op/wait.h"
#include "ops/dataset.h"
#include "tensor/tstring.h"

/* A walk of a kernel's own, which may wait as the dataset does. */
struct walk { struct cursor *cursor; struct tensor *element; int n; };

static struct status *walk_begin(struct walk *w, struct kernel *k)
{
    struct dataset *d;
    TRY(kernel_dataset(k, 0, &d));
    if (d->waits && !k->env->may_wait)
        return status_would_wait();
    NEED(w->element = mem_array(struct tensor, d->n));
    w->n = d->n;
    return cursor_new(d, k->env, &w->cursor);
}

static struct status *walk_next(struct walk *w, struct kernel *k, bool *end)
{
    bool may_wait = k->env->may_wait;
    TRY(dataset_check_stop(k->env));
    k->env->may_wait = true;
    struct status *st = cursor_next(w->cursor, k->env, w->element, end);
    k->env->may_wait = may_wait;
    return st;
}

static void walk_end(struct walk *w)
{
    element_clear(w->element, w->n);
    mem_free(w->element);
    cursor_free(w->cursor);
}

/* ---- ReduceDataset ---- */

static struct status *reduce_prepare(struct prep *p)
{
    struct callee *f;
    TRY(dataset_prepare_f(p));
    f = (struct callee *)p->state;
    prep_calls(p, f);
    return NULL;
}

/* arg: the state, and behind it the element; out: the next state. */
static struct status *reduce_all(struct walk *w, struct kernel *k, const struct caller *f,
                                 struct tensor *arg, struct tensor *out)
{
    int n = k->node->n_out;
    for (bool end = false;;) {
        TRY(walk_next(w, k, &end));
        if (end)
            return NULL;
        element_move(arg + n, w->element, w->n);
        TRY(caller_run(f, k->env, arg, n + w->n, out));
        element_move(arg, out, n);
    }
}

static struct status *reduce_in_room(struct walk *w, struct kernel *k, const struct caller *f,
                                     struct tensor *arg, struct tensor *out)
{
    int n = k->node->n_out;
    struct status *st = NULL;
    for (int i = 0; i < n && !st; i++)
        st = kernel_keep(k, 1 + i, &arg[i]);
    if (!st)
        st = reduce_all(w, k, f, arg, out);
    for (int i = 0; i < n && !st; i++) {
        kernel_set(k, i, arg[i]);
        arg[i].buf = NULL;
    }
    element_clear(arg, n + w->n);
    return st;
}

static struct status *reduce(struct walk *w, struct kernel *k, struct caller *f)
{
    int n = k->node->n_out, n_state;
    node_arg(k->node, 1, &n_state);
    ENSURE(n_state == n, "The state has %d components, but output_types has %d", n_state, n);
    for (int i = 0; i < n; i++)
        ENSURE(kernel_in(k, 1 + i)->dtype == k->node->dtype[i], "Component %d of the state is of "
               "type %s, but %s is expected", i, dtype_name(kernel_in(k, 1 + i)->dtype),
               dtype_name(k->node->dtype[i]));
    TRY(walk_begin(w, k));
    TRY(caller_take(f, k, (struct callee *)k->state, n + w->n, 2));
    TRY(caller_gives(f, n, k->node->dtype));
    struct tensor *room = mem_array(struct tensor, 2 * n + w->n);
    NEED(room);
    struct status *st = reduce_in_room(w, k, f, room, room + n + w->n);
    mem_free(room);
    return st;
}

static struct status *reduce_run(struct kernel *k)
{
    struct walk w = { 0 };
    struct caller f = { 0 };
    struct status *st = reduce(&w, k, &f);
    caller_release(&f);
    walk_end(&w);
    return status_at_call(st, k->node->name);
}

/* ---- DatasetToSingleElement ---- */

static struct status *single(struct walk *w, struct kernel *k)
{
    bool end;
    TRY(walk_begin(w, k));
    TRY(walk_next(w, k, &end));
    ENSURE(!end, "Dataset was empty.");
    ENSURE(w->n == k->node->n_out, "The dataset has %d components, expected %d", w->n,
           k->node->n_out);
    for (int i = 0; i < w->n; i++) {
        ENSURE(w->element[i].dtype == k->node->dtype[i], "Component %d is of type %s, expected %s",
               i, dtype_name(w->element[i].dtype), dtype_name(k->node->dtype[i]));
        kernel_set(k, i, w->element[i]);
        w->element[i].buf = NULL;
    }
    TRY(walk_next(w, k, &end));
    ENSURE(end, "Dataset had more than one element.");
    return NULL;
}

static struct status *single_run(struct kernel *k)
{
    struct walk w = { 0 };
    struct status *st = single(&w, k);
    walk_end(&w);
    return status_at_call(st, k->node->name);
}

/* ---- DatasetToTFRecord ---- */

static struct status *write_all(struct walk *w, struct kernel *k, struct record_writer *to)
{
    for (bool end = false;;) {
        TRY(walk_next(w, k, &end));
        if (end)
            return NULL;
        const struct tensor *t = w->element;
        ENSURE(w->n == 1 && t->dtype == DT_STRING && t->shape.rank == 0,
               "DatasetToTFRecord wants a dataset of string scalars");
        TRY(record_write(to, tstring_data(t->data), tstring_len(t->data)));
        element_clear(w->element, 1);
    }
}

static struct status *write(struct walk *w, struct kernel *k)
{
    const struct tstring *path, *name;
    enum compression c;
    struct record_writer *to;
    TRY(dataset_text(k, 1, "filename", &path));
    TRY(dataset_text(k, 2, "compression_type", &name));
    TRY(compression_parse(tstring_data(name), &c));
    TRY(walk_begin(w, k));
    TRY(record_writer_new(tstring_data(path), c, &to));
    struct status *st = write_all(w, k, to), *closed = record_writer_close(to);
    if (st)
        status_free(closed);
    return st ? st : closed;
}

static struct status *write_run(struct kernel *k)
{
    struct walk w = { 0 };
    struct status *st = write(&w, k);
    walk_end(&w);
    return status_at_call(st, k->node->name);
}

/* ---- DatasetCardinality ---- */

static struct status *count_run(struct kernel *k)
{
    struct dataset *d;
    TRY(kernel_dataset(k, 0, &d));
    TRY(kernel_new(k, 0, DT_INT64, &SHAPE_SCALAR));
    *(int64_t *)kernel_out(k, 0)->data = dataset_count(d);
    return NULL;
}

/* ---- the rows ---- */

#define TYPES "output_types: list(type) >= 1; output_shapes: list(shape) >= 1"

#define CARDINALITY(op_name)                                                                \
    { .name = op_name, .inputs = "input_dataset: variant", .outputs = "cardinality: int64", \
      .attrs = "", .doc = "How many elements a dataset has; -1: without end, -2: not known.", \
      .shape = shape_scalar, .grad = NO_GRADIENT, .kernel_any = count_run }

#define TO_FILE(op_name, bits)                                                              \
    { .name = op_name,                                                                      \
      .inputs = "input_dataset: variant, filename: string, compression_type: string",       \
      .outputs = "", .attrs = "", .doc = "The elements of a dataset as a TFRecord file.",   \
      .shape = shape_none, .grad = NO_GRADIENT, .kernel_any = write_run,                    \
      .flags = OP_BLOCKING | OP_HOST | OP_EXPENSIVE | (bits) }

const struct op ops_dataset_reduce[] = {
    { .name = "ReduceDataset",
      .inputs = "input_dataset: variant, initial_state: Tstate, other_arguments: Targuments",
      .outputs = "components: output_types",
      .attrs = "f: func; Tstate: list(type) >= 1; Targuments: list(type) >= 0; " TYPES
               "; use_inter_op_parallelism: bool = true",
      .doc = "What a function makes of a state and of all elements, one after another.",
      .shape = dataset_shape_outputs, .grad = NO_GRADIENT, .prepare = reduce_prepare,
      .kernel_any = reduce_run, .flags = OP_BLOCKING | OP_HOST | OP_EXPENSIVE },
    { .name = "DatasetToSingleElement", .inputs = "dataset: variant",
      .outputs = "components: output_types", .attrs = TYPES,
      .doc = "The one element that a dataset has.", .shape = dataset_shape_outputs,
      .grad = NO_GRADIENT, .kernel_any = single_run,
      .flags = OP_BLOCKING | OP_HOST | OP_EXPENSIVE },
    TO_FILE("DatasetToTFRecord", 0),
    TO_FILE("ExperimentalDatasetToTFRecord", OP_STATEFUL),
    CARDINALITY("DatasetCardinality"),
    CARDINALITY("ExperimentalDatasetCardinality"),
    { 0 }
};
