/* example_sequence.c - one SequenceExample to tensors: ParseSingleSequenceExample. */
#include "ops/example.h"

#include "tensor/tstring.h"

#include <stdio.h>

/* Columns of the context and of the lists, sparse ones first; where their inputs begin. */
struct part { struct column *column; int n_sparse, n_dense, keys; };
struct sequence { struct part context, lists; int defaults, name; };

static struct status *part_new(struct prep *p, struct part *to, const char *sparse,
                               const char *dense, const char *shapes, int keys, int out)
{
    const struct attr *s = node_attr_find(p->node, sparse), *d = node_attr_find(p->node, dense);
    const struct attr *shape = node_attr_find(p->node, shapes);
    *to = (struct part){ .n_sparse = s->n, .n_dense = d->n, .keys = keys };
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

static struct status *sequence_prepare(struct prep *p)
{
    struct sequence *s;
    TRY(prep_state(p, sizeof *s, &s));
    TRY(part_new(p, &s->context, "context_sparse_types", "Tcontext_dense", "context_dense_shapes",
                 2, 0));
    TRY(part_new(p, &s->lists, "feature_list_sparse_types", "feature_list_dense_types",
                 "feature_list_dense_shapes", 2 + s->context.n_sparse + s->context.n_dense,
                 3 * s->context.n_sparse + s->context.n_dense));
    s->defaults = s->lists.keys + s->lists.n_sparse + s->lists.n_dense;
    s->name = s->defaults + s->context.n_dense;
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

static struct status *sequence_shape(struct shape_ctx *c)
{
    const struct node *n = c->node;
    int out = 0;
    TRY(shape_want_rank(shape_in(c, 0), 0));
    TRY(shape_want_rank(shape_in(c, 1), 1));
    TRY(check_attrs(n));
    TRY(put_shapes(c, &out, (int)node_attr(n, "Ncontext_sparse"),
                   node_attr_find(n, "context_dense_shapes"), &SHAPE_SCALAR));
    return put_shapes(c, &out, (int)node_attr(n, "Nfeature_list_sparse"),
                      node_attr_find(n, "feature_list_dense_shapes"), &SHAPE(-1));
}

/* ---- one run ---- */

/* The message's two maps, and what complaints begin with. */
struct message { struct bytes context, lists; const char *name; };

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

static struct status *columns_begin(struct kernel *k, const struct part *p, struct columns *c)
{
    TRY(columns_new(k, p->n_sparse + p->n_dense, c));
    memcpy(c->at, p->column, (size_t)c->n * sizeof *c->at);
    for (int i = 0; i < c->n; i++) {
        const struct tensor *key = kernel_in(k, p->keys + i);
        ENSURE(key->shape.rank == 0, "Expected a key to be a scalar, got shape: %s",
               SHAPE_STR(&key->shape));
        c->at[i].key = tstring_data(key->data);
    }
    return columns_find(c);
}

enum { WHO_TEXT = 512 };

static struct status *put_context(struct kernel *k, const struct message *m,
                                  const struct columns *c)
{
    const struct sequence *s = k->state;
    char who[WHO_TEXT];
    struct cell *row;
    TRY(kernel_temp(k, (size_t)c->n * sizeof *row + 1, &row));
    memset(row, 0, (size_t)c->n * sizeof *row);
    ENSURE(features_read(m->context, c, row), "Name: %.200s, the context cannot be parsed",
           m->name);
    for (int i = 0; i < c->n; i++) {
        struct column *to = &c->at[i];
        snprintf(who, sizeof who, "Name: %.200s, Context feature: %.200s.  ", m->name, to->key);
        TRY(cell_check(to, &row[i], who));
        if (to->form == FORM_DENSE)
            to->fallback = kernel_in(k, s->defaults + i - s->context.n_sparse);
        ENSURE(to->form != FORM_DENSE || row[i].dtype != DT_INVALID || tensor_count(to->fallback),
               "Name: %.200s, Context feature '%.200s' is required but could not be found.",
               m->name, to->key);
        ENSURE(!to->fallback || !tensor_count(to->fallback) ||
               shape_equal(&to->fallback->shape, &to->shape), "def_value[%d].shape() == %s is not "
               "compatible with dense_shapes_[%d] == %s", i - s->context.n_sparse,
               SHAPE_STR(&to->fallback->shape), i - s->context.n_sparse, SHAPE_STR(&to->shape));
        TRY(column_put(k, to, &(struct cells){ &row[i], 1, SHAPE_SCALAR }));
    }
    return NULL;
}

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
    const struct tensor *names = kernel_in(k, 1);
    for (int64_t i = 0; i < tensor_count(names); i++)
        if (!strcmp(tstring_data((const struct tstring *)names->data + i), key))
            return true;
    return false;
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

static struct status *put_list(struct kernel *k, const struct message *m, const struct column *c,
                               struct bytes list)
{
    struct cell *cell;
    int64_t n = read_steps(list, NULL);
    ENSURE(n >= 0, "Name: %.200s, Feature list '%.200s' cannot be parsed", m->name, c->key);
    ENSURE(list.at || c->form != FORM_DENSE || may_be_missing(k, c->key),
           "Name: %.200s, Feature list '%.200s' is required but could not be found.  Did you mean "
           "to include it in feature_list_dense_missing_assumed_empty or "
           "feature_list_dense_defaults?", m->name, c->key);
    TRY(kernel_temp(k, (size_t)n * sizeof *cell + 1, &cell));
    read_steps(list, cell);
    for (int64_t i = 0; i < n; i++)
        TRY(check_step(m, c, &cell[i], i));
    return column_put(k, c, &(struct cells){ cell, 1, SHAPE(n) });
}

static struct status *put_lists(struct kernel *k, const struct message *m, const struct columns *c)
{
    struct bytes *list;
    TRY(kernel_temp(k, (size_t)c->n * sizeof *list + 1, &list));
    memset(list, 0, (size_t)c->n * sizeof *list);
    ENSURE(entries_read(m->lists, c, find_list, list), "Name: %.200s, the feature lists cannot be "
           "parsed", m->name);
    for (int i = 0; i < c->n; i++)
        TRY(put_list(k, m, &c->at[i], list[i]));
    return NULL;
}

static struct status *put_part(struct kernel *k, const struct message *m, const struct part *p,
                               struct status *(*put)(struct kernel *, const struct message *,
                                                     const struct columns *))
{
    struct columns c = { 0 };
    struct status *st = columns_begin(k, p, &c);
    if (!st)
        st = put(k, m, &c);
    columns_release(&c);
    return st;
}

static struct status *parse_sequence(struct kernel *k)
{
    const struct sequence *s = k->state;
    const struct tensor *x = kernel_in(k, 0), *name = kernel_in(k, s->name);
    struct message m = { .name = tensor_count(name) ? tstring_data(name->data) : "<unknown>" };
    ENSURE(x->shape.rank == 0, "Expected serialized to be a scalar, got shape: %s",
           SHAPE_STR(&x->shape));
    TRY(message_read(x->data, &m));
    TRY(put_part(k, &m, &s->context, put_context));
    return put_part(k, &m, &s->lists, put_lists);
}

#define FEATURES "list({float, int64, string}) >= 0 = []"

const struct op ops_example_sequence[] = {
    { .name = "ParseSingleSequenceExample",
      .inputs = "serialized: string, feature_list_dense_missing_assumed_empty: string, "
                "context_sparse_keys: Ncontext_sparse * string, "
                "context_dense_keys: Ncontext_dense * string, "
                "feature_list_sparse_keys: Nfeature_list_sparse * string, "
                "feature_list_dense_keys: Nfeature_list_dense * string, "
                "context_dense_defaults: list(Tcontext_dense), debug_name: string",
      .outputs = "context_sparse_indices: Ncontext_sparse * int64, "
                 "context_sparse_values: list(context_sparse_types), "
                 "context_sparse_shapes: Ncontext_sparse * int64, "
                 "context_dense_values: list(Tcontext_dense), "
                 "feature_list_sparse_indices: Nfeature_list_sparse * int64, "
                 "feature_list_sparse_values: list(feature_list_sparse_types), "
                 "feature_list_sparse_shapes: Nfeature_list_sparse * int64, "
                 "feature_list_dense_values: list(feature_list_dense_types)",
      .attrs = "Ncontext_sparse: int >= 0 = 0; Ncontext_dense: int >= 0 = 0; "
               "Nfeature_list_sparse: int >= 0 = 0; Nfeature_list_dense: int >= 0 = 0; "
               "context_sparse_types: " FEATURES "; Tcontext_dense: " FEATURES "; "
               "feature_list_dense_types: " FEATURES "; "
               "context_dense_shapes: list(shape) >= 0 = []; "
               "feature_list_sparse_types: " FEATURES "; "
               "feature_list_dense_shapes: list(shape) >= 0 = []",
      .doc = "The features of a serialized SequenceExample's context and of its steps.",
      .shape = sequence_shape, .grad = NO_GRADIENT, .prepare = sequence_prepare,
      .kernel_any = parse_sequence },
    { 0 }
};
