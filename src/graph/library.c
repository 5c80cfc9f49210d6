#include "graph/library.h"
#include "base/mem.h"
#include "graph/function.h"
#include "graph/proto.h"

struct library {
    struct map by_name;
    struct function **function;
    int n, cap;
};

const struct function *library_find(const struct graph *g, const char *name)
{
    const struct library *l = g->outer ? g->outer->library : g->library;
    return l ? map_get(&l->by_name, name) : NULL;
}

int library_count(const struct graph *g) { return g->library ? g->library->n : 0; }
const struct function *library_at(const struct graph *g, int i) { return g->library->function[i]; }

void library_free(struct library *l)
{
    if (!l)
        return;
    for (int i = 0; i < l->n; i++)
        function_forget(l->function[i]);
    map_free(&l->by_name);
    mem_free(l->function);
    mem_free(l);
}

void library_truncate(struct graph *g, int n)
{
    while (library_count(g) > n) {
        struct function *f = g->library->function[--g->library->n];
        function_forget(f);
        map_remove(&g->library->by_name, f->def->signature->name);
    }
}

/* ---- functions in ---- */

/* Maps have no order: what is equal has equal bytes once they are sorted. */
static struct status *bytes_of(const Wire__FunctionDef *m, void **bytes, size_t *n)
{
    wire_sort_maps((ProtobufCMessage *)&m->base);
    return wire_encode(&m->base, bytes, n);
}

static struct status *same_function(const Wire__FunctionDef *a, const Wire__FunctionDef *b)
{
    void *bytes = NULL, *others = NULL;
    size_t n = 0, m = 0;
    struct status *st = bytes_of(a, &bytes, &n);
    if (!st)
        st = bytes_of(b, &others, &m);
    if (!st && (n != m || memcmp(bytes, others, n)))
        st = status_new(INVALID_ARGUMENT, "Cannot add function '%s' because a different function "
                        "with the same name already exists.", a->signature->name);
    mem_free(bytes);
    mem_free(others);
    return st;
}

static struct status *function_copy(struct graph *g, const Wire__FunctionDef *m,
                                    Wire__FunctionDef **copy)
{
    void *bytes;
    size_t n;
    TRY(bytes_of(m, &bytes, &n));
    struct status *st = wire_decode(&g->arena, &wire__function_def__descriptor, bytes, n, copy);
    mem_free(bytes);
    return st;
}

static struct status *room_for_one(struct graph *g)
{
    if (!g->library)
        NEED(g->library = mem_new(struct library));
    struct library *l = g->library;
    if (l->n < l->cap)
        return NULL;
    int cap = l->cap ? 2 * l->cap : 8;
    struct function **grown = mem_grow(l->function, (size_t)cap * sizeof *grown);
    NEED(grown);
    l->function = grown;
    l->cap = cap;
    return NULL;
}

static struct status *add_function(struct graph *g, const Wire__FunctionDef *m)
{
    ENSURE(m->signature && *m->signature->name, "A function has no name");
    const struct function *there = library_find(g, m->signature->name);
    if (there)
        return same_function(m, there->def);
    ENSURE(!op_find(m->signature->name), "Cannot add function '%s' because an op with the same "
           "name already exists.", m->signature->name);
    Wire__FunctionDef *copy;
    struct function *f = arena_new(&g->arena, struct function);
    NEED(f);
    TRY(room_for_one(g));
    TRY(function_copy(g, m, &copy));
    f->def = copy;
    TRY(op_from_proto(&g->arena, f->def->signature, &f->op));
    ((struct op *)f->op)->flags |= OP_CALL;
    ((struct op *)f->op)->grad = function_grad;
    if (!map_put(&g->library->by_name, f->def->signature->name, f))
        return status_no_memory();
    f->index = g->library->n;
    g->library->function[g->library->n++] = f;
    return NULL;
}

/* ---- gradients in: a function may be added with one, and gain none afterwards ---- */

static struct status *add_gradient(struct graph *g, const Wire__GradientDef *m, int before)
{
    struct function *f = (struct function *)library_find(g, m->function_name);
    ENSURE(f, "Gradient function '%s' is that of '%s', which is not in the library",
           m->gradient_func, m->function_name);
    if (f->index >= before && !f->gradient) {
        NEED(f->gradient = arena_strdup(&g->arena, m->gradient_func));
        return NULL;
    }
    ENSURE(f->gradient && !strcmp(f->gradient, m->gradient_func), "Cannot assign gradient function "
           "'%s' to '%s' because it already has gradient function '%s'", m->gradient_func,
           m->function_name, f->gradient ? f->gradient : "");
    return NULL;
}

struct status *library_merge(struct graph *g, const Wire__FunctionDefLibrary *m)
{
    int before = library_count(g);
    struct status *st = NULL;
    for (size_t i = 0; m && i < m->n_function && !st; i++)
        st = add_function(g, m->function[i]);
    for (size_t i = 0; m && i < m->n_gradient && !st; i++)
        st = add_gradient(g, m->gradient[i], before);
    if (st)
        library_truncate(g, before);
    return st;
}

static struct status *add_one(struct arena *a, struct graph *g, const void *bytes, size_t n,
                              const char *gradient, const char **name)
{
    Wire__FunctionDef *f;
    Wire__GradientDef d = WIRE__GRADIENT_DEF__INIT, *gradients = &d;
    Wire__FunctionDefLibrary m = WIRE__FUNCTION_DEF_LIBRARY__INIT;
    TRY(status_prefix(wire_decode(a, &wire__function_def__descriptor, bytes, n, &f),
                      "Invalid FunctionDef: "));
    m.function = &f;
    m.n_function = 1;
    m.gradient = &gradients;
    m.n_gradient = gradient ? 1 : 0;
    d.function_name = f->signature ? f->signature->name : "";
    d.gradient_func = (char *)gradient;
    TRY(library_merge(g, &m));
    if (name)
        *name = library_find(g, d.function_name)->op->name;
    return NULL;
}

struct status *library_add(struct graph *g, const void *bytes, size_t n, const char *gradient,
                           const char **name)
{
    struct arena a = { 0 };
    graph_lock(g);
    struct status *st = add_one(&a, g, bytes, n, gradient, name);
    graph_unlock(g);
    arena_free(&a);
    return st;
}

struct status *library_export(struct graph *g, const char *name, void **bytes, size_t *n)
{
    graph_lock(g);
    const struct function *f = library_find(g, name);
    struct status *st = f ? bytes_of(f->def, bytes, n)
                          : status_new(NOT_FOUND, "Function %s is not defined.", name);
    graph_unlock(g);
    return st;
}

/* ---- out ---- */

static struct status *add_gradient_to(struct arena *a, const struct function *f,
                                      Wire__FunctionDefLibrary *m)
{
    Wire__GradientDef *d = arena_new(a, Wire__GradientDef);
    NEED(m->gradient[m->n_gradient++] = d);
    wire__gradient_def__init(d);
    d->function_name = f->def->signature->name;
    d->gradient_func = (char *)f->gradient;
    return NULL;
}

struct status *library_to_proto(struct arena *a, const struct graph *g,
                                Wire__FunctionDefLibrary **to)
{
    int n = library_count(g);
    *to = NULL;
    if (!n)
        return NULL;
    Wire__FunctionDefLibrary *m = arena_new(a, Wire__FunctionDefLibrary);
    NEED(*to = m);
    wire__function_def_library__init(m);
    NEED(m->function = arena_array(a, Wire__FunctionDef *, n));
    NEED(m->gradient = arena_array(a, Wire__GradientDef *, n));
    for (int i = 0; i < n; i++) {
        const struct function *f = library_at(g, i);
        m->function[m->n_function++] = (Wire__FunctionDef *)f->def;
        if (f->gradient)
            TRY(add_gradient_to(a, f, m));
    }
    return NULL;
}
