/* attr.c - weft.h: reading the attributes of nodes. Adding them: given.c. */
#include "api/attr.h"

enum weft_attr_kind attr_kind_out(enum attr_kind kind)
{
    static const enum weft_attr_kind kinds[] = {
        [ATTR_BOOL] = WEFT_ATTR_BOOL, [ATTR_INT] = WEFT_ATTR_INT, [ATTR_FLOAT] = WEFT_ATTR_FLOAT,
        [ATTR_TYPE] = WEFT_ATTR_TYPE, [ATTR_STRING] = WEFT_ATTR_STRING,
        [ATTR_SHAPE] = WEFT_ATTR_SHAPE, [ATTR_TENSOR] = WEFT_ATTR_TENSOR,
        [ATTR_FUNC] = WEFT_ATTR_FUNC,
        [ATTR_LIST + ATTR_BOOL] = WEFT_ATTR_BOOLS, [ATTR_LIST + ATTR_INT] = WEFT_ATTR_INTS,
        [ATTR_LIST + ATTR_FLOAT] = WEFT_ATTR_FLOATS, [ATTR_LIST + ATTR_TYPE] = WEFT_ATTR_TYPES,
        [ATTR_LIST + ATTR_STRING] = WEFT_ATTR_STRINGS,
        [ATTR_LIST + ATTR_SHAPE] = WEFT_ATTR_SHAPES,
        [ATTR_LIST + ATTR_TENSOR] = WEFT_ATTR_TENSORS,
        [ATTR_LIST + ATTR_FUNC] = WEFT_ATTR_FUNCS,
    };
    return kinds[kind];
}

struct weft_attr attr_out(const struct attr *a)
{
    struct weft_attr to = { attr_kind_out(a->kind), a->name, a->n, 0, NULL };
    switch ((int)a->kind) {
    case ATTR_BOOL: case ATTR_INT: case ATTR_TYPE: to.i = a->i; break;
    case ATTR_FLOAT: to.f = a->f; break;
    case ATTR_FUNC:
        if (!a->funcs)                  /* an op has none to fall back on */
            break;
        to.i = (int64_t)a->funcs->name.n;
        to.p = a->funcs->name.s;
        break;
    case ATTR_STRING:
        to.i = (int64_t)attr_text_at(a, 0)->n;
        to.p = attr_text_at(a, 0)->s;
        break;
    case ATTR_SHAPE:
        to.i = a->shape ? a->shape->rank : -1;
        to.p = a->shape ? a->shape->dim : NULL;
        break;
    case ATTR_LIST + ATTR_BOOL: case ATTR_LIST + ATTR_INT: to.p = a->ints; break;
    case ATTR_LIST + ATTR_FLOAT: to.p = a->floats; break;
    case ATTR_LIST + ATTR_TYPE: to.p = a->ints ? attr_dtypes(a) : NULL; break;
    }
    return to;
}

int weft_node_attrs(const struct weft_node *n) { return node_in(n)->n_attr; }

const char *weft_node_attr_name(const struct weft_node *n, int i)
{
    return i >= 0 && i < node_in(n)->n_attr ? node_in(n)->attr[i].name : NULL;
}

static struct status *find_attr(const struct node *n, const char *name, const struct attr **a)
{
    *a = node_attr_find(n, name);
    if (!*a)
        return status_new(NOT_FOUND, "Operation '%s' has no attr named '%s'.", n->name, name);
    return NULL;
}

static struct status *whole_attr(const struct node *n, const char *name, struct weft_attr *value)
{
    const struct attr *a;
    TRY(find_attr(n, name, &a));
    *value = attr_out(a);
    return NULL;
}

struct weft_status *weft_node_attr(const struct weft_node *n, const char *attr,
                                   struct weft_attr *value)
{
    return status_out(whole_attr(node_in(n), attr, value));
}

static struct status *attr_number(const struct node *n, const char *name, double *result)
{
    const struct attr *a;
    TRY(find_attr(n, name, &a));
    ENSURE(a->kind >= ATTR_BOOL && a->kind <= ATTR_TYPE, "Attr '%s' of '%s' is a %s, not a number",
           name, n->name, attr_kind_name(a->kind));
    *result = a->kind == ATTR_FLOAT ? a->f : (double)a->i;
    return NULL;
}

struct weft_status *weft_node_number(const struct weft_node *n, const char *attr, double *result)
{
    return status_out(attr_number(node_in(n), attr, result));
}

/* ---- elements of lists; a single value is one of one ---- */

/* An attribute of either of these kinds that has an element i. */
static struct status *find_element(const struct node *n, const char *name, enum attr_kind one,
                                   enum attr_kind other, int i, const struct attr **a)
{
    TRY(find_attr(n, name, a));
    enum attr_kind kind = (*a)->kind % ATTR_LIST;
    ENSURE(kind == one || kind == other, "Attr '%s' of '%s' is a %s, not a %s", name, n->name,
           attr_kind_name((*a)->kind), attr_kind_name(one));
    int count = (*a)->kind >= ATTR_LIST ? (*a)->n : 1;
    ENSURE(i >= 0 && i < count, "Attr '%s' of '%s' has no element %d of %d", name, n->name, i,
           count);
    return NULL;
}

static struct status *attr_text(const struct node *n, const char *name, int i, const char **bytes,
                                size_t *length)
{
    const struct attr *a;
    TRY(find_element(n, name, ATTR_STRING, ATTR_FUNC, i, &a));
    const struct text *t = attr_text_at(a, i);
    *bytes = t->s;
    if (length)
        *length = t->n;
    return NULL;
}

struct weft_status *weft_node_attr_string(const struct weft_node *n, const char *attr, int i,
                                          const char **bytes, size_t *length)
{
    return status_out(attr_text(node_in(n), attr, i, bytes, length));
}

struct weft_status *weft_node_text(const struct weft_node *n, const char *attr,
                                   const char **bytes, size_t *length)
{
    return status_out(attr_text(node_in(n), attr, 0, bytes, length));
}

static struct status *attr_dims(const struct node *n, const char *name, int i, int *rank,
                                int64_t *dims)
{
    const struct attr *a;
    TRY(find_element(n, name, ATTR_SHAPE, ATTR_SHAPE, i, &a));
    const struct shape *s = a->kind >= ATTR_LIST ? &a->shapes[i] : a->shape;
    *rank = s->rank;
    for (int k = 0; k < s->rank; k++)
        dims[k] = s->dim[k];
    return NULL;
}

struct weft_status *weft_node_attr_shape(const struct weft_node *n, const char *attr, int i,
                                         int *rank, int64_t dims[WEFT_MAX_RANK])
{
    return status_out(attr_dims(node_in(n), attr, i, rank, dims));
}

static struct status *attr_value(const struct node *n, const char *name, int i,
                                 struct weft_tensor **value)
{
    const struct attr *a;
    TRY(find_element(n, name, ATTR_TENSOR, ATTR_TENSOR, i, &a));
    const struct tensor *t = a->kind >= ATTR_LIST ? &a->tensors[i] : a->tensor;
    NEED(*value = tensor_box(NULL, tensor_ref(t)));
    return NULL;
}

struct weft_status *weft_node_attr_tensor(const struct weft_node *n, const char *attr, int i,
                                          struct weft_tensor **value)
{
    return status_out(attr_value(node_in(n), attr, i, value));
}
