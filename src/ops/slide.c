#include "ops/slide.h"

/* Up to it nothing overflows, and no tensor has as many elements. */
#define LARGEST ((int64_t)1 << 61)

struct status *slide_over(int64_t in, int64_t k, int64_t s, bool same, struct slide *w)
{
    ENSURE(s > 0, "Stride must be > 0, but got %lld", (long long)s);
    ENSURE(in <= LARGEST && k <= 2 * LARGEST && s <= LARGEST, "A window of %lld in steps of %lld "
           "is too large", (long long)k, (long long)s);
    /* TF cuts a little less than nothing off to nothing. */
    *w = (struct slide){ same ? in / s + (in % s != 0) : (in - k + s) / s, 0, 0 };
    ENSURE(w->out >= 0, "Computed output size would be negative: %lld [input_size: %lld, "
           "effective_filter_size: %lld, stride: %lld]", (long long)w->out, (long long)in,
           (long long)k, (long long)s);
    int64_t padding = same && w->out ? (w->out - 1) * s + k - in : 0;
    if (padding > 0) {
        w->before = padding / 2;
        w->after = padding - w->before;
    }
    return NULL;
}

struct status *slide_shape(int64_t in, int64_t k, int64_t s, bool same, int64_t *out)
{
    ENSURE(s > 0, "Stride must be > 0, but got %lld", (long long)s);
    *out = -1;
    if (in < 0 || (k < 0 && !same))
        return NULL;
    ENSURE(same || in >= k, "Negative dimension size caused by subtracting %lld from %lld",
           (long long)k, (long long)in);
    *out = same ? in / s + (in % s != 0) : (in - k) / s + 1;
    return NULL;
}
