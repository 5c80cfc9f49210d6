/* attr_proto.c - attributes to and from their messages. */
#include "graph/proto.h"

/* Texts must end in NUL besides having a length. */
static struct status *text_from(struct arena *a, const void *s, size_t n, struct text *t)
{
    NEED(t->s = arena_strndup(a, s, n));
    t->n = n;
    return NULL;
}

static struct status *texts_from(struct arena *a, const Wire__AttrValue__ListValue *m,
                                 struct attr *to)
{
    struct text *t = arena_array(a, struct text, to->n);
    NEED(t);
    to->texts = t;
    for (int i = 0; i < to->n; i++)
        TRY(text_from(a, m->s[i].data, m->s[i].len, &t[i]));
    return NULL;
}

/* A function, and the attributes that it is given. */
static struct status *func_from(struct arena *a, const Wire__NameAttrList *m, struct func *f)
{
    struct attr *attr = arena_array(a, struct attr, m->n_attr);
    NEED(f->attr = attr);
    TRY(text_from(a, m->name, strlen(m->name), &f->name));
    for (size_t i = 0; i < m->n_attr; i++) {
        const Wire__NameAttrList__AttrEntry *e = m->attr[i];
        ENSURE(e->value, "function '%s': attribute '%s' has no value", m->name, e->key);
        NEED(attr[f->n_attr].name = arena_strdup(a, e->key));
        TRY(attr_from_proto(a, e->value, ATTR_NONE, &attr[f->n_attr++]));
    }
    return NULL;
}

static struct status *funcs_from(struct arena *a, Wire__NameAttrList *const *m, int n,
                                 struct attr *to)
{
    struct func *f = arena_array(a, struct func, n);
    NEED(to->funcs = f);
    for (int i = 0; i < n; i++)
        TRY(func_from(a, m[i], &f[i]));
    return NULL;
}

static struct status *numbers_from(struct arena *a, const Wire__AttrValue__ListValue *m,
                                   struct attr *to)
{
    int64_t *v = arena_array(a, int64_t, to->n);
    NEED(v);
    to->ints = v;
    for (int i = 0; i < to->n; i++)
        v[i] = to->kind == ATTR_LIST + ATTR_INT ? m->i[i]
             : to->kind == ATTR_LIST + ATTR_BOOL ? m->b[i] : (int64_t)m->type[i];
    return NULL;
}

static struct status *floats_from(struct arena *a, const Wire__AttrValue__ListValue *m,
                                  struct attr *to)
{
    double *v = arena_array(a, double, to->n);
    NEED(v);
    to->floats = v;
    for (int i = 0; i < to->n; i++)
        v[i] = m->f[i];
    return NULL;
}

static struct status *shapes_from(struct arena *a, const Wire__AttrValue__ListValue *m,
                                  struct attr *to)
{
    struct shape *s = arena_array(a, struct shape, to->n);
    NEED(s);
    to->shapes = s;
    for (int i = 0; i < to->n; i++)
        TRY(shape_from_proto(m->shape[i], &s[i]));
    return NULL;
}

static struct status *tensors_from(struct arena *a, const Wire__AttrValue__ListValue *m,
                                   struct attr *to)
{
    struct tensor *t = arena_array(a, struct tensor, to->n);
    NEED(t);
    to->tensors = t;
    for (int i = 0; i < to->n; i++)
        TRY(tensor_from_proto(m->tensor[i], &t[i]));
    return NULL;
}

/* A list's kind is that of the field which has something. */
static enum attr_kind list_kind(const Wire__AttrValue__ListValue *m, size_t *n)
{
    const struct { enum attr_kind kind; size_t n; } field[] = {
        { ATTR_STRING, m->n_s }, { ATTR_INT, m->n_i }, { ATTR_FLOAT, m->n_f },
        { ATTR_BOOL, m->n_b }, { ATTR_TYPE, m->n_type }, { ATTR_SHAPE, m->n_shape },
        { ATTR_TENSOR, m->n_tensor }, { ATTR_FUNC, m->n_func },
    };
    *n = 0;
    for (size_t i = 0; i < sizeof field / sizeof *field; i++)
        if (field[i].n) {
            *n = field[i].n;
            return ATTR_LIST + field[i].kind;
        }
    return ATTR_NONE;
}

static struct status *list_from(struct arena *a, const Wire__AttrValue__ListValue *m,
                                enum attr_kind kind,
                                struct attr *to)
{
    size_t n;
    to->kind = list_kind(m, &n);
    if (!to->kind)
        to->kind = kind >= ATTR_LIST ? kind : ATTR_LIST + ATTR_INT;
    ENSURE(n <= INT32_MAX, "A list of %zu values is too long", n);
    to->n = (int)n;
    switch (to->kind - ATTR_LIST) {
    case ATTR_STRING: return texts_from(a, m, to);
    case ATTR_FUNC: return funcs_from(a, m->func, to->n, to);
    case ATTR_FLOAT: return floats_from(a, m, to);
    case ATTR_SHAPE: return shapes_from(a, m, to);
    case ATTR_TENSOR: return tensors_from(a, m, to);
    default: return numbers_from(a, m, to);
    }
}

static struct status *number_from(struct attr *to, enum attr_kind kind, int64_t i)
{
    to->kind = kind;
    to->i = i;
    return NULL;
}

static struct status *shape_from(struct arena *a, const Wire__TensorShapeProto *m, struct attr *to)
{
    struct shape *s = arena_new(a, struct shape);
    NEED(s);
    to->kind = ATTR_SHAPE;
    to->shape = s;
    return shape_from_proto(m, s);
}

static struct status *tensor_from(struct arena *a, const Wire__TensorProto *m, struct attr *to)
{
    struct tensor *t = arena_new(a, struct tensor);
    NEED(t);
    to->kind = ATTR_TENSOR;
    to->tensor = t;
    return tensor_from_proto(m, t);
}

struct status *attr_from_proto(struct arena *a, const Wire__AttrValue *m, enum attr_kind kind,
                               struct attr *to)
{
    *to = (struct attr){ .name = to->name };
    switch (m->value_case) {
    case WIRE__ATTR_VALUE__VALUE_LIST:
        return list_from(a, m->list, kind, to);
    case WIRE__ATTR_VALUE__VALUE_S:
        to->kind = ATTR_STRING;
        return text_from(a, m->s.data, m->s.len, &to->text);
    case WIRE__ATTR_VALUE__VALUE_I:
        return number_from(to, ATTR_INT, m->i);
    case WIRE__ATTR_VALUE__VALUE_B:
        return number_from(to, ATTR_BOOL, m->b != 0);
    case WIRE__ATTR_VALUE__VALUE_TYPE:
        return number_from(to, ATTR_TYPE, m->type);
    case WIRE__ATTR_VALUE__VALUE_F:
        to->kind = ATTR_FLOAT;
        to->f = m->f;
        return NULL;
    case WIRE__ATTR_VALUE__VALUE_SHAPE:
        return shape_from(a, m->shape, to);
    case WIRE__ATTR_VALUE__VALUE_TENSOR:
        return tensor_from(a, m->tensor, to);
    case WIRE__ATTR_VALUE__VALUE_FUNC:
        to->kind = ATTR_FUNC;
        return funcs_from(a, &m->func, 1, to);
    default:
        return status_new(INVALID_ARGUMENT, "attribute without a value");
    }
}

/* ---- out ---- */

static struct status *function_to(struct arena *a, const struct func *f, Wire__NameAttrList **to)
{
    NEED(*to = arena_new(a, Wire__NameAttrList));
    Wire__NameAttrList *m = *to;
    wire__name_attr_list__init(m);
    m->name = (char *)f->name.s;
    NEED(m->attr = arena_array(a, Wire__NameAttrList__AttrEntry *, f->n_attr));
    for (int i = 0; i < f->n_attr; i++) {
        Wire__NameAttrList__AttrEntry *e = arena_new(a, Wire__NameAttrList__AttrEntry);
        NEED(m->attr[m->n_attr++] = e);
        wire__name_attr_list__attr_entry__init(e);
        e->key = (char *)f->attr[i].name;
        TRY(attr_to_proto(a, &f->attr[i], &e->value));
    }
    return NULL;
}

static struct status *texts_to(struct arena *a, const struct attr *from,
                               Wire__AttrValue__ListValue *m)
{
    if (from->kind == ATTR_LIST + ATTR_STRING) {
        m->n_s = (size_t)from->n;
        NEED(m->s = arena_array(a, ProtobufCBinaryData, from->n));
        for (int i = 0; i < from->n; i++)
            m->s[i] = (ProtobufCBinaryData){ from->texts[i].n, (uint8_t *)from->texts[i].s };
        return NULL;
    }
    m->n_func = (size_t)from->n;
    NEED(m->func = arena_array(a, Wire__NameAttrList *, from->n));
    for (int i = 0; i < from->n; i++)
        TRY(function_to(a, &from->funcs[i], &m->func[i]));
    return NULL;
}

static struct status *numbers_to(struct arena *a, const struct attr *from,
                                 Wire__AttrValue__ListValue *m)
{
    size_t n = (size_t)from->n;
    switch (from->kind - ATTR_LIST) {
    case ATTR_INT:
        m->n_i = n;
        m->i = (int64_t *)from->ints;
        return NULL;
    case ATTR_BOOL:
        m->n_b = n;
        NEED(m->b = arena_array(a, protobuf_c_boolean, n));
        for (size_t i = 0; i < n; i++)
            m->b[i] = from->ints[i] != 0;
        return NULL;
    case ATTR_TYPE:
        m->n_type = n;
        NEED(m->type = arena_array(a, Wire__DataType, n));
        for (size_t i = 0; i < n; i++)
            m->type[i] = (Wire__DataType)from->ints[i];
        return NULL;
    default:
        m->n_f = n;
        NEED(m->f = arena_array(a, float, n));
        for (size_t i = 0; i < n; i++)
            m->f[i] = (float)from->floats[i];
        return NULL;
    }
}

static struct status *messages_to(struct arena *a, const struct attr *from,
                                  Wire__AttrValue__ListValue *m)
{
    if (from->kind == ATTR_LIST + ATTR_SHAPE) {
        m->n_shape = (size_t)from->n;
        NEED(m->shape = arena_array(a, Wire__TensorShapeProto *, from->n));
        for (int i = 0; i < from->n; i++)
            TRY(shape_to_proto(a, &from->shapes[i], &m->shape[i]));
        return NULL;
    }
    m->n_tensor = (size_t)from->n;
    NEED(m->tensor = arena_array(a, Wire__TensorProto *, from->n));
    for (int i = 0; i < from->n; i++)
        TRY(tensor_to_proto(a, &from->tensors[i], &m->tensor[i]));
    return NULL;
}

static struct status *list_to(struct arena *a, const struct attr *from, Wire__AttrValue *m)
{
    m->value_case = WIRE__ATTR_VALUE__VALUE_LIST;
    NEED(m->list = arena_new(a, Wire__AttrValue__ListValue));
    wire__attr_value__list_value__init(m->list);
    switch (from->kind - ATTR_LIST) {
    case ATTR_STRING: case ATTR_FUNC: return texts_to(a, from, m->list);
    case ATTR_SHAPE: case ATTR_TENSOR: return messages_to(a, from, m->list);
    default: return numbers_to(a, from, m->list);
    }
}

struct status *attr_to_proto(struct arena *a, const struct attr *from, Wire__AttrValue **to)
{
    NEED(*to = arena_new(a, Wire__AttrValue));
    Wire__AttrValue *m = *to;
    wire__attr_value__init(m);
    if (from->kind >= ATTR_LIST)
        return list_to(a, from, m);
    switch (from->kind) {
    case ATTR_BOOL:
        m->value_case = WIRE__ATTR_VALUE__VALUE_B;
        m->b = from->i != 0;
        return NULL;
    case ATTR_INT:
        m->value_case = WIRE__ATTR_VALUE__VALUE_I;
        m->i = from->i;
        return NULL;
    case ATTR_TYPE:
        m->value_case = WIRE__ATTR_VALUE__VALUE_TYPE;
        m->type = (Wire__DataType)from->i;
        return NULL;
    case ATTR_FLOAT:
        m->value_case = WIRE__ATTR_VALUE__VALUE_F;
        m->f = (float)from->f;
        return NULL;
    case ATTR_STRING:
        m->value_case = WIRE__ATTR_VALUE__VALUE_S;
        m->s = (ProtobufCBinaryData){ from->text.n, (uint8_t *)from->text.s };
        return NULL;
    case ATTR_FUNC:
        m->value_case = WIRE__ATTR_VALUE__VALUE_FUNC;
        return function_to(a, from->funcs, &m->func);
    case ATTR_SHAPE:
        m->value_case = WIRE__ATTR_VALUE__VALUE_SHAPE;
        return shape_to_proto(a, from->shape, &m->shape);
    default:
        m->value_case = WIRE__ATTR_VALUE__VALUE_TENSOR;
        return tensor_to_proto(a, from->tensor, &m->tensor);
    }
}
