/* op.c - weft.h: the ops there are. */
#include "api/attr.h"
#include "graph/proto.h"

/* Without the rows there are no ops; who then adds a node hears why. */
static bool rows_ready(void)
{
    struct status *st = api_ready();
    status_free(st);
    return !st;
}

static const struct sig *sig_of(const struct weft_op_def *d) { return op_sig(op_in(d)); }
static const char *text_of(const char *s) { return s ? s : ""; }

int weft_op_count(void) { return rows_ready() ? ops_count() : 0; }

const struct weft_op_def *weft_op_at(int i)
{
    return i >= 0 && i < weft_op_count() ? op_out(op_at(i)) : NULL;
}

const struct weft_op_def *weft_op_find(const char *name)
{
    return rows_ready() ? op_out(op_find(name)) : NULL;
}

const char *weft_op_name(const struct weft_op_def *d) { return op_in(d)->name; }
const char *weft_op_doc(const struct weft_op_def *d) { return text_of(op_in(d)->doc); }
bool weft_op_is_stateful(const struct weft_op_def *d) { return op_in(d)->flags & OP_STATEFUL; }
const char *weft_op_inputs_text(const struct weft_op_def *d) { return text_of(op_in(d)->inputs); }
const char *weft_op_outputs_text(const struct weft_op_def *d) { return text_of(op_in(d)->outputs); }
const char *weft_op_attrs_text(const struct weft_op_def *d) { return text_of(op_in(d)->attrs); }

static struct status *export_op(const struct op *op, struct arena *a, struct weft_bytes *to)
{
    Wire__OpDef *m;
    TRY(op_to_proto(a, op, &m));
    return wire_encode(&m->base, &to->data, &to->size);
}

struct weft_status *weft_op_export(const struct weft_op_def *d, struct weft_bytes *op_def)
{
    struct arena a = { 0 };
    *op_def = (struct weft_bytes){ 0 };
    struct status *st = export_op(op_in(d), &a, op_def);
    arena_free(&a);
    return status_out(st);
}

/* ---- arguments ---- */

static struct weft_op_arg arg_out(const struct arg *args, int n, int i)
{
    static const struct arg none = { .type_attr = -1, .number_attr = -1 };
    const struct arg *a = i >= 0 && i < n ? &args[i] : &none;
    return (struct weft_op_arg){ .name = a->name.s, .name_length = (int)a->name.n,
                                 .type_attr = a->type_attr, .number_attr = a->number_attr,
                                 .is_list = a->list, .is_ref = a->ref,
                                 .dtype = (enum weft_dtype)a->dtype };
}

int weft_op_inputs(const struct weft_op_def *d) { return sig_of(d)->n_in; }
int weft_op_outputs(const struct weft_op_def *d) { return sig_of(d)->n_out; }

struct weft_op_arg weft_op_input(const struct weft_op_def *d, int i)
{
    return arg_out(sig_of(d)->in, sig_of(d)->n_in, i);
}

struct weft_op_arg weft_op_output(const struct weft_op_def *d, int i)
{
    return arg_out(sig_of(d)->out, sig_of(d)->n_out, i);
}

/* ---- attributes ---- */

int weft_op_attrs(const struct weft_op_def *d) { return sig_of(d)->n_attr; }

struct weft_op_attr weft_op_attr(const struct weft_op_def *d, int i)
{
    const struct sig *s = sig_of(d);
    if (i < 0 || i >= s->n_attr)
        return (struct weft_op_attr){ 0 };
    const struct attr_def *a = &s->attr[i];
    return (struct weft_op_attr){ .name = a->name, .kind = attr_kind_out(a->kind),
                                  .has_default = a->has_default, .is_inferred = a->inferred,
                                  .has_minimum = a->has_minimum, .minimum = a->minimum,
                                  .allowed = a->allowed, .fallback = attr_out(&a->fallback) };
}
