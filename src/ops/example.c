/* example.c - batches of Examples, and one alone, to tensors: ParseExample, ParseExampleV2,
 * ParseSingleExample. */
#include "ops/example.h"

#include "tensor/tstring.h"

#include <stdio.h>

/* ---- what is wanted, decoded once ---- */

struct parse {
    struct column *column;      /* sparse ones, then dense, then ragged */
    int n_sparse, n_dense, n_ragged;
    int keys;                   /* the first input of keys; 0: they are attributes */
    bool keys_are_vectors;      /* an input a kind (V2), not an input a key */
    int defaults;               /* the first input of defaults */
};

static int n_columns(const struct parse *p) { return p->n_sparse + p->n_dense + p->n_ragged; }

static void want_sparse(struct parse *p, const struct attr *types)
{
    for (int i = 0; i < p->n_sparse; i++)
        p->column[i] = (struct column){
            .form = FORM_SPARSE, .dtype = (enum dtype)types->ints[i],
            .out = { i, p->n_sparse + i, 2 * p->n_sparse + i } };
}

static void want_dense(struct parse *p, const struct attr *types, const struct attr *shapes)
{
    for (int i = 0; i < p->n_dense; i++)
        p->column[p->n_sparse + i] = (struct column){
            .form = FORM_DENSE, .dtype = (enum dtype)types->ints[i], .shape = shapes->shapes[i],
            .out = { 3 * p->n_sparse + i } };
}

static void want_ragged(struct parse *p, const struct attr *types, const struct attr *splits)
{
    int first = p->n_sparse + p->n_dense, out = 3 * p->n_sparse + p->n_dense;
    for (int i = 0; i < p->n_ragged; i++)
        p->column[first + i] = (struct column){
            .form = FORM_RAGGED, .dtype = (enum dtype)types->ints[i],
            .splits = (enum dtype)splits->ints[i], .out = { out + i, out + p->n_ragged + i } };
}

/* The attributes that say how many of what there are agree. */
static struct status *check_counts(const struct node *n, const char *counted, int64_t sparse)
{
    const struct attr *types = node_attr_find(n, "sparse_types");
    const struct attr *dense = node_attr_find(n, "Tdense");
    const struct attr *shapes = node_attr_find(n, "dense_shapes");
    ENSURE(types->n == sparse, "len(sparse_keys) != len(sparse_types): %s is %lld, not %d", counted,
           (long long)sparse, types->n);
    ENSURE(shapes->n == dense->n, "len(dense_keys) != len(dense_shapes): %d vs. %d", dense->n,
           shapes->n);
    return dense_shapes_check(n, "dense_shapes");
}

static struct status *parse_new(struct prep *p, int64_t n_sparse, struct parse **to)
{
    const struct node *n = p->node;
    const struct attr *types = node_attr_find(n, "sparse_types");
    const struct attr *dense = node_attr_find(n, "Tdense");
    const struct attr *ragged = node_attr_find(n, "ragged_value_types");
    struct parse *s;
    TRY(prep_state(p, sizeof *s, to));
    s = *to;
    s->n_sparse = (int)n_sparse;
    s->n_dense = dense->n;
    s->n_ragged = ragged ? ragged->n : 0;
    NEED(s->column = arena_array(p->arena, struct column, n_columns(s) + 1));
    want_sparse(s, types);
    want_dense(s, dense, node_attr_find(n, "dense_shapes"));
    if (ragged)
        want_ragged(s, ragged, node_attr_find(n, "ragged_split_types"));
    return NULL;
}

static struct status *example_prepare(struct prep *p)
{
    struct parse *s;
    TRY(parse_new(p, node_attr(p->node, "Nsparse"), &s));
    s->keys = 2;
    s->defaults = 2 + s->n_sparse + s->n_dense;
    return NULL;
}

static struct status *v2_prepare(struct prep *p)
{
    struct parse *s;
    TRY(parse_new(p, node_attr(p->node, "num_sparse"), &s));
    s->keys = 2;
    s->keys_are_vectors = true;
    s->defaults = 5;
    return NULL;
}

static struct status *single_prepare(struct prep *p)
{
    const struct attr *sparse = node_attr_find(p->node, "sparse_keys");
    const struct attr *dense = node_attr_find(p->node, "dense_keys");
    struct parse *s;
    TRY(parse_new(p, node_attr(p->node, "num_sparse"), &s));
    s->defaults = 1;
    for (int i = 0; i < s->n_sparse; i++)
        s->column[i].key = sparse->texts[i].s;
    for (int i = 0; i < s->n_dense; i++)
        s->column[s->n_sparse + i].key = dense->texts[i].s;
    return NULL;
}

/* ---- shapes ---- */

/* The outputs for examples of shape `outer`: [] or [n], or of unknown rank. */
static struct status *put_shapes(struct shape_ctx *c, const struct shape *outer, int n_sparse)
{
    const struct attr *shapes = node_attr_find(c->node, "dense_shapes");
    const struct attr *ragged = node_attr_find(c->node, "ragged_value_types");
    int out = 0, rank = outer->rank;
    for (int i = 0; i < n_sparse; i++)
        *shape_out(c, out++) = SHAPE(-1, rank < 0 ? -1 : rank + 1);
    for (int i = 0; i < n_sparse; i++)
        *shape_out(c, out++) = SHAPE(-1);
    for (int i = 0; i < n_sparse; i++)
        *shape_out(c, out++) = SHAPE(rank < 0 ? -1 : rank + 1);
    for (int i = 0; i < shapes->n; i++, out++)
        if (rank >= 0)
            TRY(shape_nested(outer, &shapes->shapes[i], shape_out(c, out)));
    for (int i = 0; ragged && i < ragged->n; i++)
        *shape_out(c, out++) = SHAPE(-1);
    for (int i = 0; ragged && i < ragged->n; i++)
        *shape_out(c, out++) = SHAPE(rank < 0 || (rank && outer->dim[0] < 0) ? -1
                                     : rank ? outer->dim[0] + 1 : 0);
    return NULL;
}

static struct status *example_shape(struct shape_ctx *c)
{
    struct shape outer = *shape_in(c, 0);
    TRY(shape_want_rank(&outer, 1));
    TRY(shape_want_rank(shape_in(c, 1), 1));
    TRY(check_counts(c->node, "Nsparse", node_attr(c->node, "Nsparse")));
    if (outer.rank < 0)
        outer = SHAPE(-1);
    return put_shapes(c, &outer, (int)node_attr(c->node, "Nsparse"));
}

static struct status *v2_shape(struct shape_ctx *c)
{
    const struct shape *in = shape_in(c, 0);
    ENSURE(in->rank <= 1, "Expected serialized to be a scalar or vector, got shape: %s",
           SHAPE_STR(in));
    TRY(check_counts(c->node, "num_sparse", node_attr(c->node, "num_sparse")));
    ENSURE(node_attr_find(c->node, "ragged_value_types")->n ==
           node_attr_find(c->node, "ragged_split_types")->n,
           "len(ragged_value_types) != len(ragged_split_types)");
    return put_shapes(c, in, (int)node_attr(c->node, "num_sparse"));
}

static struct status *single_shape(struct shape_ctx *c)
{
    int64_t n = node_attr(c->node, "num_sparse");
    TRY(shape_want_rank(shape_in(c, 0), 0));
    TRY(check_counts(c->node, "num_sparse", n));
    ENSURE(node_attr_find(c->node, "sparse_keys")->n == n,
           "num_sparse (%lld) must match the size of sparse_keys (%d)", (long long)n,
           node_attr_find(c->node, "sparse_keys")->n);
    ENSURE(node_attr_find(c->node, "dense_keys")->n == node_attr_find(c->node, "Tdense")->n,
           "len(dense_keys) != len(dense_types): %d vs. %d",
           node_attr_find(c->node, "dense_keys")->n, node_attr_find(c->node, "Tdense")->n);
    return put_shapes(c, &SHAPE_SCALAR, (int)n);
}

/* ---- one run ---- */

static struct status *key_vector(struct kernel *k, int in, struct column *c, int n,
                                 const char *what)
{
    const struct tensor *t = kernel_in(k, in);
    ENSURE(tensor_count(t) == n, "Expected %d %s but got: %lld", n, what,
           (long long)tensor_count(t));
    for (int i = 0; i < n; i++)
        c[i].key = tstring_data((const struct tstring *)t->data + i);
    return NULL;
}

static struct status *set_keys(struct kernel *k, const struct parse *p, struct column *c)
{
    if (p->keys_are_vectors) {
        TRY(key_vector(k, p->keys, c, p->n_sparse, "sparse_keys"));
        TRY(key_vector(k, p->keys + 1, c + p->n_sparse, p->n_dense, "dense_keys"));
        return key_vector(k, p->keys + 2, c + p->n_sparse + p->n_dense, p->n_ragged,
                          "ragged_keys");
    }
    for (int i = 0; p->keys && i < n_columns(p); i++)
        TRY(key_vector(k, p->keys + i, c + i, 1, "key"));
    return NULL;
}

static struct status *set_default(struct kernel *k, const struct parse *p, int i, struct column *c)
{
    const struct tensor *t = kernel_in(k, p->defaults + i);
    bool is_long = c->shape.rank && c->shape.dim[0] < 0;
    c->fallback = t;
    if (is_long)
        ENSURE(tensor_count(t) == 1, "dense_shape[%d] is a variable length shape: %s, therefore "
               "def_value[%d] must contain a single element (the padding element).  But its shape "
               "is: %s", i, SHAPE_STR(&c->shape), i, SHAPE_STR(&t->shape));
    else if (tensor_count(t) > 0)
        ENSURE(shape_equal(&t->shape, &c->shape), "def_value[%d].shape() == %s is not compatible "
               "with dense_shapes_[%d] == %s", i, SHAPE_STR(&t->shape), i, SHAPE_STR(&c->shape));
    return NULL;
}

static struct status *columns_begin(struct kernel *k, const struct parse *p, struct columns *c)
{
    TRY(columns_new(k, n_columns(p), c));
    memcpy(c->at, p->column, (size_t)c->n * sizeof *c->at);
    TRY(set_keys(k, p, c->at));
    for (int i = 0; i < p->n_dense; i++)
        TRY(set_default(k, p, i, &c->at[p->n_sparse + i]));
    return columns_find(c);
}

/* What a complaint says first: TF names the example of a batch, and the feature. */
struct place { const char *name; int64_t index; };

enum { WHO_TEXT = 512 };

static const char *who(const struct place *p, const char *key, char text[WHO_TEXT])
{
    if (p->index < 0)
        snprintf(text, WHO_TEXT, "Key: %.200s.  ", key);
    else
        snprintf(text, WHO_TEXT, "Name: %.200s, Key: %.200s, Index: %lld.  ", p->name, key,
                 (long long)p->index);
    return text;
}

static struct status *check_row(const struct columns *c, const struct cell *row,
                                const struct place *at)
{
    char text[WHO_TEXT];
    for (int i = 0; i < c->n; i++) {
        const struct column *to = &c->at[i];
        TRY(cell_check(to, &row[i], who(at, to->key, text)));
        if (to->form == FORM_DENSE && row[i].dtype == DT_INVALID && !tensor_count(to->fallback))
            return status_new(INVALID_ARGUMENT, "%s%s%sFeature: %s (data type: %s) is required but "
                              "could not be found.", at->index < 0 ? "" : "Name: ",
                              at->index < 0 ? "" : at->name, at->index < 0 ? "" : ", ",
                              to->key, dtype_name(to->dtype));
    }
    return NULL;
}

/* An Example has Features as its field 1. */
static bool example_read(struct bytes b, const struct columns *c, struct cell *row)
{
    struct wire_field f;
    while (b.at < b.end) {
        if (!wire_next(&b, &f))
            return false;
        if (f.number == 1 && f.type == BYTES && !features_read(f.in, c, row))
            return false;
    }
    return true;
}

static struct status *read_row(const struct tstring *s, const struct columns *c, struct cell *row,
                               const struct place *at)
{
    const uint8_t *p = (const uint8_t *)tstring_data(s);
    if (!example_read((struct bytes){ p, p + tstring_len(s) }, c, row))
        return example_refuse(s);
    return check_row(c, row, at);
}

static struct status *read_rows(struct kernel *k, const struct columns *c, struct cell *cell,
                                const struct tensor *names)
{
    const struct tensor *x = kernel_in(k, 0);
    const struct tstring *name = names && tensor_count(names) ? names->data : NULL;
    for (int64_t i = 0; i < tensor_count(x); i++) {
        struct place at = { name ? tstring_data(name + i) : "<unknown>", x->shape.rank ? i : -1 };
        TRY(read_row((const struct tstring *)x->data + i, c, cell + i * c->n, &at));
    }
    return NULL;
}

static struct status *put_columns(struct kernel *k, const struct columns *c,
                                  const struct cell *cell)
{
    for (int i = 0; i < c->n; i++) {
        struct cells cells = { cell + i, c->n, kernel_in(k, 0)->shape };
        TRY(column_put(k, &c->at[i], &cells));
    }
    return NULL;
}

static struct status *parse_all(struct kernel *k, const struct columns *c,
                                const struct tensor *names)
{
    size_t bytes = (size_t)tensor_count(kernel_in(k, 0)) * (size_t)c->n * sizeof(struct cell);
    struct cell *cell;
    TRY(kernel_temp(k, bytes + 1, &cell));
    memset(cell, 0, bytes);
    TRY(read_rows(k, c, cell, names));
    return put_columns(k, c, cell);
}

static struct status *parse(struct kernel *k, const struct tensor *names)
{
    struct columns c = { 0 };
    struct status *st = columns_begin(k, k->state, &c);
    if (!st)
        st = parse_all(k, &c, names);
    columns_release(&c);
    return st;
}

static struct status *check_names(struct kernel *k)
{
    const struct shape *x = &kernel_in(k, 0)->shape, *names = &kernel_in(k, 1)->shape;
    ENSURE(!shape_count(names) || shape_equal(names, x), "Expected names have the same shape as "
           "serialized: name.shape=%s, serialized.shape=%s", SHAPE_STR(names), SHAPE_STR(x));
    return NULL;
}

static struct status *parse_example(struct kernel *k)
{
    const struct shape *x = &kernel_in(k, 0)->shape;
    ENSURE(x->rank == 1, "Expected serialized to be a vector, got shape: %s", SHAPE_STR(x));
    TRY(check_names(k));
    return parse(k, kernel_in(k, 1));
}

static struct status *parse_example_v2(struct kernel *k)
{
    const struct shape *x = &kernel_in(k, 0)->shape;
    ENSURE(x->rank <= 1, "Expected serialized to be a scalar or vector, got shape: %s",
           SHAPE_STR(x));
    TRY(check_names(k));
    return parse(k, kernel_in(k, 1));
}

static struct status *parse_single_example(struct kernel *k)
{
    const struct shape *x = &kernel_in(k, 0)->shape;
    ENSURE(x->rank == 0, "Expected serialized to be a scalar, got shape: %s", SHAPE_STR(x));
    return parse(k, NULL);
}

#define FEATURES "list({float, int64, string}) >= 0"

const struct op ops_example[] = {
    { .name = "ParseExample",
      .inputs = "serialized: string, names: string, sparse_keys: Nsparse * string, "
                "dense_keys: Ndense * string, dense_defaults: list(Tdense)",
      .outputs = "sparse_indices: Nsparse * int64, sparse_values: list(sparse_types), "
                 "sparse_shapes: Nsparse * int64, dense_values: list(Tdense)",
      .attrs = "Nsparse: int >= 0; Ndense: int >= 0; sparse_types: " FEATURES "; "
               "Tdense: " FEATURES "; dense_shapes: list(shape) >= 0",
      .doc = "The features of a batch of serialized Examples, as sparse and as dense tensors.",
      .shape = example_shape, .grad = NO_GRADIENT, .prepare = example_prepare,
      .kernel_any = parse_example },
    { .name = "ParseExampleV2",
      .inputs = "serialized: string, names: string, sparse_keys: string, dense_keys: string, "
                "ragged_keys: string, dense_defaults: list(Tdense)",
      .outputs = "sparse_indices: num_sparse * int64, sparse_values: list(sparse_types), "
                 "sparse_shapes: num_sparse * int64, dense_values: list(Tdense), "
                 "ragged_values: list(ragged_value_types), "
                 "ragged_row_splits: list(ragged_split_types)",
      .attrs = "Tdense: " FEATURES "; num_sparse: int >= 0; sparse_types: " FEATURES "; "
               "ragged_value_types: " FEATURES "; "
               "ragged_split_types: list({int32, int64}) >= 0; dense_shapes: list(shape) >= 0",
      .doc = "The features of one or many serialized Examples, as sparse, dense and ragged "
             "tensors.",
      .shape = v2_shape, .grad = NO_GRADIENT, .prepare = v2_prepare,
      .kernel_any = parse_example_v2 },
    { .name = "ParseSingleExample",
      .inputs = "serialized: string, dense_defaults: list(Tdense)",
      .outputs = "sparse_indices: num_sparse * int64, sparse_values: list(sparse_types), "
                 "sparse_shapes: num_sparse * int64, dense_values: list(Tdense)",
      .attrs = "num_sparse: int >= 0; sparse_keys: list(string) >= 0; "
               "dense_keys: list(string) >= 0; sparse_types: " FEATURES "; "
               "Tdense: " FEATURES "; dense_shapes: list(shape) >= 0",
      .doc = "The features of one serialized Example, as sparse and as dense tensors.",
      .shape = single_shape, .grad = NO_GRADIENT, .prepare = single_prepare,
      .kernel_any = parse_single_example },
    { 0 }
};
