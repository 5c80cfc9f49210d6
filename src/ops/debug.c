/* debug.c - looking at values while a graph runs: Assert, Print, PrintV2, StringFormat,
 * CheckNumerics. */
#include "base/str.h"
#include "graph/graph.h"
#include "op/kernel.h"
#include "tensor/tstring.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- a tensor in a few words, as TensorFlow's messages have it: "[1 2][3...]..." ---- */

struct summary { const struct tensor *t; int64_t at, limit; struct str *to; };

/* As few digits as read back as the same number, but 6 or 9, 15 or 17. */
static void summary_float(double v, bool single, struct str *to)
{
    char text[40];
    if (v != v) {
        str_puts(to, "nan");
        return;
    }
    snprintf(text, sizeof text, "%.*g", single ? 6 : 15, v);
    if (single ? strtof(text, NULL) != (float)v : strtod(text, NULL) != v)
        snprintf(text, sizeof text, "%.*g", single ? 9 : 17, v);
    str_puts(to, text);
}

static void summary_text(const struct tstring *s, struct str *to)
{
    const char *named = "\n\r\t\"'\\", *letter = "nrt\"'\\";
    const char *text = tstring_data(s);
    for (size_t i = 0; i < tstring_len(s); i++) {
        const char *special = text[i] ? strchr(named, text[i]) : NULL;
        if (special)
            str_printf(to, "\\%c", letter[special - named]);
        else if ((unsigned char)text[i] < 128 && isprint((unsigned char)text[i]))
            str_add(to, &text[i], 1);
        else
            str_printf(to, "\\%03o", (unsigned char)text[i]);
    }
}

static void summary_element(struct summary *s)
{
    const struct tensor *t = s->t;
    int64_t i = s->at++;
    if (t->dtype == DT_STRING)
        summary_text((const struct tstring *)t->data + i, s->to);
    else if (dtype_is_floating(t->dtype))
        summary_float(tensor_double(t, i), t->dtype != DT_DOUBLE, s->to);
    else if (dtype_is_integer(t->dtype) && t->dtype != DT_UINT64)
        str_printf(s->to, "%lld", (long long)tensor_int(t, i));
    else if (t->dtype == DT_UINT64)
        str_printf(s->to, "%llu", (unsigned long long)tensor_int(t, i));
    else if (t->dtype == DT_BOOL)
        str_puts(s->to, tensor_int(t, i) ? "1" : "0");
    else
        str_puts(s->to, "?");           /* TF does not print the others */
}

static void summary_row(struct summary *s, int axis)
{
    for (int64_t i = 0; i < s->t->shape.dim[axis]; i++) {
        if (s->at >= s->limit) {
            str_puts(s->to, axis ? "..." : "");
            return;
        }
        str_puts(s->to, i ? " " : "");
        summary_element(s);
    }
}

static void summary_dim(struct summary *s, int axis)
{
    if (axis == s->t->shape.rank - 1) {
        summary_row(s, axis);
        return;
    }
    for (int64_t i = 0; i < s->t->shape.dim[axis] && s->at < s->limit; i++) {
        str_puts(s->to, "[");
        summary_dim(s, axis + 1);
        str_puts(s->to, "]");
    }
}

/* At most `most` elements; negative: all. */
static void summarize(const struct tensor *t, int64_t most, struct str *to)
{
    int64_t n = tensor_count(t);
    struct summary s = { t, 0, most < 0 || most > n ? n : most, to };
    if (t->shape.rank > 0)
        summary_dim(&s, 0);
    else if (s.limit > 0)
        summary_element(&s);
    if (n > s.limit)
        str_puts(to, "...");
}

struct watch { int64_t summarize, first_n; struct counter *counter; struct text message; };

static void summarize_inputs(struct kernel *k, const char *between, struct str *to)
{
    const struct watch *w = k->state;
    for (int i = 1; i < k->n_in; i++) {
        str_puts(to, i > 1 ? between : "");
        str_puts(to, "[");
        summarize(kernel_in(k, i), w->summarize, to);
        str_puts(to, "]");
    }
}

/* ---- Assert (E36) ---- */

static struct status *assert_prepare(struct prep *p)
{
    struct watch *w;
    TRY(prep_state(p, sizeof *w, &w));
    w->summarize = node_attr(p->node, "summarize");
    return NULL;
}

static struct status *assertion_failed(struct kernel *k)
{
    struct str text = { 0 };
    summarize_inputs(k, " ", &text);
    struct status *st = status_new(INVALID_ARGUMENT, "assertion failed: %s", str_text(&text));
    str_free(&text);
    return st;
}

/* A vector of one element passes for a scalar, as it always did. */
static struct status *assert_run(struct kernel *k)
{
    const struct tensor *condition = kernel_in(k, 0);
    ENSURE(condition->shape.rank <= 1 && tensor_count(condition) == 1,
           "In[0] should be a scalar: %s", SHAPE_STR(&condition->shape));
    return *(const bool *)condition->data ? NULL : assertion_failed(k);
}

/* ---- Print (E37) ---- */

/* How often a node with first_n has run: kept by the session. */
struct counter { struct resource base; _Atomic int64_t runs; };
static const struct resource_kind COUNTER = { "counter", sizeof(struct counter), NULL, NULL, NULL };

static struct status *print_prepare(struct prep *p)
{
    struct watch *w;
    struct resource *counter = NULL;
    int64_t first_n = node_attr(p->node, "first_n");
    if (first_n >= 0)
        TRY(prep_own(p, &COUNTER, &counter));
    TRY(prep_state(p, sizeof *w, &w));
    w->summarize = node_attr(p->node, "summarize");
    w->first_n = first_n;
    w->counter = (struct counter *)counter;
    w->message = node_attr_find(p->node, "message")->text;
    return NULL;
}

/* One write, so that lines of several threads do not mix. */
static struct status *write_line(struct str *line, FILE *to)
{
    bool failed = line->failed;
    if (!failed)
        fwrite(str_text(line), 1, line->n, to);
    fflush(to);
    str_free(line);
    return failed ? status_no_memory() : NULL;
}

static struct status *print_run(struct kernel *k)
{
    const struct watch *w = k->state;
    struct str line = { 0 };
    if (!w->counter || atomic_fetch_add(&w->counter->runs, 1) < w->first_n) {
        str_add(&line, w->message.s, w->message.n);
        summarize_inputs(k, "", &line);
        str_puts(&line, "\n");
        TRY(write_line(&line, stderr));
    }
    kernel_forward(k, 0, 0);
    return NULL;
}

/* ---- PrintV2 ---- */

static struct status *print_v2_shape(struct shape_ctx *c)
{
    const struct shape *s = shape_in(c, 0);
    ENSURE(s->rank <= 0, "input must be a scalar, but has rank: %d", s->rank);
    return NULL;
}

struct print { FILE *to; struct text end; };

static struct status *print_v2_prepare(struct prep *p)
{
    struct print *print;
    TRY(prep_state(p, sizeof *print, &print));
    print->to = strcmp(node_attr_string(p->node, "output_stream"), "stdout") ? stderr : stdout;
    print->end = node_attr_find(p->node, "end")->text;
    return NULL;
}

static struct status *print_v2_run(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    ENSURE(x->shape.rank == 0, "Expected a scalar string, got shape %s", SHAPE_STR(&x->shape));
    const struct print *print = k->state;
    struct str line = { 0 };
    str_add(&line, tstring_data(x->data), tstring_len(x->data));
    str_add(&line, print->end.s, print->end.n);
    return write_line(&line, print->to);
}

/* ---- StringFormat: tensors as NumPy shows them, where a template has placeholders ---- */

struct format { struct text template, placeholder; int64_t summarize; };

/* What comes between parts along this axis: a space, or as many lines as NumPy leaves. */
static void format_between(int axis, int rank, struct str *to)
{
    for (int i = axis; i < rank - 1; i++)
        str_puts(to, "\n");
    str_printf(to, "%*s", axis < rank - 1 ? axis + 1 : 1, "");
}

static void format_dim(struct summary *s, int axis)
{
    const struct shape *shape = &s->t->shape;
    if (axis == shape->rank) {
        bool quoted = s->t->dtype == DT_STRING;
        str_puts(s->to, quoted ? "\"" : "");
        summary_element(s);
        str_puts(s->to, quoted ? "\"" : "");
        return;
    }
    int64_t n = shape->dim[axis], each = shape_span(shape, axis + 1, shape->rank), first = s->at;
    str_puts(s->to, "[");
    for (int64_t i = 0; i < n; i++) {
        bool left_out = i >= s->limit && i < n - s->limit;
        if (i && (!left_out || i == s->limit))
            format_between(axis, shape->rank, s->to);
        s->at = first + i * each;
        if (!left_out)
            format_dim(s, axis + 1);
        else if (i == s->limit)
            str_puts(s->to, "...");
    }
    str_puts(s->to, "]");
}

/* At most `most` parts at either end of each dimension; negative: all. */
static void format_tensor(const struct tensor *t, int64_t most, struct str *to)
{
    int64_t n = tensor_count(t);
    struct summary s = { t, 0, most < 0 || most > n ? n : most, to };
    if (t->shape.rank || s.limit)
        format_dim(&s, 0);
    else
        str_puts(to, "...");
}

/* The next placeholder at or after `at`; NULL: none. */
static const char *next_place(const struct format *f, const char *at)
{
    if (!f->placeholder.n)
        return NULL;
    return memmem(at, f->template.n - (size_t)(at - f->template.s), f->placeholder.s,
                  f->placeholder.n);
}

static struct format format_of(const struct node *n)
{
    return (struct format){ node_attr_find(n, "template")->text,
                            node_attr_find(n, "placeholder")->text, node_attr(n, "summarize") };
}

static struct status *format_shape(struct shape_ctx *c)
{
    struct format f = format_of(c->node);
    int places = 0;
    for (const char *at = f.template.s; (at = next_place(&f, at)); at += f.placeholder.n)
        places++;
    ENSURE(places == c->n_in, "num placeholders in template and num inputs must match: %d vs. %d",
           places, c->n_in);
    *shape_out(c, 0) = SHAPE_SCALAR;
    return NULL;
}

static struct status *format_prepare(struct prep *p)
{
    struct format *f;
    TRY(prep_state(p, sizeof *f, &f));
    *f = format_of(p->node);
    return NULL;
}

static struct status *format_run(struct kernel *k)
{
    const struct format *f = k->state;
    const char *at = f->template.s, *end = at + f->template.n;
    struct str text = { 0 };
    TRY(kernel_new(k, 0, DT_STRING, &SHAPE_SCALAR));
    for (int i = 0; i < k->n_in; i++) {
        const char *place = next_place(f, at);
        str_add(&text, at, (size_t)(place - at));
        format_tensor(kernel_in(k, i), f->summarize, &text);
        at = place + f->placeholder.n;
    }
    str_add(&text, at, (size_t)(end - at));
    bool ok = !text.failed && tstring_set(kernel_out(k, 0)->data, str_text(&text), text.n);
    str_free(&text);
    return ok ? NULL : status_no_memory();
}

/* ---- CheckNumerics (E35) ---- */

static struct status *check_verdict(struct kernel *k, bool nan, bool inf)
{
    ENSURE(!nan && !inf, "%s : Tensor had %s values", (const char *)k->state,
           nan && inf ? "Inf and NaN" : nan ? "NaN" : "Inf");
    kernel_forward(k, 0, 0);
    return NULL;
}

static struct status *check_prepare(struct prep *p)
{
    p->state = node_attr_string(p->node, "message");
    return NULL;
}

static void check_grad(struct grad *g)
{
    struct str text = { 0 };
    str_printf(&text, "Not a number (NaN) or infinity (Inf) values detected in gradient. %s",
               node_attr_string(g->node, "message"));
    g->dx[0] = grad_add(g, "CheckNumerics", OUTS(g->dy[0]),
                        ATTRS(attr_string("message", str_text(&text))));
    str_free(&text);
}

#define EACH "ops/debug.inc"
#include "op/each_float.h"

const struct op ops_debug[] = {
    { .name    = "Assert",
      .inputs  = "condition: bool, data: T",
      .attrs   = "T: list(type) >= 1; summarize: int = 3",
      .doc     = "Fails with the data in its message unless the condition is true.",
      .shape   = shape_none,
      .grad    = NOT_DIFFERENTIABLE,
      .prepare = assert_prepare,
      .kernel_any = assert_run,
      .flags   = OP_STATEFUL },
    { .name    = "Print",
      .inputs  = "input: T, data: U",
      .outputs = "output: T",
      .attrs   = "T: type; U: list(type) >= 0; message: string = \"\"; first_n: int = -1; "
                 "summarize: int = 3",
      .doc     = "Passes input on and writes the message and the data to standard error.",
      .shape   = shape_unchanged,
      .grad    = grad_passed,
      .prepare = print_prepare,
      .kernel_any = print_run,
      .flags   = OP_STATEFUL | OP_SLICES },
    { .name    = "PrintV2",
      .inputs  = "input: string",
      .attrs   = "output_stream: {\"stdout\", \"stderr\", \"log(info)\", \"log(warning)\", "
                 "\"log(error)\"} = \"stderr\"; end: string = \"\n\"",
      .doc     = "Writes a string, and what ends it, to the stream.",
      .shape   = print_v2_shape,
      .grad    = NO_GRADIENT,
      .prepare = print_v2_prepare,
      .kernel_any = print_v2_run,
      .flags   = OP_STATEFUL },
    { .name    = "StringFormat",
      .inputs  = "inputs: T",
      .outputs = "output: string",
      .attrs   = "T: list(type) >= 0; template: string = \"%s\"; placeholder: string = \"%s\"; "
                 "summarize: int = 3",
      .doc     = "The template with a tensor, in a few words, for each of its placeholders.",
      .shape   = format_shape,
      .grad    = NO_GRADIENT,
      .prepare = format_prepare,
      .kernel_any = format_run },
    { .name    = "CheckNumerics",
      .inputs  = "tensor: T",
      .outputs = "output: T",
      .attrs   = "T: {bfloat16, half, float, double}; message: string",
      .doc     = "Passes the tensor on, or fails with the message if an element is not finite.",
      .shape   = shape_unchanged,
      .grad    = check_grad,
      .prepare = check_prepare,
      .kernel  = KERNELS(FLOATS(check)) },
    { 0 }
};
