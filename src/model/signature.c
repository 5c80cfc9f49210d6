#include "model/signature.h"
#include "base/str.h"
#include "graph/proto.h"

#include <stdlib.h>

/* ---- reading ---- */

/* What the file says of a dtype; where it says none that there is, what the graph says. */
static enum dtype dtype_of(const struct signature_value *v, int said)
{
    enum dtype t = dtype_base((enum dtype)said);
    if (v->out.index < 0)
        return DT_INVALID;
    if (t > DT_INVALID && t < DT_COUNT)
        return t;
    return v->out.node ? out_dtype(v->out) : DT_INVALID;
}

/* A name that the graph does not have is no error until the signature is to run. */
static struct status *find_value(struct graph *g, struct signature_value *v)
{
    if (!strchr(v->name, ':')) {
        v->out = (struct out){ graph_find(g, v->name), -1 };
        return NULL;
    }
    struct status *st = graph_find_out(g, v->name, &v->out);
    if (!st || status_code(st) == RESOURCE_EXHAUSTED)
        return st;
    status_free(st);
    v->out = (struct out){ 0 };
    return NULL;
}

static struct status *read_tensor(struct arena *a, struct graph *g, const char *key,
                                  const char *name, int dtype, struct signature_value *v)
{
    NEED(v->key = arena_strdup(a, key));
    NEED(v->name = arena_strdup(a, name));
    v->shape = SHAPE_UNKNOWN;
    TRY(find_value(g, v));
    v->dtype = dtype_of(v, dtype);
    return NULL;
}

static struct status *read_part(struct arena *a, struct graph *g, const char *key,
                                const char *part, const char *name, int dtype,
                                struct signature_value *v)
{
    char *full = arena_printf(a, "%s/%s", key, part);
    NEED(full);
    return read_tensor(a, g, full, name, dtype, v);
}

static struct status *read_sparse(struct arena *a, struct graph *g, const char *key,
                                  const Wire__TensorInfo *t, struct signature_value *v, int *n)
{
    const Wire__TensorInfo__CooSparse *s = t->coo_sparse;
    TRY(read_part(a, g, key, "indices", s->indices_tensor_name, DT_INT64, &v[(*n)++]));
    TRY(read_part(a, g, key, "values", s->values_tensor_name, (int)t->dtype, &v[(*n)++]));
    return read_part(a, g, key, "dense_shape", s->dense_shape_tensor_name, DT_INT64, &v[(*n)++]);
}

enum { PARTS = 3 };                     /* values that an entry becomes, at most */

static struct status *read_value(struct arena *a, struct graph *g, const char *key,
                                 const Wire__TensorInfo *t, struct signature_value *v, int *n)
{
    ENSURE(t, "'%s' has no TensorInfo", key);
    if (t->encoding_case == WIRE__TENSOR_INFO__ENCODING_COO_SPARSE)
        return read_sparse(a, g, key, t, v, n);
    ENSURE(t->encoding_case == WIRE__TENSOR_INFO__ENCODING_NAME,
           "'%s' does not name its tensor", key);
    TRY(read_tensor(a, g, key, t->name, (int)t->dtype, &v[*n]));
    if (t->tensor_shape)
        TRY(shape_from_proto(t->tensor_shape, &v[*n].shape));
    ++*n;
    return NULL;
}

static int by_key(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static struct status *read_values(struct arena *a, struct graph *g, const Wire__SignatureDef *m,
                                  struct signature *s)
{
    NEED(s->in = arena_array(a, struct signature_value, PARTS * m->n_inputs + 1));
    NEED(s->out = arena_array(a, struct signature_value, PARTS * m->n_outputs + 1));
    for (size_t i = 0; i < m->n_inputs; i++)
        TRY(read_value(a, g, m->inputs[i]->key, m->inputs[i]->value, s->in, &s->n_in));
    for (size_t i = 0; i < m->n_outputs; i++)
        TRY(read_value(a, g, m->outputs[i]->key, m->outputs[i]->value, s->out, &s->n_out));
    qsort(s->in, (size_t)s->n_in, sizeof *s->in, by_key);
    qsort(s->out, (size_t)s->n_out, sizeof *s->out, by_key);
    return NULL;
}

static struct status *read_signature(struct arena *a, struct graph *g, const char *key,
                                     const Wire__SignatureDef *m, struct signature *s)
{
    ENSURE(m, "Signature '%s' is empty", key);
    NEED(s->key = arena_strdup(a, key));
    NEED(s->method = arena_strdup(a, m->method_name));
    return status_prefix(read_values(a, g, m, s), "Signature '%s': ", key);
}

struct status *signatures_read(struct arena *a, struct graph *g, const Wire__MetaGraphParts *m,
                               struct signature **list, int *n)
{
    NEED(*list = arena_array(a, struct signature, m->n_signature_def + 1));
    *n = 0;
    for (size_t i = 0; i < m->n_signature_def; i++)
        TRY(read_signature(a, g, m->signature_def[i]->key, m->signature_def[i]->value,
                           &(*list)[(*n)++]));
    qsort(*list, (size_t)*n, sizeof **list, by_key);
    return NULL;
}

/* ---- binding ---- */

static void print_value(struct str *to, const struct signature_value *v)
{
    str_printf(to, "'%s' (%s%s)", v->key, dtype_name(v->dtype), SHAPE_STR(&v->shape));
}

static struct status *unknown_input(const struct signature *s, const char *key)
{
    struct str has = { 0 };
    for (int i = 0; i < s->n_in; i++) {
        str_puts(&has, i ? ", " : "");
        print_value(&has, &s->in[i]);
    }
    struct status *st = status_new(INVALID_ARGUMENT, "Signature '%s' has no input '%s'; it has %s",
                                   s->key, key, s->n_in ? str_text(&has) : "none");
    str_free(&has);
    return st;
}

static struct status *missing_input(const struct signature *s, const struct signature_value *v)
{
    struct str what = { 0 };
    print_value(&what, v);
    struct status *st = status_new(INVALID_ARGUMENT, "Signature '%s' needs its input %s",
                                   s->key, str_text(&what));
    str_free(&what);
    return st;
}

static struct status *check_value(const struct signature *s, const struct signature_value *v)
{
    ENSURE(v->out.node, "Signature '%s': '%s' is '%s', which is not in the graph", s->key, v->key,
           v->name);
    return NULL;
}

static bool is_fed(const struct bound *b, struct out o)
{
    for (int i = 0; i < b->n_feeds; i++)
        if (b->feed[i].node == o.node && b->feed[i].index == o.index)
            return true;
    return false;
}

/* Two keys may be names of one tensor, which is fed once. */
static struct status *bind_input(const struct signature *s, const struct named_tensor *in, int at,
                                 struct bound *b)
{
    const struct signature_value *v = NULL;
    for (int i = 0; i < s->n_in && !v; i++)
        if (!strcmp(s->in[i].key, in->key))
            v = &s->in[i];
    if (!v)
        return unknown_input(s, in->key);
    TRY(check_value(s, v));
    ENSURE(in->value, "Signature '%s': input '%s' has no value", s->key, v->key);
    ENSURE(v->out.index >= 0, "Signature '%s': input '%s' is an operation", s->key, v->key);
    ENSURE(in->value->dtype == v->dtype, "Signature '%s': input '%s' is %s%s, but %s%s was given",
           s->key, v->key, dtype_name(v->dtype), SHAPE_STR(&v->shape),
           dtype_name(in->value->dtype), SHAPE_STR(&in->value->shape));
    if (is_fed(b, v->out))
        return NULL;
    b->feed[b->n_feeds] = v->out;
    b->given[b->n_feeds++] = at;
    return NULL;
}

/* Only what is made to be fed: anything else has a value of its own. */
static bool must_be_fed(struct out o) { return o.node->op->flags & OP_FED && !o.node->n_in; }

static struct status *check_inputs(const struct signature *s, const struct bound *b)
{
    for (int i = 0; i < s->n_in; i++) {
        TRY(check_value(s, &s->in[i]));
        if (must_be_fed(s->in[i].out) && !is_fed(b, s->in[i].out))
            return missing_input(s, &s->in[i]);
    }
    return NULL;
}

static struct status *bind_outputs(const struct signature *s, struct bound *b)
{
    for (int i = 0; i < s->n_out; i++) {
        TRY(check_value(s, &s->out[i]));
        if (s->out[i].out.index < 0) {
            b->target[b->n_targets++] = s->out[i].out.node;
            continue;
        }
        b->output[b->n_fetches] = i;
        b->fetch[b->n_fetches++] = s->out[i].out;
    }
    return NULL;
}

struct status *signature_bind(const struct signature *s, struct arena *a,
                              const struct named_tensor *in, int n, struct bound *b)
{
    *b = (struct bound){ 0 };
    NEED(b->feed = arena_array(a, struct out, n + 1));
    NEED(b->given = arena_array(a, int, n + 1));
    NEED(b->fetch = arena_array(a, struct out, s->n_out + 1));
    NEED(b->output = arena_array(a, int, s->n_out + 1));
    NEED(b->target = arena_array(a, struct node *, s->n_out + 1));
    for (int i = 0; i < n; i++)
        TRY(bind_input(s, &in[i], i, b));
    TRY(check_inputs(s, b));
    return bind_outputs(s, b);
}
