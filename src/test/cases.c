/* cases.c - parses the text cases; cases.h has the format. */
#include "test/cases.h"
#include "base/mem.h"
#include "base/str.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

static const char *skip(const char *p) { return p + strspn(p, " \t"); }

static bool word_is(const char *p, const char *word)
{
    size_t n = strlen(word);
    return !strncmp(p, word, n) && (!p[n] || p[n] == ' ');
}

/* name=... with nothing between: an attribute. */
static bool attr_is_here(const char *p)
{
    size_t n = strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    return n && p[n] == '=';
}

static struct status *parse_attr(struct op_case *c, const char **p)
{
    const struct op *op = op_find(c->op);
    size_t n = strcspn(*p, "=");
    struct attr *a = &c->attr[c->n_attr];
    ENSURE(c->n_attr < CASE_MOST, "too many attributes");
    NEED(a->name = arena_strndup(&c->arena, *p, n));
    int i = op ? sig_attr(op_sig(op), a->name) : -1;
    *p += n + 1;
    TRY(attr_parse(&c->arena, p, i < 0 ? ATTR_NONE : op_sig(op)->attr[i].kind, a));
    c->n_attr++;
    return NULL;
}

bool is_shape_case(const struct op_case *c)
{
    return c->kind == CASE_SHAPE || c->kind == CASE_SHAPE_ERROR;
}

/* float[2]{1 2}, float[2], [2] and ? */
static struct status *parse_value(const char **p, struct case_value *v)
{
    v->shape = SHAPE_UNKNOWN;
    if (**p == '[' || **p == '?')
        return shape_parse(p, &v->shape);
    v->has_dtype = true;
    TRY(value_parse(p, &v->dtype, &v->shape, &v->value));
    if (v->value.buf)
        v->shape = v->value.shape;
    return NULL;
}

static int parse_holder(const char **p)
{
    static const char *const prefix[] = { [IN_REF] = "ref:", [IN_VAR] = "var:",
                                          [IN_TABLE] = "table:", [IN_MUTABLE] = "mutable:",
                                          [IN_DATASET] = "dataset:" };
    for (int i = IN_REF; i <= IN_DATASET; i++)
        if (!strncmp(*p, prefix[i], strlen(prefix[i]))) {
            *p += strlen(prefix[i]);
            return i;
        }
    return IN_PLAIN;
}

static struct status *parse_beside(const char **p, struct case_value *v)
{
    enum dtype dtype;
    struct shape s;
    ENSURE(**p == '>', "a table's keys without values");
    ++*p;
    TRY(value_parse(p, &dtype, &s, &v->beside));
    ENSURE(v->value.buf && v->beside.buf, "a table without keys or values");
    return NULL;
}

static struct status *parse_input(struct op_case *c, const char **p)
{
    struct case_value *v = &c->in[c->n_in];
    ENSURE(c->n_in < CASE_MOST, "too many inputs");
    if (**p == '?' && isalpha((unsigned char)(*p)[1])) {
        v->fed = true;
        ++*p;
    }
    v->holder = parse_holder(p);
    c->n_in++;
    TRY(parse_value(p, v));
    if (v->holder == IN_TABLE || v->holder == IN_MUTABLE)
        TRY(parse_beside(p, v));
    ENSURE(v->value.buf || v->holder || is_shape_case(c), "an input without a value");
    ENSURE(!v->holder || v->has_dtype, "a variable without a type");
    return NULL;
}

/* OUTPUT [| OUTPUT]..., up to the end or "->". */
static struct status *parse_outputs(struct op_case *c, const char **p, struct case_value *v, int *n)
{
    for (*p = skip(*p); **p && strncmp(*p, "->", 2); *p = skip(*p)) {
        ENSURE(*n < CASE_MOST, "too many outputs");
        struct case_value *one = &v[(*n)++];
        if (word_is(*p, "_") || word_is(*p, "none")) {
            one->ignored = **p == '_';
            *p += one->ignored ? 1 : 4;
        } else {
            one->holder = parse_holder(p);
            TRY(parse_value(p, one));
            ENSURE(!one->holder || one->holder == IN_DATASET, "an output that is a variable");
            ENSURE(one->value.buf || is_shape_case(c), "an output without a value");
        }
        *p = skip(*p);
        ENSURE(!**p || **p == '|' || !strncmp(*p, "->", 2), "unexpected '%.20s'", *p);
        *p += **p == '|';
    }
    return NULL;
}

static struct status *parse_error(struct op_case *c, const char *p)
{
    c->build_only = *p == '!';
    c->message = skip(p + c->build_only);
    c->code = INVALID_ARGUMENT;
    for (int code = CANCELLED; code <= UNAUTHENTICATED; code++) {
        size_t n = strlen(code_name((enum code)code));
        if (!strncmp(c->message, code_name((enum code)code), n) && c->message[n] == ':') {
            c->code = (enum code)code;
            c->message = skip(c->message + n + 1);
            break;
        }
    }
    c->kind = c->kind == CASE_SHAPE ? CASE_SHAPE_ERROR
            : c->kind == CASE_GRAD ? CASE_GRAD_ERROR : CASE_ERROR;
    return NULL;
}

static struct status *parse_mode(struct op_case *c, const char **p)
{
    bool shape = word_is(*p, "shape");
    c->kind = shape ? CASE_SHAPE : CASE_GRAD;
    c->order = word_is(*p, "grad2") ? 2 : 1;
    *p += strcspn(*p, " ");
    return NULL;
}

struct status *case_parse(struct op_case *c, const char *text)
{
    const char *p = skip(text);
    char *end;
    if (*p == '~') {
        double rtol = strtod(p + 1, &end);
        c->tolerance = (struct tolerance){ rtol, rtol / 10 };
        p = skip(end);
    }
    size_t n = strcspn(p, " ");
    NEED(c->op = arena_strndup(&c->arena, p, n));
    for (p = skip(p + n); *p; p = skip(p)) {
        if (*p == '!')
            return parse_error(c, p + 1);
        if (word_is(p, "=")) {
            p++;
            TRY(parse_outputs(c, &p, c->out, &c->n_out));
            p += *p ? 2 : 0;
            return parse_outputs(c, &p, c->after, &c->n_after);
        }
        if (word_is(p, "shape") || word_is(p, "grad") || word_is(p, "grad2"))
            TRY(parse_mode(c, &p));
        else if (attr_is_here(p))
            TRY(parse_attr(c, &p));
        else
            TRY(parse_input(c, &p));
        ENSURE(!*p || *p == ' ' || *p == '\t', "unexpected '%.20s'", p);
    }
    ENSURE(c->kind == CASE_GRAD, "neither = nor ! nor grad");
    return NULL;
}

void case_release(struct op_case *c)
{
    for (int i = 0; i < CASE_MOST; i++) {
        attr_release(&c->attr[i]);
        tensor_unref(&c->in[i].value);
        tensor_unref(&c->in[i].beside);
        tensor_unref(&c->out[i].value);
        tensor_unref(&c->after[i].value);
    }
    arena_free(&c->arena);
}

struct reader {
    const char *path;
    int line;
    void (*on_case)(void *ctx, const struct op_case *c, const char *broken);
    void *ctx;
};

static void read_one(const struct reader *r, const char *text)
{
    struct op_case *c = calloc(1, sizeof *c);
    *c = (struct op_case){ .file = r->path, .line = r->line, .text = text };
    struct status *st = case_parse(c, text);
    r->on_case(r->ctx, c, st ? status_message(st) : NULL);
    status_free(st);
    case_release(c);
    free(c);
}

/* `text` with `type` in place of each $. */
static void read_with_type(const struct reader *r, const char *text, const char *type, int n)
{
    struct str s = { 0 };
    for (; *text; text++) {
        if (*text == '$')
            str_add(&s, type, (size_t)n);
        else
            str_add(&s, text, 1);
    }
    read_one(r, str_text(&s));
    str_free(&s);
}

static void read_line(const struct reader *r, const char *text)
{
    text = skip(text);
    if (!*text || *text == '#')
        return;
    if (*text != '@') {
        read_one(r, text);
        return;
    }
    const char *rest = text + strcspn(text, " ");
    for (const char *type = text + 1; type < rest; type++) {
        int n = (int)strcspn(type, ", ");
        read_with_type(r, skip(rest), type, n);
        type += n;
    }
}

void case_read(const char *path, int line, const char *text,
               void (*on_case)(void *ctx, const struct op_case *c, const char *broken), void *ctx)
{
    read_one(&(struct reader){ path, line, on_case, ctx }, text);
}

bool cases_read(const char *path, int from,
                void (*on_case)(void *ctx, const struct op_case *c, const char *broken), void *ctx)
{
    struct reader r = { .path = path, .on_case = on_case, .ctx = ctx };
    struct str whole = { 0 };
    char *text = NULL;
    size_t cap = 0;
    ssize_t n;
    int number = 0;
    FILE *f = fopen(path, "r");
    if (!f)
        return false;
    while ((n = getline(&text, &cap, f)) >= 0) {
        number++;
        if (!whole.n)
            r.line = number;
        while (n > 0 && isspace((unsigned char)text[n - 1]))
            n--;
        bool goes_on = n > 0 && text[n - 1] == '\\' && *skip(text) != '#';
        str_add(&whole, text, (size_t)(n - goes_on));
        if (goes_on)
            continue;
        if (r.line >= from)
            read_line(&r, str_text(&whole));
        str_free(&whole);
        whole = (struct str){ 0 };
    }
    free(text);
    fclose(f);
    return true;
}
