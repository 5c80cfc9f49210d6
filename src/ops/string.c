/* string.c - text in tensors: StringJoin, StringLength, AsString. */
#include "base/mem.h"
#include "graph/graph.h"
#include "op/kernel.h"
#include "ops/utf8.h"
#include "tensor/tstring.h"

#include <stdio.h>

/* ---- StringJoin: scalars go with every element ---- */

static struct status *join_shape(struct shape_ctx *c)
{
    struct shape *y = shape_out(c, 0);
    bool unknown = false;
    *y = SHAPE_SCALAR;
    for (int i = 0; i < c->n_in; i++) {
        const struct shape *x = shape_in(c, i);
        unknown |= x->rank < 0;
        if (x->rank > 0 && y->rank == 0)
            *y = *x;
        else if (x->rank > 0)
            TRY(shape_merge(y, x, y));
    }
    if (unknown && y->rank == 0)
        *y = SHAPE_UNKNOWN;
    return NULL;
}

struct join { struct text separator; };

static struct status *join_prepare(struct prep *p)
{
    struct join *j;
    const struct attr *a = node_attr_find(p->node, "separator");
    TRY(prep_state(p, sizeof *j, &j));
    j->separator = a->text;
    return NULL;
}

static const struct tstring *join_element(const struct kernel *k, int i, int64_t at)
{
    const struct tensor *x = kernel_in(k, i);
    return (const struct tstring *)x->data + (x->shape.rank ? at : 0);
}

static struct status *join_one(const struct kernel *k, int64_t at, struct tstring *y)
{
    const struct join *j = k->state;
    size_t n = j->separator.n * (size_t)(k->n_in - 1), done = 0;
    char *text;
    for (int i = 0; i < k->n_in; i++)
        n += tstring_len(join_element(k, i, at));
    NEED(text = mem_alloc(n + 1));

    for (int i = 0; i < k->n_in; i++) {
        const struct tstring *x = join_element(k, i, at);
        memcpy(text + done, tstring_data(x), tstring_len(x));
        done += tstring_len(x);
        if (i < k->n_in - 1) {
            memcpy(text + done, j->separator.s, j->separator.n);
            done += j->separator.n;
        }
    }
    bool ok = tstring_set(y, text, n);
    mem_free(text);
    return ok ? NULL : status_no_memory();
}

static struct status *join(struct kernel *k)
{
    struct shape s = SHAPE_SCALAR;
    for (int i = 0; i < k->n_in; i++) {
        const struct shape *x = &kernel_in(k, i)->shape;
        if (x->rank && s.rank)
            ENSURE(shape_equal(&s, x),
                   "Input shapes do not match. Previously found %s, at input %d: %s",
                   SHAPE_STR(&s), i, SHAPE_STR(x));
        if (x->rank)
            s = *x;
    }
    TRY(kernel_new(k, 0, DT_STRING, &s));
    struct tstring *y = kernel_out(k, 0)->data;
    for (int64_t i = 0, n = shape_count(&s); i < n; i++)
        TRY(join_one(k, i, y + i));
    return NULL;
}

/* ---- StringLength ---- */

static struct status *length_bytes(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    const struct tstring *s = x->data;
    TRY(kernel_new(k, 0, DT_INT32, &x->shape));
    int32_t *y = kernel_out(k, 0)->data;
    for (int64_t i = 0, n = tensor_count(x); i < n; i++)
        y[i] = (int32_t)tstring_len(s + i);
    return NULL;
}

static struct status *length_chars(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    const struct tstring *s = x->data;
    TRY(kernel_new(k, 0, DT_INT32, &x->shape));
    int32_t *y = kernel_out(k, 0)->data;
    for (int64_t i = 0, n = tensor_count(x); i < n; i++)
        y[i] = (int32_t)utf8_length(tstring_data(s + i), (int64_t)tstring_len(s + i));
    return NULL;
}

static struct status *length_prepare(struct prep *p)
{
    if (strcmp(node_attr_string(p->node, "unit"), "UTF8_CHAR") == 0)
        p->run = length_chars;
    return NULL;
}

/* ---- AsString: printf with a format made from the attributes ---- */

/* Prints element i into at most n bytes; as snprintf(), returns how many it takes. */
typedef int print_fn(char *to, size_t n, const char *format, const void *x, int64_t i);

static int print_bool(char *to, size_t n, const char *format, const void *x, int64_t i)
{
    (void)format;
    return snprintf(to, n, "%s", ((const bool *)x)[i] ? "true" : "false");
}


#define EACH "ops/string.inc"
#define EACH_SET (SET_I8 | SET_I16 | SET_I32 | SET_I64 | SET_F32 | SET_F64 | SET_COMPLEX)
#include "op/each.h"


static print_fn *const printer[DT_COUNT] = {
    [DT_INT8] = print_i8, [DT_INT16] = print_i16, [DT_INT32] = print_i32, [DT_INT64] = print_i64,
    [DT_FLOAT] = print_f32, [DT_DOUBLE] = print_f64, [DT_COMPLEX64] = print_c64,
    [DT_COMPLEX128] = print_c128, [DT_BOOL] = print_bool
};

struct as_string { print_fn *print; char format[80]; };

enum { WIDEST = 1 << 20 };      /* printf takes time for every column */

/* What TensorFlow refuses when the kernel is made. */
static struct status *as_string_check(const struct node *n, enum dtype t)
{
    bool scientific = node_attr(n, "scientific"), shortest = node_attr(n, "shortest");
    const char *fill = node_attr_string(n, "fill");
    bool real = dtype_is_floating(t) || dtype_is_complex(t);

    ENSURE(real || !(scientific || shortest),
           "scientific and shortest format not supported for datatype %s", dtype_name(t));
    ENSURE(real || node_attr(n, "precision") < 0, "precision not supported for datatype %s",
           dtype_name(t));
    ENSURE(strlen(fill) <= 1, "Fill string must be one or fewer characters");
    ENSURE(!*fill || strchr(" +-0#", *fill), "Fill argument not supported: \"%s\"", fill);
    ENSURE(!(scientific && shortest), "Cannot select both scientific and shortest notation");
    return NULL;
}

static const char *conversion(const struct node *n, enum dtype t)
{
    if (!dtype_is_floating(t) && !dtype_is_complex(t))
        return "lld";
    return node_attr(n, "shortest") ? "g" : node_attr(n, "scientific") ? "e" : "f";
}

static struct status *as_string_prepare(struct prep *p)
{
    const struct node *n = p->node;
    enum dtype t = node_attr_type(n, "T");
    int64_t width = node_attr(n, "width"), precision = node_attr(n, "precision");
    struct as_string *a;
    char one[32] = "%";
    int at = 1;

    TRY(as_string_check(n, t));
    ENSURE(width <= WIDEST && precision <= WIDEST, "width and precision must be at most %d",
           WIDEST);
    TRY(prep_state(p, sizeof *a, &a));
    if (width > -1)
        at += sprintf(one + at, "%s%d", node_attr_string(n, "fill"), (int)width);
    if (precision > -1)
        at += sprintf(one + at, ".%d", (int)precision);
    sprintf(one + at, "%s", conversion(n, t));
    a->print = printer[t];
    snprintf(a->format, sizeof a->format, dtype_is_complex(t) ? "(%s,%s)" : "%s", one, one);
    return NULL;
}

static struct status *as_string_one(const struct as_string *a, const void *x, int64_t i,
                                    struct tstring *y)
{
    char small[64], *text = small;
    int n = a->print(small, sizeof small, a->format, x, i);
    ENSURE(n >= 0, "an element is too long to print");
    if (n >= (int)sizeof small) {
        NEED(text = mem_alloc((size_t)n + 1));
        a->print(text, (size_t)n + 1, a->format, x, i);
    }
    bool ok = tstring_set(y, text, (size_t)n);
    if (text != small)
        mem_free(text);
    return ok ? NULL : status_no_memory();
}

static struct status *as_string(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    TRY(kernel_new(k, 0, DT_STRING, &x->shape));
    struct tstring *y = kernel_out(k, 0)->data;
    for (int64_t i = 0, n = tensor_count(x); i < n; i++)
        TRY(as_string_one(k->state, x->data, i, y + i));
    return NULL;
}

const struct op ops_string[] = {
    { .name    = "StringJoin",
      .inputs  = "inputs: N * string",
      .outputs = "output: string",
      .attrs   = "N: int >= 1; separator: string = \"\"",
      .doc     = "The strings of all inputs, element by element, joined with a separator; a "
                 "scalar goes with every element.",
      .shape   = join_shape,
      .grad    = NOT_DIFFERENTIABLE,
      .prepare = join_prepare,
      .kernel_any = join },
    { .name    = "StringLength",
      .inputs  = "input: string",
      .outputs = "output: int32",
      .attrs   = "unit: {\"BYTE\", \"UTF8_CHAR\"} = \"BYTE\"",
      .doc     = "How many bytes, or characters of UTF-8, each string has.",
      .shape   = shape_unchanged,
      .grad    = NO_GRADIENT,
      .prepare = length_prepare,
      .kernel_any = length_bytes },
    { .name    = "AsString",
      .inputs  = "input: T",
      .outputs = "output: string",
      .attrs   = "T: {int8, int16, int32, int64, complex64, complex128, float, double, bool}; "
                 "precision: int = -1; scientific: bool = false; shortest: bool = false; "
                 "width: int = -1; fill: string = \"\"",
      .doc     = "Each number as text, in printf's manner.",
      .shape   = shape_unchanged,
      .grad    = NOT_DIFFERENTIABLE,
      .prepare = as_string_prepare,
      .kernel_any = as_string },
    { 0 }
};
