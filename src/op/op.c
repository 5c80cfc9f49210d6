/* op.c - the registry of ops, and the parser of signatures. */
#include "op/op.h"
#include "base/arena.h"
#include "base/map.h"
#include "op/resource.h"
#include "op/shape_fn.h"

#include <ctype.h>
#include <stdlib.h>
#include <sys/utsname.h>

struct entry { const struct op *op; struct sig sig; };

enum { MAX_OPS = 2048, MAX_ARGS = 24, MAX_ATTRS = 24, MAX_CHOICES = 16 };

static struct arena arena;
static struct map by_name;
static struct entry *entries[MAX_OPS];
static int n_entries;

void op_not_differentiable(struct grad *g) { (void)g; }
void op_no_gradient(struct grad *g) { (void)g; }

static const struct entry *entry_of(const struct op *op) { return map_get(&by_name, op->name); }

const struct op *op_find(const char *name)
{
    const struct entry *e = map_get(&by_name, name);
    return e ? e->op : NULL;
}

const struct sig *op_sig(const struct op *op)
{
    return op->sig ? op->sig : &entry_of(op)->sig;
}

const struct sig *op_find_sig(const char *name, const struct op **op)
{
    const struct entry *e = map_get(&by_name, name);
    *op = e ? e->op : NULL;
    return e ? &e->sig : NULL;
}

struct status *op_not_registered(const char *name)
{
    struct utsname host = { .nodename = "this machine" };
    uname(&host);
    return status_new(NOT_FOUND, "Op type not registered '%s' in binary running on %s. Make sure "
                      "the Op and Kernel are registered in the binary running in this process.",
                      name, host.nodename);
}

int ops_count(void) { return n_entries; }
const struct op *op_at(int i) { return entries[i]->op; }

int sig_attr(const struct sig *s, const char *name)
{
    for (int i = 0; i < s->n_attr; i++)
        if (!strcmp(s->attr[i].name, name))
            return i;
    return -1;
}

/* ---- the parser: a cursor over the row's text; the first error sticks ---- */

struct parser {
    const char *p;
    const struct op *op;
    struct status *st;
    struct sig sig;
    struct arg in[MAX_ARGS], out[MAX_ARGS];
    struct attr_def attr[MAX_ATTRS];
};

static void syntax(struct parser *c, const char *expected)
{
    if (!c->st)
        c->st = status_new(INTERNAL, "Op %s: expected %s at '%.30s'", c->op->name, expected, c->p);
}

static void skip(struct parser *c)
{
    while (isspace((unsigned char)*c->p))
        c->p++;
}

static bool accept(struct parser *c, const char *token)
{
    size_t n = strlen(token);
    skip(c);
    if (c->st || strncmp(c->p, token, n))
        return false;
    c->p += n;
    return true;
}

static void expect(struct parser *c, const char *token)
{
    if (!accept(c, token))
        syntax(c, token);
}

static struct text word(struct parser *c)
{
    skip(c);
    const char *start = c->p;
    while (isalnum((unsigned char)*c->p) || *c->p == '_')
        c->p++;
    if (c->p == start)
        syntax(c, "a word");
    return (struct text){ start, (size_t)(c->p - start) };
}

static bool is(struct text w, const char *s)
{
    return w.n == strlen(s) && !memcmp(w.s, s, w.n);
}

static struct text quoted(struct parser *c)
{
    expect(c, "\"");
    const char *start = c->p;
    while (*c->p && *c->p != '"')
        c->p++;
    struct text t = { start, (size_t)(c->p - start) };
    expect(c, "\"");
    if (!c->st && !(t.s = arena_strndup(&arena, t.s, t.n)))
        c->st = status_no_memory();
    return t;
}

static enum dtype dtype_word(struct parser *c)
{
    struct text w = word(c);
    enum dtype t = dtype_parse(w.s, w.n);
    if (!t)
        syntax(c, "a dtype");
    return t;
}

#define REAL_BITS (1u << DT_FLOAT | 1u << DT_DOUBLE | 1u << DT_INT32 | 1u << DT_UINT8 |          \
                   1u << DT_INT16 | 1u << DT_INT8 | 1u << DT_INT64 | 1u << DT_BFLOAT16 |         \
                   1u << DT_UINT16 | 1u << DT_HALF | 1u << DT_UINT32 | 1u << DT_UINT64)
#define NUMBER_BITS (REAL_BITS | 1u << DT_COMPLEX64 | 1u << DT_COMPLEX128 | 1u << DT_QINT8 |     \
                     1u << DT_QUINT8 | 1u << DT_QINT32)

/* {float, double} or {"SAME", "VALID"}, the brace being past. */
static void parse_set(struct parser *c, struct attr_def *a)
{
    struct text choice[MAX_CHOICES];
    skip(c);
    a->kind = *c->p == '"' ? ATTR_STRING : ATTR_TYPE;
    a->allowed = a->kind == ATTR_TYPE ? 0 : ~0u;
    do {
        if (a->kind == ATTR_TYPE)
            a->allowed |= DTYPE_BIT(dtype_word(c));
        else if (a->n_choice < MAX_CHOICES)
            choice[a->n_choice++] = quoted(c);
        else
            syntax(c, "fewer choices");
    } while (accept(c, ","));
    expect(c, "}");
    if (a->n_choice)
        a->choice = arena_copy(&arena, choice, (size_t)a->n_choice * sizeof *choice);
}

static void parse_kind(struct parser *c, struct attr_def *a)
{
    static const char *const names[] = { [ATTR_BOOL] = "bool", [ATTR_INT] = "int",
        [ATTR_FLOAT] = "float", [ATTR_TYPE] = "type", [ATTR_STRING] = "string",
        [ATTR_SHAPE] = "shape", [ATTR_TENSOR] = "tensor", [ATTR_FUNC] = "func" };
    a->allowed = ~0u;
    if (accept(c, "{")) {
        parse_set(c, a);
        return;
    }
    struct text w = word(c);
    if (is(w, "realnumbertype") || is(w, "numbertype")) {
        a->kind = ATTR_TYPE;
        a->allowed = is(w, "numbertype") ? NUMBER_BITS : REAL_BITS;
        return;
    }
    for (enum attr_kind k = ATTR_BOOL; k <= ATTR_FUNC; k++)
        if (is(w, names[k]))
            a->kind = k;
    if (!a->kind)
        syntax(c, "an attribute type");
}

/* uint8{255 0 0 255}: a vector. The registry keeps it for good. */
static void parse_tensor(struct parser *c, struct attr *v)
{
    double number[MAX_CHOICES];
    enum dtype t = dtype_word(c);
    struct tensor *made = arena_new(&arena, struct tensor);
    struct shape s = SHAPE(0);
    for (expect(c, "{"); !c->st && !accept(c, "}"); s.dim[0]++) {
        if (s.dim[0] == MAX_CHOICES)
            syntax(c, "a shorter vector");
        else
            number[s.dim[0]] = strtod(c->p, (char **)&c->p);
    }
    if (!c->st)
        c->st = made ? tensor_new(made, NULL, t, &s) : status_no_memory();
    for (int i = 0; i < s.dim[0] && !c->st; i++)
        tensor_set_double(made, i, number[i]);
    v->tensor = made;
}

/* One value of the given kind. */
static void parse_scalar(struct parser *c, enum attr_kind kind, struct attr *v)
{
    char *end = NULL;
    skip(c);
    switch (kind) {
    case ATTR_BOOL:
        v->i = accept(c, "true");
        if (!v->i)
            expect(c, "false");
        return;
    case ATTR_INT:
        v->i = strtoll(c->p, &end, 10);
        break;
    case ATTR_FLOAT:
        v->f = (double)strtof(c->p, &end);
        break;
    case ATTR_TYPE:
        v->i = dtype_word(c);
        return;
    case ATTR_STRING:
        v->text = quoted(c);
        return;
    case ATTR_SHAPE:
        v->shape = accept(c, "?") ? &SHAPE_UNKNOWN : &SHAPE_SCALAR;
        if (v->shape == &SHAPE_SCALAR) {
            expect(c, "[");
            expect(c, "]");
        }
        return;
    case ATTR_TENSOR:
        parse_tensor(c, v);
        return;
    default:
        syntax(c, "no default for this type");
        return;
    }
    if (end == c->p)
        syntax(c, "a number");
    c->p = end;
}

static void parse_list(struct parser *c, enum attr_kind kind, struct attr *v)
{
    int64_t ints[MAX_CHOICES];
    double floats[MAX_CHOICES];
    struct text texts[MAX_CHOICES];
    expect(c, "[");
    while (!c->st && !accept(c, "]")) {
        struct attr one = { 0 };
        if (v->n == MAX_CHOICES)
            syntax(c, "a shorter list");
        parse_scalar(c, kind, &one);
        if (c->st)
            return;
        ints[v->n] = one.i;
        floats[v->n] = one.f;
        texts[v->n++] = one.text;
        accept(c, ",");
    }
    size_t n = (size_t)v->n;
    if (kind == ATTR_FLOAT)
        v->floats = arena_copy(&arena, floats, n * sizeof *floats);
    else if (kind == ATTR_STRING)
        v->texts = arena_copy(&arena, texts, n * sizeof *texts);
    else if (kind == ATTR_TYPE)
        v->ints = attr_types_copy(&arena, ints, v->n);
    else
        v->ints = arena_copy(&arena, ints, n * sizeof *ints);
}

static void parse_default(struct parser *c, struct attr_def *a)
{
    a->has_default = true;
    a->fallback.kind = a->kind;
    if (a->kind >= ATTR_LIST)
        parse_list(c, a->kind - ATTR_LIST, &a->fallback);
    else
        parse_scalar(c, a->kind, &a->fallback);
}

static void parse_attr(struct parser *c)
{
    if (c->sig.n_attr == MAX_ATTRS) {
        syntax(c, "fewer attributes");
        return;
    }
    struct attr_def *a = &c->attr[c->sig.n_attr++];
    struct text name = word(c);
    a->name = arena_strndup(&arena, name.s, name.n);
    if (!a->name)
        c->st = status_no_memory();
    expect(c, ":");
    bool list = accept(c, "list(");
    parse_kind(c, a);
    if (list) {
        expect(c, ")");
        a->kind += ATTR_LIST;
    }
    if (accept(c, ">=")) {
        a->has_minimum = true;
        a->minimum = strtoll(c->p, (char **)&c->p, 10);
    }
    if (accept(c, "="))
        parse_default(c, a);
    a->fallback.name = a->name;
    a->fallback.kind = a->kind;
}

static int attr_named(const struct parser *c, struct text w)
{
    for (int i = 0; i < c->sig.n_attr; i++)
        if (c->attr[i].name && is(w, c->attr[i].name))
            return i;
    return -1;
}

/* "T", "float", "N * T", "Ref(T)", "list(T)": what follows an argument's colon. */
static void parse_arg_type(struct parser *c, struct arg *a)
{
    bool ref = accept(c, "Ref(");
    bool list = !ref && accept(c, "list(");
    struct text w = word(c);
    a->number_attr = a->type_attr = -1;
    if (accept(c, "*")) {
        a->number_attr = attr_named(c, w);
        if (a->number_attr < 0)
            syntax(c, "an attribute for the number");
        ref = accept(c, "Ref(");
        w = word(c);
    }
    a->ref = ref;
    a->type_attr = attr_named(c, w);
    a->dtype = a->type_attr < 0 ? dtype_parse(w.s, w.n) : DT_INVALID;
    if (a->type_attr < 0 && !a->dtype)
        syntax(c, "a type");
    a->list = list || (a->type_attr >= 0 && c->attr[a->type_attr].kind >= ATTR_LIST);
    if (ref || list)
        expect(c, ")");
}

static void parse_args(struct parser *c, const char *text, struct arg *args, int *n)
{
    c->p = text ? text : "";
    skip(c);
    while (!c->st && *c->p) {
        if (*n == MAX_ARGS) {
            syntax(c, "fewer arguments");
            return;
        }
        struct arg *a = &args[(*n)++];
        a->name = word(c);
        expect(c, ":");
        parse_arg_type(c, a);
        if (!accept(c, ",") && *c->p)
            syntax(c, "','");
    }
}

static void mark_inferred(struct parser *c)
{
    for (int i = 0; i < c->sig.n_in; i++) {
        if (c->in[i].type_attr >= 0)
            c->attr[c->in[i].type_attr].inferred = true;
        if (c->in[i].number_attr >= 0)
            c->attr[c->in[i].number_attr].inferred = true;
    }
}

static struct status *sig_parse(const struct op *op, struct sig *s)
{
    struct parser c = { .p = op->attrs ? op->attrs : "", .op = op };
    skip(&c);
    while (!c.st && *c.p) {
        parse_attr(&c);
        if (!accept(&c, ";") && *c.p)
            syntax(&c, "';'");
    }
    parse_args(&c, op->inputs, c.in, &c.sig.n_in);
    parse_args(&c, op->outputs, c.out, &c.sig.n_out);
    TRY(c.st);
    mark_inferred(&c);
    *s = c.sig;
    NEED(s->attr = arena_copy(&arena, c.attr, (size_t)s->n_attr * sizeof *s->attr));
    NEED(s->in = arena_copy(&arena, c.in, (size_t)s->n_in * sizeof *s->in));
    NEED(s->out = arena_copy(&arena, c.out, (size_t)s->n_out * sizeof *s->out));
    return NULL;
}

struct status *ops_register(const struct op *rows)
{
    buffer_on_resource(resource_ref, resource_unref);
    for (; rows->name; rows++) {
        struct entry *e;
        if (n_entries == MAX_OPS || map_get(&by_name, rows->name))
            return status_new(INTERNAL, "Op %s: registered twice, or too many ops", rows->name);
        NEED(e = arena_new(&arena, struct entry));
        e->op = rows;
        TRY(sig_parse(rows, &e->sig));
        if (!map_put(&by_name, rows->name, e))
            return status_no_memory();
        entries[n_entries++] = e;
    }
    return NULL;
}
