/* random_input_test.c - throws random shapes, dtypes, attributes and values at every op.
 *
 * An input may be refused; it may not crash, hang, ask for memory without measure, leave any
 * behind or write where it must not. Beyond that: what is computed has the shape and dtype that
 * were inferred, and is the same from constants as from feeds, by either executor, and the second
 * time. Gradients of what ran are built and run too. Every call has a seed of its own, which its
 * finding prints.
 *
 *     ops-random_input-test [SECONDS [SEED [OP]...]]      0 seconds: that one call an op
 */
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "ops/ops.h"
#include "test/isolate.h"
#include "test/random_case.h"
#include "test/trial.h"

#include <ftw.h>
#include <glob.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>

enum { SECONDS = 5, SECONDS_PER_CALL = 60, MOST_OPS = 2048, MOST_FINDINGS = 8 };
enum { MEMORY = 256 << 20, FILE_SIZE = 1 << 20 };

/* What must be handled with care. */
enum care { LEFT_OUT = 1, WRITES };
static const struct { const char *op; enum care care; const char *why; } with_care[] = {
    { "Abort", LEFT_OUT, "it ends the process" },
    { "WriteFile", WRITES, "files, wherever it is told" },
    { "Save", WRITES, "files, wherever it is told" },
    { "SaveSlices", WRITES, "files, wherever it is told" },
    { "SaveV2", WRITES, "files, wherever it is told" },
    { "MergeV2Checkpoints", WRITES, "and deletes files" },
    { "Print", LEFT_OUT, "it prints" },
    { "PrintV2", LEFT_OUT, "it prints, to files too" },
};

static enum care care_of(const struct op *op)
{
    for (size_t i = 0; i < sizeof with_care / sizeof *with_care; i++)
        if (!strcmp(with_care[i].op, op->name))
            return with_care[i].care;
    return op->flags & (OP_BLOCKING | OP_ENTER | OP_EXIT | OP_NEXT) ? LEFT_OUT : 0;
}

/* What differs from the rules, in TensorFlow too. */
enum rule { INFERRED = 1, REPEATED = 2, SLOPE_SHAPE = 4, NOT_INTERNAL = 8 };
static const struct { const char *op; int rules; const char *why; } exceptions[] = {
    { "PlaceholderWithDefault", INFERRED | SLOPE_SHAPE, "the default goes on, of whatever shape" },
    { "TensorSummary", REPEATED, "the node's name is in it" },
    { "SoftmaxCrossEntropyWithLogits", SLOPE_SHAPE, "labels may be broadcast" },
    { "SparseToDense", SLOPE_SHAPE, "one value, or index, may stand for a vector of one" },
    { "FakeQuantWithMinMaxVars", SLOPE_SHAPE, "one number of any rank" },
    { "FakeQuantWithMinMaxVarsPerChannel", SLOPE_SHAPE, "one number of any rank" },
    { "LSTMBlockCell", SLOPE_SHAPE, "weights of peepholes that are not used may be of any length" },
    { "SparseTensorDenseAdd", SLOPE_SHAPE, "there may be more values than indices" },
    { "FractionalMaxPool", REPEATED, "without a seed, windows are drawn anew" },
    { "FractionalAvgPool", REPEATED, "without a seed, windows are drawn anew" },
    { "ParameterizedTruncatedNormal", NOT_INTERNAL, "a sampler that never accepts" },
};

static bool holds(enum rule rule, const char *op)
{
    for (size_t i = 0; i < sizeof exceptions / sizeof *exceptions; i++)
        if (exceptions[i].rules & rule && !strcmp(exceptions[i].op, op))
            return false;
    return true;
}

/* ---- which ops, and their cases ---- */

struct thrown {                         /* shared with the child */
    long calls, built, ran, gradients;
    int findings;
};

static struct one { const struct op *op; char **line; int n_lines; } ops[MOST_OPS];
static struct thrown *thrown;           /* by op */
static int n_ops;
static uint64_t seed = 1;
static double seconds = SECONDS;
static double deadline;

static void choose_ops(char **wanted, int n)
{
    for (int i = 0; i < ops_count() && n_ops < MOST_OPS; i++) {
        bool is_wanted = !n && strncmp(op_at(i)->name, "Test", 4);
        for (int k = 0; k < n; k++)
            is_wanted |= !strcmp(op_at(i)->name, wanted[k]);
        if (is_wanted && care_of(op_at(i)) != LEFT_OUT)
            ops[n_ops++].op = op_at(i);
    }
}

static void keep_case(void *ctx, const struct op_case *c, const char *broken)
{
    (void)ctx;
    for (int i = 0; i < n_ops && !broken && !is_shape_case(c); i++)
        if (!strcmp(ops[i].op->name, c->op)) {
            struct one *one = &ops[i];
            one->line = realloc(one->line, (size_t)(one->n_lines + 1) * sizeof *one->line);
            one->line[one->n_lines++] = strdup(c->text);
        }
}

static void read_cases(void)
{
    glob_t found = { 0 };
    glob("src/ops/*.cases", 0, NULL, &found);
    for (size_t i = 0; i < found.gl_pathc; i++)
        cases_read(found.gl_pathv[i], 1, keep_case, NULL);
    globfree(&found);
}

/* ---- one case, run in one way ---- */

struct answer {
    struct status *st;
    bool built;
    int n;
    struct tensor out[CASE_MOST];
};

static void answer_release(struct answer *a)
{
    for (int i = 0; i < a->n; i++)
        tensor_unref(&a->out[i]);
    status_free(a->st);
    *a = (struct answer){ 0 };
}

static int outputs_of(const struct node *node, struct out *fetch)
{
    int n = 0;
    while (n < node->n_out && n < CASE_MOST && node->dtype[n] != DT_RESOURCE) {
        fetch[n] = (struct out){ (struct node *)node, n };
        n++;
    }
    return n;
}

/* What came is what was inferred. */
static struct status *check_inferred(const struct node *node, const struct answer *a)
{
    for (int i = 0; i < a->n; i++) {
        const struct tensor *t = &a->out[i];
        if (!t->buf)
            return status_new(INTERNAL, "output %d is missing", i);
        if (t->dtype != node->dtype[i] || (holds(INFERRED, node->op->name) &&
                                           !shape_accepts(node->shape[i], &t->shape)))
            return status_new(INTERNAL, "output %d is %s%s, inferred was %s%s", i,
                              dtype_name(t->dtype), SHAPE_STR(&t->shape),
                              dtype_name(node->dtype[i]), SHAPE_STR(node->shape[i]));
    }
    return NULL;
}

/* An error of ours, as opposed to one of the input. */
static struct status *check_refusal(const char *op, const struct answer *a)
{
    if (status_code(a->st) != INTERNAL || !holds(NOT_INTERNAL, op))
        return NULL;
    return status_new(INTERNAL, "refused as INTERNAL: %s", status_message(a->st));
}

static struct status *run_built(struct trial *t, unsigned flags, struct answer *a)
{
    struct trial_plan p = { 0 };
    struct out fetch[CASE_MOST];
    int n = outputs_of(t->node, fetch);
    a->built = true;
    a->st = trial_compile(t, fetch, n, true, flags, &p);
    if (!a->st)
        a->st = trial_run(t, &p, a->out);
    if (!a->st)
        a->n = n;
    trial_plan_release(&p);
    return a->st ? check_refusal(t->c->op, a) : check_inferred(t->node, a);
}

static struct status *same_answers(const struct answer *a, const struct answer *b)
{
    bool no_memory = status_code(b->st) == RESOURCE_EXHAUSTED;
    if (a->built && !a->st && b->st && !no_memory)
        return status_new(INTERNAL, "runs so, but not so: %s", status_message(b->st));
    for (int i = 0; !a->st && !b->st && i < a->n && i < b->n; i++)
        TRY(status_prefix(tensor_differs(&b->out[i], &a->out[i], tolerance_of(a->out[i].dtype)),
                          "output %d: ", i));
    return NULL;
}

/* ---- its gradients ---- */

static bool has_gradient(enum dtype t) { return dtype_is_floating(t) || dtype_is_complex(t); }

static struct status *check_slopes(const struct trial *t, const int *input, const struct tensor *dx,
                                   int n)
{
    for (int i = 0; i < n; i++) {
        const struct tensor *x = &t->value[input[i]];
        if (x->buf && holds(SLOPE_SHAPE, t->c->op) &&
            (dx[i].dtype != x->dtype || !shape_equal(&dx[i].shape, &x->shape)))
            return status_new(INTERNAL, "the gradient of input %d is %s%s, not %s%s", input[i],
                              dtype_name(dx[i].dtype), SHAPE_STR(&dx[i].shape),
                              dtype_name(x->dtype), SHAPE_STR(&x->shape));
    }
    return NULL;
}

static struct status *run_gradients(struct trial *t, const struct out *dx, int n)
{
    struct trial_plan p = { 0 };
    struct tensor got[CASE_MOST] = { 0 };
    struct out fetch[CASE_MOST];
    int input[CASE_MOST], n_fetch = 0;
    for (int i = 0; i < n; i++)
        if (dx[i].node) {
            input[n_fetch] = i;
            fetch[n_fetch++] = dx[i];
        }
    struct answer a = { .st = trial_compile(t, fetch, n_fetch, false, 0, &p) };
    if (!a.st)
        a.st = trial_run(t, &p, got);
    struct status *wrong = a.st ? check_refusal(t->c->op, &a)
                                : check_slopes(t, input, got, n_fetch);
    for (int i = 0; i < n_fetch; i++)
        tensor_unref(&got[i]);
    trial_plan_release(&p);
    status_free(a.st);
    return wrong;
}

static struct status *gradients(struct trial *t, struct thrown *count)
{
    struct out y[CASE_MOST], x[CASE_MOST], dx[CASE_MOST];
    int n_y = 0, n = t->c->n_in;
    for (int i = 0; i < t->node->n_out && n_y < CASE_MOST; i++)
        if (has_gradient(t->node->dtype[i]))
            y[n_y++] = (struct out){ t->node, i };
    for (int i = 0; i < n; i++)
        x[i] = t->x[i];
    if (!n_y || !n)
        return NULL;
    struct gradients q = { .y = y, .n_y = n_y, .x = x, .n_x = n };
    struct answer a = { .st = graph_gradients(t->graph, &q, dx, NULL) };
    struct status *wrong = check_refusal(t->c->op, &a);
    if (!a.st)
        wrong = run_gradients(t, dx, n);
    count->gradients += !a.st;
    status_free(a.st);
    return status_prefix(wrong, "[gradients] ");
}

/* ---- one case ---- */

static struct status *way(const struct op_case *c, enum feeding feeding, unsigned flags,
                          struct thrown *count, bool with_gradients, struct answer *a)
{
    static const char *const name[] = { "constants", "feeds", "reusable inputs", "known shapes" };
    struct trial t;
    *a = (struct answer){ .st = trial_build(&t, c, feeding, false) };
    struct status *wrong = a->st ? check_refusal(c->op, a) : run_built(&t, flags, a);
    if (count && !a->st && with_gradients && !wrong)
        wrong = gradients(&t, count);
    trial_release(&t);
    return status_prefix(wrong, "[%s, %s] ", name[feeding],
                         flags & PLAN_FLOW ? "dataflow" : "serial");
}

static bool has_holder(const struct op_case *c)
{
    for (int i = 0; i < c->n_in; i++)
        if (c->in[i].holder)
            return true;
    return false;
}

/* The ways that a call takes follow from its seed. */
static struct status *throw(const struct op_case *c, struct thrown *count, uint64_t one_seed)
{
    struct answer a, b = { 0 };
    bool flow = one_seed % 3 == 0, again = one_seed % 5 == 0, slopes = one_seed % 4 == 1;
    bool repeats = !(op_find(c->op)->flags & OP_STATEFUL) && holds(REPEATED, c->op);
    mallopt(M_PERTURB, 0x55);
    struct status *wrong = way(c, FEED_CONST, PLAN_SERIAL, count, slopes && one_seed % 8 == 1, &a);
    mallopt(M_PERTURB, 0xab);
    if (!wrong)
        wrong = way(c, again && !has_holder(c) ? FEED_COPIED : FEED_UNKNOWN,
                    flow ? PLAN_FLOW | PLAN_NO_FOLD : PLAN_SERIAL, count, slopes, &b);
    if (!wrong && repeats)
        wrong = same_answers(&a, &b);
    count->built += a.built;
    count->ran += !b.st;
    answer_release(&a);
    answer_release(&b);
    return wrong;
}

static bool inputs_kept(const struct op_case *c, const struct op_case *before)
{
    for (int i = 0; i < c->n_in; i++)
        if (c->in[i].value.buf && !tensor_same_bits(&c->in[i].value, &before->in[i].value))
            return false;
    return true;
}

/* Something may be left once (what is made when first needed), not each time. */
static struct status *throw_and_count(const struct op_case *c, const struct op_case *before,
                                      struct thrown *count, uint64_t one_seed)
{
    size_t left = 1;
    for (int i = 0; i < 3 && left; i++) {
        size_t live = mem_live();
        TRY(throw(c, count, one_seed));
        left = mem_live() - live;
    }
    if (left)
        return status_new(INTERNAL, "%ld bytes were not given back", (long)left);
    return inputs_kept(c, before) ? NULL : status_new(INTERNAL, "it wrote into its inputs");
}

static void make_case(struct op_case *c, const struct one *one, uint64_t one_seed)
{
    struct status *st = random_case(c, one->op, one->line, one->n_lines,
                                    care_of(one->op) == WRITES, one_seed);
    status_free(st);                    /* what was made until then does as well */
}

static void tell(const struct one *one, uint64_t one_seed, const struct op_case *c,
                 const char *what)
{
    struct str line = { 0 };
    case_print(c, &line);
    printf("%s: seed %llu: %s\n  %s\n", one->op->name, (unsigned long long)one_seed,
           str_text(&line), what);
    fflush(stdout);
    str_free(&line);
}

static void call(const struct one *one, struct thrown *count, uint64_t one_seed)
{
    struct op_case *c = calloc(2, sizeof *c);
    make_case(&c[0], one, one_seed);
    make_case(&c[1], one, one_seed);
    if (!seconds)
        tell(one, one_seed, c, "is thrown");
    count->calls++;
    struct status *wrong = throw_and_count(&c[0], &c[1], count, one_seed);
    if (wrong) {
        progress->failures++;
        count->findings++;
        tell(one, one_seed, c, status_message(wrong));
    }
    status_free(wrong);
    case_release(&c[0]);
    case_release(&c[1]);
    free(c);
}

/* ---- all of them ---- */

static double now(void) { return (double)clock_ns() / 1e9; }

/* Ops take turns: item i is the (i / n_ops)th call of op i % n_ops. */
static void throw_all(void *ctx, int from)
{
    char text[160];
    (void)ctx;
    mem_limit(MEMORY);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){ FILE_SIZE, FILE_SIZE });
    for (int i = from - 1; seconds ? now() < deadline : i < n_ops; i++) {
        struct one *one = &ops[i % n_ops];
        uint64_t one_seed = seed + (uint64_t)(i / n_ops);
        if (thrown[i % n_ops].findings >= MOST_FINDINGS)
            continue;
        snprintf(text, sizeof text, "%s: seed %llu", one->op->name, (unsigned long long)one_seed);
        progress_at(i + 1, text);
        call(one, &thrown[i % n_ops], one_seed);
    }
}

static int remove_file(const char *path, const struct stat *s, int flag, struct FTW *at)
{
    (void)s, (void)flag, (void)at;
    return remove(path);
}

static void print_never(void)
{
    int never = 0;
    for (int i = 0; i < n_ops; i++)
        if (!thrown[i].ran)
            printf(never++ ? ", %s" : "never run: %s", ops[i].op->name);
    printf("%s", never ? "\n" : "");
}

static void print_counts(void)
{
    struct thrown all = { 0 };
    for (int i = 0; i < n_ops; i++) {
        all.calls += thrown[i].calls;
        all.built += thrown[i].built;
        all.ran += thrown[i].ran;
        all.gradients += thrown[i].gradients;
        if (getenv("V"))
            printf("%-40s %8ld calls %8ld ran %8ld gradients\n", ops[i].op->name, thrown[i].calls,
                   thrown[i].ran, thrown[i].gradients);
    }
    print_never();
    printf("%d ops, seed %llu: %ld calls, %ld could be built, %ld ran, %ld gradients; "
           "%d findings\n", n_ops, (unsigned long long)seed, all.calls,
           all.built, all.ran, all.gradients, progress->failures);
}

/* It is empty but for a link to what the cases read. */
static void enter(const char *folder)
{
    char *sources = realpath("src", NULL);
    assert_true(!chdir(folder) && (!sources || !symlink(sources, "src")));
    free(sources);
}

/* In a folder of its own, where what is written does no harm. */
static void random_inputs(void **state)
{
    char folder[] = P_tmpdir "/weft-random-XXXXXX";
    (void)state;
    read_cases();
    thrown = mmap(NULL, sizeof *thrown * MOST_OPS, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(thrown != MAP_FAILED && mkdtemp(folder));
    enter(folder);
    deadline = now() + seconds;
    isolate("call", SECONDS_PER_CALL, throw_all, NULL);
    print_counts();
    assert_int_equal(chdir("/"), 0);
    nftw(folder, remove_file, 8, FTW_DEPTH | FTW_PHYS);
    assert_int_equal(progress->failures, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(random_inputs) };
    struct status *st = ops_init();
    if (!st)
        st = trial_init();
    if (st) {
        printf("%s\n", status_message(st));
        return 1;
    }
    if (argc > 1)
        seconds = atof(argv[1]);
    if (argc > 2)
        seed = strtoull(argv[2], NULL, 10);
    choose_ops(argv + 3, argc > 3 ? argc - 3 : 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
