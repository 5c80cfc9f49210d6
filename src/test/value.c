/* value.c - values, shapes and attributes as text, for tests. */
#include "test/value.h"
#include "base/arena.h"
#include "base/mem.h"
#include "base/str.h"
#include "tensor/tstring.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char *skip(const char *p) { return p + strspn(p, " \t,"); }

struct status *shape_parse(const char **p, struct shape *s)
{
    const char *q = *p;
    *s = SHAPE_UNKNOWN;
    if (*q == '?') {
        *p = q + 1;
        return NULL;
    }
    ENSURE(*q == '[', "expected a shape, found '%.20s'", q);
    *s = SHAPE_SCALAR;
    for (q = skip(q + 1); *q != ']'; q = skip(q)) {
        char *end;
        int64_t d = *q == '?' ? -1 : strtoll(q, &end, 10);
        ENSURE(*q == '?' || end != q, "expected a dimension, found '%.20s'", q);
        ENSURE(s->rank < MAX_RANK, "more than %d dimensions", MAX_RANK);
        q = *q == '?' ? q + 1 : end;
        s->dim[s->rank++] = d;
    }
    *p = q + 1;
    return NULL;
}

bool value_is_here(const char *p)
{
    size_t n = strcspn(p, " \t[{?=\n|");
    return n && (p[n] == '[' || p[n] == '{') && dtype_parse(p, n);
}

/* ---- elements ---- */

/* What stands after a backslash; moves *p to its last character. */
static char unescape(const char **p)
{
    const char *q = *p;
    int value = 0;
    if (*q == 'x') {
        for (int i = 0; i < 2 && isxdigit((unsigned char)(*p)[1]); i++) {
            char c = *++*p;
            value = 16 * value + (isdigit((unsigned char)c) ? c - '0' : (c | 32) - 'a' + 10);
        }
        return (char)value;
    }
    return *q == 'n' ? '\n' : *q == 't' ? '\t' : *q == 'r' ? '\r' : *q == '0' ? 0 : *q;
}

/* "a\x00b\n\"", in quotes. */
static struct status *text_parse(struct arena *a, const char **p, struct text *t)
{
    const char *q = *p;
    ENSURE(*q == '"', "expected a string in quotes, found '%.20s'", q);
    char *out = arena_alloc(a, strlen(q) + 1);
    NEED(out);
    t->s = out;
    for (q++; *q != '"'; q++) {
        ENSURE(*q, "a string without its closing quote");
        bool escaped = *q == '\\';
        q += escaped;
        *out++ = escaped ? unescape(&q) : *q;
    }
    t->n = (size_t)(out - t->s);
    *p = q + 1;
    return NULL;
}

static struct status *string_parse(const char **p, struct tstring *to)
{
    struct arena a = { 0 };
    struct text t;
    struct status *st = text_parse(&a, p, &t);
    if (!st && !tstring_set(to, t.s, t.n))
        st = status_no_memory();
    arena_free(&a);
    return st;
}

static struct status *complex_parse(const char **p, double *re, double *im)
{
    char *end;
    *re = strtod(*p, &end);
    *im = 0;
    ENSURE(end != *p, "expected a complex number, found '%.20s'", *p);
    if (*end == 'i' || *end == 'j') {
        *im = *re;
        *re = 0;
        end++;
    } else if (*end == '+' || *end == '-') {
        *im = strtod(end, &end);
        ENSURE(*end == 'i' || *end == 'j', "expected an i, found '%.20s'", end);
        end++;
    }
    *p = end;
    return NULL;
}

static struct status *integer_parse(const char **p, struct tensor *t, int64_t i)
{
    char *end;
    int64_t v = **p == '-' ? strtoll(*p, &end, 0) : (int64_t)strtoull(*p, &end, 0);
    ENSURE(end != *p && *end != '.', "expected an integer, found '%.20s'", *p);
    *p = end;
    char *to = (char *)t->data + (size_t)i * dtype_size(t->dtype);
    memcpy(to, &v, dtype_size(t->dtype));       /* little endian */
    return NULL;
}

static struct status *bool_parse(const char **p, bool *to)
{
    size_t n = strcspn(*p, " \t,}]\n");
    *to = !strncmp(*p, "true", 4) || (n == 1 && **p == '1');
    ENSURE(*to || !strncmp(*p, "false", 5) || (n == 1 && **p == '0'),
           "expected true or false, found '%.20s'", *p);
    *p += n;
    return NULL;
}

static struct status *element_parse(const char **p, struct tensor *t, int64_t i)
{
    double re, im;
    char *end;
    switch (t->dtype) {
    case DT_STRING:
        return string_parse(p, (struct tstring *)t->data + i);
    case DT_BOOL:
        return bool_parse(p, (bool *)t->data + i);
    case DT_COMPLEX64:
        TRY(complex_parse(p, &re, &im));
        ((struct c64 *)t->data)[i] = (struct c64){ (float)re, (float)im };
        return NULL;
    case DT_COMPLEX128:
        TRY(complex_parse(p, &re, &im));
        ((struct c128 *)t->data)[i] = (struct c128){ re, im };
        return NULL;
    default:
        if (!dtype_is_floating(t->dtype))
            return integer_parse(p, t, i);
        re = strtod(*p, &end);
        ENSURE(end != *p, "expected a number, found '%.20s'", *p);
        *p = end;
        tensor_set_double(t, i, re);
        return NULL;
    }
}

/* The elements from i on, repeated or in equal steps. */
static struct status *elements_go_on(const char **p, struct tensor *t, int64_t i)
{
    bool repeat = (*p)[2] == '.';
    ENSURE(i >= 2 - repeat, "too few values before '..'");
    *p += 2 + repeat;
    if (repeat) {
        for (; i < tensor_count(t); i++)
            TRY(tensor_copy_elements(t, i, t, i - 1, 1));
        return NULL;
    }
    double first = tensor_double(t, i - 2), step = tensor_double(t, i - 1) - first;
    for (int64_t n = 2; i < tensor_count(t); i++, n++)
        tensor_set_double(t, i, first + step * (double)n);
    return NULL;
}

static struct status *elements_parse(const char **p, struct tensor *t)
{
    int64_t i = 0, n = tensor_count(t);
    for (*p = skip(*p + 1); **p != '}'; *p = skip(*p)) {
        if (!strncmp(*p, "..", 2)) {
            TRY(elements_go_on(p, t, i));
            i = n;
            continue;
        }
        ENSURE(**p, "a value without its closing brace");
        ENSURE(i < n, "more than %lld values", (long long)n);
        TRY(element_parse(p, t, i++));
    }
    ++*p;
    ENSURE(i == n, "%lld values where the shape wants %lld", (long long)i, (long long)n);
    return NULL;
}

struct status *value_parse(const char **p, enum dtype *dtype, struct shape *s, struct tensor *t)
{
    size_t n = strcspn(*p, " \t[{?\n|,]");
    *t = (struct tensor){ 0 };
    *s = SHAPE_UNKNOWN;
    *dtype = dtype_parse(*p, n);
    ENSURE(*dtype, "expected a type, found '%.20s'", *p);
    *p += n;
    if (**p == '[' || **p == '?')
        TRY(shape_parse(p, s));
    if (**p != '{')
        return NULL;
    TRY(tensor_new(t, NULL, *dtype, s->rank < 0 ? &SHAPE_SCALAR : s));
    struct status *st = elements_parse(p, t);
    if (st)
        tensor_unref(t);
    return st;
}

/* ---- attributes ---- */

static enum attr_kind kind_as_it_looks(const char *p)
{
    size_t n = strcspn(p, " \t,]\n");
    if (*p == '"')
        return ATTR_STRING;
    if (*p == '?')
        return ATTR_SHAPE;
    if (*p == '@')
        return ATTR_FUNC;
    if (*p == '[')
        return ATTR_LIST + (p[1] == ']' ? ATTR_INT : kind_as_it_looks(p + 1));
    if (!strncmp(p, "true", n) || !strncmp(p, "false", n))
        return ATTR_BOOL;
    if (value_is_here(p))
        return ATTR_TENSOR;
    if (isalpha((unsigned char)*p) && dtype_parse(p, n))
        return ATTR_TYPE;
    return strpbrk(strndupa(p, n), ".en") ? ATTR_FLOAT : ATTR_INT;
}

/* A number may stand where a float is wanted, [2,3] where a shape is; else what it looks like
 * goes through, so that a case can give an attribute of the wrong kind. */
static enum attr_kind kind_of(const char *p, enum attr_kind want)
{
    enum attr_kind looks = kind_as_it_looks(p);
    bool empty = *p == '[' && p[1 + strspn(p + 1, " ")] == ']';
    if (want == ATTR_FLOAT && looks == ATTR_INT)
        return want;
    if (want == ATTR_SHAPE && (looks == ATTR_LIST + ATTR_INT || looks == ATTR_LIST + ATTR_SHAPE))
        return want;
    if (want >= ATTR_LIST && *p == '[' && (empty || want == ATTR_LIST + ATTR_SHAPE))
        return want;
    if (want == ATTR_LIST + ATTR_FLOAT && looks == ATTR_LIST + ATTR_INT)
        return want;
    return looks;
}

static struct status *int_parse(const char **p, int64_t *v)
{
    char *end;
    *v = strtoll(*p, &end, 0);
    ENSURE(end != *p, "expected an integer, found '%.20s'", *p);
    *p = end;
    return NULL;
}

static struct status *float_parse(const char **p, double *v)
{
    char *end;
    *v = strtod(*p, &end);
    ENSURE(end != *p, "expected a number, found '%.20s'", *p);
    *p = end;
    return NULL;
}

static struct status *scalar_parse(struct arena *a, const char **p, struct attr *to)
{
    size_t n = strcspn(*p, " \t,]\n");
    struct shape *s;
    struct tensor *t;
    struct func *f;
    enum dtype dtype;
    struct shape ignored;
    bool b;
    switch (to->kind) {
    case ATTR_BOOL:
        TRY(bool_parse(p, &b));
        to->i = b;
        return NULL;
    case ATTR_INT:
        return int_parse(p, &to->i);
    case ATTR_FLOAT:
        return float_parse(p, &to->f);
    case ATTR_TYPE:
        to->i = dtype_parse(*p, n);
        ENSURE(to->i, "expected a type, found '%.20s'", *p);
        *p += n;
        return NULL;
    case ATTR_STRING:
        return text_parse(a, p, &to->text);
    case ATTR_FUNC:
        NEED(f = arena_new(a, struct func));
        f->name = (struct text){ arena_strndup(a, *p + 1, n - 1), n - 1 };
        to->funcs = f;
        *p += n;
        return NULL;
    case ATTR_SHAPE:
        NEED(s = arena_new(a, struct shape));
        to->shape = s;
        return shape_parse(p, s);
    case ATTR_TENSOR:
        NEED(t = arena_new(a, struct tensor));
        to->tensor = t;
        return value_parse(p, &dtype, &ignored, t);
    default:
        return status_new(INTERNAL, "attribute of a kind that cases cannot say");
    }
}

/* One element after another into arrays as long as the text. */
static struct status *list_parse(struct arena *a, const char **p, struct attr *to)
{
    size_t most = strlen(*p);
    int64_t *ints = arena_array(a, int64_t, most);
    double *floats = arena_array(a, double, most);
    struct text *texts = arena_array(a, struct text, most);
    struct func *funcs = arena_array(a, struct func, most);
    struct shape *shapes = arena_array(a, struct shape, most);
    struct tensor *tensors = arena_array(a, struct tensor, most);
    NEED(ints && floats && texts && funcs && shapes && tensors ? to : NULL);
    for (*p = skip(*p + 1); **p != ']'; *p = skip(*p)) {
        struct attr one = { .kind = to->kind - ATTR_LIST };
        TRY(scalar_parse(a, p, &one));
        ints[to->n] = one.i;
        if (one.kind == ATTR_FLOAT)
            floats[to->n] = one.f;
        if (one.kind == ATTR_STRING)
            texts[to->n] = one.text;
        if (one.kind == ATTR_FUNC)
            funcs[to->n] = *one.funcs;
        if (one.kind == ATTR_SHAPE)
            shapes[to->n] = *one.shape;
        if (one.kind == ATTR_TENSOR)
            tensors[to->n] = *one.tensor;
        to->n++;
    }
    ++*p;
    switch (to->kind - ATTR_LIST) {
    case ATTR_FLOAT: to->floats = floats; break;
    case ATTR_STRING: to->texts = texts; break;
    case ATTR_FUNC: to->funcs = funcs; break;
    case ATTR_SHAPE: to->shapes = shapes; break;
    case ATTR_TENSOR: to->tensors = tensors; break;
    default: to->ints = ints;
    }
    return NULL;
}

struct status *attr_parse(struct arena *a, const char **p, enum attr_kind kind, struct attr *to)
{
    const char *name = to->name;
    *to = (struct attr){ .name = name, .kind = kind_of(*p, kind) };
    return to->kind >= ATTR_LIST ? list_parse(a, p, to) : scalar_parse(a, p, to);
}

/* ---- printing and comparing ---- */

static void string_print(const struct tstring *s, struct str *to)
{
    const char *p = tstring_data(s);
    str_puts(to, "\"");
    for (size_t i = 0; i < tstring_len(s); i++) {
        if (p[i] == '"' || p[i] == '\\')
            str_printf(to, "\\%c", p[i]);
        else
            str_printf(to, isprint((unsigned char)p[i]) ? "%c" : "\\x%02x", (unsigned char)p[i]);
    }
    str_puts(to, "\"");
}

static void complex_of(const struct tensor *t, int64_t i, double *re, double *im)
{
    if (t->dtype == DT_COMPLEX64) {
        *re = ((const struct c64 *)t->data)[i].re;
        *im = ((const struct c64 *)t->data)[i].im;
    } else {
        *re = ((const struct c128 *)t->data)[i].re;
        *im = ((const struct c128 *)t->data)[i].im;
    }
}

static void element_print(const struct tensor *t, int64_t i, struct str *to)
{
    double re, im;
    if (t->dtype == DT_STRING) {
        string_print((const struct tstring *)t->data + i, to);
    } else if (t->dtype == DT_BOOL) {
        str_puts(to, ((const bool *)t->data)[i] ? "true" : "false");
    } else if (dtype_is_complex(t->dtype)) {
        complex_of(t, i, &re, &im);
        str_printf(to, "%.9g%+.9gi", re, im);
    } else if (t->dtype == DT_UINT64) {
        str_printf(to, "%llu", (unsigned long long)((const uint64_t *)t->data)[i]);
    } else if (t->dtype == DT_RESOURCE || t->dtype == DT_VARIANT) {
        str_puts(to, "_");
    } else if (dtype_is_floating(t->dtype)) {
        str_printf(to, t->dtype == DT_DOUBLE ? "%.17g" : "%.9g", tensor_double(t, i));
    } else {
        str_printf(to, "%lld", (long long)tensor_int(t, i));
    }
}

void value_print(const struct tensor *t, struct str *to)
{
    if (!t->buf) {
        str_puts(to, "(nothing)");
        return;
    }
    int64_t n = tensor_count(t);
    str_puts(to, dtype_name(t->dtype));
    if (t->shape.rank)
        str_puts(to, SHAPE_STR(&t->shape));
    str_puts(to, "{");
    for (int64_t i = 0; i < n && i < 64; i++) {
        str_puts(to, i ? " " : "");
        element_print(t, i, to);
    }
    str_puts(to, n > 64 ? " (and more)}" : "}");
}

struct tolerance tolerance_of(enum dtype t)
{
    switch (t) {
    case DT_HALF: return (struct tolerance){ 2e-3, 1e-3 };
    case DT_BFLOAT16: return (struct tolerance){ 1e-2, 1e-2 };
    case DT_FLOAT: case DT_COMPLEX64: return (struct tolerance){ 1e-5, 1e-6 };
    case DT_DOUBLE: case DT_COMPLEX128: return (struct tolerance){ 1e-9, 1e-10 };
    default: return (struct tolerance){ 0, 0 };
    }
}

static bool close_enough(double got, double want, struct tolerance tol)
{
    if (isnan(want) || isnan(got))
        return isnan(want) && isnan(got);
    return got == want || fabs(got - want) <= tol.absolute + tol.relative * fabs(want);
}

static bool element_close(const struct tensor *got, const struct tensor *want, int64_t i,
                          struct tolerance tol)
{
    double a, b, c, d;
    size_t size = dtype_size(got->dtype);
    if (got->dtype == DT_STRING)
        return tstring_equal((struct tstring *)got->data + i, (struct tstring *)want->data + i);
    if (dtype_is_complex(got->dtype)) {
        complex_of(got, i, &a, &b);
        complex_of(want, i, &c, &d);
        return close_enough(a, c, tol) && close_enough(b, d, tol);
    }
    if (dtype_is_floating(got->dtype))
        return close_enough(tensor_double(got, i), tensor_double(want, i), tol);
    if (got->dtype == DT_VARIANT)
        return true;
    return !memcmp((char *)got->data + (size_t)i * size, (char *)want->data + (size_t)i * size,
                   size);
}

struct status *tensor_differs(const struct tensor *got, const struct tensor *want,
                              struct tolerance tol)
{
    struct str a = { 0 }, b = { 0 };
    struct status *st = NULL;
    int64_t i = -1, n;
    if (got->buf && got->dtype == want->dtype && shape_equal(&got->shape, &want->shape))
        for (i = 0, n = tensor_count(got); i < n && element_close(got, want, i, tol); i++)
            ;
    if (i >= 0 && i == tensor_count(got))
        return NULL;
    value_print(want, &a);
    value_print(got, &b);
    if (i >= 0) {
        str_printf(&b, "\n    (element %lld: ", (long long)i);
        element_print(want, i, &b);
        str_puts(&b, " was wanted, ");
        element_print(got, i, &b);
        str_puts(&b, " came)");
    }
    st = status_new(INTERNAL, "\n    wanted %s\n    came   %s", str_text(&a), str_text(&b));
    str_free(&a);
    str_free(&b);
    return st;
}

bool tensor_same_bits(const struct tensor *a, const struct tensor *b)
{
    if (a->dtype != b->dtype || !shape_equal(&a->shape, &b->shape))
        return false;
    for (int64_t i = 0; a->dtype == DT_STRING && i < tensor_count(a); i++)
        if (!element_close(a, b, i, tolerance_of(a->dtype)))
            return false;
    return a->dtype == DT_STRING || !tensor_count(a) ||
           !memcmp(a->data, b->data, tensor_bytes(a));
}
