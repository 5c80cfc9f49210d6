/* gradients_sum.c - what meets at an output is added: tensors by AddN, rows by joining them (F7,
 * F8).
 *
 * A Switch of a loop is passed twice, by what leaves the loop and by what comes from its body: what
 * came the second time counts then, for the first was taken already.
 */
#include "graph/gradients.h"

#include <string.h>

struct slices grad_all_rows(struct grad *g, struct out shape)
{
    struct out zero = grad_vector(g, DT_INT32, (int64_t[]){ 0 }, 1);
    struct out one = grad_vector(g, DT_INT32, (int64_t[]){ 1 }, 1);
    struct out rows = grad_add(g, "StridedSlice", OUTS(shape, zero, one, one),
                               ATTRS(attr_int("shrink_axis_mask", 1)));
    struct out all = grad_add(g, "Range", OUTS(grad_scalar(g, DT_INT32, 0), rows,
                                               grad_scalar(g, DT_INT32, 1)), NULL, 0);
    return (struct slices){ all, shape };
}

static struct out concat(struct walk *w, const struct out *list, int n)
{
    struct out *in = arena_array(&w->tmp, struct out, n + 1);
    if (!in) {
        w->g.st = w->g.st ? w->g.st : status_no_memory();
        return (struct out){ 0 };
    }
    memcpy(in, list, (size_t)n * sizeof *in);
    in[n] = grad_scalar(&w->g, DT_INT32, 0);
    return grad_add(&w->g, "ConcatV2", in, n + 1, NULL, 0);
}

static struct out int32_of(struct grad *g, struct out x)
{
    if (out_dtype(x) == DT_INT32)
        return x;
    return grad_add(g, "Cast", OUTS(x), ATTRS(attr_type("DstT", DT_INT32)));
}

static void sum_slices(struct walk *w, struct sum *s, struct out *values, struct out *indices)
{
    int i = 0;
    bool alike = true;
    for (struct term *t = s->first; t; t = t->next, i++) {
        if (!t->s.indices.node)
            t->s = grad_all_rows(&w->g, grad_shape_of(&w->g, t->v, DT_INT32));
        values[i] = t->v;
        indices[i] = t->s.indices;
        alike &= out_dtype(indices[i]) == out_dtype(indices[0]);
    }
    for (i = 0; i < s->n && !alike; i++)
        indices[i] = int32_of(&w->g, indices[i]);
    s->v = concat(w, values, s->n);
    s->s = (struct slices){ concat(w, indices, s->n), s->first->s.dense_shape };
}

void walk_sum_up(struct walk *w, struct sum *s)
{
    bool sparse = false;
    if (!s->n || s->v.node || w->g.st)
        return;
    s->v = s->first->v;
    s->s = s->first->s;
    if (s->n == 1)
        return;
    struct out *in = arena_array(&w->tmp, struct out, 2 * s->n);
    if (!in) {
        w->g.st = status_no_memory();
        return;
    }
    w->g.scope = w->scope;
    int i = 0;
    for (struct term *t = s->first; t; t = t->next) {
        in[i++] = t->v;
        sparse |= t->s.indices.node != NULL;
    }
    if (sparse)
        sum_slices(w, s, in, in + s->n);
    else
        s->v = grad_add(&w->g, "AddN", in, s->n, NULL, 0);
}

void walk_contribute(struct walk *w, struct out to, struct out v, struct slices s)
{
    int id = to.node->id;
    if (w->g.st || !v.node || id >= w->n_nodes)
        return;
    if (!w->sum[id])
        w->sum[id] = arena_array(&w->tmp, struct sum, to.node->n_out);
    struct term *t = arena_new(&w->tmp, struct term);
    if (!w->sum[id] || !t) {
        w->g.st = status_no_memory();
        return;
    }
    struct sum *sum = &w->sum[id][to.index];
    *t = (struct term){ v, s, NULL };
    if (!sum->end)
        sum->end = &sum->first;
    *sum->end = t;
    sum->end = &t->next;
    sum->n++;
}

