/* array.c - weft.h: arrays of tensors, and functions over rows. */
#include "api/api.h"
#include "build/array.h"
#include "build/map.h"
#include "build/scope.h"

/* ---- arrays ---- */

static struct build_array array_in(struct weft_array a)
{
    return (struct build_array){ out_in(a.handle), out_in(a.flow), (enum dtype)a.dtype,
                                 known_shape(&a.shape), !a.varied };
}

static struct weft_array array_out(struct build_array a)
{
    struct weft_array to = { out_out(a.handle), out_out(a.flow), (enum weft_dtype)a.dtype,
                             { a.shape.rank, { 0 } }, !a.alike };
    for (int i = 0; i < a.shape.rank; i++)
        to.shape.dims[i] = a.shape.dim[i];
    return to;
}

/* An array without a handle came of an error, which stuck to a graph that nobody knows here: what
 * is made of it is nothing too. */
static const struct weft_out nothing;

static struct graph *graph_of(struct weft_array a)
{
    return node_in(a.handle.node)->graph;
}

struct weft_array weft_array_new(struct weft_graph *g, enum weft_dtype t, struct weft_out size,
                                 const struct weft_array_options *options)
{
    static const struct weft_array_options none;
    const struct weft_array_options *o = options ? options : &none;
    struct out n = out_in(size);
    struct array_options all = { .name = o->name, .dynamic = o->dynamic, .keeps = o->keeps,
                                 .alike = !o->varied, .shape = SHAPE_UNKNOWN };
    if (o->shape)
        all.shape = known_shape(o->shape);
    return array_out(build_array_new(build_graph(graph_in(g), &n, 1), (enum dtype)t, n, &all));
}

struct weft_array weft_array_at(struct weft_array a, struct weft_out flow)
{
    a.flow = flow;
    return a;
}

struct weft_out weft_array_read(struct weft_array a, struct weft_out index)
{
    if (!a.handle.node)
        return nothing;
    return out_out(build_array_read(graph_of(a), array_in(a), out_in(index)));
}

struct weft_array weft_array_write(struct weft_array a, struct weft_out index,
                                   struct weft_out value)
{
    if (!a.handle.node)
        return a;
    return array_out(build_array_write(graph_of(a), array_in(a), out_in(index), out_in(value)));
}

struct weft_out weft_array_gather(struct weft_array a, struct weft_out indices)
{
    if (!a.handle.node)
        return nothing;
    return out_out(build_array_gather(graph_of(a), array_in(a), out_in(indices)));
}

struct weft_array weft_array_scatter(struct weft_array a, struct weft_out indices,
                                     struct weft_out value)
{
    if (!a.handle.node)
        return a;
    return array_out(build_array_scatter(graph_of(a), array_in(a), out_in(indices),
                                         out_in(value)));
}

struct weft_out weft_array_stack(struct weft_array a)
{
    if (!a.handle.node)
        return nothing;
    return out_out(build_array_stack(graph_of(a), array_in(a)));
}

struct weft_array weft_array_unstack(struct weft_array a, struct weft_out value)
{
    if (!a.handle.node)
        return a;
    return array_out(build_array_unstack(graph_of(a), array_in(a), out_in(value)));
}

struct weft_out weft_array_concat(struct weft_array a)
{
    if (!a.handle.node)
        return nothing;
    return out_out(build_array_concat(graph_of(a), array_in(a)));
}

struct weft_array weft_array_split(struct weft_array a, struct weft_out value,
                                   struct weft_out lengths)
{
    if (!a.handle.node)
        return a;
    return array_out(build_array_split(graph_of(a), array_in(a), out_in(value), out_in(lengths)));
}

struct weft_out weft_array_size(struct weft_array a)
{
    if (!a.handle.node)
        return nothing;
    return out_out(build_array_size(graph_of(a), array_in(a)));
}

/* ---- functions over rows ---- */

struct given_row_fn { weft_row_fn *fn; void *ctx; };

static void call_row(void *ctx, struct graph *g, const struct out *state, const struct out *row,
                     struct out *results)
{
    const struct given_row_fn *f = ctx;
    f->fn(f->ctx, graph_out(g), (const struct weft_out *)state, (const struct weft_out *)row,
          (struct weft_out *)results);
}

static struct map_options map_options_in(const struct weft_map_options *o)
{
    static const struct weft_map_options none;
    o = o ? o : &none;
    return (struct map_options){
        .name = o->name, .dtypes = (const enum dtype *)o->dtypes,
        .parallel_iterations = o->parallel_iterations ? o->parallel_iterations : 10,
        .back_prop = !o->no_gradient, .swap_memory = o->swap_memory, .varied = o->varied,
        .reverse = o->reverse };
}

#define ROW_FN(fn, ctx) (struct row_fn){ call_row, &(struct given_row_fn){ fn, ctx } }

void weft_map_fn(struct weft_graph *g, weft_row_fn *fn, void *ctx, const struct weft_out *elems,
                 int n, const struct weft_map_options *options, struct weft_out *results,
                 int n_results)
{
    struct map_options o = map_options_in(options);
    build_map(graph_in(g), ROW_FN(fn, ctx), outs_in(elems), n, &o, (struct out *)results,
              n_results);
}

void weft_scan(struct weft_graph *g, weft_row_fn *fn, void *ctx, const struct weft_out *elems,
               int n, const struct weft_out *initial, int n_state,
               const struct weft_map_options *options, struct weft_out *results)
{
    struct map_options o = map_options_in(options);
    build_scan(graph_in(g), ROW_FN(fn, ctx), outs_in(elems), n, outs_in(initial), n_state, &o,
               (struct out *)results);
}

static void fold(struct weft_graph *g, struct row_fn fn, const struct weft_out *elems, int n,
                 const struct weft_out *initial, int n_state, struct map_options o, bool reverse,
                 struct weft_out *results)
{
    o.reverse = reverse;
    build_fold(graph_in(g), fn, outs_in(elems), n, outs_in(initial), n_state, &o,
               (struct out *)results);
}

void weft_foldl(struct weft_graph *g, weft_row_fn *fn, void *ctx, const struct weft_out *elems,
                int n, const struct weft_out *initial, int n_state,
                const struct weft_map_options *options, struct weft_out *results)
{
    fold(g, ROW_FN(fn, ctx), elems, n, initial, n_state, map_options_in(options), false, results);
}

void weft_foldr(struct weft_graph *g, weft_row_fn *fn, void *ctx, const struct weft_out *elems,
                int n, const struct weft_out *initial, int n_state,
                const struct weft_map_options *options, struct weft_out *results)
{
    fold(g, ROW_FN(fn, ctx), elems, n, initial, n_state, map_options_in(options), true, results);
}
