/* case_print.c - what a case asks, as the line that would ask it. */
#include "base/str.h"
#include "test/cases.h"

static void text_print(const struct text *t, struct str *to)
{
    str_puts(to, "\"");
    for (size_t i = 0; i < t->n; i++)
        str_printf(to, t->s[i] < ' ' || t->s[i] > '~' || strchr("\"\\", t->s[i]) ? "\\x%02x" : "%c",
                   (unsigned char)t->s[i]);
    str_puts(to, "\"");
}

static void attr_element_print(const struct attr *a, int i, struct str *to)
{
    bool list = a->kind >= ATTR_LIST;
    int64_t v = list ? 0 : a->i;
    if (list && a->kind <= ATTR_LIST + ATTR_TYPE && a->kind != ATTR_LIST + ATTR_FLOAT)
        v = a->ints[i];
    switch ((int)a->kind % ATTR_LIST) {
    case ATTR_BOOL: str_puts(to, v ? "true" : "false"); break;
    case ATTR_INT: str_printf(to, "%lld", (long long)v); break;
    case ATTR_TYPE: str_puts(to, dtype_name((enum dtype)v)); break;
    case ATTR_FLOAT: str_printf(to, "%.17g", list ? a->floats[i] : a->f); break;
    case ATTR_STRING: text_print(list ? &a->texts[i] : &a->text, to); break;
    case ATTR_SHAPE: str_puts(to, SHAPE_STR(list ? &a->shapes[i] : a->shape)); break;
    case ATTR_TENSOR: value_print(list ? &a->tensors[i] : a->tensor, to); break;
    case ATTR_FUNC: str_printf(to, "@%s", a->funcs[i].name.s); break;
    }
}

static void attr_print(const struct attr *a, struct str *to)
{
    str_printf(to, " %s=%s", a->name, a->kind >= ATTR_LIST ? "[" : "");
    for (int i = 0; i < (a->kind >= ATTR_LIST ? a->n : 1); i++) {
        str_puts(to, i ? "," : "");
        attr_element_print(a, i, to);
    }
    str_puts(to, a->kind >= ATTR_LIST ? "]" : "");
}

static void input_print(const struct case_value *v, struct str *to)
{
    static const char *const holder[] = { "", "ref:", "var:", "table:", "mutable:",
                                          "dataset:" };
    str_printf(to, " %s%s", v->fed ? "?" : "", holder[v->holder]);
    if (v->value.buf) {
        value_print(&v->value, to);
        str_puts(to, v->beside.buf ? ">" : "");
        if (v->beside.buf)
            value_print(&v->beside, to);
        return;
    }
    if (v->has_dtype)
        str_puts(to, dtype_name(v->dtype));
    str_puts(to, v->shape.rank < 0 ? "?" : SHAPE_STR(&v->shape));
}

void case_print(const struct op_case *c, struct str *to)
{
    str_puts(to, c->op);
    for (int i = 0; i < c->n_attr; i++)
        attr_print(&c->attr[i], to);
    for (int i = 0; i < c->n_in; i++)
        input_print(&c->in[i], to);
}
