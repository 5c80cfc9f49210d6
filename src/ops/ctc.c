/* ctc.c - sequences whose labels have no places in time (Graves and others, 2006): CTCLoss, which
 * gives its gradient as a second output, and CTCGreedyDecoder (CTCBeamSearchDecoder: ctc_beam.c).
 * The last class is the blank. */
#include "ops/ctc.h"

#include "base/pool.h"
#include "ops/array.h"

#include <math.h>
#include <string.h>

/* ---- what the ops share ---- */

struct status *ctc_check(const struct kernel *k, int lengths, struct ctc *c)
{
    const struct shape *x = &kernel_in(k, 0)->shape, *n = &kernel_in(k, lengths)->shape;
    ENSURE(x->rank == 3, "inputs is not a 3-Tensor");
    ENSURE(n->rank == 1, "sequence_length is not a vector");
    ENSURE(n->dim[0] == x->dim[1], "len(sequence_length) != batch_size.  len(sequence_length):  "
           "%lld batch_size: %lld", (long long)n->dim[0], (long long)x->dim[1]);
    ENSURE(x->dim[2] > 0, "num_classes must be positive");
    *c = (struct ctc){ x->dim[0], x->dim[1], x->dim[2], kernel_in(k, 0)->data,
                       kernel_in(k, lengths)->data };
    for (int64_t b = 0; b < c->batch; b++)
        ENSURE(c->length[b] >= 0 && c->length[b] <= c->time, "sequence_length(%lld) <= %lld",
               (long long)b, (long long)c->time);
    return NULL;
}

struct status *ctc_shape(struct shape_ctx *c, int lengths, int64_t *batch, struct shape *x)
{
    *x = SHAPE(-1, -1, -1);
    TRY(shape_want_rank(shape_in(c, 0), 3));
    TRY(shape_merge(x, shape_in(c, 0), x));
    TRY(shape_want_rank(shape_in(c, lengths), 1));
    if (shape_in(c, lengths)->rank == 1)
        TRY(dim_merge(x->dim[1], shape_in(c, lengths)->dim[0], &x->dim[1]));
    *batch = x->dim[1];
    return NULL;
}

struct status *ctc_put(struct kernel *k, int out, int step, int64_t batch,
                       const struct ctc_path *path)
{
    int64_t all = 0, longest = 0;
    for (int64_t b = 0; b < batch; b++) {
        all += path[b].n;
        longest = path[b].n > longest ? path[b].n : longest;
    }
    TRY(kernel_new(k, out, DT_INT64, &SHAPE(all, 2)));
    TRY(kernel_new(k, out + step, DT_INT64, &SHAPE(all)));
    TRY(kernel_new(k, out + 2 * step, DT_INT64, &SHAPE(2)));
    int64_t *at = kernel_out(k, out)->data, *v = kernel_out(k, out + step)->data;
    memcpy(kernel_out(k, out + 2 * step)->data, (int64_t[]){ batch, longest }, 2 * sizeof *at);
    for (int64_t b = 0; b < batch; b++)
        for (int64_t i = 0; i < path[b].n; i++) {
            *at++ = b;
            *at++ = i;
            *v++ = path[b].label[i];
        }
    return NULL;
}

/* ---- CTCLoss ---- */

struct loss_attrs { bool collapse, merge, ignore; };

static struct status *loss_prepare(struct prep *p)
{
    struct loss_attrs *a;
    TRY(prep_state(p, sizeof *a, &a));
    a->collapse = node_attr(p->node, "preprocess_collapse_repeated");
    a->merge = node_attr(p->node, "ctc_merge_repeated");
    a->ignore = node_attr(p->node, "ignore_longer_outputs_than_inputs");
    return NULL;
}

/* The labels of all sequences, one after another: those of b are [begin[b], begin[b + 1]). */
struct labels { int32_t *at; int64_t *begin; int64_t longest; };

struct loss {
    struct ctc c;
    const struct loss_attrs *how;
    struct labels l;
    float *loss, *gradient;
    double *scratch;                    /* for each sequence: see loss_room() */
    size_t room;
};

static struct status *labels_check(const struct kernel *k, const struct ctc *c)
{
    const struct tensor *at = kernel_in(k, 1), *v = kernel_in(k, 2);
    ENSURE(at->shape.rank == 2, "labels_indices is not a matrix");
    ENSURE(v->shape.rank == 1, "labels_values is not a vector");
    ENSURE(at->shape.dim[0] == v->shape.dim[0], "labels_indices and labels_values must contain the "
           "same number of rows, but saw shapes: %s vs. %s", SHAPE_STR(&at->shape),
           SHAPE_STR(&v->shape));
    ENSURE(at->shape.dim[1] == 2, "labels_indices must have 2 columns, but saw shape: %s",
           SHAPE_STR(&at->shape));
    const int64_t *index = at->data;
    for (int64_t i = 0; i < v->shape.dim[0]; i++) {
        int32_t label = ((const int32_t *)v->data)[i];
        int64_t b = index[2 * i];
        ENSURE(b >= 0 && b < c->batch, "labels_indices[%lld] is out of bounds: batch %lld of %lld",
               (long long)i, (long long)b, (long long)c->batch);
        ENSURE(i == 0 || index[2 * i - 2] <= b, "labels_indices[%lld] is out of order",
               (long long)i);
        ENSURE(label >= 0 && label < c->classes - 1, "Saw a non-null label (index >= num_classes - "
               "1) following a null label, batch: %lld num_classes: %lld label: %d", (long long)b,
               (long long)c->classes, label);
    }
    return NULL;
}

static struct status *labels_read(struct kernel *k, const struct ctc *c, bool collapse,
                                  struct labels *l)
{
    TRY(labels_check(k, c));
    int64_t n = kernel_in(k, 2)->shape.dim[0], kept = 0, i = 0;
    const int64_t *index = kernel_in(k, 1)->data;
    const int32_t *v = kernel_in(k, 2)->data;
    TRY(kernel_temp(k, (size_t)(n + 1) * sizeof *l->at, &l->at));
    TRY(kernel_temp(k, (size_t)(c->batch + 1) * sizeof *l->begin, &l->begin));
    l->longest = 0;
    for (int64_t b = 0; b < c->batch; b++) {
        l->begin[b] = kept;
        for (; i < n && index[2 * i] == b; i++)
            if (!collapse || kept == l->begin[b] || l->at[kept - 1] != v[i])
                l->at[kept++] = v[i];
        if (kept - l->begin[b] > l->longest)
            l->longest = kept - l->begin[b];
    }
    l->begin[c->batch] = kept;
    return NULL;
}

/* A path goes through 2n + 1 states: blank, label, blank, label... blank. */
static int32_t state_label(const struct loss *s, const int32_t *label, int64_t u)
{
    return u % 2 ? label[u / 2] : (int32_t)s->c.classes - 1;
}

static double log_add(double a, double b)
{
    double most = a > b ? a : b, least = a > b ? b : a;
    return most == -INFINITY ? most : most + log1p(exp(least - most));
}

/* May a path stay in state u, or skip the blank between u - 2 and u? */
static bool may_stay(const struct loss *s, int64_t u) { return s->how->merge || u % 2 == 0; }

static bool may_skip(const struct loss *s, const int32_t *label, int64_t u)
{
    return u % 2 && u > 1 && !(s->how->merge && label[u / 2] == label[u / 2 - 1]);
}

/* Scratch of a sequence: logarithms of probabilities [time, classes], of paths to each state
 * [time, states], of paths from one frame's states [2, states], and a sum for each class. */
static size_t loss_room(const struct ctc *c, int64_t states)
{
    return (size_t)(c->time * c->classes + (c->time + 2) * states + c->classes);
}

static void log_softmax(const float *x, int64_t n, double *y)
{
    double most = -INFINITY, sum = 0;
    for (int64_t i = 0; i < n; i++)
        most = x[i] > most ? x[i] : most;
    for (int64_t i = 0; i < n; i++)
        sum += exp(x[i] - most);
    for (int64_t i = 0; i < n; i++)
        y[i] = x[i] - most - log(sum);
}

static void paths_to(const struct loss *s, const int32_t *label, int64_t states, int64_t time,
                     const double *log_y, double *to)
{
    for (int64_t t = 0; t < time; t++)
        for (int64_t u = 0; u < states; u++) {
            const double *before = to + (t - 1) * states;
            double sum = t == 0 && u < 2 ? 0 : -INFINITY;
            if (t && may_stay(s, u))
                sum = before[u];
            if (t && u)
                sum = log_add(sum, before[u - 1]);
            if (t && may_skip(s, label, u))
                sum = log_add(sum, before[u - 2]);
            to[t * states + u] = sum + log_y[t * s->c.classes + state_label(s, label, u)];
        }
}

/* The same from the end, one frame from the next: what comes after state u at this time. */
static void paths_from(const struct loss *s, const int32_t *label, int64_t states,
                       const double *log_y, const double *after, double *from)
{
    for (int64_t u = 0; u < states; u++) {
        double sum = -INFINITY;
        for (int64_t v = u; v < u + 3 && v < states; v++)
            if (v == u ? may_stay(s, u) : v == u + 1 || may_skip(s, label, v))
                sum = log_add(sum, after[v] + log_y[state_label(s, label, v)]);
        from[u] = sum;
    }
}

/* dx = y - the share of all paths that are at each class now. */
static void frame_gradient(const struct loss *s, const int32_t *label, int64_t states,
                           const double *log_y, const double *to, const double *from,
                           double all, double *sum, float *dx)
{
    for (int64_t c = 0; c < s->c.classes; c++)
        sum[c] = -INFINITY;
    for (int64_t u = 0; u < states; u++) {
        double *one = &sum[state_label(s, label, u)];
        *one = log_add(*one, to[u] + from[u]);
    }
    for (int64_t c = 0; c < s->c.classes; c++)
        dx[c] = (float)(exp(log_y[c]) - (all == -INFINITY ? 0 : exp(sum[c] - all)));
}

static void loss_one(const struct loss *s, int64_t b)
{
    const int32_t *label = s->l.at + s->l.begin[b];
    int64_t states = 2 * (s->l.begin[b + 1] - s->l.begin[b]) + 1, classes = s->c.classes;
    int64_t time = s->c.length[b];
    double *log_y = s->scratch + (size_t)b * s->room, *to = log_y + s->c.time * classes;
    double *from[2] = { to + s->c.time * states, to + (s->c.time + 1) * states };
    double *sum = from[1] + states, all = -INFINITY;
    for (int64_t t = 0; t < time; t++)
        log_softmax(ctc_frame(&s->c, t, b), classes, log_y + t * classes);
    paths_to(s, label, states, time, log_y, to);
    for (int64_t u = states > 1 ? states - 2 : 0; u < states && time; u++)
        all = log_add(all, to[(time - 1) * states + u]);
    s->loss[b] = (float)(time ? -all : 0);
    for (int64_t t = time - 1; t >= 0; t--) {
        double *now = from[t % 2];
        for (int64_t u = 0; u < states && t == time - 1; u++)
            now[u] = u >= states - 2 ? 0 : -INFINITY;
        if (t < time - 1)
            paths_from(s, label, states, log_y + (t + 1) * classes, from[(t + 1) % 2], now);
        frame_gradient(s, label, states, log_y + t * classes, to + t * states, now, all, sum,
                       s->gradient + (t * s->c.batch + b) * classes);
    }
}

/* Frames that the labels need: one each, and one between equal neighbours. */
static int64_t frames_needed(const struct loss *s, int64_t b)
{
    int64_t n = s->l.begin[b + 1] - s->l.begin[b], needed = n;
    const int32_t *label = s->l.at + s->l.begin[b];
    for (int64_t i = 1; i < n && s->how->merge; i++)
        needed += label[i] == label[i - 1];
    return needed;
}

static void loss_some(void *ctx, int64_t begin, int64_t end)
{
    const struct loss *s = ctx;
    for (int64_t b = begin; b < end; b++)
        if (frames_needed(s, b) <= s->c.length[b])
            loss_one(s, b);
}

static struct status *ctc_loss(struct kernel *k)
{
    struct loss s = { .how = k->state };
    TRY(ctc_check(k, 3, &s.c));
    TRY(labels_read(k, &s.c, s.how->collapse, &s.l));
    for (int64_t b = 0; b < s.c.batch && !s.how->ignore; b++)
        ENSURE(frames_needed(&s, b) <= s.c.length[b], "Not enough time for target transition "
               "sequence (required: %lld, available: %d). You can turn this error into a warning "
               "by using the flag ignore_longer_outputs_than_inputs",
               (long long)frames_needed(&s, b), s.c.length[b]);
    TRY(kernel_new(k, 0, DT_FLOAT, &SHAPE(s.c.batch)));
    TRY(kernel_new(k, 1, DT_FLOAT, &kernel_in(k, 0)->shape));
    array_zero(kernel_out(k, 0));
    array_zero(kernel_out(k, 1));
    s.loss = kernel_out(k, 0)->data;
    s.gradient = kernel_out(k, 1)->data;
    s.room = loss_room(&s.c, 2 * s.l.longest + 1);
    TRY(kernel_temp(k, (s.room * (size_t)s.c.batch + 1) * sizeof *s.scratch, &s.scratch));
    if (s.c.batch)
        pool_for(s.c.batch, 1, k->env->threads, loss_some, &s);
    return NULL;
}

static struct status *loss_shape(struct shape_ctx *c)
{
    const struct shape *at = shape_in(c, 1), *v = shape_in(c, 2);
    int64_t batch;
    struct shape x;
    TRY(ctc_shape(c, 3, &batch, &x));
    TRY(shape_want_rank(at, 2));
    TRY(shape_want_rank(v, 1));
    if (at->rank == 2 && v->rank == 1)
        TRY(dim_merge(at->dim[0], v->dim[0], &(int64_t){ 0 }));
    *shape_out(c, 0) = SHAPE(batch);
    *shape_out(c, 1) = x;
    return NULL;
}

/* The second output is the gradient; nobody may ask for one of that. */
static void loss_grad(struct grad *g)
{
    static const char why[] = "Currently there is no way to take the second derivative of "
                              "ctc_loss due to the fused implementation's interaction with "
                              "tf.gradients()";
    struct out dx = grad_add(g, "PreventGradient", OUTS(g->y[1]),
                             ATTRS(attr_string("message", why)));
    g->dx[0] = grad2(g, "Mul", grad2(g, "ExpandDims", g->dy[0], grad_ints(g, -1)), dx);
}

/* ---- CTCGreedyDecoder ---- */

static struct status *greedy_prepare(struct prep *p)
{
    bool *merge;
    TRY(prep_state(p, sizeof *merge, &merge));
    *merge = node_attr(p->node, "merge_repeated");
    return NULL;
}

/* The likeliest class of each frame, blanks left out. */
static void greedy_one(const struct ctc *c, int64_t b, bool merge, struct ctc_path *p)
{
    int64_t before = -1;
    for (int64_t t = 0; t < c->length[b]; t++) {
        const float *x = ctc_frame(c, t, b);
        int64_t best = 0;
        for (int64_t i = 1; i < c->classes; i++)
            if (x[i] > x[best])
                best = i;
        p->log_p -= x[best];
        if (best != c->classes - 1 && !(merge && best == before))
            p->label[p->n++] = best;
        before = best;
    }
}

static struct status *greedy(struct kernel *k)
{
    struct ctc c;
    int64_t *label;
    struct ctc_path *path;
    TRY(ctc_check(k, 1, &c));
    TRY(kernel_temp(k, (size_t)(c.batch * c.time + 1) * sizeof *label, &label));
    TRY(kernel_temp(k, (size_t)(c.batch + 1) * sizeof *path, &path));
    TRY(kernel_new(k, 3, DT_FLOAT, &SHAPE(c.batch, 1)));
    for (int64_t b = 0; b < c.batch; b++) {
        path[b] = (struct ctc_path){ .label = label + b * c.time };
        greedy_one(&c, b, *(const bool *)k->state, &path[b]);
        ((float *)kernel_out(k, 3)->data)[b] = path[b].log_p;
    }
    return ctc_put(k, 0, 1, c.batch, path);
}

static struct status *greedy_shape(struct shape_ctx *c)
{
    int64_t batch;
    struct shape x;
    TRY(ctc_shape(c, 1, &batch, &x));
    *shape_out(c, 0) = SHAPE(-1, 2);
    *shape_out(c, 1) = SHAPE(-1);
    *shape_out(c, 2) = SHAPE(2);
    *shape_out(c, 3) = SHAPE(batch, 1);
    return NULL;
}

const struct op ops_ctc[] = {
    { .name = "CTCLoss",
      .inputs = "inputs: float, labels_indices: int64, labels_values: int32, "
                "sequence_length: int32",
      .outputs = "loss: float, gradient: float",
      .attrs = "preprocess_collapse_repeated: bool = false; ctc_merge_repeated: bool = true; "
               "ignore_longer_outputs_than_inputs: bool = false",
      .doc = "How unlikely sequences of labels are by frames of logits, whenever each label comes; "
             "and the gradient of that.",
      .shape = loss_shape, .grad = loss_grad, .prepare = loss_prepare, .kernel_any = ctc_loss,
      .flags = OP_EXPENSIVE },
    { .name = "CTCGreedyDecoder", .inputs = "inputs: float, sequence_length: int32",
      .outputs = "decoded_indices: int64, decoded_values: int64, decoded_shape: int64, "
                 "log_probability: float",
      .attrs = "merge_repeated: bool = false",
      .doc = "The likeliest class of each frame, without blanks, as a sparse matrix.",
      .shape = greedy_shape, .grad = NO_GRADIENT, .prepare = greedy_prepare,
      .kernel_any = greedy },
    { 0 }
};
