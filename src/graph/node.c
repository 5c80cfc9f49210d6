/* node.c - reading a node: its attributes and arguments. */
#include "graph/graph.h"

const struct attr *node_attr_find(const struct node *n, const char *name)
{
    for (int i = 0; i < n->n_attr; i++)
        if (!strcmp(n->attr[i].name, name))
            return &n->attr[i];
    return NULL;
}

int64_t node_attr(const struct node *n, const char *name)
{
    const struct attr *a = node_attr_find(n, name);
    return a && (a->kind == ATTR_BOOL || a->kind == ATTR_INT || a->kind == ATTR_TYPE) ? a->i : 0;
}

double node_attr_float(const struct node *n, const char *name)
{
    const struct attr *a = node_attr_find(n, name);
    return a && a->kind == ATTR_FLOAT ? a->f : 0;
}

const char *node_attr_string(const struct node *n, const char *name)
{
    const struct attr *a = node_attr_find(n, name);
    return a && (a->kind == ATTR_STRING || a->kind == ATTR_FUNC) ? attr_text_at(a, 0)->s : "";
}

const struct shape *node_attr_shape(const struct node *n, const char *name)
{
    const struct attr *a = node_attr_find(n, name);
    return a && a->kind == ATTR_SHAPE ? a->shape : NULL;
}

const struct tensor *node_attr_tensor(const struct node *n, const char *name)
{
    const struct attr *a = node_attr_find(n, name);
    return a && a->kind == ATTR_TENSOR ? a->tensor : NULL;
}

kernel_fn *node_kernel(const struct node *n)
{
    const struct op *op = n->op;
    if (!op->kernel)
        return op->kernel_any;
    enum dtype t = node_attr_type(n, op->by ? op->by : "T");
    kernel_fn *run = t > DT_INVALID && t < DT_COUNT ? op->kernel[t] : NULL;
    return run ? run : op->kernel_any;
}

struct status *node_groups(const struct node *n, struct arena *a, struct attr *groups)
{
    const struct attr *own = node_attr_find(n, "_class");
    if (own && own->kind == ATTR_LIST + ATTR_STRING) {
        *groups = *own;
        return NULL;
    }
    struct text *t = arena_new(a, struct text);
    NEED(t);
    NEED(t->s = arena_printf(a, "loc:@%s", n->name));
    t->n = strlen(t->s);
    *groups = (struct attr){ "_class", ATTR_LIST + ATTR_STRING, { .texts = t }, 1 };
    return NULL;
}

static int arg_length(const struct node *n, const struct arg *arg)
{
    if (arg->number_attr >= 0)
        return (int)n->attr[arg->number_attr].i;
    return arg->list ? n->attr[arg->type_attr].n : 1;
}

int node_arg(const struct node *n, int arg, int *count)
{
    const struct sig *s = op_sig(n->op);
    int at = 0;
    for (int i = 0; i < arg; i++)
        at += arg_length(n, &s->in[i]);
    *count = arg_length(n, &s->in[arg]);
    return at;
}

int node_out_arg(const struct node *n, struct text name, int *count)
{
    const struct sig *s = op_sig(n->op);
    int at = 0;
    for (int i = 0; i < s->n_out; i++) {
        const struct arg *arg = &s->out[i];
        *count = arg_length(n, arg);
        if (arg->name.n == name.n && !memcmp(arg->name.s, name.s, name.n))
            return at;
        at += *count;
    }
    return -1;
}

struct status *shape_attr(struct shape_ctx *c)
{
    const struct shape *s = node_attr_shape(c->node, "shape");
    if (s)
        *shape_out(c, 0) = *s;
    return NULL;
}
