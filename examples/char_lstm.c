/* A language model of characters: a loop in the graph unrolls an LSTM over a text, as long as that
 * is, to tell each next character; gradients go back through the loop. Another loop then writes:
 * what it draws is what it reads next. Where a person watches, it shows how it gets on. */
#include "lesson.h"

#include <stdlib.h>
#include <unistd.h>

enum { HIDDEN = 64, BATCH = 16, STEPS = 56, ROUNDS = 400, WRITTEN = 100 };

static const char text[] =
    "A warp is set up once, and the weft is the thread that a loom carries through it, to and fro. "
    "So is a graph set up once; a session carries data through, again and again until it is done. ";

/* ---- characters as numbers, each that occurs once ---- */

static char letters[64];

static int number_of(char c)
{
    size_t i = strcspn(letters, (char[]){ c, 0 });
    if (!letters[i])
        letters[i] = c;
    return (int)i;
}

/* ---- the cell ---- */

struct model {
    struct weft_variable rows, recurrent, bias;     /* of a character, of the state, of all gates */
    struct weft_variable output, output_bias;
    struct weft_array x, y;                         /* read and written by the loops */
    struct weft_out length;
};

static struct weft_variable weights(const char *name, int rows, int columns)
{
    int64_t shape[] = { rows, columns };
    return weft_variable_new(NULL, name,
                             weft_normal_truncated(NULL, WEFT_FLOAT, 2, shape, 0, 0.1, -1), 0);
}

static struct weft_variable zeros(const char *name, int n)
{
    return weft_variable_new(NULL, name, weft_zeros(NULL, WEFT_FLOAT, 1, (int64_t[]){ n }), 0);
}

static struct model model_new(int n_letters)
{
    return (struct model){ .rows = weights("rows", n_letters, 4 * HIDDEN),
                           .recurrent = weights("recurrent", HIDDEN, 4 * HIDDEN),
                           .bias = zeros("bias", 4 * HIDDEN),
                           .output = weights("output", HIDDEN, n_letters),
                           .output_bias = zeros("output_bias", n_letters) };
}

static struct weft_out rows_of(const struct model *m, struct weft_out characters)
{
    return weft_gather_v2(NULL, m->rows.value, characters, weft_scalar(NULL, WEFT_INT32, 0));
}

/* What remembers, c, and what is said, h, after reading x. */
static void cell(const struct model *m, struct weft_out x, struct weft_out *c, struct weft_out *h)
{
    struct weft_out sums = weft_add(NULL, x, weft_mat_mul(NULL, *h, m->recurrent.value));
    sums = weft_bias_add(NULL, sums, m->bias.value);
    struct weft_out i = weft_split(NULL, weft_scalar(NULL, WEFT_INT32, 1), sums, 4);
    struct weft_out taken = weft_mul(NULL, weft_sigmoid(NULL, i),
                                     weft_tanh(NULL, weft_output(i, 1)));
    struct weft_out keep = weft_sigmoid(NULL, weft_add(NULL, weft_output(i, 2),
                                                       weft_scalar(NULL, WEFT_FLOAT, 1)));
    *c = weft_add(NULL, weft_mul(NULL, *c, keep), taken);
    *h = weft_mul(NULL, weft_tanh(NULL, *c), weft_sigmoid(NULL, weft_output(i, 3)));
}

static struct weft_out logits_of(const struct model *m, struct weft_out h)
{
    return weft_bias_add(NULL, weft_mat_mul(NULL, h, m->output.value), m->output_bias.value);
}

/* ---- reading: variables of the loop are the time, c, h, and the array of what was said ---- */

static struct weft_out more(void *ctx, struct weft_graph *g, const struct weft_out *v, int n)
{
    (void)n;
    return weft_less(g, v[0], ((const struct model *)ctx)->length);
}

static void read_one(void *ctx, struct weft_graph *g, const struct weft_out *v,
                     struct weft_out *next, int n)
{
    const struct model *m = ctx;
    (void)n;
    next[0] = weft_add(g, v[0], weft_scalar(g, WEFT_INT32, 1));
    next[1] = v[1], next[2] = v[2];
    cell(m, weft_array_read(m->x, v[0]), &next[1], &next[2]);
    next[3] = weft_array_write(weft_array_at(m->y, v[3]), v[0], next[2]).flow;
}

/* The mean loss of a character, from [time, batch] of what is read and of what comes next. */
static struct weft_out loss_of(struct model *m, struct weft_out read, struct weft_out come)
{
    struct weft_out shape = weft_shape(NULL, read), zero = weft_scalar(NULL, WEFT_INT32, 0);
    struct weft_out batch = weft_gather_v2(NULL, shape, weft_scalar(NULL, WEFT_INT32, 1), zero);
    struct weft_out hidden = weft_scalar(NULL, WEFT_INT32, HIDDEN);
    struct weft_out none = weft_fill(NULL, weft_pack(NULL, WEFT_OUTS(batch, hidden)),
                                     weft_scalar(NULL, WEFT_FLOAT, 0));
    m->length = weft_gather_v2(NULL, shape, zero, zero);
    const struct weft_shape row = { 2, { -1, 4 * HIDDEN } };
    m->x = weft_array_new(NULL, WEFT_FLOAT, m->length,
                          &(struct weft_array_options){ .shape = &row });
    m->x = weft_array_unstack(m->x, rows_of(m, read));
    m->y = weft_array_new(NULL, WEFT_FLOAT, m->length, NULL);
    struct weft_out v[] = { zero, none, none, m->y.flow }, end[4];
    weft_while(NULL, more, read_one, m, v, 4, NULL, end);
    struct weft_out said = weft_array_stack(weft_array_at(m->y, end[3]));
    said = weft_reshape(NULL, said, weft_vector(NULL, WEFT_INT32, 2, (double[]){ -1, HIDDEN }));
    struct weft_out all = weft_vector(NULL, WEFT_INT32, 1, (double[]){ -1 });
    return weft_mean(NULL, weft_sparse_softmax_cross_entropy_with_logits(
                         NULL, logits_of(m, said), weft_reshape(NULL, come, all)),
                     weft_vector(NULL, WEFT_INT32, 1, (double[]){ 0 }));
}

/* ---- writing: the time, the last character, c, h, and the array of what was written ---- */

static void write_one(void *ctx, struct weft_graph *g, const struct weft_out *v,
                      struct weft_out *next, int n)
{
    const struct model *m = ctx;
    (void)n;
    next[0] = weft_add(g, v[0], weft_scalar(g, WEFT_INT32, 1));
    next[2] = v[2], next[3] = v[3];
    cell(m, rows_of(m, v[1]), &next[2], &next[3]);
    /* Twice the logits: what is likely becomes likelier. */
    struct weft_out logits = weft_mul(g, logits_of(m, next[3]), weft_scalar(g, WEFT_FLOAT, 2));
    struct weft_out drawn = weft_multinomial(g, logits, weft_scalar(g, WEFT_INT32, 1));
    next[1] = weft_cast(g, weft_reshape(g, drawn, weft_vector(g, WEFT_INT32, 1, (double[]){ 1 })),
                        WEFT_INT32);
    next[4] = weft_array_write(weft_array_at(m->y, v[4]), v[0], next[1]).flow;
}

/* [WRITTEN, 1] characters that follow `first`. */
static struct weft_out writing_after(struct model *m, char first)
{
    struct weft_out none = weft_zeros(NULL, WEFT_FLOAT, 2, (int64_t[]){ 1, HIDDEN });
    m->length = weft_scalar(NULL, WEFT_INT32, WRITTEN);
    m->y = weft_array_new(NULL, WEFT_INT32, m->length, NULL);
    struct weft_out v[] = { weft_scalar(NULL, WEFT_INT32, 0),
                            weft_vector(NULL, WEFT_INT32, 1, (double[]){ number_of(first) }), none,
                            none, m->y.flow }, end[5];
    weft_while(NULL, more, write_one, m, v, 5, NULL, end);
    return weft_array_stack(weft_array_at(m->y, end[4]));
}

static void print_written(struct weft_session *s, struct weft_out written, FILE *to)
{
    struct weft_tensor *t;
    weft_check(weft_session_eval(s, written, &t));
    fputc(text[0], to);
    for (int i = 0; i < WRITTEN; i++)
        fputc(letters[(int)weft_tensor_number(t, i)], to);
    fputc('\n', to);
    weft_tensor_free(t);
}

/* ---- training ---- */

/* Pieces of the text, and the characters one further: [STEPS, BATCH]. */
static void next_batch(struct weft_tensor **read, struct weft_tensor **come)
{
    static unsigned long long state = 1;
    int32_t now[STEPS][BATCH], then[STEPS][BATCH];
    for (int b = 0; b < BATCH; b++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        size_t from = b ? (state >> 33) % (sizeof text - 1 - STEPS) : 0;
        for (int t = 0; t < STEPS; t++) {
            now[t][b] = number_of(text[from + t]);
            then[t][b] = number_of(text[from + t + 1]);
        }
    }
    weft_check(weft_tensor_new(WEFT_INT32, 2, (int64_t[]){ STEPS, BATCH }, now, read));
    weft_check(weft_tensor_new(WEFT_INT32, 2, (int64_t[]){ STEPS, BATCH }, then, come));
}

struct training { struct weft_out read, come, loss, written; struct weft_node *step; };

static double train(struct weft_session *s, const struct training *t)
{
    bool watched = isatty(STDERR_FILENO);
    double loss = 0;
    for (int round = 1; round <= ROUNDS; round++) {
        struct weft_tensor *now, *then, *value;
        next_batch(&now, &then);
        weft_check(weft_session_run(s, NULL, WEFT_FEEDS({ t->read, now }, { t->come, then }),
                                    &t->loss, 1, &t->step, 1, &value));
        loss = weft_tensor_number(value, 0);
        weft_tensor_free(value);
        weft_tensor_free(now);
        weft_tensor_free(then);
        if (watched && round % 50 == 0) {
            fprintf(stderr, "round %d of %d, loss %.3f: ", round, ROUNDS, loss);
            print_written(s, t->written, stderr);
        }
    }
    return loss;
}

int main(void)
{
    for (size_t i = 0; i + 1 < sizeof text; i++)
        number_of(text[i]);
    weft_graph_set_seed(weft_default_graph(), 3);
    struct model m = model_new((int)strlen(letters));
    struct training t = { .read = weft_placeholder(NULL, WEFT_INT32),
                          .come = weft_placeholder(NULL, WEFT_INT32) };
    struct weft_optimizer *adam = weft_adam(0.01, 0.9, 0.999, 1e-8);
    t.loss = loss_of(&m, t.read, t.come);
    t.step = weft_minimize(adam, t.loss, NULL, 0, NULL);
    t.written = writing_after(&m, text[0]);
    printf("%d characters, %d of them different\n", (int)sizeof text - 1, (int)strlen(letters));
    struct weft_session *s = session_on(NULL);
    weft_check(weft_session_do(s, weft_variables_initializer(NULL)));
    printf("it has learned them: %s\n", yes_no(train(s, &t) < 0.2));
    print_written(s, t.written, stdout);
    weft_optimizer_free(adam);
    weft_session_free(s);
    return 0;
}
