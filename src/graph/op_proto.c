/* op_proto.c - an OpDef that a file brings becomes an op: its signature, and nothing to run. */
#include "graph/proto.h"
#include "op/shape_fn.h"

struct own_op { struct op op; struct sig sig; };

static struct status *choices_from(struct arena *a, const Wire__AttrValue *m, struct attr_def *d)
{
    if (!m || m->value_case != WIRE__ATTR_VALUE__VALUE_LIST || !m->list->n_s)
        return NULL;
    struct text *t = arena_array(a, struct text, m->list->n_s);
    NEED(d->choice = t);
    ENSURE(m->list->n_s <= INT32_MAX, "too many choices");
    for (; d->n_choice < (int)m->list->n_s; d->n_choice++) {
        ProtobufCBinaryData s = m->list->s[d->n_choice];
        t[d->n_choice].n = s.len;
        NEED(t[d->n_choice].s = arena_strndup(a, (const char *)s.data, s.len));
    }
    return NULL;
}

static uint32_t allowed_from(const Wire__AttrValue *m)
{
    uint32_t allowed = 0;
    bool list = m && m->value_case == WIRE__ATTR_VALUE__VALUE_LIST;
    for (size_t i = 0; list && i < m->list->n_type; i++)
        if (m->list->type[i] > 0 && (int)m->list->type[i] < DT_COUNT)
            allowed |= DTYPE_BIT(m->list->type[i]);
    return allowed ? allowed : ~0u;
}

static enum attr_kind kind_from(const char *type)
{
    for (enum attr_kind k = ATTR_BOOL; k <= ATTR_FUNC; k++) {
        if (!strcmp(type, attr_kind_name(k)))
            return k;
        if (!strcmp(type, attr_kind_name(ATTR_LIST + k)))
            return ATTR_LIST + k;
    }
    return ATTR_NONE;
}

/* A default that holds a tensor would have to be given back: no op has one. */
static struct status *default_from(struct arena *a, const Wire__AttrValue *m, struct attr_def *d)
{
    d->fallback = (struct attr){ .name = d->name, .kind = d->kind };
    if (!m || d->kind % ATTR_LIST == ATTR_TENSOR || m->value_case == WIRE__ATTR_VALUE__VALUE_TENSOR)
        return NULL;
    TRY(attr_from_proto(a, m, d->kind, &d->fallback));
    ENSURE(d->fallback.kind == d->kind, "its default is a %s", attr_kind_name(d->fallback.kind));
    d->has_default = true;
    return NULL;
}

static struct status *attr_def_from(struct arena *a, const Wire__OpDef__AttrDef *m,
                                    struct attr_def *d)
{
    NEED(d->name = arena_strdup(a, m->name));
    d->kind = kind_from(m->type);
    ENSURE(d->kind, "its type '%s' is unknown", m->type);
    d->has_minimum = m->has_minimum != 0;
    d->minimum = m->minimum;
    d->allowed = allowed_from(m->allowed_values);
    TRY(choices_from(a, m->allowed_values, d));
    return default_from(a, m->default_value, d);
}

static struct status *attr_named(const struct sig *s, const char *name, enum attr_kind kind,
                                 int *index)
{
    *index = -1;
    if (!*name)
        return NULL;
    *index = sig_attr(s, name);
    ENSURE(*index >= 0 && s->attr[*index].kind == kind, "there is no %s attribute '%s'",
           attr_kind_name(kind), name);
    return NULL;
}

static struct status *arg_from(struct arena *a, const Wire__OpDef__ArgDef *m, const struct sig *s,
                               struct arg *arg)
{
    arg->name.n = strlen(m->name);
    NEED(arg->name.s = arena_strdup(a, m->name));
    TRY(attr_named(s, m->number_attr, ATTR_INT, &arg->number_attr));
    TRY(attr_named(s, m->type_list_attr, ATTR_LIST + ATTR_TYPE, &arg->type_attr));
    arg->list = arg->type_attr >= 0;
    if (!arg->list)
        TRY(attr_named(s, m->type_attr, ATTR_TYPE, &arg->type_attr));
    arg->dtype = arg->type_attr >= 0 ? DT_INVALID : dtype_base((enum dtype)m->type);
    ENSURE(arg->type_attr >= 0 || (arg->dtype > DT_INVALID && arg->dtype < DT_COUNT),
           "its type %d is unknown", (int)m->type);
    arg->ref = m->is_ref || (arg->type_attr < 0 && dtype_is_ref((enum dtype)m->type));
    return NULL;
}

static struct status *args_from(struct arena *a, Wire__OpDef__ArgDef *const *m, size_t n,
                                const struct sig *s, struct arg **args, int *n_args)
{
    ENSURE(n <= INT32_MAX, "too many arguments");
    NEED(*args = arena_array(a, struct arg, n));
    for (size_t i = 0; i < n; i++, ++*n_args)
        TRY(status_prefix(arg_from(a, m[i], s, &(*args)[i]), "argument '%s': ", m[i]->name));
    return NULL;
}

static struct status *sig_from(struct arena *a, const Wire__OpDef *m, struct sig *s)
{
    ENSURE(m->n_attr <= INT32_MAX, "too many attributes");
    NEED(s->attr = arena_array(a, struct attr_def, m->n_attr));
    for (; s->n_attr < (int)m->n_attr; s->n_attr++)
        TRY(status_prefix(attr_def_from(a, m->attr[s->n_attr], &s->attr[s->n_attr]),
                          "attribute '%s': ", m->attr[s->n_attr]->name));
    TRY(args_from(a, m->input_arg, m->n_input_arg, s, &s->in, &s->n_in));
    return args_from(a, m->output_arg, m->n_output_arg, s, &s->out, &s->n_out);
}

struct status *op_from_proto(struct arena *a, const Wire__OpDef *m, const struct op **op)
{
    struct own_op *o = arena_new(a, struct own_op);
    NEED(o);
    o->op = (struct op){ .shape = shape_unknown, .grad = NO_GRADIENT, .sig = &o->sig,
                         .flags = (m->is_stateful ? OP_STATEFUL : 0) |
                                  (m->allows_uninitialized_input ? OP_UNINITIALIZED : 0) };
    NEED(o->op.name = arena_strdup(a, m->name));
    TRY(status_prefix(sig_from(a, m, &o->sig), "Op '%s': ", m->name));
    *op = &o->op;
    return NULL;
}
