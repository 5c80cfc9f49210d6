/* sparse_map.c - sparse tensors that wait under a number until they are taken, so that queues need
 * carry no more than it: AddSparseToTensorsMap, AddManySparseToTensorsMap (each row of one) and
 * TakeManySparseFromTensorsMap. */
#include "ops/sparse_parts.h"
#include "base/mem.h"
#include "ops/shared.h"

#include <pthread.h>
#include <string.h>

/* What waits, by rising handles; places that were taken are closed up when they are half. */
struct waiting { int64_t handle; bool taken; struct sparse_part part; };
struct shelf {
    struct resource base;
    pthread_mutex_t lock;
    struct waiting *at;
    int64_t n, room, n_taken, next;     /* `next`: the handle that is given next */
};

static bool shelf_init(struct resource *r)
{
    return !pthread_mutex_init(&((struct shelf *)r)->lock, NULL);
}

static void shelf_empty(struct shelf *m)
{
    for (int64_t i = 0; i < m->n; i++)
        sparse_part_release(&m->at[i].part);
    mem_free(m->at);
    m->at = NULL;
    m->n = m->room = m->n_taken = 0;
}

static void shelf_clear(struct resource *r)
{
    struct shelf *m = (struct shelf *)r;
    pthread_mutex_lock(&m->lock);
    shelf_empty(m);
    pthread_mutex_unlock(&m->lock);
}

static void shelf_release(struct resource *r)
{
    struct shelf *m = (struct shelf *)r;
    shelf_empty(m);
    pthread_mutex_destroy(&m->lock);
}

static const struct resource_kind SHELF = { "map of sparse tensors", sizeof(struct shelf),
                                            shelf_init, shelf_clear, shelf_release };

/* ---- with the lock held ---- */

static struct status *shelf_make_room(struct shelf *m)
{
    int64_t room = m->room ? 2 * m->room : 16;
    if (m->n < m->room)
        return NULL;
    struct waiting *more = mem_grow(m->at, (size_t)room * sizeof *more);
    NEED(more);
    m->at = more;
    m->room = room;
    return NULL;
}

/* Takes the part over. */
static struct status *shelf_put(struct shelf *m, struct sparse_part part, int64_t *handle)
{
    struct status *st = shelf_make_room(m);
    if (st) {
        sparse_part_release(&part);
        return st;
    }
    *handle = m->next++;
    m->at[m->n++] = (struct waiting){ .handle = *handle, .part = part };
    return NULL;
}

static struct waiting *shelf_find(const struct shelf *m, int64_t handle)
{
    int64_t low = 0, high = m->n;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (m->at[middle].handle < handle)
            low = middle + 1;
        else
            high = middle;
    }
    return low < m->n && m->at[low].handle == handle && !m->at[low].taken ? &m->at[low] : NULL;
}

static void shelf_close_up(struct shelf *m)
{
    int64_t kept = 0;
    if (2 * m->n_taken < m->n)
        return;
    for (int64_t i = 0; i < m->n; i++)
        if (!m->at[i].taken)
            m->at[kept++] = m->at[i];
    m->n = kept;
    m->n_taken = 0;
}

/* TF: those that stand before one that is missing are gone as well. */
static struct status *shelf_take(struct shelf *m, const int64_t *handle, int64_t n,
                               struct sparse_part *part)
{
    for (int64_t i = 0; i < n; i++) {
        struct waiting *w = shelf_find(m, handle[i]);
        ENSURE(w, "Unable to find SparseTensor: %lld in map: %s", (long long)handle[i],
               m->base.name);
        part[i] = w->part;
        w->part = (struct sparse_part){ 0 };
        w->taken = true;
        m->n_taken++;
    }
    shelf_close_up(m);
    return NULL;
}

/* ---- kernels ---- */

/* A map without a name is called after the node that puts, or is the node's own that takes. */
static struct status *map_bind(struct prep *p, bool puts)
{
    struct resource *r;
    return shared_bind(p, &SHELF, !puts, &r);
}

static struct status *add_prepare(struct prep *p)
{
    TRY(map_bind(p, true));
    p->state = p->bound;
    return NULL;
}

struct take { struct shelf *shelf; enum dtype dtype; };

static struct status *take_prepare(struct prep *p)
{
    struct take *t;
    TRY(map_bind(p, false));
    TRY(prep_state(p, sizeof *t, &t));
    *t = (struct take){ (struct shelf *)p->bound, node_attr_type(p->node, "dtype") };
    return NULL;
}

static struct status *keep_part(struct kernel *k, struct sparse_part *p)
{
    TRY(kernel_keep(k, 0, &p->indices));
    TRY(kernel_keep(k, 1, &p->values));
    return kernel_keep(k, 2, &p->shape);
}

static struct status *add(struct kernel *k)
{
    struct shelf *m = (struct shelf *)k->state;
    struct sparse_part part = { 0 };
    struct sparse s;
    int64_t *handle;
    TRY(sparse_read(k, 0, &s));
    TRY(sparse_new(k, 0, &SHAPE_SCALAR, &handle));
    struct status *st = keep_part(k, &part);
    if (st) {
        sparse_part_release(&part);
        return st;
    }
    pthread_mutex_lock(&m->lock);
    st = shelf_put(m, part, handle);
    pthread_mutex_unlock(&m->lock);
    return st;
}

struct adding { struct shelf *shelf; int64_t *handle; };

static struct status *add_row(void *ctx, int64_t row, struct sparse_part part)
{
    struct adding *a = ctx;
    return shelf_put(a->shelf, part, &a->handle[row]);
}

/* TF: rows without entries get their numbers last. */
static struct status *add_many(struct kernel *k)
{
    struct adding a = { .shelf = (struct shelf *)k->state };
    struct sparse s;
    TRY(sparse_rows_read(k, 0, &s));
    TRY(sparse_new(k, 0, &SHAPE(s.shape.dim[0]), &a.handle));
    pthread_mutex_lock(&a.shelf->lock);
    struct status *st = sparse_each_row(&s, false, add_row, &a);
    if (!st)
        st = sparse_each_row(&s, true, add_row, &a);
    pthread_mutex_unlock(&a.shelf->lock);
    return st;
}

static struct status *take(struct kernel *k)
{
    const struct take *t = k->state;
    const struct tensor *handle = kernel_in(k, 0);
    ENSURE(handle->shape.rank == 1, "sparse_handles should be a vector but received shape %s",
           SHAPE_STR(&handle->shape));
    int64_t n = handle->shape.dim[0];
    ENSURE(n > 0, "Must have at least 1 serialized SparseTensor, but input matrix has 0 rows");
    struct sparse_part *part = mem_array(struct sparse_part, n);
    NEED(part);
    pthread_mutex_lock(&t->shelf->lock);
    struct status *st = shelf_take(t->shelf, handle->data, n, part);
    pthread_mutex_unlock(&t->shelf->lock);
    if (!st)
        st = sparse_stack(k, part, n, &handle->shape, t->dtype);
    for (int64_t i = 0; i < n; i++)
        sparse_part_release(&part[i]);
    mem_free(part);
    return st;
}

/* ---- shapes ---- */

static struct status *add_shape(struct shape_ctx *c)
{
    int64_t n, rank;
    TRY(sparse_shapes(c, 0, &n, &rank));
    *shape_out(c, 0) = SHAPE_SCALAR;
    return NULL;
}

static struct status *add_many_shape(struct shape_ctx *c)
{
    int64_t n, rank;
    TRY(sparse_shapes(c, 0, &n, &rank));
    *shape_out(c, 0) = SHAPE(-1);
    return NULL;
}

static struct status *take_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 0), 1));
    *shape_out(c, 0) = SHAPE(-1, -1);
    *shape_out(c, 1) = SHAPE(-1);
    *shape_out(c, 2) = SHAPE(-1);
    return NULL;
}

#define IN .inputs = "sparse_indices: int64, sparse_values: T, sparse_shape: int64", \
    .attrs = "T: type; " NAMED
#define NAMED "container: string = \"\"; shared_name: string = \"\""

const struct op ops_sparse_map[] = {
    { .name = "AddSparseToTensorsMap", IN, .outputs = "sparse_handle: int64",
      .doc = "Keeps a sparse tensor until its number is asked for.",
      .shape = add_shape, .grad = NO_GRADIENT, .prepare = add_prepare, .kernel_any = add,
      .flags = OP_STATEFUL },
    { .name = "AddManySparseToTensorsMap", IN, .outputs = "sparse_handles: int64",
      .doc = "Keeps the rows of a sparse tensor, each until its number is asked for.",
      .shape = add_many_shape, .grad = NO_GRADIENT, .prepare = add_prepare,
      .kernel_any = add_many, .flags = OP_STATEFUL },
    { .name = "TakeManySparseFromTensorsMap", .inputs = "sparse_handles: int64",
      .outputs = "sparse_indices: int64, sparse_values: dtype, sparse_shape: int64",
      .attrs = "dtype: type; " NAMED,
      .doc = "The sparse tensors that have these numbers, taken and stacked to one.",
      .shape = take_shape, .grad = NO_GRADIENT, .prepare = take_prepare, .kernel_any = take,
      .flags = OP_STATEFUL },
    { 0 }
};
