/* pipeline_test.c - random pipelines of several datasets against plain loops.
 *
 *     api-pipeline-test [SEED]
 */
#include "api/pipeline.h"

#include <time.h>

/* ---- chance ---- */

static uint64_t state_of_chance;

static int chance(int n)                /* in [0, n) */
{
    state_of_chance ^= state_of_chance << 13;
    state_of_chance ^= state_of_chance >> 7;
    state_of_chance ^= state_of_chance << 17;
    return (int)(state_of_chance % (uint64_t)n);
}

/* ---- the same thing by plain loops ---- */

enum { MOST = 3000 };
struct list { int n; int64_t v[MOST]; };

static struct list model, old;          /* what the pipeline gives, what it gave a step before */

static void keep(int64_t v)
{
    assert_true(model.n < MOST);
    model.v[model.n++] = v;
}

static void restart(void)
{
    old = model;
    model.n = 0;
}

/* ---- functions ---- */

static void less_than(struct weft_graph *g, const struct weft_out *x, double by,
                      struct weft_out *out)
{
    out[0] = call_in(g, "Less", x[0], by);
}

static void divides(struct weft_graph *g, const struct weft_out *x, double by,
                    struct weft_out *out)
{
    out[0] = call_in(g, "Equal", call_in(g, "FloorMod", x[0], by), 0);
}

/* A dataset of as many numbers as x mod 4 says, from x on. */
static void some_from(struct weft_graph *g, const struct weft_out *x, double by,
                      struct weft_out *out)
{
    struct weft_out n = call_in(g, "FloorMod", x[0], by);
    out[0] = range_in(g, x[0], weft_op(g, "AddV2", WEFT_OUTS(x[0], n), NULL, 0));
}

static void itself(struct weft_graph *g, const struct weft_out *x, double by, struct weft_out *out)
{
    (void)by;
    out[0] = weft_op(g, "Identity", x, 1, NULL, 0);
}

static void both(struct weft_graph *g, const struct weft_out *x, double by, struct weft_out *out)
{
    (void)by;
    out[0] = weft_op(g, "AddV2", x, 2, NULL, 0);
    out[1] = call_in(g, "Mul", out[0], 1);
}

/* ---- steps: each adds a dataset and does the same to the model ---- */

typedef struct weft_out step(struct weft_out d);

static struct weft_out take(struct weft_out d)
{
    int n = chance(20) - 1;
    restart();
    for (int i = 0; i < old.n && (n < 0 || i < n); i++)
        keep(old.v[i]);
    return DATA("TakeDataset", d, number(n));
}

static struct weft_out drop_first(struct weft_out d)
{
    int n = chance(6);
    restart();
    for (int i = n; i < old.n; i++)
        keep(old.v[i]);
    return DATA("SkipDataset", d, number(n));
}

static struct weft_out repeat(struct weft_out d)
{
    int n = model.n < 200 ? chance(4) : 1;
    restart();
    for (int t = 0; t < n; t++)
        for (int i = 0; i < old.n; i++)
            keep(old.v[i]);
    return DATA("RepeatDataset", d, number(n));
}

static struct weft_out shard(struct weft_out d)
{
    int n = 1 + chance(3), at = chance(n);
    restart();
    for (int i = at; i < old.n; i += n)
        keep(old.v[i]);
    return DATA("ShardDataset", d, number(n), number(at));
}

static struct weft_out map(struct weft_out d)
{
    int by = chance(9) - 4;
    for (int i = 0; i < model.n; i++)
        model.v[i] += by;
    return DATA_F("MapDataset", "f", adding(by), d);
}

static struct weft_out map_parallel(struct weft_out d)
{
    int by = chance(9) - 4;
    for (int i = 0; i < model.n; i++)
        model.v[i] += by;
    return DATA_F("ParallelMapDataset", "f", adding(by), d,
                  weft_scalar(graph, WEFT_INT32, chance(2) ? 1 + chance(5) : -1));
}

static struct weft_out filter(struct weft_out d)
{
    int by = 2 + chance(3);
    restart();
    for (int i = 0; i < old.n; i++)
        if (old.v[i] % by == 0)
            keep(old.v[i]);
    return DATA_F("FilterDataset", "predicate", define(divides, by, NULL, 1, 1), d);
}

static struct weft_out take_while(struct weft_out d)
{
    int by = 10 + chance(50);
    restart();
    for (int i = 0; i < old.n && old.v[i] < by; i++)
        keep(old.v[i]);
    return DATA_F("TakeWhileDataset", "predicate", define(less_than, by, NULL, 1, 1), d);
}

static int whole(int n, int size, bool drop) { return drop ? n / size * size : n; }

static struct weft_out unbatch(struct weft_out d)
{
    return DATA("UnbatchDataset", d);
}

/* Batches are vectors: that of scalars is what DATA() says, and so the shapes are said here. */
static struct weft_out batched(const char *op, const struct weft_out *in, int n,
                               const struct weft_attr *more, int n_more)
{
    struct weft_shape rows = { 1, { -1 } };
    struct weft_attr attr[6] = { weft_attr_types("output_types", int64s, 1),
                                 weft_attr_shapes("output_shapes", &rows, 1) };
    for (int i = 0; i < n_more; i++)
        attr[2 + i] = more[i];
    return unbatch(weft_op(NULL, op, in, n, attr, 2 + n_more));
}

static struct weft_out batch(struct weft_out d)
{
    int size = 1 + chance(5);
    bool drop = chance(2);
    model.n = whole(model.n, size, drop);
    return batched("BatchDatasetV2", WEFT_OUTS(d, number(size), truth(drop)), NULL, 0);
}

static struct weft_out map_and_batch(struct weft_out d)
{
    int size = 1 + chance(5), by = chance(5);
    bool drop = chance(2);
    model.n = whole(model.n, size, drop);
    for (int i = 0; i < model.n; i++)
        model.v[i] += by;
    return batched("MapAndBatchDatasetV2",
                   WEFT_OUTS(d, number(size), number(1 + chance(4)), truth(drop)),
                   F_ATTRS("f", adding(by)));
}

static struct weft_out prefetch(struct weft_out d)
{
    return DATA("PrefetchDataset", d, number(chance(5) - 1));
}

static struct weft_out cache(struct weft_out d) { return DATA("CacheDataset", d, text("")); }

static struct weft_out shuffle_none(struct weft_out d)
{
    return DATA("ShuffleDataset", d, number(1), number(chance(9)), number(chance(9)));
}

static struct weft_out concatenate(struct weft_out d)
{
    int n = chance(5);
    for (int i = 0; i < n; i++)
        keep(i);
    return DATA("ConcatenateDataset", d, range(0, n));
}

static struct weft_out flat_map(struct weft_out d)
{
    restart();
    for (int i = 0; i < old.n; i++)
        for (int64_t k = 0; k < ((old.v[i] % 4) + 4) % 4; k++)
            keep(old.v[i] + k);
    return DATA_F("FlatMapDataset", "f", define(some_from, 4, NULL, 1, 1), d);
}

/* By turns, as TensorFlow goes about it. */
static void interleave_model(int cycle, int block)
{
    struct { int64_t at, left; bool open; } turn[8] = { 0 };
    int next = 0, open = 0, now = 0, given = 0;
    restart();
    while (next < old.n || open) {
        if (turn[now].open && turn[now].left) {
            keep(turn[now].at++);
            turn[now].left--;
            if (++given < block)
                continue;
        } else if (turn[now].open) {
            turn[now].open = false;
            open--;
        } else if (next < old.n) {
            turn[now].at = old.v[next];
            turn[now].left = ((old.v[next++] % 4) + 4) % 4;
            turn[now].open = true;
            open++;
            continue;
        }
        now = (now + 1) % cycle;
        given = 0;
    }
}

static struct weft_out interleave(struct weft_out d)
{
    int cycle = 1 + chance(4), block = 1 + chance(3);
    const char *f = define(some_from, 4, NULL, 1, 1);
    interleave_model(cycle, block);
    struct weft_out a = number(cycle), b = number(block);
    return chance(2) ? DATA_F("InterleaveDataset", "f", f, d, a, b)
                     : DATA_F("ParallelInterleaveDatasetV2", "f", f, d, a, b, a);
}

/* Each window is a dataset, and their elements one after another. */
static struct weft_out window(struct weft_out d)
{
    static const enum weft_dtype variant[] = { WEFT_VARIANT };
    int size = 1 + chance(4), shift = 1 + chance(4), stride = 1 + chance(3);
    bool drop = chance(2);
    restart();
    for (int at = 0; at < old.n; at += shift) {
        int last = at + (size - 1) * stride;
        for (int i = at; i <= last && i < old.n && (!drop || last < old.n); i += stride)
            keep(old.v[i]);
    }
    struct weft_out w = weft_op(NULL, "WindowDataset", WEFT_OUTS(d, number(size), number(shift),
        number(stride), truth(drop)), WEFT_ATTRS(weft_attr_types("output_types", variant, 1),
                                                 weft_attr_shapes("output_shapes", scalars, 1)));
    return DATA_F("FlatMapDataset", "f", define(itself, 0, variant, 1, 1), w);
}

static struct weft_out zip(struct weft_out d)
{
    int n = chance(40);
    struct weft_attr attr[] = { weft_attr_types("output_types", int64s, 2),
                                weft_attr_shapes("output_shapes", scalars, 2) };
    struct weft_out z = weft_op(NULL, "ZipDataset", WEFT_OUTS(d, range(0, n)), attr, 2);
    model.n = n < model.n ? n : model.n;
    for (int i = 0; i < model.n; i++)
        model.v[i] += i;
    return DATA_F("MapDataset", "f", define(both, 0, NULL, 2, 1), z);
}

/* Sums of sums grow too fast. */
static bool is_small(void)
{
    for (int i = 0; i < model.n; i++)
        if (model.v[i] > 10000 || model.v[i] < -10000)
            return false;
    return true;
}

static struct weft_out scan(struct weft_out d)
{
    int64_t sum = chance(100);
    struct weft_attr attr[] = { weft_attr_func("f", define(both, 0, NULL, 2, 2)),
                                weft_attr_types("Tstate", int64s, 1),
                                weft_attr_types("Targuments", NULL, 0) };
    if (!is_small())
        return d;
    struct weft_out first = number((double)sum);
    for (int i = 0; i < model.n; i++)
        model.v[i] = sum += model.v[i];
    return data_in(graph, "ScanDataset", WEFT_OUTS(d, first), attr, 3);
}

static step *const steps[] = {
    take, drop_first, repeat, shard, map, map_parallel, filter, take_while, batch, map_and_batch,
    prefetch, cache, shuffle_none, concatenate, flat_map, interleave, window, zip, scan,
};
enum { STEPS = sizeof steps / sizeof *steps, MANY = 300 };

static void random_pipeline(uint64_t number_of_it)
{
    state_of_chance = number_of_it * 2654435761u + 88172645463325252u;
    int n = chance(30), length = 1 + chance(7);
    model.n = 0;
    for (int i = 0; i < n; i++)
        keep(i);
    struct weft_out d = range(0, n);
    for (int i = 0; i < length; i++)
        d = steps[model.n > MANY ? 0 : chance(STEPS)](d);
    ok(weft_graph_error(graph));
    gives(d, model.v, model.n);
}

static uint64_t first_seed, seed;

static void random_pipelines(void **state)
{
    for (seed = first_seed; seed < first_seed + 300; seed++) {
        begin(state);
        random_pipeline(seed);
        end(state);
    }
}

static int say_seed(void **state)
{
    (void)state;
    print_message("the last seed was %llu\n", (unsigned long long)seed);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(random_pipelines, say_seed),
    };
    first_seed = argc > 1 ? strtoull(argv[1], NULL, 0) : (uint64_t)time(NULL);
    weft_graph_free(weft_graph_new());      /* what the library makes once is there */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
