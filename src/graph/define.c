#include "graph/define.h"
#include "base/mem.h"
#include "graph/export.h"
#include "graph/proto.h"

#include <ctype.h>

struct defining {
    struct arena tmp;
    struct graph *graph;
    const struct definition *d;
    Wire__FunctionDef def;
    Wire__OpDef signature;
    struct map used;                    /* names */
    const char **name;                  /* by node id: of those in the function; else NULL */
    const char **in_name;
};

/* ---- names ---- */

static const char *unique(struct defining *f, const char *wanted)
{
    const char *name = wanted;
    for (int i = 0; name && map_get(&f->used, name); i++)
        name = arena_printf(&f->tmp, "%s_%d", wanted, i);
    return name && map_put(&f->used, name, f) ? name : NULL;
}

/* TF: of an argument or a result: letters and digits in lower case, beginning with a letter. */
static const char *arg_name(struct defining *f, const char *node)
{
    char *name = arena_strdup(&f->tmp, node);
    if (!name)
        return NULL;
    for (char *s = name; *s; s++)
        *s = isalnum((unsigned char)*s) ? (char)tolower((unsigned char)*s) : '_';
    while (*name && !isalpha((unsigned char)*name))
        name++;
    return unique(f, *name ? name : "unknown");
}

static struct status *name_nodes(struct defining *f)
{
    const struct definition *d = f->d;
    bool all = d->n_nodes < 0;
    int n = all ? f->graph->n : d->n_nodes;
    NEED(f->name = arena_array(&f->tmp, const char *, f->graph->n));
    for (int i = 0; i < d->n_in && all; i++)
        f->name[d->in[i].node->id] = "";
    for (int i = 0; i < n; i++) {
        const struct node *node = all ? f->graph->node[i] : d->node[i];
        ENSURE(node && node->graph == f->graph, "A node of function '%s' is not an element of its "
               "graph.", d->name);
        if (!f->name[node->id])
            NEED(f->name[node->id] = unique(f, node->name));
    }
    for (int i = 0; i < d->n_in && all; i++)
        f->name[d->in[i].node->id] = NULL;
    return NULL;
}

/* ---- the signature ---- */

static struct status *add_arg(struct defining *f, const char *name, enum dtype t,
                              Wire__OpDef__ArgDef ***list, size_t *n)
{
    Wire__OpDef__ArgDef *m = arena_new(&f->tmp, Wire__OpDef__ArgDef);
    NEED(m);
    wire__op_def__arg_def__init(m);
    m->name = (char *)name;
    m->type = (Wire__DataType)t;
    (*list)[(*n)++] = m;
    return NULL;
}

static struct status *check_out(const struct defining *f, struct out o)
{
    ENSURE(out_is_valid(o) && o.node->graph == f->graph, "An input or output of function '%s' is "
           "not an element of its graph.", f->d->name);
    return NULL;
}

static int input_of(const struct defining *f, struct out o)
{
    int i = f->d->n_in - 1;
    while (i >= 0 && (f->d->in[i].node != o.node || f->d->in[i].index != o.index))
        i--;
    return i;
}

static struct status *add_inputs(struct defining *f)
{
    const struct definition *d = f->d;
    NEED(f->in_name = arena_array(&f->tmp, const char *, d->n_in));
    NEED(f->signature.input_arg = arena_array(&f->tmp, Wire__OpDef__ArgDef *, d->n_in));
    for (int i = 0; i < d->n_in; i++) {
        struct out o = d->in[i];
        TRY(check_out(f, o));
        ENSURE(input_of(f, o) == i, "TF_Output %s:%d appears more than once in the input list",
               o.node->name, o.index);
        NEED(f->in_name[i] = arg_name(f, o.node->name));
        TRY(add_arg(f, f->in_name[i], out_dtype(o), &f->signature.input_arg,
                    &f->signature.n_input_arg));
    }
    return NULL;
}

static struct status *add_outputs(struct defining *f)
{
    const struct definition *d = f->d;
    NEED(f->signature.output_arg = arena_array(&f->tmp, Wire__OpDef__ArgDef *, d->n_out));
    for (int i = 0; i < d->n_out; i++) {
        TRY(check_out(f, d->out[i]));
        const char *name = d->out_name ? d->out_name[i] : arg_name(f, d->out[i].node->name);
        NEED(name);
        ENSURE(!d->out_name || !map_get(&f->used, name), "Cannot have duplicate output names. Name "
               "'%s' appears more than once in 'output_names' array.", name);
        if (d->out_name && !map_put(&f->used, name, f))
            return status_no_memory();
        TRY(add_arg(f, name, out_dtype(d->out[i]), &f->signature.output_arg,
                    &f->signature.n_output_arg));
    }
    return NULL;
}

/* ---- the nodes ---- */

/* "node:argument:index", as a function writes an output. */
static const char *output_text(struct defining *f, struct out o)
{
    const struct sig *sig = op_sig(o.node->op);
    for (int i = 0; i < sig->n_out; i++) {
        int count, first = node_out_arg(o.node, sig->out[i].name, &count);
        if (o.index >= first && o.index < first + count)
            return arena_printf(&f->tmp, "%s:%.*s:%d", f->name[o.node->id],
                                (int)sig->out[i].name.n, sig->out[i].name.s, o.index - first);
    }
    return NULL;
}

static struct status *input_text(struct defining *f, struct out o, const char **text)
{
    int i = input_of(f, o);
    *text = i >= 0 ? f->in_name[i] : f->name[o.node->id] ? output_text(f, o) : "";
    NEED(*text);
    return NULL;
}

static struct status *add_inputs_of(struct defining *f, const struct node *n, Wire__NodeDef *m)
{
    NEED(m->input = arena_array(&f->tmp, char *, n->n_in + n->n_control));
    for (int i = 0; i < n->n_in; i++) {
        const char *text;
        ENSURE(n->in[i].node, "Node '%s' has an input that was never set", n->name);
        TRY(input_text(f, n->in[i], &text));
        ENSURE(*text, "Input %d, '%s:%d', of node '%s' in function '%s' is not available. You "
               "might need to include it in inputs or include its source node in the body", i,
               n->in[i].node->name, n->in[i].index, n->name, f->d->name);
        m->input[m->n_input++] = (char *)text;
    }
    for (int i = 0; i < n->n_control; i++) {
        const char *on = f->name[n->control[i]->id];
        ENSURE(on, "The source of control edge %s -> %s is not in the body of function '%s'",
               n->control[i]->name, n->name, f->d->name);
        NEED(m->input[m->n_input++] = arena_printf(&f->tmp, "^%s", on));
    }
    return NULL;
}

/* Which nodes stand together says nothing in a function. */
static void drop_groups(Wire__NodeDef *m)
{
    size_t n = 0;
    for (size_t i = 0; i < m->n_attr; i++)
        if (strcmp(m->attr[i]->key, "_class"))
            m->attr[n++] = m->attr[i];
    m->n_attr = n;
}

static struct status *add_nodes(struct defining *f)
{
    NEED(f->def.node_def = arena_array(&f->tmp, Wire__NodeDef *, f->graph->n));
    for (int i = 0; i < f->graph->n; i++) {
        const struct node *n = f->graph->node[i];
        Wire__NodeDef *m;
        if (!f->name[i])
            continue;
        TRY(node_to_proto(&f->tmp, n, &m));
        m->name = (char *)f->name[i];
        drop_groups(m);
        TRY(add_inputs_of(f, n, m));
        f->def.node_def[f->def.n_node_def++] = m;
        f->signature.is_stateful |= (n->op->flags & OP_STATEFUL) != 0;
    }
    return NULL;
}

/* ---- what it gives ---- */

static struct status *add_results(struct defining *f)
{
    const struct definition *d = f->d;
    NEED(f->def.ret = arena_array(&f->tmp, Wire__FunctionDef__RetEntry *, d->n_out));
    for (int i = 0; i < d->n_out; i++) {
        Wire__FunctionDef__RetEntry *m = arena_new(&f->tmp, Wire__FunctionDef__RetEntry);
        const char *text;
        NEED(m);
        wire__function_def__ret_entry__init(m);
        TRY(input_text(f, d->out[i], &text));
        ENSURE(*text, "TF_Output %s:%d is neither in the function body nor among function inputs. "
               "Encountered while creating function '%s'", d->out[i].node->name, d->out[i].index,
               d->name);
        m->key = f->signature.output_arg[i]->name;
        m->value = (char *)text;
        f->def.ret[f->def.n_ret++] = m;
    }
    return NULL;
}

static struct status *add_controls(struct defining *f)
{
    const struct definition *d = f->d;
    NEED(f->def.control_ret = arena_array(&f->tmp, Wire__FunctionDef__ControlRetEntry *,
                                          d->n_controls));
    for (int i = 0; i < d->n_controls; i++) {
        ENSURE(d->control[i] && d->control[i]->graph == f->graph, "A control output of function "
               "'%s' is not an element of its graph.", d->name);
        Wire__FunctionDef__ControlRetEntry *m =
            arena_new(&f->tmp, Wire__FunctionDef__ControlRetEntry);
        NEED(m);
        wire__function_def__control_ret_entry__init(m);
        const char *name = f->name[d->control[i]->id];
        ENSURE(name, "Control output '%s' is not in the body of function '%s'",
               d->control[i]->name, d->name);
        m->key = (char *)(d->control_name ? d->control_name[i] : name);
        m->value = (char *)name;
        f->def.control_ret[f->def.n_control_ret++] = m;
    }
    return NULL;
}

static struct status *add_attrs(struct defining *f)
{
    const struct definition *d = f->d;
    NEED(f->def.attr = arena_array(&f->tmp, Wire__FunctionDef__AttrEntry *, d->n_attr));
    for (int i = 0; i < d->n_attr; i++) {
        Wire__FunctionDef__AttrEntry *e = arena_new(&f->tmp, Wire__FunctionDef__AttrEntry);
        NEED(e);
        wire__function_def__attr_entry__init(e);
        e->key = (char *)d->attr[i].name;
        TRY(attr_to_proto(&f->tmp, &d->attr[i], &e->value));
        f->def.attr[f->def.n_attr++] = e;
    }
    return NULL;
}

/* ---- its name ---- */

static uint64_t hash(const unsigned char *bytes, size_t n)
{
    uint64_t h = 14695981039346656037u;         /* FNV-1a */
    for (size_t i = 0; i < n; i++)
        h = (h ^ bytes[i]) * 1099511628211u;
    return h ^ h >> 32;
}

/* As long as TensorFlow's: eleven letters and digits. */
static struct status *add_hash(struct defining *f)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    char text[12] = { 0 };
    void *bytes;
    size_t n;
    wire_sort_maps(&f->def.base);
    TRY(wire_encode(&f->def.base, &bytes, &n));
    uint64_t h = hash(bytes, n);
    mem_free(bytes);
    for (int i = 0; i < 11; i++, h /= 62)
        text[i] = digits[h % 62];
    NEED(f->signature.name = arena_printf(&f->tmp, "%s_%s", f->d->name, text));
    return NULL;
}

static struct status *define(struct defining *f, void **bytes, size_t *n)
{
    const struct definition *d = f->d;
    ENSURE(d->name && *d->name, "A function has no name");
    wire__function_def__init(&f->def);
    wire__op_def__init(&f->signature);
    f->def.signature = &f->signature;
    f->signature.name = (char *)d->name;
    f->signature.description = (char *)(d->description ? d->description : "");
    TRY(add_inputs(f));
    TRY(add_outputs(f));
    TRY(name_nodes(f));
    TRY(add_nodes(f));
    TRY(add_results(f));
    TRY(add_controls(f));
    TRY(add_attrs(f));
    if (d->hashed)
        TRY(add_hash(f));
    wire_sort_maps(&f->def.base);
    return wire_encode(&f->def.base, bytes, n);
}

struct status *graph_define(struct graph *g, const struct definition *d, void **bytes, size_t *n)
{
    struct defining f = { .graph = g, .d = d };
    graph_lock(g);
    struct status *st = define(&f, bytes, n);
    graph_unlock(g);
    map_free(&f.used);
    arena_free(&f.tmp);
    return st;
}
