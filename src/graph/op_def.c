/* op_def.c - rows of ops as OpDefs, without descriptions: a file says which ops its graph uses, as
 * they were when it was written. */
#include "graph/proto.h"

static struct status *copy_text(struct arena *a, struct text from, char **to)
{
    NEED(*to = arena_strndup(a, from.s, from.n));
    return NULL;
}

/* ---- arguments ---- */

static struct status *arg_def(struct arena *a, const struct sig *sig, const struct arg *arg,
                              Wire__OpDef__ArgDef **result)
{
    Wire__OpDef__ArgDef *m = *result = arena_new(a, Wire__OpDef__ArgDef);
    NEED(m);
    wire__op_def__arg_def__init(m);
    TRY(copy_text(a, arg->name, &m->name));
    if (arg->type_attr >= 0 && arg->list)
        m->type_list_attr = (char *)sig->attr[arg->type_attr].name;
    else if (arg->type_attr >= 0)
        m->type_attr = (char *)sig->attr[arg->type_attr].name;
    else
        m->type = (Wire__DataType)arg->dtype;
    if (arg->number_attr >= 0)
        m->number_attr = (char *)sig->attr[arg->number_attr].name;
    m->is_ref = arg->ref;
    return NULL;
}

static struct status *arg_defs(struct arena *a, const struct sig *sig, const struct arg *arg,
                               int n, Wire__OpDef__ArgDef ***list, size_t *n_list)
{
    NEED(*list = arena_array(a, Wire__OpDef__ArgDef *, n + 1));
    for (int i = 0; i < n; i++)
        TRY(arg_def(a, sig, &arg[i], &(*list)[(*n_list)++]));
    return NULL;
}

/* ---- attributes ---- */

static struct status *allowed_types(struct arena *a, uint32_t allowed, Wire__AttrValue **result)
{
    int64_t types[DT_COUNT];
    struct attr list = attr_types("allowed_values", types, 0);
    for (int t = 1; t < DT_COUNT; t++)
        if (allowed & DTYPE_BIT(t))
            types[list.n++] = t;
    return attr_to_proto(a, &list, result);
}

static struct status *allowed_texts(struct arena *a, const struct attr_def *d,
                                    Wire__AttrValue **result)
{
    struct attr list = { "allowed_values", ATTR_LIST + ATTR_STRING, { .texts = d->choice },
                         d->n_choice };
    return attr_to_proto(a, &list, result);
}

static bool is_of_type(const struct attr_def *d)
{
    return d->kind == ATTR_TYPE || d->kind == ATTR_LIST + ATTR_TYPE;
}

static struct status *attr_def(struct arena *a, const struct attr_def *d,
                               Wire__OpDef__AttrDef **result)
{
    Wire__OpDef__AttrDef *m = *result = arena_new(a, Wire__OpDef__AttrDef);
    NEED(m);
    wire__op_def__attr_def__init(m);
    m->name = (char *)d->name;
    m->type = (char *)attr_kind_name(d->kind);
    m->has_minimum = d->has_minimum;
    m->minimum = d->has_minimum ? d->minimum : 0;
    if (d->has_default)
        TRY(attr_to_proto(a, &d->fallback, &m->default_value));
    if (is_of_type(d) && d->allowed != UINT32_MAX)
        return allowed_types(a, d->allowed, &m->allowed_values);
    return d->choice ? allowed_texts(a, d, &m->allowed_values) : NULL;
}

/* ---- ops ---- */

struct status *op_to_proto(struct arena *a, const struct op *op, Wire__OpDef **result)
{
    Wire__OpDef *m = *result = arena_new(a, Wire__OpDef);
    const struct sig *sig = op_sig(op);
    NEED(m);
    wire__op_def__init(m);
    m->name = (char *)op->name;
    m->is_stateful = op->flags & OP_STATEFUL;
    m->is_commutative = (op->flags & OP_COMMUTATIVE) != 0;
    m->is_aggregate = (op->flags & OP_AGGREGATE) != 0;
    m->allows_uninitialized_input = (op->flags & OP_UNINITIALIZED) != 0;
    TRY(arg_defs(a, sig, sig->in, sig->n_in, &m->input_arg, &m->n_input_arg));
    TRY(arg_defs(a, sig, sig->out, sig->n_out, &m->output_arg, &m->n_output_arg));
    NEED(m->attr = arena_array(a, Wire__OpDef__AttrDef *, sig->n_attr + 1));
    for (int i = 0; i < sig->n_attr; i++)
        TRY(attr_def(a, &sig->attr[i], &m->attr[m->n_attr++]));
    return NULL;
}
