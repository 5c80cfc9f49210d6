/* functional_grad.c - gradients of If, Case, While and For: new functions in the graph's library.
 *
 * A condition's is the same condition between the gradients of its branches. A loop is run once
 * more with a list for each of its values, to which every iteration adds what it began with; a
 * second loop takes them from there, the last first, and runs the gradient of the body. So what a
 * function computed is computed anew, and functions for which that need not be the same have no
 * gradient. TF 1.15 keeps what its gradient needs instead, by changing the op whose gradient it is.
 */
#include "ops/functional.h"

#include "graph/define.h"
#include "graph/function.h"

struct making {
    struct grad *g;             /* the node's turn; what goes wrong sticks there */
    struct grad in;             /* the nodes of the function that is being made */
    struct arena tmp;
};

/* ---- what may be computed anew ---- */

static bool only_reads(const struct node *n)
{
    static const char *const reading[] = { "VarHandleOp", "ReadVariableOp", "ResourceGather",
                                           "ResourceGatherNd", "VarIsInitializedOp" };
    for (size_t i = 0; i < sizeof reading / sizeof *reading; i++)
        if (!strcmp(reading[i], n->op->name))
            return true;
    return false;
}

static bool has_functions(const struct node *n)
{
    if (n->op->flags & OP_CALL)
        return true;
    for (int i = 0; i < n->n_attr; i++)
        if (n->attr[i].kind % ATTR_LIST == ATTR_FUNC)
            return true;
    return false;
}

/* Is the variable that `n` reads written in the same function? */
static bool is_written(const struct body *b, const struct node *n)
{
    for (int i = 0; i < b->graph->n && n->n_in; i++) {
        const struct node *w = b->graph->node[i];
        if (w->op->flags & OP_STATEFUL && !w->n_out && w->n_in && w->in[0].node == n->in[0].node)
            return true;
    }
    return false;
}

/* By id: what results are computed from. */
static bool *needed(struct arena *tmp, const struct body *b)
{
    bool *is = arena_array(tmp, bool, b->graph->n + 1);
    for (int i = 0; is && i < b->n_results; i++)
        is[b->result[i].node->id] = true;
    for (int id = b->graph->n - 1; is && id >= 0; id--)
        for (int i = 0; is[id] && i < b->graph->node[id]->n_in; i++)
            if (b->graph->node[id]->in[i].node)
                is[b->graph->node[id]->in[i].node->id] = true;
    return is;
}

static void check_functions(struct grad *g, const struct node *n);

static void check_body(struct grad *g, struct body *b)
{
    struct arena tmp = { 0 };
    const bool *is = needed(&tmp, b);
    if (!is)
        g->st = status_no_memory();
    b->busy = true;
    for (int i = 0; is && i < b->graph->n && !g->st; i++) {
        const struct node *n = b->graph->node[i];
        if (!is[i])
            continue;
        if (has_functions(n))
            check_functions(g, n);
        else if (n->op->flags & OP_STATEFUL && (!only_reads(n) || is_written(b, n)))
            grad_fail(g, UNIMPLEMENTED, "the gradient of '%s' (op: '%s') would compute '%s' (op: "
                      "'%s') of function %s anew, which need not be the same", g->node->name,
                      g->node->op->name, n->name, n->op->name, b->name);
    }
    b->busy = false;
    b->same = !g->st;
    arena_free(&tmp);
}

static void check_function(struct grad *g, const struct node *n, const struct func *f)
{
    struct body *b = NULL;
    if (!g->st)
        g->st = f ? function_named(n, f, &b) : function_body(n, &b);
    if (!g->st && b->busy)
        grad_fail(g, INVALID_ARGUMENT, "Function %s calls itself", b->name);
    if (!g->st && !b->same)
        check_body(g, b);
}

static void check_functions(struct grad *g, const struct node *n)
{
    if (n->op->flags & OP_CALL)
        check_function(g, n, NULL);
    for (int i = 0; i < n->n_attr && !(n->op->flags & OP_CALL); i++)
        for (int k = 0; n->attr[i].kind % ATTR_LIST == ATTR_FUNC &&
                        k < (n->attr[i].kind >= ATTR_LIST ? n->attr[i].n : 1); k++)
            check_function(g, n, &n->attr[i].funcs[k]);
}

void stateful_call_grad(struct grad *g)
{
    check_functions(g, g->node);
    if (!g->st)
        function_grad(g);
}

/* ---- functions ---- */

static void begin(struct making *m)
{
    m->in = (struct grad){ .scope = "", .add = graph_add };
    m->in.graph = m->g->st ? NULL : function_scratch(m->g->graph);
    if (!m->g->st && !m->in.graph)
        m->g->st = status_no_memory();
    m->in.st = NULL;
}

/* From now on the graph has the function, and its name is returned. */
static struct func end(struct making *m, const char *of, const struct out *in, int n_in,
                       const struct out *out, int n_out)
{
    struct func f = { 0 };
    const char *name = m->g->st ? NULL : arena_printf(&m->tmp, "%s_grad", of);
    struct definition d = { .name = name, .hashed = true, .in = in, .n_in = n_in, .out = out,
                            .n_out = n_out, .n_nodes = -1 };
    if (!m->g->st && m->in.st) {
        m->g->st = m->in.st;
        m->in.st = NULL;
    }
    if (!m->g->st)
        m->g->st = name ? function_define(m->g->graph, m->in.graph, &d, &f.name.s)
                        : status_no_memory();
    f.name.n = f.name.s ? strlen(f.name.s) : 0;
    graph_unref(m->in.graph);
    status_free(m->in.st);
    return f;
}

static struct out add_arg(struct making *m, enum dtype t)
{
    if (m->g->st)
        return (struct out){ 0 };
    return grad_add_named(&m->in, "Placeholder", "x", NULL, 0, ATTRS(attr_type("dtype", t)));
}

static void no_memory(struct grad *g)
{
    if (!g->st)
        g->st = status_no_memory();
}

static struct out *outs(struct making *m, int n)
{
    struct out *o = arena_array(&m->tmp, struct out, n + 1);
    if (!o)
        no_memory(m->g);
    return o;
}

static int64_t *types(struct making *m, int n)
{
    int64_t *t = arena_array(&m->tmp, int64_t, n + 1);
    if (!t)
        no_memory(m->g);
    return t;
}

/* The node's inputs from `first` on, then its dy. */
static struct out *inputs_and_dy(struct making *m)
{
    struct out *in = outs(m, m->g->n_in + m->g->n_out);
    if (!m->g->st)
        function_grad_inputs(m->g, in);
    return in;
}

static struct attr func_attr(const char *name, const struct func *f)
{
    return (struct attr){ name, ATTR_FUNC, { .funcs = f }, 0 };
}

static struct attr no_shapes(void)
{
    return (struct attr){ "output_shapes", ATTR_LIST + ATTR_SHAPE, { .shapes = NULL }, 0 };
}

/* The gradients of f's arguments, given these and those of its results. */
static struct out symbolic(struct making *m, const struct func *f, const struct out *in, int n_in,
                           const int64_t *dx, int n_dx)
{
    if (m->g->st)
        return (struct out){ 0 };
    return grad_add(&m->in, "SymbolicGradient", in, n_in,
                    ATTRS(attr_types("Tout", dx, n_dx), func_attr("f", f)));
}

/* ---- conditions ---- */

/* (inputs but the first, dy) -> their gradients */
static struct func branch_gradient(struct making *m, const struct func *f, const struct out *in,
                                   int n_in, const int64_t *dx, int n_dx)
{
    struct out *arg = outs(m, n_in), *result = outs(m, n_dx);
    begin(m);
    for (int i = 0; i < n_in && !m->g->st; i++)
        arg[i] = add_arg(m, out_dtype(in[i]));
    struct out of = symbolic(m, f, arg, n_in, dx, n_dx);
    for (int i = 0; i < n_dx && !m->g->st; i++)
        result[i] = out_at(of, i);
    return end(m, f->name.s, arg, n_in, result, n_dx);
}

static void condition_grad(struct grad *g, const struct attr *branches, int n)
{
    struct making m = { .g = g };
    int n_dx = g->n_in - 1, n_in = n_dx + g->n_out;
    check_functions(g, g->node);
    struct out *in = n_dx ? inputs_and_dy(&m) : NULL;
    int64_t *dx = types(&m, n_dx);
    struct attr *attr = arena_array(&m.tmp, struct attr, n + 2);
    if (!attr)
        no_memory(g);
    for (int i = 0; i < n_dx && !g->st; i++)
        dx[i] = function_gradient_dtype(g->x[1 + i]);
    for (int i = 0; in && attr && i < n && !g->st; i++) {
        int count = branches[i].kind >= ATTR_LIST ? branches[i].n : 1;
        struct func *f = arena_array(&m.tmp, struct func, count);
        if (!f)
            no_memory(g);
        for (int k = 0; f && k < count; k++)
            f[k] = branch_gradient(&m, &branches[i].funcs[k], in + 1, n_in, dx, n_dx);
        attr[i] = (struct attr){ branches[i].name, branches[i].kind, { .funcs = f }, count };
    }
    if (in && attr && !g->st) {
        attr[n] = attr_types("Tout", dx, n_dx);
        attr[n + 1] = no_shapes();
        function_grad_outputs(g, grad_add(g, g->node->op->name, in, 1 + n_in, attr, n + 2), 1);
    }
    arena_free(&m.tmp);
}

void if_grad(struct grad *g)
{
    struct attr branches[] = { *node_attr_find(g->node, "then_branch"),
                               *node_attr_find(g->node, "else_branch") };
    condition_grad(g, branches, 2);
}

void case_grad(struct grad *g) { condition_grad(g, node_attr_find(g->node, "branches"), 1); }

/* ---- loops ---- */

struct looping {
    struct making m;
    int first, n;               /* the node's inputs from `first` on are its values, n of them */
    int before;                 /* arguments of the body that stand before those: For's index */
    const struct func *body, *cond;
};

static enum dtype type_of(const struct looping *l, int i)
{
    return i < l->before ? DT_INT32 : out_dtype(l->m.g->x[l->first + i - l->before]);
}

static int n_lists(const struct looping *l) { return l->before + l->n; }

/* Handles are no values that zeros could be made of. */
static void check_values(const struct looping *l)
{
    struct grad *g = l->m.g;
    for (int i = l->first; i < l->first + l->n; i++) {
        enum dtype t = out_dtype(g->x[i]);
        if (t == DT_RESOURCE || t == DT_VARIANT)
            grad_fail(g, UNIMPLEMENTED, "the gradient of '%s' (op: '%s') would go through its "
                      "input %d, which is a %s", g->node->name, g->node->op->name, i,
                      dtype_name(t));
    }
}

static struct out anything(struct grad *at)
{
    return grad_named_scalar(at, "any", DT_INT32, -1);
}

/* (index if there is one, values, lists) -> (values of the body, lists with one more) */
static struct func keeping_body(struct looping *l)
{
    struct making *m = &l->m;
    int lists = n_lists(l), n_in = lists + lists, n_out = l->n + lists;
    struct out *arg = outs(m, n_in), *result = outs(m, n_out);
    int64_t *t = types(m, l->n);
    begin(m);
    for (int i = 0; i < n_in && !m->g->st; i++)
        arg[i] = add_arg(m, i < lists ? type_of(l, i) : DT_VARIANT);
    for (int i = 0; i < l->n && !m->g->st; i++)
        t[i] = type_of(l, l->before + i);
    struct out y = m->g->st ? (struct out){ 0 }
        : grad_add(&m->in, "PartitionedCall", arg, lists,
                   ATTRS(attr_types("Tout", t, l->n), func_attr("f", l->body)));
    for (int i = 0; i < l->n && !m->g->st; i++)
        result[i] = out_at(y, i);
    for (int i = 0; i < lists && !m->g->st; i++)
        result[l->n + i] = grad_add(&m->in, "TensorListPushBack", OUTS(arg[lists + i], arg[i]),
                                    ATTRS(attr_type("element_dtype", type_of(l, i))));
    return end(m, l->body->name.s, arg, n_in, result, n_out);
}

/* (values, lists) -> what cond says of the values */
static struct func keeping_cond(struct looping *l)
{
    struct making *m = &l->m;
    int n_in = 2 * l->n;
    struct out *arg = outs(m, n_in);
    struct body *b = NULL;
    if (!m->g->st)
        m->g->st = function_named(m->g->node, l->cond, &b);
    int64_t t = b && b->n_results ? out_dtype(b->result[0]) : DT_BOOL;
    begin(m);
    for (int i = 0; i < n_in && !m->g->st; i++)
        arg[i] = add_arg(m, i < l->n ? type_of(l, i) : DT_VARIANT);
    struct out y = m->g->st ? (struct out){ 0 }
        : grad_add(&m->in, "PartitionedCall", arg, l->n,
                   ATTRS(attr_types("Tout", &t, 1), func_attr("f", l->cond)));
    return end(m, l->cond->name.s, arg, n_in, &y, 1);
}

/* (lists, dy) -> (lists with one fewer, dx) */
static struct func backward_body(struct looping *l)
{
    struct making *m = &l->m;
    int lists = n_lists(l), n = lists + l->n;
    struct out *arg = outs(m, n), *result = outs(m, n), *in = outs(m, n);
    int64_t *t = types(m, lists);
    begin(m);
    for (int i = 0; i < n && !m->g->st; i++)
        arg[i] = add_arg(m, i < lists ? DT_VARIANT : type_of(l, i - l->n));
    for (int i = 0; i < lists && !m->g->st; i++) {
        t[i] = type_of(l, i);
        result[i] = grad_add(&m->in, "TensorListPopBack", OUTS(arg[i], anything(&m->in)),
                             ATTRS(attr_type("element_dtype", type_of(l, i))));
        in[i] = out_at(result[i], 1);
    }
    for (int i = 0; i < l->n && !m->g->st; i++)
        in[lists + i] = arg[lists + i];
    struct out dx = symbolic(m, l->body, in, n, t, lists);
    for (int i = 0; i < l->n && !m->g->st; i++)
        result[lists + i] = out_at(dx, l->before + i);
    return end(m, l->body->name.s, arg, n, result, n);
}

/* (lists, dy) -> is there something in the lists? */
static struct func backward_cond(struct looping *l)
{
    struct making *m = &l->m;
    int lists = n_lists(l), n = lists + l->n;
    struct out *arg = outs(m, n), more = { 0 };
    begin(m);
    for (int i = 0; i < n && !m->g->st; i++)
        arg[i] = add_arg(m, i < lists ? DT_VARIANT : type_of(l, i - l->n));
    if (!m->g->st) {
        struct out length = grad1(&m->in, "TensorListLength", arg[0]);
        more = grad2(&m->in, "Greater", length, grad_named_scalar(&m->in, "none", DT_INT32, 0));
    }
    return end(m, "While", arg, n, &more, 1);
}

/* The loop once more; the first of its lists. */
static struct out run_again(struct looping *l)
{
    struct grad *g = l->m.g;
    int lists = n_lists(l), n_in = l->first + l->n + lists;
    struct func body = keeping_body(l), cond = l->cond ? keeping_cond(l) : (struct func){ 0 };
    struct out *in = outs(&l->m, n_in);
    for (int i = 0; i < l->first + l->n && !g->st; i++)
        in[i] = g->x[i];
    for (int i = 0; i < lists && !g->st; i++)
        in[l->first + l->n + i] = grad_add(g, "EmptyTensorList", OUTS(anything(g), anything(g)),
                                           ATTRS(attr_type("element_dtype", type_of(l, i))));
    struct attr attr[] = { func_attr("body", &body), func_attr("cond", &cond) };
    struct out y = g->st ? (struct out){ 0 }
                         : grad_add(g, g->node->op->name, in, n_in, attr, l->cond ? 2 : 1);
    return out_at(y, l->n);
}

static void loop_gradient(struct looping *l)
{
    struct grad *g = l->m.g;
    int lists = n_lists(l);
    check_functions(g, g->node);
    check_values(l);
    struct out kept = run_again(l), *all = inputs_and_dy(&l->m);
    struct func body = backward_body(l), cond = backward_cond(l);
    struct out *in = outs(&l->m, lists + l->n);
    for (int i = 0; i < lists && !g->st; i++)
        in[i] = out_at(kept, kept.index + i);
    for (int i = 0; i < l->n && !g->st; i++)
        in[lists + i] = all[g->n_in + i];
    struct attr attr[] = { func_attr("body", &body), func_attr("cond", &cond) };
    struct out y = g->st ? (struct out){ 0 }
                         : grad_add(g, "StatelessWhile", in, lists + l->n, attr, 2);
    if (!g->st)
        function_grad_outputs(g, out_at(y, lists), l->first);
}

static void loop_grad(struct looping l)
{
    if (l.n && !l.m.g->st)
        loop_gradient(&l);
    arena_free(&l.m.tmp);
}

void while_grad(struct grad *g)
{
    loop_grad((struct looping){ .m = { .g = g }, .n = g->n_in,
                                .body = node_attr_find(g->node, "body")->funcs,
                                .cond = node_attr_find(g->node, "cond")->funcs });
}

void for_grad(struct grad *g)
{
    loop_grad((struct looping){ .m = { .g = g }, .first = 3, .n = g->n_in - 3, .before = 1,
                                .body = node_attr_find(g->node, "body")->funcs });
}
