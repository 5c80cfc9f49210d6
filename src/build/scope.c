/* scope.c - scopes, and nodes added under them. */
#include "build/scope.h"
#include "base/mem.h"
#include "build/device.h"
#include "build/thread.h"
#include "graph/context.h"

static struct scope *scope_push(struct graph *g, enum scope_kind kind)
{
    struct builder *b = builder_get(g);
    struct scope *s = b ? mem_new(struct scope) : NULL;
    if (!s) {
        build_fail(g, status_no_memory());
        return NULL;
    }
    if (b->top)
        *s = *b->top;
    else
        s->prefix = "";
    s->outer = b->top;
    s->kind = kind;
    s->own = (struct control_scope){ .outer = s->controls };
    b->top = s;
    return s;
}

static const struct scope *scope_top(struct graph *g)
{
    const struct builder *b = builder_find(g);
    return b ? b->top : NULL;
}

const char *scope_prefix(struct graph *g)
{
    const struct scope *s = scope_top(g);
    return s ? s->prefix : "";
}

static char *keep_joined(struct graph *g, const char *a, const char *b)
{
    graph_lock(g);
    char *text = arena_printf(&g->arena, "%s%s", a, b);
    graph_unlock(g);
    return text;
}

static bool ends_with_slash(const char *name)
{
    size_t n = strlen(name);
    return n && name[n - 1] == '/';
}

/* A14-A18 */
static struct status *open_name(struct graph *g, const char *outer, const char *name,
                                const char **prefix)
{
    const char *full, *unique;
    *prefix = "";
    if (!name || !*name)
        return NULL;
    ENSURE(name_is_valid(name, *outer != 0), "'%s' is not a valid scope name", name);
    if (ends_with_slash(name)) {
        NEED(*prefix = keep_joined(g, name, ""));
        return NULL;
    }
    NEED(full = keep_joined(g, outer, name));
    NEED(unique = graph_unique_name(g, full, true));
    NEED(*prefix = keep_joined(g, unique, "/"));
    return NULL;
}

const char *scope_name(struct graph *g, const char *name)
{
    const char *outer = scope_prefix(g), *prefix = NULL;
    struct scope *s = scope_push(g, SCOPE_NAME);        /* also on error: its end will come */
    struct status *st = s ? open_name(g, outer, name, &prefix) : NULL;
    bool opened = s && !st;
    if (opened)
        s->prefix = prefix;
    build_fail(g, st);
    return opened ? prefix : NULL;
}

/* TF: what drops the control dependencies leaves all contexts too. */
void scope_control(struct graph *g, struct node *const *nodes, int n)
{
    struct scope *s = scope_push(g, SCOPE_CONTROL);
    if (!s)
        return;
    if (!n) {
        s->controls = NULL;
        s->context = NULL;
        return;
    }
    if (!(s->own.control = mem_array(struct node *, n))) {
        build_fail(g, status_no_memory());
        return;
    }
    for (int i = 0; i < n; i++)
        if (nodes[i])
            s->own.control[s->own.n++] = nodes[i];
    s->controls = &s->own;
}

void scope_context(struct graph *g, struct context *c)
{
    struct scope *s = scope_push(g, SCOPE_CONTEXT);
    if (s)
        s->context = c;
}

/* Where no scope is open, one that is stays until there is no context again. */
void set_current_context(struct graph *g, struct context *c)
{
    struct builder *b = builder_find(g);
    if (!c && b && b->top && b->top->kind == SCOPE_CONTEXT && !b->top->outer)
        scope_end(g);
    else if (b && b->top)
        b->top->context = c;
    else if (c)
        scope_context(g, c);
}

struct context *current_context(struct graph *g)
{
    const struct scope *s = scope_top(g);
    return s ? s->context : NULL;
}

void scope_device(struct graph *g, const char *device)
{
    struct scope *s = scope_push(g, SCOPE_DEVICE);
    if (!s)
        return;
    const char *outer = s->device ? s->device : "";
    s->device = NULL;
    if (!device)
        return;
    graph_lock(g);
    struct status *st = device_merge(&g->arena, outer, device, &s->device);
    graph_unlock(g);
    build_fail(g, st);
}

void scope_colocate(struct graph *g, struct node *node)
{
    struct scope *s = scope_push(g, SCOPE_COLOCATE);
    if (!s)
        return;
    s->colocate = node;         /* NULL: with nobody, whatever enclosing scopes say (A39) */
    if (node)
        s->device = *node->device ? node->device : NULL;    /* A37 */
}

void scope_container(struct graph *g, const char *container)
{
    struct scope *s = scope_push(g, SCOPE_CONTAINER);
    if (s && !(s->container = keep_joined(g, container, "")))
        build_fail(g, status_no_memory());
}

void scope_end(struct graph *g)
{
    struct builder *b = builder_find(g);
    if (!b || !b->top) {
        build_fail(g, status_new(FAILED_PRECONDITION, "A scope ends that was never entered"));
        return;
    }
    scope_pop(b);
    builder_drop_if_idle(b);
}

/* ---- nodes ---- */

struct graph *build_graph(struct graph *g, const struct out *in, int n_in)
{
    for (int i = 0; i < n_in; i++)
        if (in[i].node)
            return in[i].node->graph;   /* A81 */
    return g ? g : default_graph();
}

static struct status *full_name(struct graph *g, const char *prefix, const struct build_args *a,
                                const char **name)
{
    const char *wanted = a->name ? a->name : a->op;
    size_t n = strlen(wanted), p = strlen(prefix);
    if (ends_with_slash(wanted)) {
        graph_lock(g);
        *name = arena_strndup(&g->arena, wanted, n - 1);
        graph_unlock(g);
    } else if (!p) {
        *name = graph_unique_name(g, wanted, true);
    } else {
        char few[256], *text = p + n < sizeof few ? few : mem_alloc(p + n + 1);
        NEED(text);
        memcpy(text, prefix, p);
        memcpy(text + p, wanted, n + 1);
        *name = graph_unique_name(g, text, true);
        if (text != few)
            mem_free(text);
    }
    NEED(*name);
    return NULL;
}

/* ---- colocation: A37 ---- */

enum { MOST_ATTRS = 40, MOST_GROUPS = 8 };

struct groups { struct text at[MOST_GROUPS]; int n; };

/* Sorted, each once; beyond what anybody nests, the outermost are left out. */
static void add_group(struct groups *to, struct text t)
{
    int i = to->n;
    while (i > 0 && strcmp(to->at[i - 1].s, t.s) > 0)
        i--;
    if (to->n == MOST_GROUPS || (i > 0 && !strcmp(to->at[i - 1].s, t.s)))
        return;
    memmove(&to->at[i + 1], &to->at[i], (size_t)(to->n - i) * sizeof t);
    to->at[i] = t;
    to->n++;
}

static struct status *join_groups(struct graph *g, const struct node *with, struct groups *to)
{
    struct attr own;
    graph_lock(g);
    struct status *st = node_groups(with, &g->arena, &own);
    graph_unlock(g);
    for (int i = 0; i < own.n && !st; i++)
        add_group(to, own.texts[i]);
    return st;
}

/* The node that input i refers to, if the op takes a reference there. TF: its list of arguments is
 * held against that of the inputs, each by itself where an argument is a list. */
static struct node *referred(const struct sig *sig, const struct build_args *a, int i)
{
    return sig && i < sig->n_in && i < a->n_in && sig->in[i].ref ? a->in[i].node : NULL;
}

static bool takes_reference(const struct sig *sig, const struct build_args *a)
{
    bool any = false;
    for (int i = 0; sig && i < sig->n_in; i++)
        any |= referred(sig, a, i) != NULL;
    return any;
}

/* Whom the node is with: those it takes references to, then those of the scopes, inner ones first;
 * NULL: no more. *from, at first {top}, is where to go on. */
struct company { const struct scope *scope; int input; };

static bool says_groups(const struct build_args *a)
{
    for (int i = 0; i < a->n_attr; i++)
        if (!strcmp(a->attr[i].name, "_class"))
            return true;
    return false;
}

static struct node *next_company(const struct sig *sig, const struct build_args *a,
                                 struct company *from)
{
    while (sig && from->input < sig->n_in) {
        struct node *n = referred(sig, a, from->input++);
        if (n)
            return n;
    }
    while (from->scope && from->scope->colocate) {
        const struct scope *s = from->scope;
        from->scope = s->outer;
        if (s->kind == SCOPE_COLOCATE)
            return s->colocate;
    }
    return NULL;
}

static struct status *gather_groups(struct graph *g, const struct scope *top,
                                    const struct sig *sig, const struct build_args *a,
                                    struct groups *to)
{
    struct company from = { top, 0 };
    to->n = 0;
    if (says_groups(a))
        return NULL;
    if (a->colocate)
        return join_groups(g, a->colocate, to);
    for (const struct node *n; (n = next_company(sig, a, &from));)
        TRY(join_groups(g, n, to));
    return NULL;
}

/* TF: colocation ends enclosing devices; the outermost of the company with a device gives it. */
static const char *device_among(const struct scope *top, const struct sig *sig,
                                const struct build_args *a)
{
    struct company from = { top, 0 };
    const char *device = NULL;
    for (const struct node *n; (n = next_company(sig, a, &from));)
        device = *n->device ? n->device : device;
    return device;
}

static const char *device_for(const struct scope *top, const struct sig *sig,
                              const struct build_args *a)
{
    if (a->device || says_groups(a))
        return a->device;
    if (a->colocate)
        return a->colocate->device;
    if (takes_reference(sig, a))
        return device_among(top, sig, a);
    return top ? top->device : NULL;
}

/* ---- a node ---- */

/* A95: one that is said to be "" is as good as not said. */
static void set_container(const char *container, struct attr *attr, int *n)
{
    int i = 0;
    while (i < *n && strcmp(attr[i].name, "container"))
        i++;
    if (i == *n || !attr[i].text.n)
        attr[i] = attr_string("container", container);
    *n += i == *n;
}

/* The attributes given, and those that scopes add. */
static struct status *gather_attrs(struct graph *g, const struct scope *s, const struct sig *sig,
                                   const struct build_args *a, struct attr *to, int *n,
                                   struct groups *groups)
{
    ENSURE(a->n_attr + 2 <= MOST_ATTRS, "Op %s: too many attributes", a->op);
    if (a->n_attr)
        memcpy(to, a->attr, (size_t)a->n_attr * sizeof *to);
    *n = a->n_attr;
    TRY(gather_groups(g, s, sig, a, groups));
    if (groups->n)
        to[(*n)++] = (struct attr){ "_class", ATTR_LIST + ATTR_STRING, { .texts = groups->at },
                                    groups->n };
    if (s && s->container && sig && sig_attr(sig, "container") >= 0)
        set_container(s->container, to, n);
    return NULL;
}

static struct status *add_node(struct graph *g, const struct build_args *a, const char *name,
                               struct node **n)
{
    const struct scope *s = scope_top(g);
    const struct op *op;
    const struct sig *sig = op_find_sig(a->op, &op);
    struct attr attr[MOST_ATTRS];
    struct groups groups;
    struct controls c = { 0 };
    struct node_def d = { .op = a->op, .name = name, .device = device_for(s, sig, a),
                          .in = a->in, .n_in = a->n_in, .attr = a->attr, .n_attr = a->n_attr,
                          .control = a->after, .n_control = a->n_after,
                          .context = a->context };
    if (s || a->colocate || takes_reference(sig, a)) {
        d.attr = attr;
        TRY(gather_attrs(g, s, sig, a, attr, &d.n_attr, &groups));
    }
    if (s) {
        TRY(controls_gather(s->controls, a->in, a->n_in, a->after, a->n_after, &c));
        d.control = c.at;
        d.n_control = c.n;
        d.controls = s->controls;
        d.context = d.context ? d.context : s->context;
    }
    struct status *st = graph_add(g, &d, n);
    if (!st && s)
        control_note(s->controls, (*n)->id);
    mem_free(c.at);
    return st;
}

/* What it tells of groups is the graph's. */
static struct status *capture_groups(struct graph *g, const struct scope *s, struct capture *how)
{
    struct groups groups;
    struct attr *attr = NULL;
    TRY(gather_groups(g, s, NULL, &(struct build_args){ 0 }, &groups));
    if (!groups.n)
        return NULL;
    NEED(attr = arena_new(&g->arena, struct attr));
    *attr = (struct attr){ "_class", ATTR_LIST + ATTR_STRING, { .texts = arena_copy(
                           &g->arena, groups.at, sizeof groups.at) }, groups.n };
    how->groups = attr;
    return attr->texts ? NULL : status_no_memory();
}

void build_capture(struct graph *g, struct capture *how)
{
    const struct scope *s = scope_top(g);
    *how = (struct capture){ .prefix = "" };
    if (!s)
        return;
    *how = (struct capture){ .prefix = s->prefix, .device = s->device, .controls = s->controls };
    graph_lock(g);
    build_fail(g, capture_groups(g, s, how));
    graph_unlock(g);
}

struct status *build_exactly(struct graph *g, const struct node_def *d, struct node **n)
{
    struct build_args a = { .op = d->op, .in = d->in, .n_in = d->n_in, .attr = d->attr,
                            .n_attr = d->n_attr, .after = d->control, .n_after = d->n_control,
                            .device = d->device, .context = d->context };
    return add_node(g, &a, d->name, n);
}

struct status *build_imported(struct graph *g, const struct node_def *d, struct node **n)
{
    const struct scope *s = scope_top(g);
    struct node_def in_scope = *d;
    struct controls c = { 0 };
    if (!s)
        return graph_add(g, d, n);
    if (s->device)
        TRY(device_merge(&g->arena, s->device, d->device, &in_scope.device));
    TRY(controls_gather(s->controls, d->in, d->n_in, d->control, d->n_control, &c));
    in_scope.control = c.at;
    in_scope.n_control = c.n;
    in_scope.controls = s->controls;
    in_scope.context = s->context;
    struct status *st = graph_add(g, &in_scope, n);
    if (!st)
        control_note(s->controls, (*n)->id);
    mem_free(c.at);
    return st;
}

void build_forget_nodes(struct graph *g, int n)
{
    const struct builder *b = builder_find(g);
    for (struct scope *s = b ? b->top : NULL; s; s = s->outer)
        control_forget(s->controls, n);
}

struct out build_node(struct graph *g, const struct build_args *a)
{
    const char *name;
    struct node *n = NULL;
    bool blind = !g && a->n_in && !a->in[0].node;   /* an error stuck to a graph unknown here */
    g = build_graph(g, a->in, a->n_in);
    if (!g || blind || build_failed(g))
        return (struct out){ 0 };
    for (int i = 0; i < a->n_in; i++)
        if (!a->in[i].node) {
            build_fail(g, status_new(INVALID_ARGUMENT, "Input %d of a new %s node is missing", i,
                                     a->op));
            return (struct out){ 0 };
        }
    for (int i = 0; i < a->n_after; i++)
        if (!a->after[i]) {
            build_fail(g, status_new(INVALID_ARGUMENT, "Control input %d of a new %s node is "
                                     "missing", i, a->op));
            return (struct out){ 0 };
        }
    struct status *st = full_name(g, scope_prefix(g), a, &name);
    build_fail(g, st ? st : add_node(g, a, name, &n));
    return (struct out){ n, 0 };
}

struct out build(struct graph *g, const char *op, const char *name, const struct out *in, int n_in,
                 const struct attr *attr, int n_attr)
{
    return build_node(g, &(struct build_args){ .op = op, .name = name, .in = in, .n_in = n_in,
                                               .attr = attr, .n_attr = n_attr });
}

/* ---- constants ---- */

struct out build_const(struct graph *g, const char *name, const struct tensor *value)
{
    return build(g, "Const", name, NULL, 0, ATTRS(attr_tensor("value", value),
                                                  attr_type("dtype", value->dtype)));
}

static struct out const_of(struct graph *g, const char *name, struct tensor *value,
                           struct status *st)
{
    struct out o = { 0 };
    g = g ? g : default_graph();
    if (g && st)
        build_fail(g, st);
    else if (g)
        o = build_const(g, name, value);
    else
        status_free(st);
    tensor_unref(value);
    return o;
}

/* Strings can be filled too, with nothing. */
static struct status *check_filling(enum dtype t, double value)
{
    ENSURE(dtype_size(t) && !dtype_is_ref(t) && t != DT_RESOURCE && t != DT_VARIANT &&
           (t != DT_STRING || value == 0), "A constant of type %s cannot be a number",
           dtype_name(t));
    return NULL;
}

struct out build_filled(struct graph *g, const char *name, enum dtype t, const struct shape *s,
                        double value)
{
    struct tensor v = { 0 };
    struct status *st = check_filling(t, value);
    if (!st)
        st = tensor_new(&v, NULL, t, s);
    for (int64_t i = 0; !st && i < tensor_count(&v); i++)
        tensor_set_double(&v, i, value);
    return const_of(g, name, &v, st);
}

struct out build_scalar(struct graph *g, const char *name, enum dtype t, double value)
{
    return build_filled(g, name, t, &SHAPE_SCALAR, value);
}

struct out build_ints(struct graph *g, const char *name, enum dtype t, const int64_t *v, int n)
{
    struct tensor x = { 0 };
    struct status *st = tensor_new(&x, NULL, t, &(struct shape){ 1, { n } });
    for (int i = 0; !st && i < n; i++)
        tensor_set_double(&x, i, (double)v[i]);
    return const_of(g, name, &x, st);
}
