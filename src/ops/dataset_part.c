/* dataset_part.c - parts of a dataset, and it again and again: RepeatDataset, TakeDataset,
 * SkipDataset, ShardDataset; IgnoreErrorsDataset; and those that change nothing but how TensorFlow
 * goes about it: OptimizeDataset, ModelDataset and their like. */
#include "graph/graph.h"
#include "op/shape_fn.h"
#include "op/wait.h"
#include "ops/dataset.h"

/* What they are made with: a number, or two. */
struct counted { struct dataset base; int64_t count, index; };
struct counted_cursor { struct cursor base; int64_t at; };

static const struct counted *of(const struct cursor *c) { return (const struct counted *)c->d; }
static int64_t count_of(const struct dataset *d) { return ((const struct counted *)d)->count; }

/* ---- RepeatDataset ---- */

/* Nothing, repeated for ever, is nothing. */
static struct status *repeat_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                  bool *end)
{
    struct counted_cursor *r = (struct counted_cursor *)c;
    int64_t count = of(c)->count;
    *end = count >= 0 && r->at >= count;
    while (!*end) {
        bool first = !c->in;
        if (first)
            TRY(cursor_new(c->d->in[0], env, &c->in));
        TRY(cursor_next_in(c, env, out, end));
        if (!*end)
            return NULL;
        r->at += count >= 0;
        *end = count >= 0 ? r->at >= count : first;
        TRY(dataset_check_stop(env));
    }
    return NULL;
}

static int64_t repeat_count(const struct dataset *d)
{
    int64_t n = dataset_count(d->in[0]), times = count_of(d), all;
    if (times < 0)
        return n == 0 ? 0 : COUNT_INFINITE;
    if (times == 0 || n == 0)
        return 0;
    return n < 0 ? n : __builtin_mul_overflow(n, times, &all) ? COUNT_INFINITE : all;
}

static const struct dataset_kind REPEAT = {
    .name = "Repeat", .size = sizeof(struct counted), .cursor = sizeof(struct counted_cursor),
    .many = true, .next = repeat_next, .count = repeat_count
};

/* ---- TakeDataset ---- */

static struct status *take_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                bool *end)
{
    struct counted_cursor *t = (struct counted_cursor *)c;
    int64_t count = of(c)->count;
    *end = count >= 0 && t->at >= count;
    if (*end) {
        cursor_free(c->in);
        c->in = NULL;
        return NULL;
    }
    TRY(cursor_next_in(c, env, out, end));
    t->at++;
    return NULL;
}

static int64_t take_count(const struct dataset *d)
{
    int64_t n = dataset_count(d->in[0]), count = count_of(d);
    if (n == COUNT_UNKNOWN || count < 0)
        return n;
    return n == COUNT_INFINITE || count < n ? count : n;
}

static const struct dataset_kind TAKE = {
    .name = "Take", .size = sizeof(struct counted), .cursor = sizeof(struct counted_cursor),
    .next = take_next, .count = take_count
};

/* ---- SkipDataset ---- */

/* TF: a negative count skips everything, without looking at it. */
static struct status *skip_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                bool *end)
{
    struct counted_cursor *s = (struct counted_cursor *)c;
    *end = of(c)->count < 0;
    for (; s->at < of(c)->count && !*end; s->at++) {
        TRY(dataset_check_stop(env));
        TRY(cursor_next_in(c, env, out, end));
        element_clear(out, *end ? 0 : c->d->n);
    }
    return *end ? NULL : cursor_next_in(c, env, out, end);
}

static int64_t skip_count(const struct dataset *d)
{
    int64_t n = dataset_count(d->in[0]), count = count_of(d);
    if (count < 0)
        return 0;
    return n < 0 ? n : n > count ? n - count : 0;
}

static const struct dataset_kind SKIP = {
    .name = "Skip", .size = sizeof(struct counted), .cursor = sizeof(struct counted_cursor),
    .next = skip_next, .count = skip_count
};

/* ---- ShardDataset: each count-th element, beginning with the index-th ---- */

static struct status *shard_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                 bool *end)
{
    struct counted_cursor *s = (struct counted_cursor *)c;
    for (bool mine = false; !mine;) {
        TRY(dataset_check_stop(env));
        TRY(cursor_next_in(c, env, out, end));
        mine = *end || s->at++ % of(c)->count == of(c)->index;
        if (!mine)
            element_clear(out, c->d->n);
    }
    return NULL;
}

static int64_t shard_count(const struct dataset *d)
{
    const struct counted *s = (const struct counted *)d;
    int64_t n = dataset_count(d->in[0]);
    return n < 0 ? n : n / s->count + (s->index < n % s->count);
}

static const struct dataset_kind SHARD = {
    .name = "Shard", .size = sizeof(struct counted), .cursor = sizeof(struct counted_cursor),
    .next = shard_next, .count = shard_count
};

static struct status *shard_run(struct kernel *k)
{
    struct counted *s;
    int64_t count, index;
    TRY(dataset_int(k, 1, "num_shards", &count));
    TRY(dataset_int(k, 2, "index", &index));
    ENSURE(count > 0, "Number of shards must be greater than zero (currently num_shards = %lld).",
           (long long)count);
    ENSURE(index >= 0 && index < count, "Index must be between 0 and %lld (currently index = "
           "%lld).", (long long)count - 1, (long long)index);
    TRY(dataset_make_like(k, &SHARD, &s));
    s->count = count;
    s->index = index;
    return NULL;
}

/* ---- IgnoreErrorsDataset ---- */

static struct status *ignore_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                  bool *end)
{
    struct status *st;
    while ((st = cursor_next_in(c, env, out, end)) && !wait_is_over(&env->stop))
        status_free(st);
    return st;
}

static const struct dataset_kind IGNORE_ERRORS = {
    .name = "IgnoreErrors", .size = sizeof(struct dataset), .cursor = sizeof(struct cursor),
    .next = ignore_next
};

/* ---- in kernels ---- */

static struct status *make_counted(struct kernel *k, const struct dataset_kind *kind)
{
    struct counted *d;
    int64_t count;
    TRY(dataset_int(k, 1, "count", &count));
    TRY(dataset_make_like(k, kind, &d));
    d->count = count;
    return NULL;
}

static struct status *repeat_run(struct kernel *k) { return make_counted(k, &REPEAT); }
static struct status *take_run(struct kernel *k) { return make_counted(k, &TAKE); }
static struct status *skip_run(struct kernel *k) { return make_counted(k, &SKIP); }

static struct status *ignore_run(struct kernel *k)
{
    struct dataset *d;
    return dataset_make_like(k, &IGNORE_ERRORS, &d);
}

static struct status *same_run(struct kernel *k)
{
    struct dataset *d;
    TRY(kernel_dataset(k, 0, &d));
    return dataset_put(k, 0, dataset_ref(d));
}

/* ---- the rows ---- */

#define TYPES "output_types: list(type) >= 1; output_shapes: list(shape) >= 1"

#define PART(op_name, more, attributes, run, sentence)                                      \
    { .name = op_name, .inputs = "input_dataset: variant" more,                             \
      .outputs = "handle: variant", .attrs = TYPES attributes, .doc = sentence,             \
      .shape = dataset_shape, .grad = NO_GRADIENT, .kernel_any = run }

#define SAME(op_name, more, attributes)                                                     \
    { .name = op_name, .inputs = "input_dataset: variant" more,                             \
      .outputs = "handle: variant", .attrs = TYPES attributes,                              \
      .doc = "The same dataset; what TensorFlow is told by it does not matter here.",       \
      .shape = shape_scalar, .grad = NO_GRADIENT, .kernel_any = same_run }

const struct op ops_dataset_part[] = {
    PART("RepeatDataset", ", count: int64", "", repeat_run,
         "A dataset so many times; -1: without end."),
    PART("TakeDataset", ", count: int64", "", take_run,
         "The first elements of a dataset; -1: all of them."),
    PART("SkipDataset", ", count: int64", "", skip_run,
         "A dataset without its first elements; -1: none of them."),
    PART("ShardDataset", ", num_shards: int64, index: int64", "; require_non_empty: bool = false",
         shard_run, "Each num_shards-th element of a dataset, from the index-th on."),
    PART("AutoShardDataset", ", num_workers: int64, index: int64", "", shard_run,
         "Each num_workers-th element of a dataset, from the index-th on."),
    PART("ExperimentalAutoShardDataset", ", num_workers: int64, index: int64", "", shard_run,
         "Each num_workers-th element of a dataset, from the index-th on."),
    PART("IgnoreErrorsDataset", "", "", ignore_run,
         "The elements of a dataset that can be computed; errors are passed over."),
    PART("ExperimentalIgnoreErrorsDataset", "", "", ignore_run,
         "The elements of a dataset that can be computed; errors are passed over."),
    SAME("OptimizeDataset", ", optimizations: string",
         "; optimization_configs: list(string) = []"),
    SAME("ModelDataset", "", "; cpu_budget: int = 0; algorithm: int = 0"),
    SAME("AssertNextDataset", ", transformations: string", ""),
    SAME("ExperimentalAssertNextDataset", ", transformations: string", ""),
    SAME("BytesProducedStatsDataset", ", tag: string", ""),
    SAME("ExperimentalBytesProducedStatsDataset", ", tag: string", ""),
    SAME("LatencyStatsDataset", ", tag: string", ""),
    SAME("ExperimentalLatencyStatsDataset", ", tag: string", ""),
    SAME("MaxIntraOpParallelismDataset", ", max_intra_op_parallelism: int64", ""),
    SAME("ExperimentalMaxIntraOpParallelismDataset", ", max_intra_op_parallelism: int64", ""),
    SAME("PrivateThreadPoolDataset", ", num_threads: int64", ""),
    SAME("ExperimentalPrivateThreadPoolDataset", ", num_threads: int64", ""),
    SAME("NonSerializableDataset", "", ""),
    SAME("ExperimentalNonSerializableDataset", "", ""),
    { 0 }
};
