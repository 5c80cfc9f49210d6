#include "op/summary.h"

#include <ctype.h>

static void add_dtype(struct str *to, int64_t t)
{
    str_puts(to, "DT_");
    for (const char *c = dtype_name((enum dtype)t); *c; c++)
        str_printf(to, "%c", toupper((unsigned char)*c));
}

static void add_arg(struct str *to, const struct sig *s, const struct arg *a)
{
    str_printf(to, "%.*s:", (int)a->name.n, a->name.s);
    if (a->ref)
        str_puts(to, "Ref(");
    if (a->number_attr >= 0)
        str_printf(to, "%s*", s->attr[a->number_attr].name);
    if (a->type_attr >= 0)
        str_puts(to, s->attr[a->type_attr].name);
    else
        str_puts(to, dtype_name(a->dtype));
    if (a->ref)
        str_puts(to, ")");
}

static void add_args(struct str *to, const struct sig *s, const struct arg *a, int n)
{
    for (int i = 0; i < n; i++) {
        str_puts(to, i ? ", " : "");
        add_arg(to, s, &a[i]);
    }
}

/* One value, or element i of a list. */
static void add_value(struct str *to, const struct attr *v, int i)
{
    bool list = v->kind >= ATTR_LIST;
    switch (v->kind % ATTR_LIST) {
    case ATTR_BOOL: str_puts(to, (list ? v->ints[i] : v->i) ? "true" : "false"); break;
    case ATTR_INT: str_printf(to, "%lld", (long long)(list ? v->ints[i] : v->i)); break;
    case ATTR_FLOAT: str_printf(to, "%g", list ? v->floats[i] : v->f); break;
    case ATTR_TYPE: add_dtype(to, list ? v->ints[i] : v->i); break;
    case ATTR_SHAPE: str_puts(to, SHAPE_STR(list ? &v->shapes[i] : v->shape)); break;
    case ATTR_STRING: case ATTR_FUNC: str_printf(to, "\"%s\"", attr_text_at(v, i)->s); break;
    default: str_puts(to, "<value>");
    }
}

static void add_default(struct str *to, const struct attr *v)
{
    str_puts(to, ",default=");
    if (v->kind < ATTR_LIST) {
        add_value(to, v, 0);
        return;
    }
    str_puts(to, "[");
    for (int i = 0; i < v->n; i++) {
        str_puts(to, i ? ", " : "");
        add_value(to, v, i);
    }
    str_puts(to, "]");
}

static void add_allowed(struct str *to, const struct attr_def *d)
{
    bool types = d->kind % ATTR_LIST == ATTR_TYPE && d->allowed != ~0u;
    const char *before = ",allowed=[";
    for (int t = 1; types && t < DT_COUNT; t++)
        if (d->allowed & DTYPE_BIT(t)) {
            str_puts(to, before);
            add_dtype(to, t);
            before = ", ";
        }
    for (int i = 0; i < d->n_choice; i++, before = ", ")
        str_printf(to, "%s\"%.*s\"", before, (int)d->choice[i].n, d->choice[i].s);
    str_puts(to, types || d->n_choice ? "]" : "");
}

static void add_attr(struct str *to, const struct attr_def *d)
{
    str_printf(to, "; attr=%s:%s", d->name, attr_kind_name(d->kind));
    if (d->has_default)
        add_default(to, &d->fallback);
    if (d->has_minimum)
        str_printf(to, ",min=%lld", (long long)d->minimum);
    add_allowed(to, d);
}

void op_summary(const struct op *op, struct str *to)
{
    const struct sig *s = op_sig(op);
    str_printf(to, "Op<name=%s; signature=", op->name);
    add_args(to, s, s->in, s->n_in);
    str_puts(to, " -> ");
    add_args(to, s, s->out, s->n_out);
    for (int i = 0; i < s->n_attr; i++)
        add_attr(to, &s->attr[i]);
    if (op->flags & OP_STATEFUL)
        str_puts(to, "; is_stateful=true");
    str_puts(to, ">");
}
