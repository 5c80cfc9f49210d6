/* given.c - weft.h: attributes as builders are given them. Reading those of nodes: attr.c. */
#include "api/attr.h"
#include "build/device.h"

static struct status *types_in(struct given *b, const struct weft_attr *a, struct attr *to)
{
    const enum weft_dtype *types = a->p;
    int64_t *ints = arena_array(&b->tmp, int64_t, a->i);
    NEED(ints);
    for (int64_t i = 0; i < a->i; i++)
        ints[i] = types[i];
    *to = attr_types(a->name, ints, (int)a->i);
    return NULL;
}

static struct status *strings_in(struct given *b, const struct weft_attr *a, struct attr *to)
{
    const char *const *strings = a->p;
    struct text *texts = arena_array(&b->tmp, struct text, a->i);
    NEED(texts);
    for (int64_t i = 0; i < a->i; i++)
        texts[i] = (struct text){ strings[i], strlen(strings[i]) };
    *to = (struct attr){ a->name, ATTR_LIST + ATTR_STRING, { .texts = texts }, (int)a->i };
    return NULL;
}

static struct status *dims_in(const char *name, int64_t rank, const int64_t *dims,
                              struct shape *s)
{
    ENSURE(rank <= MAX_RANK, "Attr '%s': expected at most %d dimensions, got %lld", name,
           MAX_RANK, (long long)rank);
    s->rank = rank < 0 ? -1 : (int)rank;
    for (int i = 0; i < s->rank; i++)
        s->dim[i] = dims[i] < 0 ? -1 : dims[i];
    return NULL;
}

static struct status *shape_in_attr(struct given *b, const struct weft_attr *a, struct attr *to)
{
    struct shape *s = arena_new(&b->tmp, struct shape);
    NEED(s);
    *to = attr_shape(a->name, s);
    return dims_in(a->name, a->i, a->p, s);
}

static struct status *shapes_in(struct given *b, const struct weft_attr *a, struct attr *to)
{
    const struct weft_shape *shapes = a->p;
    struct shape *s = arena_array(&b->tmp, struct shape, a->i);
    NEED(s);
    *to = (struct attr){ a->name, ATTR_LIST + ATTR_SHAPE, { .shapes = s }, (int)a->i };
    for (int64_t i = 0; i < a->i; i++)
        TRY(dims_in(a->name, shapes[i].rank, shapes[i].dims, &s[i]));
    return NULL;
}

/* Borrowed, like all that is given. */
static struct status *tensors_in(struct given *b, const struct weft_attr *a, struct attr *to)
{
    const struct weft_tensor *const *boxes = a->p;
    struct tensor *t = arena_array(&b->tmp, struct tensor, a->i);
    NEED(t);
    *to = (struct attr){ a->name, ATTR_LIST + ATTR_TENSOR, { .tensors = t }, (int)a->i };
    for (int64_t i = 0; i < a->i; i++)
        t[i] = boxes[i]->t;
    return NULL;
}

static struct attr text_in(const struct weft_attr *a)
{
    const char *s = a->p ? a->p : "";
    size_t n = !a->p ? 0 : a->i < 0 ? strlen(s) : (size_t)a->i;
    return (struct attr){ a->name, ATTR_STRING, { .text = { s, n } }, 0 };
}

/* Functions by their names alone. */
static struct status *func_in(struct given *b, const struct weft_attr *a, struct attr *to)
{
    struct func *f = arena_new(&b->tmp, struct func);
    NEED(f);
    f->name = text_in(a).text;
    *to = (struct attr){ a->name, ATTR_FUNC, { .funcs = f }, 0 };
    return NULL;
}

static struct status *funcs_in(struct given *b, const struct weft_attr *a, struct attr *to)
{
    const char *const *names = a->p;
    struct func *f = arena_array(&b->tmp, struct func, a->i);
    NEED(f);
    for (int64_t i = 0; i < a->i; i++)
        f[i].name = (struct text){ names[i], strlen(names[i]) };
    *to = (struct attr){ a->name, ATTR_LIST + ATTR_FUNC, { .funcs = f }, (int)a->i };
    return NULL;
}

/* "" takes the node out of all device scopes. */
static struct status *device_in(struct given *b, const char *device)
{
    return device_merge(&b->tmp, "", device ? device : "", &b->device);
}

struct status *given_take(struct given *b, const struct weft_attr *a)
{
    struct attr *to = &b->attr[b->n_attr];
    int n = (int)a->i;
    switch (a->kind) {
    case WEFT_ATTR_NAME: b->name = a->p; return NULL;
    case WEFT_ATTR_CONTROL:
        if (a->p)
            b->after[b->n_after++] = node_in(a->p);
        return NULL;
    case WEFT_ATTR_DEVICE: return device_in(b, a->p);
    case WEFT_ATTR_BOOL: *to = attr_bool(a->name, a->i != 0); break;
    case WEFT_ATTR_INT: *to = attr_int(a->name, a->i); break;
    case WEFT_ATTR_FLOAT: *to = attr_float(a->name, a->f); break;
    case WEFT_ATTR_TYPE: *to = attr_type(a->name, (enum dtype)a->i); break;
    case WEFT_ATTR_STRING: *to = text_in(a); break;
    case WEFT_ATTR_FUNC: TRY(func_in(b, a, to)); break;
    case WEFT_ATTR_TENSOR:
        *to = attr_tensor(a->name, &((const struct weft_tensor *)a->p)->t);
        break;
    case WEFT_ATTR_INTS: *to = attr_ints(a->name, a->p, n); break;
    case WEFT_ATTR_BOOLS:
        *to = (struct attr){ a->name, ATTR_LIST + ATTR_BOOL, { .ints = a->p }, n };
        break;
    case WEFT_ATTR_FLOATS:
        *to = (struct attr){ a->name, ATTR_LIST + ATTR_FLOAT, { .floats = a->p }, n };
        break;
    case WEFT_ATTR_SHAPE: TRY(shape_in_attr(b, a, to)); break;
    case WEFT_ATTR_TYPES: TRY(types_in(b, a, to)); break;
    case WEFT_ATTR_STRINGS: TRY(strings_in(b, a, to)); break;
    case WEFT_ATTR_FUNCS: TRY(funcs_in(b, a, to)); break;
    case WEFT_ATTR_SHAPES: TRY(shapes_in(b, a, to)); break;
    case WEFT_ATTR_TENSORS: TRY(tensors_in(b, a, to)); break;
    default: return status_new(INVALID_ARGUMENT, "Attr '%s' is of no known kind", a->name);
    }
    b->n_attr++;
    return NULL;
}
