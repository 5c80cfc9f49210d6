#include "test/random_case.h"
#include "tensor/tstring.h"
#include "test/chance.h"

#include <math.h>
#include <stdlib.h>

#define COUNT(a) (int64_t)(sizeof(a) / sizeof *(a))

struct making {
    struct chance chance;
    struct op_case *c;
    const struct sig *sig;
};

static struct attr *attr_of(struct op_case *c, const char *name)
{
    for (int i = 0; i < c->n_attr; i++)
        if (!strcmp(c->attr[i].name, name))
            return &c->attr[i];
    return NULL;
}

/* ---- attributes ---- */

static bool can_be_made(enum dtype t)
{
    return dtype_size(t) && t != DT_RESOURCE && t != DT_VARIANT;
}

static enum dtype random_dtype(struct making *m, uint32_t allowed)
{
    enum dtype t;
    if (chance_is_absurd(&m->chance))
        return (enum dtype)chance_below(&m->chance, DT_COUNT + 1);
    do
        t = (enum dtype)(1 + chance_below(&m->chance, DT_COUNT - 1));
    while (!(allowed & DTYPE_BIT(t)));
    return t;
}

static struct text random_attr_text(struct making *m, const struct attr_def *d)
{
    size_t n;
    if (d->n_choice && !chance_is_absurd(&m->chance))
        return d->choice[chance_below(&m->chance, d->n_choice)];
    const char *s = chance_text(&m->chance, &n);
    return (struct text){ arena_strndup(&m->c->arena, s, n), n };
}

/* An attribute's shape may leave dimensions open, and claim any size. */
static struct shape random_attr_shape(struct making *m)
{
    struct shape s = chance_one_in(&m->chance, 10) ? SHAPE_UNKNOWN : chance_shape(&m->chance);
    for (int i = 0; i < s.rank; i++) {
        if (chance_one_in(&m->chance, 10))
            s.dim[i] = -1;
        if (chance_is_absurd(&m->chance))
            s.dim[i] = llabs(chance_int(&m->chance) / 2);
    }
    return s;
}

static int64_t random_attr_int(struct making *m, const struct attr_def *d)
{
    int64_t v = chance_int(&m->chance);
    return d->has_minimum && v < d->minimum && !chance_is_absurd(&m->chance) ? d->minimum : v;
}

static struct status *random_list_attr(struct making *m, const struct attr_def *d, struct attr *a)
{
    struct arena *arena = &m->c->arena;
    int most = chance_one_in(&m->chance, 9) ? 40 : 7;
    int n = chance_one_in(&m->chance, 2) ? 4 : (int)chance_below(&m->chance, most);
    int64_t *ints = arena_array(arena, int64_t, n + 1);
    double *floats = arena_array(arena, double, n + 1);
    struct text *texts = arena_array(arena, struct text, n + 1);
    struct shape *shapes = arena_array(arena, struct shape, n + 1);
    NEED(ints && floats && texts && shapes);
    for (int i = 0; i < n; i++) {
        ints[i] = a->kind == ATTR_LIST + ATTR_TYPE ? (int64_t)random_dtype(m, d->allowed)
                : a->kind == ATTR_LIST + ATTR_BOOL ? chance_below(&m->chance, 2)
                : chance_int(&m->chance);
        floats[i] = chance_float(&m->chance);
        texts[i] = random_attr_text(m, d);
        shapes[i] = random_attr_shape(m);
    }
    switch ((int)a->kind - ATTR_LIST) {
    case ATTR_FLOAT: a->floats = floats; break;
    case ATTR_STRING: a->texts = texts; break;
    case ATTR_SHAPE: a->shapes = shapes; break;
    case ATTR_TENSOR: case ATTR_FUNC: n = 0; break;
    default: a->ints = ints;
    }
    a->n = n;
    return NULL;
}

static struct status *random_attr(struct making *m, const struct attr_def *d, struct attr *a)
{
    struct shape *s, of_value;
    struct tensor *t;
    struct func *f;
    enum dtype dtype;
    *a = (struct attr){ .name = d->name, .kind = d->kind };
    switch ((int)d->kind) {
    case ATTR_BOOL: a->i = chance_one_in(&m->chance, 2); return NULL;
    case ATTR_INT: a->i = random_attr_int(m, d); return NULL;
    case ATTR_FLOAT: a->f = chance_float(&m->chance); return NULL;
    case ATTR_TYPE: a->i = random_dtype(m, d->allowed); return NULL;
    case ATTR_STRING: a->text = random_attr_text(m, d); return NULL;
    case ATTR_SHAPE:
        NEED(s = arena_new(&m->c->arena, struct shape));
        *s = random_attr_shape(m);
        a->shape = s;
        return NULL;
    case ATTR_TENSOR:
        NEED(t = arena_new(&m->c->arena, struct tensor));
        a->tensor = t;
        of_value = chance_shape(&m->chance);
        dtype = random_dtype(m, ~0u);
        return chance_tensor(&m->chance, can_be_made(dtype) ? dtype : DT_FLOAT, &of_value, t);
    case ATTR_FUNC:
        NEED(f = arena_new(&m->c->arena, struct func));
        f->name = (struct text){ "f", 1 };
        a->funcs = f;
        return NULL;
    default:
        return random_list_attr(m, d, a);
    }
}

/* Its value is now another: what it was is given back first. */
static struct status *set_random_attr(struct making *m, const struct attr_def *d)
{
    struct op_case *c = m->c;
    struct attr *a = attr_of(c, d->name);
    if (!a && c->n_attr == CASE_MOST)
        return NULL;
    if (!a)
        a = &c->attr[c->n_attr++];
    else
        attr_release(a);
    *a = (struct attr){ 0 };
    return random_attr(m, d, a);
}

/* ---- a case from the signature ---- */

/* A table's keys and values, of what the op says its own are. */
static struct status *fill_table(struct making *m, struct case_value *v)
{
    const struct attr *in = attr_of(m->c, "Tin"), *out = attr_of(m->c, "Tout");
    enum dtype keys = in ? (enum dtype)in->i : DT_STRING;
    enum dtype values = out ? (enum dtype)out->i : DT_INT64;
    struct shape n = SHAPE(chance_below(&m->chance, 6)), s = n;
    v->holder = chance_one_in(&m->chance, 2) ? IN_TABLE : IN_MUTABLE;
    v->dtype = can_be_made(keys) ? keys : DT_STRING;
    v->shape = n;
    if (chance_one_in(&m->chance, 8))
        s = chance_shape(&m->chance);
    TRY(chance_tensor(&m->chance, v->dtype, &n, &v->value));
    return chance_tensor(&m->chance, can_be_made(values) ? values : DT_INT64, &s, &v->beside);
}

/* The rows of anything that has some. */
static struct status *fill_dataset(struct making *m, struct case_value *v)
{
    static const enum dtype types[] = { DT_INT64, DT_FLOAT, DT_STRING, DT_BOOL };
    v->holder = IN_DATASET;
    v->dtype = types[chance_below(&m->chance, 4)];
    while (v->shape.rank < 1)
        v->shape = chance_shape(&m->chance);
    return chance_tensor(&m->chance, v->dtype, &v->shape, &v->value);
}

static struct status *add_input(struct making *m, const struct arg *arg, enum dtype t)
{
    struct op_case *c = m->c;
    struct case_value *v = &c->in[c->n_in];
    bool table = arg->name.n >= 5 && !memcmp(arg->name.s, "table", 5);
    if (c->n_in == CASE_MOST)
        return NULL;
    *v = (struct case_value){ .has_dtype = true, .dtype = t, .shape = chance_shape(&m->chance),
                              .holder = arg->ref ? IN_REF : IN_PLAIN };
    c->n_in++;
    if (table && !chance_one_in(&m->chance, 10))
        return fill_table(m, v);
    if (t == DT_VARIANT && !chance_one_in(&m->chance, 10))
        return fill_dataset(m, v);
    if (!can_be_made(t)) {
        const struct attr *said = attr_of(c, "dtype");
        v->holder = IN_VAR;
        v->dtype = said && can_be_made((enum dtype)said->i) ? (enum dtype)said->i : DT_FLOAT;
    }
    if (v->holder && chance_one_in(&m->chance, 20))
        return NULL;                    /* uninitialized */
    return chance_tensor(&m->chance, v->dtype, &v->shape, &v->value);
}

static struct status *add_inputs(struct making *m, const struct arg *arg, const enum dtype *type)
{
    const struct sig *s = m->sig;
    const struct attr *said = arg->number_attr >= 0 ? attr_of(m->c, s->attr[arg->number_attr].name)
                            : arg->list ? attr_of(m->c, s->attr[arg->type_attr].name) : NULL;
    int64_t n = arg->list ? said->n : said ? said->i : 1;
    for (int64_t i = 0; i < n && m->c->n_in < CASE_MOST; i++)
        TRY(add_input(m, arg, arg->list ? (enum dtype)said->ints[i]
                            : arg->type_attr >= 0 ? type[arg->type_attr] : dtype_base(arg->dtype)));
    return NULL;
}

/* A dtype that inputs bind is not said. */
static enum dtype choose_dtype(struct making *m, const struct attr_def *d)
{
    bool fallback = d->has_default && !d->inferred && chance_one_in(&m->chance, 2);
    enum dtype t = fallback ? (enum dtype)d->fallback.i : random_dtype(m, d->allowed);
    if (!d->inferred && m->c->n_attr < CASE_MOST)
        m->c->attr[m->c->n_attr++] = attr_type(d->name, t);
    return t;
}

static struct status *from_signature(struct making *m)
{
    enum dtype type[CASE_MOST] = { 0 };
    for (int i = 0; i < m->sig->n_attr; i++) {
        const struct attr_def *d = &m->sig->attr[i];
        bool omit = d->has_default && !d->inferred && chance_one_in(&m->chance, 2);
        if (d->kind == ATTR_TYPE)
            type[i] = choose_dtype(m, d);
        else if (!omit)
            TRY(set_random_attr(m, d));
    }
    for (int i = 0; i < m->sig->n_in; i++)
        TRY(add_inputs(m, &m->sig->in[i], type));
    return NULL;
}

/* ---- a case that is there, changed ---- */

/* Elements of `from`, over and over, in another shape or type. */
static struct status *remake(struct making *m, struct case_value *v, enum dtype t,
                             const struct shape *s)
{
    struct tensor new;
    int64_t had = tensor_count(&v->value);
    bool convert = t != v->value.dtype;
    struct status *st = chance_tensor(&m->chance, t, s, &new);
    for (int64_t i = 0; !st && had && i < tensor_count(&new); i++) {
        bool numbers = t != DT_STRING && v->value.dtype != DT_STRING && !dtype_is_complex(t) &&
                       !dtype_is_complex(v->value.dtype);
        if (!convert)
            st = tensor_copy_elements(&new, i, &v->value, i % had, 1);
        else if (numbers && fabs(tensor_double(&v->value, i % had)) < 100)
            tensor_set_double(&new, i, tensor_double(&v->value, i % had));
    }
    if (st)
        return st;
    tensor_unref(&v->value);
    v->value = new;
    v->dtype = t;
    v->shape = *s;
    return NULL;
}

static struct case_value *some_input(struct making *m)
{
    struct op_case *c = m->c;
    struct case_value *v = c->n_in ? &c->in[chance_below(&m->chance, c->n_in)] : NULL;
    bool plain = v && v->value.buf && !v->beside.buf;
    return plain && can_be_made(v->value.dtype) ? v : NULL;
}

static bool is_small(const struct making *m, const struct shape *s)
{
    struct status *st = shape_check(s);
    bool small = !st && shape_count(s) <= m->chance.most * 4;
    status_free(st);
    return small;
}

static struct status *change_shape(struct making *m)
{
    struct case_value *v = some_input(m);
    if (!v)
        return NULL;
    struct shape s = v->shape;
    int at = s.rank ? (int)chance_below(&m->chance, s.rank) : 0;
    switch (chance_below(&m->chance, 5)) {
    case 0: s = chance_shape(&m->chance); break;
    case 1:
        if (s.rank < MAX_RANK)
            s.dim[s.rank++] = chance_below(&m->chance, 3);
        break;
    case 2:
        if (s.rank)
            s.rank--;
        break;
    case 3: s.dim[at] = m->chance.dim[chance_below(&m->chance, CHANCE_DIMS)]; break;
    default: s.dim[at] += chance_below(&m->chance, 3) - 1;
    }
    return is_small(m, &s) ? remake(m, v, v->value.dtype, &s) : NULL;
}

/* A size that several inputs share becomes another one in all of them. */
static struct status *change_size(struct making *m)
{
    struct case_value *v = some_input(m);
    if (!v || !v->shape.rank)
        return NULL;
    int64_t from = v->shape.dim[chance_below(&m->chance, v->shape.rank)];
    int64_t to = m->chance.dim[chance_below(&m->chance, CHANCE_DIMS)];
    if (chance_one_in(&m->chance, 30))
        to = 300;
    for (int i = 0; i < m->c->n_in; i++) {
        struct shape s = m->c->in[i].shape;
        for (int k = 0; k < s.rank; k++)
            s.dim[k] = s.dim[k] == from ? to : s.dim[k];
        if (m->c->in[i].value.buf && is_small(m, &s))
            TRY(remake(m, &m->c->in[i], m->c->in[i].value.dtype, &s));
    }
    return NULL;
}

static struct status *change_values(struct making *m)
{
    struct case_value *v = some_input(m);
    int64_t n = v ? tensor_count(&v->value) : 0;
    struct tensor new;
    if (!n)
        return NULL;
    if (chance_one_in(&m->chance, 2)) {
        TRY(tensor_copy(&new, NULL, &v->value));
        tensor_unref(&v->value);
        v->value = new;
        return chance_element(&m->chance, &v->value, chance_below(&m->chance, n));
    }
    TRY(chance_tensor(&m->chance, v->value.dtype, &v->shape, &new));
    tensor_unref(&v->value);
    v->value = new;
    return NULL;
}

/* All inputs of one dtype get another. */
static struct status *change_dtype(struct making *m)
{
    struct case_value *v = some_input(m);
    if (!v)
        return NULL;
    enum dtype from = v->value.dtype;
    uint32_t any = ~DTYPE_BIT(DT_RESOURCE) & ~DTYPE_BIT(DT_VARIANT);
    enum dtype to = m->sig->n_attr && m->sig->attr[0].kind == ATTR_TYPE
                  ? random_dtype(m, m->sig->attr[0].allowed & any) : random_dtype(m, any);
    if (!can_be_made(to))
        return NULL;
    for (int i = 0; i < m->c->n_in; i++)
        if (m->c->in[i].value.buf && m->c->in[i].value.dtype == from)
            TRY(remake(m, &m->c->in[i], to, &m->c->in[i].shape));
    for (int i = 0; i < m->c->n_attr; i++)
        if (m->c->attr[i].kind == ATTR_TYPE && m->c->attr[i].i == from)
            m->c->attr[i].i = to;
    return NULL;
}

static struct status *change_attr(struct making *m)
{
    if (!m->sig->n_attr)
        return NULL;
    const struct attr_def *d = &m->sig->attr[chance_below(&m->chance, m->sig->n_attr)];
    struct attr *a = attr_of(m->c, d->name);
    bool list = a && a->kind >= ATTR_LIST && a->kind <= ATTR_LIST + ATTR_INT && a->n;
    if (d->inferred && !chance_is_absurd(&m->chance))
        return NULL;
    if (!list || chance_one_in(&m->chance, 3))
        return set_random_attr(m, d);
    int64_t *ints = arena_copy(&m->c->arena, a->ints, (size_t)a->n * sizeof *ints);
    NEED(ints);
    ints[chance_below(&m->chance, a->n)] = chance_int(&m->chance);
    a->ints = ints;
    return NULL;
}

/* Two inputs change places; one is forgotten, or there twice. */
static void change_inputs(struct making *m)
{
    struct op_case *c = m->c;
    if (!c->n_in)
        return;
    int a = (int)chance_below(&m->chance, c->n_in), b = (int)chance_below(&m->chance, c->n_in);
    struct case_value v = c->in[a];
    if (chance_one_in(&m->chance, 2)) {
        c->in[a] = c->in[b];
        c->in[b] = v;
    } else if (chance_one_in(&m->chance, 2)) {
        c->in[a] = c->in[--c->n_in];
        c->in[c->n_in] = (struct case_value){ 0 };
        tensor_unref(&v.value);
        tensor_unref(&v.beside);
    } else if (c->n_in < CASE_MOST) {
        v.value = tensor_ref(&v.value);
        v.beside = tensor_ref(&v.beside);
        c->in[c->n_in++] = v;
    }
}

static struct status *change(struct making *m)
{
    switch (chance_below(&m->chance, m->chance.absurd ? 12 : 11)) {
    case 0: case 1: case 2: return change_values(m);
    case 3: case 4: case 5: return change_shape(m);
    case 6: case 7: return change_size(m);
    case 8: return change_dtype(m);
    case 9: case 10: return change_attr(m);
    default: change_inputs(m); return NULL;
    }
}

static struct status *from_line(struct making *m, const char *line)
{
    int n = (int)chance_below(&m->chance, 5);
    TRY(case_parse(m->c, line));
    for (int i = 0; i < n; i++)
        TRY(change(m));
    return NULL;
}

/* Strings that might name a file elsewhere become names of files here. */
static void flatten_names(struct tensor *t)
{
    for (int64_t i = 0; t->buf && t->dtype == DT_STRING && i < tensor_count(t); i++) {
        struct tstring *s = (struct tstring *)t->data + i;
        for (char *p = (char *)tstring_data(s), *end = p + tstring_len(s); p < end; p++)
            if (*p == '/' || *p == '.')
                *p = '_';
    }
}

struct status *random_case(struct op_case *c, const struct op *op, char *const *line, int n_lines,
                           bool plain_text, uint64_t seed)
{
    struct making m = { .c = c, .sig = op_sig(op) };
    chance_init(&m.chance, seed);
    m.chance.plain_text = plain_text;
    *c = (struct op_case){ .file = "random", .op = op->name, .text = "" };
    struct status *st = n_lines && !chance_one_in(&m.chance, 3)
                      ? from_line(&m, line[chance_below(&m.chance, n_lines)]) : from_signature(&m);
    for (int i = 0; i < c->n_in && plain_text; i++)
        flatten_names(&c->in[i].value);
    return st;
}
