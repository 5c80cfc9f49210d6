/* golden.c - graphs that the real TensorFlow ran, and what it answered. */
#include "test/golden.h"
#include "test/file.h"
#include "test/single.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- what is not compared, and why ---- */

static const struct { const char *op, *why; } no_values[] = {
    { "Random*", "without seeds" }, { "TruncatedNormal", "without seeds" },
    { "Multinomial", "without seeds" }, { "Parameterized*", "without seeds" },
    { "Stateless*", "of another version" },
    { "Empty", "contents are free" },
    { "Svd", "signs are free" }, { "Qr", "signs are free" },
    { "SelfAdjointEig*", "signs are free" },
};

/* Recorded values that are not TensorFlow's (GOLDEN.md). Patterns. */
static const struct { const char *op, *at, *why; } wrong_recording[] = {
    { "Bitcast", "bitcast__from_*_to_int64", "too few digits were published" },
    { "Bitcast", "bitcast__from_*float64_to_*", "too few digits of its input were published" },
    { "Bitcast", "bitcast_float32__from_float32_to_int64", "its input was published as 0" },
    { "FusedBatchNormV3", "fused_batch_norm__*", "reserve_space_3 is what memory held" },
};

static bool has_flag(const char *name, unsigned flags)
{
    const struct op *op = op_find(name);
    return op && op->flags & flags;
}

bool golden_runs(const char *op) { return op_find(op); }

/* What was recorded of a handle is the name of a resource of then. */
static bool takes_handles(const char *name)
{
    const struct op *op = op_find(name);
    const struct sig *s = op ? op_sig(op) : NULL;
    for (int i = 0; s && i < s->n_in; i++)
        if (s->in[i].type_attr < 0 && s->in[i].dtype == DT_RESOURCE)
            return true;
    return false;
}

bool golden_runs_alone(const char *op)
{
    return golden_runs(op) && !has_flag(op, OP_SWITCH | OP_ENTER | OP_EXIT | OP_NEXT) &&
           !takes_handles(op);
}

bool golden_has_values(const char *op)
{
    for (size_t i = 0; i < sizeof no_values / sizeof *no_values; i++)
        if (!fnmatch(no_values[i].op, op, 0))
            return false;
    return true;
}

bool golden_is_wrong(const char *op, const char *name)
{
    for (size_t i = 0; i < sizeof wrong_recording / sizeof *wrong_recording; i++)
        if (!fnmatch(wrong_recording[i].op, op, 0) && !fnmatch(wrong_recording[i].at, name, 0))
            return true;
    return false;
}

/* ---- a case: its graph and its values ---- */

struct status *golden_open(struct golden *g, const char *name)
{
    char path[512];
    size_t n;
    *g = (struct golden){ 0 };
    snprintf(g->name, sizeof g->name, "%s", name);
    snprintf(path, sizeof path, "../shared/golden/%s/graph.pb", name);
    char *bytes = file_read(path, &n);
    ENSURE(bytes, "%s cannot be read", path);
    struct status *st = wire_decode(&g->arena, &wire__graph_def__descriptor, bytes, n, &g->graph);
    free(bytes);
    TRY(st);
    snprintf(path, sizeof path, "../shared/golden/%s/golden.npz", name);
    ENSURE(g->values = npz_open(path), "%s cannot be read", path);
    return NULL;
}

void golden_close(struct golden *g)
{
    npz_close(g->values);
    arena_free(&g->arena);
}

const Wire__NodeDef *golden_node(const struct golden *g, const char *name)
{
    for (size_t i = 0; i < g->graph->n_node; i++)
        if (!strcmp(g->graph->node[i]->name, name))
            return g->graph->node[i];
    return NULL;
}

void golden_key(const char *input, int index, char *key, size_t size)
{
    if (strchr(input, ':'))
        snprintf(key, size, "%s", input);
    else
        snprintf(key, size, "%s:%d", input, index);
    for (char *p = key; *p; p++)
        if (*p == '/')
            *p = '|';
}

/* The op whose values these are: what only moves them has not computed them. */
static const char *computed_by(const struct golden *g, const Wire__NodeDef *def)
{
    static const char *const moves[] = { "Identity", "Reshape", "Squeeze", "ExpandDims" };
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++)
        if (!strcmp(def->op, moves[i]) && def->n_input && golden_node(g, def->input[0]))
            return computed_by(g, golden_node(g, def->input[0]));
    return def->op;
}

static struct tolerance golden_tolerance(enum dtype t, const char *op)
{
    static const char *const sums[] = { "*MatMul*", "*Conv*", "Sum", "Mean", "Prod", "*Norm*",
                                        "Cum*", "*Pool*", "L2Loss" };
    struct tolerance tol = tolerance_of(t);
    if (t == DT_FLOAT || t == DT_DOUBLE)
        tol = (struct tolerance){ 1e-5, 1e-6 };
    for (size_t i = 0; (t == DT_FLOAT || t == DT_DOUBLE) && i < sizeof sums / sizeof *sums; i++)
        if (!fnmatch(sums[i], op, 0))
            tol = (struct tolerance){ 1e-4, 1e-5 };
    return tol;
}

struct status *golden_compare(const struct golden *whole, const Wire__NodeDef *def,
                              const struct tensor *got, const struct tensor *want)
{
    struct tensor like;
    if (got->dtype == DT_RESOURCE)          /* a name of then */
        return NULL;
    if (!golden_has_values(def->op)) {
        ENSURE(shape_equal(&got->shape, &want->shape), "shape %s, should be %s",
               SHAPE_STR(&got->shape), SHAPE_STR(&want->shape));
        return NULL;
    }
    TRY(tensor_as(want, got->dtype, &like));
    const char *op = whole ? computed_by(whole, def) : def->op;
    struct status *st = tensor_differs(got, &like, golden_tolerance(got->dtype, op));
    tensor_unref(&like);
    return st;
}

void tensors_unref(struct tensor *t, int n)
{
    for (int i = 0; i < n; i++)
        tensor_unref(&t[i]);
}

