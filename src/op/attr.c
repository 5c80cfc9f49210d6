#include "op/attr.h"
#include "base/arena.h"

void attr_types_seal(int64_t *types, int n)
{
    enum dtype *narrow = (enum dtype *)(types + n);
    for (int i = 0; i < n; i++)
        narrow[i] = (enum dtype)types[i];
}

int64_t *attr_types_copy(struct arena *a, const int64_t *from, int n)
{
    int64_t *types = arena_alloc(a, (size_t)n * (sizeof(int64_t) + sizeof(enum dtype)));
    if (types && from && n) {
        memcpy(types, from, (size_t)n * sizeof *types);
        attr_types_seal(types, n);
    }
    return types;
}

static struct status *copy_texts(struct arena *a, struct text *to, const struct text *from, int n)
{
    for (int i = 0; i < n; i++) {
        to[i].n = from[i].n;
        NEED(to[i].s = arena_strndup(a, from[i].s, from[i].n));
    }
    return NULL;
}

static struct status *copy_funcs(struct arena *a, struct attr *to, const struct attr *from, int n)
{
    struct func *f = arena_array(a, struct func, n);
    NEED(f);
    to->funcs = f;
    for (int i = 0; i < n; i++) {
        const struct func *given = &from->funcs[i];
        struct attr *attr = arena_array(a, struct attr, given->n_attr);
        NEED(f[i].attr = attr);
        TRY(copy_texts(a, &f[i].name, &given->name, 1));
        for (; f[i].n_attr < given->n_attr; f[i].n_attr++) {
            struct attr *one = &attr[f[i].n_attr];
            NEED(one->name = arena_strdup(a, given->attr[f[i].n_attr].name));
            TRY(attr_copy(a, one, &given->attr[f[i].n_attr]));
        }
    }
    return NULL;
}

static struct status *copy_list(struct arena *a, struct attr *to, const struct attr *from)
{
    size_t n = (size_t)from->n;
    struct text *texts;
    struct tensor *tensors;
    switch ((int)from->kind - ATTR_LIST) {
    case ATTR_FLOAT:
        NEED(to->floats = arena_copy(a, from->floats, n * sizeof *from->floats));
        return NULL;
    case ATTR_SHAPE:
        NEED(to->shapes = arena_copy(a, from->shapes, n * sizeof *from->shapes));
        return NULL;
    case ATTR_FUNC:
        return copy_funcs(a, to, from, from->n);
    case ATTR_STRING:
        NEED(texts = arena_array(a, struct text, n));
        to->texts = texts;
        return copy_texts(a, texts, from->texts, from->n);
    case ATTR_TYPE:
        NEED(to->ints = attr_types_copy(a, from->ints, from->n));
        return NULL;
    case ATTR_TENSOR:
        NEED(tensors = arena_array(a, struct tensor, n));
        to->tensors = tensors;
        for (size_t i = 0; i < n; i++)
            TRY(tensor_keep(&tensors[i], NULL, &from->tensors[i]));
        return NULL;
    default:
        NEED(to->ints = arena_copy(a, from->ints, n * sizeof *from->ints));
        return NULL;
    }
}

struct status *attr_copy(struct arena *a, struct attr *to, const struct attr *from)
{
    struct text *text = &to->text;
    struct tensor *t;
    const char *name = to->name;
    *to = *from;
    to->name = name;
    if (from->kind % ATTR_LIST == ATTR_TENSOR || from->kind % ATTR_LIST == ATTR_FUNC)
        to->tensor = NULL;              /* nothing to release until there is a copy */
    if (from->kind >= ATTR_LIST)
        return copy_list(a, to, from);
    if (from->kind == ATTR_STRING)
        return copy_texts(a, text, &from->text, 1);
    if (from->kind == ATTR_FUNC)
        return copy_funcs(a, to, from, 1);
    if (from->kind == ATTR_SHAPE)
        NEED(to->shape = arena_copy(a, from->shape, sizeof *from->shape));
    if (from->kind == ATTR_TENSOR) {
        NEED(t = arena_new(a, struct tensor));
        TRY(tensor_keep(t, NULL, from->tensor));
        to->tensor = t;
    }
    return NULL;
}

static void release_given(const struct func *f)
{
    for (int i = 0; i < f->n_attr; i++)
        attr_release((struct attr *)&f->attr[i]);
}

void attr_release(struct attr *a)
{
    int n = a->kind >= ATTR_LIST ? a->n : 1;
    for (int i = 0; a->kind % ATTR_LIST == ATTR_FUNC && a->funcs && i < n; i++)
        release_given(&a->funcs[i]);
    if (a->kind == ATTR_TENSOR && a->tensor)
        tensor_unref((struct tensor *)a->tensor);
    if (a->kind == ATTR_LIST + ATTR_TENSOR && a->tensors)
        for (int i = 0; i < a->n; i++)
            tensor_unref((struct tensor *)&a->tensors[i]);
}

static bool tensor_equal(const struct tensor *a, const struct tensor *b)
{
    return a->dtype == b->dtype && shape_equal(&a->shape, &b->shape) &&
           (a->data == b->data || (a->dtype != DT_STRING &&
                                   !memcmp(a->data, b->data, tensor_bytes(a))));
}

static bool text_equal(const struct text *a, const struct text *b)
{
    return a->n == b->n && !memcmp(a->s, b->s, a->n);
}

static bool func_equal(const struct func *a, const struct func *b)
{
    bool same = text_equal(&a->name, &b->name) && a->n_attr == b->n_attr;
    for (int i = 0; same && i < a->n_attr; i++)
        same = !strcmp(a->attr[i].name, b->attr[i].name) && attr_equal(&a->attr[i], &b->attr[i]);
    return same;
}

static bool list_equal(const struct attr *a, const struct attr *b)
{
    bool same = a->n == b->n;
    for (int i = 0; same && i < a->n; i++)
        switch ((int)a->kind - ATTR_LIST) {
        case ATTR_FLOAT: same = a->floats[i] == b->floats[i]; break;
        case ATTR_SHAPE: same = shape_equal(&a->shapes[i], &b->shapes[i]); break;
        case ATTR_STRING: same = text_equal(&a->texts[i], &b->texts[i]); break;
        case ATTR_FUNC: same = func_equal(&a->funcs[i], &b->funcs[i]); break;
        case ATTR_TENSOR: same = tensor_equal(&a->tensors[i], &b->tensors[i]); break;
        default: same = a->ints[i] == b->ints[i];
        }
    return same;
}

bool attr_equal(const struct attr *a, const struct attr *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind >= ATTR_LIST)
        return list_equal(a, b);
    switch (a->kind) {
    case ATTR_NONE: return true;
    case ATTR_FLOAT: return a->f == b->f;
    case ATTR_STRING: return text_equal(&a->text, &b->text);
    case ATTR_FUNC: return func_equal(a->funcs, b->funcs);
    case ATTR_SHAPE: return shape_equal(a->shape, b->shape);
    case ATTR_TENSOR: return tensor_equal(a->tensor, b->tensor);
    default: return a->i == b->i;
    }
}

const char *attr_kind_name(enum attr_kind kind)
{
    static const char *const names[] = {
        [ATTR_NONE] = "none", [ATTR_BOOL] = "bool", [ATTR_INT] = "int", [ATTR_FLOAT] = "float",
        [ATTR_TYPE] = "type", [ATTR_STRING] = "string", [ATTR_SHAPE] = "shape",
        [ATTR_TENSOR] = "tensor", [ATTR_FUNC] = "func",
    };
    static const char *const lists[] = {
        [ATTR_NONE] = "list", [ATTR_BOOL] = "list(bool)", [ATTR_INT] = "list(int)",
        [ATTR_FLOAT] = "list(float)", [ATTR_TYPE] = "list(type)", [ATTR_STRING] = "list(string)",
        [ATTR_SHAPE] = "list(shape)", [ATTR_TENSOR] = "list(tensor)", [ATTR_FUNC] = "list(func)",
    };
    return kind >= ATTR_LIST ? lists[kind - ATTR_LIST] : names[kind];
}

const struct text *attr_text_at(const struct attr *a, int i)
{
    if (a->kind % ATTR_LIST == ATTR_FUNC)
        return &a->funcs[i].name;
    return a->kind >= ATTR_LIST ? &a->texts[i] : &a->text;
}
