/* candidate.c - candidates for sampled losses, the same as TensorFlow's for the same seeds:
 * Uniform, LogUniform, FixedUnigram, LearnedUnigram, ThreadUnsafeUnigram and AllCandidateSampler.
 *
 * A sampler draws classes until it has enough (where they must differ: enough different ones) and
 * says how often each class was to be expected among so many draws. */
#include "base/mem.h"
#include "graph/graph.h"
#include "ops/random.h"

#include <float.h>
#include <stdlib.h>
#include <stdio.h>

/* ---- numbers of the stream: TensorFlow's SimplePhilox ---- */

static uint64_t next_wide(struct philox_words *w)
{
    uint64_t low = philox_next(w);
    return low | (uint64_t)philox_next(w) << 32;
}

/* A number below n, all equally likely: what would favour the small ones is drawn again. */
static uint64_t next_below(struct philox_words *w, uint64_t n, bool wide)
{
    uint64_t most = wide ? UINT64_MAX : UINT32_MAX, drawn;
    if (!(n & (n - 1)))
        return (wide ? next_wide(w) : philox_next(w)) & (n - 1);
    do
        drawn = wide ? next_wide(w) : philox_next(w);
    while (drawn < most % n + 1);
    return drawn % n;
}

static double next_double(struct philox_words *w)
{
    uint32_t word[2] = { philox_next(w) };
    word[1] = philox_next(w);
    return unit_f64(word);
}

static float next_float(struct philox_words *w)
{
    uint32_t word = philox_next(w);
    return unit_f32(&word);
}

/* ---- samplers ---- */

struct sampler;
typedef int64_t draw_fn(const struct sampler *s, struct philox_words *w);
typedef double chance_fn(const struct sampler *s, int64_t value);

/* FixedUnigramCandidateSampler: classes by weight, drawn by the alias method (Walker). */
struct alias { float weight, split; int32_t other; };

struct learned;

struct sampler {
    struct generator *generator;        /* first: random_prepare_bytes() sets it */
    draw_fn *draw;
    chance_fn *chance;
    int64_t range, num_true, num_sampled;
    bool unique;
    double log_range, total;
    struct alias *alias;
    struct learned *learned;
};

static int64_t draw_uniform(const struct sampler *s, struct philox_words *w)
{
    return (int64_t)next_below(w, (uint64_t)s->range, true);
}

static double chance_uniform(const struct sampler *s, int64_t value)
{
    (void)value;
    return (float)(1.0 / (double)s->range);
}

static int64_t draw_log_uniform(const struct sampler *s, struct philox_words *w)
{
    return ((int64_t)exp(next_double(w) * s->log_range) - 1) % s->range;
}

static double chance_log_uniform(const struct sampler *s, int64_t value)
{
    return (float)(log(((double)value + 2) / ((double)value + 1)) / s->log_range);
}

static int64_t draw_fixed(const struct sampler *s, struct philox_words *w)
{
    float r = next_float(w);
    int64_t i = (int64_t)next_below(w, (uint64_t)s->range, false);
    return r < s->alias[i].split ? i : s->alias[i].other;
}

static double chance_fixed(const struct sampler *s, int64_t value)
{
    return value < 0 || value >= s->range ? 0 : (float)(s->alias[value].weight / s->total);
}

/* ---- weights that grow with what is seen: a tree of partial sums (Fenwick) ---- */

struct learned {
    struct resource base;
    pthread_mutex_t lock;
    struct philox at;
    int32_t *sum, *weight, range;       /* sum[i]: of the weights up to i, as the tree has it */
    int32_t total;
};

static bool learned_init(struct resource *r)
{
    return pthread_mutex_init(&((struct learned *)r)->lock, NULL) == 0;
}

static void learned_clear(struct resource *r)
{
    (void)r;                            /* what was learned stays, as in TensorFlow */
}

static void learned_release(struct resource *r)
{
    struct learned *l = (struct learned *)r;
    mem_free(l->sum);
    pthread_mutex_destroy(&l->lock);
}

static const struct resource_kind LEARNED = { "unigram sampler", sizeof(struct learned),
                                              learned_init, learned_clear, learned_release };

static int32_t lowest_bit(int32_t i) { return i & -i; }

/* Every class begins with weight 1. */
static struct status *learned_begin(struct learned *l, const struct node *n, int32_t range)
{
    NEED(l->sum = mem_alloc(((size_t)range + 1) * 2 * sizeof *l->sum));
    l->weight = l->sum + range + 1;
    for (int32_t i = 0; i <= range; i++) {
        l->sum[i] = lowest_bit(i);
        l->weight[i] = 1;
    }
    l->total = l->range = range;
    l->at = random_begin(n);
    return NULL;
}

static void learned_add(struct learned *l, int32_t value)
{
    if (l->total == INT32_MAX)
        return;
    l->weight[value]++;
    l->total++;
    for (int64_t i = value + 1; i <= l->range; i += lowest_bit((int32_t)i))
        l->sum[i]++;
}

/* The class that place `at` of all weights laid end to end belongs to. */
static int64_t learned_class(const struct learned *l, int32_t at)
{
    int32_t i = 0, step = 1;
    while (step <= l->range / 2)
        step *= 2;
    for (; step; step /= 2)
        if (l->range - i >= step && l->sum[i + step] <= at) {
            i += step;
            at -= l->sum[i];
        }
    return i;
}

static int64_t draw_learned(const struct sampler *s, struct philox_words *w)
{
    return learned_class(s->learned, (int32_t)next_below(w, (uint64_t)s->learned->total, false));
}

static double chance_learned(const struct sampler *s, int64_t value)
{
    const struct learned *l = s->learned;
    return value < 0 || value >= l->range ? 0 : (float)l->weight[value] / (float)l->total;
}

/* ---- preparing ---- */

static struct status *sampler_begin(struct prep *p, draw_fn *draw, chance_fn *chance,
                                    struct sampler **result)
{
    struct sampler *s;
    if (draw == draw_learned)
        TRY(prep_state(p, sizeof *s, &s));
    else
        TRY(random_prepare_bytes(p, sizeof *s, &s));
    s->draw = draw;
    s->chance = chance;
    s->num_true = node_attr(p->node, "num_true");
    s->num_sampled = node_attr(p->node, "num_sampled");
    s->unique = node_attr(p->node, "unique");
    s->range = node_attr_find(p->node, "range_max") ? node_attr(p->node, "range_max")
                                                    : s->num_sampled;
    s->log_range = log1p((double)s->range);
    *result = s;
    return NULL;
}

static struct status *uniform_prepare(struct prep *p)
{
    struct sampler *s;
    return sampler_begin(p, draw_uniform, chance_uniform, &s);
}

static struct status *log_uniform_prepare(struct prep *p)
{
    struct sampler *s;
    return sampler_begin(p, draw_log_uniform, chance_log_uniform, &s);
}

static struct status *all_prepare(struct prep *p)
{
    struct sampler *s;
    return sampler_begin(p, NULL, NULL, &s);
}

static struct status *learned_prepare(struct prep *p)
{
    struct sampler *s;
    struct resource *r;
    TRY(sampler_begin(p, draw_learned, chance_learned, &s));
    ENSURE(s->range < INT32_MAX, "range_max must be less than %d, got %lld", INT32_MAX,
           (long long)s->range);
    TRY(prep_own(p, &LEARNED, &r));
    s->learned = (struct learned *)r;
    pthread_mutex_lock(&s->learned->lock);
    struct status *st = s->learned->sum ? NULL
                        : learned_begin(s->learned, p->node, (int32_t)s->range);
    pthread_mutex_unlock(&s->learned->lock);
    return st;
}

/* The weights of this shard: reserved ids have none, the others are distorted. */
struct weights {
    struct alias *at;
    int64_t n, most, next, shards, shard;       /* next: the shard of the next id */
    double distortion;
};

static struct status *weights_room(const struct weights *w, int64_t n)
{
    ENSURE(n <= w->most - w->n, "more weights than range_max = %lld", (long long)w->most);
    return NULL;
}

/* Counted, not walked: there may be any number of other shards' ids. */
static struct status *weights_reserve(struct weights *w, int64_t ids)
{
    int64_t here = ids > w->shard ? (ids - 1 - w->shard) / w->shards + 1 : 0;
    TRY(weights_room(w, here));
    for (; w->n < here; w->n++)
        w->at[w->n].weight = 0;
    w->next = ids > 0 ? ids % w->shards : 0;
    return NULL;
}

static struct status *weights_add(struct weights *w, double v)
{
    bool here = w->next == w->shard;
    w->next = w->next + 1 == w->shards ? 0 : w->next + 1;
    if (!here)
        return NULL;
    TRY(weights_room(w, 1));
    w->at[w->n++].weight = (float)v;
    return NULL;
}

/* Lines of a table whose last column, after a comma, is the weight. */
static struct status *weights_line(struct weights *w, char *line)
{
    char *comma = strrchr(line, ','), *number = comma ? comma + 1 : line, *end;
    line[strcspn(line, "\r\n")] = 0;
    if (!*line)
        return NULL;
    double v = strtod(number, &end);
    ENSURE(end != number && !*end, "Wrong vocabulary format at line: %s", line);
    return weights_add(w, pow((float)v, w->distortion));
}

static struct status *weights_read(struct weights *w, const char *path)
{
    FILE *f = fopen(path, "r");
    char *line = NULL;
    size_t room = 0;
    struct status *st = NULL;
    if (!f)
        return status_new(NOT_FOUND, "%s; No such file or directory", path);
    while (!st && getline(&line, &room, f) > 0)
        st = weights_line(w, line);
    free(line);
    fclose(f);
    return st;
}

static struct status *weights_load(struct weights *w, const struct node *n)
{
    const char *path = node_attr_string(n, "vocab_file");
    const struct attr *unigrams = node_attr_find(n, "unigrams");
    ENSURE(!*path != !unigrams->n, "Must provide exactly one of vocab_file and unigrams");
    ENSURE(w->shard < w->shards, "shard must be less than num_shards");
    TRY(weights_reserve(w, node_attr(n, "num_reserved_ids")));
    if (*path)
        TRY(weights_read(w, path));
    for (int i = 0; i < unigrams->n; i++)
        TRY(weights_add(w, pow((float)unigrams->floats[i], w->distortion)));
    ENSURE(w->n == w->most, "range_max is %lld, but there are %lld weights", (long long)w->most,
           (long long)w->n);
    return NULL;
}

/* Each class less likely than the average shares its place with one that is more likely. */
static void alias_build(struct sampler *s, double *scaled, int32_t *low, int32_t *high)
{
    int64_t n_low = 0, n_high = 0;
    for (int64_t i = 0; i < s->range; i++) {
        s->alias[i].split = 1;
        s->alias[i].other = (int32_t)i;
        scaled[i] = s->alias[i].weight * (double)s->range / s->total;
        if (scaled[i] < 1)
            low[n_low++] = (int32_t)i;
        else
            high[n_high++] = (int32_t)i;
    }
    while (n_low && n_high) {
        int32_t few = low[--n_low], many = high[--n_high];
        s->alias[few].split = (float)scaled[few];
        s->alias[few].other = many;
        scaled[many] -= 1 - scaled[few];
        if (scaled[many] < 1)
            low[n_low++] = many;
        else
            high[n_high++] = many;
    }
}

/* What is drawn must be there: weights that are numbers, and enough of them so far above 0 that
 * they are drawn at all. */
static struct status *fixed_check(struct sampler *s)
{
    int64_t there = 0;
    for (int64_t i = 0; i < s->range; i++) {
        ENSURE(s->alias[i].weight >= 0 && s->alias[i].weight <= FLT_MAX,
               "weights must not be negative, got %g", s->alias[i].weight);
        s->total += s->alias[i].weight;
    }
    for (int64_t i = 0; i < s->range; i++)
        there += (float)(s->alias[i].weight * (double)s->range / s->total) > 0;
    ENSURE(there >= (s->unique ? s->num_sampled : 1), "Sampler's range is too small.");
    return NULL;
}

static struct status *fixed_prepare(struct prep *p)
{
    struct sampler *s;
    const struct node *n = p->node;
    TRY(sampler_begin(p, draw_fixed, chance_fixed, &s));
    ENSURE(s->range < INT32_MAX, "range_max must be less than %d", INT32_MAX);
    size_t range = (size_t)s->range;
    NEED(s->alias = arena_alloc(p->arena, range * sizeof *s->alias));
    struct weights w = { .at = s->alias, .most = s->range,
                         .distortion = node_attr_float(n, "distortion"),
                         .shards = node_attr(n, "num_shards"), .shard = node_attr(n, "shard") };
    TRY(weights_load(&w, n));
    TRY(fixed_check(s));
    double *scaled = mem_alloc(range * (sizeof *scaled + 2 * sizeof(int32_t)));
    NEED(scaled);
    alias_build(s, scaled, (int32_t *)(scaled + range), (int32_t *)(scaled + range) + range);
    mem_free(scaled);
    return NULL;
}

/* ---- drawing ---- */

/* Classes drawn so far; a table of open addresses. */
struct used { int64_t *slot; uint64_t mask; };

static struct status *used_new(struct kernel *k, int64_t n, struct used *u)
{
    uint64_t slots = 16;
    while (slots < 2 * (uint64_t)n)
        slots *= 2;
    u->mask = slots - 1;
    TRY(kernel_temp(k, slots * sizeof *u->slot, &u->slot));
    for (uint64_t i = 0; i < slots; i++)
        u->slot[i] = -1;
    return NULL;
}

static bool used_add(struct used *u, int64_t value)
{
    uint64_t i = (uint64_t)value * 0x9e3779b97f4a7c15 >> 20;
    for (;; i++) {
        int64_t *at = &u->slot[i & u->mask];
        if (*at == value)
            return false;
        if (*at < 0) {
            *at = value;
            return true;
        }
    }
}

/* Returns how many were drawn for it. */
static struct status *draw_all(struct kernel *k, struct philox at, int64_t *y, int64_t *tries)
{
    const struct sampler *s = k->state;
    struct philox_words w = philox_words(at);
    struct used used = { 0 };
    *tries = s->num_sampled;
    if (s->unique) {
        TRY(used_new(k, s->num_sampled, &used));
        *tries = 0;
    }
    for (int64_t n = 0; n < s->num_sampled;) {
        int64_t value = s->draw(s, &w);
        *tries += s->unique;
        if (!s->unique || used_add(&used, value))
            y[n++] = value;
    }
    return NULL;
}

static void expect(const struct sampler *s, const int64_t *value, int64_t n, int64_t tries,
                   float *y)
{
    for (int64_t i = 0; i < n; i++) {
        float p = (float)s->chance(s, value[i]);
        y[i] = tries == s->num_sampled ? p * (float)s->num_sampled
               : -expm1f((float)tries * log1pf(-p));
    }
}

static struct status *candidate_outputs(struct kernel *k)
{
    const struct sampler *s = k->state;
    const struct shape *t = &kernel_in(k, 0)->shape;
    ENSURE(t->rank == 2, "true_classes must be a matrix");
    ENSURE(t->dim[1] == s->num_true, "true_classes must have num_true columns");
    ENSURE(!s->unique || s->num_sampled <= s->range, "Sampler's range is too small.");
    TRY(kernel_new(k, 0, DT_INT64, &SHAPE(s->num_sampled)));
    TRY(kernel_new(k, 1, DT_FLOAT, t));
    return kernel_new(k, 2, DT_FLOAT, &SHAPE(s->num_sampled));
}

static struct status *sample_from(struct kernel *k, struct philox at)
{
    const struct sampler *s = k->state;
    int64_t tries;
    TRY(draw_all(k, at, kernel_out(k, 0)->data, &tries));
    expect(s, kernel_in(k, 0)->data, tensor_count(kernel_in(k, 0)), tries, kernel_out(k, 1)->data);
    expect(s, kernel_out(k, 0)->data, s->num_sampled, tries, kernel_out(k, 2)->data);
    return NULL;
}

/* Blocks that a run reserves: 2048 words for each candidate. */
static uint64_t blocks_of(const struct sampler *s) { return (uint64_t)s->num_sampled * 512; }

static struct status *sample(struct kernel *k)
{
    TRY(candidate_outputs(k));
    return sample_from(k, random_reserve(k, blocks_of(k->state)));
}

/* As it draws it learns nothing; afterwards it has seen the true classes. */
static struct status *sample_learned(struct kernel *k)
{
    const struct sampler *s = k->state;
    const struct tensor *seen = kernel_in(k, 0);
    struct learned *l = s->learned;
    TRY(candidate_outputs(k));
    for (int64_t i = 0; i < tensor_count(seen); i++) {
        int64_t v = ((const int64_t *)seen->data)[i];
        ENSURE(v >= 0 && v < s->range, "true_classes[%lld] = %lld is not in [0, %lld)",
               (long long)i, (long long)v, (long long)s->range);
    }
    pthread_mutex_lock(&l->lock);
    struct status *st = sample_from(k, l->at);
    philox_skip(&l->at, blocks_of(s));
    for (int64_t i = 0; i < tensor_count(seen) && !st; i++)
        learned_add(l, (int32_t)((const int64_t *)seen->data)[i]);
    pthread_mutex_unlock(&l->lock);
    return st;
}

static struct status *sample_all(struct kernel *k)
{
    const struct sampler *s = k->state;
    TRY(candidate_outputs(k));
    float *expected[2] = { kernel_out(k, 1)->data, kernel_out(k, 2)->data };
    for (int64_t i = 0; i < tensor_count(kernel_in(k, 0)); i++)
        expected[0][i] = 1;
    for (int64_t i = 0; i < s->num_sampled; i++) {
        ((int64_t *)kernel_out(k, 0)->data)[i] = i;
        expected[1][i] = 1;
    }
    return NULL;
}

static struct status *candidate_shape(struct shape_ctx *c)
{
    const struct shape *t = shape_in(c, 0);
    int64_t sampled = node_attr(c->node, "num_sampled");
    TRY(shape_want_rank(t, 2));
    *shape_out(c, 0) = *shape_out(c, 2) = SHAPE(sampled);
    *shape_out(c, 1) = SHAPE(t->rank < 0 ? -1 : t->dim[0], node_attr(c->node, "num_true"));
    return NULL;
}

#define SAMPLER .inputs = "true_classes: int64", \
    .outputs = "sampled_candidates: int64, true_expected_count: float, " \
               "sampled_expected_count: float", \
    .shape = candidate_shape, .grad = NOT_DIFFERENTIABLE, .flags = OP_STATEFUL
#define COUNTS "num_true: int >= 1; num_sampled: int >= 1; unique: bool; "
#define SEEDS "seed: int = 0; seed2: int = 0"

const struct op ops_candidate[] = {
    { .name = "UniformCandidateSampler", SAMPLER, .attrs = COUNTS "range_max: int >= 1; " SEEDS,
      .doc = "Classes below range_max, all equally likely, and how often each was to be expected.",
      .prepare = uniform_prepare, .kernel_any = sample },
    { .name = "LogUniformCandidateSampler", SAMPLER, .attrs = COUNTS "range_max: int >= 1; " SEEDS,
      .doc = "Classes below range_max, the likelier the smaller, and how often each was to be "
             "expected.",
      .prepare = log_uniform_prepare, .kernel_any = sample },
    { .name = "LearnedUnigramCandidateSampler", SAMPLER,
      .attrs = COUNTS "range_max: int >= 1; " SEEDS,
      .doc = "Classes as likely as they were among the true classes of earlier runs.",
      .prepare = learned_prepare, .kernel_any = sample_learned },
    { .name = "ThreadUnsafeUnigramCandidateSampler", SAMPLER,
      .attrs = COUNTS "range_max: int >= 1; " SEEDS,
      .doc = "The same as LearnedUnigramCandidateSampler.",
      .prepare = learned_prepare, .kernel_any = sample_learned },
    { .name = "FixedUnigramCandidateSampler", SAMPLER,
      .attrs = COUNTS "range_max: int >= 1; vocab_file: string = \"\"; distortion: float = 1; "
               "num_reserved_ids: int = 0; num_shards: int >= 1 = 1; shard: int >= 0 = 0; "
               "unigrams: list(float) = []; " SEEDS,
      .doc = "Classes as likely as their weights say, which are an attribute or the last column "
             "of a file.",
      .prepare = fixed_prepare, .kernel_any = sample },
    { .name = "AllCandidateSampler", SAMPLER, .attrs = COUNTS SEEDS,
      .doc = "All classes below num_sampled, each expected once.",
      .prepare = all_prepare, .kernel_any = sample_all },
    { 0 }
};
