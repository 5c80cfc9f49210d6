/* import_ops.c - what ops the nodes of a GraphDef are, what attributes they have, and of ops that
 * nobody knows, what can be told from how the file uses them. */
#include "base/mem.h"
#include "base/str.h"
#include "graph/import.h"
#include "op/shape_fn.h"
#include "op/summary.h"

enum { MOST_UNKNOWN_OUTPUTS = 4096 };

const Wire__AttrValue *attr_of(const Wire__NodeDef *def, const char *name)
{
    for (size_t i = 0; i < def->n_attr; i++)
        if (!strcmp(def->attr[i]->key, name))
            return def->attr[i]->value;
    return NULL;
}

/* ---- ops that the writer of the file described ---- */

static struct status *read_op_list(struct loading *l)
{
    const struct import *im = l->im;
    if (!im->ops)
        return NULL;
    TRY(status_prefix(wire_decode(&l->arena, &wire__op_list__descriptor, im->ops, im->n_ops,
                                  &l->ops), "Invalid OpList: "));
    for (size_t i = 0; i < l->ops->n_op; i++)
        if (!map_put(&l->op_defs, l->ops->op[i]->name, l->ops->op[i]))
            return status_no_memory();
    return NULL;
}

/* From now on the graph knows it. */
static struct status *own_op(struct loading *l, const Wire__OpDef *m, const struct op **op)
{
    struct graph *g = l->graph;
    *op = map_get(&g->ops, m->name);
    if (*op)
        return NULL;
    TRY(op_from_proto(&g->arena, m, op));
    return map_put(&g->ops, (*op)->name, (void *)*op) ? NULL : status_no_memory();
}

static struct status *find_op(struct loading *l, struct item *item)
{
    const char *name = item->def->op;
    item->op = op_find(name);
    const Wire__OpDef *m = item->op ? NULL : map_get(&l->op_defs, name);
    if (m)
        return own_op(l, m, &item->op);
    if (!item->op)
        item->op = graph_op(l->graph, name);
    return item->op || l->im->allow_unknown ? NULL
        : status_at_node(op_not_registered(name), item->def->name);
}

/* ---- attributes ---- */

static bool same_value(const Wire__AttrValue *a, const Wire__AttrValue *b)
{
    void *bytes = NULL, *others = NULL;
    size_t n = 0, m = 0;
    struct status *st = wire_encode(&a->base, &bytes, &n);
    if (!st)
        st = wire_encode(&b->base, &others, &m);
    bool same = !st && n == m && !memcmp(bytes, others, n);
    status_free(st);
    mem_free(bytes);
    mem_free(others);
    return same;
}

/* TF: an attribute that is newer than our op may be left out where it has its default. */
static bool is_new_default(struct loading *l, const Wire__NodeDef *def,
                           const Wire__NodeDef__AttrEntry *e)
{
    const Wire__OpDef *m = map_get(&l->op_defs, def->op);
    for (size_t i = 0; m && e->value && i < m->n_attr; i++)
        if (!strcmp(m->attr[i]->name, e->key))
            return m->attr[i]->default_value && same_value(m->attr[i]->default_value, e->value);
    return false;
}

static struct status *unknown_attr(const struct item *item, const char *name)
{
    struct str op = { 0 };
    op_summary(item->op, &op);
    struct status *st = status_new(
        INVALID_ARGUMENT, "NodeDef mentions attr '%s' not in %s; NodeDef: {{node %s}}. (Check "
        "whether your GraphDef-interpreting binary is up to date with your GraphDef-generating "
        "binary.).", name, str_text(&op), item->def->name);
    str_free(&op);
    return st;
}

static struct status *check_attrs(struct loading *l, struct item *item)
{
    const struct sig *sig = item->op ? op_sig(item->op) : NULL;
    for (size_t i = 0; sig && i < item->def->n_attr; i++) {
        const Wire__NodeDef__AttrEntry *e = item->def->attr[i];
        if (*e->key == '_' || sig_attr(sig, e->key) >= 0 || is_new_default(l, item->def, e))
            continue;
        if (!l->im->allow_unknown)
            return unknown_attr(item, e->key);
        item->op = NULL;
        return NULL;
    }
    return NULL;
}

struct status *find_ops(struct loading *l)
{
    TRY(read_op_list(l));
    for (size_t i = 0; i < l->def->n_node; i++) {
        TRY(find_op(l, &l->item[i]));
        TRY(check_attrs(l, &l->item[i]));
    }
    return NULL;
}

/* "loc:@x" names the node as it is called in the graph. */
static struct status *rename_groups(struct loading *l, struct attr *a)
{
    struct text *t = (struct text *)a->texts;
    for (int i = 0; a->kind == ATTR_LIST + ATTR_STRING && i < a->n; i++) {
        const struct item *item = strncmp(t[i].s, "loc:@", 5) ? NULL
                                                              : map_get(&l->by_name, t[i].s + 5);
        if (!item || item->name == item->def->name)
            continue;
        NEED(t[i].s = arena_printf(&l->arena, "loc:@%s", item->name));
        t[i].n = strlen(t[i].s);
    }
    return NULL;
}

/* TF: up to version 21 a placeholder of unknown shape was written as one of shape []. */
static void forget_old_shape(struct loading *l, const Wire__NodeDef *def, struct attr *a)
{
    bool old = !l->def->versions || l->def->versions->producer <= 21;
    if (old && a->kind == ATTR_SHAPE && !a->shape->rank && !strcmp(def->op, "Placeholder"))
        a->shape = &SHAPE_UNKNOWN;
}

struct status *convert_attrs(struct loading *l, const struct item *item, struct attr *attr, int *n)
{
    const Wire__NodeDef *def = item->def;
    const struct sig *sig = item->op ? op_sig(item->op) : NULL;
    for (size_t i = 0; i < def->n_attr; i++) {
        const Wire__NodeDef__AttrEntry *e = def->attr[i];
        int at = sig ? sig_attr(sig, e->key) : -1;
        if ((sig && at < 0 && *e->key != '_') || !strcmp(e->key, "_output_shapes"))
            continue;
        struct attr *a = &attr[(*n)++];
        a->name = e->key;
        ENSURE(e->value, "Node '%s': attribute '%s' has no value", def->name, e->key);
        TRY(status_prefix(attr_from_proto(&l->arena, e->value,
                                          at < 0 ? ATTR_NONE : sig->attr[at].kind, a),
                          "Node '%s', attribute '%s': ", def->name, e->key));
        forget_old_shape(l, def, a);
        if (!strcmp(e->key, "_class"))
            TRY(rename_groups(l, a));
    }
    return NULL;
}

/* ---- what an op expects of its inputs ---- */

/* An attribute as the NodeDef says it, or its default: a type, a number, or the length of a list
 * and its element `at`. False: not said. */
static bool number_of(const struct item *item, const struct attr_def *d, int64_t at, int64_t *n,
                      int64_t *value)
{
    const Wire__AttrValue *v = attr_of(item->def, d->name);
    const Wire__AttrValue__ListValue *list =
        v && v->value_case == WIRE__ATTR_VALUE__VALUE_LIST ? v->list : NULL;
    *n = *value = 0;
    if (v && !list) {
        *value = v->value_case == WIRE__ATTR_VALUE__VALUE_I ? v->i
               : v->value_case == WIRE__ATTR_VALUE__VALUE_TYPE ? (int64_t)v->type : 0;
        return true;
    }
    if (list) {
        *n = (int64_t)list->n_type;
        *value = at >= 0 && at < *n ? (int64_t)list->type[at] : 0;
        return true;
    }
    *n = d->kind >= ATTR_LIST ? d->fallback.n : 0;
    *value = d->kind < ATTR_LIST ? d->fallback.i : at >= 0 && at < *n ? d->fallback.ints[at] : 0;
    return d->has_default;
}

/* DT_INVALID: it cannot be told, or there is no such input; DT_REF is added to a reference. */
static enum dtype expected(const struct item *item, int input)
{
    const struct sig *s = op_sig(item->op);
    int64_t n, value, at = input;
    for (int i = 0; i < s->n_in; i++) {
        const struct arg *a = &s->in[i];
        int64_t count = 1;
        if (a->number_attr >= 0 && !number_of(item, &s->attr[a->number_attr], 0, &n, &count))
            return DT_INVALID;
        if (a->list && !number_of(item, &s->attr[a->type_attr], at, &count, &value))
            return DT_INVALID;
        if (at >= count) {
            at -= count > 0 ? count : 0;
            continue;
        }
        value = a->dtype;
        if (a->type_attr >= 0 && !number_of(item, &s->attr[a->type_attr], at, &n, &value))
            return DT_INVALID;
        return value > 0 && value < DT_COUNT ? (enum dtype)(value + (a->ref ? DT_REF : 0))
                                             : DT_INVALID;
    }
    return DT_INVALID;
}

struct status *check_input(const struct item *item, int i, struct out in)
{
    enum dtype want = expected(item, i), got = in.node->dtype[in.index];
    bool ref = out_is_ref(in), fits = got == dtype_base(want) && (ref || !dtype_is_ref(want));
    ENSURE(!want || fits, "Input %d of node %s was passed %s%s from %s:%d incompatible with "
           "expected %s.", i, item->name, dtype_name(got), ref ? "_ref" : "", in.node->name,
           in.index, dtype_name(want));
    return NULL;
}

/* ---- ops that nobody knows ---- */

static struct status *grow_outputs(struct loading *l, struct item *item, int n)
{
    ENSURE(n <= MOST_UNKNOWN_OUTPUTS, "Node '%s' of the unknown op '%s' cannot have output %d",
           item->def->name, item->def->op, n - 1);
    if (n <= item->n_out)
        return NULL;
    enum dtype *out = arena_array(&l->arena, enum dtype, n);
    NEED(out);
    if (item->n_out)
        memcpy(out, item->out, (size_t)item->n_out * sizeof *out);
    item->out = out;
    item->n_out = n;
    return NULL;
}

static struct status *look_at_reader(struct loading *l, const struct item *reader, int i)
{
    const struct source *s = &reader->source[i];
    if (!s->item || s->item->op || s->control)
        return NULL;
    ENSURE(s->index < MOST_UNKNOWN_OUTPUTS, "Node '%s': Connecting to invalid output %d of source "
           "node %s", reader->def->name, s->index, s->item->def->name);
    TRY(grow_outputs(l, s->item, s->index + 1));
    enum dtype t = reader->op ? expected(reader, i) : DT_INVALID;
    if (!s->item->out[s->index] || dtype_is_ref(t))
        s->item->out[s->index] = t;
    return NULL;
}

static struct status *outputs_of_shapes(struct loading *l, struct item *item)
{
    const Wire__AttrValue *v = attr_of(item->def, "_output_shapes");
    bool list = v && v->value_case == WIRE__ATTR_VALUE__VALUE_LIST;
    return list && v->list->n_shape <= MOST_UNKNOWN_OUTPUTS
        ? grow_outputs(l, item, (int)v->list->n_shape) : NULL;
}

struct status *find_outputs(struct loading *l)
{
    bool any = false;
    for (size_t i = 0; i < l->def->n_node; i++) {
        any |= !l->item[i].op;
        if (!l->item[i].op)
            TRY(outputs_of_shapes(l, &l->item[i]));
    }
    for (size_t i = 0; any && i < l->def->n_node; i++)
        for (size_t k = 0; k < l->item[i].def->n_input; k++)
            TRY(look_at_reader(l, &l->item[i], (int)k));
    for (int i = 0; any && i < l->im->n_wants; i++) {
        const struct import_want *w = &l->im->want[i];
        struct item *item = map_get(&l->by_name, w->name.node);
        if (item && !item->op && w->name.index < MOST_UNKNOWN_OUTPUTS)
            TRY(grow_outputs(l, item, w->name.index + 1));
    }
    return NULL;
}

struct unknown { struct op op; struct sig sig; };

static struct status *unknown_args(struct arena *a, const char *prefix, int n, struct arg **args)
{
    NEED(*args = arena_array(a, struct arg, n));
    for (int i = 0; i < n; i++) {
        struct arg *arg = &(*args)[i];
        NEED(arg->name.s = arena_printf(a, "%s%d", prefix, i));
        arg->name.n = strlen(arg->name.s);
        arg->type_attr = arg->number_attr = -1;
    }
    return NULL;
}

/* Of the output that no reader types: as the node's own attributes have it, as most ops do. */
static enum dtype likely_type(const Wire__NodeDef *def)
{
    static const char *const names[] = { "T", "dtype", "Tout", "out_type", "output_type" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const Wire__AttrValue *v = attr_of(def, names[i]);
        if (v && v->value_case == WIRE__ATTR_VALUE__VALUE_TYPE && v->type > 0 &&
            (int)v->type < DT_COUNT)
            return (enum dtype)v->type;
    }
    return DT_FLOAT;
}

static struct status *unknown_sig(struct arena *a, const struct item *item,
                                  const struct node_def *d, struct sig *s)
{
    TRY(unknown_args(a, "input", s->n_in = d->n_in, &s->in));
    for (int i = 0; i < d->n_in; i++)
        s->in[i].dtype = d->in[i].node->dtype[d->in[i].index];
    TRY(unknown_args(a, "output", s->n_out = item->n_out, &s->out));
    for (int i = 0; i < item->n_out; i++) {
        enum dtype t = item->out[i] ? item->out[i] : likely_type(item->def);
        s->out[i].dtype = dtype_base(t);
        s->out[i].ref = dtype_is_ref(t);
    }
    NEED(s->attr = arena_array(a, struct attr_def, d->n_attr));
    for (int i = 0; i < d->n_attr; i++) {
        struct attr_def *def = &s->attr[s->n_attr];
        if (*d->attr[i].name == '_')
            continue;
        *def = (struct attr_def){ .kind = d->attr[i].kind, .allowed = ~0u };
        NEED(def->name = arena_strdup(a, d->attr[i].name));
        s->n_attr++;
    }
    return NULL;
}

struct status *unknown_op(struct loading *l, const struct item *item, const struct node_def *d,
                          const struct op **op)
{
    struct arena *a = &l->graph->arena;
    struct unknown *u = arena_new(a, struct unknown);
    NEED(u);
    u->op = (struct op){ .shape = shape_unknown, .grad = NO_GRADIENT, .sig = &u->sig,
                         .flags = OP_STATEFUL };
    NEED(u->op.name = arena_strdup(a, item->def->op));
    TRY(unknown_sig(a, item, d, &u->sig));
    *op = &u->op;
    return NULL;
}
