/* floor.c - the floors of ops.txt: straight C, compiled for this machine as loosely as the compiler
 * allows (meson.build). */
#include "floor.h"

#include <math.h>
#include <string.h>

/* ---- memory and multiplications ---- */

static void bytes(void *self)
{
    struct floor *f = self;
    memcpy(f->to, f->from, (f->in + f->out) / 2);
}

static void move(void *self)
{
    struct floor *f = self;
    memcpy(f->to, f->from, f->out);
}

/* Enough sums at a time that none waits for another one. */
static void products(void *self)
{
    enum { SUMS = 160 };
    struct floor *f = self;
    float sum[SUMS] = { 0 }, by = 1 - 1 / (float)(f->count + 2);
    for (double done = 0; done < f->products; done += 64 * SUMS)
        for (int k = 0; k < 64; k++)
            for (int i = 0; i < SUMS; i++)
                sum[i] = sum[i] * by + 1;
    memcpy(f->to, sum, sizeof(float));
}

/* ---- a function of each element ---- */

static inline __attribute__((always_inline)) void each(struct floor *f, float (*of)(float))
{
    float *restrict to = f->to;
    const float *restrict x = f->x;
    for (size_t i = 0; i < f->count; i++)
        to[i] = of(x[i]);
}

static inline float sigmoid(float x) { return 1 / (1 + expf(-x)); }
static inline float softplus(float x) { return logf(1 + expf(x)); }

static void exps(void *self) { each(self, expf); }
static void logs(void *self) { each(self, logf); }
static void tanhs(void *self) { each(self, tanhf); }
static void erfs(void *self) { each(self, erff); }
static void sins(void *self) { each(self, sinf); }
static void sigmoids(void *self) { each(self, sigmoid); }
static void softpluses(void *self) { each(self, softplus); }

static void pows(void *self)
{
    struct floor *f = self;
    float *restrict to = f->to;
    for (size_t i = 0; i < f->count; i++)
        to[i] = powf(f->x[i], f->y[i]);
}

/* ---- rows ---- */

static void softmax_row(float *restrict to, const float *x, size_t n)
{
    float most = -INFINITY, sum = 0;
    for (size_t i = 0; i < n; i++)
        most = x[i] > most ? x[i] : most;
    for (size_t i = 0; i < n; i++)
        sum += to[i] = expf(x[i] - most);
    for (size_t i = 0; i < n; i++)
        to[i] /= sum;
}

static void softmax(void *self)
{
    struct floor *f = self;
    for (size_t i = 0; i < f->count; i += f->last)
        softmax_row((float *)f->to + i, f->x + i, f->last);
}

static void cumsum(void *self)
{
    struct floor *f = self;
    float *restrict to = f->to, sum = 0;
    for (size_t i = 0; i < f->count; i++) {
        sum = i % f->last ? sum + f->x[i] : f->x[i];
        to[i] = sum;
    }
}

static const struct { const char *kind; void (*run)(void *self); } all[] = {
    { "bytes", bytes }, { "move", move }, { "product", products }, { "filter", products },
    { "dinput", products }, { "dfilter", products }, { "exp", exps }, { "log", logs },
    { "tanh", tanhs }, { "erf", erfs }, { "sin", sins }, { "sigmoid", sigmoids },
    { "softplus", softpluses }, { "pow", pows }, { "softmax", softmax }, { "cumsum", cumsum },
};

void (*floor_find(const char *kind))(void *self)
{
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!strcmp(all[i].kind, kind))
            return all[i].run;
    return NULL;
}
