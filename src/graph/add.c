/* add.c - a node is born: its signature checked, attributes filled, types bound, shapes
 * inferred. From here on it never changes. */
#include "base/mem.h"
#include "base/str.h"
#include "graph/context.h"
#include "graph/function.h"

#include <stdlib.h>

struct adding {
    struct graph *graph;
    const struct node_def *def;
    const struct op *op;
    const struct sig *sig;
    struct node *node;
    struct { const struct shape *shape; enum dtype dtype; } *single;    /* room for one output */
};

static const char *dtype_of_attr(const struct adding *a, int attr, int i)
{
    const struct attr *v = &a->node->attr[attr];
    return dtype_py_name((enum dtype)(v->kind >= ATTR_LIST ? v->ints[i] : v->i));
}

/* ---- the node's memory: one piece, cut up ---- */

static int count_private(const struct node_def *d)
{
    int n = 0;
    for (int i = 0; i < d->n_attr; i++)
        n += d->attr[i].name[0] == '_';
    return n;
}

static void *cut(char **at, size_t bytes)
{
    void *p = *at;
    *at += (bytes + 7) & ~(size_t)7;
    return p;
}

static struct status *node_new(struct adding *a)
{
    const struct node_def *d = a->def;
    int n_attr = a->sig->n_attr + count_private(d);
    size_t ins = (size_t)d->n_in * sizeof(struct out);
    size_t controls = (size_t)d->n_control * sizeof(struct node *);
    size_t attrs = (size_t)n_attr * sizeof(struct attr);
    char *at = arena_alloc(&a->graph->arena, sizeof(struct node) + ins + controls + attrs +
                                             sizeof *a->single);
    NEED(at);
    struct node *n = a->node = cut(&at, sizeof *n);
    n->op = a->op;
    n->graph = a->graph;
    n->n_in = d->n_in;
    n->in = cut(&at, ins);
    n->n_control = d->n_control;
    n->control = cut(&at, controls);
    n->attr = cut(&at, attrs);
    a->single = cut(&at, sizeof *a->single);
    n->n_attr = a->sig->n_attr;
    if (ins)
        memcpy(n->in, d->in, ins);
    if (controls)
        memcpy(n->control, d->control, controls);
    n->device = d->device && *d->device ? arena_strdup(&a->graph->arena, d->device) : "";
    NEED(n->device);
    return NULL;
}

/* ---- attributes ---- */

static bool kind_fits(enum attr_kind want, const struct attr *got)
{
    return want == got->kind || (want >= ATTR_LIST && got->kind >= ATTR_LIST && !got->n);
}

static struct status *set_attr(struct adding *a, const struct attr *given)
{
    struct node *n = a->node;
    int i = sig_attr(a->sig, given->name);
    if (i < 0) {
        ENSURE(given->name[0] == '_', "NodeDef mentions attr '%s' not in Op<name=%s>",
               given->name, a->op->name);
        i = n->n_attr++;
        NEED(n->attr[i].name = arena_strdup(&a->graph->arena, given->name));
    } else {
        const struct attr_def *def = &a->sig->attr[i];
        ENSURE(kind_fits(def->kind, given), "AttrValue of '%s' had value with type '%s' when '%s' "
               "was expected", def->name, attr_kind_name(given->kind), attr_kind_name(def->kind));
        n->attr[i].name = def->name;
        attr_release(&n->attr[i]);      /* said twice: the last one counts */
    }
    return attr_copy(&a->graph->arena, &n->attr[i], given);
}

static struct status *take_attrs(struct adding *a)
{
    for (int i = 0; i < a->def->n_attr; i++)
        TRY(set_attr(a, &a->def->attr[i]));
    return NULL;
}

static struct status *fill_default(struct adding *a, int i)
{
    const struct attr_def *d = &a->sig->attr[i];
    struct attr *v = &a->node->attr[i];
    if (v->kind)
        return NULL;
    ENSURE(d->has_default, "NodeDef missing attr '%s' from Op<name=%s>", d->name, a->op->name);
    *v = d->fallback;           /* it lives as long as the op; a tensor is counted by the node */
    return v->kind == ATTR_TENSOR ? attr_copy(&a->graph->arena, v, &d->fallback) : NULL;
}

static struct status *not_allowed(struct adding *a, const struct attr_def *d, enum dtype t)
{
    struct str list = { 0 };
    const char *arg = NULL;
    int len = 0;
    for (int i = 0; i < a->sig->n_in && !arg; i++)
        if (a->sig->in[i].type_attr == d - a->sig->attr) {
            arg = a->sig->in[i].name.s;
            len = (int)a->sig->in[i].name.n;
        }
    for (enum dtype k = 1; k < DT_COUNT; k++)
        if (d->allowed & DTYPE_BIT(k))
            str_printf(&list, "%s%s", list.n ? ", " : "", dtype_py_name(k));
    struct status *st = status_new(
        INVALID_ARGUMENT, arg ? "Value passed to parameter '%.*s' has DataType %s not in list of "
                                "allowed values: %s"
                              : "Value for attr '%.*s' has DataType %s not in list of allowed "
                                "values: %s",
        arg ? len : (int)strlen(d->name), arg ? arg : d->name, dtype_py_name(t), str_text(&list));
    str_free(&list);
    return st;
}

static struct status *check_dtype(struct adding *a, const struct attr_def *d, int64_t t)
{
    ENSURE(t > DT_INVALID && t < DT_COUNT, "Value for attr '%s' is not a dtype: %lld", d->name,
           (long long)t);
    return d->allowed & DTYPE_BIT(t) ? NULL : not_allowed(a, d, (enum dtype)t);
}

static struct status *check_choice(const struct attr_def *d, const struct text *t)
{
    for (int i = 0; i < d->n_choice; i++)
        if (d->choice[i].n == t->n && !memcmp(d->choice[i].s, t->s, t->n))
            return NULL;
    struct str list = { 0 };
    for (int i = 0; i < d->n_choice; i++)
        str_printf(&list, "%s\"%.*s\"", i ? ", " : "", (int)d->choice[i].n, d->choice[i].s);
    struct status *st = status_new(INVALID_ARGUMENT, "Value for attr '%s' of \"%.*s\" is not in "
                                   "the list of allowed values: %s", d->name, (int)t->n, t->s,
                                   str_text(&list));
    str_free(&list);
    return st;
}

static struct status *check_attr(struct adding *a, int i)
{
    const struct attr_def *d = &a->sig->attr[i];
    const struct attr *v = &a->node->attr[i];
    int64_t size = d->kind >= ATTR_LIST ? v->n : v->i;
    ENSURE(!d->has_minimum || size >= d->minimum, d->kind >= ATTR_LIST
           ? "Length for attr '%s' of %lld must be at least minimum %lld"
           : "Value for attr '%s' of %lld must be at least minimum %lld",
           d->name, (long long)size, (long long)d->minimum);
    if (d->kind == ATTR_TYPE)
        return check_dtype(a, d, v->i);
    if (d->kind == ATTR_LIST + ATTR_TYPE)
        for (int k = 0; k < v->n; k++)
            TRY(check_dtype(a, d, v->ints[k]));
    if (d->kind == ATTR_STRING && d->choice)
        return check_choice(d, &v->text);
    return NULL;
}

/* ---- inputs: how many each argument takes, and of what dtype ---- */

/* The attribute that says how many inputs an argument takes; -1: it takes one. */
static int length_attr(const struct arg *arg)
{
    return arg->number_attr >= 0 ? arg->number_attr : arg->list ? arg->type_attr : -1;
}

static int64_t length_of(const struct node *n, const struct arg *arg)
{
    int i = length_attr(arg);
    if (i < 0)
        return 1;
    return arg->number_attr >= 0 ? n->attr[i].i : n->attr[i].n;
}

static struct status *count_mismatch(const struct adding *a)
{
    return status_new(INVALID_ARGUMENT, "NodeDef expected inputs '%s' do not match %d inputs "
                      "specified; Op<name=%s>", a->op->inputs ? a->op->inputs : "", a->def->n_in,
                      a->op->name);
}

/* The one list whose length nobody said takes what the other arguments leave. */
static struct status *infer_lengths(struct adding *a)
{
    int64_t known = 0;
    int unknown = -1, uses = 0;
    for (int i = 0; i < a->sig->n_in; i++) {
        int attr = length_attr(&a->sig->in[i]);
        if (attr < 0 || a->node->attr[attr].kind) {
            int64_t n = length_of(a->node, &a->sig->in[i]);
            if (n < 0 || n > a->def->n_in)
                return count_mismatch(a);
            known += n;
        } else if (unknown < 0 || unknown == attr) {
            unknown = attr;
            uses++;
        } else {
            return status_new(INVALID_ARGUMENT, "Op %s: attr '%s' is needed to tell its inputs "
                              "apart", a->op->name, a->sig->attr[attr].name);
        }
    }
    int64_t rest = a->def->n_in - known;
    if (rest < 0 || (uses ? rest % uses : rest))
        return count_mismatch(a);
    if (uses) {
        struct attr *v = &a->node->attr[unknown];
        *v = (struct attr){ .name = a->sig->attr[unknown].name,
                            .kind = a->sig->attr[unknown].kind };
        if (v->kind == ATTR_INT)
            v->i = rest / uses;
        else
            v->n = (int)(rest / uses);
    }
    return NULL;
}

static struct status *mismatch(const struct adding *a, const struct arg *arg, enum dtype got,
                               int attr, int at)
{
    const struct arg *first = arg;
    for (int i = a->sig->n_in - 1; i >= 0; i--)
        if (a->sig->in[i].type_attr == attr)
            first = &a->sig->in[i];
    if (first == arg || a->sig->attr[attr].kind >= ATTR_LIST)
        return status_new(INVALID_ARGUMENT, "Input '%.*s' of '%s' Op has type %s that does not "
                          "match expected type of %s.", (int)arg->name.n, arg->name.s,
                          a->op->name, dtype_py_name(got), dtype_of_attr(a, attr, at));
    return status_new(INVALID_ARGUMENT, "Input '%.*s' of '%s' Op has type %s that does not match "
                      "type %s of argument '%.*s'.", (int)arg->name.n, arg->name.s, a->op->name,
                      dtype_py_name(got), dtype_of_attr(a, attr, at), (int)first->name.n,
                      first->name.s);
}

/* Input `i`, the `at`th of its argument, meets what the argument wants. */
static struct status *bind_input(struct adding *a, const struct arg *arg, struct out in, int at,
                                 int64_t *list)
{
    if (!in.node) {                     /* to be set later: it cannot tell the type */
        ENSURE(arg->type_attr >= 0 && a->node->attr[arg->type_attr].kind, "NodeDef missing attr "
               "'T' from Op<name=%s>", a->op->name);
        return NULL;
    }
    enum dtype got = in.node->dtype[in.index];
    ENSURE(!arg->ref || out_is_ref(in), "'%s' Op requires that input '%.*s' be a mutable tensor "
           "(e.g.: a tf.Variable)", a->op->name, (int)arg->name.n, arg->name.s);
    if (arg->type_attr < 0) {
        ENSURE(arg->dtype == got, "Input '%.*s' of '%s' Op has type %s that does not match "
               "expected type of %s.", (int)arg->name.n, arg->name.s, a->op->name,
               dtype_py_name(got), dtype_py_name(arg->dtype));
        return NULL;
    }
    struct attr *v = &a->node->attr[arg->type_attr];
    if (list) {
        list[at] = got;
        return NULL;
    }
    if (!v->kind)
        *v = attr_type(a->sig->attr[arg->type_attr].name, got);
    int64_t want = v->kind >= ATTR_LIST ? v->ints[at] : v->i;
    return want == (int64_t)got ? NULL : mismatch(a, arg, got, arg->type_attr, at);
}

static struct status *bind_inputs(struct adding *a)
{
    int i = 0;
    for (int k = 0; k < a->sig->n_in; k++) {
        const struct arg *arg = &a->sig->in[k];
        int64_t n = length_of(a->node, arg), *list = NULL;
        if (n < 0 || n > a->def->n_in - i)
            return count_mismatch(a);
        struct attr *types = arg->list ? &a->node->attr[arg->type_attr] : NULL;
        if (types && !types->ints) {
            NEED(list = attr_types_copy(&a->graph->arena, NULL, (int)n));
            types->ints = list;
        }
        for (int at = 0; at < n; at++, i++)
            TRY(bind_input(a, arg, a->def->in[i], at, list));
        if (list)
            attr_types_seal(list, (int)n);
    }
    return i == a->def->n_in ? NULL : count_mismatch(a);
}

static struct status *check_inputs(const struct adding *a)
{
    ENSURE(a->def->n_in >= 0 && a->def->n_control >= 0 && a->def->n_attr >= 0,
           "Node '%s' has %d inputs, %d control inputs and %d attributes", a->def->name,
           a->def->n_in, a->def->n_control, a->def->n_attr);
    for (int i = 0; i < a->def->n_in; i++) {
        struct out in = a->def->in[i];
        if (!in.node && a->op->flags & OP_MERGE)
            continue;                   /* graph_set_back_edge() */
        ENSURE(in.node, "Input %d of node '%s' is missing", i, a->def->name);
        ENSURE(in.node->graph == a->graph, "Input '%s:%d' of node '%s' must be from the same "
               "graph as '%s'", in.node->name, in.index, a->def->name,
               i && a->def->in[0].node ? a->def->in[0].node->name : a->def->name);
        if (in.index < 0 || in.index >= in.node->n_out)
            return status_new(OUT_OF_RANGE, "Node '%s': Connecting to invalid output %d of source "
                              "node %s which has %d outputs", a->def->name, in.index,
                              in.node->name, in.node->n_out);
    }
    for (int i = 0; i < a->def->n_control; i++)
        ENSURE(a->def->control[i] && a->def->control[i]->graph == a->graph,
               "Control input %d of node '%s' is not an element of this graph.", i,
               a->def->name);
    return NULL;
}

/* ---- outputs ---- */

enum { MOST_OUTPUTS = 1 << 20 };        /* of one node: more is a mistake */

static struct status *set_output_types(struct adding *a)
{
    struct node *n = a->node;
    struct arena *arena = &a->graph->arena;
    bool refs = false;
    for (int k = 0; k < a->sig->n_out; k++) {
        int64_t length = length_of(n, &a->sig->out[k]);
        ENSURE(length >= 0 && length <= MOST_OUTPUTS - n->n_out,
               "Output '%.*s' of '%s' Op cannot be a list of %lld", (int)a->sig->out[k].name.n,
               a->sig->out[k].name.s, a->op->name, (long long)length);
        n->n_out += (int)length;
        refs |= a->sig->out[k].ref;
    }
    uint8_t *ref = refs ? arena_alloc(arena, (size_t)n->n_out) : NULL;
    NEED(!refs || ref);
    n->ref = ref;
    n->dtype = n->n_out == 1 ? &a->single->dtype : arena_array(arena, enum dtype, n->n_out);
    NEED(n->dtype);
    int i = 0;
    for (int k = 0; k < a->sig->n_out; k++) {
        const struct arg *arg = &a->sig->out[k];
        const struct attr *t = arg->type_attr < 0 ? NULL : &n->attr[arg->type_attr];
        for (int at = 0; at < length_of(n, arg); at++, i++) {
            n->dtype[i] = !t ? arg->dtype : (enum dtype)(arg->list ? t->ints[at] : t->i);
            if (ref)
                ref[i] = arg->ref;
        }
    }
    return NULL;
}

/* A shape met at an input, or one of the two commonest, is not stored again. */
static const struct shape *shape_keep(struct adding *a, const struct shape *s)
{
    if (s->rank <= 0)
        return s->rank ? &SHAPE_UNKNOWN : &SHAPE_SCALAR;
    for (int i = 0; i < a->def->n_in && i < 4; i++) {
        struct out in = a->def->in[i];
        if (in.node && shape_equal(in.node->shape[in.index], s))
            return in.node->shape[in.index];
    }
    return arena_copy(&a->graph->arena, s, sizeof *s);
}

static struct status *at_shapes(const struct adding *a, struct status *st)
{
    struct str text = { 0 };
    if (status_code(st) != INVALID_ARGUMENT)
        return st;
    for (int i = 0; i < a->def->n_in; i++) {
        struct out in = a->def->in[i];
        str_printf(&text, "%s%s", i ? ", " : "",
                   in.node ? SHAPE_STR(in.node->shape[in.index]) : "?");
    }
    struct status *at = status_new(INVALID_ARGUMENT, "%s for '%s' (op: '%s') with input shapes: "
                                   "%s.", status_message(st), a->def->name, a->op->name,
                                   str_text(&text));
    str_free(&text);
    status_free(st);
    return at;
}

enum { FEW = 8 };

static struct status *infer_shapes(struct adding *a)
{
    struct node *n = a->node;
    const struct shape *few_in[FEW], **in = few_in, **kept;
    struct shape few_out[FEW], *out = few_out;
    if (n->n_in > FEW)
        NEED(in = arena_array(&a->graph->arena, const struct shape *, n->n_in));
    if (n->n_out > FEW)
        NEED(out = arena_array(&a->graph->arena, struct shape, n->n_out));
    for (int i = 0; i < n->n_in; i++)
        in[i] = n->in[i].node ? n->in[i].node->shape[n->in[i].index] : &SHAPE_UNKNOWN;
    for (int i = 0; i < n->n_out; i++)
        out[i] = SHAPE_UNKNOWN;
    int budget = VALUE_BUDGET;
    struct shape_ctx c = { n, n->n_in, n->n_out, in, out, &budget, 0 };
    struct status *st = a->op->flags & OP_CALL ? function_shape(&c) : a->op->shape(&c);
    for (int i = 0; i < n->n_out && !st; i++)
        st = shape_check_size(&out[i]);
    if (st)
        return at_shapes(a, st);
    kept = n->n_out == 1 ? &a->single->shape
                         : arena_array(&a->graph->arena, const struct shape *, n->n_out);
    NEED(kept);
    for (int i = 0; i < n->n_out; i++)
        NEED(kept[i] = shape_keep(a, &out[i]));
    n->shape = kept;
    return NULL;
}

/* ---- all of it ---- */

static struct status *check_name(const struct adding *a)
{
    ENSURE(name_is_valid(a->def->name, false), "'%s' is not a valid node name", a->def->name);
    ENSURE(!graph_find(a->graph, a->def->name), "Duplicate node name in graph: '%s'",
           a->def->name);
    return NULL;
}

/* A name that graph_unique_name() made is the graph's already; another one is copied. */
static struct status *keep_name(struct adding *a)
{
    struct map *names = &a->graph->names;
    struct map_entry *used = map_entry(names, a->def->name);
    NEED(used);
    if (used->value && used->key == a->def->name)
        return NULL;
    a->node->name = arena_strdup(&a->graph->arena, a->def->name);
    if (!a->node->name) {
        if (!used->value)
            map_remove(names, a->def->name);    /* its key is the caller's */
        return status_no_memory();
    }
    if (!used->value)
        *used = (struct map_entry){ a->node->name, NAME_USED };
    return NULL;
}

/* From now on the node is found by its name. */
static bool name_node(struct graph *g, struct node *n)
{
    struct map_entry *used = map_find(&g->names, n->name);
    if (used->value != NAME_USED || strcmp(used->key, n->name))
        return map_put(&g->other_case, n->name, n);
    used->value = n;
    return true;
}

static struct status *append(struct adding *a)
{
    struct graph *g = a->graph;
    struct node *n = a->node;
    if (g->n == g->cap) {
        int cap = g->cap ? 2 * g->cap : 64;
        struct node **node = mem_grow(g->node, (size_t)cap * sizeof *node);
        NEED(node);
        g->node = node;
        g->cap = cap;
    }
    if (!name_node(g, n))
        return status_no_memory();
    n->id = g->n;
    g->node[g->n++] = n;
    g->version = g->ids_given;
    return NULL;
}

static struct status *add(struct adding *a)
{
    TRY(check_name(a));
    TRY(check_inputs(a));
    a->graph->ids_given++;
    TRY(node_new(a));
    a->node->name = a->def->name;
    TRY(keep_name(a));
    TRY(take_attrs(a));
    TRY(infer_lengths(a));
    TRY(bind_inputs(a));
    for (int i = 0; i < a->sig->n_attr; i++) {
        TRY(fill_default(a, i));
        TRY(check_attr(a, i));
    }
    TRY(set_output_types(a));
    TRY(infer_shapes(a));
    return append(a);
}

static void release_attrs(struct node *n)
{
    for (int i = 0; n && i < n->n_attr; i++)
        attr_release(&n->attr[i]);
}

struct status *graph_add_plain(struct graph *g, const struct node_def *d, struct node **result)
{
    struct adding a = { .graph = g, .def = d, .op = d->row ? d->row : graph_op(g, d->op) };
    if (!a.op)
        return op_not_registered(d->op);
    a.sig = op_sig(a.op);
    graph_lock(g);
    struct status *st = g->finalized
        ? status_new(FAILED_PRECONDITION, "Graph is finalized and cannot be modified.") : add(&a);
    if (st)
        release_attrs(a.node);
    else if (result)
        *result = a.node;
    graph_unlock(g);
    return st;
}

/* Is it made in a context, or of what was? */
static bool meets_context(const struct node_def *d)
{
    bool any = d->context != NULL;
    for (int i = 0; i < d->n_in && !any; i++)
        any = d->in[i].node && d->in[i].node->context;
    return any;
}

struct status *graph_add(struct graph *g, const struct node_def *d, struct node **result)
{
    if (meets_context(d))
        return context_add(g, d, result);
    return graph_add_plain(g, d, result);
}

/* ---- the edge of a loop ---- */

static struct status *set_back_edge(struct node *merge, int i, struct out from)
{
    ENSURE(merge->op->flags & OP_MERGE, "Node '%s' (%s) is no merge: its inputs cannot be set "
           "later", merge->name, merge->op->name);
    ENSURE(i >= 0 && i < merge->n_in, "Node '%s' has no input %d", merge->name, i);
    ENSURE(out_is_valid(from) && from.node->graph == merge->graph, "Input %d of node '%s' must be "
           "from the same graph", i, merge->name);
    enum dtype want = merge->dtype[0], got = from.node->dtype[from.index];
    ENSURE(want == got, "Input %d of node %s was passed %s from %s:%d incompatible with expected "
           "%s.", i, merge->name, dtype_name(got), from.node->name, from.index, dtype_name(want));
    merge->in[i] = from;
    return NULL;
}

struct status *graph_set_back_edge(struct graph *g, struct node *merge, int i, struct out from)
{
    graph_lock(g);
    struct status *st = set_back_edge(merge, i, from);
    graph_unlock(g);
    return st;
}
