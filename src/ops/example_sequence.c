/* example_sequence.c - SequenceExamples to tensors, one or a batch: ParseSingleSequenceExample,
 * ParseSequenceExample. */
#include "ops/example.h"

#include "tensor/tstring.h"

#include <stdio.h>

/* Columns of the context and of the lists, sparse ones first; where inputs with their keys begin,
 * or 0: the columns have them. */
struct part { struct column *column; int n_sparse, n_dense, keys; };
struct sequence {
    struct part context, lists;
    int defaults, name;             /* inputs: the first default; names for complaints */
    const struct attr *may_miss;    /* keys of lists that may be missing; NULL: they are input 1 */
    int lengths;                    /* the first output of lengths; 0: there are none */
};

static struct status *part_new(struct prep *p, struct part *to, const char *sparse,
                               const char *dense, const char *shapes, int out)
{
    const struct attr *s = node_attr_find(p->node, sparse), *d = node_attr_find(p->node, dense);
    const struct attr *shape = node_attr_find(p->node, shapes);
    *to = (struct part){ .n_sparse = s->n, .n_dense = d->n };
    NEED(to->column = arena_array(p->arena, struct column, s->n + d->n + 1));
    for (int i = 0; i < s->n; i++)
        to->column[i] = (struct column){ .form = FORM_SPARSE, .dtype = (enum dtype)s->ints[i],
                                         .out = { out + i, out + s->n + i, out + 2 * s->n + i } };
    for (int i = 0; i < d->n; i++)
        to->column[s->n + i] = (struct column){
            .form = FORM_DENSE, .dtype = (enum dtype)d->ints[i], .shape = shape->shapes[i],
            .out = { out + 3 * s->n + i } };
    return NULL;
}

static struct status *sequence_new(struct prep *p, struct sequence **to)
{
    struct sequence *s;
    TRY(prep_state(p, sizeof *s, &s));
    *to = s;
    TRY(part_new(p, &s->context, "context_sparse_types", "Tcontext_dense", "context_dense_shapes",
                 0));
    return part_new(p, &s->lists, "feature_list_sparse_types", "feature_list_dense_types",
                    "feature_list_dense_shapes", 3 * s->context.n_sparse + s->context.n_dense);
}

static struct status *single_prepare(struct prep *p)
{
    struct sequence *s;
    TRY(sequence_new(p, &s));
    s->context.keys = 2;
    s->lists.keys = 2 + s->context.n_sparse + s->context.n_dense;
    s->defaults = s->lists.keys + s->lists.n_sparse + s->lists.n_dense;
    s->name = s->defaults + s->context.n_dense;
    return NULL;
}

static void set_keys(const struct node *n, const char *attr, struct column *c)
{
    const struct attr *keys = node_attr_find(n, attr);
    for (int i = 0; i < keys->n; i++)
        c[i].key = keys->texts[i].s;
}

static struct status *batch_prepare(struct prep *p)
{
    struct sequence *s;
    TRY(sequence_new(p, &s));
    set_keys(p->node, "context_sparse_keys", s->context.column);
    set_keys(p->node, "context_dense_keys", s->context.column + s->context.n_sparse);
    set_keys(p->node, "feature_list_sparse_keys", s->lists.column);
    set_keys(p->node, "feature_list_dense_keys", s->lists.column + s->lists.n_sparse);
    s->name = 1;
    s->defaults = 2;
    s->may_miss = node_attr_find(p->node, "feature_list_dense_missing_assumed_empty");
    s->lengths = 3 * (s->context.n_sparse + s->lists.n_sparse) + s->context.n_dense +
                 s->lists.n_dense;
    return NULL;
}

/* ---- shapes ---- */

static struct status *check_counts(const struct node *n, const char *count, const char *types,
                                   const char *shapes)
{
    int64_t want = node_attr(n, count);
    ENSURE(node_attr_find(n, types)->n == want, "len(%s) must be %s: %d vs. %lld", types, count,
           node_attr_find(n, types)->n, (long long)want);
    if (!shapes)
        return NULL;
    const struct attr *a = node_attr_find(n, shapes);
    ENSURE(a->n == want, "len(%s) must be %s: %d vs. %lld", shapes, count, a->n, (long long)want);
    for (int i = 0; i < a->n; i++)
        ENSURE(shape_is_known(&a->shapes[i]), "%s[%d] must be fully defined, got %s", shapes, i,
               SHAPE_STR(&a->shapes[i]));
    return NULL;
}

static struct status *check_attrs(const struct node *n)
{
    TRY(check_counts(n, "Ncontext_sparse", "context_sparse_types", NULL));
    TRY(check_counts(n, "Ncontext_dense", "Tcontext_dense", "context_dense_shapes"));
    TRY(check_counts(n, "Nfeature_list_sparse", "feature_list_sparse_types", NULL));
    return check_counts(n, "Nfeature_list_dense", "feature_list_dense_types",
                        "feature_list_dense_shapes");
}

/* The outputs of one part, of `outer` and each one's own dimensions. */
static struct status *put_shapes(struct shape_ctx *c, int *out, int n_sparse,
                                 const struct attr *shapes, const struct shape *outer)
{
    for (int i = 0; i < n_sparse; i++)
        *shape_out(c, (*out)++) = SHAPE(-1, outer->rank + 1);
    for (int i = 0; i < n_sparse; i++)
        *shape_out(c, (*out)++) = SHAPE(-1);
    for (int i = 0; i < n_sparse; i++)
        *shape_out(c, (*out)++) = SHAPE(outer->rank + 1);
    for (int i = 0; i < shapes->n; i++)
        TRY(shape_nested(outer, &shapes->shapes[i], shape_out(c, (*out)++)));
    return NULL;
}

/* Of messages of shape `outer`. */
static struct status *parts_shape(struct shape_ctx *c, const struct shape *outer, int *out)
{
    struct shape steps = *outer;
    steps.dim[steps.rank++] = -1;
    *out = 0;
    TRY(check_attrs(c->node));
    TRY(put_shapes(c, out, (int)node_attr(c->node, "Ncontext_sparse"),
                   node_attr_find(c->node, "context_dense_shapes"), outer));
    return put_shapes(c, out, (int)node_attr(c->node, "Nfeature_list_sparse"),
                      node_attr_find(c->node, "feature_list_dense_shapes"), &steps);
}

static struct status *single_shape(struct shape_ctx *c)
{
    int out;
    TRY(shape_want_rank(shape_in(c, 0), 0));
    TRY(shape_want_rank(shape_in(c, 1), 1));
    return parts_shape(c, &SHAPE_SCALAR, &out);
}

static struct status *check_keys(const struct node *n, const char *keys, const char *count)
{
    int64_t want = node_attr(n, count);
    ENSURE(node_attr_find(n, keys)->n == want, "len(%s) must be %s: %d vs. %lld", keys, count,
           node_attr_find(n, keys)->n, (long long)want);
    return NULL;
}

static struct status *batch_shape(struct shape_ctx *c)
{
    const struct node *n = c->node;
    const struct shape *in = shape_in(c, 0);
    struct shape outer = SHAPE(in->rank == 1 ? in->dim[0] : -1);
    int out;
    TRY(shape_want_rank(in, 1));
    TRY(shape_want_rank(shape_in(c, 1), 1));
    TRY(check_keys(n, "context_sparse_keys", "Ncontext_sparse"));
    TRY(check_keys(n, "context_dense_keys", "Ncontext_dense"));
    TRY(check_keys(n, "feature_list_sparse_keys", "Nfeature_list_sparse"));
    TRY(check_keys(n, "feature_list_dense_keys", "Nfeature_list_dense"));
    TRY(parts_shape(c, &outer, &out));
    while (out < c->n_out)
        *shape_out(c, out++) = outer;
    return NULL;
}

/* ---- one run ---- */

/* A message's two maps, and what complaints about it begin with. */
struct message { struct bytes context, lists; const char *name; };

/* All messages; `outer` is [] for one, [n] for a batch. */
struct batch { struct message *at; int64_t n; struct shape outer; };

static struct status *message_read(const struct tstring *s, struct message *m)
{
    const uint8_t *p = (const uint8_t *)tstring_data(s);
    struct bytes b = { p, p + tstring_len(s) };
    struct wire_field f;
    while (b.at < b.end) {
        if (!wire_next(&b, &f))
            return example_refuse(s);
        if (f.type == BYTES && f.number <= 2)
            *(f.number == 1 ? &m->context : &m->lists) = f.in;
    }
    return NULL;
}

static struct status *batch_read(struct kernel *k, struct batch *b)
{
    const struct sequence *s = k->state;
    const struct tensor *x = kernel_in(k, 0), *name = kernel_in(k, s->name);
    *b = (struct batch){ .n = tensor_count(x), .outer = x->shape };
    TRY(kernel_temp(k, (size_t)b->n * sizeof *b->at + 1, &b->at));
    for (int64_t i = 0; i < b->n; i++) {
        b->at[i] = (struct message){ .name = "<unknown>" };
        if (tensor_count(name))
            b->at[i].name = tstring_data((const struct tstring *)name->data + i);
        TRY(message_read((const struct tstring *)x->data + i, &b->at[i]));
    }
    return NULL;
}

static struct status *columns_begin(struct kernel *k, const struct part *p, struct columns *c)
{
    TRY(columns_new(k, p->n_sparse + p->n_dense, c));
    memcpy(c->at, p->column, (size_t)c->n * sizeof *c->at);
    for (int i = 0; p->keys && i < c->n; i++) {
        const struct tensor *key = kernel_in(k, p->keys + i);
        ENSURE(key->shape.rank == 0, "Expected a key to be a scalar, got shape: %s",
               SHAPE_STR(&key->shape));
        c->at[i].key = tstring_data(key->data);
    }
    return columns_find(c);
}

/* ---- contexts ---- */

enum { WHO_TEXT = 512 };

static struct status *set_defaults(struct kernel *k, const struct columns *c)
{
    const struct sequence *s = k->state;
    for (int i = 0; i < s->context.n_dense; i++) {
        struct column *to = &c->at[s->context.n_sparse + i];
        to->fallback = kernel_in(k, s->defaults + i);
        ENSURE(!tensor_count(to->fallback) || shape_equal(&to->fallback->shape, &to->shape),
               "def_value[%d].shape() == %s is not compatible with dense_shapes_[%d] == %s", i,
               SHAPE_STR(&to->fallback->shape), i, SHAPE_STR(&to->shape));
    }
    return NULL;
}

static struct status *read_context(const struct message *m, const struct columns *c,
                                   struct cell *row)
{
    char who[WHO_TEXT];
    ENSURE(features_read(m->context, c, row), "Name: %.200s, the context cannot be parsed",
           m->name);
    for (int i = 0; i < c->n; i++) {
        const struct column *to = &c->at[i];
        snprintf(who, sizeof who, "Name: %.200s, Context feature: %.200s.  ", m->name, to->key);
        TRY(cell_check(to, &row[i], who));
        ENSURE(to->form != FORM_DENSE || row[i].dtype != DT_INVALID || tensor_count(to->fallback),
               "Name: %.200s, Context feature '%.200s' is required but could not be found.",
               m->name, to->key);
    }
    return NULL;
}

static struct status *put_contexts(struct kernel *k, const struct batch *b,
                                   const struct columns *c)
{
    struct cell *cell;
    size_t bytes = (size_t)b->n * (size_t)c->n * sizeof *cell;
    TRY(set_defaults(k, c));
    TRY(kernel_temp(k, bytes + 1, &cell));
    memset(cell, 0, bytes);
    for (int64_t i = 0; i < b->n; i++)
        TRY(read_context(&b->at[i], c, cell + i * c->n));
    for (int i = 0; i < c->n; i++)
        TRY(column_put(k, &c->at[i], &(struct cells){ cell + i, c->n, b->outer }));
    return NULL;
}

/* ---- lists ---- */

/* Where each wanted list lies; `at` NULL: nowhere. */
static bool find_list(void *lists, int column, struct bytes value)
{
    static const uint8_t nothing[1];
    ((struct bytes *)lists)[column] = value.at ? value : (struct bytes){ nothing, nothing };
    return true;
}

/* A FeatureList's features are its fields 1: the steps, which are counted, and read if `cell`. */
static int64_t read_steps(struct bytes list, struct cell *cell)
{
    struct wire_field f;
    int64_t n = 0;
    while (list.at < list.end) {
        if (!wire_next(&list, &f))
            return -1;
        if (f.number != 1 || f.type != BYTES)
            continue;
        if (cell)
            cell_read(f.in, &cell[n]);
        n++;
    }
    return n;
}

static bool may_be_missing(const struct kernel *k, const char *key)
{
    const struct attr *named = ((const struct sequence *)k->state)->may_miss;
    const struct tensor *names = kernel_in(k, 1);
    int64_t n = named ? named->n : tensor_count(names);
    for (int64_t i = 0; i < n; i++)
        if (!strcmp(named ? named->texts[i].s
                    : tstring_data((const struct tstring *)names->data + i), key))
            return true;
    return false;
}

/* How many steps the list has: none, where it is missing and may be. */
static struct status *count_steps(const struct kernel *k, const struct message *m,
                                  const struct column *c, struct bytes list, int64_t *n)
{
    *n = read_steps(list, NULL);
    ENSURE(*n >= 0, "Name: %.200s, Feature list '%.200s' cannot be parsed", m->name, c->key);
    ENSURE(list.at || c->form != FORM_DENSE || may_be_missing(k, c->key),
           "Name: %.200s, Feature list '%.200s' is required but could not be found.  Did you mean "
           "to include it in feature_list_dense_missing_assumed_empty or "
           "feature_list_dense_defaults?", m->name, c->key);
    return NULL;
}

static struct status *check_step(const struct message *m, const struct column *c,
                                 const struct cell *cell, int64_t step)
{
    char who[WHO_TEXT];
    snprintf(who, sizeof who, "Name: %.200s, Feature list: %.200s, Index: %lld.  ", m->name, c->key,
             (long long)step);
    TRY(cell_check(c, cell, who));
    ENSURE(c->form != FORM_DENSE || cell->dtype != DT_INVALID,
           "%sNumber of values != expected.  Values size: 0 but output shape: %s", who,
           SHAPE_STR(&c->shape));
    return NULL;
}

/* Of the lists of one column: how long each is, and the longest; batches tell of dense ones. */
static struct status *measure(struct kernel *k, const struct batch *b, const struct columns *c,
                              int i, const struct bytes *list, int64_t *steps, int64_t *most)
{
    const struct sequence *s = k->state;
    *most = 0;
    for (int64_t m = 0; m < b->n; m++) {
        TRY(count_steps(k, &b->at[m], &c->at[i], list[m * c->n + i], &steps[m]));
        *most = steps[m] > *most ? steps[m] : *most;
    }
    if (!s->lengths || i < s->lists.n_sparse)
        return NULL;
    int out = s->lengths + i - s->lists.n_sparse;
    TRY(kernel_new(k, out, DT_INT64, &b->outer));
    memcpy(kernel_out(k, out)->data, steps, (size_t)b->n * sizeof *steps);
    return NULL;
}

/* The cells of one column: a row a message, empty ones behind its last step. */
static struct status *put_column(struct kernel *k, const struct batch *b, const struct columns *c,
                                 int i, const struct bytes *list, int64_t *steps)
{
    struct cells cells = { .stride = 1, .outer = b->outer };
    struct cell *cell;
    int64_t most;
    size_t bytes;
    TRY(measure(k, b, c, i, list, steps, &most));
    if (__builtin_mul_overflow((size_t)b->n * sizeof *cell, (size_t)most, &bytes))
        return status_no_memory();
    TRY(kernel_temp(k, bytes + 1, &cell));
    memset(cell, 0, bytes);
    for (int64_t m = 0; m < b->n; m++) {
        struct cell *row = cell + m * most;
        read_steps(list[m * c->n + i], row);
        for (int64_t j = 0; j < steps[m]; j++)
            TRY(check_step(&b->at[m], &c->at[i], &row[j], j));
    }
    cells.cell = cell;
    cells.outer.dim[cells.outer.rank++] = most;
    return column_put(k, &c->at[i], &cells);
}

static struct status *put_lists(struct kernel *k, const struct batch *b, const struct columns *c)
{
    struct bytes *list;
    int64_t *steps;
    size_t bytes = (size_t)b->n * (size_t)c->n * sizeof *list;
    TRY(kernel_temp(k, bytes + 1, &list));
    TRY(kernel_temp(k, (size_t)b->n * sizeof *steps + 1, &steps));
    memset(list, 0, bytes);
    for (int64_t m = 0; m < b->n; m++)
        ENSURE(entries_read(b->at[m].lists, c, find_list, list + m * c->n), "Name: %.200s, the "
               "feature lists cannot be parsed", b->at[m].name);
    for (int i = 0; i < c->n; i++)
        TRY(put_column(k, b, c, i, list, steps));
    return NULL;
}

/* ---- both ---- */

static struct status *put_part(struct kernel *k, const struct batch *b, const struct part *p,
                               struct status *(*put)(struct kernel *, const struct batch *,
                                                     const struct columns *))
{
    struct columns c = { 0 };
    struct status *st = columns_begin(k, p, &c);
    if (!st)
        st = put(k, b, &c);
    columns_release(&c);
    return st;
}

static struct status *parse(struct kernel *k)
{
    const struct sequence *s = k->state;
    struct batch b;
    TRY(batch_read(k, &b));
    TRY(put_part(k, &b, &s->context, put_contexts));
    return put_part(k, &b, &s->lists, put_lists);
}

static struct status *parse_single(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    ENSURE(x->shape.rank == 0, "Expected serialized to be a scalar, got shape: %s",
           SHAPE_STR(&x->shape));
    return parse(k);
}

static struct status *parse_batch(struct kernel *k)
{
    const struct shape *x = &kernel_in(k, 0)->shape, *names = &kernel_in(k, 1)->shape;
    ENSURE(x->rank == 1, "Expected serialized to be a vector, got shape: %s", SHAPE_STR(x));
    ENSURE(!shape_count(names) || shape_equal(names, x), "Expected len(debug_name) == "
           "len(serialized), but got: %s and %s", SHAPE_STR(names), SHAPE_STR(x));
    return parse(k);
}

#define FEATURES "list({float, int64, string}) >= 0 = []"
#define PARTS "context_sparse_indices: Ncontext_sparse * int64, "                                 \
              "context_sparse_values: list(context_sparse_types), "                               \
              "context_sparse_shapes: Ncontext_sparse * int64, "                                  \
              "context_dense_values: list(Tcontext_dense), "                                      \
              "feature_list_sparse_indices: Nfeature_list_sparse * int64, "                       \
              "feature_list_sparse_values: list(feature_list_sparse_types), "                     \
              "feature_list_sparse_shapes: Nfeature_list_sparse * int64, "                        \
              "feature_list_dense_values: list(feature_list_dense_types)"
#define ATTRIBUTES "Ncontext_sparse: int >= 0 = 0; Ncontext_dense: int >= 0 = 0; "                \
                   "Nfeature_list_sparse: int >= 0 = 0; Nfeature_list_dense: int >= 0 = 0; "      \
                   "context_sparse_types: " FEATURES "; Tcontext_dense: " FEATURES "; "           \
                   "feature_list_dense_types: " FEATURES "; "                                     \
                   "context_dense_shapes: list(shape) >= 0 = []; "                                \
                   "feature_list_sparse_types: " FEATURES "; "                                    \
                   "feature_list_dense_shapes: list(shape) >= 0 = []"

const struct op ops_example_sequence[] = {
    { .name = "ParseSingleSequenceExample",
      .inputs = "serialized: string, feature_list_dense_missing_assumed_empty: string, "
                "context_sparse_keys: Ncontext_sparse * string, "
                "context_dense_keys: Ncontext_dense * string, "
                "feature_list_sparse_keys: Nfeature_list_sparse * string, "
                "feature_list_dense_keys: Nfeature_list_dense * string, "
                "context_dense_defaults: list(Tcontext_dense), debug_name: string",
      .outputs = PARTS,
      .attrs = ATTRIBUTES,
      .doc = "The features of a serialized SequenceExample's context and of its steps.",
      .shape = single_shape, .grad = NO_GRADIENT, .prepare = single_prepare,
      .kernel_any = parse_single },
    { .name = "ParseSequenceExample",
      .inputs = "serialized: string, debug_name: string, "
                "context_dense_defaults: list(Tcontext_dense)",
      .outputs = PARTS ", feature_list_dense_lengths: Nfeature_list_dense * int64",
      .attrs = "feature_list_dense_missing_assumed_empty: list(string) >= 0; "
               "context_sparse_keys: list(string) >= 0; context_dense_keys: list(string) >= 0; "
               "feature_list_sparse_keys: list(string) >= 0; "
               "feature_list_dense_keys: list(string) >= 0; " ATTRIBUTES,
      .doc = "The features of a batch of SequenceExamples; short dense lists are padded with "
             "zeros, and their lengths told.",
      .shape = batch_shape, .grad = NO_GRADIENT, .prepare = batch_prepare,
      .kernel_any = parse_batch },
    { 0 }
};
